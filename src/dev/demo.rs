//! Sample jobs from a file beside the stacks: `stacks/demo/<stack>.yaml`.
//!
//! ```yaml
//! variables: {outbound_allow: "127.0.0.1"}  # of the stack, for the demonstration alone
//! jobs:
//!   - queue: calendar-sync-queue
//!     type: calendar.sync
//!     payload: {url: "${files}/team.ics"}   # ${files}: a loopback server of stacks/demo/<stack>/
//!     expect: handled                       # or dead_letter
//! ```

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Value, json};

/// Sample jobs of a stack, and what becomes of them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Demo {
    /// Values for variables of the stack.
    #[serde(default)]
    pub variables: BTreeMap<String, String>,
    /// The jobs, in the order of sending.
    pub jobs: Vec<Sample>,
}

/// One sample job.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sample {
    /// The logical name of the queue that it goes to.
    pub queue: String,
    /// The job's type.
    #[serde(rename = "type")]
    pub job_type: String,
    /// What its handler reads.
    #[serde(default)]
    pub payload: Value,
    /// What is to become of it.
    #[serde(default)]
    pub expect: Expected,
}

/// What is to become of a sample job.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Expected {
    /// Its handler is done with it.
    #[default]
    Handled,
    /// It ends in the dead-letter queue.
    DeadLetter,
}

/// Returns the demonstration's file and the folder of its files, for a stack file.
#[must_use]
pub fn beside(stack: &Path) -> (PathBuf, PathBuf) {
    let folder = stack.parent().unwrap_or(Path::new("")).join("demo");
    let name = stack.file_stem().unwrap_or_default();
    (folder.join(name).with_extension("yaml"), folder.join(name))
}

impl Sample {
    /// Writes the job's envelope. A run has its own keys: showing it twice does it twice.
    #[must_use]
    pub fn body(&self, files: &str, created_at: &str, key: &str) -> String {
        let payload = fill(&self.payload, files);
        let key = format!("demo-{key}");
        json!({
            "version": 1,
            "type": self.job_type,
            "payload": payload,
            "attempt": 0,
            "createdAt": created_at,
            "idempotencyKey": key,
        })
        .to_string()
    }
}

fn fill(value: &Value, files: &str) -> Value {
    match value {
        Value::String(text) => text.replace("${files}", files).into(),
        Value::Array(items) => items.iter().map(|item| fill(item, files)).collect(),
        Value::Object(map) => map.iter().map(|(key, value)| (key.clone(), fill(value, files))).collect(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_becomes_an_envelope_that_knows_where_the_files_are() {
        let text = "jobs: [{queue: q, type: a.b, payload: {urls: ['${files}/x.ics']}, expect: dead_letter}]";
        let demo: Demo = serde_saphyr::from_str(text).unwrap();
        assert_eq!(demo.jobs[0].expect, Expected::DeadLetter);
        let body: Value =
            serde_json::from_str(&demo.jobs[0].body("http://h:1", "2026-01-02T03:04:05Z", "7-0")).unwrap();
        assert_eq!(body["payload"]["urls"][0], "http://h:1/x.ics");
        assert_eq!((body["type"].as_str(), body["idempotencyKey"].as_str()), (Some("a.b"), Some("demo-7-0")));
        let (file, folder) = beside(Path::new("stacks/calendar.yaml"));
        assert_eq!((file, folder), ("stacks/demo/calendar.yaml".into(), "stacks/demo/calendar".into()));
    }
}
