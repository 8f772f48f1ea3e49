//! The statements of the [`Sql`](super::sql::Sql) store in each dialect, side by side.

use crate::database::Dialect;

/// The most records that one clean-up deletes: it is done while a job waits.
pub(super) const CLEAN_ROWS: u64 = 500;

/// Reads nothing; works when the table is there.
pub(super) const PROBE: &str = "SELECT id FROM queuestack_jobs WHERE 1 = 0";

/// What a database is told.
#[derive(Debug)]
pub(super) struct Statements {
    /// Makes the table and its index.
    pub tables: &'static [&'static str],
    /// id, job, owner, lease in ms → takes a record that is new, over, or this owner's already.
    pub claim: &'static str,
    /// Whether the number of rows tells whether the claim went through. MariaDB counts rows that it left alone.
    pub counts_claims: bool,
    /// id → job, owner, done, result, remaining in ms.
    pub read: &'static str,
    /// lease in ms, id, owner.
    pub renew: &'static str,
    /// result, keep in ms, id, owner.
    pub complete: &'static str,
    /// id, owner.
    pub release: &'static str,
    /// Deletes records that are over.
    pub clean: &'static str,
}

impl Statements {
    pub(super) fn of(dialect: Dialect) -> &'static Self {
        match dialect {
            Dialect::Sqlite => &SQLITE,
            Dialect::Postgres => &POSTGRES,
            Dialect::MySql => &MYSQL,
        }
    }
}

/// SQLite and PostgreSQL differ in their clock alone. `$now` is in ms since 1970.
macro_rules! statements {
    ($now:literal) => {
        Statements {
            tables: &[
                "CREATE TABLE IF NOT EXISTS queuestack_jobs (
                    id VARCHAR(64) NOT NULL PRIMARY KEY,
                    job TEXT NOT NULL,
                    owner VARCHAR(36) NOT NULL,
                    done BIGINT NOT NULL,
                    expires_at BIGINT NOT NULL,
                    result TEXT
                )",
                "CREATE INDEX IF NOT EXISTS queuestack_jobs_expires_at ON queuestack_jobs (expires_at)",
            ],
            claim: concat!(
                "INSERT INTO queuestack_jobs AS held (id, job, owner, done, expires_at) VALUES ($1, $2, $3, 0, ",
                $now,
                " + $4) ON CONFLICT (id) DO UPDATE
                SET job = excluded.job, owner = excluded.owner, done = 0, result = NULL, expires_at = ",
                $now,
                " + $4
                WHERE held.expires_at <= ",
                $now,
                " OR (held.owner = excluded.owner AND held.done = 0)"
            ),
            counts_claims: true,
            read: concat!(
                "SELECT job, owner, done, result, expires_at - ",
                $now,
                " AS remaining FROM queuestack_jobs WHERE id = $1"
            ),
            renew: concat!(
                "UPDATE queuestack_jobs SET expires_at = ",
                $now,
                " + $1 WHERE id = $2 AND owner = $3 AND done = 0"
            ),
            complete: concat!(
                "UPDATE queuestack_jobs SET done = 1, result = $1, expires_at = ",
                $now,
                " + $2 WHERE id = $3 AND owner = $4"
            ),
            release: "DELETE FROM queuestack_jobs WHERE id = $1 AND owner = $2 AND done = 0",
            clean: concat!(
                "DELETE FROM queuestack_jobs WHERE id IN (SELECT id FROM queuestack_jobs WHERE expires_at <= ",
                $now,
                " AND (done = 1 OR expires_at <= ",
                $now,
                " - 86400000) ORDER BY expires_at LIMIT 500)"
            ),
        }
    };
}

/// <https://www.sqlite.org/lang_datefunc.html>: `now` is the same throughout one statement.
const SQLITE: Statements = statements!("CAST(unixepoch('subsec') * 1000 AS INTEGER)");

/// The clock of the wall, not that of the transaction: a claim that waited for another one sees the time after it.
const POSTGRES: Statements = statements!("CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)");

/// The clock does not depend on the session's time zone.
macro_rules! mysql_now {
    () => {
        "(TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(3)) DIV 1000)"
    };
}

/// Assignments are made from left to right, each seeing those before it: `expires_at`, on which the others hang, is last.
const MYSQL: Statements = Statements {
    tables: &["CREATE TABLE IF NOT EXISTS queuestack_jobs (
        id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
        job TEXT NOT NULL,
        owner VARCHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
        done BIGINT NOT NULL,
        expires_at BIGINT NOT NULL,
        result MEDIUMTEXT,
        INDEX queuestack_jobs_expires_at (expires_at)
    ) CHARACTER SET utf8mb4"],
    claim: concat!(
        "INSERT INTO queuestack_jobs (id, job, owner, done, expires_at) VALUES (?, ?, ?, 0, ",
        mysql_now!(),
        " + ?)
        ON DUPLICATE KEY UPDATE
            job = IF(expires_at <= ",
        mysql_now!(),
        ", VALUES(job), job),
            result = IF(expires_at <= ",
        mysql_now!(),
        ", NULL, result),
            owner = IF(expires_at <= ",
        mysql_now!(),
        ", VALUES(owner), owner),
            done = IF(expires_at <= ",
        mysql_now!(),
        ", 0, done),
            expires_at = IF(expires_at <= ",
        mysql_now!(),
        " OR (owner = VALUES(owner) AND done = 0), VALUES(expires_at), expires_at)"
    ),
    counts_claims: false,
    read: concat!(
        "SELECT job, owner, done, result, expires_at - ",
        mysql_now!(),
        " AS remaining FROM queuestack_jobs WHERE id = ?"
    ),
    renew: concat!(
        "UPDATE queuestack_jobs SET expires_at = ",
        mysql_now!(),
        " + ? WHERE id = ? AND owner = ? AND done = 0"
    ),
    complete: concat!(
        "UPDATE queuestack_jobs SET done = 1, result = ?, expires_at = ",
        mysql_now!(),
        " + ? WHERE id = ? AND owner = ?"
    ),
    release: "DELETE FROM queuestack_jobs WHERE id = ? AND owner = ? AND done = 0",
    clean: concat!(
        "DELETE FROM queuestack_jobs WHERE expires_at <= ",
        mysql_now!(),
        " AND (done = 1 OR expires_at <= ",
        mysql_now!(),
        " - 86400000) ORDER BY expires_at LIMIT 500"
    ),
};
