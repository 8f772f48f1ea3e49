//! A plan as annotations of a GitHub workflow: lines that the runner reads.
//!
//! <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands>

use std::fmt::Write as _;

use super::{Told, summary, text, warning};
use crate::report::diagnostics;

/// Renders one stack: the plan in a group that folds, then an annotation for whatever somebody should look at.
#[must_use]
pub fn annotations(told: &Told) -> String {
    let mut out = String::new();
    if told.planned.is_some() {
        let plain = anstream::adapter::strip_str(&text(told)).to_string();
        let _ = write!(out, "::group::{} {}\n{plain}::endgroup::\n", told.verb, escape(told.name()));
    }
    out += &diagnostics::github(&told.findings, &told.stack.source);
    for step in told.planned.iter().flat_map(|planned| &planned.plan.steps).filter(|step| step.is_destructive()) {
        let span = told.stack.resources.get(&step.address).and_then(|resource| resource.span(""));
        let line = span.map(|span| told.stack.source.line_column(span.start).0);
        out += &annotation("warning", &told.file, line, "destructive", &warning(step).replace('`', ""));
    }
    if let Some(planned) = &told.planned {
        let message = format!("{}: {}", told.name(), summary(told.verb, &planned.plan));
        out += &annotation("notice", &told.file, None, told.verb, &message);
    }
    if let Some(error) = &told.error {
        out += &annotation("error", &told.file, None, told.verb, &error.to_string());
    }
    out
}

/// Writes one annotation, at a line of a file where it has one.
#[must_use]
pub fn annotation(level: &str, file: &str, line: Option<usize>, title: &str, message: &str) -> String {
    let line = line.map_or_else(String::new, |line| format!(",line={line}"));
    format!("::{level} file={}{line},title={}::{}\n", escape_property(file), escape_property(title), escape(message))
}

/// Escapes what would end the message of a workflow command.
#[must_use]
pub fn escape(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Escapes what would end a property of a workflow command.
#[must_use]
pub fn escape_property(text: &str) -> String {
    escape(text).replace(':', "%3A").replace(',', "%2C")
}
