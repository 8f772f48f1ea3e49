#![cfg(unix)]

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use super::*;
use crate::backend::terraform::tests::{place, queue, stack};
use crate::event::Silent;
use crate::gaps::Gaps;
use crate::plan::Consent;

const STACK: &str = "stack: jobs\nqueues: {one: {}, two: {}}\n";

/// A driver whose binary is this script; it counts its calls of `init` in a file of that name.
fn driver(folder: &Path, script: &str) -> Driver {
    let (text, program) = (folder.join("script"), folder.join("terraform"));
    let init = "if [ \"$1\" = init ]; then echo >> init; mkdir -p .data; exit 0; fi\n";
    std::fs::write(&text, format!("#!/bin/sh\n{init}{script}")).unwrap();
    std::fs::set_permissions(&text, std::fs::Permissions::from_mode(0o755)).unwrap();
    // Another process writes it: a file that this one had open may be busy when it is run.
    assert!(std::process::Command::new("cp").args([&text, &program]).status().unwrap().success());
    let terraform = Terraform { program, folder: folder.to_owned(), data: ".data".into(), environment: Vec::new() };
    let settings = Settings {
        terraform,
        plugins: Plugins::Configured,
        state: State::Local(folder.join("terraform.tfstate")),
        site: Site::default(),
    };
    let stack = stack(STACK);
    Driver::new(settings, Open::fixed(&stack), &stack, Artifacts::new())
}

fn error(summary: &str, detail: &str) -> String {
    let said = serde_json::json!({"severity": "error", "summary": summary, "detail": detail});
    format!("echo '{}'\n", serde_json::json!({"type": "diagnostic", "diagnostic": said}))
}

fn resource(hook: &str, name: &str) -> String {
    let resource = serde_json::json!({"addr": format!("aws_sqs_queue.{name}")});
    format!("echo '{}'\n", serde_json::json!({"type": hook, "hook": {"resource": resource}}))
}

fn shown(change: &str) -> String {
    let change = |name: &str| {
        serde_json::json!({
            "address": format!("aws_sqs_queue.{name}"), "mode": "managed", "type": "aws_sqs_queue", "name": name,
            "change": {"actions": [change], "before": null, "after": {"name": name}, "after_unknown": {}},
        })
    };
    let changes = serde_json::json!({"resource_changes": [change("one"), change("two")]});
    format!("if [ \"$1\" = show ]; then echo '{changes}'; exit 0; fi\n")
}

async fn planned(driver: &mut Driver, found: Vec<Found>, consent: &Consent) -> Result<Plan, TerraformError> {
    let (stack, place, gaps) = (stack(STACK), place(), Gaps::default());
    driver.plan(&Ask { stack: &stack, place: &place, found, gaps: &gaps, consent }, false).await
}

#[tokio::test]
async fn who_stops_an_apply_is_told_what_is_left() {
    // A shell hands on what it ignores, and what it runs in the background ignores this signal.
    let _handled = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let halted = error("execution halted", "").replace('\n', "; exit 1");
    let started = resource("apply_start", "one") + &resource("apply_complete", "one") + &resource("apply_start", "two");
    let apply =
        format!("trap \"{}\" INT\n{started}touch started\nwhile :; do sleep 0.05; done\n", halted.replace('"', "\\\""));
    let script = format!("{}if [ \"$1\" = plan ]; then exit 0; fi\n{apply}", shown("create"));
    let mut driver = driver(folder.path(), &script);
    let plan = planned(&mut driver, Vec::new(), &Consent::default()).await.unwrap();
    let (stop, stopped) = watch::channel(false);
    let at = folder.path().join("started");
    let asking = async move {
        while !at.exists() {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        stop.send(true).unwrap();
        std::future::pending::<()>().await;
    };
    let outcome = tokio::select! {
        outcome = driver.apply(&plan, 1, stopped, &Silent) => outcome.unwrap(),
        () = asking => unreachable!(),
    };
    assert_eq!(outcome, Outcome { done: 1, failed: 0, skipped: 1, interrupted: true });
}

#[tokio::test]
async fn what_is_wrong_with_the_run_is_no_fault_of_the_stack() {
    let folder = tempfile::tempdir().unwrap();
    let wrong = async |summary: &str| {
        let mut driver = driver(folder.path(), &format!("{}exit 1\n", error(summary, "ID: 7")));
        planned(&mut driver, Vec::new(), &Consent::default()).await.unwrap_err().to_string()
    };
    let locked = wrong("Error acquiring the state lock").await;
    let words =
        "Terraform's state is locked: wait for the run that holds the lock; if it was killed, take its lock away with";
    assert!(locked.starts_with(words) && locked.ends_with("Error acquiring the state lock\nID: 7"), "{locked}");
    let plugins = wrong("Required plugins are not installed").await;
    assert!(plugins.starts_with("Terraform does not find the provider"), "{plugins}");
    let other = wrong("No valid credential sources found").await;
    assert_eq!(other, "terraform plan failed:\nNo valid credential sources found\nID: 7");
}

#[tokio::test]
async fn what_was_initialised_and_is_gone_is_initialised_again() {
    let folder = tempfile::tempdir().unwrap();
    let inits = || std::fs::read_to_string(folder.path().join("init")).unwrap().lines().count();
    let missing = error("Required plugins are not installed", "").replace('\n', "; exit 1;");
    // Once it is initialised anew, it is there.
    let plan = format!("if [ -e gone ]; then rm gone; {missing} fi\nexit 0\n");
    let mut driver = driver(folder.path(), &format!("{}{plan}", shown("create")));
    planned(&mut driver, Vec::new(), &Consent::default()).await.unwrap();
    planned(&mut driver, Vec::new(), &Consent::default()).await.unwrap();
    assert_eq!(inits(), 1);
    std::fs::write(folder.path().join("gone"), "").unwrap();
    planned(&mut driver, Vec::new(), &Consent::default()).await.unwrap();
    assert_eq!(inits(), 2);
    // Another data folder has nothing in it.
    std::fs::remove_dir_all(folder.path().join(".data")).unwrap();
    planned(&mut driver, Vec::new(), &Consent::default()).await.unwrap();
    assert_eq!(inits(), 3);
}

#[tokio::test]
async fn what_nobody_owns_is_imported_by_consent() {
    let folder = tempfile::tempdir().unwrap();
    let mut driver = driver(folder.path(), &format!("{}exit 0\n", shown("no-op")));
    let mut found = vec![queue("one", "jobs", 0), queue("two", "theirs", 0)];
    found[0].tags.clear();
    let imports: PathBuf = folder.path().join("imports.tf");
    let mut imported = async |consent: &Consent| {
        planned(&mut driver, found.clone(), consent).await.unwrap();
        std::fs::read_to_string(&imports).unwrap().matches("import {").count()
    };
    assert_eq!(imported(&Consent::default()).await, 0);
    assert_eq!(imported(&Consent { adopt_unowned: true, ..Consent::default() }).await, 1);
}
