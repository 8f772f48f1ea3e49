//! A Lambda function whose code is a zip.
//!
//! <https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html>
//! Nothing but its name forces a replacement; code and configuration change by calls of their own.

mod actions;
mod check;
mod convert;
mod form;
mod live;
pub(in crate::kind) mod permission;
mod settle;
mod ship;

pub(in crate::kind) use live::all;

use crate::artifact::{self, Architecture, Artifact, Runtime};
use crate::build::{Origin, Source};
use crate::diagnostic::{Code, Diagnostics};
use crate::kind::terraform::{Beside, Spelling, Tie, Without};
use crate::kind::{Default, Kind, Live, Row, Type};
use crate::model::{Fact, Resource, Stack};
use crate::permissions::Action;
use crate::value::{Place, Unit, Value};

/// The kind `function`.
#[derive(Debug)]
pub struct Function;

const CREATE: &str = "https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html";
const QUOTAS: &str = "https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html";
const CONCURRENCY: &str = "https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html";
const LOGGING_PAGE: &str = "https://docs.aws.amazon.com/lambda/latest/api/API_LoggingConfig.html";
const ASYNC: &str = "https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionEventInvokeConfig.html";
const VPC_PAGE: &str = "https://docs.aws.amazon.com/lambda/latest/api/API_VpcConfig.html";

const NAME: Type = Type::Text { min: 1, max: 256 };
const ARN: Type = Type::Text { min: 20, max: 2_048 };

/// What the function is for.
pub const DESCRIPTION: Row = Row::new("description", "Description", "description", Type::Text { min: 1, max: 256 })
    .doc("What it is for.", CREATE);
/// The role that it runs as.
pub const ROLE: Row = Row::new("role", "Role", "role", Type::Name(&["roles"]))
    .doc("The role that it runs as: a logical name or an ARN.", CREATE);
/// The digest of the zip.
pub const SHA256: Row = Row::new("sha256", "CodeSha256", "source_code_hash", NAME)
    .doc("The base64 SHA-256 of the zip, as Lambda reports it; found by building.", CREATE);
/// The size of the zip.
pub const CODE_SIZE: Row = Row::new("size", "CodeSize", "", Type::int(Unit::Bytes, 0, i64::MAX))
    .doc("The size of the zip; found by building.", CREATE);
/// The cargo package to build.
pub const PACKAGE: Row =
    Row::new("package", "", "", NAME).never_reported().doc("The cargo package whose binary is the function.", CREATE);
/// A zip that was built elsewhere.
pub const ARTIFACT: Row = Row::new("artifact", "", "", Type::Text { min: 1, max: 4_096 })
    .never_reported()
    .doc("The path of a zip that was built elsewhere, relative to the stack file.", CREATE);
/// The bucket that large zips go through.
pub const BUCKET: Row = Row::new("bucket", "S3Bucket", "", Type::Text { min: 3, max: 63 }).never_reported().doc(
    "The S3 bucket, in the function's Region, that a zip over 50 MB goes through. What was sent stays there.",
    QUOTAS,
);
/// What the keys in the bucket begin with.
pub const BUCKET_PREFIX: Row = Row::new("bucket_prefix", "S3Key", "", Type::Text { min: 1, max: 512 })
    .never_reported()
    .doc("What keys in the bucket begin with, such as `lambda/`; `queuestack/` unless said otherwise.", QUOTAS);
/// Which zips go through the bucket.
pub const BUCKET_FOR: Row = Row::new("bucket_for", "", "", Type::Word(&[("large", "large"), ("all", "all")]))
    .never_reported()
    .doc("Whether only zips over 50 MB go through the bucket (`large`, the default) or `all`.", QUOTAS);
/// The binary of the package.
pub const BINARY: Row = Row::new("binary", "", "", NAME)
    .never_reported()
    .doc("The binary of the package, where it has several and none is its default.", CREATE);
/// The cargo features of the package.
pub const FEATURES: Row = Row::new("features", "", "", Type::List { of: &NAME, max: 64 })
    .never_reported()
    .doc("The cargo features that the package is built with, and no other: `default` among them stands for its default ones.", CREATE);
/// That something else deploys the code.
pub const EXTERNAL: Row = Row::new("external", "", "", Type::Bool).never_reported().doc(
    "Whether something else deploys the code: it is never compared nor replaced, and the function must exist.",
    CREATE,
);
const CODE_TYPE: Type = Type::Object(&[
    SHA256,
    CODE_SIZE,
    PACKAGE,
    BINARY,
    FEATURES,
    ARTIFACT,
    BUCKET,
    BUCKET_PREFIX,
    BUCKET_FOR,
    EXTERNAL,
]);
/// The code. Compared by digest and size alone: where it comes from is not Lambda's business.
pub const CODE: Row = Row::new("code", "Code", "", CODE_TYPE).kept().shown_by(form::show_code).doc(
    "The code: a cargo `package` of this workspace, an `artifact` (a zip built elsewhere), or `external: true`.",
    CREATE,
);
/// The runtime.
pub const RUNTIME: Row = Row::new("runtime", "Runtime", "runtime", Type::Text { min: 1, max: 64 })
    .or(Default::Text("provided.al2023"))
    .always_reported()
    .doc("The runtime; Rust runs on `provided.al2023` (glibc 2.34).", CREATE);
/// The handler.
pub const HANDLER: Row = Row::new("handler", "Handler", "handler", Type::Text { min: 1, max: 128 })
    .always_reported()
    .doc("The handler, needed by managed runtimes; a custom one starts `bootstrap` whatever it says.", CREATE);
/// The handler under a custom runtime.
const BOOTSTRAP: &str = "bootstrap";
/// The architecture.
pub const ARCHITECTURE: Row = Row::new(
    "architecture",
    "Architectures",
    "architectures[]",
    Type::Word(&[("x86_64", "x86_64"), ("arm64", "arm64")]),
)
.or(Default::Text("x86_64"))
.always_reported()
.doc("The processor. arm64 is a fifth cheaper; it needs a cross build on an x86_64 machine.", CREATE);
/// The memory.
pub const MEMORY: Row = Row::new("memory", "MemorySize", "memory_size", Type::int(Unit::Mebibytes, 128, 10_240))
    .or(Default::Int(256))
    .always_reported()
    .doc("Memory, and with it processor share. 256MiB (AWS: 128MiB): the smallest share starts slowly.", QUOTAS);
/// The time that one invocation may take.
pub const TIMEOUT: Row = Row::new("timeout", "Timeout", "timeout", Type::seconds(1, 900))
    .or(Default::Int(3))
    .always_reported()
    .doc("How long one invocation may take. A worker's follows from its queue when it is not said.", QUOTAS);
/// The environment.
pub const ENVIRONMENT: Row = Row::new("environment", "Environment", "environment.variables", Type::Texts { max: 256 })
    .secrets_named_by("secrets")
    .doc("Environment variables, 4 KB in all. Those that `secrets` names are never shown.", CREATE);
/// Environment variables whose values are never shown.
pub const SECRETS: Row = Row::new("secrets", "", "", Type::List { of: &NAME, max: 256 })
    .never_reported()
    .doc("Names of environment variables whose values are never shown.", CREATE);
/// The temporary disk.
pub const EPHEMERAL_STORAGE: Row = Row::new(
    "ephemeral_storage",
    "EphemeralStorage",
    "ephemeral_storage.size",
    Type::int(Unit::Mebibytes, 512, 10_240),
)
.or(Default::Int(512))
.always_reported()
.doc("The size of `/tmp`.", QUOTAS);
/// Concurrency that is kept for it, and that bounds it.
pub const RESERVED_CONCURRENCY: Row = Row::new(
    "reserved_concurrency",
    "ReservedConcurrentExecutions",
    "reserved_concurrent_executions",
    Type::int(Unit::Count, 0, 100_000),
)
.doc("Concurrent invocations that are kept for it and that it cannot exceed; none unless said.", CONCURRENCY);
/// Tracing.
pub const TRACING: Row = Row::new(
    "tracing",
    "TracingConfig",
    "tracing_config.mode",
    Type::Word(&[("active", "Active"), ("pass_through", "PassThrough")]),
)
.or(Default::Text("PassThrough"))
.always_reported()
.doc("Whether X-Ray traces are sampled here. A worker's is active.", CREATE);

/// Text or JSON.
pub const LOG_FORMAT: Row =
    Row::new("format", "LogFormat", "log_format", Type::Word(&[("json", "JSON"), ("text", "Text")]))
        .doc("Text or JSON.", LOGGING_PAGE);
/// The log group.
pub const LOG_GROUP: Row = Row::new("group", "LogGroup", "log_group", Type::Text { min: 1, max: 512 })
    .hard()
    .doc("The physical name of the log group; `/aws/lambda/<function>` unless said otherwise.", LOGGING_PAGE);
const LEVELS: Type = Type::Word(&[
    ("trace", "TRACE"),
    ("debug", "DEBUG"),
    ("info", "INFO"),
    ("warn", "WARN"),
    ("error", "ERROR"),
    ("fatal", "FATAL"),
]);
/// The least level of the function's own lines.
pub const APPLICATION_LEVEL: Row =
    Row::new("application_level", "ApplicationLogLevel", "application_log_level", LEVELS)
        .doc("With JSON: the least level of the function's own lines.", LOGGING_PAGE);
/// The least level of Lambda's lines.
pub const SYSTEM_LEVEL: Row = Row::new(
    "system_level",
    "SystemLogLevel",
    "system_log_level",
    Type::Word(&[("debug", "DEBUG"), ("info", "INFO"), ("warn", "WARN")]),
)
.doc("With JSON: the least level of Lambda's own lines.", LOGGING_PAGE);
/// Logging.
pub const LOGGING: Row = Row::new(
    "logging",
    "LoggingConfig",
    "logging_config",
    Type::Object(&[LOG_FORMAT, LOG_GROUP, APPLICATION_LEVEL, SYSTEM_LEVEL]),
)
.always_reported()
.doc("Log format, group and levels. A worker logs JSON to a group of its own.", LOGGING_PAGE);
/// Layers.
pub const LAYERS: Row = Row::new("layers", "Layers", "layers", Type::List { of: &ARN, max: 5 })
    .doc("ARNs of layer versions, at most 5.", CREATE);
/// Where failed asynchronous events go.
pub const DEAD_LETTER: Row =
    Row::new("dead_letter", "DeadLetterConfig", "dead_letter_config.target_arn", Type::Name(&["queues", "topics"]))
        .doc("The queue or topic for asynchronous events that failed; not for those of a queue.", CREATE);
/// Where the record of a failed asynchronous invocation goes.
pub const ON_FAILURE: Row =
    Row::new("on_failure", "DestinationConfig", ON_FAILURE_ARGUMENT, Type::Name(&["queues", "topics"]))
        .doc("The queue or topic for records of failed asynchronous invocations.", ASYNC);
const ON_FAILURE_ARGUMENT: &str = "aws_lambda_function_event_invoke_config:destination_config.on_failure.destination";
/// Subnets.
pub const SUBNETS: Row = Row::new("subnets", "SubnetIds", "subnet_ids", Type::List { of: &NAME, max: 16 })
    .doc("Ids of the subnets.", VPC_PAGE);
/// Security groups.
pub const SECURITY_GROUPS: Row =
    Row::new("security_groups", "SecurityGroupIds", "security_group_ids", Type::List { of: &NAME, max: 5 })
        .doc("Ids of the security groups.", VPC_PAGE);
/// The VPC.
pub const VPC: Row = Row::new("vpc", "VpcConfig", "vpc_config", Type::Object(&[SUBNETS, SECURITY_GROUPS]))
    .doc("The subnets and security groups of a VPC that it runs in.", VPC_PAGE);

const ROWS: &[Row] = &[
    DESCRIPTION,
    ROLE,
    CODE,
    RUNTIME,
    HANDLER,
    ARCHITECTURE,
    MEMORY,
    TIMEOUT,
    ENVIRONMENT,
    SECRETS,
    EPHEMERAL_STORAGE,
    RESERVED_CONCURRENCY,
    TRACING,
    LOGGING,
    LAYERS,
    DEAD_LETTER,
    ON_FAILURE,
    VPC,
];

const PATH: &str = "the code is the zip that `queuestack build --out` writes";
static TERRAFORM: Spelling = Spelling {
    outputs: &["arn"],
    code: Some(("filename", "source_code_hash")),
    unread: &["filename", "publish", "source_code_hash"],
    beside: &[Beside {
        resource: "aws_lambda_function_event_invoke_config",
        arguments: &[("function_name", Tie::Own("function_name"))],
        id: "{name}",
        always: false,
    }],
    without: &[
        Without::harmless("secrets", "it names the environment variables that become sensitive variables"),
        Without::harmless("code.size", "it follows from the zip"),
        Without::harmless("code.package", PATH),
        Without::harmless("code.binary", PATH),
        Without::harmless("code.features", PATH),
        Without::harmless("code.artifact", PATH),
        Without::harmless("code.bucket", PATH),
        Without::harmless("code.bucket_prefix", PATH),
        Without::harmless("code.bucket_for", PATH),
        Without::unknown("code.external", "its provider wants code for a function that it creates"),
    ],
    ..Spelling::new("aws_lambda_function", "function_name", "{name}")
};

impl Kind for Function {
    fn name(&self) -> &'static str {
        "function"
    }

    fn section(&self) -> &'static str {
        "functions"
    }

    fn doc(&self) -> &'static str {
        "A Lambda function whose code is a zip."
    }

    fn rows(&self) -> &'static [Row] {
        ROWS
    }

    fn tag_type(&self) -> &'static str {
        "lambda:function"
    }

    fn arn(&self, name: &str, place: &Place) -> String {
        place.arn("lambda", &format!("function:{name}"))
    }

    fn name_in_arn<'a>(&self, arn: &'a str) -> Option<&'a str> {
        arn.split_once(":function:").map(|(_, name)| name.split(':').next().unwrap_or(name))
    }

    fn expand(&self, resource: &mut Resource, stack: &mut Stack, _out: &mut Diagnostics) {
        resource.fill(&ENVIRONMENT, stack.default_of(&Function, &ENVIRONMENT));
        let environment = form::after_what_it_names(resource.get(&ENVIRONMENT));
        resource.set(&ENVIRONMENT, environment);
        let code = form::with_bucket(resource.get(&CODE), &stack.default_of(&Function, &CODE));
        resource.set(&CODE, code);
        if form::is_custom(resource, stack) && form::said(resource, &HANDLER, stack).is_null() {
            resource.set(&HANDLER, Value::text(BOOTSTRAP));
        }
        resource.fill(&LOGGING, stack.default_of(&Function, &LOGGING));
        let logging = form::complete_logging(resource.get(&LOGGING), resource.physical_name());
        resource.set(&LOGGING, logging);
    }

    fn check(&self, resource: &Resource, out: &mut Diagnostics) {
        check::check(resource, out);
    }

    fn codes(&self) -> &'static [&'static Code] {
        check::CODES
    }

    fn source(&self, resource: &Resource) -> Option<Source> {
        let code = resource.get(&CODE);
        let text = |row: &Row| code.get(row.key).as_text().map(str::to_owned);
        let origin = match (text(&PACKAGE), text(&ARTIFACT)) {
            (Some(package), _) => {
                let features = code.get(FEATURES.key).as_list();
                let features = features.map(|all| artifact::features(all.iter().map(Value::plain)));
                Origin::Package { package, binary: text(&BINARY), features }
            }
            (None, path) => Origin::Zip(path?.into()),
        };
        let arm = resource.get(&ARCHITECTURE).as_text() == Some("arm64");
        let architecture = if arm { Architecture::Arm64 } else { Architecture::X86_64 };
        let runtime = resource.get(&RUNTIME).as_text().and_then(Runtime::named);
        let bucket = text(&BUCKET).is_some();
        Some(Source { origin, architecture, runtime, bucket, attribute: CODE.key })
    }

    fn built(&self, resource: &mut Resource, artifact: &Artifact) {
        let Value::Map(mut code) = resource.get(&CODE).clone() else { return };
        let size = i64::try_from(artifact.zip_bytes).unwrap_or(i64::MAX);
        code.insert(SHA256.key.to_owned(), Value::text(&artifact.code_sha256));
        code.insert(CODE_SIZE.key.to_owned(), Value::Int(size));
        resource.set(&CODE, Value::Map(code));
    }

    fn terraform(&self) -> Option<&'static Spelling> {
        Some(&TERRAFORM)
    }

    fn imported(&self, resource: &mut Resource) {
        form::imported(resource);
    }

    fn outputs(&self) -> &'static [(&'static str, Fact)] {
        &[("FUNCTION_NAME", Fact::Name), ("FUNCTION_ARN", Fact::Arn)]
    }

    fn actions(&self) -> &'static [Action] {
        actions::ACTIONS
    }

    fn live(&self) -> Option<&dyn Live> {
        Some(self)
    }
}

#[cfg(test)]
mod tests;
