//! A queue in a SQLite file: everything that workers ask of SQS, without any AWS. Several processes may share it.
//!
//! A message is leased, not marked: `visible_at` says when it is there again, whoever died. What was received too
//! often moves to the table of dead letters with the next receive, as it does in SQS.

mod receive;
mod schema;
mod send;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{QueryBuilder, Row};
use tokio::sync::Notify;

use super::{Backend, Delivery, Depth, Outgoing, QueueError};
use crate::settings::parse_duration;

/// One queue of a file; a file can hold many.
#[derive(Debug)]
pub struct SqliteQueue {
    pool: SqlitePool,
    options: Options,
    /// Wakes the receives of this process when it sends something itself.
    sent: Notify,
}

/// What stands after the path.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Options {
    path: PathBuf,
    queue: String,
    visibility: Duration,
    most_receives: u32,
    fifo: bool,
}

impl FromStr for Options {
    type Err = QueueError;

    fn from_str(url: &str) -> Result<Self, QueueError> {
        let rest = url.strip_prefix("sqlite:").unwrap_or(url);
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let mut options = Self {
            path: path.into(),
            queue: "jobs".to_owned(),
            visibility: Duration::from_secs(30),
            most_receives: 5,
            fifo: false,
        };
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let wrong = || QueueError::permanent(format!("`{pair}` in {url} has no meaning as a value of `{name}`"));
            match name {
                "queue" if value.is_empty() => return Err(wrong()),
                "queue" => value.clone_into(&mut options.queue),
                "visibility_timeout" => options.visibility = parse_duration(value).ok_or_else(wrong)?,
                "max_receives" => {
                    options.most_receives = value.parse().ok().filter(|most| *most > 0).ok_or_else(wrong)?;
                }
                "fifo" => options.fifo = value.is_empty() || value.parse().map_err(|_| wrong())?,
                _ => {
                    return Err(QueueError::permanent(format!(
                        "unknown `{name}` in {url}: queue, visibility_timeout, max_receives and fifo are known"
                    )));
                }
            }
        }
        // As in SQS, the name can say it.
        options.fifo |= options.queue.ends_with(".fifo");
        Ok(options)
    }
}

impl SqliteQueue {
    /// Opens a queue, and makes the file and its tables if they are not there.
    ///
    /// `sqlite:<path>?queue=jobs&visibility_timeout=30s&max_receives=5&fifo=false` are the defaults: the name of the
    /// queue in the file, how long a received message is invisible, after how many receives it is a dead letter, and
    /// whether groups are in order. `sqlite::memory:` is a queue of who opens it alone, and ends with it.
    ///
    /// # Errors
    /// The URL is wrong or the file cannot be opened.
    pub async fn open(url: &str) -> Result<Self, QueueError> {
        let options: Options = url.parse()?;
        if options.path.as_os_str().is_empty() {
            return Err(QueueError::permanent(format!("{url} names no file: write `sqlite:<path>`")));
        }
        let connect = SqliteConnectOptions::new()
            .filename(&options.path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // What was sent survives a power cut, too.
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(Duration::from_secs(30));
        let told = |error: sqlx::Error| QueueError::permanent(format!("{}: {error}", options.path.display()));
        // A database in memory belongs to its connection: there must be one, and it must stay.
        let pool = match options.path.as_os_str() == ":memory:" {
            true => SqlitePoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None),
            false => SqlitePoolOptions::new().max_connections(4),
        };
        let pool = pool.connect_with(connect).await.map_err(told)?;
        schema::create(&pool).await.map_err(told)?;
        Ok(Self { pool, options, sent: Notify::new() })
    }

    /// The dead letters, oldest first: their bodies and attributes.
    ///
    /// # Errors
    /// The file cannot be read.
    pub async fn dead_letters(&self) -> Result<Vec<(String, BTreeMap<String, String>)>, QueueError> {
        let rows = sqlx::query("SELECT body, attributes FROM dead_letters WHERE queue = ? ORDER BY seq")
            .bind(&self.options.queue)
            .fetch_all(&self.pool)
            .await
            .map_err(failed)?;
        rows.iter().map(|row| Ok((row.try_get(0).map_err(failed)?, receive::attributes(row, 1)?))).collect()
    }

    /// Moves what was received too often.
    async fn bury_spent(&self, now: i64) -> Result<(), sqlx::Error> {
        let mut change = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        for statement in [
            concat!(
                "INSERT INTO dead_letters (queue, id, body, attributes, group_id, sent_at, died_at, receives) \
                 SELECT queue, id, body, attributes, group_id, sent_at, visible_at, receives FROM messages WHERE ",
                receive::spent!()
            ),
            concat!("DELETE FROM messages WHERE ", receive::spent!()),
        ] {
            sqlx::query(statement)
                .bind(&self.options.queue)
                .bind(now)
                .bind(self.options.most_receives)
                .execute(&mut *change)
                .await?;
        }
        change.commit().await
    }

    /// Changes the messages that these receipts still name, in one transaction.
    async fn settle(&self, receipts: &[(&String, Settled)]) -> Result<Vec<bool>, sqlx::Error> {
        let mut change = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let (now, mut hits) = (milliseconds(SystemTime::now()), Vec::new());
        for (receipt, settled) in receipts {
            let query = match settled {
                Settled::Gone => sqlx::query("DELETE FROM messages WHERE receipt = ?").bind(*receipt),
                Settled::Visible { wait, receives } => sqlx::query(
                    "UPDATE messages SET visible_at = ?, receives = receives - ? WHERE receipt = ? AND visible_at > ?",
                )
                .bind(now.saturating_add(span(*wait)))
                .bind(receives)
                .bind(*receipt)
                .bind(now),
            };
            hits.push(query.execute(&mut *change).await?.rows_affected() > 0);
        }
        change.commit().await?;
        Ok(hits)
    }
}

/// What becomes of a delivery.
#[derive(Clone, Copy, Debug)]
enum Settled {
    Gone,
    /// There again after the wait, with so many of its receives taken back.
    Visible {
        wait: Duration,
        receives: u32,
    },
}

/// The results of [`SqliteQueue::settle`], one a receipt.
fn results(settled: Result<Vec<bool>, sqlx::Error>, count: usize) -> Vec<Result<(), QueueError>> {
    match settled {
        Ok(hits) => hits
            .into_iter()
            .map(|hit| if hit { Ok(()) } else { Err(QueueError::permanent("the receipt is over: the lease ran out")) })
            .collect(),
        Err(error) => vec![Err(failed(error)); count],
    }
}

#[async_trait]
impl Backend for SqliteQueue {
    fn is_fifo(&self) -> bool {
        self.options.fifo
    }

    async fn send(&self, messages: Vec<Outgoing>) -> Vec<Result<String, QueueError>> {
        let results = self.insert(messages).await;
        self.sent.notify_waiters();
        results
    }

    async fn receive(&self, max: usize, wait: Duration) -> Result<Vec<Delivery>, QueueError> {
        self.lease(max, wait).await.map_err(failed)
    }

    async fn delete(&self, receipts: &[String]) -> Vec<Result<(), QueueError>> {
        let receipts: Vec<_> = receipts.iter().map(|receipt| (receipt, Settled::Gone)).collect();
        results(self.settle(&receipts).await, receipts.len())
    }

    async fn extend(&self, receipts: &[(String, Duration)]) -> Vec<Result<(), QueueError>> {
        let visible = |wait| Settled::Visible { wait, receives: 0 };
        let receipts: Vec<_> = receipts.iter().map(|(receipt, wait)| (receipt, visible(*wait))).collect();
        results(self.settle(&receipts).await, receipts.len())
    }

    async fn give_back(&self, receipts: &[(String, Duration)]) -> Vec<Result<(), QueueError>> {
        let visible = |wait| Settled::Visible { wait, receives: 1 };
        let receipts: Vec<_> = receipts.iter().map(|(receipt, wait)| (receipt, visible(*wait))).collect();
        results(self.settle(&receipts).await, receipts.len())
    }

    async fn most_receives(&self) -> Option<u32> {
        Some(self.options.most_receives)
    }

    async fn dead_letter(&self, delivery: &Delivery, why: BTreeMap<String, String>) -> Result<(), QueueError> {
        self.bury(delivery, why).await
    }

    async fn visibility_timeout(&self) -> Result<Duration, QueueError> {
        Ok(self.options.visibility)
    }

    async fn depth(&self) -> Result<Depth, QueueError> {
        let mut query = QueryBuilder::new("SELECT COALESCE(SUM(visible_at <= ");
        let now = milliseconds(SystemTime::now());
        query.push_bind(now).push("), 0), COALESCE(SUM(visible_at > ").push_bind(now);
        query.push(" AND receipt IS NOT NULL), 0), COALESCE(SUM(visible_at > ").push_bind(now);
        query.push(" AND receipt IS NULL), 0) FROM messages WHERE queue = ").push_bind(&self.options.queue);
        let row = query.build().fetch_one(&self.pool).await.map_err(failed)?;
        let count = |index| row.try_get::<i64, _>(index).map(i64::unsigned_abs).map_err(failed);
        Ok(Depth { visible: count(0)?, in_flight: count(1)?, delayed: count(2)? })
    }
}

/// An error of the file; what another process holds up goes away by itself.
fn failed(error: sqlx::Error) -> QueueError {
    let busy = error.as_database_error().and_then(sqlx::error::DatabaseError::code).is_some_and(|code| code == "5");
    QueueError {
        message: format!("the queue's file: {error}"),
        transient: busy || matches!(error, sqlx::Error::PoolTimedOut),
    }
}

fn milliseconds(time: SystemTime) -> i64 {
    span(time.duration_since(UNIX_EPOCH).unwrap_or_default())
}

fn time(milliseconds: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(milliseconds.unsigned_abs())
}

fn span(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_the_path_is_read() {
        let options: Options = "sqlite:/tmp/a.db?queue=sync.fifo&visibility_timeout=5m&max_receives=3".parse().unwrap();
        let expected = Options {
            path: "/tmp/a.db".into(),
            queue: "sync.fifo".into(),
            visibility: Duration::from_secs(300),
            most_receives: 3,
            fifo: true,
        };
        assert_eq!(options, expected);
        let told = "sqlite:a.db?max_receives=0".parse::<Options>().unwrap_err().to_string();
        assert_eq!(told, "`max_receives=0` in sqlite:a.db?max_receives=0 has no meaning as a value of `max_receives`");
        let told = "sqlite:a.db?visibility=3".parse::<Options>().unwrap_err().to_string();
        assert!(told.starts_with("unknown `visibility` in"), "{told}");
    }
}
