//! What must not be shown, replaced by what still shows a change. Every output of attributes goes through here.

use sha2::{Digest, Sha256};

use crate::kind::Row;
use crate::model::Attributes;
use crate::value::Value;

/// Replaces what must not be shown in one attribute of a resource.
///
/// Of a map whose secrets are named, an entry that the stack does not have is hidden too: what was there before may
/// have been a secret that the stack has just stopped naming.
#[must_use]
pub fn redact(row: &Row, value: &Value, attributes: &Attributes) -> Value {
    match (row.secrets, value) {
        _ if row.sensitive && !value.is_null() => Value::text("(sensitive)"),
        (Some(named_by), Value::Map(entries)) => {
            let secrets = attributes.get(named_by).and_then(Value::as_list).unwrap_or_default();
            let known = attributes.get(row.key).unwrap_or(&Value::Null);
            let hidden = |key: &str| known.get(key).is_null() || secrets.iter().any(|secret| secret.plain() == key);
            Value::map(entries.iter().map(|(key, value)| {
                let shown = if hidden(key) { digest(value) } else { value.clone() };
                (key, shown)
            }))
        }
        _ => value.clone(),
    }
}

/// Eight characters tell two values apart and tell nothing of either.
fn digest(value: &Value) -> Value {
    let digest = Sha256::digest(value.plain());
    let first = digest.iter().take(4).fold(0_u32, |first, byte| first << 8 | u32::from(*byte));
    Value::Text(format!("(secret, digest {first:08x})"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::function::{ENVIRONMENT, SECRETS};

    fn shown(before: &str, after: &str, secrets: &[&str]) -> (String, String) {
        let map = |value: &str| Value::map([("TOKEN", Value::text(value))]);
        let named = Value::List(secrets.iter().map(|name| Value::text(*name)).collect());
        let attributes = Attributes::from([(ENVIRONMENT.key, map(after)), (SECRETS.key, named)]);
        let show = |value: &str| ENVIRONMENT.show(&redact(&ENVIRONMENT, &map(value), &attributes));
        (show(before), show(after))
    }

    #[test]
    fn a_secret_shows_that_it_changed_and_not_what() {
        let (before, after) = shown("hunter2", "hunter3", &["TOKEN"]);
        assert!(before.starts_with("{TOKEN: (secret, digest ") && after.starts_with("{TOKEN: (secret, digest "));
        assert_ne!(before, after);
        assert!(!before.contains("hunter") && !after.contains("hunter"));
        assert_eq!(shown("a", "b", &[]), ("{TOKEN: a}".to_owned(), "{TOKEN: b}".to_owned()));
    }

    #[test]
    fn what_the_stack_no_longer_names_is_hidden() {
        let before = Value::map([("OLD", Value::text("hunter2"))]);
        let shown = redact(&ENVIRONMENT, &before, &Attributes::new());
        assert!(!shown.plain().contains("hunter2"));
    }
}
