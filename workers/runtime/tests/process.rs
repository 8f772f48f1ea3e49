//! The process host on real queues: what one message does touches no other, and nothing is lost or done twice.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

#[path = "process/remembered.rs"]
mod remembered;
mod support;

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use queuestack_worker::{Context, Job, JobQueue, NewJob, Outcome, Stop, Worker};
use serde::Deserialize;
use serde_json::{Value, json};
use support::queues::{Kind, Queue, queue};

/// What a test's handler is told to do.
#[derive(Clone, Debug, Deserialize)]
struct Order {
    name: String,
    #[serde(default)]
    act: String,
}

/// What was done, in order.
#[derive(Clone, Default)]
struct Done(Arc<Mutex<Vec<String>>>);

impl Done {
    fn add(&self, name: impl Into<String>) {
        self.0.lock().unwrap().push(name.into());
    }

    fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    fn sorted(&self) -> Vec<String> {
        let mut all = self.all();
        all.sort_unstable();
        all
    }

    async fn until(&self, count: usize) {
        let deadline = Instant::now() + Duration::from_secs(30);
        while self.all().len() < count {
            assert!(Instant::now() < deadline, "{:?}, not {count}", self.all());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

async fn act(done: Done, job: Job<Order>, context: Context) -> Outcome {
    let name = job.payload.name.clone();
    match job.payload.act.as_str() {
        "panic" => panic!("as ordered"),
        "sleep" => tokio::time::sleep(Duration::from_secs(60)).await,
        "nap" => tokio::time::sleep(Duration::from_secs(5)).await,
        "doze" => tokio::time::sleep(Duration::from_secs(7)).await,
        "hopeless" => return Outcome::DeadLetter { reason: "hopeless".to_owned(), error: "as ordered".to_owned() },
        "fail once" if context.attempt() == 1 => return Outcome::retry("as ordered"),
        "fail" => return Outcome::retry_after(Duration::from_millis(200), "as ordered"),
        "stop" => {
            done.add("began");
            context.stopping().await;
        }
        _ => {}
    }
    done.add(name);
    Outcome::done()
}

fn worker(done: &Done) -> Worker {
    let done = done.clone();
    Worker::new("test")
        .job::<Order, _>("order", move |job, context| act(done.clone(), job, context))
        .backoff(Duration::from_millis(100), Duration::from_millis(400))
        .settings(|settings| settings.poll_wait = Duration::from_secs(1))
}

fn order(name: &str, act: &str) -> NewJob {
    NewJob::new("order", &json!({"name": name, "act": act}))
}

async fn enqueue(queue: &Queue, jobs: Vec<NewJob>) {
    for result in JobQueue::on(queue.open.clone()).enqueue_all(jobs).await {
        result.unwrap();
    }
}

/// Runs a worker beside the test; stopping it must be clean.
struct Running(Stop, tokio::task::JoinHandle<()>);

fn run(worker: Worker, queue: &Queue) -> Running {
    let (stop, open) = (Stop::new(), queue.open.clone());
    let serve = worker.serve(open, stop.clone());
    Running(stop, tokio::spawn(async move { serve.await.unwrap() }))
}

impl Running {
    async fn stop(self) {
        self.0.drain();
        tokio::time::timeout(Duration::from_secs(20), self.1).await.expect("it ends").unwrap();
    }
}

async fn is_empty(queue: &Queue) {
    let depth = queue.open.depth().await.unwrap();
    assert_eq!((depth.visible, depth.in_flight, depth.delayed), (0, 0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn panics_timeouts_and_slow_handlers_harm_no_other() {
    for queue in [queue::sqlite("harm", Kind::Standard).await, queue::sqs("harm", Kind::Standard).await] {
        let (done, began) = (Done::default(), Instant::now());
        let running = run(worker(&done).job_timeout(Duration::from_secs(3)).concurrency(30), &queue);
        let mut jobs = vec![order("p", "panic"), order("s", "sleep"), order("f", "fail"), order("o", "fail once")];
        jobs.extend((0..10).map(|index| order(&format!("{index}"), "")));
        enqueue(&queue, jobs).await;
        done.until(11).await;
        assert!(began.elapsed() < Duration::from_secs(3), "the others waited");
        // Three receives each, then the queue itself moves them.
        let dead = queue.dead_letters(3).await;
        let mut names: Vec<_> = dead.iter().map(|(body, _)| body_of(body)["payload"]["name"].clone()).collect();
        names.sort_unstable_by_key(ToString::to_string);
        assert_eq!(names, ["f", "p", "s"]);
        running.stop().await;
        assert_eq!(done.sorted(), ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "o"]);
        is_empty(&queue).await;
    }
}

fn body_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn poison_in_every_position_of_a_batch_is_a_dead_letter_at_once_and_the_others_are_done() {
    let poisons = [
        ("malformed", "no JSON at all".to_owned()),
        ("malformed", "{}".to_owned()),
        ("unknown_type", r#"{"type":"stranger","createdAt":"2026-01-01T00:00:00Z"}"#.to_owned()),
        ("invalid_payload", r#"{"type":"order","payload":{"name":7},"createdAt":"2026-01-01T00:00:00Z"}"#.to_owned()),
        ("newer_version", r#"{"type":"order","version":9,"createdAt":"2026-01-01T00:00:00Z"}"#.to_owned()),
        (
            "invalid_payload",
            r#"{"type":"checked","payload":{"name":""},"createdAt":"2026-01-01T00:00:00Z"}"#.to_owned(),
        ),
    ];
    for queue in [queue::sqlite("poison", Kind::Patient).await, queue::sqs("poison", Kind::Patient).await] {
        let done = Done::default();
        let checked = done.clone();
        let check = |order: &Order| if order.name.is_empty() { Err("no name".to_owned()) } else { Ok(()) };
        let worker =
            worker(&done).validated_job("checked", check, move |job, context| act(checked.clone(), job, context));
        for position in 0..10 {
            let (_, body) = &poisons[position % poisons.len()];
            let mut messages: Vec<_> = (0..9)
                .map(|index| {
                    json!({
                "type": "order", "payload": {"name": format!("{position}{index}")}, "createdAt": "2026-01-01T00:00:00Z",
            }).to_string()
                })
                .collect();
            messages.insert(position, body.clone());
            let outgoing = |body| queuestack_worker::backend::Outgoing { body, ..Default::default() };
            for result in queue.open.send(messages.into_iter().map(outgoing).collect()).await {
                result.unwrap();
            }
        }
        let running = run(worker, &queue);
        done.until(90).await;
        let dead = queue.dead_letters(10).await;
        running.stop().await;
        assert_eq!(done.sorted().len(), 90);
        let mut found: Vec<_> = dead.iter().map(|(body, why)| (why["reason"].as_str(), body.clone())).collect();
        let mut expected: Vec<_> = (0..10).map(|position| poisons[position % poisons.len()].clone()).collect();
        found.sort_unstable();
        expected.sort_unstable();
        assert_eq!(found, expected);
        for (_, why) in dead {
            assert_eq!(why["attempts"], "1");
            why["firstFailedAt"].parse::<jiff::Timestamp>().unwrap();
            assert!(!why["error"].is_empty());
        }
        is_empty(&queue).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_longer_than_the_visibility_timeout_is_done_once() {
    for queue in [queue::sqlite("long", Kind::Standard).await, queue::sqs("long", Kind::Standard).await] {
        let done = Done::default();
        let running = run(worker(&done), &queue);
        enqueue(&queue, vec![order("long", "nap"), order("short", "")]).await;
        done.until(2).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        running.stop().await;
        assert_eq!(done.all(), ["short", "long"]);
        is_empty(&queue).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_lets_handlers_end_and_gives_the_rest_back_at_once() {
    for queue in [queue::sqlite("drain", Kind::Patient).await, queue::sqs("drain", Kind::Patient).await] {
        let done = Done::default();
        let short = worker(&done).settings(|settings| settings.drain_timeout = Duration::from_secs(1));
        let running = run(short, &queue);
        enqueue(&queue, vec![order("in time", "stop"), order("too long", "sleep")]).await;
        done.until(1).await;
        running.stop().await;
        assert_eq!(done.all(), ["began", "in time"]);
        // Its visibility timeout is two minutes: it is back because it was given back.
        let back = queue.open.receive(10, Duration::from_secs(1)).await.unwrap();
        assert_eq!(back.len(), 1);
        assert_eq!(body_of(&back[0].body)["payload"]["name"], "too long");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_stays_in_order_when_one_of_it_fails_and_other_groups_go_on() {
    for queue in [queue::sqlite("groups", Kind::Fifo).await, queue::sqs("groups", Kind::Fifo).await] {
        let done = Done::default();
        let jobs = vec![
            order("a1", "").group("a"),
            order("a2", "fail once").group("a"),
            order("b1", "").group("b"),
            order("a3", "").group("a"),
            order("b2", "").group("b"),
            order("a4", "hopeless").group("a"),
            order("a5", "").group("a"),
        ];
        enqueue(&queue, jobs).await;
        let running = run(worker(&done), &queue);
        done.until(6).await;
        running.stop().await;
        let of = |group: &str| done.all().into_iter().filter(|name| name.starts_with(group)).collect::<Vec<_>>();
        assert_eq!(
            (of("a"), of("b")),
            (vec!["a1".into(), "a2".into(), "a3".into(), "a5".into()], vec!["b1".into(), "b2".into()])
        );
        assert_eq!(queue.dead_letters(1).await[0].1["reason"], "hopeless");
        is_empty(&queue).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_for_good_in_a_group_takes_nothing_behind_it_along() {
    for queue in [queue::sqlite("spent", Kind::Fifo).await, queue::sqs("spent", Kind::Fifo).await] {
        let done = Done::default();
        let acts = [("1", ""), ("2", "fail"), ("3", ""), ("4", "panic"), ("5", "")];
        enqueue(&queue, acts.map(|(name, act)| order(name, act).group("g")).into()).await;
        let running = run(worker(&done), &queue);
        done.until(3).await;
        let dead = queue.dead_letters(2).await;
        running.stop().await;
        assert_eq!(done.all(), ["1", "3", "5"]);
        let told = |(body, why): &(String, std::collections::BTreeMap<String, String>)| {
            (body_of(body)["payload"]["name"].to_string(), why["reason"].clone(), why["error"].clone())
        };
        let expected = [("\"2\"", "as ordered"), ("\"4\"", "panic: as ordered")]
            .map(|(name, error)| (name.to_owned(), "attempts_exhausted".to_owned(), error.to_owned()));
        assert_eq!(dead.iter().map(told).collect::<Vec<_>>(), expected);
        is_empty(&queue).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_workers_share_a_queue_and_do_everything_once() {
    let queue = queue::sqlite("shared", Kind::Patient).await;
    let done = Done::default();
    let (one, other) = (run(worker(&done), &queue), run(worker(&done), &queue));
    enqueue(&queue, (0..500).map(|index| order(&format!("{index:03}"), "")).collect()).await;
    done.until(500).await;
    one.stop().await;
    other.stop().await;
    assert_eq!(done.sorted(), (0..500).map(|index| format!("{index:03}")).collect::<Vec<_>>());
    is_empty(&queue).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_of_a_handler_carry_its_trace_and_the_senders_fields() {
    let queue = queue::sqlite("trace", Kind::Patient).await;
    let further = JobQueue::on(queue.open.clone());
    let (done, seen) = (Done::default(), Done::default());
    let note = seen.clone();
    let worker = worker(&done).job::<Order, _>("first", move |job: Job<Order>, context: Context| {
        let (further, note) = (further.clone(), note.clone());
        async move {
            note.add(context.trace().trace_id());
            note.add(job.tenant().unwrap_or_default());
            further.enqueue(NewJob::new("second", &json!({"name": "n"}))).await.map(drop)
        }
    });
    let note = seen.clone();
    let worker = worker.job::<Order, _>("second", move |job: Job<Order>, context: Context| {
        note.add(context.trace().trace_id());
        assert_eq!(job.created_at().as_second() / 1000, jiff::Timestamp::now().as_second() / 1000);
        async { Ok::<(), String>(()) }
    });
    let running = run(worker, &queue);
    let trace = queuestack_worker::Trace::new();
    enqueue(&queue, vec![NewJob::new("first", &json!({"name": "n"})).trace(trace).tenant("acme")]).await;
    seen.until(3).await;
    running.stop().await;
    assert_eq!(seen.all(), [trace.trace_id(), "acme".to_owned(), trace.trace_id()]);
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_and_health_are_served_on_loopback() {
    let queue = queue::sqlite("metrics", Kind::Standard).await;
    let (done, port) = (Done::default(), support::free_port());
    let running = run(worker(&done).settings(|settings| settings.metrics_port = port), &queue);
    enqueue(&queue, vec![order("a", ""), order("b", "fail once"), order("c", "hopeless")]).await;
    done.until(2).await;
    queue.dead_letters(1).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let get = |path: &str| {
        let url = format!("http://127.0.0.1:{port}{path}");
        tokio::task::spawn_blocking(move || support::get(&url))
    };
    let (status, metrics) = get("/metrics").await.unwrap();
    assert_eq!(status, 200);
    let count = |outcome: &str| {
        let line = format!(r#"queuestack_worker_jobs_total{{worker="test",type="order",outcome="{outcome}"}} "#);
        metrics.lines().find_map(|one| one.strip_prefix(&line)).unwrap().parse::<u32>().unwrap()
    };
    let counts = ["processed", "failed", "retried", "dead_lettered", "duplicate"].map(count);
    assert_eq!(counts, [2, 2, 1, 1, 0]);
    assert_eq!(get("/healthz").await.unwrap(), (200, "ok\n".to_owned()));
    assert_eq!(get("/").await.unwrap().0, 404);
    running.stop().await;
}

/// The program.
#[test]
#[ignore = "the next test runs it in a process of its own"]
fn program() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let code = runtime.block_on(worker(&Done::default()).run());
    std::process::exit(i32::from(code != std::process::ExitCode::SUCCESS));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_ends_at_sigterm_with_success_and_says_what_is_missing_at_its_start() {
    let queue = queue::sqlite("program", Kind::Patient).await;
    let (output, took) = support::program_output("program", &[("QUEUE_URL", queue.url.as_str())], "started");
    assert!(took < Duration::from_secs(5), "{took:?}");
    assert_eq!(output.0, Some(0), "{}", output.1);
    let lines: Vec<Value> = output.1.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let told: Vec<_> = lines.iter().map(|line| line["message"].as_str().unwrap()).collect();
    assert_eq!(told, ["started", "asked to stop: no new messages", "stopped"]);
    let ((code, said), _) = support::program_output("program", &[], "its end");
    assert_eq!(code, Some(1));
    assert!(said.contains("QUEUE_URL is not set: set it to the URL of an SQS queue"), "{said}");
    let wrong = [("QUEUE_URL", "ftp://x"), ("WORKER_CONCURRENCY", "many")];
    let ((code, said), _) = support::program_output("program", &wrong, "its end");
    assert_eq!(code, Some(1));
    assert!(said.contains("WORKER_CONCURRENCY is `many`; write a whole number"), "{said}");
    let ((code, said), _) =
        support::program_output("program", &[("QUEUE_URL", "postgres://user:PW@host/db")], "its end");
    assert_eq!(code, Some(1));
    assert!(said.contains("QUEUE_URL: `postgres:…` is not a queue's URL") && !said.contains("PW"), "{said}");
}
