//! The stack `calsync-jobs`; `queuestack convert` wrote it from a stack file.

use std::process::ExitCode;

use queuestack::construct::*;

/// Describes the stack.
#[must_use]
pub fn stack() -> Stack {
    let mut stack = Stack::new("calsync-jobs")
        .description("Jobs of calendar synchronisation, handled by a long-running process");
    Queue::new(&mut stack, "calsync-jobs")
        .visibility_timeout(mins(5))
        .dead_letter(3)
        .alarms(QueueAlarms::new().dead_letters(1).backlog(1000))
        .build();
    stack
}

fn main() -> ExitCode {
    queuestack::main(stack())
}
