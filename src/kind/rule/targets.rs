//! Targets as they are written → complete ones: each with an id, and with nothing left to AWS's defaults.

use std::collections::BTreeMap;

use super::{AGE, ATTEMPTS, FUNCTION, ID, PERMISSION, QUEUE, RETRY, TARGETS};
use crate::kind::function::permission::digest;
use crate::model::{Ref, Resource, Stack};
use crate::value::Value;

/// The longest id.
pub const LONGEST_ID: usize = 64;

/// Completes the targets of a rule.
pub fn complete(rule: &mut Resource, stack: &Stack) {
    let Value::List(items) = rule.get(&TARGETS) else { return };
    let mut taken: Vec<String> = items.iter().filter_map(|item| Some(item.get(ID.key).as_text()?.to_owned())).collect();
    let mut all = Vec::new();
    for item in items {
        let Value::Map(said) = item else {
            all.push(item.clone());
            continue;
        };
        let mut target = said.clone();
        if item.get(ID.key).is_null() {
            let id = free(&id_of(item, stack), &taken);
            taken.push(id.clone());
            target.insert(ID.key.to_owned(), Value::Text(id));
        }
        let retry = retry(item.get(RETRY.key));
        target.insert(RETRY.key.to_owned(), retry);
        // Queues have it in their policies.
        let given = Value::Bool(item.get(PERMISSION.key).as_bool() != Some(false));
        let permission = if item.get(FUNCTION.key).is_null() { Value::Null } else { given };
        target.insert(PERMISSION.key.to_owned(), permission);
        target.retain(|_, value| !value.is_null());
        all.push(Value::Map(target));
    }
    rule.set(&TARGETS, Value::List(all));
}

/// The retries that are said, or left to AWS: what AWS does anyway is nothing to say.
pub fn retry(said: &Value) -> Value {
    let member = |row: &crate::kind::Row| said.get(row.key).as_int().map_or_else(|| row.default.value(), Value::Int);
    let (attempts, age) = (member(&ATTEMPTS), member(&AGE));
    if (&attempts, &age) == (&ATTEMPTS.default.value(), &AGE.default.value()) {
        return Value::Null;
    }
    Value::Map(BTreeMap::from([(ATTEMPTS.key.to_owned(), attempts), (AGE.key.to_owned(), age)]))
}

/// The name of what is targeted, in the characters of an id: the one that was given to it, which stays when it is moved to
/// another logical name, or else that.
fn id_of(target: &Value, stack: &Stack) -> String {
    let named = [&QUEUE, &FUNCTION].map(|row| target.get(row.key)).into_iter().find(|named| !named.is_null());
    let name = named.map_or_else(String::new, |named| match named.as_ref().and_then(Ref::address) {
        Some(address) => {
            let given = stack.resources.get(address).and_then(|resource| resource.name.as_ref());
            given.unwrap_or(&address.name).clone()
        }
        None => named.plain().rsplit(':').next().unwrap_or_default().to_owned(),
    });
    let plain = |c: char| if c.is_ascii_alphanumeric() || ".-_".contains(c) { c } else { '-' };
    let id: String = name.chars().map(plain).collect();
    match id.len() {
        0 => "target".to_owned(),
        length if length > LONGEST_ID - NUMBER => format!("{}-{}", &id[..LONGEST_ID - NUMBER - 17], digest(&name)),
        _ => id,
    }
}

/// Room for a number behind an id.
const NUMBER: usize = 2;

/// The id, with a number behind it if another target has it.
fn free(id: &str, taken: &[String]) -> String {
    let numbered = (2..).map(|number| format!("{id}-{number}"));
    let mut candidates = std::iter::once(id.to_owned()).chain(numbered);
    candidates.find(|candidate| !taken.contains(candidate)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::queue::Queue;
    use crate::kind::rule::Rule;
    use crate::model::{Address, Fact};

    fn ids(targets: Vec<Value>) -> Vec<String> {
        let mut renamed = Resource::new(&Queue, "renamed");
        renamed.name = Some("before".to_owned());
        let mut stack = Stack::default();
        stack.resources.insert(renamed.address.clone(), renamed);
        let mut rule = Resource::new(&Rule, "orders");
        rule.set(&TARGETS, Value::List(targets));
        complete(&mut rule, &stack);
        rule.get(&TARGETS).as_list().unwrap().iter().map(|target| target.get(ID.key).plain()).collect()
    }

    fn of_queue(arn: &str) -> Value {
        Value::map([(QUEUE.key, Value::text(arn))])
    }

    #[test]
    fn ids_are_the_names_of_what_is_targeted() {
        let billing = Ref::hard(&Address::new("queue", "billing"), Fact::Arn);
        let long = "x".repeat(80);
        let renamed = Ref::hard(&Address::new("queue", "renamed"), Fact::Arn);
        assert_eq!(ids(vec![Value::map([(QUEUE.key, renamed)])]), ["before"]);
        let all = vec![
            Value::map([(QUEUE.key, billing.clone())]),
            Value::map([(QUEUE.key, billing)]),
            of_queue("arn:aws:sqs:eu-west-1:123456789012:orders.fifo"),
            Value::map([(FUNCTION.key, Value::text("arn:aws:lambda:eu-west-1:123456789012:function:sync"))]),
            of_queue(&format!("arn:aws:sqs:eu-west-1:123456789012:{long}")),
        ];
        let made = ids(all);
        assert_eq!(made[..4], ["billing", "billing-2", "orders.fifo", "sync"]);
        assert!(made[4].starts_with("xxx") && made[4].len() <= LONGEST_ID - NUMBER, "{}", made[4]);
        let said = Value::map([(ID.key, Value::text("jobs")), (QUEUE.key, Value::text("arn:aws:sqs:r:1:other"))]);
        assert_eq!(ids(vec![of_queue("arn:aws:sqs:eu-west-1:123456789012:jobs"), said]), ["jobs-2", "jobs"]);
    }

    #[test]
    fn what_aws_does_anyway_is_no_retry_policy() {
        let said = |pairs: &[(&str, i64)]| retry(&Value::map(pairs.iter().map(|(key, n)| (*key, Value::Int(*n)))));
        assert_eq!(said(&[]), Value::Null);
        assert_eq!(said(&[("attempts", 185), ("age", 86_400)]), Value::Null);
        assert_eq!(said(&[("attempts", 3)]), Value::map([("attempts", Value::Int(3)), ("age", Value::Int(86_400))]));
    }
}
