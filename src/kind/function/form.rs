//! Forms of attributes: what they are completed to, and how they are shown.

use std::fmt::Write as _;

use super::{
    APPLICATION_LEVEL, BUCKET, BUCKET_FOR, BUCKET_PREFIX, CODE, CODE_SIZE, CODE_TYPE, ENVIRONMENT, EXTERNAL, Function,
    LOG_FORMAT, LOG_GROUP, RUNTIME, SECRETS, SHA256, SYSTEM_LEVEL,
};
use crate::kind::{Kind as _, Row, table};
use crate::model::{Fact, Ref, Resource, Stack};
use crate::value::Value;

/// A URL is known only once its queue is there: the function waits for it. It waits for a table too, whose name would be
/// known: it may be invoked as soon as it is there.
pub fn after_what_it_names(environment: &Value) -> Value {
    let is_table = |reference: &Ref| reference.address().is_some_and(|address| address.kind == table::Table.name());
    match environment {
        Value::Ref(reference) if reference.fact == Fact::Url || is_table(reference) => {
            Value::Ref(Ref { hard: true, ..reference.clone() })
        }
        Value::Join(items) => Value::Join(items.iter().map(after_what_it_names).collect()),
        Value::Map(map) => Value::map(map.iter().map(|(key, value)| (key, after_what_it_names(value)))),
        other => other.clone(),
    }
}

/// What is said of an attribute, by the function or by the stack's defaults.
pub fn said(function: &Resource, row: &Row, stack: &Stack) -> Value {
    let own = Some(function.get(row)).filter(|value| !value.is_null()).cloned();
    own.unwrap_or_else(|| stack.default_of(&Function, row))
}

/// Tells whether a function runs on a custom runtime, which starts `bootstrap`.
pub fn is_custom(function: &Resource, stack: &Stack) -> bool {
    said(function, &RUNTIME, stack).as_text().is_some_and(|runtime| runtime.starts_with("provided"))
}

/// Says what Lambda would choose, since it reports all of it.
pub fn complete_logging(logging: &Value, function: &str) -> Value {
    let or = |row: &Row, value: Value| match logging.get(row.key) {
        Value::Null => (row.key, value),
        said => (row.key, said.clone()),
    };
    let format = or(&LOG_FORMAT, Value::text("Text"));
    let level = if format.1.as_text() == Some("JSON") { Value::text("INFO") } else { Value::Null };
    let group = or(&LOG_GROUP, Value::Text(format!("/aws/lambda/{function}")));
    let parts = [format, group, or(&APPLICATION_LEVEL, level.clone()), or(&SYSTEM_LEVEL, level)];
    Value::map(parts.into_iter().filter(|(_, value)| !value.is_null()))
}

/// The prefix of keys in a bucket, unless said otherwise.
const PREFIX: &str = "queuestack/";

/// Takes over the bucket that the stack's `defaults:` say, and says where in it code goes.
pub fn with_bucket(code: &Value, defaults: &Value) -> Value {
    let mut all = code.as_map().cloned().unwrap_or_default();
    for row in [&BUCKET, &BUCKET_PREFIX, &BUCKET_FOR] {
        let said = all.get(row.key).is_some_and(|value| !value.is_null());
        if !said && !defaults.get(row.key).is_null() {
            all.insert(row.key.to_owned(), defaults.get(row.key).clone());
        }
    }
    if all.get(BUCKET.key).is_some_and(|bucket| !bucket.is_null()) {
        all.entry(BUCKET_PREFIX.key.to_owned()).or_insert_with(|| Value::text(PREFIX));
    }
    if all.is_empty() { code.clone() } else { Value::Map(all) }
}

/// What the name of a variable with a secret in it has among its words.
const SECRET_WORDS: &[&str] =
    &["AUTH", "AUTHORIZATION", "CERT", "DSN", "KEY", "PASS", "PRIVATE", "PWD", "SALT", "WEBHOOK"];
/// What it has anywhere, without a mark between the words too.
const SECRET_PARTS: &[&str] = &["APIKEY", "CREDENTIAL", "PASSPHRASE", "PASSWD", "PASSWORD", "SECRET", "TOKEN"];
/// What a value has that is one, or that has one in it, in lower case.
const SECRET_VALUES: &[&str] =
    &["-----begin", "://hooks.", "password=", "pwd=", "secret=", "sig=", "signature=", "token=", "key="];

/// Leaves the code of an imported function to whoever deploys it, and keeps what looks like a secret out of sight.
pub fn imported(function: &mut Resource) {
    function.set(&CODE, Value::map([(EXTERNAL.key, Value::Bool(true))]));
    let variables = function.get(&ENVIRONMENT).as_map().into_iter().flatten();
    let secrets = variables.filter(|(name, value)| looks_secret(name, value)).map(|(name, _)| Value::text(name));
    let secrets: Vec<Value> = secrets.collect();
    if !secrets.is_empty() {
        function.set(&SECRETS, Value::List(secrets));
    }
}

/// Judges a variable by its name and by what its value has in it: what is taken for a secret wrongly costs a variable,
/// what is missed stands in a file.
fn looks_secret(name: &str, value: &Value) -> bool {
    let Some(text) = value.as_text() else { return false };
    let upper = name.to_uppercase();
    let named = words(name).iter().any(|word| SECRET_WORDS.contains(&word.as_str()))
        || SECRET_PARTS.iter().any(|part| upper.contains(part));
    // `scheme://user:password@host`.
    let authority = text.split_once("://").and_then(|(_, rest)| rest.split('/').next());
    let user = authority.and_then(|authority| authority.rsplit_once('@')).map(|(user, _)| user);
    let lower = text.to_lowercase();
    named || user.is_some_and(|user| user.contains(':')) || SECRET_VALUES.iter().any(|part| lower.contains(part))
}

/// The words of a name in upper case: `DB_PASS`, `dbPass` and `db-pass` have two.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut lower_before = false;
    for c in name.chars() {
        if !c.is_ascii_alphanumeric() || c.is_ascii_uppercase() && lower_before {
            words.push(String::new());
        }
        lower_before = c.is_ascii_lowercase();
        if let Some(word) = words.last_mut().filter(|_| c.is_ascii_alphanumeric()) {
            word.push(c.to_ascii_uppercase());
        }
    }
    words
}

/// Shows built code as the beginning of its digest and its size.
pub fn show_code(code: &Value) -> String {
    let (Some(digest), Some(size)) = (code.get(SHA256.key).as_text(), code.get(CODE_SIZE.key).as_int()) else {
        return CODE_TYPE.show(code);
    };
    let mut shown: String = digest.chars().take(8).collect();
    #[expect(clippy::cast_precision_loss, reason = "one decimal of a size below 250 MiB")]
    let size = size as f64;
    let _ = if size < f64::from(1 << 20) {
        write!(shown, "… ({:.1} KiB)", size / 1024.0)
    } else {
        write!(shown, "… ({:.1} MiB)", size / 1024.0 / 1024.0)
    };
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_known_by_their_names_and_by_what_they_say() {
        let is = |name: &str, value: &str| looks_secret(name, &Value::text(value));
        for name in
            ["DB_PASS", "PGPASSWORD", "SMTP_PASS", "dbPassword", "clientSecret", "apiKey", "GITHUBTOKEN", "x-auth"]
        {
            assert!(is(name, "value"), "{name}");
        }
        for name in ["COMPASS", "KEYBOARD", "PATHS", "STAGE", "AUTHOR", "MONKEY_NAME", "PASSAGE"] {
            assert!(!is(name, "value"), "{name}");
        }
        for value in [
            "Server=h;Password=pw9;",
            "https://hooks.slack.com/services/T/B/x",
            "postgres://u:p@h/d",
            "https://h/?sig=abc",
        ] {
            assert!(is("TARGET", value), "{value}");
        }
        for value in ["https://example.org/a@b", "eu-west-1", "monday"] {
            assert!(!is("TARGET", value), "{value}");
        }
        assert!(!looks_secret("DB_PASS", &Value::Int(1)));
    }
}
