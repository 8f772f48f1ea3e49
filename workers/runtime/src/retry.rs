//! When a failed job is tried again.

use std::time::Duration;

/// The longest that a message can stay invisible after it was received, in seconds.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html>
pub const LONGEST_INVISIBLE: u64 = 43_200;

/// Exponential back-off with full jitter: anything from nothing to `min(cap, base × 2^(attempt − 1))`.
///
/// Full jitter spreads what failed together; the queue's `maxReceiveCount` has the last word on how often.
/// <https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// The longest wait after the first attempt.
    pub base: Duration,
    /// The longest wait after any attempt.
    pub cap: Duration,
}

impl Backoff {
    /// The longest wait after this attempt; the first is 1.
    #[must_use]
    pub fn longest(&self, attempt: u32) -> Duration {
        let doublings = attempt.saturating_sub(1).min(63);
        let factor = 1_u64 << doublings;
        let grown = self.base.as_nanos().saturating_mul(u128::from(factor));
        Duration::from_nanos(u64::try_from(grown).unwrap_or(u64::MAX)).min(self.cap)
    }

    /// A wait by chance after this attempt; the first is 1.
    #[must_use]
    pub fn delay(&self, attempt: u32) -> Duration {
        let longest = u64::try_from(self.longest(attempt).as_millis()).unwrap_or(u64::MAX);
        Duration::from_millis(fastrand::u64(0..=longest))
    }
}

/// What is left of a wait when the message was received this long ago: SQS refuses more than 12 hours in all.
#[must_use]
pub fn within_limit(wait: Duration, elapsed: Duration) -> Duration {
    // A part of a second that has begun counts as a whole one: the request still has to travel.
    let elapsed = elapsed.as_secs() + u64::from(elapsed.subsec_nanos() > 0);
    wait.min(Duration::from_secs(LONGEST_INVISIBLE.saturating_sub(elapsed + 1)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_wait_is_between_nothing_and_the_longest_and_the_longest_never_shrinks(
            base in 0_u64..100_000, cap in 0_u64..50_000_000, attempt in 0_u32..5_000,
        ) {
            let backoff = Backoff { base: Duration::from_millis(base), cap: Duration::from_millis(cap) };
            let longest = backoff.longest(attempt);
            prop_assert!(backoff.delay(attempt) <= longest);
            prop_assert!(longest <= backoff.cap);
            prop_assert!(longest <= backoff.longest(attempt + 1));
        }

        #[test]
        fn the_longest_wait_doubles_until_the_cap(base in 1_u64..1_000, attempt in 1_u32..20) {
            let backoff = Backoff { base: Duration::from_millis(base), cap: Duration::from_secs(900) };
            let doubled = Duration::from_millis(base << (attempt - 1)).min(backoff.cap);
            prop_assert_eq!(backoff.longest(attempt), doubled);
        }

        #[test]
        fn no_wait_passes_twelve_hours_after_the_receive(wait in 0_u64..100_000_000, elapsed in 0_u64..100_000_000) {
            let (wait, elapsed) = (Duration::from_millis(wait), Duration::from_millis(elapsed));
            let left = within_limit(wait, elapsed);
            prop_assert!(left <= wait);
            prop_assert!(left.is_zero() || left + elapsed < Duration::from_secs(LONGEST_INVISIBLE));
        }
    }

    #[test]
    fn waits_are_spread_over_the_whole_range() {
        let backoff = Backoff { base: Duration::from_secs(8), cap: Duration::from_secs(60) };
        let waits: Vec<_> = (0..1000).map(|_| backoff.delay(1).as_secs()).collect();
        for second in 0..8 {
            let share = waits.iter().filter(|wait| **wait == second).count();
            assert!((60..200).contains(&share), "{share} of 1000 in second {second}");
        }
    }
}
