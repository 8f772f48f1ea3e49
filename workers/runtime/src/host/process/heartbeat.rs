//! Keeps messages invisible while they are being handled: one sweep for all of them, and a task for each call.
//!
//! A call that is not answered holds up the ten messages that it is about, for a bounded time, and no others.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use super::Host;
use crate::retry::{LONGEST_INVISIBLE, within_limit};

/// The most messages of a call.
const BATCH: usize = 10;
/// Calls on their way at once.
const PARALLEL: usize = 16;

/// The messages that are being handled.
pub(super) struct Heartbeat {
    visibility: Duration,
    pace: Pace,
    flights: Mutex<HashMap<String, Flight>>,
}

struct Flight {
    received: Instant,
    visible: Instant,
    /// Closed once its last extension is not on its way any more.
    extending: Option<watch::Receiver<()>>,
}

impl Flight {
    fn is_extending(&self) -> bool {
        self.extending.as_ref().is_some_and(|call| call.has_changed().is_ok())
    }
}

/// When messages are extended. A first call that is not answered must leave the time for a second one:
/// `margin` is longer than `every + patience + every`, however short the visibility timeout.
#[derive(Clone, Copy)]
struct Pace {
    /// How often it is seen what runs out.
    every: Duration,
    /// What would be visible again within this long is extended.
    margin: Duration,
    /// How long a call may take.
    patience: Duration,
}

impl Pace {
    fn of(visibility: Duration) -> Self {
        let margin = (visibility / 2).min(Duration::from_secs(10));
        let every = (visibility / 10).clamp(Duration::from_millis(50), Duration::from_secs(1));
        Self { every, margin, patience: margin * 2 / 5 }
    }
}

/// Messages whose extension is one call. It ends when this is dropped, in whatever way.
struct Batch {
    extensions: Vec<(String, Duration)>,
    call: watch::Sender<()>,
}

impl Batch {
    fn new() -> Self {
        Self { extensions: Vec::with_capacity(BATCH), call: watch::Sender::new(()) }
    }
}

impl Heartbeat {
    pub fn new(visibility: Duration) -> Self {
        Self { visibility, pace: Pace::of(visibility), flights: Mutex::default() }
    }

    fn flights(&self) -> MutexGuard<'_, HashMap<String, Flight>> {
        self.flights.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins to watch a message.
    pub fn watch(&self, receipt: &str, received: Instant) {
        let flight = Flight { received, visible: received + self.visibility, extending: None };
        self.flights().insert(receipt.to_owned(), flight);
    }

    /// Ends watching a message, and waits for its own extension if one is on its way, so that none undoes its delete
    /// or lengthens its wait. One that is not answered in time is waited for no longer.
    pub async fn release(&self, receipt: &str) {
        let flight = self.flights().remove(receipt);
        if let Some(mut call) = flight.and_then(|flight| flight.extending) {
            // Nothing is ever sent: it fails when the call has ended.
            let _ = call.changed().await;
        }
    }

    /// What runs out soon, and for how long each is extended. What is on its way is left out.
    fn due(&self, now: Instant) -> Vec<Batch> {
        let mut due: Vec<Batch> = Vec::new();
        for (receipt, flight) in self.flights().iter_mut() {
            let extension = within_limit(self.visibility, now.duration_since(flight.received));
            // Near the limit of 12 hours nothing can be added any more.
            let runs_out = flight.visible <= now + self.pace.margin && now + extension > flight.visible;
            if !runs_out || flight.is_extending() {
                continue;
            }
            if due.last().is_none_or(|last| last.extensions.len() == BATCH) {
                due.push(Batch::new());
            }
            let Some(batch) = due.last_mut() else { continue };
            flight.extending = Some(batch.call.subscribe());
            batch.extensions.push((receipt.clone(), extension));
        }
        due
    }

    fn extended(&self, receipt: &str, visible: Instant) {
        if let Some(flight) = self.flights().get_mut(receipt) {
            flight.visible = visible;
        }
    }
}

/// Sweeps for good.
pub(super) async fn beat(host: Arc<Host>) {
    let mut ticks = tokio::time::interval(host.heartbeat.pace.every);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let parallel = Arc::new(Semaphore::new(PARALLEL));
    // Dropped with this task: no call outlives the host.
    let mut calls = JoinSet::new();
    loop {
        ticks.tick().await;
        while calls.try_join_next().is_some() {}
        for batch in host.heartbeat.due(Instant::now()) {
            calls.spawn(extend(Arc::clone(&host), batch, Arc::clone(&parallel)));
        }
    }
}

/// Extends a batch. What was not answered in time is due again at the next sweep.
async fn extend(host: Arc<Host>, batch: Batch, parallel: Arc<Semaphore>) {
    let heartbeat = &host.heartbeat;
    let call = async {
        let _one_of_few = parallel.acquire().await;
        let now = Instant::now();
        (now, host.queue.extend(&batch.extensions).await)
    };
    let Ok((now, results)) = tokio::time::timeout(heartbeat.pace.patience, call).await else {
        let messages = batch.extensions.len();
        tracing::warn!(messages, "the queue did not say in time whether it keeps them invisible: it is asked again");
        return;
    };
    for ((receipt, extension), result) in batch.extensions.iter().zip(results) {
        match result {
            Ok(()) => heartbeat.extended(receipt, now + *extension),
            Err(error) => {
                tracing::warn!(%error, "a message that is being handled was not kept invisible");
                // What cannot be extended now is tried again; what never can be is left alone.
                if !error.transient {
                    heartbeat.extended(receipt, now + Duration::from_secs(LONGEST_INVISIBLE));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is due, call by call; the calls end at once.
    fn due(heartbeat: &Heartbeat, now: Instant) -> Vec<Vec<(String, Duration)>> {
        heartbeat.due(now).into_iter().map(|batch| batch.extensions).collect()
    }

    #[test]
    fn what_runs_out_within_ten_seconds_is_extended_by_the_whole_timeout() {
        let heartbeat = Heartbeat::new(Duration::from_secs(30));
        let began = Instant::now();
        heartbeat.watch("early", began);
        heartbeat.watch("late", began + Duration::from_secs(10));
        assert!(due(&heartbeat, began + Duration::from_secs(19)).is_empty());
        let extended = due(&heartbeat, began + Duration::from_secs(21));
        assert_eq!(extended, [[("early".to_owned(), Duration::from_secs(30))]]);
        heartbeat.extended("early", began + Duration::from_secs(51));
        assert!(due(&heartbeat, began + Duration::from_secs(29)).is_empty());
    }

    #[test]
    fn nothing_is_extended_beyond_twelve_hours() {
        let heartbeat = Heartbeat::new(Duration::from_secs(30));
        let began = Instant::now();
        heartbeat.watch("old", began);
        let near = began + Duration::from_secs(LONGEST_INVISIBLE - 10);
        assert_eq!(due(&heartbeat, near), [[("old".to_owned(), Duration::from_secs(9))]]);
        heartbeat.extended("old", near + Duration::from_secs(9));
        assert!(due(&heartbeat, near + Duration::from_secs(5)).is_empty());
    }

    #[test]
    fn however_short_the_timeout_a_call_without_an_answer_leaves_time_for_another() {
        for seconds in [1, 2, 5, 10, 30, 43_200] {
            let Pace { every, margin, patience } = Pace::of(Duration::from_secs(seconds));
            assert!(every + patience + every < margin, "{seconds} s");
            assert!(margin <= Duration::from_secs(seconds) / 2 && every <= Duration::from_secs(1), "{seconds} s");
        }
        // An interval of nothing would be a panic.
        assert!(!Pace::of(Duration::ZERO).every.is_zero());
    }

    #[test]
    fn a_call_holds_ten_and_what_it_holds_is_due_again_when_it_ended_in_vain() {
        let heartbeat = Heartbeat::new(Duration::from_secs(1));
        let began = Instant::now();
        for index in 0..25 {
            heartbeat.watch(&index.to_string(), began);
        }
        let calls = heartbeat.due(began + Duration::from_millis(600));
        assert_eq!(calls.iter().map(|call| call.extensions.len()).collect::<Vec<_>>(), [10, 10, 5]);
        assert!(heartbeat.due(began + Duration::from_millis(700)).is_empty());
        drop(calls);
        assert_eq!(heartbeat.due(began + Duration::from_millis(700)).len(), 3);
    }

    #[tokio::test]
    async fn release_waits_for_the_messages_own_extension_and_for_no_other() {
        let heartbeat = Heartbeat::new(Duration::from_secs(1));
        heartbeat.watch("a", Instant::now().checked_sub(Duration::from_secs(1)).unwrap());
        let one = heartbeat.due(Instant::now());
        heartbeat.watch("b", Instant::now().checked_sub(Duration::from_secs(1)).unwrap());
        let other = heartbeat.due(Instant::now());
        drop(other);
        heartbeat.release("b").await;
        let release = heartbeat.release("a");
        tokio::pin!(release);
        assert!(tokio::time::timeout(Duration::from_millis(50), &mut release).await.is_err());
        drop(one);
        release.await;
    }
}
