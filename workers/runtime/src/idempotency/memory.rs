//! A store for one process and for tests: what it knows ends with the process.
//!
//! It remembers the last 100 000 jobs that were done, whatever `WORKER_KEEP` says, so that it does not grow for two weeks.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use serde_json::Value;

use super::{Claim, Key, Owner, Store, StoreError};

/// The number of records from which it looks for those that are over.
const SWEEP: usize = 1024;

/// The most jobs that were done that it remembers: some 50 MB, unless their results are large.
const MOST_DONE: usize = 100_000;

/// Records in memory.
#[derive(Debug)]
pub struct Memory(Mutex<Records>);

#[derive(Debug)]
struct Records {
    by_id: HashMap<[u8; 32], Record>,
    sweep_at: usize,
    /// What was done and by whom, oldest first. What is not so any more is skipped.
    done: VecDeque<([u8; 32], Owner)>,
    most_done: usize,
    told: bool,
}

impl Default for Memory {
    fn default() -> Self {
        Self::remembering(MOST_DONE)
    }
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

    fn remembering(most_done: usize) -> Self {
        let (by_id, done) = (HashMap::new(), VecDeque::new());
        Self(Mutex::new(Records { by_id, sweep_at: 0, done, most_done, told: false }))
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
            self.done.retain(|(id, _)| self.by_id.contains_key(id));
        }
    }

    /// Notes that a job was done, and forgets the oldest when there are too many.
    fn note_done(&mut self, id: [u8; 32], owner: Owner) {
        self.done.push_back((id, owner));
        if self.done.len() <= self.most_done {
            return;
        }
        if !self.told {
            self.told = true;
            let text = "more jobs were done than the store in memory remembers: the oldest are forgotten, and are done \
                        again if they are sent again; set another store";
            tracing::warn!(most = self.most_done, "{text}");
        }
        if let Some((id, owner)) = self.done.pop_front()
            && self.by_id.get(&id).is_some_and(|record| record.owner == owner)
        {
            self.by_id.remove(&id);
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
        self.own(key, owner, |records| {
            let before = records.by_id.insert(key.id, record)?;
            if before.done.is_none() {
                records.note_done(key.id, owner);
            }
            Some(())
        })
    }

    async fn release(&self, key: &Key, owner: Owner) -> Result<(), StoreError> {
        self.own(key, owner, |records| {
            records.by_id.get(&key.id).filter(|record| record.done.is_none())?;
            records.by_id.remove(&key.id)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Envelope;

    #[tokio::test]
    async fn of_many_jobs_that_were_done_the_oldest_are_forgotten_and_none_that_is_being_done() {
        let key = |number: u32| {
            let body = format!(r#"{{"type": "a", "createdAt": "2026-11-21T00:00:00Z", "payload": {number}}}"#);
            Key::of("test", &Envelope::decode(&body).unwrap())
        };
        let (store, long) = (Memory::remembering(10), Duration::from_mins(10));
        let busy = (key(1000), Owner::new());
        store.claim(&busy.0, busy.1, long).await.unwrap();
        for number in 0..25 {
            let (key, owner) = (key(number), Owner::new());
            store.claim(&key, owner, long).await.unwrap();
            // Saying it twice is no second job.
            for _ in 0..2 {
                store.complete(&key, owner, None, long).await.unwrap();
            }
        }
        assert_eq!(store.len(), 11);
        for number in 15..25 {
            let claim = store.claim(&key(number), Owner::new(), long).await.unwrap();
            assert_eq!(claim, Claim::Completed { result: None });
        }
        // One that is forgotten and done again is as young as any.
        let again = (key(0), Owner::new());
        assert_eq!(store.claim(&again.0, again.1, long).await.unwrap(), Claim::Granted);
        store.complete(&again.0, again.1, None, long).await.unwrap();
        assert_eq!(store.claim(&again.0, Owner::new(), long).await.unwrap(), Claim::Completed { result: None });
        assert!(matches!(store.claim(&busy.0, Owner::new(), long).await.unwrap(), Claim::Busy { .. }));
        store.release(&busy.0, busy.1).await.unwrap();
        assert_eq!(store.len(), 10);
    }
}
