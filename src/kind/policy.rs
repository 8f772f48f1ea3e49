//! JSON policy documents: comparison by meaning, and the statements that kinds generate.

pub mod check;

use std::collections::BTreeMap;

use crate::model::{Address, Fact, Ref};
use crate::value::Value;

/// The policy language version that every generated document carries.
pub const VERSION: &str = "2012-10-17";

/// The version of a document that names none.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_version.html>
const FIRST_VERSION: &str = "2008-10-17";

/// Makes a document of statements.
#[must_use]
pub fn document(statements: Vec<Value>) -> Value {
    Value::map([("Version", Value::text(VERSION)), ("Statement", Value::List(statements))])
}

/// Makes the statement that refuses an action on a resource to whoever comes without TLS.
#[must_use]
pub fn tls_only(action: &str, address: &Address) -> Value {
    Value::map([
        ("Sid", Value::text("DenyInsecureTransport")),
        ("Effect", Value::text("Deny")),
        ("Principal", Value::text("*")),
        ("Action", Value::text(action)),
        ("Resource", Ref::soft(address, Fact::Arn)),
        ("Condition", Value::map([("Bool", Value::map([("aws:SecureTransport", Value::text("false"))]))])),
    ])
}

/// Adds statements to a document, or makes one of them; what says the same already is not said twice.
#[must_use]
pub fn adding(document: &Value, statements: Vec<Value>) -> Value {
    let Value::Map(written) = document else { return self::document(statements) };
    let mut written = written.clone();
    let mut all = written.remove("Statement").map_or_else(Vec::new, |said| as_items(&said));
    for added in statements {
        if !all.iter().any(|said| statement(said) == statement(&added)) {
            all.push(added);
        }
    }
    written.insert("Statement".to_owned(), Value::List(all));
    written.entry("Version".to_owned()).or_insert_with(|| Value::text(VERSION));
    Value::Map(written)
}

/// Makes the document that lets one AWS service assume a role.
#[must_use]
pub fn trust(service: &str) -> Value {
    document(vec![Value::map([
        ("Effect", Value::text("Allow")),
        ("Principal", Value::map([("Service", Value::text(service))])),
        ("Action", Value::text("sts:AssumeRole")),
    ])])
}

/// Reads a policy document: IAM percent-encodes it (RFC 3986), some emulators do not.
#[must_use]
pub fn parse(text: &str) -> Value {
    let json = |text: &str| serde_json::from_str(text).ok().map(|json: serde_json::Value| Value::from_json(&json));
    // Plain JSON begins with a brace, the encoding of one with a percent sign: nothing is decoded twice.
    if text.trim_start().starts_with('{') {
        return json(text).unwrap_or_else(|| Value::text(text));
    }
    let decoded = percent_encoding::percent_decode_str(text).decode_utf8_lossy();
    json(&decoded).unwrap_or_else(|| Value::text(decoded))
}

/// Puts a policy document into the form in which equal meanings are equal values.
///
/// AWS treats one string and a list of that string alike, keeps no order in lists of strings or of
/// statements, takes `{"AWS": "*"}` and `"*"` for the same principal, writes an account's root ARN for its
/// number, and reads a document without a version as one of 2008-10-17.
///
/// A principal that was deleted stays different: IAM shows its id (`AIDA…`, `AROA…`) where its ARN was, and one
/// made again under the same name is not trusted before the document is written again.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>
#[must_use]
pub fn normal(document: &Value) -> Value {
    let Value::Map(map) = document else { return document.clone() };
    let mut normal = BTreeMap::from([("Version".to_owned(), Value::text(FIRST_VERSION))]);
    for (key, value) in map {
        let value = match key.as_str() {
            "Statement" => sorted(as_items(value).iter().map(statement).collect()),
            _ => value.clone(),
        };
        normal.insert(key.clone(), value);
    }
    Value::Map(normal)
}

fn statement(statement: &Value) -> Value {
    let Value::Map(map) = statement else { return statement.clone() };
    Value::map(map.iter().map(|(key, value)| {
        let value = match key.as_str() {
            "Action" | "NotAction" => sorted(as_items(value).iter().map(lowercase).collect()),
            "Resource" | "NotResource" => sorted(as_items(value)),
            "Principal" | "NotPrincipal" => principal(value),
            "Condition" => condition(value),
            _ => value.clone(),
        };
        (key, value)
    }))
}

fn principal(value: &Value) -> Value {
    if value.as_text() == Some("*") {
        return Value::map([("AWS", Value::List(vec![value.clone()]))]);
    }
    let Value::Map(map) = value else { return value.clone() };
    Value::map(map.iter().map(|(key, value)| {
        let items = as_items(value).into_iter();
        (key, sorted(items.map(|item| if key == "AWS" { account(&item) } else { item }).collect()))
    }))
}

/// `123456789012` and `arn:aws:iam::123456789012:root` are the same principal; YAML takes the former for a number.
fn account(value: &Value) -> Value {
    let text = value.plain();
    let id = text.strip_suffix(":root").and_then(|arn| arn.rsplit(':').next()).filter(|_| text.contains(":iam::"));
    Value::text(id.unwrap_or(&text))
}

fn condition(value: &Value) -> Value {
    let Value::Map(operators) = value else { return value.clone() };
    Value::map(operators.iter().map(|(operator, keys)| {
        let keys = match keys {
            Value::Map(keys) => Value::map(keys.iter().map(|(key, value)| {
                // Booleans and numbers are texts to the policy engine.
                (key.to_lowercase(), sorted(as_items(value).iter().map(|item| Value::text(item.plain())).collect()))
            })),
            other => other.clone(),
        };
        (operator, keys)
    }))
}

fn lowercase(value: &Value) -> Value {
    value.as_text().map_or_else(|| value.clone(), |text| Value::text(text.to_lowercase()))
}

/// The items of what may be one thing or a list of it.
#[must_use]
pub fn as_items(value: &Value) -> Vec<Value> {
    match value {
        Value::List(items) => items.clone(),
        Value::Null => Vec::new(),
        one => vec![one.clone()],
    }
}

/// Tells whether a pattern of IAM, with `*` and `?`, has an action in it.
#[must_use]
pub fn matches(pattern: &str, action: &str) -> bool {
    like(&pattern.to_ascii_lowercase(), &action.to_ascii_lowercase())
}

/// Tells whether a pattern of IAM, with `*` and `?`, has a text in it, upper and lower case told apart.
#[must_use]
pub fn like(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    // Where the last `*` stands, and how far what it stands for reaches: only that one is ever stretched.
    let (mut at, mut of, mut star) = (0, 0, None);
    while let Some(byte) = text.get(of) {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, of));
                at += 1;
            }
            Some(one) if *one == b'?' || one == byte => (at, of) = (at + 1, of + 1),
            _ => {
                let Some((stood, reached)) = star else { return false };
                star = Some((stood, reached + 1));
                (at, of) = (stood + 1, reached + 1);
            }
        }
    }
    pattern.iter().skip(at).all(|rest| *rest == b'*')
}

/// Sorts a list by the JSON of its items and drops repeats.
#[must_use]
pub fn sorted(mut items: Vec<Value>) -> Value {
    items.sort_by_cached_key(Value::plain);
    items.dedup();
    Value::List(items)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meaning(json: &str) -> Value {
        normal(&Value::from_json(&serde_json::from_str(json).unwrap()))
    }

    #[test]
    fn equal_meanings_are_equal() {
        let a = meaning(
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"123456789012"},
            "Action":"SQS:SendMessage","Resource":["a","b"],"Condition":{"Bool":{"aws:SecureTransport":false}}}]}"#,
        );
        let b = meaning(
            r#"{"Statement":{"Condition":{"Bool":{"AWS:SecureTransport":["false"]}},"Action":["sqs:sendmessage"],
            "Principal":{"AWS":["arn:aws:iam::123456789012:root"]},"Resource":["b","a"],"Effect":"Allow"},"Version":"2012-10-17"}"#,
        );
        assert_eq!(a, b);
    }

    #[test]
    fn different_meanings_differ() {
        let a = meaning(r#"{"Statement":[{"Effect":"Allow","Action":"sqs:SendMessage"}]}"#);
        let b = meaning(r#"{"Statement":[{"Effect":"Deny","Action":"sqs:SendMessage"}]}"#);
        assert_ne!(a, b);
    }

    #[test]
    fn what_iam_reports_equals_what_was_written() {
        for (written, reported) in [
            // An account: its number in YAML, a root ARN from IAM; several principals come in IAM's order.
            (
                r#"{"Statement":[{"Principal":{"AWS":[123456789012,"arn:aws:iam::210987654321:role/b"]}}]}"#,
                r#"{"Statement":[{"Principal":{"AWS":["arn:aws:iam::210987654321:role/b","arn:aws:iam::123456789012:root"]}}]}"#,
            ),
            (
                r#"{"Statement":{"Principal":{"Service":["lambda.amazonaws.com","events.amazonaws.com"]}}}"#,
                r#"{"Statement":[{"Principal":{"Service":["events.amazonaws.com","lambda.amazonaws.com"]}}]}"#,
            ),
            (r#"{"Statement":{"Principal":"*"}}"#, r#"{"Statement":[{"Principal":{"AWS":"*"}}]}"#),
            (r#"{"Statement":[]}"#, r#"{"Version":"2008-10-17","Statement":[]}"#),
            (
                r#"{"Statement":{"Condition":{"StringEquals":{"aws:SourceAccount":["2","1"]},"Bool":{"a":true}}}}"#,
                r#"{"Statement":{"Condition":{"Bool":{"a":"true"},"StringEquals":{"AWS:SourceAccount":["1","2"]}}}}"#,
            ),
            (
                r#"{"Statement":[{"Sid":"A","Action":"a:B"},{"Sid":"B","Action":["c:D","a:B"]}]}"#,
                r#"{"Statement":[{"Action":["a:B","c:D"],"Sid":"B"},{"Action":["a:B"],"Sid":"A"}]}"#,
            ),
        ] {
            assert_eq!(meaning(written), meaning(reported), "{written}");
        }
    }

    #[test]
    fn what_changes_who_may_do_what_differs() {
        for (one, other) in [
            // The role was deleted, and perhaps made again: the trust is gone until it is written again.
            (
                r#"{"Statement":{"Principal":{"AWS":"arn:aws:iam::123456789012:role/b"}}}"#,
                r#"{"Statement":{"Principal":{"AWS":"AROAKSCDLFT9R5DQP782U"}}}"#,
            ),
            (r#"{"Statement":{"Principal":"*"}}"#, r#"{"Statement":{"Principal":{"Service":"*"}}}"#),
            (r#"{"Statement":{"Resource":"a:B"}}"#, r#"{"Statement":{"Resource":"a:b"}}"#),
            (
                r#"{"Statement":{"Condition":{"Bool":{"a":true}}}}"#,
                r#"{"Statement":{"Condition":{"Bool":{"a":false}}}}"#,
            ),
            (
                r#"{"Statement":{"Condition":{"StringEquals":{"a":"b"}}}}"#,
                r#"{"Statement":{"Condition":{"StringLike":{"a":"b"}}}}"#,
            ),
            (r#"{"Version":"2012-10-17","Statement":[]}"#, r#"{"Statement":[]}"#),
        ] {
            assert_ne!(meaning(one), meaning(other), "{one}");
        }
    }

    #[test]
    fn documents_are_decoded_once() {
        let encoded = "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C\
                       %22Principal%22%3A%7B%22Service%22%3A%22lambda.amazonaws.com%22%7D%2C%22Action%22%3A\
                       %22sts%3AAssumeRole%22%7D%5D%7D";
        assert_eq!(parse(encoded), trust("lambda.amazonaws.com"));
        assert_eq!(parse(r#"{"Id": "100%25 of a+b"}"#), Value::map([("Id", Value::text("100%25 of a+b"))]));
        assert_eq!(parse("%7B%22Id%22%3A%22100%2525+%C3%A9%22%7D"), Value::map([("Id", Value::text("100%25+é"))]));
        assert_eq!(parse("nonsense"), Value::text("nonsense"));
    }

    #[test]
    fn patterns_have_actions_in_them() {
        for (pattern, fits) in [
            ("*", true),
            ("sqs:*", true),
            ("SQS:sendmessage", true),
            ("sqs:Send*", true),
            ("sqs:?endMessage", true),
            ("sqs:*Message*", true),
            ("*e*e*", true),
            ("*s*:*d*b*", false),
            ("sqs:Send", false),
            ("sqs:SendMessageBatch", false),
            ("sns:*", false),
            ("", false),
        ] {
            assert_eq!(matches(pattern, "sqs:SendMessage"), fits, "{pattern}");
        }
    }
}
