//! The stack that constructs add to, and the scopes within it.

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};
use std::panic::Location;

use super::aspects::Aspect;
use super::codes;
use super::fact;
use super::fit::Fitting;
use super::settings::{Line, Settings};
use crate::diagnostic::{Diagnostic, Diagnostics, Place, Span};
use crate::kind::{Kind, Row};
use crate::manifest::{BAD_ADDRESS, BAD_NAME, BAD_PLACE, a, guards, is_name, regional};
use crate::model::{self, Address, Moved, Resource};
use crate::secret::BAD_REFERENCE;
use crate::value::Value;
use crate::{expand, rule};

/// Where constructs are put: a [`Stack`], or a part of one whose names begin with the names of what is around it.
#[derive(Debug)]
pub struct Scope {
    pub(super) model: model::Stack,
    places: Vec<Place>,
    path: Vec<String>,
    /// What was built, with the path of each.
    built: BTreeMap<Address, String>,
    findings: Diagnostics,
    aspects: Vec<Box<dyn Aspect>>,
}

/// A group of resources that users write once and put into stacks under different names.
///
/// ```
/// use queuestack::construct::*;
///
/// struct Tenant {
///     retries: u32,
/// }
///
/// impl Construct for Tenant {
///     type Output = Queue;
///
///     fn build(self, scope: &mut Scope) -> Queue {
///         let jobs = Queue::new(scope, "jobs").dead_letter(self.retries).build();
///         jobs.dead_letters().alarm(scope, 1);
///         jobs
///     }
/// }
///
/// let mut stack = Stack::new("tenants");
/// stack.add("acme", Tenant { retries: 3 }); // queue.acme-jobs
/// stack.add("zeta", Tenant { retries: 5 }); // queue.zeta-jobs
/// ```
pub trait Construct {
    /// What it hands back: handles of what others refer to.
    type Output;

    /// Adds its resources to a scope.
    fn build(self, scope: &mut Scope) -> Self::Output;
}

impl Scope {
    /// Adds a construct; the names of its resources begin with `name-`.
    pub fn add<C: Construct>(&mut self, name: impl Into<String>, construct: C) -> C::Output {
        self.within(name, |scope| construct.build(scope))
    }

    /// Runs `build` in a scope whose names begin with `name-`.
    pub fn within<T>(&mut self, name: impl Into<String>, build: impl FnOnce(&mut Scope) -> T) -> T {
        self.path.push(name.into());
        let built = build(self);
        self.path.pop();
        built
    }

    /// The names of the scopes around, from the stack's inwards: `tenants/acme`.
    #[must_use]
    pub fn path(&self) -> String {
        let names = std::iter::once(&self.model.name).chain(&self.path);
        names.map(String::as_str).collect::<Vec<_>>().join("/")
    }

    /// The logical name of what is called `name` here.
    pub(super) fn logical(&self, name: &str) -> String {
        self.path.iter().map(String::as_str).chain([name]).collect::<Vec<_>>().join("-")
    }

    /// Remembers a line as a span.
    fn place(&mut self, line: Line, construct: &str) -> Span {
        let at = self.places.len();
        self.places.push(Place::of(line, construct));
        Span { start: at, end: at }
    }

    /// Adds what is wrong with a construct.
    pub(super) fn report(&mut self, diagnostic: Diagnostic, line: Line, name: &str) {
        let construct = format!("{}/{name}", self.path());
        let span = self.place(line, &construct);
        self.findings.push(diagnostic.at(span));
    }

    /// Fits what was set to the rows and puts it into a resource, with the places.
    fn put(&mut self, resource: &mut Resource, settings: Settings, name: &str) {
        let construct = format!("{}/{name}", self.path());
        for (path, line) in settings.places {
            let span = self.place(line, &construct);
            resource.spans.insert(path, span);
        }
        let mut fitting = Fitting::default();
        for (key, value) in settings.values {
            if let Some(row) = resource.kind.rows().iter().find(|row| row.key == key) {
                let value = fitting.fit(row, key, value);
                value.walk(&mut |inner| {
                    // A mark that stands is of no fact: secrets alone are named by texts.
                    if inner.as_text().is_some_and(fact::has_fact) {
                        let message = format!("`{key}` names a secret that cannot be one");
                        fitting.findings.push((key.to_owned(), Diagnostic::new(&BAD_REFERENCE, message)));
                    }
                });
                if !value.is_null() {
                    resource.set(row, value);
                }
            }
        }
        resource.broken.extend(fitting.broken);
        for (path, finding) in fitting.findings {
            self.findings.push(finding.at(resource.span(&path)).of(&resource.address));
        }
    }

    /// Adds a resource. One whose name is taken or cannot be one is told, and not added.
    pub(super) fn insert(&mut self, mut resource: Resource, settings: Settings, name: &str, line: Line) -> Resource {
        let construct = format!("{}/{name}", self.path());
        let span = self.place(line, &construct);
        resource.spans.insert(String::new(), span);
        self.put(&mut resource, settings, name);
        let address = &resource.address;
        if !is_name(&address.name) {
            let message = format!("`{}` cannot be the logical name of {}", address.name, a(address.kind));
            self.findings.push(Diagnostic::new(&BAD_NAME, message).at(span).of(address));
        } else if self.model.resources.contains_key(address) {
            let message = format!("`{construct}` is `{address}`, which the stack has already");
            self.findings.push(Diagnostic::new(&codes::TAKEN, message).at(span).of(address));
        } else {
            self.built.insert(address.clone(), construct);
            self.model.resources.insert(address.clone(), resource.clone());
        }
        resource
    }

    /// Adds to the attribute of a resource that was built; one that the stack does not have is told.
    ///
    /// `change` is given the span of the line.
    pub(super) fn amend(&mut self, address: &Address, row: &Row, line: Line, change: impl FnOnce(&mut Resource, Span)) {
        let construct = self.built.get(address).cloned().unwrap_or_else(|| self.path());
        let span = self.place(line, &construct);
        if let Some(resource) = self.model.resources.get_mut(address) {
            resource.spans.entry(row.key.to_owned()).or_insert(span);
            change(resource, span);
        } else {
            let message = format!("`{address}` was not built in this stack, so that nothing can be added to it");
            self.findings.push(Diagnostic::new(&codes::ELSEWHERE, message).at(span).of(address));
        }
    }

    fn guard(&mut self, key: &str, place: &str, good: bool, line: Line) {
        if !good {
            let construct = self.path();
            let span = self.place(line, &construct);
            let message = format!("`{place}` cannot be one of `{key}`");
            self.findings.push(Diagnostic::new(&BAD_PLACE, message).at(span));
        }
    }

    /// Says that a resource was another of its kind before.
    pub(super) fn moved(&mut self, to: &Address, from: &str, line: Line) {
        let construct = self.built.get(to).cloned().unwrap_or_else(|| self.path());
        let span = self.place(line, &construct);
        if is_name(from) {
            self.model.moved.push(Moved { from: Address::new(to.kind, from), to: to.clone(), span });
        } else {
            let message = format!("`{}.{from}` is no address", to.kind);
            self.findings.push(Diagnostic::new(&BAD_ADDRESS, message).at(span).of(to));
        }
    }

    /// Sets what resources of a kind are when they do not say.
    pub(super) fn set_defaults(&mut self, kind: &'static dyn Kind, settings: Settings, line: Line) {
        let mut bearer = Resource::new(kind, "defaults");
        let span = self.place(line, &format!("{}/defaults", self.path()));
        bearer.spans.insert(String::new(), span);
        self.put(&mut bearer, settings, "defaults");
        self.model.defaults.entry(kind.name()).or_default().extend(bearer.attributes);
    }
}

/// A stack written in Rust. Hand it to [`queuestack::main`](crate::main).
#[derive(Debug)]
pub struct Stack(Scope);

impl Stack {
    /// Starts a stack. Its name owns what is made of it, in the tag `queuestack:stack`.
    #[must_use]
    #[track_caller]
    pub fn new(name: impl Into<String>) -> Stack {
        let mut scope = Scope {
            model: model::Stack { name: name.into(), ..model::Stack::default() },
            places: Vec::new(),
            path: Vec::new(),
            built: BTreeMap::new(),
            findings: Diagnostics::default(),
            aspects: Vec::new(),
        };
        let name = scope.model.name.clone();
        let span = scope.place(Location::caller(), &name);
        Location::caller().file().clone_into(&mut scope.model.source.path);
        if !is_name(&name) {
            scope.findings.push(Diagnostic::new(&BAD_NAME, format!("`{name}` cannot be the name of a stack")).at(span));
        }
        Stack(scope)
    }

    /// Says what the stack is for.
    #[must_use]
    pub fn description(mut self, words: impl Into<String>) -> Stack {
        self.0.model.description = Some(words.into());
        self
    }

    /// Adds a tag to every resource.
    #[must_use]
    #[track_caller]
    pub fn tag(mut self, key: impl Into<String>, value: impl Into<String>) -> Stack {
        let (key, name) = (key.into(), self.0.model.name.clone());
        let span = self.0.place(Location::caller(), &name);
        self.0.model.spans.insert(format!("tags.{key}"), span);
        self.0.model.tags.insert(key, value.into());
        self
    }

    /// Leaves tags that others own alone, such as `cost:*`: never compared, never removed.
    #[must_use]
    pub fn ignore_tags(mut self, pattern: impl Into<String>) -> Stack {
        self.0.model.ignore_tags.insert(pattern.into());
        self
    }

    /// Refuses every account but this one and those that were allowed before: its twelve digits.
    #[must_use]
    #[track_caller]
    pub fn account(mut self, account: impl Into<String>) -> Stack {
        let account = account.into();
        self.0.guard("account", &account, guards::is_account(&account), Location::caller());
        self.0.model.accounts.insert(account);
        self
    }

    /// Refuses every Region but this one and those that were allowed before: `eu-central-1`.
    #[must_use]
    #[track_caller]
    pub fn region(mut self, region: impl Into<String>) -> Stack {
        let region = region.into();
        self.0.guard("regions", &region, guards::is_region(&region), Location::caller());
        self.0.model.regions.insert(region);
        self
    }

    /// Adds a visitor of every resource, see [`aspects`](super::aspects).
    #[must_use]
    pub fn aspect(mut self, aspect: impl Aspect + 'static) -> Stack {
        self.0.aspects.push(Box::new(aspect));
        self
    }

    /// The stack's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.model.name
    }

    /// Writes every short form and default out, lets the aspects visit, and checks by every rule.
    ///
    /// The findings name the lines of Rust that they are about.
    #[must_use]
    pub fn complete(&self) -> (model::Stack, Diagnostics) {
        let mut stack = self.0.model.clone();
        let mut out = self.0.findings.clone();
        expand::expand(&mut stack, &mut out);
        for aspect in &self.0.aspects {
            for resource in stack.resources.values_mut() {
                aspect.visit(resource, &mut out);
            }
        }
        rule::check(&stack, &mut out);
        out.sort();
        out.put_places(&self.0.places);
        // Spans number places, and that is over: later phases take them for bytes of a file.
        stack.resources.values_mut().for_each(|resource| resource.spans.clear());
        (stack, out)
    }
}

impl Deref for Stack {
    type Target = Scope;

    fn deref(&self) -> &Scope {
        &self.0
    }
}

impl DerefMut for Stack {
    fn deref_mut(&mut self) -> &mut Scope {
        &mut self.0
    }
}

/// A resource that is being described.
#[derive(Debug)]
pub struct Draft<'s> {
    scope: &'s mut Scope,
    kind: &'static dyn Kind,
    name: String,
    physical: Option<String>,
    tags: Vec<(String, String, Line)>,
    protect: bool,
    pub(super) settings: Settings,
    line: Line,
}

impl<'s> Draft<'s> {
    pub(super) fn new(scope: &'s mut Scope, kind: &'static dyn Kind, name: String, line: Line) -> Draft<'s> {
        Draft {
            scope,
            kind,
            name,
            physical: None,
            tags: Vec::new(),
            protect: false,
            settings: Settings::default(),
            line,
        }
    }

    pub(super) fn scope(&mut self) -> (&mut Scope, &str) {
        (self.scope, &self.name)
    }

    #[track_caller]
    pub(super) fn name(&mut self, name: String) {
        self.settings.places.push(("name".to_owned(), Location::caller()));
        self.physical = Some(name);
    }

    pub(super) fn protect(&mut self, protect: bool) {
        self.protect = protect;
    }

    #[track_caller]
    pub(super) fn tag(&mut self, key: String, value: String) {
        self.tags.push((key, value, Location::caller()));
    }

    /// Adds it to the stack.
    pub(super) fn insert(mut self) -> Resource {
        let mut resource = Resource::new(self.kind, self.scope.logical(&self.name));
        resource.protect = self.protect;
        for (key, value, line) in self.tags {
            self.settings.places.push((format!("tags.{key}"), line));
            resource.tags.insert(key, value);
        }
        if let Some(name) = self.physical {
            resource.name = plain_name(self.kind, &name);
            if resource.name.is_none() {
                let message = format!("the name of `{}` must be a plain text", resource.address);
                let help = "Physical names are known before anything is created: no facts can stand in them.";
                self.scope.report(Diagnostic::new(&codes::FACT_IN_NAME, message).help(help), self.line, &self.name);
            }
        }
        self.scope.insert(resource, self.settings, &self.name, self.line)
    }

    /// Takes it as what others of its kind are by default.
    pub(super) fn set_defaults(self) {
        self.scope.set_defaults(self.kind, self.settings, self.line);
    }
}

/// A name without facts; in the name of what an account has only once, the Region can stand.
fn plain_name(kind: &dyn Kind, name: &str) -> Option<String> {
    if kind.is_global() { regional(&fact::read(name)) } else { (!fact::has_fact(name)).then(|| name.to_owned()) }
}

/// Sets a member of an attribute that is a map.
pub(super) fn set_member(resource: &mut Resource, row: &Row, key: &str, value: Value) {
    let mut map = resource.get(row).as_map().cloned().unwrap_or_default();
    map.insert(key.to_owned(), value);
    resource.set(row, Value::Map(map));
}
