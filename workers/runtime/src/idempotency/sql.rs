//! A store in a SQL database, for workers that have one anyway.
//!
//! The claim is one conditional statement, and time is the database's: the clocks of the workers do not matter. The
//! table is made at the first claim, unless it is there:
//!
//! ```sql
//! CREATE TABLE IF NOT EXISTS queuestack_jobs (
//!     id         VARCHAR(64) NOT NULL PRIMARY KEY,  -- SHA-256 of the key: keys may be long, and databases compare text each in their own way
//!     job        TEXT NOT NULL,                     -- the key, for people, and the digest of the payload
//!     owner      VARCHAR(36) NOT NULL,              -- the fencing token
//!     done       BIGINT NOT NULL,                   -- 0 in progress, 1 completed
//!     expires_at BIGINT NOT NULL,                   -- ms since 1970: the end of the lease, or of the record once it is done
//!     result     TEXT                               -- what the handler gave, as JSON
//! );
//! CREATE INDEX IF NOT EXISTS queuestack_jobs_expires_at ON queuestack_jobs (expires_at);
//! ```

use std::sync::Mutex;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use serde_json::Value;
use sqlx::{Error, Row};
use tokio::sync::OnceCell;

use super::dialect::{CLEAN_ROWS, PROBE, Statements};
use super::{Claim, Key, Owner, Store, StoreError};
use crate::database::{Bind, Database, OpenError};

/// How often a process looks for records that are over.
const CLEAN_EVERY: Duration = Duration::from_mins(1);

/// How often a claim is tried whose record went away between the claim and the look at who holds it.
const LOOKS: usize = 3;

/// Records in a table of a SQL database.
#[derive(Debug)]
pub struct Sql {
    database: Database,
    statements: &'static Statements,
    ready: OnceCell<()>,
    clean_at: Mutex<Instant>,
}

impl Sql {
    /// The store in this database; nothing is connected yet. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// Those of [`Database::open`].
    pub fn open(url: &str) -> Result<Self, OpenError> {
        Database::open(url).map(Self::new)
    }

    /// The store in this database.
    #[must_use]
    pub fn new(database: Database) -> Self {
        let statements = Statements::of(database.dialect());
        Self { database, statements, ready: OnceCell::new(), clean_at: Mutex::new(Instant::now()) }
    }

    /// Deletes records that are over, 500 at most, and returns how many it was. Claims do it by themselves once a
    /// minute; records of jobs that were never completed are kept for a day after their lease.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn clean(&self) -> Result<u64, StoreError> {
        self.ready().await?;
        Ok(self.database.execute(self.statements.clean, &[]).await?)
    }

    async fn ready(&self) -> Result<(), StoreError> {
        self.ready.get_or_try_init(|| self.database.prepare(PROBE, self.statements.tables)).await?;
        Ok(())
    }

    /// Cleans when it is time to, and again soon when there was more than it may delete at once.
    async fn clean_sometimes(&self) {
        {
            let Ok(mut clean_at) = self.clean_at.try_lock() else { return };
            if *clean_at > Instant::now() {
                return;
            }
            *clean_at = Instant::now() + CLEAN_EVERY;
        }
        match self.clean().await {
            Ok(deleted) if deleted >= CLEAN_ROWS => {
                if let Ok(mut clean_at) = self.clean_at.try_lock() {
                    *clean_at = Instant::now();
                }
            }
            Ok(_) => {}
            // The claim went through: what is not cleaned now is cleaned later.
            Err(error) => tracing::debug!(%error, "records that are over were not deleted"),
        }
    }

    /// Who has the job, if anybody.
    async fn look(&self, key: &Key, owner: &str) -> Result<Option<Claim>, Error> {
        let row = self.database.row(self.statements.read, &[Bind::Text(&key.id())]).await?;
        let Some(row) = row else { return Ok(None) };
        let done: i64 = row.try_get("done")?;
        let remaining: i64 = row.try_get("remaining")?;
        if done == 0 && row.try_get::<String, _>("owner")? == owner {
            return Ok(Some(Claim::Granted));
        }
        let Ok(remaining @ 1..) = u64::try_from(remaining) else { return Ok(None) };
        if !key.agrees_with(&row.try_get::<String, _>("job")?) {
            return Ok(Some(Claim::Reused));
        }
        if done == 0 {
            return Ok(Some(Claim::Busy { remaining: Duration::from_millis(remaining) }));
        }
        let result = row.try_get::<Option<String>, _>("result")?;
        let result = result.map(|text| serde_json::from_str(&text)).transpose();
        let result = result.map_err(|error| Error::Decode(error.into()))?;
        Ok(Some(Claim::Completed { result }))
    }

    /// Runs a statement whose one row must be this owner's.
    async fn own(&self, key: &Key, statement: &'static str, values: &[Bind<'_>]) -> Result<(), StoreError> {
        self.ready().await?;
        match self.database.execute(statement, values).await? {
            0 => Err(StoreError::lost(key)),
            _ => Ok(()),
        }
    }
}

#[async_trait]
impl Store for Sql {
    async fn claim(&self, key: &Key, owner: Owner, lease: Duration) -> Result<Claim, StoreError> {
        self.ready().await?;
        let (id, job, owner) = (key.id(), key.record(), owner.0.to_string());
        let values = [Bind::Text(&id), Bind::Text(&job), Bind::Text(&owner), milliseconds(lease)];
        for _ in 0..LOOKS {
            let changed = self.database.execute(self.statements.claim, &values).await?;
            let claim = match self.statements.counts_claims && changed > 0 {
                true => Some(Claim::Granted),
                false => self.look(key, &owner).await?,
            };
            if claim == Some(Claim::Granted) {
                self.clean_sometimes().await;
            }
            if let Some(claim) = claim {
                return Ok(claim);
            }
        }
        Ok(Claim::Busy { remaining: Duration::ZERO })
    }

    async fn renew(&self, key: &Key, owner: Owner, lease: Duration) -> Result<(), StoreError> {
        let (id, owner) = (key.id(), owner.0.to_string());
        let values = [milliseconds(lease), Bind::Text(&id), Bind::Text(&owner)];
        self.own(key, self.statements.renew, &values).await
    }

    async fn complete(
        &self,
        key: &Key,
        owner: Owner,
        result: Option<&Value>,
        keep: Duration,
    ) -> Result<(), StoreError> {
        let (id, owner, result) = (key.id(), owner.0.to_string(), result.map(Value::to_string));
        let values = [Bind::Maybe(result.as_deref()), milliseconds(keep), Bind::Text(&id), Bind::Text(&owner)];
        self.own(key, self.statements.complete, &values).await
    }

    async fn release(&self, key: &Key, owner: Owner) -> Result<(), StoreError> {
        let (id, owner) = (key.id(), owner.0.to_string());
        self.own(key, self.statements.release, &[Bind::Text(&id), Bind::Text(&owner)]).await
    }
}

fn milliseconds(duration: Duration) -> Bind<'static> {
    // A century: what is longer is for ever, and the sum with the clock must not overflow.
    const LONGEST: i64 = 100 * 366 * 24 * 3600 * 1000;
    Bind::Int(i64::try_from(duration.as_millis()).unwrap_or(LONGEST).min(LONGEST))
}

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        Self::Unavailable(Box::new(error))
    }
}
