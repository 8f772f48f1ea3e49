//! What differs between what should be there and what is: row by row, tag by tag.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use super::Change;
use crate::gaps::Gaps;
use crate::kind::{Desired, Effect, Found, Reported, Row};
use crate::model::Stack;
use crate::value::Value;

/// Compares what should be there with what is, row by row and tag by tag.
///
/// Where `found` has another name it goes, and what it does not report is all new.
pub(super) fn diff(
    desired: &Desired,
    found: Option<&Found>,
    stack: &Stack,
    gaps: &Gaps,
    notes: &mut BTreeSet<String>,
) -> Vec<Change> {
    let rows = desired.kind.rows().iter().filter(|row| !row.is_short_form());
    let mut changes: Vec<Change> = rows.filter_map(|row| compare(row, desired, found, gaps, notes)).collect();
    if !desired.kind.has_tags() {
        return changes;
    }
    if let Some(note) = found.and_then(|found| takes_no_tags(found, gaps)) {
        notes.insert(note);
        return changes;
    }
    let empty = BTreeMap::new();
    let before = found.map_or(&empty, |found| &found.tags);
    let keys: BTreeSet<&String> = before.keys().chain(desired.tags.keys()).collect();
    for key in keys {
        let text = |tags: &BTreeMap<String, String>| tags.get(key).map_or(Value::Null, Value::text);
        let (before, after) = (text(before), text(&desired.tags));
        if before != after && !(after.is_null() && ignored_tag(key, stack)) {
            changes.push(Change { key: key.clone(), row: None, before, after, replaces: false, loses: None });
        }
    }
    changes
}

/// Says why what was made without tags stays without, on an endpoint that is known for it.
pub(super) fn takes_no_tags(found: &Found, gaps: &Gaps) -> Option<String> {
    gaps.note(found.kind.name(), "tags").filter(|_| found.tags.is_empty())
}

/// AWS's own tags cannot be changed, and those of `ignore_tags:` belong to others.
fn ignored_tag(key: &str, stack: &Stack) -> bool {
    key.starts_with("aws:")
        || stack
            .ignore_tags
            .iter()
            .any(|pattern| pattern.strip_suffix('*').map_or(pattern == key, |prefix| key.starts_with(prefix)))
}

fn compare(
    row: &'static Row,
    desired: &Desired,
    found: Option<&Found>,
    gaps: &Gaps,
    notes: &mut BTreeSet<String>,
) -> Option<Change> {
    let after = desired.get(row).clone();
    let reported = found.and_then(|found| found.attributes.get(row.key));
    let before = reported.cloned().unwrap_or(Value::Null);
    let (was, will) = (row.ty.normal(&before), row.ty.normal(&after));
    // What an endpoint hides of something is a question only where that is changed, and not made anew.
    let stays = found.is_some_and(|found| found.name == desired.name);
    if was == will || stays && row.reported == Reported::Never {
        return None;
    }
    let kind = desired.kind.name();
    if let Some(note) = gaps.note(kind, row.key).filter(|_| stays) {
        notes.insert(note);
        return None;
    }
    if stays && row.kept && row.ty.normal(&after).is_null() {
        return None;
    }
    if stays && reported.is_none() && row.reported == Reported::Always && !after.is_null() {
        notes.insert(format!("the endpoint does not report `{}` of {kind} resources: not compared", row.key));
        return None;
    }
    let loses = found.and_then(|_| loses(row, &was, &will));
    let replaces = found.is_some() && row.effect == Effect::Replaces;
    Some(Change { key: row.key.to_owned(), row: Some(row), before, after, replaces, loses })
}

/// Says what a change of something that is there loses.
pub(crate) fn loses(row: &Row, before: &Value, after: &Value) -> Option<&'static str> {
    // Nothing is no bound at all: any bound is lower.
    let unbounded = before.is_null() && after.as_int().is_some();
    let lowered = unbounded || before.as_int().zip(after.as_int()).is_some_and(|(before, after)| after < before);
    match row.effect {
        Effect::LoweringLoses(what) if lowered => Some(what),
        _ => None,
    }
}

/// The digest of what is there: attributes and tags, in one canonical spelling.
#[must_use]
pub fn fingerprint(found: &Found) -> String {
    let rows = found.kind.rows().iter();
    let attributes = rows.filter_map(|row| Some((row.key, row.ty.normal(found.attributes.get(row.key)?))));
    let canonical = serde_json::json!({
        "name": found.name,
        "attributes": Value::map(attributes).to_json(),
        "tags": found.tags,
    });
    let digest = Sha256::digest(canonical.to_string());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
