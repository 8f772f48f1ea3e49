//! A program that describes a stack is its own command line. It runs itself, once for each thing that is looked at:
//! `UPDATE=1 cargo test --test construct_app` writes the golden file.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../stacks/calendar.rs"]
#[allow(dead_code, reason = "its main is this program's")]
mod calendar;
#[path = "../stacks/orders.rs"]
#[allow(dead_code, reason = "its main is this program's")]
mod orders;
#[path = "../benches/support/stub/mod.rs"]
mod stub;
#[allow(dead_code, reason = "each test uses its part")]
mod support;
#[path = "construct/wrong.rs"]
mod wrong;

use std::path::Path;
use std::process::{Command, ExitCode, Output};
use std::time::Duration;

/// Says which stack this process describes.
const APP: &str = "CONSTRUCT_APP";

fn main() -> ExitCode {
    match std::env::var(APP).as_deref() {
        Ok("calendar") => return queuestack::main(calendar::stack()),
        Ok("orders") => return queuestack::main(orders::stack()),
        Ok("wrong") => return queuestack::main(wrong::stack()),
        _ => {}
    }
    let tests: &[(&str, fn())] = &[
        ("synth_prints_the_stack_file", synth_prints_the_stack_file),
        ("verbs_take_no_file", verbs_take_no_file),
        ("what_a_program_applies_is_what_the_stack_file_says", what_a_program_applies_is_what_the_stack_file_says),
        ("mistakes_are_told_at_their_lines", mistakes_are_told_at_their_lines),
        ("findings_are_told_to_machines", findings_are_told_to_machines),
    ];
    // As the standard harness says it, for those who count.
    tests.iter().for_each(|(name, test)| {
        test();
        println!("test {name} ... ok");
    });
    println!("\ntest result: ok. {} passed; 0 failed; 0 ignored", tests.len());
    ExitCode::SUCCESS
}

fn run(app: &str, folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.env_clear().env(APP, app).current_dir(folder).args(arguments).output().unwrap()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[track_caller]
fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

/// Texts are the same but for who made what, which a stack file says in comments.
fn synth_prints_the_stack_file() {
    let output = run("calendar", root(), &["synth"]);
    assert!(output.status.success(), "{}", text(output.stderr));
    let golden = std::fs::read_to_string(root().join("tests/golden/expand/calendar.yaml")).unwrap();
    assert_eq!(text(output.stdout), golden);
}

fn verbs_take_no_file() {
    let output = run("calendar", root(), &["validate", "--deny", "warnings"]);
    assert_eq!(
        (output.status.code(), text(output.stdout).as_str()),
        (Some(0), "calendar: 24 resources, no findings\n")
    );
    let output = run("calendar", root(), &["plan", "stacks/orders.yaml"]);
    let said = text(output.stderr);
    assert!(output.status.code() == Some(1) && said.contains("describes the stack `calendar` alone"), "{said}");
    let output = run("calendar", root(), &["validate", "--var", "a=b"]);
    let said = text(output.stderr);
    assert!(output.status.code() == Some(1) && said.contains("this stack is written in Rust"), "{said}");
    for verb in ["validate", "plan", "apply", "build", "destroy", "expand", "dev", "load"] {
        let help = text(run("calendar", root(), &[verb, "--help"]).stdout);
        assert!(help.contains("Usage:") && !help.contains("STACK]") && !help.contains("<STACK>"), "{help}");
        assert!(!help.contains("--var"), "{help}");
    }
}

/// After the program's apply there is nothing left to do for the stack file.
fn what_a_program_applies_is_what_the_stack_file_says() {
    let stub = stub::Stub::start(Duration::ZERO).unwrap();
    let at = ["--endpoint", &stub.endpoint()];
    let plan = Path::new(env!("CARGO_TARGET_TMPDIR")).join("construct_app.qsp");
    let plan = plan.to_str().unwrap();
    let output = run("orders", root(), &[&["apply", "--yes"][..], &at].concat());
    assert!(output.status.success(), "{}", text(output.stderr));
    let output = run("orders", root(), &[&["destroy", "--yes"][..], &at].concat());
    assert!(output.status.success(), "{}", text(output.stderr));
    let output = run("orders", root(), &[&["plan", "--out", plan][..], &at].concat());
    assert!(output.status.success(), "{}", text(output.stderr));
    let output = run("orders", root(), &[&["apply", plan][..], &at].concat());
    assert!(output.status.success(), "{}", text(output.stderr));
    let mut command = Command::new(env!("CARGO_BIN_EXE_queuestack"));
    command.env_clear().current_dir(root()).args(["plan", "stacks/orders.yaml", "--detailed-exitcode"]);
    let output = command.args(["--endpoint", &stub.endpoint()]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}{}", text(output.stdout), text(output.stderr));
    let output = run("orders", root(), &["destroy", "--yes", "--endpoint", &stub.endpoint()]);
    assert!(output.status.success(), "{}", text(output.stderr));
}

fn mistakes_are_told_at_their_lines() {
    let output = run("wrong", root(), &["validate"]);
    assert_eq!(output.status.code(), Some(1));
    support::golden(&root().join("tests/construct/wrong.stderr"), &text(output.stderr));
    // Where the source is not at hand, the place is all there is.
    let output = run("wrong", &root().join("tests"), &["plan"]);
    let said = text(output.stderr);
    assert!(said.contains("--> tests/construct/wrong.rs:24:"), "{said}");
    assert!(said.contains("in wrong/acme/jobs"), "{said}");
}

fn findings_are_told_to_machines() {
    let output = run("wrong", root(), &["validate", "--json"]);
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let findings = document["diagnostics"].as_array().unwrap();
    let one = findings.iter().find(|one| one["construct"] == "wrong/acme/jobs").unwrap();
    assert_eq!((&one["code"], &one["file"]), (&"QS004".into(), &"tests/construct/wrong.rs".into()));
    assert_eq!((&one["line"], &one["column"]), (&13.into(), &46.into()));
    assert_eq!(one["address"], "queue.acme-jobs");
    let said = text(run("wrong", root(), &["validate", "--format", "github"]).stdout);
    assert!(said.contains("::error file=tests/construct/wrong.rs,line=13,endLine=13,col=46,"), "{said}");
}
