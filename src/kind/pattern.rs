//! Patterns of messages: fields and the values that each may have. Compared by meaning.
//!
//! <https://docs.aws.amazon.com/sns/latest/dg/sns-subscription-filter-policies.html>

pub mod check;

use std::collections::BTreeMap;

use crate::kind::policy::sorted;
use crate::value::Value;

/// The one condition in which the order of a list means something: `[">=", 0, "<", 100]`.
const NUMERIC: &str = "numeric";

/// Puts a pattern into the form in which equal meanings are equal values.
///
/// A list is a set of alternatives, 5 and 5.0 are one number, and a pattern without fields matches everything: it is
/// none.
#[must_use]
pub fn normal(pattern: &Value) -> Value {
    match pattern {
        Value::Map(map) if map.is_empty() => Value::Null,
        other => inner(other),
    }
}

fn inner(value: &Value) -> Value {
    match value {
        Value::Map(map) => Value::Map(map.iter().map(|(key, item)| (key.clone(), member(key, item))).collect()),
        Value::List(items) => sorted(items.iter().map(inner).collect()),
        #[expect(clippy::cast_possible_truncation, reason = "guarded: the number is whole and below 2^53")]
        Value::Float(number) if number.fract() == 0.0 && number.abs() < 9e15 => Value::Int(*number as i64),
        other => other.clone(),
    }
}

fn member(key: &str, value: &Value) -> Value {
    match value {
        Value::List(items) if key == NUMERIC => Value::List(items.iter().map(inner).collect()),
        other => inner(other),
    }
}

/// The fields of a pattern, each with its values and how deep it is nested: 1 at the top.
pub type Leaf<'a> = (&'a str, &'a Value, usize);

/// Walks the fields that have values, whether or not those are lists.
pub fn leaves<'a>(pattern: &'a BTreeMap<String, Value>, depth: usize, visit: &mut dyn FnMut(Leaf<'a>)) {
    for (key, value) in pattern {
        match value {
            Value::Map(inner) => leaves(inner, depth + 1, visit),
            other => visit((key, other, depth)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meaning(json: &str) -> Value {
        normal(&Value::from_json(&serde_json::from_str(json).unwrap()))
    }

    #[test]
    fn equal_meanings_are_equal() {
        for (one, other) in [
            (r#"{"tenant": ["acme", "zeta"]}"#, r#"{"tenant": ["zeta", "acme", "acme"]}"#),
            (r#"{"price": [5]}"#, r#"{"price": [5.0]}"#),
            (r#"{"a": {"b": [1, "x"]}, "c": [null]}"#, r#"{"c": [null], "a": {"b": ["x", 1.0]}}"#),
            (r#"{"a": [{"anything-but": ["x", "y"]}]}"#, r#"{"a": [{"anything-but": ["y", "x"]}]}"#),
        ] {
            assert_eq!(meaning(one), meaning(other), "{one}");
        }
        assert_eq!(meaning("{}"), Value::Null);
    }

    #[test]
    fn what_matches_otherwise_differs() {
        for (one, other) in [
            (r#"{"tenant": ["acme"]}"#, r#"{"tenant": ["Acme"]}"#),
            (r#"{"price": [5]}"#, r#"{"price": ["5"]}"#),
            (r#"{"price": [{"numeric": [">", 0, "<", 5]}]}"#, r#"{"price": [{"numeric": [">", 5, "<", 0]}]}"#),
            (r#"{"a": {"b": ["x"]}}"#, r#"{"a": ["x"]}"#),
        ] {
            assert_ne!(meaning(one), meaning(other), "{one}");
        }
    }
}
