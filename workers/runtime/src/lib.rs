//! Workers for SQS: typed jobs with retries, idempotency and dead letters, in Lambda or as a long-polling process.
//!
//! # The line
//!
//! ```text
//! host: lambda │ process → decode → validate → idempotency → handle (deadline) → outcome → host
//! ```
//!
//! Both hosts share everything between their edges: a handler cannot tell which one runs it.
//!
//! # What is guaranteed
//!
//! - A message is deleted only after its handler said [`Outcome::Done`] or its copy is in the dead-letter queue.
//! - With an idempotency [`Store`](idempotency::Store), a handler that completed is not run again for the same key
//!   while its record is kept, and two owners never complete the same key.
//! - A panic, a time-out or a slow handler of one message touches no other. A handler that blocks its thread does in a
//!   process, and in Lambda it cannot be ended before it returns: such work belongs into [`Context::blocking`]. It
//!   keeps the job until the work has really ended; `tokio::task::spawn_blocking` and threads of your own do not, so
//!   that after a time-out the job's next attempt runs beside them.
//!
//! # Settings
//!
//! [`Settings`] has them all, with their environment variables. `QUEUE_URL` says which queue a process polls.

pub mod aws;
pub mod backend;
mod blocking;
mod context;
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
pub mod database;
mod envelope;
mod host;
pub mod idempotency;
mod job;
mod outcome;
mod pipeline;
pub mod place;
mod probe;
mod producer;
mod retry;
mod settings;
mod shape;
mod stop;
mod telemetry;
pub mod tls;
mod worker;

pub use context::Context;
pub use envelope::{Envelope, EnvelopeError};
pub use job::{Handler, Job};
pub use outcome::Outcome;
pub use producer::{EnqueueError, JobQueue, NewJob};
pub use retry::Backoff;
pub use settings::Settings;
pub use stop::Stop;
pub use telemetry::Trace;
pub use worker::{StartError, Worker};
