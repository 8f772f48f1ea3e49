//! Calendar synchronisation and notifications, as `calendar.yaml` says it.
//!
//! `cargo run --example calendar -- plan` plans it, `-- synth` prints it as a stack file.

use std::process::ExitCode;

use queuestack::construct::*;

/// Describes the stack.
///
/// What differs between uses comes from the environment: `ALARM_TOPIC` is the ARN of the SNS topic that alarms notify,
/// `STORES` names the stores that the workers' binaries carry, the others are what the workers read under the same names.
#[must_use]
pub fn stack() -> Stack {
    let given = |name: &str| std::env::var(name).unwrap_or_default();
    let idempotency = std::env::var("IDEMPOTENCY_STORE").unwrap_or_default();
    let stores = std::env::var("STORES").ok().filter(|stores| !stores.is_empty()).unwrap_or("dynamodb".to_owned());
    let mut stack =
        Stack::new("calendar").description("Calendar synchronisation and notifications").tag("team", "scheduling");
    Alarm::defaults(&mut stack).actions(std::env::var("ALARM_TOPIC").ok().map(arn)).set();

    let sync = Queue::new(&mut stack, "calendar-sync-queue")
        .visibility_timeout(mins(5))
        .message_retention(days(4))
        .receive_wait_time(secs(20))
        .dead_letter(3)
        .build();
    sync.dead_letters().alarm(&mut stack, 1);
    sync.alarm_backlog(&mut stack, 1_000);
    sync.alarm_age(&mut stack, mins(15));

    let dead_notifications = Queue::new(&mut stack, "notification-dlq").message_retention(days(14)).build();
    let notifications = Queue::new(&mut stack, "notification-queue")
        .visibility_timeout(secs(30))
        .dead_letter_to(&dead_notifications, 3)
        .build();
    notifications.dead_letters().alarm(&mut stack, 1);
    notifications.alarm_backlog(&mut stack, 1_000);

    let syncing = Worker::new(&mut stack, "calendar-sync")
        .package("calendar-sync")
        .features([&stores])
        .consumes(&sync)
        .timeout(secs(50))
        .memory(mib(256))
        .architecture(Architecture::X86_64)
        .batch(Batch::new().size(10).window(secs(0)).max_concurrency(5))
        .environment("CALENDAR_STORE", given("CALENDAR_STORE"))
        .environment("CALENDAR_CREDENTIALS", given("CALENDAR_CREDENTIALS"))
        .environment("IDEMPOTENCY_STORE", &idempotency)
        .environment("OUTBOUND_ALLOW", given("OUTBOUND_ALLOW"))
        .secrets(["CALENDAR_STORE", "CALENDAR_CREDENTIALS", "IDEMPOTENCY_STORE"])
        .build();
    notifications.grant_send(&mut stack, &syncing);
    Worker::new(&mut stack, "notification")
        .package("notification")
        .features([&stores])
        .consumes(&notifications)
        .timeout(secs(5))
        .environment("IDEMPOTENCY_STORE", &idempotency)
        .environment("SMTP_URL", given("SMTP_URL"))
        .environment("MAIL_FROM", given("MAIL_FROM"))
        .environment("WEBHOOK_SECRETS", given("WEBHOOK_SECRETS"))
        .environment("OUTBOUND_ALLOW", given("OUTBOUND_ALLOW"))
        .secrets(["IDEMPOTENCY_STORE", "SMTP_URL", "WEBHOOK_SECRETS"])
        .build();

    stack
}

fn main() -> ExitCode {
    queuestack::main(stack())
}
