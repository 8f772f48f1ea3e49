//! A plan as text and as JSON. Only what changes is printed; the unchanged is counted.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use serde_json::json;

use super::redact::redact;
use crate::model::Attributes;
use crate::plan::{Action, Change, Plan, Step};
use crate::value::Value;

const GREEN: Style = AnsiColor::Green.on_default();
const YELLOW: Style = AnsiColor::Yellow.on_default();
const RED: Style = AnsiColor::Red.on_default();
const DIM: Style = Style::new().dimmed();

/// The sign and colour of an action.
#[must_use]
pub fn sign(action: Action) -> (&'static str, Style) {
    match action {
        Action::Create => ("+", GREEN),
        Action::Update | Action::Adopt => ("~", YELLOW),
        Action::Replace => ("±", RED),
        Action::Delete => ("-", RED),
    }
}

/// The infinitive of an action.
#[must_use]
pub fn verb(action: Action) -> &'static str {
    match action {
        Action::Create => "create",
        Action::Update => "update",
        Action::Adopt => "adopt",
        Action::Replace => "replace",
        Action::Delete => "delete",
    }
}

/// Renders a plan for a person.
#[must_use]
pub fn text(plan: &Plan) -> String {
    let mut text = String::new();
    for step in &plan.steps {
        write_step(&mut text, step);
    }
    if plan.steps.last().is_some_and(|step| step.changes.is_empty()) {
        text.push('\n');
    }
    for note in &plan.notes {
        let _ = writeln!(text, "{DIM}note: {note}{DIM:#}");
    }
    if !plan.notes.is_empty() {
        text.push('\n');
    }
    let _ = writeln!(text, "{}", summary(plan));
    text
}

/// The last line of a plan.
#[must_use]
pub fn summary(plan: &Plan) -> String {
    let unchanged = format!("{} unchanged", plan.unchanged);
    if plan.steps.is_empty() {
        return format!("Nothing to do: {unchanged}.");
    }
    let actions = [Action::Create, Action::Adopt, Action::Update, Action::Replace, Action::Delete];
    let counts = actions.iter().map(|action| (plan.count(*action), verb(*action)));
    let mut parts: Vec<String> =
        counts.filter(|(count, _)| *count > 0).map(|(count, verb)| format!("{count} to {verb}")).collect();
    parts.push(unchanged);
    format!("Plan: {}.", parts.join(", "))
}

fn write_step(text: &mut String, step: &Step) {
    let (sign, style) = sign(step.action);
    let called = match step.found.as_ref().filter(|found| found.name != step.name) {
        Some(found) => format!(" ({} → {})", found.name, step.name),
        None if step.address.name == step.name => String::new(),
        None => format!(" ({})", step.name),
    };
    let _ = writeln!(text, "{style}{sign} {}{style:#}{called}  {}", step.address, verb(step.action));
    let width = step.changes.iter().map(|change| label(change).chars().count()).max().unwrap_or(0);
    for change in &step.changes {
        let _ = writeln!(text, "    {:width$}  {}", label(change), shown(step, change));
    }
    if let Some(loss) = &step.loss {
        let consent =
            if step.consent { "allowed".to_owned() } else { format!("needs --allow-data-loss {}", step.address) };
        let _ = writeln!(text, "    {RED}loses {loss} ({consent}){RED:#}");
    }
    if !step.changes.is_empty() {
        text.push('\n');
    }
}

fn label(change: &Change) -> String {
    if change.is_tag() { format!("tags.{}", change.key) } else { change.key.clone() }
}

fn shown(step: &Step, change: &Change) -> String {
    let show = |value: &Value| show(step, change, value);
    let mut line = if step.action == Action::Create {
        show(&change.after)
    } else {
        format!("{} → {}", show(&change.before), show(&change.after))
    };
    if change.replaces {
        let _ = write!(line, "  {RED}forces a replacement{RED:#}");
    }
    if let Some(loses) = change.loses {
        let _ = write!(line, "  {RED}loses {loses}{RED:#}");
    }
    line
}

/// Takes out of a value what must not be shown.
fn redacted(step: &Step, change: &Change, value: &Value) -> Value {
    let nothing = Attributes::new();
    let attributes = step.desired.as_ref().map_or(&nothing, |desired| &desired.attributes);
    change.row.map_or_else(|| value.clone(), |row| redact(row, value, attributes))
}

/// Shows a value as in YAML.
fn show(step: &Step, change: &Change, value: &Value) -> String {
    match change.row {
        Some(row) => row.show(&redacted(step, change, value)),
        None if value.is_null() => "(none)".to_owned(),
        None => value.plain(),
    }
}

/// Renders a plan for a machine.
#[must_use]
pub fn json(plan: &Plan) -> serde_json::Value {
    json!({
        "steps": plan.steps.iter().map(step_json).collect::<Vec<_>>(),
        "unchanged": plan.unchanged,
        "conflicts": plan.conflicts,
        "notes": plan.notes,
        "summary": summary(plan),
    })
}

fn step_json(step: &Step) -> serde_json::Value {
    let changes = step.changes.iter().map(|change| {
        let value = |value: &Value| redacted(step, change, value).to_json();
        json!({
            "attribute": label(change),
            "before": value(&change.before),
            "after": value(&change.after),
            "replaces": change.replaces,
            "loses": change.loses,
        })
    });
    json!({
        "address": step.address,
        "name": step.name,
        "action": step.action,
        "changes": changes.collect::<Vec<_>>(),
        "loses": step.loss,
        "fingerprint": step.fingerprint,
    })
}
