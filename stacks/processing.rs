//! Events that are stored once, as `processing.yaml` says it.

use std::process::ExitCode;

use queuestack::construct::*;

/// Describes the stack.
#[must_use]
pub fn stack() -> Stack {
    let mut stack = Stack::new("processing").description("Events that are stored once");

    let queue = Queue::new(&mut stack, "events-queue").visibility_timeout(secs(60)).dead_letter(5).build();
    queue.dead_letters().alarm(&mut stack, 1);
    queue.alarm_backlog(&mut stack, 1_000);
    queue.alarm_age(&mut stack, mins(15));

    let by_type = GlobalIndex::new().name("by-type").partition_key("type").sort_key("occurred_at");
    let events = Table::new(&mut stack, "events")
        .partition_key("tenant")
        .sort_key("id")
        .time_to_live("expires_at")
        .indexes([by_type])
        .build();

    let worker = Worker::new(&mut stack, "processing")
        .package("processing")
        .consumes(&queue)
        .timeout(secs(10))
        .environment("EVENT_KEEP_DAYS", 365)
        .build();
    events.grant_write(&mut stack, &worker);

    stack
}

fn main() -> ExitCode {
    queuestack::main(stack())
}
