//! Calendars, and servers that have them.

// Each test file takes what it needs.
#![allow(dead_code)]

pub mod mock;

use std::collections::HashMap;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::interceptors::BeforeSerializationInterceptorContextRef as Before;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept};
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsInput;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_smithy_runtime_api::box_error::BoxError;
use calendar_sync::changes::Changes;
use calendar_sync::store::{Calendar, DynamoDb, State, Store, Update};
use calendar_sync::sync::{self, SyncCalendar};
use calendar_sync::write::{self, WriteEvent};
use calendar_sync::{Deps, Settings};
use jiff::Timestamp;
use queuestack_outbound::Url;
use queuestack_worker::Outcome;
use queuestack_worker::aws::Table;
use queuestack_worker::database::{Database, query};
use serde_json::Value;
use sqlx::{AssertSqlSafe, Row};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::{aws, dynamodb, servers};

/// One event.
pub fn event(uid: &str, summary: &str) -> String {
    // Exports differ in this, and in nothing else.
    let now = Timestamp::now().strftime("%Y%m%dT%H%M%SZ");
    format!(
        "BEGIN:VEVENT\r\nUID:{uid}\r\nDTSTAMP:{now}\r\nDTSTART:20261121T100000Z\r\nDTEND:20261121T110000Z\r\n\
         SUMMARY:{summary}\r\nEND:VEVENT\r\n"
    )
}

/// A changed occurrence of a recurring event.
pub fn occurrence(uid: &str, summary: &str) -> String {
    event(uid, summary).replace("SUMMARY", "RECURRENCE-ID:20261128T100000Z\r\nSUMMARY")
}

/// A calendar of events.
pub fn calendar(events: &[String]) -> String {
    format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//queuestack//test//EN\r\n{}END:VCALENDAR\r\n", events.concat())
}

/// Does the job `calendar.sync`.
pub async fn sync(deps: &Deps, payload: Value) -> Outcome {
    sync::handle(serde_json::from_value::<SyncCalendar>(payload).unwrap(), deps).await
}

/// Does the job `calendar.write`.
pub async fn put(deps: &Deps, payload: Value) -> Outcome {
    write::handle(serde_json::from_value::<WriteEvent>(payload).unwrap(), deps).await
}

/// What a sync created, updated and deleted; nothing when the server said that nothing changed.
#[track_caller]
pub fn done(outcome: Outcome) -> Option<(u64, u64, u64)> {
    let Outcome::Done(Some(summary)) = outcome else { panic!("{outcome:?}") };
    let count = |name: &str| summary[name].as_u64().unwrap();
    (summary["not_modified"] == false).then(|| (count("created"), count("updated"), count("deleted")))
}

/// The error of a dead letter with this reason.
#[track_caller]
pub fn dead(outcome: Outcome, expected: &str) -> String {
    let Outcome::DeadLetter { reason, error } = outcome else { panic!("{outcome:?}") };
    assert_eq!(reason, expected, "{error}");
    error
}

/// The error of a job that is tried again.
#[track_caller]
pub fn again(outcome: Outcome) -> String {
    let Outcome::Retry { error, .. } = outcome else { panic!("{outcome:?}") };
    error
}

/// An empty store of each kind.
pub async fn every_store() -> Vec<String> {
    let mut stores = stores().await;
    stores.push("memory:".to_owned());
    stores
}

/// An empty store of each kind that outlives a process.
pub async fn stores() -> Vec<String> {
    let urls = tokio::task::spawn_blocking(|| [servers::postgres::url(), servers::mariadb::url()]).await.unwrap();
    let file = servers::folder("calendar").join("calendar.db");
    let mut stores = vec![format!("sqlite:{}", file.display())];
    for url in urls {
        let (server, _) = url.rsplit_once('/').unwrap();
        let name = format!("calendar{}", Timestamp::now().as_nanosecond());
        sqlx::any::install_default_drivers();
        let pool = sqlx::AnyPool::connect(url).await.unwrap();
        sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {name}"))).execute(&pool).await.unwrap();
        stores.push(format!("{server}/{name}"));
    }
    let table = format!("calendar-events-{}", Timestamp::now().as_nanosecond());
    let endpoint = tokio::task::spawn_blocking(aws::endpoint).await.unwrap();
    dynamodb::make(&dynamodb::client(endpoint), &table, &["calendar", "id"]).await;
    stores.push(format!("dynamodb:{table}"));
    stores
}

/// A worker that may speak to this machine.
pub fn deps(store: &str) -> Deps {
    on_this_machine(settings(store))
}

fn on_this_machine(settings: Settings) -> Deps {
    let mut deps = settings.deps().unwrap();
    if let Store::DynamoDb(store) = &deps.store {
        let table = Table::new(dynamodb::client(aws::endpoint()), store.table().name());
        deps.store = Store::DynamoDb(DynamoDb::new(table));
    }
    deps
}

/// A worker whose transactions of DynamoDB are each begun with this; they are counted from 0.
pub fn deps_with(store: &str, begin: impl Fn(usize) -> Result<(), BoxError> + Send + Sync + 'static) -> Deps {
    let mut deps = deps(store);
    if let Store::DynamoDb(store) = &deps.store {
        let hook = Hook { begin: Box::new(begin), count: AtomicUsize::new(0) };
        let config = dynamodb::client(aws::endpoint()).config().to_builder().interceptor(hook);
        let table = Table::new(Client::from_conf(config.build()), store.table().name());
        deps.store = Store::DynamoDb(DynamoDb::new(table));
    }
    deps
}

struct Hook {
    begin: Box<dyn Fn(usize) -> Result<(), BoxError> + Send + Sync>,
    count: AtomicUsize,
}

impl std::fmt::Debug for Hook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hook").finish_non_exhaustive()
    }
}

impl Intercept for Hook {
    fn name(&self) -> &'static str {
        "hook"
    }

    fn read_before_execution(&self, context: &Before<'_>, _: &mut ConfigBag) -> Result<(), BoxError> {
        match context.input().downcast_ref::<TransactWriteItemsInput>() {
            Some(_) => (self.begin)(self.count.fetch_add(1, Ordering::SeqCst)),
            None => Ok(()),
        }
    }
}

fn settings(store: &str) -> Settings {
    Settings {
        store: Some(store.to_owned()),
        allow: Some("127.0.0.0/8".to_owned()),
        max_bytes: Some((2 << 20).to_string()),
        ..Settings::default()
    }
}

/// Names and summaries of all events, in order.
pub async fn rows(deps: &Deps) -> Vec<(String, String)> {
    let mut rows: Vec<(String, String, String)> = match &deps.store {
        Store::Memory(memory) => {
            let events = memory.events().into_iter();
            events.map(|known| (known.id, String::new(), known.summary)).collect()
        }
        Store::DynamoDb(store) => {
            let table = store.table();
            let items = table.client().await.scan().table_name(table.name()).into_paginator().items().send();
            let items = items.collect::<Result<Vec<_>, _>>().await.unwrap();
            let events = items.iter().filter(|item| item.contains_key("uid"));
            let text = |item: &HashMap<String, AttributeValue>, name: &str| item[name].as_s().unwrap().clone();
            events.map(|item| (text(item, "uid"), text(item, "recurrence_id"), text(item, "summary"))).collect()
        }
        Store::Sql(_) => {
            let rows = query("SELECT uid, recurrence_id, summary FROM calendar_events", &[]);
            let rows = rows.fetch_all(database(deps).pool()).await.unwrap();
            rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect()
        }
    };
    rows.sort();
    rows.into_iter().map(|(uid, _, summary)| (uid, summary)).collect()
}

/// The database of a store that has one.
pub fn database(deps: &Deps) -> &Database {
    let Store::Sql(store) = &deps.store else { panic!("the store is no database") };
    store.database()
}

/// Makes a SQLite store fail whenever events are deleted.
pub async fn refuse_deletes(deps: &Deps, refuse: bool) {
    let statement = match refuse {
        true => "CREATE TRIGGER no BEFORE DELETE ON calendar_events BEGIN SELECT RAISE(ABORT, 'disk full'); END",
        false => "DROP TRIGGER no",
    };
    query(statement, &[]).execute(database(deps).pool()).await.unwrap();
}

/// Makes a calendar go on from another token.
pub async fn set_token(deps: &Deps, calendar: &str, token: &str) {
    let id = Store::calendar(calendar);
    let before = deps.store.state(&id).await.unwrap();
    let after = State { sync_token: Some(token.to_owned()), ..before.clone() };
    let (calendar, changes) = (Calendar { name: calendar, id: &id }, &Changes::default());
    let update = Update { calendar, before: &before, after: &after, changes };
    assert!(deps.store.apply(&update).await.unwrap());
}

/// A web server with one file that has a version.
pub struct File {
    port: u16,
    content: Arc<Mutex<Content>>,
}

struct Content {
    text: String,
    version: u32,
    answer: u16,
    statuses: Vec<u16>,
}

impl File {
    pub async fn serve(text: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let content = Arc::new(Mutex::new(Content { text, version: 1, answer: 200, statuses: Vec::new() }));
        let shared = Arc::clone(&content);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(respond(stream, Arc::clone(&shared)));
            }
        });
        Self { port, content }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/team.ics", self.port)
    }

    pub fn change(&self, text: String) {
        let mut content = self.content.lock().unwrap();
        (content.text, content.version) = (text, content.version + 1);
    }

    pub fn answer(&self, status: u16) {
        self.content.lock().unwrap().answer = status;
    }

    /// What was answered so far.
    pub fn statuses(&self) -> Vec<u16> {
        self.content.lock().unwrap().statuses.clone()
    }
}

async fn respond(mut stream: TcpStream, content: Arc<Mutex<Content>>) {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        if stream.read(&mut byte).await.unwrap_or(0) == 0 {
            return;
        }
        request.push(byte[0]);
    }
    let answer = {
        let mut content = content.lock().unwrap();
        let etag = format!("\"v{}\"", content.version);
        let same = String::from_utf8_lossy(&request).contains(&format!("if-none-match: {etag}"));
        let status = if same { 304 } else { content.answer };
        content.statuses.push(status);
        let body = if status == 200 { content.text.as_str() } else { "" };
        let length = if status == 304 { String::new() } else { format!("content-length: {}\r\n", body.len()) };
        format!("HTTP/1.1 {status} X\r\netag: {etag}\r\nretry-after: 7\r\nconnection: close\r\n{length}\r\n{body}")
    };
    let _ = stream.write_all(answer.as_bytes()).await;
}

/// A CalDAV server that knows one user.
pub struct Radicale {
    origin: String,
}

impl Radicale {
    /// The one of this process; the first to ask starts it.
    pub async fn get() -> &'static Self {
        tokio::task::spawn_blocking(|| {
            static RADICALE: OnceLock<Radicale> = OnceLock::new();
            RADICALE.get_or_init(Self::start)
        })
        .await
        .unwrap()
    }

    fn start() -> Self {
        let (folder, port) = (servers::folder("radicale"), servers::free_port());
        std::fs::write(folder.join("users"), "user:s3cret\n").unwrap();
        let mut server = Command::new(servers::python::bin().join("radicale"));
        server.args(["--config", "", "--auth-type", "htpasswd", "--auth-htpasswd-encryption", "plain"]);
        server.arg("--auth-htpasswd-filename").arg(folder.join("users"));
        server.arg("--storage-filesystem-folder").arg(folder.join("collections"));
        server.arg("--server-hosts").arg(format!("127.0.0.1:{port}"));
        servers::serve(server, &folder, port);
        Self { origin: format!("http://127.0.0.1:{port}") }
    }

    /// A worker that is the user there.
    pub fn deps(&self, store: &str) -> Deps {
        let credentials = format!(r#"{{"{}": {{"username": "user", "password": "s3cret"}}}}"#, self.origin);
        on_this_machine(Settings { credentials: Some(credentials), ..settings(store) })
    }

    async fn ask(&self, deps: &Deps, method: &'static str, url: &str, body: String) {
        let request = deps.request(method, &Url::parse(url).unwrap()).unwrap();
        let answer = request.header("content-type", "text/calendar").body(body).send().await.unwrap();
        assert!(answer.status().is_success(), "{method} {url}: {answer:?}");
    }

    /// A new, empty collection.
    pub async fn collection(&self, deps: &Deps) -> String {
        let url = format!("{}/user/c{}/", self.origin, Timestamp::now().as_nanosecond());
        self.ask(deps, "MKCALENDAR", &url, String::new()).await;
        url
    }

    /// Puts a resource there.
    pub async fn put(&self, deps: &Deps, collection: &str, name: &str, events: &str) {
        self.ask(deps, "PUT", &format!("{collection}{name}.ics"), calendar(&[events.to_owned()])).await;
    }

    /// Takes a resource away.
    pub async fn delete(&self, deps: &Deps, collection: &str, name: &str) {
        self.ask(deps, "DELETE", &format!("{collection}{name}.ics"), String::new()).await;
    }
}
