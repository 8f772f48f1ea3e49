//! Resource kinds: one file each, one attribute one row, one ordered list of all.
//!
//! A kind never knows about ordering, printing or the command line. To add one: write its file,
//! add it to [`KINDS`], use it in a stack under `stacks/`, and regenerate.

pub mod alarm;
pub(in crate::kind) mod arn;
pub mod bus;
pub mod fifo;
pub mod function;
pub mod http_api;
pub mod log_group;
pub mod mapping;
pub mod pattern;
pub mod policy;
pub mod queue;
pub mod role;
mod row;
pub mod rule;
mod sample;
pub mod subscription;
pub mod table;
pub mod terraform;
pub mod topic;
pub mod worker;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use async_trait::async_trait;

use crate::artifact::Artifact;
use crate::backend::aws::Aws;
use crate::build::Source;
use crate::diagnostic::{Code, Diagnostics};
use crate::error::AwsError;
use crate::expand::STACK_TAG;
use crate::model::{Address, Attributes, Fact, Resource, Stack};
use crate::permissions::Action;
use crate::plan::Change;
use crate::value::{Place, Value};

pub use arn::Arn;
pub use row::{Default, Effect, Reported, Row, Type, walk};
pub use sample::{Depth, Line, Sample};

/// Every kind, in the order that a stack file and a rendered folder list them.
pub const KINDS: &[&dyn Kind] = &[
    &queue::Queue,
    &alarm::Alarm,
    &log_group::LogGroup,
    &role::Role,
    &function::Function,
    &mapping::Mapping,
    &topic::Topic,
    &subscription::Subscription,
    &bus::Bus,
    &rule::Rule,
    &table::Table,
    &http_api::HttpApi,
    &worker::Worker,
];

/// Finds a kind by its name.
#[must_use]
pub fn find(name: &str) -> Option<&'static dyn Kind> {
    KINDS.iter().copied().find(|kind| kind.name() == name)
}

/// Finds a kind by its section of the stack file.
#[must_use]
pub fn find_section(section: &str) -> Option<&'static dyn Kind> {
    KINDS.iter().copied().find(|kind| kind.section() == section)
}

/// What is true of a kind of resource without asking AWS.
pub trait Kind: Sync {
    /// Its name in addresses: `queue`.
    fn name(&self) -> &'static str;

    /// Its section of the stack file: `queues`.
    fn section(&self) -> &'static str;

    /// One sentence for the reference and the schema.
    fn doc(&self) -> &'static str;

    /// Its attributes and short forms.
    fn rows(&self) -> &'static [Row];

    /// The resource type in the tagging API and in ARNs: `sqs`, `cloudwatch:alarm`; empty if that API is not asked.
    fn tag_type(&self) -> &'static str;

    /// Tells whether its resources have tags; one without belongs to whom what it names belongs.
    fn has_tags(&self) -> bool {
        true
    }

    /// The ARN of a resource with this physical name.
    fn arn(&self, name: &str, place: &Place) -> String;

    /// The ARN of a complete resource, for kinds whose ARN has more in it than the name.
    fn arn_of(&self, resource: &Resource, place: &Place) -> String {
        self.arn(resource.physical_name(), place)
    }

    /// The physical name in an ARN of this kind.
    fn name_in_arn<'a>(&self, arn: &'a str) -> Option<&'a str>;

    /// What AWS calls a resource of this physical name: a name that is unique within another resource alone, as a rule's
    /// on its bus, has that before it here.
    fn short_name<'a>(&self, name: &'a str) -> &'a str {
        name
    }

    /// Derives the physical name from the logical name and the `name:` that the user wrote, if any.
    fn physical_name(&self, resource: &Resource) -> String {
        resource.physical_name().to_owned()
    }

    /// Gives the resources that a stack names those defaults that are not for what short forms make, before any expands.
    fn share_defaults(&self, _stack: &mut Stack) {}

    /// Tells whether a complete resource that does not say an attribute gets the default of the stack for it.
    fn takes_default(&self, _resource: &Resource, _row: &Row) -> bool {
        true
    }

    /// Replaces the short forms of one resource by what they stand for, in it and in other resources.
    fn expand(&self, resource: &mut Resource, stack: &mut Stack, out: &mut Diagnostics);

    /// Checks what involves several attributes of one complete resource.
    fn check(&self, resource: &Resource, out: &mut Diagnostics);

    /// The codes of its own findings, in order.
    fn codes(&self) -> &'static [&'static Code] {
        &[]
    }

    /// Tells whether one that exists and that nobody's tag claims is taken over without asking.
    ///
    /// True of what AWS makes by itself; one that another stack owns is a conflict all the same.
    fn adopts_silently(&self) -> bool {
        false
    }

    /// Tells whether an account has its names once for all Regions: `${aws.region}` may stand in them then.
    fn is_global(&self) -> bool {
        false
    }

    /// What has to be built or read before it can be planned; `None` for what needs nothing.
    fn source(&self, _resource: &Resource) -> Option<Source> {
        None
    }

    /// Takes over what was built of its source: digest and size, which the plan compares.
    fn built(&self, _resource: &mut Resource, _artifact: &Artifact) {}

    /// How Terraform's provider spells it; `None` for a kind that expands into others entirely.
    fn terraform(&self) -> Option<&'static terraform::Spelling> {
        None
    }

    /// Says of one that was read from the account what AWS does not tell, such as that its code is deployed elsewhere.
    fn imported(&self, _resource: &mut Resource) {}

    /// What applications are told of it: (what the variable begins with, the fact that it holds).
    fn outputs(&self) -> &'static [(&'static str, Fact)] {
        &[]
    }

    /// The IAM actions that its calls need, each with what it is checked against.
    fn actions(&self) -> &'static [Action] {
        &[]
    }

    /// The ARN pattern of all that a stack made of this kind and may have to delete.
    fn arn_of_all(&self, _stack: &str, place: &Place) -> String {
        self.arn("*", place)
    }

    /// Says what [`Found::holds`] counts, in words: `3 messages`.
    fn held(&self, holds: u64) -> String {
        if holds == 1 { "1 message".to_owned() } else { format!("{holds} messages") }
    }

    /// Tells whether deleting it needs consent because of what it holds; cutting what it holds short always does.
    fn holds_fast(&self) -> bool {
        true
    }

    /// Its face towards AWS; `None` for a kind that expands into others entirely.
    fn live(&self) -> Option<&dyn Live>;
}

impl fmt::Debug for dyn Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A resource with nothing left to resolve but URLs that only the service knows.
#[derive(Clone, Debug)]
pub struct Desired {
    /// Its name in the stack.
    pub address: Address,
    /// Its kind.
    pub kind: &'static dyn Kind,
    /// Its physical name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// Every row's value; [`Value::Null`] means cleared.
    pub attributes: Attributes,
    /// All its tags, ownership included.
    pub tags: BTreeMap<String, String>,
}

impl Desired {
    /// Returns an attribute, or [`Value::Null`].
    #[must_use]
    pub fn get(&self, row: &Row) -> &Value {
        self.attributes.get(row.key).unwrap_or(&Value::Null)
    }
}

/// A resource as AWS reports it.
#[derive(Clone, Debug)]
pub struct Found {
    /// Its kind.
    pub kind: &'static dyn Kind,
    /// Its physical name.
    pub name: String,
    /// Its ARN, as the service says it.
    pub arn: String,
    /// What the service reports, in the terms of the rows; a row it says nothing about is not in it.
    pub attributes: Attributes,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// Facts that no row describes: `url`.
    pub facts: BTreeMap<Fact, String>,
    /// How much it holds that would be lost with it, where that is a question; [`Kind::held`] says what.
    pub holds: Option<u64>,
}

/// What a sweep looks for: what these stacks own, and the physical names that each of them wants.
///
/// Stacks that are planned together are read together: most of what is read is the account's, whosever it is.
#[derive(Clone, Debug)]
pub struct Sweep {
    /// The tag that says whose something is.
    pub tag: String,
    /// The names that are wanted by each value of the tag.
    pub wanted: BTreeMap<String, BTreeSet<String>>,
}

impl Sweep {
    /// Looks for what these stacks own, and for the names that they want.
    #[must_use]
    pub fn of_stacks(wanted: BTreeMap<String, BTreeSet<String>>) -> Sweep {
        Sweep { tag: STACK_TAG.to_owned(), wanted }
    }

    /// Looks for whatever has a tag.
    #[must_use]
    pub fn of_tag(key: &str, value: &str) -> Sweep {
        Sweep { tag: key.to_owned(), wanted: [(value.to_owned(), BTreeSet::new())].into() }
    }

    /// Returns the names that any of the stacks wants.
    #[must_use]
    pub fn names(&self) -> BTreeSet<String> {
        self.wanted.values().flatten().cloned().collect()
    }

    /// Tells whether any of the stacks wants this name.
    #[must_use]
    pub fn wants(&self, name: &str) -> bool {
        self.wanted.values().any(|names| names.contains(name))
    }

    /// Tells whether these are the tags of what one of the stacks owns.
    #[must_use]
    pub fn owns(&self, tags: &BTreeMap<String, String>) -> bool {
        tags.get(&self.tag).is_some_and(|owner| self.wanted.contains_key(owner))
    }

    /// Tells whether this is what is looked for.
    #[must_use]
    pub fn keeps(&self, found: &Found) -> bool {
        self.wants(&found.name) || self.owns(&found.tags)
    }
}

/// What AWS said after a change.
pub type Facts = BTreeMap<Fact, String>;

/// What can be asked of AWS about a kind. Every method is safe to repeat.
#[async_trait]
pub trait Live: Sync {
    /// Reads the named resources that exist and all that carry the stack's ownership tag, in one sweep.
    ///
    /// # Errors
    /// When a call fails for good.
    async fn read(&self, aws: &Aws, sweep: &Sweep) -> Result<Vec<Found>, AwsError>;

    /// Names the resources of this kind that belong to what was found and are imported with it: the alarms on a
    /// queue, the function of a mapping.
    ///
    /// # Errors
    /// When a call fails for good.
    async fn belonging(&self, _aws: &Aws, _found: &[Found]) -> Result<BTreeSet<String>, AwsError> {
        Ok(BTreeSet::new())
    }

    /// Creates it, tags included in the call.
    ///
    /// # Errors
    /// When a call fails for good.
    async fn create(&self, aws: &Aws, desired: &Desired) -> Result<Facts, AwsError>;

    /// Changes what differs, attributes and tags.
    ///
    /// # Errors
    /// When a call fails for good.
    async fn update(&self, aws: &Aws, desired: &Desired, found: &Found, changes: &[Change]) -> Result<(), AwsError>;

    /// Deletes it; one that is gone already is fine.
    ///
    /// # Errors
    /// When a call fails for good, or it holds more than `consent` allows to be lost.
    async fn delete(&self, aws: &Aws, found: &Found, consent: bool) -> Result<(), AwsError>;

    /// Looks at what it is doing, from `since` on, in milliseconds since 1970; most kinds do nothing by themselves.
    ///
    /// # Errors
    /// When a call fails for good.
    async fn sample(&self, _aws: &Aws, _found: &Found, _since: i64) -> Result<Option<Sample>, AwsError> {
        Ok(None)
    }
}

/// Splits the tag changes of a step into what to set and what to remove.
#[must_use]
pub fn tag_changes(desired: &Desired, found: &Found, changes: &[Change]) -> (BTreeMap<String, String>, Vec<String>) {
    let differs = |key: &String| changes.iter().any(|change| change.is_tag() && change.key == *key);
    let set = desired.tags.iter().filter(|(key, _)| differs(key)).map(|(key, value)| (key.clone(), value.clone()));
    let removed = found.tags.keys().filter(|key| differs(key) && !desired.tags.contains_key(*key));
    (set.collect(), removed.cloned().collect())
}

/// Goes through the texts that one attribute has in what was found of one kind.
pub fn texts_in<'a>(found: &'a [Found], kind: &'a dyn Kind, row: &'a Row) -> impl Iterator<Item = &'a str> {
    let of_kind = found.iter().filter(|one| one.kind.name() == kind.name());
    of_kind.filter_map(|one| one.attributes.get(row.key)?.as_text())
}
