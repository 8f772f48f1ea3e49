//! What must hold of a queue's access policy.

use super::{POLICY, codes};
use crate::diagnostic::Diagnostics;
use crate::kind::policy::{self, VERSION, as_items};
use crate::model::{Fact, Resource};
use crate::value::Value;

const MAX_BYTES: usize = 8_192;
const MAX_STATEMENTS: usize = 20;
const MAX_PRINCIPALS: usize = 50;
const MAX_CONDITIONS: usize = 10;
const MAX_ACTIONS: usize = 7;
/// What a reference counts for: it becomes an ARN of about this many characters.
const ARN_CHARACTERS: usize = 60;

/// The actions of SQS; those of batches have no permission of their own, and are taken.
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsqs.html>
const ACTIONS: &[&str] = &[
    "sqs:AddPermission",
    "sqs:CancelMessageMoveTask",
    "sqs:ChangeMessageVisibility",
    "sqs:ChangeMessageVisibilityBatch",
    "sqs:CreateQueue",
    "sqs:DeleteMessage",
    "sqs:DeleteMessageBatch",
    "sqs:DeleteQueue",
    "sqs:GetQueueAttributes",
    "sqs:GetQueueUrl",
    "sqs:ListDeadLetterSourceQueues",
    "sqs:ListMessageMoveTasks",
    "sqs:ListQueueTags",
    "sqs:ListQueues",
    "sqs:PurgeQueue",
    "sqs:ReceiveMessage",
    "sqs:RemovePermission",
    "sqs:SendMessage",
    "sqs:SendMessageBatch",
    "sqs:SetQueueAttributes",
    "sqs:StartMessageMoveTask",
    "sqs:TagQueue",
    "sqs:UntagQueue",
];
/// The keys of conditions that anybody can meet.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>
const OF_EVERYBODY: &[&str] = &[
    "aws:CurrentTime",
    "aws:EpochTime",
    "aws:RequestedRegion",
    "aws:SecureTransport",
    "aws:TokenIssueTime",
    "aws:UserAgent",
    "aws:referer",
];

/// Checks the policy that the queue will have, the statement of `tls_only` included.
pub fn check(queue: &Resource, out: &mut Diagnostics) {
    let document = queue.get(&POLICY);
    if document.is_null() || queue.is_broken(POLICY.key) {
        return;
    }
    let finding = |path: &str, message: String| queue.finding(&codes::POLICY_SHAPE, path, message);
    let version = document.as_map().and_then(|map| map.get("Version"));
    let wrong = |version: &&Value| !matches!(version.as_text(), Some(VERSION | "2008-10-17"));
    if let Some(version) = version.filter(wrong) {
        let message = format!("the policy of `{}` has the version `{}`", queue.address, version.plain());
        out.push(finding("policy.Version", message).help(format!("Write `Version: \"{VERSION}\"`.")));
    }
    let known = ["Version", "Id", "Statement"];
    for key in document.as_map().into_iter().flatten().map(|(key, _)| key).filter(|key| !known.contains(&key.as_str()))
    {
        let message = format!("the policy of `{}` has `{key}`, which no policy has", queue.address);
        let help = crate::manifest::suggest(key, known.into_iter());
        out.push(finding(&format!("policy.{key}"), message).help(help));
    }
    let statements = as_items(document.get("Statement"));
    if statements.is_empty() {
        let message = format!("the policy of `{}` has no `Statement`", queue.address);
        out.push(finding(POLICY.key, message).help("Add a statement, or remove the policy."));
    }
    // One statement may stand alone, until `tls_only` adds its own.
    let listed = queue.spans.contains_key("policy.Statement.0");
    for (index, statement) in statements.iter().enumerate() {
        let path = if listed { format!("policy.Statement.{index}") } else { "policy.Statement".to_owned() };
        check_statement(queue, &path, statement, out);
    }
    quotas(queue, document, &statements, out);
}

fn check_statement(queue: &Resource, path: &str, statement: &Value, out: &mut Diagnostics) {
    let finding = |path: &str, message: String| queue.finding(&codes::POLICY_SHAPE, path, message);
    let Some(map) = statement.as_map() else {
        out.push(finding(path, format!("a statement of the policy of `{}` is not a mapping", queue.address)));
        return;
    };
    for keys in
        [&["Effect"][..], &["Principal", "NotPrincipal"], &["Action", "NotAction"], &["Resource", "NotResource"]]
    {
        if !keys.iter().any(|key| map.get(*key).is_some_and(|value| !value.is_null())) {
            let message = format!("a statement of the policy of `{}` has no `{}`", queue.address, keys[0]);
            out.push(finding(path, message).help(format!("Add `{}`.", keys[0])));
        }
    }
    let known =
        ["Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"];
    for key in map.keys().filter(|key| !known.contains(&key.as_str())) {
        let message = format!("a statement of the policy of `{}` has `{key}`, which no statement has", queue.address);
        let help = crate::manifest::suggest(key, known.into_iter());
        out.push(finding(&format!("{path}.{key}"), message).help(help));
    }
    match map.get("Effect") {
        Some(Value::Text(effect)) if effect != "Allow" && effect != "Deny" => {
            let message = format!("a statement of the policy of `{}` has the effect `{effect}`", queue.address);
            out.push(finding(&format!("{path}.Effect"), message).help("Write `Allow` or `Deny`."));
        }
        _ => {}
    }
    actions(queue, path, statement, out);
    public(queue, path, statement, out);
    other_resource(queue, path, statement, out);
    statement_quotas(queue, path, statement, out);
}

/// SQS takes a policy with actions of its own alone.
fn actions(queue: &Resource, path: &str, statement: &Value, out: &mut Diagnostics) {
    let listed = statement.get("Action").as_list().is_some();
    for (index, action) in as_items(statement.get("Action")).iter().enumerate() {
        // What interpolation leaves open cannot be judged.
        let Some(text) = action.as_text().filter(|text| !is_action(text)) else { continue };
        let message = format!("the policy of `{}` allows or denies `{text}`, which is no action of SQS", queue.address);
        let help = match crate::manifest::suggest(text, ACTIONS.iter().copied()) {
            help if help.is_empty() => "Write an action such as `sqs:SendMessage`.".to_owned(),
            help => help,
        };
        let path = if listed { format!("{path}.Action.{index}") } else { format!("{path}.Action") };
        out.push(queue.finding(&codes::POLICY_SHAPE, &path, message).help(help));
    }
}

fn is_action(text: &str) -> bool {
    text == "*" || ACTIONS.iter().any(|action| policy::matches(text, action))
}

/// Tells whether a condition says who, or from where: when and over what says it of everybody.
fn narrows(condition: &Value) -> bool {
    let keys = condition.as_map().into_iter().flat_map(|map| map.values()).filter_map(Value::as_map);
    let mut keys = keys.flat_map(|keys| keys.keys());
    keys.any(|key| !OF_EVERYBODY.iter().any(|one| one.eq_ignore_ascii_case(key)))
}

fn public(queue: &Resource, path: &str, statement: &Value, out: &mut Diagnostics) {
    if statement.get("Effect").as_text() != Some("Allow") || narrows(statement.get("Condition")) {
        return;
    }
    let principal = statement.get("Principal");
    let everybody = |value: &Value| as_items(value).iter().any(|item| item.as_text() == Some("*"));
    if everybody(principal) || everybody(principal.get("AWS")) || !statement.get("NotPrincipal").is_null() {
        let actions: Vec<String> = as_items(statement.get("Action")).iter().map(Value::plain).collect();
        let actions = if actions.is_empty() { "nearly everything".to_owned() } else { actions.join(", ") };
        let message = format!("the policy of `{}` allows everybody {actions}", queue.address);
        out.push(queue.finding(&codes::PUBLIC, &format!("{path}.Principal"), message));
    }
}

fn other_resource(queue: &Resource, path: &str, statement: &Value, out: &mut Diagnostics) {
    let resources = statement.get("Resource");
    for item in as_items(resources) {
        let this = match &item {
            Value::Ref(reference) => reference.address() == Some(&queue.address) && reference.fact == Fact::Arn,
            // What interpolation leaves open cannot be judged; a pattern may well match.
            Value::Text(text) if text.starts_with("arn:") && !text.contains(['*', '?']) => {
                text.rsplit(':').next() == Some(queue.physical_name()) && text.contains(":sqs:")
            }
            Value::Text(text) => text.contains(['*', '?']),
            _ => true,
        };
        if !this {
            let message = format!("a statement of the policy of `{}` is about `{}`", queue.address, item.plain());
            let help = format!("Write `Resource: ${{queues.{}.arn}}`.", queue.address.name);
            out.push(queue.finding(&codes::OTHER_RESOURCE, &format!("{path}.Resource"), message).help(help));
        }
    }
}

fn statement_quotas(queue: &Resource, path: &str, statement: &Value, out: &mut Diagnostics) {
    let operators = statement.get("Condition").as_map().into_iter().flat_map(|map| map.values());
    let conditions: usize = operators.map(|keys| keys.as_map().map_or(1, std::collections::BTreeMap::len)).sum();
    let actions = as_items(statement.get("Action")).len();
    let counted =
        [("Condition", "conditions", conditions, MAX_CONDITIONS), ("Action", "actions", actions, MAX_ACTIONS)];
    for (key, what, count, max) in counted {
        if count > max {
            let message =
                format!("a statement of the policy of `{}` has {count} {what}; it may have {max}", queue.address);
            out.push(queue.finding(&codes::POLICY_QUOTA, &format!("{path}.{key}"), message));
        }
    }
}

fn quotas(queue: &Resource, document: &Value, statements: &[Value], out: &mut Diagnostics) {
    let principals = |statement: &Value| match statement.get("Principal") {
        Value::Map(map) => map.values().map(|value| as_items(value).len()).sum(),
        other => as_items(other).len(),
    };
    let principals: usize = statements.iter().map(principals).sum();
    let mut bytes = document.to_json().to_string().len();
    // A reference is spelled `${queues.jobs.arn}` here and is an ARN in the end.
    document.walk(&mut |value| {
        if let Some(reference) = value.as_ref() {
            bytes = bytes.saturating_sub(reference.to_string().len()) + ARN_CHARACTERS;
        }
    });
    let generated = |one: &Value| one.get("Sid").as_text() == Some("DenyInsecureTransport");
    let with = if statements.iter().any(generated) { ", the statement of `tls_only` included" } else { "" };
    let counted = [
        ("statements", statements.len(), MAX_STATEMENTS),
        ("principals", principals, MAX_PRINCIPALS),
        ("bytes", bytes, MAX_BYTES),
    ];
    for (what, count, max) in counted {
        if count > max {
            let message = format!("the policy of `{}` has {count} {what}{with}; it may have {max}", queue.address);
            out.push(queue.finding(&codes::POLICY_QUOTA, POLICY.key, message));
        }
    }
}
