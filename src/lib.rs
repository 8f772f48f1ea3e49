//! queuestack takes a job-processing system from a page of YAML, or from Rust, to running AWS resources.
//!
//! # The line
//!
//! ```text
//! YAML ─ manifest ┐
//!                 ├→ model → expand → rule, graph → build → plan → apply → event → report
//! Rust ─ construct┘                                         ↑       ↓
//!                                                     backend: aws (SDKs)
//! ```
//!
//! Phases are the spine, resource kinds are the ribs: a phase never names a kind, and a kind never knows
//! about ordering, printing or the command line. A kind is its rows: one attribute, one row, from which come
//! the reading of YAML, the JSON Schema, range checks, the diff and its choice between update and replace.
//!
//! # A stack in Rust
//!
//! A program that hands a stack to [`main`](fn@main) is the command line for it; [`construct`] teaches how.
//!
//! ```no_run
//! use queuestack::construct::*;
//!
//! fn main() -> std::process::ExitCode {
//!     let mut stack = Stack::new("orders");
//!     let orders = Queue::new(&mut stack, "orders").visibility_timeout(mins(5)).dead_letter(5).build();
//!     orders.dead_letters().alarm(&mut stack, 1);
//!     Worker::new(&mut stack, "orders").package("orders").consumes(&orders).timeout(secs(50)).build();
//!     queuestack::main(stack)
//! }
//! ```
//! Beside the line: [`import`] goes it backwards, from what is found to a stack; [`outputs`] tells applications where
//! everything is; [`permissions`] tells what whoever deploys must be allowed; [`letters`] sends dead letters back.
//!
//! # The account is the state
//!
//! Nothing is written down about what was applied. Resources carry the tags `queuestack:stack` and
//! `queuestack:address` from the call that creates them, and physical names follow from the stack; so what is
//! there is read, what should be there is computed, and the difference is the plan. An interrupted apply needs
//! no repair: the next plan reads what is there.
//!
//! # Invariants
//!
//! `tests/tidy.rs` checks what can be checked by reading the source:
//!
//! 1. `manifest`, `construct`, `model`, `value`, `expand`, `graph`, `rule`, `plan`, `import`, `outputs` and
//!    `permissions` know no SDK, no clap and no tokio.
//! 2. No phase names a concrete kind; the rules in files of their own under `rule/` are about kinds, and may.
//! 3. Only `main`, `cli` and `report` touch standard output, the environment or the clock's date.
//! 4. Every row has a meaning, a source and, through its type, a unit and a range; every kind is used by a
//!    stack in `stacks/`.
//! 5. Collections that reach output are ordered; the same input prints the same bytes.
//! 6. No `unwrap` or `expect` outside tests; no `unsafe`.
//! 7. After any apply, the next plan is empty.

pub mod diagnostic;
pub mod error;
pub mod event;
pub mod gaps;
pub mod secret;
pub mod value;

pub mod construct;
pub mod manifest;
pub mod model;

pub mod expand;
pub mod graph;
pub mod rule;
pub mod schema;

pub mod kind;

pub mod plan;

pub mod import;
pub mod outputs;
pub mod permissions;

pub mod apply;
pub mod artifact;
pub mod backend;
pub mod build;
pub mod dev;
pub mod letters;
pub mod local;

pub mod cli;
pub mod report;

pub use cli::app as main;
