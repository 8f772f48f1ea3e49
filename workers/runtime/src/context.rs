//! What a handler knows besides its job.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tracing::Span;

use crate::stop::Stop;
use crate::telemetry::Trace;

/// Values that all handlers of a worker share, by type.
pub(crate) type States = HashMap<TypeId, Box<dyn Any + Send + Sync>>;

/// The circumstances of one attempt. Cheap to clone.
#[derive(Clone)]
pub struct Context {
    pub(crate) deadline: Instant,
    pub(crate) attempt: u32,
    pub(crate) stop: Stop,
    pub(crate) states: Arc<States>,
    pub(crate) trace: Trace,
    pub(crate) span: Span,
}

impl Context {
    /// When the attempt is given up, whatever it is doing then.
    #[must_use]
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// How long until then.
    #[must_use]
    pub fn remaining(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// Which attempt this is: 1 at first.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// Tells whether the worker is about to stop: finish, or return [`Outcome::retry`](crate::Outcome::retry).
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.stop.is_draining()
    }

    /// Resolves when the worker is about to stop.
    pub async fn stopping(&self) {
        self.stop.draining().await;
    }

    /// What was given to [`Worker::state`](crate::Worker::state), by its type.
    #[must_use]
    pub fn state<S: Any + Send + Sync>(&self) -> Option<&S> {
        self.states.get(&TypeId::of::<S>()).and_then(|value| value.downcast_ref())
    }

    /// The trace that this attempt is part of; jobs that the handler enqueues carry it on.
    #[must_use]
    pub fn trace(&self) -> &Trace {
        &self.trace
    }

    /// The span that log lines of this attempt are in; for tasks that the handler spawns.
    #[must_use]
    pub fn span(&self) -> &Span {
        &self.span
    }
}
