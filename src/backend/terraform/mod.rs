//! Terraform: a stack rendered as its configuration, and the real binary driven with it.
//!
//! ```text
//! stack → variables → render ─ files → workspace → run (terraform or tofu) → plan → the Plan of everybody
//!                       ↑ names, spell (rows), layout       ↑ drive       → diagnose → our diagnostics
//! ```

mod claims;
mod declare;
mod define;
pub mod diagnose;
mod drive;
mod error;
pub mod imports;
mod items;
pub mod layout;
mod moved;
pub mod names;
pub mod plan;
mod progress;
pub mod render;
pub mod run;
mod secrets;
pub mod spell;
pub mod state;
pub mod variables;
pub mod workspace;

pub use drive::{Driver, Settings};
pub use error::TerraformError;
pub use render::{Rendering, render};
pub use run::{Plugins, Terraform};
pub use variables::Open;
pub use workspace::{Site, State};

#[cfg(test)]
mod tests;
