//! Where events are kept, by URL: a DynamoDB table, SQLite, PostgreSQL, MariaDB or MySQL, or the memory of the process.
//!
//! A store has, for each calendar, what the next fetch needs, and the events: one for each single event, rule and
//! changed occurrence. Keys are digests: names and paths may be long, and databases compare text each in their own way.
//!
//! What a sync changes is applied as a whole, but for large ones in DynamoDB. Of two syncs of one calendar that run at the
//! same time one ends, and the other changes nothing more from then on and is done again.

#[cfg(feature = "dynamodb")]
mod dynamodb;
mod memory;
#[cfg(any(feature = "mysql", feature = "postgres", feature = "sqlite"))]
mod sql;

#[cfg(feature = "dynamodb")]
use queuestack_worker::aws::Table;
use queuestack_worker::place::{OpenError, Place};

#[cfg(feature = "dynamodb")]
pub use self::dynamodb::DynamoDb;
pub use self::memory::Memory;
#[cfg(any(feature = "mysql", feature = "postgres", feature = "sqlite"))]
pub use self::sql::Sql;
use crate::changes::{Changes, Known, LONGEST_COMPONENT};
use crate::digest;

/// The store.
#[derive(Debug)]
pub enum Store {
    /// In the memory of this process, with which it ends.
    Memory(Memory),
    /// In a table.
    #[cfg(feature = "dynamodb")]
    DynamoDb(DynamoDb),
    /// In a database.
    #[cfg(any(feature = "mysql", feature = "postgres", feature = "sqlite"))]
    Sql(Sql),
}

/// Why a store did not do what it was asked: it cannot be reached, or refuses.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct StoreError(Box<dyn std::error::Error + Send + Sync>);

/// What is remembered of a calendar between two syncs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// Raised by every sync that ends; 0 before the first.
    pub version: i64,
    /// How far one came that did not end, where a sync is more than one transaction.
    pub step: i64,
    /// Names the URL that the rest is about: another server's tags mean nothing.
    pub source: String,
    /// The version of an iCalendar file.
    pub etag: Option<String>,
    /// When that file changed, as the server says it.
    pub modified: Option<String>,
    /// From where a CalDAV sync goes on.
    pub sync_token: Option<String>,
}

/// A calendar by its name and its key.
#[derive(Clone, Copy, Debug)]
pub struct Calendar<'a> {
    /// Its name.
    pub name: &'a str,
    /// [`Store::calendar`] of it.
    pub id: &'a str,
}

/// What a sync found out: changes that were computed from what was there at `before`, and what to remember.
#[derive(Clone, Copy, Debug)]
pub struct Update<'a> {
    /// The calendar.
    pub calendar: Calendar<'a>,
    /// What was remembered when its events were read.
    pub before: &'a State,
    /// What is to be remembered.
    pub after: &'a State,
    /// What changes of its events.
    pub changes: &'a Changes,
}

impl Store {
    /// Opens the store; connects to nothing yet. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// What is wrong with the URL.
    pub fn open(url: &str) -> Result<Self, OpenError> {
        match Place::of(url)? {
            Place::Memory => Ok(Self::Memory(Memory::default())),
            #[cfg(feature = "dynamodb")]
            Place::DynamoDb(table) => Ok(Self::DynamoDb(DynamoDb::new(Table::of_environment(table)))),
            #[cfg(any(feature = "mysql", feature = "postgres", feature = "sqlite"))]
            Place::Sql(url) => Ok(Self::Sql(Sql::open(url)?)),
            #[allow(unreachable_patterns, reason = "not with every feature")]
            place => Err(place.not_built()),
        }
    }

    /// The key of a calendar.
    #[must_use]
    pub fn calendar(name: &str) -> String {
        digest([name])
    }

    /// The longest component of an event that it keeps, in bytes.
    #[must_use]
    pub fn longest_component(&self) -> usize {
        match self {
            #[cfg(feature = "dynamodb")]
            Self::DynamoDb(_) => dynamodb::LONGEST_COMPONENT,
            _ => LONGEST_COMPONENT,
        }
    }

    /// What is remembered of a calendar.
    ///
    /// # Errors
    /// The store's.
    pub async fn state(&self, calendar: &str) -> Result<State, StoreError> {
        match self {
            Self::Memory(store) => Ok(store.state(calendar)),
            #[cfg(feature = "dynamodb")]
            Self::DynamoDb(store) => store.state(calendar).await,
            #[cfg(any(feature = "mysql", feature = "postgres", feature = "sqlite"))]
            Self::Sql(store) => store.state(calendar).await.map_err(StoreError::of),
        }
    }

    /// The events of a calendar, by what a comparison needs.
    ///
    /// # Errors
    /// The store's.
    pub async fn known(&self, calendar: &str) -> Result<Vec<Known>, StoreError> {
        match self {
            Self::Memory(store) => Ok(store.known(calendar)),
            #[cfg(feature = "dynamodb")]
            Self::DynamoDb(store) => store.known(calendar).await,
            #[cfg(any(feature = "mysql", feature = "postgres", feature = "sqlite"))]
            Self::Sql(store) => store.known(calendar).await.map_err(StoreError::of),
        }
    }

    /// Applies what a sync found out. Returns whether it did all of it: not when another sync came in between.
    ///
    /// # Errors
    /// The store's.
    pub async fn apply(&self, update: &Update<'_>) -> Result<bool, StoreError> {
        match self {
            Self::Memory(store) => Ok(store.apply(update)),
            #[cfg(feature = "dynamodb")]
            Self::DynamoDb(store) => store.apply(update).await,
            #[cfg(any(feature = "mysql", feature = "postgres", feature = "sqlite"))]
            Self::Sql(store) => store.apply(update).await.map_err(StoreError::of),
        }
    }
}

impl StoreError {
    #[cfg(any(feature = "dynamodb", feature = "mysql", feature = "postgres", feature = "sqlite"))]
    fn of(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(error.into())
    }
}

#[cfg(any(feature = "dynamodb", feature = "mysql", feature = "postgres", feature = "sqlite"))]
fn milliseconds() -> i64 {
    use std::time::{SystemTime, UNIX_EPOCH};
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_millis()).unwrap_or(i64::MAX)
}
