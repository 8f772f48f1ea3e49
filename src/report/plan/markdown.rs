//! A plan as the comment of a pull request.
//!
//! The first line is a marker that nobody sees: whoever posts the comment finds the one of the last run by it and
//! updates it.

use std::fmt::Write as _;

use super::parts::parts;
use super::text::changes;
use super::{Told, called, label, losing, one_line, since, summary, warning, words};
use crate::diagnostic::Diagnostic;
use crate::plan::{Action, Change, Plan, Step};

/// As many characters as are printed; GitHub takes 65 536.
pub const MOST_CHARACTERS: usize = 65_000;
/// As many characters of one value as anybody reads.
const MOST_OF_A_VALUE: usize = 2_000;
/// Room for what stands after the steps: the line that says what was cut, and the end of the block.
const END: usize = 400;

/// Renders every stack as a comment, within `most` characters together.
#[must_use]
pub fn markdown(all: &[Told], most: usize) -> String {
    let mut text = String::new();
    for (index, told) in all.iter().enumerate() {
        // What earlier stacks left unused is there for the later ones.
        let left = most.saturating_sub(text.chars().count()) / (all.len() - index);
        text += &comment(told, left.saturating_sub(1));
        if index + 1 < all.len() {
            text.push('\n');
        }
    }
    text
}

fn comment(told: &Told, most: usize) -> String {
    let mut text = format!(
        "<!-- queuestack:{}:{} -->\n### queuestack {}: `{}`\n\n",
        told.verb,
        told.name(),
        told.verb,
        told.name()
    );
    if let Some(planned) = &told.planned {
        let plan = &planned.plan;
        let _ = writeln!(text, "{}", headline(plan));
        let _ = writeln!(text, "\nOn {}, {}. {}", planned.words, planned.place, summary(told.verb, plan));
    }
    problems(&mut text, told, most / 4);
    let Some(planned) = told.planned.as_ref().filter(|planned| !planned.plan.steps.is_empty()) else { return text };
    let steps: Vec<String> = planned.plan.steps.iter().map(|step| block(told, step)).collect();
    // A value may have any run of backticks: the fence is longer.
    let fence = "`".repeat(steps.iter().map(|step| longest_run(step)).max().unwrap_or(0).max(2) + 1);
    let _ = write!(text, "\n<details><summary>{}</summary>\n\n{fence}diff\n", counted(steps.len(), "step"));
    let mut left = most.saturating_sub(text.chars().count() + 2 * fence.len() + END);
    let mut cut = 0;
    for (index, step) in steps.iter().enumerate() {
        let length = step.chars().count();
        if length > left {
            cut = steps.len() - index;
            break;
        }
        left -= length;
        text += step;
    }
    let _ = writeln!(text, "{fence}\n\n</details>");
    if cut > 0 {
        let of = steps.len();
        let _ = writeln!(
            text,
            "\n**{cut} of {of} steps are not shown**: a comment has at most {most} characters. `queuestack {} {}` shows all.",
            told.verb, told.file
        );
    }
    for note in &planned.plan.notes {
        let _ = writeln!(text, "\n*Note: {note}*");
    }
    text
}

/// `**+2 ~1 −0**, ⚠ 1 destructive`.
fn headline(plan: &Plan) -> String {
    let changed = plan.count(Action::Update) + plan.count(Action::Adopt);
    let mut line = format!("**+{} ~{changed} −{}", plan.count(Action::Create), plan.count(Action::Delete));
    if plan.count(Action::Replace) > 0 {
        let _ = write!(line, " ±{}", plan.count(Action::Replace));
    }
    line += "**";
    if plan.destructive() > 0 {
        let _ = write!(line, ", ⚠ {} destructive", plan.destructive());
    }
    line
}

/// What stands in the way and what is to be known before merging, each a line.
fn problems(text: &mut String, told: &Told, most: usize) {
    let mut lines = Vec::new();
    for line in told.error.iter().flat_map(|error| error.to_string().lines().map(str::to_owned).collect::<Vec<_>>()) {
        lines.push(format!("- ❌ {}", one_line(&line)));
    }
    lines.extend(told.findings.iter().map(|finding| format!("- {}", finding_line(finding, told))));
    let steps = told.planned.iter().flat_map(|planned| &planned.plan.steps).filter(|step| step.is_destructive());
    let shown = |step| format!("- ⚠ {}", warning(step));
    lines.extend(steps.filter(|_| told.verb != "drift").map(shown));
    if lines.is_empty() {
        return;
    }
    text.push('\n');
    let begin = text.chars().count();
    for (index, line) in lines.iter().enumerate() {
        if text.chars().count() - begin + line.chars().count() > most {
            let _ = writeln!(text, "- … and {} more", lines.len() - index);
            return;
        }
        let _ = writeln!(text, "{line}");
    }
}

fn finding_line(finding: &Diagnostic, told: &Told) -> String {
    let (path, position) = finding.position(&told.stack.source);
    let file = if finding.place.is_some() { path } else { &told.file };
    let place = position.map_or_else(String::new, |[(line, column), _]| format!(":{line}:{column}"));
    let message = one_line(&finding.message);
    format!("{}[{}] `{file}{place}`: {message}. {}", finding.severity, finding.code.id, one_line(finding.fix()))
}

/// One step, as the lines of a diff.
fn block(told: &Told, step: &Step) -> String {
    let mut text = format!("@@ {} {}{}", words(told, step.action), step.address, one_line(&called(step)));
    if let Some(from) = step.moved_from() {
        let _ = write!(text, ", moved from {from}");
    }
    if let Some(since) = since(told, step) {
        let _ = write!(text, ", last changed {since}");
    }
    text += " @@\n";
    // That a new resource is ours is no news.
    let news =
        |change: &&Change| step.action != Action::Create || !(change.is_tag() && change.key.starts_with("queuestack:"));
    for change in changes(told, step).iter().filter(news) {
        let label = label(change);
        for part in parts(step, change) {
            let lines = [("-", part.before), ("+", part.after)];
            for (sign, value) in lines.into_iter().filter_map(|(sign, value)| Some((sign, value?))) {
                let _ = writeln!(text, "{sign} {label}{}: {}", part.path, short(&value));
            }
        }
        if change.replaces {
            let _ = writeln!(text, "! {label} forces a replacement");
        }
        if let Some(loses) = change.loses {
            let _ = writeln!(text, "! {label} loses {loses}");
        }
    }
    if step.action == Action::Delete {
        let _ = writeln!(text, "- {}", one_line(&step.name));
    }
    if let Some(losing) = losing(step).filter(|_| told.verb != "drift") {
        let _ = writeln!(text, "! {}", one_line(&losing));
    }
    text
}

fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

fn short(text: &str) -> String {
    let length = text.chars().count();
    if length <= MOST_OF_A_VALUE {
        return text.to_owned();
    }
    let shown: String = text.chars().take(MOST_OF_A_VALUE).collect();
    format!("{shown}… ({} more characters)", length - MOST_OF_A_VALUE)
}

/// The longest run of backticks.
fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}
