//! What the benchmarks stand on: the ground, the floor, the measuring and the report.

pub mod deploy;
pub mod events;
pub mod floor;
pub mod ground;
pub mod measure;
pub mod report;
pub mod scenario;
pub mod stub;
pub mod terraform;
pub mod workers;
