//! The statements, with `?` for values; only their number and a few words differ between databases.

use queuestack_worker::database::Dialect;

/// Reads nothing; works when the tables are there.
pub const PROBE: &str =
    "SELECT 1 FROM calendars INNER JOIN calendar_events ON calendar_events.calendar = calendars.id WHERE 1 = 0";

pub const STATE: &str = "SELECT version, source, etag, modified, sync_token FROM calendars WHERE id = ?";
pub const INSERT_STATE: &str = "INSERT INTO calendars (version, source, etag, modified, sync_token, synced_at, name, id) \
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
pub const UPDATE_STATE: &str = "UPDATE calendars SET version = ?, source = ?, etag = ?, modified = ?, sync_token = ?, \
     synced_at = ?, name = ? WHERE id = ? AND version = ?";
pub const KNOWN: &str = "SELECT id, resource, etag, digest, summary, starts FROM calendar_events WHERE calendar = ?";

/// The columns of `calendar_events`; the first is the key.
pub const COLUMNS: [&str; 16] = [
    "id",
    "calendar",
    "resource",
    "etag",
    "uid",
    "recurrence_id",
    "sequence",
    "starts",
    "ends",
    "zone",
    "rrule",
    "summary",
    "status",
    "component",
    "digest",
    "changed_at",
];

/// The tables; times are in ms since 1970.
pub fn tables(dialect: Dialect) -> &'static [&'static str] {
    match dialect {
        Dialect::Sqlite | Dialect::Postgres => &[
            "CREATE TABLE IF NOT EXISTS calendars (
                id VARCHAR(64) NOT NULL PRIMARY KEY,
                name TEXT NOT NULL,
                source VARCHAR(64) NOT NULL,
                etag TEXT,
                modified TEXT,
                sync_token TEXT,
                version BIGINT NOT NULL,
                synced_at BIGINT NOT NULL
            )",
            "CREATE TABLE IF NOT EXISTS calendar_events (
                id VARCHAR(64) NOT NULL PRIMARY KEY,
                calendar VARCHAR(64) NOT NULL REFERENCES calendars (id),
                resource TEXT NOT NULL,
                etag TEXT NOT NULL,
                uid TEXT NOT NULL,
                recurrence_id TEXT NOT NULL,
                sequence BIGINT NOT NULL,
                starts TEXT NOT NULL,
                ends TEXT NOT NULL,
                zone TEXT NOT NULL,
                rrule TEXT NOT NULL,
                summary TEXT NOT NULL,
                status TEXT NOT NULL,
                component TEXT NOT NULL,
                digest VARCHAR(64) NOT NULL,
                changed_at BIGINT NOT NULL
            )",
            "CREATE INDEX IF NOT EXISTS calendar_events_calendar ON calendar_events (calendar, starts)",
        ],
        Dialect::MySql => &[
            "CREATE TABLE IF NOT EXISTS calendars (
                id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
                name TEXT NOT NULL,
                source VARCHAR(64) NOT NULL,
                etag TEXT,
                modified TEXT,
                sync_token TEXT,
                version BIGINT NOT NULL,
                synced_at BIGINT NOT NULL
            ) CHARACTER SET utf8mb4",
            "CREATE TABLE IF NOT EXISTS calendar_events (
                id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
                calendar VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
                resource TEXT NOT NULL,
                etag TEXT NOT NULL,
                uid TEXT NOT NULL,
                recurrence_id TEXT NOT NULL,
                sequence BIGINT NOT NULL,
                starts TEXT NOT NULL,
                ends TEXT NOT NULL,
                zone TEXT NOT NULL,
                rrule TEXT NOT NULL,
                summary MEDIUMTEXT NOT NULL,
                status TEXT NOT NULL,
                component MEDIUMTEXT NOT NULL,
                digest VARCHAR(64) NOT NULL,
                changed_at BIGINT NOT NULL,
                INDEX calendar_events_calendar (calendar, starts(20)),
                FOREIGN KEY (calendar) REFERENCES calendars (id)
            ) CHARACTER SET utf8mb4",
        ],
    }
}

/// PostgreSQL numbers its placeholders.
pub fn numbered(dialect: Dialect, statement: &str) -> String {
    if dialect != Dialect::Postgres {
        return statement.to_owned();
    }
    let mut parts = statement.split('?');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for (index, part) in parts.enumerate() {
        text.push_str(&format!("${}", index + 1));
        text.push_str(part);
    }
    text
}

/// Deletes events by their keys.
pub fn delete(dialect: Dialect, rows: usize) -> String {
    numbered(dialect, &format!("DELETE FROM calendar_events WHERE id IN ({})", list(rows, "?")))
}

/// Inserts events, or replaces all that they say.
pub fn upsert(dialect: Dialect, rows: usize) -> String {
    let row = format!("({})", list(COLUMNS.len(), "?"));
    let (conflict, new) = match dialect {
        Dialect::Sqlite | Dialect::Postgres => ("ON CONFLICT (id) DO UPDATE SET", ["excluded.", ""]),
        Dialect::MySql => ("ON DUPLICATE KEY UPDATE", ["VALUES(", ")"]),
    };
    let columns = COLUMNS[1..].iter().map(|column| format!("{column} = {}{column}{}", new[0], new[1]));
    let columns = columns.collect::<Vec<_>>().join(", ");
    let (names, rows) = (COLUMNS.join(", "), list(rows, &row));
    numbered(dialect, &format!("INSERT INTO calendar_events ({names}) VALUES {rows} {conflict} {columns}"))
}

fn list(count: usize, item: &str) -> String {
    vec![item; count].join(", ")
}
