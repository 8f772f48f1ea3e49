//! A job's lease in the idempotency store, from the claim to its end.

use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::attempt::Attempt;
use super::{Core, Verdict};
use crate::idempotency::{Claim, Key, Owner, Store, StoreError};
use crate::telemetry::Event;

/// How often a message that is kept asks for its job: a lease that is renewed says nothing of the job's end.
const ASK_AGAIN: Duration = Duration::from_secs(5);

/// What a claim came to.
pub(super) enum Claimed<'a> {
    /// The job is ours.
    Held(Held<'a>),
    /// The worker keeps no records.
    Unkept,
    /// There is nothing to handle now.
    Over(Verdict),
}

/// A lease that is ours.
pub(super) struct Held<'a> {
    core: &'a Core,
    store: &'a dyn Store,
    key: Key,
    owner: Owner,
    since: Instant,
}

impl<'a> Attempt<'a> {
    /// Claims the job, when there is a store.
    pub(super) async fn claim(&self) -> Claimed<'a> {
        let core = self.core;
        let Some(store) = core.store.as_deref() else { return Claimed::Unkept };
        let (key, owner) = (Key::of(&core.name, self.envelope), Owner::new());
        loop {
            let since = Instant::now();
            let claim = store.claim(&key, owner, core.settings.lease).await;
            core.store_down.store(claim.is_err(), Relaxed);
            let wait = match claim {
                Ok(Claim::Granted) => return Claimed::Held(Held { core, store, key, owner, since }),
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

impl Held<'_> {
    /// Renews the lease for as long as it is ours; returns when it is not.
    pub async fn keep(&self) {
        let lease = self.core.settings.lease;
        let mut renewed = self.since;
        let mut pause = lease / 3;
        loop {
            tokio::time::sleep(pause).await;
            let now = Instant::now();
            match self.store.renew(&self.key, self.owner, lease).await {
                Ok(()) => (renewed, pause) = (now, lease / 3),
                Err(StoreError::Lost { .. }) => return,
                Err(StoreError::Unavailable(error)) => {
                    tracing::warn!(%error, "the lease was not renewed");
                    pause = lease / 10;
                }
            }
            // It ran out unseen: by now it may be another's.
            if renewed.elapsed() >= lease {
                return;
            }
        }
    }

    /// Records that the job is done; false when it is not ours any more, and the message must stay.
    ///
    /// A store that cannot be reached is asked again for the length of a lease. After that the message counts as
    /// done all the same: its effect is there, and a redelivery would have it twice.
    pub async fn complete(&self, result: Option<&Value>, until: Instant) -> bool {
        let until = until.min(Instant::now() + self.core.settings.lease);
        let mut pause = Duration::from_millis(100);
        loop {
            match self.store.complete(&self.key, self.owner, result, self.core.settings.keep).await {
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
                () = self.core.stop.over() => return true,
            }
        }
    }

    /// Gives the job back undone. If that fails, the lease runs out by itself.
    pub async fn release(&self) {
        if let Err(error) = self.store.release(&self.key, self.owner).await {
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
