//! The tables. Times are milliseconds since 1970.

use sqlx::SqlitePool;

/// `receipt` names the last delivery; a message that was never received has none. `heads` has the first message of each
/// group: triggers keep it, whichever program writes.
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
CREATE INDEX IF NOT EXISTS messages_in_group ON messages (queue, group_id, seq) WHERE group_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS messages_received ON messages (queue, receives) WHERE receives > 0;
CREATE TABLE IF NOT EXISTS heads (
    queue TEXT NOT NULL,
    group_id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (queue, group_id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS heads_by_queue ON heads (queue, seq);
CREATE TRIGGER IF NOT EXISTS messages_sent AFTER INSERT ON messages WHEN NEW.group_id IS NOT NULL BEGIN
    INSERT INTO heads (queue, group_id, seq) VALUES (NEW.queue, NEW.group_id, NEW.seq) ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER IF NOT EXISTS messages_gone AFTER DELETE ON messages WHEN OLD.group_id IS NOT NULL BEGIN
    DELETE FROM heads WHERE queue = OLD.queue AND group_id = OLD.group_id AND seq = OLD.seq;
    INSERT INTO heads (queue, group_id, seq)
        SELECT queue, group_id, seq FROM messages WHERE queue = OLD.queue AND group_id = OLD.group_id
        ORDER BY seq LIMIT 1
        ON CONFLICT DO NOTHING;
END;
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

/// Fills `heads` in a file from the time before it.
const HEADS: &str = "INSERT INTO heads (queue, group_id, seq) \
    SELECT queue, group_id, MIN(seq) FROM messages WHERE group_id IS NOT NULL GROUP BY queue, group_id";

/// Makes what is missing; two processes may do so at once.
pub(super) async fn create(pool: &SqlitePool) -> Result<(), sqlx::Error> {
    let mut change = pool.begin_with("BEGIN IMMEDIATE").await?;
    let heads = sqlx::query("SELECT 1 FROM sqlite_schema WHERE name = 'heads'").fetch_optional(&mut *change).await?;
    sqlx::raw_sql(TABLES).execute(&mut *change).await?;
    if heads.is_none() {
        sqlx::query(HEADS).execute(&mut *change).await?;
    }
    change.commit().await
}
