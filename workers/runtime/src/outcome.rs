//! What a handler says of a job.

use std::time::Duration;

/// What becomes of a message.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub enum Outcome {
    /// It is done; the message is deleted, and the result, if any, is what a duplicate gets.
    Done(Option<serde_json::Value>),
    /// It failed and is tried again: after this long, else after the worker's back-off.
    Retry {
        /// How long to wait; `None` leaves it to the back-off with jitter.
        after: Option<Duration>,
        /// What went wrong, for logs and for the dead-letter queue.
        error: String,
    },
    /// It can never succeed: it goes to the dead-letter queue at once.
    DeadLetter {
        /// Why, as a short stable word or sentence: `unknown_calendar`.
        reason: String,
        /// What went wrong, in full.
        error: String,
    },
}

impl Outcome {
    /// Done, with nothing for duplicates to see.
    pub fn done() -> Self {
        Self::Done(None)
    }

    /// Failed; the worker's back-off decides when it is tried again.
    pub fn retry(error: impl ToString) -> Self {
        Self::Retry { after: None, error: error.to_string() }
    }

    /// Failed; to be tried again after this long.
    pub fn retry_after(after: Duration, error: impl ToString) -> Self {
        Self::Retry { after: Some(after), error: error.to_string() }
    }

    /// Hopeless: to the dead-letter queue, now.
    pub fn dead_letter(reason: impl Into<String>) -> Self {
        let reason = reason.into();
        Self::DeadLetter { error: reason.clone(), reason }
    }
}

/// `Ok` is done, an error is tried again: handlers may use `?` inside and `.into()` at the end.
impl<E: ToString> From<Result<(), E>> for Outcome {
    fn from(result: Result<(), E>) -> Self {
        match result {
            Ok(()) => Self::done(),
            Err(error) => Self::retry(error),
        }
    }
}
