//! What came of a load test, counted.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

/// What is known while the test runs. Times are milliseconds since 1970.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// When each probe was sent, by its number; a probe that was sent twice counts from the first time.
    sent: BTreeMap<u64, i64>,
    /// Messages sent, resends included.
    messages: u64,
    /// Each receipt: probe → when it was handled, and at which receive.
    receipts: BTreeMap<u64, Vec<(i64, u32)>>,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// Messages sent, resends included.
    pub messages: u64,
    /// Jobs: messages with different keys.
    pub jobs: u64,
    /// Jobs that were handled at least once.
    pub handled: u64,
    /// Handlings beyond the first of a job: effects that happened twice.
    pub repeated: u64,
    /// Jobs that were handled at a second or later receive.
    pub retried: u64,
    /// Messages that were sent again with the key of another and led to no second handling.
    pub duplicates_dropped: u64,
    /// Messages that ended in the dead-letter queue.
    pub dead_letters: u64,
    /// From the first send to the last handling, in milliseconds.
    pub milliseconds: u64,
    /// Jobs handled a second, over that time.
    pub per_second: f64,
    /// From sending to handling.
    pub latency: Percentiles,
    /// Jobs handled in each second from the first send on.
    pub by_second: Vec<u64>,
}

/// Latencies, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Percentiles {
    /// The least.
    pub min: u64,
    /// Half are below.
    pub p50: u64,
    /// Nine in ten are below.
    pub p90: u64,
    /// 99 in 100 are below.
    pub p99: u64,
    /// The most.
    pub max: u64,
}

impl Tally {
    /// Notes that a probe was sent.
    pub fn sent(&mut self, probe: u64, at: i64) {
        self.messages += 1;
        self.sent.entry(probe).or_insert(at);
    }

    /// Notes a receipt.
    pub fn received(&mut self, probe: u64, at: i64, receive: u32) {
        self.receipts.entry(probe).or_default().push((at, receive));
    }

    /// Counts the jobs that were handled.
    #[must_use]
    pub fn handled(&self) -> u64 {
        self.receipts.len() as u64
    }

    /// Counts the messages that were sent.
    #[must_use]
    pub fn messages(&self) -> u64 {
        self.messages
    }

    /// Sums up.
    #[must_use]
    pub fn outcome(&self, dead_letters: u64) -> Outcome {
        let begun = self.sent.values().min().copied().unwrap_or_default();
        let firsts = self.receipts.iter().filter_map(|(probe, seen)| Some((probe, seen.iter().min()?)));
        let firsts: Vec<(i64, i64, u32)> =
            firsts.filter_map(|(probe, (at, receive))| Some((*self.sent.get(probe)?, *at, *receive))).collect();
        let last = firsts.iter().map(|(_, at, _)| *at).max().unwrap_or(begun);
        let milliseconds = since(begun, last);
        let mut latencies: Vec<u64> = firsts.iter().map(|(sent, at, _)| since(*sent, *at)).collect();
        latencies.sort_unstable();
        let mut by_second = vec![0; usize::try_from(milliseconds / 1_000).unwrap_or_default() + 1];
        for (_, at, _) in &firsts {
            by_second[usize::try_from(since(begun, *at) / 1_000).unwrap_or_default()] += 1;
        }
        let (handled, jobs) = (self.handled(), self.sent.len() as u64);
        let repeated = self.receipts.values().map(|seen| seen.len() as u64 - 1).sum();
        Outcome {
            messages: self.messages,
            jobs,
            handled,
            repeated,
            retried: firsts.iter().filter(|(_, _, receive)| *receive > 1).count() as u64,
            duplicates_dropped: (self.messages - jobs).saturating_sub(repeated),
            dead_letters,
            milliseconds,
            #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
            per_second: handled as f64 / Duration::from_millis(milliseconds.max(1)).as_secs_f64(),
            latency: percentiles(&latencies),
            by_second,
        }
    }
}

fn since(begun: i64, at: i64) -> u64 {
    u64::try_from(at - begun).unwrap_or_default()
}

fn percentiles(sorted: &[u64]) -> Percentiles {
    // The nearest rank: the least value that so many in a hundred do not exceed.
    let rank = |percent: usize| sorted.get((sorted.len() * percent).div_ceil(100).saturating_sub(1)).copied();
    let at = |percent| rank(percent).unwrap_or_default();
    Percentiles { min: at(0), p50: at(50), p90: at(90), p99: at(99), max: at(100) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn effects_are_counted_and_not_messages() {
        let mut tally = Tally::default();
        for probe in 0..100 {
            tally.sent(probe, 1_000);
            tally.received(probe, 1_001 + i64::try_from(probe).unwrap() * 20, 1);
        }
        tally.sent(7, 5_000);
        tally.received(7, 6_000, 2);
        tally.sent(8, 5_000);
        tally.sent(200, 1_000);
        let outcome = tally.outcome(1);
        assert_eq!((outcome.messages, outcome.jobs, outcome.handled, outcome.repeated), (103, 101, 100, 1));
        assert_eq!((outcome.duplicates_dropped, outcome.dead_letters, outcome.retried), (1, 1, 0));
        let expected = Percentiles { min: 1, p50: 981, p90: 1_781, p99: 1_961, max: 1_981 };
        assert_eq!((outcome.latency, outcome.milliseconds), (expected, 1_981));
        assert_eq!(outcome.by_second, [50, 50]);
        assert!((outcome.per_second - 50.48).abs() < 0.01, "{}", outcome.per_second);
    }

    #[test]
    fn nothing_is_no_division_by_zero() {
        let outcome = Tally::default().outcome(0);
        assert_eq!((outcome.handled, outcome.latency.p99, outcome.by_second.len()), (0, 0, 1));
        assert!(outcome.per_second.abs() < f64::EPSILON);
    }
}
