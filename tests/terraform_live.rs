//! The real Terraform with the real provider, on an emulator. Skipped, aloud, where either is missing;
//! `QUEUESTACK_TEST_TERRAFORM=required` makes that a failure, as `tests/run` does where both are there.
//!
//! `QUEUESTACK_TEST_ENDPOINT` points at another emulator. On ministack the provider sees alarms drift for ever, since
//! its older protocol leaves fields out; on any other the plan after an apply must be empty.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

#[path = "e2e/support/aws_cli.rs"]
#[expect(dead_code, reason = "the end-to-end tests use the rest")]
mod aws_cli;
#[path = "e2e/support/emulator.rs"]
#[expect(dead_code, reason = "the end-to-end tests use the rest")]
mod emulator;
#[path = "terraform_live/keeps.rs"]
mod keeps;
#[path = "e2e/support/run.rs"]
#[expect(dead_code, reason = "the end-to-end tests use the rest")]
mod run;
#[path = "terraform_live/runs.rs"]
mod runs;

use std::path::{Path, PathBuf};
use std::process::Command;

use aws_cli::aws;
use queuestack::backend::terraform::run::{SHARED_FOLDERS, has_provider};
use queuestack::gaps::Gaps;
use run::{Output, Run, clean};
use serde_json::Value;

/// The workers that the test run has built.
const BUILT: &[&str] = &["--no-build", "--cargo-profile", "dev"];

/// Something of every kind, with code that needs no build.
const HANDED: &str = "
stack: handed-over
queues:
  handed-over: {visibility_timeout: 30s, redrive: {max_receive_count: 3}, alarms: {dead_letters: {threshold: 1}}}
workers:
  handed-over: {artifact: code.zip, queue: handed-over, environment: {GREETING: hello}}
buses: {handed-over: {description: Handed over}}
rules:
  handed-over:
    bus: handed-over
    pattern: {source: [handed]}
    targets:
      - {queue: handed-over, dead_letter_queue: handed-over-dlq, retry: {attempts: 3}}
      - {function: handed-over, dead_letter_queue: handed-over-dlq, input_path: $.detail}
  handed-over-hourly: {schedule: rate(1 hour), targets: [{function: handed-over, dead_letter_queue: handed-over-dlq}]}
";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn tmp() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("terraform-live")
}

/// The folder of the provider; `None` says aloud what is missing.
fn provider(test: &str) -> Option<PathBuf> {
    let there = Command::new("terraform").arg("version").output().is_ok_and(|output| output.status.success());
    let given = std::env::var_os("QUEUESTACK_TERRAFORM_PLUGIN_DIR").map(PathBuf::from);
    let mut folders = given.into_iter().chain(SHARED_FOLDERS.iter().map(PathBuf::from));
    let folder = folders.find(|folder| has_provider(folder)).filter(|_| there);
    if folder.is_none() {
        let why = if there { "there is no mirror of the AWS provider" } else { "terraform is not on the PATH" };
        let required = std::env::var("QUEUESTACK_TEST_TERRAFORM").is_ok_and(|value| value == "required");
        assert!(!required, "{why}");
        eprintln!("skipped: {test}: {why}");
    }
    folder
}

fn endpoint() -> String {
    std::env::var("QUEUESTACK_TEST_ENDPOINT").unwrap_or_else(|_| emulator::endpoint().to_owned())
}

/// Tells whether the endpoint is the emulator whose alarms drift.
fn alarms_drift() -> bool {
    std::env::var_os("QUEUESTACK_TEST_ENDPOINT").is_none() && emulator::name() == "ministack"
}

fn queuestack(arguments: &[&str], plugins: &Path) -> Output {
    let run = Run::new(arguments).at(&endpoint());
    let run = run.env("QUEUESTACK_TERRAFORM_PLUGIN_DIR", plugins.to_str().unwrap());
    run.env("QUEUESTACK_HOME", tmp().join("home").to_str().unwrap()).output()
}

/// Runs Terraform in a folder that is initialised there.
fn terraform(folder: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new("terraform");
    clean(&mut command);
    command.env("AWS_ACCESS_KEY_ID", "test").env("AWS_SECRET_ACCESS_KEY", "test").env("AWS_REGION", "us-east-1");
    command.env_remove("TF_CLI_CONFIG_FILE").env("CHECKPOINT_DISABLE", "1");
    let output = command.current_dir(folder).args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let (stdout, stderr) = (text(output.stdout), text(output.stderr));
    assert!(output.status.success(), "terraform {arguments:?} in {}:\n{stdout}\n{stderr}", folder.display());
    stdout
}

fn init(folder: &Path, plugins: &Path) {
    let plugins = format!("-plugin-dir={}", plugins.display());
    terraform(folder, &["init", "-input=false", "-no-color", &plugins]);
}

/// A folder of its own with what `render` writes.
fn rendered(stack: &Path, test: &str, more: &[&str], plugins: &Path) -> PathBuf {
    let folder = tmp().join(test);
    let _absent = std::fs::remove_dir_all(&folder);
    let arguments = ["render", stack.to_str().unwrap(), "--to", "terraform", "--out", folder.to_str().unwrap()];
    queuestack(&[&arguments[..], more].concat(), plugins).exits(0);
    folder
}

#[test]
fn what_is_rendered_is_formatted_and_valid() {
    let Some(plugins) = provider("what_is_rendered_is_formatted_and_valid") else { return };
    terraform(&root().join("terraform"), &["fmt", "-check", "-recursive", "-diff"]);
    let entries = std::fs::read_dir(root().join("stacks")).unwrap().map(|entry| entry.unwrap().path());
    let stacks = entries.filter(|path| path.extension().is_some_and(|end| end == "yaml"));
    for stack in stacks.chain([root().join("tests/fixtures/terraform/everything.yaml")]) {
        let name = stack.file_stem().unwrap().to_str().unwrap();
        let folder = rendered(&stack, &format!("valid-{name}"), &[], &plugins);
        terraform(&folder, &["fmt", "-check", "-diff"]);
        init(&folder, &plugins);
        assert!(terraform(&folder, &["validate", "-no-color"]).contains("Success"), "{name}");
    }
}

/// Applies a stack, plans it with both backends, reads a stack out of the state, and destroys it.
fn there_and_back(stack: &str) {
    let Some(plugins) = provider(stack) else { return };
    let file = root().join("stacks").join(stack);
    let folder = tmp().join(format!("back-{stack}"));
    let _absent = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    let run = |arguments: &[&str]| {
        let all = [&[arguments[0], file.to_str().unwrap()], &arguments[1..]].concat();
        let builds = ["plan", "apply"].contains(&arguments[0]);
        queuestack(&[&all[..], if builds { BUILT } else { &[] }].concat(), &plugins)
    };
    let state = folder.join("terraform.tfstate");
    let run_terraform = |arguments: &[&str]| {
        run(&[arguments, &["--backend", "terraform", "--state", state.to_str().unwrap()]].concat())
    };
    // One format for each will do: Terraform takes its time.
    let formats = [("calendar.yaml", "json"), ("events.yaml", "text")];
    let format = formats.iter().find(|(of, _)| *of == stack).map_or("markdown", |(_, format)| format);
    let plan = ["plan", "--format", format, "--detailed-exitcode"];
    same_plan(&run(&plan).exits(2).stdout, &run_terraform(&plan).exits(2).stdout);
    run_terraform(&["apply", "--yes"]).exits(0).says("created in");
    let drift = run_terraform(&["plan", "--json"]).exits(0).changes();
    let other: Vec<_> = drift.iter().filter(|one| !(alarms_drift() && one.starts_with("alarm."))).collect();
    assert!(other.is_empty(), "{stack}: {other:#?}");
    // What Terraform made is ours by its tags. Provider 5 knows no queue for messages over 256 KiB.
    let ours = run(&["plan", "--json"]).exits(0).changes();
    let other: Vec<_> = ours.iter().filter(|one| !one.ends_with(" max_message_size")).collect();
    assert!(other.is_empty(), "{stack}: {other:#?}");

    let imported = folder.join("stack.yaml");
    let imported = imported.to_str().unwrap();
    let state = state.to_str().unwrap();
    queuestack(&["import", "--terraform-state", state, "--out", imported], &plugins).exits(0);
    queuestack(&["plan", imported, "--detailed-exitcode"], &plugins).exits(0);
    run_terraform(&["destroy", "--yes"]).exits(0).says("deleted in");
    run(&["destroy", "--json", "--yes"]).exits(0).prints("\"steps\": []");
}

/// Compares what the two backends print, but for the size of messages, which provider 5 knows up to 256 KiB.
fn same_plan(one: &str, other: &str) {
    let other = other.replace("256KiB", "1MiB").replace("262144", "1048576");
    // A busy emulator may be too late to say its name where the endpoint is told.
    let below = |text: &str| text.lines().filter(|line| !line.contains("://")).collect::<Vec<_>>().join("\n");
    assert!(below(one) == below(&other) && one.contains("create"), "{one}\n{other}");
}

/// Terraform alone, in the folder that is rendered: its next plan is empty, of alarms as well.
#[test]
fn every_bundled_stack_is_left_as_it_was_applied() {
    const TEST: &str = "every_bundled_stack_is_left_as_it_was_applied";
    if alarms_drift() {
        eprintln!("left to LocalStack: {TEST}");
        return;
    }
    let Some(plugins) = provider(TEST) else { return };
    let gaps = Gaps::of(Some(&emulator::name()));
    let mut wanted = Vec::new();
    for entry in std::fs::read_dir(root().join("stacks")).unwrap() {
        let stack = entry.unwrap().path();
        if stack.extension().is_none_or(|end| end != "yaml") {
            continue;
        }
        let expanded = Run::new(&["expand", stack.to_str().unwrap(), "--json"]).output().exits(0).json();
        let kinds = expanded["resources"].as_object().unwrap().keys().map(|address| address.split('.').next().unwrap());
        match kinds.into_iter().find_map(|kind| gaps.lacks(kind)) {
            Some(why) => eprintln!("left to ministack: {}: {why}", stack.display()),
            None => wanted.push(stack),
        }
    }
    wanted.sort();
    let names: Vec<_> = wanted.iter().map(|stack| stack.file_stem().unwrap().to_str().unwrap()).collect();
    assert_eq!(names, ["calendar", "calsync-jobs", "events", "minimal", "orders"]);
    // The provider mostly waits: for what it made to be seen.
    std::thread::scope(|scope| {
        wanted.iter().for_each(|stack| drop(scope.spawn(|| applies_and_leaves(stack, &plugins))));
    });
}

fn applies_and_leaves(stack: &Path, plugins: &Path) {
    let name = stack.file_stem().unwrap().to_str().unwrap();
    let folder = rendered(stack, &format!("left-{name}"), &[], plugins);
    let zips = folder.join("build");
    let build = ["build", stack.to_str().unwrap(), "--out", zips.to_str().unwrap()];
    Run::new(&[&build[..], BUILT].concat()).output().exits(0);
    std::fs::write(folder.join("local_override.tf"), overrides()).unwrap();
    // What is secret has no default.
    let variables = std::fs::read_to_string(folder.join("variables.tf")).unwrap_or_default();
    let asked = variables.split("variable \"").skip(1).filter(|block| !block.contains("\n  default "));
    let values = asked.map(|block| format!("{} = \"unused\"\n", block.split('"').next().unwrap()));
    std::fs::write(folder.join("secret.auto.tfvars"), values.collect::<String>()).unwrap();
    init(&folder, plugins);
    terraform(&folder, &["apply", "-auto-approve", "-input=false", "-no-color"]);
    let plan = terraform(&folder, &["plan", "-input=false", "-no-color"]);
    assert!(plan.contains("No changes."), "{name}:\n{plan}");
    // The provider waits for ever for the end of a queue with an allow list there.
    queuestack(&["destroy", stack.to_str().unwrap(), "--yes"], plugins).exits(0);
}

#[test]
fn events_goes_there_and_back() {
    there_and_back("events.yaml");
}

#[test]
fn calendar_goes_there_and_back() {
    there_and_back("calendar.yaml");
}

#[test]
fn api_goes_there_and_back() {
    there_and_back("api.yaml");
}

/// From the SDKs to Terraform: first by hand, with import blocks, then by the driver.
#[test]
fn what_the_sdks_made_is_handed_over_untouched() {
    let Some(plugins) = provider("what_the_sdks_made_is_handed_over_untouched") else { return };
    let file = tmp().join("handed/stack.yaml");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, HANDED).unwrap();
    std::fs::write(file.with_file_name("code.zip"), queuestack::artifact::pack::pack(b"#!/bin/sh\n").unwrap()).unwrap();
    let stack = file.to_str().unwrap();
    let steps = |arguments: &[&str]| {
        let planned = queuestack(&[&["plan", stack, "--json"], arguments].concat(), &plugins).exits(0);
        planned.json()["steps"].as_array().unwrap().clone()
    };
    let created = steps(&[]);
    queuestack(&["apply", stack, "--yes"], &plugins).exits(0);

    let folder = rendered(&file, "imports", &["--imports"], &plugins);
    let zips = folder.join("build");
    Run::new(&["build", stack, "--out", zips.to_str().unwrap()]).output().exits(0);
    std::fs::write(folder.join("local_override.tf"), overrides()).unwrap();
    init(&folder, &plugins);
    terraform(&folder, &["plan", "-input=false", "-no-color", "-out=plan"]);
    let plan: Value = serde_json::from_str(&terraform(&folder, &["show", "-json", "plan"])).unwrap();
    let changes = plan["resource_changes"].as_array().unwrap().iter().filter(|one| one["mode"] == "managed");
    let mut imported = 0;
    for one in changes {
        assert!(one["change"]["importing"]["id"].is_string(), "{one:#}");
        let drifts = alarms_drift() && one["type"] == "aws_cloudwatch_metric_alarm";
        assert!(drifts || one["change"]["actions"] == serde_json::json!(["no-op"]), "{one:#}");
        imported += 1;
    }
    // The inline policies of the roles are resources of their own there.
    assert!(imported >= created.len(), "{imported} of {}", created.len());

    let adopted = steps(&["--backend", "terraform"]);
    assert!(adopted.iter().all(|step| step["action"] == "adopt"), "{adopted:#?}");
    assert_eq!(adopted.len(), created.len(), "{adopted:#?}");
    queuestack(&["apply", stack, "--backend", "terraform", "--yes"], &plugins).exits(0);
    queuestack(&["plan", stack, "--detailed-exitcode"], &plugins).exits(0);
    queuestack(&["destroy", stack, "--backend", "terraform", "--yes"], &plugins).exits(0);
}

/// From Terraform to the SDKs: what somebody wrote by hand becomes a stack, and neither side wants to change it.
#[test]
fn what_terraform_made_is_imported_from_its_state() {
    let Some(plugins) = provider("what_terraform_made_is_imported_from_its_state") else { return };
    let folder = tmp().join("by-hand");
    let _absent = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::copy(root().join("tests/fixtures/terraform/by_hand/main.tf"), folder.join("main.tf")).unwrap();
    std::fs::write(folder.join("code.zip"), queuestack::artifact::pack::pack(b"#!/bin/sh\n").unwrap()).unwrap();
    std::fs::write(folder.join("local_override.tf"), overrides()).unwrap();
    init(&folder, &plugins);
    terraform(&folder, &["apply", "-auto-approve", "-input=false", "-no-color"]);

    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let (state, shown, file) = (path("terraform.tfstate"), path("shown.json"), path("stack.yaml"));
    std::fs::write(&shown, terraform(&folder, &["show", "-json"])).unwrap();
    let import = |state: &str| queuestack(&["import", "--terraform-state", state, "--stack", "by-hand"], &plugins);
    let told = import(&state).exits(0).says("imported 9 resources").says("`ignore_tags {");
    let told = told.says("left out: aws_ssm_parameter.settings: queuestack has no kind for it");
    let below = |text: &str| text.split_once("\nstack: ").unwrap().1.to_owned();
    assert_eq!(below(&told.stdout), below(&import(&shown).exits(0).stdout), "both forms of a state say the same");
    std::fs::write(&file, &told.stdout).unwrap();

    let planned = queuestack(&["plan", &file, "--json", "--adopt-unowned", "--detailed-exitcode"], &plugins);
    let changes = planned.exits(2).changes();
    // Two tags each but of the subscription, and the Region's on what is there once for all of them.
    assert_eq!(changes.len(), 2 * 8 + 1, "{changes:#?}");
    assert!(changes.iter().all(|change| change.contains(" tags.queuestack:")), "{changes:#?}");
    queuestack(&["apply", &file, "--yes", "--adopt-unowned"], &plugins).exits(0);
    queuestack(&["plan", &file, "--detailed-exitcode"], &plugins).exits(0);
    terraform(&folder, &["plan", "-input=false", "-no-color", "-out=plan"]);
    let plan: Value = serde_json::from_str(&terraform(&folder, &["show", "-json", "plan"])).unwrap();
    for one in plan["resource_changes"].as_array().unwrap() {
        let drifts = alarms_drift() && one["type"] == "aws_cloudwatch_metric_alarm";
        assert!(drifts || one["change"]["actions"] == serde_json::json!(["no-op"]), "{one:#}");
    }

    std::fs::copy(&state, path("old.tfstate")).unwrap();
    terraform(&folder, &["destroy", "-auto-approve", "-input=false", "-no-color"]);
    import(&path("old.tfstate")).exits(1).says("nothing of what the state holds is on ");
    import(&path("main.tf")).exits(1).says("main.tf: no state of Terraform's: give what `terraform state pull`");
}

/// The state in a bucket, and the file that locks it.
#[test]
fn a_state_in_a_bucket_is_locked() {
    let Some(plugins) = provider("a_state_in_a_bucket_is_locked") else { return };
    let (endpoint, file) = (endpoint(), tmp().join("bucket.yaml"));
    std::fs::create_dir_all(tmp()).unwrap();
    std::fs::write(&file, "stack: state-in-s3\nqueues: {state-in-s3: {}}\n").unwrap();
    let _there = std::fs::remove_dir_all(tmp().join("home/terraform/state-in-s3"));
    let s3 = |arguments: &[&str]| aws(&endpoint, &[&["s3api"], arguments, &["--bucket", "states"]].concat());
    let keys = || {
        let listed = s3(&["list-objects-v2"])["Contents"].clone();
        listed.as_array().into_iter().flatten().map(|one| one["Key"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    s3(&["create-bucket"]);
    let run = |arguments: &[&str]| {
        let state = ["--backend", "terraform", "--state", "s3://states/live/one.tfstate?region=us-east-1"];
        queuestack(&[&arguments[..1], &[file.to_str().unwrap()], &arguments[1..], &state].concat(), &plugins)
    };
    run(&["apply", "--yes"]).exits(0).says("queue.state-in-s3 created in");
    assert_eq!(keys(), ["live/one.tfstate"], "the state, and no lock that stayed");
    s3(&["put-object", "--key", "live/one.tfstate.tflock"]);
    run(&["plan"]).exits(1).says("Terraform's state is locked: wait").says("Error acquiring the state lock");
    s3(&["delete-object", "--key", "live/one.tfstate.tflock"]);
    run(&["destroy", "--yes"]).exits(0).says("queue.state-in-s3 deleted in");
}

/// In every command, and beside stacks that have none.
#[test]
fn secrets_are_refused_before_terraform_hears_of_them() {
    let Some(plugins) = provider("secrets_are_refused_before_terraform_hears_of_them") else { return };
    let folder = tmp().join("secrets");
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("stack.yaml");
    let text = "stack: keeper\nworkers:\n  keeper:\n    artifact: code.zip\n    environment:\n      TOKEN: ${secret:ssm:/keeper/token}\n";
    std::fs::write(&file, text).unwrap();
    std::fs::write(folder.join("code.zip"), queuestack::artifact::pack::pack(b"#!/bin/sh\n").unwrap()).unwrap();
    let refused = "error[QS062]: `environment.TOKEN` of `function.keeper` refers to `${secret:ssm:/keeper/token}`";
    let file = file.to_str().unwrap();
    for arguments in [&["plan", file][..], &["apply", file, "--yes"], &["destroy", file, "--yes"]] {
        let output = queuestack(&[arguments, &["--backend", "terraform"]].concat(), &plugins);
        output.exits(1).says(refused).says("stack.yaml:6:");
    }
    let empty = folder.join("empty.yaml");
    std::fs::write(&empty, "stack: beside-keeper\nqueues: {beside-keeper: {}}\n").unwrap();
    let both = ["plan", file, empty.to_str().unwrap(), "--backend", "terraform"];
    let told = queuestack(&both, &plugins).exits(1).says(refused).says("1 of 2 stacks failed");
    told.prints("queue.beside-keeper");
}

/// What sends the provider to the emulator, for those who run it by hand.
fn overrides() -> String {
    let endpoint = endpoint();
    let services = ["apigatewayv2", "cloudwatch", "events", "iam", "lambda", "logs", "sns", "sqs", "ssm", "sts"]
        .map(|service| format!("    {service} = \"{endpoint}\"\n"));
    let skips = ["skip_credentials_validation", "skip_metadata_api_check"].map(|skip| format!("  {skip} = true\n"));
    format!("provider \"aws\" {{\n{}  endpoints {{\n{}  }}\n}}\n", skips.concat(), services.concat())
}

#[test]
fn what_the_provider_refuses_is_told_where_it_stands() {
    let Some(plugins) = provider("what_the_provider_refuses_is_told_where_it_stands") else { return };
    let folder = tmp().join("refused");
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("stack.yaml");
    let text = "stack: refused\nqueues:\n  large:\n    max_message_size: 512KiB\n";
    std::fs::write(&file, text).unwrap();
    let output = queuestack(&["plan", file.to_str().unwrap(), "--backend", "terraform"], &plugins);
    output.exits(1).says("error[QS061]: queue.large: ").says("stack.yaml:4:23");
}

#[test]
fn without_a_provider_nothing_is_downloaded() {
    if provider("without_a_provider_nothing_is_downloaded").is_none() {
        return;
    }
    let empty = tmp().join("empty");
    std::fs::create_dir_all(&empty).unwrap();
    let stack = root().join("stacks/minimal.yaml");
    let home = tmp().join("no-provider");
    let arguments = ["plan", stack.to_str().unwrap(), "--backend", "terraform"];
    let run = Run::new(&arguments).at(&endpoint()).env("QUEUESTACK_HOME", home.to_str().unwrap());
    let output = run.env("QUEUESTACK_TERRAFORM_PLUGIN_DIR", empty.to_str().unwrap()).output();
    output.exits(1).says("terraform init failed").says("hashicorp/aws");
}
