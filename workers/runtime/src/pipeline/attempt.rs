//! One attempt at a job whose message was read: claim, handle, settle with the store.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::FutureExt;
use tracing::{Instrument, Span};

use super::claim::{Claimed, Held};
use super::{Core, Received, Verdict};
use crate::backend::Backend;
use crate::blocking::Blocking;
use crate::context::Context;
use crate::job::Ready;
use crate::retry::within_limit;
use crate::telemetry::{Event, Trace, logs};
use crate::{Envelope, Outcome};

/// How long giving a job back may keep its verdict waiting: its retry then finds the lease gone.
const RELEASING: Duration = Duration::from_millis(200);

pub(super) struct Attempt<'a> {
    pub core: &'a Core,
    pub queue: &'a dyn Backend,
    pub received: &'a Received,
    pub envelope: &'a Envelope,
    pub trace: Trace,
    pub span: Span,
}

/// How the handler's run ended.
enum Ended {
    Said(Outcome),
    Panicked(String),
    TimedOut,
    /// The worker stops and cannot wait any longer.
    Stopped,
    /// The job is another's: whatever the handler did must not count.
    Lost,
    /// The host needs the message back, and blocking work still goes on.
    Left(Arc<Blocking>),
}

impl Attempt<'_> {
    /// Brings the attempt to its verdict.
    pub async fn run(&self, ready: Ready) -> Verdict {
        let mut held = match self.claim().await {
            Claimed::Held(held) => Some(held),
            Claimed::Unkept => None,
            Claimed::Over(verdict) => return verdict,
        };
        let began = Instant::now();
        self.core.metrics.gauges.handling.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let ended = self.handler(ready, held.as_mut()).await;
        self.core.metrics.gauges.handling.fetch_sub(1, std::sync::atomic::Ordering::Relaxed);
        let took = began.elapsed();
        self.core.metrics.duration(&self.envelope.job_type, took);
        let took = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        self.verdict(ended, held, took).await
    }

    /// Runs the handler until it ends, or until something else ends it, and its blocking work.
    async fn handler(&self, ready: Ready, held: Option<&mut Held>) -> Ended {
        let deadline = self.received.until.min(Instant::now() + self.core.settings.job_timeout);
        let blocking = Arc::<Blocking>::default();
        let context = Context {
            deadline,
            attempt: self.received.delivery.receive_count,
            stop: self.core.stop.clone(),
            drain_timeout: self.core.settings.drain_timeout,
            blocking: Arc::clone(&blocking),
            states: self.core.states.clone(),
            trace: self.trace,
            span: self.span.clone(),
        };
        let handler = self.trace.scope(AssertUnwindSafe(async move { ready(context).await }).catch_unwind());
        let lost = async {
            match held {
                Some(held) => held.keep().await,
                None => std::future::pending().await,
            }
        };
        tokio::pin!(lost);
        let ended = tokio::select! {
            biased;
            said = handler => match said {
                Ok(outcome) => Ended::Said(outcome),
                Err(panic) => Ended::Panicked(logs::text(&*panic).to_owned()),
            },
            () = &mut lost => Ended::Lost,
            () = tokio::time::sleep_until(deadline.into()) => Ended::TimedOut,
            () = self.core.stop.over() => Ended::Stopped,
        };
        blocking.cancel();
        if blocking.is_running() { self.outlast(blocking, ended, lost).await } else { ended }
    }

    /// Waits for what the handler left running, for as long as the host can. Until then the job must not be begun
    /// again: its lease is kept, and its message stays where it is.
    async fn outlast(
        &self,
        blocking: Arc<Blocking>,
        mut ended: Ended,
        mut lost: Pin<&mut impl Future<Output = ()>>,
    ) -> Ended {
        tracing::warn!("the handler ended before its blocking work: the job waits for that");
        loop {
            tokio::select! {
                biased;
                () = blocking.ended() => return ended,
                () = self.core.stop.over() => return Ended::Left(blocking),
                () = tokio::time::sleep_until(self.received.until.into()) => return Ended::Left(blocking),
                () = &mut lost, if !matches!(ended, Ended::Lost) => ended = Ended::Lost,
            }
        }
    }

    async fn verdict(&self, ended: Ended, held: Option<Held>, took_ms: u64) -> Verdict {
        match ended {
            Ended::Said(Outcome::Done(result)) => {
                if let Some(held) = held
                    && !held.complete(result.as_ref(), self.received.until).await
                {
                    return self.lost();
                }
                self.core.metrics.count(&self.envelope.job_type, Event::Processed);
                tracing::info!(took_ms, "done");
                Verdict::Delete
            }
            Ended::Said(Outcome::Retry { after, error }) => {
                self.release(held).await;
                self.failed(after, error).await
            }
            Ended::Said(Outcome::DeadLetter { reason, error }) => {
                self.release(held).await;
                self.core.metrics.count(&self.envelope.job_type, Event::Failed);
                tracing::error!(took_ms, reason, error, "hopeless");
                Verdict::DeadLetter { reason, error }
            }
            Ended::Panicked(text) => {
                self.release(held).await;
                self.failed(None, format!("panic: {text}")).await
            }
            Ended::TimedOut => {
                self.release(held).await;
                self.failed(None, format!("not done after {took_ms} ms")).await
            }
            Ended::Stopped => {
                self.release(held).await;
                Verdict::Retry(self.put_back(Some(Duration::ZERO), "the worker stops"))
            }
            Ended::Lost => self.lost(),
            Ended::Left(blocking) => {
                if let Some(held) = held {
                    tokio::spawn(held.outlive(blocking).instrument(self.span.clone()));
                }
                let wait = self.core.settings.lease;
                Verdict::Retry(self.put_back(Some(wait), "its blocking work goes on"))
            }
        }
    }

    async fn release(&self, held: Option<Held>) {
        let Some(held) = held else { return };
        // A store that does not answer keeps no verdict waiting: what it is asked is said to it all the same.
        let released = tokio::spawn(async move { held.release().await }.instrument(self.span.clone()));
        let until = self.received.until.min(Instant::now() + RELEASING);
        let _ = tokio::time::timeout_at(until.into(), released).await;
    }

    /// The verdict on an attempt that failed: another one, after a wait or else the back-off, while there is one left.
    ///
    /// A FIFO queue gives what is behind a message together with it, and counts that as receives. If the last failure
    /// were put back as those before it, the queue would take all of them for dead letters with it.
    async fn failed(&self, after: Option<Duration>, error: String) -> Verdict {
        self.core.metrics.count(&self.envelope.job_type, Event::Failed);
        if self.queue.is_fifo() && self.receives_left().await == Some(0) {
            tracing::error!(error, "failed at its last receive");
            return Verdict::Spent { error };
        }
        Verdict::Retry(self.put_back(after, &error))
    }

    /// The verdict on an attempt whose job is another's by now.
    fn lost(&self) -> Verdict {
        self.core.metrics.count(&self.envelope.job_type, Event::Failed);
        Verdict::Retry(self.put_back(None, "its lease was lost"))
    }

    /// How often the queue gives the message once more before it is a dead letter, if it says.
    pub(super) async fn receives_left(&self) -> Option<u32> {
        Some(self.queue.most_receives().await?.saturating_sub(self.received.delivery.receive_count))
    }

    /// How long a message that is put back waits: as asked, else the back-off.
    pub(super) fn put_back(&self, after: Option<Duration>, error: &str) -> Duration {
        let attempt = self.received.delivery.receive_count;
        let wait = after.unwrap_or_else(|| self.core.settings.backoff.delay(attempt));
        let wait = within_limit(wait, self.received.at.elapsed());
        self.core.metrics.count(&self.envelope.job_type, Event::Retried);
        tracing::warn!(error, retry_in_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX), "put back");
        wait
    }
}
