//! Who answers on a port of 127.0.0.1, and which process that is.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use listeners::{Listener, Protocol, SocketState};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use super::emulator::COMMON_HEALTH;
use super::{EMULATORS, Emulator};

/// How long whoever holds a port may take to say that it is an emulator.
pub(super) const ANSWER_WITHIN: Duration = Duration::from_secs(3);
/// How long one may take that is to be worked with: it may be busy with the requests of others.
pub(super) const BUSY_ANSWER_WITHIN: Duration = Duration::from_secs(60);
const RESET_WITHIN: Duration = Duration::from_secs(30);
const CLOSED_POLL: Duration = Duration::from_millis(10);
const LONGEST_ANSWER: u64 = 1024 * 1024;

/// A process that listens on a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The name that the system shows for it.
    pub name: String,
    /// Its process number.
    pub pid: u32,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (pid {})", self.name, self.pid)
    }
}

/// What a port turned out to be.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// An emulator of AWS.
    Emulator {
        name: &'static str,
        version: Option<String>,
        /// A word on its origin, which we set for what we start.
        edition: Option<String>,
    },
    /// Something that listens and is no emulator, or does not answer.
    Other,
    /// Nobody listens.
    Nothing,
}

/// Asks the port who it is: on the page that all answer first, so that whoever is no emulator is asked once.
pub(super) async fn probe(port: u16, within: Duration) -> Found {
    let health = match request(port, "GET", COMMON_HEALTH, within).await {
        Answer::Refused => return Found::Nothing,
        answer => match health(&answer) {
            Some(health) => health,
            None => return Found::Other,
        },
    };
    let mut emulator = EMULATORS.into_iter().find(|one| one.mark.is_some_and(|mark| health.get(mark).is_some()));
    for one in EMULATORS {
        // Whoever answers on its own page is it; the common page was answered.
        if emulator.is_none() && (one.health == COMMON_HEALTH || answers(port, one, within).await) {
            emulator = Some(one);
        }
    }
    let text = |key| health.get(key).and_then(Value::as_str).map(str::to_owned);
    let found = |emulator: &Emulator| Found::Emulator {
        name: emulator.name,
        version: text("version"),
        edition: text("edition"),
    };
    emulator.map_or(Found::Other, found)
}

/// Tells whether an emulator's own health page is there.
async fn answers(port: u16, emulator: &Emulator, within: Duration) -> bool {
    health(&request(port, "GET", emulator.health, within).await).is_some()
}

/// Reads the health page of an emulator; anything else is none.
fn health(answer: &Answer) -> Option<Value> {
    let Answer::Http(200, body) = answer else { return None };
    let health: Value = serde_json::from_slice(body).ok()?;
    health.get("services").is_some_and(Value::is_object).then_some(health)
}

/// Tells an emulator to delete all it holds; returns whether it said that it did.
pub(super) async fn reset(port: u16, path: &str) -> bool {
    let answer = request(port, "POST", path, RESET_WITHIN).await;
    matches!(answer, Answer::Http(200, _))
}

/// Waits until nobody accepts connections: the memory of a process goes before its sockets do.
pub(super) async fn closed(port: u16, within: Duration) {
    let open = async {
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.is_ok() {
            sleep(CLOSED_POLL).await;
        }
    };
    // Whoever still accepts after that is somebody else.
    let _ = timeout(within, open).await;
}

/// Returns the process that listens where 127.0.0.1 leads to, if the system lets this user see it.
pub(super) async fn holder(port: u16) -> Option<Holder> {
    let all = tokio::task::spawn_blocking(|| listeners::get_all().unwrap_or_default());
    let all = all.await.ok()?;
    let (_, listener) = all.into_iter().filter_map(|l| Some((rank(&l, port)?, l))).min_by_key(|(rank, _)| *rank)?;
    Some(Holder { name: listener.process.name, pid: listener.process.pid })
}

/// Orders the listeners that a connection to 127.0.0.1 can reach: the most specific address wins.
fn rank(listener: &Listener, port: u16) -> Option<u8> {
    let ours =
        listener.protocol == Protocol::TCP && listener.state == SocketState::Listen && listener.socket.port() == port;
    let rank = match listener.socket.ip() {
        IpAddr::V4(Ipv4Addr::LOCALHOST) => 0,
        IpAddr::V6(ip) if ip == Ipv4Addr::LOCALHOST.to_ipv6_mapped() => 0,
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => 1,
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => 2,
        _ => return None,
    };
    ours.then_some(rank)
}

enum Answer {
    Refused,
    None,
    Http(u16, Vec<u8>),
}

async fn request(port: u16, method: &str, path: &str, within: Duration) -> Answer {
    timeout(within, exchange(port, method, path)).await.unwrap_or(Answer::None)
}

async fn exchange(port: u16, method: &str, path: &str) -> Answer {
    let mut stream = match TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await {
        Ok(stream) if !is_own(&stream) => stream,
        _ => return Answer::Refused,
    };
    // Version 1.0, so that the answer ends with the connection and is never chunked.
    let head =
        format!("{method} {path} HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    let mut answer = Vec::new();
    // A reset after the last byte is no matter: an incomplete answer fails to parse.
    if stream.write_all(head.as_bytes()).await.is_ok() {
        let _ = stream.take(LONGEST_ANSWER).read_to_end(&mut answer).await;
    }
    parse(&answer).map_or(Answer::None, |(status, body)| Answer::Http(status, body))
}

/// Tells a connection to oneself, which TCP allows where nobody listens on an ephemeral port.
fn is_own(stream: &TcpStream) -> bool {
    matches!((stream.local_addr(), stream.peer_addr()), (Ok(local), Ok(peer)) if local == peer)
}

fn parse(answer: &[u8]) -> Option<(u16, Vec<u8>)> {
    let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&answer[..end]).ok()?;
    let status = head.strip_prefix("HTTP/1.")?.split(' ').nth(1)?;
    Some((status.parse().ok()?, answer[end + 4..].to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    /// Answers every request on a free port with the same bytes.
    async fn serve(answer: &'static str) -> u16 {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut request = [0; 1024];
                let _ = stream.read(&mut request).await;
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        port
    }

    #[tokio::test]
    async fn a_port_without_a_listener_is_nothing() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        assert_eq!(probe(port, ANSWER_WITHIN).await, Found::Nothing);
        assert_eq!(holder(port).await, None);
    }

    #[tokio::test]
    async fn what_is_no_emulator_is_other() {
        for answer in [
            "",
            "220 mail.example ESMTP\r\n",
            "HTTP/1.1 404 Not Found\r\n\r\n{}",
            "HTTP/1.1 200 OK\r\n\r\n<html>",
            "HTTP/1.1 200 OK\r\n\r\n{\"status\": \"ok\"}",
            "HTTP/1.1 500 No\r\n\r\n{\"services\": {}}",
            "HTTP/1.1 200 OK\r\n\r\n{\"services\": {\"sqs\"",
        ] {
            assert_eq!(probe(serve(answer).await, ANSWER_WITHIN).await, Found::Other, "{answer:?}");
        }
    }

    #[tokio::test]
    async fn a_version_is_not_demanded_of_an_emulator() {
        let port = serve("HTTP/1.1 200 OK\r\n\r\n{\"services\": {}}").await;
        let expected = Found::Emulator { name: "ministack", version: None, edition: None };
        assert_eq!(probe(port, ANSWER_WITHIN).await, expected);
    }

    #[tokio::test]
    async fn who_is_busy_is_waited_for_as_long_as_is_said() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let _ = stream.read(&mut [0; 1024]).await;
                    sleep(Duration::from_millis(400)).await;
                    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n{\"services\": {}}").await;
                });
            }
        });
        assert_eq!(probe(port, Duration::from_millis(50)).await, Found::Other);
        assert!(matches!(probe(port, BUSY_ANSWER_WITHIN).await, Found::Emulator { .. }));
    }

    #[tokio::test]
    async fn a_holder_is_named_on_each_address_that_loopback_reaches() {
        for address in ["127.0.0.1:0", "0.0.0.0:0"] {
            let listener = TcpListener::bind(address).await.unwrap();
            let holder = holder(listener.local_addr().unwrap().port()).await.unwrap();
            assert_eq!(holder.pid, std::process::id(), "{address}");
            assert!(!holder.name.is_empty());
        }
    }
}
