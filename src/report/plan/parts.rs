//! The parts of an attribute that differ: of a policy one line, not the whole of it twice.

use super::{one_line, redacted, show};
use crate::kind::{Row, Type};
use crate::plan::{Change, Step};
use crate::value::Value;

/// One part of an attribute, before and after; `None` where there is nothing.
pub(super) struct Part {
    /// Its path inside the attribute, `.max_receive_count`; empty for all of it.
    pub path: String,
    /// What is there.
    pub before: Option<String>,
    /// What will be there.
    pub after: Option<String>,
}

/// Finds what differs inside a change.
pub(super) fn parts(step: &Step, change: &Change) -> Vec<Part> {
    let (before, after) = (redacted(step, change, &change.before), redacted(step, change, &change.after));
    let mut parts = Vec::new();
    match change.row {
        // How people see such a row is not what its type says.
        Some(row) if row.shown.is_none() => inside(Some(&row.ty), "", &before, &after, &mut parts),
        _ => {
            let text = |value: &Value| (!value.is_null()).then(|| show(step, change, value));
            parts.push(Part { path: String::new(), before: text(&change.before), after: text(&change.after) });
        }
    }
    parts
}

/// Compares two values of one shape member by member; others as they are.
fn inside(ty: Option<&Type>, path: &str, before: &Value, after: &Value, parts: &mut Vec<Part>) {
    match (before, after) {
        (Value::Map(one), Value::Map(other)) => {
            let mut keys: Vec<&String> = one.keys().chain(other.keys()).collect();
            keys.sort();
            keys.dedup();
            for key in keys {
                let row = member(ty, key);
                if row.is_some_and(|row| row.reported == crate::kind::Reported::Never) {
                    continue;
                }
                inside(row.map(|row| &row.ty), &format!("{path}.{key}"), before.get(key), after.get(key), parts);
            }
        }
        // Only policies: AWS keeps no order of other lists, so that a position says nothing.
        (Value::List(one), Value::List(other))
            if one.len() == other.len() && matches!(ty, None | Some(Type::Policy)) =>
        {
            for (index, (before, after)) in one.iter().zip(other).enumerate() {
                inside(None, &format!("{path}.{index}"), before, after, parts);
            }
        }
        _ if before == after => {}
        _ => {
            let text = |value: &Value| {
                let shown = || one_line(&ty.map_or_else(|| value.plain(), |ty| ty.show(value)));
                (!value.is_null()).then(shown)
            };
            parts.push(Part { path: path.to_owned(), before: text(before), after: text(after) });
        }
    }
}

/// The row of a member, where the type has rows.
fn member(ty: Option<&Type>, key: &str) -> Option<&'static Row> {
    match ty {
        Some(Type::Object(rows)) => rows.iter().find(|row| row.key == key),
        _ => None,
    }
}
