//! `validate --format sarif` gives what the standard's own schema takes, for every file that is wrong.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Runs `validate` in the folder of the wrong files, on all of them.
fn validate(format: &str, files: &[String]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_queuestack"));
    command.current_dir(root("tests/invalid")).args(["validate", "--format", format]).args(files);
    let output = command.env_clear().output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8(output.stdout).unwrap()
}

fn files() -> Vec<String> {
    let entries = std::fs::read_dir(root("tests/invalid")).unwrap().map(|entry| entry.unwrap().file_name());
    let mut files: Vec<String> = entries.map(|name| name.into_string().unwrap()).collect();
    files.retain(|name| name.ends_with(".yaml"));
    files.sort();
    files
}

#[test]
fn the_log_is_sarif() {
    let schema = std::fs::read_to_string(root("tests/fixtures/sarif/sarif-schema-2.1.0.json")).unwrap();
    let schema: Value = serde_json::from_str(&schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let log: Value = serde_json::from_str(&validate("sarif", &files())).unwrap();
    let errors: Vec<String> =
        validator.iter_errors(&log).map(|error| format!("{error} at {}", error.instance_path)).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    // The schema does tell.
    let mut wrong = log.clone();
    wrong["runs"][0]["results"][0]["level"] = "fatal".into();
    assert!(!validator.is_valid(&wrong));

    let run = &log["runs"][0];
    let results = run["results"].as_array().unwrap();
    assert!(results.len() > 100, "{}", results.len());
    for result in results {
        let rule = &run["tool"]["driver"]["rules"][usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()];
        assert_eq!(rule["id"], result["ruleId"]);
    }
    let at = |file: &str| {
        results.iter().find(|one| one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == file)
    };
    let region = &at("key-unknown-in-a-queue.yaml").unwrap()["locations"][0]["physicalLocation"]["region"];
    assert!(region["startLine"].as_u64().unwrap() > 1 && region["endColumn"].as_u64() > region["startColumn"].as_u64());
}

#[test]
fn annotations_stay_on_their_lines() {
    let text = validate("github", &files());
    for line in text.lines() {
        assert!(line.starts_with("::error file=") || line.starts_with("::warning file="), "{line}");
        assert!(line.contains(",title=QS"), "{line}");
    }
    let one = validate("github", &["range-exceeded.yaml".to_owned()]);
    let golden = root("tests/golden/plan/findings.github.txt");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&golden, &one).unwrap();
    }
    assert_eq!(one, std::fs::read_to_string(golden).unwrap());
}
