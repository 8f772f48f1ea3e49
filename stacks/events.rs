//! What happens to orders, fanned out, as `events.yaml` says it.

use std::process::ExitCode;

use queuestack::construct::*;

/// Describes the stack.
#[must_use]
pub fn stack() -> Stack {
    let mut stack = Stack::new("events").description("What happens to orders, brought to those whom it concerns");

    let orders = FanOut::new(&mut stack, "order-events").build();
    orders.to(&mut stack, "billing").only("type", ["order.paid", "order.refunded"]).build();
    orders.to(&mut stack, "acme").in_body().only("tenantId", ["acme"]).build();
    orders.to(&mut stack, "audit").wrapped().build();

    stack
}

fn main() -> ExitCode {
    queuestack::main(stack())
}
