//! Messages in, and dead letters out.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use sqlx::{Row, SqliteConnection};
use uuid::Uuid;

use super::super::{Delivery, Outgoing, QueueError};
use super::{SqliteQueue, failed, milliseconds, span};

/// How long a deduplication id is remembered, as in SQS.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/using-messagededuplicationid-property.html>
const REMEMBERED: Duration = Duration::from_secs(5 * 60);

impl SqliteQueue {
    /// Inserts all, or none when the file fails.
    pub(super) async fn insert(&self, messages: Vec<Outgoing>) -> Vec<Result<String, QueueError>> {
        let count = messages.len();
        match self.insert_all(messages).await {
            Ok(results) => results,
            Err(error) => vec![Err(failed(error)); count],
        }
    }

    async fn insert_all(&self, messages: Vec<Outgoing>) -> Result<Vec<Result<String, QueueError>>, sqlx::Error> {
        let mut change = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let (now, mut results) = (milliseconds(SystemTime::now()), Vec::with_capacity(messages.len()));
        for message in messages {
            if self.options.fifo && message.group.is_none() {
                results.push(Err(QueueError::permanent("a message of a FIFO queue needs a group")));
                continue;
            }
            let id = Uuid::now_v7().to_string();
            let known = match message.deduplication.as_deref().filter(|_| self.options.fifo) {
                Some(deduplication) => self.remember(&mut change, deduplication, &id, now).await?,
                None => None,
            };
            match known {
                Some(first) => results.push(Ok(first)),
                None => results.push(Ok(self.insert_one(&mut change, message, id, now).await?)),
            }
        }
        change.commit().await?;
        Ok(results)
    }

    async fn insert_one(
        &self,
        change: &mut SqliteConnection,
        message: Outgoing,
        id: String,
        now: i64,
    ) -> Result<String, sqlx::Error> {
        sqlx::query(
            "INSERT INTO messages (queue, id, body, attributes, group_id, trace, sent_at, visible_at) \
             VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(&self.options.queue)
        .bind(&id)
        .bind(message.body)
        .bind(json(&message.attributes))
        .bind(message.group)
        .bind(message.trace_header)
        .bind(now)
        .bind(now.saturating_add(span(message.delay.unwrap_or_default())))
        .execute(change)
        .await?;
        Ok(id)
    }

    /// Remembers a deduplication id; if it is known, the message that had it first.
    async fn remember(
        &self,
        change: &mut SqliteConnection,
        deduplication: &str,
        id: &str,
        now: i64,
    ) -> Result<Option<String>, sqlx::Error> {
        sqlx::query("DELETE FROM deduplication WHERE until <= ?").bind(now).execute(&mut *change).await?;
        let known = sqlx::query("SELECT message_id FROM deduplication WHERE queue = ? AND id = ?")
            .bind(&self.options.queue)
            .bind(deduplication)
            .fetch_optional(&mut *change)
            .await?;
        if let Some(known) = known {
            return known.try_get(0).map(Some);
        }
        sqlx::query("INSERT INTO deduplication (queue, id, message_id, until) VALUES (?, ?, ?, ?)")
            .bind(&self.options.queue)
            .bind(deduplication)
            .bind(id)
            .bind(now.saturating_add(span(REMEMBERED)))
            .execute(change)
            .await?;
        Ok(None)
    }

    /// Moves a delivery to the dead letters, in one transaction.
    pub(super) async fn bury(&self, delivery: &Delivery, why: BTreeMap<String, String>) -> Result<(), QueueError> {
        let mut attributes = delivery.attributes.clone();
        attributes.extend(why);
        let mut change = self.pool.begin_with("BEGIN IMMEDIATE").await.map_err(failed)?;
        let moved = sqlx::query(
            "INSERT INTO dead_letters (queue, id, body, attributes, group_id, sent_at, died_at, receives) \
             SELECT queue, id, body, ?, group_id, sent_at, ?, receives FROM messages WHERE receipt = ?",
        )
        .bind(json(&attributes))
        .bind(milliseconds(SystemTime::now()))
        .bind(&delivery.receipt)
        .execute(&mut *change)
        .await
        .map_err(failed)?;
        if moved.rows_affected() == 0 {
            return Err(QueueError::permanent("the receipt is over: the lease ran out"));
        }
        sqlx::query("DELETE FROM messages WHERE receipt = ?")
            .bind(&delivery.receipt)
            .execute(&mut *change)
            .await
            .map_err(failed)?;
        change.commit().await.map_err(failed)
    }
}

fn json(attributes: &BTreeMap<String, String>) -> String {
    let map: serde_json::Map<_, _> =
        attributes.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect();
    serde_json::Value::Object(map).to_string()
}
