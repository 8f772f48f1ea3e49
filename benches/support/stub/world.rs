//! The resources that the stub holds, and what the services agree on about them.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use ciborium::Value;

use super::{ACCOUNT, REGION};

/// Tags by key, in a stable order.
pub type Tags = BTreeMap<String, String>;

/// Everything that exists in the stub's account.
#[derive(Debug)]
pub struct World {
    /// The stub's own URL, without a slash at its end.
    url: String,
    /// Queues by name.
    pub queues: BTreeMap<String, Queue>,
    /// Metric alarms by name.
    pub alarms: BTreeMap<String, Alarm>,
}

/// A queue as SQS keeps it.
#[derive(Debug)]
pub struct Queue {
    /// Settable attributes, defaults filled in.
    pub attributes: BTreeMap<String, String>,
    /// The queue's tags.
    pub tags: Tags,
    /// When it was created, in seconds since 1970.
    pub created: u64,
    /// When its attributes were last set, in seconds since 1970.
    pub modified: u64,
}

/// A metric alarm as `CloudWatch` keeps it.
#[derive(Debug)]
pub struct Alarm {
    /// What `PutMetricAlarm` was given, without the tags.
    pub fields: Vec<(Value, Value)>,
    /// The alarm's tags.
    pub tags: Tags,
    /// When it was created, in seconds since 1970.
    pub created: u64,
    /// When it was last put, in seconds since 1970.
    pub updated: u64,
}

impl World {
    /// Makes an empty account behind `url`.
    pub fn new(url: &str) -> Self {
        Self { url: url.to_owned(), queues: BTreeMap::new(), alarms: BTreeMap::new() }
    }

    /// Removes every resource.
    pub fn clear(&mut self) {
        self.queues.clear();
        self.alarms.clear();
    }

    /// Returns the URL of the queue called `name`.
    pub fn queue_url(&self, name: &str) -> String {
        format!("{}/{ACCOUNT}/{name}", self.url)
    }
}

/// Returns the ARN of the queue called `name`.
pub fn queue_arn(name: &str) -> String {
    format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{name}")
}

/// Returns the ARN of the alarm called `name`.
pub fn alarm_arn(name: &str) -> String {
    format!("arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{name}")
}

/// Returns the time in whole seconds since 1970.
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// Takes the page of `size` that starts after the name `token`, and the token of the next page if there is one.
pub fn page<T>(all: Vec<(String, T)>, size: usize, token: Option<&str>) -> (Vec<(String, T)>, Option<String>) {
    let mut rest = all;
    if let Some(token) = token {
        rest.retain(|(name, _)| name.as_str() > token);
    }
    let more = rest.len() > size;
    rest.truncate(size);
    let next = if more { rest.last().map(|(name, _)| name.clone()) } else { None };
    (rest, next)
}
