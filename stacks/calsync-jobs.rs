//! Jobs of calendar synchronisation, handled by a long-running process, as `calsync-jobs.yaml` says it.

use std::process::ExitCode;

use queuestack::construct::*;

/// Describes the stack.
#[must_use]
pub fn stack() -> Stack {
    let mut stack =
        Stack::new("calsync-jobs").description("Jobs of calendar synchronisation, handled by a long-running process");

    let jobs = Queue::new(&mut stack, "calsync-jobs").visibility_timeout(mins(5)).dead_letter(3).build();
    jobs.dead_letters().alarm(&mut stack, 1);
    jobs.alarm_backlog(&mut stack, 1_000);

    stack
}

fn main() -> ExitCode {
    queuestack::main(stack())
}
