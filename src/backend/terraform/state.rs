//! A state of Terraform's → the resources in it that this tool knows, as a stack.
//!
//! Reads what `terraform show -json` prints, and state files of format 4. Nothing is asked of Terraform or AWS.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::spell::{self, Spelled};
use crate::diagnostic::Diagnostics;
use crate::expand::{ADDRESS_TAG, STACK_TAG};
use crate::kind::{KINDS, Kind, Row, Type};
use crate::model::{Address, Fact, Ref, Resource, Stack};
use crate::value::Value;

/// One resource of a state.
#[derive(Clone, Debug)]
struct Entry<'a> {
    resource_type: &'a str,
    label: &'a str,
    attributes: &'a Json,
}

/// Turns a state into a stack of this name: attributes through the rows, ARNs of each other as references.
#[must_use]
pub fn stack(state: &Json, name: &str) -> Stack {
    let entries = entries(state);
    let mut stack = Stack { name: name.to_owned(), ..Stack::default() };
    let mut arns = BTreeMap::new();
    for kind in KINDS {
        let Some(spelling) = kind.terraform() else { continue };
        for entry in entries.iter().filter(|entry| entry.resource_type == spelling.resource) {
            let resource = resource(*kind, entry, &entries);
            if let Some(arn) = entry.attributes["arn"].as_str() {
                arns.insert(arn.to_owned(), resource.address.clone());
            }
            stack.resources.insert(resource.address.clone(), resource);
        }
    }
    for resource in stack.resources.values_mut() {
        for row in resource.kind.rows().iter().filter(|row| !row.is_short_form()) {
            if let Some(value) = resource.attributes.get(row.key) {
                let value = referring(&row.ty, value, &arns, !row.soft);
                resource.attributes.insert(row.key, value);
            }
        }
    }
    stack
}

/// The kind and the physical name of everything in a state that this tool knows.
#[must_use]
pub fn names(state: &Json) -> Vec<(&'static str, String)> {
    let stack = stack(state, "import");
    stack.resources.values().map(|one| (one.address.kind, one.physical_name().to_owned())).collect()
}

fn entries(state: &Json) -> Vec<Entry<'_>> {
    let mut found = Vec::new();
    let mut open = vec![&state["values"]["root_module"]];
    while let Some(module) = open.pop() {
        open.extend(module["child_modules"].as_array().into_iter().flatten());
        for one in module["resources"].as_array().into_iter().flatten() {
            found.extend(entry(one, &one["values"]));
        }
    }
    for one in state["resources"].as_array().into_iter().flatten() {
        for instance in one["instances"].as_array().into_iter().flatten() {
            found.extend(entry(one, &instance["attributes"]));
        }
    }
    found
}

fn entry<'a>(one: &'a Json, attributes: &'a Json) -> Option<Entry<'a>> {
    (one["mode"] == "managed").then_some(Entry {
        resource_type: one["type"].as_str()?,
        label: one["name"].as_str()?,
        attributes,
    })
}

fn resource(kind: &'static dyn Kind, entry: &Entry<'_>, all: &[Entry<'_>]) -> Resource {
    let text = |key: &str| entry.attributes[key].as_str().unwrap_or_default().to_owned();
    let tags = entry.attributes["tags"].as_object().cloned().unwrap_or_default();
    let address = tags.get(ADDRESS_TAG).and_then(Json::as_str).and_then(|tag| tag.split_once('.'));
    let name = kind.terraform().map_or_else(String::new, |spelling| text(spelling.name));
    // What has no tag of ours is called as Terraform calls it.
    let logical = address.map_or_else(|| entry.label.replace('_', "-"), |(_, logical)| logical.to_owned());
    let mut resource = Resource::new(kind, logical);
    for row in kind.rows().iter().filter(|row| !row.is_short_form()) {
        let value = value(row, entry, all);
        if !value.is_null() {
            resource.set(row, value);
        }
    }
    if name.is_empty() {
        // Such a kind finds its name in its attributes.
        kind.expand(&mut resource, &mut Stack::default(), &mut Diagnostics::default());
    } else {
        resource.name = Some(name);
    }
    let own = tags.into_iter().filter(|(key, _)| key != STACK_TAG && key != ADDRESS_TAG);
    resource.tags = own.map(|(key, value)| (key, value.as_str().unwrap_or_default().to_owned())).collect();
    resource
}

/// Reads a row from the resource or from what stands beside it under the same label.
fn value(row: &Row, entry: &Entry<'_>, all: &[Entry<'_>]) -> Value {
    let spelled = Spelled::of(row.terraform, &|_| true);
    let Some(beside) = spelled.beside else { return spell::read(row, entry.attributes) };
    let mut beside = all.iter().filter(|one| one.resource_type == beside && one.label == entry.label);
    if spelled.each {
        let items = beside.filter_map(|one| one.attributes[spelled.name].as_str()).map(Value::text);
        let items: Vec<Value> = items.collect();
        return if items.is_empty() { Value::Null } else { Value::List(items) };
    }
    // Of exclusive ownership nothing is told: it is what a role always has here.
    let always = entry_spelling(entry)
        .is_some_and(|spelling| spelling.beside.iter().any(|one| Some(one.resource) == spelled.beside && one.always));
    if always { Value::Null } else { beside.next().map_or(Value::Null, |one| spell::read(row, one.attributes)) }
}

fn entry_spelling(entry: &Entry<'_>) -> Option<&'static crate::kind::terraform::Spelling> {
    let mut spellings = KINDS.iter().filter_map(|kind| kind.terraform());
    spellings.find(|spelling| spelling.resource == entry.resource_type)
}

/// Puts references in the place of ARNs of the same state.
fn referring(ty: &Type, value: &Value, arns: &BTreeMap<String, Address>, hard: bool) -> Value {
    match (ty, value) {
        (_, Value::Text(text)) => match (arns.get(text), ty) {
            (Some(address), Type::Name(_)) if hard => Ref::hard(address, Fact::Arn),
            (Some(address), _) => Ref::soft(address, Fact::Arn),
            (None, _) => value.clone(),
        },
        (Type::List { of, .. }, Value::List(items)) => {
            Value::List(items.iter().map(|item| referring(of, item, arns, hard)).collect())
        }
        (Type::Object(rows), Value::Map(map)) => Value::map(map.iter().map(|(key, item)| {
            let row = rows.iter().find(|row| row.key == key);
            (key, row.map_or_else(|| item.clone(), |row| referring(&row.ty, item, arns, hard && !row.soft)))
        })),
        (ty, Value::List(items)) => Value::List(items.iter().map(|item| referring(ty, item, arns, hard)).collect()),
        (ty, Value::Map(map)) => Value::map(map.iter().map(|(key, item)| (key, referring(ty, item, arns, hard)))),
        _ => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn state() -> Json {
        let arn = |name: &str| format!("arn:aws:sqs:eu-west-1:123456789012:{name}");
        let redrive = json!({"deadLetterTargetArn": arn("jobs-dlq"), "maxReceiveCount": 3}).to_string();
        let queue = |label: &str, name: &str, redrive: &str| {
            json!({"mode": "managed", "type": "aws_sqs_queue", "name": label, "instances": [{"attributes": {
                "name": name, "arn": arn(name), "visibility_timeout_seconds": 60, "redrive_policy": redrive,
                "tags": {"team": "a"}}}]})
        };
        let mapping = json!({"mode": "managed", "type": "aws_lambda_event_source_mapping", "name": "m", "instances": [
            {"attributes": {"event_source_arn": arn("jobs"), "batch_size": 5,
                "function_name": "arn:aws:lambda:eu-west-1:123456789012:function:worker"}}]});
        json!({"version": 4, "resources": [queue("jobs_queue", "jobs", &redrive), queue("dead", "jobs-dlq", ""), mapping,
            {"mode": "data", "type": "aws_region", "name": "current", "instances": []}]})
    }

    #[test]
    fn a_state_names_what_is_known() {
        let names = names(&state());
        let names: Vec<_> = names.iter().map(|(kind, name)| (*kind, name.as_str())).collect();
        assert_eq!(names, [("mapping", "worker/jobs"), ("queue", "jobs-dlq"), ("queue", "jobs")]);
    }

    #[test]
    fn arns_of_each_other_are_references() {
        let stack = stack(&state(), "s");
        let jobs = &stack.resources[&Address::new("queue", "jobs-queue")];
        assert_eq!(jobs.physical_name(), "jobs");
        assert_eq!(jobs.attributes["visibility_timeout"], Value::Int(60));
        let dead = Ref::hard(&Address::new("queue", "dead"), Fact::Arn);
        assert_eq!(jobs.attributes["redrive"].get("dead_letter_queue"), &dead);
        assert_eq!(jobs.tags["team"], "a");
    }
}
