//! The back of the stack `api` on the local AWS: a real worker stores events from its queue in its table.

use serde_json::{Value, json};

use crate::calendar::BUILT;
use crate::support::aws_cli::{aws, url};
use crate::support::{emulator, run, until};
use crate::tables::passed_over;

const STACK: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/stacks/api.yaml");

fn send(queue: &str, payload: &Value) {
    let body = json!({"type": "event.store", "createdAt": "2026-11-21T10:00:00Z", "payload": payload}).to_string();
    aws(emulator::endpoint(), &["sqs", "send-message", "--queue-url", queue, "--message-body", &body]);
}

fn event(id: &str, data: &Value) -> Value {
    json!({"tenant": "acme", "id": id, "type": "order.placed", "occurred_at": "2026-11-21T10:00:00Z", "data": data})
}

fn depth(queue: &str) -> (u64, u64) {
    let all = ["sqs", "get-queue-attributes", "--attribute-names", "All", "--queue-url", queue];
    let found = aws(emulator::endpoint(), &all)["Attributes"].clone();
    let count = |name: &str| found[name].as_str().unwrap().parse().unwrap();
    (count("ApproximateNumberOfMessages"), count("ApproximateNumberOfMessagesNotVisible"))
}

fn items() -> Vec<Value> {
    let found = aws(emulator::endpoint(), &["dynamodb", "scan", "--table-name", "events"]);
    found["Items"].as_array().unwrap().clone()
}

/// Where a dead letter is from, and why.
fn letters(queue: &str) -> Vec<String> {
    let all = ["--max-number-of-messages", "10", "--message-attribute-names", "All", "--queue-url", queue];
    let found = aws(emulator::endpoint(), &[&["sqs", "receive-message"], &all[..]].concat());
    let reason = |letter: &Value| letter["MessageAttributes"]["reason"]["StringValue"].as_str().unwrap().to_owned();
    let mut reasons: Vec<String> = found["Messages"].as_array().unwrap().iter().map(reason).collect();
    reasons.sort();
    reasons
}

#[test]
fn events_end_as_items_once_and_bad_ones_as_dead_letters() {
    if passed_over() {
        return;
    }
    let endpoint = emulator::endpoint();
    run(endpoint, &[&["apply", STACK, "--yes"], BUILT].concat()).exits(0);
    run(endpoint, &[&["plan", STACK, "--detailed-exitcode"], BUILT].concat()).exits(0);
    let (queue, dead) = (url(endpoint, "events-queue"), url(endpoint, "events-queue-dlq"));

    let first = event("1", &json!({"amount": 1.5}));
    send(&queue, &first);
    until("an item", || items().len() == 1);
    let stored = items();
    let item = &stored[0];
    assert_eq!(item["tenant"]["S"], "acme");
    assert_eq!(item["data"]["S"], r#"{"amount":1.5}"#);
    assert_eq!(item["expires_at"]["N"], "1826791200", "a year after it occurred");

    // The same once more, another under its id, and one that is none: nothing that is there changes.
    send(&queue, &first);
    send(&queue, &event("1", &json!({"amount": 2})));
    send(&queue, &event("", &json!({})));
    until("two dead letters", || depth(&dead).0 == 2);
    until("an empty queue", || depth(&queue) == (0, 0));
    assert_eq!(letters(&dead), ["conflict", "invalid_payload"]);
    assert_eq!(items(), stored);
    let by_type = [
        "dynamodb",
        "query",
        "--table-name",
        "events",
        "--index-name",
        "by-type",
        "--key-condition-expression",
        "#type = :type",
        "--expression-attribute-names",
        r##"{"#type": "type"}"##,
        "--expression-attribute-values",
        r#"{":type": {"S": "order.placed"}}"#,
    ];
    assert_eq!(aws(endpoint, &by_type)["Count"], 1);

    let refused = run(endpoint, &["destroy", STACK, "--yes"]).exits(1);
    refused.says("table.events: would lose").says("queue.events-queue-dlq: would lose 2 messages");
    let consent = ["--allow-data-loss", "table.events", "--allow-data-loss", "queue.events-queue-dlq"];
    run(endpoint, &[&["destroy", STACK, "--yes"], &consent[..]].concat()).exits(0);
    let names = aws(endpoint, &["dynamodb", "list-tables"])["TableNames"].clone();
    assert!(!names.as_array().unwrap().contains(&json!("events")), "{names}");
    let functions = aws(endpoint, &["lambda", "list-functions"])["Functions"].clone();
    assert!(functions.as_array().unwrap().iter().all(|one| one["FunctionName"] != "processing"), "{functions}");
}
