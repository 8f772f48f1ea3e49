//! Generated from the rows of all kinds by `tests/construct_generated.rs`: change those.

#[allow(clippy::wildcard_imports, unused_imports, reason = "which of them are needed follows from the rows")]
use crate::construct::kinds::prelude::*;

matchers! {
    /// Expects `visibility_timeout`: How long a received message stays hidden from other receivers; at least 6 times
    /// the worker's timeout.
    visibility_timeout: Seconds;

    /// Expects `message_retention`: How long SQS keeps a message that nobody deletes. A generated dead-letter queue
    /// keeps them 14d.
    message_retention: Seconds;

    /// Expects `delay`: How long every new message stays hidden before its first receive.
    delay: Seconds;

    /// Expects `receive_wait_time`: How long a receive waits for a message. 20s (AWS: 0s), because long polling sees
    /// all servers and costs fewer empty receives.
    receive_wait_time: Seconds;

    /// Expects `max_message_size`: The largest message that the queue takes, attributes included.
    max_message_size: Bytes;

    /// Expects `fifo`: Keeps order within a message group and drops duplicates. The physical name gets the suffix
    /// `.fifo`.
    fifo: bool;

    /// Expects `content_based_deduplication`: FIFO: takes the SHA-256 of the body as deduplication id when the sender
    /// gives none. Default false.
    content_based_deduplication: bool;

    /// Expects `deduplication_scope`: FIFO: whether a duplicate is one of the queue or of its message group. Default
    /// queue.
    deduplication_scope: DeduplicationScope;

    /// Expects `throughput_limit`: FIFO: whether the throughput quota is one of the queue or of each message group.
    /// Default per_queue.
    throughput_limit: ThroughputLimit;

    /// Expects `sqs_managed_sse`: Encrypts at rest with keys that SQS owns. On, unless `kms_key` is set: it costs
    /// nothing.
    sqs_managed_sse: bool;

    /// Expects `kms_key`: Encrypts at rest with this KMS key: an id, an ARN or `alias/…`.
    kms_key: text;

    /// Expects `kms_data_key_reuse`: With `kms_key`: how long SQS reuses a data key before it asks KMS again. Default
    /// 5m.
    kms_data_key_reuse: Seconds;

    /// Expects `redrive`: Moves a message that was received too often to a dead-letter queue.
    redrive: into Redrive;

    /// Expects `redrive_allow`: Which queues may use this one as dead-letter queue. A generated one allows its source
    /// alone.
    redrive_allow: into RedriveAllow;

    /// Expects `policy`: The queue's access policy, at most 8192 bytes and 20 statements.
    policy: into Document;

    /// Expects `description`: What the alarm means and what to do.
    description: text;

    /// Expects `metric`: The metric that is watched: namespace, name, dimensions. Either this or `metrics`.
    metric: into Metric;

    /// Expects `metrics`: Metric math: up to 20 queries, of which one returns data. Instead of `metric`, `statistic`
    /// and `period`.
    metrics: each MetricQuery;

    /// Expects `promql`: An alarm on a PromQL query instead of `metric` or `metrics`; needs `evaluation_interval`.
    promql: into Promql;

    /// Expects `statistic`: How the datapoints of a period become one number. Either this or `extended_statistic`.
    statistic: Statistic;

    /// Expects `extended_statistic`: A percentile or trimmed statistic: `p99`, `tm90`, `IQM`.
    extended_statistic: text;

    /// Expects `period`: The length of a period: 10s, 20s, 30s or a multiple of 1m. Default 1m for a plain metric.
    period: Seconds;

    /// Expects `unit`: Only datapoints of this unit count. Leave it out unless the metric is published in several.
    unit: Unit;

    /// Expects `evaluation_periods`: How many periods are looked at. Default 1.
    evaluation_periods: u32;

    /// Expects `datapoints_to_alarm`: How many of them must breach (M of N). Default: all.
    datapoints_to_alarm: u32;

    /// Expects `threshold`: What the number is compared with.
    threshold: into f64;

    /// Expects `threshold_metric_id`: The id of the ANOMALY_DETECTION_BAND query that stands in for a threshold.
    threshold_metric_id: text;

    /// Expects `comparison`: How: `>=`, `>`, `<`, `<=`, or against an anomaly-detection band.
    comparison: Comparison;

    /// Expects `missing_data`: What a period without data means; it must be chosen. Queue metrics stop when a queue
    /// is idle: `not_breaching` there.
    missing_data: MissingData;

    /// Expects `low_samples`: With a percentile: whether it is evaluated on too few samples. Default evaluate.
    low_samples: LowSamples;

    /// Expects `evaluation_interval`: With `promql`: how often it is evaluated: 10s, 20s, 30s or a multiple of 1m up
    /// to 1h.
    evaluation_interval: Seconds;

    /// Expects `evaluation_window`: Which range of data an evaluation looks at. `wall_clock` takes a period of 1m,
    /// 5m, 1h, 1d or 7d.
    evaluation_window: into EvaluationWindow;

    /// Expects `warm_up`: How long the alarm waits after it was made or changed, for things that publish no data yet.
    warm_up: into WarmUp;

    /// Expects `actions_enabled`: Whether the actions run when the state changes.
    actions_enabled: bool;

    /// Expects `actions`: What to do on ALARM: SNS topics, by logical name or ARN, and ARNs of the like, at most 5.
    actions: each Ref<Topic>;

    /// Expects `ok_actions`: What to do on the way back to OK, at most 5.
    ok_actions: each Ref<Topic>;

    /// Expects `insufficient_data_actions`: What to do when there is too little data to tell, at most 5.
    insufficient_data_actions: each Ref<Topic>;

    /// Expects `action_tags`: Puts the alarm's tags into what SNS, Lambda and EventBridge are told, to route by team
    /// or stage.
    action_tags: into ActionTags;

    /// Expects `retention`: How long events are kept, or `forever`. 14d (AWS: for ever), because nobody pays for logs
    /// that nobody reads.
    retention: Seconds;

    /// Expects `path`: Its path; `/queuestack/<stack>/` unless said otherwise. It is part of the ARN.
    path: text;

    /// Expects `trust`: Who may assume the role; Lambda unless said otherwise.
    trust: into Document;

    /// Expects `managed_policies`: ARNs of managed policies that are attached to it.
    managed_policies: texts;

    /// Expects `foreign_policies`: Names of further inline policies: always empty. One that somebody added widens
    /// what the role may do, so that the plan shows and removes it; write it into `policy` to keep it.
    foreign_policies: texts;

    /// Expects `permissions_boundary`: The ARN of the managed policy that bounds what the role may do.
    permissions_boundary: text;

    /// Expects `max_session`: The longest session of those who assume it.
    max_session: Seconds;

    /// Expects `role`: The role that it runs as: a logical name or an ARN.
    role: into Ref<Role>;

    /// Expects `code`: The code: a cargo `package` of this workspace, an `artifact` (a zip built elsewhere), or
    /// `external: true`.
    code: into Code;

    /// Expects `runtime`: The runtime; Rust runs on `provided.al2023` (glibc 2.34).
    runtime: text;

    /// Expects `handler`: The handler, needed by managed runtimes; a custom one starts `bootstrap` whatever it says.
    handler: text;

    /// Expects `architecture`: The processor. arm64 is a fifth cheaper; it needs a cross build on an x86_64 machine.
    architecture: Architecture;

    /// Expects `memory`: Memory, and with it processor share. 256MiB (AWS: 128MiB): the smallest share starts slowly.
    memory: Bytes;

    /// Expects `timeout`: How long one invocation may take. A worker's follows from its queue when it is not said.
    timeout: Seconds;

    /// Expects `environment`: Environment variables, 4 KB in all. Those that `secrets` names are never shown.
    environment: entries;

    /// Expects `secrets`: Names of environment variables whose values are never shown.
    secrets: texts;

    /// Expects `ephemeral_storage`: The size of `/tmp`.
    ephemeral_storage: Bytes;

    /// Expects `reserved_concurrency`: Concurrent invocations that are kept for it and that it cannot exceed; none
    /// unless said.
    reserved_concurrency: u32;

    /// Expects `tracing`: Whether X-Ray traces are sampled here. A worker's is active.
    tracing: Tracing;

    /// Expects `logging`: Log format, group and levels. A worker logs JSON to a group of its own.
    logging: into Logging;

    /// Expects `layers`: ARNs of layer versions, at most 5.
    layers: texts;

    /// Expects `dead_letter`: The queue or topic for asynchronous events that failed; not for those of a queue.
    dead_letter: into Ref<QueueOrTopic>;

    /// Expects `on_failure`: The queue or topic for records of failed asynchronous invocations.
    on_failure: into Ref<QueueOrTopic>;

    /// Expects `vpc`: The subnets and security groups of a VPC that it runs in.
    vpc: into Vpc;

    /// Expects `queue`: The queue that is polled: a logical name or an ARN.
    queue: into Ref<Queue>;

    /// Expects `function`: The function that is invoked: a logical name or an ARN.
    function: into Ref<Function>;

    /// Expects `batch_size`: The most messages of one invocation; above 10 it needs a window of at least 1s, FIFO
    /// takes 10.
    batch_size: u32;

    /// Expects `window`: How long a batch is gathered; none for FIFO.
    window: Seconds;

    /// Expects `max_concurrency`: The most invocations at once from this queue. A worker's is 5: an endless queue
    /// must not cost without end.
    max_concurrency: u32;

    /// Expects `filters`: Patterns of the messages that are taken; all others are deleted. At most 5, 10 on request.
    filters: each Document;

    /// Expects `partial_failures`: Whether the function names the messages that failed (ReportBatchItemFailures). On
    /// (AWS: off): else one failure repeats the whole batch.
    partial_failures: bool;

    /// Expects `enabled`: Whether it polls.
    enabled: bool;

    /// Expects `display_name`: The sender's name of messages by mail and SMS.
    display_name: text;

    /// Expects `fifo_throughput_scope`: FIFO: looks for duplicates within each message group, for more throughput.
    /// Without it, within the whole topic.
    fifo_throughput_scope: FifoThroughputScope;

    /// Expects `signature_version`: How messages that are not raw are signed: 1 with SHA-1, 2 with SHA-256. 2 (AWS:
    /// 1), as AWS advises.
    signature_version: u32;

    /// Expects `topic`: The topic: a logical name or an ARN.
    topic: into Ref<Topic>;

    /// Expects `filter`: Which messages it gets, `{tenant: [acme], type: [order.paid, order.cancelled]}`: those that
    /// match every key. At most 5 keys; a change takes up to 15 minutes.
    filter: into Document;

    /// Expects `filter_scope`: Whether the filter looks at the message's attributes or into its body, which must be
    /// JSON then: a job's `type` and `tenantId` are in the body. Default attributes.
    filter_scope: FilterScope;

    /// Expects `raw`: Delivers the message as it was published, attributes beside it (at most 10). On (AWS: off): a
    /// worker reads its job from the body, which SNS would wrap in a notification.
    raw: bool;

    /// Expects `dead_letter_queue`: The queue for messages that cannot be delivered, such as when the queue refuses
    /// them. Without one they are lost.
    dead_letter_queue: into Ref<Queue>;

    /// Expects `bus`: The bus whose events it looks at: a logical name or an ARN. Without it, the account's own,
    /// `default`.
    bus: into Ref<Bus>;

    /// Expects `pattern`: Which events it matches, `{source: [shop.orders], detail-type: [OrderPaid]}`: those that
    /// match every field. At most 2048 characters.
    pattern: into Document;

    /// Expects `schedule`: When it makes an event of its own, in UTC: `rate(5 minutes)`, `cron(0 3 * * ? *)`. On the
    /// bus `default` alone.
    schedule: text;

    /// Expects `targets`: Where the events go: at most 5 queues and functions. Others are taken away.
    targets: each Target;

    /// Expects `partition_key`: The attribute that says where an item is; alone, or with `sort_key`, it names the
    /// item.
    partition_key: into PartitionKey;

    /// Expects `sort_key`: The attribute that items with one partition key are sorted by.
    sort_key: into SortKey;

    /// Expects `billing`: By request, or by the hour for a `capacity`. on_demand (AWS: provisioned), because jobs
    /// come in bursts. Switched to on_demand at most four times in 24 hours.
    billing: Billing;

    /// Expects `capacity`: With `billing: provisioned`: the units a second that are paid for, `{read: 5, write: 5}`.
    capacity: into Capacity;

    /// Expects `max_capacity`: With `billing: on_demand`: the most units a second, beyond which requests are
    /// throttled; no bound without it.
    max_capacity: into MaxCapacity;

    /// Expects `time_to_live`: The attribute that says when an item expires, a number of seconds since 1970; none do
    /// unless said. DynamoDB deletes expired items within days, and takes one change of this an hour.
    time_to_live: text;

    /// Expects `stream`: What a stream of the table's changes says of each; there is no stream unless said.
    stream: StreamView;

    /// Expects `point_in_time_recovery`: Keeps 35 days from which the table can be restored to any second. On (AWS:
    /// off), because a bug in a worker destroys what no retry brings back; it costs by the size of the table.
    point_in_time_recovery: bool;

    /// Expects `deletion_protection`: Whether DynamoDB refuses to delete it, whoever asks; `protect:` holds for
    /// queuestack alone.
    deletion_protection: bool;

    /// Expects `table_class`: standard, or infrequent_access: cheaper storage and dearer requests. Changed at most
    /// twice in 30 days.
    table_class: TableClass;

    /// Expects `indexes`: Global indexes, at most 20: other keys to find items by. Added and removed in place; one
    /// whose keys or projection change is deleted and built anew, and cannot be read meanwhile.
    indexes: each GlobalIndex;

    /// Expects `local_indexes`: Local indexes, at most 5: other sort keys within the partition key. They are made
    /// with the table, and only then.
    local_indexes: each LocalIndex;

    /// Expects `cors`: Which pages of other origins may call it; none unless said. API Gateway answers their
    /// preflights itself.
    cors: into Cors;

    /// Expects `routes`: What it answers: at most 300 routes, each with the function that does. Others are taken
    /// away.
    routes: each Route;

    /// Expects `throttle`: How much it takes before it answers 429: 100 requests a second and 200 at once unless said
    /// (AWS: 10000 and 5000). Whoever knows the URL can call a public route, and each call costs.
    throttle: into Throttle;

    /// Expects `access_log`: Where each request is written down; nowhere unless said.
    access_log: into AccessLog;

    /// Expects `auto_deploy`: Whether changes go live by themselves; with `false` somebody else makes deployments.
    auto_deploy: bool;

    /// Expects `disable_default_endpoint`: Whether it answers under custom domain names alone, and not under the URL
    /// that API Gateway gives it.
    disable_default_endpoint: bool;
}

subjects! {
    has_queue: "queue";
    has_alarm: "alarm";
    has_log_group: "log_group";
    has_role: "role";
    has_function: "function";
    has_mapping: "mapping";
    has_topic: "topic";
    has_subscription: "subscription";
    has_bus: "bus";
    has_rule: "rule";
    has_table: "table";
    has_http_api: "http_api";
}
