//! What never answers and what never ends: a queue, a store, a handler. No job is handled twice at once for it, and a
//! worker that is told to stop does.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod support;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use queuestack_worker::backend::sqs::SqsQueue;
use queuestack_worker::backend::{Backend, Depth};
use queuestack_worker::idempotency::{Claim, Owner, Store};
use queuestack_worker::{Context, Job, JobQueue, NewJob, Outcome, Stop, Worker};
use serde_json::Value;
use support::deaf::{Queue, Records};
use support::queues::{Kind, queue};

const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// What handlers did.
#[derive(Default)]
struct Seen {
    begun: AtomicUsize,
    now: AtomicUsize,
    most: AtomicUsize,
    done: AtomicUsize,
    cancelled: AtomicUsize,
    /// Ends what blocks a thread for good: a runtime waits for it.
    let_go: AtomicBool,
}

/// Work that is under way until it is dropped.
struct UnderWay(Arc<Seen>);

impl Seen {
    fn begin(self: &Arc<Self>) -> UnderWay {
        self.begun.fetch_add(1, SeqCst);
        self.most.fetch_max(self.now.fetch_add(1, SeqCst) + 1, SeqCst);
        UnderWay(Arc::clone(self))
    }

    fn counts(&self) -> (usize, usize, usize) {
        (self.begun.load(SeqCst), self.most.load(SeqCst), self.done.load(SeqCst))
    }

    async fn until(&self, count: &AtomicUsize, least: usize) {
        let deadline = Instant::now() + Duration::from_secs(30);
        while count.load(SeqCst) < least {
            assert!(Instant::now() < deadline, "{:?}", self.counts());
            tokio::time::sleep(ms(10)).await;
        }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.now.fetch_sub(1, SeqCst);
    }
}

async fn wait(seen: Arc<Seen>, job: Job<u64>) -> Outcome {
    let _under_way = seen.begin();
    tokio::time::sleep(ms(job.payload)).await;
    seen.done.fetch_add(1, SeqCst);
    Outcome::done()
}

/// Blocks its thread, as work that never looks whether it should go on.
async fn stubborn(seen: Arc<Seen>, job: Job<u64>, context: Context) -> Outcome {
    let under_way = seen.begin();
    context
        .blocking(move |context| {
            let _under_way = under_way;
            std::thread::sleep(ms(job.payload));
            seen.cancelled.fetch_add(usize::from(context.is_cancelled()), SeqCst);
            seen.done.fetch_add(1, SeqCst);
        })
        .await;
    Outcome::done()
}

/// Blocks the runtime's thread.
fn block(seen: &Arc<Seen>) -> Outcome {
    let (_under_way, began) = (seen.begin(), Instant::now());
    // A test that fails lets go of nothing.
    while !seen.let_go.load(SeqCst) && began.elapsed() < Duration::from_secs(40) {
        std::thread::sleep(ms(10));
    }
    Outcome::done()
}

fn worker(seen: &Arc<Seen>, lease: Duration) -> Worker {
    let of = || Arc::clone(seen);
    let (first, second, third) = (of(), of(), of());
    Worker::new("hangs")
        .job::<u64, _>("wait", move |job, _: Context| wait(first.clone(), job))
        .job::<u64, _>("stubborn", move |job, context| stubborn(second.clone(), job, context))
        .job::<u64, _>("block", move |_: Job<u64>, _: Context| {
            let seen = third.clone();
            async move { block(&seen) }
        })
        .backoff(ms(50), ms(100))
        .settings(|settings| {
            settings.lease = lease;
            settings.poll_wait = ms(500);
            settings.drain_timeout = ms(500);
        })
}

/// A worker beside the test.
struct Running(Stop, tokio::task::JoinHandle<()>);

fn run(worker: Worker, queue: Arc<dyn Backend>) -> Running {
    let stop = Stop::new();
    let serve = worker.serve(queue, stop.clone());
    Running(stop, tokio::spawn(async move { serve.await.unwrap() }))
}

impl Running {
    /// Stops it; how long that took.
    async fn stop(self) -> Duration {
        let began = Instant::now();
        self.0.drain();
        tokio::time::timeout(Duration::from_secs(25), self.1).await.expect("it ends").unwrap();
        began.elapsed()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_extension_without_an_answer_holds_up_no_other_message() {
    let (queue, seen) = (Queue::open("extension", "5s").await, Arc::<Seen>::default());
    queue.extends.to(1);
    let running = run(worker(&seen, ms(60_000)), queue.clone());
    queue.put("wait", 7_000, "first").await;
    tokio::time::sleep(ms(1_000)).await;
    for key in ["second", "third"] {
        queue.put("wait", 7_000, key).await;
    }
    // It ends while the queue owes an answer about the first one.
    queue.put("wait", 2_000, "short").await;
    seen.until(&seen.done, 4).await;
    queue.until_empty().await;
    running.stop().await;
    assert_eq!(seen.counts(), (4, 4, 4));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_call_of_sqs_is_made_again_in_time() {
    let (queue, seen) = (queue::sqs("lost", Kind::Tireless).await, Arc::<Seen>::default());
    let endpoint = tokio::task::spawn_blocking(support::aws::endpoint).await.unwrap();
    let port = endpoint.rsplit_once(':').unwrap().1.parse().unwrap();
    let (port, lost) = support::proxy::losing(port, "ChangeMessageVisibilityBatch").await;
    let client = queue::client_of(&format!("http://127.0.0.1:{port}"));
    let open = Arc::new(SqsQueue::new(&queue.url).with_client(client));
    let jobs = ["a", "b", "c"].map(|key| NewJob::new("wait", &12_000).idempotency_key(key));
    assert!(JobQueue::on(open.clone()).enqueue_all(jobs).await.iter().all(Result::is_ok));
    let running = run(worker(&seen, ms(60_000)), open);
    seen.until(&seen.done, 3).await;
    tokio::time::sleep(ms(500)).await;
    running.stop().await;
    assert!(lost.load(SeqCst), "nothing was lost");
    assert_eq!(seen.counts(), (3, 3, 3));
    assert_eq!(queue.open.depth().await.unwrap(), Depth::default());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_visibility_timeout_of_a_second_is_kept_up() {
    let (queue, seen) = (Queue::open("second", "1s").await, Arc::<Seen>::default());
    for key in ["a", "b", "c"] {
        queue.put("wait", 4_000, key).await;
    }
    let running = run(worker(&seen, ms(60_000)), queue.clone());
    seen.until(&seen.done, 3).await;
    queue.until_empty().await;
    running.stop().await;
    assert_eq!(seen.counts(), (3, 3, 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_renewal_without_an_answer_is_made_good() {
    let (queue, seen) = (Queue::open("renewal", "60s").await, Arc::<Seen>::default());
    let store = Arc::<Records>::default();
    store.renewals.to(1);
    let running = run(worker(&seen, ms(2_400)).idempotency(store), queue.clone());
    for _ in 0..2 {
        queue.put("wait", 6_000, "one").await;
    }
    seen.until(&seen.done, 1).await;
    queue.until_empty().await;
    running.stop().await;
    assert_eq!(seen.counts(), (1, 1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_that_no_renewal_reaches_ends_its_handler_before_another_begins() {
    let (queue, seen) = (Queue::open("cut", "60s").await, Arc::<Seen>::default());
    let store = Arc::<Records>::default();
    store.renewals.to(usize::MAX);
    let running = run(worker(&seen, ms(1_000)).idempotency(store), queue.clone());
    for _ in 0..2 {
        queue.put("wait", 5_000, "one").await;
    }
    seen.until(&seen.begun, 3).await;
    running.stop().await;
    assert_eq!((seen.most.load(SeqCst), seen.done.load(SeqCst)), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_without_an_answer_is_given_up_and_made_again() {
    let (queue, seen) = (Queue::open("claim", "60s").await, Arc::<Seen>::default());
    let store = Arc::<Records>::default();
    store.claims.to(1);
    queue.put("wait", 10, "one").await;
    let running = run(worker(&seen, ms(900)).idempotency(store), queue.clone());
    seen.until(&seen.done, 1).await;
    queue.until_empty().await;
    running.stop().await;
    assert_eq!(seen.counts(), (1, 1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_that_was_not_recorded_is_recorded_at_the_next_try() {
    let (queue, seen) = (Queue::open("complete", "60s").await, Arc::<Seen>::default());
    let store = Arc::<Records>::default();
    store.completes.to(1);
    queue.put("wait", 10, "one").await;
    let running = run(worker(&seen, ms(900)).idempotency(store.clone()), queue.clone());
    queue.until_empty().await;
    running.stop().await;
    assert_eq!(seen.counts(), (1, 1, 1));
    let key = store.claimed.lock().unwrap()[0].clone();
    assert_eq!(store.claim(&key, Owner::new(), ms(1)).await.unwrap(), Claim::Completed { result: None });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_answers_nothing_holds_up_no_stop() {
    let lease = Duration::from_secs(600);
    for (kind, act) in [("claims", 10), ("completes", 10), ("releases", 30_000)] {
        let (queue, seen) = (Queue::open(kind, "60s").await, Arc::<Seen>::default());
        let store = Arc::<Records>::default();
        let deaf =
            BTreeMap::from([("claims", &store.claims), ("completes", &store.completes), ("releases", &store.releases)]);
        deaf[kind].to(usize::MAX);
        queue.put("wait", act, "one").await;
        let running = run(worker(&seen, lease).idempotency(store.clone()), queue.clone());
        while store.claimed.lock().unwrap().is_empty() {
            tokio::time::sleep(ms(10)).await;
        }
        tokio::time::sleep(ms(200)).await;
        let took = running.stop().await;
        assert!(took < Duration::from_secs(6), "{kind}: {took:?}");
        // What was done is not done again, and what was not is there for the next one.
        let left = queue.depth().await.unwrap();
        assert_eq!(left.visible + left.in_flight + left.delayed, u64::from(kind != "completes"), "{kind}: {left:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_answers_nothing_holds_up_no_stop() {
    let (polled, deleted) = (Queue::open("poll", "60s").await, Queue::open("delete", "60s").await);
    let (first, second) = (Arc::<Seen>::default(), Arc::<Seen>::default());
    polled.receives.to(usize::MAX);
    deleted.deletes.to(usize::MAX);
    deleted.put("wait", 10, "one").await;
    let one = run(worker(&first, ms(60_000)), polled.clone());
    let other = run(worker(&second, ms(60_000)), deleted.clone());
    second.until(&second.done, 1).await;
    let (one, other) = tokio::join!(one.stop(), other.stop());
    assert!(one < Duration::from_secs(9) && other < Duration::from_secs(9), "{one:?} {other:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_that_never_lets_go_of_its_thread_holds_up_no_stop() {
    let (queue, seen) = (Queue::open("thread", "60s").await, Arc::<Seen>::default());
    queue.put("block", 0, "one").await;
    let running = run(worker(&seen, ms(60_000)), queue.clone());
    seen.until(&seen.begun, 1).await;
    let took = running.stop().await;
    seen.let_go.store(true, SeqCst);
    assert!(took < Duration::from_secs(20), "{took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn blocking_work_keeps_its_job_until_it_ends_whatever_the_time_out() {
    for stored in [true, false] {
        let (queue, seen) = (Queue::open(&format!("stubborn-{stored}"), "2s").await, Arc::<Seen>::default());
        let mut worker = worker(&seen, ms(1_000)).job_timeout(ms(500));
        if stored {
            worker = worker.idempotency(Arc::<Records>::default());
            // The same job again, which must wait.
            queue.put("stubborn", 3_000, "one").await;
        }
        queue.put("stubborn", 3_000, "one").await;
        let running = run(worker, queue.clone());
        seen.until(&seen.begun, 2).await;
        // The second attempt began when the first one's thread had ended.
        assert_eq!((seen.most.load(SeqCst), seen.done.load(SeqCst), seen.cancelled.load(SeqCst)), (1, 1, 1));
        running.stop().await;
        assert_eq!(seen.begun.load(SeqCst), 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn work_that_outlives_its_worker_keeps_the_lease_for_as_long() {
    let (queue, seen) = (Queue::open("outlives", "60s").await, Arc::<Seen>::default());
    let store = Arc::<Records>::default();
    let running = run(worker(&seen, ms(1_000)).idempotency(store.clone()), queue.clone());
    queue.put("stubborn", 5_000, "one").await;
    seen.until(&seen.begun, 1).await;
    let took = running.stop().await;
    assert!(took < Duration::from_secs(3), "{took:?}");
    let key = store.claimed.lock().unwrap()[0].clone();
    // Longer than a lease, nobody gets in.
    for _ in 0..15 {
        let claim = store.claim(&key, Owner::new(), ms(1)).await.unwrap();
        assert!(matches!(claim, Claim::Busy { .. }), "{claim:?}");
        tokio::time::sleep(ms(100)).await;
    }
    assert_eq!(seen.counts(), (1, 1, 0));
    seen.until(&seen.done, 1).await;
    // It is given back at once, and not when the lease has run out.
    tokio::time::sleep(ms(100)).await;
    assert_eq!(store.claim(&key, Owner::new(), ms(1)).await.unwrap(), Claim::Granted);
}

#[tokio::test(flavor = "multi_thread")]
async fn blocking_work_gives_its_result_and_its_panic_is_the_handlers() {
    let (queue, said) = (Queue::open("result", "60s").await, Arc::<Mutex<Vec<String>>>::default());
    let note = said.clone();
    let worker = Worker::new("hangs").backoff(ms(10), ms(10)).job::<u64, _>("sum", move |job: Job<u64>, context| {
        let note = note.clone();
        async move {
            let context: Context = context;
            let attempt = context.attempt();
            note.lock().unwrap().push(format!("begins {attempt}"));
            let work = move |context: &Context| {
                assert!(context.attempt() > 1, "the first time");
                (job.payload + 1, context.trace().trace_id())
            };
            let (sum, trace) = context.blocking(work).await;
            assert_eq!(trace, context.trace().trace_id());
            note.lock().unwrap().push(format!("{sum}"));
            Outcome::done()
        }
    });
    queue.put("sum", 1, "one").await;
    let running = run(worker.settings(|settings| settings.poll_wait = ms(500)), queue.clone());
    queue.until_empty().await;
    running.stop().await;
    assert_eq!(*said.lock().unwrap(), ["begins 1", "begins 2", "2"]);
}

/// The program, whose `main` ends as one of `#[tokio::main]` does: when its runtime has.
#[test]
#[ignore = "the next test runs it in a process of its own"]
fn program() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let worker = Worker::new("hangs").job::<u64, _>("block", |_: Job<u64>, _: Context| async {
        tracing::info!("blocks");
        std::thread::sleep(Duration::from_secs(60));
        Outcome::done()
    });
    let code = runtime.block_on(worker.run());
    drop(runtime);
    std::process::exit(i32::from(code != std::process::ExitCode::SUCCESS));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_ends_though_a_handler_never_lets_go_of_its_thread() {
    let file = support::folder("hangs").join("program.db");
    let url = format!("sqlite:{}", file.display());
    let queue = queuestack_worker::backend::open(&url).await.unwrap();
    JobQueue::on(queue).enqueue(NewJob::new("block", &0)).await.unwrap();
    let environment = [("QUEUE_URL", url.as_str()), ("WORKER_DRAIN_TIMEOUT", "500ms"), ("WORKER_POLL_WAIT", "1s")];
    let (output, took) = support::program_output("program", &environment, "blocks");
    assert_eq!(output.0, Some(0), "{}", output.1);
    assert!(took < Duration::from_secs(20), "{took:?}");
    let last: Value = serde_json::from_str(output.1.lines().last().unwrap()).unwrap();
    assert_eq!((&last["message"], &last["clean"]), (&"stopped".into(), &false.into()));
}
