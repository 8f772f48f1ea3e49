//! What things of YAML are called in Rust: one place for the builders' tables and for `queuestack convert`.

use crate::kind::{KINDS, Row, Type};

/// Words of Rust that are keys of rows.
const KEYWORDS: &[&str] = &["as", "const", "do", "dyn", "fn", "for", "if", "in", "let", "match", "ref", "type", "use"];

/// Names that say more than the key: (kind, dotted path, name).
const NAMED: &[(&str, &str, &str)] = &[
    ("queue", "redrive_allow.permission", "RedrivePermission"),
    ("queue", "alarms", "QueueAlarms"),
    ("queue", "alarms.dead_letters", "CountAlarm"),
    ("queue", "alarms.age", "AgeAlarm"),
    ("table", "partition_key.type", "KeyType"),
    ("table", "stream", "StreamView"),
    ("table", "indexes", "GlobalIndex"),
    ("table", "local_indexes", "LocalIndex"),
    ("topic", "tracing", "TopicTracing"),
    ("topic", "subscriptions", "Subscriber"),
    ("rule", "targets", "Target"),
    ("alarm", "metrics", "MetricQuery"),
    ("alarm", "unit", "MetricUnit"),
    ("alarm", "evaluation_window.type", "WindowType"),
    ("function", "logging.format", "LogFormat"),
    ("function", "logging.application_level", "LogLevel"),
    ("function", "logging.system_level", "SystemLogLevel"),
    ("http_api", "routes", "Route"),
    ("http_api", "routes.payload", "PayloadFormat"),
    ("worker", "grants", "Grant"),
    ("worker", "alarms", "WorkerAlarms"),
    ("worker", "alarms.duration", "DurationAlarm"),
];

/// `visibility_timeout` → `VisibilityTimeout`.
#[must_use]
pub fn camel(key: &str) -> String {
    let words = key.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.fold(String::new(), |name, word| {
        // Two numbers stay two: `x86_64` → `X86_64`.
        let digits = name.ends_with(|c: char| c.is_ascii_digit()) && word.starts_with(|c: char| c.is_ascii_digit());
        name + if digits { "_" } else { "" } + &word[..1].to_ascii_uppercase() + &word[1..]
    })
}

/// The method of a row: its key, with `_` behind it where that is a word of Rust's own.
#[must_use]
pub fn method(key: &str) -> String {
    if KEYWORDS.contains(&key) { format!("{key}_") } else { key.to_owned() }
}

/// Alarms whose threshold stands for them: `.backlog(1_000)`.
pub const BY_THRESHOLD: &[&str] = &["CountAlarm", "AgeAlarm", "DurationAlarm"];

/// A word of YAML as a variant; signs such as `>=` take the name in the API.
#[must_use]
pub fn variant((yaml, api): (&str, &str)) -> String {
    let named = yaml.starts_with(|c: char| c.is_ascii_alphabetic());
    if named { camel(yaml) } else { camel(api) }
}

/// A type of its own that a row needs.
#[derive(Debug)]
pub struct Named {
    /// The kind whose row needs it first.
    pub kind: &'static str,
    /// The first row that needs it.
    pub row: &'static Row,
    /// Words or an object.
    pub ty: &'static Type,
    /// What it is called.
    pub name: String,
    /// Whether `false` can stand in its place.
    pub off: bool,
}

/// The types of their own that the rows of all kinds need, in the order of the rows.
#[derive(Debug)]
pub struct Names(Vec<Named>);

impl Default for Names {
    fn default() -> Names {
        let mut names = Names(Vec::new());
        for kind in KINDS {
            names.collect(kind.name(), "", kind.rows());
        }
        names
    }
}

impl Names {
    fn collect(&mut self, kind: &'static str, path: &str, rows: &'static [Row]) {
        for row in rows {
            let path = if path.is_empty() { row.key.to_owned() } else { format!("{path}.{}", row.key) };
            let ty = match &row.ty {
                Type::List { of, .. } => of,
                ty => ty,
            };
            if let Type::Object(rows) = ty {
                self.collect(kind, &path, rows);
            }
            let off = row.is_short_form() && matches!(row.ty, Type::Object(_));
            match ty {
                Type::Object(_) | Type::Word(_) => self.add(kind, &path, row, ty, off),
                _ => {}
            }
        }
    }

    fn add(&mut self, kind: &'static str, path: &str, row: &'static Row, ty: &'static Type, off: bool) {
        if let Some(known) = self.0.iter_mut().find(|one| same(one.ty, ty)) {
            known.off |= off;
            return;
        }
        let named = NAMED.iter().find(|(of, at, _)| *of == kind && *at == path).map(|(_, _, name)| (*name).to_owned());
        let name = named.unwrap_or_else(|| {
            let name = camel(row.key);
            let taken =
                self.0.iter().any(|one| one.name == name) || KINDS.iter().any(|kind| camel(kind.name()) == name);
            if taken { camel(kind) + &name } else { name }
        });
        self.0.push(Named { kind, row, ty, name, off });
    }

    /// The name of a row's words or object.
    #[must_use]
    pub fn of(&self, ty: &Type) -> &str {
        self.0.iter().find(|one| same(one.ty, ty)).map_or("", |one| &one.name)
    }

    /// All that a kind needs first.
    pub fn of_kind(&self, kind: &str) -> impl Iterator<Item = &Named> {
        self.0.iter().filter(move |one| one.kind == kind)
    }
}

/// Tells whether two types take the same: equal tables may stand at different addresses.
fn same(a: &Type, b: &Type) -> bool {
    match (a, b) {
        (Type::Word(a), Type::Word(b)) => a == b,
        (Type::Object(a), Type::Object(b)) => format!("{a:?}") == format!("{b:?}"),
        _ => false,
    }
}
