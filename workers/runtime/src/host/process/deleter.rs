//! Deletes what is done: ten messages or 200 milliseconds, whatever comes first.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::task::{JoinHandle, JoinSet};

use crate::backend::Backend;

const BATCH: usize = 10;
const LINGER: Duration = Duration::from_millis(200);
/// Batches on their way at once; more wait, and with them the handlers' slots.
const PARALLEL: usize = 16;

/// Takes receipts to delete.
pub(super) struct Deleter(Sender<String>);

impl Deleter {
    /// Hands a message over; waits while too many are on their way.
    pub async fn delete(&self, receipt: String) {
        if self.0.send(receipt).await.is_err() {
            tracing::error!("the deleter is gone: a message that is done will come again");
        }
    }
}

/// Starts it; it ends when the [`Deleter`] is dropped and all is sent.
pub(super) fn start(queue: Arc<dyn Backend>) -> (Deleter, JoinHandle<()>) {
    let (sender, receiver) = mpsc::channel(BATCH * PARALLEL);
    (Deleter(sender), tokio::spawn(run(receiver, queue)))
}

async fn run(mut receipts: Receiver<String>, queue: Arc<dyn Backend>) {
    let mut calls = JoinSet::new();
    while let Some(batch) = next(&mut receipts).await {
        while calls.len() >= PARALLEL {
            calls.join_next().await;
        }
        calls.spawn(delete(Arc::clone(&queue), batch));
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

async fn delete(queue: Arc<dyn Backend>, batch: Vec<String>) {
    for error in queue.delete(&batch).await.into_iter().filter_map(Result::err) {
        tracing::error!(%error, "a message that is done was not deleted and will come again");
    }
}
