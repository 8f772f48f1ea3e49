//! A subscription: it brings what is published to a topic to a queue.
//!
//! <https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html>
//! Its identity is the pair of topic and queue; another pair is another subscription. SNS gives it no tags: it belongs
//! to the stack that owns its queue, or that names it and owns its topic. What others subscribe to a topic of the stack
//! is theirs, and is left alone.

mod actions;
pub mod check;
mod convert;
mod live;

use crate::diagnostic::{Code, Diagnostics};
use crate::kind::queue::senders::{Sender, soft_arn};
use crate::kind::terraform::Spelling;
use crate::kind::{Default, Kind, Live, Row, Type, queue};
use crate::model::{Fact, Ref, Resource, Stack};
use crate::permissions::Action;
use crate::value::{Place, Value};

/// The kind `subscription`.
#[derive(Debug)]
pub struct Subscription;

const CREATE: &str = "https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html";
const RAW_PAGE: &str = "https://docs.aws.amazon.com/sns/latest/dg/sns-large-payload-raw-message-delivery.html";
const FILTERS: &str = "https://docs.aws.amazon.com/sns/latest/dg/sns-subscription-filter-policies.html";
const SCOPE: &str = "https://docs.aws.amazon.com/sns/latest/dg/sns-message-filtering-scope.html";
const DLQ: &str = "https://docs.aws.amazon.com/sns/latest/dg/sns-dead-letter-queues.html";

/// The topic.
pub const TOPIC: Row = Row::new("topic", "TopicArn", "topic_arn", Type::Name(&["topics"]))
    .replaces()
    .doc("The topic: a logical name or an ARN.", CREATE);

/// The queue.
pub const QUEUE: Row = Row::new("queue", "Endpoint", "endpoint?protocol=sqs", Type::Name(&["queues"])).replaces().doc(
    "The queue that gets what is published: a logical name or an ARN. One of this stack lets the topic send to it.",
    CREATE,
);

/// Which messages it gets.
pub const FILTER: Row = Row::new("filter", "FilterPolicy", "filter_policy", Type::Pattern).doc(
    "Which messages it gets, `{tenant: [acme], type: [order.paid, order.cancelled]}`: those that match every key. \
     At most 5 keys; a change takes up to 15 minutes.",
    FILTERS,
);

/// What the filter looks at.
pub const FILTER_SCOPE: Row = Row::new(
    "filter_scope",
    "FilterPolicyScope",
    "filter_policy_scope",
    Type::Word(&[("attributes", ATTRIBUTES), ("body", BODY)]),
)
.doc(
    "Whether the filter looks at the message's attributes or into its body, which must be JSON then: a job's `type` \
     and `tenantId` are in the body. Default attributes.",
    SCOPE,
);

/// A filter on attributes.
pub const ATTRIBUTES: &str = "MessageAttributes";
/// A filter on the body.
pub const BODY: &str = "MessageBody";

/// Whether the message alone is delivered.
pub const RAW: Row = Row::new("raw", "RawMessageDelivery", "raw_message_delivery", Type::Bool)
    .or(Default::Bool(true))
    .always_reported()
    .doc(
        "Delivers the message as it was published, attributes beside it (at most 10). On (AWS: off): a worker reads \
         its job from the body, which SNS would wrap in a notification.",
        RAW_PAGE,
    );

/// Where undeliverable messages go.
pub const DEAD_LETTER_QUEUE: Row = Row::new(
    "dead_letter_queue",
    "RedrivePolicy",
    "redrive_policy().deadLetterTargetArn",
    Type::Name(&["queues"]),
)
.doc(
    "The queue for messages that cannot be delivered, such as when the queue refuses them. Without one they are lost.",
    DLQ,
);

const ROWS: &[Row] = &[TOPIC, QUEUE, FILTER, FILTER_SCOPE, RAW, DEAD_LETTER_QUEUE];

/// The rows that an item of a topic's `subscriptions:` says.
const SUBSCRIBER: &[&Row] = &[&QUEUE, &FILTER, &FILTER_SCOPE, &RAW, &DEAD_LETTER_QUEUE];

static TERRAFORM: Spelling = Spelling::new("aws_sns_topic_subscription", "", "{arn}");

impl Kind for Subscription {
    fn name(&self) -> &'static str {
        "subscription"
    }

    fn section(&self) -> &'static str {
        "subscriptions"
    }

    fn doc(&self) -> &'static str {
        "An SNS subscription: it brings what is published to a topic to a queue."
    }

    fn rows(&self) -> &'static [Row] {
        ROWS
    }

    fn tag_type(&self) -> &'static str {
        ""
    }

    /// SNS knows no tags of subscriptions.
    fn has_tags(&self) -> bool {
        false
    }

    /// The ARN has an id that SNS chooses; nothing refers to a subscription, so none is needed before it exists.
    fn arn(&self, name: &str, place: &Place) -> String {
        place.arn("sns", name)
    }

    fn name_in_arn<'a>(&self, _arn: &'a str) -> Option<&'a str> {
        None
    }

    fn expand(&self, resource: &mut Resource, stack: &mut Stack, _out: &mut Diagnostics) {
        let topic = name_of(resource.get(&TOPIC), stack);
        let queue = match resource.get(&QUEUE).as_ref().and_then(Ref::address) {
            Some(address) => queue::future_name(address, stack),
            None => name_of(resource.get(&QUEUE), stack),
        };
        resource.name = Some(name(&topic, &queue));
        resource.fill(&FILTER, stack.default_of(&Subscription, &FILTER));
        // SNS forgets the scope where there is no filter.
        if !FILTER.ty.normal(resource.get(&FILTER)).is_null() {
            let default = stack.default_of(&Subscription, &FILTER_SCOPE);
            let default = if default.is_null() { Value::text(ATTRIBUTES) } else { default };
            resource.fill(&FILTER_SCOPE, default);
        }
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

    fn actions(&self) -> &'static [Action] {
        actions::ACTIONS
    }

    fn live(&self) -> Option<&dyn Live> {
        Some(self)
    }
}

/// The name of a subscription: SNS has none for it.
fn name(topic: &str, queue: &str) -> String {
    format!("{queue}/sqs/{topic}")
}

/// The physical name of what is referred to, or the last part of an ARN.
fn name_of(value: &Value, stack: &Stack) -> String {
    match value.as_ref().and_then(Ref::address) {
        Some(address) => stack.physical_name_of(address),
        None if value.is_null() => String::new(),
        None => last(&value.plain()).to_owned(),
    }
}

fn last(arn: &str) -> &str {
    arn.rsplit(':').next().unwrap_or(arn)
}

/// Makes the subscriptions of a topic's short form.
pub fn of_topic(topic: &mut Resource, row: &Row, stack: &mut Stack) {
    let Value::List(items) = topic.take(row) else { return };
    for (index, item) in items.iter().enumerate() {
        let queue = item.get(QUEUE.key);
        let queue = match queue.as_ref().and_then(Ref::address) {
            Some(address) => address.name.clone(),
            None if queue.is_null() => continue,
            // Dots of a FIFO queue's name cannot stand in a logical one.
            None => last(&queue.plain()).replace('.', "-"),
        };
        let made = stack.ensure(&Subscription, &format!("{}-{queue}", topic.address.name), topic);
        made.fill(&TOPIC, Ref::hard(&topic.address, Fact::Arn));
        for row in SUBSCRIBER.iter().filter(|row| !item.get(row.key).is_null()) {
            made.fill(row, item.get(row.key).clone());
        }
        let path = format!("{}.{index}", row.key);
        for (place, span) in &topic.spans {
            let rest = place.strip_prefix(&path).filter(|rest| rest.is_empty() || rest.starts_with('.'));
            if let Some(rest) = rest {
                made.spans.insert(rest.trim_start_matches('.').to_owned(), *span);
            }
        }
    }
}

/// SNS, as the policies of queues know it.
/// <https://docs.aws.amazon.com/sns/latest/dg/subscribe-sqs-queue-to-sns-topic.html>
pub const SENDER: Sender = Sender { sid: "AllowTopics", service: "sns.amazonaws.com" };

/// The topics that are subscribed by a queue, or whose undeliverable messages it gets.
pub fn senders(queue: &Resource, stack: &Stack) -> Vec<Value> {
    let names = |one: &Resource, row: &Row| one.get(row).as_ref().and_then(Ref::address) == Some(&queue.address);
    let subscriptions = stack.of_kind(Subscription.name());
    let reach = subscriptions.filter(|one| names(one, &QUEUE) || names(one, &DEAD_LETTER_QUEUE));
    reach.map(|one| soft_arn(one.get(&TOPIC))).collect()
}
