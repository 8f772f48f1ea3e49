//! Desired × live → what to do, and why. Pure: the same input gives the same plan.
//!
//! The diff and the choice between update and replace live here once, for every kind, and read nothing but rows.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::expand::{ADDRESS_TAG, STACK_TAG};
use crate::gaps::Gaps;
use crate::graph::Graph;
use crate::kind::{Desired, Effect, Found, KINDS, Reported, Row};
use crate::model::{Address, Fact, Ref, RefTarget, Resource, Stack};
use crate::value::{Place, Value};

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
    /// What would be lost, in words; it needs consent.
    pub loss: Option<String>,
    /// Whether the user consented to the loss.
    pub consent: bool,
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

/// Everything there is to do, with nothing left to decide.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// The steps, in an order that respects what needs what.
    pub steps: Vec<Step>,
    /// How many resources are as they should be.
    pub unchanged: usize,
    /// Names that others hold.
    pub conflicts: Vec<Conflict>,
    /// What the endpoint does not report or keep, one sentence each.
    pub notes: BTreeSet<String>,
}

impl Plan {
    /// Counts the steps of one action.
    #[must_use]
    pub fn count(&self, action: Action) -> usize {
        self.steps.iter().filter(|step| step.action == action).count()
    }

    /// The steps that would lose something nobody consented to.
    pub fn unconsented(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(|step| step.loss.is_some() && !step.consent)
    }
}

/// What the user allows a plan to do.
#[derive(Clone, Debug, Default)]
pub struct Consent {
    /// Resources that may be taken over.
    pub adopt: BTreeSet<String>,
    /// Resources whose messages may be lost.
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
    let live = Live::new(found, &stack.name);
    let urls = live.urls(stack);
    let only = selected(&graph, &consent.only);
    let mut plan = Plan::default();
    let mut kept = BTreeSet::new();
    for resource in stack.resources.values() {
        let desired = resolve(resource, stack, place, &urls);
        kept.insert((desired.kind.name(), desired.name.clone()));
        // Another name under the same address: a new one is made and the old one goes with the deletes.
        let replaced = live.at(&desired.address).filter(|old| old.name != desired.name);
        if only.as_ref().is_some_and(|only| !only.contains(&resource.address)) {
            continue;
        }
        plan_one(desired, &live, replaced, stack, gaps, consent, &mut plan);
    }
    if only.is_none() {
        plan_deletes(&live, &kept, stack, consent, &mut plan);
    }
    order(&mut plan, &graph);
    plan
}

/// Works out the deletion of everything the stack owns.
#[must_use]
pub fn plan_destroy(stack: &str, found: Vec<Found>, consent: &Consent) -> Plan {
    let live = Live::new(found, stack);
    let empty = Stack { name: stack.to_owned(), ..Stack::default() };
    let mut plan = Plan::default();
    plan_deletes(&live, &BTreeSet::new(), &empty, consent, &mut plan);
    order(&mut plan, &Graph::default());
    plan
}

/// What was found, by name; and what is ours of it, by the address that its tag says.
struct Live {
    by_name: BTreeMap<(&'static str, String), Found>,
    by_address: BTreeMap<String, (&'static str, String)>,
}

impl Live {
    fn new(found: Vec<Found>, stack: &str) -> Live {
        let key = |one: &Found| (one.kind.name(), one.name.clone());
        let owned = found.iter().filter(|one| owner(&one.tags).is_some_and(|owner| owner == stack));
        let tagged = owned.filter_map(|one| Some((one.tags.get(ADDRESS_TAG)?.clone(), key(one))));
        Live { by_address: tagged.collect(), by_name: found.into_iter().map(|one| (key(&one), one)).collect() }
    }

    fn get(&self, kind: &'static str, name: &str) -> Option<&Found> {
        self.by_name.get(&(kind, name.to_owned()))
    }

    /// What the stack made under this address, by its tag.
    fn at(&self, address: &Address) -> Option<&Found> {
        self.by_name.get(self.by_address.get(&address.to_string())?)
    }

    /// The URLs of the stack's resources that exist.
    fn urls(&self, stack: &Stack) -> BTreeMap<Address, String> {
        let known = stack.resources.values().filter_map(|resource| {
            let found = self.get(resource.address.kind, resource.physical_name())?;
            Some((resource.address.clone(), found.facts.get(&Fact::Url)?.clone()))
        });
        known.collect()
    }
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
fn resolve(resource: &Resource, stack: &Stack, place: &Place, urls: &BTreeMap<Address, String>) -> Desired {
    let fact = |reference: &Ref| resolve_fact(reference, stack, place, urls);
    let name = resource.physical_name().to_owned();
    let attributes = resource.kind.rows().iter().filter(|row| !row.is_short_form());
    Desired {
        address: resource.address.clone(),
        kind: resource.kind,
        arn: resource.kind.arn_of(resource, place),
        attributes: attributes.map(|row| (row.key, resource.get(row).resolve(&fact))).collect(),
        tags: resource.tags.clone(),
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
            let name = resource.physical_name();
            match fact {
                Fact::Name => Some(name.to_owned()),
                Fact::Url => urls.get(address).cloned(),
                _ => Some(resource.kind.arn_of(resource, place)),
            }
        }
        (RefTarget::Place, _) => None,
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
    let adopts = consent.adopt.contains(&address) || owner.is_none() && desired.kind.adopts_silently();
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
fn loss(action: Action, name: &str, found: Option<&Found>, changes: &[Change]) -> Option<String> {
    let found = found?;
    let holds = found.holds.filter(|count| *count > 0)?;
    let messages = if holds == 1 { "1 message".to_owned() } else { format!("{holds} messages") };
    match action {
        // A replacement under another name leaves the old one to a delete of its own.
        Action::Replace if found.name != name => None,
        Action::Delete | Action::Replace => Some(format!("{messages} in {}", found.name)),
        _ => {
            let lost = changes.iter().find_map(|change| change.loses)?;
            Some(format!("{lost}; {} holds {messages}", found.name))
        }
    }
}

/// Compares what should be there with what is, row by row and tag by tag.
fn diff(
    desired: &Desired,
    found: Option<&Found>,
    stack: &Stack,
    gaps: &Gaps,
    notes: &mut BTreeSet<String>,
) -> Vec<Change> {
    let rows = desired.kind.rows().iter().filter(|row| !row.is_short_form());
    let mut changes: Vec<Change> = rows.filter_map(|row| compare(row, desired, found, gaps, notes)).collect();
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
fn takes_no_tags(found: &Found, gaps: &Gaps) -> Option<String> {
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
    if row.ty.normal(&before) == row.ty.normal(&after) || found.is_some() && row.reported == Reported::Never {
        return None;
    }
    let kind = desired.kind.name();
    if let Some(note) = gaps.note(kind, row.key).filter(|_| found.is_some()) {
        notes.insert(note);
        return None;
    }
    if found.is_some() && reported.is_none() && row.reported == Reported::Always && !after.is_null() {
        notes.insert(format!("the endpoint does not report `{}` of {kind} resources: not compared", row.key));
        return None;
    }
    // Nothing where something was found is no bound at all: any bound is lower.
    let unbounded = found.is_some() && before.is_null() && after.as_int().is_some();
    let lowered = unbounded || before.as_int().zip(after.as_int()).is_some_and(|(before, after)| after < before);
    let loses = match row.effect {
        Effect::LoweringLoses(what) if lowered => Some(what),
        _ => None,
    };
    let replaces = found.is_some() && row.effect == Effect::Replaces;
    Some(Change { key: row.key.to_owned(), row: Some(row), before, after, replaces, loses })
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

/// Where a kind stands in the order of all.
fn rank(kind: &str) -> usize {
    KINDS.iter().position(|known| known.name() == kind).unwrap_or(KINDS.len())
}

/// Sorts the steps and says which waits for which.
fn order(plan: &mut Plan, graph: &Graph) {
    // Deletes go last, in the opposite order of the kinds.
    plan.steps.sort_by_key(|step| {
        let rank = rank(step.address.kind);
        let delete = step.action == Action::Delete;
        (delete, if delete { usize::MAX - rank } else { rank }, step.address.clone(), step.name.clone())
    });
    let mut by_address: BTreeMap<&Address, Vec<usize>> = BTreeMap::new();
    for (index, step) in plan.steps.iter().enumerate() {
        by_address.entry(&step.address).or_default().push(index);
    }
    let after = (0..plan.steps.len()).map(|index| waits_for(plan, graph, &by_address, index));
    let after: Vec<Vec<usize>> = after.collect();
    for (step, after) in plan.steps.iter_mut().zip(after) {
        step.after = after;
    }
}

fn waits_for(plan: &Plan, graph: &Graph, by_address: &BTreeMap<&Address, Vec<usize>>, index: usize) -> Vec<usize> {
    let step = &plan.steps[index];
    if step.action != Action::Delete {
        let needed = graph.needs(&step.address).filter_map(|needed| by_address.get(needed)).flatten();
        return needed.copied().filter(|other| plan.steps[*other].action != Action::Delete).collect();
    }
    // What is deleted must not be named any more by what stays, nor by what is deleted too.
    let others = plan.steps.iter().enumerate().filter(|(other, _)| *other != index);
    let waits = others.filter(|(_, other)| {
        // Two that both go may carry one address, after a rename that stopped half-way, or name each other.
        let both_go = other.action == Action::Delete;
        let takes_over = !both_go && other.address == step.address;
        takes_over || other.names(step) && !(both_go && step.names(other) && step.name < other.name)
    });
    waits.map(|(other, _)| other).collect()
}

impl Step {
    /// Tells whether what is there of this one names what is there of the other.
    fn names(&self, other: &Step) -> bool {
        self.found.as_ref().zip(other.found.as_ref()).is_some_and(|(one, other)| names(one, other))
    }
}

/// Tells whether the live attributes of one name the other: by its ARN, or by its name if its kind comes earlier.
fn names(one: &Found, other: &Found) -> bool {
    let mut named = false;
    let by_name = rank(one.kind.name()) > rank(other.kind.name());
    let ordering = one.kind.rows().iter().filter(|row| !row.is_short_form() && !row.soft);
    let values = ordering.filter_map(|row| one.attributes.get(row.key));
    values.for_each(|value| {
        value.walk(&mut |inner| {
            let text = inner.as_text();
            named |= text == Some(&other.arn) || by_name && text == Some(&other.name);
        });
    });
    named
}
