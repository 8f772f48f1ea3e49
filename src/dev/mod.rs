//! Working with a stack that is up: watching it, and giving it jobs to show what it does.
//!
//! ```text
//! watch   queues, workers and logs, looked at again and again
//! demo    sample jobs from a file beside the stacks, and the loopback server that they refer to
//! load    many jobs at once, and what came of them
//! emf     the counters in a worker's log
//! ```

pub mod demo;
mod emf;
mod files;
pub mod load;
mod watch;

pub use files::Files;
pub use watch::{Said, View, Watch};
