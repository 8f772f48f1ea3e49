//! The stack `orders`; `queuestack convert` wrote it from a stack file.

use std::process::ExitCode;

use queuestack::construct::*;

/// Describes the stack.
#[must_use]
pub fn stack() -> Stack {
    let mut stack = Stack::new("orders").description("Asynchronous orders");
    let order_dlq = Queue::new(&mut stack, "order-dlq").message_retention(days(14)).build();
    Queue::new(&mut stack, "order-processing-queue")
        .visibility_timeout(secs(30))
        .message_retention(days(1))
        .receive_wait_time(secs(20))
        .dead_letter_to(&order_dlq, 3)
        .alarms(QueueAlarms::new().dead_letters(1).age(mins(15)))
        .build();
    stack
}

fn main() -> ExitCode {
    queuestack::main(stack())
}
