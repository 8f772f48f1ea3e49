//! What happens to one message, whichever host received it.
//!
//! decode → validate → claim → handle → outcome. It ends in a [`Verdict`], which the host carries out.

mod attempt;
mod claim;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant, SystemTime};

use futures::FutureExt;
use tracing::{Instrument, Span, info_span};

use crate::backend::{Backend, Delivery, QueueError};
use crate::context::States;
use crate::idempotency::Store;
use crate::job::{Erased, Parts, Ready};
use crate::settings::Settings;
use crate::stop::Stop;
use crate::telemetry::{Event, Metrics, Trace, logs};
use crate::{Envelope, EnvelopeError};

/// What both hosts share.
pub(crate) struct Core {
    pub name: String,
    pub handlers: BTreeMap<String, Box<dyn Erased>>,
    pub store: Option<Arc<dyn Store>>,
    pub settings: Settings,
    pub states: Arc<States>,
    pub metrics: Metrics,
    pub stop: Stop,
    /// The store did not answer the last claim: to take more messages would only use up their receives.
    pub store_down: AtomicBool,
}

/// What the host is to do with a message.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Verdict {
    /// It is done.
    Delete,
    /// Its attempt did not come to an end: it is visible again after this long.
    Retry(Duration),
    /// No attempt at it was begun: it is visible again after this long, and if the queue can do it, uncounted.
    GiveBack(Duration),
    /// It goes to the dead-letter queue.
    DeadLetter { reason: String, error: String },
    /// Its attempt failed, and was the last that its FIFO queue allows. It goes to the dead-letter queue too, and if
    /// the worker cannot put it there, the queue does: either way its successors need not wait for it.
    Spent { error: String },
}

/// Why a message is dead that failed as often as its queue allows.
pub(crate) const SPENT: &str = "attempts_exhausted";

/// A message that a host received.
#[derive(Debug)]
pub(crate) struct Received {
    pub delivery: Delivery,
    /// When, by the clock that deadlines are counted with.
    pub at: Instant,
    /// When the host needs it back at the latest.
    pub until: Instant,
}

/// A message that can never be handled.
struct Poison {
    job_type: String,
    reason: &'static str,
    error: String,
}

impl Core {
    /// Takes a message all the way to its verdict. Whatever panics on the way is this message's failure alone.
    pub async fn handle(&self, received: &Received, queue: &dyn Backend) -> Verdict {
        let verdict = AssertUnwindSafe(self.take(received, queue)).catch_unwind().await;
        verdict.unwrap_or_else(|_| Verdict::Retry(self.settings.backoff.delay(received.delivery.receive_count)))
    }

    async fn take(&self, received: &Received, queue: &dyn Backend) -> Verdict {
        let delivery = &received.delivery;
        let (envelope, ready) = match self.read(delivery) {
            Ok(read) => read,
            Err(poison) => return self.poison(delivery, poison),
        };
        let age = SystemTime::now().duration_since(delivery.sent).unwrap_or_default();
        self.metrics.age(&envelope.job_type, age);
        let trace = incoming_trace(&envelope, delivery);
        let span = span(delivery, &envelope, trace);
        let attempt = attempt::Attempt { core: self, queue, received, envelope: &envelope, trace, span: span.clone() };
        attempt.run(ready).instrument(span).await
    }

    /// Decodes and validates.
    fn read(&self, delivery: &Delivery) -> Result<(Arc<Envelope>, Ready), Poison> {
        let envelope = Envelope::decode(&delivery.body).map_err(|error| Poison {
            job_type: String::new(),
            reason: match error {
                EnvelopeError::Malformed(_) => "malformed",
                EnvelopeError::Newer { .. } => "newer_version",
            },
            error: error.to_string(),
        })?;
        let envelope = Arc::new(envelope);
        let poison = |reason, error| Poison { job_type: envelope.job_type.clone(), reason, error };
        let Some(handler) = self.handlers.get(&envelope.job_type) else {
            let known: Vec<_> = self.handlers.keys().map(String::as_str).collect();
            let error = format!("no handler for `{}`; this worker has {}", envelope.job_type, known.join(", "));
            return Err(poison("unknown_type", error));
        };
        let parts = Parts {
            message_id: delivery.message_id.clone(),
            attributes: Arc::new(delivery.attributes.clone()),
            envelope: Arc::clone(&envelope),
        };
        // Reading a payload runs the worker's own code: a panic there is this message's failure too.
        let ready = catch_unwind(AssertUnwindSafe(|| handler.prepare(parts)))
            .unwrap_or_else(|panic| Err(format!("panic: {}", logs::text(&*panic))));
        match ready {
            Ok(ready) => Ok((envelope, ready)),
            Err(error) => Err(poison("invalid_payload", error)),
        }
    }

    fn poison(&self, delivery: &Delivery, poison: Poison) -> Verdict {
        let Poison { job_type, reason, error } = poison;
        tracing::error!(
            message_id = delivery.message_id,
            job_type,
            attempt = delivery.receive_count,
            reason,
            error,
            "message cannot be handled"
        );
        self.metrics.count(&job_type, Event::Failed);
        Verdict::DeadLetter { reason: reason.to_owned(), error }
    }

    /// Puts a message into the dead-letter queue, with what is to be known of it there.
    ///
    /// When that does not work, the message is to be put back after the wait returned.
    pub async fn bury(
        &self,
        backend: &dyn Backend,
        delivery: &Delivery,
        reason: &str,
        error: &str,
    ) -> Result<(), Duration> {
        match backend.dead_letter(delivery, why(delivery, reason, error)).await {
            Ok(()) => {
                self.metrics.count(&job_type(delivery), Event::DeadLettered);
                tracing::warn!(message_id = delivery.message_id, reason, "moved to the dead-letter queue");
                Ok(())
            }
            Err(QueueError { message, .. }) => {
                self.metrics.count(&job_type(delivery), Event::Retried);
                tracing::error!(message_id = delivery.message_id, reason, error = message, "not dead-lettered");
                Err(self.settings.backoff.delay(delivery.receive_count))
            }
        }
    }
}

/// The type of a message's job, for metrics; empty when there is none.
fn job_type(delivery: &Delivery) -> String {
    Envelope::decode(&delivery.body).map(|envelope| envelope.job_type).unwrap_or_default()
}

/// The attributes of a dead letter. Receives stand for failures: when the first one was is what the queue remembers.
fn why(delivery: &Delivery, reason: &str, error: &str) -> BTreeMap<String, String> {
    let first = jiff::Timestamp::try_from(delivery.first_received).unwrap_or_else(|_| jiff::Timestamp::now());
    BTreeMap::from([
        ("reason".to_owned(), reason.to_owned()),
        ("error".to_owned(), error.to_owned()),
        ("firstFailedAt".to_owned(), first.to_string()),
        ("attempts".to_owned(), delivery.receive_count.to_string()),
    ])
}

/// The sender's trace, a span further; the envelope knows it better than what the message passed through.
fn incoming_trace(envelope: &Envelope, delivery: &Delivery) -> Trace {
    let w3c = envelope.traceparent.as_deref().and_then(Trace::from_traceparent);
    let xray = || delivery.trace_header.as_deref().and_then(Trace::from_xray);
    w3c.or_else(xray).map_or_else(Trace::new, Trace::child)
}

/// The fields that every log line of an attempt has.
fn span(delivery: &Delivery, envelope: &Envelope, trace: Trace) -> Span {
    let correlation = envelope.other.get("correlationId").and_then(serde_json::Value::as_str);
    info_span!(
        "job",
        correlation_id = correlation.map_or_else(|| trace.trace_id(), str::to_owned),
        job_type = envelope.job_type,
        attempt = delivery.receive_count,
        message_id = delivery.message_id,
        tenant_id = envelope.tenant_id,
        trace_id = trace.trace_id(),
        span_id = trace.span_id(),
    )
}
