//! Renders diagnostics, plans and progress for terminals and machines.

pub mod building;
pub mod diagnostics;
pub mod plan;
pub mod progress;
pub mod redact;
pub mod sarif;
pub mod watch;
pub mod yaml;
