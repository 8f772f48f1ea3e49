//! `/metrics` and `/healthz`, on loopback.

use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;

use super::Host;
use crate::StartError;

/// A queue that did not answer for this long is not healthy: three long polls.
const SILENCE: Duration = Duration::from_secs(60);

pub(super) async fn bind(port: u16) -> Result<TcpListener, StartError> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(|error| {
        StartError(format!("127.0.0.1:{port} for /metrics: {error}; set WORKER_METRICS_PORT to another port, or to 0"))
    })
}

/// Answers requests for good.
pub(super) async fn serve(listener: TcpListener, host: Arc<Host>) {
    // Dropped with this task: no connection outlives the host.
    let mut connections = tokio::task::JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let host = Arc::clone(&host);
        let service = service_fn(move |request| {
            let response = answer(&host, &request);
            async move { Ok::<_, Infallible>(response) }
        });
        connections.spawn(async move {
            let mut server = http1::Builder::new();
            server.timer(TokioTimer::new()).header_read_timeout(Duration::from_secs(10));
            // A client that goes away in the middle of a request is its own affair.
            let _ = server.serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

fn answer(host: &Host, request: &Request<Incoming>) -> Response<Full<Bytes>> {
    let (status, text) = match request.uri().path() {
        "/metrics" => (StatusCode::OK, host.core.metrics.prometheus()),
        "/healthz" => health(host),
        _ => (StatusCode::NOT_FOUND, "/metrics or /healthz\n".to_owned()),
    };
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = status;
    let plain = hyper::header::HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    response.headers_mut().insert(hyper::header::CONTENT_TYPE, plain);
    response
}

fn health(host: &Host) -> (StatusCode, String) {
    let silent = host.health.silent_for(host.core.settings.concurrency);
    if silent > SILENCE {
        let text = format!("the queue has not answered for {} s\n", silent.as_secs());
        return (StatusCode::SERVICE_UNAVAILABLE, text);
    }
    let state = if host.core.stop.is_draining() { "stopping" } else { "ok" };
    (StatusCode::OK, format!("{state}\n"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::{Instant, SystemTime};

    use tokio::sync::Semaphore;

    use super::*;
    use crate::backend::nothing::Nothing;
    use crate::backend::{Backend, Delivery};
    use crate::host::process::heartbeat::Heartbeat;
    use crate::host::process::{Health, deleter, message};
    use crate::{Context, Job, Outcome, Stop, Worker};

    fn of_one_group(index: usize) -> Delivery {
        Delivery {
            message_id: index.to_string(),
            receipt: index.to_string(),
            body: r#"{"type":"wait","createdAt":"2026-01-01T00:00:00Z"}"#.to_owned(),
            attributes: BTreeMap::new(),
            typed: BTreeMap::new(),
            receive_count: 1,
            sent: SystemTime::now(),
            first_received: SystemTime::now(),
            group: Some("g".to_owned()),
            trace_header: None,
        }
    }

    #[tokio::test]
    async fn a_worker_whose_slots_all_are_taken_is_healthy_however_long_it_did_not_ask() {
        let (slots, proceed) = (3, Arc::new(Semaphore::new(0)));
        let gate = Arc::clone(&proceed);
        let worker = Worker::new("test").concurrency(slots).job("wait", move |_job: Job<()>, _context: Context| {
            let gate = Arc::clone(&gate);
            async move {
                gate.acquire().await.expect("open").forget();
                Outcome::done()
            }
        });
        let queue: Arc<dyn Backend> = Arc::new(Nothing { fifo: true });
        let (deleter, _deleting) = deleter::start(Arc::clone(&queue));
        let host = Arc::new(Host {
            core: Arc::new(worker.core(Stop::new(), false).unwrap()),
            queue,
            deleter,
            heartbeat: Heartbeat::new(Duration::from_secs(30)),
            slots: Arc::new(Semaphore::new(slots)),
            health: Health::new(Instant::now().checked_sub(2 * SILENCE).unwrap()),
        });
        assert_eq!(health(&host).0, StatusCode::SERVICE_UNAVAILABLE);
        // One is handled, and two wait for their turn.
        let mut free = Arc::clone(&host.slots).acquire_many_owned(3).await.unwrap();
        message::spawn(&host, (0..slots).map(of_one_group).collect(), Instant::now(), &mut free);
        tokio::task::yield_now().await;
        assert_eq!(health(&host), (StatusCode::OK, "ok\n".to_owned()));
        proceed.add_permits(slots);
        drop(host.slots.acquire_many(3).await.unwrap());
        // From then on the queue is asked, and has a while to answer.
        assert_eq!(health(&host).0, StatusCode::OK);
        assert!(host.health.silent_for(slots) < SILENCE && host.health.silent_for(0).is_zero());
    }
}
