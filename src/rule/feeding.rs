//! A queue, its function and the mapping between them fit each other.

use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity};
use crate::kind::{Kind, Row, function, mapping, queue};
use crate::model::{Resource, Stack};

/// A FIFO batch over ten.
pub static FIFO_BATCH: Code = Code {
    id: "QS330",
    severity: Severity::Error,
    title: "a batch of more than 10 messages from a FIFO queue",
    reason: "Lambda takes at most 10 messages of a FIFO queue at once.",
    fix: "Lower `batch_size` to 10.",
    link: "https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html",
};

/// A FIFO window.
pub static FIFO_WINDOW: Code = Code {
    id: "QS331",
    severity: Severity::Error,
    title: "a batching window on a FIFO queue",
    reason: "Lambda gathers no batches of FIFO queues and refuses a window.",
    fix: "Remove `window`.",
    link: "https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html",
};

/// A mapping that invokes more than the function may run.
pub static OVER_RESERVED: Code = Code {
    id: "QS332",
    severity: Severity::Error,
    title: "a maximum concurrency above the function's reserved concurrency",
    reason: "What the mapping delivers beyond the reserved concurrency is throttled, and every throttled batch burns a receive.",
    fix: "Lower `max_concurrency`, or raise `reserved_concurrency`.",
    link: "https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html",
};

/// Where nothing will ever arrive.
pub static NOT_ASYNCHRONOUS: Code = Code {
    id: "QS333",
    severity: Severity::Warning,
    title: "a destination for asynchronous failures on a function that a queue feeds",
    reason: "Lambda invokes it synchronously for a queue: failed messages go to the queue's dead-letter queue and never here.",
    fix: "Remove it, and give the queue a `redrive:`. Keep it only if something else invokes the function asynchronously.",
    link: "https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html",
};

/// All codes of this file.
pub const CODES: &[&Code] = &[&FIFO_BATCH, &FIFO_WINDOW, &OVER_RESERVED, &NOT_ASYNCHRONOUS];

/// One mapping with those of its ends that are in the stack.
pub struct Feed<'a> {
    /// The mapping.
    pub mapping: &'a Resource,
    /// The queue.
    pub queue: Option<&'a Resource>,
    /// The function.
    pub function: Option<&'a Resource>,
}

/// Goes through the mappings of a stack.
pub fn feeds(stack: &Stack) -> impl Iterator<Item = Feed<'_>> {
    let mappings = stack.of_kind(mapping::Mapping.name());
    mappings.map(|mapping| {
        let end = |row: &Row| stack.resources.get(mapping.get(row).as_ref()?.address()?);
        Feed { mapping, queue: end(&mapping::QUEUE), function: end(&mapping::FUNCTION) }
    })
}

/// Reports mappings that do not fit their ends.
pub fn check(stack: &Stack, out: &mut Diagnostics) {
    for feed in feeds(stack) {
        if let Some(queue) = feed.queue.filter(|queue| queue.get(&queue::FIFO).as_bool() == Some(true)) {
            fifo(queue, feed.mapping, out);
        }
        if let Some(function) = feed.function {
            concurrency(function, feed.mapping, out);
            destinations(function, feed.mapping, out);
        }
    }
}

fn fifo(queue: &Resource, mapping: &Resource, out: &mut Diagnostics) {
    let int = |row: &Row| mapping.get(row).as_int().unwrap_or(0);
    let mut tell = |code: &'static Code, row: &Row, message: String| {
        out.push(Diagnostic::new(code, message).at(mapping.span(row.key)).of(&mapping.address));
    };
    if int(&mapping::BATCH_SIZE) > 10 {
        let message = format!("`batch_size` is {} and `{}` is FIFO", int(&mapping::BATCH_SIZE), queue.address);
        tell(&FIFO_BATCH, &mapping::BATCH_SIZE, message);
    }
    if int(&mapping::WINDOW) > 0 {
        tell(&FIFO_WINDOW, &mapping::WINDOW, format!("`window` is set and `{}` is FIFO", queue.address));
    }
}

fn concurrency(function: &Resource, mapping: &Resource, out: &mut Diagnostics) {
    let most = mapping.get(&mapping::MAX_CONCURRENCY).as_int();
    let reserved = function.get(&function::RESERVED_CONCURRENCY).as_int();
    let Some((most, reserved)) = most.zip(reserved).filter(|(most, reserved)| most > reserved) else { return };
    let message = format!("`max_concurrency` is {most} and `{}` reserves {reserved}", function.address);
    let span = mapping.span(mapping::MAX_CONCURRENCY.key);
    out.push(Diagnostic::new(&OVER_RESERVED, message).at(span).of(&mapping.address));
}

fn destinations(function: &Resource, mapping: &Resource, out: &mut Diagnostics) {
    for row in [&function::DEAD_LETTER, &function::ON_FAILURE] {
        if function.get(row).is_null() {
            continue;
        }
        let message =
            format!("`{}` is fed by `{}`, which never uses its `{}`", function.address, mapping.address, row.key);
        out.push(Diagnostic::new(&NOT_ASYNCHRONOUS, message).at(function.span(row.key)).of(&function.address));
    }
}
