//! Lambda's runtime API on loopback, with a worker that runs in it as a process of its own.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>

use std::convert::Infallible;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use queuestack_worker::backend::Delivery;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::sync::{Mutex, mpsc};

type Event = (Value, SystemTime);

/// A function with one instance.
pub struct Function {
    events: mpsc::Sender<Event>,
    answers: mpsc::Receiver<Result<Value, Value>>,
    lines: mpsc::UnboundedReceiver<String>,
    /// From the start of the process until it asked for the first event.
    pub cold_start: Duration,
    _child: Child,
}

struct Api {
    events: Mutex<mpsc::Receiver<Event>>,
    asked: mpsc::Sender<()>,
    answers: mpsc::Sender<Result<Value, Value>>,
}

impl Function {
    /// Starts the ignored test of this name in this test binary as the function.
    pub async fn start(test: &str, environment: &[(&str, &str)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let ((events, next), (answer, answers)) = (mpsc::channel(1), mpsc::channel(1));
        let (asked, mut first) = mpsc::channel(1);
        let api = Arc::new(Api { events: Mutex::new(next), asked, answers: answer });
        tokio::spawn(serve(listener, api));
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(["--exact", test, "--ignored", "--nocapture", "--test-threads", "1"])
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", address)
            .env("AWS_LAMBDA_FUNCTION_NAME", "orders")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
            .envs(environment.iter().copied())
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        let began = Instant::now();
        let mut child = command.spawn().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap()).lines();
        let (line, lines) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok(Some(text)) = output.next_line().await {
                let _ = line.send(text);
            }
        });
        tokio::time::timeout(Duration::from_secs(20), first.recv()).await.expect("it asks for an event");
        Self { events, answers, lines, cold_start: began.elapsed(), _child: child }
    }

    /// Invokes it; its answer, or the error that it reported, and how long that took.
    pub async fn invoke(&mut self, event: Value, timeout: Duration) -> (Result<Value, Value>, Duration) {
        let began = Instant::now();
        self.events.send((event, SystemTime::now() + timeout)).await.unwrap();
        let answer = tokio::time::timeout(Duration::from_secs(30), self.answers.recv()).await;
        (answer.expect("an answer in time").unwrap(), began.elapsed())
    }

    /// What it printed so far.
    pub async fn printed(&mut self) -> Vec<String> {
        tokio::time::sleep(Duration::from_millis(200)).await;
        std::iter::from_fn(|| self.lines.try_recv().ok()).collect()
    }
}

async fn serve(listener: TcpListener, api: Arc<Api>) {
    while let Ok((stream, _)) = listener.accept().await {
        let api = Arc::clone(&api);
        let service = hyper::service::service_fn(move |request| {
            let api = Arc::clone(&api);
            async move { Ok::<_, Infallible>(answer(&api, request).await) }
        });
        tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

async fn answer(api: &Api, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let path = request.uri().path().to_owned();
    if request.method() == Method::GET && path.ends_with("/runtime/invocation/next") {
        let _ = api.asked.try_send(());
        let Some((event, deadline)) = api.events.lock().await.recv().await else {
            return std::future::pending().await;
        };
        let deadline = deadline.duration_since(UNIX_EPOCH).unwrap().as_millis().to_string();
        let response = Response::builder()
            .header("lambda-runtime-aws-request-id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd")
            .header("lambda-runtime-deadline-ms", deadline)
            .header("lambda-runtime-invoked-function-arn", "arn:aws:lambda:us-east-1:000000000000:function:orders");
        return response.body(Full::new(Bytes::from(event.to_string()))).unwrap();
    }
    let body = request.into_body().collect().await.unwrap().to_bytes();
    let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let _ = api.answers.send(if path.ends_with("/response") { Ok(body) } else { Err(body) }).await;
    Response::builder().status(202).body(Full::new(Bytes::new())).unwrap()
}

/// The event that an event source mapping makes of these deliveries.
pub fn event(queue: &str, deliveries: &[Delivery]) -> Value {
    let millis = |time: SystemTime| time.duration_since(UNIX_EPOCH).unwrap().as_millis().to_string();
    let name = queue.rsplit('/').next().unwrap();
    let records: Vec<_> = deliveries
        .iter()
        .map(|one| {
            json!({
                "messageId": one.message_id,
                "receiptHandle": one.receipt,
                "body": one.body,
                "attributes": {
                    "ApproximateReceiveCount": one.receive_count.to_string(),
                    "SentTimestamp": millis(one.sent),
                    "ApproximateFirstReceiveTimestamp": millis(one.first_received),
                    "MessageGroupId": one.group,
                },
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "eventSourceARN": format!("arn:aws:sqs:us-east-1:000000000000:{name}"),
                "awsRegion": "us-east-1",
            })
        })
        .collect();
    json!({"Records": records})
}
