//! What is remembered of jobs that were done, and what happens where nothing can be remembered.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use queuestack_worker::idempotency::{Claim, Key, Owner, Store, StoreError, memory::Memory};
use serde_json::{Value, json};

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn duplicates_are_done_once_and_a_failed_job_is_not_taken_for_done() {
    let queue = queue::sqlite("duplicates", Kind::Standard).await;
    let done = Done::default();
    // What comes while another does it is put back for the rest of the lease.
    let worker = worker(&done).settings(|settings| settings.lease = Duration::from_secs(1));
    let running = run(worker.idempotency(Arc::new(Memory::new())), &queue);
    let jobs = (0..20).map(|_| order("same", "").idempotency_key("k"));
    let failing = order("fails first", "fail once").idempotency_key("l");
    // Tenants share no keys, and an empty key is none.
    let tenants = ["acme", "umbrella"].map(|tenant| order(tenant, "").tenant(tenant).idempotency_key("k"));
    let unnamed = ["one", "two"].map(|name| order(name, "").idempotency_key(""));
    let jobs = jobs.chain([order("other", ""), failing]).chain(tenants).chain(unnamed);
    enqueue(&queue, jobs.collect()).await;
    done.until(7).await;
    // The key of a job that was done, with something else to do.
    enqueue(&queue, vec![order("another", "").idempotency_key("k")]).await;
    let (body, why) = queue.dead_letters(1).await.remove(0);
    assert_eq!((&body_of(&body)["payload"]["name"], why["reason"].as_str()), (&json!("another"), "key_reused"));
    let deadline = Instant::now() + Duration::from_secs(20);
    while queue.open.depth().await.unwrap() != queuestack_worker::backend::Depth::default() {
        assert!(Instant::now() < deadline);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    running.stop().await;
    assert_eq!(done.sorted(), ["acme", "fails first", "one", "other", "same", "two", "umbrella"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn duplicates_outlive_a_job_that_takes_many_leases() {
    for queue in [queue::sqlite("outlive", Kind::Patient).await, queue::sqs("outlive", Kind::Patient).await] {
        let done = Done::default();
        // One duplicate has only its last receive left, and comes when the job is under way.
        enqueue(&queue, vec![order("long", "doze").idempotency_key("k")]).await;
        for wait in [0, 3] {
            let one = queue.open.receive(1, Duration::from_secs(5)).await.unwrap().remove(0);
            queue.open.extend(&[(one.receipt, Duration::from_secs(wait))]).await.remove(0).unwrap();
        }
        enqueue(&queue, (0..2).map(|_| order("long", "doze").idempotency_key("k")).collect()).await;
        let lease = |worker: Worker| worker.settings(|settings| settings.lease = Duration::from_secs(1));
        let worker = lease(worker(&done).job_timeout(Duration::from_secs(8)));
        let running = run(worker.idempotency(Arc::new(Memory::new())), &queue);
        done.until(1).await;
        let deadline = Instant::now() + Duration::from_secs(20);
        while queue.open.depth().await.unwrap() != queuestack_worker::backend::Depth::default() {
            assert!(Instant::now() < deadline);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        running.stop().await;
        assert_eq!(queue.dead_letters(0).await, []);
        assert_eq!(done.all(), ["long"]);
    }
}

/// A store that can be switched off, and that says of its claims what a test wants.
#[derive(Default)]
struct Fickle {
    memory: Memory,
    off: AtomicBool,
    lost: AtomicBool,
}

impl Fickle {
    fn check(&self) -> Result<(), StoreError> {
        if self.off.load(SeqCst) {
            return Err(StoreError::Unavailable("switched off".into()));
        }
        Ok(())
    }
}

#[async_trait]
impl Store for Fickle {
    async fn claim(&self, key: &Key, owner: Owner, lease: Duration) -> Result<Claim, StoreError> {
        self.check()?;
        self.memory.claim(key, owner, lease).await
    }

    async fn renew(&self, key: &Key, owner: Owner, lease: Duration) -> Result<(), StoreError> {
        self.check()?;
        if self.lost.swap(false, SeqCst) {
            return Err(StoreError::lost(key));
        }
        self.memory.renew(key, owner, lease).await
    }

    async fn complete(
        &self,
        key: &Key,
        owner: Owner,
        result: Option<&Value>,
        keep: Duration,
    ) -> Result<(), StoreError> {
        self.check()?;
        self.memory.complete(key, owner, result, keep).await
    }

    async fn release(&self, key: &Key, owner: Owner) -> Result<(), StoreError> {
        self.check()?;
        self.memory.release(key, owner).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_store_nothing_is_handled_and_what_ends_meanwhile_is_recorded_after() {
    let queue = queue::sqlite("outage", Kind::Patient).await;
    let (done, store) = (Done::default(), Arc::new(Fickle::default()));
    // What comes in vain waits for a part of the lease.
    let lease = |worker: Worker| worker.settings(|settings| settings.lease = Duration::from_secs(3));
    let with_store = || lease(worker(&done)).idempotency(store.clone());
    let running = run(with_store(), &queue);
    enqueue(&queue, vec![order("under way", "stop")]).await;
    done.until(1).await;
    store.off.store(true, SeqCst);
    // A receive of the second one puts it back unhandled: its attempts stay below the limit of three.
    enqueue(&queue, vec![order("waits", "").delay(Duration::from_millis(300))]).await;
    running.0.drain();
    done.until(2).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    store.off.store(false, SeqCst);
    running.stop().await;
    assert_eq!(done.all(), ["began", "under way"]);
    assert!(!store.memory.is_empty());
    let next = run(with_store(), &queue);
    done.until(3).await;
    next.stop().await;
    assert_eq!(done.all(), ["began", "under way", "waits"]);
    is_empty(&queue).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_lease_ends_the_handler_and_keeps_the_message() {
    let queue = queue::sqlite("zombie", Kind::Patient).await;
    let (done, store) = (Done::default(), Arc::new(Fickle::default()));
    store.lost.store(true, SeqCst);
    let worker = worker(&done).idempotency(store).settings(|settings| settings.lease = Duration::from_millis(900));
    let running = run(worker, &queue);
    let began = Instant::now();
    enqueue(&queue, vec![order("once", "nap")]).await;
    done.until(1).await;
    running.stop().await;
    // The first run was ended at its first renewal, and the second one, a lease later, took five seconds.
    assert!(began.elapsed() > Duration::from_millis(5_300), "{:?}", began.elapsed());
    assert_eq!(done.all(), ["once"]);
    is_empty(&queue).await;
}
