//! The stack `guarded`; `queuestack convert` wrote it from a stack file.

use std::process::ExitCode;

use queuestack::construct::*;

/// Describes the stack.
#[must_use]
pub fn stack() -> Stack {
    let mut stack = Stack::new("guarded")
        .account("000000000001")
        .account("123456789012")
        .region("eu-central-1")
        .region("us-east-1");
    let jobs = Queue::new(&mut stack, "jobs").protect(true).dead_letter(5).build();
    Role::new(&mut stack, "admin").name(format!("admin-{}", region())).build();
    Worker::new(&mut stack, "jobs")
        .package("jobs")
        .queue(&jobs)
        .environment("PASSWORD", secrets_manager("jobs#password"))
        .environment("TOKEN", ssm("/jobs/token"))
        .environment("URL", format!("https://{}/{}", secrets_manager("host"), region()))
        .build();
    Queue::later(&mut stack, "jobs").moved_from(&mut stack, "jobs-before");
    Queue::later(&mut stack, "jobs-dlq").moved_from(&mut stack, "jobs-before-dlq");
    stack
}

fn main() -> ExitCode {
    queuestack::main(stack())
}
