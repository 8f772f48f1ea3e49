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

/// Tells whether there is something to lease or to bury, without the write lock.
const ANY: &str = "SELECT EXISTS (SELECT 1 FROM messages WHERE queue = ? AND visible_at <= ?), \
                   EXISTS (SELECT 1 FROM messages WHERE queue = ? AND visible_at <= ? AND receives >= ?)";

/// Leases the oldest; the receipt is made of the number and a token that this receive alone has.
const LEASE: &str = "UPDATE messages SET visible_at = ?1, receives = receives + 1, receipt = seq || ':' || ?2, \
     first_received = COALESCE(first_received, ?3) \
     WHERE seq IN (SELECT seq FROM messages WHERE queue = ?4 AND visible_at <= ?3 ORDER BY seq LIMIT ?5) \
     RETURNING seq, id, receipt, body, attributes, receives, sent_at, first_received, group_id, trace";

/// The same where order counts: nothing of a group of which something is leased, or waits before it.
const LEASE_IN_ORDER: &str = "UPDATE messages SET visible_at = ?1, receives = receives + 1, receipt = seq || ':' || ?2, \
     first_received = COALESCE(first_received, ?3) \
     WHERE seq IN (SELECT seq FROM messages AS one WHERE queue = ?4 AND visible_at <= ?3 AND NOT EXISTS ( \
        SELECT 1 FROM messages AS other WHERE other.queue = one.queue AND other.group_id = one.group_id \
        AND other.visible_at > ?3 AND (other.seq < one.seq OR other.receipt IS NOT NULL)) ORDER BY seq LIMIT ?5) \
     RETURNING seq, id, receipt, body, attributes, receives, sent_at, first_received, group_id, trace";

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
        let any = sqlx::query(ANY).bind(queue).bind(now).bind(queue).bind(now).bind(most).fetch_one(&self.pool).await?;
        if any.try_get(1)? {
            self.bury_spent(now).await?;
        }
        if !any.try_get::<bool, _>(0)? {
            return Ok(Vec::new());
        }
        let statement = if self.options.fifo { LEASE_IN_ORDER } else { LEASE };
        let rows = sqlx::query(statement)
            .bind(now.saturating_add(span(self.options.visibility)))
            .bind(Uuid::new_v4().to_string())
            .bind(now)
            .bind(queue)
            .bind(i64::try_from(max).unwrap_or(i64::MAX))
            .fetch_all(&self.pool)
            .await?;
        let mut leased = rows.iter().map(delivery).collect::<Result<Vec<_>, _>>()?;
        leased.sort_by_key(|(seq, _)| *seq);
        Ok(leased.into_iter().map(|(_, delivery)| delivery).collect())
    }
}

/// Reads a row of [`LEASE`], with its number.
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
