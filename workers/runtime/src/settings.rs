//! What can be set, by the program and by the environment; the environment wins.

use std::time::Duration;

use crate::retry::Backoff;

/// How a worker works. The defaults serve most; every field says its variable, its unit and its default.
///
/// Durations in variables are a number and a unit (`500ms`, `30s`, `5m`, `2h`, `7d`); a bare number is seconds.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Settings {
    /// The most messages handled at once: `WORKER_CONCURRENCY`, 50. In Lambda it cannot exceed the batch.
    pub concurrency: usize,
    /// How long an attempt may take: `WORKER_JOB_TIMEOUT`, 5 minutes. In Lambda the function's own time-out ends it
    /// earlier, half a second before. What runs in [`Context::blocking`](crate::Context::blocking) then is waited for.
    pub job_timeout: Duration,
    /// When a failed job is tried again: `WORKER_BACKOFF_BASE`, 2 seconds, and `WORKER_BACKOFF_CAP`, 15 minutes.
    pub backoff: Backoff,
    /// How long a claim in the idempotency store holds without renewal: `WORKER_LEASE`, 60 seconds. It is renewed
    /// three times in that time. A killed worker's jobs wait for as long. The store may take a third of it for an
    /// answer, 20 seconds at most.
    pub lease: Duration,
    /// How long it is remembered that a job was done: `WORKER_KEEP`, 14 days, the longest that a queue keeps a message.
    pub keep: Duration,
    /// How long a stopping process waits for handlers, from the signal on: `WORKER_DRAIN_TIMEOUT`, 20 seconds. It gives
    /// back the messages of the others then, and ends 15 seconds later at most.
    pub drain_timeout: Duration,
    /// How long a poll waits for a message: `WORKER_POLL_WAIT`, 0 to 20 seconds, 20 seconds. A stopping process
    /// waits for its polls to end, and 5 seconds more, since an aborted one can strand a message.
    pub poll_wait: Duration,
    /// The port on 127.0.0.1 of `/metrics` and `/healthz`: `WORKER_METRICS_PORT`; 0 or absent is none.
    pub metrics_port: u16,
    /// What is logged: `LOG_LEVEL` (also `RUST_LOG`), `info`; targets as in `info,my_worker=debug`.
    pub log_level: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            concurrency: 50,
            job_timeout: Duration::from_secs(5 * 60),
            backoff: Backoff { base: Duration::from_secs(2), cap: Duration::from_secs(15 * 60) },
            lease: Duration::from_secs(60),
            keep: Duration::from_secs(14 * 24 * 60 * 60),
            drain_timeout: Duration::from_secs(20),
            poll_wait: Duration::from_secs(20),
            metrics_port: 0,
            log_level: "info".to_owned(),
        }
    }
}

impl Settings {
    /// Takes over what the environment says; what it says wrongly is told, all of it.
    pub(crate) fn read(&mut self, environment: &dyn Fn(&str) -> Option<String>) -> Result<(), String> {
        let mut wrong = Vec::new();
        let mut duration = |name: &str, field: &mut Duration, least: Duration, most: Duration| {
            let Some(text) = environment(name).filter(|text| !text.is_empty()) else { return };
            match parse_duration(&text).filter(|value| (least..=most).contains(value)) {
                Some(value) => *field = value,
                None => wrong
                    .push(format!("{name} is `{text}`; write a duration from {least:?} to {most:?}, such as `30s`")),
            }
        };
        let (second, day) = (Duration::from_secs(1), Duration::from_secs(24 * 60 * 60));
        duration("WORKER_JOB_TIMEOUT", &mut self.job_timeout, Duration::from_millis(1), day / 2);
        duration("WORKER_BACKOFF_BASE", &mut self.backoff.base, Duration::ZERO, day / 2);
        duration("WORKER_BACKOFF_CAP", &mut self.backoff.cap, Duration::ZERO, day / 2);
        duration("WORKER_LEASE", &mut self.lease, second, day);
        duration("WORKER_KEEP", &mut self.keep, second, 3650 * day);
        duration("WORKER_DRAIN_TIMEOUT", &mut self.drain_timeout, Duration::ZERO, day);
        duration("WORKER_POLL_WAIT", &mut self.poll_wait, Duration::ZERO, 20 * second);
        let mut number = |name: &str, least: usize, most: usize| {
            let text = environment(name).filter(|text| !text.is_empty())?;
            let value = text.parse().ok().filter(|value| (least..=most).contains(value));
            if value.is_none() {
                wrong.push(format!("{name} is `{text}`; write a whole number from {least} to {most}"));
            }
            value
        };
        if let Some(value) = number("WORKER_CONCURRENCY", 1, 100_000) {
            self.concurrency = value;
        }
        if let Some(port) = number("WORKER_METRICS_PORT", 0, 65_535).and_then(|port| u16::try_from(port).ok()) {
            self.metrics_port = port;
        }
        if let Some(level) = environment("LOG_LEVEL").or_else(|| environment("RUST_LOG")) {
            self.log_level = level;
        }
        if wrong.is_empty() { Ok(()) } else { Err(wrong.join("; ")) }
    }
}

/// Reads `500ms`, `30s`, `5m`, `2h`, `7d` or a bare number of seconds.
pub(crate) fn parse_duration(text: &str) -> Option<Duration> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().ok()?;
    let milliseconds = match unit.trim() {
        "ms" => 1,
        "" | "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    number.checked_mul(milliseconds).map(Duration::from_millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_wins() {
        let mut settings = Settings { concurrency: 7, ..Settings::default() };
        let environment = |name: &str| {
            let value = match name {
                "WORKER_CONCURRENCY" => "200",
                "WORKER_BACKOFF_BASE" => "250ms",
                "WORKER_KEEP" => "7d",
                "WORKER_LEASE" => "90",
                "WORKER_METRICS_PORT" => "9090",
                _ => return None,
            };
            Some(value.to_owned())
        };
        settings.read(&environment).unwrap();
        assert_eq!(settings.concurrency, 200);
        assert_eq!(settings.backoff.base, Duration::from_millis(250));
        assert_eq!(settings.keep, Duration::from_secs(7 * 86_400));
        assert_eq!(settings.lease, Duration::from_secs(90));
        assert_eq!(settings.metrics_port, 9090);
        assert_eq!(settings.job_timeout, Settings::default().job_timeout);
    }

    #[test]
    fn all_that_is_wrong_is_told() {
        let environment = |name: &str| ["WORKER_CONCURRENCY", "WORKER_POLL_WAIT"].contains(&name).then(|| "30x".into());
        let told = Settings::default().read(&environment).unwrap_err();
        assert_eq!(
            told,
            "WORKER_POLL_WAIT is `30x`; write a duration from 0ns to 20s, such as `30s`; \
             WORKER_CONCURRENCY is `30x`; write a whole number from 1 to 100000"
        );
    }
}
