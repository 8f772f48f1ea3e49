//! Work that blocks its thread: nobody can end it, so an attempt is not over while any of it runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};

use tokio::sync::Notify;

/// The blocking work of one attempt.
#[derive(Debug, Default)]
pub(crate) struct Blocking {
    running: AtomicUsize,
    cancelled: AtomicBool,
    ended: Notify,
}

impl Blocking {
    /// Counts work as running until what this returns is dropped.
    ///
    /// Whether the attempt is over is asked after this, and whether anything runs after the attempt is over: one of the
    /// two sees the other.
    pub fn begin(self: &Arc<Self>) -> Running {
        self.running.fetch_add(1, SeqCst);
        Running(Arc::clone(self))
    }

    /// Says that the attempt is over: nothing more is begun, and what runs need not go on.
    pub fn cancel(&self) {
        self.cancelled.store(true, SeqCst);
    }

    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(SeqCst)
    }

    pub fn is_running(&self) -> bool {
        self.running.load(SeqCst) > 0
    }

    /// Resolves when nothing runs.
    pub async fn ended(&self) {
        loop {
            // Made before the look: it hears of every end from now on.
            let ended = self.ended.notified();
            if !self.is_running() {
                return;
            }
            ended.await;
        }
    }
}

/// One piece of work, until it is dropped.
#[derive(Debug)]
pub(crate) struct Running(Arc<Blocking>);

impl Drop for Running {
    fn drop(&mut self) {
        if self.0.running.fetch_sub(1, SeqCst) == 1 {
            self.0.ended.notify_waiters();
        }
    }
}
