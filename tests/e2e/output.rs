//! What machines read, and where a command goes.

use serde_json::Value;

use crate::support::{Run, StackFile, emulator, run, stub};

#[track_caller]
fn has(value: &Value, members: &[&str]) {
    let found: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
    assert!(members.iter().all(|member| found.contains(member)), "{members:?} in {found:?}");
}

#[test]
fn json_is_all_there_is_on_standard_output() {
    let stub = stub(0);
    let file = StackFile::new("json", "stack: json\nqueues: {json: {alarms: {backlog: {}}}}\n");
    let plan = run(&stub.endpoint(), &["plan", file.path(), "--json"]).exits(0).json();
    has(&plan, &["stack", "target", "steps", "unchanged", "conflicts", "notes", "summary", "calls"]);
    has(&plan["steps"][0], &["address", "name", "action", "changes", "loses", "fingerprint"]);
    has(&plan["steps"][0]["changes"][0], &["attribute", "before", "after", "replaces", "loses"]);
    has(&plan["target"]["place"], &["account", "region", "partition"]);

    let apply = run(&stub.endpoint(), &["apply", file.path(), "--json", "--yes"]).exits(0);
    assert_eq!(apply.json()["steps"], plan["steps"]);
    let events: Vec<Value> = apply.stderr.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let names: Vec<&str> = events.iter().map(|event| event["event"].as_str().unwrap()).collect();
    assert_eq!((names[0], *names.last().unwrap()), ("started", "finished"));
    assert_eq!(names.iter().filter(|name| **name == "done").count(), 2);
    let twice = run(&stub.endpoint(), &["plan", file.path(), "--json"]).exits(0).stdout;
    assert_eq!(run(&stub.endpoint(), &["plan", file.path(), "--json"]).stdout, twice, "the same bytes each time");
}

#[test]
fn findings_are_json_too() {
    let file = StackFile::new("json-findings", "stack: json\nqueues: {a: {visibility_timout: 5m}}\n");
    let output = Run::new(&["validate", file.path(), "--json"]).output().exits(1);
    let found = output.json();
    assert_eq!((&found["errors"], &found["warnings"]), (&1.into(), &0.into()));
    let members = ["code", "severity", "message", "file", "line", "column", "address", "reason", "help", "link"];
    has(&found["diagnostics"][0], &members);
    // A file that cannot be read is told there too.
    let found = Run::new(&["validate", "no-such.yaml", "--json"]).output().exits(1).json();
    assert!(found["unread"][0].as_str().is_some_and(|why| why.contains("no-such.yaml: No such file")), "{found}");
    let found = Run::new(&["validate", "no-such.yaml", "--format", "github"]).output().exits(1);
    assert!(found.stdout.starts_with("::error::cannot read"), "{found:?}");
}

#[test]
fn machines_read_why_there_is_no_connection() {
    let file = StackFile::new("json-nowhere", "stack: nowhere\nqueues: {nowhere: {}}\n");
    let found = run("http://127.0.0.1:1", &["plan", file.path(), "--json"]).exits(1).json();
    assert!(found["error"].as_str().is_some_and(|why| why.contains("Connection refused")), "{found}");
}

#[test]
fn two_files_of_one_stack_are_not_planned_together() {
    let stub = stub(0);
    let one = StackFile::new("twice-one", "stack: twice\nqueues: {twice-one: {}}\n");
    let two = StackFile::new("twice-two", "stack: twice\nqueues: {twice-two: {}}\n");
    let output = run(&stub.endpoint(), &["plan", one.path(), two.path()]).exits(1);
    output.prints("queue.twice-one").says("is stack `twice` too, and each would delete what the other has");
}

#[test]
fn two_stacks_of_one_queue_are_not_planned_together() {
    let stub = stub(0);
    let one = StackFile::new("share-one", "stack: share-one\nqueues: {shared: {}}\n");
    let two = StackFile::new("share-two", "stack: share-two\nqueues: {a: {name: shared}, b: {}}\n");
    let output = run(&stub.endpoint(), &["plan", one.path(), two.path()]).exits(1);
    output.prints("queue.shared").says("makes `shared` too, and one stack alone can own it");
}

/// What is read of a pipe is gone: each verb reads it once, and all of it.
#[test]
fn a_stack_comes_through_a_pipe_whole() {
    let stub = stub(0);
    // Guards come first, and are as long as what tells a saved plan.
    let stack = "account: '123456789012'\nregions: [us-east-1]\n# guarded stack\nstack: piped\nqueues: {piped: {}}\n";
    let verbs: [(&[&str], &str); 3] =
        [(&["validate"], "no findings"), (&["convert"], "piped"), (&["expand"], "123456789012")];
    for (verb, prints) in verbs {
        Run::new(&[verb, &["/dev/stdin"]].concat()).reads(stack).exits(0).prints(prints);
    }
    let apply = || Run::new(&["apply", "/dev/stdin", "--yes"]).at(&stub.endpoint());
    apply().reads(&format!("tags: {{team: operations-of-all-that-is-done-in-the-background}}\n{stack}")).exits(0);
    let file = StackFile::new("piped", &format!("tags: {{team: other}}\n{stack}"));
    run(&stub.endpoint(), &["plan", file.path()]).exits(0).prints("operations-of-all-that-is-done");
}

#[test]
fn a_saved_plan_is_no_stack_file() {
    let stub = stub(0);
    let file = StackFile::new("saved-no-stack", "stack: saved-no-stack\nqueues: {saved-no-stack: {}}\n");
    let plan = std::path::Path::new(file.path()).with_file_name("plan.json");
    run(&stub.endpoint(), &["plan", file.path(), "--out", plan.to_str().unwrap()]).exits(0);
    for verb in ["validate", "plan", "expand"] {
        let output = Run::new(&[verb, plan.to_str().unwrap()]).output().exits(1);
        assert!(output.stderr.contains("is a saved plan, not a stack file: `queuestack apply` takes it"), "{output:?}");
    }
    let output = run(&stub.endpoint(), &["plan", file.path(), "--only", "saved-no-stack"]).exits(1);
    output.says("the stack has no `saved-no-stack`. Addresses begin with a kind: `queue.saved-no-stack`\n");
    run(&stub.endpoint(), &["plan", file.path(), "--only", "absent"]).exits(1).says("the stack has no `absent`.\n");
}

#[test]
fn nothing_is_coloured_away_from_a_terminal() {
    let stub = stub(0);
    let good = StackFile::new("plain", "stack: plain\nqueues: {plain: {}}\n");
    let bad = StackFile::new("plain-bad", "stack: plain\nqueues: {plain: {fifo: maybe}}\n");
    for (verb, file) in [("validate", &bad), ("plan", &bad), ("validate", &good)] {
        let output = Run::new(&[verb, file.path(), "-v"]).env("NO_COLOR", "").output();
        assert!(!format!("{}{}", output.stdout, output.stderr).contains('\u{1b}'), "{output:?}");
    }
    for arguments in [&["plan", good.path()][..], &["apply", good.path(), "--yes"]] {
        let output = Run::new(arguments).at(&stub.endpoint()).env("NO_COLOR", "").output().exits(0);
        assert!(!format!("{}{}", output.stdout, output.stderr).contains('\u{1b}'), "{output:?}");
    }
}

#[test]
fn exit_codes_are_documented() {
    let help = Run::new(&["--help"]).output().exits(0);
    help.prints("Exit codes: 0 done, 1 error, 2 changes (plan --detailed-exitcode, drift), 130 stopped by Ctrl-C.");
    // What clap refuses must not look like "there are changes".
    Run::new(&["plan", "--no-such-option"]).output().exits(1);
    Run::new(&["plan"]).output().exits(1);
}

#[test]
fn the_first_line_says_where_it_goes() {
    let stub = stub(0);
    let file = StackFile::new("where", "stack: where\nqueues: {where: {}}\n");
    let expected = format!("plan where on {}, account 123456789012, eu-west-1\n", stub.endpoint());
    let by_environment = Run::new(&["plan", file.path()])
        .env("AWS_ENDPOINT_URL", &stub.endpoint())
        .env("AWS_PROFILE", "no-such-profile")
        .env("AWS_REGION", "eu-west-1");
    assert!(by_environment.output().exits(0).stdout.starts_with(&expected));
    let by_option = Run::new(&["plan", file.path(), "--region", "eu-west-1"]).at(&stub.endpoint());
    let by_option = by_option.env("AWS_ENDPOINT_URL", "http://127.0.0.1:9").env("AWS_REGION", "us-east-2");
    assert!(by_option.output().exits(0).stdout.starts_with(&expected));
}

/// `ministack` takes an access key of twelve digits for the account.
#[test]
fn a_profile_that_is_named_gives_the_credentials_and_nobody_else() {
    if emulator::name() != "ministack" {
        return;
    }
    let file = StackFile::new("profiled", "stack: profiled\nqueues: {profiled: {}}\n");
    let profiles = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("profiles");
    std::fs::write(&profiles, "[p1]\naws_access_key_id = 111111111111\naws_secret_access_key = s\n").unwrap();
    let with = |arguments: &[&str]| {
        let run = Run::new(&[&["plan", file.path(), "--region", "us-east-1"], arguments].concat());
        let run = run.env("AWS_SHARED_CREDENTIALS_FILE", &profiles.display().to_string());
        run.env("AWS_ACCESS_KEY_ID", "222222222222").env("AWS_SECRET_ACCESS_KEY", "s")
    };
    let at = emulator::endpoint();
    with(&["--profile", "p1"]).at(at).output().exits(0).prints("account 111111111111");
    with(&[]).at(at).env("AWS_PROFILE", "p1").output().exits(0).prints("account 222222222222");
    let unknown = with(&["--profile", "p2"]).at(at).output().exits(1);
    unknown.says("no profile `p2` in ~/.aws/config or ~/.aws/credentials: there are `p1`");
}

#[test]
fn credentials_in_the_environment_mean_aws_and_none_mean_here() {
    let stub = stub(0);
    let file = StackFile::new("decided", "stack: decided\nqueues: {decided: {}}\n");
    // The SDK's own setting for one service would reach AWS for the rest: all are sent to the stub.
    let to_aws = Run::new(&["plan", file.path()]).env("AWS_ACCESS_KEY_ID", "a").env("AWS_SECRET_ACCESS_KEY", "b");
    let services = ["SQS", "CLOUDWATCH", "CLOUDWATCH_LOGS", "IAM", "LAMBDA", "STS", "RESOURCE_GROUPS_TAGGING_API"];
    let to_aws = services
        .iter()
        .chain(&["APIGATEWAYV2", "DYNAMODB", "SNS"])
        .fold(to_aws, |run, service| run.env(&format!("AWS_ENDPOINT_URL_{service}"), &stub.endpoint()));
    let to_aws = to_aws.env("AWS_REGION", "us-east-1").env("HTTPS_PROXY", "http://127.0.0.1:9");
    // The keys win over a profile of the environment, which is said.
    let output = to_aws.env("AWS_PROFILE", "p1").output().exits(0);
    let begin = "plan decided on AWS (keys of the environment, not profile p1), account 123456789012";
    assert!(output.stdout.starts_with(begin), "{}", output.stdout);

    let profile = Run::new(&["plan", file.path()]).env("AWS_PROFILE", "no-such-profile").output().exits(1);
    profile.says("no profile `no-such-profile` in ~/.aws/config or ~/.aws/credentials: there are none");
    // Nothing in the environment: the local AWS, here on a port that something else holds.
    let port = stub.endpoint().rsplit(':').next().unwrap().to_owned();
    let local = Run::new(&["plan", file.path()]).env("QUEUESTACK_LOCAL_PORT", &port).output().exits(1);
    local.says(&format!("port {port} is held by"));
}
