//! Events in a database: SQLite, PostgreSQL, MariaDB or MySQL.
//!
//! Two tables, made when they are not there: `calendars` and `calendar_events`. A sync is one transaction. It holds a
//! calendar's row and raises its version.

mod statements;

use queuestack_worker::database::{Bind, Contention, Database, OpenError, query};
use sqlx::{AnyConnection, AssertSqlSafe, Connection, Error, Row};
use tokio::sync::OnceCell;

use self::statements as sql;
use super::{Calendar, State, Update, milliseconds};
use crate::changes::{Found, Known};

/// The most rows of one statement.
const ROWS: usize = 50;
/// The most text of one statement, in bytes: servers limit their packets.
const BYTES: usize = 1 << 20;

/// Calendars in a database.
#[derive(Debug)]
pub struct Sql {
    database: Database,
    ready: OnceCell<()>,
}

impl Sql {
    pub(super) fn open(url: &str) -> Result<Self, OpenError> {
        Ok(Self { database: Database::open(url)?, ready: OnceCell::new() })
    }

    /// The database, for what else is asked of it.
    #[must_use]
    pub fn database(&self) -> &Database {
        &self.database
    }

    async fn ready(&self) -> Result<(), Error> {
        let tables = sql::tables(self.database.dialect());
        self.ready.get_or_try_init(|| self.database.prepare(sql::PROBE, tables)).await?;
        Ok(())
    }

    pub(super) async fn state(&self, calendar: &str) -> Result<State, Error> {
        self.ready().await?;
        let statement = AssertSqlSafe(sql::numbered(self.database.dialect(), sql::STATE));
        let mut lent = self.database.lend().await?;
        let row = query(statement, &[Bind::Text(calendar)]).fetch_optional(lent.connection()).await;
        lent.give_back();
        let Some(row) = row? else { return Ok(State::default()) };
        Ok(State {
            version: row.try_get("version")?,
            step: 0,
            source: row.try_get("source")?,
            etag: row.try_get("etag")?,
            modified: row.try_get("modified")?,
            sync_token: row.try_get("sync_token")?,
        })
    }

    pub(super) async fn known(&self, calendar: &str) -> Result<Vec<Known>, Error> {
        self.ready().await?;
        let statement = AssertSqlSafe(sql::numbered(self.database.dialect(), sql::KNOWN));
        let mut lent = self.database.lend().await?;
        let rows = query(statement, &[Bind::Text(calendar)]).fetch_all(lent.connection()).await;
        lent.give_back();
        let rows = rows?;
        let known = rows.iter().map(|row| {
            Ok(Known {
                id: row.try_get("id")?,
                resource: row.try_get("resource")?,
                etag: row.try_get("etag")?,
                digest: row.try_get("digest")?,
                summary: row.try_get("summary")?,
                starts: row.try_get("starts")?,
            })
        });
        known.collect()
    }

    pub(super) async fn apply(&self, update: &Update<'_>) -> Result<bool, Error> {
        self.ready().await?;
        let mut contention = Contention::default();
        loop {
            let mut lent = self.database.lend().await?;
            let applied = self.try_apply(lent.connection(), update).await;
            lent.give_back();
            match applied {
                Ok(applied) => return Ok(applied),
                // Two first syncs insert the same row: the second one comes too late, as with any other.
                Err(Error::Database(error)) if error.is_unique_violation() => return Ok(false),
                Err(error) => contention.or_give_up(error).await?,
            }
        }
    }

    async fn try_apply(&self, connection: &mut AnyConnection, update: &Update<'_>) -> Result<bool, Error> {
        let mut transaction = connection.begin().await?;
        match self.change(&mut transaction, update).await {
            Ok(true) => transaction.commit().await.map(|()| true),
            other => {
                // Its answer is waited for: the connection is then known to be good.
                let ended = transaction.rollback().await;
                other.and_then(|applied| ended.map(|()| applied))
            }
        }
    }

    /// Changes a calendar and its events, if it is as it was.
    async fn change(&self, connection: &mut AnyConnection, update: &Update<'_>) -> Result<bool, Error> {
        let Update { calendar, before, after, changes } = update;
        let dialect = self.database.dialect();
        let now = milliseconds();
        // The first statement writes, so that SQLite need not turn a reader into the writer.
        let statement = if before.version == 0 { sql::INSERT_STATE } else { sql::UPDATE_STATE };
        let mut values = vec![
            Bind::Int(before.version + 1),
            Bind::Text(&after.source),
            Bind::Maybe(after.etag.as_deref()),
            Bind::Maybe(after.modified.as_deref()),
            Bind::Maybe(after.sync_token.as_deref()),
            Bind::Int(now),
            Bind::Text(calendar.name),
            Bind::Text(calendar.id),
        ];
        if before.version > 0 {
            values.push(Bind::Int(before.version));
        }
        let statement = AssertSqlSafe(sql::numbered(dialect, statement));
        if query(statement, &values).execute(&mut *connection).await?.rows_affected() == 0 {
            return Ok(false);
        }
        for ids in changes.deletes.chunks(ROWS) {
            let values: Vec<_> = ids.iter().map(|id| Bind::Text(id)).collect();
            let statement = AssertSqlSafe(sql::delete(dialect, ids.len()));
            query(statement, &values).execute(&mut *connection).await?;
        }
        let mut rows = Vec::new();
        let mut bytes = 0;
        for (id, found) in &changes.upserts {
            let length = found.event.component.len() + found.event.summary.len();
            if rows.len() == ROWS || (bytes + length > BYTES && !rows.is_empty()) {
                self.upsert(connection, calendar, now, &rows).await?;
                rows.clear();
                bytes = 0;
            }
            rows.push((id, found));
            bytes += length;
        }
        if !rows.is_empty() {
            self.upsert(connection, calendar, now, &rows).await?;
        }
        Ok(true)
    }

    async fn upsert(
        &self,
        connection: &mut AnyConnection,
        calendar: &Calendar<'_>,
        now: i64,
        rows: &[(&String, &Found)],
    ) -> Result<(), Error> {
        let mut values = Vec::with_capacity(rows.len() * sql::COLUMNS.len());
        for (id, Found { resource, etag, event }) in rows {
            // In the order of the columns.
            values.extend([
                Bind::Text(id),
                Bind::Text(calendar.id),
                Bind::Text(resource),
                Bind::Text(etag),
                Bind::Text(&event.uid),
                Bind::Text(&event.recurrence_id),
                Bind::Int(event.sequence),
                Bind::Text(&event.starts),
                Bind::Text(&event.ends),
                Bind::Text(&event.zone),
                Bind::Text(&event.rrule),
                Bind::Text(&event.summary),
                Bind::Text(&event.status),
                Bind::Text(&event.component),
                Bind::Text(&event.digest),
                Bind::Int(now),
            ]);
        }
        let statement = AssertSqlSafe(sql::upsert(self.database.dialect(), rows.len()));
        query(statement, &values).execute(connection).await?;
        Ok(())
    }
}
