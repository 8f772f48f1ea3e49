//! A web server that answers as a test says: what no real one can be made to say.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A request.
#[derive(Clone, Debug)]
pub struct Asked {
    pub method: String,
    pub path: String,
    pub body: String,
}

impl Asked {
    /// The token of a `sync-collection`; nothing for another request.
    pub fn token(&self) -> Option<&str> {
        between(&self.body, "<sync-token>", "</sync-token>").next()
    }

    /// What a `calendar-multiget` asks for.
    pub fn hrefs(&self) -> Vec<&str> {
        between(&self.body, "<D:href>", "</D:href>").collect()
    }
}

fn between<'a>(text: &'a str, begin: &'a str, end: &'a str) -> impl Iterator<Item = &'a str> {
    text.split(begin).skip(1).filter_map(move |rest| Some(rest.split_once(end)?.0))
}

/// The server.
pub struct Mock {
    origin: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Mock {
    /// Starts one whose answers this function gives: [`answer`], [`multistatus`].
    pub async fn serve(respond: impl Fn(&Asked) -> String + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mock = Self { origin: format!("http://{}", listener.local_addr().unwrap()), asked: Arc::default() };
        let (asked, respond) = (Arc::clone(&mock.asked), Arc::new(respond));
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (asked, respond) = (Arc::clone(&asked), Arc::clone(&respond));
                tokio::spawn(async move {
                    let Some(request) = read(&mut stream).await else { return };
                    asked.lock().unwrap().push(request.clone());
                    let _ = stream.write_all(respond(&request).as_bytes()).await;
                });
            }
        });
        mock
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }

    /// What was asked so far: methods and paths.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().iter().map(|one| format!("{} {}", one.method, one.path)).collect()
    }

    /// The tokens that were sent and how many resources were asked for, taken out: `token t1`, `get 2`.
    pub fn questions(&self) -> Vec<String> {
        let asked = std::mem::take(&mut *self.asked.lock().unwrap());
        let question = |one: &Asked| match one.token() {
            Some(token) => format!("token {token:.20}"),
            None => format!("get {}", one.hrefs().len()),
        };
        asked.iter().map(question).collect()
    }
}

async fn read(stream: &mut TcpStream) -> Option<Asked> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).ok()?;
    let length = between(&head, "content-length: ", "\r\n").next().and_then(|length| length.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).await.ok()?;
    let mut words = head.split(' ');
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    Some(Asked { method, path, body: String::from_utf8(body).ok()? })
}

/// An answer with headers that each end with a line break.
pub fn answer(status: u16, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {}\r\n{headers}\r\n{body}", body.len())
}

/// A `207 Multi-Status` of responses and, for a sync, the next token.
pub fn multistatus(responses: &[String], token: Option<&str>) -> String {
    let token = token.map(|token| format!("<D:sync-token>{token}</D:sync-token>")).unwrap_or_default();
    let namespaces = r#"xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav""#;
    answer(207, "", &format!("<D:multistatus {namespaces}>{}{token}</D:multistatus>", responses.concat()))
}

/// A resource that is there in this version.
pub fn there(href: &str, etag: &str) -> String {
    content(href, etag, "")
}

/// A resource and what it says.
pub fn content(href: &str, etag: &str, calendar: &str) -> String {
    let data =
        if calendar.is_empty() { String::new() } else { format!("<C:calendar-data>{calendar}</C:calendar-data>") };
    format!(
        "<D:response><D:href>{href}</D:href><D:propstat><D:prop><D:getetag>\"{etag}\"</D:getetag>{data}</D:prop>\
         <D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>"
    )
}

/// Resources of which there is a status and no more.
pub fn status(hrefs: &[&str], status: u16) -> String {
    let hrefs: String = hrefs.iter().map(|href| format!("<D:href>{href}</D:href>")).collect();
    format!("<D:response>{hrefs}<D:status>HTTP/1.1 {status} X</D:status></D:response>")
}
