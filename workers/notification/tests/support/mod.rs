//! A mail server, and a web server that remembers what it was told.

// Each test file takes what it needs.
#![allow(dead_code)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};

use queuestack_worker::Envelope;
use queuestack_worker::idempotency::Key;
use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::servers;

/// The key of a job of this name.
pub fn key(name: &str) -> Key {
    let body = json!({"type": "notification", "createdAt": "2026-11-21T00:00:00Z", "idempotencyKey": name});
    Key::of("notification", &Envelope::decode(&body.to_string()).unwrap())
}

/// A script beside the tests.
pub fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name)
}

/// A real mail server.
pub struct Mail {
    pub port: u16,
    pub folder: PathBuf,
}

impl Mail {
    /// Starts one: `starttls`, `tls` or `none`.
    pub async fn start(mode: &'static str) -> Self {
        let start = move || {
            let (folder, port) = (servers::folder("smtp"), servers::free_port());
            let mut server = Command::new(servers::python::bin().join("python"));
            server.arg(script("smtp.py")).arg(port.to_string()).arg(mode).arg(&folder);
            servers::serve(server, &folder, port);
            Self { port, folder }
        };
        tokio::task::spawn_blocking(start).await.unwrap()
    }

    /// The mails that it took.
    pub fn taken(&self) -> Vec<String> {
        let mails = (1..).map(|number| std::fs::read_to_string(self.folder.join(format!("mail-{number}"))));
        mails.map_while(Result::ok).collect()
    }
}

/// A mail server that says of each command, the greeting and the mail itself (`.`) what it is told to, and `250` of the
/// rest; `close` ends the connection. It keeps what it is told.
pub struct Parrot {
    pub port: u16,
    pub told: Arc<Mutex<Vec<String>>>,
}

impl Parrot {
    pub async fn start(answers: &'static [(&'static str, &'static str)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let parrot = Self { port: listener.local_addr().unwrap().port(), told: Arc::default() };
        let told = Arc::clone(&parrot.told);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(say(stream, answers, Arc::clone(&told)));
            }
        });
        parrot
    }
}

async fn say(
    stream: TcpStream,
    answers: &'static [(&'static str, &'static str)],
    told: Arc<Mutex<Vec<String>>>,
) -> Option<()> {
    let mut stream = BufReader::new(stream);
    let mut command = "greeting".to_owned();
    loop {
        let known = match command.as_str() {
            "greeting" => "220 parrot",
            "DATA" => "354 go on",
            _ => "250 fine",
        };
        let answer = answers.iter().find(|(to, _)| *to == command).map_or(known, |(_, answer)| answer);
        if answer == "close" {
            return None;
        }
        stream.write_all(format!("{answer}\r\n").as_bytes()).await.ok()?;
        let within = command == "DATA" && answer == known;
        command.clear();
        let mut line = String::new();
        while command.is_empty() {
            line.clear();
            stream.read_line(&mut line).await.ok().filter(|read| *read > 0)?;
            told.lock().unwrap().push(line.trim_end().to_owned());
            let word = line.split_ascii_whitespace().next().unwrap_or_default();
            if !within || word == "." {
                word.clone_into(&mut command);
            }
        }
    }
}

/// A request that was received.
#[derive(Clone, Debug)]
pub struct Request {
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

/// A web server that gives each request the same answer.
pub struct Web {
    pub port: u16,
    pub requests: Arc<Mutex<Vec<Request>>>,
    pub answer: Arc<Mutex<String>>,
}

impl Web {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let web = Self { port, requests: Arc::default(), answer: Arc::new(Mutex::new("204 No Content".to_owned())) };
        let (requests, answer) = (Arc::clone(&web.requests), Arc::clone(&web.answer));
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                if let Some(request) = read(&mut stream).await {
                    requests.lock().unwrap().push(request);
                    let answer = answer.lock().unwrap().clone();
                    let answer = format!("HTTP/1.1 {answer}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
                    let _ = stream.write_all(answer.as_bytes()).await;
                }
            }
        });
        web
    }

    pub fn answers(&self, answer: &str) {
        answer.clone_into(&mut self.answer.lock().unwrap());
    }

    pub fn taken(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}

async fn read(stream: &mut TcpStream) -> Option<Request> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).ok()?;
    let headers: BTreeMap<_, _> = head
        .lines()
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let mut body = vec![0; headers.get("content-length")?.parse().ok()?];
    stream.read_exact(&mut body).await.ok()?;
    Some(Request { headers, body })
}

/// A port where connections are taken and nothing is ever said.
pub fn mute() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    // The system takes connections for it, for as long as the test lives.
    std::mem::forget(listener);
    port
}
