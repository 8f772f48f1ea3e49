//! Writing out what goes without saying: types of keys, projections, the capacity of indexes.

use std::collections::BTreeMap;

use super::{
    BILLING, CAPACITY, INDEXES, LOCAL_INDEXES, PARTITION_KEY, PARTITION_TYPE, PROJECTED, PROJECTION, SORT_KEY, Table,
};
use crate::kind::Row;
use crate::model::{Resource, Stack};
use crate::value::Value;

/// Completes a table.
pub fn complete(table: &mut Resource, stack: &Stack) {
    for row in [&PARTITION_KEY, &SORT_KEY, &BILLING, &CAPACITY, &INDEXES, &LOCAL_INDEXES] {
        table.fill(row, stack.default_of(&Table, row));
    }
    for row in [&PARTITION_KEY, &SORT_KEY] {
        let typed = typed(table.get(row));
        table.set(row, typed);
    }
    let capacity = if is_provisioned(table) { table.get(&CAPACITY).clone() } else { Value::Null };
    for (row, capacity) in [(&INDEXES, &capacity), (&LOCAL_INDEXES, &Value::Null)] {
        let Some(items) = table.get(row).as_list() else { continue };
        let items = items.iter().map(|index| complete_index(index, capacity)).collect();
        table.set(row, Value::List(items));
    }
}

/// Tells whether its capacity is provisioned.
pub fn is_provisioned(table: &Resource) -> bool {
    table.get(&BILLING).as_text() == Some("PROVISIONED")
}

fn complete_index(index: &Value, capacity: &Value) -> Value {
    let Value::Map(said) = index else { return index.clone() };
    let mut index = said.clone();
    for row in [&PARTITION_KEY, &SORT_KEY] {
        if let Some(key) = index.get_mut(row.key) {
            *key = typed(key);
        }
    }
    let listed = index.get(PROJECTED.key).is_some_and(|attributes| !attributes.is_null());
    let projection = if listed { Value::text("INCLUDE") } else { PROJECTION.default.value() };
    fill(&mut index, &PROJECTION, projection);
    fill(&mut index, &CAPACITY, capacity.clone());
    Value::Map(index)
}

/// Strings are what keys are of, unless it is said.
fn typed(key: &Value) -> Value {
    let Value::Map(said) = key else { return key.clone() };
    let mut key = said.clone();
    fill(&mut key, &PARTITION_TYPE, PARTITION_TYPE.default.value());
    Value::Map(key)
}

fn fill(map: &mut BTreeMap<String, Value>, row: &Row, value: Value) {
    if !value.is_null() && map.get(row.key).is_none_or(Value::is_null) {
        map.insert(row.key.to_owned(), value);
    }
}
