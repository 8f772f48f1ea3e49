use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingModeSummary, GlobalSecondaryIndexDescription, IndexStatus, KeySchemaElement, KeyType,
    Projection, ProvisionedThroughputDescription, ScalarAttributeType, SseDescription, SseStatus, StreamSpecification,
    TableDescription, TableStatus,
};

use super::change::{Turn, too_soon, turns};
use super::convert::{definitions, index_keys, index_name, reported, table_keys};
use super::settle::{Busy, busy};
use super::*;
use crate::diagnostic::Source;
use crate::error::AwsError;
use crate::expand;
use crate::gaps::Gaps;
use crate::kind::{Desired, Facts, Found};
use crate::manifest::{self, Inputs};
use crate::model::Attributes;
use crate::plan::{Action, Consent, Plan, plan};
use crate::value::Value;

fn place() -> Place {
    Place { partition: "aws".to_owned(), region: "eu-west-1".to_owned(), account: "0".repeat(12) }
}

/// A stack with one table of these lines.
fn stack(table: &str) -> Stack {
    let text = format!("stack: s\ntables:\n  events: {{partition_key: {{name: id}}, {table}}}\n");
    let inputs = Inputs { variables: BTreeMap::new(), environment: &|_| None };
    let (mut stack, mut out) = manifest::read(Source { path: "s.yaml".to_owned(), text, ..Source::default() }, &inputs);
    expand::expand(&mut stack, &mut out);
    assert!(!out.has_errors(), "{:?}", out.iter().map(|one| &one.message).collect::<Vec<_>>());
    stack
}

/// What should be there by these lines.
fn desired(table: &str) -> Desired {
    let planned = plan(&stack(table), &place(), Vec::new(), &Gaps::default(), &Consent::default());
    planned.steps.into_iter().next().unwrap().desired.unwrap()
}

/// What is there, if it is as these lines say.
fn found(table: &str) -> Found {
    let Desired { name, arn, attributes, tags, .. } = desired(table);
    let attributes: Attributes = attributes.into_iter().filter(|(_, value)| !value.is_null()).collect();
    Found { kind: &Table, name, arn, attributes, tags, facts: Facts::new(), holds: Some(0) }
}

fn planned(before: &str, after: &str, holds: u64) -> Plan {
    let found = Found { holds: Some(holds), ..found(before) };
    plan(&stack(after), &place(), vec![found], &Gaps::default(), &Consent::default())
}

/// The calls that lead from one to the other.
fn calls(before: &str, after: &str) -> Vec<Turn> {
    let plan = planned(before, after, 0);
    let Some(step) = plan.steps.first() else { return Vec::new() };
    assert_eq!(step.action, Action::Update, "{before} → {after}");
    let touched = |row: &Row| step.changes.iter().any(|change| change.key == row.key);
    turns(step.desired.as_ref().unwrap(), step.found.as_ref().unwrap(), &touched)
}

#[test]
fn one_kind_of_change_at_a_time() {
    let drop = |name: &str| Turn::Drop(name.to_owned());
    let names = |turns: &[Turn]| -> Vec<String> {
        let name = |turn: &Turn| if let Turn::Add(index) = turn { Some(index_name(index)) } else { None };
        turns.iter().filter_map(name).collect()
    };
    assert_eq!(calls("", ""), []);
    let before = "stream: keys_only, time_to_live: a, indexes: [{name: one, partition_key: {name: x}}, {name: two, partition_key: {name: y}}]";
    let after = "stream: new_image, time_to_live: b, point_in_time_recovery: false, indexes: [{name: two, partition_key: {name: z}}, {name: new, partition_key: {name: x}}]";
    let turns = calls(before, after);
    let (changes, built) = turns.split_at(turns.len() - 2);
    let expected = [
        drop("one"),
        drop("two"),
        Turn::StreamOff,
        Turn::StreamOn,
        Turn::ExpireNot("a".to_owned()),
        Turn::Expire("b".to_owned()),
        Turn::Recover(false),
    ];
    assert_eq!(changes, expected);
    assert_eq!(names(built).len(), 2, "what takes long is last: {built:?}");
    assert_eq!(calls("deletion_protection: true, table_class: infrequent_access", ""), [Turn::Class, Turn::Protect]);
}

#[test]
fn capacity_goes_with_its_mode() {
    let pay = |mode, capacity, bounds, count| (mode, capacity, bounds, count);
    let paid = |before: &str, after: &str| match calls(before, after).as_slice() {
        [Turn::Pay { mode, capacity, bounds, indexes }] => (*mode, *capacity, *bounds, indexes.len()),
        other => panic!("{other:?}"),
    };
    let index = "indexes: [{name: one, partition_key: {name: x}}]";
    let provisioned = |read| format!("billing: provisioned, capacity: {{read: {read}, write: 1}}, {index}");
    let bounded = |read| format!("max_capacity: {{read: {read}}}, {index}");
    assert_eq!(paid(index, &provisioned(1)), pay(true, true, false, 1));
    assert_eq!(paid(&provisioned(1), index), pay(true, false, false, 0));
    // An index has the capacity of its table unless it says its own.
    assert_eq!(paid(&provisioned(1), &provisioned(2)), pay(false, true, false, 1));
    assert_eq!(paid(&bounded(1), &bounded(2)), pay(false, false, true, 0));
    assert_eq!(paid(&bounded(1), index), pay(false, false, true, 0));
    assert_eq!(paid(&bounded(1), &provisioned(1)), pay(true, true, false, 1));
}

#[test]
fn what_loses_items_needs_consent() {
    let lost = |after: &str, holds| {
        let plan = planned("sort_key: {name: at}", after, holds);
        let step = &plan.steps[0];
        (step.action, plan.unconsented().count(), step.loss.clone())
    };
    let words = |words: &str| Some(format!("{words} in events"));
    assert_eq!(lost("sort_key: {name: at}, stream: keys_only", 7), (Action::Update, 0, None));
    assert_eq!(lost("", 7), (Action::Replace, 1, words("about 7 items")));
    assert_eq!(lost("sort_key: {name: at, type: number}", 1), (Action::Replace, 1, words("at least 1 item")));
    let local = "sort_key: {name: at}, local_indexes: [{name: by-x, sort_key: {name: x}}]";
    assert_eq!(lost(local, 0), (Action::Replace, 0, None));
    let unknown = words("items, if there are any: looking for them was refused");
    assert_eq!(lost(local, live::UNKNOWN), (Action::Replace, 1, unknown));
}

#[test]
fn an_emulator_without_tables_has_them_passed_over() {
    let gaps = Gaps::of(Some("localstack"));
    let plan = plan(&stack(""), &place(), Vec::new(), &gaps, &Consent::default());
    assert!(plan.steps.is_empty());
    assert_eq!(plan.notes.iter().collect::<Vec<_>>(), [&gaps.lacks("table").unwrap()]);
}

#[test]
fn definitions_follow_from_keys() {
    let desired = desired(
        "sort_key: {name: at, type: number}, indexes: [{name: one, partition_key: {name: at, type: number}, sort_key: {name: b, type: binary}}]",
    );
    let index = &desired.get(&INDEXES).as_list().unwrap()[0];
    let keys = table_keys(&desired.attributes).into_iter().chain(index_keys(index));
    let defined = definitions(keys).unwrap();
    let defined: Vec<_> = defined.iter().map(|one| (one.attribute_name(), one.attribute_type().as_str())).collect();
    assert_eq!(defined, [("at", "N"), ("b", "B"), ("id", "S")]);
}

fn key(name: &str, which: KeyType) -> KeySchemaElement {
    KeySchemaElement::builder().attribute_name(name).key_type(which).build().unwrap()
}

fn index(name: &str, status: IndexStatus) -> GlobalSecondaryIndexDescription {
    let zero = ProvisionedThroughputDescription::builder().read_capacity_units(0).write_capacity_units(0).build();
    GlobalSecondaryIndexDescription::builder()
        .index_name(name)
        .index_status(status)
        .key_schema(key("at", KeyType::Hash))
        .projection(Projection::builder().projection_type("ALL".into()).build())
        .provisioned_throughput(zero)
        .build()
}

#[test]
fn what_is_reported_is_what_was_said() {
    let defined = [("id", ScalarAttributeType::S), ("at", ScalarAttributeType::N)];
    let defined = defined
        .map(|(name, ty)| AttributeDefinition::builder().attribute_name(name).attribute_type(ty).build().unwrap());
    let table = TableDescription::builder()
        .table_name("events")
        .set_attribute_definitions(Some(defined.to_vec()))
        .key_schema(key("id", KeyType::Hash))
        .billing_mode_summary(BillingModeSummary::builder().billing_mode("PAY_PER_REQUEST".into()).build())
        .global_secondary_indexes(index("one", IndexStatus::Active))
        .global_secondary_indexes(index("gone", IndexStatus::Deleting))
        .stream_specification(StreamSpecification::builder().stream_enabled(false).build().unwrap())
        .sse_description(SseDescription::builder().status(SseStatus::Disabled).kms_master_key_arn("arn:k").build())
        .build();
    let same = "point_in_time_recovery: false, indexes: [{name: one, partition_key: {name: at, type: number}}]";
    let attributes = reported(&table);
    assert!([&CAPACITY, &STREAM, &KMS_KEY].iter().all(|row| !attributes.contains_key(row.key)), "{attributes:?}");
    let attributes = attributes.into_iter().chain([(POINT_IN_TIME_RECOVERY.key, Value::Bool(false))]).collect();
    let found = Found { attributes, ..found(same) };
    let plan = plan(&stack(same), &place(), vec![found], &Gaps::default(), &Consent::default());
    assert!(plan.steps.is_empty(), "{:?}", plan.steps[0].changes);
    // A table that was never on demand does not say how it is paid for, nor what class it is of.
    let old = reported(&TableDescription::builder().build());
    assert_eq!(old.get(BILLING.key), Some(&Value::text("PROVISIONED")));
    assert_eq!(old.get(TABLE_CLASS.key), Some(&Value::text("STANDARD")));
}

#[test]
fn a_table_at_work_is_waited_for() {
    let of = |status, index_status| {
        let table = TableDescription::builder().table_name("events").table_status(status);
        busy(&table.global_secondary_indexes(index("one", index_status)).build())
    };
    let said = |what: &str, index| Some(Busy { what: what.to_owned(), index });
    assert_eq!(of(TableStatus::Active, IndexStatus::Active), None);
    assert_eq!(of(TableStatus::Updating, IndexStatus::Creating), said("events is UPDATING", false));
    assert_eq!(of(TableStatus::Active, IndexStatus::Creating), said("index one of events is CREATING", true));
    assert_eq!(of(TableStatus::Active, IndexStatus::Deleting), said("index one of events is DELETING", true));
}

#[test]
fn the_hour_of_time_to_live_is_explained() {
    let error = |message: &str| AwsError::refused("dynamodb", "UpdateTimeToLive", message.to_owned());
    let told = too_soon("events", error("Time to live has been modified multiple times within a fixed interval"));
    assert!(told.message.contains("events was changed less than an hour ago"), "{told}");
    assert_eq!(too_soon("events", error("other")).message, "other");
}

#[test]
fn arns_have_names() {
    assert_eq!(Table.name_in_arn(&Table.arn("a.b", &place())), Some("a.b"));
    for other in ["arn:aws:dynamodb:eu-west-1:000000000000:table/a/index/b", "arn:aws:sqs:eu-west-1:000000000000:a"] {
        assert_eq!(Table.name_in_arn(other), None, "{other}");
    }
}
