//! What was made without queuestack, by the AWS CLI, becomes a stack that would change nothing but ownership tags.

use queuestack::gaps::Gaps;
use serde_json::Value;

use crate::support::aws_cli::{aws, url};
use crate::support::{Account, Run, StackFile, emulator, folder, golden_text, pack, run};

const ARN: &str = "arn:aws:sqs:us-east-1:000000000000";
const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;

/// A FIFO and a standard queue with all that can belong to one.
fn seed(endpoint: &str, zip: &str) {
    let redrive = format!(
        r#"{{"VisibilityTimeout":"90","RedrivePolicy":"{{\"deadLetterTargetArn\":\"{ARN}:imp-dead\",\"maxReceiveCount\":\"4\"}}","Policy":"{{\"Version\":\"2012-10-17\",\"Statement\":[{{\"Sid\":\"Send\",\"Effect\":\"Allow\",\"Principal\":{{\"AWS\":\"arn:aws:iam::111122223333:root\"}},\"Action\":\"sqs:SendMessage\",\"Resource\":\"{ARN}:imp-jobs\"}}]}}"}}"#
    );
    let queue = |name: &str, attributes: &str, tags: &str| {
        aws(endpoint, &["sqs", "create-queue", "--queue-name", name, "--attributes", attributes, "--tags", tags]);
    };
    queue("imp-dead", "MessageRetentionPeriod=1209600", "team=imp");
    queue("imp-jobs", &redrive, "team=imp,cost:center=12");
    queue(
        "imp-events.fifo",
        "FifoQueue=true,ContentBasedDeduplication=true,ReceiveMessageWaitTimeSeconds=20",
        "team=imp",
    );
    let alarm = |name: &str, dimension: &str| {
        let metric = ["--namespace", "AWS/SQS", "--metric-name", "ApproximateNumberOfMessagesVisible"];
        let condition = ["--threshold", "10", "--comparison-operator", "GreaterThanThreshold", "--period", "300"];
        let rest = ["--dimensions", dimension, "--statistic", "Maximum", "--evaluation-periods", "2"];
        let actions = ["--alarm-actions", "arn:aws:sns:us-east-1:000000000000:ops"];
        aws(
            endpoint,
            &[&["cloudwatch", "put-metric-alarm", "--alarm-name", name], &metric[..], &condition, &rest, &actions]
                .concat(),
        );
    };
    alarm("imp jobs: too many", "Name=QueueName,Value=imp-jobs");
    alarm("imp-worker-busy", "Name=FunctionName,Value=imp-worker");
    alarm("imp-elsewhere", "Name=QueueName,Value=imp-unrelated");

    let role = ["iam", "create-role", "--role-name", "imp-role", "--path", "/service-role/"];
    aws(endpoint, &[&role[..], &["--assume-role-policy-document", TRUST]].concat());
    let managed = "arn:aws:iam::aws:policy/service-role/AWSLambdaSQSQueueExecutionRole";
    aws(endpoint, &["iam", "attach-role-policy", "--role-name", "imp-role", "--policy-arn", managed]);
    let environment =
        format!("Variables={{API_TOKEN=hunter2,JOBS={},QUEUE_NAME=imp-jobs,PLAIN=words}}", url(endpoint, "imp-jobs"));
    let code = format!("fileb://{zip}");
    let runtime = ["--runtime", "provided.al2023", "--handler", "app.handle", "--timeout", "15"];
    let create = ["lambda", "create-function", "--function-name", "imp-worker", "--zip-file", &code];
    let as_role = ["--role", "arn:aws:iam::000000000000:role/service-role/imp-role", "--environment", &environment];
    aws(endpoint, &[&create[..], &runtime, &as_role].concat());
    let source = format!("{ARN}:imp-jobs");
    let mapping = ["lambda", "create-event-source-mapping", "--function-name", "imp-worker"];
    aws(endpoint, &[&mapping[..], &["--event-source-arn", &source, "--batch-size", "5"]].concat());
    aws(endpoint, &["logs", "create-log-group", "--log-group-name", "/aws/lambda/imp-worker"]);
    let retention = ["--log-group-name", "/aws/lambda/imp-worker", "--retention-in-days", "30"];
    aws(endpoint, &[&["logs", "put-retention-policy"], &retention[..]].concat());
}

fn code(endpoint: &str) -> Value {
    aws(endpoint, &["lambda", "get-function-configuration", "--function-name", "imp-worker"])["CodeSha256"].clone()
}

#[test]
fn what_the_cli_made_becomes_a_stack_that_changes_nothing_but_ownership() {
    let endpoint = emulator::endpoint();
    let folder = folder("import");
    pack(&folder.join("app.zip"), b"#!/bin/sh\n");
    seed(endpoint, folder.join("app.zip").to_str().unwrap());
    let before = (Account::new(endpoint).attributes("imp-jobs"), code(endpoint));

    let out = folder.join("stack.yaml");
    let file = out.to_str().unwrap();
    let ask = ["import", "--queue", "imp-jobs", "imp-events.fifo", "--stack", "imp", "--out", file];
    let told = run(endpoint, &ask)
        .exits(0)
        .says("imported 9 resources")
        .says("looks like a secret: give imp-worker-API_TOKEN");
    assert_eq!(told.stdout, "");
    let text = std::fs::read_to_string(&out).unwrap();
    assert!(!text.contains("hunter2") && !told.stderr.contains("hunter2"));
    golden_text("import/imp.yaml", &text.replace(file, "stack.yaml"));
    run(endpoint, &ask).exits(1).says("cannot read or write").says("exists");
    let by_tag = run(endpoint, &["import", "--tag", "team=imp", "--stack", "imp"]).exits(0);
    let below = |text: &str| text.split_once("\nstack: ").unwrap().1.to_owned();
    assert_eq!(below(&by_tag.stdout), below(&text), "the tag leads to the same");

    std::fs::write(folder.join("values.yaml"), "imp-worker-API_TOKEN: hunter2\n").unwrap();
    let values = folder.join("values.yaml");
    let with = |verb: &[&str]| run(endpoint, &[verb, &[file, "--var-file", values.to_str().unwrap()]].concat());
    with(&["plan"]).exits(1).says("queue.imp-jobs: `imp-jobs` exists already without our tags");
    let planned = with(&["plan", "--json", "--adopt-unowned", "--detailed-exitcode"]).exits(2).changes();
    // An emulator may lose the tags of the log group.
    let tagged = Gaps::of(Some(&emulator::name())).note("log_group", "tags").map_or(9, |_| 8);
    // Two tags each, and of the role its Region.
    assert_eq!(planned.len(), 2 * tagged + 1, "{planned:#?}");
    assert!(planned.iter().all(|change| change.contains(" tags.queuestack:")), "{planned:#?}");
    with(&["apply", "--yes", "--adopt-unowned"]).exits(0).prints(&format!("{tagged} to adopt"));
    with(&["plan", "--detailed-exitcode"]).exits(0).prints("9 unchanged");
    let mut after = Account::new(endpoint).attributes("imp-jobs");
    after.insert("LastModifiedTimestamp".to_owned(), before.0["LastModifiedTimestamp"].clone());
    assert_eq!((after, code(endpoint)), before);

    // What a stack owns is not imported into another, and the code of others is not replaced.
    let again = ["import", "--queue", "imp-dead", "--stack", "imp-other"];
    run(endpoint, &again).exits(1).says("the queue `imp-dead` belongs to stack `imp` already");
    std::fs::write(&out, text.replace("    handler: app.h", "    architecture: arm64\n    handler: app.h")).unwrap();
    with(&["apply", "--yes"]).exits(1).says("the code of imp-worker is deployed elsewhere");
    std::fs::write(&out, text).unwrap();
    with(&["destroy", "--yes"]).exits(0).prints(&format!("{tagged} to delete"));
}

#[test]
fn what_a_stack_cannot_say_stays_outside_and_is_told() {
    let endpoint = emulator::endpoint();
    let folder = folder("import-outside");
    pack(&folder.join("app.zip"), b"#!/bin/sh\n");
    let account = Account::new(endpoint);
    account.create_queue("impo-jobs", &[]);
    let create = ["iam", "create-role", "--role-name", "impo-role", "--assume-role-policy-document", TRUST];
    aws(endpoint, &create);
    let policy =
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sqs:ListQueues","Resource":"*"}]}"#;
    let put = ["iam", "put-role-policy", "--role-name", "impo-role", "--policy-name", "inline"];
    aws(endpoint, &[&put[..], &["--policy-document", policy]].concat());
    let code = format!("fileb://{}", folder.join("app.zip").display());
    let role = ["--role", "arn:aws:iam::000000000000:role/impo-role", "--zip-file", &code];
    let runtime = ["--runtime", "provided.al2023", "--handler", "app.handle", "--tracing-config", "Mode=Active"];
    aws(endpoint, &[&["lambda", "create-function", "--function-name", "impo-worker"], &role[..], &runtime].concat());
    let source = format!("{ARN}:impo-jobs");
    let mapping = ["lambda", "create-event-source-mapping", "--function-name", "impo-worker"];
    aws(endpoint, &[&mapping[..], &["--event-source-arn", &source]].concat());
    aws(endpoint, &["logs", "create-log-group", "--log-group-name", "/aws/lambda/impo-worker"]);
    let owned = StackFile::new(
        "import-owner",
        "stack: impo-owner\nalarms: {impo-depth: {metric: {namespace: AWS/SQS, name: NumberOfMessagesSent, dimensions: {QueueName: impo-jobs}}, statistic: sum, threshold: 1, comparison: \">\", missing_data: ignore}}\n",
    );
    run(endpoint, &["apply", owned.path(), "--yes"]).exits(0);

    let told = run(endpoint, &["import", "--queue", "impo-jobs"]).exits(0).says("imported 3 resources");
    let reasons = [
        "role `impo-role`: `foreign_policies` is [inline], and no stack can say so",
        "log_group `/aws/lambda/impo-worker`: `retention` is (none), and no stack can say so: it would become 14d",
        "alarm `impo-depth` belongs to stack `impo-owner`",
    ];
    for reason in reasons {
        assert!(told.stderr.contains(&format!("left out: {reason}\n")), "{reason}\n{}", told.stderr);
        assert!(told.stdout.contains(&format!("# Left out: {reason}.\n")), "{reason}\n{}", told.stdout);
    }
    assert!(told.stdout.contains("role: arn:aws:iam::000000000000:role/impo-role"), "{}", told.stdout);
    let file = StackFile::new("import-outside-stack", &told.stdout);
    let planned = run(endpoint, &["plan", file.path(), "--json", "--adopt-unowned"]).exits(0).changes();
    assert!(planned.len() == 6 && planned.iter().all(|change| change.contains(" tags.queuestack:")), "{planned:#?}");

    // What the stack owns by its tag, and the file does not have, a plan would delete. LocalStack keeps no tags
    // that a log group is given later.
    if emulator::name() == "localstack" {
        return;
    }
    let tag = ["logs", "tag-log-group", "--log-group-name", "/aws/lambda/impo-worker", "--tags"];
    aws(endpoint, &[&tag[..], &["queuestack:stack=impo-mine"]].concat());
    let told = run(endpoint, &["import", "--queue", "impo-jobs", "--stack", "impo-mine"]).exits(0);
    told.says("warning: log_group `/aws/lambda/impo-worker` is not in this file and has the tag of its stack");
}

#[test]
fn nothing_is_imported_that_is_not_there() {
    let endpoint = emulator::endpoint();
    run(endpoint, &["import", "--queue", "imp-nowhere"]).exits(1).says("there is no queue `imp-nowhere` on");
    run(endpoint, &["import", "--tag", "team=imp-nobody"]).exits(1).says("has the tag team=imp-nobody");
    Run::new(&["import"]).output().exits(1).says("--queue <NAME>");
    Run::new(&["import", "--tag", "team"]).output().exits(1).says("write KEY=VALUE");
}
