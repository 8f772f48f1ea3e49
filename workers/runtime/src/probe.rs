//! The job that `queuestack load` sends, and the receipt that answers it.
//!
//! Who may send to a worker's queue must not thereby choose whom the worker calls. So a probe is answered only into a
//! queue that is named like one of a load test, on the host that the worker's own queue is on.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper::Uri;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::{mpsc, oneshot};

use crate::backend::sqs::SqsQueue;
use crate::backend::{Backend, Outgoing, QueueError};
use crate::{Context, Job, Outcome};

/// The type of the job.
pub(crate) const TYPE: &str = "queuestack.probe";
/// What the names of queues for receipts begin with.
const REPLY_PREFIX: &str = "queuestack-load-";
/// The most receipts of one call, and how long it waits for more.
const BATCH: usize = 10;
const LINGER: Duration = Duration::from_millis(10);
/// When a probe that was told to fail is tried again.
const AGAIN_AFTER: Duration = Duration::from_millis(200);

/// A probe, as the load test words it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Probe {
    /// Its number in the test.
    probe: u64,
    /// The URL of the queue for its receipt.
    reply_to: String,
    /// How many receives fail before one is answered.
    #[serde(default)]
    failures: u32,
}

/// A receipt, and who waits to hear that it was taken.
type Waiting = (String, oneshot::Sender<Result<(), QueueError>>);

/// Answers probes. Receipts go out together: a test is to measure the worker, not its receipts.
#[derive(Default)]
pub(crate) struct Answerer {
    /// The queue of the test that is going on, and who sends to it.
    replies: Mutex<Option<(String, mpsc::Sender<Waiting>)>>,
}

impl Answerer {
    /// Fails as often as it is told to, then sends the receipt.
    pub async fn answer(&self, job: Job<Probe>, context: Context) -> Outcome {
        let Probe { probe, reply_to, failures } = job.payload;
        if !is_ours(&reply_to, &|name| std::env::var(name).ok()) {
            let error = format!(
                "{reply_to} is no queue of a load test beside this worker's own: its name begins with {REPLY_PREFIX}, \
                 and its host is that of QUEUE_URL or AWS_ENDPOINT_URL"
            );
            return Outcome::DeadLetter { reason: "refused_queue".to_owned(), error };
        }
        let receive = context.attempt();
        if receive <= failures {
            return Outcome::retry_after(AGAIN_AFTER, format!("fails at receive {receive} of {failures}, as told"));
        }
        let receipt = json!({"probe": probe, "handledAt": Timestamp::now().as_millisecond(), "receive": receive});
        match self.send(reply_to, receipt.to_string()).await {
            Ok(()) => Outcome::done(),
            Err(error) => Outcome::retry(error),
        }
    }

    /// Sends a receipt with those that come at about the same time.
    async fn send(&self, to: String, receipt: String) -> Result<(), QueueError> {
        let (told, taken) = oneshot::channel();
        let gone = || QueueError::transient("the receipt was not sent");
        self.sender(to).send((receipt, told)).await.map_err(|_| gone())?;
        taken.await.unwrap_or_else(|_| Err(gone()))
    }

    /// The channel to the sender of a queue; that of the test before ends when its last handler did.
    fn sender(&self, to: String) -> mpsc::Sender<Waiting> {
        let mut replies = self.replies.lock().unwrap_or_else(PoisonError::into_inner);
        match &*replies {
            Some((known, sender)) if *known == to && !sender.is_closed() => sender.clone(),
            _ => {
                let (sender, receipts) = mpsc::channel(BATCH);
                tokio::spawn(forward(SqsQueue::new(&to), receipts));
                *replies = Some((to, sender.clone()));
                sender
            }
        }
    }
}

/// Sends receipts: ten, or what came within some milliseconds.
async fn forward(queue: SqsQueue, mut receipts: mpsc::Receiver<Waiting>) {
    let queue = Arc::new(queue);
    while let Some(first) = receipts.recv().await {
        let mut batch = vec![first];
        let full = async {
            while batch.len() < BATCH
                && let Some(next) = receipts.recv().await
            {
                batch.push(next);
            }
        };
        let _ = tokio::time::timeout(LINGER, full).await;
        let queue = Arc::clone(&queue);
        tokio::spawn(async move {
            let (bodies, told): (Vec<_>, Vec<_>) = batch.into_iter().unzip();
            let messages = bodies.into_iter().map(|body| Outgoing { body, ..Outgoing::default() });
            for (result, told) in queue.send(messages.collect()).await.into_iter().zip(told) {
                // A handler that was ended waits no more.
                let _ = told.send(result.map(drop));
            }
        });
    }
}

/// Tells whether a worker in this environment may answer into the queue of this URL.
fn is_ours(url: &str, environment: &dyn Fn(&str) -> Option<String>) -> bool {
    let Some((authority, name)) = parts(url) else { return false };
    let named = ["AWS_ENDPOINT_URL_SQS", "AWS_ENDPOINT_URL", "QUEUE_URL"].into_iter();
    let mut own: Vec<String> =
        named.filter_map(|name| Some(environment(name)?.parse::<Uri>().ok()?.authority()?.to_string())).collect();
    if own.is_empty() {
        let region = environment("AWS_REGION").unwrap_or_default();
        own.push(format!("sqs.{region}.amazonaws.com"));
    }
    own.contains(&authority) && name.starts_with(REPLY_PREFIX)
}

/// Where a queue's URL leads, and the queue's name.
fn parts(url: &str) -> Option<(String, String)> {
    let uri: Uri = url.parse().ok().filter(|uri: &Uri| uri.query().is_none())?;
    let scheme = uri.scheme_str().filter(|scheme| ["http", "https"].contains(scheme));
    let name = uri.path().rsplit('/').next()?;
    scheme.and_then(|_| Some((uri.authority()?.to_string(), name.to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(url: &str, variables: &[(&str, &str)]) -> bool {
        is_ours(url, &|name| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn receipts_go_to_queues_of_load_tests_beside_the_workers_own() {
        let process = [("QUEUE_URL", "https://sqs.eu-west-1.amazonaws.com/123456789012/jobs")];
        assert!(allowed("https://sqs.eu-west-1.amazonaws.com/123456789012/queuestack-load-1", &process));
        let local = [("AWS_ENDPOINT_URL", "http://127.0.0.1:4566"), ("QUEUE_URL", "sqlite:jobs.db")];
        assert!(allowed("http://127.0.0.1:4566/000000000000/queuestack-load-1", &local));
        let lambda = [("AWS_REGION", "eu-west-1")];
        assert!(allowed("https://sqs.eu-west-1.amazonaws.com/123456789012/queuestack-load-1", &lambda));
        assert!(!allowed("https://sqs.eu-west-2.amazonaws.com/123456789012/queuestack-load-1", &lambda));
    }

    #[test]
    fn nothing_else_is_called() {
        let own = [("QUEUE_URL", "http://127.0.0.1:4566/000000000000/jobs")];
        for url in [
            "http://127.0.0.1:4566/000000000000/jobs",
            "http://127.0.0.1:4567/000000000000/queuestack-load-1",
            "http://169.254.169.254/queuestack-load-1",
            "http://127.0.0.1:4566@example.org/0/queuestack-load-1",
            "http://user@127.0.0.1:4566/0/queuestack-load-1",
            "http://127.0.0.1:4566/0/jobs?queuestack-load-1",
            "http://127.0.0.1:4566/0/queuestack-load-1?x",
            "ftp://127.0.0.1:4566/0/queuestack-load-1",
            "/0/queuestack-load-1",
            "",
        ] {
            assert!(!allowed(url, &own), "{url}");
        }
    }

    #[test]
    fn a_probe_is_what_the_load_test_sends() {
        let probe: Probe = serde_json::from_value(json!({"probe": 7, "replyTo": "http://h/q", "failures": 1})).unwrap();
        assert_eq!((probe.probe, probe.reply_to.as_str(), probe.failures), (7, "http://h/q", 1));
    }
}
