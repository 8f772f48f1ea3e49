//! Stacks written in Rust: handles instead of names, durations instead of numbers, the compiler as the linter.
//!
//! A program that describes a stack and hands it to [`queuestack::main`](crate::main) *is* the command line for that
//! stack: `cargo run -- plan`, `cargo run -- apply`, `cargo run -- synth`.
//!
//! ```no_run
//! use std::process::ExitCode;
//!
//! use queuestack::construct::*;
//!
//! fn main() -> ExitCode {
//!     let mut stack = Stack::new("calendar").tag("team", "scheduling");
//!
//!     let notify = Queue::new(&mut stack, "notification-queue").visibility_timeout(secs(30)).dead_letter(3).build();
//!     let sync = Queue::new(&mut stack, "calendar-sync-queue").visibility_timeout(mins(5)).dead_letter(3).build();
//!     let worker =
//!         Worker::new(&mut stack, "calendar-sync").package("calendar-sync").consumes(&sync).timeout(secs(50)).build();
//!
//!     notify.grant_send(&mut stack, &worker);
//!     notify.dead_letters().alarm(&mut stack, 1);
//!     sync.dead_letters().alarm(&mut stack, 1);
//!
//!     queuestack::main(stack)
//! }
//! ```
//!
//! # What is checked when
//!
//! *While compiling:* a queue cannot be named where a role is wanted, a size not where a duration is, an alarm cannot
//! be put on a queue that was not built, a description that is not built is a warning, and so on:
//!
//! ```compile_fail,E0277
//! # use queuestack::construct::*;
//! # let mut stack = Stack::new("calendar");
//! # let worker = Worker::new(&mut stack, "sync").package("sync").build();
//! Worker::new(&mut stack, "other").package("other").consumes(&worker).build(); // a worker is no queue
//! ```
//!
//! Constants can be held against the range of an attribute: `const T: Seconds = mins(5).within(&VISIBILITY_TIMEOUT)`
//! with [`kind::queue::VISIBILITY_TIMEOUT`](crate::kind::queue::VISIBILITY_TIMEOUT) compiles only if SQS takes it.
//!
//! *When the program runs:* all that `queuestack validate` finds in YAML, with the same codes, at the line of Rust and
//! the path of the construct that it is about.
//!
//! # What there is
//!
//! - One builder a kind: [`Queue`], [`Alarm`], [`Topic`], [`Subscription`], [`Bus`], [`Rule`], [`Table`], [`Worker`],
//!   [`Function`], [`Role`], [`LogGroup`], [`Mapping`], [`HttpApi`]. Each has one method an attribute, of the same name as in YAML; its
//!   documentation states unit, range, default and source.
//!   They are generated from the tables that YAML is read by, and a test compares the two.
//! - Units: [`secs`], [`mins`], [`hours`], [`days`], [`bytes()`], [`kib`], [`mib`], [`gib`].
//! - Facts that are known later, such as [`Queue::arn`], [`account`] or the secrets of [`ssm`] and [`secrets_manager`],
//!   go into texts by `format!` and into documents by [`json!`].
//! - [`Construct`] and [`Scope`]: groups of resources that are written once and used under several names.
//! - [`Worker`] is such a group: role, log group, function, mapping and alarms, and with
//!   [`with_queue`](WorkerBuilder::with_queue) the queue and its dead-letter queue too.
//! - [`HttpIngest`] is another: an API, the function behind it, the queue that it sends to, and who handles that.
//! - [`FanOut`] is another: a topic, and for each of those whom it concerns a queue with dead letters and alarms.
//! - [`aspects`]: visitors of every resource, such as a team's tags or encryption.
//! - [`template`]: assertions and snapshots for tests.
//!
//! `queuestack convert STACK.yaml` prints a stack file as such a program; `synth` prints what a program describes as a
//! stack file.

pub mod aspects;
pub mod codes;
pub mod convert;
mod document;
mod events;
mod fact;
mod fit;
mod http_api;
mod kinds;
mod macros;
pub mod names;
mod queue;
mod reference;
mod scope;
mod settings;
mod table;
pub mod template;
mod topic;
mod units;
mod worker;

pub use serde_json::json;

pub use aspects::Aspect;
pub use document::Document;
pub use fact::{Fact, account, partition, region, secrets_manager, ssm};
pub use http_api::{Answers, HttpIngest, Ingest};
pub use kinds::*;
pub use queue::DeadLetters;
pub use reference::{Arn, Ref, Takes, arn};
pub use scope::{Construct, Scope, Stack};
pub use topic::{ConsumerBuilder, FanOut, FanOutBuilder};
pub use units::{Bytes, Seconds, bytes, days, gib, hours, kib, mib, mins, secs};

/// The goal of a builder: a resource.
#[derive(Debug)]
pub enum Building {}

/// The goal of a builder: what resources are when they do not say.
#[derive(Debug)]
pub enum Defaults {}

/// Switches off what a short form would make: `.alarms(Off)`.
#[derive(Clone, Copy, Debug)]
pub struct Off;
