//! `/metrics` and `/healthz`, on loopback.

use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
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
    let silent = host.health.silent_for();
    // With every slot taken nothing is polled: a busy worker is a healthy one.
    let busy = host.core.metrics.gauges.handling.load(Relaxed) >= host.core.settings.concurrency as u64;
    if silent > SILENCE && !busy {
        let text = format!("the queue has not answered for {} s\n", silent.as_secs());
        return (StatusCode::SERVICE_UNAVAILABLE, text);
    }
    let state = if host.core.stop.is_draining() { "stopping" } else { "ok" };
    (StatusCode::OK, format!("{state}\n"))
}
