//! An SQS queue with its redrive, encryption and access.
//!
//! <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html>
//! Only `fifo` forces a replacement: it is part of the queue's name.

mod access;
mod actions;
mod check;
pub mod codes;
mod defaults;
mod live;
pub(in crate::kind) mod senders;

pub(in crate::kind) use live::read_tags_of;

use crate::diagnostic::{Code, Diagnostics};
use crate::kind::arn::resource_of;
use crate::kind::terraform::{LeftOut, Spelling};
use crate::kind::{Default, Kind, Live, Row, Type, alarm, fifo, policy};
use crate::model::{Address, Fact, Ref, Resource, Stack};
use crate::permissions::Action;
use crate::value::{Place, Unit, Value};

/// The kind `queue`.
#[derive(Debug)]
pub struct Queue;

const SET: &str = "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html";
const CREATE: &str = "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html";
const SSE: &str =
    "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-server-side-encryption.html";
const DLQ: &str =
    "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html";
const TLS: &str =
    "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-security-best-practices.html";
const ALARMS: &str =
    "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html";

/// How long a received message stays hidden.
pub const VISIBILITY_TIMEOUT: Row =
    Row::new("visibility_timeout", "VisibilityTimeout", "visibility_timeout_seconds", Type::seconds(0, 43_200))
        .or(Default::Int(30))
        .always_reported()
        .doc(
            "How long a received message stays hidden from other receivers; at least 6 times the worker's timeout.",
            SET,
        );

/// How long an unhandled message is kept.
pub const MESSAGE_RETENTION: Row =
    Row::new("message_retention", "MessageRetentionPeriod", "message_retention_seconds", Type::seconds(60, 1_209_600))
        .or(Default::Int(345_600))
        .always_reported()
        .lowering_loses("messages older than the new retention")
        .doc("How long SQS keeps a message that nobody deletes. A generated dead-letter queue keeps them 14d.", SET);

/// How long a new message stays hidden.
pub const DELAY: Row = Row::new("delay", "DelaySeconds", "delay_seconds", Type::seconds(0, 900))
    .or(Default::Int(0))
    .always_reported()
    .doc("How long every new message stays hidden before its first receive.", SET);

/// How long a receive waits for a message.
pub const RECEIVE_WAIT_TIME: Row =
    Row::new("receive_wait_time", "ReceiveMessageWaitTimeSeconds", "receive_wait_time_seconds", Type::seconds(0, 20))
        .or(Default::Int(20))
        .always_reported()
        .doc(
            "How long a receive waits for a message. 20s (AWS: 0s), because long polling sees all servers and costs fewer empty receives.",
            SET,
        );

/// The largest message.
pub const MAX_MESSAGE_SIZE: Row =
    Row::new("max_message_size", "MaximumMessageSize", "max_message_size", Type::int(Unit::Bytes, 1_024, 1_048_576))
        .or(Default::Int(1_048_576))
        .always_reported()
        .doc("The largest message that the queue takes, attributes included.", SET);

/// First in, first out.
pub const FIFO: Row = Row::new("fifo", "FifoQueue", "fifo_queue", Type::Bool)
    .or(Default::Bool(false))
    .replaces()
    .doc("Keeps order within a message group and drops duplicates. The physical name gets the suffix `.fifo`.", CREATE);

/// Deduplication by content.
pub const CONTENT_BASED_DEDUPLICATION: Row =
    Row::new("content_based_deduplication", "ContentBasedDeduplication", "content_based_deduplication", Type::Bool)
        .always_reported()
        .doc("FIFO: takes the SHA-256 of the body as deduplication id when the sender gives none. Default false.", SET);

/// What deduplication ids are unique in.
pub const DEDUPLICATION_SCOPE: Row = Row::new(
    "deduplication_scope",
    "DeduplicationScope",
    "deduplication_scope",
    Type::Word(&[("queue", "queue"), ("message_group", "messageGroup")]),
)
.always_reported()
.doc("FIFO: whether a duplicate is one of the queue or of its message group. Default queue.", SET);

/// What the throughput quota counts.
pub const THROUGHPUT_LIMIT: Row = Row::new(
    "throughput_limit",
    "FifoThroughputLimit",
    "fifo_throughput_limit",
    Type::Word(&[("per_queue", "perQueue"), ("per_message_group_id", "perMessageGroupId")]),
)
.always_reported()
.doc("FIFO: whether the throughput quota is one of the queue or of each message group. Default per_queue.", SET);

/// Encryption with keys that SQS owns.
pub const SQS_MANAGED_SSE: Row =
    Row::new("sqs_managed_sse", "SqsManagedSseEnabled", "sqs_managed_sse_enabled", Type::Bool)
        .or(Default::Bool(true))
        .always_reported()
        .doc("Encrypts at rest with keys that SQS owns. On, unless `kms_key` is set: it costs nothing.", SSE);

/// Encryption with a KMS key.
pub const KMS_KEY: Row = Row::new("kms_key", "KmsMasterKeyId", "kms_master_key_id", Type::Text { min: 1, max: 2_048 })
    .doc("Encrypts at rest with this KMS key: an id, an ARN or `alias/…`.", SSE);

/// How long a data key is reused.
pub const KMS_DATA_KEY_REUSE: Row = Row::new(
    "kms_data_key_reuse",
    "KmsDataKeyReusePeriodSeconds",
    "kms_data_key_reuse_period_seconds",
    Type::seconds(60, 86_400),
)
.doc("With `kms_key`: how long SQS reuses a data key before it asks KMS again. Default 5m.", SSE);

/// Receives before a message is a dead letter.
pub const MAX_RECEIVE_COUNT: Row =
    Row::new("max_receive_count", "maxReceiveCount", "maxReceiveCount", Type::int(Unit::Count, 1, 1_000))
        .doc("How often a message is received before it moves; under Lambda at least 5 is advised.", DLQ);

/// Where dead letters go.
pub const DEAD_LETTER_QUEUE: Row =
    Row::new("dead_letter_queue", "deadLetterTargetArn", "deadLetterTargetArn", Type::Name(&["queues"]))
        .doc("The queue they move to: a logical name or an ARN. Without it `<name>-dlq` is made.", DLQ);

const REDRIVE_ROWS: &[Row] = &[MAX_RECEIVE_COUNT, DEAD_LETTER_QUEUE];

/// Where messages go that fail too often.
pub const REDRIVE: Row = Row::new("redrive", "RedrivePolicy", "redrive_policy()", Type::Object(REDRIVE_ROWS))
    .doc("Moves a message that was received too often to a dead-letter queue.", DLQ);

/// Who may name this queue as dead-letter queue.
pub const REDRIVE_PERMISSION: Row = Row::new(
    "permission",
    "redrivePermission",
    "redrivePermission",
    Type::Word(&[("allow_all", "allowAll"), ("deny_all", "denyAll"), ("by_queue", "byQueue")]),
)
.doc("Every queue of the account and Region, none, or those listed.", DLQ);

/// The queues that may.
pub const SOURCE_QUEUES: Row = Row::new(
    "source_queues",
    "sourceQueueArns",
    "sourceQueueArns",
    Type::List { of: &Type::Name(&["queues"]), max: 10 },
)
.doc("With `by_queue`: the queues that may, at most 10.", DLQ);

const REDRIVE_ALLOW_ROWS: &[Row] = &[REDRIVE_PERMISSION, SOURCE_QUEUES];

/// Which queues may use this one as their dead-letter queue.
pub const REDRIVE_ALLOW: Row =
    Row::new("redrive_allow", "RedriveAllowPolicy", "redrive_allow_policy()", Type::Object(REDRIVE_ALLOW_ROWS))
        .soft()
        .doc("Which queues may use this one as dead-letter queue. A generated one allows its source alone.", DLQ);

/// The queue's resource policy.
pub const POLICY: Row = Row::new("policy", "Policy", "policy", Type::Policy)
    .soft()
    .doc("The queue's access policy, at most 8192 bytes and 20 statements.", SET);

/// Refuses plain HTTP.
pub const TLS_ONLY: Row = Row::short_form("tls_only", Type::Bool)
    .or(Default::Bool(true))
    .doc("Adds a statement to the policy that refuses every request without TLS. On, as AWS advises.", TLS);

const ALARM_ROWS: &[Row] = &[
    Row::short_form("dead_letters", Type::Object(alarm::SHORT_COUNT))
        .doc("Goes off when the dead-letter queue holds messages: threshold 1, one period of 1m.", ALARMS),
    Row::short_form("backlog", Type::Object(alarm::SHORT_COUNT))
        .doc("Goes off when this many messages wait for five periods of 1m.", ALARMS),
    Row::short_form("age", Type::Object(alarm::SHORT_AGE))
        .doc("Goes off when the oldest message is older than this for five periods of 1m.", ALARMS),
];

/// Short forms of the alarms that a queue wants.
pub const QUEUE_ALARMS: Row = Row::short_form("alarms", Type::Object(ALARM_ROWS)).doc(
    "Alarms on this queue: `dead_letters`, `backlog`, `age`, each with threshold, period, actions and so on.",
    ALARMS,
);

const ROWS: &[Row] = &[
    VISIBILITY_TIMEOUT,
    MESSAGE_RETENTION,
    DELAY,
    RECEIVE_WAIT_TIME,
    MAX_MESSAGE_SIZE,
    FIFO,
    CONTENT_BASED_DEDUPLICATION,
    DEDUPLICATION_SCOPE,
    THROUGHPUT_LIMIT,
    SQS_MANAGED_SSE,
    KMS_KEY,
    KMS_DATA_KEY_REUSE,
    REDRIVE,
    REDRIVE_ALLOW,
    POLICY,
    TLS_ONLY,
    QUEUE_ALARMS,
];

/// The policies stand in the queue itself and not beside it: it has them from the call that creates it.
static TERRAFORM: Spelling = Spelling {
    outputs: &["arn", "url"],
    parts: &["aws_sqs_queue_policy", "aws_sqs_queue_redrive_policy", "aws_sqs_queue_redrive_allow_policy"],
    unless: &[("sqs_managed_sse", "kms_key")],
    left_out: Some(LeftOut {
        key: "max_message_size",
        value: 1_048_576,
        reason: "max_message_size is AWS's default, 1 MiB; provider 5 knows none above 256 KiB.",
    }),
    ..Spelling::new("aws_sqs_queue", "name", "{url}")
};

/// How long a generated dead-letter queue keeps its messages: the longest there is, since people read it late.
const DEAD_LETTER_RETENTION: i64 = 1_209_600;

impl Kind for Queue {
    fn name(&self) -> &'static str {
        "queue"
    }

    fn section(&self) -> &'static str {
        "queues"
    }

    fn doc(&self) -> &'static str {
        "An SQS queue. `redrive:` alone makes its dead-letter queue too."
    }

    fn rows(&self) -> &'static [Row] {
        ROWS
    }

    fn tag_type(&self) -> &'static str {
        "sqs"
    }

    fn arn(&self, name: &str, place: &Place) -> String {
        place.arn("sqs", name)
    }

    fn name_in_arn<'a>(&self, arn: &'a str) -> Option<&'a str> {
        resource_of(arn, "sqs")
    }

    /// FIFO queues end in `.fifo`; the suffix is added where the user left it out.
    fn physical_name(&self, resource: &Resource) -> String {
        fifo::physical_name(resource, is_fifo(resource))
    }

    fn share_defaults(&self, stack: &mut Stack) {
        defaults::share(stack);
    }

    /// The queues that are to have the default redrive have it already.
    fn takes_default(&self, _resource: &Resource, row: &Row) -> bool {
        row.key != REDRIVE.key
    }

    fn expand(&self, resource: &mut Resource, stack: &mut Stack, out: &mut Diagnostics) {
        fill_type_attributes(resource, stack);
        resource.name = Some(self.physical_name(resource));
        expand_policy(resource, stack);
        expand_redrive(resource, stack);
        let alarms = resource.take(&QUEUE_ALARMS);
        for row in ALARM_ROWS {
            if let Value::Map(settings) = alarms.get(row.key) {
                alarm::on_queue(row.key, settings, resource, stack, out);
            }
        }
    }

    fn check(&self, resource: &Resource, out: &mut Diagnostics) {
        check::check(resource, out);
    }

    fn codes(&self) -> &'static [&'static Code] {
        codes::CODES
    }

    fn terraform(&self) -> Option<&'static Spelling> {
        Some(&TERRAFORM)
    }

    fn outputs(&self) -> &'static [(&'static str, Fact)] {
        &[("QUEUE_URL", Fact::Url), ("QUEUE_ARN", Fact::Arn)]
    }

    fn actions(&self) -> &'static [Action] {
        actions::ACTIONS
    }

    fn live(&self) -> Option<&dyn Live> {
        Some(self)
    }
}

/// Sets what follows from the type of queue and of encryption.
fn fill_type_attributes(resource: &mut Resource, stack: &Stack) {
    resource.fill(&FIFO, stack.default_of(&Queue, &FIFO));
    if is_fifo(resource) {
        let fill = [
            (&CONTENT_BASED_DEDUPLICATION, Value::Bool(false)),
            (&DEDUPLICATION_SCOPE, Value::text("queue")),
            (&THROUGHPUT_LIMIT, Value::text("perQueue")),
        ];
        for (row, value) in fill {
            let stack_default = stack.default_of(&Queue, row);
            resource.fill(row, if stack_default.is_null() { value } else { stack_default });
        }
    }
    resource.fill(&KMS_KEY, stack.default_of(&Queue, &KMS_KEY));
    if !resource.get(&KMS_KEY).is_null() {
        resource.fill(&SQS_MANAGED_SSE, Value::Bool(false));
        resource.fill(&KMS_DATA_KEY_REUSE, Value::Int(300));
    }
}

/// Adds to whatever policy the user wrote that subscribed topics and rules may send, and that nobody may without TLS.
fn expand_policy(resource: &mut Resource, stack: &Stack) {
    resource.fill(&TLS_ONLY, stack.default_of(&Queue, &TLS_ONLY));
    resource.fill(&POLICY, stack.default_of(&Queue, &POLICY));
    let mut statements = senders::statements(resource, stack);
    if resource.take(&TLS_ONLY).as_bool() == Some(true) {
        statements.push(policy::tls_only("sqs:*", &resource.address));
    }
    if !statements.is_empty() {
        resource.set(&POLICY, policy::adding(resource.get(&POLICY), statements));
    }
}

/// Makes the dead-letter queue that `redrive:` does not name.
fn expand_redrive(resource: &mut Resource, stack: &mut Stack) {
    let Value::Map(mut redrive) = resource.get(&REDRIVE).clone() else { return };
    if redrive.get(DEAD_LETTER_QUEUE.key).is_some_and(|queue| !queue.is_null()) {
        return;
    }
    let dlq = stack.ensure(&Queue, &dead_letter_name(&resource.address.name), resource);
    dlq.name.get_or_insert_with(|| dead_letter_name(resource.physical_name()));
    dlq.fill(&FIFO, resource.get(&FIFO).clone());
    dlq.fill(&MESSAGE_RETENTION, Value::Int(DEAD_LETTER_RETENTION));
    dlq.fill(&KMS_KEY, resource.get(&KMS_KEY).clone());
    dlq.fill(
        &REDRIVE_ALLOW,
        Value::map([
            (REDRIVE_PERMISSION.key, Value::text("byQueue")),
            (SOURCE_QUEUES.key, Value::List(vec![Ref::soft(&resource.address, Fact::Arn)])),
        ]),
    );
    redrive.insert(DEAD_LETTER_QUEUE.key.to_owned(), Ref::hard(&dlq.address, Fact::Arn));
    resource.set(&REDRIVE, Value::Map(redrive));
}

/// `orders` → `orders-dlq`, `orders.fifo` → `orders-dlq.fifo`.
pub(crate) fn dead_letter_name(name: &str) -> String {
    name.strip_suffix(".fifo").map_or_else(|| format!("{name}-dlq"), |stem| format!("{stem}-dlq.fifo"))
}

/// The dead-letter queue that a queue has or, while the stack is not expanded yet, will have.
#[must_use]
pub fn dead_letter_target(resource: &Resource) -> Option<Value> {
    let redrive = resource.get(&REDRIVE).as_map()?;
    match redrive.get(DEAD_LETTER_QUEUE.key) {
        Some(named) if !named.is_null() => Some(named.clone()),
        _ => Some(Ref::hard(&Address::new(Queue.name(), dead_letter_name(&resource.address.name)), Fact::Arn)),
    }
}

/// The dead-letter queue that a queue names: a resource of the stack, or an ARN outside it.
#[must_use]
pub fn dead_letter_queue(resource: &Resource) -> Option<Result<&Address, &str>> {
    match resource.get(&REDRIVE).get(DEAD_LETTER_QUEUE.key) {
        Value::Ref(reference) => reference.address().map(Ok),
        Value::Text(arn) => Some(Err(arn)),
        _ => None,
    }
}

/// Finds a queue whose dead-letter queue is in another account or Region than the stack goes to, which SQS refuses.
#[must_use]
pub fn elsewhere<'a>(stack: &'a Stack, place: &Place) -> Option<(&'a Resource, &'a str)> {
    let own = place.arn("sqs", "");
    stack.of_kind(Queue.name()).find_map(|queue| match dead_letter_queue(queue)? {
        Err(arn) if !arn.starts_with(&own) => Some((queue, arn)),
        _ => None,
    })
}

/// The physical name that a queue has or, while the stack is not expanded yet, will have.
#[must_use]
pub fn future_name(address: &Address, stack: &Stack) -> String {
    let named = |queue: &Resource| {
        let mut queue = queue.clone();
        queue.fill(&FIFO, stack.default_of(&Queue, &FIFO));
        Queue.physical_name(&queue)
    };
    if let Some(queue) = stack.resources.get(address) {
        return named(queue);
    }
    let is_source = |queue: &&Resource| {
        queue.address.kind == Queue.name()
            && dead_letter_target(queue).as_ref().and_then(|target| target.as_ref()?.address()) == Some(address)
    };
    let source = stack.resources.values().find(is_source);
    source.map_or_else(|| address.name.clone(), |source| dead_letter_name(&named(source)))
}

/// Tells whether a queue is a FIFO queue.
#[must_use]
pub fn is_fifo(resource: &Resource) -> bool {
    resource.get(&FIFO).as_bool() == Some(true)
}
