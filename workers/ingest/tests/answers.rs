//! Every answer, to events as API Gateway sends them.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use ingest::http::{Answer, Request};
use ingest::{LARGEST_MESSAGE, answer, queue_url};
use queuestack_worker::JobQueue;
use queuestack_worker::backend::{Backend, Delivery, Depth, Outgoing, QueueError};
use serde_json::{Value, json};

/// A queue that remembers what it is sent, and does as it is told.
#[derive(Default)]
struct Queue {
    sent: Mutex<Vec<Outgoing>>,
    refuses: Option<QueueError>,
    hangs: bool,
    fifo: bool,
}

#[async_trait]
impl Backend for Queue {
    fn is_fifo(&self) -> bool {
        self.fifo
    }

    async fn send(&self, messages: Vec<Outgoing>) -> Vec<Result<String, QueueError>> {
        if self.hangs {
            std::future::pending::<()>().await;
        }
        let answer = self.refuses.clone().map_or_else(|| Ok("m-1".to_owned()), Err);
        let answers = vec![answer; messages.len()];
        self.sent.lock().unwrap().extend(messages);
        answers
    }

    async fn receive(&self, _: usize, _: Duration) -> Result<Vec<Delivery>, QueueError> {
        unreachable!("nothing is received here")
    }

    async fn delete(&self, _: &[String]) -> Vec<Result<(), QueueError>> {
        unreachable!("nothing is received here")
    }

    async fn extend(&self, _: &[(String, Duration)]) -> Vec<Result<(), QueueError>> {
        unreachable!("nothing is received here")
    }

    async fn dead_letter(&self, _: &Delivery, _: BTreeMap<String, String>) -> Result<(), QueueError> {
        unreachable!("nothing is received here")
    }

    async fn visibility_timeout(&self) -> Result<Duration, QueueError> {
        unreachable!("nothing is received here")
    }

    async fn depth(&self) -> Result<Depth, QueueError> {
        unreachable!("nothing is received here")
    }
}

/// The event of a request, with what API Gateway adds.
fn event(method: &str, headers: Value, body: &str) -> Value {
    json!({
        "version": "2.0",
        "routeKey": "POST /events",
        "rawPath": "/events",
        "rawQueryString": "",
        "headers": headers,
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "a1b2c3d4e5",
            "domainName": "a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com",
            "http": {"method": method, "path": "/events", "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "curl"},
            "requestId": "JKJaXmPLvHcESHA=",
            "routeKey": "POST /events",
            "stage": "$default",
            "time": "21/Nov/2026:10:00:00 +0000",
            "timeEpoch": 1_795_255_200_000_i64
        },
        "body": body,
        "isBase64Encoded": false
    })
}

fn post(body: &str) -> Value {
    event("POST", json!({"content-type": "application/json"}), body)
}

const JOB: &str = r#"{"type": "order.placed", "payload": {"order": 7}}"#;

async fn ask_within(queue: &Arc<Queue>, event: Value, within: Duration) -> Answer {
    let request: Request = serde_json::from_value(event).unwrap();
    let queue: Arc<dyn Backend> = Arc::clone(queue) as Arc<dyn Backend>;
    answer(&request, &JobQueue::on(queue), within).await
}

async fn ask(queue: &Arc<Queue>, event: Value) -> Answer {
    ask_within(queue, event, Duration::from_secs(5)).await
}

/// Compares with a committed file; `UPDATE=1` writes it.
fn golden(name: &str, answer: &Answer) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    let text = serde_json::to_string_pretty(answer).unwrap() + "\n";
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap_or_default(), text, "{name}");
}

fn envelope(queue: &Queue) -> Value {
    let sent = queue.sent.lock().unwrap();
    let [message] = sent.as_slice() else { panic!("{sent:?}") };
    serde_json::from_str(&message.body).unwrap()
}

#[tokio::test]
async fn a_job_is_in_the_queue_before_it_is_accepted() {
    let queue = Arc::new(Queue::default());
    golden("202.json", &ask(&queue, post(JOB)).await);
    let job = envelope(&queue);
    assert_eq!(
        (&job["type"], &job["payload"], &job["version"]),
        (&json!("order.placed"), &json!({"order": 7}), &json!(1))
    );
    assert!(job["createdAt"].is_string() && job["idempotencyKey"].is_null() && job["tenantId"].is_null(), "{job}");
}

#[tokio::test]
async fn key_tenant_and_trace_go_with_the_job() {
    let queue = Arc::new(Queue { fifo: true, ..Queue::default() });
    let headers = json!({
        "content-type": "Application/JSON; charset=utf-8",
        "idempotency-key": "\"9f1c\"",
        "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    });
    let body = r#"{"type": "order.placed", "payload": {}, "tenantId": "acme"}"#;
    assert_eq!(ask(&queue, event("POST", headers.clone(), body)).await.status_code, 202);
    let job = envelope(&queue);
    assert_eq!((&job["idempotencyKey"], &job["tenantId"]), (&json!("9f1c"), &json!("acme")));
    assert!(job["traceparent"].as_str().unwrap().starts_with("00-4bf92f3577b34da6a3ce929d0e0e4736-"), "{job}");
    // A FIFO queue drops what is the same, and nothing of another tenant's and nothing that says something else.
    let others = [body, &body.replace("acme", "umbrella"), &body.replace("{}", "{\"order\": 7}")].map(str::to_owned);
    for other in others {
        assert_eq!(ask(&queue, event("POST", headers.clone(), &other)).await.status_code, 202);
    }
    let sent = queue.sent.lock().unwrap();
    let groups: Vec<_> = sent.iter().map(|one| one.group.as_deref().unwrap()).collect();
    assert_eq!(groups, ["acme", "acme", "umbrella", "acme"]);
    let ids: Vec<_> = sent.iter().map(|one| one.deduplication.as_deref().unwrap()).collect();
    assert_eq!(ids[0], ids[1]);
    assert!(ids[1] != ids[2] && ids[2] != ids[3] && ids[3] != ids[1], "{ids:?}");
}

#[tokio::test]
async fn base64_is_decoded() {
    let queue = Arc::new(Queue::default());
    let mut encoded = post("eyJ0eXBlIjogImEiLCAicGF5bG9hZCI6IHt9fQ==");
    encoded["isBase64Encoded"] = json!(true);
    assert_eq!(ask(&queue, encoded.clone()).await.status_code, 202);
    assert_eq!(envelope(&queue)["type"], "a");
    encoded["body"] = json!("no base64!");
    assert_eq!(ask(&queue, encoded).await.status_code, 400);
}

#[tokio::test]
async fn what_is_wrong_is_told_and_nothing_is_sent() {
    let queue = Arc::new(Queue::default());
    let bodies = [
        ("400-json.json", "{"),
        ("400-nothing.json", ""),
        ("400-type.json", r#"{"payload": {}}"#),
        ("400-field.json", r#"{"type": "a", "payload": {}, "id": 7}"#),
        ("400-payload.json", r#"{"type": "a", "payload": [1]}"#),
        ("400-name.json", r#"{"type": "a b", "payload": {}}"#),
    ];
    for (name, body) in bodies {
        golden(name, &ask(&queue, post(body)).await);
    }
    let with = |headers| event("POST", headers, JOB);
    let long = "k".repeat(129);
    golden(
        "400-key.json",
        &ask(&queue, with(json!({"content-type": "application/json", "idempotency-key": long}))).await,
    );
    golden("405.json", &ask(&queue, event("GET", json!({}), "")).await);
    golden("415.json", &ask(&queue, with(json!({"content-type": "text/plain"}))).await);
    assert_eq!(ask(&queue, with(json!({}))).await.status_code, 415);
    assert!(queue.sent.lock().unwrap().is_empty());
}

#[tokio::test]
async fn what_no_message_holds_is_too_large() {
    let queue = Arc::new(Queue::default());
    let job = |length: usize| format!(r#"{{"type": "a", "payload": {{"text": "{}"}}}}"#, "x".repeat(length));
    golden("413.json", &ask(&queue, post(&job(LARGEST_MESSAGE - 100))).await);
    assert_eq!(ask(&queue, post(&job(LARGEST_MESSAGE))).await.status_code, 413);
    assert!(queue.sent.lock().unwrap().is_empty());
    assert_eq!(ask(&queue, post(&job(LARGEST_MESSAGE - 600))).await.status_code, 202);
    assert!(queue.sent.lock().unwrap()[0].body.len() <= LARGEST_MESSAGE);
}

/// SQS refuses these two characters, which are as good as any in JSON.
#[tokio::test]
async fn characters_that_sqs_does_not_take_are_escaped_and_counted_so() {
    let queue = Arc::new(Queue::default());
    let job = |text: &str| format!(r#"{{"type": "a", "payload": {{"\ufffe": "{text}"}}}}"#);
    assert_eq!(ask(&queue, post(&job("x\u{ffff}y"))).await.status_code, 202);
    let body = queue.sent.lock().unwrap()[0].body.clone();
    assert!(body.contains(r#"{"\ufffe":"x\uffffy"}"#), "{body}");
    assert_eq!(ask(&queue, post(&job(&"\u{ffff}".repeat(LARGEST_MESSAGE / 5)))).await.status_code, 413);
}

#[tokio::test]
async fn numbers_that_grow_when_they_are_written_out_are_counted_as_sent() {
    let queue = Arc::new(Queue::default());
    let numbers = vec!["1e9"; LARGEST_MESSAGE / 5].join(",");
    let body = format!(r#"{{"type": "a", "payload": {{"numbers": [{numbers}]}}}}"#);
    assert!(body.len() < LARGEST_MESSAGE);
    assert_eq!(ask(&queue, post(&body)).await.status_code, 413);
}

#[tokio::test]
async fn a_queue_that_refuses_or_hangs_is_no_acceptance() {
    let refusing = |code: &str, transient| {
        let error = QueueError { message: format!("{code}: as it is"), transient };
        Arc::new(Queue { refuses: Some(error), ..Queue::default() })
    };
    golden("503.json", &ask(&refusing("InternalError", true), post(JOB)).await);
    // A right that the function lacks is no fault of who asks.
    golden("503.json", &ask(&refusing("AccessDenied", false), post(JOB)).await);
    // What the queue will never take is not to be asked again.
    golden("400-queue.json", &ask(&refusing("InvalidMessageContents", false), post(JOB)).await);
    let long = "AWS.SimpleQueueService.BatchRequestTooLong";
    golden("413-queue.json", &ask(&refusing(long, false), post(JOB)).await);
    let hanging = Arc::new(Queue { hangs: true, ..Queue::default() });
    golden("503-time.json", &ask_within(&hanging, post(JOB), Duration::from_millis(20)).await);
}

#[test]
fn the_queue_is_the_one_that_was_granted() {
    let set = |names: &[&str]| {
        queue_url(names.iter().map(|name| ((*name).to_owned(), format!("https://sqs.example.com/{name}"))))
    };
    assert_eq!(set(&["PATH", "QUEUE_URL_EVENTS"]), Ok("https://sqs.example.com/QUEUE_URL_EVENTS".to_owned()));
    assert!(set(&["QUEUE_URL"]).unwrap_err().contains("no QUEUE_URL_"));
    assert!(set(&["QUEUE_URL_B", "QUEUE_URL_A"]).unwrap_err().starts_with("QUEUE_URL_A and QUEUE_URL_B"));
}
