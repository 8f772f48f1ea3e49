//! Plans in every format. Only what changes is printed; the unchanged is counted.
//!
//! A format takes everything that is told of its stacks and gives text; nothing is printed here, and the same
//! stacks give the same bytes.

mod github;
mod json;
mod markdown;
mod parts;
mod text;

use std::sync::Arc;

use anstyle::{AnsiColor, Style};

use super::redact::{redact, redact_change};
use crate::diagnostic::Diagnostics;
use crate::error::Error;
use crate::model::{Attributes, Stack};
use crate::plan::{Action, Change, Plan, Step};
use crate::value::{Place, Value};

pub use github::{annotation, annotations, escape, escape_property};
pub use json::{FORMAT_VERSION, json, schema, step as step_json};
pub use markdown::{MOST_CHARACTERS, markdown};
pub use text::text;

const GREEN: Style = AnsiColor::Green.on_default();
const YELLOW: Style = AnsiColor::Yellow.on_default();
const RED: Style = AnsiColor::Red.on_default();
const DIM: Style = Style::new().dimmed();

/// Everything that is told of one stack.
#[derive(Debug, Default)]
pub struct Told {
    /// What is done: `plan`, `apply`, `destroy`, `drift`.
    pub verb: &'static str,
    /// The stack file, as the user wrote it.
    pub file: String,
    /// The stack; empty where its file could not be read.
    pub stack: Arc<Stack>,
    /// What is wrong with the file.
    pub findings: Diagnostics,
    /// The plan, where it came to one.
    pub planned: Option<Planned>,
    /// Why it cannot go on, if it cannot.
    pub error: Option<Error>,
}

/// A plan, and where it goes.
#[derive(Debug)]
pub struct Planned {
    /// The plan.
    pub plan: Plan,
    /// Where it goes, in words: `AWS (profile staging)`.
    pub words: String,
    /// Account and Region.
    pub place: Place,
    /// How many calls it took so far.
    pub calls: usize,
}

impl Told {
    /// What it is called: the stack's name, or the file where there is none.
    #[must_use]
    pub fn name(&self) -> &str {
        if self.stack.name.is_empty() { &self.file } else { &self.stack.name }
    }

    /// Tells whether anything would change.
    #[must_use]
    pub fn has_changes(&self) -> bool {
        self.planned.as_ref().is_some_and(|planned| !planned.plan.steps.is_empty())
    }
}

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

/// What a step is called: by drift as what was found, else as what is done.
fn words(told: &Told, action: Action) -> &'static str {
    match (told.verb, action) {
        ("drift", Action::Create) => "missing",
        ("drift", Action::Delete) => "not in the stack",
        ("drift", _) => "differs",
        (_, action) => verb(action),
    }
}

/// The last line of a plan.
#[must_use]
pub fn summary(verb: &str, plan: &Plan) -> String {
    let unchanged = format!("{} unchanged", plan.unchanged);
    if verb == "drift" {
        let differ = plan.count(Action::Update) + plan.count(Action::Adopt) + plan.count(Action::Replace);
        let counts = [(plan.count(Action::Create), "missing"), (plan.count(Action::Delete), "not in the stack")];
        let parts = counts.iter().filter(|(count, _)| *count > 0).map(|(count, words)| format!(", {count} {words}"));
        if plan.steps.is_empty() {
            return format!("No drift: {unchanged}.");
        }
        let verb = if differ == 1 { "differs" } else { "differ" };
        return format!("Drift: {differ} {verb}{}, {unchanged}.", parts.collect::<String>());
    }
    if plan.steps.is_empty() {
        return format!("Nothing to do: {unchanged}.");
    }
    let actions = [Action::Create, Action::Adopt, Action::Update, Action::Replace, Action::Delete];
    let counts = actions.iter().map(|action| (plan.count(*action), self::verb(*action)));
    let mut parts: Vec<String> =
        counts.filter(|(count, _)| *count > 0).map(|(count, verb)| format!("{count} to {verb}")).collect();
    parts.push(unchanged);
    format!("Plan: {}.", parts.join(", "))
}

/// The physical name where it is not the logical one, and both where it changes.
fn called(step: &Step) -> String {
    match step.found.as_ref().filter(|found| found.name != step.name) {
        Some(found) => format!(" ({} → {})", found.name, step.name),
        None if step.address.name == step.name => String::new(),
        None => format!(" ({})", step.name),
    }
}

/// What changes: the attribute, or `tags.` and the tag.
fn label(change: &Change) -> String {
    if change.is_tag() { format!("tags.{}", change.key) } else { change.key.clone() }
}

/// Takes out of a value what must not be shown.
fn redacted(step: &Step, change: &Change, value: &Value) -> Value {
    let nothing = Attributes::new();
    let attributes = step.desired.as_ref().map_or(&nothing, |desired| &desired.attributes);
    match change.row {
        // The two are never equal, so that the value itself tells which of them it is.
        Some(row) if *value == change.after => redact_change(row, &change.before, value, attributes),
        Some(row) => redact(row, value, attributes),
        None => value.clone(),
    }
}

/// Shows a value as in YAML, on one line.
fn show(step: &Step, change: &Change, value: &Value) -> String {
    match change.row {
        Some(row) => one_line(&row.show(&redacted(step, change, value))),
        None if value.is_null() => "(none)".to_owned(),
        None => one_line(&value.plain()),
    }
}

/// Keeps a text on its line: what terminals and workflow runners obey is written out.
pub fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() { line.extend(c.escape_default()) } else { line.push(c) }
    }
    line
}

/// What a step loses, and what to do to consent.
fn losing(step: &Step) -> Option<String> {
    let loss = step.loss.as_ref()?;
    if !step.needs_consent() {
        return Some(format!("loses {loss}"));
    }
    let consent = if step.consent { "allowed".to_owned() } else { format!("needs --allow-data-loss {}", step.address) };
    Some(format!("loses {loss} ({consent})"))
}

/// What somebody should know of a destructive step.
fn warning(step: &Step) -> String {
    let what = losing(step).unwrap_or_else(|| match step.action {
        Action::Delete => "is deleted".to_owned(),
        Action::Replace => "is replaced".to_owned(),
        _ => "keeps less than before".to_owned(),
    });
    format!("`{}`{} {}", step.address, one_line(&called(step)), one_line(&what))
}

/// When a resource that differs was last changed, as its service says.
fn since<'a>(told: &Told, step: &'a Step) -> Option<&'a str> {
    let modified = step.found.as_ref()?.facts.get(&crate::model::Fact::Modified)?;
    (told.verb == "drift").then_some(modified.as_str())
}
