//! What travels in a message body: one job, as JSON.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The version that this crate writes. Readers accept it and every older one.
pub const VERSION: u32 = 1;

/// One job on its way. Fields that this version does not know are kept and sent on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Envelope {
    /// The version of this format; absent means 1.
    #[serde(default = "first_version")]
    pub version: u32,
    /// Which handler it is for: `calendar.sync`.
    #[serde(rename = "type")]
    pub job_type: String,
    /// What the handler reads.
    #[serde(default)]
    pub payload: Value,
    /// How often it was sent before this time by a redrive; receives are counted by the queue.
    #[serde(default)]
    pub attempt: u32,
    /// When it was first enqueued.
    pub created_at: Timestamp,
    /// Two jobs with the same key are one job; without it, jobs with equal payloads are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
    /// W3C trace context of the sender.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
    /// Whose job it is; the message group of fair queues.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<String>,
    /// What newer senders add.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

fn first_version() -> u32 {
    VERSION
}

/// Why a body is not a job.
#[derive(Debug, thiserror::Error)]
pub enum EnvelopeError {
    /// It is not JSON, or a field is missing or of another type.
    #[error("the body is not a job: {0}")]
    Malformed(#[from] serde_json::Error),
    /// A newer sender wrote it.
    #[error("the job is of envelope version {found}; this worker reads up to {VERSION}")]
    Newer {
        /// The version in the message.
        found: u32,
    },
}

impl Envelope {
    /// Reads a message body.
    ///
    /// # Errors
    /// What is wrong with it; the message is poison and goes to the dead-letter queue.
    pub fn decode(body: &str) -> Result<Self, EnvelopeError> {
        let envelope: Self = serde_json::from_str(body)?;
        if envelope.version > VERSION {
            return Err(EnvelopeError::Newer { found: envelope.version });
        }
        Ok(envelope)
    }
}
