//! A process that polls a queue until it is told to stop.
//!
//! ```text
//! poller ─ messages → one task a message (a FIFO group: one task) → deleter, put back, dead-letter queue
//!                        └ heartbeat: extends what runs long
//! ```

mod deleter;
mod endpoint;
mod heartbeat;
mod message;
mod poller;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::StartError;
use crate::backend::{Backend, QueueError};
use crate::pipeline::Core;
use crate::stop::Stop;
use deleter::Deleter;
use heartbeat::Heartbeat;

/// How often the queue is asked how full it is.
const DEPTH_EVERY: Duration = Duration::from_secs(15);

/// How long dropped messages may take to be given back.
const ENDING: Duration = Duration::from_secs(10);

/// How long the last deletes may take, after that.
const FLUSH: Duration = Duration::from_secs(5);

/// What the tasks of a process share.
struct Host {
    core: Arc<Core>,
    queue: Arc<dyn Backend>,
    deleter: Deleter,
    heartbeat: Heartbeat,
    /// One permit a message that may be handled.
    slots: Arc<Semaphore>,
    health: Health,
}

/// Since when the queue owes an answer, and how many slots messages hold.
struct Health {
    began: Instant,
    answered_ms: AtomicU64,
    held: AtomicUsize,
}

impl Health {
    fn new(began: Instant) -> Self {
        Self { began, answered_ms: AtomicU64::new(0), held: AtomicUsize::new(0) }
    }

    fn answered(&self) {
        self.answered_ms.store(u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX), Relaxed);
    }

    /// How long the queue did not answer. With so many slots, all of them held, it is not asked and owes nothing.
    fn silent_for(&self, slots: usize) -> Duration {
        if self.held.load(Relaxed) >= slots {
            return Duration::ZERO;
        }
        self.began.elapsed().saturating_sub(Duration::from_millis(self.answered_ms.load(Relaxed)))
    }
}

/// The slots of a message or of a group, until its task ends, whatever it is doing meanwhile: it may wait for its turn.
struct Held {
    slots: Option<OwnedSemaphorePermit>,
    host: Arc<Host>,
}

impl Held {
    fn new(host: &Arc<Host>, slots: Option<OwnedSemaphorePermit>) -> Self {
        let held = Self { slots, host: Arc::clone(host) };
        host.health.held.fetch_add(held.count(), Relaxed);
        held
    }

    fn count(&self) -> usize {
        self.slots.as_ref().map_or(0, OwnedSemaphorePermit::num_permits)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let health = &self.host.health;
        if health.held.load(Relaxed) >= self.host.core.settings.concurrency {
            // The queue is asked from now on: its silence until now was ours.
            health.answered();
        }
        health.held.fetch_sub(self.count(), Relaxed);
    }
}

/// Runs until told to stop and everything is handed in; false when something was not, and may still be running.
pub(crate) async fn run(core: Arc<Core>, queue: Arc<dyn Backend>) -> Result<bool, StartError> {
    let told = |error: QueueError| StartError(format!("the queue does not answer: {error}"));
    let visibility = queue.visibility_timeout().await.map_err(told)?;
    if visibility.is_zero() {
        tracing::warn!("the queue's visibility timeout is 0: what is being handled is given to others as well");
    }
    let (deleter, deleting) = deleter::start(Arc::clone(&queue));
    let host = Arc::new(Host {
        heartbeat: Heartbeat::new(visibility),
        slots: Arc::new(Semaphore::new(core.settings.concurrency)),
        health: Health::new(Instant::now()),
        core,
        queue,
        deleter,
    });
    let mut helpers = tokio::task::JoinSet::new();
    if host.core.settings.metrics_port > 0 {
        let listener = endpoint::bind(host.core.settings.metrics_port).await?;
        helpers.spawn(endpoint::serve(listener, Arc::clone(&host)));
    }
    helpers.spawn(heartbeat::beat(Arc::clone(&host)));
    helpers.spawn(sample_depth(Arc::clone(&host)));
    tracing::info!(worker = host.core.name, concurrency = host.core.settings.concurrency, "started");
    let asked = poller::poll(&host).await;
    let clean = drain(&host, asked + host.core.settings.drain_timeout).await;
    helpers.shutdown().await;
    // Not when all have let go of it: a handler that blocks its thread lets go of nothing.
    deleting.close(FLUSH).await;
    tracing::info!(clean, "stopped");
    Ok(clean)
}

/// Lets handlers end; after the deadline they are dropped, and their messages go back at once.
async fn drain(host: &Host, deadline: Instant) -> bool {
    let all = u32::try_from(host.core.settings.concurrency).unwrap_or(u32::MAX);
    let idle = || host.slots.acquire_many(all);
    let clean = tokio::time::timeout_at(deadline.into(), idle()).await.is_ok();
    if !clean {
        host.core.stop.end();
        // Each gives its own message back; this waits for the queue's answers, not for handlers.
        if tokio::time::timeout(ENDING, idle()).await.is_err() {
            let messages = host.core.settings.concurrency.saturating_sub(host.slots.available_permits());
            tracing::error!(messages, "not given back: they are visible again after their visibility timeout");
        }
    }
    clean
}

async fn sample_depth(host: Arc<Host>) {
    loop {
        match host.queue.depth().await {
            Ok(depth) => {
                let gauges = &host.core.metrics.gauges;
                gauges.visible.store(depth.visible, Relaxed);
                gauges.in_flight.store(depth.in_flight, Relaxed);
                gauges.delayed.store(depth.delayed, Relaxed);
            }
            Err(error) => tracing::debug!(%error, "the depth of the queue is not known"),
        }
        tokio::time::sleep(DEPTH_EVERY).await;
    }
}

/// Drains at the first SIGTERM or SIGINT, and ends without waiting for handlers at the second.
pub(crate) fn stop_on_signals(stop: Stop) -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::spawn(async move {
        let mut next = async || {
            tokio::select! {
                _ = terminate.recv() => (),
                _ = interrupt.recv() => (),
            }
        };
        next().await;
        tracing::info!("asked to stop: no new messages");
        stop.drain();
        next().await;
        stop.end();
    });
    Ok(())
}
