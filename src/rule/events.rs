//! A rule of a bus and its targets fit each other: type of queue, encryption, what cannot be delivered.

use std::collections::BTreeMap;

use crate::diagnostic::{Code, Diagnostics};
use crate::kind::rule::{BUS, DEAD_LETTER_QUEUE, FUNCTION, GROUP, QUEUE, Rule, targets};
use crate::kind::{Kind as _, Row, bus, fifo, queue};
use crate::model::{Ref, Resource, Stack};
use crate::value::Value;

const TARGET: &str = "https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Target.html";
const DLQ: &str = "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html";
const KEYS: &str = "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html";

/// A FIFO queue that takes nothing from a rule.
pub static FIFO_TARGET: Code = Code::error("QS930", "a FIFO queue that a rule cannot send to")
    .because("What is sent to a FIFO queue needs a message group and a deduplication id; EventBridge sends the one that the target says, and none of the other.")
    .fix("Give the target a `group`, and the queue `content_based_deduplication: true`.")
    .see(TARGET);

/// Dead letters in order.
pub static FIFO_DEAD_LETTERS: Code = Code::error("QS931", "a FIFO queue for what EventBridge cannot deliver")
    .because("EventBridge sends dead letters to standard queues alone.")
    .fix("Name a standard queue.")
    .see(DLQ);

/// A key that EventBridge can never use.
pub static AWS_KEY: Code = Code::error("QS932", "a queue behind a rule that is encrypted with AWS's own key")
    .because("EventBridge must be let use the key, and the policy of `alias/aws/sqs` cannot be changed: nothing is delivered.")
    .fix("Remove `kms_key` (keys of SQS cost nothing), or use a key of your own whose policy lets events.amazonaws.com use it.")
    .see(KEYS);

/// A key that EventBridge may not be let use.
pub static OWN_KEY: Code = Code::warning("QS933", "a queue behind a rule whose key EventBridge must be let use")
    .because("Without kms:Decrypt and kms:GenerateDataKey for events.amazonaws.com in the key's policy nothing is delivered. This stack does not own the key and cannot see its policy.")
    .fix("Let events.amazonaws.com use the key, and give the target a `dead_letter_queue` of another encryption: it then shows what was not delivered.")
    .see(KEYS);

/// Events that are lost.
pub static LOST: Code = Code::warning("QS934", "a target whose undeliverable events are lost")
    .because(
        "An event that cannot be delivered, such as when the target is gone or refuses it, is dropped after a day.",
    )
    .fix("Name a standard queue as the target's `dead_letter_queue`.")
    .see(DLQ);

/// More rules than a bus takes.
pub static MANY_RULES: Code = Code::warning("QS935", "more rules than a bus has by default")
    .because("A bus has 300 rules; AWS raises the quota on request.")
    .fix("Ask AWS to raise the quota, or share the rules among several buses.")
    .see("https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html");

/// All of them, in order.
pub const CODES: &[&Code] = &[&FIFO_TARGET, &FIFO_DEAD_LETTERS, &AWS_KEY, &OWN_KEY, &LOST, &MANY_RULES];

const MOST_RULES: usize = 300;

/// Reports rules that do not fit their targets, and buses that do not fit their dead-letter queues.
pub fn check(stack: &Stack, out: &mut Diagnostics) {
    let mut rules: BTreeMap<String, usize> = BTreeMap::new();
    for rule in stack.of_kind(Rule.name()) {
        for (path, target) in targets(rule).filter(|(path, _)| !rule.is_broken(path)) {
            let at = |row: &Row| format!("{path}.{}", row.key);
            fifo_target(rule, target, &at(&QUEUE), stack, out);
            dead_letters(rule, target.get(DEAD_LETTER_QUEUE.key), &at(&DEAD_LETTER_QUEUE), stack, out);
            for row in [&QUEUE, &DEAD_LETTER_QUEUE] {
                key_of(rule, target.get(row.key), &at(row), stack, out);
            }
            lost(rule, target, &path, stack, out);
        }
        let count = rules.entry(rule.get(&BUS).plain()).or_default();
        *count += 1;
        if *count == MOST_RULES + 1 {
            let message = format!("`{}` is the 301st rule of one bus", rule.address);
            out.push(rule.finding(&MANY_RULES, BUS.key, message));
        }
    }
    for bus in stack.of_kind(bus::Bus.name()) {
        let (row, named) = (&bus::DEAD_LETTER_QUEUE, bus.get(&bus::DEAD_LETTER_QUEUE));
        dead_letters(bus, named, row.key, stack, out);
        key_of(bus, named, row.key, stack, out);
    }
}

/// The queue that is named, if it is one of the stack.
fn named<'a>(value: &Value, stack: &'a Stack) -> Option<&'a Resource> {
    stack.resources.get(value.as_ref().and_then(Ref::address)?)
}

/// Tells whether a queue is FIFO, as far as the stack or the ARN says.
fn is_fifo(queue: &Value, stack: &Stack) -> bool {
    match named(queue, stack) {
        Some(queue) => queue::is_fifo(queue) && !queue.is_broken(queue::FIFO.key),
        None => queue.as_text().is_some_and(|arn| arn.ends_with(fifo::SUFFIX)),
    }
}

fn fifo_target(rule: &Resource, target: &Value, path: &str, stack: &Stack, out: &mut Diagnostics) {
    let queue = target.get(QUEUE.key);
    if !is_fifo(queue, stack) {
        return;
    }
    if target.get(GROUP.key).is_null() {
        let message = format!("`{path}` of `{}` is a FIFO queue, and the target says no `{}`", rule.address, GROUP.key);
        out.push(rule.finding(&FIFO_TARGET, path, message));
    }
    let by_content = |queue: &Resource| queue.get(&queue::CONTENT_BASED_DEDUPLICATION).as_bool() == Some(true);
    if let Some(queue) = named(queue, stack).filter(|queue| !by_content(queue)) {
        let message = format!("`{}`, a target of `{}`, does not deduplicate by content", queue.address, rule.address);
        out.push(queue.finding(&FIFO_TARGET, queue::CONTENT_BASED_DEDUPLICATION.key, message));
    }
}

fn dead_letters(one: &Resource, queue: &Value, path: &str, stack: &Stack, out: &mut Diagnostics) {
    if is_fifo(queue, stack) {
        let message = format!("`{path}` of `{}` is a FIFO queue", one.address);
        out.push(one.finding(&FIFO_DEAD_LETTERS, path, message));
    }
}

fn key_of(one: &Resource, queue: &Value, path: &str, stack: &Stack, out: &mut Diagnostics) {
    let Some(queue) = named(queue, stack) else { return };
    let Some(key) = queue.get(&queue::KMS_KEY).as_text() else { return };
    let code = if key.rsplit(':').next() == Some("alias/aws/sqs") { &AWS_KEY } else { &OWN_KEY };
    let message = format!("`{}`, the `{path}` of `{}`, is encrypted with `{key}`", queue.address, one.address);
    out.push(queue.finding(code, queue::KMS_KEY.key, message));
}

/// A queue's own dead-letter queue gets what was received in vain, and nothing that never arrived.
fn lost(rule: &Resource, target: &Value, path: &str, stack: &Stack, out: &mut Diagnostics) {
    let none = |row: &Row| target.get(row.key).is_null();
    if !none(&DEAD_LETTER_QUEUE) || none(&QUEUE) && none(&FUNCTION) {
        return;
    }
    let message = format!("`{path}` of `{}` has no `{}`", rule.address, DEAD_LETTER_QUEUE.key);
    let own = named(target.get(QUEUE.key), stack).filter(|queue| !queue::is_fifo(queue));
    let own = own.and_then(|queue| queue::dead_letter_queue(queue)?.ok());
    let help = own.map_or_else(String::new, |own| format!("Add `{}: {}`.", DEAD_LETTER_QUEUE.key, own.name));
    out.push(rule.finding(&LOST, path, message).help(help));
}
