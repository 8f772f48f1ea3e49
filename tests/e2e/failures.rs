//! Steps that fail: what is independent goes on, what depends is skipped, and a second run converges.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::support::{Account, Failure, StackFile, Stub, run, stub};

const STACK: &str = "stack: fails\nqueues:\n  one: {redrive: {max_receive_count: 2}}\n  two: {alarms: {age: {}}}\n";

fn converges(stub: &Stub, file: &StackFile) {
    stub.heal();
    run(&stub.endpoint(), &["apply", file.path(), "--yes"]).exits(0);
    run(&stub.endpoint(), &["plan", file.path(), "--detailed-exitcode"]).exits(0);
}

#[test]
fn a_failing_step_stops_only_what_needs_it() {
    let stub = stub(0);
    let file = StackFile::new("fails", STACK);
    stub.fail(Failure::of("sqs.CreateQueue", "AccessDenied").about(r#""one-dlq""#));
    let output = run(&stub.endpoint(), &["apply", file.path(), "--yes"]).exits(1);
    let output = output
        .says("error: queue.one-dlq: cannot create: sqs CreateQueue: AccessDenied: The test wants this to fail. (request id 0")
        .says("skipped: queue.one: queue.one-dlq is not done")
        .says("error: 1 failed, 1 not tried, 2 done; run the same command again to go on from here");
    assert!(!output.stdout.contains("Done:"), "{}", output.stdout);
    let account = Account::new(&stub.endpoint());
    assert_eq!(account.queues_of("fails"), BTreeSet::from(["two".to_owned()]));
    assert_eq!(account.alarms_of("fails"), BTreeSet::from(["two-age".to_owned()]));
    converges(&stub, &file);
    assert_eq!(account.queues_of("fails").len(), 3);
}

#[test]
fn a_failing_update_or_delete_is_told_and_tried_again() {
    let stub = stub(0);
    let file = StackFile::new("fails-later", STACK);
    converges(&stub, &file);
    file.write("stack: fails\nqueues:\n  one: {delay: 3s}\n");
    stub.fail(Failure::of("sqs.SetQueueAttributes", "InvalidAttributeValue").about("/one\""));
    stub.fail(Failure::of("cloudwatch.DeleteAlarms", "AccessDenied"));
    let output = run(&stub.endpoint(), &["apply", file.path(), "--yes"]).exits(1);
    output
        .says("queue.one: cannot update: sqs SetQueueAttributes: InvalidAttributeValue: ")
        .says("alarm.two-age: cannot delete: cloudwatch DeleteAlarms: AccessDenied: ")
        .says("skipped: queue.one-dlq: queue.one is not done");
    converges(&stub, &file);
    let account = Account::new(&stub.endpoint());
    assert_eq!((account.queues_of("fails").len(), account.alarms_of("fails").len()), (1, 0));
}

#[test]
fn a_read_that_fails_ends_the_command_before_anything_is_done() {
    let stub = stub(0);
    let file = StackFile::new("fails-reading", STACK);
    for operation in ["sqs.ListQueues", "cloudwatch.DescribeAlarms", "sts.GetCallerIdentity"] {
        stub.fail(Failure::of(operation, "AccessDenied"));
        let output = run(&stub.endpoint(), &["apply", file.path(), "--yes"]).exits(1);
        output.says("AccessDenied: The test wants this to fail. (request id ");
        stub.heal();
    }
    assert!(Account::new(&stub.endpoint()).queues().is_empty());
}

#[test]
fn the_cool_down_of_a_name_is_waited_for() {
    let stub = stub(0);
    let file = StackFile::new("cool-down", "stack: cool\nqueues: {cool: {}}\n");
    stub.fail(Failure::of("sqs.CreateQueue", "QueueDeletedRecently").times(3));
    let output = run(&stub.endpoint(), &["apply", file.path(), "--yes"]).exits(0);
    output.says("queue.cool: waiting, a queue of this name was deleted less than 60 s ago");
    assert_eq!(stub.counts()["sqs.CreateQueue"], 4);
}

#[test]
fn throttled_calls_are_repeated() {
    let stub = stub(0);
    let file = StackFile::new("throttled", STACK);
    for operation in ["sqs.CreateQueue", "sqs.ListQueues", "cloudwatch.PutMetricAlarm", "cloudwatch.DescribeAlarms"] {
        stub.fail(Failure::of(operation, "ThrottlingException").times(2));
    }
    run(&stub.endpoint(), &["apply", file.path(), "--yes"]).exits(0);
    run(&stub.endpoint(), &["plan", file.path(), "--detailed-exitcode"]).exits(0);
}

#[test]
fn a_create_is_one_call_and_an_empty_plan_keeps_its_budget() {
    let stub = stub(0);
    let mut text = "stack: budget\nqueues:\n".to_owned();
    for unit in 0..100 {
        let _ = writeln!(
            text,
            "  job-{unit:03}: {{redrive: {{max_receive_count: 3}}, alarms: {{dead_letters: {{}}, backlog: {{}}}}}}"
        );
    }
    let file = StackFile::new("budget", &text);
    run(&stub.endpoint(), &["apply", file.path(), "--yes"]).exits(0);
    let counts = stub.counts();
    let writes = ["sqs.CreateQueue", "cloudwatch.PutMetricAlarm", "sqs.SetQueueAttributes", "sqs.TagQueue"];
    let writes = writes.map(|operation| counts.get(operation).copied().unwrap_or(0));
    assert_eq!(writes, [200, 200, 0, 0]);
    assert_eq!(counts.get("cloudwatch.TagResource"), None);

    stub.reset_counts();
    run(&stub.endpoint(), &["plan", file.path(), "--detailed-exitcode"]).exits(0);
    let queues = 200;
    assert!(stub.requests() <= 2 * queues + queues / 50 + 10, "{:?}", stub.counts());
}

#[test]
fn what_is_gone_before_it_is_deleted_is_no_failure() {
    let stub = stub(100);
    let account = Account::new(&stub.endpoint());
    let file = StackFile::new("gone", "stack: gone\nqueues: {gone: {alarms: {age: {}}}}\n");
    run(&stub.endpoint(), &["apply", file.path(), "--yes"]).exits(0);
    stub.reset_counts();
    let destroying = crate::support::Run::new(&["destroy", file.path(), "--yes"]).at(&stub.endpoint()).spawn();
    crate::support::until("the plan has been read", || {
        stub.counts().contains_key("cloudwatch.ListTagsForResource")
            || stub.counts().contains_key("tagging.GetResources")
    });
    account.delete_alarm("gone-age");
    crate::support::run::wait(destroying).exits(0);
}
