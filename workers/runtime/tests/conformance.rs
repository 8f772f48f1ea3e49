//! What every queue does, asked of each: one test, all backends.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod support;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_sdk_sqs::primitives::Blob;
use aws_sdk_sqs::types::MessageAttributeValue;
use queuestack_worker::backend::{Backend, Delivery, Outgoing, Typed, TypedValue};
use queuestack_worker::{EnqueueError, Envelope, JobQueue, NewJob};
use support::queues::{Kind, Queue, queue};

const WAIT: Duration = Duration::from_secs(2);
const NONE: Duration = Duration::ZERO;

/// Runs a test on each backend.
macro_rules! on_each {
    ($($(#[$doc:meta])* async fn $name:ident($queue:ident: Queue = $kind:expr) $body:block)*) => {$(
        mod $name {
            use super::*;
            $(#[$doc])*
            async fn check($queue: Queue) $body
            #[tokio::test]
            async fn sqlite() { check(queue::sqlite(stringify!($name), $kind).await).await }
            #[tokio::test]
            async fn sqs() { check(queue::sqs(stringify!($name), $kind).await).await }
        }
    )*};
}

fn message(body: impl Into<String>) -> Outgoing {
    Outgoing { body: body.into(), ..Outgoing::default() }
}

fn of_group(body: &str, group: &str) -> Outgoing {
    Outgoing { group: Some(group.to_owned()), deduplication: Some(body.to_owned()), ..message(body) }
}

async fn send(queue: &Arc<dyn Backend>, messages: Vec<Outgoing>) -> Vec<String> {
    queue.send(messages).await.into_iter().map(|result| result.unwrap()).collect()
}

/// Receives until so many are there.
async fn receive(queue: &Arc<dyn Backend>, count: usize) -> Vec<Delivery> {
    let (mut all, deadline) = (Vec::new(), Instant::now() + Duration::from_secs(20));
    while all.len() < count {
        assert!(Instant::now() < deadline, "{} of {count} came", all.len());
        all.extend(queue.receive(10, WAIT).await.unwrap());
    }
    all
}

fn bodies(deliveries: &[Delivery]) -> Vec<&str> {
    let mut bodies: Vec<_> = deliveries.iter().map(|one| one.body.as_str()).collect();
    bodies.sort_unstable();
    bodies
}

fn all_ok(results: Vec<Result<(), queuestack_worker::backend::QueueError>>) {
    for result in results {
        result.unwrap();
    }
}

on_each! {
    async fn what_is_sent_is_received_once_and_gone_when_deleted(queue: Queue = Kind::Standard) {
        let mut sent = message("grüße");
        sent.attributes = BTreeMap::from([("color".to_owned(), "blue".to_owned())]);
        sent.trace_header = Some("Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1".to_owned());
        let ids = send(&queue.open, vec![sent.clone()]).await;
        let received = receive(&queue.open, 1).await;
        assert_eq!(received[0].message_id, ids[0]);
        assert_eq!(received[0].body, "grüße");
        assert_eq!(received[0].attributes, sent.attributes);
        assert_eq!(received[0].receive_count, 1);
        assert!(received[0].sent.elapsed().unwrap_or_default() < Duration::from_secs(60));
        assert!(queue.open.receive(10, NONE).await.unwrap().is_empty());
        all_ok(queue.open.delete(&[received[0].receipt.clone()]).await);
        tokio::time::sleep(queue.visibility + Duration::from_millis(500)).await;
        assert!(queue.open.receive(10, NONE).await.unwrap().is_empty());
    }

    async fn a_receive_waits_for_the_first_message_and_no_longer(queue: Queue = Kind::Standard) {
        let began = Instant::now();
        assert!(queue.open.receive(10, Duration::from_secs(1)).await.unwrap().is_empty());
        assert!(began.elapsed() >= Duration::from_millis(900));
        let (open, began) = (queue.open.clone(), Instant::now());
        let sender = tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(300)).await;
            send(&open, vec![message("late")]).await;
        });
        assert_eq!(bodies(&receive(&queue.open, 1).await), ["late"]);
        assert!(began.elapsed() < Duration::from_secs(2));
        sender.await.unwrap();
    }

    async fn what_is_not_deleted_comes_again_after_the_visibility_timeout(queue: Queue = Kind::Standard) {
        send(&queue.open, vec![message("again")]).await;
        let first = receive(&queue.open, 1).await.remove(0);
        let second = receive(&queue.open, 1).await.remove(0);
        assert_eq!((second.receive_count, &second.message_id), (2, &first.message_id));
        assert_ne!(second.receipt, first.receipt);
        let between = second.first_received.duration_since(first.first_received).unwrap_or_default();
        assert!(between < Duration::from_millis(500), "the first receive moved by {between:?}");
    }

    async fn a_message_comes_back_when_it_is_put_back_and_not_before(queue: Queue = Kind::Standard) {
        send(&queue.open, vec![message("back")]).await;
        let first = receive(&queue.open, 1).await.remove(0);
        all_ok(queue.open.extend(&[(first.receipt, NONE)]).await);
        let second = receive(&queue.open, 1).await.remove(0);
        assert_eq!(second.receive_count, 2);
        let later = queue.visibility + Duration::from_secs(2);
        all_ok(queue.open.extend(&[(second.receipt.clone(), later)]).await);
        tokio::time::sleep(queue.visibility + Duration::from_millis(500)).await;
        assert!(queue.open.receive(10, NONE).await.unwrap().is_empty());
        assert_eq!(receive(&queue.open, 1).await[0].receive_count, 3);
    }

    async fn a_delayed_message_stays_hidden(queue: Queue = Kind::Standard) {
        let delayed = Outgoing { delay: Some(Duration::from_secs(2)), ..message("delayed") };
        let began = Instant::now();
        send(&queue.open, vec![delayed, message("at once")]).await;
        let first = receive(&queue.open, 1).await;
        assert_eq!(bodies(&first), ["at once"]);
        all_ok(queue.open.delete(&[first[0].receipt.clone()]).await);
        assert_eq!(bodies(&receive(&queue.open, 1).await), ["delayed"]);
        assert!(began.elapsed() >= Duration::from_millis(1900));
    }

    async fn many_are_sent_received_and_deleted_and_each_has_its_own_result(queue: Queue = Kind::Patient) {
        let many: Vec<_> = (0..35).map(|index| message(format!("{index:02}"))).collect();
        let ids = send(&queue.open, many).await;
        let mut distinct = ids.clone();
        distinct.sort_unstable();
        distinct.dedup();
        assert_eq!(distinct.len(), 35);
        let received = receive(&queue.open, 35).await;
        assert_eq!(bodies(&received), (0..35).map(|index| format!("{index:02}")).collect::<Vec<_>>());
        let mut receipts: Vec<_> = received.into_iter().map(|one| one.receipt).collect();
        receipts.insert(7, "no receipt at all".to_owned());
        let results = queue.open.delete(&receipts).await;
        let wrong: Vec<_> = (0..results.len()).filter(|index| results[*index].is_err()).collect();
        assert_eq!(wrong, [7]);
        assert!(results[7].as_ref().is_err_and(|error| !error.transient), "{:?}", results[7]);
    }

    async fn bodies_of_many_bytes_are_split_over_calls(queue: Queue = Kind::Patient) {
        let sizes = [262_144, 1_000_000, 262_144, 1_048_576, 10];
        let large = sizes.iter().map(|size| message("x".repeat(*size))).collect();
        send(&queue.open, large).await;
        let mut received: Vec<_> = receive(&queue.open, 5).await.iter().map(|one| one.body.len()).collect();
        received.sort_unstable();
        assert_eq!(received, [10, 262_144, 262_144, 1_000_000, 1_048_576]);
    }

    async fn what_is_received_too_often_is_a_dead_letter(queue: Queue = Kind::Standard) {
        send(&queue.open, vec![message("poison")]).await;
        for count in 1..=queue.most_receives {
            let one = receive(&queue.open, 1).await.remove(0);
            assert_eq!(one.receive_count, count);
            all_ok(queue.open.extend(&[(one.receipt, NONE)]).await);
        }
        assert!(queue.open.receive(10, Duration::from_secs(1)).await.unwrap().is_empty());
        assert_eq!(queue.dead_letters(1).await, [("poison".to_owned(), BTreeMap::new())]);
    }

    async fn a_dead_letter_has_its_reason_and_its_attributes_and_the_original_is_gone(queue: Queue = Kind::Standard) {
        let mut sent = message("hopeless");
        sent.attributes = BTreeMap::from([("color".to_owned(), "blue".to_owned())]);
        send(&queue.open, vec![sent]).await;
        let one = receive(&queue.open, 1).await.remove(0);
        let why = BTreeMap::from([("reason".to_owned(), "unknown_type".to_owned())]);
        queue.open.dead_letter(&one, why).await.unwrap();
        let both = [("color", "blue"), ("reason", "unknown_type")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        let mut buried = queue.dead_letters(1).await;
        // Queues of SQS may share one for their dead letters.
        let source = buried[0].1.remove("sourceQueue");
        assert_eq!(buried, [("hopeless".to_owned(), BTreeMap::from(both))]);
        assert!(source.is_none_or(|name| queue.url.ends_with(&format!("/{name}"))));
        tokio::time::sleep(queue.visibility + Duration::from_millis(500)).await;
        assert!(queue.open.receive(10, NONE).await.unwrap().is_empty());
    }

    async fn the_depth_tells_waiting_from_taken(queue: Queue = Kind::Patient) {
        let delayed = Outgoing { delay: Some(Duration::from_secs(600)), ..message("delayed") };
        send(&queue.open, vec![message("1"), message("2"), message("3"), delayed]).await;
        let taken = queue.open.receive(1, WAIT).await.unwrap();
        assert_eq!(taken.len(), 1);
        let depth = queue.open.depth().await.unwrap();
        assert_eq!((depth.visible, depth.in_flight, depth.delayed), (2, 1, 1));
        assert_eq!(queue.open.visibility_timeout().await.unwrap(), queue.visibility);
    }

    async fn a_group_is_in_order_and_waits_for_its_head(queue: Queue = Kind::Fifo) {
        assert!(queue.open.is_fifo());
        let sent = vec![of_group("a1", "a"), of_group("a2", "a"), of_group("b1", "b"), of_group("a3", "a")];
        send(&queue.open, sent).await;
        let head = queue.open.receive(1, WAIT).await.unwrap().remove(0);
        assert_eq!((head.body.as_str(), head.group.as_deref()), ("a1", Some("a")));
        let others = receive(&queue.open, 1).await;
        assert_eq!(bodies(&others), ["b1"]);
        all_ok(queue.open.extend(&[(head.receipt, NONE)]).await);
        let mut order = Vec::new();
        while order.len() < 3 {
            for one in receive(&queue.open, 1).await {
                all_ok(queue.open.delete(&[one.receipt]).await);
                order.push(one.body);
            }
        }
        assert_eq!(order, ["a1", "a2", "a3"]);
    }

    async fn a_deduplication_id_is_taken_once(queue: Queue = Kind::Fifo) {
        send(&queue.open, vec![of_group("once", "a")]).await;
        send(&queue.open, vec![of_group("once", "a"), of_group("twice", "a")]).await;
        let received = receive(&queue.open, 2).await;
        assert_eq!(bodies(&received), ["once", "twice"]);
    }
}

on_each! {
    async fn whatever_a_job_is_called_it_is_taken_once(queue: Queue = Kind::Fifo) {
        let jobs = JobQueue::on(queue.open.clone());
        let names = ["Müller GmbH", "team 2026-11-21T10:00", "\u{ffff}\n", &"x".repeat(129), "plain"];
        for name in names.into_iter().chain(names) {
            let job = NewJob::new(name, &name).tenant(name).idempotency_key(name);
            jobs.enqueue(job).await.unwrap();
            let job = NewJob::new(name, &1).group(name).deduplication(name);
            jobs.enqueue(job).await.unwrap();
        }
        let received = receive(&queue.open, 10).await;
        assert_eq!(received.len(), 10);
        let of_tenants = received.iter().map(|one| Envelope::decode(&one.body).unwrap());
        let of_tenants: Vec<_> = of_tenants.filter(|one| one.tenant_id.is_some()).collect();
        assert!(of_tenants.iter().all(|one| one.payload == one.job_type.as_str()));
        assert_eq!(of_tenants.len(), 5);
        assert_eq!(received.iter().filter(|one| one.group.as_deref() == Some("plain")).count(), 2);
        // What no reader could read is not sent.
        let twice = jobs.enqueue(NewJob::new("a", &1).field("correlationId", 7).field("attempt", 2)).await;
        let told = "`attempt` cannot be a field of its own of a: it is one that every job has";
        assert!(matches!(&twice, Err(error @ EnqueueError::Reserved { .. }) if error.to_string() == told), "{twice:?}");
    }
}

/// Of SQS alone: attributes in a file are strings.
#[tokio::test]
async fn a_dead_letter_keeps_the_types_of_attributes_and_bytes() {
    let queue = queue::sqs("typed", Kind::Standard).await;
    let client = queue::client().await;
    let own = |data_type: &str| MessageAttributeValue::builder().data_type(data_type);
    let call = client.send_message().queue_url(&queue.url).message_body("typed");
    let call = call
        .message_attributes("count", own("Number").string_value("7").build().unwrap())
        .message_attributes("label", own("String.custom").string_value("x").build().unwrap())
        .message_attributes("plain", own("String").string_value("y").build().unwrap())
        .message_attributes("raw", own("Binary").binary_value(Blob::new([0, 255])).build().unwrap());
    call.send().await.unwrap();
    let one = receive(&queue.open, 1).await.remove(0);
    let typed = |data_type: &str, value| Typed { data_type: data_type.to_owned(), value };
    let expected = [
        ("count", typed("Number", TypedValue::Text("7".to_owned()))),
        ("label", typed("String.custom", TypedValue::Text("x".to_owned()))),
        ("raw", typed("Binary", TypedValue::Bytes(vec![0, 255]))),
    ];
    let expected = BTreeMap::from(expected.map(|(name, one)| (name.to_owned(), one)));
    assert_eq!((&one.typed, one.attributes["count"].as_str()), (&expected, "7"));
    queue.open.dead_letter(&one, BTreeMap::from([("reason".to_owned(), "hopeless".to_owned())])).await.unwrap();
    let dead = receive(&queue.dead_letter_queue(), 1).await.remove(0);
    assert_eq!(dead.typed, expected);
    assert_eq!((dead.attributes["plain"].as_str(), dead.attributes["reason"].as_str()), ("y", "hopeless"));
}

/// Each connection to memory would be a database of its own.
#[tokio::test]
async fn a_queue_in_memory_is_one_queue() {
    let open = queuestack_worker::backend::open("sqlite::memory:").await.unwrap();
    let sends = (0..8).map(|number| {
        let open = open.clone();
        tokio::spawn(async move { send(&open, vec![message(number.to_string())]).await })
    });
    for sent in sends.collect::<Vec<_>>() {
        sent.await.unwrap();
    }
    assert_eq!(bodies(&receive(&open, 8).await), ["0", "1", "2", "3", "4", "5", "6", "7"]);
}

/// Not of SQS, where every receive counts.
#[tokio::test]
async fn a_receive_that_is_given_back_unbegun_does_not_count() {
    let queue = queue::sqlite("unbegun", Kind::Standard).await;
    send(&queue.open, vec![message("waits")]).await;
    for _ in 0..queue.most_receives + 2 {
        let one = receive(&queue.open, 1).await.remove(0);
        assert_eq!(one.receive_count, 1);
        all_ok(queue.open.give_back(&[(one.receipt.clone(), NONE)]).await);
        // Once, and not again with a receipt that is over.
        assert!(queue.open.give_back(&[(one.receipt, NONE)]).await[0].is_err());
    }
    assert_eq!(queue.open.most_receives().await, Some(queue.most_receives));
}

/// Not of SQS: the local AWS drops the header, which is why the envelope carries the trace as well.
#[tokio::test]
async fn a_trace_header_is_carried() {
    let queue = queue::sqlite("trace_header", Kind::Standard).await;
    let header = Some("Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1".to_owned());
    send(&queue.open, vec![Outgoing { trace_header: header.clone(), ..message("traced") }]).await;
    assert_eq!(receive(&queue.open, 1).await[0].trace_header, header);
}
