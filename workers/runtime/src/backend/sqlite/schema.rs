//! The tables. Times are milliseconds since 1970.

use sqlx::SqlitePool;

/// `receipt` names the last delivery; a message that was never received has none.
const TABLES: &str = "
CREATE TABLE IF NOT EXISTS messages (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    queue TEXT NOT NULL,
    id TEXT NOT NULL,
    body TEXT NOT NULL,
    attributes TEXT NOT NULL,
    group_id TEXT,
    trace TEXT,
    sent_at INTEGER NOT NULL,
    visible_at INTEGER NOT NULL,
    first_received INTEGER,
    receives INTEGER NOT NULL DEFAULT 0,
    receipt TEXT
);
CREATE UNIQUE INDEX IF NOT EXISTS messages_by_receipt ON messages (receipt) WHERE receipt IS NOT NULL;
CREATE INDEX IF NOT EXISTS messages_by_queue ON messages (queue, seq, visible_at);
CREATE INDEX IF NOT EXISTS messages_by_group ON messages (queue, group_id, visible_at) WHERE group_id IS NOT NULL;
CREATE TABLE IF NOT EXISTS dead_letters (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    queue TEXT NOT NULL,
    id TEXT NOT NULL,
    body TEXT NOT NULL,
    attributes TEXT NOT NULL,
    group_id TEXT,
    sent_at INTEGER NOT NULL,
    died_at INTEGER NOT NULL,
    receives INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS deduplication (
    queue TEXT NOT NULL,
    id TEXT NOT NULL,
    message_id TEXT NOT NULL,
    until INTEGER NOT NULL,
    PRIMARY KEY (queue, id)
) WITHOUT ROWID;
";

/// Makes what is missing; two processes may do so at once.
pub(super) async fn create(pool: &SqlitePool) -> Result<(), sqlx::Error> {
    let mut change = pool.begin_with("BEGIN IMMEDIATE").await?;
    sqlx::raw_sql(TABLES).execute(&mut *change).await?;
    change.commit().await
}
