//! Deletes what is done: ten messages or 200 milliseconds, whatever comes first.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use tokio::sync::mpsc::{self, Receiver, Sender, WeakSender};
use tokio::task::{JoinHandle, JoinSet};

use crate::backend::Backend;

const BATCH: usize = 10;
const LINGER: Duration = Duration::from_millis(200);
/// Batches on their way at once; more wait, and with them the handlers' slots.
const PARALLEL: usize = 16;

/// Takes receipts to delete, for as long as its [`Deleting`] is open.
pub(super) struct Deleter {
    receipts: WeakSender<String>,
    open: Arc<AtomicUsize>,
}

/// The deleter's end. It alone keeps the deleter open, however many tasks know it.
pub(super) struct Deleting {
    receipts: Sender<String>,
    task: JoinHandle<()>,
    open: Arc<AtomicUsize>,
}

impl Deleter {
    /// Hands a message over; waits while too many are on their way.
    pub async fn delete(&self, receipt: String) {
        self.open.fetch_add(1, Relaxed);
        let taken = match self.receipts.upgrade() {
            Some(receipts) => receipts.send(receipt).await.is_ok(),
            None => false,
        };
        if !taken {
            self.open.fetch_sub(1, Relaxed);
            tracing::error!("the deleter is gone: a message that is done will come again");
        }
    }
}

impl Deleting {
    /// Sends at once what it has, and ends; what the queue did not answer within this time will come again.
    pub async fn close(self, within: Duration) {
        let Self { receipts, mut task, open } = self;
        drop(receipts);
        match tokio::time::timeout(within, &mut task).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => tracing::error!("the deleter ended before its time"),
            Err(_) => {
                task.abort();
                let messages = open.load(Relaxed);
                tracing::error!(messages, "the queue did not answer: what is done was not deleted and will come again");
            }
        }
    }
}

/// Starts it; it ends when it is closed and all is sent.
pub(super) fn start(queue: Arc<dyn Backend>) -> (Deleter, Deleting) {
    let (receipts, receiver) = mpsc::channel(BATCH * PARALLEL);
    let open = Arc::<AtomicUsize>::default();
    let deleter = Deleter { receipts: receipts.downgrade(), open: Arc::clone(&open) };
    let task = tokio::spawn(run(receiver, queue, Arc::clone(&open)));
    (deleter, Deleting { receipts, task, open })
}

async fn run(mut receipts: Receiver<String>, queue: Arc<dyn Backend>, open: Arc<AtomicUsize>) {
    let mut calls = JoinSet::new();
    while let Some(batch) = next(&mut receipts).await {
        while calls.len() >= PARALLEL {
            calls.join_next().await;
        }
        calls.spawn(delete(Arc::clone(&queue), batch, Arc::clone(&open)));
        while calls.try_join_next().is_some() {}
    }
    while calls.join_next().await.is_some() {}
}

/// The next batch; `None` at the end.
async fn next(receipts: &mut Receiver<String>) -> Option<Vec<String>> {
    let mut batch = vec![receipts.recv().await?];
    let full = async {
        while batch.len() < BATCH
            && let Some(receipt) = receipts.recv().await
        {
            batch.push(receipt);
        }
    };
    let _ = tokio::time::timeout(LINGER, full).await;
    Some(batch)
}

async fn delete(queue: Arc<dyn Backend>, batch: Vec<String>, open: Arc<AtomicUsize>) {
    for error in queue.delete(&batch).await.into_iter().filter_map(Result::err) {
        tracing::error!(%error, "a message that is done was not deleted and will come again");
    }
    open.fetch_sub(batch.len(), Relaxed);
}
