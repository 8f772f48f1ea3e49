//! What must hold across a complete stack. One rule, one file, one row in [`RULES`].

mod feeding;
mod references;
mod visibility;

use crate::diagnostic::{Code, Diagnostics};
use crate::graph::{self, Graph};
use crate::kind::{KINDS, Type, alarm};
use crate::manifest;
use crate::model::Stack;
use crate::value::Value;

/// A cross-resource rule.
pub type Rule = fn(&Stack, &mut Diagnostics);

/// Every cross-resource rule, in the order in which they run.
const RULES: &[Rule] = &[references::check, feeding::check, visibility::check];

/// The general codes, in order; rules and kinds list their own, see [`codes`].
pub const CODES: &[&Code] = &[
    &manifest::SYNTAX,
    &manifest::UNKNOWN_KEY,
    &manifest::WRONG_TYPE,
    &manifest::OUT_OF_RANGE,
    &manifest::BAD_UNIT,
    &manifest::UNKNOWN_WORD,
    &manifest::MISSING,
    &manifest::BAD_NAME,
    &references::UNKNOWN_REFERENCE,
    &manifest::UNKNOWN_VARIABLE,
    &manifest::NO_VALUE,
    &manifest::TOO_LARGE,
    &manifest::DUPLICATE,
    &graph::CYCLE,
    &alarm::NO_DEAD_LETTERS,
];

/// Returns every code: the general ones, those of rules, those of kinds.
#[must_use]
pub fn codes() -> Vec<&'static Code> {
    let rules = CODES.iter().chain(feeding::CODES).chain(visibility::CODES);
    let kinds = KINDS.iter().flat_map(|kind| kind.codes());
    rules.chain(kinds).copied().collect()
}

/// Finds a code by its id, in any case.
#[must_use]
pub fn find(id: &str) -> Option<&'static Code> {
    codes().into_iter().find(|code| code.id.eq_ignore_ascii_case(id))
}

/// Checks a complete stack: each resource by its kind, then all together.
pub fn check(stack: &Stack, out: &mut Diagnostics) {
    for resource in stack.resources.values() {
        resource.kind.check(resource, out);
    }
    for rule in RULES {
        rule(stack, out);
    }
    Graph::of(stack).check(stack, out);
}

/// Visits a value of some type and all inside it, with the dotted path of each.
pub fn walk<'a>(ty: &Type, path: &str, value: &'a Value, visit: &mut dyn FnMut(&str, &'a Value)) {
    visit(path, value);
    match (ty, value) {
        (Type::Object(rows), Value::Map(map)) => {
            for row in *rows {
                if let Some(value) = map.get(row.key) {
                    walk(&row.ty, &format!("{path}.{}", row.key), value, visit);
                }
            }
        }
        (Type::List { of, .. }, Value::List(items)) => {
            items.iter().enumerate().for_each(|(index, item)| walk(of, &format!("{path}.{index}"), item, visit));
        }
        (_, Value::Map(map)) => {
            map.iter().for_each(|(key, item)| walk(ty, &format!("{path}.{key}"), item, visit));
        }
        (_, Value::List(items) | Value::Join(items)) => items.iter().for_each(|item| walk(ty, path, item, visit)),
        _ => {}
    }
}
