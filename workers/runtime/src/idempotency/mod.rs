//! Doing a job once: a lease with an owner token while it runs, a record of its result after.
//!
//! A claim is one conditional put. Renewing, completing and releasing are conditional on the owner's token, so that
//! a worker that lost its lease (a zombie) can change nothing: the store fences it.

#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
mod dialect;
#[cfg(feature = "dynamodb")]
pub mod dynamodb;
pub mod memory;
mod open;
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
pub mod sql;

use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value;
use sha2::{Digest, Sha256};
use uuid::Uuid;

pub use self::open::{OpenError, open};
use crate::Envelope;

/// What makes two messages the same job: the worker's name and the job's key. Never the message id, which a
/// redelivery keeps but a resend does not.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key(String);

impl Key {
    /// The key of a job for this worker: its `idempotencyKey`, else the SHA-256 of its type and canonical payload.
    #[must_use]
    pub fn of(worker: &str, envelope: &Envelope) -> Self {
        let job = match &envelope.idempotency_key {
            Some(key) => key.clone(),
            None => digest(&canonical(&envelope.payload)),
        };
        Self(format!("{worker}#{}#{job}", envelope.job_type))
    }

    /// The text that stores keep.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// JSON with the keys of objects in order: equal values have equal text.
fn canonical(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by_key(|(key, _)| key.as_str());
            let inner: Vec<_> = entries
                .into_iter()
                .map(|(key, value)| format!("{}:{}", Value::String(key.clone()), canonical(value)))
                .collect();
            format!("{{{}}}", inner.join(","))
        }
        Value::Array(items) => {
            let inner: Vec<_> = items.iter().map(canonical).collect();
            format!("[{}]", inner.join(","))
        }
        other => other.to_string(),
    }
}

fn digest(text: &str) -> String {
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Who holds a lease. A new one for each claim: it is the fencing token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner(pub Uuid);

impl Owner {
    /// A token that nobody else has.
    #[must_use]
    pub fn new() -> Self {
        Self(Uuid::now_v7())
    }
}

impl Default for Owner {
    fn default() -> Self {
        Self::new()
    }
}

/// What a claim found.
#[derive(Clone, Debug, PartialEq)]
pub enum Claim {
    /// The job is this owner's until its lease ends.
    Granted,
    /// Another owner has it for this much longer; the message is put back for as long.
    Busy {
        /// How long its lease still runs.
        remaining: Duration,
    },
    /// It was done before, with this result.
    Completed {
        /// What the handler gave to [`Outcome::Done`](crate::Outcome::Done).
        result: Option<Value>,
    },
}

/// Why a store did not do as asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The lease is another owner's by now, or its record is gone: what this owner did must not count. A lease that
    /// ended without anybody taking it is still its owner's.
    #[error("the lease on {key} was lost")]
    Lost {
        /// The key.
        key: String,
    },
    /// The store cannot be reached or failed; nothing is known about the key.
    #[error("the idempotency store failed: {0}")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl StoreError {
    /// The lease on this key is not the caller's.
    #[must_use]
    pub fn lost(key: &Key) -> Self {
        Self::Lost { key: key.0.clone() }
    }
}

/// Where it is remembered what is being done and what was done.
///
/// Time is the store's own where it has a clock (SQL), the caller's where it has not (DynamoDB); leases are long
/// against clock skew.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Takes the job for this owner, unless it was done or another owner's lease is live. One conditional write.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn claim(&self, key: &Key, owner: Owner, lease: Duration) -> Result<Claim, StoreError>;

    /// Makes the owner's lease end this long from now.
    ///
    /// # Errors
    /// [`StoreError::Lost`] when it is no longer this owner's.
    async fn renew(&self, key: &Key, owner: Owner, lease: Duration) -> Result<(), StoreError>;

    /// Says that the job is done; the record is kept this long.
    ///
    /// # Errors
    /// [`StoreError::Lost`] when it is no longer this owner's: the result does not count.
    async fn complete(&self, key: &Key, owner: Owner, result: Option<&Value>, keep: Duration)
    -> Result<(), StoreError>;

    /// Gives the job back undone, so that a retry need not wait for the lease to end.
    ///
    /// # Errors
    /// [`StoreError::Lost`] when it is no longer this owner's.
    async fn release(&self, key: &Key, owner: Owner) -> Result<(), StoreError>;
}
