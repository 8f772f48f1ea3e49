//! Taking out of a stack what goes without saying.

use std::collections::BTreeMap;

use super::expanded;
use crate::kind::{Row, Type};
use crate::model::{Address, Resource, Stack};
use crate::plan::resolve;
use crate::value::{Place, Value};

/// What a resource means: its physical name and every row's value.
type Meaning = (String, Vec<Value>);

/// Takes out, attribute by attribute, what the stack means without it too.
pub fn shorten(full: Stack, place: &Place, urls: &BTreeMap<Address, String>) -> Stack {
    let wanted = meanings(&full, place, urls);
    let rows = full.resources.values().map(|resource| resource.kind.rows().len()).max().unwrap_or(0);
    let mut stack = full;
    // With a short form that is on by itself first: it may be what an attribute came from.
    for short_forms in [true, false] {
        for index in 0..rows {
            let shorter = shorter(&stack, index, short_forms);
            let means = meanings(&shorter, place, urls);
            for (address, resource) in shorter.resources {
                if means.get(&address) == wanted.get(&address) {
                    stack.resources.insert(address, resource);
                }
            }
        }
    }
    stack
}

/// The stack without one row of every kind, and without whatever short forms are switched off.
fn shorter(stack: &Stack, index: usize, short_forms: bool) -> Stack {
    let mut shorter = stack.clone();
    for resource in shorter.resources.values_mut() {
        let rows = resource.kind.rows();
        let row = rows.get(index).filter(|row| !row.is_short_form());
        let off = rows.iter().filter(|row| row.is_short_form() && short_forms);
        for row in row.into_iter().chain(off) {
            resource.attributes.remove(row.key);
        }
    }
    shorter
}

fn meanings(stack: &Stack, place: &Place, urls: &BTreeMap<Address, String>) -> BTreeMap<Address, Meaning> {
    let stack = expanded(stack);
    let means = |resource: &Resource| {
        let desired = resolve(resource, &stack, place, urls);
        let rows = resource.kind.rows().iter().filter(|row| !row.is_short_form());
        (desired.name.clone(), rows.map(|row| meaning(row, desired.get(row))).collect())
    };
    stack.resources.iter().map(|(address, resource)| (address.clone(), means(resource))).collect()
}

/// Equal meanings are equal values; what is not compared with AWS must stand there all the same.
fn meaning(row: &Row, value: &Value) -> Value {
    let normal = row.ty.normal(value);
    let empty = matches!((&row.ty, value), (Type::List { .. }, Value::List(items)) if items.is_empty());
    if normal.is_null() && !empty { value.clone() } else { normal }
}
