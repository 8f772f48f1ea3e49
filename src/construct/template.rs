//! Assertions on what a stack becomes, for users' own tests.
//!
//! ```
//! use queuestack::construct::{template::*, *};
//!
//! let mut stack = Stack::new("orders");
//! Queue::new(&mut stack, "orders").visibility_timeout(mins(5)).dead_letter(5).build();
//!
//! let template = Template::of(&stack);
//! template.has_queue("orders").with(visibility_timeout(mins(5))).with(fifo(false));
//! template.has_queue("orders-dlq").with(message_retention(days(14)));
//! assert_eq!(template.count("queue"), 2);
//! ```

use std::collections::BTreeMap;
use std::path::Path;

use super::fit::Fitting;
use super::settings::Setting;
use super::{Stack, fact};
use crate::diagnostic::Severity;
use crate::kind::{self, Row};
use crate::model::{self, Address, Resource};
use crate::report::yaml;
use crate::value::Value;

pub use super::kinds::matchers::*;

/// A complete stack: every short form and default is written out.
#[derive(Clone, Debug)]
pub struct Template(model::Stack);

/// A resource that is there.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'t>(Option<&'t Resource>);

/// What an attribute should be: the functions of this module make it, one an attribute.
#[derive(Clone, Debug)]
pub struct Expected {
    key: &'static str,
    value: Value,
}

impl Expected {
    pub(super) fn of(key: &'static str, setting: impl Setting) -> Expected {
        Expected { key, value: setting.written().value }
    }

    pub(super) fn entry(key: &'static str, member: &str, value: &str) -> Expected {
        Expected { key, value: Value::map([(member, fact::read(value))]) }
    }
}

impl Template {
    /// Completes a stack.
    ///
    /// # Panics
    /// When it has errors: the test fails and tells them.
    #[must_use]
    #[track_caller]
    pub fn of(stack: &Stack) -> Template {
        let (stack, out) = stack.complete();
        let errors = out.iter().filter(|one| one.severity == Severity::Error);
        let errors: Vec<_> = errors.map(|one| format!("{} {}: {}", one.code.id, one.label, one.message)).collect();
        assert!(errors.is_empty(), "the stack has errors:\n{}", errors.join("\n"));
        Template(stack)
    }

    /// Expects a resource of a kind and a logical name.
    ///
    /// # Panics
    /// When there is none: the test fails and lists those that there are.
    #[track_caller]
    pub fn has(&self, kind: &str, name: &str) -> Subject<'_> {
        let found = kind::find(kind).and_then(|kind| self.0.resources.get(&Address::new(kind.name(), name)));
        let known = self.0.resources.keys().filter(|address| address.kind == kind).map(|address| address.name.as_str());
        assert!(found.is_some(), "no {kind} `{name}`; there are: {}", known.collect::<Vec<_>>().join(", "));
        Subject(found)
    }

    /// Counts the resources of a kind.
    #[must_use]
    pub fn count(&self, kind: &str) -> usize {
        self.0.resources.keys().filter(|address| address.kind == kind).count()
    }

    /// The whole model as a stack file.
    #[must_use]
    pub fn yaml(&self) -> String {
        yaml::stack(&self.0)
    }

    /// Expects the whole model to be what a file holds; with `UPDATE` in the environment, writes the file instead.
    ///
    /// # Panics
    /// When they differ, or the file cannot be written: the test fails and tells the first line that differs.
    #[track_caller]
    pub fn snapshot(&self, path: impl AsRef<Path>) {
        let (path, actual) = (path.as_ref(), self.yaml());
        if std::env::var_os("UPDATE").is_some() {
            let written = std::fs::write(path, &actual);
            assert!(written.is_ok(), "{} cannot be written: {written:?}", path.display());
            return;
        }
        let expected = std::fs::read_to_string(path).unwrap_or_default();
        let differs = actual.lines().zip(expected.lines()).position(|(a, b)| a != b);
        let line = differs.unwrap_or(actual.lines().count().min(expected.lines().count()));
        let at = |text: &str| text.lines().nth(line).unwrap_or("(nothing)").to_owned();
        assert!(
            actual == expected,
            "{}:{}: the file has\n{}\nand the stack\n{}\nUPDATE=1 writes what the stack has",
            path.display(),
            line + 1,
            at(&expected),
            at(&actual)
        );
    }
}

impl Subject<'_> {
    fn address(self) -> String {
        self.0.map_or_else(String::new, |one| one.address.to_string())
    }

    /// Expects an attribute to be this; of an object or a map, only the members that are given.
    ///
    /// # Panics
    /// When it is something else, or its kind has no such attribute: the test fails.
    #[track_caller]
    pub fn with(self, expected: Expected) -> Self {
        let row = self.0.and_then(|one| Some((one, one.kind.rows().iter().find(|row| row.key == expected.key)?)));
        assert!(row.is_some(), "{} has no attribute `{}`", self.address(), expected.key);
        if let Some((resource, row)) = row {
            let (actual, expected) = (row.ty.normal(resource.get(row)), fitted(row, expected.value));
            let (address, shown, wanted) = (&resource.address, row.show(&actual), row.show(&expected));
            assert!(has(&actual, &expected), "{address}: `{}` is {shown}, not {wanted}", row.key);
        }
        self
    }

    /// Expects a tag.
    ///
    /// # Panics
    /// When it has another value or none: the test fails.
    #[track_caller]
    pub fn tagged(self, key: &str, value: &str) -> Self {
        let actual = self.0.and_then(|one| one.tags.get(key)).map(String::as_str);
        assert!(actual == Some(value), "{}: tag `{key}` is {actual:?}, not {value:?}", self.address());
        self
    }
}

/// In the units of the row, as a complete stack has it.
fn fitted(row: &Row, value: Value) -> Value {
    row.ty.normal(&Fitting::default().fit(row, row.key, value))
}

/// Tells whether all that is expected is there.
fn has(actual: &Value, expected: &Value) -> bool {
    match (actual, expected) {
        (Value::Map(actual), Value::Map(expected)) => all_in(actual, expected),
        (Value::Ref(actual), Value::Ref(expected)) => actual.of == expected.of && actual.fact == expected.fact,
        (Value::Int(_), Value::Float(_)) | (Value::Float(_), Value::Int(_)) => actual.as_float() == expected.as_float(),
        (actual, expected) => actual == expected,
    }
}

fn all_in(actual: &BTreeMap<String, Value>, expected: &BTreeMap<String, Value>) -> bool {
    expected.iter().all(|(key, expected)| has(actual.get(key).unwrap_or(&Value::Null), expected))
}
