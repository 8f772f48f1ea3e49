//! Generated from the rows of `worker` by `tests/construct_generated.rs`: change those.

#[allow(clippy::wildcard_imports, unused_imports, reason = "which of them a kind needs follows from its rows")]
use crate::construct::kinds::prelude::*;

kind! {
    /// A Lambda worker of a queue: role, log group, function, mapping and alarms as one block.
    Worker, WorkerBuilder, crate::kind::worker::Worker;

    /// What it is for.
    ///
    /// A text of 1 to 256 characters. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html)
    description: text;

    /// The cargo package whose binary is the function.
    ///
    /// A text of 1 to 256 characters. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html)
    package: text;

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

    /// The queue whose messages it handles: a logical name or an ARN. Without one it is invoked by other means.
    ///
    /// `&Queue`, or an [`Arn`](crate::construct::Arn).
    /// [AWS](https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html)
    queue: into Ref<Queue>;

    /// How long one batch may take. Without it, a sixth of the queue's visibility timeout less the window (30s → 5s,
    /// 5m → 50s); with it, a queue of this stack that says no visibility timeout gets 6 × timeout + window.
    ///
    /// A duration, `1s` to `15m`. [AWS](https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html)
    timeout: Seconds;

    /// Memory, and with it processor share. 256MiB (AWS: 128MiB): the smallest share starts slowly.
    ///
    /// A size in whole MiB, `128MiB` to `10GiB`. Default: `256MiB`.
    /// [AWS](https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html)
    memory: Bytes;

    /// The processor. arm64 is a fifth cheaper; it needs a cross build on an x86_64 machine.
    ///
    /// A [`Architecture`]. Default: `x86_64`.
    /// [AWS](https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html)
    architecture: Architecture;

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

    /// How messages reach it: size, window, max_concurrency (5 unless said), filters, enabled.
    ///
    /// A [`Batch`]. [AWS](https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html)
    batch: into Batch;

    /// Environment variables besides those of its queue and grants (`QUEUE_URL`, `DLQ_URL`, `QUEUE_URL_<NAME>`, …); 4
    /// KB in all.
    ///
    /// One entry a call, at most 256. Default: not set. [AWS](https://github.com/queuestack/queuestack#workers)
    environment: entries;

    /// Names of environment variables whose values are never shown.
    ///
    /// At most 256, each: A text of 1 to 256 characters. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html)
    secrets: texts;

    /// What it may do, `{send: notification-queue}`: send, consume, publish, read, write, put_events. Consuming its
    /// own queue is granted by `queue:`.
    ///
    /// At most 100, each: A [`Grant`]. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html)
    grants: each Grant;

    /// A policy document whose statements are added to those that follow from the grants.
    ///
    /// A JSON document. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html)
    policy: into Document;

    /// ARNs of managed policies that are attached to it.
    ///
    /// At most 20, each: A text of 20 to 2048 characters. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html)
    managed_policies: texts;

    /// The ARN of the managed policy that bounds what the role may do.
    ///
    /// A text of 20 to 2048 characters. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html)
    permissions_boundary: text;

    /// Concurrent invocations that are kept for it and that it cannot exceed; none unless said.
    ///
    /// A count, `0` to `100000`. [AWS](https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html)
    reserved_concurrency: u32;

    /// Whether X-Ray traces are sampled. Active (AWS: pass_through), because a job's way through queues is what one
    /// asks about.
    ///
    /// A [`Tracing`]. Default: not set. [AWS](https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html)
    tracing: Tracing;

    /// How long events are kept, or `forever`. 14d (AWS: for ever), because nobody pays for logs that nobody reads.
    ///
    /// A duration in whole days, `1d` to `3653d`. Default: `14d`.
    /// [AWS](https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html)
    log_retention: Seconds;

    /// The least level of its own lines (`application`) and of Lambda's (`system`).
    ///
    /// A [`LogLevels`]. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-advanced.html)
    log_levels: into LogLevels;

    /// ARNs of layer versions, at most 5.
    ///
    /// At most 5, each: A text of 20 to 2048 characters. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html)
    layers: texts;

    /// The subnets and security groups of a VPC that it runs in.
    ///
    /// A [`Vpc`]. Default: not set. [AWS](https://docs.aws.amazon.com/lambda/latest/api/API_VpcConfig.html)
    vpc: into Vpc;

    /// The size of `/tmp`.
    ///
    /// A size in whole MiB, `512MiB` to `10GiB`. Default: `512MiB`.
    /// [AWS](https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html)
    ephemeral_storage: Bytes;

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

    /// Its alarms `errors`, `throttles`, `duration` and, unless its queue has one, `age`. All are on; `false`
    /// switches one, or all, off.
    ///
    /// A [`WorkerAlarms`]. [AWS](https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html)
    alarms: into WorkerAlarms;
}

part! {
    /// How messages reach it: size, window, max_concurrency (5 unless said), filters, enabled.
    Batch or off;

    /// The most messages of one invocation; above 10 it needs a window of at least 1s, FIFO takes 10.
    ///
    /// A count, `1` to `10000`. Default: `10`.
    /// [AWS](https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html)
    size: u32;

    /// How long a batch is gathered; none for FIFO.
    ///
    /// A duration, `0s` to `5m`. Default: `0s`.
    /// [AWS](https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html)
    window: Seconds;

    /// The most invocations at once from this queue. A worker's is 5: an endless queue must not cost without end.
    ///
    /// A count, `2` to `1000`. [AWS](https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html)
    max_concurrency: u32;

    /// Patterns of the messages that are taken; all others are deleted. At most 5, 10 on request.
    ///
    /// At most 10, each: A JSON document. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html)
    filters: each Document;

    /// Whether it polls.
    ///
    /// True or false. Default: `true`.
    /// [AWS](https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html)
    enabled: bool;
}

part! {
    /// What it may do, `{send: notification-queue}`: send, consume, publish, read, write, put_events. Consuming its
    /// own queue is granted by `queue:`.
    Grant;

    /// Sends to a queue; gives `QUEUE_URL_<NAME>`.
    ///
    /// `&Queue`, or an [`Arn`](crate::construct::Arn). Default: not set.
    /// [AWS](https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html)
    send: into Ref<Queue>;

    /// Receives from a queue besides its own; gives `QUEUE_URL_<NAME>`.
    ///
    /// `&Queue`, or an [`Arn`](crate::construct::Arn). Default: not set.
    /// [AWS](https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html)
    consume: into Ref<Queue>;

    /// Publishes to an SNS topic; gives `TOPIC_ARN_<NAME>`.
    ///
    /// `&Topic`, or an [`Arn`](crate::construct::Arn). Default: not set.
    /// [AWS](https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html)
    publish: into Ref<Topic>;

    /// Reads a DynamoDB table and its indexes; gives `TABLE_NAME_<NAME>`.
    ///
    /// `&Table`, or an [`Arn`](crate::construct::Arn). Default: not set.
    /// [AWS](https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html)
    read: into Ref<Table>;

    /// Writes a DynamoDB table; gives `TABLE_NAME_<NAME>`.
    ///
    /// `&Table`, or an [`Arn`](crate::construct::Arn). Default: not set.
    /// [AWS](https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html)
    write: into Ref<Table>;

    /// Puts events on an EventBridge bus, `default` is the account's own; gives `EVENT_BUS_<NAME>`.
    ///
    /// `&Bus`, or an [`Arn`](crate::construct::Arn).
    /// [AWS](https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html)
    put_events: into Ref<Bus>;
}

part! {
    /// The least level of its own lines (`application`) and of Lambda's (`system`).
    LogLevels or off;

    /// With JSON: the least level of the function's own lines.
    ///
    /// A [`LogLevel`]. Default: not set. [AWS](https://docs.aws.amazon.com/lambda/latest/api/API_LoggingConfig.html)
    application: LogLevel;

    /// With JSON: the least level of Lambda's own lines.
    ///
    /// A [`SystemLogLevel`]. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/lambda/latest/api/API_LoggingConfig.html)
    system: SystemLogLevel;
}

part! {
    /// Goes off when an invocation takes 80 % of the timeout: the next one may be cut off.
    DurationAlarm or off;

    /// The duration of one invocation; 80 % of the timeout unless said.
    ///
    /// A duration, `1s` to `15m`. [AWS](https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html)
    threshold: Seconds;

    /// The length of a period: 10s, 20s, 30s or a multiple of 1m. Default 1m for a plain metric.
    ///
    /// A duration, `10s` to `7d`.
    /// [AWS](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html)
    period: Seconds;

    /// How many periods are looked at. Default 1.
    ///
    /// A count, `1` to `10080`.
    /// [AWS](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html)
    evaluation_periods: u32;

    /// How many of them must breach (M of N). Default: all.
    ///
    /// A count, `1` to `10080`.
    /// [AWS](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html)
    datapoints_to_alarm: u32;

    /// What a period without data means; it must be chosen. Queue metrics stop when a queue is idle: `not_breaching`
    /// there.
    ///
    /// A [`MissingData`].
    /// [AWS](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html)
    missing_data: MissingData;

    /// What to do on ALARM: SNS topics, by logical name or ARN, and ARNs of the like, at most 5.
    ///
    /// At most 5, each: `&Topic`, or an [`Arn`](crate::construct::Arn). Default: not set.
    /// [AWS](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html)
    actions: each Ref<Topic>;

    /// What to do on the way back to OK, at most 5.
    ///
    /// At most 5, each: `&Topic`, or an [`Arn`](crate::construct::Arn). Default: not set.
    /// [AWS](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html)
    ok_actions: each Ref<Topic>;

    /// What to do when there is too little data to tell, at most 5.
    ///
    /// At most 5, each: `&Topic`, or an [`Arn`](crate::construct::Arn). Default: not set.
    /// [AWS](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html)
    insufficient_data_actions: each Ref<Topic>;

    /// What the alarm means and what to do.
    ///
    /// A text of 1 to 1024 characters. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html)
    description: text;
}

part! {
    /// Its alarms `errors`, `throttles`, `duration` and, unless its queue has one, `age`. All are on; `false`
    /// switches one, or all, off.
    WorkerAlarms or off;

    /// Goes off when this many invocations failed within a period: 1 in 5m.
    ///
    /// A [`CountAlarm`]. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html)
    errors: into CountAlarm;

    /// Goes off when this many invocations were throttled within a period: 1 in 5m.
    ///
    /// A [`CountAlarm`]. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html)
    throttles: into CountAlarm;

    /// Goes off when an invocation takes 80 % of the timeout: the next one may be cut off.
    ///
    /// A [`DurationAlarm`]. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html)
    duration: into DurationAlarm;

    /// Goes off when the queue's oldest message is older than 15m for 5 periods of 1m.
    ///
    /// A [`AgeAlarm`]. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html)
    age: into AgeAlarm;
}
