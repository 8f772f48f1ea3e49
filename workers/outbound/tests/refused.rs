//! Where requests go and where they do not, against a real server on the loopback interface.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use queuestack_outbound::{HttpError, Method, Networks, Outbound, Url, body};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const TIMEOUT: Duration = Duration::from_secs(5);

/// A server that gives each connection the answer made for its port; counts connections.
async fn server(answer: impl Fn(u16) -> String + Send + 'static) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (port, asked) = (listener.local_addr().unwrap().port(), Arc::new(AtomicUsize::new(0)));
    let counter = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            counter.fetch_add(1, Ordering::Relaxed);
            let mut request = vec![0; 4096];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(answer(port).as_bytes()).await;
        }
    });
    (port, asked)
}

fn outbound(allowed: &str, redirects: usize) -> Outbound {
    Outbound::new(allowed.parse::<Networks>().unwrap(), redirects, TIMEOUT)
}

async fn get(outbound: &Outbound, url: &str) -> Result<Vec<u8>, HttpError> {
    let response = outbound.request(Method::GET, &Url::parse(url).unwrap())?.send().await?;
    body(response, 100).await
}

#[tokio::test]
async fn addresses_within_are_not_spoken_to() {
    let (port, asked) = server(|_| "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok".to_owned()).await;
    let closed = outbound("", 0);
    let urls = [
        "http://127.0.0.1",
        "https://127.0.0.1",
        "https://localhost",
        "https://[::1]",
        "https://[::ffff:7f00:1]",
        "https://2130706433",
        "https://0x7f.1",
    ];
    for url in urls {
        let error = get(&closed, &format!("{url}:{port}/")).await.unwrap_err();
        assert!(matches!(error, HttpError::Refused(_)), "{url}: {error}");
    }
    // What is allowed is the network that was named, for plain http as well.
    let other = outbound("10.0.0.0/8", 0);
    for url in ["http://127.0.0.1", "http://localhost", "https://localhost"] {
        assert!(matches!(get(&other, &format!("{url}:{port}/")).await, Err(HttpError::Refused(_))), "{url}");
    }
    assert_eq!(asked.load(Ordering::Relaxed), 0);
    let open = outbound("127.0.0.0/8", 0);
    for url in ["http://127.0.0.1", "http://localhost"] {
        assert_eq!(get(&open, &format!("{url}:{port}/")).await.unwrap(), b"ok");
    }
    let error = get(&open, &format!("http://user:hunter2@127.0.0.1:{port}/")).await.unwrap_err();
    assert!(matches!(error, HttpError::Refused(_)) && !error.to_string().contains("hunter2"), "{error}");
}

#[tokio::test]
async fn redirects_are_held_to_the_same_rules() {
    let (target, asked) = server(|_| "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok".to_owned()).await;
    let redirect = |to: String| move |_| format!("HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n");
    // Both are loopback addresses; only the first is allowed.
    let (port, _) = server(redirect(format!("http://127.0.0.2:{target}/"))).await;
    let narrow = outbound("127.0.0.1", 3);
    let error = get(&narrow, &format!("http://127.0.0.1:{port}/")).await.unwrap_err();
    assert!(matches!(error, HttpError::Refused(_)), "{error}");
    assert_eq!(asked.load(Ordering::Relaxed), 0);

    let (port, _) = server(redirect(format!("http://127.0.0.1:{target}/"))).await;
    assert_eq!(get(&narrow, &format!("http://127.0.0.1:{port}/")).await.unwrap(), b"ok");
    // Without redirects the answer is what the server said.
    let none = outbound("127.0.0.1", 0);
    let url = Url::parse(&format!("http://127.0.0.1:{port}/")).unwrap();
    assert_eq!(none.request(Method::POST, &url).unwrap().send().await.unwrap().status(), 302);
    assert_eq!(asked.load(Ordering::Relaxed), 1);
    // A circle ends.
    let (port, asked) =
        server(|port| format!("HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:{port}/\r\ncontent-length: 0\r\n\r\n"))
            .await;
    assert_eq!(get(&narrow, &format!("http://127.0.0.1:{port}/")).await.unwrap(), b"");
    assert_eq!(asked.load(Ordering::Relaxed), 4);
}

#[tokio::test]
async fn bodies_and_waiting_end() {
    let open = outbound("127.0.0.1", 0);
    let long = "x".repeat(101);
    let cases = [
        format!("HTTP/1.1 200 OK\r\ncontent-length: 101\r\n\r\n{long}"),
        format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n65\r\n{long}\r\n0\r\n\r\n"),
        format!("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{long}"),
    ];
    for answer in cases {
        let (port, _) = server(move |_| answer.clone()).await;
        let error = get(&open, &format!("http://127.0.0.1:{port}/secret")).await.unwrap_err();
        assert!(matches!(error, HttpError::TooLarge(100)), "{error}");
    }
    // An answer that breaks off is no answer.
    let (port, _) = server(|_| "HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nhalf".to_owned()).await;
    assert!(matches!(get(&open, &format!("http://127.0.0.1:{port}/")).await, Err(HttpError::Failed(_))));
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let quick = Outbound::new("127.0.0.1".parse().unwrap(), 0, Duration::from_millis(200));
    let error = get(&quick, &format!("http://{}/secret", silent.local_addr().unwrap())).await.unwrap_err();
    assert!(matches!(&error, HttpError::Failed(told) if !told.contains("secret")), "{error}");
}
