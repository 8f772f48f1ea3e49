//! A queue for tests that takes everything and has nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;

use super::{Backend, Delivery, Depth, Outgoing, QueueError};

pub(crate) struct Nothing {
    pub fifo: bool,
}

#[async_trait]
impl Backend for Nothing {
    fn is_fifo(&self) -> bool {
        self.fifo
    }
    async fn send(&self, messages: Vec<Outgoing>) -> Vec<Result<String, QueueError>> {
        messages.iter().map(|_| Ok(String::new())).collect()
    }
    async fn receive(&self, _max: usize, _wait: Duration) -> Result<Vec<Delivery>, QueueError> {
        Ok(Vec::new())
    }
    async fn delete(&self, receipts: &[String]) -> Vec<Result<(), QueueError>> {
        receipts.iter().map(|_| Ok(())).collect()
    }
    async fn extend(&self, receipts: &[(String, Duration)]) -> Vec<Result<(), QueueError>> {
        receipts.iter().map(|_| Ok(())).collect()
    }
    async fn dead_letter(&self, _delivery: &Delivery, _why: BTreeMap<String, String>) -> Result<(), QueueError> {
        Ok(())
    }
    async fn visibility_timeout(&self) -> Result<Duration, QueueError> {
        Ok(Duration::from_secs(30))
    }
    async fn depth(&self) -> Result<Depth, QueueError> {
        Ok(Depth::default())
    }
}
