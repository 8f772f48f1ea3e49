//! Rows ↔ the attributes that SNS has of a subscription.

use std::collections::HashMap;

use super::{ATTRIBUTES, DEAD_LETTER_QUEUE, FILTER, FILTER_SCOPE, QUEUE, RAW, TOPIC};
use crate::kind::Row;
use crate::model::Attributes;
use crate::value::Value;

/// The member of a redrive policy that names the queue.
const TARGET: &str = "deadLetterTargetArn";

/// The rows that are attributes of a subscription, in an order in which a change of several is taken.
///
/// A filter on attributes cannot be nested: on the way to attributes the filter changes first, on the way to the body
/// the scope, so that never everything passes in between.
pub fn in_order(to_attributes: bool) -> [&'static Row; 4] {
    if to_attributes {
        [&RAW, &DEAD_LETTER_QUEUE, &FILTER, &FILTER_SCOPE]
    } else {
        [&RAW, &DEAD_LETTER_QUEUE, &FILTER_SCOPE, &FILTER]
    }
}

/// Writes an attribute as SNS takes it; `None` leaves the value out of the call, which clears a redrive policy.
pub fn to_sns(row: &Row, value: &Value) -> Option<String> {
    match (row.key, value) {
        (key, Value::Null) if key == FILTER.key => Some("{}".to_owned()),
        (key, Value::Null) if key == FILTER_SCOPE.key => Some(ATTRIBUTES.to_owned()),
        (key, Value::Null) if key == RAW.key => Some(false.to_string()),
        (_, Value::Null) => None,
        (key, queue) if key == DEAD_LETTER_QUEUE.key => Some(serde_json::json!({TARGET: queue.plain()}).to_string()),
        (_, value) => Some(value.plain()),
    }
}

/// Reads what SNS reports into the terms of the rows.
pub fn reported(topic: &str, queue: &str, attributes: &HashMap<String, String>) -> Attributes {
    let text = |row: &Row| attributes.get(row.api).filter(|text| !text.is_empty());
    let json = |row: &Row| {
        let json = serde_json::from_str::<serde_json::Value>(text(row)?).ok()?;
        Some(Value::from_json(&json))
    };
    let filter = json(&FILTER).filter(|filter| !FILTER.ty.normal(filter).is_null());
    // Without a filter the scope means nothing.
    let scope = filter.as_ref().map(|_| text(&FILTER_SCOPE).map_or(ATTRIBUTES, String::as_str));
    let pairs = [
        (&TOPIC, Some(Value::text(topic))),
        (&QUEUE, Some(Value::text(queue))),
        (&FILTER_SCOPE, scope.map(Value::text)),
        (&FILTER, filter),
        (&RAW, Some(Value::Bool(text(&RAW).is_some_and(|text| text == "true")))),
        (&DEAD_LETTER_QUEUE, json(&DEAD_LETTER_QUEUE).map(|policy| policy.get(TARGET).clone())),
    ];
    let set = pairs.into_iter().filter_map(|(row, value)| Some((row.key, value.filter(|value| !value.is_null())?)));
    set.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Attributes {
        let pairs = pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        reported("t", "q", &pairs.collect())
    }

    #[test]
    fn what_is_sent_is_what_is_read() {
        let filter = Value::map([("tenant", Value::List(vec![Value::text("acme")]))]);
        let set = [
            (&FILTER, filter),
            (&FILTER_SCOPE, Value::text("MessageBody")),
            (&RAW, Value::Bool(true)),
            (&DEAD_LETTER_QUEUE, Value::text("arn:aws:sqs:eu-west-1:123456789012:dead")),
        ];
        let sent = set.iter().map(|(row, value)| (row.api.to_owned(), to_sns(row, value).unwrap())).collect();
        let back = reported("t", "q", &sent);
        set.iter().for_each(|(row, value)| assert_eq!(&back[row.key], value));
        assert_eq!(back.len(), set.len() + 2);
    }

    #[test]
    fn a_scope_without_a_filter_is_none() {
        let bare = read(&[("FilterPolicyScope", "MessageBody"), ("FilterPolicy", "{}")]);
        assert_eq!(bare.keys().copied().collect::<Vec<_>>(), ["queue", "raw", "topic"]);
        assert_eq!(bare["raw"], Value::Bool(false));
        assert_eq!(read(&[("FilterPolicy", r#"{"a":[1]}"#)])["filter_scope"], Value::text(ATTRIBUTES));
    }

    #[test]
    fn what_is_no_longer_set_is_cleared() {
        let cleared = in_order(true).map(|row| to_sns(row, &Value::Null));
        assert_eq!(cleared, [Some("false".into()), None, Some("{}".into()), Some(ATTRIBUTES.into())]);
    }
}
