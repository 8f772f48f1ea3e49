//! What must hold between the attributes of one table. One function, one fact.

use std::collections::{BTreeMap, BTreeSet};

use super::form::is_provisioned;
use super::{
    CAPACITY, INDEX_NAME, INDEXES, KMS_KEY, LOCAL_INDEXES, MAX_CAPACITY, PARTITION_KEY, PARTITION_NAME, PARTITION_TYPE,
    PROJECTED, PROJECTION, READ_UNITS, SORT_KEY, TIME_TO_LIVE, WRITE_UNITS, codes,
};
use crate::diagnostic::Diagnostics;
use crate::kind::{Arn, Row};
use crate::model::Resource;
use crate::value::Value;

/// One fact about a table.
type Check = fn(&Resource, &mut Diagnostics);

const CHECKS: &[Check] =
    &[name, partition_keys, types, capacity, max_capacity, time_to_live, index_names, local_indexes, projections, key];

/// Checks one complete table.
pub fn check(table: &Resource, out: &mut Diagnostics) {
    for check in CHECKS {
        check(table, out);
    }
}

/// An index with where it stands: `indexes.0`.
fn indexes<'a>(table: &'a Resource, row: &'static Row) -> impl Iterator<Item = (String, &'a Value)> {
    let items = table.get(row).as_list().unwrap_or_default().iter().enumerate();
    let items = items.map(move |(at, index)| (format!("{}.{at}", row.key), index));
    items.filter(|(path, index)| index.as_map().is_some() && !table.is_broken(path))
}

fn all_indexes(table: &Resource) -> impl Iterator<Item = (String, &Value)> {
    indexes(table, &INDEXES).chain(indexes(table, &LOCAL_INDEXES))
}

/// What people call an index.
fn called(index: &Value) -> String {
    index.get(INDEX_NAME.key).as_text().map_or_else(|| "an index".to_owned(), |name| format!("index `{name}`"))
}

fn refused(name: &str) -> Option<String> {
    let odd = name.chars().find(|c| !(c.is_ascii_alphanumeric() || "_-.".contains(*c)));
    let length = name.chars().count();
    match odd {
        Some(odd) => Some(format!("has the character `{}`", odd.escape_debug())),
        None if !(3..=255).contains(&length) => Some(format!("has a length of {length}; it may be 3 to 255")),
        None => None,
    }
}

fn name(table: &Resource, out: &mut Diagnostics) {
    // A logical name that cannot be one is told already.
    if table.is_broken("name") && !table.spans.contains_key("name") {
        return;
    }
    if let Some(why) = refused(table.physical_name()) {
        out.push(table.finding(&codes::NAME, "name", format!("`{}` {why}", table.physical_name())));
    }
}

fn key_name(key: &Value) -> Option<&str> {
    key.get(PARTITION_NAME.key).as_text()
}

fn partition_keys(table: &Resource, out: &mut Diagnostics) {
    let own = [(String::new(), table.get(&PARTITION_KEY), table.get(&SORT_KEY), format!("`{}`", table.address))];
    let others = indexes(table, &INDEXES).map(|(path, index)| {
        let whose = format!("{} of `{}`", called(index), table.address);
        (format!("{path}."), index.get(PARTITION_KEY.key), index.get(SORT_KEY.key), whose)
    });
    for (before, partition, sort, whose) in own.into_iter().chain(others) {
        let path = format!("{before}{}", PARTITION_KEY.key);
        if table.is_broken(&path) {
            continue;
        }
        let sort_path = format!("{before}{}", SORT_KEY.key);
        match (key_name(partition), key_name(sort)) {
            (None, _) => {
                out.push(table.finding(&codes::NO_PARTITION_KEY, &path, format!("{whose} has no partition key")));
            }
            (Some(one), Some(other)) if one == other => {
                let message = format!("`{one}` is the partition key and the sort key of {whose}");
                out.push(table.finding(&codes::SAME_KEYS, &sort_path, message));
            }
            (Some(_), None) if !sort.is_null() && !table.is_broken(&sort_path) => {
                let message = format!("the sort key of {whose} has no name");
                out.push(table.finding(&codes::NO_SORT_KEY, &sort_path, message));
            }
            _ => {}
        }
    }
}

/// Every key with where it stands: (path, attribute, its type).
fn keys(table: &Resource) -> Vec<(String, &str, &str)> {
    let both = [&PARTITION_KEY, &SORT_KEY];
    let own = both.map(|row| (row.key.to_owned(), table.get(row)));
    let others = all_indexes(table)
        .flat_map(|(path, index)| both.map(|row| (format!("{path}.{}", row.key), index.get(row.key))));
    let keys = own.into_iter().chain(others).filter(|(path, _)| !table.is_broken(path));
    keys.filter_map(|(path, key)| Some((path, key_name(key)?, key.get(PARTITION_TYPE.key).as_text()?))).collect()
}

fn types(table: &Resource, out: &mut Diagnostics) {
    let mut known: BTreeMap<&str, &str> = BTreeMap::new();
    for (path, attribute, ty) in keys(table) {
        let first = *known.entry(attribute).or_insert(ty);
        if first != ty {
            let show = |ty: &str| PARTITION_TYPE.ty.show(&Value::text(ty));
            let message = format!(
                "key attribute `{attribute}` of `{}` is a {} here and a {} before",
                table.address,
                show(ty),
                show(first)
            );
            out.push(table.finding(&codes::TWO_TYPES, &path, message));
        }
    }
}

fn capacity(table: &Resource, out: &mut Diagnostics) {
    if table.is_broken(CAPACITY.key) {
        return;
    }
    let capacity = table.get(&CAPACITY);
    if !is_provisioned(table) {
        let of_indexes =
            indexes(table, &INDEXES).map(|(path, index)| (format!("{path}.{}", CAPACITY.key), index.get(CAPACITY.key)));
        let all = std::iter::once((CAPACITY.key.to_owned(), capacity)).chain(of_indexes);
        for (path, _) in all.filter(|(_, capacity)| !capacity.is_null()) {
            let message = format!("`{}` is on demand and sets `{path}`", table.address);
            out.push(table.finding(&codes::CAPACITY_ON_DEMAND, &path, message));
        }
        return;
    }
    let missing = [&READ_UNITS, &WRITE_UNITS].iter().filter(|row| capacity.get(row.key).is_null()).map(|row| row.key);
    let missing: Vec<&str> = missing.collect();
    if !missing.is_empty() {
        let path = if capacity.is_null() { "billing" } else { CAPACITY.key };
        let message =
            format!("`{}` is provisioned and says no capacity to {}", table.address, missing.join(" and to "));
        out.push(table.finding(&codes::NO_CAPACITY, path, message));
    }
}

fn max_capacity(table: &Resource, out: &mut Diagnostics) {
    if is_provisioned(table) && !table.get(&MAX_CAPACITY).is_null() {
        let message = format!("`{}` is provisioned and sets `max_capacity`", table.address);
        out.push(table.finding(&codes::MAX_PROVISIONED, MAX_CAPACITY.key, message));
    }
}

fn time_to_live(table: &Resource, out: &mut Diagnostics) {
    let Some(attribute) = table.get(&TIME_TO_LIVE).as_text() else { return };
    let key = keys(table).into_iter().find(|(_, name, ty)| *name == attribute && *ty != "N");
    if let Some((path, _, ty)) = key {
        let ty = PARTITION_TYPE.ty.show(&Value::text(ty));
        let message = format!("items of `{}` expire by `{attribute}`, which is a {ty} as `{path}`", table.address);
        out.push(table.finding(&codes::TTL_TYPE, TIME_TO_LIVE.key, message));
    }
}

fn index_names(table: &Resource, out: &mut Diagnostics) {
    let mut names = BTreeSet::new();
    for (path, index) in all_indexes(table) {
        let at = format!("{path}.{}", INDEX_NAME.key);
        if table.is_broken(&at) {
            continue;
        }
        let Some(name) = index.get(INDEX_NAME.key).as_text() else {
            out.push(table.finding(&codes::INDEX_NAME, &path, format!("an index of `{}` has no name", table.address)));
            continue;
        };
        if let Some(why) = refused(name) {
            out.push(table.finding(&codes::INDEX_NAME, &at, format!("`{name}` {why}")));
        }
        if !names.insert(name) {
            let message = format!("`{}` has two indexes of the name `{name}`", table.address);
            out.push(table.finding(&codes::TWO_INDEXES, &at, message));
        }
    }
}

fn local_indexes(table: &Resource, out: &mut Diagnostics) {
    let sorted = key_name(table.get(&SORT_KEY)).is_some() || table.is_broken(SORT_KEY.key);
    for (path, index) in indexes(table, &LOCAL_INDEXES) {
        let at = format!("{path}.{}", SORT_KEY.key);
        let message = match (sorted, key_name(index.get(SORT_KEY.key))) {
            (false, _) => format!("{} sorts `{}`, which has no sort key itself", called(index), table.address),
            (true, None) if !table.is_broken(&at) => {
                format!("{} of `{}` has no sort key", called(index), table.address)
            }
            _ => continue,
        };
        out.push(table.finding(&codes::NO_SORT_KEY, &at, message));
    }
}

fn projections(table: &Resource, out: &mut Diagnostics) {
    let mut together = 0;
    for (path, index) in all_indexes(table) {
        let listed = index.get(PROJECTED.key).as_list().map_or(0, <[Value]>::len);
        together += listed;
        let word = index.get(PROJECTION.key).as_text().unwrap_or("ALL");
        if (word == "INCLUDE") != (listed > 0) && !table.is_broken(&format!("{path}.{}", PROJECTED.key)) {
            let word = PROJECTION.ty.show(&Value::text(word));
            let lists = if listed > 0 { "lists attributes" } else { "lists no attributes" };
            let message = format!("{} projects `{word}` and {lists}", called(index));
            out.push(table.finding(&codes::PROJECTION, &format!("{path}.{}", PROJECTION.key), message));
        }
    }
    if together > codes::PROJECTED_TOGETHER {
        let message = format!("the indexes of `{}` list {together} attributes together", table.address);
        out.push(table.finding(&codes::MANY_PROJECTED, INDEXES.key, message));
    }
}

fn key(table: &Resource, out: &mut Diagnostics) {
    let Some(text) = table.get(&KMS_KEY).as_text() else { return };
    let is_key = Arn::parse(text).is_ok_and(|arn| arn.service == "kms" && arn.resource.starts_with("key/"));
    if !is_key {
        let message = format!("`kms_key` of `{}` is `{text}`", table.address);
        out.push(table.finding(&codes::KEY_ARN, KMS_KEY.key, message));
    }
}
