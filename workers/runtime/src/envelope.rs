//! What travels in a message body: one job, as JSON.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::shape;

/// The version that this crate writes. Readers accept it and every older one.
pub const VERSION: u32 = 1;

/// The fields that it knows.
pub(crate) const FIELDS: [&str; 8] =
    ["version", "type", "payload", "attempt", "createdAt", "idempotencyKey", "traceparent", "tenantId"];

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
    /// Two jobs of a type and a tenant with the same key are one job; without it, those with equal payloads are.
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
    /// Writes a message body, in characters that SQS takes: those of XML 1.0. The others that JSON does not escape by
    /// itself are U+FFFE and U+FFFF, which can stand in strings alone.
    /// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html>
    ///
    /// # Errors
    /// What cannot be written.
    pub fn encode(&self) -> Result<String, serde_json::Error> {
        let body = serde_json::to_string(self)?;
        Ok(body.replace('\u{fffe}', "\\ufffe").replace('\u{ffff}', "\\uffff"))
    }

    /// Reads a message body.
    ///
    /// # Errors
    /// What is wrong with it; the message is poison and goes to the dead-letter queue.
    pub fn decode(body: &str) -> Result<Self, EnvelopeError> {
        let envelope: Self = serde_json::from_str(body).map_err(|error| unquoted(&error, body).unwrap_or(error))?;
        if envelope.version > VERSION {
            return Err(EnvelopeError::Newer { found: envelope.version });
        }
        Ok(envelope)
    }
}

/// The same error without what it quotes; none when it quotes nothing, which is when the body is no JSON.
fn unquoted(error: &serde_json::Error, body: &str) -> Option<serde_json::Error> {
    if !error.is_data() {
        return None;
    }
    let told = match serde_json::from_str(body).map(|value| shape::read::<Envelope>(&value)) {
        Ok(Err(told)) => told,
        // A field that is there twice, or what comes after it is no JSON.
        _ => "it has other fields than a job".to_owned(),
    };
    let place = format!("{told} at line {} column {}", error.line(), error.column());
    Some(serde::de::Error::custom(place))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fields_that_are_known_are_all_that_are_written() {
        let all = r#"{"version": 1, "type": "", "payload": 0, "attempt": 0, "createdAt": "2026-11-21T00:00:00Z",
            "idempotencyKey": "", "traceparent": "", "tenantId": ""}"#;
        let envelope = Envelope::decode(all).unwrap();
        assert!(envelope.other.is_empty());
        let written: Map<String, Value> = serde_json::from_str(&envelope.encode().unwrap()).unwrap();
        assert!(written.keys().eq(FIELDS));
    }

    #[test]
    fn a_body_has_only_characters_that_sqs_takes() {
        let payload: String = ('\0'..='\u{10ffff}').collect();
        let mut envelope = Envelope::decode(r#"{"type": "\uffff", "createdAt": "2026-11-21T00:00:00Z"}"#).unwrap();
        envelope.payload = serde_json::json!({"\u{fffe}": payload});
        let body = envelope.encode().unwrap();
        let taken = |c| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
        assert!(body.chars().all(taken));
        assert_eq!(Envelope::decode(&body).unwrap(), envelope);
    }

    #[test]
    fn what_is_no_job_is_told_without_its_values() {
        let cases = [
            (r#""SECRET""#, "invalid type: string, expected struct Envelope at line 1 column 8"),
            (r#"{"type": 7}"#, "type: invalid type: integer, expected a string at line 1 column 10"),
            (r#"{"type": "a"}"#, "missing field `createdAt` at line 1 column 13"),
            (r#"{"type": "a", "attempt": "SECRET", "#, "it has other fields than a job at line 1 column 33"),
            (r#"{"type": "SECRET"#, "EOF while parsing a string at line 1 column 16"),
        ];
        for (body, told) in cases {
            let error = Envelope::decode(body).unwrap_err();
            assert_eq!(error.to_string(), format!("the body is not a job: {told}"));
        }
        let error = Envelope::decode(r#"{"type": "a", "createdAt": "SECRET"}"#).unwrap_err().to_string();
        assert!(error.contains("createdAt: ") && !error.contains("SECRET"), "{error}");
    }
}
