//! The worker of calendar synchronisation.
//!
//! Two jobs: [`calendar.sync`](sync) brings a calendar into a store, [`calendar.write`](mod@write) puts an event on a
//! CalDAV server. Both may be done again without harm: a sync compares and changes what differs, a write names the
//! version that it replaces.
//!
//! ```text
//! fetch (HTTP, CalDAV) → ical → changes → notify → store
//! ```
//!
//! [`Settings`] says what it reads from the environment.

pub mod changes;
pub mod dav;
pub mod fetch;
pub mod ical;
mod multistatus;
pub mod notify;
mod settings;
pub mod store;
pub mod sync;
pub mod write;

pub use settings::{Deps, Settings, SettingsError};

/// SHA-256 in hexadecimal, of parts that cannot run into each other.
fn digest<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    use sha2::{Digest, Sha256};
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A dead letter with a stable reason and what went wrong.
fn dead(reason: &str, error: impl ToString) -> queuestack_worker::Outcome {
    queuestack_worker::Outcome::DeadLetter { reason: reason.to_owned(), error: error.to_string() }
}
