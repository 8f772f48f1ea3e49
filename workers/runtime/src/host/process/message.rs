//! A message's task: through the pipeline, then back to the queue in the way that its verdict says.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::OwnedSemaphorePermit;

use super::{Held, Host};
use crate::backend::Delivery;
use crate::pipeline::{Received, SPENT, Verdict};
use crate::retry::LONGEST_INVISIBLE;

/// Starts the tasks of the messages of one poll: one a message, or one a group where order counts.
pub(super) fn spawn(host: &Arc<Host>, deliveries: Vec<Delivery>, at: Instant, slots: &mut OwnedSemaphorePermit) {
    let until = at + Duration::from_secs(LONGEST_INVISIBLE - 1);
    let received = deliveries.into_iter().map(|delivery| Received { delivery, at, until });
    // Watched from the receive on: the tail of a group waits long for its turn.
    let watched = received.inspect(|one| {
        host.heartbeat.watch(&one.delivery.receipt, at);
    });
    if !host.queue.is_fifo() {
        for one in watched {
            let held = Held::new(host, slots.split(1));
            tokio::spawn(async move {
                single(&held.host, one).await;
                drop(held);
            });
        }
        return;
    }
    let mut groups: BTreeMap<Option<String>, Vec<Received>> = BTreeMap::new();
    for one in watched {
        groups.entry(one.delivery.group.clone()).or_default().push(one);
    }
    for group in groups.into_values() {
        let held = Held::new(host, slots.split(group.len()));
        tokio::spawn(async move {
            in_order(&held.host, group).await;
            drop(held);
        });
    }
}

/// Handles one message; its delete may wait for others to go with it.
async fn single(host: &Arc<Host>, one: Received) {
    let verdict = host.core.handle(&one, &*host.queue).await;
    host.heartbeat.release(&one.delivery.receipt).await;
    if verdict == Verdict::Delete {
        host.deleter.delete(one.delivery.receipt).await;
    } else {
        settle(host, &one.delivery, verdict).await;
    }
}

/// Handles a group one by one. Each is gone before the next begins; the first that stays sends the rest back at once.
async fn in_order(host: &Arc<Host>, group: Vec<Received>) {
    let mut group = group.into_iter();
    for one in group.by_ref() {
        let verdict = match host.core.stop.is_draining() {
            true => Verdict::GiveBack(Duration::ZERO),
            false => host.core.handle(&one, &*host.queue).await,
        };
        host.heartbeat.release(&one.delivery.receipt).await;
        if !settle(host, &one.delivery, verdict).await {
            break;
        }
    }
    let mut rest = Vec::new();
    for one in group {
        host.heartbeat.release(&one.delivery.receipt).await;
        rest.push((one.delivery.receipt, Duration::ZERO));
    }
    if !rest.is_empty() {
        for error in host.queue.give_back(&rest).await.into_iter().filter_map(Result::err) {
            tracing::warn!(%error, "not given back: it is visible again after its visibility timeout");
        }
    }
}

/// Carries out a verdict; false when the message will be handled again, so that what is behind it has to wait.
async fn settle(host: &Host, delivery: &Delivery, verdict: Verdict) -> bool {
    let receipt = delivery.receipt.clone();
    let (result, gone) = match verdict {
        Verdict::Delete => (host.queue.delete(&[receipt]).await, true),
        Verdict::Retry(wait) => (host.queue.extend(&[(receipt, wait)]).await, false),
        Verdict::GiveBack(wait) => (host.queue.give_back(&[(receipt, wait)]).await, false),
        Verdict::DeadLetter { reason, error } => match host.core.bury(&*host.queue, delivery, &reason, &error).await {
            Ok(()) => return true,
            Err(wait) => (host.queue.extend(&[(receipt, wait)]).await, false),
        },
        Verdict::Spent { error } => match host.core.bury(&*host.queue, delivery, SPENT, &error).await {
            Ok(()) => return true,
            Err(_) => (host.queue.extend(&[(receipt, Duration::ZERO)]).await, true),
        },
    };
    match result.into_iter().find_map(Result::err) {
        None => gone,
        Some(error) => {
            tracing::warn!(message_id = delivery.message_id, %error, gone, "the queue did not take the outcome");
            false
        }
    }
}
