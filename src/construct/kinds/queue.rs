//! Generated from the rows of `queue` by `tests/construct_generated.rs`: change those.

#[allow(clippy::wildcard_imports, unused_imports, reason = "which of them a kind needs follows from its rows")]
use crate::construct::kinds::prelude::*;

kind! {
    /// An SQS queue. `redrive:` alone makes its dead-letter queue too.
    Queue, QueueBuilder, crate::kind::queue::Queue;

    /// How long a received message stays hidden from other receivers; at least 6 times the worker's timeout.
    ///
    /// A duration, `0s` to `12h`. Default: `30s`.
    /// [AWS](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html)
    visibility_timeout: Seconds;

    /// How long SQS keeps a message that nobody deletes. A generated dead-letter queue keeps them 14d.
    ///
    /// A duration, `1m` to `14d`. Default: `4d`.
    /// [AWS](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html)
    message_retention: Seconds;

    /// How long every new message stays hidden before its first receive.
    ///
    /// A duration, `0s` to `15m`. Default: `0s`.
    /// [AWS](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html)
    delay: Seconds;

    /// How long a receive waits for a message. 20s (AWS: 0s), because long polling sees all servers and costs fewer
    /// empty receives.
    ///
    /// A duration, `0s` to `20s`. Default: `20s`.
    /// [AWS](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html)
    receive_wait_time: Seconds;

    /// The largest message that the queue takes, attributes included.
    ///
    /// A size, `1KiB` to `1MiB`. Default: `1MiB`.
    /// [AWS](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html)
    max_message_size: Bytes;

    /// Keeps order within a message group and drops duplicates. The physical name gets the suffix `.fifo`.
    ///
    /// True or false. Default: `false`.
    /// [AWS](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html)
    fifo: bool;

    /// FIFO: takes the SHA-256 of the body as deduplication id when the sender gives none. Default false.
    ///
    /// True or false.
    /// [AWS](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html)
    content_based_deduplication: bool;

    /// FIFO: whether a duplicate is one of the queue or of its message group. Default queue.
    ///
    /// A [`DeduplicationScope`].
    /// [AWS](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html)
    deduplication_scope: DeduplicationScope;

    /// FIFO: whether the throughput quota is one of the queue or of each message group. Default per_queue.
    ///
    /// A [`ThroughputLimit`].
    /// [AWS](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html)
    throughput_limit: ThroughputLimit;

    /// Encrypts at rest with keys that SQS owns. On, unless `kms_key` is set: it costs nothing.
    ///
    /// True or false. Default: `true`.
    /// [AWS](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-server-side-encryption.html)
    sqs_managed_sse: bool;

    /// Encrypts at rest with this KMS key: an id, an ARN or `alias/…`.
    ///
    /// A text of 1 to 2048 characters. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-server-side-encryption.html)
    kms_key: text;

    /// With `kms_key`: how long SQS reuses a data key before it asks KMS again. Default 5m.
    ///
    /// A duration, `1m` to `1d`.
    /// [AWS](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-server-side-encryption.html)
    kms_data_key_reuse: Seconds;

    /// Moves a message that was received too often to a dead-letter queue.
    ///
    /// A [`Redrive`]. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html)
    redrive: into Redrive;

    /// Which queues may use this one as dead-letter queue. A generated one allows its source alone.
    ///
    /// A [`RedriveAllow`]. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html)
    redrive_allow: into RedriveAllow;

    /// The queue's access policy, at most 8192 bytes and 20 statements.
    ///
    /// A JSON document. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html)
    policy: into Document;

    /// Adds a statement to the policy that refuses every request without TLS. On, as AWS advises.
    ///
    /// True or false. Default: `true`.
    /// [AWS](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-security-best-practices.html)
    tls_only: bool;

    /// Alarms on this queue: `dead_letters`, `backlog`, `age`, each with threshold, period, actions and so on.
    ///
    /// A [`QueueAlarms`]. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html)
    alarms: into QueueAlarms;
}

facts! { Queue }

words! {
    /// FIFO: whether a duplicate is one of the queue or of its message group. Default queue.
    DeduplicationScope;
    /// `queue`.
    Queue = "queue",
    /// `message_group`.
    MessageGroup = "messageGroup",
}

words! {
    /// FIFO: whether the throughput quota is one of the queue or of each message group. Default per_queue.
    ThroughputLimit;
    /// `per_queue`.
    PerQueue = "perQueue",
    /// `per_message_group_id`.
    PerMessageGroupId = "perMessageGroupId",
}

part! {
    /// Moves a message that was received too often to a dead-letter queue.
    Redrive;

    /// How often a message is received before it moves; under Lambda at least 5 is advised.
    ///
    /// A count, `1` to `1000`. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html)
    max_receive_count: u32;

    /// The queue they move to: a logical name or an ARN. Without it `<name>-dlq` is made.
    ///
    /// `&Queue`, or an [`Arn`](crate::construct::Arn).
    /// [AWS](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html)
    dead_letter_queue: into Ref<Queue>;
}

words! {
    /// Every queue of the account and Region, none, or those listed.
    RedrivePermission;
    /// `allow_all`.
    AllowAll = "allowAll",
    /// `deny_all`.
    DenyAll = "denyAll",
    /// `by_queue`.
    ByQueue = "byQueue",
}

part! {
    /// Which queues may use this one as dead-letter queue. A generated one allows its source alone.
    RedriveAllow;

    /// Every queue of the account and Region, none, or those listed.
    ///
    /// A [`RedrivePermission`]. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html)
    permission: RedrivePermission;

    /// With `by_queue`: the queues that may, at most 10.
    ///
    /// At most 10, each: `&Queue`, or an [`Arn`](crate::construct::Arn). Default: not set.
    /// [AWS](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html)
    source_queues: each Ref<Queue>;
}

words! {
    /// What a period without data means; it must be chosen. Queue metrics stop when a queue is idle: `not_breaching`
    /// there.
    MissingData;
    /// `breaching`.
    Breaching = "breaching",
    /// `not_breaching`.
    NotBreaching = "notBreaching",
    /// `ignore`.
    Ignore = "ignore",
    /// `missing`.
    Missing = "missing",
}

part! {
    /// Goes off when the dead-letter queue holds messages: threshold 1, one period of 1m.
    CountAlarm or off;

    /// What the number is compared with.
    ///
    /// A number. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html)
    threshold: into f64;

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
    /// Goes off when the oldest message is older than this for five periods of 1m.
    AgeAlarm or off;

    /// The age of the oldest message, `15m`.
    ///
    /// A duration, `1s` to `14d`. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html)
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
    /// Alarms on this queue: `dead_letters`, `backlog`, `age`, each with threshold, period, actions and so on.
    QueueAlarms or off;

    /// Goes off when the dead-letter queue holds messages: threshold 1, one period of 1m.
    ///
    /// A [`CountAlarm`]. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html)
    dead_letters: into CountAlarm;

    /// Goes off when this many messages wait for five periods of 1m.
    ///
    /// A [`CountAlarm`]. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html)
    backlog: into CountAlarm;

    /// Goes off when the oldest message is older than this for five periods of 1m.
    ///
    /// A [`AgeAlarm`]. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html)
    age: into AgeAlarm;
}
