//! A queue that holds messages is not deleted, replaced or cut short without explicit consent.

use crate::support::{Account, StackFile, emulator, run};

#[track_caller]
fn refused(file: &StackFile, verb: &str, words: &str) {
    let endpoint = emulator::endpoint();
    let output = run(endpoint, &[verb, file.path(), "--yes"]).exits(1);
    output.says(words).says("consent with --allow-data-loss queue.");
}

#[test]
fn deleting_a_queue_that_holds_messages_needs_consent() {
    let (endpoint, account) = (emulator::endpoint(), Account::new(emulator::endpoint()));
    let file = StackFile::new("loss-delete", "stack: loss-delete\nqueues: {loss-a: {}, loss-b: {}}\n");
    run(endpoint, &["apply", file.path(), "--yes"]).exits(0);
    account.send("loss-b", 3);
    file.write("stack: loss-delete\nqueues: {loss-a: {delay: 1s}}\n");
    let planned = run(endpoint, &["plan", file.path()]).exits(0);
    planned.prints("loses 3 messages in loss-b (needs --allow-data-loss queue.loss-b)");
    refused(&file, "apply", "queue.loss-b: would lose 3 messages in loss-b");
    let mistyped = run(endpoint, &["apply", file.path(), "--yes", "--allow-data-loss", "queue.los-b"]).exits(1);
    mistyped.says("error: neither the stack nor the plan has `queue.los-b`. ").says("queue.loss-b");
    assert_eq!(account.attributes("loss-a")["DelaySeconds"], "0", "nothing was changed");
    run(endpoint, &["apply", file.path(), "--yes", "--allow-data-loss", "queue.loss-b"]).exits(0);
    assert_eq!(account.queues_of("loss-delete").into_iter().collect::<Vec<_>>(), ["loss-a"]);
}

#[test]
fn destroying_a_queue_that_holds_messages_needs_consent() {
    let (endpoint, account) = (emulator::endpoint(), Account::new(emulator::endpoint()));
    let file = StackFile::new("loss-destroy", "stack: loss-destroy\nqueues: {loss-c: {}, loss-d: {}}\n");
    run(endpoint, &["apply", file.path(), "--yes"]).exits(0);
    account.send("loss-c", 1);
    refused(&file, "destroy", "queue.loss-c: would lose 1 message in loss-c");
    assert_eq!(account.queues_of("loss-destroy").len(), 2, "nothing was deleted");
    run(endpoint, &["destroy", file.path(), "--yes", "--allow-data-loss", "queue.loss-c"]).exits(0);
    assert_eq!(account.queues_of("loss-destroy").len(), 0);
}

#[test]
fn becoming_fifo_replaces_the_queue_and_needs_consent() {
    let (endpoint, account) = (emulator::endpoint(), Account::new(emulator::endpoint()));
    let text = |fifo: bool| {
        format!(
            "stack: loss-fifo\nqueues: {{loss-e: {{fifo: {fifo}, redrive: {{max_receive_count: 2}}, alarms: {{age: {{}}}}}}}}\n"
        )
    };
    let file = StackFile::new("loss-fifo", &text(false));
    run(endpoint, &["apply", file.path(), "--yes"]).exits(0);
    account.send("loss-e", 2);
    file.write(&text(true));
    // What only FIFO queues have is new, and nothing of it is the endpoint's fault.
    let plan = run(endpoint, &["plan", file.path(), "--json"]).exits(0).json();
    assert_eq!(plan["notes"], serde_json::json!([]));
    let steps = plan["steps"].as_array().unwrap();
    let step = steps.iter().find(|step| step["address"] == "queue.loss-e" && step["action"] == "replace").unwrap();
    let shown: Vec<_> =
        step["changes"].as_array().unwrap().iter().map(|one| one["attribute"].as_str().unwrap()).collect();
    for attribute in ["fifo", "content_based_deduplication", "deduplication_scope", "throughput_limit"] {
        assert!(shown.contains(&attribute), "{attribute} in {shown:?}");
    }
    refused(&file, "apply", "queue.loss-e: would lose 2 messages in loss-e");
    let owned = |account: &Account| account.queues_of("loss-fifo").into_iter().collect::<Vec<_>>();
    assert_eq!(owned(&account), ["loss-e", "loss-e-dlq"]);
    run(endpoint, &["apply", file.path(), "--yes", "--allow-data-loss", "queue.loss-e"]).exits(0);
    assert_eq!(owned(&account), ["loss-e-dlq.fifo", "loss-e.fifo"]);
    run(endpoint, &["plan", file.path(), "--detailed-exitcode"]).exits(0);
    file.write(&text(false));
    run(endpoint, &["apply", file.path(), "--yes"]).exits(0);
    assert_eq!(owned(&account), ["loss-e", "loss-e-dlq"]);
    run(endpoint, &["plan", file.path(), "--detailed-exitcode"]).exits(0);
}

#[test]
fn lowering_the_retention_of_a_queue_that_holds_messages_needs_consent() {
    let (endpoint, account) = (emulator::endpoint(), Account::new(emulator::endpoint()));
    let text = |retention: &str| format!("stack: loss-keep\nqueues: {{loss-f: {{message_retention: {retention}}}}}\n");
    let file = StackFile::new("loss-keep", &text("4d"));
    run(endpoint, &["apply", file.path(), "--yes"]).exits(0);
    account.send("loss-f", 2);
    file.write(&text("1h"));
    refused(&file, "apply", "messages older than the new retention; loss-f holds 2 messages");
    assert_eq!(account.attributes("loss-f")["MessageRetentionPeriod"], "345600");
    run(endpoint, &["apply", file.path(), "--yes", "--allow-data-loss", "queue.loss-f"]).exits(0);
    assert_eq!(account.attributes("loss-f")["MessageRetentionPeriod"], "3600");
    file.write(&text("2h"));
    run(endpoint, &["apply", file.path(), "--yes"]).exits(0);
}
