//! What encrypted queues, topics and tables need of their KMS keys.
//!
//! <https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html>
//! <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html>
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html>

use super::super::grant::Grant;
use super::super::make::Made;
use super::{allow, place_arn};
use crate::kind::{Kind, Row, queue, table, topic};
use crate::model::{Ref, Stack};
use crate::value::Value;

/// Receiving decrypts.
const RECEIVER: &[&str] = &["kms:Decrypt"];
/// Sending makes a data key, and decrypts it when SQS checks it.
const SENDER: &[&str] = &["kms:Decrypt", "kms:GenerateDataKey"];

/// DynamoDB calls KMS in the name of whoever reads a table.
const READER: &[&str] = &["kms:Decrypt", "kms:DescribeKey"];
/// And of whoever writes it, which decrypts the table's own key too.
const WRITER: &[&str] = &["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey"];

/// The statements for the keys of all queues and topics that are sent to or received from, and of all tables.
pub fn statements(made: &Made, dead_letters: Option<&Value>, grants: &[Grant], stack: &Stack) -> Vec<Value> {
    let of = |verb: &str| -> Vec<&Value> {
        grants.iter().filter(|grant| grant.verb.key == verb).map(|grant| &grant.target).collect()
    };
    let mut sent: Vec<Value> = of("send").into_iter().filter_map(|queue| key_of(queue, stack)).collect();
    sent.extend(of("publish").into_iter().filter_map(|topic| key_of(topic, stack)));
    let received = of("consume").into_iter().chain([&made.queue]);
    let received: Vec<Value> = received.filter_map(|queue| key_of(queue, stack)).collect();
    // A dead-letter queue that is not expanded yet has the key of its source.
    sent.extend(dead_letters.and_then(|dlq| key_of(dlq, stack).or_else(|| key_of_made(dlq, &made.queue, stack))));
    let received = received.into_iter().filter(|key| !sent.contains(key)).collect();
    let table_key = |table: &Value| key_of(table, stack);
    let written: Vec<Value> = of("write").into_iter().filter_map(table_key).collect();
    let read = of("read").into_iter().filter_map(table_key).filter(|key| !written.contains(key)).collect();
    let queues = [grouped("Encrypt", SENDER, sent.clone()), grouped("Decrypt", RECEIVER, received)];
    [queues.concat(), grouped("TableEncrypt", WRITER, written.clone()), grouped("TableDecrypt", READER, read)].concat()
}

/// The key of a queue, topic or table of this stack; that of one outside it is for those who own it to grant.
fn key_of(target: &Value, stack: &Stack) -> Option<Value> {
    const KEYS: [(&dyn Kind, &Row); 3] =
        [(&queue::Queue, &queue::KMS_KEY), (&topic::Topic, &topic::KMS_KEY), (&table::Table, &table::KMS_KEY)];
    let resource = stack.resources.get(target.as_ref().and_then(Ref::address)?)?;
    let (kind, row) = KEYS.into_iter().find(|(kind, _)| kind.name() == resource.address.kind)?;
    let key = resource.get(row);
    let key = if key.is_null() { stack.default_of(kind, row) } else { key.clone() };
    (!key.is_null()).then_some(key)
}

fn key_of_made(dead_letters: &Value, source: &Value, stack: &Stack) -> Option<Value> {
    let made = dead_letters.as_ref().and_then(Ref::address).is_some_and(|dlq| !stack.resources.contains_key(dlq));
    made.then(|| key_of(source, stack)).flatten()
}

/// One statement for keys that are named, one for those that only have an alias.
fn grouped(sid: &str, actions: &[&str], mut keys: Vec<Value>) -> Vec<Value> {
    let mut seen: Vec<Value> = Vec::new();
    keys.retain(|key| {
        !seen.contains(key) && {
            seen.push(key.clone());
            true
        }
    });
    let (aliases, keys): (Vec<_>, Vec<_>) = keys.into_iter().partition(|key| alias(key).is_some());
    let mut statements = Vec::new();
    if !keys.is_empty() {
        statements.push(allow(sid, actions, keys.iter().map(arn).collect()));
    }
    if !aliases.is_empty() {
        // An alias is no resource of a policy: the keys that have it are found by a condition.
        // <https://docs.aws.amazon.com/kms/latest/developerguide/alias-authorization.html>
        let names = aliases.iter().filter_map(alias).map(Value::text).collect();
        let condition = Value::map([("kms:ResourceAliases", Value::List(names))]);
        let mut statement = allow(&format!("{sid}ByAlias"), actions, vec![place_arn("kms", [Value::text("key/*")])]);
        if let Value::Map(members) = &mut statement {
            members.insert("Condition".to_owned(), Value::map([("ForAnyValue:StringEquals", condition)]));
        }
        statements.push(statement);
    }
    statements
}

/// The alias that a key is named by, `alias/jobs`, if it is.
fn alias(key: &Value) -> Option<&str> {
    let text = key.as_text()?;
    let name = text.rsplit(':').next().unwrap_or(text);
    name.starts_with("alias/").then_some(name)
}

/// The ARN of a key that is named by its ARN or its id.
fn arn(key: &Value) -> Value {
    match key.as_text() {
        Some(id) if !id.starts_with("arn:") => place_arn("kms", [Value::text(format!("key/{id}"))]),
        _ => key.clone(),
    }
}
