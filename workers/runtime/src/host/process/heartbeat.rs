//! Keeps messages invisible while they are being handled: one sweep a second for all of them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::Host;
use crate::retry::{LONGEST_INVISIBLE, within_limit};

const EVERY: Duration = Duration::from_secs(1);
/// What would be visible again within this long is extended.
const MARGIN: Duration = Duration::from_secs(5);

/// The messages that are being handled.
pub(super) struct Heartbeat {
    visibility: Duration,
    flights: Mutex<HashMap<String, Flight>>,
    /// Held by a sweep while the queue is being told.
    sweep: tokio::sync::Mutex<()>,
}

#[derive(Clone, Copy)]
struct Flight {
    received: Instant,
    visible: Instant,
    /// Its extension is on its way.
    extending: bool,
}

impl Heartbeat {
    pub fn new(visibility: Duration) -> Self {
        Self { visibility, flights: Mutex::default(), sweep: tokio::sync::Mutex::default() }
    }

    fn flights(&self) -> MutexGuard<'_, HashMap<String, Flight>> {
        self.flights.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins to watch a message.
    pub fn watch(&self, receipt: &str, received: Instant) {
        let flight = Flight { received, visible: received + self.visibility, extending: false };
        self.flights().insert(receipt.to_owned(), flight);
    }

    /// Ends watching a message. Once this returns no extension of it is on its way: none can undo its delete or
    /// lengthen its wait.
    pub async fn release(&self, receipt: &str) {
        let flight = self.flights().remove(receipt);
        if flight.is_some_and(|flight| flight.extending) {
            drop(self.sweep.lock().await);
        }
    }

    /// Marks what runs out soon, and says until when each is extended.
    fn due(&self, now: Instant) -> Vec<(String, Duration)> {
        let mut due = Vec::new();
        for (receipt, flight) in self.flights().iter_mut() {
            let extension = within_limit(self.visibility, now.duration_since(flight.received));
            // Near the limit of 12 hours nothing can be added any more.
            if flight.visible <= now + MARGIN && now + extension > flight.visible {
                flight.extending = true;
                due.push((receipt.clone(), extension));
            }
        }
        due
    }

    fn extended(&self, receipt: &str, visible: Option<Instant>) {
        let mut flights = self.flights();
        if let Some(flight) = flights.get_mut(receipt) {
            flight.extending = false;
            flight.visible = visible.unwrap_or(flight.visible);
        }
    }
}

/// Sweeps once a second, for good.
pub(super) async fn beat(host: Arc<Host>) {
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let _sweep = host.heartbeat.sweep.lock().await;
        let now = Instant::now();
        let due = host.heartbeat.due(now);
        if due.is_empty() {
            continue;
        }
        for ((receipt, extension), result) in due.iter().zip(host.queue.extend(&due).await) {
            match result {
                Ok(()) => host.heartbeat.extended(receipt, Some(now + *extension)),
                Err(error) => {
                    tracing::warn!(%error, "a message that is being handled was not kept invisible");
                    // What cannot be extended now is tried again; what never can be is left alone.
                    let never = now + Duration::from_secs(LONGEST_INVISIBLE);
                    host.heartbeat.extended(receipt, (!error.transient).then_some(never));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_runs_out_within_five_seconds_is_extended_by_the_whole_timeout() {
        let heartbeat = Heartbeat::new(Duration::from_secs(30));
        let began = Instant::now();
        heartbeat.watch("early", began);
        heartbeat.watch("late", began + Duration::from_secs(10));
        assert!(heartbeat.due(began + Duration::from_secs(24)).is_empty());
        let due = heartbeat.due(began + Duration::from_secs(26));
        assert_eq!(due, [("early".to_owned(), Duration::from_secs(30))]);
        heartbeat.extended("early", Some(began + Duration::from_secs(56)));
        assert!(heartbeat.due(began + Duration::from_secs(34)).is_empty());
    }

    #[test]
    fn nothing_is_extended_beyond_twelve_hours() {
        let heartbeat = Heartbeat::new(Duration::from_secs(30));
        let began = Instant::now();
        heartbeat.watch("old", began);
        let near = began + Duration::from_secs(LONGEST_INVISIBLE - 10);
        assert_eq!(heartbeat.due(near), [("old".to_owned(), Duration::from_secs(9))]);
        heartbeat.extended("old", Some(near + Duration::from_secs(9)));
        assert!(heartbeat.due(near + Duration::from_secs(5)).is_empty());
    }

    #[tokio::test]
    async fn release_waits_for_an_extension_on_its_way() {
        let heartbeat = Arc::new(Heartbeat::new(Duration::from_secs(1)));
        heartbeat.watch("a", Instant::now());
        heartbeat.watch("b", Instant::now());
        let sweep = heartbeat.sweep.lock().await;
        assert_eq!(heartbeat.due(Instant::now()).len(), 2);
        heartbeat.extended("b", None);
        heartbeat.release("b").await;
        let release = heartbeat.release("a");
        tokio::pin!(release);
        assert!(tokio::time::timeout(Duration::from_millis(50), &mut release).await.is_err());
        drop(sweep);
        release.await;
    }
}
