//! Generated from the rows of `function` by `tests/construct_generated.rs`: change those.

#[allow(clippy::wildcard_imports, unused_imports, reason = "which of them a kind needs follows from its rows")]
use crate::construct::kinds::prelude::*;

kind! {
    /// A Lambda function whose code is a zip.
    Function, FunctionBuilder, crate::kind::function::Function;

    /// What it is for.
    ///
    /// A text of 1 to 256 characters. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html)
    description: text;

    /// The role that it runs as: a logical name or an ARN.
    ///
    /// `&Role`, or an [`Arn`](crate::construct::Arn). Default: not set.
    /// [AWS](https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html)
    role: into Ref<Role>;

    /// The code: a cargo `package` of this workspace, an `artifact` (a zip built elsewhere), or `external: true`.
    ///
    /// A [`Code`]. Default: not set. [AWS](https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html)
    code: into Code;

    /// The runtime; Rust runs on `provided.al2023` (glibc 2.34).
    ///
    /// A text of 1 to 64 characters. Default: `provided.al2023`.
    /// [AWS](https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html)
    runtime: text;

    /// The handler, needed by managed runtimes; a custom one starts `bootstrap` whatever it says.
    ///
    /// A text of 1 to 128 characters. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html)
    handler: text;

    /// The processor. arm64 is a fifth cheaper; it needs a cross build on an x86_64 machine.
    ///
    /// A [`Architecture`]. Default: `x86_64`.
    /// [AWS](https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html)
    architecture: Architecture;

    /// Memory, and with it processor share. 256MiB (AWS: 128MiB): the smallest share starts slowly.
    ///
    /// A size in whole MiB, `128MiB` to `10GiB`. Default: `256MiB`.
    /// [AWS](https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html)
    memory: Bytes;

    /// How long one invocation may take. A worker's follows from its queue when it is not said.
    ///
    /// A duration, `1s` to `15m`. Default: `3s`.
    /// [AWS](https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html)
    timeout: Seconds;

    /// Environment variables, 4 KB in all. Those that `secrets` names are never shown.
    ///
    /// One entry a call, at most 256. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html)
    environment: entries;

    /// Names of environment variables whose values are never shown.
    ///
    /// At most 256, each: A text of 1 to 256 characters. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html)
    secrets: texts;

    /// The size of `/tmp`.
    ///
    /// A size in whole MiB, `512MiB` to `10GiB`. Default: `512MiB`.
    /// [AWS](https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html)
    ephemeral_storage: Bytes;

    /// Concurrent invocations that are kept for it and that it cannot exceed; none unless said.
    ///
    /// A count, `0` to `100000`. [AWS](https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html)
    reserved_concurrency: u32;

    /// Whether X-Ray traces are sampled here. A worker's is active.
    ///
    /// A [`Tracing`]. Default: `pass_through`.
    /// [AWS](https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html)
    tracing: Tracing;

    /// Log format, group and levels. A worker logs JSON to a group of its own.
    ///
    /// A [`Logging`]. Default: not set. [AWS](https://docs.aws.amazon.com/lambda/latest/api/API_LoggingConfig.html)
    logging: into Logging;

    /// ARNs of layer versions, at most 5.
    ///
    /// At most 5, each: A text of 20 to 2048 characters. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html)
    layers: texts;

    /// The queue or topic for asynchronous events that failed; not for those of a queue.
    ///
    /// `&Queue`, `&Topic`, or an [`Arn`](crate::construct::Arn). Default: not set.
    /// [AWS](https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html)
    dead_letter: into Ref<QueueOrTopic>;

    /// The queue or topic for records of failed asynchronous invocations.
    ///
    /// `&Queue`, `&Topic`, or an [`Arn`](crate::construct::Arn). Default: not set.
    /// [AWS](https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionEventInvokeConfig.html)
    on_failure: into Ref<QueueOrTopic>;

    /// The subnets and security groups of a VPC that it runs in.
    ///
    /// A [`Vpc`]. Default: not set. [AWS](https://docs.aws.amazon.com/lambda/latest/api/API_VpcConfig.html)
    vpc: into Vpc;
}

facts! { Function }

words! {
    /// Whether only zips over 50 MB go through the bucket (`large`, the default) or `all`.
    BucketFor;
    /// `large`.
    Large = "large",
    /// `all`.
    All = "all",
}

part! {
    /// The code: a cargo `package` of this workspace, an `artifact` (a zip built elsewhere), or `external: true`.
    Code;

    /// The base64 SHA-256 of the zip, as Lambda reports it; found by building.
    ///
    /// A text of 1 to 256 characters. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html)
    sha256: text;

    /// The size of the zip; found by building.
    ///
    /// A size. Default: not set. [AWS](https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html)
    size: Bytes;

    /// The cargo package whose binary is the function.
    ///
    /// A text of 1 to 256 characters. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html)
    package: text;

    /// The binary of the package, where it has several and none is its default.
    ///
    /// A text of 1 to 256 characters. [AWS](https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html)
    binary: text;

    /// The cargo features that the package is built with, and no other: `default` among them stands for its default
    /// ones.
    ///
    /// At most 64, each: A text of 1 to 256 characters.
    /// [AWS](https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html)
    features: texts;

    /// The path of a zip that was built elsewhere, relative to the stack file.
    ///
    /// A text of 1 to 4096 characters. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html)
    artifact: text;

    /// The S3 bucket, in the function's Region, that a zip over 50 MB goes through. What was sent stays there.
    ///
    /// A text of 3 to 63 characters. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html)
    bucket: text;

    /// What keys in the bucket begin with, such as `lambda/`; `queuestack/` unless said otherwise.
    ///
    /// A text of 1 to 512 characters. [AWS](https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html)
    bucket_prefix: text;

    /// Whether only zips over 50 MB go through the bucket (`large`, the default) or `all`.
    ///
    /// A [`BucketFor`]. [AWS](https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html)
    bucket_for: BucketFor;

    /// Whether something else deploys the code: it is never compared nor replaced, and the function must exist.
    ///
    /// True or false. Default: not set. [AWS](https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html)
    external: bool;
}

words! {
    /// The processor. arm64 is a fifth cheaper; it needs a cross build on an x86_64 machine.
    Architecture;
    /// `x86_64`.
    X86_64 = "x86_64",
    /// `arm64`.
    Arm64 = "arm64",
}

words! {
    /// Whether X-Ray traces are sampled here. A worker's is active.
    Tracing;
    /// `active`.
    Active = "Active",
    /// `pass_through`.
    PassThrough = "PassThrough",
}

words! {
    /// Text or JSON.
    LogFormat;
    /// `json`.
    Json = "JSON",
    /// `text`.
    Text = "Text",
}

words! {
    /// With JSON: the least level of the function's own lines.
    LogLevel;
    /// `trace`.
    Trace = "TRACE",
    /// `debug`.
    Debug = "DEBUG",
    /// `info`.
    Info = "INFO",
    /// `warn`.
    Warn = "WARN",
    /// `error`.
    Error = "ERROR",
    /// `fatal`.
    Fatal = "FATAL",
}

words! {
    /// With JSON: the least level of Lambda's own lines.
    SystemLogLevel;
    /// `debug`.
    Debug = "DEBUG",
    /// `info`.
    Info = "INFO",
    /// `warn`.
    Warn = "WARN",
}

part! {
    /// Log format, group and levels. A worker logs JSON to a group of its own.
    Logging;

    /// Text or JSON.
    ///
    /// A [`LogFormat`]. Default: not set. [AWS](https://docs.aws.amazon.com/lambda/latest/api/API_LoggingConfig.html)
    format: LogFormat;

    /// The physical name of the log group; `/aws/lambda/<function>` unless said otherwise.
    ///
    /// A text of 1 to 512 characters. [AWS](https://docs.aws.amazon.com/lambda/latest/api/API_LoggingConfig.html)
    group: text;

    /// With JSON: the least level of the function's own lines.
    ///
    /// A [`LogLevel`]. Default: not set. [AWS](https://docs.aws.amazon.com/lambda/latest/api/API_LoggingConfig.html)
    application_level: LogLevel;

    /// With JSON: the least level of Lambda's own lines.
    ///
    /// A [`SystemLogLevel`]. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/lambda/latest/api/API_LoggingConfig.html)
    system_level: SystemLogLevel;
}

part! {
    /// The subnets and security groups of a VPC that it runs in.
    Vpc or off;

    /// Ids of the subnets.
    ///
    /// At most 16, each: A text of 1 to 256 characters. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/lambda/latest/api/API_VpcConfig.html)
    subnets: texts;

    /// Ids of the security groups.
    ///
    /// At most 5, each: A text of 1 to 256 characters. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/lambda/latest/api/API_VpcConfig.html)
    security_groups: texts;
}

/// A handle of one of several kinds.
#[derive(Debug)]
pub enum QueueOrTopic {}

impl crate::construct::Takes<Queue> for QueueOrTopic {}
impl crate::construct::Takes<Topic> for QueueOrTopic {}
