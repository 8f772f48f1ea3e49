//! Queues of SQS.
//!
//! <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/Welcome.html>

mod batch;
mod dead_letter;
mod message;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::timeout::TimeoutConfig;
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry, MessageSystemAttributeName,
    QueueAttributeName,
};
use tokio::sync::{Mutex, OnceCell};

use super::{Backend, Delivery, Depth, Outgoing, QueueError};
use batch::{Answer, Failed};
use message::Parcel;
pub(crate) use message::{attributes, since_epoch};

/// Calls of one batch that go on at once.
const PARALLEL: usize = 8;

/// How long an attempt at a call may take. SQS answers within a fraction of a second: what has no answer after this
/// long has lost its connection, and another attempt at it is quicker than the answer.
const ATTEMPT: Duration = Duration::from_secs(5);
/// The same where messages are sent: a mebibyte takes a slow line, of 1 Mbit/s, more than eight seconds.
const SENDING: Duration = Duration::from_secs(15);
/// The same for polls, above the longest: one must end by itself, since an aborted one can strand a message.
const POLLING: Duration = Duration::from_secs(45);

/// One queue of SQS. It is asked nothing, and nothing is set up, before the first call.
#[derive(Debug)]
pub struct SqsQueue {
    url: String,
    /// Where dead letters go, if that is known beforehand.
    dead_letters: OnceCell<String>,
    clients: OnceCell<Clients>,
    /// How many receives its redrive policy allows, and when it was asked.
    most_receives: Mutex<Option<(Instant, Option<u32>)>>,
}

impl SqsQueue {
    /// The queue of this URL, reached by [`aws::config`](crate::aws::config).
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            dead_letters: OnceCell::new(),
            clients: OnceCell::new(),
            most_receives: Mutex::default(),
        }
    }

    /// Uses this client. How long an attempt may take is the queue's to say, whatever the client's configuration says.
    #[must_use]
    pub fn with_client(self, client: Client) -> Self {
        Self { clients: OnceCell::new_with(Some(Clients::of(&client))), ..self }
    }

    /// Puts dead letters into the queue of this URL, so that the redrive policy need not be asked for.
    #[must_use]
    pub fn with_dead_letters(self, url: impl Into<String>) -> Self {
        Self { dead_letters: OnceCell::new_with(Some(url.into())), ..self }
    }

    async fn clients(&self) -> &Clients {
        self.clients.get_or_init(|| async { Clients::of(&Client::new(crate::aws::config().await)) }).await
    }

    async fn attributes(&self, names: &[QueueAttributeName]) -> Result<BTreeMap<String, String>, QueueError> {
        let call = self.clients().await.calls.get_queue_attributes().queue_url(&self.url);
        let call = call.set_attribute_names(Some(names.to_vec()));
        let answer = call.send().await.map_err(|error| call_failed(&error))?;
        let attributes = answer.attributes.unwrap_or_default().into_iter();
        Ok(attributes.map(|(name, value)| (name.as_str().to_owned(), value)).collect())
    }

    /// Sends messages with attributes of all types.
    async fn post(&self, parcels: Vec<Parcel>) -> Vec<Result<String, QueueError>> {
        let client = &self.clients().await.sends;
        let sizes = parcels.iter().map(Parcel::size).collect();
        let call = |entries: Vec<(String, Parcel)>| async move {
            let entries: Result<Vec<_>, _> = entries.iter().map(|(id, one)| one.entry(id)).collect();
            let call = client.send_message_batch().queue_url(&self.url).set_entries(Some(entries?));
            let answer = call.send().await.map_err(|error| call_failed(&error))?;
            let done = answer.successful.into_iter().map(|one| (one.id, one.message_id));
            Ok(Answer { done: done.collect(), failed: answer.failed.into_iter().map(Failed::from).collect() })
        };
        if !self.is_fifo() {
            return batch::run(parcels, sizes, PARALLEL, call).await;
        }
        let grouped = parcels.into_iter().map(|one| (one.message.group.clone(), one)).collect();
        batch::in_order(grouped, sizes, PARALLEL, call).await
    }
}

/// A client for each time that an attempt may take. To say it with every call would cost each some microseconds.
#[derive(Clone, Debug)]
struct Clients {
    calls: Client,
    sends: Client,
    polls: Client,
}

impl Clients {
    /// Clients as this one but for that time.
    fn of(client: &Client) -> Self {
        let with = |longest| {
            let config = client.config();
            let known = config.timeout_config().map(TimeoutConfig::to_builder).unwrap_or_default();
            let timeouts = known.operation_attempt_timeout(longest).build();
            Client::from_conf(config.to_builder().timeout_config(timeouts).build())
        };
        Self { calls: with(ATTEMPT), sends: with(SENDING), polls: with(POLLING) }
    }
}

/// What a failed call means.
fn call_failed<E: ProvideErrorMetadata>(error: &SdkError<E>) -> QueueError {
    let service = error.as_service_error();
    let code = service.and_then(ProvideErrorMetadata::code).unwrap_or_default();
    let text = match service.and_then(ProvideErrorMetadata::message) {
        Some(message) => format!("{code}: {message}"),
        // Its parts name no secret: what was signed is not in it.
        None => match error {
            SdkError::DispatchFailure(failure) => match failure.as_connector_error() {
                Some(connector) => format!("SQS cannot be reached: {connector}"),
                None => "SQS cannot be reached".to_owned(),
            },
            SdkError::TimeoutError(_) => "SQS did not answer in time".to_owned(),
            SdkError::ConstructionFailure(_) => {
                "the request could not be made: check credentials and Region (AWS_REGION)".to_owned()
            }
            _ => format!("SQS answered with an error {code}"),
        },
    };
    let throttled = code.contains("Throttl") || code == "RequestLimitExceeded" || code == "KmsThrottled";
    let server = error.raw_response().is_some_and(|raw| raw.status().is_server_error());
    let unanswered = service.is_none() && !matches!(error, SdkError::ConstructionFailure(_));
    QueueError { message: text, transient: throttled || server || unanswered }
}

#[async_trait]
impl Backend for SqsQueue {
    fn is_fifo(&self) -> bool {
        self.url.ends_with(".fifo")
    }

    async fn send(&self, messages: Vec<Outgoing>) -> Vec<Result<String, QueueError>> {
        self.post(messages.into_iter().map(Parcel::from).collect()).await
    }

    async fn receive(&self, max: usize, wait: Duration) -> Result<Vec<Delivery>, QueueError> {
        let call = self.clients().await.polls.receive_message().queue_url(&self.url);
        let answer = call
            .max_number_of_messages(i32::try_from(max.clamp(1, batch::MOST)).unwrap_or(1))
            .wait_time_seconds(i32::try_from(wait.as_secs().min(20)).unwrap_or(20))
            .message_system_attribute_names(MessageSystemAttributeName::All)
            .message_attribute_names("All")
            .send()
            .await
            .map_err(|error| call_failed(&error))?;
        Ok(answer.messages.unwrap_or_default().into_iter().map(message::delivery).collect())
    }

    async fn delete(&self, receipts: &[String]) -> Vec<Result<(), QueueError>> {
        let client = &self.clients().await.calls;
        batch::run(receipts.to_vec(), vec![0; receipts.len()], PARALLEL, |entries| async move {
            let entries: Result<Vec<_>, _> = entries
                .iter()
                .map(|(id, receipt)| DeleteMessageBatchRequestEntry::builder().id(id).receipt_handle(receipt).build())
                .collect();
            let entries = entries.map_err(QueueError::permanent)?;
            let call = client.delete_message_batch().queue_url(&self.url).set_entries(Some(entries));
            let answer = call.send().await.map_err(|error| call_failed(&error))?;
            let done = answer.successful.into_iter().map(|one| (one.id, ()));
            Ok(Answer { done: done.collect(), failed: answer.failed.into_iter().map(Failed::from).collect() })
        })
        .await
    }

    async fn extend(&self, receipts: &[(String, Duration)]) -> Vec<Result<(), QueueError>> {
        let (client, began) = (&self.clients().await.calls, Instant::now());
        batch::run(receipts.to_vec(), vec![0; receipts.len()], PARALLEL, |entries| async move {
            let entries: Result<Vec<_>, _> = entries
                .iter()
                .map(|(id, (receipt, wait))| {
                    // An entry that is tried again has waited a little already.
                    let seconds = message::seconds(wait.saturating_sub(began.elapsed()));
                    let entry = ChangeMessageVisibilityBatchRequestEntry::builder().id(id).receipt_handle(receipt);
                    entry.visibility_timeout(seconds).build()
                })
                .collect();
            let entries = entries.map_err(QueueError::permanent)?;
            let call = client.change_message_visibility_batch().queue_url(&self.url).set_entries(Some(entries));
            let answer = call.send().await.map_err(|error| call_failed(&error))?;
            let done = answer.successful.into_iter().map(|one| (one.id, ()));
            Ok(Answer { done: done.collect(), failed: answer.failed.into_iter().map(Failed::from).collect() })
        })
        .await
    }

    async fn dead_letter(&self, delivery: &Delivery, why: BTreeMap<String, String>) -> Result<(), QueueError> {
        self.bury(delivery, why).await
    }

    async fn most_receives(&self) -> Option<u32> {
        self.allowed_receives().await
    }

    async fn visibility_timeout(&self) -> Result<Duration, QueueError> {
        let name = QueueAttributeName::VisibilityTimeout;
        let attributes = self.attributes(std::slice::from_ref(&name)).await?;
        let seconds = attributes.get(name.as_str()).and_then(|seconds| seconds.parse().ok());
        seconds.map(Duration::from_secs).ok_or_else(|| QueueError::permanent("the queue has no visibility timeout"))
    }

    async fn depth(&self) -> Result<Depth, QueueError> {
        use QueueAttributeName as Name;
        let names = [
            Name::ApproximateNumberOfMessages,
            Name::ApproximateNumberOfMessagesNotVisible,
            Name::ApproximateNumberOfMessagesDelayed,
        ];
        let attributes = self.attributes(&names).await?;
        let count = |name: &Name| attributes.get(name.as_str()).and_then(|text| text.parse().ok()).unwrap_or_default();
        Ok(Depth { visible: count(&names[0]), in_flight: count(&names[1]), delayed: count(&names[2]) })
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_sqs::config::retry::RetryConfig;
    use aws_sdk_sqs::config::{BehaviorVersion, Config, Credentials, Region};
    use tokio::net::TcpListener;
    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn a_call_without_an_answer_is_given_up_soon_and_a_poll_is_not() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .credentials_provider(Credentials::new("test", "test", None, None, "test"))
            .region(Region::from_static("us-east-1"))
            .retry_config(RetryConfig::disabled())
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .endpoint_url(&endpoint);
        let queue = SqsQueue::new(format!("{endpoint}/1/q")).with_client(Client::from_conf(config.build()));
        let (patience, began) = (ATTEMPT + Duration::from_secs(4), Instant::now());
        let (receipts, extensions) = (["r".to_owned()], [("r".to_owned(), Duration::from_secs(30))]);
        let (asked, polled, changed, deleted) = tokio::join!(
            timeout(patience, queue.depth()),
            timeout(patience, queue.receive(1, Duration::from_secs(20))),
            // Those with batches are tried again, so that the first attempt is seen on the wire alone.
            timeout(patience, queue.extend(&extensions)),
            timeout(patience, queue.delete(&receipts)),
        );
        assert_eq!(asked.unwrap().unwrap_err().message, "SQS did not answer in time");
        assert!(began.elapsed() >= ATTEMPT && polled.is_err() && changed.is_err() && deleted.is_err());
        // A connection each, and a second one for what was tried again.
        let mut connections = 0;
        while timeout(Duration::from_millis(100), listener.accept()).await.is_ok() {
            connections += 1;
        }
        assert_eq!(connections, 6);
    }
}
