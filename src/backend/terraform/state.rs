//! A state of Terraform's → which resources it holds, by the names that AWS knows them by.
//!
//! Reads state files of format 4, as `terraform state pull` prints them, and what `terraform show -json` prints. Of a
//! state only names and types are taken: what the resources are like is asked of AWS, since a state may be old.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::spell::{self, Spelled};
use crate::diagnostic::Diagnostics;
use crate::expand::STACK_TAG;
use crate::kind::{KINDS, Kind};
use crate::model::{Resource, Stack};

/// What a state holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// The physical names of what there is a kind for, by kind.
    pub names: BTreeMap<&'static str, BTreeSet<String>>,
    /// The addresses of AWS resources that there is no kind for: `aws_ssm_parameter.alerts`.
    pub unknown: BTreeSet<String>,
    /// The stacks that they have as a tag: one, when the configuration was rendered.
    pub stacks: BTreeSet<String>,
}

/// One instance of a resource.
struct Entry<'a> {
    resource_type: &'a str,
    label: &'a str,
    attributes: &'a Json,
}

/// Reads a state; `None` for what is none.
#[must_use]
pub fn read(state: &Json) -> Option<Held> {
    let is_file = state["version"] == 4 && state["resources"].is_array();
    let is_shown = state["format_version"].is_string() && state["terraform_version"].is_string();
    if !is_file && !is_shown {
        return None;
    }
    let mut held = Held::default();
    for entry in entries(state) {
        let of = |kind: &&&'static dyn Kind| {
            kind.terraform().is_some_and(|spelling| spelling.resource == entry.resource_type)
        };
        let Some(kind) = KINDS.iter().find(of) else {
            if entry.resource_type.starts_with("aws_") && !is_part(entry.resource_type) {
                held.unknown.insert(format!("{}.{}", entry.resource_type, entry.label));
            }
            continue;
        };
        held.names.entry(kind.name()).or_default().insert(name(*kind, entry.attributes));
        let stack = entry.attributes["tags"][STACK_TAG].as_str();
        held.stacks.extend(stack.map(str::to_owned));
    }
    Some(held)
}

/// Tells whether a type of the provider's only holds attributes of what is one resource here.
fn is_part(resource_type: &str) -> bool {
    let mut spellings = KINDS.iter().filter_map(|kind| kind.terraform());
    spellings.any(|spelling| {
        spelling.parts.contains(&resource_type) || spelling.beside.iter().any(|one| one.resource == resource_type)
    })
}

/// Everything that is managed, in all modules.
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

/// The physical name; what the argument for it does not say, or not all of, follows from the other attributes.
pub(super) fn name(kind: &'static dyn Kind, attributes: &Json) -> String {
    let argument = kind.terraform().map_or("", |spelling| spelling.name);
    let said = attributes[argument].as_str().unwrap_or_default();
    let mut resource = Resource::new(kind, "imported");
    resource.name = Some(said.to_owned()).filter(|_| !argument.is_empty());
    let rows = kind.rows().iter().filter(|row| !row.is_short_form());
    for row in rows.filter(|row| Spelled::of(row.terraform, &|_| true).beside.is_none()) {
        let value = spell::read(row, attributes);
        if !value.is_null() {
            resource.set(row, value);
        }
    }
    kind.expand(&mut resource, &mut Stack::default(), &mut Diagnostics::default());
    let full = resource.physical_name();
    if argument.is_empty() || kind.short_name(full) == said { full.to_owned() } else { said.to_owned() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn queue(name: &str) -> Json {
        json!({"name": name, "arn": format!("arn:aws:sqs:eu-west-1:123456789012:{name}"), "tags": {"team": "a"}})
    }

    fn mapping() -> Json {
        let [queue, function] = ["sqs:eu-west-1:123456789012:jobs", "lambda:eu-west-1:123456789012:function:worker"];
        json!({"event_source_arn": format!("arn:aws:{queue}"), "function_name": format!("arn:aws:{function}")})
    }

    fn expected() -> Held {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Held {
            names: BTreeMap::from([("mapping", names(&["worker/jobs"])), ("queue", names(&["jobs", "jobs-dlq"]))]),
            unknown: names(&["aws_ssm_parameter.alerts"]),
            stacks: BTreeSet::new(),
        }
    }

    #[test]
    fn a_state_file_names_what_is_known() {
        let one = |kind: &str, label: &str, instances: &[Json]| {
            let instances: Vec<Json> = instances.iter().map(|one| json!({"attributes": one})).collect();
            json!({"mode": "managed", "type": kind, "name": label, "instances": instances})
        };
        let state = json!({"version": 4, "resources": [
            one("aws_sqs_queue", "all", &[queue("jobs"), queue("jobs-dlq")]),
            one("aws_sqs_queue_policy", "jobs", &[json!({})]),
            one("aws_lambda_event_source_mapping", "m", &[mapping()]),
            one("aws_ssm_parameter", "alerts", &[json!({"name": "alerts"})]),
            one("random_pet", "x", &[json!({})]),
            {"mode": "data", "type": "aws_sqs_queue", "name": "other", "instances": [{"attributes": queue("other")}]},
        ]});
        assert_eq!(read(&state), Some(expected()));
    }

    #[test]
    fn so_does_what_show_prints_with_its_modules_and_tags() {
        let one = |kind: &str, label: &str, values: &Json| json!({"mode": "managed", "type": kind, "name": label, "values": values});
        let mut dead = queue("jobs-dlq");
        dead["tags"][STACK_TAG] = json!("jobs");
        let inner = json!({"resources": [one("aws_sqs_queue", "this", &dead)]});
        let root = json!({"child_modules": [inner], "resources": [
            one("aws_sqs_queue", "this", &queue("jobs")),
            one("aws_lambda_event_source_mapping", "m", &mapping()),
            one("aws_ssm_parameter", "alerts", &json!({"name": "alerts"})),
        ]});
        let state = json!({"format_version": "1.0", "terraform_version": "1.11.4", "values": {"root_module": root}});
        assert_eq!(read(&state), Some(Held { stacks: BTreeSet::from(["jobs".to_owned()]), ..expected() }));
    }

    #[test]
    fn anything_else_is_no_state() {
        let empty = json!({"version": 4, "resources": []});
        assert_eq!(read(&empty), Some(Held::default()));
        for wrong in [json!({}), json!([]), json!({"version": 3, "modules": []}), json!({"encrypted_data": "x"})] {
            assert_eq!(read(&wrong), None, "{wrong}");
        }
    }
}
