//! A pull request from the branch to the merge: what the comment says is what merging does, or nothing is done.

use std::path::Path;

use crate::support::{Account, Output, Run, StackFile, aws_cli, emulator, golden, pack, run, stub};

fn text(visibility: &str) -> String {
    format!(
        "stack: pull\nqueues:\n  pull-jobs:\n    visibility_timeout: {visibility}\n    redrive: {{max_receive_count: 3}}\n"
    )
}

/// Plans a stack file into a plan file beside it.
#[track_caller]
fn planned(endpoint: &str, file: &StackFile, more: &[&str]) -> (String, Output) {
    let plan = Path::new(file.path()).with_extension("qsp").display().to_string();
    let arguments = [&["plan", file.path(), "--out", &plan], more].concat();
    let output = run(endpoint, &arguments).exits(0);
    (plan, output)
}

#[test]
fn what_the_comment_says_is_what_merging_does() {
    let (endpoint, account) = (emulator::endpoint(), Account::new(emulator::endpoint()));
    let file = StackFile::new("pull", &text("30s"));
    run(endpoint, &["apply", file.path(), "--yes"]).exits(0);

    // The branch changes a value; what it would do is told twice, to the person and to the merge.
    file.write(&text("5m"));
    let (plan, comment) = planned(endpoint, &file, &["--format", "markdown"]);
    golden("plan/pull_request.md", &comment.stdout, endpoint, &file);
    let saved = std::fs::read_to_string(&plan).unwrap();
    planned(endpoint, &file, &[]);
    assert_eq!(std::fs::read_to_string(&plan).unwrap(), saved, "the same bytes each time");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(&plan).unwrap().permissions().mode() & 0o777, 0o600);
    }

    // Merging needs no stack file and asks nobody.
    std::fs::remove_file(file.path()).unwrap();
    run(endpoint, &["apply", &plan]).exits(0).prints("visibility_timeout  30s → 5m").prints("Done: 1 step");
    assert_eq!(account.attributes("pull-jobs")["VisibilityTimeout"], "300");
    file.write(&text("5m"));
    run(endpoint, &["plan", file.path(), "--detailed-exitcode"]).exits(0);
    let again = run(endpoint, &["apply", &plan]).exits(1);
    again.says("out of date").says("queue.pull-jobs: visibility_timeout of `pull-jobs` changed");

    // Somebody changes what the next plan was made from, and another thing that it does not touch.
    file.write(&text("10m"));
    let (plan, _) = planned(endpoint, &file, &[]);
    account.set("pull-jobs", "DelaySeconds", "7");
    let stale = run(endpoint, &["apply", &plan]).exits(1);
    stale.says("out of date: plan again").says("queue.pull-jobs: delay of `pull-jobs` changed");
    assert_eq!(account.attributes("pull-jobs")["VisibilityTimeout"], "300", "nothing was done");
    account.set("pull-jobs", "DelaySeconds", "0");
    run(endpoint, &["apply", &plan]).exits(0);
    assert_eq!(account.attributes("pull-jobs")["VisibilityTimeout"], "600");
}

#[test]
fn a_plan_that_creates_is_refused_once_something_is_there_or_gone() {
    let stub = stub(0);
    let (endpoint, account) = (stub.endpoint(), Account::new(&stub.endpoint()));
    let file = StackFile::new("pull-create", "stack: made\nqueues: {made: {}, more: {}}\n");
    let (plan, _) = planned(&endpoint, &file, &[]);
    account.create_queue("made", &[]);
    run(&endpoint, &["apply", &plan]).exits(1).says("queue.made: `made` exists now");
    assert_eq!(account.queues().len(), 1, "nothing was done");
    account.delete_queue("made");
    run(&endpoint, &["apply", &plan]).exits(0);
    file.write("stack: made\nqueues: {made: {}}\n");
    let (plan, _) = planned(&endpoint, &file, &[]);
    account.delete_queue("more");
    run(&endpoint, &["apply", &plan]).exits(1).says("queue.more: `more` is gone");

    // What is to stay is part of it: the plan was made beside it.
    account.create_queue("more", &[("queuestack:stack", "made"), ("queuestack:address", "queue.more")]);
    let (plan, _) = planned(&endpoint, &file, &[]);
    account.set("made", "DelaySeconds", "7");
    run(&endpoint, &["apply", &plan]).exits(1).says("queue.made: delay of `made` changed");
    account.delete_queue("made");
    run(&endpoint, &["apply", &plan]).exits(1).says("queue.made: `made` is gone");

    // A plan that is refused leaves none that was made before.
    run(&endpoint, &["plan", file.path(), "--out", &plan, "--max-changes", "0"]).exits(1);
    assert!(!Path::new(&plan).exists());
}

#[test]
fn a_plan_goes_nowhere_else_and_is_used_as_it_was_made() {
    let (here, elsewhere) = (stub(0), stub(0));
    let file = StackFile::new("pull-place", "stack: place\nqueues: {place: {delay: 3s}}\n");
    let (plan, _) = planned(&here.endpoint(), &file, &[]);
    run(&elsewhere.endpoint(), &["apply", &plan]).exits(1).says("made for endpoint").says("choose the target");
    run(&here.endpoint(), &["apply", &plan, "--region", "eu-west-1"]).exits(1).says("made for Region us-east-1");
    let consent = ["apply", plan.as_str(), "--allow-data-loss", "queue.place"];
    run(&here.endpoint(), &consent).exits(1).says("when a plan is made");

    let good = std::fs::read_to_string(&plan).unwrap();
    let tool = env!("CARGO_PKG_VERSION");
    let mut other: serde_json::Value = serde_json::from_str(&good).unwrap();
    other["tool"] = "9.9.9".into();
    let cases = [
        (good.replace("\"delay\": 3", "\"delay\": 4"), "damaged or edited: its digest is not that of its content"),
        (good[..good.len() / 2].to_owned(), "it ends too early"),
        (String::new(), "it ends too early"),
        ("stack: place\n".to_owned(), "it is no JSON"),
        ("{\"stack\": \"place\"}".to_owned(), "not a saved plan"),
        (other.to_string(), "made by queuestack 9.9.9, and this is"),
        (good.replacen("\"version\": 1", "\"version\": 2", 1), "a plan of format version 2"),
    ];
    for (text, says) in cases {
        assert_ne!(text, good);
        std::fs::write(&plan, text).unwrap();
        run(&here.endpoint(), &["apply", &plan]).exits(1).says(says);
    }
    assert!(good.contains(&format!("\"tool\": \"{tool}\"")));
    assert_eq!(here.counts().get("sqs.CreateQueue"), None, "nothing was done");
    std::fs::write(&plan, good).unwrap();
    run(&here.endpoint(), &["apply", &plan]).exits(0);
}

#[test]
fn a_plan_ships_the_code_and_the_secrets_it_was_made_with_and_holds_no_secret() {
    let endpoint = emulator::endpoint();
    let file = StackFile::new(
        "pull-code",
        "stack: pull-code\nvariables: {token: {}}\nroles: {pull-code: {}}\nfunctions:\n  \
         pull-code:\n    role: pull-code\n    \
         code: {artifact: app.zip}\n    environment: {TOKEN: \"${token}\", PLAIN: words}\n    secrets: [TOKEN]\n",
    );
    let source = Path::new(file.path()).with_file_name("app.zip");
    pack(&source, b"#!/bin/sh\n");
    let (plan, _) = planned(endpoint, &file, &["--var", "token=hunter2"]);
    let saved = std::fs::read_to_string(&plan).unwrap();
    assert!(!saved.contains("hunter2") && saved.contains("\"$secret\"") && saved.contains("\"PLAIN\": \"words\""));

    // The source may change; what was planned lies beside the plan.
    pack(&source, b"#!/bin/sh\nexit\n");
    run(endpoint, &["apply", &plan]).exits(1).says("variable `token` has no value");
    run(endpoint, &["apply", &plan, "--var", "token=hunter3"]).exits(1).says("the secret `environment.TOKEN`");
    let folder = format!("{plan}.code");
    let kept = std::fs::read_dir(&folder).unwrap().next().unwrap().unwrap().path();
    let good = std::fs::read(&kept).unwrap();
    std::fs::write(&kept, b"another zip").unwrap();
    let other = run(endpoint, &["apply", &plan, "--var", "token=hunter2"]).exits(1);
    other.says("the code of function.pull-code").says("is not what was planned");
    std::fs::remove_file(&kept).unwrap();
    run(endpoint, &["apply", &plan, "--var", "token=hunter2"]).exits(1).says("cannot be read");
    std::fs::write(&kept, &good).unwrap();
    run(endpoint, &["apply", &plan, "--var", "token=hunter2"]).exits(0);

    let there = aws_cli::aws(endpoint, &["lambda", "get-function-configuration", "--function-name", "pull-code"]);
    assert_eq!(there["Environment"]["Variables"]["TOKEN"], "hunter2");
    assert_eq!(there["CodeSha256"].as_str().unwrap(), queuestack::artifact::code_sha256(&good));
    // Deployed as planned: the source beside the stack file is another one by now.
    let next = Run::new(&["plan", file.path(), "--var", "token=hunter2", "--json"]).at(endpoint).output().exits(0);
    assert_eq!(next.changes(), ["function.pull-code code"]);
    run(endpoint, &["destroy", file.path(), "--var", "token=x", "--yes"]).exits(0);
}
