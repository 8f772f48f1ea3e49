//! Forms of attributes: what they are completed to, and how they are shown.

use std::fmt::Write as _;

use super::{
    APPLICATION_LEVEL, BUCKET, BUCKET_FOR, BUCKET_PREFIX, CODE, CODE_SIZE, CODE_TYPE, ENVIRONMENT, EXTERNAL,
    LOG_FORMAT, LOG_GROUP, SECRETS, SHA256, SYSTEM_LEVEL,
};
use crate::kind::{Kind as _, Row, table};
use crate::model::{Fact, Ref, Resource};
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
const SECRET_WORDS: &[&str] = &["SECRET", "TOKEN", "PASSWORD", "PASSWD", "PWD", "CREDENTIALS", "KEY", "APIKEY", "DSN"];

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

/// Judges a variable by the words of its name, and by a password in a URL.
fn looks_secret(name: &str, value: &Value) -> bool {
    let Some(text) = value.as_text() else { return false };
    let upper = name.to_uppercase();
    let named = upper.split('_').any(|word| SECRET_WORDS.contains(&word));
    // `scheme://user:password@host`.
    let authority = text.split_once("://").and_then(|(_, rest)| rest.split('/').next());
    let user = authority.and_then(|authority| authority.rsplit_once('@')).map(|(user, _)| user);
    named || user.is_some_and(|user| user.contains(':'))
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
