//! The builders of every kind, generated from the rows by `tests/construct_generated.rs`.

mod alarm;
mod bus;
mod function;
mod http_api;
mod log_group;
mod mapping;
pub(super) mod matchers;
mod prelude;
mod queue;
mod role;
mod rule;
mod subscription;
mod table;
mod topic;
mod worker;

pub use alarm::*;
pub use bus::*;
pub use function::*;
pub use http_api::*;
pub use log_group::*;
pub use mapping::*;
pub use queue::*;
pub use role::*;
pub use rule::*;
pub use subscription::*;
pub use table::*;
pub use topic::*;
pub use worker::*;
