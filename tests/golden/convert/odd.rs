//! The stack `odd`; `queuestack convert` wrote it from a stack file.

use std::process::ExitCode;

use queuestack::construct::*;

/// Describes the stack.
#[must_use]
pub fn stack() -> Stack {
    let mut stack = Stack::new("odd")
        .description("What is hard: \"quotes\", # signs and ${literal:text}")
        .tag("cost", "yes")
        .tag("team", "007")
        .ignore_tags("cost:*");
    Function::defaults(&mut stack).memory(mib(512)).set();
    Worker::defaults(&mut stack).log_retention(days(30)).set();
    let orders = Queue::new(&mut stack, "orders")
        .visibility_timeout(mins(2))
        .fifo(true)
        .dead_letter(5)
        .tls_only(false)
        .tag("team", "other")
        .build();
    let plain = Queue::later(&mut stack, "plain");
    Queue::new(&mut stack, "plain")
        .name("plain-dev")
        .max_message_size(bytes(2000))
        .kms_key("alias/jobs")
        .redrive_allow(RedriveAllow::new().permission(RedrivePermission::DenyAll))
        .policy(json!({"Statement": {"Action": ["sqs:SendMessage"], "Condition": {"StringEquals": {"aws:PrincipalTag/team": "${aws:ResourceTag/team}"}}, "Effect": "Allow", "Principal": {"AWS": account()}, "Resource": plain.arn(), "Sid": "Senders"}}))
        .alarms(QueueAlarms::new().backlog(CountAlarm::new().threshold(10.5)).age(Off))
        .build();
    Function::new(&mut stack, "caller")
        .timeout(secs(12))
        .environment("NUMBER", "13")
        .logging(Logging::new().system_level(SystemLogLevel::Warn))
        .build();
    Worker::new(&mut stack, "caller")
        .name("caller-dev")
        .artifact("build/caller.zip")
        .queue(&orders)
        .batch(Batch::new().filters([json!({"body": {"type": ["order"]}})]))
        .environment("API_KEY", std::env::var("API_KEY").unwrap_or_default())
        .environment("NUMBER", "0012")
        .environment("OTHER", plain.url())
        .environment("PRICE", "${not_a_variable} costs $5")
        .secrets(["API_KEY"])
        .grants([Grant::new().send(&plain)])
        .alarms(WorkerAlarms::new().throttles(Off).duration(DurationAlarm::new().threshold(secs(10)).actions([arn("arn:aws:sns:us-east-1:000000000000:alarms")])))
        .tag("owner", "me")
        .build();
    stack
}

fn main() -> ExitCode {
    queuestack::main(stack())
}
