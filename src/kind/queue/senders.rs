//! The services that send to a queue by themselves: each gets a statement in its policy, for exactly what may send.
//!
//! With the service alone, whatever anybody has there could send, from any account.

use super::POLICY;
use crate::kind::policy::as_items;
use crate::kind::{rule, subscription};
use crate::model::{Fact, Ref, Resource, Stack};
use crate::value::Value;

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
    let needed = of_stack.into_iter().filter_map(|(sender, sources)| sender.statement(queue, sources));
    needed.collect()
}

impl Sender {
    /// The statement that lets sources send which no statement lets in already; `None` where there are none.
    fn statement(&self, queue: &Resource, sources: Vec<Value>) -> Option<Value> {
        let mut open: Vec<Value> = Vec::new();
        for source in sources {
            if !source.is_null() && !open.contains(&source) && !self.lets_in(queue.get(&POLICY), &source) {
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

    /// Tells whether a policy lets a source send already, in whatever words somebody wrote it.
    fn lets_in(&self, document: &Value, source: &Value) -> bool {
        as_items(document.get("Statement")).iter().any(|statement| {
            let has = |value: &Value, wanted: &[&str]| {
                let texts = as_items(value).into_iter().filter_map(|item| item.as_text().map(str::to_lowercase));
                texts.into_iter().any(|text| wanted.contains(&text.as_str()))
            };
            let principal = statement.get("Principal");
            let service = [principal, principal.get("AWS")].into_iter().any(|value| has(value, &["*"]))
                || has(principal.get("Service"), &[self.service]);
            let conditions = statement.get("Condition").as_map().into_iter().flatten();
            let mut keys = conditions.filter_map(|(_, keys)| keys.as_map()).flatten();
            let named = keys
                .any(|(key, values)| key.eq_ignore_ascii_case("aws:SourceArn") && as_items(values).contains(source));
            let open = statement.get("Condition").as_map().is_none_or(std::collections::BTreeMap::is_empty);
            let allows = statement.get("Effect").as_text() == Some("Allow");
            allows && has(statement.get("Action"), &["sqs:sendmessage", "sqs:*", "*"]) && service && (named || open)
        })
    }
}

/// The ARN of what is named, without waiting for it: a statement may name what is not there yet.
pub fn soft_arn(named: &Value) -> Value {
    named.as_ref().and_then(Ref::address).map_or_else(|| named.clone(), |address| Ref::soft(address, Fact::Arn))
}
