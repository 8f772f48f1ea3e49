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

pub use self::open::open;
use crate::Envelope;

/// How much of a job's names a store keeps for people, in characters.
const LONGEST_JOB: usize = 1024;

/// What stands in a record before the digest of the payload.
const PAYLOAD: &str = " sha256:";

/// What makes two messages the same job: worker, type, tenant and the job's key. Never the message id, which a
/// redelivery keeps but a resend does not.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    id: [u8; 32],
    payload: [u8; 32],
    job: String,
}

impl Key {
    /// The key of a job for this worker: of its type, its `tenantId`, and its `idempotencyKey` or, without one, its
    /// payload. An empty `idempotencyKey` is none.
    #[must_use]
    pub fn of(worker: &str, envelope: &Envelope) -> Self {
        let payload = digest([Some(canonical(&envelope.payload).as_str())]);
        let given = envelope.idempotency_key.as_deref().filter(|key| !key.is_empty());
        let (job_type, tenant) = (envelope.job_type.as_str(), envelope.tenant_id.as_deref());
        // Given or not is a part of its own: nobody can give the digest of another job's payload as a key.
        let unnamed = given.is_none().then(|| hex(&payload));
        let id = digest([Some(worker), Some(job_type), tenant, given, unnamed.as_deref()]);
        let names: Vec<_> = [Some(worker), Some(job_type), tenant, given].into_iter().flatten().collect();
        // PostgreSQL takes no NUL in a text.
        let job = names.join("#").chars().take(LONGEST_JOB).map(|c| if c == '\0' { '\u{fffd}' } else { c }).collect();
        Self { id, payload, job }
    }

    /// Names the job: a digest of 64 hexadecimal digits, which tells nothing of it.
    #[must_use]
    pub fn id(&self) -> String {
        hex(&self.id)
    }

    /// Names the job and its payload: another digest for another payload under the same key.
    #[must_use]
    pub(crate) fn id_with_payload(&self) -> String {
        hex(&digest([Some(self.id().as_str()), Some(hex(&self.payload).as_str())]))
    }

    /// What a store keeps beside the id: worker, type, tenant and key for people, cut off at 1 024 characters, and the
    /// digest of the payload.
    #[must_use]
    pub fn record(&self) -> String {
        format!("{}{PAYLOAD}{}", self.job, hex(&self.payload))
    }

    /// Tells whether a [`Key::record`] is of the same payload. One that says nothing of a payload is.
    #[must_use]
    pub fn agrees_with(&self, record: &str) -> bool {
        record.rsplit_once(PAYLOAD).is_none_or(|(_, payload)| payload == hex(&self.payload))
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

/// SHA-256 over parts, each behind its length: no two lists of parts are one text.
fn digest<'a>(parts: impl IntoIterator<Item = Option<&'a str>>) -> [u8; 32] {
    let mut digest = Sha256::new();
    for part in parts {
        match part {
            Some(text) => digest.update(format!("{}:{text}", text.len())),
            None => digest.update("-"),
        }
    }
    digest.finalize().into()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
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
    /// The key was given to a job with another payload, which is being done or was done.
    Reused,
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
        Self::Lost { key: key.job.clone() }
    }
}

/// Where it is remembered what is being done and what was done.
///
/// Time is the store's own where it has a clock (SQL), the caller's where it has not (DynamoDB); leases are long
/// against clock skew.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Takes the job for this owner, unless it was done or another owner's lease is live. One conditional write, which
    /// keeps the key's [record](Key::record): a live one that does not agree is [`Claim::Reused`].
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
