//! Messages out: leases.

use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime};

use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use uuid::Uuid;

use super::super::{Delivery, QueueError};
use super::{SqliteQueue, failed, milliseconds, span, time};

/// How often a waiting receive looks, beginning and at rest.
const LOOK: (Duration, Duration) = (Duration::from_millis(5), Duration::from_millis(100));
/// The longest wait of one receive: looking again costs nothing here, and a stopping process need not wait long.
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// What was received too often. Only what was received at all is in the index.
macro_rules! spent {
    () => {
        "queue = ?1 AND visible_at <= ?2 AND receives >= ?3 AND receives > 0"
    };
}
pub(super) use spent;

/// The oldest that are visible: queue, now, how many.
macro_rules! oldest {
    () => {
        "SELECT seq FROM messages WHERE queue = ?1 AND visible_at <= ?2 ORDER BY seq LIMIT ?3"
    };
}

/// The same where order counts: nothing of a group of which something is leased, or waits before it.
///
/// It begins with the heads of the groups, so that what waits behind one that is leased costs nothing. A head that is
/// visible has nothing before it; what is behind it comes along, up to the first that waits.
macro_rules! oldest_in_order {
    () => {
        "WITH free AS ( \
            SELECT heads.group_id FROM heads CROSS JOIN messages AS head ON head.seq = heads.seq \
            WHERE heads.queue = ?1 AND head.visible_at <= ?2 AND NOT EXISTS ( \
                SELECT 1 FROM messages AS other WHERE other.queue = ?1 AND other.group_id = heads.group_id \
                AND other.visible_at > ?2 AND other.receipt IS NOT NULL) \
            ORDER BY heads.seq LIMIT ?3) \
         SELECT one.seq FROM free CROSS JOIN messages AS one ON one.seq IN ( \
            SELECT seq FROM messages WHERE queue = ?1 AND group_id = free.group_id ORDER BY seq LIMIT ?3) \
         WHERE one.visible_at <= ?2 AND NOT EXISTS ( \
            SELECT 1 FROM messages AS other WHERE other.queue = ?1 AND other.group_id = one.group_id \
            AND other.visible_at > ?2 AND other.seq < one.seq) \
         ORDER BY one.seq LIMIT ?3"
    };
}

/// Leases what is chosen; the receipt is made of the number and a token that this receive alone has.
macro_rules! lease {
    ($chosen:expr) => {
        concat!(
            "UPDATE messages SET visible_at = ?4, receives = receives + 1, receipt = seq || ':' || ?5, \
             first_received = COALESCE(first_received, ?2) WHERE seq IN (",
            $chosen,
            ") RETURNING seq, id, receipt, body, attributes, receives, sent_at, first_received, group_id, trace"
        )
    };
}

/// Whether there is something to bury.
const ANY_SPENT: &str = concat!("SELECT EXISTS (SELECT 1 FROM messages WHERE ", spent!(), ")");

/// Whether there is something to lease, which is asked first: it takes no write lock. Then the lease itself.
const STANDARD: [&str; 2] = [concat!("SELECT EXISTS (", oldest!(), ")"), lease!(oldest!())];
const IN_ORDER: [&str; 2] = [concat!("SELECT EXISTS (", oldest_in_order!(), ")"), lease!(oldest_in_order!())];

impl SqliteQueue {
    /// Leases up to `max` messages, waiting for the first.
    pub(super) async fn lease(&self, max: usize, wait: Duration) -> Result<Vec<Delivery>, sqlx::Error> {
        let deadline = Instant::now() + wait.min(LONGEST_WAIT);
        let mut pause = LOOK.0;
        loop {
            let sent = self.sent.notified();
            let deliveries = self.lease_now(max).await?;
            let left = deadline.saturating_duration_since(Instant::now());
            if !deliveries.is_empty() || left.is_zero() {
                return Ok(deliveries);
            }
            // Other processes' messages are found by looking, this one's by being told.
            let _ = tokio::time::timeout(pause.min(left), sent).await;
            pause = (pause * 2).min(LOOK.1);
        }
    }

    async fn lease_now(&self, max: usize) -> Result<Vec<Delivery>, sqlx::Error> {
        let now = milliseconds(SystemTime::now());
        let (queue, most) = (&self.options.queue, self.options.most_receives);
        let spent = sqlx::query(ANY_SPENT).bind(queue).bind(now).bind(most).fetch_one(&self.pool).await?;
        if spent.try_get(0)? {
            self.bury_spent(now).await?;
        }
        let [any, lease] = if self.options.fifo { IN_ORDER } else { STANDARD };
        let max = i64::try_from(max).unwrap_or(i64::MAX);
        let any = sqlx::query(any).bind(queue).bind(now).bind(max).fetch_one(&self.pool).await?;
        if !any.try_get::<bool, _>(0)? {
            return Ok(Vec::new());
        }
        let rows = sqlx::query(lease)
            .bind(queue)
            .bind(now)
            .bind(max)
            .bind(now.saturating_add(span(self.options.visibility)))
            .bind(Uuid::new_v4().to_string())
            .fetch_all(&self.pool)
            .await?;
        let mut leased = rows.iter().map(delivery).collect::<Result<Vec<_>, _>>()?;
        leased.sort_by_key(|(seq, _)| *seq);
        Ok(leased.into_iter().map(|(_, delivery)| delivery).collect())
    }
}

/// Reads a row that was leased, with its number.
fn delivery(row: &SqliteRow) -> Result<(i64, Delivery), sqlx::Error> {
    let delivery = Delivery {
        message_id: row.try_get(1)?,
        receipt: row.try_get(2)?,
        body: row.try_get(3)?,
        attributes: attributes(row, 4).map_err(|error| sqlx::Error::Decode(error.into()))?,
        typed: BTreeMap::new(),
        receive_count: row.try_get(5)?,
        sent: time(row.try_get(6)?),
        first_received: time(row.try_get(7)?),
        group: row.try_get(8)?,
        trace_header: row.try_get(9)?,
    };
    Ok((row.try_get(0)?, delivery))
}

/// Reads attributes, which stand in a column as a JSON object.
pub(super) fn attributes(row: &SqliteRow, column: usize) -> Result<BTreeMap<String, String>, QueueError> {
    let text: String = row.try_get(column).map_err(failed)?;
    serde_json::from_str(&text).map_err(QueueError::permanent)
}

#[cfg(test)]
mod tests {
    use sqlx::AssertSqlSafe;

    use super::super::super::{Backend, Outgoing};
    use super::super::schema;
    use super::*;

    /// Each look costs the same however many wait.
    #[tokio::test]
    async fn nothing_that_waits_behind_another_is_looked_at() {
        let queue = SqliteQueue::open("sqlite::memory:?fifo").await.unwrap();
        for statement in [ANY_SPENT, IN_ORDER[0], IN_ORDER[1]] {
            let plan = format!("EXPLAIN QUERY PLAN {statement}");
            let plan = sqlx::query(AssertSqlSafe(plan)).fetch_all(&queue.pool).await.unwrap();
            let steps: Vec<String> = plan.iter().map(|row| row.get("detail")).collect();
            // All of a queue's messages, or of the table's.
            let long = |step: &&String| step.contains("messages_by_queue") || step.contains("SCAN messages");
            assert_eq!(steps.iter().find(long), None, "{steps:#?}");
        }
    }

    /// What may be leased, as plainly as it can be said: slow, and right.
    const PLAIN: &str = "SELECT seq FROM messages AS one WHERE queue = ?1 AND visible_at <= ?2 AND NOT EXISTS ( \
        SELECT 1 FROM messages AS other WHERE other.queue = one.queue AND other.group_id = one.group_id \
        AND other.visible_at > ?2 AND (other.seq < one.seq OR other.receipt IS NOT NULL)) ORDER BY seq LIMIT ?3";

    async fn numbers(queue: &SqliteQueue, statement: &'static str, now: i64) -> Vec<i64> {
        let rows = sqlx::query(statement).bind(&queue.options.queue).bind(now).bind(4).fetch_all(&queue.pool).await;
        rows.unwrap().iter().map(|row| row.get(0)).collect()
    }

    #[tokio::test]
    async fn whatever_happened_the_same_is_leased_as_said_plainly() {
        let (mut random, mut leased) = (fastrand::Rng::with_seed(7), Vec::new());
        let queue = SqliteQueue::open("sqlite::memory:?fifo&max_receives=3&visibility_timeout=40ms").await.unwrap();
        for round in 0..600 {
            let wait = Duration::from_millis(random.u64(0..20));
            match random.u32(0..10) {
                0..4 => {
                    let group = Some(random.u32(0..5).to_string());
                    let delay = (random.u32(0..4) == 0).then_some(wait);
                    queue.send(vec![Outgoing { delay, group, ..Outgoing::default() }]).await.remove(0).unwrap();
                }
                4..7 => leased.extend(queue.receive(random.usize(1..5), Duration::ZERO).await.unwrap()),
                _ if leased.is_empty() => tokio::time::sleep(wait).await,
                settled => {
                    let one: Delivery = leased.swap_remove(random.usize(0..leased.len()));
                    // Some are over by now.
                    match settled {
                        7 => drop(queue.delete(&[one.receipt]).await),
                        8 => drop(queue.extend(&[(one.receipt, wait)]).await),
                        _ => drop(queue.dead_letter(&one, BTreeMap::new()).await),
                    }
                }
            }
            if round == 300 {
                // A file from the time before the heads.
                sqlx::raw_sql("DROP TABLE heads; DROP TRIGGER messages_sent; DROP TRIGGER messages_gone")
                    .execute(&queue.pool)
                    .await
                    .unwrap();
                schema::create(&queue.pool).await.unwrap();
            }
            let now = milliseconds(SystemTime::now());
            let plain = numbers(&queue, PLAIN, now).await;
            assert_eq!(numbers(&queue, oldest_in_order!(), now).await, plain, "round {round}");
        }
    }

    /// Nobody waits for the write lock to find nothing.
    #[tokio::test]
    async fn a_look_that_finds_nothing_takes_no_lock() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let queue = SqliteQueue::open(&format!("sqlite:{}?fifo", file.path().display())).await.unwrap();
        let one = || Outgoing { group: Some("a".to_owned()), ..Outgoing::default() };
        queue.send((0..50).map(|_| one()).collect()).await;
        assert_eq!(queue.receive(1, Duration::ZERO).await.unwrap().len(), 1);
        let writing = queue.pool.begin_with("BEGIN IMMEDIATE").await.unwrap();
        let looked = tokio::time::timeout(Duration::from_secs(5), queue.receive(10, Duration::ZERO)).await;
        assert_eq!(looked.expect("it waits for the lock").unwrap(), []);
        drop(writing);
    }
}
