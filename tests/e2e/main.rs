//! The whole product from the outside: the binary, a stack file, and an AWS that is an emulator or a stub in memory.
//!
//! The emulator is shared: every test has stack names and physical names of its own. A stub belongs to one test.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod buckets;
mod buses;
mod calendar;
mod data_loss;
mod dead_letters;
mod dev;
mod failures;
mod formats;
mod gaps;
mod guards;
mod import;
mod interruptions;
mod output;
mod ownership;
mod permissions;
mod processing;
mod properties;
mod pull_request;
mod recipe;
mod regions;
mod requests;
mod secrets;
mod stacks;
mod support;
mod tables;
mod topics;
