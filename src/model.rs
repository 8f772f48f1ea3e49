//! The stack as plain data: resources by address, their attributes, and what they refer to.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Serialize, Serializer};

use crate::diagnostic::{Code, Diagnostic, Source, Span};
use crate::kind::{Kind, Row};
use crate::secret::Secret;
use crate::value::Value;

/// Names a resource of a stack: `queue.calendar-sync-queue`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    /// The kind's name, `queue`.
    pub kind: &'static str,
    /// The logical name, unique among the kind's resources of the stack.
    pub name: String,
}

impl Address {
    /// Makes an address.
    pub fn new(kind: &'static str, name: impl Into<String>) -> Self {
        Address { kind, name: name.into() }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.kind, self.name)
    }
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A fact of another resource, or of the place that the stack goes to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ref {
    /// Whose fact.
    pub of: RefTarget,
    /// Which fact.
    pub fact: Fact,
    /// Whether the other must exist first. A soft reference orders nothing: names and ARNs are known before.
    pub hard: bool,
}

/// Whose fact a [`Ref`] is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RefTarget {
    /// A resource of this stack.
    Resource(Address),
    /// The place: account, Region, partition.
    Place,
    /// A secret that is kept in another service.
    Secret(Secret),
}

/// Which fact a [`Ref`] asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fact {
    /// The ARN.
    Arn,
    /// The physical name.
    Name,
    /// The URL, as the service says it.
    Url,
    /// The account of the place.
    Account,
    /// The Region of the place.
    Region,
    /// The partition of the place.
    Partition,
    /// When it was last changed, in UTC as RFC 3339 writes it; known of what exists, and not for `${…}`.
    Modified,
    /// The value of a secret.
    Value,
}

impl Fact {
    /// Every fact with its spelling in `${…}`.
    pub const ALL: &'static [(&'static str, Fact)] = &[
        ("arn", Fact::Arn),
        ("name", Fact::Name),
        ("url", Fact::Url),
        ("account", Fact::Account),
        ("region", Fact::Region),
        ("partition", Fact::Partition),
    ];

    /// Its spelling in `${…}`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(_, fact)| *fact == self).map_or("arn", |(name, _)| name)
    }
}

impl Ref {
    /// Asks for a fact of a resource that must exist first.
    #[must_use]
    pub fn hard(address: &Address, fact: Fact) -> Value {
        Value::Ref(Ref { of: RefTarget::Resource(address.clone()), fact, hard: true })
    }

    /// Asks for a fact of a resource, in whatever order the two are made.
    #[must_use]
    pub fn soft(address: &Address, fact: Fact) -> Value {
        Value::Ref(Ref { of: RefTarget::Resource(address.clone()), fact, hard: false })
    }

    /// Asks for a fact of the place: its account, Region or partition.
    #[must_use]
    pub const fn place(fact: Fact) -> Ref {
        Ref { of: RefTarget::Place, fact, hard: false }
    }

    /// The resource it refers to, if any.
    #[must_use]
    pub fn address(&self) -> Option<&Address> {
        match &self.of {
            RefTarget::Resource(address) => Some(address),
            RefTarget::Place | RefTarget::Secret(_) => None,
        }
    }

    /// The secret it refers to, if any.
    #[must_use]
    pub fn secret(&self) -> Option<&Secret> {
        match &self.of {
            RefTarget::Secret(secret) => Some(secret),
            _ => None,
        }
    }
}

impl fmt::Display for Ref {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.of {
            RefTarget::Resource(address) => {
                let section = crate::kind::find(address.kind).map_or(address.kind, |kind| kind.section());
                write!(f, "${{{section}.{}.{}}}", address.name, self.fact.as_str())
            }
            RefTarget::Place => write!(f, "${{aws.{}}}", self.fact.as_str()),
            RefTarget::Secret(secret) => secret.fmt(f),
        }
    }
}

/// What stands for the Region in a physical name.
pub const REGION: &str = "${aws.region}";

/// Attributes by YAML key.
pub type Attributes = BTreeMap<&'static str, Value>;

/// One thing that the stack wants to exist.
#[derive(Clone, Debug)]
pub struct Resource {
    /// Its name in the stack.
    pub address: Address,
    /// Its kind.
    pub kind: &'static dyn Kind,
    /// Its physical name; `None` until the kind has derived it.
    pub name: Option<String>,
    /// What is set of its rows; after [`crate::expand`] every row has a value.
    pub attributes: Attributes,
    /// Its own tags; the stack's are added when the model is complete.
    pub tags: BTreeMap<String, String>,
    /// Where each attribute stands in the stack file, by dotted path; the empty path is the resource.
    pub spans: BTreeMap<String, Span>,
    /// The dotted paths of what was written and could not be read: told already, so nothing else is said of them.
    pub broken: BTreeSet<String>,
    /// The resource whose short form made this one.
    pub made_by: Option<Address>,
    /// Whether it may be neither deleted nor replaced.
    pub protect: bool,
}

impl Resource {
    /// Makes a resource with nothing set.
    #[must_use]
    pub fn new(kind: &'static dyn Kind, name: impl Into<String>) -> Self {
        Resource {
            address: Address::new(kind.name(), name),
            kind,
            name: None,
            attributes: Attributes::new(),
            tags: BTreeMap::new(),
            spans: BTreeMap::new(),
            broken: BTreeSet::new(),
            made_by: None,
            protect: false,
        }
    }

    /// Returns an attribute, or [`Value::Null`] when it is not set.
    #[must_use]
    pub fn get(&self, row: &Row) -> &Value {
        self.attributes.get(row.key).unwrap_or(&Value::Null)
    }

    /// Sets an attribute.
    pub fn set(&mut self, row: &Row, value: Value) {
        self.attributes.insert(row.key, value);
    }

    /// Sets an attribute that is not set.
    pub fn fill(&mut self, row: &Row, value: Value) {
        self.attributes.entry(row.key).or_insert(value);
    }

    /// Takes a short form out: what it stands for replaces it.
    pub fn take(&mut self, row: &Row) -> Value {
        self.attributes.remove(row.key).unwrap_or(Value::Null)
    }

    /// Finds the place of an attribute, or of the nearest thing around it.
    #[must_use]
    pub fn span(&self, path: &str) -> Option<Span> {
        let mut path = path;
        loop {
            if let Some(span) = self.spans.get(path) {
                return Some(*span);
            }
            path = path.rsplit_once('.').map(|(parent, _)| parent).or((!path.is_empty()).then_some(""))?;
        }
    }

    /// Tells whether an attribute, or something in it, was written and could not be read.
    #[must_use]
    pub fn is_broken(&self, path: &str) -> bool {
        let inside = |rest: &str| rest.is_empty() || rest.starts_with('.');
        self.broken.iter().any(|broken| broken.is_empty() || broken.strip_prefix(path).is_some_and(inside))
    }

    /// Tells whether an attribute, or what it stands in, was written and could not be read.
    #[must_use]
    pub fn is_unread(&self, path: &str) -> bool {
        let around = |rest: &str| rest.is_empty() || rest.starts_with('.');
        self.broken.iter().any(|broken| broken.is_empty() || path.strip_prefix(broken.as_str()).is_some_and(around))
    }

    /// Starts a finding about an attribute of this resource, at its place.
    #[must_use]
    pub fn finding(&self, code: &'static Code, path: &str, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(code, message).at(self.span(path)).of(&self.address)
    }

    /// Returns the physical name: the derived one, else what the logical name says.
    #[must_use]
    pub fn physical_name(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.address.name)
    }

    /// Returns the physical name in a Region: `${aws.region}` stands in the names of what an account has only once.
    #[must_use]
    pub fn name_in(&self, region: &str) -> String {
        self.physical_name().replace(REGION, region)
    }

    /// Returns the physical name as a value, with the Region as a reference where it stands in the name.
    #[must_use]
    pub fn name_value(&self) -> Value {
        let mut parts = Vec::new();
        for (index, part) in self.physical_name().split(REGION).enumerate() {
            if index > 0 {
                parts.push(Value::Ref(Ref::place(Fact::Region)));
            }
            if !part.is_empty() {
                parts.push(Value::text(part));
            }
        }
        if parts.len() == 1 { parts.remove(0) } else { Value::Join(parts) }
    }

    /// Goes through all references in its attributes.
    #[must_use]
    pub fn references(&self) -> Vec<&Ref> {
        let mut found = Vec::new();
        self.attributes.values().for_each(|value| value.walk(&mut |inner| found.extend(inner.as_ref())));
        found
    }
}

/// A resource that has another address than before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// Where it was.
    pub from: Address,
    /// Where it is.
    pub to: Address,
    /// Where the stack file says so.
    pub span: Span,
}

/// A variable that the stack declares.
#[derive(Clone, Debug, Default)]
pub struct Variable {
    /// What it is for.
    pub description: Option<String>,
    /// What it is when nobody says; `None` where somebody must, `Some(Null)` where that is nothing.
    pub default: Option<Value>,
    /// The values that it may have; empty means any.
    pub allowed: Vec<String>,
    /// What it is here; `None` when that is told as a mistake.
    pub value: Option<Value>,
}

/// A stack: what YAML and constructs both give, and what every later phase reads.
#[derive(Clone, Debug, Default)]
pub struct Stack {
    /// Its name: the value of the ownership tag.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Tags of every resource.
    pub tags: BTreeMap<String, String>,
    /// Where what belongs to the stack itself stands, by dotted path: `tags.team`.
    pub spans: BTreeMap<String, Span>,
    /// Tags that others own: patterns such as `cost:*`, never compared and never removed.
    pub ignore_tags: BTreeSet<String>,
    /// The only accounts that it may go to, twelve digits each; empty means any.
    pub accounts: BTreeSet<String>,
    /// The only Regions that it may go to; empty means any.
    pub regions: BTreeSet<String>,
    /// Resources whose logical names changed.
    pub moved: Vec<Moved>,
    /// Values for attributes that a resource does not set, by kind.
    pub defaults: BTreeMap<&'static str, Attributes>,
    /// The variables that were put into it.
    pub variables: BTreeMap<String, Variable>,
    /// The resources.
    pub resources: BTreeMap<Address, Resource>,
    /// The file it came from, for diagnostics.
    pub source: Source,
}

impl Stack {
    /// Returns the resources of one kind, without a look at the others.
    pub fn of_kind(&self, kind: &'static str) -> impl Iterator<Item = &Resource> {
        let from = self.resources.range(Address::new(kind, "")..);
        from.map(|(_, resource)| resource).take_while(move |resource| resource.address.kind == kind)
    }

    /// Returns the resource of this address, made with nothing set if it is not there.
    ///
    /// This is how a short form makes other resources: what the user wrote of them wins, the short form fills the rest.
    pub fn ensure(&mut self, kind: &'static dyn Kind, name: &str, maker: &Resource) -> &mut Resource {
        self.resources.entry(Address::new(kind.name(), name)).or_insert_with(|| {
            let mut resource = Resource::new(kind, name);
            resource.made_by = Some(maker.address.clone());
            resource.protect = maker.protect;
            resource.spans.extend(maker.span("").map(|span| (String::new(), span)));
            resource
        })
    }

    /// Returns the physical name of a resource, as far as the stack says it already.
    #[must_use]
    pub fn physical_name_of(&self, address: &Address) -> String {
        let resource = self.resources.get(address);
        resource.map_or_else(|| address.name.clone(), |resource| resource.kind.physical_name(resource))
    }

    /// Returns what a resource without this attribute would get from the stack's defaults or the row.
    #[must_use]
    pub fn default_of(&self, kind: &'static dyn Kind, row: &Row) -> Value {
        let stack = self.defaults.get(kind.name()).and_then(|defaults| defaults.get(row.key));
        stack.cloned().unwrap_or_else(|| row.default.value())
    }
}
