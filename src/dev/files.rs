//! The loopback server that a demonstration's jobs refer to: files to fetch, and a place to post to.

use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

/// A server on 127.0.0.1, for as long as it is kept.
pub struct Files {
    /// Its address, `http://127.0.0.1:PORT`.
    pub url: String,
    posts: Arc<AtomicU64>,
    serving: tokio::task::JoinHandle<()>,
}

impl Files {
    /// Serves the files of a folder, and takes whatever is posted.
    ///
    /// # Errors
    /// When no port is to be had.
    pub async fn serve(folder: PathBuf) -> std::io::Result<Files> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let posts = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&posts);
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (folder, posts) = (folder.clone(), Arc::clone(&counted));
                let service = service_fn(move |request: Request<Incoming>| {
                    let answer = answer(&folder, &posts, &request);
                    async move { Ok::<_, Infallible>(answer) }
                });
                let connection =
                    hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
                // A client that goes away is its own affair.
                tokio::spawn(async move { drop(connection.await) });
            }
        });
        Ok(Files { url, posts, serving })
    }

    /// How often something was posted.
    #[must_use]
    pub fn posts(&self) -> u64 {
        self.posts.load(Ordering::Relaxed)
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

fn answer(folder: &Path, posts: &AtomicU64, request: &Request<Incoming>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    if request.method() == Method::POST {
        posts.fetch_add(1, Ordering::Relaxed);
        *response.status_mut() = StatusCode::NO_CONTENT;
        return response;
    }
    let asked = Path::new(request.uri().path().trim_start_matches('/'));
    // Nothing outside of the folder, whatever the path says.
    let inside = asked.components().all(|part| matches!(part, Component::Normal(_)));
    match std::fs::read(folder.join(asked)).ok().filter(|_| inside) {
        Some(bytes) => *response.body_mut() = Full::from(bytes),
        None => *response.status_mut() = StatusCode::NOT_FOUND,
    }
    response
}
