//! One batch: lanes side by side, a deadline above them, an answer that names every record that is not done.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use futures::stream::{self, StreamExt};
use lambda_runtime::Error;
use serde_json::{Value, json};
use tokio::runtime::Handle;
use tokio::sync::watch;

use super::event::Record;
use crate::backend::Backend;
use crate::pipeline::{Core, Received, SPENT, Verdict};

/// The field of the answer with what failed.
pub(super) const FAILURES: &str = "batchItemFailures";
/// How long before the function's deadline handlers are ended, the waiting for them, and that for SQS. A function
/// that passes its deadline answers nothing, and every record of it comes again.
const HANDLERS_END: Duration = Duration::from_millis(500);
const LANES_END: Duration = Duration::from_millis(300);
const CALLS_END: Duration = Duration::from_millis(100);

/// What a batch needs of its host.
pub(super) trait Queues: Send + Sync + 'static {
    fn core(&self) -> &Core;
    fn of(&self, arn: &str) -> Arc<dyn Backend>;
}

/// What is known of the records of a batch. All are open at first; one is closed by being done and in no other way.
struct Open {
    /// The id of a record while it is open.
    ids: Mutex<Vec<Option<String>>>,
    /// When open ones are to be visible again.
    waits: Mutex<BTreeMap<usize, Duration>>,
}

impl Open {
    fn new(records: &[Record]) -> Self {
        let ids = records.iter().map(|record| Some(record.delivery.message_id.clone())).collect();
        Self { ids: Mutex::new(ids), waits: Mutex::default() }
    }

    fn done(&self, index: usize) {
        locked(&self.ids)[index] = None;
    }

    fn put_back(&self, index: usize, wait: Duration) {
        locked(&self.waits).insert(index, wait);
    }

    /// The answer for Lambda: what is not in it is deleted.
    ///
    /// # Errors
    /// An open record has no id to name it by. Lambda takes an empty one for a failure of all, and so does this.
    fn answer(&self) -> Result<Value, Error> {
        let open: Vec<_> = locked(&self.ids).iter().flatten().cloned().collect();
        if open.iter().any(String::is_empty) {
            return Err("a record that is not done has no message id: the whole batch is returned".into());
        }
        let failures: Vec<_> = open.iter().map(|id| json!({"itemIdentifier": id})).collect();
        Ok(json!({FAILURES: failures}))
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Handles a batch and answers before the deadline.
///
/// Each lane has a thread of its own to be polled on. A handler that blocks its thread then holds up its lane and
/// nothing else: on the few threads of a runtime it would hold up all others, the timers and the answer itself.
pub(super) async fn handle(
    host: &Arc<impl Queues>,
    records: Vec<Record>,
    deadline: SystemTime,
) -> Result<Value, Error> {
    let at = Instant::now();
    let left = deadline.duration_since(SystemTime::now()).unwrap_or_default();
    let end = |before: Duration| at + left.saturating_sub(before);
    let open = Arc::new(Open::new(&records));
    let arns: Vec<_> = records.iter().map(|record| (record.arn.clone(), record.delivery.receipt.clone())).collect();
    let until = end(HANDLERS_END);
    let (over, _) = watch::channel(false);
    let follow = |lane| {
        let (host, open, mut over) = (Arc::clone(host), Arc::clone(&open), over.subscribe());
        let lane = async move {
            tokio::select! {
                () = follow(&*host, &open, lane, at, until) => {}
                _ = over.wait_for(|over| *over) => {}
            }
        };
        let runtime = Handle::current();
        tokio::task::spawn_blocking(move || runtime.block_on(lane))
    };
    let lanes = stream::iter(lanes(&**host, records)).map(follow);
    let all = lanes.buffer_unordered(host.core().settings.concurrency).count();
    if tokio::time::timeout_at(end(LANES_END).into(), all).await.is_err() {
        tracing::warn!("the deadline is near: what is not done is returned");
    }
    over.send_replace(true);
    let waits = std::mem::take(&mut *locked(&open.waits));
    let told = tell(&**host, &arns, waits);
    if tokio::time::timeout_at(end(CALLS_END).into(), told).await.is_err() {
        tracing::warn!("the deadline is near: what failed is visible again after its visibility timeout");
    }
    open.answer()
}

/// Records that must follow each other, with their places in the batch.
type Lane = Vec<(usize, Record)>;

/// A lane is a group where order counts, else one record.
fn lanes(host: &impl Queues, records: Vec<Record>) -> Vec<Lane> {
    let mut lanes: Vec<Lane> = Vec::new();
    let mut of_group = BTreeMap::new();
    for (index, record) in records.into_iter().enumerate() {
        if !host.of(&record.arn).is_fifo() {
            lanes.push(vec![(index, record)]);
            continue;
        }
        let lane = *of_group.entry((record.arn.clone(), record.delivery.group.clone())).or_insert_with(|| {
            lanes.push(Vec::new());
            lanes.len() - 1
        });
        lanes[lane].push((index, record));
    }
    lanes
}

/// Handles a lane up to the first record that is to be handled again; the rest is visible again at once.
async fn follow(host: &impl Queues, open: &Open, lane: Lane, at: Instant, until: Instant) {
    let mut stopped = false;
    for (index, record) in lane {
        if stopped || Instant::now() >= until {
            stopped = true;
            open.put_back(index, Duration::ZERO);
            continue;
        }
        let received = Received { delivery: record.delivery, at, until };
        let queue = host.of(&record.arn);
        let wait = match host.core().handle(&received, &*queue).await {
            Verdict::Delete => None,
            Verdict::Retry(wait) | Verdict::GiveBack(wait) => Some(wait),
            Verdict::DeadLetter { reason, error } => {
                host.core().bury(&*queue, &received.delivery, &reason, &error).await.err()
            }
            Verdict::Spent { error } => {
                match host.core().bury(&*queue, &received.delivery, SPENT, &error).await {
                    Ok(()) => open.done(index),
                    Err(_) => open.put_back(index, Duration::ZERO),
                }
                continue;
            }
        };
        match wait {
            None => open.done(index),
            Some(wait) => {
                open.put_back(index, wait);
                stopped = true;
            }
        }
    }
}

/// Tells the queues when the records that failed are to come again.
async fn tell(host: &impl Queues, arns: &[(String, String)], waits: BTreeMap<usize, Duration>) {
    let mut by_queue: BTreeMap<&str, Vec<(String, Duration)>> = BTreeMap::new();
    for (index, wait) in waits {
        let (arn, receipt) = &arns[index];
        by_queue.entry(arn).or_default().push((receipt.clone(), wait));
    }
    for (arn, waits) in by_queue {
        for error in host.of(arn).extend(&waits).await.into_iter().filter_map(Result::err) {
            tracing::warn!(%error, "a failed record is visible again after its visibility timeout");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

    use proptest::prelude::*;

    use super::*;
    use crate::backend::nothing::Nothing;
    use crate::host::lambda::event;
    use crate::idempotency::memory::Memory;
    use crate::{Context, Job, Outcome, Stop, Worker};

    fn open(ids: &[String]) -> Open {
        let records: Vec<_> = ids.iter().map(|id| json!({"messageId": id})).collect();
        Open::new(&event::records(&json!({"Records": records})).unwrap())
    }

    proptest! {
        /// Whatever is done: what is not is in the answer, nothing else is, and no id is empty.
        #[test]
        fn the_answer_has_exactly_what_is_open(records in proptest::collection::vec(("[a-z]{0,3}", any::<bool>()), 0..20)) {
            let ids: Vec<_> = records.iter().map(|(id, _)| id.clone()).collect();
            let batch = open(&ids);
            for (index, _) in records.iter().enumerate().filter(|(_, (_, done))| *done) {
                batch.done(index);
            }
            let left: Vec<_> = records.iter().filter(|(_, done)| !done).map(|(id, _)| id.clone()).collect();
            match batch.answer() {
                Ok(answer) => {
                    prop_assert!(!left.iter().any(String::is_empty));
                    let failures: Vec<_> = left.iter().map(|id| json!({"itemIdentifier": id})).collect();
                    prop_assert_eq!(answer, json!({"batchItemFailures": failures}));
                }
                Err(_) => prop_assert!(left.iter().any(String::is_empty)),
            }
        }
    }

    struct Host(Core);

    impl Queues for Host {
        fn core(&self) -> &Core {
            &self.0
        }
        fn of(&self, _arn: &str) -> Arc<dyn Backend> {
            Arc::new(Nothing { fifo: false })
        }
    }

    #[tokio::test]
    async fn blocking_work_that_outlives_its_invocation_keeps_the_lease_until_it_ends() {
        let (now, begun) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
        let (inside, all) = (Arc::clone(&now), Arc::clone(&begun));
        let work = move |_job: Job<()>, context: Context| {
            let (inside, all) = (Arc::clone(&inside), Arc::clone(&all));
            async move {
                let first = all.fetch_add(1, SeqCst) == 0;
                let blocking = move |_: &Context| {
                    assert_eq!(inside.fetch_add(1, SeqCst), 0, "one at a time");
                    std::thread::sleep(Duration::from_secs(if first { 4 } else { 0 }));
                    inside.fetch_sub(1, SeqCst);
                };
                context.blocking(blocking).await;
                Outcome::done()
            }
        };
        let worker = Worker::new("test").job::<(), _>("work", work).idempotency(Arc::new(Memory::new()));
        let worker = worker.settings(|settings| settings.lease = Duration::from_secs(1));
        let host = Arc::new(Host(worker.core(Stop::new(), false).unwrap()));
        let body = r#"{"type":"work","createdAt":"2026-01-01T00:00:00Z"}"#;
        let event = json!({"Records": [{"messageId": "m", "body": body}]});
        let invoke = || handle(&host, event::records(&event).unwrap(), SystemTime::now() + Duration::from_secs(2));
        let failed = json!({FAILURES: [{"itemIdentifier": "m"}]});
        assert_eq!(invoke().await.unwrap(), failed);
        // Longer than a lease after the work was begun, its retry waits.
        for _ in 0..2 {
            assert_eq!(invoke().await.unwrap(), failed);
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        assert_eq!((begun.load(SeqCst), now.load(SeqCst)), (1, 1));
        while now.load(SeqCst) > 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(invoke().await.unwrap(), json!({FAILURES: []}));
        assert_eq!(begun.load(SeqCst), 2);
    }
}
