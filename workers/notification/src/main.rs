//! The Lambda worker of `notification-queue`, in its minimal form: it checks each job, says so in the log,
//! and acknowledges it. It sends nothing yet.
//!
//! A job is the body of one message, `{"type": "notification.email", "payload": {"to": "a@example.org", "subject": "…"}}`.
//! `"fail": true` in the payload fails the job on purpose, which shows that a failed job is retried alone and ends
//! in the dead-letter queue.

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use lambda_runtime::{Error, LambdaEvent, service_fn, tracing};
use serde::Deserialize;

/// The one type of job that this worker knows.
const EMAIL: &str = "notification.email";

/// What every message carries; fields that are not known are left alone.
#[derive(Debug, Deserialize)]
struct Envelope {
    r#type: String,
    payload: Payload,
}

/// Whom to tell what.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Payload {
    to: String,
    subject: String,
    fail: bool,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    lambda_runtime::run(service_fn(handle)).await
}

/// Handles each record on its own, and names those that failed: one bad record must not repeat the others.
async fn handle(event: LambdaEvent<SqsEvent>) -> Result<SqsBatchResponse, Error> {
    let mut response = SqsBatchResponse::default();
    for record in &event.payload.records {
        let id = record.message_id.as_deref().unwrap_or_default();
        match job(record) {
            Ok(subject) => tracing::info!(message_id = id, job = EMAIL, subject, "notification accepted"),
            // An empty id in the response would fail the whole batch.
            Err(_) if id.is_empty() => return Err("a record without a message id".into()),
            Err(reason) => {
                tracing::error!(message_id = id, reason, "job failed");
                response.add_failure(id);
            }
        }
    }
    Ok(response)
}

/// Does one job, and returns the subject or why not. Addresses are personal: they stay out of the log.
fn job(record: &SqsMessage) -> Result<String, String> {
    let body = record.body.as_deref().unwrap_or_default();
    let envelope: Envelope = serde_json::from_str(body).map_err(|error| format!("not a job: {error}"))?;
    let payload = envelope.payload;
    if envelope.r#type != EMAIL {
        return Err(format!("unknown type `{}`", envelope.r#type));
    }
    if payload.fail {
        return Err("the payload asks to fail".to_owned());
    }
    if !payload.to.contains('@') || payload.subject.is_empty() {
        return Err("`to` must be an address and `subject` must say something".to_owned());
    }
    Ok(payload.subject)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(bodies: &[&str]) -> LambdaEvent<SqsEvent> {
        let records = bodies.iter().enumerate().map(|(index, body)| {
            let mut record = SqsMessage::default();
            record.message_id = Some(format!("m{index}"));
            record.body = Some((*body).to_owned());
            record
        });
        let mut event = SqsEvent::default();
        event.records = records.collect();
        LambdaEvent::new(event, lambda_runtime::Context::default())
    }

    #[tokio::test(flavor = "current_thread")]
    async fn only_what_failed_is_named() {
        let bodies = [
            r#"{"type": "notification.email", "payload": {"to": "a@example.org", "subject": "Moved to 10:00"}}"#,
            r#"{"type": "notification.email", "payload": {"to": "a@example.org", "subject": "x", "fail": true}}"#,
            r#"{"type": "notification.email", "payload": {"to": "nobody", "subject": "x"}}"#,
            "",
            r#"{"type": "calendar.sync", "payload": {}}"#,
        ];
        let response = handle(event(&bodies)).await.unwrap();
        let failed: Vec<_> = response.batch_item_failures.iter().map(|one| one.item_identifier.as_str()).collect();
        assert_eq!(failed, ["m1", "m2", "m3", "m4"]);
    }
}
