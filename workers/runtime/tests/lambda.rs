//! The Lambda host: the real runtime loop as a process of its own, batches of a real queue, a runtime API on loopback.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod support;

use std::process::ExitCode;
use std::time::Duration;

use queuestack_worker::backend::{Delivery, Outgoing};
use queuestack_worker::{Context, Job, JobQueue, NewJob, Outcome, Worker};
use serde::Deserialize;
use serde_json::{Value, json};
use support::lambda::{Function, event};
use support::queues::{Kind, Queue, queue};

#[derive(Deserialize)]
struct Order {
    name: String,
    #[serde(default)]
    act: String,
}

async fn act(job: Job<Order>, _context: Context) -> Outcome {
    println!("handles {}", job.payload.name);
    match job.payload.act.as_str() {
        "fail" => return Outcome::retry_after(Duration::from_secs(1), "as ordered"),
        "panic" => panic!("as ordered"),
        "sleep" => tokio::time::sleep(Duration::from_secs(60)).await,
        "block" => std::thread::sleep(Duration::from_secs(5)),
        "hopeless" => return Outcome::dead_letter("hopeless"),
        _ => {}
    }
    Outcome::done()
}

/// The function.
#[test]
#[ignore = "the other tests run it in a process of its own"]
fn function() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let worker = Worker::new("orders").job::<Order, _>("order", act);
    let code = runtime.block_on(worker.backoff(Duration::ZERO, Duration::ZERO).run());
    std::process::exit(i32::from(code != ExitCode::SUCCESS));
}

async fn start(queue: &Queue) -> Function {
    let endpoint = tokio::task::spawn_blocking(support::aws::endpoint).await.unwrap();
    let environment = [
        ("QUEUE_URL", queue.url.as_str()),
        ("AWS_ENDPOINT_URL", endpoint),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_REGION", "us-east-1"),
    ];
    Function::start("function", &environment).await
}

async fn send(queue: &Queue, jobs: Vec<NewJob>) {
    for result in JobQueue::on(queue.open.clone()).enqueue_all(jobs).await {
        result.unwrap();
    }
}

fn order(name: &str, act: &str) -> NewJob {
    NewJob::new("order", &json!({"name": name, "act": act}))
}

/// Receives as a mapping does, in the order of the names.
async fn receive(queue: &Queue, count: usize) -> Vec<Delivery> {
    let mut all = Vec::new();
    while all.len() < count {
        let more = queue.open.receive(10, Duration::from_secs(5)).await.unwrap();
        assert!(!more.is_empty(), "{} of {count}", all.len());
        all.extend(more);
    }
    all.sort_by_key(name);
    all
}

fn name(delivery: &Delivery) -> String {
    let body: Value = serde_json::from_str(&delivery.body).unwrap_or_default();
    body["payload"]["name"].as_str().unwrap_or_default().to_owned()
}

/// The names of what an answer says failed.
fn failed(answer: &Value, deliveries: &[Delivery]) -> Vec<String> {
    let ids = answer["batchItemFailures"].as_array().unwrap().iter();
    let of = |id: &Value| deliveries.iter().find(|one| one.message_id == id["itemIdentifier"]).map(name);
    ids.map(|id| of(id).expect("an id of the batch")).collect()
}

fn handled(printed: &[String]) -> Vec<&str> {
    // The first line has the test harness's own text before it.
    printed.iter().filter_map(|line| Some(line.split_once("handles ")?.1)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_failed_is_named_alone_and_comes_again_when_its_handler_said() {
    let queue = queue::sqs("lambda-partial", Kind::Patient).await;
    let mut function = start(&queue).await;
    let acts = ["", "fail", "", "panic", ""];
    send(&queue, acts.iter().enumerate().map(|(index, act)| order(&index.to_string(), act)).collect()).await;
    let batch = receive(&queue, 5).await;
    let (answer, _) = function.invoke(event(&queue.url, &batch), Duration::from_secs(20)).await;
    assert_eq!(failed(&answer.unwrap(), &batch), ["1", "3"]);
    // The visibility timeout is two minutes: they are back because the function said so.
    let again = receive(&queue, 2).await;
    assert_eq!(again.iter().map(name).collect::<Vec<_>>(), ["1", "3"]);
    assert!(again.iter().all(|one| one.receive_count == 2));
    let printed = function.printed().await;
    let metrics: Vec<Value> = printed.iter().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let metrics: Vec<_> = metrics.iter().filter(|line| line["_aws"].is_object()).collect();
    assert_eq!(metrics.len(), 1, "{printed:#?}");
    assert_eq!(
        (&metrics[0]["Processed"], &metrics[0]["Failed"], &metrics[0]["Retried"]),
        (&json!(3), &json!(2), &json!(2))
    );
    assert_eq!(metrics[0]["HandlerDuration"].as_array().unwrap().len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_failed_is_an_empty_list_and_all_failed_names_all() {
    let queue = queue::sqs("lambda-all", Kind::Patient).await;
    let mut function = start(&queue).await;
    send(&queue, vec![order("a", ""), order("b", "")]).await;
    let batch = receive(&queue, 2).await;
    let (answer, _) = function.invoke(event(&queue.url, &batch), Duration::from_secs(20)).await;
    assert_eq!(answer.unwrap(), json!({"batchItemFailures": []}));
    send(&queue, vec![order("c", "fail"), order("d", "panic")]).await;
    let batch = receive(&queue, 2).await;
    let (answer, _) = function.invoke(event(&queue.url, &batch), Duration::from_secs(20)).await;
    assert_eq!(failed(&answer.unwrap(), &batch), ["c", "d"]);
    let mut nameless = event(&queue.url, &batch);
    nameless["Records"][0]["messageId"] = json!("");
    let (answer, _) = function.invoke(nameless, Duration::from_secs(20)).await;
    assert!(answer.unwrap_err()["errorMessage"].as_str().unwrap().contains("no message id"));
    let (answer, _) = function.invoke(json!({"detail-type": "Scheduled Event"}), Duration::from_secs(20)).await;
    assert!(answer.unwrap_err()["errorMessage"].as_str().unwrap().contains("event source mapping"));
}

#[tokio::test(flavor = "multi_thread")]
async fn poison_goes_to_the_dead_letter_queue_of_the_redrive_policy_and_is_no_failure() {
    let queue = queue::sqs("lambda-poison", Kind::Standard).await;
    let mut function = start(&queue).await;
    for position in 0..3 {
        let mut messages: Vec<_> = (0..2)
            .map(|index| json!({"type": "order", "payload": {"name": format!("{position}{index}")}, "createdAt": "2026-01-01T00:00:00Z"}).to_string())
            .collect();
        messages.insert(position, "no job".to_owned());
        let outgoing = messages.into_iter().map(|body| Outgoing { body, ..Outgoing::default() });
        assert!(queue.open.send(outgoing.collect()).await.iter().all(Result::is_ok));
        let batch = receive(&queue, 3).await;
        let (answer, _) = function.invoke(event(&queue.url, &batch), Duration::from_secs(20)).await;
        assert_eq!(answer.unwrap(), json!({"batchItemFailures": []}));
        // What the mapping does with what is not a failure.
        let receipts: Vec<_> = batch.into_iter().map(|one| one.receipt).collect();
        let _ = queue.open.delete(&receipts).await;
    }
    let dead = queue.dead_letters(3).await;
    assert_eq!(dead.len(), 3);
    for (body, why) in dead {
        assert_eq!((body.as_str(), why["reason"].as_str(), why["attempts"].as_str()), ("no job", "malformed", "1"));
        assert!(why["firstFailedAt"].parse::<jiff::Timestamp>().is_ok() && why["error"].contains("not a job"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn near_the_deadline_it_answers_with_what_is_not_done() {
    let queue = queue::sqs("lambda-deadline", Kind::Patient).await;
    let mut function = start(&queue).await;
    send(&queue, vec![order("a", ""), order("b", "sleep"), order("c", "")]).await;
    let batch = receive(&queue, 3).await;
    let (answer, took) = function.invoke(event(&queue.url, &batch), Duration::from_secs(2)).await;
    assert_eq!(failed(&answer.unwrap(), &batch), ["b"]);
    assert!((Duration::from_millis(1_400)..Duration::from_millis(2_000)).contains(&took), "{took:?}");
    // Too late to begin anything: all of it is returned at once, untouched.
    send(&queue, vec![order("d", "")]).await;
    function.printed().await;
    let batch: Vec<_> = receive(&queue, 2).await.into_iter().filter(|one| name(one) == "d").collect();
    let (answer, _) = function.invoke(event(&queue.url, &batch), Duration::from_millis(400)).await;
    assert_eq!(failed(&answer.unwrap(), &batch), ["d"]);
    assert!(handled(&function.printed().await).is_empty());
    assert_eq!(receive(&queue, 1).await[0].receive_count, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_that_blocks_its_thread_holds_up_neither_the_others_nor_the_answer() {
    let queue = queue::sqs("lambda-blocked", Kind::Patient).await;
    let mut function = start(&queue).await;
    let acts = [("a", "block"), ("b", ""), ("c", "block"), ("d", "block"), ("e", "")];
    send(&queue, acts.iter().map(|(name, act)| order(name, act)).collect()).await;
    let batch = receive(&queue, 5).await;
    let (answer, took) = function.invoke(event(&queue.url, &batch), Duration::from_secs(2)).await;
    assert_eq!(failed(&answer.unwrap(), &batch), ["a", "c", "d"]);
    assert!(took < Duration::from_secs(2), "{took:?}");
    // The next batch does not wait for them either.
    send(&queue, vec![order("f", "")]).await;
    let batch = receive(&queue, 1).await;
    let (answer, _) = function.invoke(event(&queue.url, &batch), Duration::from_secs(2)).await;
    assert_eq!(answer.unwrap(), json!({"batchItemFailures": []}));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_stops_at_its_first_failure_and_other_groups_go_on() {
    let queue = queue::sqs("lambda-groups", Kind::Fifo).await;
    let mut function = start(&queue).await;
    let jobs = [("a1", ""), ("a2", "hopeless"), ("a3", "fail"), ("a4", ""), ("b1", ""), ("b2", "")];
    send(&queue, jobs.iter().map(|(name, act)| order(name, act).group(&name[..1])).collect()).await;
    let batch = receive(&queue, 6).await;
    let (answer, _) = function.invoke(event(&queue.url, &batch), Duration::from_secs(20)).await;
    assert_eq!(failed(&answer.unwrap(), &batch), ["a3", "a4"]);
    let printed = function.printed().await;
    let of = |group: &str| handled(&printed).into_iter().filter(|name| name.starts_with(group)).collect::<Vec<_>>();
    assert_eq!((of("a"), of("b")), (vec!["a1", "a2", "a3"], vec!["b1", "b2"]));
    assert_eq!(queue.dead_letters(1).await[0].1["reason"], "hopeless");
    let done: Vec<_> = batch.iter().filter(|one| !["a3", "a4"].contains(&name(one).as_str())).collect();
    let receipts: Vec<_> = done.into_iter().map(|one| one.receipt.clone()).collect();
    let _ = queue.open.delete(&receipts).await;
    let again = receive(&queue, 2).await;
    assert_eq!(again.iter().map(name).collect::<Vec<_>>(), ["a3", "a4"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_at_its_last_receive_is_a_dead_letter_and_its_group_goes_on() {
    let queue = queue::sqs("lambda-spent", Kind::Fifo).await;
    let mut function = start(&queue).await;
    let jobs = [("1", "fail"), ("2", ""), ("3", "")];
    send(&queue, jobs.iter().map(|(name, act)| order(name, act).group("g")).collect()).await;
    for left in [vec!["1", "2", "3"], vec!["1", "2", "3"], vec![]] {
        let batch = receive(&queue, 3).await;
        let (answer, _) = function.invoke(event(&queue.url, &batch), Duration::from_secs(20)).await;
        assert_eq!(failed(&answer.unwrap(), &batch), left);
    }
    assert_eq!(handled(&function.printed().await), ["1", "1", "1", "2", "3"]);
    let (_, why) = queue.dead_letters(1).await.remove(0);
    assert_eq!((why["reason"].as_str(), why["attempts"].as_str()), ("attempts_exhausted", "3"));
}

#[tokio::test(flavor = "multi_thread")]
async fn it_asks_for_its_first_event_without_setting_anything_up() {
    // No credentials, no Region, no endpoint: whoever needs them before the first event fails.
    let mut function = Function::start("function", &[]).await;
    println!("cold start: {:?}", function.cold_start);
    assert!(function.cold_start < Duration::from_millis(500), "{:?}", function.cold_start);
    let job = json!({"type": "order", "payload": {"name": "x"}, "createdAt": "2026-01-01T00:00:00Z"}).to_string();
    let event = json!({"Records": [{"messageId": "m", "receiptHandle": "r", "body": job}]});
    let (answer, _) = function.invoke(event, Duration::from_secs(5)).await;
    assert_eq!(answer.unwrap(), json!({"batchItemFailures": []}));
}
