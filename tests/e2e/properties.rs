//! Any valid stack converges, and any two under one name leave nothing of the first behind.

mod generator;

use std::cell::Cell;
use std::collections::BTreeSet;

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use queuestack::gaps::Gaps;

use crate::support::{Account, Output, StackFile, emulator, run, stub};
use generator::{Sample, stacks};

/// Sections beyond queues and alarms, with the kinds that come from them; the stub has none of them.
const FURTHER: [(&str, &[&str]); 5] = [
    ("topics", &["topic", "subscription"]),
    ("buses", &["bus"]),
    ("rules", &["rule"]),
    ("apis", &["http_api"]),
    ("tables", &["table"]),
];

/// Runs a property over `cases` samples, the same ones every time.
fn check<S: Strategy>(cases: u32, strategy: &S, property: impl Fn(S::Value) -> Result<(), TestCaseError>) {
    let config = Config { cases, failure_persistence: None, max_shrink_time: 30_000, ..Config::default() };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    TestRunner::new_with_rng(config, rng).run(strategy, property).unwrap_or_else(|error| panic!("{error}"));
}

/// Fails the case, with all that was printed, unless the command exits with 0.
fn succeeds(output: Output, sample: &Sample) -> Result<Output, TestCaseError> {
    if output.code == Some(0) {
        return Ok(output);
    }
    let Output { code, stdout, stderr } = output;
    Err(TestCaseError::fail(format!("exit {code:?}\n{stdout}{stderr}{sample:?}")))
}

/// Applies a sample and expects the next plan to be empty and the account to hold it and nothing else of the stack.
fn settles(endpoint: &str, file: &StackFile, stack: &str, sample: &Sample) -> Result<(), TestCaseError> {
    file.write(&sample.yaml(stack));
    succeeds(run(endpoint, &["apply", file.path(), "--yes"]), sample)?;
    succeeds(run(endpoint, &["plan", file.path(), "--detailed-exitcode"]), sample)?;
    let expanded = succeeds(run_expand(file), sample)?.json();
    let resources = expanded["resources"].as_object().unwrap();
    let account = Account::new(endpoint);
    for kind in sample.kinds() {
        let of_kind = resources.iter().filter(|(address, _)| address.starts_with(&format!("{kind}.")));
        let named: BTreeSet<_> = of_kind.map(|(_, resource)| resource["name"].as_str().unwrap().to_owned()).collect();
        let found = account.names_of(kind, stack);
        if found != named {
            return Err(TestCaseError::fail(format!("{found:?} is there\n{sample:?}")));
        }
    }
    Ok(())
}

fn run_expand(file: &StackFile) -> Output {
    crate::support::Run::new(&["expand", file.path(), "--json"]).output()
}

/// One after the other under one name: each settles on what the one before has left.
fn sequence(endpoint: &str, stack: &str, cases: u32, sections: &[&'static str]) {
    let file = StackFile::new(stack, "");
    let count = Cell::new(0);
    check(cases, &(stacks(sections), stacks(sections)), |(first, second)| {
        let name = format!("{stack}-{}", count.replace(count.get() + 1));
        settles(endpoint, &file, &name, &first)?;
        settles(endpoint, &file, &name, &second)?;
        succeeds(run(endpoint, &["destroy", file.path(), "--yes"]), &second)?;
        let account = Account::new(endpoint);
        for kind in second.kinds() {
            assert_eq!(account.names_of(kind, &name), BTreeSet::new());
        }
        Ok(())
    });
}

#[test]
fn any_two_stacks_in_turn_on_the_stub() {
    sequence(&stub(0).endpoint(), "turns", 120, &[]);
}

#[test]
fn any_two_stacks_in_turn_on_the_emulator() {
    let gaps = Gaps::of(Some(&emulator::name()));
    let there = FURTHER
        .iter()
        .filter(|(_, kinds)| kinds.iter().all(|kind| gaps.lacks(kind).is_none()))
        .map(|(section, _)| *section);
    sequence(emulator::endpoint(), "emulated-turns", emulator::rounds(30), &there.collect::<Vec<_>>());
}
