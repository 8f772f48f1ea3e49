//! Events over HTTP, stored once, as `api.yaml` says it.

use std::process::ExitCode;

use queuestack::construct::*;

/// Describes the stack.
#[must_use]
pub fn stack() -> Stack {
    let mut stack = Stack::new("api").description("Events over HTTP, stored once");

    let events = Queue::new(&mut stack, "events-queue")
        .visibility_timeout(mins(1))
        .message_retention(days(4))
        .dead_letter(5)
        .build();
    events.dead_letters().alarm(&mut stack, 1);
    events.alarm_backlog(&mut stack, 1_000);
    events.alarm_age(&mut stack, mins(15));

    let ingest = Worker::new(&mut stack, "ingest").package("ingest").timeout(secs(10)).build();
    events.grant_send(&mut stack, &ingest);
    HttpApi::new(&mut stack, "ingest-api")
        .description("Takes events and puts them into the queue")
        .route_that("POST /events", &ingest, |route| route.timeout(secs(15)))
        .throttle(Throttle::new().rate(100).burst(200))
        .build();

    let by_type = GlobalIndex::new().name("by-type").partition_key("type").sort_key("occurred_at");
    let stored = Table::new(&mut stack, "events")
        .partition_key("tenant")
        .sort_key("id")
        .time_to_live("expires_at")
        .indexes([by_type])
        .build();
    let processing = Worker::new(&mut stack, "processing")
        .package("processing")
        .consumes(&events)
        .timeout(secs(10))
        .environment("EVENT_KEEP_DAYS", 365)
        .build();
    stored.grant_write(&mut stack, &processing);

    stack
}

fn main() -> ExitCode {
    queuestack::main(stack())
}
