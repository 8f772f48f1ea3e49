//! A store by its URL, as it stands in a worker's environment.

use std::sync::Arc;

use super::Store;
use super::memory::Memory;
use crate::place::{OpenError, Place};

/// Opens a store: `memory:`, `sqlite:path`, `postgres://…`, `mysql://…`, `mariadb://…` or `dynamodb:table`.
///
/// It connects to nothing yet, and must be called within a tokio runtime.
///
/// # Errors
/// What is wrong with the URL, and what to write instead.
pub fn open(url: &str) -> Result<Arc<dyn Store>, OpenError> {
    match Place::of(url)? {
        Place::Memory => Ok(Arc::new(Memory::new())),
        #[cfg(feature = "dynamodb")]
        Place::DynamoDb(table) => {
            let table = crate::aws::Table::of_environment(table);
            Ok(Arc::new(super::dynamodb::DynamoDb::new(table)))
        }
        #[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
        Place::Sql(url) => Ok(Arc::new(super::sql::Sql::open(url)?)),
        #[allow(unreachable_patterns, reason = "not with every feature")]
        place => Err(place.not_built()),
    }
}
