//! Fetches messages for free slots, and only for those.
//!
//! A poll that brings something asks for one more beside it, up to a tenth of the slots, which is what full batches of
//! ten can fill; an empty one leads back to a single long poll. A poll is never aborted: the queue may be answering.
//! While the idempotency store does not answer, one message at a time is fetched, with pauses: each costs a receive.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;

use super::{Host, message};
use crate::backend::{Backend, Delivery, QueueError};

/// The most messages that one receive brings.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html>
const BATCH: usize = 10;
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// How long after its wait a poll may end, and what it brings be given back, when the worker stops.
const OVERDUE: Duration = Duration::from_secs(5);

/// What a poll came back with, and the slots that it was for.
type Polled = (Result<Vec<Delivery>, QueueError>, OwnedSemaphorePermit);

/// Polls until asked to stop, then waits for the polls under way; says when it was asked.
pub(super) async fn poll(host: &Arc<Host>) -> Instant {
    let mut polls: JoinSet<Polled> = JoinSet::new();
    let most = (host.core.settings.concurrency / BATCH).max(1);
    let mut width = Width { now: 1, most };
    let (mut pause, mut resume) = (FIRST_PAUSE, Instant::now());
    let stop = &host.core.stop;
    while !stop.is_draining() {
        tokio::select! {
            biased;
            () = stop.draining() => {}
            Some(polled) = polls.join_next(), if !polls.is_empty() => {
                let Ok((result, slots)) = polled else { continue };
                let down = host.core.store_down.load(Relaxed);
                width.after(result.as_ref().ok().map(Vec::len).filter(|_| !down));
                if result.is_ok() && !down {
                    pause = FIRST_PAUSE;
                } else if resume <= Instant::now() {
                    resume = Instant::now() + pause;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
                take(host, result, slots);
            }
            slots = free_slots(&host.slots, resume, wanted(host)), if polls.len() < width.now => {
                let Some(slots) = slots else { break };
                polls.spawn(receive(Arc::clone(&host.queue), slots, host.core.settings.poll_wait));
            }
        }
    }
    let asked = Instant::now();
    let last = async {
        while let Some(polled) = polls.join_next().await {
            if let Ok((result, slots)) = polled {
                give_back(host, result).await;
                drop(slots);
            }
        }
    };
    if tokio::time::timeout(host.core.settings.poll_wait + OVERDUE, last).await.is_err() {
        tracing::warn!("a poll did not end: what it brings is visible again after its visibility timeout");
    }
    asked
}

/// How many polls go on at once.
struct Width {
    now: usize,
    most: usize,
}

impl Width {
    fn after(&mut self, received: Option<usize>) {
        self.now = match received {
            Some(1..) => (self.now + 1).min(self.most),
            _ => 1,
        };
    }
}

/// How many messages a poll asks for: a whole batch, or one to see whether the store is back.
fn wanted(host: &Host) -> usize {
    if host.core.store_down.load(Relaxed) { 1 } else { BATCH }
}

/// Waits for a time and for a free slot, and takes those that are free then, so many at most.
async fn free_slots(slots: &Arc<Semaphore>, not_before: Instant, most: usize) -> Option<OwnedSemaphorePermit> {
    tokio::time::sleep_until(not_before.into()).await;
    let mut taken = Arc::clone(slots).acquire_owned().await.ok()?;
    while taken.num_permits() < most
        && let Ok(more) = Arc::clone(slots).try_acquire_owned()
    {
        taken.merge(more);
    }
    Some(taken)
}

async fn receive(queue: Arc<dyn Backend>, slots: OwnedSemaphorePermit, wait: Duration) -> Polled {
    (queue.receive(slots.num_permits(), wait).await, slots)
}

/// Hands messages to their tasks, each with its slot; what is left of the slots is free again.
fn take(host: &Arc<Host>, result: Result<Vec<Delivery>, QueueError>, mut slots: OwnedSemaphorePermit) {
    match result {
        Ok(deliveries) => {
            host.health.answered();
            message::spawn(host, deliveries, Instant::now(), &mut slots);
        }
        Err(error) => tracing::error!(%error, "the queue does not answer"),
    }
}

/// Messages that came after the stop was asked for go back untouched.
async fn give_back(host: &Host, result: Result<Vec<Delivery>, QueueError>) {
    let Ok(deliveries) = result else { return };
    let at_once: Vec<_> = deliveries.into_iter().map(|one| (one.receipt, Duration::ZERO)).collect();
    if !at_once.is_empty() {
        for error in host.queue.give_back(&at_once).await.into_iter().filter_map(Result::err) {
            tracing::warn!(%error, "not given back: it is visible again after its visibility timeout");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polls_grow_while_they_bring_something_and_one_is_left_after_an_empty_one() {
        let mut width = Width { now: 1, most: 3 };
        let mut widths = Vec::new();
        for received in [Some(10), Some(1), Some(4), Some(0), Some(2), None] {
            width.after(received);
            widths.push(width.now);
        }
        assert_eq!(widths, [2, 3, 3, 1, 2, 1]);
    }

    #[tokio::test]
    async fn slots_are_taken_as_they_are_free_and_never_more_than_a_batch() {
        let (slots, now) = (Arc::new(Semaphore::new(13)), Instant::now());
        let first = free_slots(&slots, now, BATCH).await.unwrap();
        let second = free_slots(&slots, now, BATCH).await.unwrap();
        assert_eq!((first.num_permits(), second.num_permits()), (10, 3));
        drop(first);
        assert_eq!(free_slots(&slots, now, BATCH).await.unwrap().num_permits(), 10);
    }
}
