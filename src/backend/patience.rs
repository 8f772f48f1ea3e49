//! Waiting for what passes by itself.

use std::time::Duration;

use crate::error::AwsError;
use crate::model::Address;

/// Failures that pass by themselves, and how long to wait for that.
#[derive(Debug)]
pub struct Patience {
    pub(super) address: Address,
    pub(super) reasons: Vec<Reason>,
}

/// One of them.
#[derive(Debug)]
pub(super) struct Reason {
    codes: &'static [&'static str],
    text: &'static str,
    pub(super) words: &'static str,
    pub(super) ceiling: Duration,
}

impl Reason {
    pub(super) fn matches(&self, error: &AwsError) -> bool {
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
