//! The calendar stack on the local AWS, seen by the AWS CLI.

use serde_json::{Value, json};

use crate::support::aws_cli::{aws, url};
use crate::support::{Account, StackFile, emulator, run};

/// Takes the workers that the test run has built: their other profile, for Lambda, would compile everything once more.
pub const BUILT: &[&str] = &["--no-build", "--cargo-profile", "dev"];

/// The stack that this repository is about.
pub const CALENDAR: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/stacks/calendar.yaml");

/// The calendar stack's queues and alarms under other names, for a test that changes them.
fn renamed(to: &str) -> String {
    let text = std::fs::read_to_string(CALENDAR).unwrap();
    let text = text.split("workers:").next().unwrap();
    text.replace("calendar", to).replace("notification-", &format!("{to}-notification-"))
}

fn attributes(endpoint: &str, queue: &str) -> Value {
    let all = ["sqs", "get-queue-attributes", "--attribute-names", "All", "--queue-url", &url(endpoint, queue)];
    aws(endpoint, &all)["Attributes"].clone()
}

fn arn(queue: &str) -> String {
    format!("arn:aws:sqs:us-east-1:000000000000:{queue}")
}

#[track_caller]
fn assert_members(of: &Value, expected: &Value) {
    for (key, value) in expected.as_object().unwrap() {
        assert_eq!(&of[key], value, "{key} of {of:#}");
    }
}

#[test]
fn the_aws_cli_shows_every_value() {
    let endpoint = emulator::endpoint();
    run(endpoint, &[&["apply", CALENDAR, "--yes"], BUILT].concat()).exits(0);

    let redrive = |to: &str| json!({"maxReceiveCount": 3, "deadLetterTargetArn": arn(to)});
    let allow = json!({"redrivePermission": "byQueue", "sourceQueueArns": [arn("calendar-sync-queue")]});
    let queues = [
        ("calendar-sync-queue", "300", "345600", redrive("calendar-sync-queue-dlq"), Value::Null),
        ("calendar-sync-queue-dlq", "30", "1209600", Value::Null, allow),
        ("notification-queue", "30", "345600", redrive("notification-dlq"), Value::Null),
        ("notification-dlq", "30", "1209600", Value::Null, Value::Null),
    ];
    for (name, visibility, retention, redrive, allow) in queues {
        let found = attributes(endpoint, name);
        let expected = json!({
            "VisibilityTimeout": visibility, "MessageRetentionPeriod": retention, "DelaySeconds": "0",
            "ReceiveMessageWaitTimeSeconds": "20", "MaximumMessageSize": "1048576", "QueueArn": arn(name),
        });
        assert_members(&found, &expected);
        let document = |key: &str| found[key].as_str().map_or(Value::Null, |text| serde_json::from_str(text).unwrap());
        assert_eq!(document("RedrivePolicy"), redrive, "{name}");
        assert_eq!(document("RedriveAllowPolicy"), allow, "{name}");
        let statement = &document("Policy")["Statement"][0];
        assert_members(statement, &json!({"Effect": "Deny", "Action": "sqs:*", "Resource": arn(name)}));
        let tags = aws(endpoint, &["sqs", "list-queue-tags", "--queue-url", &url(endpoint, name)]);
        let owned = json!({"team": "scheduling", "queuestack:stack": "calendar",
            "queuestack:address": format!("queue.{name}")});
        assert_eq!(tags["Tags"], owned, "{name}");
    }
    let (depth, age) = ("ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage");
    let alarms = [
        ("calendar-sync-queue-dead-letters", depth, "calendar-sync-queue-dlq", 1.0, 1),
        ("calendar-sync-queue-backlog", depth, "calendar-sync-queue", 1000.0, 5),
        ("calendar-sync-queue-age", age, "calendar-sync-queue", 900.0, 5),
        ("notification-queue-dead-letters", depth, "notification-dlq", 1.0, 1),
        ("notification-queue-backlog", depth, "notification-queue", 1000.0, 5),
    ];
    for (name, metric, queue, threshold, periods) in alarms {
        let found = aws(endpoint, &["cloudwatch", "describe-alarms", "--alarm-names", name]);
        let found = &found["MetricAlarms"][0];
        let expected = json!({
            "Namespace": "AWS/SQS", "MetricName": metric, "Dimensions": [{"Name": "QueueName", "Value": queue}],
            "Statistic": "Maximum", "Period": 60, "EvaluationPeriods": periods, "Threshold": threshold,
            "ComparisonOperator": "GreaterThanOrEqualToThreshold", "TreatMissingData": "notBreaching",
            "ActionsEnabled": true, "AlarmActions": [],
        });
        assert_members(found, &expected);
        let arn = found["AlarmArn"].as_str().unwrap();
        let tags = aws(endpoint, &["cloudwatch", "list-tags-for-resource", "--resource-arn", arn]);
        assert!(tags["Tags"].as_array().unwrap().contains(&json!({"Key": "queuestack:stack", "Value": "calendar"})));
    }
    let again = run(endpoint, &[&["plan", CALENDAR, "--detailed-exitcode"], BUILT].concat());
    again.exits(0).prints("Nothing to do: 24 unchanged.");
    assert_eq!(left(endpoint), [4, 12, 2, 2, 2, 2], "queues, alarms, functions, mappings, roles, log groups");
    run(endpoint, &["destroy", CALENDAR, "--yes"]).exits(0).prints("Plan: 24 to delete");
    assert_eq!(left(endpoint), [0; 6], "queues, alarms, functions, mappings, roles, log groups");
}

/// How many queues, alarms, functions, mappings, roles and log groups of the calendar stack there are.
fn left(endpoint: &str) -> [usize; 6] {
    let count = |arguments: &[&str], list: &str, key: &str| {
        let answer = aws(endpoint, arguments);
        let items = answer[list].as_array().cloned().unwrap_or_default();
        let name = |item: &Value| if key.is_empty() { item.clone() } else { item[key].clone() };
        let ours = |name: &str| {
            let last = name.rsplit(['/', ':']).next().unwrap_or(name);
            last.starts_with("calendar-sync") || last.starts_with("notification")
        };
        items.iter().filter(|item| name(item).as_str().is_some_and(ours)).count()
    };
    [
        count(&["sqs", "list-queues"], "QueueUrls", ""),
        count(&["cloudwatch", "describe-alarms"], "MetricAlarms", "AlarmName"),
        count(&["lambda", "list-functions"], "Functions", "FunctionName"),
        count(&["lambda", "list-event-source-mappings"], "EventSourceMappings", "FunctionArn"),
        count(&["iam", "list-roles"], "Roles", "RoleName"),
        count(&["logs", "describe-log-groups"], "logGroups", "logGroupName"),
    ]
}

#[test]
fn a_message_received_four_times_is_a_dead_letter() {
    let endpoint = emulator::endpoint();
    let file = StackFile::new("dead-letter", &renamed("letters"));
    run(endpoint, &["apply", file.path(), "--yes"]).exits(0);
    let (queue, dead) = (url(endpoint, "letters-sync-queue"), url(endpoint, "letters-sync-queue-dlq"));
    aws(endpoint, &["sqs", "send-message", "--queue-url", &queue, "--message-body", "job"]);
    let receive = |queue: &str| {
        aws(endpoint, &["sqs", "receive-message", "--wait-time-seconds", "1", "--queue-url", queue])["Messages"][0]
            .clone()
    };
    for time in 1..=3 {
        let message = receive(&queue);
        let receipt = message["ReceiptHandle"].as_str().unwrap_or_else(|| panic!("receive {time}: {message}"));
        let back = ["sqs", "change-message-visibility", "--visibility-timeout", "0", "--receipt-handle", receipt];
        aws(endpoint, &[&back[..], &["--queue-url", &queue]].concat());
    }
    assert_eq!(receive(&queue), Value::Null, "the fourth receive moves it");
    assert_eq!(receive(&dead)["Body"], "job");
}

#[test]
fn a_change_in_the_file_is_exactly_that_attribute() {
    let endpoint = emulator::endpoint();
    let text = renamed("edited");
    let file = StackFile::new("edited", &text);
    run(endpoint, &["apply", file.path(), "--yes"]).exits(0);
    let edits = [
        ("visibility_timeout: 5m", "visibility_timeout: 6m", "queue.edited-sync-queue visibility_timeout"),
        ("receive_wait_time: 20s", "delay: 20s", "queue.edited-sync-queue delay"),
        ("age: {threshold: 15m}", "age: {threshold: 16m}", "alarm.edited-sync-queue-age threshold"),
        ("redrive: {max_receive_count: 3}", "redrive: {max_receive_count: 4}", "queue.edited-sync-queue redrive"),
    ];
    for (before, after, expected) in edits {
        assert!(text.contains(before), "{before}");
        file.write(&text.replacen(before, after, 1));
        let planned = run(endpoint, &["plan", file.path(), "--detailed-exitcode", "--json"]).exits(2);
        assert_eq!(planned.changes(), [expected]);
        run(endpoint, &["apply", file.path(), "--yes"]).exits(0).prints("1 to update");
        run(endpoint, &["plan", file.path(), "--detailed-exitcode"]).exits(0);
        file.write(&text);
        run(endpoint, &["apply", file.path(), "--yes"]).exits(0).prints("1 to update");
    }
}

#[test]
fn a_change_by_hand_is_exactly_that_attribute() {
    let endpoint = emulator::endpoint();
    let file = StackFile::new("by-hand", &renamed("hand"));
    run(endpoint, &["apply", file.path(), "--yes"]).exits(0);
    let queue = url(endpoint, "hand-sync-queue");
    let alarm = "arn:aws:cloudwatch:us-east-1:000000000000:alarm:hand-sync-queue-age";
    let set = |to: &str| {
        aws(endpoint, &["sqs", "set-queue-attributes", "--queue-url", &queue, "--attributes", to]);
    };
    let planned = || run(endpoint, &["plan", file.path(), "--detailed-exitcode", "--json"]).exits(2).changes();
    let mend = || run(endpoint, &["apply", file.path(), "--yes"]).exits(0);

    set("VisibilityTimeout=77");
    assert_eq!(planned(), ["queue.hand-sync-queue visibility_timeout"]);
    mend().prints("1m17s → 5m");
    set(r#"{"Policy": ""}"#);
    assert_eq!(planned(), ["queue.hand-sync-queue policy"]);
    mend();
    set(r#"{"RedrivePolicy": ""}"#);
    assert_eq!(planned(), ["queue.hand-sync-queue redrive"]);
    mend();
    aws(endpoint, &["sqs", "tag-queue", "--queue-url", &queue, "--tags", "team=other,extra=1"]);
    assert_eq!(planned(), ["queue.hand-sync-queue tags.extra", "queue.hand-sync-queue tags.team"]);
    mend();
    aws(endpoint, &["sqs", "untag-queue", "--queue-url", &queue, "--tag-keys", "team"]);
    assert_eq!(planned(), ["queue.hand-sync-queue tags.team"]);
    mend();
    aws(endpoint, &["cloudwatch", "tag-resource", "--resource-arn", alarm, "--tags", "Key=team,Value=other"]);
    assert_eq!(planned(), ["alarm.hand-sync-queue-age tags.team"]);
    mend();
    aws(endpoint, &["cloudwatch", "disable-alarm-actions", "--alarm-names", "hand-sync-queue-age"]);
    assert_eq!(planned(), ["alarm.hand-sync-queue-age actions_enabled"]);
    mend();
    run(endpoint, &["plan", file.path(), "--detailed-exitcode"]).exits(0).prints("9 unchanged");
}

#[test]
fn an_attribute_taken_out_of_the_file_is_back_at_its_default() {
    let endpoint = emulator::endpoint();
    let full = "stack: defaulted\nqueues:\n  defaulted:\n    visibility_timeout: 1m\n    delay: 5s\n    \
        max_message_size: 2KiB\n    message_retention: 1h\n    receive_wait_time: 3s\n    redrive: {max_receive_count: 2}\n    \
        redrive_allow: {permission: deny_all}\n    kms_key: alias/k\n    tags: {a: b}\n";
    let file = StackFile::new("defaulted", full);
    run(endpoint, &["apply", file.path(), "--yes"]).exits(0);
    file.write("stack: defaulted\nqueues: {defaulted: {tls_only: false}}\n");
    run(endpoint, &["apply", file.path(), "--yes"]).exits(0);
    let found = Account::new(endpoint).attributes("defaulted");
    let expected = [
        ("VisibilityTimeout", "30"),
        ("DelaySeconds", "0"),
        ("MaximumMessageSize", "1048576"),
        ("MessageRetentionPeriod", "345600"),
        ("ReceiveMessageWaitTimeSeconds", "20"),
    ];
    for (name, value) in expected {
        assert_eq!(found.get(name).map(String::as_str), Some(value), "{name}");
    }
    for cleared in ["RedrivePolicy", "RedriveAllowPolicy", "Policy", "KmsMasterKeyId"] {
        assert_eq!(found.get(cleared).filter(|text| !text.is_empty()), None, "{cleared}");
    }
    run(endpoint, &["plan", file.path(), "--detailed-exitcode"]).exits(0).prints("1 unchanged");
}
