//! Tables on the local AWS, made by the product and seen by the AWS CLI.

use serde_json::{Value, json};

use queuestack::gaps::Gaps;

use crate::support::aws_cli::aws;
use crate::support::{StackFile, emulator, run};

/// Tells whether the emulator has no tables at all: what the table of known gaps says is passed over.
pub fn passed_over() -> bool {
    Gaps::of(Some(&emulator::name())).lacks("table").is_some()
}

fn table(endpoint: &str, name: &str) -> Value {
    aws(endpoint, &["dynamodb", "describe-table", "--table-name", name])["Table"].clone()
}

fn tables(endpoint: &str, stack: &str) -> Vec<String> {
    let names = aws(endpoint, &["dynamodb", "list-tables"])["TableNames"].as_array().cloned().unwrap_or_default();
    let names = names.iter().map(|name| name.as_str().unwrap().to_owned());
    names.filter(|name| name.starts_with(stack)).collect()
}

fn put(endpoint: &str, table: &str, item: &Value) {
    aws(endpoint, &["dynamodb", "put-item", "--table-name", table, "--item", &item.to_string()]);
}

#[test]
fn a_table_is_what_the_file_says_and_a_change_by_hand_is_named() {
    if passed_over() {
        return;
    }
    let endpoint = emulator::endpoint();
    let text = "stack: hand-tables\ntags: {team: a}\ntables:\n  hand-events:\n    partition_key: {name: tenant}\n    \
                sort_key: {name: id, type: number}\n    time_to_live: expires_at\n    stream: keys_only\n    \
                indexes: [{name: by-kind, partition_key: {name: kind}, attributes: [size]}]\n";
    let file = StackFile::new("hand-tables", text);
    run(endpoint, &["apply", file.path(), "--yes"]).exits(0);
    let made = table(endpoint, "hand-events");
    let defined = json!([
        {"AttributeName": "id", "AttributeType": "N"},
        {"AttributeName": "kind", "AttributeType": "S"},
        {"AttributeName": "tenant", "AttributeType": "S"},
    ]);
    assert_eq!(made["AttributeDefinitions"], defined);
    assert_eq!(made["BillingModeSummary"]["BillingMode"], "PAY_PER_REQUEST");
    assert_eq!(made["StreamSpecification"], json!({"StreamEnabled": true, "StreamViewType": "KEYS_ONLY"}));
    let index = &made["GlobalSecondaryIndexes"][0];
    assert_eq!(index["Projection"], json!({"ProjectionType": "INCLUDE", "NonKeyAttributes": ["size"]}));
    let planned = || run(endpoint, &["plan", file.path(), "--detailed-exitcode", "--json"]).exits(2).changes();
    let mend = || {
        run(endpoint, &["apply", file.path(), "--yes"]).exits(0);
        run(endpoint, &["plan", file.path(), "--detailed-exitcode"]).exits(0);
    };
    mend();

    let of =
        |verb: &str, more: &[&str]| aws(endpoint, &[&["dynamodb", verb, "--table-name", "hand-events"], more].concat());
    of("update-time-to-live", &["--time-to-live-specification", "Enabled=false,AttributeName=expires_at"]);
    assert_eq!(planned(), ["table.hand-events time_to_live"]);
    mend();
    of("update-continuous-backups", &["--point-in-time-recovery-specification", "PointInTimeRecoveryEnabled=false"]);
    assert_eq!(planned(), ["table.hand-events point_in_time_recovery"]);
    mend();
    of("update-table", &["--deletion-protection-enabled", "--stream-specification", "StreamEnabled=false"]);
    assert_eq!(planned(), ["table.hand-events stream", "table.hand-events deletion_protection"]);
    mend();
    of("update-table", &["--global-secondary-index-updates", r#"[{"Delete": {"IndexName": "by-kind"}}]"#]);
    assert_eq!(planned(), ["table.hand-events indexes"]);
    mend();
    let arn = made["TableArn"].as_str().unwrap();
    aws(endpoint, &["dynamodb", "tag-resource", "--resource-arn", arn, "--tags", "Key=team,Value=b", "Key=x,Value=y"]);
    assert_eq!(planned(), ["table.hand-events tags.team", "table.hand-events tags.x"]);
    mend();
    run(endpoint, &["destroy", file.path(), "--yes"]).exits(0);
    assert!(tables(endpoint, "hand-").is_empty());
}

#[test]
fn what_the_file_changes_is_changed_in_place_and_keeps_the_items() {
    if passed_over() {
        return;
    }
    let endpoint = emulator::endpoint();
    let text =
        |more: &str| format!("stack: edit-tables\ntables:\n  edit-events: {{partition_key: {{name: id}}, {more}}}\n");
    let file = StackFile::new("edit-tables", &text(""));
    run(endpoint, &["apply", file.path(), "--yes"]).exits(0);
    put(endpoint, "edit-events", &json!({"id": {"S": "1"}, "kind": {"S": "a"}, "size": {"N": "7"}}));
    let provisioned = |read| format!("billing: provisioned, capacity: {{read: {read}, write: 1}}");
    let one = "{name: by-kind, partition_key: {name: kind}}";
    let two = "{name: by-size, partition_key: {name: size, type: number}, projection: keys}";
    for more in [
        format!("indexes: [{one}]"),
        format!("indexes: [{two}, {one}], stream: new_image"),
        format!("indexes: [{two}, {one}], stream: old_image, {}", provisioned(1)),
        format!("indexes: [{two}], time_to_live: until, {}", provisioned(2)),
        format!("indexes: [{one}], time_to_live: end, max_capacity: {{read: 9}}, table_class: infrequent_access"),
        "indexes: [{name: by-kind, partition_key: {name: kind}, sort_key: {name: size, type: number}}]".to_owned(),
        String::new(),
    ] {
        file.write(&text(&more));
        run(endpoint, &["apply", file.path(), "--yes"]).exits(0).prints("1 to update");
        run(endpoint, &["plan", file.path(), "--detailed-exitcode"]).exits(0);
        let of_table = ["dynamodb", "scan", "--table-name", "edit-events", "--select", "COUNT"];
        assert_eq!(aws(endpoint, &of_table)["Count"], 1, "{more}");
    }
    assert!(table(endpoint, "edit-events")["GlobalSecondaryIndexes"].is_null());
    run(endpoint, &["destroy", file.path(), "--yes", "--allow-data-loss", "table.edit-events"]).exits(0);
}

#[test]
fn items_are_lost_only_by_consent() {
    if passed_over() {
        return;
    }
    let endpoint = emulator::endpoint();
    let text = |key: &str, more: &str| {
        format!(
            "stack: loss-tables\ntables:\n  loss-events: {{partition_key: {{name: {key}}}, deletion_protection: {more}}}\n"
        )
    };
    let file = StackFile::new("loss-tables", &text("id", "false"));
    run(endpoint, &["apply", file.path(), "--yes"]).exits(0);
    // An empty one is replaced without a question.
    file.write(&text("key", "false"));
    run(endpoint, &["apply", file.path(), "--yes"]).exits(0).prints("1 to replace");
    put(endpoint, "loss-events", &json!({"key": {"S": "1"}}));

    let consent = "consent with --allow-data-loss table.loss-events";
    file.write(&text("id", "false"));
    run(endpoint, &["plan", file.path()]).exits(0).prints("(needs --allow-data-loss table.loss-events)");
    run(endpoint, &["apply", file.path(), "--yes"]).exits(1).says("1 item").says(consent);
    run(endpoint, &["destroy", file.path(), "--yes"]).exits(1).says(consent);
    assert_eq!(tables(endpoint, "loss-"), ["loss-events"], "nothing was deleted");

    file.write(&text("key", "true"));
    run(endpoint, &["apply", file.path(), "--yes"]).exits(0);
    let allowed = ["destroy", file.path(), "--yes", "--allow-data-loss", "table.loss-events"];
    run(endpoint, &allowed).exits(1).says("apply `deletion_protection: false` first");
    file.write(&text("key", "false"));
    run(endpoint, &["apply", file.path(), "--yes"]).exits(0);
    run(endpoint, &allowed).exits(0);
    assert!(tables(endpoint, "loss-").is_empty());
}

/// A table of another name and of nobody, or of another stack, is neither read nor touched.
#[test]
fn others_tables_are_left_alone_and_half_made_ones_are_completed() {
    if passed_over() {
        return;
    }
    let endpoint = emulator::endpoint();
    let create = |name: &str, tags: &[&str]| {
        let keys = [
            "--attribute-definitions",
            "AttributeName=id,AttributeType=S",
            "--key-schema",
            "AttributeName=id,KeyType=HASH",
        ];
        let table = ["dynamodb", "create-table", "--table-name", name, "--billing-mode", "PAY_PER_REQUEST"];
        let tags = if tags.is_empty() { Vec::new() } else { [&["--tags"], tags].concat() };
        aws(endpoint, &[&table[..], &keys, &tags].concat());
    };
    create("half-other", &[]);
    create("half-foreign", &["Key=queuestack:stack,Value=somebody", "Key=queuestack:address,Value=table.half-foreign"]);
    // What an apply leaves that was killed after its first call.
    create("half-made", &["Key=queuestack:stack,Value=half-tables", "Key=queuestack:address,Value=table.half-made"]);
    create("half-gone", &["Key=queuestack:stack,Value=half-tables", "Key=queuestack:address,Value=table.half-gone"]);
    let stack = |name: &str| {
        format!("stack: half-tables\ntables: {{{name}: {{partition_key: {{name: id}}, time_to_live: end}}}}\n")
    };
    let file = StackFile::new("half-tables", &stack("half-made"));
    let planned = run(endpoint, &["plan", file.path(), "--detailed-exitcode", "--json"]).exits(2).changes();
    let expected = ["table.half-made time_to_live", "table.half-made point_in_time_recovery", "delete table.half-gone"];
    assert_eq!(planned, expected);
    run(endpoint, &["apply", file.path(), "--yes"]).exits(0);
    run(endpoint, &["plan", file.path(), "--detailed-exitcode"]).exits(0);
    run(endpoint, &["destroy", file.path(), "--yes"]).exits(0);
    assert_eq!(tables(endpoint, "half-"), ["half-foreign", "half-other"]);
    file.write(&stack("half-other"));
    run(endpoint, &["plan", file.path()]).exits(1).says("`half-other` exists already without our tags");
    file.write(&stack("half-foreign"));
    run(endpoint, &["plan", file.path()]).exits(1).says("belongs to stack `somebody`");
}

#[test]
fn an_existing_table_becomes_a_stack_that_says_it() {
    if passed_over() {
        return;
    }
    let endpoint = emulator::endpoint();
    let text = "stack: seed-tables\ntags: {team: seed}\ntables:\n  seed-events:\n    partition_key: {name: id, type: binary}\n    \
                time_to_live: end\n    point_in_time_recovery: false\n    \
                indexes: [{name: by-kind, partition_key: {name: kind}, projection: keys}]\n";
    let file = StackFile::new("seed-tables", text);
    run(endpoint, &["apply", file.path(), "--yes"]).exits(0);
    let arn = table(endpoint, "seed-events")["TableArn"].as_str().unwrap().to_owned();
    let own = ["queuestack:stack", "queuestack:address"];
    aws(endpoint, &[&["dynamodb", "untag-resource", "--resource-arn", &arn, "--tag-keys"], &own[..]].concat());
    let imported = run(endpoint, &["import", "--tag", "team=seed", "--stack", "seed-tables"]).exits(0);
    file.write(&imported.stdout);
    for said in ["type: binary", "time_to_live: end", "point_in_time_recovery: false", "projection: keys"] {
        assert!(imported.stdout.contains(said), "{said}: {}", imported.stdout);
    }
    assert!(!imported.stdout.contains("billing"), "{}", imported.stdout);
    let planned = run(endpoint, &["plan", file.path(), "--json", "--adopt-unowned"]).exits(0).changes();
    assert!(planned.iter().all(|change| change.contains(" tags.queuestack:")), "{planned:#?}");
    run(endpoint, &["apply", file.path(), "--yes", "--adopt-unowned"]).exits(0).prints("1 to adopt");
    run(endpoint, &["destroy", file.path(), "--yes"]).exits(0);
}
