//! A job's lease in the idempotency store, from the claim to its end.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::Verdict;
use super::attempt::Attempt;
use crate::blocking::Blocking;
use crate::idempotency::{Claim, Key, Owner, Store, StoreError};
use crate::stop::Stop;
use crate::telemetry::Event;

/// How often a message that is kept asks for its job: a lease that is renewed says nothing of the job's end.
const ASK_AGAIN: Duration = Duration::from_secs(5);

/// The longest that a store may take for an answer; a third of the lease if that is shorter.
const PATIENCE: Duration = Duration::from_secs(20);

/// The same from the moment on in which the worker must end: what is being recorded then may still be.
const LAST: Duration = Duration::from_secs(2);

/// What a claim came to.
pub(super) enum Claimed {
    /// The job is ours.
    Held(Held),
    /// The worker keeps no records.
    Unkept,
    /// There is nothing to handle now.
    Over(Verdict),
}

/// A lease that is ours.
pub(super) struct Held {
    store: Arc<dyn Store>,
    stop: Stop,
    key: Key,
    owner: Owner,
    /// How long it holds, and since when it was asked for or renewed.
    lease: Duration,
    since: Instant,
    /// How long it is remembered that the job was done.
    record: Duration,
}

impl Attempt<'_> {
    /// Claims the job, when there is a store.
    pub(super) async fn claim(&self) -> Claimed {
        let core = self.core;
        let Some(store) = core.store.clone() else { return Claimed::Unkept };
        let mut held = Held {
            store,
            stop: core.stop.clone(),
            key: Key::of(&core.name, self.envelope),
            owner: Owner::new(),
            lease: core.settings.lease,
            since: Instant::now(),
            record: core.settings.keep,
        };
        loop {
            held.since = Instant::now();
            let claim = held.ask(held.store.claim(&held.key, held.owner, held.lease)).await;
            core.store_down.store(claim.is_err(), Relaxed);
            let wait = match claim {
                Ok(Claim::Granted) => return Claimed::Held(held),
                Ok(Claim::Busy { remaining }) => {
                    let left = self.receives_left().await;
                    if left == Some(0) && self.hold(remaining).await {
                        continue;
                    }
                    let keep = self.received.until.saturating_duration_since(Instant::now());
                    let wait = busy(remaining, left, core.settings.job_timeout, keep);
                    self.put_back(Some(wait), "the same job is being done")
                }
                Ok(Claim::Completed { result }) => {
                    core.metrics.count(&self.envelope.job_type, Event::Duplicate);
                    let result = result.map(|result| result.to_string());
                    tracing::info!(result, "done before");
                    return Claimed::Over(Verdict::Delete);
                }
                // Whoever sent it meant something else by it than the job that has the key: a person is to know.
                Ok(Claim::Reused) => {
                    core.metrics.count(&self.envelope.job_type, Event::Failed);
                    let error = "a job with the same idempotencyKey and another payload is being done or was done";
                    tracing::error!(error, "hopeless");
                    let (reason, error) = ("key_reused".to_owned(), error.to_owned());
                    return Claimed::Over(Verdict::DeadLetter { reason, error });
                }
                // Without the store nobody knows whether it was done: it waits, and long enough for an outage not to use
                // up its receives, which are not its fault.
                Err(error) => {
                    let wait = core.settings.lease.mul_f64(1.0 / 3.0 + fastrand::f64() * 2.0 / 3.0);
                    self.put_back(Some(wait), &error.to_string())
                }
            };
            return Claimed::Over(Verdict::GiveBack(wait));
        }
    }

    /// Keeps a message whose next receive would make it a dead letter, until it is worth asking again; false when the
    /// host needs it back.
    async fn hold(&self, remaining: Duration) -> bool {
        let again = Instant::now() + remaining.min(ASK_AGAIN);
        if again >= self.received.until {
            return false;
        }
        tokio::select! {
            () = tokio::time::sleep_until(again.into()) => true,
            () = self.core.stop.over() => false,
        }
    }
}

/// How long a message waits whose job another one is doing, and which can be received so many times more.
///
/// For the rest of the lease: who has it may be dead. But one that lives renews its lease, and each wait costs the
/// message a receive. So a host that could not keep it at its last receive until the other must have ended, such as an
/// invocation of Lambda, lets that time pass before.
fn busy(remaining: Duration, left: Option<u32>, job_timeout: Duration, keep: Duration) -> Duration {
    let last_is_next = left.is_some_and(|left| left <= 1);
    let outlive = if last_is_next && keep < job_timeout { job_timeout } else { Duration::ZERO };
    // Many duplicates of one job must not all come back in the same moment.
    remaining + outlive + Duration::from_millis(fastrand::u64(0..1000))
}

impl Held {
    /// Asks the store. It is given up when it does not answer, as one that cannot be reached: a call may have lost its
    /// connection, and nothing else would end it.
    async fn ask<T>(&self, call: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        let patience = PATIENCE.min(self.lease / 3);
        let silent = |when: String| Err(StoreError::Unavailable(format!("no answer {when}").into()));
        let last = async {
            self.stop.over().await;
            tokio::time::sleep(LAST).await;
        };
        tokio::select! {
            biased;
            answer = tokio::time::timeout(patience, call) => {
                answer.unwrap_or_else(|_| silent(format!("within {} ms", patience.as_millis())))
            }
            () = last => silent("before the worker had to end".to_owned()),
        }
    }

    /// Renews the lease for as long as it is ours; returns when it is not, or may not be.
    pub async fn keep(&mut self) {
        let mut pause = self.lease / 3;
        loop {
            let end = self.since + self.lease;
            tokio::time::sleep_until((Instant::now() + pause).min(end).into()).await;
            let now = Instant::now();
            let renewal = self.ask(self.store.renew(&self.key, self.owner, self.lease));
            match tokio::time::timeout_at(end.into(), renewal).await {
                Ok(Ok(())) => (self.since, pause) = (now, self.lease / 3),
                Ok(Err(StoreError::Unavailable(error))) => {
                    tracing::warn!(%error, "the lease was not renewed");
                    pause = self.lease / 10;
                }
                Ok(Err(StoreError::Lost { .. })) => return,
                Err(_) => {}
            }
            // It ran out unseen: by now it may be another's.
            if self.since.elapsed() >= self.lease {
                return;
            }
        }
    }

    /// Keeps the lease while what the attempt left behind still runs, then gives the job back.
    pub async fn outlive(mut self, blocking: Arc<Blocking>) {
        let ended = tokio::select! {
            () = blocking.ended() => true,
            () = self.keep() => false,
        };
        if ended {
            self.release().await;
        }
    }

    /// Records that the job is done; false when it is not ours any more, and the message must stay.
    ///
    /// A store that cannot be reached is asked again for the length of a lease. After that the message counts as
    /// done all the same: its effect is there, and a redelivery would have it twice.
    pub async fn complete(&self, result: Option<&Value>, until: Instant) -> bool {
        let until = until.min(Instant::now() + self.lease);
        let mut pause = Duration::from_millis(100);
        loop {
            let completion = self.ask(self.store.complete(&self.key, self.owner, result, self.record));
            // Not a moment longer: who waits for this has an answer of their own to give.
            let Ok(completed) = tokio::time::timeout_at(until.into(), completion).await else { return true };
            match completed {
                Ok(()) => return true,
                Err(StoreError::Lost { .. }) => return false,
                Err(StoreError::Unavailable(error)) => {
                    let late = Instant::now() + pause >= until;
                    tracing::warn!(%error, given_up = late, "the result was not recorded");
                    if late {
                        return true;
                    }
                }
            }
            tokio::select! {
                () = tokio::time::sleep(pause) => pause = (pause * 2).min(Duration::from_secs(2)),
                () = self.stop.over() => return true,
            }
        }
    }

    /// Gives the job back undone. If that fails, the lease runs out by itself.
    pub async fn release(&self) {
        if let Err(error) = self.ask(self.store.release(&self.key, self.owner)).await {
            tracing::debug!(%error, "the lease was not released");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duplicate_that_cannot_be_kept_comes_for_its_last_receive_when_the_job_must_have_ended() {
        let [lease, timeout, day] = [60, 300, 86_400].map(Duration::from_secs);
        let seconds = |keep| [None, Some(4), Some(2), Some(1)].map(|left| busy(lease, left, timeout, keep).as_secs());
        assert_eq!(seconds(lease), [60, 60, 60, 360]);
        assert_eq!(seconds(day), [60; 4]);
    }
}
