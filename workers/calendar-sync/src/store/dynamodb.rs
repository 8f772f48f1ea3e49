//! Events in a DynamoDB table: what Lambda workers use, since it needs no connection and no server.
//!
//! The table has the partition key `calendar` and the sort key `id`, both strings. An item for each event has the
//! attributes that a database has columns for; the item `state` of a calendar has what the next fetch needs.
//!
//! A sync is one transaction where that has room for its changes, [`CHANGES`] events of [`BYTES`] bytes. Else it is
//! several: `step` counts them, none is accepted after one of another sync, and until the last the calendar has no version
//! that the server could confirm. The next sync of one that was cut off asks for everything, and changes what is left.
//! <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html>

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::error::{BuildError, DisplayErrorContext, SdkError};
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{AttributeValue, Delete, Put, TransactWriteItem};

use queuestack_worker::aws::Table;

use super::{Calendar, State, StoreError, Update, milliseconds};
use crate::changes::{Changes, Found, Known};

/// The longest component that is kept, in bytes. An item has 400 KiB at most, and its other texts up to 112.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html>
pub(super) const LONGEST_COMPONENT: usize = 256 << 10;

/// The most events that one transaction changes: it has 100 items at most, and one is the calendar's state.
const CHANGES: usize = 99;
/// The most text of one transaction, in bytes: with names and numbers it has 4 MiB at most.
const BYTES: usize = 3 << 20;

/// How often a transaction that is too much for the table just now is sent, and the first pause; each is twice the last.
const TRIES: u32 = 5;
const PAUSE: Duration = Duration::from_millis(100);

/// The sort key of a calendar's state. Those of events are digests, and before it.
const STATE: &str = "state";

/// Calendars in a DynamoDB table.
#[derive(Debug)]
pub struct DynamoDb(Table);

type Item = HashMap<String, AttributeValue>;

impl DynamoDb {
    /// The store in this table.
    #[must_use]
    pub fn new(table: Table) -> Self {
        Self(table)
    }

    /// The table, for what else is asked of it.
    #[must_use]
    pub fn table(&self) -> &Table {
        &self.0
    }

    pub(super) async fn state(&self, calendar: &str) -> Result<State, StoreError> {
        let get = self.0.client().await.get_item().table_name(self.0.name()).consistent_read(true);
        let get = get.key("calendar", string(calendar)).key("id", string(STATE));
        let Some(item) = get.send().await.map_err(failed)?.item else { return Ok(State::default()) };
        Ok(State {
            version: number(&item, "version"),
            step: number(&item, "step"),
            source: text(&item, "source").unwrap_or_default(),
            etag: text(&item, "etag"),
            modified: text(&item, "modified"),
            sync_token: text(&item, "sync_token"),
        })
    }

    pub(super) async fn known(&self, calendar: &str) -> Result<Vec<Known>, StoreError> {
        const WANTED: [&str; 6] = ["id", "resource", "etag", "digest", "summary", "starts"];
        let query = self.0.client().await.query().table_name(self.0.name()).consistent_read(true);
        let query = query
            .key_condition_expression("calendar = :calendar AND id < :state")
            .expression_attribute_values(":calendar", string(calendar))
            .expression_attribute_values(":state", string(STATE))
            .projection_expression(WANTED.map(|name| format!("#{name}")).join(", "));
        // Some are words of DynamoDB's own.
        let query =
            WANTED.iter().fold(query, |query, name| query.expression_attribute_names(format!("#{name}"), *name));
        let mut items = query.into_paginator().items().send();
        let mut known = Vec::new();
        while let Some(item) = items.next().await {
            let item = item.map_err(failed)?;
            let [id, resource, etag, digest, summary, starts] =
                WANTED.map(|name| text(&item, name).unwrap_or_default());
            known.push(Known { id, resource, etag, digest, summary, starts });
        }
        Ok(known)
    }

    pub(super) async fn apply(&self, update: &Update<'_>) -> Result<bool, StoreError> {
        let Update { calendar, before, after, changes } = update;
        let now = milliseconds();
        let transactions = self.transactions(calendar, now, changes).map_err(StoreError::of)?;
        let last = transactions.len() - 1;
        let mut state = (*before).clone();
        for (at, changes) in transactions.into_iter().enumerate() {
            let next = match at == last {
                true => State { version: before.version + 1, step: 0, ..(*after).clone() },
                false => State {
                    version: before.version,
                    step: state.step + 1,
                    source: after.source.clone(),
                    ..State::default()
                },
            };
            let first = self.put_state(calendar, now, &state, &next).map_err(StoreError::of)?;
            if !self.write(std::iter::once(first).chain(changes).collect()).await? {
                return Ok(false);
            }
            state = next;
        }
        Ok(true)
    }

    /// Does all of this or nothing. Returns whether it did: not when another sync was there before, or is there now.
    async fn write(&self, writes: Vec<TransactWriteItem>) -> Result<bool, StoreError> {
        let client = self.0.client().await;
        let mut pauses = (0..TRIES - 1).map(|tried| PAUSE * 2_u32.pow(tried));
        loop {
            let transaction = client.transact_write_items().set_transact_items(Some(writes.clone()));
            let Err(error) = transaction.send().await else { return Ok(true) };
            match (Refusal::of(&error), pauses.next()) {
                (Some(Refusal::Second), _) => return Ok(false),
                // The SDK takes it for the end, since it is a reason within another error.
                (Some(Refusal::TooMuch), Some(pause)) => tokio::time::sleep(pause).await,
                _ => return Err(failed(error)),
            }
        }
    }

    /// Puts what is remembered of a calendar in the place of what was there.
    fn put_state(
        &self,
        calendar: &Calendar<'_>,
        now: i64,
        before: &State,
        after: &State,
    ) -> Result<TransactWriteItem, BuildError> {
        let texts = [
            ("calendar", Some(calendar.id)),
            ("id", Some(STATE)),
            ("name", Some(calendar.name)),
            ("source", Some(&after.source)),
            ("etag", after.etag.as_deref()),
            ("modified", after.modified.as_deref()),
            ("sync_token", after.sync_token.as_deref()),
        ];
        let numbers = [("version", after.version), ("step", after.step), ("synced_at", now)];
        let put = Put::builder().table_name(self.0.name()).set_item(Some(item(texts, numbers)));
        let put = match (before.version, before.step) {
            (0, 0) => put.condition_expression("attribute_not_exists(id)"),
            (version, step) => put
                .condition_expression("#version = :version AND #step = :step")
                .expression_attribute_names("#version", "version")
                .expression_attribute_names("#step", "step")
                .expression_attribute_values(":version", AttributeValue::N(version.to_string()))
                .expression_attribute_values(":step", AttributeValue::N(step.to_string())),
        };
        Ok(TransactWriteItem::builder().put(put.build()?).build())
    }

    /// The changes of events, as many to a transaction as it takes; one transaction if there are none.
    fn transactions(
        &self,
        calendar: &Calendar<'_>,
        now: i64,
        changes: &Changes,
    ) -> Result<Vec<Vec<TransactWriteItem>>, BuildError> {
        let deletes = changes.deletes.iter().map(|id| -> Result<_, BuildError> {
            let delete = Delete::builder().table_name(self.0.name());
            let delete = delete.key("calendar", string(calendar.id)).key("id", string(id)).build()?;
            Ok((TransactWriteItem::builder().delete(delete).build(), 0))
        });
        let puts = changes.upserts.iter().map(|(id, found)| {
            let item = event(calendar, now, id, found);
            let length = item.values().filter_map(|value| value.as_s().ok()).map(String::len).sum();
            let put = Put::builder().table_name(self.0.name()).set_item(Some(item)).build()?;
            Ok((TransactWriteItem::builder().put(put).build(), length))
        });
        let (mut transactions, mut transaction, mut bytes) = (Vec::new(), Vec::new(), 0);
        for change in deletes.chain(puts) {
            let (write, length): (_, usize) = change?;
            if transaction.len() == CHANGES || (bytes + length > BYTES && !transaction.is_empty()) {
                transactions.push(std::mem::take(&mut transaction));
                bytes = 0;
            }
            transaction.push(write);
            bytes += length;
        }
        transactions.push(transaction);
        Ok(transactions)
    }
}

fn event(calendar: &Calendar<'_>, now: i64, id: &str, Found { resource, etag, event }: &Found) -> Item {
    let texts = [
        ("calendar", calendar.id),
        ("id", id),
        ("resource", resource),
        ("etag", etag),
        ("uid", &event.uid),
        ("recurrence_id", &event.recurrence_id),
        ("starts", &event.starts),
        ("ends", &event.ends),
        ("zone", &event.zone),
        ("rrule", &event.rrule),
        ("summary", &event.summary),
        ("status", &event.status),
        ("component", &event.component),
        ("digest", &event.digest),
    ];
    item(texts.map(|(name, text)| (name, Some(text))), [("sequence", event.sequence), ("changed_at", now)])
}

fn item<'a>(
    texts: impl IntoIterator<Item = (&'a str, Option<&'a str>)>,
    numbers: impl IntoIterator<Item = (&'a str, i64)>,
) -> Item {
    let texts = texts.into_iter().filter_map(|(name, text)| Some((name.to_owned(), string(text?))));
    let numbers = numbers.into_iter().map(|(name, number)| (name.to_owned(), AttributeValue::N(number.to_string())));
    texts.chain(numbers).collect()
}

fn string(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn text(item: &Item, name: &str) -> Option<String> {
    item.get(name).and_then(|value| value.as_s().ok()).cloned()
}

fn number(item: &Item, name: &str) -> i64 {
    let text = item.get(name).and_then(|value| value.as_n().ok());
    text.and_then(|text| text.parse().ok()).unwrap_or_default()
}

/// Why a transaction was refused, where something follows from it.
#[derive(Debug, PartialEq, Eq)]
enum Refusal {
    /// Another sync was there before this one, or is there now.
    Second,
    /// The table takes no more just now.
    TooMuch,
}

impl Refusal {
    fn of(error: &SdkError<TransactWriteItemsError>) -> Option<Self> {
        let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) = error.as_service_error() else {
            return None;
        };
        let says = |words: [&str; 2]| {
            let mut codes = cancelled.cancellation_reasons().iter().filter_map(|reason| reason.code());
            codes.any(|code| words.contains(&code))
        };
        match () {
            () if says(["ConditionalCheckFailed", "TransactionConflict"]) => Some(Self::Second),
            () if says(["ThrottlingError", "ProvisionedThroughputExceeded"]) => Some(Self::TooMuch),
            () => None,
        }
    }
}

fn failed<E: std::error::Error + Send + Sync + 'static>(error: SdkError<E>) -> StoreError {
    // An SDK error alone says "service error".
    StoreError::of(DisplayErrorContext(error).to_string())
}

#[cfg(test)]
mod tests;
