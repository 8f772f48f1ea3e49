//! An SNS topic: what is published to it goes to every queue that is subscribed.
//!
//! <https://docs.aws.amazon.com/sns/latest/api/API_SetTopicAttributes.html>
//! Only `fifo` forces a replacement: it is part of the topic's name. The new topic is another one, and subscriptions
//! that others made end with the old.

mod actions;
pub mod check;
mod live;

pub(in crate::kind) use live::{all, read_tags};

use crate::diagnostic::{Code, Diagnostics};
use crate::kind::terraform::Spelling;
use crate::kind::{Default, Kind, Live, Row, Type, fifo, policy, subscription};
use crate::model::{Fact, Ref, Resource, Stack};
use crate::permissions::Action;
use crate::value::{Place, Unit, Value};

/// The kind `topic`.
#[derive(Debug)]
pub struct Topic;

const SET: &str = "https://docs.aws.amazon.com/sns/latest/api/API_SetTopicAttributes.html";
const CREATE: &str = "https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html";
const SSE: &str = "https://docs.aws.amazon.com/sns/latest/dg/sns-server-side-encryption.html";
const TLS: &str = "https://docs.aws.amazon.com/sns/latest/dg/sns-security-best-practices.html";
const ACCESS: &str = "https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html";
const FIFO_PAGE: &str = "https://docs.aws.amazon.com/sns/latest/dg/fifo-topic-code-examples.html";
const SIGNATURES: &str = "https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html";
const TRACING_PAGE: &str = "https://docs.aws.amazon.com/sns/latest/dg/sns-active-tracing.html";
const SUBSCRIBE: &str = "https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html";

/// First in, first out.
pub const FIFO: Row = Row::new("fifo", "FifoTopic", "fifo_topic", Type::Bool)
    .or(Default::Bool(false))
    .replaces()
    .doc("Keeps order within a message group and drops duplicates. The physical name gets the suffix `.fifo`.", CREATE);

/// Who mails come from.
pub const DISPLAY_NAME: Row = Row::new("display_name", "DisplayName", "display_name", Type::Text { min: 1, max: 100 })
    .doc("The sender's name of messages by mail and SMS.", SET);

/// Deduplication by content.
pub const CONTENT_BASED_DEDUPLICATION: Row =
    Row::new("content_based_deduplication", "ContentBasedDeduplication", "content_based_deduplication", Type::Bool)
        .always_reported()
        .doc(
            "FIFO: takes the SHA-256 of the body as deduplication id when the publisher gives none. Default false.",
            SET,
        );

/// What deduplication ids are unique in.
pub const FIFO_THROUGHPUT_SCOPE: Row = Row::new(
    "fifo_throughput_scope",
    "FifoThroughputScope",
    "fifo_throughput_scope",
    Type::Word(&[("message_group", "MessageGroup")]),
)
.doc(
    "FIFO: looks for duplicates within each message group, for more throughput. Without it, within the whole topic.",
    FIFO_PAGE,
);

/// Encryption with a KMS key.
pub const KMS_KEY: Row = Row::new("kms_key", "KmsMasterKeyId", "kms_master_key_id", Type::Text { min: 1, max: 2_048 })
    .doc(
        "Encrypts at rest with this KMS key: an id, an ARN or `alias/…`. Without it, nothing is encrypted at rest.",
        SSE,
    );

/// The hash of signatures.
pub const SIGNATURE_VERSION: Row =
    Row::new("signature_version", "SignatureVersion", "signature_version", Type::int(Unit::Count, 1, 2))
        .or(Default::Int(2))
        .doc(
            "How messages that are not raw are signed: 1 with SHA-1, 2 with SHA-256. 2 (AWS: 1), as AWS advises.",
            SIGNATURES,
        );

/// Whether it is traced.
pub const TRACING: Row = Row::new("tracing", "TracingConfig", "tracing_config", Type::Word(&[("active", "Active")]))
    .doc("Sends X-Ray segments of its own. Without it, the publisher's trace is handed on all the same.", TRACING_PAGE);

/// The topic's resource policy.
pub const POLICY: Row = Row::new("policy", "Policy", "policy", Type::Policy).soft().always_reported().doc(
    "The topic's access policy. Without it, the account that owns the topic may use it, alarms and other services included.",
    ACCESS,
);

/// Refuses plain HTTP.
pub const TLS_ONLY: Row = Row::short_form("tls_only", Type::Bool)
    .or(Default::Bool(true))
    .doc("Adds a statement to the policy that refuses to publish without TLS. On, as AWS advises.", TLS);

const SUBSCRIBER_ROWS: &[Row] = &[
    subscription::QUEUE.as_short_form(),
    subscription::FILTER.as_short_form(),
    subscription::FILTER_SCOPE.as_short_form(),
    subscription::RAW.as_short_form(),
    subscription::DEAD_LETTER_QUEUE.as_short_form(),
];

/// Short form of its subscriptions.
pub const SUBSCRIPTIONS: Row =
    Row::short_form("subscriptions", Type::List { of: &Type::Object(SUBSCRIBER_ROWS), max: 100 }).doc(
        "The queues that get what is published, `{queue: billing-queue, filter: {tenant: [acme]}}`: each item makes a \
         subscription, `<topic>-<queue>`.",
        SUBSCRIBE,
    );

const ROWS: &[Row] = &[
    FIFO,
    DISPLAY_NAME,
    CONTENT_BASED_DEDUPLICATION,
    FIFO_THROUGHPUT_SCOPE,
    KMS_KEY,
    SIGNATURE_VERSION,
    TRACING,
    POLICY,
    TLS_ONLY,
    SUBSCRIPTIONS,
];

/// The policy stands in the topic itself and not beside it: it has it from the call that creates it.
static TERRAFORM: Spelling =
    Spelling { parts: &["aws_sns_topic_policy"], outputs: &["arn"], ..Spelling::new("aws_sns_topic", "name", "{arn}") };

/// What SNS itself lets the owner of a topic do; statements of a topic's policy name these actions one by one.
const OWNER_ACTIONS: &[&str] = &[
    "sns:AddPermission",
    "sns:DeleteTopic",
    "sns:GetTopicAttributes",
    "sns:ListSubscriptionsByTopic",
    "sns:Publish",
    "sns:RemovePermission",
    "sns:SetTopicAttributes",
    "sns:Subscribe",
];

impl Kind for Topic {
    fn name(&self) -> &'static str {
        "topic"
    }

    fn section(&self) -> &'static str {
        "topics"
    }

    fn doc(&self) -> &'static str {
        "An SNS topic. `subscriptions:` subscribes queues to it."
    }

    fn rows(&self) -> &'static [Row] {
        ROWS
    }

    fn tag_type(&self) -> &'static str {
        "sns"
    }

    fn arn(&self, name: &str, place: &Place) -> String {
        place.arn("sns", name)
    }

    fn name_in_arn<'a>(&self, arn: &'a str) -> Option<&'a str> {
        let parts: Vec<&str> = arn.split(':').collect();
        // A subscription's ARN is that of its topic, and one part more.
        (parts.len() == 6 && parts[2] == "sns" && !parts[5].contains('/')).then(|| parts[5])
    }

    /// FIFO topics end in `.fifo`; the suffix is added where the user left it out.
    fn physical_name(&self, resource: &Resource) -> String {
        fifo::physical_name(resource, is_fifo(resource))
    }

    fn expand(&self, resource: &mut Resource, stack: &mut Stack, out: &mut Diagnostics) {
        resource.fill(&FIFO, stack.default_of(&Topic, &FIFO));
        if is_fifo(resource) {
            let default = stack.default_of(&Topic, &CONTENT_BASED_DEDUPLICATION);
            resource.fill(&CONTENT_BASED_DEDUPLICATION, if default.is_null() { Value::Bool(false) } else { default });
        }
        resource.name = Some(self.physical_name(resource));
        expand_policy(resource, stack);
        check::subscribers(resource, out);
        subscription::of_topic(resource, &SUBSCRIPTIONS, stack);
    }

    fn check(&self, resource: &Resource, out: &mut Diagnostics) {
        check::check(resource, out);
    }

    fn codes(&self) -> &'static [&'static Code] {
        check::CODES
    }

    fn terraform(&self) -> Option<&'static Spelling> {
        Some(&TERRAFORM)
    }

    fn outputs(&self) -> &'static [(&'static str, Fact)] {
        &[("TOPIC_ARN", Fact::Arn)]
    }

    fn actions(&self) -> &'static [Action] {
        actions::ACTIONS
    }

    fn live(&self) -> Option<&dyn Live> {
        Some(self)
    }
}

/// Writes the policy that is not said, and adds the TLS statement to whichever there is.
///
/// A policy replaces the one that SNS gives every topic. Without the owner's part of that, what CloudWatch and other
/// services publish for the account would be refused: the TLS statement alone would silence every alarm.
fn expand_policy(topic: &mut Resource, stack: &Stack) {
    topic.fill(&TLS_ONLY, stack.default_of(&Topic, &TLS_ONLY));
    topic.fill(&POLICY, stack.default_of(&Topic, &POLICY));
    if topic.get(&POLICY).is_null() {
        topic.set(&POLICY, policy::document(vec![owner_statement(topic)]));
    }
    if topic.take(&TLS_ONLY).as_bool() == Some(true) {
        let statement = policy::tls_only("sns:Publish", &topic.address);
        topic.set(&POLICY, policy::adding(topic.get(&POLICY), vec![statement]));
    }
}

/// What SNS allows on a topic without a policy.
fn owner_statement(topic: &Resource) -> Value {
    let owner = Value::map([("AWS:SourceOwner", Value::Ref(Ref::place(Fact::Account)))]);
    Value::map([
        ("Sid", Value::text("AllowOwner")),
        ("Effect", Value::text("Allow")),
        ("Principal", Value::map([("AWS", Value::text("*"))])),
        ("Action", Value::List(OWNER_ACTIONS.iter().copied().map(Value::text).collect())),
        ("Resource", Ref::soft(&topic.address, Fact::Arn)),
        ("Condition", Value::map([("StringEquals", owner)])),
    ])
}

/// Tells whether a topic is a FIFO topic.
#[must_use]
pub fn is_fifo(resource: &Resource) -> bool {
    resource.get(&FIFO).as_bool() == Some(true)
}
