//! Findings as text with a source excerpt and a caret, and as JSON.

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use serde_json::json;

use super::plan::{escape, escape_property};
use crate::diagnostic::{Diagnostic, Diagnostics, Severity, Source};

/// As many findings as anybody reads at once; each is rendered against the whole file.
const MAX_SHOWN: usize = 100;

/// Renders the findings for a person, up to 100 of them; colours are stripped by the stream where they do not belong.
#[must_use]
pub fn text(diagnostics: &Diagnostics, source: &Source) -> String {
    let renderer = Renderer::styled();
    let text = source.shown();
    let findings = diagnostics.iter().take(MAX_SHOWN).map(|one| renderer.render(&[group(one, source, &text)]) + "\n\n");
    let shown: String = findings.collect();
    match diagnostics.iter().count().saturating_sub(MAX_SHOWN) {
        0 => shown,
        more => format!("{shown}… and {more} more; `queuestack validate --json` lists all\n\n"),
    }
}

fn group<'a>(diagnostic: &'a Diagnostic, source: &'a Source, text: &'a str) -> Group<'a> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level.primary_title(&diagnostic.message).id(diagnostic.code.id);
    let in_rust =
        diagnostic.place.as_ref().and_then(|place| Some((place.text.as_deref()?, &place.file, place.span()?)));
    let in_file = diagnostic.span.map(|span| (text, &source.path, span));
    let mut group = match (in_rust.or(in_file), &diagnostic.place) {
        (Some((text, path, span)), _) => {
            // A place in the middle of a character, or past the end, must not break the telling of it.
            let end = text.ceil_char_boundary(span.end.min(text.len()));
            let start = text.floor_char_boundary(span.start.min(end));
            let annotation = AnnotationKind::Primary.span(start..end);
            let annotation = if diagnostic.label.is_empty() { annotation } else { annotation.label(&diagnostic.label) };
            title.element(Snippet::source(text).path(path).annotation(annotation))
        }
        (None, Some(place)) => {
            let origin = Origin::path(&place.file).line(place.line).char_column(place.column);
            title.element(origin).element(Level::NOTE.message(format!("in {}", place.construct)))
        }
        (None, None) => title.element(Origin::path(&source.path)),
    };
    group = group.element(Level::NOTE.message(diagnostic.code.reason));
    group.element(Level::HELP.message(diagnostic.fix()))
}

/// Renders the findings as annotations of a GitHub workflow.
#[must_use]
pub fn github(diagnostics: &Diagnostics, source: &Source) -> String {
    let findings = diagnostics.iter().map(|one| {
        let (path, position) = one.position(source);
        let place = position.map_or_else(String::new, |[(line, column), (end_line, end_column)]| {
            format!(",line={line},endLine={end_line},col={column},endColumn={end_column}")
        });
        let file = escape_property(path);
        let message = escape(&format!("{}\n{}\n{}", one.message, one.code.reason, one.fix()));
        format!("::{} file={file}{place},title={}::{message}\n", one.severity, one.code.id)
    });
    findings.collect()
}

/// Renders all findings for a machine.
#[must_use]
pub fn json(diagnostics: &Diagnostics, source: &Source) -> serde_json::Value {
    let findings = diagnostics.iter().map(|diagnostic| {
        let (path, position) = diagnostic.position(source);
        let [place, end] = position.map_or([None; 2], |position| position.map(Some));
        json!({
            "code": diagnostic.code.id,
            "severity": diagnostic.severity,
            "message": diagnostic.message,
            "file": path,
            "construct": diagnostic.place.as_ref().map(|place| &place.construct),
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
