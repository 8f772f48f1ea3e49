//! One queue with a dead-letter queue and an alarm on it, as `minimal.yaml` says it.

use std::process::ExitCode;

use queuestack::construct::*;

/// Describes the stack.
#[must_use]
pub fn stack() -> Stack {
    let mut stack = Stack::new("minimal").description("One queue with a dead-letter queue and an alarm on it");

    let jobs = Queue::new(&mut stack, "jobs").visibility_timeout(secs(30)).dead_letter(5).build();
    jobs.dead_letters().alarm(&mut stack, 1);

    stack
}

fn main() -> ExitCode {
    queuestack::main(stack())
}
