//! What a handler knows besides its job.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tracing::Span;

use crate::blocking::Blocking;
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
    pub(crate) drain_timeout: Duration,
    pub(crate) blocking: Arc<Blocking>,
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

    /// How long the handler may go on from when the worker is [about to stop](Context::stopping).
    #[must_use]
    pub fn drain_timeout(&self) -> Duration {
        self.drain_timeout
    }

    /// Resolves when the worker is about to stop.
    pub async fn stopping(&self) {
        self.stop.draining().await;
    }

    /// Runs work that blocks its thread on a thread for that, and returns what it does. A panic in it is the handler's.
    ///
    /// ```
    /// # use queuestack_worker::{Context, Job, Outcome};
    /// async fn render(job: Job<Vec<String>>, context: Context) -> Outcome {
    ///     let pages = job.payload;
    ///     let rendered = context.blocking(move |context| {
    ///         for page in pages {
    ///             if context.is_cancelled() {
    ///                 return Err("no time left");
    ///             }
    ///             println!("{page}");
    ///         }
    ///         Ok(())
    ///     });
    ///     rendered.await.into()
    /// }
    /// ```
    ///
    /// Nothing can end such work from outside, so the attempt is not over before it is, whatever becomes of the
    /// handler: after the time-out too the job stays this attempt's, its message invisible and its slot taken. A retry
    /// never runs beside it. Work that takes long therefore looks at [`Context::is_cancelled`] now and then. What was
    /// not begun when the attempt ended never is.
    ///
    /// Two things do not wait for it: a process that must end, and the deadline of an invocation in Lambda. The job
    /// then stays this worker's until the work has ended, or until a lease after the process or Lambda's environment
    /// did. Without an idempotency store the message comes again after that long, whatever the work does then.
    pub async fn blocking<T, F>(&self, work: F) -> T
    where
        F: FnOnce(&Self) -> T + Send + 'static,
        T: Send + 'static,
    {
        let (running, context) = (self.blocking.begin(), self.clone());
        let thread = move || {
            // Dropped before the result is told: an attempt that has it has nothing running.
            let _running = running;
            let work = || context.trace.scope_sync(|| context.span.in_scope(|| work(&context)));
            (!context.is_cancelled()).then(work)
        };
        match tokio::task::spawn_blocking(thread).await.map_err(tokio::task::JoinError::try_into_panic) {
            Ok(Some(result)) => result,
            Err(Ok(panic)) => std::panic::resume_unwind(panic),
            // The attempt, or the runtime, is over: there is nobody to tell.
            Ok(None) | Err(Err(_)) => std::future::pending().await,
        }
    }

    /// Tells whether the attempt is over, so that what is still being done for it is in vain: its time is up, its job
    /// is another worker's, its worker ends, or its handler returned. For work in [`Context::blocking`].
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.blocking.is_cancelled()
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
