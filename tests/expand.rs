//! What `queuestack expand` prints: golden files, and that reading it again gives the same stack.
//! `UPDATE=1 cargo test --test expand` writes the golden files.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

#[allow(dead_code, reason = "each test uses its part")]
mod support;

use std::path::Path;

use queuestack::diagnostic::Severity;
use queuestack::report::yaml;

fn without_comments(text: &str) -> String {
    let lines = text.lines().map(|line| line.split(" # from ").next().unwrap_or(line));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn expanded_stacks_mean_what_they_meant() {
    let folders = ["stacks", "tests/fixtures/policies", "tests/fixtures/expand"];
    for file in folders.into_iter().flat_map(support::files) {
        let stack = support::valid(&file);
        let text = yaml::stack(&stack);
        let (again, out) = support::read(&text, &[("caller-API_KEY", "not shown")]);
        // Whoever made an alarm is gone from the text, and with it the reason why its silence is fine.
        let errors = out.iter().filter(|one| one.severity == Severity::Error);
        let found: Vec<_> = errors.map(|one| format!("{}: {}", one.code.id, one.message)).collect();
        let unread = |one: &&String| !one.contains("sets `caller-API_KEY`");
        assert_eq!(found.iter().filter(unread).count(), 0, "{}: {found:#?}\n{text}", file.display());
        assert_eq!(support::meaning(&again), support::meaning(&stack), "{}", file.display());
        assert_eq!(again.description, stack.description);
        assert_eq!(again.ignore_tags, stack.ignore_tags);
        assert_eq!((&again.accounts, &again.regions), (&stack.accounts, &stack.regions));
        let ends = |stack: &queuestack::model::Stack| {
            stack.moved.iter().map(|one| (one.from.clone(), one.to.clone())).collect::<Vec<_>>()
        };
        assert_eq!(ends(&again), ends(&stack));
        assert_eq!(without_comments(&yaml::stack(&again)), without_comments(&text), "{}", file.display());
    }
}

#[test]
fn golden_files() {
    for file in support::files("stacks") {
        let name = file.file_name().unwrap();
        let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/expand").join(name);
        support::golden(&golden, &yaml::stack(&support::valid(&file)));
    }
}

#[test]
fn secrets_and_ownership_are_not_printed() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/expand/odd.yaml");
    let text = yaml::stack(&support::valid(&file));
    assert!(!text.contains("not shown\n") && text.contains("API_KEY: \"${caller-API_KEY}\""), "{text}");
    assert!(!text.contains("queuestack:"), "{text}");
    assert!(!text.contains("workers:"), "{text}");
}
