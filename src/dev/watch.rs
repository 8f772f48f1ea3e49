//! What a stack is doing: its queues, its workers' counters and their logs, looked at again and again.

use std::collections::{BTreeMap, BTreeSet};

use super::emf;
use crate::backend::aws::Aws;
use crate::error::AwsError;
use crate::kind::{Depth, Found, Line, Sample};

/// How far back a log is read again: lines arrive late, and not in order.
const OVERLAP_MS: i64 = 10_000;

/// Looks at the resources of a stack.
pub struct Watch {
    aws: Aws,
    found: Vec<Found>,
    since: i64,
    logs: BTreeMap<String, Log>,
}

/// How far a log was read.
#[derive(Default)]
struct Log {
    newest: i64,
    seen: BTreeSet<Line>,
    counters: BTreeMap<String, u64>,
}

/// What one look saw.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// The queues, by name.
    pub queues: BTreeMap<String, Depth>,
    /// What each worker has counted since the watch began: log group → counter → count.
    pub counters: BTreeMap<String, BTreeMap<String, u64>>,
    /// What was logged since the last look, oldest first.
    pub said: Vec<Said>,
}

/// One line that somebody logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The log group.
    pub by: String,
    /// The line.
    pub text: String,
}

impl Watch {
    /// Watches what was found, from a moment on, in milliseconds since 1970.
    #[must_use]
    pub fn new(aws: Aws, found: Vec<Found>, since: i64) -> Watch {
        Watch { aws, found, since, logs: BTreeMap::new() }
    }

    /// Looks once.
    ///
    /// # Errors
    /// When a call fails for good.
    pub async fn look(&mut self) -> Result<View, AwsError> {
        let aws = &self.aws;
        let samples = self.found.iter().filter_map(|found| {
            let live = found.kind.live()?;
            let read = self.logs.get(&found.name).map_or(0, |log| log.newest - OVERLAP_MS);
            let since = self.since.max(read);
            Some(async move { Ok::<_, AwsError>((found.name.clone(), live.sample(aws, found, since).await?)) })
        });
        let samples = futures::future::try_join_all(samples).await?;
        let mut view = View::default();
        for (name, sample) in samples {
            match sample {
                Some(Sample::Depth(depth)) => _ = view.queues.insert(name, depth),
                Some(Sample::Log(lines)) => {
                    let log = self.logs.entry(name.clone()).or_default();
                    view.said.extend(log.take(lines).into_iter().map(|text| Said { by: name.clone(), text }));
                }
                None => {}
            }
        }
        view.counters = self.logs.iter().map(|(name, log)| (name.clone(), log.counters.clone())).collect();
        Ok(view)
    }
}

impl Log {
    /// Keeps the lines that are new: metrics are counted, what the platform says is left out.
    fn take(&mut self, mut lines: Vec<Line>) -> Vec<String> {
        lines.retain(|line| !self.seen.contains(line));
        lines.sort_by_key(|line| line.at);
        let mut said = Vec::new();
        for line in &lines {
            match emf::counts(&line.text) {
                Some(counts) => {
                    for (name, count) in counts {
                        *self.counters.entry(name).or_default() += count;
                    }
                }
                None if is_platform(&line.text) => {}
                None => said.push(line.text.trim_end().to_owned()),
            }
        }
        self.newest = lines.last().map_or(self.newest, |line| self.newest.max(line.at));
        self.seen.extend(lines);
        let oldest = self.newest - OVERLAP_MS;
        self.seen.retain(|line| line.at >= oldest);
        said
    }
}

/// Tells whether Lambda itself wrote the line.
fn is_platform(text: &str) -> bool {
    let words = ["START RequestId:", "END RequestId:", "REPORT RequestId:", "INIT_START ", "EXTENSION\t"];
    words.iter().any(|word| text.starts_with(word))
        || text.starts_with(r#"{"time":"#) && text.contains(r#""type":"platform."#)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(at: i64, text: &str) -> Line {
        Line { at, id: format!("{at}{text}"), text: text.to_owned() }
    }

    #[test]
    fn a_line_is_taken_once_however_often_it_is_read() {
        let metrics =
            r#"{"_aws":{"CloudWatchMetrics":[{"Metrics":[{"Name":"processed","Unit":"Count"}]}]},"processed":2}"#;
        let lines = [line(5, "START RequestId: 1"), line(5, "b\n"), line(4, "a"), line(6, metrics)];
        let mut log = Log::default();
        assert_eq!(log.take(lines.to_vec()), ["a", "b"]);
        assert_eq!(log.take([&lines[..], &[line(5, "late")]].concat()), ["late"]);
        assert_eq!(log.counters, BTreeMap::from([("processed".to_owned(), 2)]));
        assert_eq!(log.take(vec![line(OVERLAP_MS + 7, "later")]), ["later"]);
        assert!(log.seen.len() == 1, "what is not read again is forgotten");
    }
}
