//! The worker of events.
//!
//! One job, [`event.store`](TYPE): an [`Event`] becomes an item of the table that `TABLE_NAME_EVENTS` names. An event is
//! stored once: a job that is delivered again changes nothing, and one that says something else under the same tenant
//! and id is a dead letter `conflict`, so that nothing is overwritten.
//!
//! [`Settings`] says what it reads from the environment.

mod event;
mod settings;
mod store;

pub use event::Event;
pub use settings::{Settings, SettingsError};
pub use store::{Stored, Table};

use queuestack_worker::Outcome;

/// The type of the job.
pub const TYPE: &str = "event.store";

/// Does the job.
pub async fn handle(event: &Event, table: &Table) -> Outcome {
    let stored = match table.put(event).await {
        Ok(stored) => stored,
        Err(outcome) => return outcome,
    };
    match stored {
        Stored::New => tracing::info!(tenant = event.tenant, id = event.id, "event stored"),
        Stored::Before => tracing::info!(tenant = event.tenant, id = event.id, "event was stored before"),
    }
    Outcome::done()
}
