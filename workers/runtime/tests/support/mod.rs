//! What tests of the workers share: servers, queues, and the two sides of Lambda.

// Each test file takes what it needs.
#![allow(dead_code, unused_imports)]

pub mod aws;
#[cfg(feature = "sqlite")]
pub mod deaf;
#[cfg(feature = "dynamodb")]
pub mod dynamodb;
pub mod fleet;
pub mod lambda;
pub mod proxy;
#[cfg(feature = "sqlite")]
pub mod queues;
pub mod servers;

pub use servers::{folder, free_port, get, mariadb, postgres, program_output};
