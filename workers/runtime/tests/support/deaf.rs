//! A queue and a store that do not answer.

use std::collections::BTreeMap;
use std::future::pending;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use queuestack_worker::backend::sqlite::SqliteQueue;
use queuestack_worker::backend::{Backend, Delivery, Depth, Outgoing, QueueError};
use queuestack_worker::idempotency::{Claim, Key, Owner, Store, StoreError, memory::Memory};
use queuestack_worker::{JobQueue, NewJob};
use serde_json::Value;

/// How many more calls have no answer.
#[derive(Default)]
pub struct Deaf(AtomicUsize);

impl Deaf {
    /// Leaves so many calls without an answer.
    pub fn to(&self, calls: usize) {
        self.0.store(calls, SeqCst);
    }

    async fn hear(&self) {
        if self.0.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1)).is_ok() {
            pending::<()>().await;
        }
    }
}

/// A queue in a file that is deaf when a test wants it to be.
pub struct Queue {
    file: SqliteQueue,
    pub receives: Deaf,
    pub extends: Deaf,
    pub deletes: Deaf,
}

impl Queue {
    /// An empty one of its own.
    pub async fn open(test: &str, visibility: &str) -> Arc<Self> {
        let file = super::folder("hangs").join(format!("{test}.db"));
        let url = format!("sqlite:{}?visibility_timeout={visibility}&max_receives=50", file.display());
        let file = SqliteQueue::open(&url).await.unwrap();
        Arc::new(Self { file, receives: Deaf::default(), extends: Deaf::default(), deletes: Deaf::default() })
    }

    /// Sends a job with a key.
    pub async fn put(self: &Arc<Self>, job_type: &str, milliseconds: u64, key: &str) {
        let job = NewJob::new(job_type, &milliseconds).idempotency_key(key);
        JobQueue::on(self.clone()).enqueue(job).await.unwrap();
    }

    /// Waits until all is done.
    pub async fn until_empty(&self) {
        let deadline = Instant::now() + Duration::from_secs(30);
        while self.depth().await.unwrap() != Depth::default() {
            assert!(Instant::now() < deadline, "{:?}", self.depth().await);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

#[async_trait]
impl Backend for Queue {
    fn is_fifo(&self) -> bool {
        false
    }
    async fn send(&self, messages: Vec<Outgoing>) -> Vec<Result<String, QueueError>> {
        self.file.send(messages).await
    }
    async fn receive(&self, max: usize, wait: Duration) -> Result<Vec<Delivery>, QueueError> {
        self.receives.hear().await;
        self.file.receive(max, wait).await
    }
    async fn delete(&self, receipts: &[String]) -> Vec<Result<(), QueueError>> {
        self.deletes.hear().await;
        self.file.delete(receipts).await
    }
    async fn extend(&self, receipts: &[(String, Duration)]) -> Vec<Result<(), QueueError>> {
        self.extends.hear().await;
        self.file.extend(receipts).await
    }
    async fn dead_letter(&self, delivery: &Delivery, why: BTreeMap<String, String>) -> Result<(), QueueError> {
        self.file.dead_letter(delivery, why).await
    }
    async fn visibility_timeout(&self) -> Result<Duration, QueueError> {
        self.file.visibility_timeout().await
    }
    async fn depth(&self) -> Result<Depth, QueueError> {
        self.file.depth().await
    }
}

/// A store that is deaf when a test wants it to be.
#[derive(Default)]
pub struct Records {
    memory: Memory,
    pub claims: Deaf,
    pub renewals: Deaf,
    pub completes: Deaf,
    pub releases: Deaf,
    /// The keys that were claimed, in order.
    pub claimed: Mutex<Vec<Key>>,
}

#[async_trait]
impl Store for Records {
    async fn claim(&self, key: &Key, owner: Owner, lease: Duration) -> Result<Claim, StoreError> {
        self.claimed.lock().unwrap().push(key.clone());
        self.claims.hear().await;
        self.memory.claim(key, owner, lease).await
    }
    async fn renew(&self, key: &Key, owner: Owner, lease: Duration) -> Result<(), StoreError> {
        self.renewals.hear().await;
        self.memory.renew(key, owner, lease).await
    }
    async fn complete(
        &self,
        key: &Key,
        owner: Owner,
        result: Option<&Value>,
        keep: Duration,
    ) -> Result<(), StoreError> {
        self.completes.hear().await;
        self.memory.complete(key, owner, result, keep).await
    }
    async fn release(&self, key: &Key, owner: Owner) -> Result<(), StoreError> {
        self.releases.hear().await;
        self.memory.release(key, owner).await
    }
}
