//! What must hold of a queue's access policy.

use super::{POLICY, codes};
use crate::diagnostic::Diagnostics;
use crate::kind::policy::check::Dialect;
use crate::kind::policy::{self, as_items};
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
    "sqs:SendMessage",
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

/// What SQS takes.
const DIALECT: Dialect = Dialect {
    noun: "policy",
    code: &codes::POLICY_SHAPE,
    principal: Some(&codes::POLICY_SHAPE),
    resource: true,
    service: "SQS",
    actions: ACTIONS,
    refuses: true,
};

/// Checks the policy that the queue will have, the statement of `tls_only` included.
pub fn check(queue: &Resource, out: &mut Diagnostics) {
    let document = queue.get(&POLICY);
    if document.is_null() || queue.is_broken(POLICY.key) {
        return;
    }
    policy::check::check(queue, &POLICY, &DIALECT, out);
    let statements = policy::check::statements(queue, &POLICY);
    for (path, statement) in &statements {
        public(queue, path, statement, out);
        other_resource(queue, path, statement, out);
        statement_quotas(queue, path, statement, out);
    }
    let statements: Vec<Value> = statements.into_iter().map(|(_, statement)| statement).collect();
    quotas(queue, document, &statements, out);
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
