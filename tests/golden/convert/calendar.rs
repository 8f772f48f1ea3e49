//! The stack `calendar`; `queuestack convert` wrote it from a stack file.

use std::process::ExitCode;

use queuestack::construct::*;

/// Describes the stack.
#[must_use]
pub fn stack() -> Stack {
    let mut stack = Stack::new("calendar")
        .description("Calendar synchronisation and notifications")
        .tag("team", "scheduling");
    Alarm::defaults(&mut stack).actions([] as [Arn; 0]).set();
    let calendar_sync_queue = Queue::new(&mut stack, "calendar-sync-queue")
        .visibility_timeout(mins(5))
        .message_retention(days(4))
        .receive_wait_time(secs(20))
        .dead_letter(3)
        .alarms(QueueAlarms::new().dead_letters(1).backlog(1000).age(mins(15)))
        .build();
    let notification_dlq = Queue::new(&mut stack, "notification-dlq").message_retention(days(14)).build();
    let notification_queue = Queue::new(&mut stack, "notification-queue")
        .visibility_timeout(secs(30))
        .dead_letter_to(&notification_dlq, 3)
        .alarms(QueueAlarms::new().dead_letters(1).backlog(1000))
        .build();
    Worker::new(&mut stack, "calendar-sync")
        .package("calendar-sync")
        .features(["dynamodb"])
        .queue(&calendar_sync_queue)
        .timeout(secs(50))
        .memory(mib(256))
        .architecture(Architecture::X86_64)
        .batch(Batch::new().size(10).window(secs(0)).max_concurrency(5))
        .environment("CALENDAR_CREDENTIALS", std::env::var("CALENDAR_CREDENTIALS").unwrap_or_default())
        .environment("CALENDAR_STORE", std::env::var("CALENDAR_STORE").unwrap_or_default())
        .environment("IDEMPOTENCY_STORE", std::env::var("IDEMPOTENCY_STORE").unwrap_or_default())
        .environment("OUTBOUND_ALLOW", "")
        .secrets(["CALENDAR_STORE", "CALENDAR_CREDENTIALS", "IDEMPOTENCY_STORE"])
        .grants([Grant::new().send(&notification_queue)])
        .build();
    Worker::new(&mut stack, "notification")
        .package("notification")
        .features(["dynamodb"])
        .queue(&notification_queue)
        .timeout(secs(5))
        .environment("IDEMPOTENCY_STORE", std::env::var("IDEMPOTENCY_STORE").unwrap_or_default())
        .environment("MAIL_FROM", "")
        .environment("OUTBOUND_ALLOW", "")
        .environment("SMTP_URL", std::env::var("SMTP_URL").unwrap_or_default())
        .environment("WEBHOOK_SECRETS", std::env::var("WEBHOOK_SECRETS").unwrap_or_default())
        .secrets(["IDEMPOTENCY_STORE", "SMTP_URL", "WEBHOOK_SECRETS"])
        .build();
    stack
}

fn main() -> ExitCode {
    queuestack::main(stack())
}
