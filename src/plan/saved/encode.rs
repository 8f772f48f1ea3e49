//! Values in a saved plan: JSON that reads back as the same value, and digests where secrets stood.

use std::fmt::Write as _;

use serde_json::{Map, Value as Json, json};
use sha2::{Digest, Sha256};

use crate::kind::{Desired, Row};
use crate::model::{Address, Attributes, Fact, Ref, RefTarget};
use crate::value::Value;

/// The key of the map that stands for a secret.
const SECRET: &str = "$secret";

/// Writes bytes in hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Writes a value so that [`decode`] gives it back.
fn encode(value: &Value) -> Json {
    match value {
        // A number with a fraction is a text: reading and printing it must not move its last digit.
        Value::Float(number) => json!({"$number": number.to_string()}),
        Value::List(items) => items.iter().map(encode).collect(),
        Value::Map(map) => {
            let members: Map<_, _> = map.iter().map(|(key, item)| (key.clone(), encode(item))).collect();
            if map.keys().any(|key| key.starts_with('$')) { json!({"$map": members}) } else { Json::Object(members) }
        }
        Value::Ref(reference) => {
            json!({"$fact": reference.fact.as_str(), "of": reference.address().map(ToString::to_string)})
        }
        Value::Join(items) => json!({"$join": items.iter().map(encode).collect::<Vec<_>>()}),
        plain => plain.to_json(),
    }
}

/// Reads what [`encode`] wrote; a secret stays a map with its digest.
pub fn decode(json: &Json) -> Option<Value> {
    Some(match json {
        Json::Null => Value::Null,
        Json::Bool(flag) => Value::Bool(*flag),
        Json::Number(number) => Value::Int(number.as_i64()?),
        Json::String(text) => Value::text(text),
        Json::Array(items) => Value::List(items.iter().map(decode).collect::<Option<_>>()?),
        Json::Object(members) => match members.iter().next().map(|(key, value)| (key.as_str(), value)) {
            Some(("$number", number)) => Value::Float(number.as_str()?.parse().ok()?),
            Some(("$map", Json::Object(inner))) => decode_map(inner)?,
            Some(("$join", Json::Array(items))) => Value::Join(items.iter().map(decode).collect::<Option<_>>()?),
            Some(("$fact", fact)) => Value::Ref(Ref {
                of: RefTarget::Resource(super::address(&members["of"])?),
                fact: Fact::ALL.iter().find(|(name, _)| fact == name).map(|(_, fact)| *fact)?,
                hard: false,
            }),
            _ => decode_map(members)?,
        },
    })
}

fn decode_map(members: &Map<String, Json>) -> Option<Value> {
    let members = members.iter().map(|(key, value)| Some((key.clone(), decode(value)?)));
    Some(Value::Map(members.collect::<Option<_>>()?))
}

/// Tells whether a member of an attribute is a secret. `${secret:…}` says where one is, not what it is.
fn is_secret(row: &Row, member: &str, value: &Value, attributes: &Attributes) -> bool {
    let Some(named_by) = row.secrets else { return false };
    let named = attributes.get(named_by).and_then(Value::as_list).unwrap_or_default();
    let elsewhere = value.as_text().is_some_and(|text| text.starts_with("${secret:"));
    !elsewhere && named.iter().any(|name| name.as_text() == Some(member))
}

/// Writes an attribute with a digest in the place of every secret.
pub fn conceal(stack: &str, address: &Address, row: &Row, value: &Value, attributes: &Attributes) -> Json {
    match value {
        Value::Null => Json::Null,
        _ if row.sensitive => json!({SECRET: digest(stack, address, row, "", value)}),
        Value::Map(map) if map.iter().any(|(key, item)| is_secret(row, key, item, attributes)) => {
            let members = map.iter().map(|(key, item)| {
                let secret = is_secret(row, key, item, attributes);
                let shown = if secret { json!({SECRET: digest(stack, address, row, key, item)}) } else { encode(item) };
                (key.clone(), shown)
            });
            Json::Object(members.collect())
        }
        value => encode(value),
    }
}

/// The digest of a secret tells whether another is the same, and belongs to one member of one resource: no table of
/// digests made elsewhere fits it.
fn digest(stack: &str, address: &Address, row: &Row, member: &str, value: &Value) -> String {
    hex(&Sha256::digest(format!("{stack}/{address}/{}/{member}={}", row.key, encode(value))))
}

/// The members of an attribute whose secrets are missing: dotted from the attribute, empty for all of it.
pub fn hidden(value: &Value) -> Vec<(String, String)> {
    let one = |value: &Value| match value.as_map() {
        Some(map) if map.len() == 1 => map.get(SECRET).and_then(Value::as_text).map(str::to_owned),
        _ => None,
    };
    if let Some(digest) = one(value) {
        return vec![(String::new(), digest)];
    }
    let members = value.as_map().into_iter().flatten();
    members.filter_map(|(key, item)| Some((format!(".{key}"), one(item)?))).collect()
}

/// Puts secrets into an attribute; those that `find` does not have are returned.
pub fn fill(value: &mut Value, find: impl Fn(&str, &str) -> Option<Value>) -> Vec<String> {
    let mut missed = Vec::new();
    for (member, digest) in hidden(value) {
        let key = member.strip_prefix('.').unwrap_or_default();
        let Some(secret) = find(key, &digest) else {
            missed.push(member);
            continue;
        };
        if let (Value::Map(map), false) = (&mut *value, member.is_empty()) {
            map.insert(key.to_owned(), secret);
        } else {
            *value = secret;
        }
    }
    missed
}

/// Finds a secret in what the stack wants now, if its digest is the one that was planned.
pub fn secret(stack: &str, row: &Row, member: &str, planned: &str, now: &Desired) -> Option<Value> {
    let value = now.get(row);
    let value = if member.is_empty() { value } else { value.get(member) };
    (digest(stack, &now.address, row, member, value) == planned).then(|| value.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_read_back_as_they_were() {
        let queue = Address::new("queue", "jobs");
        let values = [
            Value::Null,
            Value::Bool(true),
            Value::Int(-5),
            Value::Float(0.1),
            Value::Float(5.0),
            Value::text("$x"),
            Value::List(vec![Value::text("a"), Value::Null]),
            Value::map([("$secret", Value::text("a text"))]),
            Value::map([("$number", Value::Int(1)), ("plain", Value::Int(2))]),
            Ref::soft(&queue, Fact::Url),
            Value::Join(vec![Value::text("at "), Ref::soft(&queue, Fact::Url)]),
        ];
        for value in values {
            let text = encode(&value).to_string();
            assert_eq!(decode(&serde_json::from_str(&text).unwrap()), Some(value), "{text}");
        }
    }
}
