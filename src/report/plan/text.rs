//! A plan for a person at a terminal.

use std::fmt::Write as _;

use super::{DIM, RED, Told, called, label, losing, show, sign, since, summary, words};
use crate::plan::{Action, Change, Step};

/// Renders a plan with the line that says where it goes; empty where there is none.
#[must_use]
pub fn text(told: &Told) -> String {
    let Some(planned) = &told.planned else { return String::new() };
    let plan = &planned.plan;
    let mut text = format!("{} {} on {}, {}\n\n", told.verb, told.name(), planned.words, planned.place);
    for step in &plan.steps {
        write_step(&mut text, told, step);
    }
    if plan.steps.last().is_some_and(|step| changes(told, step).is_empty()) {
        text.push('\n');
    }
    for note in &plan.notes {
        let _ = writeln!(text, "{DIM}note: {note}{DIM:#}");
    }
    if !plan.notes.is_empty() {
        text.push('\n');
    }
    let _ = writeln!(text, "{}", summary(told.verb, plan));
    text
}

fn write_step(text: &mut String, told: &Told, step: &Step) {
    let (sign, style) = sign(step.action);
    let _ = write!(text, "{style}{sign} {}{style:#}{}  {}", step.address, called(step), words(told, step.action));
    if let Some(from) = step.moved_from() {
        let _ = write!(text, ", moved from {from}");
    }
    if let Some(since) = since(told, step) {
        let _ = write!(text, " {DIM}(last changed {since}){DIM:#}");
    }
    text.push('\n');
    let width = step.changes.iter().map(|change| label(change).chars().count()).max().unwrap_or(0);
    let changes = changes(told, step);
    for change in changes {
        let _ = writeln!(text, "    {:width$}  {}", label(change), shown(told, step, change));
    }
    if let Some(losing) = losing(step).filter(|_| told.verb != "drift") {
        let _ = writeln!(text, "    {RED}{losing}{RED:#}");
    }
    if !changes.is_empty() {
        text.push('\n');
    }
}

/// Of what is missing, everything differs: that it is missing says it.
pub(super) fn changes<'a>(told: &Told, step: &'a Step) -> &'a [Change] {
    if told.verb == "drift" && step.action == Action::Create { &[] } else { &step.changes }
}

fn shown(told: &Told, step: &Step, change: &Change) -> String {
    let (before, after) = (show(step, change, &change.before), show(step, change, &change.after));
    if told.verb == "drift" {
        return format!("is {before}, in the stack {after}");
    }
    let mut line = if step.action == Action::Create { after } else { format!("{before} → {after}") };
    if change.replaces {
        let _ = write!(line, "  {RED}forces a replacement{RED:#}");
    }
    if let Some(loses) = change.loses {
        let _ = write!(line, "  {RED}loses {loses}{RED:#}");
    }
    line
}
