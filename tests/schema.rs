//! The JSON Schema and the bundled stacks agree: `UPDATE=1 cargo test --test schema` rewrites the schema file.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};

use jsonschema::Validator;
use serde_json::Value;

const MODELINE: &str = "# yaml-language-server: $schema=stack.schema.json\n";

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn yaml(path: &Path) -> Value {
    serde_saphyr::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn validator() -> Validator {
    jsonschema::validator_for(&queuestack::schema::schema()).unwrap()
}

#[test]
fn the_schema_file_is_what_the_rows_give() {
    let path = folder("stacks/stack.schema.json");
    let made = format!("{:#}\n", queuestack::schema::schema());
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == made,
        "stacks/stack.schema.json is not what `queuestack schema` prints: run this test with UPDATE=1"
    );
}

#[test]
fn bundled_stacks_carry_the_modeline_and_validate() {
    let validator = validator();
    let mut count = 0;
    for entry in std::fs::read_dir(folder("stacks")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "yaml") {
            continue;
        }
        count += 1;
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.starts_with(MODELINE), "{} has no modeline", path.display());
        let errors: Vec<String> =
            validator.iter_errors(&yaml(&path)).map(|error| format!("{error} at {}", error.instance_path)).collect();
        assert!(errors.is_empty(), "{}: {errors:#?}", path.display());
    }
    assert!(count >= 4);
}

/// What an editor can tell without running anything.
#[test]
fn what_is_plainly_wrong_does_not_validate() {
    let validator = validator();
    for name in [
        "key-unknown-at-the-top",
        "key-unknown-in-a-queue",
        "key-unknown-nested",
        "key-unknown-in-defaults",
        "key-unknown-in-a-variable",
        "list-at-the-top",
        "logical-name-bad",
        "range-exceeded",
        "section-not-a-mapping",
        "stack-name-missing",
        "type-wrong",
        "unit-unreadable",
        "word-unknown",
    ] {
        let path = folder("tests/invalid").join(name).with_extension("yaml");
        assert!(!validator.is_valid(&yaml(&path)), "{name} validates");
    }
}
