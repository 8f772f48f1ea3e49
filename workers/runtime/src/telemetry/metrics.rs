//! Counts and distributions, by type of job.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// What became of one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// Its handler did it.
    Processed,
    /// Its attempt failed: an error, a panic, a time-out.
    Failed,
    /// It was put back, for whatever reason.
    Retried,
    /// It went to the dead-letter queue.
    DeadLettered,
    /// It was done before.
    Duplicate,
}

impl Event {
    pub(crate) const ALL: [Self; 5] =
        [Self::Processed, Self::Failed, Self::Retried, Self::DeadLettered, Self::Duplicate];

    /// In Prometheus: `queuestack_worker_jobs_total{outcome="…"}`.
    pub(crate) fn label(self) -> &'static str {
        ["processed", "failed", "retried", "dead_lettered", "duplicate"][self as usize]
    }

    /// In CloudWatch.
    pub(crate) fn name(self) -> &'static str {
        ["Processed", "Failed", "Retried", "DeadLettered", "Duplicate"][self as usize]
    }
}

/// Upper bounds of the buckets of every distribution, in seconds.
pub(crate) const BUCKETS: [f64; 14] =
    [0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 300.0, 3600.0];

/// A distribution of durations.
#[derive(Debug, Default)]
pub(crate) struct Histogram {
    /// One a bucket, not cumulative; the last is beyond all bounds.
    pub buckets: [AtomicU64; BUCKETS.len() + 1],
    pub micros: AtomicU64,
}

impl Histogram {
    fn add(&self, value: Duration) {
        let seconds = value.as_secs_f64();
        let bucket = BUCKETS.iter().position(|bound| seconds <= *bound).unwrap_or(BUCKETS.len());
        self.buckets[bucket].fetch_add(1, Relaxed);
        self.micros.fetch_add(u64::try_from(value.as_micros()).unwrap_or(u64::MAX), Relaxed);
    }
}

/// What was measured of one type of job.
#[derive(Debug, Default)]
pub(crate) struct Series {
    pub counts: [AtomicU64; Event::ALL.len()],
    pub duration: Histogram,
    pub age: Histogram,
    pub samples: Mutex<Samples>,
}

/// Single values since the last flush, in milliseconds, for CloudWatch.
#[derive(Debug, Default)]
pub(crate) struct Samples {
    pub counts: [u64; Event::ALL.len()],
    pub duration: Vec<f64>,
    pub age: Vec<f64>,
}

/// What a queue and its worker look like now.
#[derive(Debug, Default)]
pub(crate) struct Gauges {
    pub visible: AtomicU64,
    pub in_flight: AtomicU64,
    pub delayed: AtomicU64,
    pub handling: AtomicU64,
}

/// All that a worker measures.
#[derive(Debug)]
pub(crate) struct Metrics {
    pub worker: String,
    pub series: BTreeMap<String, Series>,
    pub gauges: Gauges,
    /// Whether single values are kept until the next flush.
    sampled: bool,
}

/// Types that no handler is registered for: they must not make series without end.
const UNKNOWN: &str = "unknown";

impl Metrics {
    /// For a worker with these types of jobs; `sampled` when [`Metrics::emf`] will be called.
    pub(crate) fn new<'a>(worker: &str, types: impl Iterator<Item = &'a String>, sampled: bool) -> Self {
        let names = types.cloned().chain([UNKNOWN.to_owned()]);
        let series = names.map(|name| (name, Series::default())).collect();
        Self { worker: worker.to_owned(), series, gauges: Gauges::default(), sampled }
    }

    fn series(&self, job_type: &str) -> Option<&Series> {
        self.series.get(job_type).or_else(|| self.series.get(UNKNOWN))
    }

    /// Counts one event.
    pub(crate) fn count(&self, job_type: &str, event: Event) {
        let Some(series) = self.series(job_type) else { return };
        series.counts[event as usize].fetch_add(1, Relaxed);
        self.sample(series, |samples| samples.counts[event as usize] += 1);
    }

    /// Adds how long a handler took.
    pub(crate) fn duration(&self, job_type: &str, value: Duration) {
        let Some(series) = self.series(job_type) else { return };
        series.duration.add(value);
        self.sample(series, |samples| samples.duration.push(value.as_secs_f64() * 1e3));
    }

    /// Adds how old a message was when it was received.
    pub(crate) fn age(&self, job_type: &str, value: Duration) {
        let Some(series) = self.series(job_type) else { return };
        series.age.add(value);
        self.sample(series, |samples| samples.age.push(value.as_secs_f64() * 1e3));
    }

    fn sample(&self, series: &Series, add: impl FnOnce(&mut Samples)) {
        if self.sampled {
            add(&mut series.samples.lock().unwrap_or_else(PoisonError::into_inner));
        }
    }
}
