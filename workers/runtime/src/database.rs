//! SQL databases by URL: SQLite, PostgreSQL, MariaDB and MySQL behind one pool.
//!
//! Nothing is connected before the first statement: a Lambda that starts has no time for it. Each driver is a cargo
//! feature, so that a binary carries those that it uses.

use std::time::Duration;

use sqlx::any::{Any, AnyArguments, AnyPoolOptions, AnyRow};
use sqlx::pool::PoolConnection;
use sqlx::query::Query;
use sqlx::{AnyConnection, AnyPool, Error, SqlSafeStr};

/// How often a statement that lost against another one is tried before the error is handed on.
const TRIES: u32 = 5;

/// How many connections a pool has at most. SQLite writes one at a time, whatever the number.
const CONNECTIONS: u32 = 8;

/// How long a statement waits for a connection: less than any visibility timeout.
const PATIENCE: Duration = Duration::from_secs(10);

/// Which SQL a database speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// SQLite 3.42 or later; the one that is compiled in is.
    Sqlite,
    /// PostgreSQL 12 or later.
    Postgres,
    /// MariaDB 10.5 or later, MySQL 8 or later.
    MySql,
}

/// Why a URL names no database that can be used. The URL is never part of it: it may hold a password.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum OpenError {
    /// Nothing here knows the scheme.
    #[error("`{scheme}:` names no store; use one of {known}")]
    Unknown {
        /// What stands before the colon.
        scheme: String,
        /// The schemes that there are.
        known: &'static str,
    },
    /// The driver was left out of this binary.
    #[error(
        "this binary was built without the feature `{feature}`, which `{scheme}:` needs; add it to `features:` of the worker, \
         or to queuestack-worker in Cargo.toml"
    )]
    NotBuilt {
        /// What stands before the colon.
        scheme: String,
        /// The cargo feature.
        feature: &'static str,
    },
    /// The rest of the URL is wrong.
    #[error("the URL of the {scheme} store is wrong: {problem}; write {example}")]
    Invalid {
        /// What stands before the colon.
        scheme: String,
        /// What is wrong with it.
        problem: &'static str,
        /// One that is right.
        example: &'static str,
    },
}

/// A pool of connections and the SQL that they understand.
#[derive(Clone, Debug)]
pub struct Database {
    pool: AnyPool,
    dialect: Dialect,
}

impl Database {
    /// The schemes of [`Database::open`].
    pub const SCHEMES: &str = "`sqlite:path`, `postgres://…`, `mysql://…`, `mariadb://…`";

    /// Takes a URL: `sqlite:jobs.db`, `sqlite::memory:`, `postgres://user@host/database`, `mysql://…`, `mariadb://…`.
    ///
    /// A SQLite file is made when it is not there. It must be called within a tokio runtime.
    ///
    /// # Errors
    /// What is wrong with the URL. Whether there is a database shows at the first statement.
    pub fn open(url: &str) -> Result<Self, OpenError> {
        let scheme = url.split_once(':').map_or(url, |(scheme, _)| scheme);
        let (dialect, feature, built, example) = match scheme {
            "sqlite" => (Dialect::Sqlite, "sqlite", cfg!(feature = "sqlite"), "`sqlite:path/to/file.db`"),
            "postgres" | "postgresql" => (
                Dialect::Postgres,
                "postgres",
                cfg!(feature = "postgres"),
                "`postgres://user:password@host:5432/database`",
            ),
            "mysql" | "mariadb" => {
                (Dialect::MySql, "mysql", cfg!(feature = "mysql"), "`mysql://user:password@host:3306/database`")
            }
            _ => return Err(OpenError::Unknown { scheme: said(scheme), known: Self::SCHEMES }),
        };
        if !built {
            return Err(OpenError::NotBuilt { scheme: scheme.to_owned(), feature });
        }
        let invalid = |problem| OpenError::Invalid { scheme: scheme.to_owned(), problem, example };
        let mut url = url.to_owned();
        let memory = url.contains(":memory:") || url.contains("mode=memory");
        if dialect == Dialect::Sqlite {
            if url.len() <= "sqlite://".len() && url.trim_end_matches('/') == "sqlite:" {
                return Err(invalid("it names no file"));
            }
            if !memory && !url.contains('?') {
                url.push_str("?mode=rwc");
            }
        } else if !url[scheme.len()..].starts_with("://") {
            return Err(invalid("it names no host"));
        }
        sqlx::any::install_default_drivers();
        // A database in memory belongs to its connection: there must be one, and it must stay.
        let options = AnyPoolOptions::new().acquire_timeout(PATIENCE);
        let options = match memory {
            true => options.max_connections(1).idle_timeout(None).max_lifetime(None),
            false => options.max_connections(CONNECTIONS),
        };
        let pool = options.connect_lazy(&url).map_err(|_| invalid("it is not a URL"))?;
        Ok(Self { pool, dialect })
    }

    /// The connections.
    #[must_use]
    pub fn pool(&self) -> &AnyPool {
        &self.pool
    }

    /// The SQL that they understand.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Makes tables that are not there. `probe` reads from them: where it works nothing is made, so that a user
    /// without the right to make tables can work with those that somebody else made.
    ///
    /// # Errors
    /// The database cannot be reached, or refuses.
    pub async fn prepare(&self, probe: &'static str, tables: &[&'static str]) -> Result<(), Error> {
        match self.execute(probe, &[]).await {
            Ok(_) => return Ok(()),
            Err(Error::Database(_)) => {}
            Err(other) => return Err(other),
        }
        if self.dialect == Dialect::Sqlite {
            // Readers and the writer then do not wait for each other. It stays with the file.
            self.execute("PRAGMA journal_mode = WAL", &[]).await?;
        }
        for table in tables {
            self.execute(table, &[]).await?;
        }
        Ok(())
    }

    /// A connection, for statements of your own.
    ///
    /// # Errors
    /// None can be had.
    pub async fn lend(&self) -> Result<Lent, Error> {
        let connection = self.pool.acquire().await?;
        Ok(Lent { connection, closes: self.dialect != Dialect::Sqlite, answered: false })
    }

    /// Runs a statement, again if it lost against another one, and returns how many rows it changed.
    ///
    /// # Errors
    /// Those of the last try.
    pub async fn execute(&self, statement: &'static str, values: &[Bind<'_>]) -> Result<u64, Error> {
        let mut contention = Contention::default();
        loop {
            let mut lent = self.lend().await?;
            let answer = query(statement, values).execute(lent.connection()).await;
            lent.give_back();
            match answer {
                Ok(result) => return Ok(result.rows_affected()),
                Err(error) => contention.or_give_up(error).await?,
            }
        }
    }

    /// Reads a row, if there is one.
    ///
    /// # Errors
    /// Those of the last try.
    pub async fn row(&self, statement: &'static str, values: &[Bind<'_>]) -> Result<Option<AnyRow>, Error> {
        let mut contention = Contention::default();
        loop {
            let mut lent = self.lend().await?;
            let answer = query(statement, values).fetch_optional(lent.connection()).await;
            lent.give_back();
            match answer {
                Ok(row) => return Ok(row),
                Err(error) => contention.or_give_up(error).await?,
            }
        }
    }
}

/// A connection while statements run on it.
///
/// If they are given up, because no answer came, the connection is closed. The pool would ask the database whether it is
/// still there, wait for that answer without an end, and lend nothing in its place.
#[derive(Debug)]
pub struct Lent {
    connection: PoolConnection<Any>,
    /// A file answers always, and what is in memory ends with its connection.
    closes: bool,
    answered: bool,
}

impl Lent {
    /// The connection.
    pub fn connection(&mut self) -> &mut AnyConnection {
        &mut self.connection
    }

    /// Ends the loan: whatever was asked was answered.
    pub fn give_back(mut self) {
        self.answered = true;
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if self.closes && !self.answered {
            self.connection.close_on_drop();
        }
    }
}

/// A value for a placeholder.
#[derive(Clone, Copy, Debug)]
pub enum Bind<'a> {
    /// A text.
    Text(&'a str),
    /// A text or nothing.
    Maybe(Option<&'a str>),
    /// A number.
    Int(i64),
}

/// A statement with its values, for a pool or within a transaction.
pub fn query<'q>(statement: impl SqlSafeStr, values: &[Bind<'q>]) -> Query<'q, Any, AnyArguments> {
    values.iter().fold(sqlx::query(statement), |query, value| match value {
        Bind::Text(text) => query.bind(*text),
        Bind::Maybe(text) => query.bind(*text),
        Bind::Int(number) => query.bind(*number),
    })
}

/// Counts how often something lost against another transaction: deadlocks, serialisation failures, a busy SQLite file.
#[derive(Debug, Default)]
pub struct Contention {
    lost: u32,
}

impl Contention {
    /// Waits a little, so that it can be tried again.
    ///
    /// # Errors
    /// The given one, when it is of another kind or came too often.
    pub async fn or_give_up(&mut self, error: Error) -> Result<(), Error> {
        self.lost += 1;
        if self.lost >= TRIES || !is_contention(&error) {
            return Err(error);
        }
        tokio::time::sleep(Duration::from_millis(fastrand::u64(1..20 << self.lost))).await;
        Ok(())
    }
}

/// Tells whether the same statement may go through when it is tried again at once.
fn is_contention(error: &Error) -> bool {
    const CODES: [&[&str]; 3] = [
        // PostgreSQL, MariaDB and MySQL: serialisation failure, deadlock.
        &["40001", "40P01"],
        // PostgreSQL: two that make the same table at once meet in its catalogue, at the name, the type or an index.
        &["42P07", "42710", "23505"],
        // SQLite: busy, locked, busy while another recovers, busy with a snapshot that is over.
        &["5", "6", "261", "517"],
    ];
    error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code)
        .is_some_and(|code| CODES.concat().contains(&code.as_ref()))
}

/// A scheme as it was said, unless a secret may hide in it.
fn said(scheme: &str) -> String {
    let plain = scheme.len() <= 20 && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    if plain { scheme.to_owned() } else { "…".to_owned() }
}
