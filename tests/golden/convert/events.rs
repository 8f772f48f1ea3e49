//! The stack `events`; `queuestack convert` wrote it from a stack file.

use std::process::ExitCode;

use queuestack::construct::*;

/// Describes the stack.
#[must_use]
pub fn stack() -> Stack {
    let mut stack = Stack::new("events").description("What happens to orders, brought to those whom it concerns");
    let acme_queue = Queue::new(&mut stack, "acme-queue")
        .dead_letter(5)
        .alarms(QueueAlarms::new().dead_letters(1).backlog(1000).age(mins(15)))
        .build();
    let audit_queue = Queue::new(&mut stack, "audit-queue")
        .dead_letter(5)
        .alarms(QueueAlarms::new().dead_letters(1).backlog(1000).age(mins(15)))
        .build();
    let billing_queue = Queue::new(&mut stack, "billing-queue")
        .dead_letter(5)
        .alarms(QueueAlarms::new().dead_letters(1).backlog(1000).age(mins(15)))
        .build();
    let returns_queue = Queue::new(&mut stack, "returns-queue")
        .dead_letter(5)
        .alarms(QueueAlarms::new().dead_letters(1).backlog(1000).age(mins(15)))
        .build();
    let billing_queue_dlq = Queue::later(&mut stack, "billing-queue-dlq");
    let acme_queue_dlq = Queue::later(&mut stack, "acme-queue-dlq");
    let audit_queue_dlq = Queue::later(&mut stack, "audit-queue-dlq");
    Topic::new(&mut stack, "order-events")
        .subscriptions([Subscriber::new().queue(&billing_queue).filter(json!({"type": ["order.paid", "order.refunded"]})).dead_letter_queue(&billing_queue_dlq), Subscriber::new().queue(&acme_queue).filter(json!({"tenantId": ["acme"]})).filter_scope(FilterScope::Body).dead_letter_queue(&acme_queue_dlq), Subscriber::new().queue(&audit_queue).raw(false).dead_letter_queue(&audit_queue_dlq)])
        .build();
    let couriers = Bus::new(&mut stack, "couriers").description("What couriers tell of parcels").build();
    let returns_queue_dlq = Queue::later(&mut stack, "returns-queue-dlq");
    Rule::new(&mut stack, "returned")
        .bus(&couriers)
        .description("Parcels that come back")
        .pattern(json!({"detail-type": ["ParcelReturned"], "source": ["courier"]}))
        .targets([Target::new().queue(&returns_queue).dead_letter_queue(&returns_queue_dlq).retry(Retry::new().attempts(24).age(hours(6))).input_transformer(InputTransformer::new().paths("parcel", "$.detail").paths("tenant", "$.detail.tenantId").paths("time", "$.time").template("{\"type\": \"parcel.returned\", \"payload\": <parcel>, \"createdAt\": <time>, \"tenantId\": <tenant>}"))])
        .build();
    stack
}

fn main() -> ExitCode {
    queuestack::main(stack())
}
