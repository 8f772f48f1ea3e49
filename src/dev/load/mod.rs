//! A load test of a queue and its workers: probes go in, receipts come back.
//!
//! A probe is a job of the type `queuestack.probe`, which workers built on `queuestack-worker` answer once they are told
//! to (`Worker::probe`): the handler sends one receipt to the queue that the probe names. So what is counted is what the
//! handlers did, and not what the queue says.

mod chart;
mod run;
mod tally;

pub use chart::svg;
pub use run::{Options, run};
pub use tally::{Outcome, Percentiles, Tally};

/// The type of job that workers answer with a receipt.
pub const PROBE: &str = "queuestack.probe";
/// What the names of queues for receipts begin with; workers answer to no other.
pub const REPLY_PREFIX: &str = "queuestack-load-";
