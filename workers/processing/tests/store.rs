//! Events in a table of the local AWS.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

#[path = "../../runtime/tests/support/aws.rs"]
mod aws;
#[allow(dead_code, reason = "the key of another table is there")]
#[path = "../../runtime/tests/support/dynamodb.rs"]
mod dynamodb;
#[allow(unused_imports, reason = "servers that are not needed")]
#[path = "../../runtime/tests/support/servers/mod.rs"]
mod servers;

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use processing::{Event, Settings, Stored, Table, handle};
use queuestack_worker::Outcome;
use serde_json::{Value, json};

fn event(id: &str, data: Value) -> Event {
    let occurred = "2026-11-21T10:00:00Z";
    let payload = json!({"tenant": "acme", "id": id, "type": "a", "occurred_at": occurred, "data": data});
    serde_json::from_value(payload).unwrap()
}

/// A table as the stack has it.
async fn make(client: &Client) {
    dynamodb::make(client, "events", &["tenant", "id"]).await;
}

async fn all(client: &Client) -> Vec<std::collections::HashMap<String, AttributeValue>> {
    client.scan().table_name("events").consistent_read(true).send().await.unwrap().items.unwrap()
}

#[tokio::test]
async fn an_event_is_stored_once_and_never_overwritten() {
    let endpoint = tokio::task::spawn_blocking(aws::endpoint).await.unwrap();
    let client = dynamodb::client(endpoint);
    let settings = Settings { table: "events".to_owned(), keep: Some(Duration::from_secs(86_400)) };
    let table = Table::new(client.clone(), settings);

    // Nothing is lost while there is no table yet.
    let early = handle(&event("1", json!({})), &table).await;
    assert!(matches!(early, Outcome::Retry { .. }), "{early:?}");
    make(&client).await;

    let first = event("1", json!({"amount": 1.5, "name": "ä\u{0}\"'"}));
    assert_eq!(table.put(&first).await, Ok(Stored::New));
    let stored = all(&client).await;
    assert_eq!(stored.len(), 1);
    assert_eq!(stored[0]["expires_at"], AttributeValue::N("1795341600".to_owned()));

    assert_eq!(table.put(&first).await, Ok(Stored::Before));
    assert_eq!(handle(&first, &table).await, Outcome::done());
    let other = handle(&event("1", json!({"amount": 2})), &table).await;
    assert!(matches!(&other, Outcome::DeadLetter { reason, .. } if reason == "conflict"), "{other:?}");
    assert_eq!(all(&client).await, stored, "nothing was changed");

    // An item has 400 KB at most: no retry makes it smaller.
    let large = handle(&event("2", json!("x".repeat(500_000))), &table).await;
    assert!(matches!(&large, Outcome::DeadLetter { reason, .. } if reason == "rejected"), "{large:?}");
    assert_eq!(table.put(&event("2", Value::Null)).await, Ok(Stored::New));
    assert_eq!(all(&client).await.len(), 2);
}
