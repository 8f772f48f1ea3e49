//! Secrets of Parameter Store and Secrets Manager: they reach the function and nobody else.

use crate::support::aws_cli::aws;
use crate::support::{Failure, Run, StackFile, emulator, pack, run, stub};

const STACK: &str = r#"stack: secrets
variables: {stage: {default: e2e}}
workers:
  keeper:
    artifact: code.zip
    environment:
      TOKEN: ${secret:ssm:/secrets-${stage}/token}
      DATABASE: "postgres://jobs:${secret:secretsmanager:secrets-e2e/db#password}@db/jobs"
      PLAIN: in plain sight
      LITERAL: "$${secret:ssm:/x}"
"#;
const TOKEN: &str = "tok-5f1c9a7e";
const ROTATED: &str = "tok-0d44b3c2";
const PASSWORD: &str = "pass-93be21d0";

/// A stack file with its artifact beside it.
fn file(test: &str, text: &str) -> StackFile {
    let file = StackFile::new(test, text);
    pack(&std::path::Path::new(file.path()).with_file_name("code.zip"), b"#!/bin/sh\n");
    file
}

fn put_token(endpoint: &str, value: &str) {
    let name = ["--name", "/secrets-e2e/token", "--type", "SecureString", "--overwrite"];
    aws(endpoint, &[&["ssm", "put-parameter"][..], &name, &["--value", value]].concat());
}

/// Runs a command and keeps both of its outputs, in which no secret may be.
fn hears(output: crate::support::Output, heard: &mut String) -> crate::support::Output {
    heard.push_str(&output.stdout);
    heard.push_str(&output.stderr);
    output
}

#[test]
fn a_secret_reaches_the_function_and_no_output() {
    let endpoint = emulator::endpoint();
    let file = file("secrets", STACK);
    let mut heard = String::new();
    let mut go = |arguments: &[&str]| {
        let rest: Vec<&str> = arguments[1..].to_vec();
        hears(run(endpoint, &[&[arguments[0], file.path()][..], &rest].concat()), &mut heard)
    };

    let missing = go(&["plan"]).exits(1);
    let missing =
        missing.says("error[QS315]: `environment.TOKEN` refers to `${secret:ssm:/secrets-e2e/token}`: there is no");
    missing.says("stack.yaml:7:").says("error[QS315]: `environment.DATABASE`").says("error: 2 errors");
    put_token(endpoint, TOKEN);
    let db = ["secretsmanager", "create-secret", "--name", "secrets-e2e/db", "--secret-string"];
    aws(endpoint, &[&db[..], &[r#"{"user": "jobs"}"#]].concat());
    go(&["plan"]).exits(1).says("`secrets-e2e/db` has no key `password`");
    let put = ["secretsmanager", "put-secret-value", "--secret-id", "secrets-e2e/db", "--secret-string"];
    aws(endpoint, &[&put[..], &[&format!(r#"{{"password": "{PASSWORD}"}}"#)]].concat());

    go(&["plan", "-vv"]).exits(0).prints("TOKEN: (secret)").prints("PLAIN: in plain sight");
    go(&["plan", "--json", "-vv"]).exits(0).prints(r#""TOKEN": "(secret)""#);
    go(&["apply", "--yes", "-vv"]).exits(0);
    let found = aws(endpoint, &["lambda", "get-function-configuration", "--function-name", "keeper"]);
    let variables = &found["Environment"]["Variables"];
    assert_eq!(variables["TOKEN"], TOKEN);
    assert_eq!(variables["DATABASE"], format!("postgres://jobs:{PASSWORD}@db/jobs"));
    assert_eq!(variables["LITERAL"], "${secret:ssm:/x}");
    go(&["plan", "--detailed-exitcode", "-vv"]).exits(0);

    put_token(endpoint, ROTATED);
    let shown = go(&["plan", "--detailed-exitcode", "-vv"]).exits(2);
    shown.prints("TOKEN: (secret, changed)").prints("DATABASE: (secret)").prints("Plan: 1 to update");
    let json = go(&["plan", "--json"]).exits(0).json();
    let change = &json["steps"][0]["changes"][0];
    assert_eq!(
        (&change["before"]["TOKEN"], &change["after"]["TOKEN"]),
        (&"(secret)".into(), &"(secret, changed)".into())
    );
    go(&["apply", "--yes", "--json", "-vv"]).exits(0);
    let found = aws(endpoint, &["lambda", "get-function-configuration", "--function-name", "keeper"]);
    assert_eq!(found["Environment"]["Variables"]["TOKEN"], ROTATED);

    // What the stack no longer names is hidden too, and what is not asked for is not read.
    file.write(&STACK.replace("      TOKEN: ${secret:ssm:/secrets-${stage}/token}\n", ""));
    go(&["plan"]).exits(0).prints("TOKEN: (hidden)");
    // So is what the stack now says in clear.
    file.write(&STACK.replace("${secret:ssm:/secrets-${stage}/token}", "plain"));
    go(&["plan"]).exits(0).prints("TOKEN: (hidden)} → ").prints("TOKEN: plain");
    let json = go(&["plan", "--json"]).exits(0).json();
    let change = &json["steps"][0]["changes"][0];
    assert_eq!((&change["before"]["TOKEN"], &change["after"]["TOKEN"]), (&"(hidden)".into(), &"plain".into()));
    go(&["plan", "--format", "markdown"]).exits(0).prints("(hidden)");
    let saved = std::path::Path::new(file.path()).with_file_name("secrets.qsp").display().to_string();
    go(&["plan", "--out", &saved]).exits(0);
    let kept = std::fs::read_to_string(saved).unwrap();
    assert!(kept.contains("(hidden)") && !kept.contains(ROTATED), "{kept}");
    file.write(&STACK.replace("/token}", "/nowhere}"));
    go(&["plan", "--only", "log_group.keeper"]).exits(0);
    hears(Run::new(&["expand", file.path()]).output().exits(0), &mut heard);
    let expanded = hears(Run::new(&["expand", file.path(), "--json"]).output().exits(0), &mut heard);
    expanded.prints(r#""TOKEN": "${secret:ssm:/secrets-e2e/nowhere}""#);
    hears(run(endpoint, &["destroy", file.path(), "--yes", "-vv"]).exits(0), &mut heard);
    for secret in [TOKEN, ROTATED, PASSWORD] {
        assert!(!heard.contains(secret), "{secret} was told");
    }
}

#[test]
fn who_may_not_read_a_secret_is_told_what_is_missing() {
    let stub = stub(0);
    stub.fail(Failure::of("AmazonSSM.GetParameter", "AccessDeniedException"));
    stub.fail(Failure::of("secretsmanager.GetSecretValue", "AccessDeniedException"));
    let file = file("secrets-denied", STACK);
    let output = run(&stub.endpoint(), &["plan", file.path()]).exits(1);
    output
        .says("error[QS316]: `environment.TOKEN` refers to")
        .says("ssm GetParameter: AccessDeniedException: The test wants this to fail.")
        .says("Allow `ssm:GetParameter` or `secretsmanager:GetSecretValue` on it")
        .says("stack.yaml:7:");
}

#[test]
fn a_secret_that_makes_the_environment_too_long_is_told_without_it() {
    let endpoint = emulator::endpoint();
    let long = "0123456789abcdef".repeat(255);
    aws(
        endpoint,
        &["ssm", "put-parameter", "--name", "/secrets-long", "--type", "String", "--overwrite", "--value", &long],
    );
    let text = "stack: secrets-long\nworkers:\n  w:\n    artifact: code.zip\n    environment:\n      TOKEN: ${secret:ssm:/secrets-long}\n      MORE: 0123456789abcdef\n";
    let output =
        run(endpoint, &["plan", file("secrets-long", text).path()]).exits(1).says("error[QS302]: the environment of");
    assert!(!output.stderr.contains(&long[..40]), "{}", output.stderr);
}
