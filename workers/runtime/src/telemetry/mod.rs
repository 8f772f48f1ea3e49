//! What a worker tells of itself: JSON logs, trace contexts, metrics.

mod emf;
pub(crate) mod logs;
mod metrics;
mod prometheus;
mod trace;

pub(crate) use metrics::{Event, Metrics};
pub use trace::Trace;
