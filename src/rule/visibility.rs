//! A queue hides a message for longer than its worker may take.

use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity};
use crate::kind::{function, mapping, queue};
use crate::model::{Resource, Stack};
use crate::rule::feeding::feeds;
use crate::value::Unit;

const LINK: &str = "https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html";

/// Shorter than one run: AWS refuses the mapping.
pub static TOO_SHORT: Code = Code {
    id: "QS340",
    severity: Severity::Error,
    title: "a visibility timeout shorter than the function's timeout",
    reason: "AWS refuses the mapping: a message would be delivered again while the function still works on it.",
    fix: "Raise the queue's `visibility_timeout`, best to 6 times the function's `timeout` plus the window, or lower the timeout.",
    link: LINK,
};

/// Shorter than what AWS advises.
pub static SHORT: Code = Code {
    id: "QS341",
    severity: Severity::Warning,
    title: "a visibility timeout shorter than 6 times the function's timeout plus the window",
    reason: "Lambda retries a throttled batch within the visibility timeout; a short one burns receives until good messages are dead letters.",
    fix: "Raise the queue's `visibility_timeout`, or lower the function's `timeout`.",
    link: LINK,
};

/// All codes of this file.
pub const CODES: &[&Code] = &[&TOO_SHORT, &SHORT];

/// Reports queues whose messages come back too early.
pub fn check(stack: &Stack, out: &mut Diagnostics) {
    for feed in feeds(stack) {
        let (Some(queue), Some(function)) = (feed.queue, feed.function) else { continue };
        let window = feed.mapping.get(&mapping::WINDOW).as_int().unwrap_or(0);
        compare(queue, function, window, out);
    }
}

fn compare(queue: &Resource, function: &Resource, window: i64, out: &mut Diagnostics) {
    let visibility = queue.get(&queue::VISIBILITY_TIMEOUT).as_int();
    let timeout = function.get(&function::TIMEOUT).as_int();
    let (Some(visibility), Some(timeout)) = (visibility, timeout) else { return };
    let advised = 6 * timeout + window;
    let code = match visibility {
        short if short < timeout => &TOO_SHORT,
        short if short < advised => &SHORT,
        _ => return,
    };
    let show = |seconds| Unit::Seconds.format(seconds);
    let message = format!(
        "`{}` hides messages for {}, and `{}` may take {}; {} is advised",
        queue.address,
        show(visibility),
        function.address,
        show(timeout),
        show(advised),
    );
    // The other way round, where whole seconds allow it.
    let shorter = Some((visibility - window) / 6).filter(|shorter| *shorter >= 1);
    let shorter = shorter
        .map_or_else(String::new, |shorter| format!(", or `timeout: {}` on {}", show(shorter), function.address));
    let help = format!("Set `visibility_timeout: {}` on {}{shorter}.", show(advised), queue.address);
    let span = queue.span(queue::VISIBILITY_TIMEOUT.key);
    out.push(Diagnostic::new(code, message).at(span).of(&queue.address).help(help));
}
