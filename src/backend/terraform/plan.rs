//! Terraform's plan in JSON → the same plan that the SDKs' backend makes.
//!
//! What is one resource here may be several there; they are one step. Values are read through the rows; one that
//! Terraform does not know before it applies is taken from the stack, whose names and ARNs are known.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::diagnose::owner;
use super::spell::{self, Spelled};
use super::state;
use crate::backend::Ask;
use crate::expand::{ADDRESS_TAG, STACK_TAG};
use crate::graph::Graph;
use crate::kind::{Desired, Found, KINDS, Kind, Row, Type};
use crate::model::Address;
use crate::plan::{self, Action, Change, Conflict, Plan, Step};
use crate::value::Value;

/// One of Terraform's resources that belongs to a step.
#[derive(Clone, Debug)]
struct Part<'a> {
    resource_type: &'a str,
    /// Which item it is there for, where there is one for each of a list.
    key: Option<&'a str>,
    change: &'a Json,
}

/// What is known of a resource from the account.
struct Known<'a> {
    /// What Terraform has of it now.
    found: Option<&'a Found>,
    /// What has the name that it is to get, and is something else.
    taken: Option<&'a Found>,
    /// The other stack that owns what Terraform has of it, and that nobody consented to take it from.
    owner: Option<&'a str>,
}

/// Reads the plan. What is there is used for what Terraform does not tell: how many messages a queue holds, and whose
/// the name is that is to be created.
#[must_use]
pub fn read(shown: &Json, owners: &BTreeMap<String, Address>, ask: &Ask<'_>, destroys: bool) -> Plan {
    let mut plan = Plan::default();
    let parts = parts(shown, owners);
    let there: BTreeMap<_, _> = ask.found.iter().map(|one| ((one.kind.name(), one.name.as_str()), one)).collect();
    for kind in KINDS {
        for (address, parts) in parts.iter().filter(|(address, _)| address.kind == kind.name()) {
            let wanted = ask.stack.resources.get(address).filter(|_| !destroys);
            let desired = wanted.map(|one| plan::resolve(one, ask.stack, ask.place, &BTreeMap::new()));
            let name = desired.as_ref().map_or_else(|| name_in(*kind, parts), |desired| desired.name.clone());
            let find = |name: &str| there.get(&(kind.name(), name)).copied();
            // What is replaced, or goes, has the name that Terraform knows it by: the stack may give it another.
            let before = main(*kind, parts).map(|part| &part.change["before"]).filter(|before| !before.is_null());
            let owner = before.and_then(|before| before["tags"][STACK_TAG].as_str());
            let owner =
                owner.filter(|owner| *owner != ask.stack.name && !ask.consent.adopt.contains(&address.to_string()));
            let before = before.map(|before| state::name(*kind, before));
            let known = Known {
                found: before.as_deref().and_then(find).or_else(|| find(&name)),
                taken: find(&name).filter(|_| before.as_ref() != Some(&name)),
                owner,
            };
            match step(address, *kind, parts, desired, &known, name, &mut plan) {
                Some(step) => plan.steps.push(finish(step, ask)),
                None => plan.unchanged += usize::from(wanted.is_some()),
            }
        }
    }
    plan::finish(plan, &Graph::of(ask.stack))
}

/// How many times Terraform will say that it is done, by the resource of the stack.
#[must_use]
pub fn expected(shown: &Json, owners: &BTreeMap<String, Address>) -> BTreeMap<Address, usize> {
    let times = |part: &Part<'_>| {
        let actions = part.change["actions"].as_array().into_iter().flatten().filter_map(Json::as_str);
        actions.filter(|action| ["create", "update", "delete"].contains(action)).count()
    };
    let parts = parts(shown, owners);
    parts.into_iter().map(|(address, parts)| (address, parts.iter().map(times).sum())).collect()
}

/// Gathers what Terraform would do by the resource of the stack.
fn parts<'a>(shown: &'a Json, owners: &BTreeMap<String, Address>) -> BTreeMap<Address, Vec<Part<'a>>> {
    let all = shown["resource_changes"].as_array().map_or(&[][..], Vec::as_slice);
    let managed: Vec<&Json> = all.iter().filter(|one| one["mode"] == "managed").collect();
    let mut parts: BTreeMap<Address, Vec<Part<'_>>> = BTreeMap::new();
    for one in &managed {
        let known = one["address"].as_str().and_then(|address| owner(owners, address)).cloned();
        if let Some(address) = known.or_else(|| forgotten(one, &managed)) {
            let resource_type = one["type"].as_str().unwrap_or_default();
            let key = one["index"].as_str();
            parts.entry(address).or_default().push(Part { resource_type, key, change: &one["change"] });
        }
    }
    parts
}

/// The address of what the stack no longer names: its tag says it, or that of what it stood beside.
fn forgotten(one: &Json, all: &[&Json]) -> Option<Address> {
    let (resource_type, label) = (one["type"].as_str()?, one["name"].as_str()?);
    let mains = KINDS.iter().filter_map(|kind| {
        let spelling = kind.terraform()?;
        let is_beside = spelling.beside.iter().any(|beside| beside.resource == resource_type);
        (spelling.resource == resource_type || is_beside).then_some(())?;
        let label = if is_beside { label.strip_suffix(&format!("-{}", kind.name())).unwrap_or(label) } else { label };
        Some((kind, label, all.iter().find(|other| other["type"] == spelling.resource && other["name"] == label)))
    });
    // Two kinds may have such things beside them: it is the one whose resource there is.
    let mains: Vec<_> = mains.collect();
    let (kind, label, main) = mains.iter().find(|(.., main)| main.is_some()).or(mains.first())?;
    let tag = main.and_then(|main| main["change"]["before"]["tags"][ADDRESS_TAG].as_str());
    let logical = tag.and_then(|tag| tag.split_once('.')).map_or(*label, |(_, name)| name);
    Some(Address::new(kind.name(), logical))
}

/// The part that is the resource itself.
fn main<'a, 'b>(kind: &dyn Kind, parts: &'b [Part<'a>]) -> Option<&'b Part<'a>> {
    let resource = kind.terraform()?.resource;
    parts.iter().find(|part| part.resource_type == resource)
}

/// The physical name of what goes.
fn name_in(kind: &'static dyn Kind, parts: &[Part<'_>]) -> String {
    let Some(spelling) = kind.terraform() else { return String::new() };
    let before = main(kind, parts).map(|part| &part.change["before"]);
    if spelling.name.is_empty() {
        return before.and_then(|before| before["id"].as_str()).unwrap_or_default().to_owned();
    }
    before.map_or_else(String::new, |before| state::name(kind, before))
}

fn step(
    address: &Address,
    kind: &'static dyn Kind,
    parts: &[Part<'_>],
    desired: Option<Desired>,
    known: &Known<'_>,
    name: String,
    plan: &mut Plan,
) -> Option<Step> {
    let (action, found) = (action(kind, parts)?, known.found);
    if matches!(action, Action::Create | Action::Replace)
        && let Some(found) = known.taken
    {
        let owner = plan::owner(&found.tags).cloned();
        plan.conflicts.push(Conflict { address: address.clone(), name, owner });
        return None;
    }
    if action == Action::Update
        && let Some(owner) = known.owner
    {
        plan.conflicts.push(Conflict { address: address.clone(), name, owner: Some(owner.to_owned()) });
        return None;
    }
    let changes = match (&desired, action) {
        (Some(desired), Action::Create) => created(desired, parts),
        (Some(desired), _) => changed(desired, parts, found),
        (None, _) => Vec::new(),
    };
    if action == Action::Update && changes.is_empty() {
        plan.notes.insert(format!("{address}: terraform changes {}, which no attribute here shows", differing(parts)));
    }
    Some(Step {
        address: address.clone(),
        name,
        action,
        changes,
        after: Vec::new(),
        desired,
        found: found.cloned(),
        fingerprint: None,
        loss: None,
        consent: false,
    })
}

/// Says what would be lost, and whether that was consented to.
fn finish(mut step: Step, ask: &Ask<'_>) -> Step {
    // One step deletes what is there, whatever the name of what comes after it.
    let name = step.found.as_ref().map_or(&step.name, |found| &found.name);
    step.loss = plan::loss(step.action, name, step.found.as_ref(), &step.changes);
    step.consent = ask.consent.data_loss.contains(&step.address.to_string());
    step
}

/// What is done to the resource; what stands beside it can only change it.
fn action(kind: &dyn Kind, parts: &[Part<'_>]) -> Option<Action> {
    let of = |part: &Part<'_>| {
        let actions: Vec<&str> = part.change["actions"].as_array()?.iter().filter_map(Json::as_str).collect();
        match actions.as_slice() {
            ["create"] => Some(Action::Create),
            ["delete"] => Some(Action::Delete),
            ["update" | "no-op"] if !part.change["importing"].is_null() => Some(Action::Adopt),
            ["update"] => Some(Action::Update),
            ["create", "delete"] | ["delete", "create"] => Some(Action::Replace),
            _ => None,
        }
    };
    main(kind, parts).and_then(of).or_else(|| parts.iter().any(|part| of(part).is_some()).then_some(Action::Update))
}

/// Everything that a new resource has.
fn created(desired: &Desired, parts: &[Part<'_>]) -> Vec<Change> {
    let left_out = desired.kind.terraform().and_then(|spelling| spelling.left_out.as_ref());
    let rows = desired.kind.rows().iter().filter(|row| !row.is_short_form());
    let changes = rows.filter_map(|row| {
        let told = left_out.filter(|one| one.key == row.key).and_then(|_| side(row, parts, "after"));
        let after = told.unwrap_or_else(|| desired.get(row).clone());
        let created = |after| Change { loses: None, ..change(row, Value::Null, after, parts) };
        (!row.ty.normal(&after).is_null()).then(|| created(after))
    });
    let tags = desired.tags.iter().filter(|_| desired.kind.has_tags());
    let tags = tags.map(|(key, value)| tag(key, Value::Null, Value::text(value)));
    changes.chain(tags).collect()
}

/// What differs between the two sides of Terraform's changes.
fn changed(desired: &Desired, parts: &[Part<'_>], found: Option<&Found>) -> Vec<Change> {
    let rows = desired.kind.rows().iter().filter(|row| !row.is_short_form());
    let mut changes: Vec<Change> = rows
        .filter_map(|row| {
            let before = side(row, parts, "before")?;
            let after = if unknown(row, parts) { desired.get(row).clone() } else { side(row, parts, "after")? };
            // What an import does not read, such as the digest of the code, is read through the SDKs.
            let read = found.and_then(|found| found.attributes.get(row.key)).filter(|_| before.is_null());
            let before = read.cloned().unwrap_or(before);
            (row.ty.normal(&before) != row.ty.normal(&after)).then(|| change(row, before, after, parts))
        })
        .collect();
    let Some(main) = main(desired.kind, parts) else { return changes };
    let side = |side: &str| main.change[side]["tags"].as_object().cloned().unwrap_or_default();
    let (before, after) = (side("before"), side("after"));
    let keys: std::collections::BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let text = |tags: &serde_json::Map<String, Json>, key: &str| tags.get(key).map_or(Value::Null, Value::from_json);
    let tags = keys.into_iter().map(|key| tag(key, text(&before, key), text(&after, key)));
    changes.extend(tags.filter(|change| change.before != change.after));
    changes
}

/// The parts that hold a row, by its spelling.
fn holders<'a, 'b>(row: &Row, parts: &'b [Part<'a>]) -> impl Iterator<Item = &'b Part<'a>> {
    let beside = Spelled::of(row.terraform, &|_| true).beside.map(str::to_owned);
    let is_beside = |part: &Part<'_>| {
        KINDS.iter().filter_map(|kind| kind.terraform()).any(|one| one.resource == part.resource_type)
    };
    parts.iter().filter(move |part| match &beside {
        Some(beside) => part.resource_type == beside,
        None => is_beside(part),
    })
}

/// Reads one side of a row; `None` for a row that Terraform does not hold.
fn side(row: &'static Row, parts: &[Part<'_>], side: &str) -> Option<Value> {
    if let Some((_, rows)) = spell::items_of(row) {
        let resources = parts.iter().filter_map(|part| Some((part.resource_type, part.key?, &part.change[side])));
        return Some(spell::read_items(rows, resources));
    }
    let spelled = Spelled::of(row.terraform, &|_| true);
    if row.terraform.is_empty() && !matches!(row.ty, Type::Object(_)) {
        return None;
    }
    if spelled.each {
        let items = holders(row, parts).filter_map(|part| part.change[side][spelled.name].as_str());
        let items: Vec<Value> = items.map(Value::text).collect();
        return Some(if items.is_empty() { Value::Null } else { Value::List(items) });
    }
    let holder = holders(row, parts).next();
    Some(holder.map_or(Value::Null, |part| spell::read(row, &part.change[side])))
}

/// Tells whether Terraform knows a row's value only after applying.
fn unknown(row: &'static Row, parts: &[Part<'_>]) -> bool {
    fn any(json: &Json) -> bool {
        match json {
            Json::Bool(flag) => *flag,
            Json::Array(items) => items.iter().any(any),
            Json::Object(map) => map.values().any(any),
            _ => false,
        }
    }
    if let Some((_, rows)) = spell::items_of(row) {
        return rows.iter().map(|row| Spelled::of(row.terraform, &|_| true)).any(|member| {
            let mut held = parts.iter().filter(|part| member.beside == Some(part.resource_type) && part.key.is_some());
            !member.name.is_empty() && held.any(|part| any(&part.change["after_unknown"][member.name]))
        });
    }
    let names: Vec<&str> = row
        .terraform
        .split('|')
        .filter_map(|way| {
            let spelled = Spelled::of(way, &|_| true);
            spelled.blocks.first().map(|block| block.trim_end_matches("[]")).or(Some(spelled.name))
        })
        .collect();
    let inner: &[Row] = if let Type::Object(rows) = &row.ty { rows } else { &[] };
    holders(row, parts).any(|part| {
        let told = &part.change["after_unknown"];
        let one = |name: &str| !name.is_empty() && any(&told[name]);
        names.iter().any(|name| one(name))
            || row.terraform.is_empty() && inner.iter().any(|row| one(Spelled::of(row.terraform, &|_| true).name))
    })
}

fn change(row: &'static Row, before: Value, after: Value, parts: &[Part<'_>]) -> Change {
    let members: &[Row] = if let (true, Type::Object(rows)) = (row.terraform.is_empty(), &row.ty) { rows } else { &[] };
    let rows = std::iter::once(row).chain(members);
    let names: Vec<&str> = rows.map(|row| Spelled::of(row.terraform, &|_| true).name).collect();
    let paths = parts.iter().filter_map(|part| part.change["replace_paths"].as_array()).flatten();
    let mut firsts = paths.filter_map(|path| path.get(0)?.as_str());
    let replaces = firsts.any(|first| !first.is_empty() && names.contains(&first));
    let loses = plan::loses(row, &before, &after);
    Change { key: row.key.to_owned(), row: Some(row), before, after, replaces, loses }
}

fn tag(key: &str, before: Value, after: Value) -> Change {
    Change { key: key.to_owned(), row: None, before, after, replaces: false, loses: None }
}

/// The arguments in which the sides differ.
fn differing(parts: &[Part<'_>]) -> String {
    let names = parts.iter().flat_map(|part| {
        let (before, after) = (&part.change["before"], &part.change["after"]);
        let keys = after.as_object().into_iter().flatten();
        keys.filter(|(key, value)| before[key.as_str()] != **value).map(|(key, _)| format!("`{key}`"))
    });
    let names: std::collections::BTreeSet<String> = names.collect();
    if names.is_empty() { "computed values".to_owned() } else { names.into_iter().collect::<Vec<_>>().join(", ") }
}

#[cfg(test)]
mod tests;
