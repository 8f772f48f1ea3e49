//! What an emulator gets wrong is told once by name, and stands in the table; everything else holds.

use std::path::Path;

use queuestack::gaps::Gaps;

use crate::support::{StackFile, emulator, run};

/// Every attribute that needs no artifact and nothing from outside; functions have tests of their own.
fn every() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/gaps/every.yaml");
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn every_attribute_holds_or_is_a_known_gap() {
    let endpoint = emulator::endpoint();
    let file = StackFile::new("gaps", &every());
    let gaps = Gaps::of(Some(&emulator::name()));
    run(endpoint, &["apply", file.path(), "--yes"]).exits(0);
    let plan = run(endpoint, &["plan", file.path(), "--detailed-exitcode", "--json"]).exits(0).json();
    let told: Vec<String> = serde_json::from_value(plan["notes"].clone()).unwrap();
    for note in &told {
        assert_eq!(told.iter().filter(|other| *other == note).count(), 1, "told once: {note}");
        let unreported = note.starts_with("the endpoint does not report ");
        assert!(unreported || gaps.notes().any(|known| known == *note), "not in the table: {note}");
    }
    run(endpoint, &["destroy", file.path(), "--yes"]).exits(0);
    run(endpoint, &["plan", file.path(), "--json"]).exits(0);
}
