//! What is said of values that their rows do not allow, whether YAML or Rust wrote them.

use super::{OUT_OF_RANGE, WRONG_TYPE};
use crate::diagnostic::Diagnostic;
use crate::kind::Row;
use crate::model::Ref;
use crate::value::{Unit, Value};

/// A number outside its range; `shown` is how it was written.
pub(crate) fn number(row: &Row, path: &str, unit: Unit, (min, max): (i64, i64), shown: &str) -> Diagnostic {
    let (min, max) = (unit.format(min), unit.format(max));
    let message = format!("`{path}` is {shown}; it may be {min} to {max}");
    let help = format!("Choose a value from {min} to {max}; see {}", row.link);
    Diagnostic::new(&OUT_OF_RANGE, message).help(help)
}

/// A text that is too short or too long.
pub(crate) fn length(row: &Row, path: &str, (min, max): (usize, usize), length: usize) -> Diagnostic {
    let message = format!("`{path}` is {length} characters long; it may be {min} to {max}");
    let help = format!("Choose a text of {min} to {max} characters; see {}", row.link);
    Diagnostic::new(&OUT_OF_RANGE, message).help(help)
}

/// A list that is too long.
pub(crate) fn items(row: &Row, path: &str, max: usize, items: usize) -> Diagnostic {
    let message = format!("`{path}` has {items} items; it may have {max}");
    Diagnostic::new(&OUT_OF_RANGE, message).help(format!("Keep at most {max}; see {}", row.link))
}

/// A mapping that is too long.
pub(crate) fn entries(path: &str, max: usize, entries: usize) -> Diagnostic {
    Diagnostic::new(&OUT_OF_RANGE, format!("`{path}` has {entries} entries; it may have {max}"))
}

/// A text where a policy, a pattern or a filter is wanted, and that is none as JSON either.
pub(crate) fn no_document(path: &str) -> Diagnostic {
    let message = format!("`{path}` takes a mapping, and this text is no JSON object");
    Diagnostic::new(&WRONG_TYPE, message).help("Write it as YAML, or as a JSON object.")
}

/// A text that is no ARN where nothing else will do.
pub(crate) fn no_arn(path: &str, text: &str) -> Diagnostic {
    let message = format!("`{path}` takes an ARN, not `{text}`");
    Diagnostic::new(&WRONG_TYPE, message).help("Write the ARN, `arn:aws:…`.")
}

/// Says of every reference in a row's value whether the other must exist first, where the row says so.
pub(crate) fn ordered(row: &Row, value: Value) -> Value {
    if row.soft || row.hard { all_ordered(value, row.hard) } else { value }
}

fn all_ordered(value: Value, hard: bool) -> Value {
    match value {
        Value::Ref(reference) => Value::Ref(Ref { hard, ..reference }),
        Value::List(items) => Value::List(items.into_iter().map(|item| all_ordered(item, hard)).collect()),
        Value::Join(items) => Value::Join(items.into_iter().map(|item| all_ordered(item, hard)).collect()),
        Value::Map(map) => Value::Map(map.into_iter().map(|(key, value)| (key, all_ordered(value, hard))).collect()),
        other => other,
    }
}
