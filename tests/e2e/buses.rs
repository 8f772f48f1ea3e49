//! Buses and rules on the local AWS: what is put on a bus reaches whom it concerns, as it was declared.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::aws_cli::{aws, url};
use crate::support::{Account, StackFile, emulator, pack, run, until};

const ACCOUNT: &str = "000000000000";

/// A bus, and two rules that concern different queues; what is wrapped in the event, and what is made of it.
fn shop(name: &str) -> String {
    format!(
        "stack: {name}
tags: {{team: shop}}
queues:
  {name}-paid: {{redrive: {{max_receive_count: 3}}}}
  {name}-audit: {{}}
buses: {{{name}: {{description: What happens in the shop}}}}
rules:
  paid:
    bus: {name}
    pattern: {{source: [shop], detail-type: [OrderPaid], detail: {{total: [{{numeric: ['>', 10]}}]}}}}
    targets:
      - queue: {name}-paid
        dead_letter_queue: {name}-paid-dlq
        input_transformer: {{paths: {{order: $.detail.order}}, template: '{{\"type\": \"order.paid\", \"payload\": {{\"order\": <order>}}}}'}}
  audit:
    bus: {name}
    pattern: {{source: [{{prefix: shop}}]}}
    targets: [{{queue: {name}-audit, dead_letter_queue: {name}-paid-dlq}}]
"
    )
}

fn put(endpoint: &str, bus: &str, detail_type: &str, detail: &Value) {
    let entry =
        json!([{"EventBusName": bus, "Source": "shop", "DetailType": detail_type, "Detail": detail.to_string()}]);
    let answer = aws(endpoint, &["events", "put-events", "--entries", &entry.to_string()]);
    assert_eq!(answer["FailedEntryCount"], 0, "{answer:#}");
}

/// Takes the bodies of all messages that a queue has, once there are so many.
fn take(endpoint: &str, queue: &str, count: usize) -> Vec<Value> {
    let (url, mut taken) = (url(endpoint, queue), Vec::new());
    until(&format!("{count} messages in {queue}"), || {
        let call = ["sqs", "receive-message", "--queue-url", &url, "--max-number-of-messages", "10"];
        let answer = aws(endpoint, &[&call[..], &["--wait-time-seconds", "0"]].concat());
        for message in answer["Messages"].as_array().into_iter().flatten() {
            taken.push(serde_json::from_str(message["Body"].as_str().unwrap()).unwrap());
        }
        taken.len() >= count
    });
    assert_eq!(taken.len(), count, "{queue}: {taken:#?}");
    taken
}

#[test]
fn what_is_put_on_a_bus_reaches_whom_it_concerns() {
    let endpoint = emulator::endpoint();
    let file = StackFile::new("buses", &shop("buses"));
    run(endpoint, &["apply", file.path(), "--yes"]).exits(0);
    run(endpoint, &["plan", file.path(), "--detailed-exitcode"]).exits(0);

    put(endpoint, "buses", "OrderPaid", &json!({"order": 7, "total": 25}));
    put(endpoint, "buses", "OrderPaid", &json!({"order": 8, "total": 5}));
    put(endpoint, "buses", "OrderShipped", &json!({"order": 7, "total": 25}));
    // On another bus it is none of theirs.
    put(endpoint, "default", "OrderPaid", &json!({"order": 9, "total": 25}));

    // The whole event, of each.
    let audit = take(endpoint, "buses-audit", 3);
    assert!(audit.iter().all(|event| event["source"] == "shop" && event["detail"]["order"] != 9), "{audit:#?}");
    // A job, of those that match in every field.
    let paid = take(endpoint, "buses-paid", 1);
    assert_eq!(paid, [json!({"type": "order.paid", "payload": {"order": 7}})]);

    let consent = ["--allow-data-loss", "queue.buses-paid", "--allow-data-loss", "queue.buses-audit"];
    run(endpoint, &[&["destroy", file.path(), "--yes"][..], &consent].concat()).exits(0);
    let account = Account::new(endpoint);
    let left = (account.queues_of("buses"), account.buses_of("buses"), account.rules_of("buses"));
    assert_eq!(left, Default::default());
}

#[test]
fn what_was_changed_by_hand_is_named_and_put_right() {
    let endpoint = emulator::endpoint();
    let name = "busdrift";
    let file = StackFile::new(name, &shop(name));
    run(endpoint, &["apply", file.path(), "--yes"]).exits(0);
    let events = |arguments: &[&str]| aws(endpoint, &[&["events"], arguments].concat());
    let pattern = |json: &str| {
        events(&["put-rule", "--event-bus-name", name, "--name", "paid", "--event-pattern", json]);
    };
    // Another order and a repeat mean the same.
    pattern(
        r#"{"detail": {"total": [{"numeric": [">", 10.0]}]}, "detail-type": ["OrderPaid", "OrderPaid"], "source": ["shop"]}"#,
    );
    run(endpoint, &["plan", file.path(), "--detailed-exitcode"]).exits(0);

    pattern(r#"{"source": ["shop"]}"#);
    events(&["disable-rule", "--event-bus-name", name, "--name", "paid"]);
    let queue = format!("arn:aws:sqs:us-east-1:{ACCOUNT}:{name}-paid");
    let more = format!("Id=more,Arn={queue}");
    events(&["put-targets", "--event-bus-name", name, "--rule", "audit", "--targets", &more]);
    let rule = format!("arn:aws:events:us-east-1:{ACCOUNT}:rule/{name}/audit");
    events(&["tag-resource", "--resource-arn", &rule, "--tags", "Key=by,Value=hand"]);
    let bus = format!("arn:aws:events:us-east-1:{ACCOUNT}:event-bus/{name}");
    events(&["untag-resource", "--resource-arn", &bus, "--tag-keys", "team"]);
    let planned = run(endpoint, &["plan", file.path(), "--detailed-exitcode", "--json"]).exits(2).changes();
    let planned: BTreeSet<&str> = planned.iter().map(String::as_str).collect();
    let expected = [
        &format!("bus.{name} tags.team"),
        "rule.audit tags.by",
        "rule.audit targets",
        "rule.paid enabled",
        "rule.paid pattern",
    ];
    assert_eq!(planned, expected.into());
    run(endpoint, &["apply", file.path(), "--yes"]).exits(0);
    run(endpoint, &["plan", file.path(), "--detailed-exitcode"]).exits(0);
    // Whoever takes the targets away takes the rule's meaning away.
    events(&["remove-targets", "--event-bus-name", name, "--rule", "paid", "--ids", &format!("{name}-paid")]);
    let planned = run(endpoint, &["plan", file.path(), "--json"]).exits(0).changes();
    assert_eq!(planned, ["rule.paid targets"]);
    run(endpoint, &["apply", file.path(), "--yes"]).exits(0);
    put(endpoint, name, "OrderPaid", &json!({"order": 7, "total": 25}));
    take(endpoint, &format!("{name}-paid"), 1);
    let consent = [format!("queue.{name}-paid"), format!("queue.{name}-audit")];
    let consent = consent.iter().flat_map(|address| ["--allow-data-loss", address]);
    run(endpoint, &["destroy", file.path(), "--yes"].into_iter().chain(consent).collect::<Vec<_>>()).exits(0);
}

#[test]
fn what_others_have_on_a_bus_is_theirs() {
    let endpoint = emulator::endpoint();
    let owner = StackFile::new("bus-owner", "stack: bus-owner\nbuses: {bus-owner: {}}\n");
    run(endpoint, &["apply", owner.path(), "--yes"]).exits(0);
    let bus = format!("arn:aws:events:us-east-1:{ACCOUNT}:event-bus/bus-owner");
    let queue = "stack: bus-guest\nqueues: {bus-guest: {}}\n";
    let target = "targets: [{queue: bus-guest, retry: {attempts: 3}}]";
    let rule = format!("rules: {{guest: {{bus: '{bus}', pattern: {{source: [guest]}}, {target}}}}}\n");
    let guest = StackFile::new("bus-guest", &format!("{queue}{rule}"));
    run(endpoint, &["apply", guest.path(), "--yes"]).exits(0);
    run(endpoint, &["plan", guest.path(), "--detailed-exitcode"]).exits(0);
    run(endpoint, &["plan", owner.path(), "--detailed-exitcode"]).exits(0);
    // On another bus it is another rule.
    guest.write(&format!("{queue}rules: {{guest: {{pattern: {{source: [guest]}}, {target}}}}}\n"));
    let planned = run(endpoint, &["plan", guest.path(), "--json"]).exits(0).changes();
    assert!(planned.contains(&"delete rule.guest".to_owned()), "{planned:#?}");
    run(endpoint, &["apply", guest.path(), "--yes"]).exits(0);
    run(endpoint, &["plan", guest.path(), "--detailed-exitcode"]).exits(0);
    assert_eq!(Account::new(endpoint).rules_of("bus-guest"), ["guest".to_owned()].into());
    // The last rule that a stack has had is found by its tag, and the queue lets it in no longer.
    guest.write(queue);
    let planned = run(endpoint, &["plan", guest.path(), "--json"]).exits(0).changes();
    assert_eq!(planned, ["queue.bus-guest policy", "delete rule.guest"]);
    run(endpoint, &["destroy", guest.path(), "--yes"]).exits(0);
    assert_eq!(Account::new(endpoint).rules_of("bus-guest"), BTreeSet::new());
    run(endpoint, &["destroy", owner.path(), "--yes"]).exits(0);
    assert_eq!(Account::new(endpoint).buses_of("bus-owner"), BTreeSet::new());
}

const SWEEP: &str = "
stack: sweep
roles: {sweep: {trust: {Version: '2012-10-17', Statement: [{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: 'sts:AssumeRole'}]}}}
functions: {sweep: {role: sweep, code: {artifact: app.zip}}}
queues: {sweep-dead: {alarms: {backlog: {threshold: 1}}}}
";

/// The sources of the statements in the policy of a function.
fn sources(endpoint: &str, function: &str) -> Vec<String> {
    let answer = aws(endpoint, &["lambda", "get-policy", "--function-name", function]);
    let policy: Value = serde_json::from_str(answer["Policy"].as_str().unwrap()).unwrap();
    let statements = policy["Statement"].as_array().unwrap().iter();
    let source = |statement: &Value| statement["Condition"]["ArnLike"]["AWS:SourceArn"].as_str().map(str::to_owned);
    statements.filter_map(source).collect()
}

#[test]
fn functions_let_their_rules_invoke_them_and_no_others() {
    let endpoint = emulator::endpoint();
    let rules = |rules: &str| format!("{SWEEP}rules:\n{rules}");
    let nightly =
        "  nightly: {schedule: cron(0 3 * * ? *), targets: [{function: sweep, dead_letter_queue: sweep-dead}]}\n";
    let hourly = "  hourly: {schedule: rate(1 hour), targets: [{function: sweep, dead_letter_queue: sweep-dead}]}\n";
    let file = StackFile::new("sweep", &rules(&format!("{nightly}{hourly}")));
    pack(&Path::new(file.path()).with_file_name("app.zip"), b"#!/bin/sh\n");
    run(endpoint, &["apply", file.path(), "--yes"]).exits(0);
    run(endpoint, &["plan", file.path(), "--detailed-exitcode"]).exits(0);
    let rule = |name: &str| format!("arn:aws:events:us-east-1:{ACCOUNT}:rule/{name}");
    let mut named = sources(endpoint, "sweep");
    named.sort();
    assert_eq!(named, [rule("hourly"), rule("nightly")]);

    // A permission that somebody takes away is missed.
    let answer = aws(endpoint, &["lambda", "get-policy", "--function-name", "sweep"]);
    let policy: Value = serde_json::from_str(answer["Policy"].as_str().unwrap()).unwrap();
    let id = policy["Statement"][0]["Sid"].as_str().unwrap();
    aws(endpoint, &["lambda", "remove-permission", "--function-name", "sweep", "--statement-id", id]);
    let planned = run(endpoint, &["plan", file.path(), "--json"]).exits(0).changes();
    assert!(matches!(planned.as_slice(), [one] if one.ends_with(" targets")), "{planned:#?}");
    run(endpoint, &["apply", file.path(), "--yes"]).exits(0);
    run(endpoint, &["plan", file.path(), "--detailed-exitcode"]).exits(0);

    // It goes with its target, and with its rule.
    let elsewhere = "  hourly: {schedule: rate(1 hour), targets: [{queue: sweep-dead, retry: {attempts: 1}}]}\n";
    file.write(&rules(&format!("{nightly}{elsewhere}")));
    run(endpoint, &["apply", file.path(), "--yes"]).exits(0);
    assert_eq!(sources(endpoint, "sweep"), [rule("nightly")]);
    file.write(&rules(hourly));
    run(endpoint, &["apply", file.path(), "--yes"]).exits(0);
    assert_eq!(sources(endpoint, "sweep"), [rule("hourly")]);
    run(endpoint, &["plan", file.path(), "--detailed-exitcode"]).exits(0);
    run(endpoint, &["destroy", file.path(), "--yes"]).exits(0);
}

#[test]
fn rules_are_imported_with_their_queues() {
    let endpoint = emulator::endpoint();
    let made = StackFile::new("busimport", &shop("busimport"));
    run(endpoint, &["apply", made.path(), "--yes"]).exits(0);
    let imported = run(endpoint, &["import", "--queue", "busimport-paid", "--stack", "busimport"]).exits(0);
    let bus = format!("bus: arn:aws:events:us-east-1:{ACCOUNT}:event-bus/busimport");
    assert!(imported.stdout.contains("\nrules:\n") && imported.stdout.contains(&bus), "{}", imported.stdout);
    let file = StackFile::new("busimport-again", &imported.stdout);
    let planned = run(endpoint, &["plan", file.path(), "--json"]).exits(0).changes();
    let changed = planned.iter().filter(|change| change.contains("rule.") && !change.starts_with("delete"));
    assert_eq!(changed.count(), 0, "{planned:#?}");
    // By the tag, the bus comes too.
    let all = run(endpoint, &["import", "--tag", "queuestack:stack=busimport", "--stack", "busimport"]).exits(0);
    assert!(all.stdout.contains("\nbuses:\n"), "{}", all.stdout);
    file.write(&all.stdout);
    run(endpoint, &["plan", file.path(), "--detailed-exitcode"]).exits(0);
    run(endpoint, &["destroy", made.path(), "--yes"]).exits(0);
}
