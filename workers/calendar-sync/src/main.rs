//! The Lambda worker of `calendar-sync-queue`, in its minimal form: it checks each job, says so in the log,
//! and acknowledges it. It calls no service yet.
//!
//! A job is the body of one message, `{"type": "calendar.sync", "payload": {"url": "https://…"}}` or with
//! `"events": [{"id": "…"}, …]` in place of the URL. `"fail": true` in the payload fails the job on purpose,
//! which shows that a failed job is retried alone and ends in the dead-letter queue.

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use lambda_runtime::{Error, LambdaEvent, service_fn, tracing};
use serde::Deserialize;

/// The one type of job that this worker knows.
const SYNC: &str = "calendar.sync";

/// What every message carries; fields that are not known are left alone.
#[derive(Debug, Deserialize)]
struct Envelope {
    r#type: String,
    payload: Payload,
}

/// What is to be synchronised.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Payload {
    url: Option<String>,
    events: Option<Vec<CalendarEvent>>,
    fail: bool,
}

#[derive(Debug, Deserialize)]
struct CalendarEvent {
    id: String,
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
            Ok(done) => tracing::info!(message_id = id, job = SYNC, "{done}"),
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

/// Does one job, and says what was done or why not.
fn job(record: &SqsMessage) -> Result<String, String> {
    let body = record.body.as_deref().unwrap_or_default();
    let envelope: Envelope = serde_json::from_str(body).map_err(|error| format!("not a job: {error}"))?;
    if envelope.r#type != SYNC {
        return Err(format!("unknown type `{}`", envelope.r#type));
    }
    match envelope.payload {
        Payload { fail: true, .. } => Err("the payload asks to fail".to_owned()),
        Payload { events: Some(events), .. } => {
            let unnamed = events.iter().filter(|event| event.id.is_empty()).count();
            if unnamed > 0 {
                return Err(format!("{unnamed} events without an id"));
            }
            Ok(format!("{} events accepted", events.len()))
        }
        // The URL stays out of the log: that of a private calendar is its key.
        Payload { url: Some(url), .. } if url.starts_with("https://") => Ok("calendar accepted".to_owned()),
        Payload { url: Some(_), .. } => Err("`url` is not an https URL".to_owned()),
        Payload { .. } => Err("neither `url` nor `events`".to_owned()),
    }
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
            r#"{"type": "calendar.sync", "payload": {"url": "https://example.org/a.ics"}}"#,
            r#"{"type": "calendar.sync", "payload": {"url": "https://example.org/a.ics", "fail": true}}"#,
            "not JSON",
            r#"{"type": "calendar.sync", "payload": {"events": [{"id": "1"}]}, "attempt": 1, "later": true}"#,
            r#"{"type": "invoice", "payload": {}}"#,
            r#"{"type": "calendar.sync", "payload": {}}"#,
        ];
        let response = handle(event(&bodies)).await.unwrap();
        let failed: Vec<_> = response.batch_item_failures.iter().map(|one| one.item_identifier.as_str()).collect();
        assert_eq!(failed, ["m1", "m2", "m4", "m5"]);
    }
}
