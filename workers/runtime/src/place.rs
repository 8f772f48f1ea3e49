//! Where a store is, by its URL, as it stands in a worker's environment.

/// What a URL names: a store of what was done, or of what a worker makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place<'a> {
    /// The memory of the process.
    Memory,
    /// A DynamoDB table, by its name.
    DynamoDb(&'a str),
    /// A database, by the whole URL.
    Sql(&'a str),
}

/// Why a URL names no store that can be used. The URL is never part of it: it may hold a password.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum OpenError {
    /// Nothing here knows the scheme.
    #[error(
        "no store is called like this; write `memory:`, `sqlite:path`, `postgres://…`, `mysql://…`, `mariadb://…` or \
         `dynamodb:table`"
    )]
    Unknown,
    /// `dynamodb:` says no table.
    #[error("`dynamodb:` is followed by the name of a table: `dynamodb:idempotency`")]
    NoTable,
    /// The store was left out of this binary.
    #[error(
        "this binary was built without the feature `{feature}`, which this store needs; add it to `features:` of the \
         worker, or in Cargo.toml"
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

impl<'a> Place<'a> {
    /// Reads `memory:`, `sqlite:path`, `postgres://…`, `mysql://…`, `mariadb://…` or `dynamodb:table`.
    ///
    /// # Errors
    /// It is none of them.
    pub fn of(url: &'a str) -> Result<Self, OpenError> {
        match url.split_once(':') {
            Some(("memory", _)) => Ok(Self::Memory),
            Some(("dynamodb", "")) => Err(OpenError::NoTable),
            Some(("dynamodb", table)) => Ok(Self::DynamoDb(table)),
            Some(("sqlite" | "postgres" | "postgresql" | "mysql" | "mariadb", _)) => Ok(Self::Sql(url)),
            _ => Err(OpenError::Unknown),
        }
    }

    /// The error where a binary has nothing for it.
    #[must_use]
    pub fn not_built(self) -> OpenError {
        let feature = match self {
            Self::DynamoDb(_) => "dynamodb",
            Self::Sql(url) if url.starts_with("sqlite") => "sqlite",
            Self::Sql(url) if url.starts_with("postgres") => "postgres",
            Self::Sql(_) => "mysql",
            Self::Memory => return OpenError::Unknown,
        };
        OpenError::NotBuilt { feature }
    }
}
