//! Queues of one interface: SQS, and an embedded queue for working without any AWS.
//!
//! All operations are batches, since all costs are per request. A receipt names one delivery, not one message: after
//! its visibility timeout it names nothing.

#[cfg(test)]
pub(crate) mod nothing;
#[cfg(feature = "sqlite")]
pub mod sqlite;
pub mod sqs;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;

/// A message to send.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outgoing {
    /// The body: an envelope.
    pub body: String,
    /// String attributes beside the body.
    pub attributes: BTreeMap<String, String>,
    /// How long nobody sees it.
    pub delay: Option<Duration>,
    /// FIFO: messages of a group are in order. Standard queues: the tenant, for fairness.
    pub group: Option<String>,
    /// FIFO: a second message with this id within 5 minutes is the first one.
    pub deduplication: Option<String>,
    /// X-Ray's trace header.
    pub trace_header: Option<String>,
}

/// A message received.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    /// The same for every delivery of the message.
    pub message_id: String,
    /// Names this delivery.
    pub receipt: String,
    /// The body.
    pub body: String,
    /// Attributes beside the body that are text: strings, and numbers as they are written.
    pub attributes: BTreeMap<String, String>,
    /// Attributes of another type than `String`, with their types; those that are text stand in `attributes` as well.
    pub typed: BTreeMap<String, Typed>,
    /// How often it was received, this time included: 1 at first.
    pub receive_count: u32,
    /// When it was sent.
    pub sent: SystemTime,
    /// When it was received for the first time.
    pub first_received: SystemTime,
    /// Its group, in FIFO and fair queues.
    pub group: Option<String>,
    /// X-Ray's trace header.
    pub trace_header: Option<String>,
}

/// An attribute of another type than `String`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Typed {
    /// `Number`, `Binary`, or one of those and `String` with a label: `Number.cents`.
    pub data_type: String,
    /// Its value.
    pub value: TypedValue,
}

/// The value of a [`Typed`] attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TypedValue {
    /// Of a `Number` or a labelled `String`.
    Text(String),
    /// Of a `Binary`.
    Bytes(Vec<u8>),
}

/// Why one message of a batch, or a whole call, did not go through.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub struct QueueError {
    /// What happened, with the service's code.
    pub message: String,
    /// Whether the same call may succeed later.
    pub transient: bool,
}

/// What a queue has against a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It has too many bytes.
    TooLarge,
    /// It has characters or values that the queue does not take.
    Contents,
}

/// How full a queue is; what the service says, which lags.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Depth {
    /// Waiting to be received.
    pub visible: u64,
    /// Received and not deleted yet.
    pub in_flight: u64,
    /// Not visible yet.
    pub delayed: u64,
}

impl QueueError {
    /// What is wrong with the message itself, when that is why it was not taken: to send it again changes nothing.
    /// Other errors that are not transient, such as a right that is missing, are no fault of the message.
    /// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html#API_SendMessageBatch_Errors>
    #[must_use]
    pub fn fault(&self) -> Option<Fault> {
        let (code, text) = self.message.split_once(": ").filter(|_| !self.transient)?;
        // SQS names some of its errors `AWS.SimpleQueueService.…` still.
        match code.rsplit('.').next()? {
            "BatchRequestTooLong" => Some(Fault::TooLarge),
            "InvalidParameterValue" if text.contains("must be shorter than") => Some(Fault::TooLarge),
            "InvalidMessageContents" | "InvalidParameterValue" => Some(Fault::Contents),
            _ => None,
        }
    }

    /// One that the same call may not have again.
    pub(crate) fn transient(message: impl ToString) -> Self {
        Self { message: message.to_string(), transient: true }
    }

    /// One that the same call will have again.
    pub(crate) fn permanent(message: impl ToString) -> Self {
        Self { message: message.to_string(), transient: false }
    }
}

/// Opens the queue of a URL: one of SQS, or `sqlite:<path>` for a queue in a file.
///
/// SQS is not asked anything yet. What may follow `sqlite:<path>` is at [`sqlite::SqliteQueue::open`].
///
/// # Errors
/// The URL is neither, or the file cannot be opened.
#[cfg_attr(not(feature = "sqlite"), expect(clippy::unused_async, reason = "a file is opened with the feature"))]
pub async fn open(url: &str) -> Result<Arc<dyn Backend>, QueueError> {
    if url.starts_with("https://") || url.starts_with("http://") {
        return Ok(Arc::new(sqs::SqsQueue::new(url)));
    }
    #[cfg(feature = "sqlite")]
    if url.starts_with("sqlite:") {
        return Ok(Arc::new(sqlite::SqliteQueue::open(url).await?));
    }
    Err(QueueError::permanent(format!(
        "{} is not a queue's URL: write that of an SQS queue (https://…) or `sqlite:<path>`",
        masked(url)
    )))
}

/// What may be told of a text that is no queue's URL: its scheme, since the rest may hold a password.
fn masked(url: &str) -> String {
    let scheme = url
        .split_once(':')
        .map(|(scheme, _)| scheme)
        .filter(|scheme| scheme.len() <= 20 && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c)));
    scheme.map_or_else(|| "what is there".to_owned(), |scheme| format!("`{scheme}:…`"))
}

/// One queue.
#[async_trait]
pub trait Backend: Send + Sync + 'static {
    /// Tells whether messages of a group are in order, so that one that failed keeps the later ones waiting.
    fn is_fifo(&self) -> bool;

    /// Sends all; the results are in the order of the messages. Splits by count and by bytes itself.
    async fn send(&self, messages: Vec<Outgoing>) -> Vec<Result<String, QueueError>>;

    /// Receives up to `max` (1 to 10), waiting up to `wait` for the first.
    ///
    /// # Errors
    /// The call failed; no message was lost by it.
    async fn receive(&self, max: usize, wait: Duration) -> Result<Vec<Delivery>, QueueError>;

    /// Deletes deliveries; the results are in the order of the receipts.
    async fn delete(&self, receipts: &[String]) -> Vec<Result<(), QueueError>>;

    /// Makes each delivery visible again this long from now; zero is at once.
    async fn extend(&self, receipts: &[(String, Duration)]) -> Vec<Result<(), QueueError>>;

    /// The same for deliveries whose handling never began. Where the queue lets it, the receive is taken back: waiting
    /// for one's turn is no attempt.
    async fn give_back(&self, receipts: &[(String, Duration)]) -> Vec<Result<(), QueueError>> {
        self.extend(receipts).await
    }

    /// After how many receives the queue itself takes a message for a dead letter. `None` when it never does, and when
    /// it does not say.
    async fn most_receives(&self) -> Option<u32> {
        None
    }

    /// Puts a copy with these attributes into the dead-letter queue and, only when that is safe, deletes the original.
    ///
    /// # Errors
    /// There is no dead-letter queue, or the copy was not taken: the original stays.
    async fn dead_letter(&self, delivery: &Delivery, why: BTreeMap<String, String>) -> Result<(), QueueError>;

    /// The visibility timeout of a new delivery.
    ///
    /// # Errors
    /// The call failed.
    async fn visibility_timeout(&self) -> Result<Duration, QueueError>;

    /// How full it is.
    ///
    /// # Errors
    /// The call failed.
    async fn depth(&self) -> Result<Depth, QueueError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fault_is_the_messages_only_where_the_queue_says_so() {
        let cases = [
            ("AWS.SimpleQueueService.BatchRequestTooLong: Batch requests cannot be longer", Some(Fault::TooLarge)),
            ("InvalidParameterValue: Reason: Message must be shorter than 1024 bytes.", Some(Fault::TooLarge)),
            ("InvalidParameterValue: MessageGroupId can only include alphanumeric", Some(Fault::Contents)),
            ("InvalidMessageContents: Invalid characters found", Some(Fault::Contents)),
            ("AccessDenied: no", None),
            ("SQS cannot be reached: refused", None),
        ];
        for (message, fault) in cases {
            assert_eq!(QueueError::permanent(message).fault(), fault, "{message}");
            assert_eq!(QueueError::transient(message).fault(), None);
        }
    }

    #[tokio::test]
    async fn what_is_no_queue_is_told_without_its_credentials() {
        let told = |url: &'static str| async move { open(url).await.map(drop).unwrap_err().message };
        let rest = "is not a queue's URL: write that of an SQS queue (https://…) or `sqlite:<path>`";
        assert_eq!(told("postgres://user:PW@host/db").await, format!("`postgres:…` {rest}"));
        for url in ["user PW:x", "PW@host", ""] {
            assert_eq!(told(url).await, format!("what is there {rest}"));
        }
    }
}
