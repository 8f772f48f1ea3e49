//! What must not be shown, replaced by what still shows a change. Every output of attributes goes through here.

use crate::kind::Row;
use crate::model::Attributes;
use crate::value::Value;

/// What stands for a secret. No digest of it: a short secret is found from its digest by trying.
const SECRET: &str = "(secret)";
const CHANGED: &str = "(secret, changed)";
/// What stands for a value that may be one.
const HIDDEN_BEFORE: &str = "(hidden)";

/// Replaces what must not be shown in one attribute of a resource.
///
/// Of a map whose secrets are named, an entry is shown only if the stack says its value in clear: what is there and
/// differs may have been a secret that the stack has just stopped naming, and nobody remembers.
#[must_use]
pub fn redact(row: &Row, value: &Value, attributes: &Attributes) -> Value {
    match (row.secrets, value) {
        _ if row.sensitive && !value.is_null() => Value::text("(sensitive)"),
        (Some(_), Value::Map(entries)) => {
            let said = attributes.get(row.key).unwrap_or(&Value::Null);
            Value::map(entries.iter().map(|(key, value)| {
                let shown = match key {
                    key if is_secret(row, key, attributes) => Value::text(SECRET),
                    key if said.get(key) != value => Value::text(HIDDEN_BEFORE),
                    _ => value.clone(),
                };
                (key, shown)
            }))
        }
        _ => value.clone(),
    }
}

/// Replaces what must not be shown in what an attribute becomes, and says what of it is not what was there.
#[must_use]
pub fn redact_change(row: &Row, before: &Value, after: &Value, attributes: &Attributes) -> Value {
    let mut shown = redact(row, after, attributes);
    if let (Some(_), Value::Map(entries)) = (row.secrets, &mut shown) {
        for (key, entry) in entries {
            let was = before.get(key);
            if is_secret(row, key, attributes) && !was.is_null() && was != after.get(key) {
                *entry = Value::text(CHANGED);
            }
        }
    }
    shown
}

fn is_secret(row: &Row, key: &str, attributes: &Attributes) -> bool {
    row.named_secrets(attributes).iter().any(|secret| secret.as_text() == Some(key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::function::{ENVIRONMENT, SECRETS};

    fn shown(before: &str, after: &str, secrets: &[&str]) -> (String, String) {
        let map = |value: &str| Value::map([("TOKEN", Value::text(value))]);
        let named = Value::List(secrets.iter().map(|name| Value::text(*name)).collect());
        let attributes = Attributes::from([(ENVIRONMENT.key, map(after)), (SECRETS.key, named)]);
        let (before, after) = (map(before), map(after));
        let show = |value: &Value| ENVIRONMENT.show(value);
        (
            show(&redact(&ENVIRONMENT, &before, &attributes)),
            show(&redact_change(&ENVIRONMENT, &before, &after, &attributes)),
        )
    }

    #[test]
    fn a_secret_shows_that_it_changed_and_not_what() {
        let told = |before: &str, after: &str| (format!("{{TOKEN: {before}}}"), format!("{{TOKEN: {after}}}"));
        assert_eq!(shown("hunter2", "hunter3", &["TOKEN"]), told("(secret)", "(secret, changed)"));
        assert_eq!(shown("hunter2", "hunter2", &["TOKEN"]), told("(secret)", "(secret)"));
        assert_eq!(shown("a", "a", &[]), told("a", "a"));
    }

    #[test]
    fn what_the_stack_no_longer_names_is_hidden() {
        let before = Value::map([("OLD", Value::text("hunter2"))]);
        let shown = redact(&ENVIRONMENT, &before, &Attributes::new());
        assert!(!shown.plain().contains("hunter2"));
    }

    #[test]
    fn what_the_stack_now_says_in_clear_may_have_been_a_secret() {
        assert_eq!(shown("hunter2", "plain", &[]), ("{TOKEN: (hidden)}".to_owned(), "{TOKEN: plain}".to_owned()));
    }
}
