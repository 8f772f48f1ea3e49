//! A plan in every format, beside what it was when somebody last looked: `UPDATE=1` writes the golden files.

use std::path::Path;

use jsonschema::Validator;
use serde_json::Value;

use crate::support::{Account, Run, StackFile, emulator, folder, golden, run, stub};

const BEFORE: &str = "stack: formats
tags: {team: jobs}
queues:
  orders: {visibility_timeout: 30s, redrive: {max_receive_count: 3}, alarms: {dead_letters: {threshold: 1}}}
  old: {}
  kept: {message_retention: 4d}
  typed: {}
";
const AFTER: &str = r#"stack: formats
tags: {team: jobs}
alarms:
  formats-odd:
    description: "``` and\n::error::nothing of this is obeyed"
    metric: {namespace: N, name: M}
    statistic: sum
    threshold: 5
    comparison: ">="
    missing_data: missing
queues:
  orders: {visibility_timeout: 5m, redrive: {max_receive_count: 5}, alarms: {dead_letters: {threshold: 1}}}
  kept: {message_retention: 1d}
  typed: {name: typed.fifo, fifo: true}
  mails: {delay: 5s}
"#;

#[test]
fn every_format_is_as_it_was() {
    let stub = stub(0);
    let endpoint = stub.endpoint();
    let file = StackFile::new("formats", BEFORE);
    run(&endpoint, &["apply", file.path(), "--yes"]).exits(0);
    file.write(AFTER);
    let summary = Path::new(file.path()).with_file_name("summary.md");
    for (format, name) in
        [("text", "plan.txt"), ("json", "plan.json"), ("markdown", "plan.md"), ("github", "github.txt")]
    {
        let plan =
            Run::new(&["plan", file.path(), "--format", format]).env("GITHUB_STEP_SUMMARY", summary.to_str().unwrap());
        golden(&format!("plan/{name}"), &plan.at(&endpoint).output().exits(0).stdout, &endpoint, &file);
    }
    let markdown = run(&endpoint, &["plan", file.path(), "--format", "markdown"]).exits(0).stdout;
    assert_eq!(std::fs::read_to_string(&summary).unwrap(), format!("{markdown}\n"), "the summary is the comment");
    let json = run(&endpoint, &["plan", file.path(), "--json"]).exits(0).json();
    assert_eq!(json, run(&endpoint, &["plan", file.path(), "--format", "json"]).json(), "--json is an alias");
    let saved = Path::new(file.path()).with_file_name("formats.qsp").display().to_string();
    run(&endpoint, &["plan", file.path(), "--out", &saved]).exits(0);
    let saved = std::fs::read_to_string(saved).unwrap();
    golden("plan/saved.qsp", &without_digests(&saved), &endpoint, &file);
    for document in [json, serde_json::from_str(&saved).unwrap()] {
        let errors: Vec<String> =
            schema().iter_errors(&document).map(|error| format!("{error} at {}", error.instance_path)).collect();
        assert!(errors.is_empty(), "{errors:#?}");
    }
    run(&endpoint, &["drift", file.path(), "--format", "markdown"])
        .exits(2)
        .prints("<!-- queuestack:drift:formats -->");
}

/// The digests over the whole file depend on where the test runs.
fn without_digests(text: &str) -> String {
    let digest = |line: &str| line.trim_start().starts_with("\"digest\"");
    text.lines()
        .map(|line| if digest(line) { "  \"digest\": \"…\"\n".to_owned() } else { format!("{line}\n") })
        .collect()
}

fn schema() -> Validator {
    let schema = Run::new(&["schema", "plan"]).output().exits(0).json();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("stacks/plan.schema.json");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, format!("{schema:#}\n")).unwrap();
    }
    let kept: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert_eq!(kept, schema, "stacks/plan.schema.json is not what `queuestack schema plan` prints: UPDATE=1 writes it");
    jsonschema::validator_for(&schema).unwrap()
}

#[test]
fn a_comment_is_cut_where_github_would_refuse_it() {
    let stub = stub(0);
    let queues: String = (0..400).map(|index| format!("  queue-number-{index:03}: {{delay: 5s}}\n")).collect();
    let file = StackFile::new("formats-long", &format!("stack: long\nqueues:\n{queues}"));
    let comment = run(&stub.endpoint(), &["plan", file.path(), "--format", "markdown"]).exits(0).stdout;
    let length = comment.chars().count();
    assert!((60_000..=65_000).contains(&length), "{length}");
    assert!(
        comment.contains("of 400 steps are not shown**: a comment has at most"),
        "{}",
        &comment[comment.len() - 400..]
    );
    assert!(comment.contains("```\n\n</details>\n"), "the block is closed");
    let several = run(&stub.endpoint(), &["plan", file.path(), file.path(), "--format", "markdown"]).exits(0).stdout;
    assert!(several.chars().count() <= 65_000);
    assert_eq!(several.matches("<!-- queuestack:plan:long -->").count(), 2);
    assert_eq!(several.matches("steps are not shown**").count(), 2);
}

#[test]
fn one_stack_that_fails_hides_no_other() {
    let stub = stub(0);
    let endpoint = stub.endpoint();
    let folder = folder("several");
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let same = write("same.yaml", "stack: same\nqueues: {same: {}}\n");
    let changed = write("changed.yaml", "stack: changed\nqueues: {changed: {}}\n");
    let wrong = write("wrong.yaml", "stack: wrong\nqueues: {wrong: {delai: 5s}}\n");
    let taken = write("taken.yaml", "stack: taken\nqueues: {same: {}}\n");
    run(&endpoint, &["apply", &same, "--yes"]).exits(0);
    let plan = |files: &[&str]| run(&endpoint, &[&["plan", "--detailed-exitcode"], files].concat());
    plan(&[&same]).exits(0);
    plan(&[&same, &same]).exits(0);
    plan(&[&same, &changed]).exits(2);
    let all = plan(&[&changed, &wrong, "no-such.yaml", &taken, &same]).exits(1);
    all.says("3 of 5 stacks failed").says("`delai` is not a key of a queue").says("no-such.yaml: cannot read");
    let all = plan(&[&changed, &wrong, &taken, &same]).exits(1);
    let at = |text: &str| all.stdout.find(text).unwrap_or_else(|| panic!("no {text:?} in {}", all.stdout));
    assert!(at("plan changed on") < at("plan taken on") && at("plan taken on") < at("plan same on"));

    let json = run(&endpoint, &["plan", &changed, &wrong, &same, "--json"]).exits(1).json();
    assert!(schema().is_valid(&json));
    let names: Vec<_> = json["plans"].as_array().unwrap().iter().map(|plan| plan["stack"].as_str().unwrap()).collect();
    assert_eq!(names, ["changed", "wrong", "same"]);
    assert_eq!((&json["plans"][0]["error"], &json["plans"][2]["error"]), (&Value::Null, &Value::Null));
    assert_eq!(json["plans"][1]["error"], "1 error");
    assert_eq!(json["plans"][1]["findings"][0]["code"], "QS002");
    let consent = run(&endpoint, &["plan", &changed, &same, "--only", "queue.same"]).exits(1);
    consent.says("--only take one stack");
    run(&endpoint, &["drift", &same, &changed]).exits(2).prints("No drift").prints("missing");
}

#[test]
fn drift_says_what_differs_and_since_when() {
    let (endpoint, account) = (emulator::endpoint(), Account::new(emulator::endpoint()));
    let file = StackFile::new("drift", "stack: drift\nqueues: {drift-a: {alarms: {backlog: {}}}, drift-b: {}}\n");
    run(endpoint, &["apply", file.path(), "--yes"]).exits(0);
    run(endpoint, &["drift", file.path()]).exits(0).prints("No drift: 3 unchanged.");
    account.set("drift-a", "DelaySeconds", "9");
    account.delete_queue("drift-b");
    let drift = run(endpoint, &["drift", file.path()]).exits(2);
    let drift = drift.prints("queue.drift-a  differs (last changed 2").prints("delay  is 9s, in the stack 0s");
    drift.prints("+ queue.drift-b  missing\n").prints("Drift: 1 differs, 1 missing, 1 unchanged.");
    let json = run(endpoint, &["drift", file.path(), "--json"]).exits(2).json();
    assert!(schema().is_valid(&json));
    let since = json["steps"].as_array().unwrap().iter().find_map(|step| step["since"].as_str()).unwrap();
    assert!(since.len() >= 20 && since.ends_with('Z'), "{since}");
    assert_eq!(account.attributes("drift-a")["DelaySeconds"], "9", "nothing was changed");
}
