//! Where workers run: from the queue to the pipeline and back.

pub(crate) mod lambda;
pub(crate) mod process;
