//! The worker of notifications.
//!
//! Two jobs: [`notification.email`](email) sends a mail over SMTP; [`notification.push`](push) posts to a webhook, with a
//! signature, or to a browser, by Web Push. Each tells the other side a name that is the same for every delivery of a
//! job ([`name_of`]), so that even a message that gets past the idempotency store can be told from a new one.
//!
//! [`Settings`] says what it reads from the environment.

pub mod email;
pub mod push;
mod settings;
mod smtp;
pub mod template;
pub mod webhook;
pub mod webpush;

pub use settings::{Deps, Settings, SettingsError};
pub use smtp::{SendError, Smtp, SmtpError};

use queuestack_worker::Outcome;
use queuestack_worker::idempotency::Key;

/// A name for a job that is the same for each of its deliveries and tells nothing of it: 32 hexadecimal digits.
#[must_use]
pub fn name_of(key: &Key) -> String {
    key.id().chars().take(32).collect()
}

/// A dead letter with a stable reason and what went wrong.
fn dead(reason: &str, error: impl ToString) -> Outcome {
    Outcome::DeadLetter { reason: reason.to_owned(), error: error.to_string() }
}
