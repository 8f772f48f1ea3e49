//! The services that send to a queue by themselves: each gets a statement in its policy, for exactly what may send.
//!
//! With the service alone, whatever anybody has there could send, from any account.

use std::collections::BTreeSet;

use super::{POLICY, Queue};
use crate::kind::arn::partition_of;
use crate::kind::policy::{as_items, like, matches};
use crate::kind::{Kind as _, rule, subscription};
use crate::model::{Fact, Ref, Resource, Stack};
use crate::value::{Place, Value};

/// A service that sends for what its users have there.
#[derive(Debug)]
pub struct Sender {
    /// The id of its statement.
    pub sid: &'static str,
    /// What it is called in policies.
    pub service: &'static str,
}

/// The statements that a queue needs for what the stack lets send to it.
pub fn statements(queue: &Resource, stack: &Stack) -> Vec<Value> {
    let of_stack =
        [(&subscription::SENDER, subscription::senders(queue, stack)), (&rule::SENDER, rule::senders(queue, stack))];
    let needed = of_stack.into_iter().filter_map(|(sender, sources)| sender.statement(queue, sources, stack));
    needed.collect()
}

impl Sender {
    /// The statement that lets sources send which no statement lets in already; `None` where there are none.
    fn statement(&self, queue: &Resource, sources: Vec<Value>, stack: &Stack) -> Option<Value> {
        let mut open: Vec<Value> = Vec::new();
        for source in sources {
            if !source.is_null() && !open.contains(&source) && !self.lets_in(queue, &source, stack) {
                open.push(source);
            }
        }
        (!open.is_empty()).then(|| {
            let source = Value::map([("aws:SourceArn", Value::List(open))]);
            Value::map([
                ("Sid", Value::text(self.sid)),
                ("Effect", Value::text("Allow")),
                ("Principal", Value::map([("Service", Value::text(self.service))])),
                ("Action", Value::text("sqs:SendMessage")),
                ("Resource", Ref::soft(&queue.address, Fact::Arn)),
                ("Condition", Value::map([("ArnEquals", source)])),
            ])
        })
    }

    /// Tells whether a policy certainly lets a source send already, in whatever words somebody wrote it.
    ///
    /// A statement too many costs nothing; one too few loses messages.
    fn lets_in(&self, queue: &Resource, source: &Value, stack: &Stack) -> bool {
        let place = place_of(stack);
        let text = |value: &Value| arn_in(value, queue, stack, &place);
        let own = Queue.arn_of(queue, &place);
        let Some(source) = text(source) else { return false };
        as_items(queue.get(&POLICY).get("Statement")).iter().any(|statement| {
            let any = |value: &Value, fits: &dyn Fn(&str) -> bool| {
                as_items(value).iter().filter_map(text).any(|item| fits(&item))
            };
            let principal = statement.get("Principal");
            let everybody = [principal, principal.get("AWS")].into_iter().any(|who| any(who, &|who| who == "*"));
            let conditions = statement.get("Condition").as_map().into_iter().flatten();
            let mut conditions = conditions.map(|(operator, keys)| (operator, keys.as_map()));
            statement.get("Effect").as_text() == Some("Allow")
                && any(statement.get("Action"), &|action| matches(action, "sqs:SendMessage"))
                && any(statement.get("Resource"), &|resource| certainly(resource, &own))
                && (everybody || any(principal.get("Service"), &|who| who.eq_ignore_ascii_case(self.service)))
                && conditions.all(|(operator, keys)| {
                    keys.is_some_and(|keys| {
                        keys.iter().all(|(key, values)| match key.to_ascii_lowercase().as_str() {
                            "aws:sourcearn" => any(values, &|value| is_met(operator, value, &source)),
                            "aws:sourceaccount" => any(values, &|value| is_account(operator, value, &place.account)),
                            _ => false,
                        })
                    })
                })
        })
    }
}

/// Tells whether a condition on the account that the source is in is met. What is not known of it is not met either.
fn is_account(operator: &str, value: &str, account: &str) -> bool {
    let operator = operator.strip_suffix("IfExists").unwrap_or(operator);
    ["StringEquals", "StringLike"].contains(&operator) && certainly(value, account)
}

/// Tells whether a condition on the source's ARN is met, of those operators that say what it must be.
fn is_met(operator: &str, value: &str, source: &str) -> bool {
    match operator.strip_suffix("IfExists").unwrap_or(operator) {
        // Each part is compared with its own: a `*` does not go beyond a colon, but in the last.
        "ArnEquals" | "ArnLike" => {
            let parts = |arn: &str| arn.splitn(6, ':').map(str::to_owned).collect::<Vec<String>>();
            let (wanted, had) = (parts(value), parts(source));
            wanted.len() == 6 && had.len() == 6 && wanted.iter().zip(&had).all(|(wanted, had)| certainly(wanted, had))
        }
        "StringLike" => certainly(value, source),
        "StringEquals" => value == source,
        _ => false,
    }
}

/// Tells whether a pattern has a text in it, whatever stands for what is not known of the text yet.
fn certainly(pattern: &str, text: &str) -> bool {
    !pattern.contains('?') && like(pattern, text)
}

/// What stands for what is not known before the stack goes somewhere: nothing that a pattern says, only a `*` fits it.
const UNKNOWN: char = '\u{1}';

/// The place that a stack goes to, as far as it says so itself.
fn place_of(stack: &Stack) -> Place {
    let only = |set: &BTreeSet<String>| set.first().filter(|_| set.len() == 1).cloned();
    let unknown = |what: &str| format!("{UNKNOWN}{what}");
    let region = only(&stack.regions);
    Place {
        partition: region.as_deref().map_or_else(|| unknown("partition"), |region| partition_of(region).to_owned()),
        region: region.unwrap_or_else(|| unknown("region")),
        account: only(&stack.accounts).unwrap_or_else(|| unknown("account")),
    }
}

/// A text with its references resolved to ARNs and parts of them; `None` where there are others in it.
fn arn_in(value: &Value, queue: &Resource, stack: &Stack, place: &Place) -> Option<String> {
    let resolved = value.resolve(&|reference| match (reference.address(), reference.fact) {
        (Some(address), Fact::Arn) if *address == queue.address => Some(Queue.arn_of(queue, place)),
        (Some(address), Fact::Arn) => stack.resources.get(address).map(|one| one.kind.arn_of(one, place)),
        (None, Fact::Account) => Some(place.account.clone()),
        (None, Fact::Region) => Some(place.region.clone()),
        (None, Fact::Partition) => Some(place.partition.clone()),
        _ => None,
    });
    resolved.as_text().map(str::to_owned)
}

/// The ARN of what is named, without waiting for it: a statement may name what is not there yet.
pub fn soft_arn(named: &Value) -> Value {
    named.as_ref().and_then(Ref::address).map_or_else(|| named.clone(), |address| Ref::soft(address, Fact::Arn))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::topic::Topic;

    fn lets_in(statement: &str, anywhere: bool) -> bool {
        let mut stack = Stack::default();
        if !anywhere {
            stack.accounts.insert("111122223333".to_owned());
            stack.regions.insert("eu-west-1".to_owned());
        }
        let mut queue = Resource::new(&Queue, "jobs");
        let topic = Resource::new(&Topic, "news");
        let source = Ref::hard(&topic.address, Fact::Arn);
        stack.resources.insert(topic.address.clone(), topic);
        let whole = r#"{"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage",
            "Resource": "$QUEUE", "Condition": {"ArnEquals": {"aws:SourceArn": "$TOPIC"}}}"#;
        let Value::Map(mut map) = Value::from_json(&serde_json::from_str(whole).unwrap()) else { panic!() };
        let Value::Map(other) = Value::from_json(&serde_json::from_str(statement).unwrap()) else { panic!() };
        map.extend(other);
        let put = |value: &Value| put(value, &Ref::soft(&queue.address, Fact::Arn), &source);
        let document = Value::map([("Statement", put(&Value::Map(map)))]);
        queue.set(&POLICY, document);
        subscription::SENDER.lets_in(&queue, &source, &stack)
    }

    fn put(value: &Value, queue: &Value, topic: &Value) -> Value {
        match value {
            Value::Text(text) if text == "$QUEUE" => queue.clone(),
            Value::Text(text) if text == "$TOPIC" => topic.clone(),
            Value::List(items) => Value::List(items.iter().map(|item| put(item, queue, topic)).collect()),
            Value::Map(map) => Value::map(map.iter().map(|(key, item)| (key, put(item, queue, topic)))),
            other => other.clone(),
        }
    }

    #[test]
    fn what_certainly_lets_a_topic_in() {
        for statement in [
            "{}",
            r#"{"Principal": "*", "Action": ["sqs:Send*"], "Condition": null}"#,
            r#"{"Principal": {"AWS": "*"}, "Action": "SQS:*", "Resource": "*"}"#,
            r#"{"Resource": "arn:*:sqs:*:*:jobs"}"#,
            r#"{"Condition": {"ArnLike": {"AWS:SourceArn": ["arn:aws:sns:*:*:other", "$TOPIC"]}}}"#,
            r#"{"Condition": {"StringEqualsIfExists": {"aws:SourceArn": "$TOPIC"}}}"#,
            r#"{"Condition": {"ArnLike": {"aws:SourceArn": "arn:*:sns:*:*:ne*"}}}"#,
        ] {
            assert!(lets_in(statement, true), "{statement}");
        }
        for statement in [
            r#"{"Resource": "arn:aws:sqs:eu-west-1:111122223333:jobs"}"#,
            r#"{"Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:sns:eu-west-1:111122223333:*"}}}"#,
            r#"{"Condition": {"StringLike": {"aws:SourceArn": "arn:aws:sns:eu-west-1:111122223333:*"}}}"#,
            r#"{"Condition": {"StringEquals": {"aws:SourceArn": "arn:aws:sns:eu-west-1:111122223333:news"}}}"#,
            r#"{"Condition": {"ArnEquals": {"aws:SourceArn": "$TOPIC"},
                "StringEquals": {"aws:SourceAccount": "111122223333"}}}"#,
        ] {
            assert!(lets_in(statement, false), "{statement}");
            assert!(!lets_in(statement, true), "in another account: {statement}");
        }
    }

    #[test]
    fn what_may_keep_a_topic_out() {
        for statement in [
            r#"{"Effect": "Deny"}"#,
            r#"{"Principal": {"Service": "events.amazonaws.com"}}"#,
            r#"{"Action": "sqs:ReceiveMessage"}"#,
            r#"{"Resource": "arn:aws:sqs:eu-west-1:111122223333:other"}"#,
            r#"{"Resource": "arn:aws:sqs:eu-west-1:444455556666:jobs"}"#,
            r#"{"Condition": {"ArnNotEquals": {"aws:SourceArn": "$TOPIC"}}}"#,
            r#"{"Condition": {"StringNotLike": {"aws:SourceArn": "$TOPIC"}}}"#,
            r#"{"Condition": {"ArnEquals": {"aws:SourceArn": "arn:aws:sns:*"}}}"#,
            r#"{"Condition": {"ArnEquals": {"aws:SourceArn": "arn:aws:sns:us-east-1:111122223333:news"}}}"#,
            r#"{"Condition": {"StringEquals": {"aws:SourceArn": "arn:aws:sns:eu-west-1:111122223333:*"}}}"#,
            r#"{"Condition": {"ArnEquals": {"aws:SourceArn": "$TOPIC", "aws:PrincipalOrgID": "o-1"}}}"#,
            r#"{"Condition": {"ArnEquals": {"aws:SourceArn": "$TOPIC"}, "StringEquals": {"aws:SourceAccount": "1"}}}"#,
            r#"{"Condition": {"ForAllValues:ArnEquals": {"aws:SourceArn": "$TOPIC"}}}"#,
            r#"{"Condition": {"Null": {"aws:SourceArn": "true"}}}"#,
        ] {
            assert!(!lets_in(statement, false), "{statement}");
        }
    }
}
