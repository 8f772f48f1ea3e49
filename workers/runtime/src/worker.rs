//! A worker: its handlers, what they share, and where it runs.

use std::any::{Any, TypeId};
use std::collections::BTreeMap;
use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use serde::de::DeserializeOwned;

use crate::backend::{self, Backend};
use crate::context::{Context, States};
use crate::host;
use crate::idempotency::Store;
use crate::job::{Check, Erased, Handler, Job, Typed};
use crate::pipeline::Core;
use crate::probe;
use crate::retry::Backoff;
use crate::settings::Settings;
use crate::stop::Stop;
use crate::telemetry::{Metrics, logs};

/// A worker with a name and a handler for each type of job.
///
/// ```no_run
/// use queuestack_worker::{Context, Job, Outcome, Worker};
///
/// #[derive(serde::Deserialize)]
/// struct Greet { name: String }
///
/// async fn greet(job: Job<Greet>, _context: Context) -> Outcome {
///     println!("Hello, {}!", job.payload.name);
///     Outcome::done()
/// }
///
/// #[tokio::main]
/// async fn main() -> std::process::ExitCode {
///     Worker::new("greeter").job::<Greet, _>("greet", greet).run().await
/// }
/// ```
#[must_use = "a worker does nothing until it runs"]
pub struct Worker {
    name: String,
    handlers: BTreeMap<String, Box<dyn Erased>>,
    twice: Vec<String>,
    store: Option<Arc<dyn Store>>,
    states: States,
    settings: Settings,
}

/// Why a worker cannot start, or cannot go on; its text says what to do.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct StartError(pub(crate) String);

impl Worker {
    /// A worker without handlers. Its name is part of the idempotency keys of its jobs: it stays the same for good.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            handlers: BTreeMap::new(),
            twice: Vec::new(),
            store: None,
            states: States::default(),
            settings: Settings::default(),
        }
    }

    /// Registers the handler of a type of job.
    ///
    /// A message whose payload is no `T` goes to the dead-letter queue with the reason `invalid_payload`. What blocks a
    /// thread belongs into [`Context::blocking`].
    pub fn job<T, H>(self, job_type: impl Into<String>, handler: H) -> Self
    where
        T: DeserializeOwned + Send + 'static,
        H: Handler<T>,
    {
        self.register::<T, H>(job_type.into(), None, handler)
    }

    /// Registers the handler of a type of job whose payload must pass a check besides; what the check says is wrong
    /// becomes the `error` of the dead letter.
    pub fn validated_job<T, H>(
        self,
        job_type: impl Into<String>,
        check: fn(&T) -> Result<(), String>,
        handler: H,
    ) -> Self
    where
        T: DeserializeOwned + Send + 'static,
        H: Handler<T>,
    {
        self.register(job_type.into(), Some(check), handler)
    }

    fn register<T, H>(mut self, job_type: String, check: Option<Check<T>>, handler: H) -> Self
    where
        T: DeserializeOwned + Send + 'static,
        H: Handler<T>,
    {
        let typed = Typed { handler: Arc::new(handler), check };
        if self.handlers.insert(job_type.clone(), Box::new(typed)).is_some() {
            self.twice.push(job_type);
        }
        self
    }

    /// Answers the probes of `queuestack load`: jobs of the type `queuestack.probe`, each with one receipt into the queue
    /// that it names. A probe that names any queue but one of a load test, on the host of the worker's own, is a dead
    /// letter `refused_queue`.
    pub fn probe(self) -> Self {
        let answerer = Arc::new(probe::Answerer::default());
        self.job(probe::TYPE, move |job: Job<probe::Probe>, context: Context| {
            let answerer = Arc::clone(&answerer);
            async move { answerer.answer(job, context).await }
        })
    }

    /// Does each job once, by the records of this store: [`idempotency::open`](crate::idempotency::open) has one by its
    /// URL.
    pub fn idempotency(mut self, store: Arc<dyn Store>) -> Self {
        self.store = Some(store);
        self
    }

    /// Shares a value with all handlers: [`Context::state`](crate::Context::state).
    pub fn state<S: Any + Send + Sync>(mut self, value: S) -> Self {
        self.states.insert(TypeId::of::<S>(), Box::new(value));
        self
    }

    /// Changes the settings; what the environment says wins over them.
    pub fn settings(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(&mut self.settings);
        self
    }

    /// Sets the most messages handled at once: [`Settings::concurrency`].
    pub fn concurrency(self, most: usize) -> Self {
        self.settings(|settings| settings.concurrency = most.max(1))
    }

    /// Sets how long an attempt may take: [`Settings::job_timeout`].
    pub fn job_timeout(self, timeout: Duration) -> Self {
        self.settings(|settings| settings.job_timeout = timeout)
    }

    /// Sets when failed jobs are tried again: [`Settings::backoff`].
    pub fn backoff(self, base: Duration, cap: Duration) -> Self {
        self.settings(|settings| settings.backoff = Backoff { base, cap })
    }

    /// Runs where it is: in Lambda when `AWS_LAMBDA_RUNTIME_API` is set, else as a process on the queue of `QUEUE_URL`
    /// until SIGTERM or SIGINT.
    ///
    /// What keeps it from starting is logged, and the exit code is 1. A process that was told to stop ends with 0; it
    /// takes at most the longer of [`Settings::drain_timeout`] and [`Settings::poll_wait`] with 5 seconds, and 15
    /// seconds.
    ///
    /// If handlers were still running when their time was up, this does not return but ends the process: one that
    /// blocks its thread would keep the runtime, and so `main`, from ending. What `main` does after this is therefore
    /// not sure to be done; a program with more to do uses [`Worker::serve`].
    pub async fn run(self) -> ExitCode {
        let environment = |name: &str| std::env::var(name).ok();
        let level = environment("LOG_LEVEL").or_else(|| environment("RUST_LOG"));
        logs::init(level.as_deref().unwrap_or(&self.settings.log_level));
        let name = self.name.clone();
        match self.host(&environment).await {
            Ok(true) => ExitCode::SUCCESS,
            Ok(false) => {
                // The last log lines; without standard output there is nobody to tell.
                let _ = std::io::stdout().flush();
                std::process::exit(0)
            }
            Err(error) => {
                tracing::error!(worker = name, "{error}");
                ExitCode::FAILURE
            }
        }
    }

    /// Runs where the environment says; false when handlers may still be running.
    async fn host(mut self, environment: &dyn Fn(&str) -> Option<String>) -> Result<bool, StartError> {
        self.settings.read(environment).map_err(StartError)?;
        let runtime_api = environment("AWS_LAMBDA_RUNTIME_API").filter(|api| !api.is_empty());
        if runtime_api.is_some() {
            return host::lambda::run(self.core(Stop::new(), true)?, environment).await.map(|()| true);
        }
        let Some(url) = environment("QUEUE_URL").filter(|url| !url.is_empty()) else {
            return Err(StartError(
                "QUEUE_URL is not set: set it to the URL of an SQS queue, or to `sqlite:<path>` for a queue in a file"
                    .to_owned(),
            ));
        };
        let queue = backend::open(&url).await.map_err(|error| StartError(format!("QUEUE_URL: {error}")))?;
        let stop = Stop::new();
        host::process::stop_on_signals(stop.clone()).map_err(|error| StartError(format!("signals: {error}")))?;
        host::process::run(Arc::new(self.core(stop, false)?), queue).await
    }

    /// Runs as a process on a queue until told to stop; for tests and for programs that host workers themselves.
    /// It does not read the environment.
    ///
    /// It returns when its time is up, as [`Worker::run`] says, even if handlers block their threads then. Those go on,
    /// and a runtime waits for them when it is dropped.
    ///
    /// # Errors
    /// The queue cannot be asked for its settings, or the metrics' port is taken.
    pub async fn serve(self, queue: Arc<dyn Backend>, stop: Stop) -> Result<(), StartError> {
        let core = self.core(stop, false)?;
        host::process::run(Arc::new(core), queue).await.map(drop)
    }

    pub(crate) fn core(self, stop: Stop, sampled: bool) -> Result<Core, StartError> {
        if let Some(job_type) = self.twice.first() {
            return Err(StartError(format!("`{job_type}` has two handlers: remove one")));
        }
        if self.handlers.is_empty() {
            return Err(StartError(format!("{} has no handlers: add one with `Worker::job`", self.name)));
        }
        let metrics = Metrics::new(&self.name, self.handlers.keys(), sampled);
        Ok(Core {
            name: self.name,
            handlers: self.handlers,
            store: self.store,
            settings: self.settings,
            states: Arc::new(self.states),
            metrics,
            stop,
            store_down: AtomicBool::new(false),
        })
    }
}
