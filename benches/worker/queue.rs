//! A queue in memory that speaks what SQS speaks, so quick that what is measured is the client.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use crate::Failure;

/// What every message says, and its MD5, which some clients check.
const BODY: &str = r#"{"version":1,"type":"noop","payload":{"calendar":"team","url":"https://calendars.example.org/team.ics"},"attempt":0,"createdAt":"2026-11-21T10:00:00Z","tenantId":"acme"}"#;
const MD5: &str = "e5414cfa12ccf0d53e27b8d417432609";
/// How long an empty queue keeps a poll waiting.
const EMPTY: Duration = Duration::from_millis(200);

/// A queue on a loopback port; it is gone when dropped.
pub struct Queue {
    address: SocketAddr,
    shared: Arc<Shared>,
    _runtime: Runtime,
}

struct Shared {
    /// What one answer takes.
    delay: Duration,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The next message to be received; those from `deleted.len()` on do not exist.
    next: usize,
    /// Which are deleted.
    deleted: Vec<bool>,
    left: usize,
    first: Option<Instant>,
    last: Option<Instant>,
}

impl Queue {
    /// Starts an empty queue.
    ///
    /// # Errors
    /// When no loopback port is to be had.
    pub fn start(delay: Duration) -> Result<Self, Failure> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared { delay, state: Mutex::default() });
        runtime.spawn(accept(listener, Arc::clone(&shared)));
        Ok(Self { address, shared, _runtime: runtime })
    }

    /// The endpoint that clients are given.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Its URL.
    pub fn url(&self) -> String {
        format!("http://{}/000000000000/noop", self.address)
    }

    /// Puts so many messages in, and forgets what was.
    pub fn fill(&self, messages: usize) {
        *self.shared.state() = State { deleted: vec![false; messages], left: messages, ..State::default() };
    }

    /// From the first message that was handed out until all were deleted; none before that.
    pub fn took(&self) -> Option<Duration> {
        let state = self.shared.state();
        Some(state.last?.duration_since(state.first?))
    }

    /// Messages that are not deleted yet.
    pub fn left(&self) -> usize {
        self.shared.state().left
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn receive(&mut self, most: usize) -> Vec<Value> {
        let until = self.deleted.len().min(self.next + most);
        let numbers = self.next..until;
        if !numbers.is_empty() {
            self.first.get_or_insert_with(Instant::now);
        }
        self.next = until;
        let message = |number: usize| {
            json!({
                "MessageId": format!("00000000-0000-4000-8000-{number:012x}"), "ReceiptHandle": number.to_string(),
                "MD5OfBody": MD5, "Body": BODY,
                "Attributes": {
                    "ApproximateReceiveCount": "1", "SentTimestamp": "1763719200000",
                    "ApproximateFirstReceiveTimestamp": "1763719200000",
                },
            })
        };
        numbers.map(message).collect()
    }

    fn delete(&mut self, receipt: &Value) {
        let number: Option<usize> = receipt.as_str().and_then(|receipt| receipt.parse().ok());
        let Some(deleted) = number.and_then(|number| self.deleted.get_mut(number)) else { return };
        if !std::mem::replace(deleted, true) {
            self.left -= 1;
            if self.left == 0 {
                self.last = Some(Instant::now());
            }
        }
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        let _best_effort = stream.set_nodelay(true);
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            let service = service_fn(|request| answer(&shared, request));
            let _closed = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn answer(shared: &Shared, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let target = request.headers().get("x-amz-target").and_then(|value| value.to_str().ok());
    let operation = target.and_then(|target| target.rsplit('.').next()).unwrap_or_default().to_owned();
    let body = request.into_body().collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let input: Value = serde_json::from_slice(&body).unwrap_or_default();
    if !shared.delay.is_zero() {
        tokio::time::sleep(shared.delay).await;
    }
    let answer = match operation.as_str() {
        "ReceiveMessage" => receive(shared, &input).await,
        "DeleteMessage" => {
            shared.state().delete(&input["ReceiptHandle"]);
            json!({})
        }
        "DeleteMessageBatch" => {
            let entries = input["Entries"].as_array().cloned().unwrap_or_default();
            let mut state = shared.state();
            entries.iter().for_each(|entry| state.delete(&entry["ReceiptHandle"]));
            json!({"Successful": entries.iter().map(|entry| json!({"Id": entry["Id"]})).collect::<Vec<_>>(), "Failed": []})
        }
        _ => json!({"Attributes": {
            "VisibilityTimeout": "30", "ApproximateNumberOfMessages": shared.state().left.to_string(),
            "ApproximateNumberOfMessagesNotVisible": "0", "ApproximateNumberOfMessagesDelayed": "0",
        }}),
    };
    let response = Response::builder().header("content-type", "application/x-amz-json-1.0");
    Ok(response.body(Full::new(Bytes::from(answer.to_string()))).unwrap_or_default())
}

async fn receive(shared: &Shared, input: &Value) -> Value {
    let most = input["MaxNumberOfMessages"].as_u64().and_then(|most| usize::try_from(most).ok()).unwrap_or(1);
    let messages = shared.state().receive(most);
    if messages.is_empty() {
        tokio::time::sleep(EMPTY).await;
        return json!({});
    }
    json!({"Messages": messages})
}
