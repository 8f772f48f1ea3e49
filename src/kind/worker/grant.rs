//! Grants: what each verb allows, and the environment variable that it gives.

use std::collections::BTreeMap;

use super::check::{OTHER_SERVICE, SAME_VARIABLE};
use super::permissions::place_arn;
use super::rows;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::kind::{bus, queue};
use crate::model::{Fact, Ref, Resource, Stack};
use crate::outputs::upper_snake;
use crate::value::Value;

pub use crate::kind::queue::senders::soft_arn;

/// What a verb of `grants:` means.
#[derive(Debug)]
pub struct Verb {
    /// The verb.
    pub key: &'static str,
    /// The id of its statement.
    pub sid: &'static str,
    /// The service in the ARN of what it is granted on.
    pub service: &'static str,
    /// What it allows.
    pub actions: &'static [&'static str],
    /// What its variable begins with.
    variable: &'static str,
    /// Which fact its variable holds.
    fact: Fact,
}

/// What sending takes, the look-ups that SDKs and libraries make before included.
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsqs.html>
pub const SEND: &[&str] = &["sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:SendMessage"];
/// What consuming takes; a worker changes visibility to put failed messages back when it chooses.
pub const CONSUME: &[&str] =
    &["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"];

/// Every verb, in the order of the statements.
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html>
const VERBS: &[Verb] = &[
    Verb { key: "send", sid: "Send", service: "sqs", actions: SEND, variable: "QUEUE_URL", fact: Fact::Url },
    Verb {
        key: "consume",
        sid: "Consume",
        service: "sqs",
        actions: &[
            "sqs:ChangeMessageVisibility",
            "sqs:DeleteMessage",
            "sqs:GetQueueAttributes",
            "sqs:GetQueueUrl",
            "sqs:ReceiveMessage",
        ],
        variable: "QUEUE_URL",
        fact: Fact::Url,
    },
    Verb {
        key: "publish",
        sid: "Publish",
        service: "sns",
        actions: &["sns:Publish"],
        variable: "TOPIC_ARN",
        fact: Fact::Arn,
    },
    Verb {
        key: "read",
        sid: "Read",
        service: "dynamodb",
        actions: &["dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query", "dynamodb:Scan"],
        variable: "TABLE_NAME",
        fact: Fact::Name,
    },
    Verb {
        key: "write",
        sid: "Write",
        service: "dynamodb",
        actions: &["dynamodb:BatchWriteItem", "dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:UpdateItem"],
        variable: "TABLE_NAME",
        fact: Fact::Name,
    },
    Verb {
        key: "put_events",
        sid: "PutEvents",
        service: "events",
        actions: &["events:PutEvents"],
        variable: "EVENT_BUS",
        fact: Fact::Arn,
    },
];

/// One grant.
#[derive(Debug)]
pub struct Grant {
    /// Its verb.
    pub verb: &'static Verb,
    /// What it is granted on: a reference, or an ARN.
    pub target: Value,
    /// Where it stands in the worker.
    pub path: String,
    /// Its place in the list.
    index: usize,
    /// Whether there is such a thing; if not, its variable alone refers to it, so that it is told once.
    pub known: bool,
}

impl Grant {
    /// The resources of its statement.
    pub fn resources(&self) -> Vec<Value> {
        let arn = soft_arn(&self.target);
        // Queries and scans of an index are granted on the index.
        let indexes = (self.verb.key == "read").then(|| Value::Join(vec![arn.clone(), Value::text("/index/*")]));
        let indexes = indexes.map(|join| join.resolve(&|_| None));
        [Some(arn), indexes].into_iter().flatten().collect()
    }

    /// The environment variable that says where it is.
    pub fn variable(&self) -> (String, Value) {
        let value = match (self.verb.fact, &self.target) {
            (Fact::Url, target) => url(target),
            (fact, Value::Ref(reference)) => {
                reference.address().map_or(Value::Null, |address| Ref::soft(address, fact))
            }
            (Fact::Name, target) => Value::Text(name_of(target)),
            (_, target) => target.clone(),
        };
        (format!("{}_{}", self.verb.variable, upper_snake(&name_of(&self.target))), value)
    }
}

/// Reads the grants in the order of the verbs; what cannot be granted is told.
pub fn read(worker: &Resource, stack: &Stack, out: &mut Diagnostics) -> Vec<Grant> {
    let mut grants = Vec::new();
    let items = worker.get(&rows::GRANTS).as_list().unwrap_or_default();
    for verb in VERBS {
        for (index, item) in items.iter().enumerate() {
            let target = item.get(verb.key);
            if target.is_null() || grants.iter().any(|one: &Grant| one.verb.key == verb.key && one.target == *target) {
                continue;
            }
            let path = format!("{}.{index}.{}", rows::GRANTS.key, verb.key);
            if target.as_text().is_some_and(|arn| arn.split(':').nth(2) != Some(verb.service)) {
                let (arn, service) = (target.plain(), verb.service);
                let message = format!("`{}` cannot be granted on `{arn}`: that is no ARN of {service}", verb.key);
                out.push(Diagnostic::new(&OTHER_SERVICE, message).at(worker.span(&path)).of(&worker.address));
                continue;
            }
            let known = is_known(target, stack);
            let own_bus = verb.service == "events" && bus::is_default(target, stack);
            let target = if own_bus { default_bus() } else { target.clone() };
            grants.push(Grant { verb, target, path, index, known: known || own_bus });
        }
    }
    same_variables(worker, &grants, out);
    grants
}

/// Refuses grants on different things whose variable is the same: one of the two could not be found.
fn same_variables(worker: &Resource, grants: &[Grant], out: &mut Diagnostics) {
    let own = worker.get(&rows::ENVIRONMENT);
    let mut in_file: Vec<&Grant> = grants.iter().collect();
    in_file.sort_by_key(|grant| grant.index);
    let mut told: BTreeMap<String, (Value, String)> = BTreeMap::new();
    for grant in in_file {
        let (variable, value) = grant.variable();
        // What the worker says itself wins, and is no accident.
        if !own.get(&variable).is_null() {
            continue;
        }
        let (first, target) = told.entry(variable.clone()).or_insert_with(|| (value.clone(), named(&grant.target)));
        if *first != value {
            let message = format!("`{}` and `{target}` would both be `{variable}`", named(&grant.target));
            let help = format!("Rename one of them, or say `{variable}` under `environment:`.");
            let diagnostic = Diagnostic::new(&SAME_VARIABLE, message).at(worker.span(&grant.path));
            out.push(diagnostic.of(&worker.address).help(help));
        }
    }
}

/// What a person calls the target of a grant.
fn named(target: &Value) -> String {
    target.as_ref().and_then(Ref::address).map_or_else(|| target.plain(), ToString::to_string)
}

/// The bus that the account has anyway.
fn default_bus() -> Value {
    place_arn("events", [Value::text(format!("event-bus/{}", bus::DEFAULT))])
}

/// Tells whether a resource is in the stack, or will be: dead-letter queues are made when queues expand.
pub fn is_known(target: &Value, stack: &Stack) -> bool {
    let Some(address) = target.as_ref().and_then(Ref::address) else { return true };
    let is_dead_letters = |queue: &Resource| {
        let target = queue::dead_letter_target(queue);
        target.as_ref().and_then(|target| target.as_ref()?.address()) == Some(address)
    };
    stack.resources.contains_key(address) || stack.resources.values().any(is_dead_letters)
}

/// The URL of a queue: what SQS says for one of this stack, what SQS documents for an ARN.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-queue-message-identifiers.html>
pub fn url(queue: &Value) -> Value {
    if let Some(address) = queue.as_ref().and_then(Ref::address) {
        return Ref::hard(address, Fact::Url);
    }
    let arn = queue.plain();
    match arn.split(':').collect::<Vec<_>>().as_slice() {
        ["arn", partition, "sqs", region, account, name] => {
            let suffix = if *partition == "aws-cn" { "amazonaws.com.cn" } else { "amazonaws.com" };
            Value::Text(format!("https://sqs.{region}.{suffix}/{account}/{name}"))
        }
        _ => queue.clone(),
    }
}

/// The logical name, or the last part of an ARN.
fn name_of(target: &Value) -> String {
    match target.as_ref().and_then(Ref::address) {
        Some(address) => address.name.clone(),
        None => target.plain().rsplit([':', '/']).next().unwrap_or_default().to_owned(),
    }
}
