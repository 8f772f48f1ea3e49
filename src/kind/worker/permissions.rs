//! The role's inline policy: what follows from the graph, and nothing more.
//!
//! Two actions are allowed on `*`, since AWS has no resource to name for them: sending X-Ray segments and
//! managing the network interfaces of a VPC.

mod given;
mod keys;

use super::check;
use super::grant::{CONSUME, Grant, SEND, soft_arn};
use super::make::{Made, fill};
use super::rows;
use crate::diagnostic::Diagnostics;
use crate::kind::{Kind as _, function, policy, queue, role};
use crate::model::{Fact, Ref, Resource, Stack};
use crate::value::Value;

/// X-Ray has no resource types for these.
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsx-ray.html>
const XRAY: &[&str] = &["xray:PutTelemetryRecords", "xray:PutTraceSegments"];

/// Lambda makes and removes interfaces that have no name before, and describing has no resource types.
/// <https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html>
const INTERFACES: &[&str] = &[
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
];

/// Gives the role its policy, unless the stack file says one.
pub fn fill_role(worker: &Resource, made: &Made, grants: &[Grant], stack: &mut Stack, out: &mut Diagnostics) {
    let needed = statements(worker, made, grants, stack);
    let own = made.role.as_ref().and_then(|role| stack.resources.get(role));
    let Some(role) = own.filter(|role| role.get(&role::POLICY).is_null()).map(|role| role.address.clone()) else {
        given::check(worker, made, grants, &needed, stack, out);
        return;
    };
    let document = policy::document(needed);
    check::policy_size(worker, &document, stack, out);
    if let Some(role) = stack.resources.get_mut(&role) {
        fill(role, &role::POLICY, document);
    }
}

fn statements(worker: &Resource, made: &Made, grants: &[Grant], stack: &Stack) -> Vec<Value> {
    let mut statements = Vec::new();
    if let Some(function) = stack.resources.get(&made.function) {
        statements.extend(of_function(function));
    }
    if !made.queue.is_null() {
        statements.push(allow("Poll", CONSUME, vec![soft_arn(&made.queue)]));
    }
    // A worker puts what can never be handled there itself, instead of receiving it again until it moves.
    let dead_letters = dead_letters(made, stack);
    statements.extend(dead_letters.as_ref().map(|dlq| allow("DeadLetter", SEND, vec![soft_arn(dlq)])));
    for granted in grants.chunk_by(|one, other| one.verb.key == other.verb.key) {
        let resources: Vec<Value> = granted.iter().filter(|one| one.known).flat_map(Grant::resources).collect();
        let verb = granted.first().map(|one| one.verb).filter(|_| !resources.is_empty());
        statements.extend(verb.map(|verb| allow(verb.sid, verb.actions, resources)));
    }
    statements.extend(keys::statements(made, dead_letters.as_ref(), grants, stack));
    match worker.get(&rows::POLICY).get("Statement") {
        Value::List(extra) => statements.extend(extra.iter().cloned()),
        Value::Null => {}
        one => statements.push(one.clone()),
    }
    statements
}

/// What the function needs whatever it does: its log, traces, network, and where its failures go.
fn of_function(function: &Resource) -> Vec<Value> {
    let mut statements = Vec::new();
    let group = log_group_arn(function.get(&function::LOGGING).get(function::LOG_GROUP.key));
    // The group itself is made by the stack: creating one is not allowed.
    statements.push(allow("Log", &["logs:CreateLogStream", "logs:PutLogEvents"], vec![group]));
    let any = || vec![Value::text("*")];
    if function.get(&function::TRACING).as_text() == Some("Active") {
        statements.push(allow("XRay", XRAY, any()));
    }
    if !function.get(&function::VPC).is_null() {
        statements.push(allow("Vpc", INTERFACES, any()));
    }
    let targets = [(&function::DEAD_LETTER, "FailedEvent"), (&function::ON_FAILURE, "FailedInvocation")];
    for (row, sid) in targets {
        let target = function.get(row);
        if !target.is_null() {
            let action = if is_queue(target) { "sqs:SendMessage" } else { "sns:Publish" };
            statements.push(allow(sid, &[action], vec![soft_arn(target)]));
        }
    }
    statements
}

/// Tells whether a target is a queue, and no topic.
fn is_queue(target: &Value) -> bool {
    match target.as_ref().and_then(Ref::address) {
        Some(address) => address.kind == queue::Queue.name(),
        None => target.as_text().is_some_and(|arn| arn.split(':').nth(2) == Some("sqs")),
    }
}

/// Where the messages of its queue go that fail too often.
fn dead_letters(made: &Made, stack: &Stack) -> Option<Value> {
    queue::dead_letter_target(stack.resources.get(made.own_queue()?)?)
}

/// The streams of a log group, which a function names by a reference or as text.
fn log_group_arn(group: &Value) -> Value {
    let streams = Value::text(":*");
    if let Some(address) = group.as_ref().and_then(Ref::address) {
        return Value::Join(vec![Ref::soft(address, Fact::Arn), streams]);
    }
    place_arn("logs", [Value::text("log-group:"), group.clone(), streams])
}

/// An ARN in the account and Region that the stack goes to.
pub(super) fn place_arn(service: &str, resource: impl IntoIterator<Item = Value>) -> Value {
    let place = |fact| Value::Ref(Ref::place(fact));
    let (partition, region, account) = (place(Fact::Partition), place(Fact::Region), place(Fact::Account));
    let service = Value::text(format!(":{service}:"));
    let colon = || Value::text(":");
    let arn = [Value::text("arn:"), partition, service, region, colon(), account, colon()].into_iter().chain(resource);
    // Neighbouring texts become one, as they do when a file is read.
    Value::Join(arn.collect()).resolve(&|_| None)
}

/// A statement that allows some actions on some resources.
fn allow(sid: &str, actions: &[&str], resources: Vec<Value>) -> Value {
    Value::map([
        ("Sid", Value::text(sid)),
        ("Effect", Value::text("Allow")),
        ("Action", Value::List(actions.iter().copied().map(Value::text).collect())),
        ("Resource", Value::List(resources)),
    ])
}
