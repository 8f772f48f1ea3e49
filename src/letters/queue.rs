//! Dead letters in SQS.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use aws_sdk_sqs::primitives::Blob;
use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry, Message, MessageAttributeValue,
    MessageSystemAttributeName as SystemAttribute, MessageSystemAttributeNameForSends, MessageSystemAttributeValue,
};

use super::{Attribute, Letter, WHY};
use crate::backend::aws::Aws;
use crate::error::AwsError;
use crate::kind::fifo;

/// How long a letter stays hidden from others: what a crash keeps from everybody is back after that.
const HELD: Duration = Duration::from_mins(5);
/// The most messages of a call.
const BATCH: usize = 10;
/// So many empty answers in a row mean that there is nothing more.
const EMPTY_ANSWERS: u32 = 2;

/// A queue that letters are read from or sent to.
#[derive(Clone)]
pub struct Mailbox<'a> {
    /// The account.
    pub aws: &'a Aws,
    /// The queue's URL.
    pub url: String,
}

impl Mailbox<'_> {
    async fn receive(&self) -> Result<Vec<Letter>, AwsError> {
        let call = self.aws.sqs.receive_message().queue_url(&self.url).max_number_of_messages(10);
        // Who does not wait asks some of the servers only.
        let call = call.wait_time_seconds(1).visibility_timeout(i32::try_from(HELD.as_secs()).unwrap_or(i32::MAX));
        let call = call.message_system_attribute_names(SystemAttribute::All).message_attribute_names("All");
        let answer = self.aws.call("sqs", "ReceiveMessage", call.send()).await?;
        Ok(answer.messages.unwrap_or_default().into_iter().map(letter).collect())
    }

    /// Gives letters back at once. Those that cannot be come back by themselves.
    async fn give_back(&self, receipts: &[String]) {
        for receipts in receipts.chunks(BATCH) {
            let entries = receipts.iter().enumerate().filter_map(|(index, receipt)| {
                let entry = ChangeMessageVisibilityBatchRequestEntry::builder().id(index.to_string());
                entry.receipt_handle(receipt).visibility_timeout(0).build().ok()
            });
            let call = self.aws.sqs.change_message_visibility_batch().queue_url(&self.url);
            let call = call.set_entries(Some(entries.collect()));
            if let Err(error) = self.aws.call("sqs", "ChangeMessageVisibilityBatch", call.send()).await {
                tracing::debug!(%error, "letters come back later");
            }
        }
    }

    /// Sends a letter as it was when it was no dead letter, and returns the id of the message.
    ///
    /// # Errors
    /// When SQS does not take it.
    pub async fn send(&self, letter: &Letter) -> Result<String, AwsError> {
        let call = self.aws.sqs.send_message().queue_url(&self.url).message_body(&letter.body);
        let attributes = letter.attributes.iter().filter(|(name, _)| !WHY.contains(&name.as_str()));
        let attributes = attributes.filter_map(|(name, attribute)| Some((name.clone(), to_sqs(attribute)?)));
        let trace = letter.trace.as_ref().and_then(|trace| {
            let value = MessageSystemAttributeValue::builder().data_type("String").string_value(trace).build().ok()?;
            Some([(MessageSystemAttributeNameForSends::AwsTraceHeader, value)].into())
        });
        let ordered = self.url.ends_with(fifo::SUFFIX);
        // Sent twice within five minutes, by whoever was stopped before the delete, it is one message there.
        let call = call.set_message_deduplication_id(ordered.then(|| letter.id.clone()));
        let group = letter.group.clone().or_else(|| ordered.then(|| letter.id.clone()));
        let call = call.set_message_group_id(group).set_message_system_attributes(trace);
        let call = call.set_message_attributes(Some(attributes.collect()));
        let sent = self.aws.call("sqs", "SendMessage", call.send()).await?;
        Ok(sent.message_id.unwrap_or_default())
    }

    /// Deletes a letter.
    ///
    /// # Errors
    /// When SQS does not say that it did.
    pub async fn delete(&self, letter: &Letter) -> Result<(), AwsError> {
        let call = self.aws.sqs.delete_message().queue_url(&self.url).receipt_handle(&letter.receipt);
        self.aws.call("sqs", "DeleteMessage", call.send()).await.map(drop)
    }
}

/// What became of a letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It stays in the queue.
    Stays,
    /// It was deleted.
    Gone,
}

/// How a walk ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Walked {
    /// All letters were seen.
    All,
    /// There may be more than were to be looked at.
    Most,
    /// The user asked to stop.
    Stopped,
}

/// Shows every letter of a queue once, and gives back those that stay, however it ends.
///
/// # Errors
/// The first of a call or of the visit; nothing is visited after it.
pub async fn walk<E: From<AwsError>>(
    queue: &Mailbox<'_>,
    most: usize,
    stopped: impl Fn() -> bool,
    mut visit: impl AsyncFnMut(&Letter) -> Result<Fate, E>,
) -> Result<Walked, E> {
    let (mut seen, mut staying, mut empty) = (BTreeSet::new(), Vec::new(), 0);
    let mut fresh = Instant::now();
    let mut end = None;
    while end.is_none() {
        let letters = match queue.receive().await {
            Ok(letters) => letters,
            Err(error) => {
                end = Some(Err(error.into()));
                break;
            }
        };
        empty = if letters.is_empty() { empty + 1 } else { 0 };
        for letter in letters {
            // One that was held for too long comes again.
            let again = seen.contains(&letter.id);
            let full = seen.len() >= most;
            if end.is_none() && stopped() {
                end = Some(Ok(Walked::Stopped));
            } else if end.is_none() && full && !again {
                end = Some(Ok(Walked::Most));
            }
            if end.is_some() || again {
                staying.push(letter.receipt);
                continue;
            }
            seen.insert(letter.id.clone());
            fresh = Instant::now();
            match visit(&letter).await {
                Ok(Fate::Gone) => {}
                Ok(Fate::Stays) => staying.push(letter.receipt),
                Err(error) => {
                    staying.push(letter.receipt);
                    end = Some(Err(error));
                }
            }
        }
        // Of many that stay some are always back: what was hidden when none was new has been shown since then.
        if end.is_none() && (empty == EMPTY_ANSWERS || fresh.elapsed() > HELD * 2) {
            end = Some(Ok(Walked::All));
        }
    }
    queue.give_back(&staying).await;
    end.unwrap_or(Ok(Walked::All))
}

fn letter(message: Message) -> Letter {
    let system = message.attributes.unwrap_or_default();
    let told = |name: SystemAttribute| system.get(&name).cloned();
    let number = |name: SystemAttribute| told(name).and_then(|text| text.parse::<i64>().ok());
    let sent = number(SystemAttribute::SentTimestamp).and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    let attributes = message.message_attributes.unwrap_or_default().into_iter();
    Letter {
        id: message.message_id.unwrap_or_default(),
        sent_at: sent,
        receives: number(SystemAttribute::ApproximateReceiveCount).and_then(|n| u64::try_from(n).ok()).unwrap_or(0),
        group: told(SystemAttribute::MessageGroupId),
        source: told(SystemAttribute::DeadLetterQueueSourceArn),
        trace: told(SystemAttribute::AwsTraceHeader),
        attributes: attributes.map(|(name, value)| (name, from_sqs(value))).collect(),
        body: message.body.unwrap_or_default(),
        receipt: message.receipt_handle.unwrap_or_default(),
    }
}

fn from_sqs(value: MessageAttributeValue) -> Attribute {
    match value.binary_value {
        Some(bytes) => Attribute::of_bytes(value.data_type, bytes.as_ref()),
        None => Attribute { data_type: value.data_type, value: value.string_value.unwrap_or_default() },
    }
}

fn to_sqs(attribute: &Attribute) -> Option<MessageAttributeValue> {
    let value = MessageAttributeValue::builder().data_type(&attribute.data_type);
    let value = match attribute.bytes() {
        Some(bytes) => value.binary_value(Blob::new(bytes)),
        None => value.string_value(&attribute.value),
    };
    value.build().ok()
}
