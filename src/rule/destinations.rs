//! What a function could not handle goes where Lambda can send it.

use crate::diagnostic::{Code, Diagnostics};
use crate::kind::function::{DEAD_LETTER, Function, ON_FAILURE};
use crate::kind::{Kind as _, fifo, queue, topic};
use crate::model::{Ref, Stack};
use crate::value::Value;

/// A destination that gets nothing.
pub static FIFO: Code = Code::warning("QS334", "a FIFO queue or topic for what a function could not handle")
    .because("Lambda sends failed events to standard queues and topics alone: it refuses another, or takes it and delivers nothing.")
    .fix("Name a standard queue or topic.")
    .see("https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html");

/// Reports destinations that get nothing.
pub fn check(stack: &Stack, out: &mut Diagnostics) {
    for function in stack.of_kind(Function.name()) {
        for row in [&DEAD_LETTER, &ON_FAILURE].into_iter().filter(|row| is_fifo(function.get(row), stack)) {
            let message = format!("`{}` of `{}` is FIFO", row.key, function.address);
            out.push(function.finding(&FIFO, row.key, message));
        }
    }
}

/// Tells whether a queue or topic is FIFO, as far as the stack or the ARN says.
fn is_fifo(named: &Value, stack: &Stack) -> bool {
    match named.as_ref().and_then(Ref::address).and_then(|address| stack.resources.get(address)) {
        Some(one) if one.address.kind == topic::Topic.name() => topic::is_fifo(one),
        Some(one) => queue::is_fifo(one),
        None => named.as_text().is_some_and(|arn| arn.ends_with(fifo::SUFFIX)),
    }
}
