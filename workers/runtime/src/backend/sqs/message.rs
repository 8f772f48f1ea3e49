//! Messages between SQS' types and ours.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_sdk_sqs::types::{
    Message, MessageAttributeValue, MessageSystemAttributeName as System,
    MessageSystemAttributeNameForSends as SystemForSends, MessageSystemAttributeValue, SendMessageBatchRequestEntry,
};
use aws_smithy_types::Blob;

use super::super::{Typed, TypedValue};
use super::{Delivery, Outgoing, QueueError};

const STRING: &str = "String";

/// A message to send, with attributes that are not strings.
#[derive(Clone, Debug, Default)]
pub(super) struct Parcel {
    pub message: Outgoing,
    pub typed: BTreeMap<String, Typed>,
}

impl From<Outgoing> for Parcel {
    fn from(message: Outgoing) -> Self {
        Self { message, typed: BTreeMap::new() }
    }
}

impl Parcel {
    /// What SQS counts of a message: its body, and the names, types and values of its attributes.
    /// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html>
    pub fn size(&self) -> usize {
        let strings = self.message.attributes.iter().map(|(name, value)| name.len() + STRING.len() + value.len());
        let typed = self.typed.iter().map(|(name, one)| {
            let value = match &one.value {
                TypedValue::Text(text) => text.len(),
                TypedValue::Bytes(bytes) => bytes.len(),
            };
            name.len() + one.data_type.len() + value
        });
        self.message.body.len() + strings.chain(typed).sum::<usize>()
    }

    /// An entry of a `SendMessageBatch` call.
    pub fn entry(&self, id: &str) -> Result<SendMessageBatchRequestEntry, QueueError> {
        let message = &self.message;
        let mut entry = SendMessageBatchRequestEntry::builder()
            .id(id)
            .message_body(&message.body)
            .set_delay_seconds(message.delay.map(seconds))
            .set_message_group_id(message.group.clone())
            .set_message_deduplication_id(message.deduplication.clone());
        for (name, value) in &message.attributes {
            let value = MessageAttributeValue::builder().data_type(STRING).string_value(value).build();
            entry = entry.message_attributes(name, value.map_err(QueueError::permanent)?);
        }
        for (name, one) in &self.typed {
            let value = MessageAttributeValue::builder().data_type(&one.data_type);
            let value = match &one.value {
                TypedValue::Text(text) => value.string_value(text),
                TypedValue::Bytes(bytes) => value.binary_value(Blob::new(bytes.as_slice())),
            };
            entry = entry.message_attributes(name, value.build().map_err(QueueError::permanent)?);
        }
        if let Some(header) = &message.trace_header {
            let value = MessageSystemAttributeValue::builder().data_type(STRING).string_value(header).build();
            entry =
                entry.message_system_attributes(SystemForSends::AwsTraceHeader, value.map_err(QueueError::permanent)?);
        }
        entry.build().map_err(QueueError::permanent)
    }
}

/// Sorts attributes, each with its name, type, text and bytes: texts, and those of another type than `String`.
pub(crate) fn attributes(
    all: impl Iterator<Item = (String, String, Option<String>, Option<Vec<u8>>)>,
) -> (BTreeMap<String, String>, BTreeMap<String, Typed>) {
    let (mut texts, mut typed) = (BTreeMap::new(), BTreeMap::new());
    for (name, data_type, text, bytes) in all {
        let value = match (&text, bytes) {
            (Some(text), _) => TypedValue::Text(text.clone()),
            (None, Some(bytes)) => TypedValue::Bytes(bytes),
            (None, None) => continue,
        };
        if !data_type.is_empty() && data_type != STRING {
            typed.insert(name.clone(), Typed { data_type, value });
        }
        texts.extend(text.map(|text| (name, text)));
    }
    (texts, typed)
}

/// Whole seconds, rounded up: a wait is never shorter than asked for.
pub(super) fn seconds(wait: Duration) -> i32 {
    let whole = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    i32::try_from(whole.min(crate::retry::LONGEST_INVISIBLE)).unwrap_or_default()
}

/// A message that was received. What it lacks is taken for its harmless value.
pub(super) fn delivery(message: Message) -> Delivery {
    let system = message.attributes.unwrap_or_default();
    let time = |name| system.get(&name).and_then(|text| text.parse().ok()).map(since_epoch);
    let sent = time(System::SentTimestamp);
    let own = message.message_attributes.unwrap_or_default().into_iter();
    let own = own.map(|(name, one)| (name, one.data_type, one.string_value, one.binary_value.map(Blob::into_inner)));
    let (attributes, typed) = attributes(own);
    Delivery {
        message_id: message.message_id.unwrap_or_default(),
        receipt: message.receipt_handle.unwrap_or_default(),
        body: message.body.unwrap_or_default(),
        attributes,
        typed,
        receive_count: system.get(&System::ApproximateReceiveCount).and_then(|n| n.parse().ok()).unwrap_or(1).max(1),
        sent: sent.unwrap_or_else(SystemTime::now),
        first_received: time(System::ApproximateFirstReceiveTimestamp).unwrap_or_else(SystemTime::now),
        group: system.get(&System::MessageGroupId).cloned(),
        trace_header: system.get(&System::AwsTraceHeader).cloned(),
    }
}

/// SQS' timestamps are milliseconds.
pub(crate) fn since_epoch(milliseconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(milliseconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_rounded_up_and_nothing_stays_nothing() {
        let waits = [0, 1, 999, 1000, 1001, 43_200_000, 99_000_000].map(Duration::from_millis);
        assert_eq!(waits.map(seconds), [0, 1, 1, 1, 2, 43_200, 43_200]);
    }

    #[test]
    fn attributes_count_with_their_names_and_types() {
        let message = Outgoing {
            body: "12345".to_owned(),
            attributes: [("reason".to_owned(), "poison".to_owned())].into(),
            ..Outgoing::default()
        };
        let bytes = Typed { data_type: "Binary".to_owned(), value: TypedValue::Bytes(vec![0; 100]) };
        let parcel = Parcel { message, typed: [("raw".to_owned(), bytes)].into() };
        assert_eq!(parcel.size(), 5 + 6 + 6 + 6 + 3 + 6 + 100);
    }
}
