//! What was found in an account → a stack that says the same: the reverse of a plan.
//!
//! Every attribute that was reported is written first; then whatever the stack would mean without it is taken out.
//! The result is judged by the plan itself: what it would still change cannot be said in a stack, and stays outside.

mod names;
mod refer;
mod shorten;

use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostic::Diagnostics;
use crate::expand::{OWN_TAGS, PROTECT_TAG, expand};
use crate::gaps::Gaps;
use crate::graph::Graph;
use crate::kind::{Default, Found, Row, Type};
use crate::model::{Address, Fact, Resource, Stack};
use crate::plan::{Action, Consent, Step, owner, plan};
use crate::report::redact::redact;
use crate::rule::strangers;
use crate::value::{Place, Value};

/// A stack that was read from an account.
#[derive(Debug, Default)]
pub struct Imported {
    /// The stack, with short forms and without what goes without saying.
    pub stack: Stack,
    /// What could not be imported, one sentence each.
    pub left_out: BTreeSet<String>,
    /// What of it the stack owns already, by its tag: the next plan would delete it.
    pub endangered: BTreeSet<String>,
}

/// Makes a stack of what was found.
#[must_use]
pub fn import(name: &str, found: Vec<Found>, place: &Place, gaps: &Gaps) -> Imported {
    let (mut left_out, mut endangered) = (BTreeSet::new(), BTreeSet::new());
    let mut found: Vec<Found> = found.into_iter().filter(|one| !is_others(one, name, &mut left_out)).collect();
    found.sort_by(|one, other| (one.kind.name(), &one.name).cmp(&(other.kind.name(), &other.name)));
    loop {
        let addresses = names::addresses(&found);
        let full = stack_of(name, &found, &addresses, place);
        let judged = judge(&full, &found, &addresses, place, gaps);
        if judged.is_empty() {
            let stack = shorten::shorten(full, place, &urls(&found, &addresses));
            return Imported { stack, left_out, endangered };
        }
        // What referred to it refers to its ARN from now on: all is made again.
        let mut of_each = addresses.iter();
        found.retain(|one| {
            let stays = of_each.next().is_none_or(|address| !judged.contains_key(address));
            if !stays && owner(&one.tags).is_some_and(|owner| owner == name) {
                endangered.insert(format!("{} `{}`", one.kind.name(), one.name));
            }
            stays
        });
        left_out.extend(judged.into_values());
    }
}

/// Tells whether another stack owns it, which is told.
fn is_others(one: &Found, stack: &str, left_out: &mut BTreeSet<String>) -> bool {
    let Some(owner) = owner(&one.tags).filter(|owner| *owner != stack) else { return false };
    left_out.insert(format!("{} `{}` belongs to stack `{owner}`", one.kind.name(), one.name));
    true
}

/// The stack with everything that was reported written out.
fn stack_of(name: &str, found: &[Found], addresses: &[Address], place: &Place) -> Stack {
    let references = refer::References::new(found, addresses);
    let resources = found.iter().zip(addresses).map(|(one, address)| {
        let mut resource = Resource::new(one.kind, &address.name);
        for row in one.kind.rows() {
            if matches!((row.is_short_form(), row.default), (true, Default::Bool(true))) {
                // A short form that is on by itself would add to what was reported.
                resource.set(row, Value::Bool(false));
            } else if let Some(value) = one.attributes.get(row.key) {
                resource.set(row, references.refer(row, value, address));
            }
        }
        let tags = one.tags.iter().filter(|(key, _)| !key.starts_with("aws:") && !OWN_TAGS.contains(&key.as_str()));
        resource.tags = tags.map(|(key, value)| (key.clone(), value.clone())).collect();
        resource.protect = one.tags.contains_key(PROTECT_TAG);
        one.kind.imported(&mut resource);
        (address.clone(), resource)
    });
    let mut stack = Stack { name: name.to_owned(), resources: resources.collect(), ..Stack::default() };
    names::complete(&mut stack, found, addresses);
    stack.accounts.insert(place.account.clone());
    stack.regions.insert(place.region.clone());
    stack
}

/// A stack with its short forms and defaults written out. What is wrong with it is told when its text is read.
fn expanded(stack: &Stack) -> Stack {
    let mut expanded = stack.clone();
    expand(&mut expanded, &mut Diagnostics::default());
    expanded
}

fn urls(found: &[Found], addresses: &[Address]) -> BTreeMap<Address, String> {
    let pairs = found.iter().zip(addresses);
    pairs.filter_map(|(one, address)| Some((address.clone(), one.facts.get(&Fact::Url)?.clone()))).collect()
}

/// Plans the stack, and says of all that it would change, or that no stack file could say, why it stays outside.
fn judge(
    stack: &Stack,
    found: &[Found],
    addresses: &[Address],
    place: &Place,
    gaps: &Gaps,
) -> BTreeMap<Address, String> {
    let of_each = || found.iter().zip(addresses);
    let unsayable = of_each().filter_map(|(one, address)| {
        let value = |row: &Row| one.attributes.get(row.key).unwrap_or(&Value::Null).clone();
        let rows = one.kind.rows().iter().filter(|row| !row.is_short_form());
        let row = rows.into_iter().find(|row| !fits(&row.ty, &value(row)))?;
        let words = format!("`{}` is {}, and no stack can say so", row.key, shown(row, &value(row), stack, address));
        Some((address.clone(), format!("{} `{}`: {words}", one.kind.name(), one.name)))
    });
    let mut judged: BTreeMap<Address, String> = unsayable.collect();
    let adopt = addresses.iter().map(ToString::to_string).collect();
    let consent = Consent { adopt, ..Consent::default() };
    let expanded = expanded(stack);
    let planned = |stack: &Stack| plan(stack, place, found.to_vec(), gaps, &consent).steps;
    let graph = Graph::of(&expanded);
    for step in &planned(&expanded) {
        let one = of_each().find(|(_, address)| **address == step.address);
        let Some((words, (one, address))) = reason(step, stack).zip(one) else { continue };
        // What has no tags is of the stack by its ends alone: the one that it would change is not blamed for it.
        let follows = |(follower, at): &(&Found, &Address)| {
            !follower.kind.has_tags() && graph.needs(at).any(|needed| needed == address)
        };
        let followers: Vec<_> = of_each().filter(follows).collect();
        let mut without = stack.clone();
        without.resources.retain(|at, _| !followers.iter().any(|(_, follower)| *follower == at));
        let is_still = |step: &Step| step.address == *address && reason(step, stack).is_some();
        if followers.is_empty() || planned(&self::expanded(&without)).iter().any(is_still) {
            judged.entry(address.clone()).or_insert_with(|| format!("{} `{}`: {words}", one.kind.name(), one.name));
            continue;
        }
        for (follower, at) in followers {
            let why = format!("with it {} `{}` would change: {words}", one.kind.name(), one.name);
            let why = || format!("{} `{}`: {why}", follower.kind.name(), follower.name);
            judged.entry(at.clone()).or_insert_with(why);
        }
    }
    // What stayed outside may take with it what made this one of the stack.
    for finding in strangers(&expanded).iter() {
        if let Some((one, address)) = of_each().find(|(_, address)| finding.address.as_ref() == Some(address)) {
            let words = format!("{} `{}`: {}", one.kind.name(), one.name, finding.message);
            judged.entry(address.clone()).or_insert(words);
        }
    }
    judged
}

/// Says what a step would change beyond tags, if anything.
fn reason(step: &Step, stack: &Stack) -> Option<String> {
    if step.action == Action::Create {
        return Some("no stack can name it".to_owned());
    }
    let change = step.changes.iter().find(|change| !change.is_tag())?;
    let row = change.row?;
    let show = |value: &Value| shown(row, value, stack, &step.address);
    let (before, after) = (show(&change.before), show(&change.after));
    Some(format!("`{}` is {before}, and no stack can say so: it would become {after}", change.key))
}

/// Shows a value without what is secret in it.
fn shown(row: &Row, value: &Value, stack: &Stack, address: &Address) -> String {
    let attributes = stack.resources.get(address).map(|resource| resource.attributes.clone()).unwrap_or_default();
    row.show(&redact(row, value, &attributes))
}

/// Tells whether a stack file could have this value: its reader refuses what is out of range.
fn fits(ty: &Type, value: &Value) -> bool {
    match (ty, value) {
        (Type::Int { min, max, .. }, Value::Int(number)) => (min..=max).contains(&number),
        (Type::Text { min, max }, Value::Text(text)) => (min..=max).contains(&&text.chars().count()),
        (Type::Word(words), Value::Text(text)) => words.iter().any(|(_, api)| api == text),
        (Type::Name(_), Value::Text(text)) => text.starts_with("arn:"),
        (Type::List { of, max }, Value::List(items)) => items.len() <= *max && items.iter().all(|item| fits(of, item)),
        (Type::Texts { max }, Value::Map(map)) => map.len() <= *max,
        (Type::Object(rows), Value::Map(map)) => {
            rows.iter().all(|row| fits(&row.ty, map.get(row.key).unwrap_or(&Value::Null)))
        }
        (Type::Policy | Type::Pattern, Value::Text(_)) => false,
        _ => true,
    }
}
