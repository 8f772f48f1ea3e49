//! What a deploy role must be allowed: the IAM actions of a stack's kinds, on this stack's ARNs and nothing else.
//!
//! Each kind lists its actions beside its calls, with what AWS checks them against. Where that is no resource, the
//! reason stands with the action. <https://docs.aws.amazon.com/service-authorization/latest/reference/reference.html>

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json, json};

use crate::expand::STACK_TAG;
use crate::kind::{Desired, KINDS, Kind, Row};
use crate::model::Stack;
use crate::plan::resolve;
use crate::value::{Place, Value};

/// The most characters of a managed policy, white space not counted.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
pub const MANAGED_CHARACTERS: usize = 6_144;
/// The most characters of all inline policies of a role together, white space not counted.
pub const INLINE_CHARACTERS: usize = 10_240;

/// One IAM action that a kind's calls need.
#[derive(Clone, Copy, Debug)]
pub struct Action {
    /// Its name in policies, `sqs:CreateQueue`.
    pub name: &'static str,
    /// What it is needed for.
    pub purpose: Purpose,
    /// What AWS checks it against.
    pub on: On,
    /// What further narrows it.
    condition: Option<Condition>,
    /// Whether it can widen what a role may do, and is bound by a permissions boundary where one is given.
    bounded: Bounded,
    /// Only resources that set this attribute need it.
    when: Option<&'static Row>,
}

/// What an action is needed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purpose {
    /// Every plan, whether or not the stack has such a resource.
    List,
    /// The plan of one resource.
    Read,
    /// Creating or updating one.
    Write,
    /// Deleting one, which the stack need not name any more.
    Delete,
}

/// What AWS checks an action against.
#[derive(Clone, Copy, Debug)]
pub enum On {
    /// The resource.
    Itself,
    /// The resource, and its ARN with this at the end.
    ItselfAnd(&'static str),
    /// Whatever ARN an attribute holds, or each of a list.
    Attribute(&'static Row),
    /// Whatever ARN this member of each item of a list holds.
    Member(&'static Row, &'static Row),
    /// Every resource of the kind in the account and Region, for a reason.
    Every(&'static str),
    /// A resource that is the same for all, such as a list of them: an ARN with `{partition}` and `{region}` in it.
    Path(&'static str),
    /// Whatever has the stack's tag among these ARNs, with `{account}` besides: what the stack has, or had, of another kind.
    Tagged(&'static str),
    /// Nothing: AWS knows no resource for it, for a reason.
    Any(&'static str),
}

/// A condition of a statement.
#[derive(Clone, Copy, Debug)]
struct Condition {
    operator: &'static str,
    key: &'static str,
    values: Values,
}

#[derive(Clone, Copy, Debug)]
enum Values {
    Text(&'static str),
    Attribute(&'static Row),
}

/// What a permissions boundary does to an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bounded {
    /// Nothing.
    No,
    /// It is allowed only on roles that have the boundary.
    Within,
    /// It would take the boundary off, and is not allowed.
    Escapes,
}

impl Action {
    const fn new(name: &'static str, purpose: Purpose) -> Action {
        Action { name, purpose, on: On::Itself, condition: None, bounded: Bounded::No, when: None }
    }

    /// An action of every plan, which names no resource for this reason.
    #[must_use]
    pub const fn list(name: &'static str, reason: &'static str) -> Action {
        Action { on: On::Any(reason), ..Action::new(name, Purpose::List) }
    }

    /// An action that reads a resource.
    #[must_use]
    pub const fn read(name: &'static str) -> Action {
        Action::new(name, Purpose::Read)
    }

    /// An action that creates or changes a resource.
    #[must_use]
    pub const fn write(name: &'static str) -> Action {
        Action::new(name, Purpose::Write)
    }

    /// An action that deletes a resource, or part of it on the way.
    #[must_use]
    pub const fn delete(name: &'static str) -> Action {
        Action::new(name, Purpose::Delete)
    }

    /// Says what AWS checks it against.
    #[must_use]
    pub const fn on(mut self, on: On) -> Action {
        self.on = on;
        self
    }

    /// Narrows it to a text that a condition key must have.
    #[must_use]
    pub const fn only_if(mut self, operator: &'static str, key: &'static str, value: &'static str) -> Action {
        self.condition = Some(Condition { operator, key, values: Values::Text(value) });
        self
    }

    /// Narrows it to what an attribute holds; a resource that does not set it does not need the action.
    #[must_use]
    pub const fn only_for(mut self, operator: &'static str, key: &'static str, row: &'static Row) -> Action {
        self.condition = Some(Condition { operator, key, values: Values::Attribute(row) });
        self
    }

    /// Says that only resources that set this attribute need it.
    #[must_use]
    pub const fn when(mut self, row: &'static Row) -> Action {
        self.when = Some(row);
        self
    }

    /// Says that it can widen what a role may do.
    #[must_use]
    pub const fn within_boundary(mut self) -> Action {
        self.bounded = Bounded::Within;
        self
    }

    /// Says that it takes a boundary off.
    #[must_use]
    pub const fn escapes_boundary(mut self) -> Action {
        self.bounded = Bounded::Escapes;
        self
    }
}

/// Who the policy is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Whoever plans, applies and destroys.
    Deploy,
    /// Whoever only plans.
    Plan,
}

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// Who it is for.
    pub role: Role,
    /// The account and Region.
    pub place: &'a Place,
    /// The ARN of the boundary that every role of the stack must have, if any.
    pub boundary: Option<&'a str>,
}

/// Conditions of a statement: operator → key → values.
type Conditions = BTreeMap<&'static str, BTreeMap<String, BTreeSet<String>>>;

/// What statements are told apart by: the beginning of the id, the conditions, and the resources.
type Group = (String, Conditions, BTreeSet<String>);

/// Writes the policy: `Version` and statements, in one order.
#[must_use]
pub fn policy(stack: &Stack, request: &Request<'_>) -> Json {
    let mut statements: BTreeMap<Group, BTreeSet<&'static str>> = BTreeMap::new();
    let discovery = (String::from("Discover"), Conditions::new(), BTreeSet::from(["*".to_owned()]));
    // The tagging API finds what carries the stack's tag, of whatever service: it names no resources.
    statements.entry(discovery.clone()).or_default().insert("tag:GetResources");
    for kind in KINDS {
        let desired = desired(stack, *kind, request.place);
        for action in kind.actions().iter().filter(|action| request.asks_for(action)) {
            if action.purpose == Purpose::List {
                let group = match action.on {
                    On::Path(path) => (id(*kind, action), Conditions::new(), [at(path, request.place)].into()),
                    _ => discovery.clone(),
                };
                statements.entry(group).or_default().insert(action.name);
                continue;
            }
            for group in groups(*kind, action, &desired, stack, request) {
                statements.entry(group).or_default().insert(action.name);
            }
        }
    }
    let mut ids = BTreeMap::new();
    let statements = statements.into_iter().map(|((id, conditions, resources), actions)| {
        let count = ids.entry(id.clone()).and_modify(|count| *count += 1).or_insert(1);
        let id = if *count == 1 { id } else { format!("{id}{count}") };
        statement(id, &actions, &resources, &conditions)
    });
    json!({"Version": "2012-10-17", "Statement": statements.collect::<Vec<_>>()})
}

impl Request<'_> {
    fn asks_for(&self, action: &Action) -> bool {
        let purpose = self.role == Role::Deploy || matches!(action.purpose, Purpose::List | Purpose::Read);
        purpose && !(self.boundary.is_some() && action.bounded == Bounded::Escapes)
    }
}

/// The stack's resources of one kind, with ARNs for references.
fn desired(stack: &Stack, kind: &'static dyn Kind, place: &Place) -> Vec<Desired> {
    let of_kind = stack.of_kind(kind.name());
    of_kind.map(|resource| resolve(resource, stack, place, &BTreeMap::new())).collect()
}

/// The statements that one action stands in.
fn groups(
    kind: &'static dyn Kind,
    action: &Action,
    desired: &[Desired],
    stack: &Stack,
    request: &Request<'_>,
) -> Vec<Group> {
    let place = request.place;
    let mut by_condition: BTreeMap<Conditions, BTreeSet<String>> = BTreeMap::new();
    for one in desired.iter().filter(|one| action.when.is_none_or(|row| !one.get(row).is_null())) {
        let Some(conditions) = conditions(action, one, request) else { continue };
        by_condition.entry(conditions).or_default().extend(resources(action, one, kind, place));
    }
    // What has no resource of its own is one statement for all, with every value that a condition has.
    if matches!(action.on, On::Every(_) | On::Path(_) | On::Tagged(_) | On::Any(_)) && !by_condition.is_empty() {
        by_condition = merged(by_condition);
    }
    by_condition.retain(|_, resources| !resources.is_empty());
    let id = id(kind, action);
    let mut groups: Vec<Group> =
        by_condition.into_iter().map(|(conditions, resources)| (id.clone(), conditions, resources)).collect();
    let own = matches!(action.on, On::Itself | On::ItselfAnd(_));
    let retires = action.purpose == Purpose::Delete || own && action.purpose == Purpose::Read;
    if retires && !desired.is_empty() {
        groups.push(retired(kind, stack, place));
    }
    groups
}

/// What the stack made once and names no more is known by its tag alone.
fn retired(kind: &'static dyn Kind, stack: &Stack, place: &Place) -> Group {
    let key = format!("aws:ResourceTag/{STACK_TAG}");
    let condition = BTreeMap::from([(key, BTreeSet::from([stack.name.clone()]))]);
    let all = kind.arn_of_all(&stack.name, place);
    (format!("{}Retired", camel(kind.name())), Conditions::from([("StringEquals", condition)]), BTreeSet::from([all]))
}

fn resources(action: &Action, one: &Desired, kind: &'static dyn Kind, place: &Place) -> Vec<String> {
    match action.on {
        On::Itself => vec![one.arn.clone()],
        On::ItselfAnd(end) => vec![one.arn.clone(), format!("{}{end}", one.arn)],
        On::Attribute(row) => texts(one.get(row)),
        On::Member(list, member) => {
            one.get(list).as_list().unwrap_or_default().iter().flat_map(|item| texts(item.get(member.key))).collect()
        }
        On::Every(_) => vec![kind.arn("*", place)],
        On::Path(path) | On::Tagged(path) => vec![at(path, place)],
        On::Any(_) => vec!["*".to_owned()],
    }
}

/// The ARN of what is the same for all.
fn at(path: &str, place: &Place) -> String {
    let path = path.replace("{partition}", &place.partition).replace("{region}", &place.region);
    path.replace("{account}", &place.account)
}

/// The conditions of an action on one resource; `None` where the resource does not need it.
fn conditions(action: &Action, one: &Desired, request: &Request<'_>) -> Option<Conditions> {
    let mut conditions = Conditions::new();
    if let Some(condition) = action.condition {
        let values = match condition.values {
            Values::Text(text) => vec![text.to_owned()],
            Values::Attribute(row) => texts(one.get(row)),
        };
        if values.is_empty() {
            return None;
        }
        let entry = conditions.entry(condition.operator).or_default();
        entry.entry(condition.key.to_owned()).or_default().extend(values);
    }
    if let (On::Tagged(_), Some(stack)) = (action.on, one.tags.get(STACK_TAG)) {
        let entry = conditions.entry("StringEquals").or_default();
        entry.entry(format!("aws:ResourceTag/{STACK_TAG}")).or_default().insert(stack.clone());
    }
    if let Some(arn) = request.boundary.filter(|_| action.bounded == Bounded::Within) {
        let entry = conditions.entry("StringEquals").or_default();
        entry.entry("iam:PermissionsBoundary".to_owned()).or_default().insert(arn.to_owned());
    }
    Some(conditions)
}

fn merged(by_condition: BTreeMap<Conditions, BTreeSet<String>>) -> BTreeMap<Conditions, BTreeSet<String>> {
    let (mut conditions, mut resources) = (Conditions::new(), BTreeSet::new());
    for (one, on) in by_condition {
        for (operator, keys) in one {
            let entry = conditions.entry(operator).or_default();
            keys.into_iter().for_each(|(key, values)| entry.entry(key).or_default().extend(values));
        }
        resources.extend(on);
    }
    BTreeMap::from([(conditions, resources)])
}

/// The ARNs that a value holds, of objects those of all members; what is not resolved names nothing that could be
/// allowed.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Text(text) => vec![text.clone()],
        Value::List(items) => items.iter().flat_map(texts).collect(),
        Value::Map(members) => members.values().flat_map(texts).filter(|text| text.starts_with("arn:")).collect(),
        _ => Vec::new(),
    }
}

/// The id of a statement: `Queue`, `FunctionRole`, `AlarmEvery`.
fn id(kind: &dyn Kind, action: &Action) -> String {
    let kind = camel(kind.name());
    match action.on {
        On::Itself | On::ItselfAnd(_) => kind,
        On::Attribute(row) | On::Member(row, _) => kind + &camel(row.key),
        On::Every(_) => kind + "Every",
        On::Path(_) => kind + "Path",
        On::Tagged(_) => kind + "Tagged",
        On::Any(_) => kind + "Any",
    }
}

/// `log_group` → `LogGroup`.
fn camel(name: &str) -> String {
    let words = name.split('_').map(|word| {
        let mut letters = word.chars();
        letters.next().map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + letters.as_str())
    });
    words.collect()
}

fn statement(
    id: String,
    actions: &BTreeSet<&'static str>,
    resources: &BTreeSet<String>,
    conditions: &Conditions,
) -> Json {
    let mut statement = Map::new();
    statement.insert("Sid".to_owned(), id.into());
    statement.insert("Effect".to_owned(), "Allow".into());
    statement.insert("Action".to_owned(), json!(actions));
    statement.insert("Resource".to_owned(), json!(resources));
    if !conditions.is_empty() {
        statement.insert("Condition".to_owned(), json!(conditions));
    }
    Json::Object(statement)
}

/// Counts a policy's characters as IAM does: without white space.
#[must_use]
pub fn characters(policy: &Json) -> usize {
    policy.to_string().chars().filter(|c| !c.is_whitespace()).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_has_a_service_and_every_wide_one_a_reason() {
        for (kind, action) in KINDS.iter().flat_map(|kind| kind.actions().iter().map(move |action| (kind, action))) {
            let (service, name) = action.name.split_once(':').unwrap();
            assert!(!service.is_empty() && name.starts_with(|c: char| c.is_ascii_uppercase()), "{}", action.name);
            if let On::Any(reason) | On::Every(reason) = action.on {
                assert!(reason.len() > 20, "{}: {} says no reason", kind.name(), action.name);
            }
            let lists = matches!(action.on, On::Any(_) | On::Path(_));
            assert!(action.purpose != Purpose::List || lists, "{}", action.name);
        }
    }
}
