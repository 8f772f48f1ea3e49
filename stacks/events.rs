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

    let couriers = Bus::new(&mut stack, "couriers").description("What couriers tell of parcels").build();
    let alarms = QueueAlarms::new().dead_letters(1).backlog(1_000).age(mins(15));
    let returns = Queue::new(&mut stack, "returns-queue").dead_letter(5).alarms(alarms).build();
    // A job, as workers read it.
    let job = InputTransformer::new().paths("parcel", "$.detail").paths("tenant", "$.detail.tenantId");
    let job = job
        .paths("time", "$.time")
        .template(r#"{"type": "parcel.returned", "payload": <parcel>, "createdAt": <time>, "tenantId": <tenant>}"#);
    let retry = Retry::new().attempts(24).age(hours(6));
    Rule::new(&mut stack, "returned")
        .bus(&couriers)
        .description("Parcels that come back")
        .pattern(json!({"source": ["courier"], "detail-type": ["ParcelReturned"]}))
        .to(Target::from(&returns).retry(retry).input_transformer(job))
        .build();

    stack
}

fn main() -> ExitCode {
    queuestack::main(stack())
}
