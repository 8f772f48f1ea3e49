//! What was measured, as a table for people and as JSON for programs.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::measure::Times;

/// Everything that one run measured.
#[derive(Debug, Default)]
pub struct Report {
    /// Wall times side by side.
    pub rows: Vec<Row>,
    /// Single values with a limit.
    pub limits: Vec<Limit>,
    /// Requests by operation, under what made them.
    pub requests: Vec<(&'static str, BTreeMap<String, u64>)>,
    /// What was left out and why.
    pub notes: Vec<String>,
}

/// One thing, done by queuestack and by what it is compared with.
#[derive(Debug)]
pub struct Row {
    /// Where it ran.
    pub ground: &'static str,
    /// What was done.
    pub what: String,
    /// What queuestack is compared with.
    pub against: &'static str,
    /// The other side's times.
    pub other: Times,
    /// Queuestack's times.
    pub queuestack: Times,
    /// The greatest ratio of medians that is wanted.
    pub target: f64,
}

impl Row {
    /// Returns queuestack's median over the other side's.
    #[must_use]
    pub fn ratio(&self) -> f64 {
        self.queuestack.median() / self.other.median()
    }
}

/// One value that must stay under a limit.
#[derive(Debug)]
pub struct Limit {
    /// What the value is.
    pub what: String,
    /// The value.
    pub value: f64,
    /// The greatest value that is wanted.
    pub most: f64,
    /// The unit of both.
    pub unit: &'static str,
    /// Whether the value is a fact of the code and not of the machine, so that exceeding it fails every run.
    pub exact: bool,
}

impl Report {
    /// Says whether everything is within its target.
    #[must_use]
    pub fn is_within_targets(&self) -> bool {
        self.rows.iter().all(|row| row.ratio() <= row.target) && self.limits.iter().all(Limit::is_kept)
    }

    /// Says whether every value that does not depend on the machine is within its limit.
    #[must_use]
    pub fn is_within_exact_limits(&self) -> bool {
        self.limits.iter().all(|limit| !limit.exact || limit.is_kept())
    }

    /// Prints the report as tables.
    pub fn print(&self) {
        let wide = "wall time, process start to end, ms (min / median)";
        println!("{wide:<58} {:>16} {:>16} {:>6} {:>7}", "compared with", "queuestack", "ratio", "target");
        for row in &self.rows {
            let what = format!("{} ({}), against {}", row.what, row.ground, row.against);
            let (other, own) = (pair(&row.other), pair(&row.queuestack));
            let (ratio, target, over) = (row.ratio(), row.target, flag(row.ratio() <= row.target));
            println!("{what:<58} {other:>16} {own:>16} {ratio:>6.2} {target:>7.2}{over}");
        }
        println!("\n{:<58} {:>16} {:>16}", "single values", "value", "limit");
        for limit in &self.limits {
            let (value, most) = (format!("{:.1}", limit.value), format!("{:.0} {}", limit.most, limit.unit));
            println!("{:<58} {value:>16} {most:>16}{}", limit.what, flag(limit.is_kept()));
        }
        for (what, counts) in &self.requests {
            println!("\nrequests of {what}: {}", counts.values().sum::<u64>());
            for (operation, count) in counts {
                println!("  {count:>6} {operation}");
            }
        }
        for note in &self.notes {
            println!("\nnote: {note}");
        }
    }

    /// Returns the report as JSON; times are milliseconds.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let times = |times: &Times| json!({"min_ms": times.min(), "median_ms": times.median()});
        let row = |row: &Row| {
            json!({
                "what": row.what, "ground": row.ground, "against": row.against, "ratio": row.ratio(),
                "target": row.target, "other": times(&row.other), "queuestack": times(&row.queuestack),
            })
        };
        let limit = |limit: &Limit| {
            json!({
                "what": limit.what, "value": limit.value, "limit": limit.most, "unit": limit.unit,
                "kept": limit.is_kept(),
            })
        };
        json!({
            "times": self.rows.iter().map(row).collect::<Vec<_>>(),
            "limits": self.limits.iter().map(limit).collect::<Vec<_>>(),
            "requests": self.requests.iter().cloned().collect::<BTreeMap<_, _>>(),
            "notes": self.notes,
            "within_targets": self.is_within_targets(),
        })
    }
}

impl Limit {
    fn is_kept(&self) -> bool {
        self.value <= self.most
    }
}

fn pair(times: &Times) -> String {
    format!("{:.1} / {:.1}", times.min(), times.median())
}

fn flag(kept: bool) -> &'static str {
    if kept { "" } else { "  OVER" }
}
