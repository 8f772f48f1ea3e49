//! A store for one process and for tests: what it knows ends with the process.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use serde_json::Value;

use super::{Claim, Key, Owner, Store, StoreError};

/// The number of records from which it looks for those that are over.
const SWEEP: usize = 1024;

/// Records in memory.
#[derive(Debug, Default)]
pub struct Memory(Mutex<Records>);

#[derive(Debug, Default)]
struct Records {
    by_id: HashMap<[u8; 32], Record>,
    sweep_at: usize,
}

#[derive(Debug)]
struct Record {
    payload: [u8; 32],
    owner: Owner,
    /// While it is in progress, the end of the lease; once it is done, until when that is remembered.
    until: Instant,
    #[expect(clippy::option_option, reason = "not done, done, and done with a result")]
    done: Option<Option<Value>>,
}

impl Memory {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many records it holds, those that are over included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.records().by_id.len()
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Every change is one assignment: a panic elsewhere leaves nothing half done.
    fn records(&self) -> MutexGuard<'_, Records> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the records if this one is the owner's, or says that it is not.
    fn own<T>(
        &self,
        key: &Key,
        owner: Owner,
        change: impl FnOnce(&mut Records) -> Option<T>,
    ) -> Result<(), StoreError> {
        let mut records = self.records();
        let held = records.by_id.get(&key.id).is_some_and(|record| record.owner == owner);
        let changed = if held { change(&mut records) } else { None };
        changed.map(drop).ok_or_else(|| StoreError::lost(key))
    }
}

impl Records {
    /// Forgets what is over, once in a while: each record is looked at a bounded number of times on average.
    fn sweep(&mut self, now: Instant) {
        if self.by_id.len() >= self.sweep_at.max(SWEEP) {
            self.by_id.retain(|_, record| record.until > now);
            self.sweep_at = self.by_id.len() * 2;
        }
    }
}

#[async_trait]
impl Store for Memory {
    async fn claim(&self, key: &Key, owner: Owner, lease: Duration) -> Result<Claim, StoreError> {
        let now = Instant::now();
        let mut records = self.records();
        match records.by_id.get(&key.id) {
            Some(record) if record.until > now => match &record.done {
                _ if record.payload != key.payload => return Ok(Claim::Reused),
                Some(result) => return Ok(Claim::Completed { result: result.clone() }),
                None if record.owner != owner => return Ok(Claim::Busy { remaining: record.until - now }),
                None => {}
            },
            _ => {}
        }
        records.sweep(now);
        records.by_id.insert(key.id, Record { payload: key.payload, owner, until: now + lease, done: None });
        Ok(Claim::Granted)
    }

    async fn renew(&self, key: &Key, owner: Owner, lease: Duration) -> Result<(), StoreError> {
        self.own(key, owner, |records| {
            let record = records.by_id.get_mut(&key.id).filter(|record| record.done.is_none())?;
            record.until = Instant::now() + lease;
            Some(())
        })
    }

    async fn complete(
        &self,
        key: &Key,
        owner: Owner,
        result: Option<&Value>,
        keep: Duration,
    ) -> Result<(), StoreError> {
        let record = Record { payload: key.payload, owner, until: Instant::now() + keep, done: Some(result.cloned()) };
        self.own(key, owner, |records| records.by_id.insert(key.id, record))
    }

    async fn release(&self, key: &Key, owner: Owner) -> Result<(), StoreError> {
        self.own(key, owner, |records| {
            records.by_id.get(&key.id).filter(|record| record.done.is_none())?;
            records.by_id.remove(&key.id)
        })
    }
}
