//! A queue and its dead-letter queue fit each other: type, retention, permission.

use crate::diagnostic::{Code, Diagnostics};
use crate::kind::{Arn, fifo, queue};
use crate::model::{Resource, Stack};
use crate::value::{Unit, Value};

const DLQ: &str =
    "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html";

/// FIFO with standard.
pub static TYPES: Code = Code::error("QS150", "a dead-letter queue of the other type")
    .because("The dead-letter queue of a FIFO queue is a FIFO queue, that of a standard queue a standard queue.")
    .fix("Set `fifo:` alike on both, or leave `dead_letter_queue` out to have the right one made.")
    .see(DLQ);

/// Dead letters that expire early.
pub static RETENTION: Code = Code::warning("QS151", "dead letters that may expire as soon as they arrive")
    .because("A message of a standard queue keeps the time it was first sent when it moves (a FIFO one starts anew).")
    .fix("Keep messages longer in the dead-letter queue than in its source: `message_retention: 14d`.")
    .see(DLQ);

/// A dead-letter queue that says no.
pub static REFUSED: Code = Code::error("QS152", "a dead-letter queue that refuses its source")
    .because("SQS refuses a redrive policy towards a queue whose redrive allow policy leaves the source out.")
    .fix("Add the source to `source_queues`, or use `permission: allow_all`.")
    .see(DLQ);

/// All of them, in order.
pub const CODES: &[&Code] = &[&TYPES, &RETENTION, &REFUSED];

/// Reports queues whose dead-letter queue does not fit.
pub fn check(stack: &Stack, out: &mut Diagnostics) {
    for source in stack.resources.values() {
        match queue::dead_letter_queue(source) {
            Some(Ok(address)) => {
                let Some(target) = stack.resources.get(address) else { continue };
                types(source, queue::is_fifo(target), &format!("`{address}`"), out);
                retention(source, target, out);
                permission(source, target, out);
            }
            Some(Err(arn)) if Arn::parse(arn).is_ok() => {
                types(source, arn.ends_with(fifo::SUFFIX), &format!("`{arn}`"), out);
            }
            _ => {}
        }
    }
}

fn types(source: &Resource, target: bool, named: &str, out: &mut Diagnostics) {
    if queue::is_fifo(source) == target || source.is_broken(queue::FIFO.key) {
        return;
    }
    let word = |fifo: bool| if fifo { "a FIFO queue" } else { "a standard queue" };
    let message =
        format!("`{}` is {} and its dead-letter queue {named} {}", source.address, word(!target), word(target));
    out.push(source.finding(&TYPES, "redrive.dead_letter_queue", message));
}

fn retention(source: &Resource, target: &Resource, out: &mut Diagnostics) {
    let kept = |resource: &Resource| resource.get(&queue::MESSAGE_RETENTION).as_int();
    let (Some(before), Some(after)) = (kept(source), kept(target)) else { return };
    if queue::is_fifo(source) || after > before || source.address == target.address {
        return;
    }
    let show = |seconds| Unit::Seconds.format(seconds);
    let message = format!(
        "`{}` keeps messages for {}, its source `{}` for {}",
        target.address,
        show(after),
        source.address,
        show(before)
    );
    out.push(target.finding(&RETENTION, queue::MESSAGE_RETENTION.key, message));
}

fn permission(source: &Resource, target: &Resource, out: &mut Diagnostics) {
    let allow = target.get(&queue::REDRIVE_ALLOW);
    let listed = |value: &Value| match value {
        Value::Ref(reference) => reference.address() == Some(&source.address),
        Value::Text(arn) => source.kind.name_in_arn(arn) == Some(source.physical_name()),
        // What interpolation leaves open may be it.
        _ => true,
    };
    let sources = allow.get(queue::SOURCE_QUEUES.key).as_list().unwrap_or_default();
    let path = match allow.get(queue::REDRIVE_PERMISSION.key).as_text() {
        Some("denyAll") => "redrive_allow.permission",
        Some("byQueue") if !sources.is_empty() && !sources.iter().any(listed) => "redrive_allow.source_queues",
        _ => return,
    };
    let message = format!("`{}` refuses to be the dead-letter queue of `{}`", target.address, source.address);
    out.push(target.finding(&REFUSED, path, message));
}
