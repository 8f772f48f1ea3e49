//! JSON documents of other languages: policies and filter patterns.

use super::fact;
use super::settings::{Setting, Written};
use crate::value::Value;

/// A policy document or a filter pattern: what [`json!`](crate::construct::json) makes, facts of resources included.
///
/// ```
/// use queuestack::construct::*;
///
/// let mut stack = Stack::new("reports");
/// let reports = Queue::later(&mut stack, "reports");
/// let senders = json!({
///     "Effect": "Allow",
///     "Principal": {"AWS": account()},
///     "Action": "sqs:SendMessage",
///     "Resource": reports.arn(),
/// });
/// Queue::new(&mut stack, "reports").policy(json!({"Statement": [senders]})).build();
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Document(Value);

impl Document {
    /// Reads a JSON text; that it is one is checked when it is built.
    #[must_use]
    pub fn read(text: &str) -> Document {
        let json = serde_json::from_str::<serde_json::Value>(text).ok().filter(serde_json::Value::is_object);
        json.map_or_else(|| Document(Value::text(text)), Document::from)
    }
}

impl From<serde_json::Value> for Document {
    fn from(json: serde_json::Value) -> Document {
        Document(with_facts(Value::from_json(&json)))
    }
}

fn with_facts(value: Value) -> Value {
    match value {
        Value::Text(text) => fact::read(&text),
        Value::List(items) => Value::List(items.into_iter().map(with_facts).collect()),
        Value::Map(map) => Value::Map(map.into_iter().map(|(key, value)| (key, with_facts(value))).collect()),
        other => other,
    }
}

impl Setting for Document {
    fn written(self) -> Written {
        Written::plain(self.0)
    }
}
