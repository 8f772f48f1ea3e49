//! How many requests a stack of workers costs: facts of the code, so that more of them fail this.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use queuestack::gaps::Gaps;

use crate::support::{Output, StackFile, emulator, run};

/// Queues with a worker each.
const UNITS: u64 = 10;

fn stack() -> String {
    let mut text = "stack: requests\ndefaults: {workers: {artifact: code.zip, alarms: false}}\nqueues:\n".to_owned();
    for unit in 0..UNITS {
        writeln!(text, "  requests-{unit}: {{}}").unwrap();
    }
    text.push_str("workers:\n");
    for unit in 0..UNITS {
        writeln!(text, "  requests-{unit}: {{queue: requests-{unit}}}").unwrap();
    }
    text
}

fn calls(output: &Output) -> BTreeMap<String, u64> {
    let mut calls = BTreeMap::new();
    for line in output.stderr.lines().filter(|line| line.contains("queuestack::backend::aws")) {
        let Some(operation) = line.split("operation=").nth(1) else { continue };
        *calls.entry(operation.split('"').nth(1).unwrap().to_owned()).or_default() += 1;
    }
    calls
}

fn write_code(file: &StackFile, script: &str) {
    let zip = queuestack::artifact::pack::pack(script.as_bytes()).unwrap();
    std::fs::write(std::path::Path::new(file.path()).with_file_name("code.zip"), zip).unwrap();
}

#[test]
fn workers_cost_so_many_requests() {
    let endpoint = emulator::endpoint();
    let file = StackFile::new("requests", &stack());
    write_code(&file, "#!/bin/sh\n");
    let made = calls(&run(endpoint, &["apply", file.path(), "--yes", "-vv"]).exits(0));
    for operation in [
        "CreateQueue",
        "CreateFunction",
        "CreateRole",
        "PutRolePolicy",
        "CreateLogGroup",
        "PutRetentionPolicy",
        "CreateEventSourceMapping",
    ] {
        assert_eq!(made.get(operation), Some(&UNITS), "{operation}: {made:?}");
    }
    let later =
        ["UpdateFunctionConfiguration", "UpdateEventSourceMapping", "TagResource", "TagRole", "SetQueueAttributes"];
    assert!(later.iter().all(|operation| !made.contains_key(*operation)), "{made:?}");

    let read = calls(&run(endpoint, &["plan", file.path(), "--detailed-exitcode", "-vv"]).exits(0));
    // One of each for a function: its configuration with tags and concurrency, and its destination.
    for operation in ["GetFunction", "GetFunctionEventInvokeConfig"] {
        assert_eq!(read.get(operation), Some(&UNITS), "{operation}: {read:?}");
    }
    // Roles are read in bulk, whatever their number.
    assert_eq!((read.get("ListRoles"), read.get("GetAccountAuthorizationDetails")), (Some(&1), Some(&1)), "{read:?}");
    assert!(read.keys().all(|one| !one.starts_with("GetRole") && !one.starts_with("ListRolePol")), "{read:?}");
    assert!(read.keys().all(|one| ["Get", "List", "Describe"].iter().any(|verb| one.starts_with(verb))), "{read:?}");

    // New code is one call and its wait, a function.
    write_code(&file, "#!/bin/sh\n# other\n");
    let changed =
        calls(&run(endpoint, &["apply", file.path(), "--yes", "-vv", "--only", "function.requests-0"]).exits(0));
    let writes =
        changed.iter().filter(|(one, _)| !["Get", "List", "Describe"].iter().any(|verb| one.starts_with(verb)));
    assert_eq!(writes.collect::<Vec<_>>(), [(&"UpdateFunctionCode".to_owned(), &1)]);
    run(endpoint, &["destroy", file.path(), "--yes"]).exits(0);
}

#[test]
fn stacks_that_are_planned_together_are_read_once() {
    let endpoint = emulator::endpoint();
    let files = ["one", "two", "three"].map(|name| {
        let text = format!("stack: together-{name}\nqueues:\n  together-{name}: {{}}\n");
        StackFile::new(&format!("together-{name}"), &text)
    });
    for file in &files {
        run(endpoint, &["apply", file.path(), "--yes"]).exits(0);
    }
    // One that left its stack is found among the others'.
    files[2].write("stack: together-three\nqueues: {}\n");
    let [one, two, three] = files.each_ref().map(StackFile::path);
    let output = run(endpoint, &["plan", one, two, three, "-vv"]).exits(0);
    assert_eq!(output.stdout.matches("Nothing to do: 1 unchanged.").count(), 2, "{}", output.stdout);
    assert_eq!(output.stdout.matches("- queue.together-three  delete").count(), 1, "{}", output.stdout);
    let read = calls(&output);
    for operation in ["GetCallerIdentity", "ListQueues"] {
        assert_eq!(read.get(operation), Some(&1), "{operation}: {read:?}");
    }
    assert_eq!(read.get("GetQueueAttributes"), Some(&3), "{read:?}");
    files.iter().for_each(|file| _ = run(endpoint, &["destroy", file.path(), "--yes"]).exits(0));
}

const APIS: &str = "
stack: requests-apis
defaults: {workers: {artifact: code.zip, alarms: false}}
workers: {requests-api: {}}
apis:
  requests-api: {routes: [{route: POST /a, function: requests-api}, {route: POST /b, function: requests-api}]}
";

#[test]
fn an_api_costs_so_many_requests() {
    if Gaps::of(Some(&emulator::name())).lacks("http_api").is_some() {
        return;
    }
    let endpoint = emulator::endpoint();
    let file = StackFile::new("requests-apis", APIS);
    write_code(&file, "#!/bin/sh\n");
    let made = calls(&run(endpoint, &["apply", file.path(), "--yes", "-vv"]).exits(0));
    for (operation, times) in
        [("CreateApi", 1), ("CreateStage", 1), ("CreateIntegration", 2), ("CreateRoute", 2), ("AddPermission", 2)]
    {
        assert_eq!(made.get(operation), Some(&times), "{operation}: {made:?}");
    }
    for operation in ["UpdateApi", "UpdateStage", "UpdateRoute", "UpdateIntegration", "RemovePermission", "GetPolicy"] {
        assert!(!made.contains_key(operation), "{operation}: {made:?}");
    }
    let read = calls(&run(endpoint, &["plan", file.path(), "--detailed-exitcode", "-vv"]).exits(0));
    for operation in ["GetApis", "GetRoutes", "GetIntegrations", "GetStage", "GetPolicy"] {
        assert_eq!(read.get(operation), Some(&1), "{operation}: {read:?}");
    }
    run(endpoint, &["destroy", file.path(), "--yes"]).exits(0);

    // Where there are none, the list alone is asked for.
    let file = StackFile::new("requests-no-apis", "stack: requests-no-apis\nqueues: {requests-no-apis: {}}\n");
    let read = calls(&run(endpoint, &["plan", file.path(), "-vv"]).exits(0));
    assert_eq!(read.get("GetApis"), Some(&1), "{read:?}");
    for operation in ["GetRoutes", "GetIntegrations", "GetStage", "GetPolicy"] {
        assert_eq!(read.get(operation), None, "{operation}: {read:?}");
    }
}

const RULES: &str = "
stack: requests-rules
queues: {requests-rules: {}, requests-rules-dead: {}}
buses: {requests-rules: {}}
rules:
  paid: &rule {bus: requests-rules, pattern: {source: [shop]}, targets: [{queue: requests-rules, dead_letter_queue: requests-rules-dead}]}
  sent: *rule
";

/// Calls of EventBridge alone: others list tags too.
fn of_events(output: &Output) -> BTreeMap<String, u64> {
    let lines = output.stderr.lines().filter(|line| line.contains("queuestack::backend::aws"));
    let lines = lines.filter(|line| line.contains("service=\"events\""));
    calls(&Output { code: output.code, stdout: String::new(), stderr: lines.flat_map(|line| [line, "\n"]).collect() })
}

#[test]
fn rules_cost_so_many_requests() {
    let endpoint = emulator::endpoint();
    let file = StackFile::new("requests-rules", RULES);
    let made = of_events(&run(endpoint, &["apply", file.path(), "--yes", "-vv"]).exits(0));
    for (operation, times) in [("CreateEventBus", 1), ("PutRule", 2), ("PutTargets", 2)] {
        assert_eq!(made.get(operation), Some(&times), "{operation}: {made:?}");
    }
    for operation in ["UpdateEventBus", "PutPermission", "TagResource", "RemoveTargets"] {
        assert!(!made.contains_key(operation), "{operation}: {made:?}");
    }
    let read = of_events(&run(endpoint, &["plan", file.path(), "--detailed-exitcode", "-vv"]).exits(0));
    // Buses are listed once for both kinds, and no targets but the stack's.
    for (operation, times) in [("ListEventBuses", 1), ("ListTargetsByRule", 2)] {
        assert_eq!(read.get(operation), Some(&times), "{operation}: {read:?}");
    }
    run(endpoint, &["destroy", file.path(), "--yes"]).exits(0);

    // Where there are none, nothing is asked, as far as the endpoint's tagging API can be trusted.
    if Gaps::of(Some(&emulator::name())).hides("rule") {
        return;
    }
    let file = StackFile::new("requests-no-rules", "stack: requests-no-rules\nqueues: {requests-no-rules: {}}\n");
    let read = of_events(&run(endpoint, &["plan", file.path(), "-vv"]).exits(0));
    assert_eq!(read, BTreeMap::new());
}
