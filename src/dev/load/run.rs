//! Runs a load test: sends probes, takes receipts, until all is handled or time is over.

use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_sdk_sqs::types::{DeleteMessageBatchRequestEntry, Message, QueueAttributeName, SendMessageBatchRequestEntry};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::{Mutex, watch};
use tokio::task::JoinSet;

use super::{Outcome, PROBE, REPLY_PREFIX, Tally};
use crate::backend::aws::Aws;
use crate::error::AwsError;
use crate::value::Place;

/// Entries of one batch call, by SQS's limit.
const BATCH: usize = 10;
/// Batches that are being sent at once, and receives that wait at once.
const SENDERS: usize = 16;
const RECEIVERS: usize = 8;
/// Groups of a FIFO queue: each is handled one message after the other, so that a worker has this many at once to do.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/FIFO-queues-understanding-logic.html>
const GROUPS: u64 = 100;

/// What to send, and how long to wait for it.
#[derive(Clone, Debug)]
pub struct Options {
    /// Jobs.
    pub jobs: u64,
    /// How many in a hundred jobs are sent twice with one key.
    pub duplicates: u64,
    /// How many in a hundred jobs fail at the first receive.
    pub failing: u64,
    /// Messages that no handler knows, besides the jobs.
    pub poison: u64,
    /// When to give up after the last send.
    pub patience: Duration,
}

/// One message to send.
#[derive(Clone, Copy)]
enum Probe {
    Job { number: u64, fails: bool },
    Poison { number: u64 },
}

impl Probe {
    /// What it must not overtake on a FIFO queue.
    fn group(self) -> String {
        let (Probe::Job { number, .. } | Probe::Poison { number }) = self;
        format!("load-{}", number % GROUPS)
    }
}

/// What a worker says of a probe.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Receipt {
    probe: u64,
    handled_at: i64,
    receive: u32,
}

/// What the tasks of a run share.
struct Shared {
    aws: Aws,
    queue: String,
    replies: String,
    run: i64,
    tally: Mutex<Tally>,
}

/// Runs a test on the queue of this URL; `dead_letters` counts what its dead-letter queue holds, `on` is told how far
/// it is. The queue for the receipts is gone afterwards, whatever happened.
///
/// # Errors
/// When a call fails for good.
pub async fn run(
    aws: &Aws,
    queue: &str,
    options: &Options,
    dead_letters: impl AsyncFn() -> Result<u64, AwsError>,
    stop: impl Future<Output = ()>,
    on: impl Fn(u64, u64),
) -> Result<Outcome, AwsError> {
    let run = Timestamp::now().as_millisecond();
    let name = format!("{REPLY_PREFIX}{run}");
    let policy = policy(aws.place().await?, &name);
    let call = aws.sqs.create_queue().queue_name(&name).attributes(QueueAttributeName::Policy, policy);
    let replies = aws.call("sqs", "CreateQueue", call.send()).await?.queue_url.unwrap_or_default();
    let tally = Mutex::default();
    let shared = Arc::new(Shared { aws: aws.clone(), queue: queue.to_owned(), replies: replies.clone(), run, tally });
    let done = tokio::select! {
        done = measure(&shared, options, &dead_letters, &on) => done,
        // What was handled by then is told.
        () = stop => Ok(()),
    };
    let removed = aws.call("sqs", "DeleteQueue", aws.sqs.delete_queue().queue_url(&replies).send()).await;
    done?;
    removed?;
    let letters = dead_letters().await?;
    Ok(shared.tally.lock().await.outcome(letters))
}

/// Whoever is of this account may send receipts: the roles of workers are granted nothing for a test.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-basic-examples-of-sqs-policies.html>
fn policy(place: &Place, queue: &str) -> String {
    json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage",
            "Resource": place.arn("sqs", queue),
            "Condition": {"StringEquals": {"aws:PrincipalAccount": place.account}},
        }],
    })
    .to_string()
}

async fn measure(
    shared: &Arc<Shared>,
    options: &Options,
    dead_letters: &impl AsyncFn() -> Result<u64, AwsError>,
    on: &impl Fn(u64, u64),
) -> Result<(), AwsError> {
    let (stop, stopped) = watch::channel(false);
    let mut receivers = JoinSet::new();
    for _ in 0..RECEIVERS {
        let (shared, stopped) = (Arc::clone(shared), stopped.clone());
        receivers.spawn(async move { receive(&shared, &stopped).await });
    }
    let mut senders = JoinSet::new();
    let probes = Arc::new(Mutex::new(probes(options).enumerate().collect::<Vec<_>>().into_iter()));
    for _ in 0..SENDERS {
        let (shared, probes) = (Arc::clone(shared), Arc::clone(&probes));
        senders.spawn(async move {
            loop {
                let batch: Vec<(usize, Probe)> = probes.lock().await.by_ref().take(BATCH).collect();
                if batch.is_empty() {
                    return Ok(());
                }
                send(&shared, &batch).await?;
            }
        });
    }
    let mut last_sent = Instant::now();
    loop {
        while let Some(ended) = senders.try_join_next() {
            last_sent = Instant::now();
            ended.map_err(|broken| AwsError::refused("queuestack", "load", broken.to_string()))??;
        }
        let (handled, messages) = {
            let tally = shared.tally.lock().await;
            (tally.handled(), tally.messages())
        };
        on(handled, messages);
        let complete = handled >= options.jobs && dead_letters().await? >= options.poison;
        if senders.is_empty() && (complete || last_sent.elapsed() > options.patience) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    // Effects that happen twice may show a little later than the first.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let _ = stop.send(true);
    while let Some(ended) = receivers.join_next().await {
        ended.map_err(|broken| AwsError::refused("queuestack", "load", broken.to_string()))??;
    }
    Ok(())
}

/// All messages of a test, in the order of sending: what is sent twice follows at the end.
fn probes(options: &Options) -> impl Iterator<Item = Probe> + use<> {
    let Options { jobs, duplicates, failing, poison, .. } = *options;
    let job = move |number: u64| Probe::Job { number, fails: number % 100 < failing };
    let again = (0..jobs).filter(move |number| number % 100 < duplicates);
    let poison = (0..poison).map(|number| Probe::Poison { number });
    (0..jobs).map(job).chain(poison).chain(again.map(job))
}

async fn send(shared: &Shared, batch: &[(usize, Probe)]) -> Result<(), AwsError> {
    let now = Timestamp::now();
    let fifo = shared.queue.ends_with(".fifo");
    let entries = batch.iter().filter_map(|(index, probe)| {
        let entry = SendMessageBatchRequestEntry::builder().id(index.to_string());
        let entry = entry.message_body(body(shared, *probe, now).to_string());
        // What is sent twice on purpose is two messages: SQS must not take the second for a repetition of the first.
        let twice = fifo.then(|| format!("load-{}-{index}", shared.run));
        entry.set_message_group_id(fifo.then(|| probe.group())).set_message_deduplication_id(twice).build().ok()
    });
    let call = shared.aws.sqs.send_message_batch().queue_url(&shared.queue).set_entries(Some(entries.collect()));
    let sent = shared.aws.call("sqs", "SendMessageBatch", call.send()).await?;
    if let Some(failed) = sent.failed.first() {
        let message = format!("{}: {}", failed.code, failed.message.clone().unwrap_or_default());
        return Err(AwsError::refused("sqs", "SendMessageBatch", message));
    }
    let mut tally = shared.tally.lock().await;
    for (_, probe) in batch {
        if let Probe::Job { number, .. } = probe {
            tally.sent(*number, now.as_millisecond());
        }
    }
    Ok(())
}

fn body(shared: &Shared, probe: Probe, now: Timestamp) -> serde_json::Value {
    let (job_type, payload, key) = match probe {
        Probe::Job { number, fails } => {
            let payload = json!({"probe": number, "replyTo": shared.replies, "failures": u32::from(fails)});
            (PROBE, payload, format!("load-{}-{number}", shared.run))
        }
        Probe::Poison { number } => ("queuestack.poison", json!({}), format!("load-{}-poison-{number}", shared.run)),
    };
    json!({
        "version": 1, "type": job_type, "payload": payload, "attempt": 0,
        "createdAt": now.to_string(), "idempotencyKey": key,
    })
}

/// Takes receipts until told to stop.
async fn receive(shared: &Shared, stopped: &watch::Receiver<bool>) -> Result<(), AwsError> {
    while !*stopped.borrow() {
        let call = shared.aws.sqs.receive_message().queue_url(&shared.replies);
        let call = call.max_number_of_messages(10).wait_time_seconds(1);
        let messages = shared.aws.call("sqs", "ReceiveMessage", call.send()).await?.messages.unwrap_or_default();
        if messages.is_empty() {
            continue;
        }
        note(shared, &messages).await;
        let entries = messages.into_iter().enumerate().filter_map(|(index, message)| {
            let entry = DeleteMessageBatchRequestEntry::builder().id(index.to_string());
            entry.receipt_handle(message.receipt_handle?).build().ok()
        });
        let call = shared.aws.sqs.delete_message_batch().queue_url(&shared.replies);
        shared.aws.call("sqs", "DeleteMessageBatch", call.set_entries(Some(entries.collect())).send()).await?;
    }
    Ok(())
}

async fn note(shared: &Shared, messages: &[Message]) {
    let mut tally = shared.tally.lock().await;
    for message in messages {
        let receipt = message.body().and_then(|body| serde_json::from_str::<Receipt>(body).ok());
        match receipt {
            Some(receipt) => tally.received(receipt.probe, receipt.handled_at, receipt.receive),
            None => tracing::warn!(body = message.body(), "not a receipt"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_own_account_may_send_receipts() {
        let place = Place { partition: "aws".to_owned(), region: "eu-west-1".to_owned(), account: "123".to_owned() };
        let policy: serde_json::Value = serde_json::from_str(&policy(&place, "queuestack-load-1")).unwrap();
        let statement = &policy["Statement"][0];
        assert_eq!(statement["Resource"], "arn:aws:sqs:eu-west-1:123:queuestack-load-1");
        assert_eq!(statement["Condition"], json!({"StringEquals": {"aws:PrincipalAccount": "123"}}));
    }

    #[test]
    fn probes_are_what_was_asked_for() {
        let patience = Duration::ZERO;
        let options = Options { jobs: 250, duplicates: 2, failing: 10, poison: 3, patience };
        let all: Vec<Probe> = probes(&options).collect();
        let jobs = |wanted: fn(u64, bool) -> bool| {
            let matching =
                all.iter().filter(|probe| matches!(probe, Probe::Job { number, fails } if wanted(*number, *fails)));
            matching.count()
        };
        assert_eq!(all.len(), 250 + 3 + 6);
        assert_eq!(jobs(|_, fails| fails), 30 + 6);
        assert_eq!(jobs(|number, _| number == 101), 2, "sent twice, under one key");
    }
}
