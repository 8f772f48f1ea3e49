//! Events over HTTP, as `api.yaml` says it.

use std::process::ExitCode;

use queuestack::construct::*;

/// Describes the stack.
#[must_use]
pub fn stack() -> Stack {
    let mut stack = Stack::new("api").description("Events over HTTP");

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

    stack
}

fn main() -> ExitCode {
    queuestack::main(stack())
}
