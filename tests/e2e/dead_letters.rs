//! Dead letters are looked at, sent back and dropped; nothing is lost on the way.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::account::Account;
use crate::support::aws_cli::{aws, url};
use crate::support::{StackFile, emulator, run, until};

const STACK: &str = "stack: replays\nqueues:\n  replays-jobs: {redrive: {max_receive_count: 1}}\n  \
                     replays-orders: {fifo: true, redrive: {max_receive_count: 3}}\n";

/// What the AWS CLI, which reads a binary value as it stands, prints of `bytes`.
const BYTES: &str = "Ynl0ZXM=";

/// Sends a message with attributes, given as `name: [type, value]`.
fn send(endpoint: &str, queue: &str, body: &str, attributes: &[(&str, &str, &str)], more: &[&str]) -> String {
    let attribute = |kind: &str, value: &str| {
        let field = if kind == "Binary" { "BinaryValue" } else { "StringValue" };
        json!({"DataType": kind, field: value})
    };
    let attributes: serde_json::Map<String, Value> =
        attributes.iter().map(|(name, kind, value)| ((*name).to_owned(), attribute(kind, value))).collect();
    let (url, attributes) = (url(endpoint, queue), Value::Object(attributes).to_string());
    let verb =
        ["sqs", "send-message", "--queue-url", &url, "--message-body", body, "--message-attributes", &attributes];
    aws(endpoint, &[&verb[..], more].concat())["MessageId"].as_str().unwrap().to_owned()
}

/// Receives what is there, and hides it for so many seconds.
fn receive(endpoint: &str, queue: &str, seconds: &str) -> Vec<Value> {
    let url = url(endpoint, queue);
    let verb = ["sqs", "receive-message", "--queue-url", &url, "--max-number-of-messages", "10", "--wait-time-seconds"];
    let more = ["1", "--visibility-timeout", seconds, "--message-attribute-names", "All", "--attribute-names", "All"];
    aws(endpoint, &[&verb[..], &more].concat())["Messages"].as_array().cloned().unwrap_or_default()
}

fn listed(endpoint: &str, file: &StackFile, more: &[&str]) -> Vec<Value> {
    let list = ["dlq", "list", file.path(), "--queue", "replays-jobs", "--json"];
    let queues = run(endpoint, &[&list[..], more].concat()).exits(0).json();
    queues[0]["letters"].as_array().unwrap().clone()
}

#[test]
fn dead_letters_go_back_as_they_were_and_none_is_lost() {
    let endpoint = emulator::endpoint();
    let file = StackFile::new("replays", STACK);
    let record = std::path::Path::new(file.path()).with_file_name("record.jsonl");
    let record = record.to_str().unwrap();
    run(endpoint, &["apply", file.path(), "--yes"]).exits(0);

    // Two that a worker gave up, and one that was received too often.
    let why = [("reason", "String", "unknown_type"), ("error", "String", "no\nhandler"), ("attempts", "String", "1")];
    let own = [("tenant", "String", "acme"), ("weight", "Number", "7"), ("stamp", "Binary", "bytes")];
    let body = r#"{"type": "calendar.sync", "payload": {"calendar": "team"}}"#;
    send(endpoint, "replays-jobs-dlq", body, &[&why[..], &own].concat(), &[]);
    let invalid = [("reason", "String", "invalid_payload")];
    let second = send(endpoint, "replays-jobs-dlq", "second", &invalid, &[]);
    send(endpoint, "replays-jobs", "third", &[], &[]);
    assert_eq!(receive(endpoint, "replays-jobs", "0").len(), 1);
    assert_eq!(receive(endpoint, "replays-jobs", "0").len(), 0, "now it is a dead letter");

    // Looking takes nothing away.
    for _ in 0..2 {
        assert_eq!(listed(endpoint, &file, &[]).len(), 3);
    }
    let third = listed(endpoint, &file, &["--containing", "third"]);
    assert!(third[0]["source"].as_str().is_some_and(|arn| arn.ends_with(":replays-jobs")), "{third:?}");
    let list = run(endpoint, &["dlq", "list", file.path()]).exits(0);
    let list = list.prints("replays-jobs-dlq: 3 dead letters").prints("replays-orders-dlq.fifo: 0 dead letters");
    list.prints("calendar.sync  unknown_type: no\\nhandler").prints("no job  received too often");

    // What is not said with --yes is not done.
    let replay = ["dlq", "replay", file.path(), "--record", record];
    run(endpoint, &replay).exits(1).says("say whose dead letters, with --queue: replays-jobs, replays-orders");
    let replay = [&replay[..], &["--queue", "replays-jobs"]].concat();
    let with = |more: &[&str]| run(endpoint, &[&replay[..], more].concat());
    with(&["--reason", "unknown_type"]).exits(0).prints("would replay").says("sent back: 1 of 3 dead letters");
    assert!(!std::path::Path::new(record).exists() && receive(endpoint, "replays-jobs", "0").is_empty());

    with(&["--reason", "unknown_type", "--yes"]).exits(0).prints("-> replays-jobs").says("sent back: 1 of 3");
    let back = receive(endpoint, "replays-jobs", "60");
    assert_eq!((back.len(), &back[0]["Body"]), (1, &json!(body)));
    let attributes = back[0]["MessageAttributes"].as_object().unwrap();
    let names: BTreeSet<&str> = attributes.keys().map(String::as_str).collect();
    assert_eq!(names, BTreeSet::from(["stamp", "tenant", "weight"]), "what a worker added is gone");
    assert_eq!(attributes["stamp"]["BinaryValue"], BYTES);
    assert_eq!(
        (&attributes["weight"]["DataType"], &attributes["weight"]["StringValue"]),
        (&json!("Number"), &json!("7"))
    );
    let kept = std::fs::read_to_string(record).unwrap();
    assert!(kept.contains(r#""letter":"#) && kept.contains(BYTES) && kept.contains(r#""sent":"#), "{kept}");

    // Stopped between sending and deleting: the record knows.
    let sent = json!({"sent": second, "to": "replays-jobs", "as": "another"});
    std::fs::write(record, format!("{kept}{sent}\n")).unwrap();
    with(&["--id", &second, "--yes"]).exits(0).says("sent back: 1 of 2");
    assert!(receive(endpoint, "replays-jobs", "0").is_empty(), "it was sent before");
    assert_eq!(listed(endpoint, &file, &[]).len(), 1);

    let drop = ["dlq", "drop", file.path(), "--record", record, "--queue", "replays-jobs-dlq"];
    run(endpoint, &drop).exits(0).prints("would drop").says("nothing was changed");
    run(endpoint, &[&drop[..], &["--yes"]].concat()).exits(0).says("dropped: 1 of 1 dead letter");
    assert!(std::fs::read_to_string(record).unwrap().contains("third"), "it stands in the record");
    assert!(listed(endpoint, &file, &[]).is_empty());

    // Of a FIFO queue the order of a group stays.
    for body in ["one", "two"] {
        let group = ["--message-group-id", "acme", "--message-deduplication-id", body];
        send(endpoint, "replays-orders-dlq.fifo", body, &[], &group);
    }
    let orders = ["dlq", "replay", file.path(), "--record", record, "--queue", "replays-orders", "--yes"];
    run(endpoint, &orders).exits(0).says("sent back: 2 of 2");
    let back = receive(endpoint, "replays-orders.fifo", "60");
    let bodies: Vec<_> = back.iter().map(|one| (&one["Body"], &one["Attributes"]["MessageGroupId"])).collect();
    assert_eq!(bodies, [(&json!("one"), &json!("acme")), (&json!("two"), &json!("acme"))]);

    run(endpoint, &["dlq", "list", file.path(), "--queue", "replays-job"])
        .exits(1)
        .says("Did you mean `replays-jobs`?");
    let allowed = ["--allow-data-loss", "queue.replays-jobs", "--allow-data-loss", "queue.replays-orders"];
    run(endpoint, &[&["destroy", file.path(), "--yes"][..], &allowed].concat()).exits(0);
}

#[test]
fn what_fails_again_is_not_sent_back_for_ever() {
    let endpoint = emulator::endpoint();
    let file = StackFile::new("poisons", "stack: poisons\nqueues:\n  poisons: {redrive: {max_receive_count: 1}}\n");
    run(endpoint, &["apply", file.path(), "--yes"]).exits(0);
    let account = Account::new(endpoint);
    account.send("poisons", 1);
    until("a receive", || account.fail_at("poisons") == 1);
    until("none", || account.fail_at("poisons") == 0);

    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let (account, end) = (Account::new(endpoint), Instant::now() + Duration::from_secs(30));
            while !done.load(Ordering::Relaxed) && Instant::now() < end {
                account.fail_at("poisons");
            }
        });
        let record = std::path::Path::new(file.path()).with_file_name("record.jsonl");
        let record = record.to_str().unwrap();
        let replay = ["dlq", "replay", file.path(), "--record", record, "--yes", "--rate", "1000"];
        let replayed = run(endpoint, &replay);
        done.store(true, Ordering::Relaxed);
        replayed.exits(0).says("sent back: 1 of 2 dead letters").says("left: 1 dead letter that came");
    });
    run(endpoint, &["destroy", file.path(), "--yes", "--allow-data-loss", "queue.poisons-dlq"]).exits(0);
}

#[test]
fn letters_of_another_queue_stay_where_several_share_one() {
    let endpoint = emulator::endpoint();
    let redrive = "{redrive: {max_receive_count: 1, dead_letter_queue: shares-dlq}}";
    let stack =
        format!("stack: shares\nqueues:\n  shares-one: {redrive}\n  shares-two: {redrive}\n  shares-dlq: {{}}\n");
    let file = StackFile::new("shares", &stack);
    run(endpoint, &["apply", file.path(), "--yes"]).exits(0);

    // SQS moved one of each, a worker gave up one of each, and of one nobody says whose it was.
    for queue in ["shares-one", "shares-two"] {
        send(endpoint, queue, &format!("moved {queue}"), &[], &[]);
        until("a receive", || receive(endpoint, queue, "0").len() == 1);
        until("none", || receive(endpoint, queue, "0").is_empty());
        let why = [("reason", "String", "unknown_type"), ("sourceQueue", "String", queue)];
        send(endpoint, "shares-dlq", &format!("given up {queue}"), &why, &[]);
    }
    let nobodys = send(endpoint, "shares-dlq", "nobody's", &[], &[]);

    let record = std::path::Path::new(file.path()).with_file_name("record.jsonl");
    let record = record.to_str().unwrap();
    let list = |queue: &str| {
        let all = run(endpoint, &["dlq", "list", file.path(), "--queue", queue, "--json"]).exits(0).json();
        all[0]["letters"].as_array().unwrap().len()
    };
    assert_eq!((list("shares-one"), list("shares-dlq")), (3, 5), "what may be of it, and all there is");
    let replay = ["dlq", "replay", file.path(), "--record", record, "--queue", "shares-one", "--yes"];
    run(endpoint, &replay).exits(0).says("sent back: 2 of 5").says("nobody says whose this is: name it with --id");
    let back: BTreeSet<_> =
        receive(endpoint, "shares-one", "0").iter().map(|one| one["Body"].as_str().unwrap().to_owned()).collect();
    assert_eq!(back, BTreeSet::from(["given up shares-one".to_owned(), "moved shares-one".to_owned()]));
    until("both again", || receive(endpoint, "shares-one", "0").is_empty());

    let drop = ["dlq", "drop", file.path(), "--record", record, "--queue", "shares-two", "--yes"];
    run(endpoint, &[&drop[..], &["--containing", "moved"]].concat()).exits(0).says("dropped: 1 of 5");
    run(endpoint, &[&drop[..], &["--id", &nobodys]].concat()).exits(0).says("dropped: 1 of 4");
    // Queues of others may share it as well.
    let own = format!("stack: shares\nqueues:\n  shares-two: {redrive}\n  shares-dlq: {{}}\n");
    let own = StackFile::new("shares-own", &own);
    let drop = ["dlq", "drop", own.path(), "--record", record, "--queue", "shares-two", "--yes"];
    run(endpoint, &drop).exits(0).says("dropped: 1 of 3");
    let drop = ["dlq", "drop", file.path(), "--record", record, "--queue", "shares-dlq", "--yes"];
    run(endpoint, &drop).exits(0).says("dropped: 2 of 2");
    run(endpoint, &["destroy", file.path(), "--yes"]).exits(0);
}
