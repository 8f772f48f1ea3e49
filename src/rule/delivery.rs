//! A topic, its subscriptions and their queues fit each other: type, encryption, whose they are.

use std::collections::BTreeMap;

use crate::diagnostic::{Code, Diagnostics};
use crate::kind::subscription::{DEAD_LETTER_QUEUE, FILTER, QUEUE, Subscription, TOPIC};
use crate::kind::{Kind as _, Row, alarm, fifo, queue, topic};
use crate::model::{Address, Ref, Resource, Stack};
use crate::value::Value;

const FIFO: &str = "https://docs.aws.amazon.com/sns/latest/dg/fifo-message-delivery.html";
const KEYS: &str =
    "https://docs.aws.amazon.com/sns/latest/dg/sns-enable-encryption-for-topic-sqs-queue-subscriptions.html";

/// A subscription that belongs to nobody.
pub static ELSEWHERE: Code = Code::error("QS620", "a subscription with both ends outside the stack")
    .because("SNS keeps no tags of subscriptions: one belongs to the stack that owns its queue or its topic.")
    .fix("Put it into the stack of the topic or of the queue.")
    .see("https://docs.aws.amazon.com/sns/latest/dg/sns-tags.html");

/// A FIFO queue behind a standard topic.
pub static FIFO_QUEUE: Code = Code::error("QS621", "a FIFO queue behind a standard topic")
    .because(
        "A standard topic keeps no order and sends no message group: SNS subscribes FIFO queues to FIFO topics alone.",
    )
    .fix("Set `fifo: true` on the topic, or subscribe a standard queue (a FIFO topic takes both).")
    .see(FIFO);

/// A key that SNS can never use.
pub static AWS_KEY: Code = Code::error("QS622", "a subscribed queue that is encrypted with AWS's own key")
    .because("SNS must be let use the key, and the policy of `alias/aws/sqs` cannot be changed: every message is dropped.")
    .fix("Remove `kms_key` (keys of SQS cost nothing), or use a key of your own whose policy lets sns.amazonaws.com use it.")
    .see(KEYS);

/// A key that SNS may not be let use.
pub static OWN_KEY: Code = Code::warning("QS623", "a subscribed queue whose key SNS must be let use")
    .because("Without kms:Decrypt and kms:GenerateDataKey for sns.amazonaws.com in the key's policy, every message is dropped without a word. This stack does not own the key and cannot see its policy.")
    .fix("Let sns.amazonaws.com use the key, and give the subscription a `dead_letter_queue` of another encryption: it then shows what was dropped.")
    .see(KEYS);

/// More filters than a topic takes.
pub static MANY_FILTERS: Code = Code::warning("QS624", "more filters than a topic has by default")
    .because("A topic has 200 filter policies, an account 10,000; AWS raises the quota on request.")
    .fix("Ask AWS to raise the quota, or share the subscriptions among several topics.")
    .see("https://docs.aws.amazon.com/sns/latest/dg/subscription-filter-policy-constraints.html");

/// An alarm that nobody hears.
pub static SILENT_ALARM: Code = Code::error("QS625", "an alarm that notifies a topic with AWS's own key")
    .because("CloudWatch must be let use the key, and the policy of `alias/aws/sns` cannot be changed: the alarm goes off and nobody hears it.")
    .fix("Remove the topic's `kms_key`, or use a key of your own whose policy lets cloudwatch.amazonaws.com use it.")
    .see("https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html");

/// All of them, in order.
pub const CODES: &[&Code] = &[&ELSEWHERE, &FIFO_QUEUE, &AWS_KEY, &OWN_KEY, &MANY_FILTERS, &SILENT_ALARM];

const MOST_FILTERS: usize = 200;

/// Reports subscriptions that do not fit their ends, and alarms on topics that refuse them.
pub fn check(stack: &Stack, out: &mut Diagnostics) {
    check_ends(stack, out);
    let mut filters: BTreeMap<String, usize> = BTreeMap::new();
    for one in stack.of_kind(Subscription.name()) {
        for row in [&QUEUE, &DEAD_LETTER_QUEUE] {
            type_of(one, row, stack, out);
            key_of(one, row, stack, out);
        }
        if !FILTER.ty.normal(one.get(&FILTER)).is_null() {
            let count = filters.entry(one.get(&TOPIC).plain()).or_default();
            *count += 1;
            if *count == MOST_FILTERS + 1 {
                let message = format!("`{}` is the 201st subscription with a filter of one topic", one.address);
                out.push(one.finding(&MANY_FILTERS, FILTER.key, message));
            }
        }
    }
    alarms(stack, out);
}

/// Reports subscriptions of which neither end is of the stack.
pub fn check_ends(stack: &Stack, out: &mut Diagnostics) {
    for one in stack.of_kind(Subscription.name()) {
        let outside = |row| one.get(row).as_text().is_some();
        if outside(&TOPIC) && outside(&QUEUE) {
            let message = format!("neither the topic nor the queue of `{}` is one of this stack", one.address);
            out.push(one.finding(&ELSEWHERE, QUEUE.key, message));
        }
    }
}

/// The resource that an attribute names, if it is one of the stack.
fn named<'a>(value: &Value, stack: &'a Stack) -> Option<&'a Resource> {
    stack.resources.get(value.as_ref().and_then(Ref::address)?)
}

/// Tells whether what an attribute names is FIFO, as far as the stack or the ARN says.
fn is_fifo(value: &Value, row: &Row, stack: &Stack) -> Option<bool> {
    match named(value, stack) {
        Some(resource) if resource.is_broken(row.key) => None,
        Some(resource) => Some(resource.get(row).as_bool() == Some(true)),
        None => value.as_text().map(|arn| arn.ends_with(fifo::SUFFIX)),
    }
}

fn type_of(one: &Resource, row: &Row, stack: &Stack, out: &mut Diagnostics) {
    let topic = is_fifo(one.get(&TOPIC), &topic::FIFO, stack);
    if (topic, is_fifo(one.get(row), &queue::FIFO, stack)) == (Some(false), Some(true)) {
        let message = format!("`{}` of `{}` is a FIFO queue, and its topic is a standard topic", row.key, one.address);
        out.push(one.finding(&FIFO_QUEUE, row.key, message));
    }
}

fn key_of(one: &Resource, row: &Row, stack: &Stack, out: &mut Diagnostics) {
    let Some(queue) = named(one.get(row), stack) else { return };
    let Some(key) = queue.get(&queue::KMS_KEY).as_text() else { return };
    let code = if is_awss(key, "sqs") { &AWS_KEY } else { &OWN_KEY };
    let message = format!("`{}`, the `{}` of `{}`, is encrypted with `{key}`", queue.address, row.key, one.address);
    out.push(queue.finding(code, queue::KMS_KEY.key, message));
}

fn is_awss(key: &str, service: &str) -> bool {
    key.rsplit(':').next() == Some(format!("alias/aws/{service}").as_str())
}

fn alarms(stack: &Stack, out: &mut Diagnostics) {
    let silent = |address: &Address| {
        let topic = stack.resources.get(address).filter(|one| one.address.kind == topic::Topic.name())?;
        topic.get(&topic::KMS_KEY).as_text().filter(|key| is_awss(key, "sns"))
    };
    for one in stack.of_kind(alarm::Alarm.name()) {
        for row in [&alarm::ALARM_ACTIONS, &alarm::OK_ACTIONS, &alarm::INSUFFICIENT_DATA_ACTIONS] {
            for (index, action) in one.get(row).as_list().unwrap_or_default().iter().enumerate() {
                let Some(address) = action.as_ref().and_then(Ref::address) else { continue };
                if let Some(key) = silent(address) {
                    let message = format!("`{}` notifies `{address}`, which is encrypted with `{key}`", one.address);
                    out.push(one.finding(&SILENT_ALARM, &format!("{}.{index}", row.key), message));
                }
            }
        }
    }
}
