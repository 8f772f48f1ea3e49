//! Stack files that are wrong, beside what is said of them: `UPDATE=1 cargo test --test invalid` rewrites.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use similar::TextDiff;

/// Codes that no file alone can provoke, each with the reason and the test that does.
const NO_FILE: &[(&str, &str)] = &[
    ("QS312", "the size of a zip is known once it is built: tests/e2e/buckets.rs"),
    ("QS313", "so is what it unpacks to: tests/e2e/buckets.rs"),
    ("QS060", "what the provider cannot say is found while rendering: tests/terraform.rs"),
    ("QS061", "what Terraform finds wrong is Terraform's to say: tests/terraform_live.rs"),
    ("QS062", "a secret is none of Terraform's, which rendering finds: tests/terraform.rs"),
    ("QS315", "whether a secret is there is the account's to say: tests/e2e/secrets.rs"),
    ("QS316", "so is whether it may be read: tests/e2e/secrets.rs"),
    ("QS501", "only a stack in Rust can say it: tests/construct.rs"),
    ("QS502", "so with this: tests/construct.rs"),
    ("QS503", "so with this: tests/construct.rs"),
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/invalid")
}

fn validate(folder: &Path, file: &str, more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_queuestack"));
    command.current_dir(folder).arg("validate").arg(file).args(more).env_clear().output().unwrap()
}

/// Returns what differs, unless the expected text is to be rewritten.
fn compare(path: &Path, actual: &str) -> Option<String> {
    let expected = std::fs::read_to_string(path).unwrap_or_default();
    if expected == actual {
        return None;
    }
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, actual).unwrap();
        return None;
    }
    let diff = TextDiff::from_lines(expected.as_str(), actual);
    Some(diff.unified_diff().header(&path.display().to_string(), "what is said now").to_string())
}

#[test]
fn every_wrong_file_is_told_what_is_wrong() {
    let folder = folder();
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut failures = String::new();
    let mut cases = 0;
    for file in files.iter().filter(|file| file.extension().is_some_and(|extension| extension == "yaml")) {
        cases += 1;
        let name = file.file_name().unwrap().to_str().unwrap();
        let output = validate(&folder, name, &[]);
        let stderr = String::from_utf8(output.stderr).unwrap();
        let errors = stderr.lines().any(|line| line.starts_with("error[QS"));
        let warnings = stderr.lines().any(|line| line.starts_with("warning[QS"));
        assert!(errors || warnings, "{name}: nothing is said of it");
        let expected = i32::from(errors);
        assert_eq!(output.status.code(), Some(expected), "{name}: the exit code");
        let denied = validate(&folder, name, &["--deny", "warnings"]);
        assert_eq!(denied.status.code(), Some(1), "{name}: the exit code under --deny warnings");
        if let Some(diff) = compare(&file.with_extension("stderr"), &stderr) {
            writeln!(failures, "{diff}").unwrap();
        }
    }
    assert!(failures.is_empty(), "{failures}");
    assert!(cases >= 45, "only {cases} cases");
}

#[test]
fn every_code_is_shown_by_a_file() {
    let said: String = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "stderr"))
        .map(|path| std::fs::read_to_string(path).unwrap())
        .collect();
    let codes = queuestack::rule::codes();
    let here = codes.iter().map(|code| code.id).filter(|id| !NO_FILE.iter().any(|(other, _)| other == id));
    let missing: Vec<_> = here.filter(|id| !said.contains(&format!("[{id}]"))).collect();
    assert!(missing.is_empty(), "no file in tests/invalid shows {missing:?}");
}

/// A file that is too large ends soon, and is not read to its end.
#[test]
fn a_huge_file_is_refused_at_once() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let text = "# nothing\n".repeat(6 << 20);
    std::fs::write(folder.join("huge.yaml"), text).unwrap();
    let begin = Instant::now();
    let output = validate(folder, "huge.yaml", &[]);
    assert!(begin.elapsed() < Duration::from_secs(2));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.starts_with("error[QS012]: the file is longer than 4MiB"), "{stderr}");
    assert_eq!(output.status.code(), Some(1));
}

/// The largest files that are read: many queues, or one value without end.
#[test]
fn large_files_are_read_in_bounded_time() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let queues: String = (0..1_000).fold(String::from("stack: large\nqueues:\n"), |mut text, index| {
        writeln!(
            text,
            "  queue-{index}: {{delay: 5s, redrive: {{max_receive_count: 5}}, alarms: {{dead_letters: {{}}}}}}"
        )
        .unwrap();
        text
    });
    let brackets = format!("stack: large\nqueues: {}", "[".repeat(3 << 20));
    let keys = (0..150_000).fold(String::from("stack: large\n"), |mut text, index| {
        writeln!(text, "key{index}: 1").unwrap();
        text
    });
    for (name, text, code) in [("queues.yaml", queues, 0), ("brackets.yaml", brackets, 1), ("keys.yaml", keys, 1)] {
        std::fs::write(folder.join(name), text).unwrap();
        let begin = Instant::now();
        let output = validate(folder, name, &[]);
        assert!(begin.elapsed() < Duration::from_secs(20), "{name} took {:?}", begin.elapsed());
        assert_eq!(output.status.code(), Some(code), "{name}");
    }
}
