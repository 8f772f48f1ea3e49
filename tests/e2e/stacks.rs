//! Invariant 7 for the stacks of the repository: after an apply the plan is empty.

use std::path::Path;

use crate::support::{Account, emulator, run, stub};

const WITH_WORKERS: [&str; 2] = ["api.yaml", "calendar.yaml"];

#[test]
fn every_stack_of_the_repository_applies_plans_empty_and_is_destroyed() {
    let stub = stub(0);
    // Those with workers have tests of their own on the emulator.
    for endpoint in [stub.endpoint(), emulator::endpoint().to_owned()] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("stacks");
        let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        // The stub knows queues and alarms alone.
        let apart: &[&str] = if endpoint == stub.endpoint() { &["events.yaml"] } else { &[] };
        let files = files.filter(|path| path.extension().is_some_and(|end| end == "yaml"));
        let files = files.filter(|path| !WITH_WORKERS.iter().chain(apart).any(|with| path.ends_with(with)));
        for file in files {
            let (file, name) = (file.to_str().unwrap(), file.file_stem().unwrap().to_str().unwrap());
            run(&endpoint, &["apply", file, "--yes"]).exits(0);
            run(&endpoint, &["plan", file, "--detailed-exitcode"]).exits(0);
            run(&endpoint, &["destroy", file, "--yes"]).exits(0);
            let account = Account::new(&endpoint);
            let left = (account.queues_of(name), account.alarms_of(name), account.topics_of(name));
            assert_eq!(left, Default::default(), "{name}");
        }
    }
}
