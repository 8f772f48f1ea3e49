//! The stack `minimal`; `queuestack convert` wrote it from a stack file.

use std::process::ExitCode;

use queuestack::construct::*;

/// Describes the stack.
#[must_use]
pub fn stack() -> Stack {
    let mut stack = Stack::new("minimal").description("One queue with a dead-letter queue and an alarm on it");
    Queue::new(&mut stack, "jobs")
        .visibility_timeout(secs(30))
        .dead_letter(5)
        .alarms(QueueAlarms::new().dead_letters(1))
        .build();
    stack
}

fn main() -> ExitCode {
    queuestack::main(stack())
}
