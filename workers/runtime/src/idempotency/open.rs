//! A store by its URL, as it stands in a worker's environment.

use std::sync::Arc;

use super::Store;
use super::memory::Memory;

/// Why a URL names no store that can be used. The URL is never part of it: it may hold a password.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum OpenError {
    /// Nothing here knows the scheme.
    #[error(
        "no idempotency store is called like this; write `memory:`, `sqlite:path`, `postgres://…`, `mysql://…`, \
         `mariadb://…` or `dynamodb:table`"
    )]
    Unknown,
    /// `dynamodb:` says no table.
    #[error("`dynamodb:` is followed by the name of a table: `dynamodb:idempotency`")]
    NoTable,
    /// The store was left out of this binary.
    #[error(
        "this binary was built without the feature `{feature}` of queuestack-worker, which this store needs; add it to \
         `features:` of the worker, or in Cargo.toml"
    )]
    NotBuilt {
        /// The cargo feature.
        feature: &'static str,
    },
    /// The URL of the database is wrong.
    #[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
    #[error(transparent)]
    Database(#[from] crate::database::OpenError),
}

/// Opens a store: `memory:`, `sqlite:path`, `postgres://…`, `mysql://…`, `mariadb://…` or `dynamodb:table`.
///
/// It connects to nothing yet, and must be called within a tokio runtime.
///
/// # Errors
/// What is wrong with the URL, and what to write instead.
pub fn open(url: &str) -> Result<Arc<dyn Store>, OpenError> {
    match url.split_once(':') {
        Some(("memory", _)) => Ok(Arc::new(Memory::new())),
        Some(("dynamodb", "")) => Err(OpenError::NoTable),
        Some(("dynamodb", table)) => dynamodb(table),
        Some(("sqlite" | "postgres" | "postgresql" | "mysql" | "mariadb", _)) => sql(url),
        _ => Err(OpenError::Unknown),
    }
}

#[cfg(feature = "dynamodb")]
#[expect(clippy::unnecessary_wraps, reason = "without the feature it cannot be opened")]
fn dynamodb(table: &str) -> Result<Arc<dyn Store>, OpenError> {
    Ok(Arc::new(super::dynamodb::DynamoDb::of_environment(table)))
}

#[cfg(not(feature = "dynamodb"))]
fn dynamodb(_table: &str) -> Result<Arc<dyn Store>, OpenError> {
    Err(OpenError::NotBuilt { feature: "dynamodb" })
}

#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
fn sql(url: &str) -> Result<Arc<dyn Store>, OpenError> {
    Ok(Arc::new(super::sql::Sql::open(url)?))
}

#[cfg(not(any(feature = "sqlite", feature = "postgres", feature = "mysql")))]
fn sql(url: &str) -> Result<Arc<dyn Store>, OpenError> {
    let feature = match url.split_once(':').map_or(url, |(scheme, _)| scheme) {
        "sqlite" => "sqlite",
        "postgres" | "postgresql" => "postgres",
        _ => "mysql",
    };
    Err(OpenError::NotBuilt { feature })
}
