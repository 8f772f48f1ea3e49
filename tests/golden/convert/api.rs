//! The stack `api`; `queuestack convert` wrote it from a stack file.

use std::process::ExitCode;

use queuestack::construct::*;

/// Describes the stack.
#[must_use]
pub fn stack() -> Stack {
    let mut stack = Stack::new("api").description("Events over HTTP, stored once");
    let events_queue = Queue::new(&mut stack, "events-queue")
        .visibility_timeout(mins(1))
        .message_retention(days(4))
        .dead_letter(5)
        .alarms(QueueAlarms::new().dead_letters(1).backlog(1000).age(mins(15)))
        .build();
    let events = Table::new(&mut stack, "events")
        .partition_key(PartitionKey::new().name("tenant"))
        .sort_key(SortKey::new().name("id"))
        .time_to_live("expires_at")
        .indexes([GlobalIndex::new().name("by-type").partition_key(PartitionKey::new().name("type")).sort_key(SortKey::new().name("occurred_at"))])
        .build();
    let ingest = Function::later(&mut stack, "ingest");
    HttpApi::new(&mut stack, "ingest-api")
        .description("Takes events and puts them into the queue")
        .routes([Route::new().route("POST /events").function(&ingest).timeout(secs(15))])
        .throttle(Throttle::new().rate(100).burst(200))
        .build();
    Worker::new(&mut stack, "ingest")
        .package("ingest")
        .timeout(secs(10))
        .grants([Grant::new().send(&events_queue)])
        .build();
    Worker::new(&mut stack, "processing")
        .package("processing")
        .queue(&events_queue)
        .timeout(secs(10))
        .environment("EVENT_KEEP_DAYS", "365")
        .grants([Grant::new().write(&events)])
        .build();
    stack
}

fn main() -> ExitCode {
    queuestack::main(stack())
}
