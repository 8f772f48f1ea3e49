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
//! - A panic, a time-out or a slow handler of one message touches no other.

pub mod backend;
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
pub mod database;
mod envelope;
pub mod idempotency;
mod outcome;

pub use envelope::{Envelope, EnvelopeError};
pub use outcome::Outcome;
