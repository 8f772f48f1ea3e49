//! One stack in two Regions of an account: they share IAM and nothing else.

use serde_json::Value;

use crate::support::aws_cli::aws;
use crate::support::{Output, StackFile, emulator, pack, run};

const STACK: &str = "stack: regions
queues:
  regions-jobs: {}
workers:
  regional: {artifact: code.zip, queue: regions-jobs}
";

fn roles(endpoint: &str) -> Vec<String> {
    let listed = aws(endpoint, &["iam", "list-roles", "--path-prefix", "/queuestack/regions/"]);
    let mut names: Vec<String> =
        listed["Roles"].as_array().unwrap().iter().map(|role| role["RoleName"].as_str().unwrap().to_owned()).collect();
    names.sort();
    names
}

fn resources(endpoint: &str, role: &str) -> String {
    let policy = aws(endpoint, &["iam", "get-role-policy", "--role-name", role, "--policy-name", "queuestack"]);
    policy["PolicyDocument"]["Statement"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one: &Value| one["Resource"].to_string())
        .collect()
}

#[test]
fn two_regions_do_not_share_roles() {
    let endpoint = emulator::endpoint();
    let file = StackFile::new("regions", STACK);
    pack(&std::path::Path::new(file.path()).with_file_name("code.zip"), b"#!/bin/sh\n");
    let go = |region: &str, arguments: &[&str]| -> Output {
        run(endpoint, &[&[arguments[0], file.path(), "--region", region][..], &arguments[1..]].concat())
    };
    let (here, there) = ("us-east-1", "eu-west-1");
    for region in [here, there] {
        go(region, &["apply", "--yes"]).exits(0);
    }
    for region in [here, there] {
        go(region, &["plan", "--detailed-exitcode"]).exits(0).prints("Nothing to do");
        assert!(resources(endpoint, &format!("regional-role-{region}")).contains(&format!("arn:aws:sqs:{region}:")));
    }
    assert_eq!(roles(endpoint), ["regional-role-eu-west-1", "regional-role-us-east-1"]);

    // A name without the Region is taken by whoever came first, and the other is told of it.
    file.write(&format!("{STACK}roles: {{shared: {{name: regions-shared}}}}\n"));
    go(here, &["apply", "--yes"]).exits(0);
    go(there, &["apply", "--yes"])
        .exits(1)
        .says("`regions-shared` exists already and belongs to stack `regions (us-east-1)`");
    file.write(STACK);

    go(there, &["destroy", "--yes"]).exits(0);
    assert_eq!(roles(endpoint), ["regional-role-us-east-1", "regions-shared"]);
    go(here, &["destroy", "--yes"]).exits(0);
    assert_eq!(roles(endpoint), [] as [&str; 0]);
}
