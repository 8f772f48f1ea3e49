//! Asynchronous orders, as `orders.yaml` says it.

use std::process::ExitCode;

use queuestack::construct::*;

/// Describes the stack.
#[must_use]
pub fn stack() -> Stack {
    let mut stack = Stack::new("orders").description("Asynchronous orders");

    let dead = Queue::new(&mut stack, "order-dlq").message_retention(days(14)).build();
    let orders = Queue::new(&mut stack, "order-processing-queue")
        .visibility_timeout(secs(30))
        .message_retention(hours(24))
        .receive_wait_time(secs(20))
        .dead_letter_to(&dead, 3)
        .build();
    orders.dead_letters().alarm(&mut stack, 1);
    orders.alarm_age(&mut stack, mins(15));

    stack
}

fn main() -> ExitCode {
    queuestack::main(stack())
}
