//! An in-memory AWS on a loopback port: real state, counted requests, one fixed delay an answer.
//!
//! It speaks what the Rust SDKs speak: SQS and the tagging API as JSON, `CloudWatch` as CBOR, STS as a query with an XML answer.
//! Where the real services have a trap, it has it too: pages end early, tags given to an alarm that exists are ignored,
//! a redrive policy needs its target. Timing is the only thing that is made up.
//! A test takes it with `#[path = "../benches/support/stub/mod.rs"] mod stub;`.
#![allow(dead_code, reason = "every target that takes the stub uses a part of it")]

mod cloudwatch;
mod failure;
mod nothing;
mod reply;
mod sqs;
mod sts;
mod tagging;
mod world;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::http::request::Parts;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::time::{Instant, sleep_until};

pub use failure::Failure;
use reply::{Fault, Reply};
use world::World;

/// The account that owns everything in the stub.
pub const ACCOUNT: &str = "123456789012";
/// The Region that everything in the stub lives in.
pub const REGION: &str = "us-east-1";

const CLOUDWATCH_PATH: &str = "/service/GraniteServiceVersion20100801/operation/";

/// A running stub; it stops when dropped.
#[derive(Debug)]
pub struct Stub {
    address: SocketAddr,
    shared: Arc<Shared>,
    runtime: Option<Runtime>,
}

impl Stub {
    /// Starts a stub on a free loopback port, on threads of its own.
    ///
    /// Works from synchronous and asynchronous callers alike. Each answer leaves `delay` after its request came in
    /// (rounded up to the next millisecond by the timer).
    ///
    /// # Errors
    /// When no thread or no loopback port is to be had.
    pub fn start(delay: Duration) -> io::Result<Self> {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime = Builder::new_multi_thread().worker_threads(2).thread_name("aws-stub").enable_all().build()?;
        let shared = Arc::new(Shared::new(delay, &format!("http://{address}")));
        let inside = runtime.enter();
        let accepting = accept(TcpListener::from_std(listener)?, Arc::clone(&shared));
        drop(inside);
        runtime.spawn(accepting);
        Ok(Self { address, shared, runtime: Some(runtime) })
    }

    /// Returns the endpoint URL, `http://127.0.0.1:<port>`.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns the requests answered so far by operation, as `sqs.CreateQueue`.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<String, u64> {
        lock(&self.shared.counts).clone()
    }

    /// Returns the number of requests answered so far.
    #[must_use]
    pub fn requests(&self) -> u64 {
        lock(&self.shared.counts).values().sum()
    }

    /// Returns the greatest number of requests that were in flight at once.
    #[must_use]
    pub fn most_in_flight(&self) -> usize {
        self.shared.most_in_flight.load(Ordering::Relaxed)
    }

    /// Makes calls fail from now on, in the order of being told.
    pub fn fail(&self, failure: Failure) {
        lock(&self.shared.failures).push(failure);
    }

    /// Lets every call succeed again.
    pub fn heal(&self) {
        lock(&self.shared.failures).clear();
    }

    /// Forgets the requests counted so far and keeps the resources.
    pub fn reset_counts(&self) {
        self.shared.reset_counts();
    }

    /// Forgets the resources and the requests counted so far.
    pub fn reset(&self) {
        self.shared.reset();
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// What the connections share.
#[derive(Debug)]
struct Shared {
    delay: Duration,
    counts: Mutex<BTreeMap<String, u64>>,
    in_flight: AtomicUsize,
    most_in_flight: AtomicUsize,
    answered: AtomicUsize,
    failures: Mutex<Vec<Failure>>,
    world: Mutex<World>,
}

impl Shared {
    fn new(delay: Duration, url: &str) -> Self {
        Self {
            delay,
            counts: Mutex::default(),
            in_flight: AtomicUsize::new(0),
            most_in_flight: AtomicUsize::new(0),
            answered: AtomicUsize::new(0),
            failures: Mutex::default(),
            world: Mutex::new(World::new(url)),
        }
    }

    fn reset_counts(&self) {
        lock(&self.counts).clear();
        self.most_in_flight.store(0, Ordering::Relaxed);
    }

    fn reset(&self) {
        self.reset_counts();
        lock(&self.world).clear();
    }
}

/// Locks, whatever a panicking holder left behind: every change to the state is a single insert or remove.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        // Without it the kernel may hold a small answer back, on top of the delay.
        let _best_effort = stream.set_nodelay(true);
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            let service = service_fn(|request| answer(&shared, request));
            // A client that hangs up ends its own connection and nothing else.
            let _closed = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn answer(shared: &Shared, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let due = Instant::now() + shared.delay;
    let (head, body) = request.into_parts();
    if head.uri.path().starts_with("/_stub/") {
        return Ok(control(shared, &head).into_response("control"));
    }
    let now = shared.in_flight.fetch_add(1, Ordering::Relaxed) + 1;
    shared.most_in_flight.fetch_max(now, Ordering::Relaxed);
    let reply = match body.collect().await {
        Ok(body) => dispatch(shared, &head, &body.to_bytes()),
        Err(error) => Fault::new(400, "SerializationException", &error.to_string()).as_json(),
    };
    sleep_until(due).await;
    shared.in_flight.fetch_sub(1, Ordering::Relaxed);
    let id = shared.answered.fetch_add(1, Ordering::Relaxed);
    Ok(reply.into_response(&format!("00000000-0000-4000-8000-{id:012x}")))
}

fn control(shared: &Shared, head: &Parts) -> Reply {
    match (&head.method, head.uri.path()) {
        (&Method::GET, "/_stub/counts") => Reply::json(&serde_json::json!(*lock(&shared.counts))),
        (&Method::POST, "/_stub/reset") => {
            shared.reset();
            Reply::json(&serde_json::json!({}))
        }
        _ => Reply::not_found(),
    }
}

fn dispatch(shared: &Shared, head: &Parts, body: &[u8]) -> Reply {
    let call = Call::of(head, body);
    *lock(&shared.counts).entry(call.name()).or_default() += 1;
    if let Some(fault) = failure::next(&mut lock(&shared.failures), &call.name(), body) {
        return match &call {
            Call::CloudWatch(_) => fault.as_cbor(),
            Call::Query(_) => fault.as_xml(),
            _ => fault.as_json(),
        };
    }
    let world = &mut *lock(&shared.world);
    match &call {
        Call::Sqs(operation) => Reply::of_json(sqs::answer(world, operation, body)),
        Call::Tagging(operation) => Reply::of_json(tagging::answer(world, operation, body)),
        Call::CloudWatch(operation) => Reply::of_cbor(cloudwatch::answer(world, operation, body)),
        Call::Query(operation) if operation == "ListRoles" => nothing::roles(),
        Call::Query(operation) if operation == "GetRole" => nothing::role(),
        Call::Query(operation) if operation == "GetAccountAuthorizationDetails" => nothing::role_details(),
        Call::Query(operation) if operation == "ListTopics" => nothing::topics(),
        Call::Query(operation) if operation == "ListSubscriptions" => nothing::subscriptions(),
        Call::Query(operation) => sts::answer(operation),
        Call::OtherTarget(target) if target == "Logs_20140328.DescribeLogGroups" => nothing::log_groups(),
        Call::OtherTarget(target) if target == "DynamoDB_20120810.ListTables" => nothing::tables(),
        Call::OtherPath(path) if path.starts_with("GET /2015-03-31/") => nothing::of_lambda(),
        Call::OtherPath(path) if path == "GET /v2/apis" => nothing::apis(),
        Call::OtherTarget(target) => Fault::unknown_operation(target).as_json(),
        Call::OtherPath(_) => Reply::not_found(),
    }
}

/// Which operation a request asks for.
enum Call {
    Sqs(String),
    Tagging(String),
    CloudWatch(String),
    Query(String),
    OtherTarget(String),
    OtherPath(String),
}

impl Call {
    fn of(head: &Parts, body: &[u8]) -> Self {
        let path = head.uri.path();
        let target = head.headers.get("x-amz-target").and_then(|value| value.to_str().ok());
        if let Some(target) = target {
            return match target.split_once('.') {
                Some(("AmazonSQS", operation)) => Self::Sqs(operation.to_owned()),
                Some(("ResourceGroupsTaggingAPI_20170126", operation)) => Self::Tagging(operation.to_owned()),
                _ => Self::OtherTarget(target.to_owned()),
            };
        }
        if let Some(operation) = path.strip_prefix(CLOUDWATCH_PATH) {
            return Self::CloudWatch(operation.to_owned());
        }
        match sts::action(body) {
            Some(action) if head.method == Method::POST => Self::Query(action),
            _ => Self::OtherPath(format!("{} {path}", head.method)),
        }
    }

    /// The name that the request is counted under.
    fn name(&self) -> String {
        match self {
            Self::Sqs(operation) => format!("sqs.{operation}"),
            Self::Tagging(operation) => format!("tagging.{operation}"),
            Self::CloudWatch(operation) => format!("cloudwatch.{operation}"),
            Self::Query(operation) => format!("sts.{operation}"),
            Self::OtherTarget(name) | Self::OtherPath(name) => name.clone(),
        }
    }
}
