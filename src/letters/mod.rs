//! Dead letters: what a dead-letter queue holds, read without taking it away, sent back, or dropped.
//!
//! SQS lets only those delete a message who received it, and hides it from all others for as long as they say. So a
//! [`walk`] holds what it receives, and gives back at its end what it did not move. Nothing is moved before it stands in
//! a [`Record`] on this machine.

mod queue;
mod record;

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use jiff::Timestamp;
use serde::Serialize;

pub use queue::{Fate, Mailbox, Walked, walk};
pub use record::Record;

/// What the workers say of a job that they gave up; a job that is sent back begins anew.
const WHY: &[&str] = &["attempts", "error", "firstFailedAt", "reason", SOURCE];
/// The attribute with the name of the queue that a worker gave the job up in.
const SOURCE: &str = "sourceQueue";

/// One message of a dead-letter queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Letter {
    /// Its id in this queue.
    pub id: String,
    /// When it was sent: SQS keeps that when it moves a letter, a worker that moves one sends it anew.
    pub sent_at: Option<Timestamp>,
    /// How often it was received, here and in the queue that it comes from.
    pub receives: u64,
    /// Its message group: the tenant, or the order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// The ARN of the queue that SQS moved it from; a worker that moves one says the queue's name in an attribute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The trace that it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace: Option<String>,
    /// Its attributes, those of the worker that gave it up included.
    pub attributes: BTreeMap<String, Attribute>,
    /// What was sent.
    pub body: String,
    /// With what it can be deleted.
    #[serde(skip)]
    receipt: String,
}

/// An attribute of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Attribute {
    /// `String`, `Number` or `Binary`, and what the sender added to that.
    #[serde(rename = "type")]
    pub data_type: String,
    /// Its value; bytes are in base64.
    pub value: String,
}

impl Attribute {
    /// Returns the bytes of a binary attribute.
    fn bytes(&self) -> Option<Vec<u8>> {
        if self.data_type.starts_with("Binary") { BASE64.decode(&self.value).ok() } else { None }
    }

    fn of_bytes(data_type: String, bytes: &[u8]) -> Attribute {
        Attribute { data_type, value: BASE64.encode(bytes) }
    }
}

impl Letter {
    /// Returns what the worker said when it gave the job up; nothing where its receives were used up.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        self.attributes.get("reason").map(|attribute| attribute.value.as_str())
    }

    /// Returns the error that the worker told with it.
    #[must_use]
    pub fn error(&self) -> Option<&str> {
        self.attributes.get("error").map(|attribute| attribute.value.as_str())
    }

    /// Tells whether it comes from a queue; `None` where nobody says which queue it comes from.
    #[must_use]
    pub fn is_from(&self, arn: &str, name: &str) -> Option<bool> {
        let named = self.attributes.get(SOURCE).map(|attribute| attribute.value == name);
        self.source.as_ref().map(|source| source == arn).or(named)
    }

    /// Returns the type of the job, if the body is one.
    #[must_use]
    pub fn job(&self) -> Option<String> {
        let body: serde_json::Value = serde_json::from_str(&self.body).ok()?;
        body.get("type")?.as_str().map(str::to_owned)
    }
}

/// Which letters are meant: those that everything said here holds for.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// By id; empty for any.
    pub ids: BTreeSet<String>,
    /// By what the worker said.
    pub reason: Option<String>,
    /// By the type of the job.
    pub job: Option<String>,
    /// By a text in the body or in the error.
    pub containing: Option<String>,
}

impl Filter {
    /// Tells whether a letter is meant.
    #[must_use]
    pub fn takes(&self, letter: &Letter) -> bool {
        let contains = |text: &String| letter.body.contains(text) || letter.error().is_some_and(|e| e.contains(text));
        (self.ids.is_empty() || self.ids.contains(&letter.id))
            && self.reason.as_deref().is_none_or(|reason| letter.reason() == Some(reason))
            && (self.job.is_none() || self.job == letter.job())
            && self.containing.as_ref().is_none_or(contains)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter() -> Letter {
        let attribute = |value: &str| Attribute { data_type: "String".to_owned(), value: value.to_owned() };
        Letter {
            id: "a".to_owned(),
            sent_at: None,
            receives: 1,
            group: None,
            source: None,
            trace: None,
            attributes: [("reason", "unknown_type"), ("error", "no handler")]
                .map(|(name, value)| (name.to_owned(), attribute(value)))
                .into(),
            body: r#"{"type": "calendar.sync", "payload": {"calendar": "team"}}"#.to_owned(),
            receipt: String::new(),
        }
    }

    #[test]
    fn all_that_is_said_must_hold() {
        let some = |text: &str| Some(text.to_owned());
        let table = [
            (Filter::default(), true),
            (Filter { ids: ["a".to_owned()].into(), ..Filter::default() }, true),
            (Filter { ids: ["b".to_owned()].into(), ..Filter::default() }, false),
            (Filter { reason: some("unknown_type"), job: some("calendar.sync"), ..Filter::default() }, true),
            (Filter { reason: some("unknown_type"), job: some("calendar.write"), ..Filter::default() }, false),
            (Filter { containing: some("team"), ..Filter::default() }, true),
            (Filter { containing: some("no handler"), ..Filter::default() }, true),
            (Filter { containing: some("other"), ..Filter::default() }, false),
        ];
        for (filter, takes) in table {
            assert_eq!(filter.takes(&letter()), takes, "{filter:?}");
        }
        let foreign = Letter { body: "no JSON".to_owned(), attributes: BTreeMap::new(), ..letter() };
        assert!(!Filter { job: some("calendar.sync"), ..Filter::default() }.takes(&foreign));
        assert!(Filter::default().takes(&foreign));
    }

    #[test]
    fn bytes_survive() {
        let attribute = Attribute::of_bytes("Binary.png".to_owned(), &[0, 255, 7]);
        assert_eq!(attribute.bytes(), Some(vec![0, 255, 7]));
        assert_eq!(letter().attributes["reason"].bytes(), None);
    }
}
