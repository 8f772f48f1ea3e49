//! Jobs into a queue.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::Envelope;
use crate::backend::{self, Backend, Outgoing, QueueError};
use crate::envelope::{FIELDS, VERSION};
use crate::idempotency::{self, Key};
use crate::telemetry::Trace;

/// A job to enqueue.
#[derive(Clone, Debug)]
#[must_use = "a job is nothing until it is enqueued"]
pub struct NewJob {
    envelope: Envelope,
    wrong: Option<EnqueueError>,
    delay: Option<Duration>,
    group: Option<String>,
    deduplication: Option<String>,
}

/// Why a job was not enqueued.
#[derive(Clone, Debug, thiserror::Error)]
pub enum EnqueueError {
    /// The payload is not to be had as JSON.
    #[error("the payload of {job_type} is not to be had as JSON: {error}")]
    Payload {
        /// The type of the job.
        job_type: String,
        /// What serde says.
        error: String,
    },
    /// A field of its own has the name of one that every job has.
    #[error("`{name}` cannot be a field of its own of {job_type}: it is one that every job has")]
    Reserved {
        /// The type of the job.
        job_type: String,
        /// The name.
        name: String,
    },
    /// The environment does not say where the queue is.
    #[error("{variable} is not set: grant the worker to send to the queue, or set it to the queue's URL")]
    NoUrl {
        /// The variable.
        variable: String,
    },
    /// The queue did not take it.
    #[error(transparent)]
    Queue(#[from] QueueError),
}

impl NewJob {
    /// A job of a type with what its handler reads.
    pub fn new(job_type: impl Into<String>, payload: &impl Serialize) -> Self {
        let job_type = job_type.into();
        let (payload, wrong) = match serde_json::to_value(payload) {
            Ok(payload) => (payload, None),
            Err(error) => {
                let wrong = EnqueueError::Payload { job_type: job_type.clone(), error: error.to_string() };
                (Value::Null, Some(wrong))
            }
        };
        let envelope = Envelope {
            version: VERSION,
            job_type,
            payload,
            attempt: 0,
            created_at: Timestamp::now(),
            idempotency_key: None,
            traceparent: None,
            tenant_id: None,
            other: Map::new(),
        };
        Self { envelope, wrong, delay: None, group: None, deduplication: None }
    }

    /// Hides it for this long: up to 15 minutes, on standard queues alone.
    pub fn delay(mut self, delay: Duration) -> Self {
        self.delay = Some(delay);
        self
    }

    /// Jobs of a group are in order, on FIFO queues. A name that SQS does not take is replaced by its digest.
    pub fn group(mut self, group: impl Into<String>) -> Self {
        self.group = Some(group.into());
        self
    }

    /// On FIFO queues, a second job with this id within 5 minutes is dropped. Without it, one with the same type,
    /// tenant, idempotency key and payload is.
    pub fn deduplication(mut self, id: impl Into<String>) -> Self {
        self.deduplication = Some(id.into());
        self
    }

    /// Whose job it is. It is the message group where no other is given: standard queues are then fair to tenants.
    /// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-fair-queues.html>
    pub fn tenant(mut self, tenant: impl Into<String>) -> Self {
        self.envelope.tenant_id = Some(tenant.into());
        self
    }

    /// Two jobs of a type and a tenant with the same key are one job to workers with an idempotency store. An empty key
    /// is none.
    pub fn idempotency_key(mut self, key: impl Into<String>) -> Self {
        self.envelope.idempotency_key = Some(key.into());
        self
    }

    /// A field of the envelope besides the known ones: `correlationId`. A job with one of those is not enqueued:
    /// [`EnqueueError::Reserved`].
    pub fn field(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        let (job_type, name) = (self.envelope.job_type.clone(), name.into());
        if FIELDS.contains(&name.as_str()) {
            self.wrong.get_or_insert(EnqueueError::Reserved { job_type, name });
        } else {
            self.envelope.other.insert(name, value.into());
        }
        self
    }

    /// The trace it is part of; without it, that of the job whose handler enqueues it.
    pub fn trace(mut self, trace: Trace) -> Self {
        self.envelope.traceparent = Some(trace.traceparent());
        self
    }

    fn outgoing(mut self, fifo: bool) -> Result<Outgoing, EnqueueError> {
        if let Some(wrong) = self.wrong.take() {
            return Err(wrong);
        }
        if self.envelope.traceparent.is_none() {
            self.envelope.traceparent = Trace::current().map(|trace| trace.child().traceparent());
        }
        let trace = self.envelope.traceparent.as_deref().and_then(Trace::from_traceparent);
        let body = self.envelope.encode();
        let body = body.map_err(|error| EnqueueError::Payload {
            job_type: self.envelope.job_type.clone(),
            error: error.to_string(),
        })?;
        let keyed = fifo && self.envelope.idempotency_key.as_deref().is_some_and(|key| !key.is_empty());
        // Not the key alone: what says something else under it is for the workers to refuse, and not to vanish here.
        let deduplication = keyed.then(|| Key::of("", &self.envelope).id_with_payload());
        let deduplication = self.deduplication.filter(|id| !id.is_empty()).map(name).or(deduplication);
        let group = self.group.or(self.envelope.tenant_id).filter(|group| !group.is_empty()).map(name);
        Ok(Outgoing {
            body,
            delay: self.delay,
            // A FIFO queue wants both. What names no group has nothing to be in order with.
            group: group.or_else(|| fifo.then(|| uuid::Uuid::new_v4().to_string())),
            deduplication: fifo.then(|| deduplication.unwrap_or_else(|| uuid::Uuid::new_v4().to_string())),
            trace_header: trace.map(|trace| trace.xray()),
            ..Outgoing::default()
        })
    }
}

/// A group or a deduplication id as SQS takes it: up to 128 letters, digits and punctuation of ASCII. Another is
/// replaced by its digest, which is the same for the same.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html>
fn name(text: String) -> String {
    let fits = text.len() <= 128 && text.bytes().all(|byte| byte.is_ascii_graphic());
    if fits { text } else { idempotency::hex(&Sha256::digest(text)) }
}

/// A queue to put jobs into. Cheap to clone.
#[derive(Clone)]
pub struct JobQueue {
    queue: Arc<dyn Backend>,
}

impl JobQueue {
    /// Opens the queue of a URL: one of SQS, or `sqlite:<path>`.
    ///
    /// # Errors
    /// The URL is neither, or the file cannot be opened. SQS is not asked anything yet.
    pub async fn open(url: &str) -> Result<Self, EnqueueError> {
        Ok(Self::on(backend::open(url).await?))
    }

    /// Opens the queue that a deployed worker was granted to send to, by its name: `notification-queue` is at
    /// `QUEUE_URL_NOTIFICATION_QUEUE`.
    ///
    /// # Errors
    /// The variable is not set, or not a queue's URL.
    pub async fn from_env(name: &str) -> Result<Self, EnqueueError> {
        let variable = variable(name);
        match std::env::var(&variable) {
            Ok(url) if !url.is_empty() => Self::open(&url).await,
            _ => Err(EnqueueError::NoUrl { variable }),
        }
    }

    /// Uses a queue that is open.
    #[must_use]
    pub fn on(queue: Arc<dyn Backend>) -> Self {
        Self { queue }
    }

    /// Enqueues a job; its message id.
    ///
    /// # Errors
    /// The queue did not take it, after the tries that were worth it.
    pub async fn enqueue(&self, job: NewJob) -> Result<String, EnqueueError> {
        let mut results = self.enqueue_all([job]).await;
        results.pop().unwrap_or_else(|| Err(QueueError::transient("the queue said nothing").into()))
    }

    /// Enqueues many jobs in as few calls as they fit in; the results are in the order of the jobs.
    ///
    /// On a FIFO queue of SQS a call has one job of a group, since a call may take a later one and leave an earlier one:
    /// many jobs of one group take as many calls. When one is not taken after all tries, what is behind it in its group
    /// is not sent.
    pub async fn enqueue_all(&self, jobs: impl IntoIterator<Item = NewJob>) -> Vec<Result<String, EnqueueError>> {
        let fifo = self.queue.is_fifo();
        let mut results = Vec::new();
        let (mut messages, mut places) = (Vec::new(), Vec::new());
        for (place, job) in jobs.into_iter().enumerate() {
            match job.outgoing(fifo) {
                Ok(message) => {
                    messages.push(message);
                    places.push(place);
                    results.push(Ok(String::new()));
                }
                Err(error) => results.push(Err(error)),
            }
        }
        if !messages.is_empty() {
            for (place, result) in places.into_iter().zip(self.queue.send(messages).await) {
                results[place] = result.map_err(EnqueueError::from);
            }
        }
        results
    }
}

/// The variable that the deployer sets for a queue.
fn variable(name: &str) -> String {
    let upper = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
    format!("QUEUE_URL_{}", name.chars().map(upper).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(job: NewJob) -> (String, String) {
        let outgoing = job.outgoing(true).unwrap();
        (outgoing.group.unwrap(), outgoing.deduplication.unwrap())
    }

    #[test]
    fn sqs_gets_no_name_that_it_refuses() {
        let job = || NewJob::new("a", &1);
        let taken = |name: &str| (1..=128).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_graphic());
        let long = "x".repeat(129);
        for name in ["Müller GmbH", "team 2026-11-21T10:00", "\u{7f}", "", &long, &long[1..]] {
            let all = [names(job().tenant(name).idempotency_key(name)), names(job().group(name).deduplication(name))];
            assert!(all.iter().all(|(group, id)| taken(group) && taken(id)), "{name}: {all:?}");
            if !name.is_empty() {
                assert_eq!(all[0], names(job().tenant(name).idempotency_key(name)));
            }
        }
        let plain = names(job().group("a-1").deduplication("b.2"));
        assert_eq!(plain, ("a-1".to_owned(), "b.2".to_owned()));
    }
}
