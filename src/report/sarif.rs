//! Findings in SARIF 2.1.0, which code-scanning services read.
//!
//! <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity, Source};

/// What stays as it is in the path of a URI.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'.').remove(b'-').remove(b'_').remove(b'~');

/// Renders the findings of several files as one log.
#[must_use]
pub fn sarif(files: &[(Source, Diagnostics)]) -> Value {
    let codes = crate::rule::codes();
    let results: Vec<Value> = files
        .iter()
        .flat_map(|(source, findings)| findings.iter().map(|finding| result(finding, source, &codes)))
        .collect();
    json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "queuestack",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "informationUri": env!("CARGO_PKG_REPOSITORY"),
                "rules": codes.iter().map(|code| described(code)).collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

fn described(code: &Code) -> Value {
    json!({
        "id": code.id,
        "shortDescription": {"text": code.title},
        "fullDescription": {"text": code.reason},
        "help": {"text": code.fix},
        "helpUri": code.link,
        "defaultConfiguration": {"level": level(code.severity)},
    })
}

fn result(finding: &Diagnostic, source: &Source, codes: &[&'static Code]) -> Value {
    let (path, position) = finding.position(source);
    let uri = path.strip_prefix("./").unwrap_or(path).replace('\\', "/");
    let mut place = json!({"artifactLocation": {"uri": utf8_percent_encode(&uri, PATH).to_string()}});
    if let Some([(line, column), (end_line, end_column)]) = position {
        place["region"] =
            json!({"startLine": line, "startColumn": column, "endLine": end_line, "endColumn": end_column});
    }
    let mut location = json!({"physicalLocation": place});
    if let Some(address) = &finding.address {
        location["logicalLocations"] = json!([{"fullyQualifiedName": address}]);
    }
    json!({
        "ruleId": finding.code.id,
        "ruleIndex": codes.iter().position(|code| code.id == finding.code.id),
        "level": level(finding.severity),
        "message": {"text": format!("{}. {}", finding.message, finding.fix())},
        "locations": [location],
    })
}
