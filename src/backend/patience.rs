//! Waiting for what passes by itself.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use crate::error::AwsError;
use crate::event::{Event, Reporter};
use crate::model::Address;

/// Dense at first: most of what is not there yet is there within a second.
const PAUSES: &[Duration] = &[Duration::from_millis(250), Duration::from_millis(500), Duration::from_secs(1)];
const LAST_PAUSE: Duration = Duration::from_secs(2);

/// Failures that pass by themselves, and how long to wait for that.
#[derive(Debug)]
pub struct Patience {
    address: Address,
    reasons: Vec<Reason>,
}

/// One of them.
#[derive(Debug)]
struct Reason {
    codes: &'static [&'static str],
    text: &'static str,
    words: &'static str,
    ceiling: Duration,
}

impl Reason {
    fn matches(&self, error: &AwsError) -> bool {
        error.is(self.codes) || !self.text.is_empty() && error.message.contains(self.text)
    }
}

impl Patience {
    /// Waits for nothing yet.
    #[must_use]
    pub fn new(address: &Address) -> Patience {
        Patience { address: address.clone(), reasons: Vec::new() }
    }

    /// Waits while AWS answers with one of these codes.
    #[must_use]
    pub fn wait_for(mut self, codes: &'static [&'static str], words: &'static str, seconds: u64) -> Patience {
        self.reasons.push(Reason { codes, text: "", words, ceiling: Duration::from_secs(seconds) });
        self
    }

    /// Waits while AWS's message has this text, for failures without a code of their own.
    #[must_use]
    pub fn wait_for_text(mut self, text: &'static str, words: &'static str, seconds: u64) -> Patience {
        self.reasons.push(Reason { codes: &[], text, words, ceiling: Duration::from_secs(seconds) });
        self
    }
}

/// The waits for one call.
pub(super) struct Waits {
    patience: Patience,
    stopped: watch::Receiver<bool>,
    start: Instant,
    count: usize,
}

impl Waits {
    /// Nothing was waited for yet; once `stopped`, nothing will be.
    pub(super) fn new(patience: Patience, stopped: watch::Receiver<bool>) -> Waits {
        Waits { patience, stopped, start: Instant::now(), count: 0 }
    }

    /// Waits after a failure that passes by itself, and says the first time what for.
    ///
    /// # Errors
    /// With the failure, if it is of another sort or the patience is over.
    pub(super) async fn after(&mut self, error: AwsError, reporter: &dyn Reporter) -> Result<(), AwsError> {
        let Some(reason) = self.patience.reasons.iter().find(|reason| reason.matches(&error)) else {
            return Err(error);
        };
        if self.start.elapsed() > reason.ceiling {
            return Err(error);
        }
        if self.count == 0 {
            let (address, reason) = (self.patience.address.clone(), reason.words.to_owned());
            reporter.on(&Event::StepWaiting { address, reason });
        }
        let pause = PAUSES.get(self.count).copied().unwrap_or(LAST_PAUSE);
        self.count += 1;
        if tokio::time::timeout(pause, self.stopped.wait_for(|stopped| *stopped)).await.is_ok() {
            return Err(AwsError { message: format!("stopped while waiting: {}", error.message), ..error });
        }
        Ok(())
    }
}
