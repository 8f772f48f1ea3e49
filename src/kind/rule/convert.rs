//! Rows ↔ the SDK's shapes of a rule and its targets.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_eventbridge::types::{
    DeadLetterConfig, InputTransformer, RetryPolicy, Rule as Listed, RuleState, SqsParameters, Target,
};

use super::{
    AGE, ATTEMPTS, BUS, DEAD_LETTER_QUEUE, DESCRIPTION, ENABLED, FUNCTION, GROUP, ID, INPUT, INPUT_PATH,
    INPUT_TRANSFORMER, PATHS, PATTERN, PERMISSION, QUEUE, RETRY, SCHEDULE, TARGETS, TEMPLATE, targets,
};
use crate::error::AwsError;
use crate::kind::function::permission::{OURS, Statement, digest};
use crate::kind::{Row, policy};
use crate::model::Attributes;
use crate::value::Value;

/// The id of the statement that lets a rule invoke a target: the same each time, and nobody else's.
pub fn statement(rule_arn: &str, target: &str) -> String {
    format!("{OURS}{}-{}", digest(rule_arn), digest(target))
}

/// A target as EventBridge takes it.
pub fn to_target(item: &Value) -> Result<Target, AwsError> {
    let text = |row: &Row| item.get(row.key).as_text().map(str::to_owned);
    let refused = |error: &dyn std::fmt::Display| AwsError::refused("events", "PutTargets", error.to_string());
    let transformer = item.get(INPUT_TRANSFORMER.key);
    let transformer = (!transformer.is_null()).then(|| to_transformer(transformer)).transpose();
    let target = Target::builder()
        .set_id(text(&ID))
        .set_arn(text(&QUEUE).or_else(|| text(&FUNCTION)))
        .set_dead_letter_config(text(&DEAD_LETTER_QUEUE).map(|arn| DeadLetterConfig::builder().arn(arn).build()))
        .set_retry_policy(to_retry(item.get(RETRY.key)))
        .set_sqs_parameters(text(&GROUP).map(|group| SqsParameters::builder().message_group_id(group).build()))
        .set_input(text(&INPUT))
        .set_input_path(text(&INPUT_PATH))
        .set_input_transformer(transformer.map_err(|error| refused(&error))?);
    target.build().map_err(|error| refused(&error))
}

fn to_retry(retry: &Value) -> Option<RetryPolicy> {
    let number = |row: &Row| retry.get(row.key).as_int().and_then(|number| i32::try_from(number).ok());
    (!retry.is_null()).then(|| {
        let policy = RetryPolicy::builder().set_maximum_retry_attempts(number(&ATTEMPTS));
        policy.set_maximum_event_age_in_seconds(number(&AGE)).build()
    })
}

fn to_transformer(said: &Value) -> Result<InputTransformer, aws_sdk_eventbridge::error::BuildError> {
    let paths = said.get(PATHS.key).as_map();
    let paths: Option<HashMap<String, String>> =
        paths.map(|paths| paths.iter().map(|(name, path)| (name.clone(), path.plain())).collect());
    InputTransformer::builder().set_input_paths_map(paths).input_template(said.get(TEMPLATE.key).plain()).build()
}

/// What a rule's targets and the policies of its functions are reported as.
pub fn reported(
    listed: &Listed,
    bus_arn: Option<String>,
    targets: &[Target],
    policies: &BTreeMap<String, Vec<Statement>>,
) -> Attributes {
    let set = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(Value::text);
    let enabled = match listed.state() {
        Some(RuleState::Enabled) => Value::Bool(true),
        Some(RuleState::Disabled) => Value::Bool(false),
        // It matches more than it would by our word.
        Some(other) => Value::text(other.as_str()),
        None => Value::Null,
    };
    let arn = listed.arn().unwrap_or_default();
    let targets: Vec<Value> = targets.iter().map(|target| in_row(target, arn, policies)).collect();
    let pairs = [
        (&BUS, bus_arn.map(Value::Text)),
        (&DESCRIPTION, set(listed.description())),
        (&PATTERN, listed.event_pattern().filter(|text| !text.is_empty()).map(policy::parse)),
        (&SCHEDULE, set(listed.schedule_expression())),
        (&ENABLED, Some(enabled).filter(|enabled| !enabled.is_null())),
        (&TARGETS, (!targets.is_empty()).then_some(Value::List(targets))),
    ];
    pairs.into_iter().filter_map(|(row, value)| Some((row.key, value?))).collect()
}

/// One target in the terms of the rows, with the id of its statement beside, which an import needs.
fn in_row(target: &Target, rule_arn: &str, policies: &BTreeMap<String, Vec<Statement>>) -> Value {
    let text = |text: Option<&str>| text.filter(|text| !text.is_empty()).map_or(Value::Null, Value::text);
    let is_of = |service: &str| target.arn().split(':').nth(2) == Some(service);
    let function = if is_of("lambda") { Value::text(target.arn()) } else { Value::Null };
    let queue = match function.is_null() {
        // What is neither is no queue either: no stack can say it.
        true if is_of("sqs") => Value::text(target.arn()),
        true => Value::Text(format!("({})", target.arn())),
        false => Value::Null,
    };
    let id = statement(rule_arn, target.id());
    let may = policies
        .get(target.arn())
        .is_some_and(|statements| statements.iter().any(|one| one.id == id && one.source == rule_arn));
    let permission = if function.is_null() { Value::Null } else { Value::Bool(may) };
    let retry = target.retry_policy().map_or(Value::Null, |retry| {
        let number = |number: Option<i32>| number.map_or(Value::Null, |number| Value::Int(number.into()));
        let members = [
            (ATTEMPTS.key, number(retry.maximum_retry_attempts())),
            (AGE.key, number(retry.maximum_event_age_in_seconds())),
        ];
        targets::retry(&Value::map(members))
    });
    let members = [
        (ID.key, Value::text(target.id())),
        (QUEUE.key, queue),
        (FUNCTION.key, function),
        (DEAD_LETTER_QUEUE.key, text(target.dead_letter_config().and_then(DeadLetterConfig::arn))),
        (RETRY.key, retry),
        (GROUP.key, text(target.sqs_parameters().and_then(SqsParameters::message_group_id))),
        (INPUT.key, text(target.input())),
        (INPUT_PATH.key, text(target.input_path())),
        (INPUT_TRANSFORMER.key, target.input_transformer().map_or(Value::Null, transformer)),
        (PERMISSION.key, permission),
        ("statement_id", Value::Text(id)),
    ];
    Value::map(members.into_iter().filter(|(_, value)| !value.is_null()))
}

fn transformer(reported: &InputTransformer) -> Value {
    let paths = reported.input_paths_map().filter(|paths| !paths.is_empty());
    let paths = paths.map(|paths| (PATHS.key, Value::map(paths.iter().map(|(name, path)| (name, Value::text(path))))));
    Value::map(paths.into_iter().chain([(TEMPLATE.key, Value::text(reported.input_template()))]))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE_ARN: &str = "arn:aws:events:eu-west-1:123456789012:rule/shop/orders";
    const QUEUE_ARN: &str = "arn:aws:sqs:eu-west-1:123456789012:billing";
    const FUNCTION_ARN: &str = "arn:aws:lambda:eu-west-1:123456789012:function:sync";

    fn read(target: Target, policies: &BTreeMap<String, Vec<Statement>>) -> Value {
        let listed = Listed::builder().name("orders").arn(RULE_ARN).state(RuleState::Enabled).build();
        let attributes = reported(&listed, None, &[target], policies);
        assert_eq!(attributes["enabled"], Value::Bool(true));
        attributes["targets"].as_list().unwrap()[0].clone()
    }

    #[test]
    fn what_is_sent_is_what_is_read() {
        let paths = Value::map([("order", Value::text("$.detail.id"))]);
        let said = Value::map([
            ("id", Value::text("billing")),
            ("queue", Value::text(QUEUE_ARN)),
            ("dead_letter_queue", Value::text("arn:aws:sqs:eu-west-1:123456789012:dead")),
            ("retry", Value::map([("attempts", Value::Int(0)), ("age", Value::Int(60))])),
            ("group", Value::text("orders")),
            ("input_transformer", Value::map([("paths", paths), ("template", Value::text("\"<order>\""))])),
        ]);
        let back = read(to_target(&said).unwrap(), &BTreeMap::new());
        assert_eq!(TARGETS.ty.normal(&Value::List(vec![back])), TARGETS.ty.normal(&Value::List(vec![said])));
    }

    #[test]
    fn a_function_may_be_invoked_by_our_statement_for_this_rule_alone() {
        let target = || Target::builder().id("sync").arn(FUNCTION_ARN).build().unwrap();
        let may = |id: &str, source: &str| {
            let statement = Statement { id: id.to_owned(), source: source.to_owned() };
            let policies = BTreeMap::from([(FUNCTION_ARN.to_owned(), vec![statement])]);
            read(target(), &policies).get(PERMISSION.key).clone()
        };
        let ours = statement(RULE_ARN, "sync");
        assert_eq!(ours.len(), OURS.len() + 33);
        assert_eq!(may(&ours, RULE_ARN), Value::Bool(true));
        assert_eq!(may("other", RULE_ARN), Value::Bool(false));
        assert_eq!(may(&ours, "arn:aws:events:eu-west-1:123456789012:rule/orders"), Value::Bool(false));
    }

    #[test]
    fn what_no_stack_can_say_is_no_queue() {
        let topic = Target::builder().id("t").arn("arn:aws:sns:eu-west-1:123456789012:news").build().unwrap();
        let read = read(topic, &BTreeMap::new());
        assert_eq!(read.get(QUEUE.key), &Value::text("(arn:aws:sns:eu-west-1:123456789012:news)"));
        let partly = Listed::builder().state(RuleState::EnabledWithAllCloudtrailManagementEvents).build();
        let attributes = reported(&partly, Some("arn".to_owned()), &[], &BTreeMap::new());
        assert_ne!(attributes["enabled"], Value::Bool(true));
        assert!(!attributes.contains_key("targets") && attributes["bus"] == Value::text("arn"));
    }
}
