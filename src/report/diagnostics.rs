//! Findings as text with a source excerpt and a caret, and as JSON.

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use serde_json::json;

use crate::diagnostic::{Diagnostic, Diagnostics, Severity, Source};

/// As many findings as anybody reads at once; each is rendered against the whole file.
const MAX_SHOWN: usize = 100;

/// Renders the findings for a person, up to 100 of them; colours are stripped by the stream where they do not belong.
#[must_use]
pub fn text(diagnostics: &Diagnostics, source: &Source) -> String {
    let renderer = Renderer::styled();
    let findings = diagnostics.iter().take(MAX_SHOWN).map(|one| renderer.render(&[group(one, source)]) + "\n\n");
    let shown: String = findings.collect();
    match diagnostics.iter().count().saturating_sub(MAX_SHOWN) {
        0 => shown,
        more => format!("{shown}… and {more} more; `queuestack validate --json` lists all\n\n"),
    }
}

fn group<'a>(diagnostic: &'a Diagnostic, source: &'a Source) -> Group<'a> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level.primary_title(&diagnostic.message).id(diagnostic.code.id);
    let mut group = match diagnostic.span {
        Some(span) => {
            // A place in the middle of a character, or past the end, must not break the telling of it.
            let end = source.text.ceil_char_boundary(span.end.min(source.text.len()));
            let start = source.text.floor_char_boundary(span.start.min(end));
            let annotation = AnnotationKind::Primary.span(start..end);
            let annotation = if diagnostic.label.is_empty() { annotation } else { annotation.label(&diagnostic.label) };
            title.element(Snippet::source(&source.text).path(&source.path).annotation(annotation))
        }
        None => title.element(Origin::path(&source.path)),
    };
    group = group.element(Level::NOTE.message(diagnostic.code.reason));
    group.element(Level::HELP.message(diagnostic.fix()))
}

/// Renders all findings for a machine.
#[must_use]
pub fn json(diagnostics: &Diagnostics, source: &Source) -> serde_json::Value {
    let findings = diagnostics.iter().map(|diagnostic| {
        let place = diagnostic.span.map(|span| source.line_column(span.start));
        let end = diagnostic.span.map(|span| source.line_column(span.end));
        json!({
            "code": diagnostic.code.id,
            "severity": diagnostic.severity,
            "message": diagnostic.message,
            "file": source.path,
            "line": place.map(|(line, _)| line),
            "column": place.map(|(_, column)| column),
            "end_line": end.map(|(line, _)| line),
            "end_column": end.map(|(_, column)| column),
            "address": diagnostic.address,
            "reason": diagnostic.code.reason,
            "help": diagnostic.fix(),
            "link": diagnostic.code.link,
        })
    });
    findings.collect()
}
