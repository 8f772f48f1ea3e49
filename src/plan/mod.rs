//! Desired × live → what to do, and why. Pure: the same input gives the same plan.
//!
//! The diff and the choice between update and replace live here once, for every kind, and read nothing but rows.

mod diff;
mod live;
mod order;
pub mod saved;
pub mod together;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::expand::{ADDRESS_TAG, PROTECT_TAG, REGION_TAG, STACK_TAG};
use crate::gaps::Gaps;
use crate::graph::Graph;
use crate::kind::{Desired, Found, Row};
use crate::model::{Address, Fact, Ref, RefTarget, Resource, Stack};
use crate::value::{Place, Value};

pub use diff::fingerprint;
pub(crate) use diff::loses;

use diff::{diff, takes_no_tags};
use live::Live;
use order::order;

/// What a step does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// Makes what is not there.
    Create,
    /// Changes what is there in place.
    Update,
    /// Makes a new one and deletes the old.
    Replace,
    /// Takes over what nobody or somebody else owns, changing it as needed.
    Adopt,
    /// Deletes what the stack no longer names.
    Delete,
}

/// One attribute or tag that a step changes.
#[derive(Clone, Debug)]
pub struct Change {
    /// The row's key, or the tag's.
    pub key: String,
    /// The row; `None` for a tag.
    pub row: Option<&'static Row>,
    /// What is there.
    pub before: Value,
    /// What will be there.
    pub after: Value,
    /// Whether it forces a replacement.
    pub replaces: bool,
    /// What is lost by it, if anything.
    pub loses: Option<&'static str>,
}

impl Change {
    /// Tells whether it is a tag that changes.
    #[must_use]
    pub fn is_tag(&self) -> bool {
        self.row.is_none()
    }
}

/// One thing to do.
#[derive(Clone, Debug)]
pub struct Step {
    /// The resource.
    pub address: Address,
    /// The physical name.
    pub name: String,
    /// What to do.
    pub action: Action,
    /// What changes by it.
    pub changes: Vec<Change>,
    /// What must be done before: indices into the plan's steps.
    pub after: Vec<usize>,
    /// What should be there; `None` for a delete.
    pub desired: Option<Desired>,
    /// What is there; `None` for a create.
    pub found: Option<Found>,
    /// The digest of what is there, as it was when planned.
    pub fingerprint: Option<String>,
    /// What would be lost, in words; see [`Step::needs_consent`].
    pub loss: Option<String>,
    /// Whether the user consented to the loss.
    pub consent: bool,
}

impl Step {
    /// Tells whether it takes something away: a resource, or what a lowered setting no longer keeps.
    #[must_use]
    pub fn is_destructive(&self) -> bool {
        let gone = matches!(self.action, Action::Delete | Action::Replace);
        gone || self.loss.is_some() || self.changes.iter().any(|change| change.loses.is_some())
    }

    /// Tells whether it would lose something that may not be lost without consent, given or not.
    #[must_use]
    pub fn needs_consent(&self) -> bool {
        let gone = matches!(self.action, Action::Delete | Action::Replace);
        let freely = gone && self.found.as_ref().is_some_and(|found| !found.kind.holds_fast());
        self.loss.is_some() && !freely
    }

    /// The address that the resource had before, where the stack has moved it.
    #[must_use]
    pub fn moved_from(&self) -> Option<&str> {
        let before = self.found.as_ref()?.tags.get(ADDRESS_TAG)?;
        let now = self.desired.as_ref()?.tags.get(ADDRESS_TAG)?;
        (before != now).then_some(before)
    }
}

/// Something that stands in the way of a plan.
#[derive(Clone, Debug, Serialize)]
pub struct Conflict {
    /// The resource.
    pub address: Address,
    /// The physical name that is taken.
    pub name: String,
    /// The stack that owns it, if one does.
    pub owner: Option<String>,
}

/// A resource that the plan would delete or replace although it is protected.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Protected {
    /// The resource.
    pub address: Address,
    /// The physical name.
    pub name: String,
    /// What the plan would do to it.
    pub action: Action,
}

/// A resource that was moved in the stack, and whose physical name would change by it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Stranded {
    /// Where the stack has it now.
    pub to: Address,
    /// Where it was.
    pub from: Address,
    /// The physical name that it has in the account.
    pub name: String,
}

/// Everything there is to do, with nothing left to decide.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// The steps, in an order that respects what needs what.
    pub steps: Vec<Step>,
    /// How many resources are as they should be.
    pub unchanged: usize,
    /// What is there of them, and under which address: a saved plan knows when one moved.
    pub kept: Vec<(Address, Found)>,
    /// Names that others hold.
    pub conflicts: Vec<Conflict>,
    /// Protected resources that would be deleted or replaced.
    pub protected: BTreeSet<Protected>,
    /// Moved resources whose names do not move with them.
    pub stranded: BTreeSet<Stranded>,
    /// What the endpoint does not report or keep, one sentence each.
    pub notes: BTreeSet<String>,
}

impl Plan {
    /// Counts the steps of one action.
    #[must_use]
    pub fn count(&self, action: Action) -> usize {
        self.steps.iter().filter(|step| step.action == action).count()
    }

    /// Counts the steps that take something away; see [`Step::is_destructive`].
    #[must_use]
    pub fn destructive(&self) -> usize {
        self.steps.iter().filter(|step| step.is_destructive()).count()
    }

    /// The steps that would lose something nobody consented to.
    pub fn unconsented(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(|step| step.needs_consent() && !step.consent)
    }
}

/// What the user allows a plan to do.
#[derive(Clone, Debug, Default)]
pub struct Consent {
    /// Resources that may be taken over.
    pub adopt: BTreeSet<String>,
    /// Whether all that no stack owns may be taken over.
    pub adopt_unowned: bool,
    /// Resources of which what they hold may be lost.
    pub data_loss: BTreeSet<String>,
    /// The only resources to look at, with what they need; empty means all.
    pub only: BTreeSet<String>,
}

/// Returns the stack that owns a resource, by its tags.
#[must_use]
pub fn owner(tags: &BTreeMap<String, String>) -> Option<&String> {
    tags.get(STACK_TAG)
}

/// Works out everything there is to do.
#[must_use]
pub fn plan(stack: &Stack, place: &Place, found: Vec<Found>, gaps: &Gaps, consent: &Consent) -> Plan {
    let graph = Graph::of(stack);
    let mut live = Live::new(found, &stack.name);
    let urls = live.urls(stack);
    let only = selected(&graph, &consent.only);
    let mut plan = Plan::default();
    let (mut kept, mut unchanged) = (BTreeSet::new(), Vec::new());
    for resource in stack.resources.values() {
        let desired = resolve(resource, stack, place, &urls);
        kept.insert((desired.kind.name(), desired.name.clone()));
        // Another name under the same address: a new one is made and the old one goes with the deletes.
        let replaced = live.at(&desired.address).filter(|old| old.name != desired.name);
        if only.as_ref().is_some_and(|only| !only.contains(&resource.address)) {
            continue;
        }
        if let Some(note) = gaps.lacks(resource.address.kind) {
            plan.notes.insert(note);
            continue;
        }
        plan_one(desired, &live, replaced, stack, gaps, consent, &mut plan);
        if plan.unchanged > unchanged.len() {
            unchanged.push(resource);
        }
    }
    if only.is_none() {
        plan_deletes(&live, &kept, stack, consent, &mut plan);
    }
    plan.stranded = stranded(&live, stack, place);
    let kept = unchanged.into_iter().filter_map(|resource| {
        let found = live.by_name.remove(&(resource.kind.name(), resource.name_in(&place.region)))?;
        Some((resource.address.clone(), found))
    });
    plan.kept = kept.collect();
    finish(plan, &graph)
}

/// Works out the deletion of everything the stack owns.
#[must_use]
pub fn plan_destroy(stack: &str, found: Vec<Found>, consent: &Consent) -> Plan {
    let live = Live::new(found, stack);
    let empty = Stack { name: stack.to_owned(), ..Stack::default() };
    let mut plan = Plan::default();
    plan_deletes(&live, &BTreeSet::new(), &empty, consent, &mut plan);
    finish(plan, &Graph::default())
}

/// Finds what is moved in the stack and has another name in the account: it would be replaced after all.
fn stranded(live: &Live, stack: &Stack, place: &Place) -> BTreeSet<Stranded> {
    let moved = stack.moved.iter().filter_map(|moved| {
        let (found, resource) = (live.at(&moved.from)?, stack.resources.get(&moved.to)?);
        let stranded = Stranded { to: moved.to.clone(), from: moved.from.clone(), name: found.name.clone() };
        (found.name != resource.name_in(&place.region)).then_some(stranded)
    });
    moved.collect()
}

/// Notes what may not go, and puts the steps in order.
pub(crate) fn finish(mut plan: Plan, graph: &Graph) -> Plan {
    let going = plan.steps.iter().filter(|step| matches!(step.action, Action::Delete | Action::Replace));
    // The tag outlives the line in the stack file: dropping both the line and the resource in one go is refused too.
    let tagged = going.filter(|step| {
        let found = step.found.iter().any(|found| found.tags.contains_key(PROTECT_TAG));
        found || step.desired.iter().any(|desired| desired.tags.contains_key(PROTECT_TAG))
    });
    let protected = tagged.map(|step| {
        let name = step.found.as_ref().map_or(&step.name, |found| &found.name).clone();
        Protected { address: step.address.clone(), name, action: step.action }
    });
    plan.protected = protected.collect();
    order(&mut plan, graph);
    plan
}

/// Returns the resources that `only` names, with what they need; `None` means all.
#[must_use]
pub fn selected(graph: &Graph, only: &BTreeSet<String>) -> Option<BTreeSet<Address>> {
    if only.is_empty() {
        return None;
    }
    let wanted = graph.addresses().filter(|address| only.contains(&address.to_string()));
    Some(wanted.flat_map(|address| graph.with_needs(address)).collect())
}

/// Turns a resource of the stack into what should be there.
pub(crate) fn resolve(resource: &Resource, stack: &Stack, place: &Place, urls: &BTreeMap<Address, String>) -> Desired {
    let fact = |reference: &Ref| resolve_fact(reference, stack, place, urls);
    let name = resource.name_in(&place.region);
    let mut tags = resource.tags.clone();
    if resource.kind.is_global() {
        tags.insert(REGION_TAG.to_owned(), place.region.clone());
    }
    let attributes = resource.kind.rows().iter().filter(|row| !row.is_short_form());
    Desired {
        address: resource.address.clone(),
        kind: resource.kind,
        arn: resource.kind.arn_of(resource, place),
        attributes: attributes.map(|row| (row.key, resource.get(row).resolve(&fact))).collect(),
        tags,
        name,
    }
}

fn resolve_fact(reference: &Ref, stack: &Stack, place: &Place, urls: &BTreeMap<Address, String>) -> Option<String> {
    match (&reference.of, reference.fact) {
        (_, Fact::Account) => Some(place.account.clone()),
        (_, Fact::Region) => Some(place.region.clone()),
        (_, Fact::Partition) => Some(place.partition.clone()),
        (RefTarget::Resource(address), fact) => {
            let resource = stack.resources.get(address)?;
            match fact {
                Fact::Name => Some(resource.kind.short_name(&resource.name_in(&place.region)).to_owned()),
                Fact::Url => urls.get(address).cloned(),
                _ => Some(resource.kind.arn_of(resource, place)),
            }
        }
        (RefTarget::Place | RefTarget::Secret(_), _) => None,
    }
}

/// Plans one resource that the stack wants.
fn plan_one(
    desired: Desired,
    live: &Live,
    replaced: Option<&Found>,
    stack: &Stack,
    gaps: &Gaps,
    consent: &Consent,
    plan: &mut Plan,
) {
    let address = desired.address.to_string();
    let Some(found) = live.get(desired.kind.name(), &desired.name) else {
        let changes = diff(&desired, replaced, stack, gaps, &mut plan.notes);
        let action = if replaced.is_some() { Action::Replace } else { Action::Create };
        plan.steps.push(step(action, desired, replaced, changes, consent));
        return;
    };
    let ours = owner(&found.tags) == Some(&stack.name);
    let owner = owner(&found.tags).cloned();
    let unowned = owner.is_none() && (consent.adopt_unowned || desired.kind.adopts_silently());
    let adopts = consent.adopt.contains(&address) || unowned;
    if !ours && !adopts {
        plan.conflicts.push(Conflict { address: desired.address, name: desired.name, owner });
        return;
    }
    let changes = diff(&desired, Some(found), stack, gaps, &mut plan.notes);
    let action = match (ours, changes.iter().any(|change| change.replaces)) {
        (_, true) => Action::Replace,
        // Taken over already, where the endpoint takes no tags: again and again would change nothing.
        (_, false) if changes.is_empty() && (ours || takes_no_tags(found, gaps).is_some()) => {
            plan.unchanged += 1;
            return;
        }
        (false, false) => Action::Adopt,
        (true, false) => Action::Update,
    };
    plan.steps.push(step(action, desired, Some(found), changes, consent));
}

fn step(action: Action, desired: Desired, found: Option<&Found>, changes: Vec<Change>, consent: &Consent) -> Step {
    let address = desired.address.clone();
    Step {
        name: desired.name.clone(),
        loss: loss(action, &desired.name, found, &changes),
        consent: consent.data_loss.contains(&address.to_string()),
        fingerprint: found.map(fingerprint),
        found: found.cloned(),
        desired: Some(desired),
        after: Vec::new(),
        address,
        action,
        changes,
    }
}

/// Plans the deletion of what the stack owns and no longer names.
fn plan_deletes(
    live: &Live,
    kept: &BTreeSet<(&'static str, String)>,
    stack: &Stack,
    consent: &Consent,
    plan: &mut Plan,
) {
    for ((kind, name), found) in &live.by_name {
        if owner(&found.tags) != Some(&stack.name) || kept.contains(&(*kind, name.clone())) {
            continue;
        }
        let logical = found.tags.get(ADDRESS_TAG).and_then(|tag| tag.strip_prefix(&format!("{kind}.")));
        let address = Address::new(kind, logical.unwrap_or(name));
        plan.steps.push(Step {
            loss: loss(Action::Delete, name, Some(found), &[]),
            consent: consent.data_loss.contains(&address.to_string()),
            fingerprint: Some(fingerprint(found)),
            found: Some(found.clone()),
            name: name.clone(),
            action: Action::Delete,
            changes: Vec::new(),
            after: Vec::new(),
            desired: None,
            address,
        });
    }
}

/// Says what a step would lose.
pub(crate) fn loss(action: Action, name: &str, found: Option<&Found>, changes: &[Change]) -> Option<String> {
    let found = found?;
    let holds = found.holds.filter(|count| *count > 0)?;
    let held = found.kind.held(holds);
    match action {
        // A replacement under another name leaves the old one to a delete of its own.
        Action::Replace if found.name != name => None,
        Action::Delete | Action::Replace => Some(format!("{held} in {}", found.name)),
        _ => {
            let lost = changes.iter().find_map(|change| change.loses)?;
            Some(format!("{lost}; {} holds {held}", found.name))
        }
    }
}
