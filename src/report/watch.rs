//! A stack at work, for a person: a table that is drawn again, and what the workers log above it.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Write as _;
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Map, Value};

use crate::dev::{Said, View};

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const RED: Style = AnsiColor::Red.on_default();

/// Counters that are shown for every worker, in this order; others follow by name.
const COUNTERS: &[&str] = &["Processed", "Failed", "Retried", "DeadLettered", "Duplicate"];

/// Shows views on standard error: redrawn on a terminal, when something changed elsewhere.
pub struct Screen {
    bar: ProgressBar,
    terminal: bool,
    last: String,
}

impl Screen {
    /// Makes a screen.
    #[must_use]
    pub fn new(terminal: bool) -> Screen {
        let bar = if terminal { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
        if let Ok(style) =
            ProgressStyle::with_template("{msg}\n{spinner} {elapsed}  Ctrl-C ends the watch; what is up stays up")
        {
            bar.set_style(style);
        }
        if terminal {
            bar.enable_steady_tick(Duration::from_millis(250));
        }
        Screen { bar, terminal, last: String::new() }
    }

    /// Shows one view; `dead` are the queues that hold dead letters.
    pub fn show(&mut self, view: &View, dead: &BTreeSet<String>) {
        for said in &view.said {
            self.say(&spoken(said));
        }
        let table = table(view, dead);
        if self.terminal {
            self.bar.set_message(table);
        } else if table != self.last {
            self.say(&table);
            self.last = table;
        }
    }

    /// Says a line above the table.
    pub fn say(&self, line: &str) {
        self.bar.suspend(|| _ = writeln!(anstream::stderr(), "{line}"));
    }

    /// Leaves the last table standing.
    pub fn end(&self) {
        self.bar.finish();
    }
}

/// Renders queues and workers as one table each.
#[must_use]
pub fn table(view: &View, dead: &BTreeSet<String>) -> String {
    let width = view.queues.keys().chain(view.counters.keys()).map(|name| name.chars().count()).max().unwrap_or(0);
    let mut text = format!("{BOLD}{:width$}  waiting  in flight  delayed{BOLD:#}\n", "queue");
    for (name, depth) in &view.queues {
        let style = if dead.contains(name) && depth.total() > 0 { RED } else { Style::new() };
        let note = if dead.contains(name) { "  dead letters" } else { "" };
        let (waiting, in_flight, delayed) = (depth.waiting, depth.in_flight, depth.delayed);
        let _ = writeln!(text, "{style}{name:width$}  {waiting:>7}  {in_flight:>9}  {delayed:>7}{note}{style:#}");
    }
    if view.counters.is_empty() {
        return text.trim_end().to_owned();
    }
    let columns = columns(view);
    let _ = write!(text, "{BOLD}{:width$}", "worker");
    for column in &columns {
        let _ = write!(text, "  {column}");
    }
    let _ = writeln!(text, "{BOLD:#}");
    for (name, counters) in &view.counters {
        let _ = write!(text, "{name:width$}");
        for column in &columns {
            let _ = write!(text, "  {:>1$}", counters.get(column).unwrap_or(&0), column.len());
        }
        text.push('\n');
    }
    text.trim_end().to_owned()
}

fn columns(view: &View) -> Vec<String> {
    let all: BTreeSet<&String> = view.counters.values().flat_map(|counters| counters.keys()).collect();
    let known = COUNTERS.iter().map(|name| (*name).to_owned());
    let others = all.into_iter().filter(|name| !COUNTERS.contains(&name.as_str())).cloned();
    known.chain(others).collect()
}

/// Writes a log line for a person: JSON as `LEVEL message key=value`, anything else as it is.
fn spoken(said: &Said) -> String {
    let by = said.by.rsplit('/').next().unwrap_or(&said.by);
    let words = match serde_json::from_str(&said.text) {
        Ok(Value::Object(map)) => from_json(&map),
        _ => said.text.clone(),
    };
    format!("{DIM}{by}:{DIM:#} {words}")
}

fn from_json(map: &Map<String, Value>) -> String {
    let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut words = Vec::new();
    let mut rest = Vec::new();
    let mut take = |map: &Map<String, Value>| {
        for (key, value) in map {
            match key.as_str() {
                "level" => words.insert(0, plain(value)),
                "message" | "msg" => words.push(plain(value)),
                "timestamp" | "time" | "target" | "span" | "spans" | "fields" => {}
                _ => rest.push(format!("{key}={}", plain(value))),
            }
        }
    };
    take(map);
    if let Some(Value::Object(fields)) = map.get("fields") {
        take(fields);
    }
    words.extend(rest);
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::kind::Depth;

    #[test]
    fn a_view_is_two_tables() {
        let queues = BTreeMap::from([
            ("jobs".to_owned(), Depth { waiting: 12, in_flight: 3, delayed: 0 }),
            ("jobs-dlq".to_owned(), Depth::default()),
        ]);
        let counters = BTreeMap::from([(
            "/aws/lambda/sync".to_owned(),
            BTreeMap::from([("Processed".to_owned(), 7), ("zebra".to_owned(), 1)]),
        )]);
        let view = View { queues, counters, said: Vec::new() };
        let table = table(&view, &BTreeSet::from(["jobs-dlq".to_owned()]));
        let table = anstream::adapter::strip_str(&table).to_string();
        let expected = "\
queue             waiting  in flight  delayed
jobs                   12          3        0
jobs-dlq                0          0        0  dead letters
worker            Processed  Failed  Retried  DeadLettered  Duplicate  zebra
/aws/lambda/sync          7       0        0             0          0      1";
        assert_eq!(table, expected);
    }

    #[test]
    fn json_is_spoken_and_text_is_kept() {
        let said = |text: &str| spoken(&Said { by: "/aws/lambda/sync".to_owned(), text: text.to_owned() });
        let json =
            r#"{"timestamp":"t","level":"WARN","fields":{"message":"put back","job":"a.b"},"target":"x","attempt":2}"#;
        assert!(said(json).ends_with(" WARN put back attempt=2 job=a.b"), "{}", said(json));
        assert!(said("plain text").ends_with(" plain text"));
    }
}
