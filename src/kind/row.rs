//! One attribute, one row: everything that is known about it stands together.
//!
//! From rows come the binding of YAML, the JSON Schema, range checks, the diff with its choice between
//! update and replace, the Terraform block and the reference.

use std::collections::BTreeMap;
use std::fmt::{Display, Write as _};

use crate::kind::{Attributes, pattern, policy};
use crate::value::{FOREVER, Unit, Value};

/// One attribute of a kind, or one short form.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a column of the table that the rows are")]
pub struct Row {
    /// The YAML key.
    pub key: &'static str,
    /// The name in the AWS API; empty for a short form.
    pub api: &'static str,
    /// The argument of Terraform's resource; empty for a short form.
    pub terraform: &'static str,
    /// Type, unit and range.
    pub ty: Type,
    /// What it is when nobody says.
    pub default: Default,
    /// What a change of it does.
    pub effect: Effect,
    /// Whether AWS always reports it.
    pub reported: Reported,
    /// Whether its values must not be shown.
    pub sensitive: bool,
    /// Of a map: the key of the row that names the entries whose values must not be shown.
    pub secrets: Option<&'static str>,
    /// How people see it, where that is not what its type says.
    pub shown: Option<fn(&Value) -> String>,
    /// Whether it names other resources without needing them.
    pub soft: bool,
    /// Whether what it names must exist first, even where the name alone would do.
    pub hard: bool,
    /// Whether what is there stays when nothing that could be compared is said.
    pub kept: bool,
    /// Meaning in one or two sentences, with the reason of a default that is not AWS's.
    pub doc: &'static str,
    /// The page that states type, range and default.
    pub link: &'static str,
}

/// The type of an attribute with its unit and range.
#[derive(Debug)]
pub enum Type {
    /// A whole number in a unit, between two bounds.
    Int {
        /// Its unit.
        unit: Unit,
        /// The least.
        min: i64,
        /// The most.
        max: i64,
    },
    /// Any finite number.
    Number,
    /// `true` or `false`.
    Bool,
    /// A text of a length between two bounds, in characters.
    Text {
        /// The shortest.
        min: usize,
        /// The longest.
        max: usize,
    },
    /// One of some words: (in YAML, in the API).
    Word(&'static [(&'static str, &'static str)]),
    /// The logical name of a resource of one of these sections, or an ARN of one outside the stack.
    Name(&'static [&'static str]),
    /// A JSON policy document, compared by meaning.
    Policy,
    /// A JSON pattern of messages, compared by meaning.
    Pattern,
    /// A list; compared as a set, since AWS keeps no order.
    List {
        /// The type of its items.
        of: &'static Type,
        /// The most items.
        max: usize,
    },
    /// A map from texts to texts.
    Texts {
        /// The most entries.
        max: usize,
    },
    /// An object with rows of its own.
    Object(&'static [Row]),
}

impl Type {
    /// A whole number in a unit.
    #[must_use]
    pub const fn int(unit: Unit, min: i64, max: i64) -> Type {
        Type::Int { unit, min, max }
    }

    /// A duration between two bounds of seconds.
    #[must_use]
    pub const fn seconds(min: i64, max: i64) -> Type {
        Type::int(Unit::Seconds, min, max)
    }

    /// Puts a value into the form in which equal meanings are equal values.
    #[must_use]
    pub fn normal(&self, value: &Value) -> Value {
        match (self, value) {
            (Type::Policy, value) => policy::normal(value),
            (Type::Pattern, value) => pattern::normal(value),
            (Type::Int { unit: Unit::Days, .. }, Value::Int(FOREVER)) => Value::Null,
            (Type::Number, value) => value.as_float().map_or_else(|| value.clone(), Value::Float),
            (Type::List { of, .. }, Value::List(items)) if items.is_empty() => of.normal(&Value::Null),
            (Type::List { of, .. }, Value::List(items)) => {
                policy::sorted(items.iter().map(|item| of.normal(item)).collect())
            }
            (Type::Texts { .. }, Value::Map(map)) if map.is_empty() => Value::Null,
            (Type::Object(rows), Value::Map(map)) => normal_object(rows, map),
            (_, value) => value.clone(),
        }
    }

    /// Writes a value as a person would in YAML.
    #[must_use]
    pub fn show(&self, value: &Value) -> String {
        match (self, value) {
            (_, Value::Null) => "(none)".to_owned(),
            (Type::Int { unit, .. }, Value::Int(number)) => unit.format(*number),
            (Type::Word(words), Value::Text(text)) => {
                words.iter().find(|(_, api)| api == text).map_or(text.as_str(), |(yaml, _)| yaml).to_owned()
            }
            (Type::List { of, .. }, Value::List(items)) => {
                format!("[{}]", items.iter().map(|item| of.show(item)).collect::<Vec<_>>().join(", "))
            }
            (Type::Object(rows), Value::Map(map)) => {
                let shown = rows.iter().filter_map(|row| {
                    let value = map.get(row.key).filter(|value| !value.is_null())?;
                    Some(format!("{}: {}", row.key, row.ty.show(value)))
                });
                format!("{{{}}}", shown.collect::<Vec<_>>().join(", "))
            }
            (Type::Texts { .. }, Value::Map(map)) => {
                let shown = map.iter().map(|(key, value)| format!("{key}: {}", value.plain()));
                format!("{{{}}}", shown.collect::<Vec<_>>().join(", "))
            }
            (_, value) => value.plain(),
        }
    }
}

/// Visits a value of some type and all inside it, with the dotted path of each.
pub fn walk<'a>(ty: &Type, path: &str, value: &'a Value, visit: &mut dyn FnMut(&str, &'a Value)) {
    match value {
        Value::Map(_) | Value::List(_) | Value::Join(_) => walk_in(ty, &mut path.to_owned(), value, visit),
        plain => visit(path, plain),
    }
}

/// Rules walk every value of a stack: the path is one text that grows and shrinks.
fn walk_in<'a>(ty: &Type, path: &mut String, value: &'a Value, visit: &mut dyn FnMut(&str, &'a Value)) {
    visit(path, value);
    let mut step = |ty: &Type, key: &dyn Display, item: &'a Value| {
        let length = path.len();
        // Writing to a text cannot fail.
        let _ = write!(path, ".{key}");
        walk_in(ty, path, item, visit);
        path.truncate(length);
    };
    match (ty, value) {
        (Type::Object(rows), Value::Map(map)) => {
            for row in *rows {
                if let Some(item) = map.get(row.key) {
                    step(&row.ty, &row.key, item);
                }
            }
        }
        (Type::List { of, .. }, Value::List(items)) => {
            items.iter().enumerate().for_each(|(index, item)| step(of, &index, item));
        }
        (_, Value::Map(map)) => map.iter().for_each(|(key, item)| step(ty, key, item)),
        (_, Value::List(items) | Value::Join(items)) => items.iter().for_each(|item| walk_in(ty, path, item, visit)),
        _ => {}
    }
}

/// Keeps what AWS reports of an object: parts that it never reports say nothing about a difference.
fn normal_object(rows: &[Row], map: &BTreeMap<String, Value>) -> Value {
    let compared = || rows.iter().filter(|row| row.reported != Reported::Never);
    let normal = |row: &Row| map.get(row.key).map_or(Value::Null, |value| row.ty.normal(value));
    if compared().all(|row| normal(row).is_null()) {
        return Value::Null;
    }
    // What is left out is its default, and the service may report it as that.
    let filled = compared().map(|row| match normal(row) {
        Value::Null => (row.key.to_owned(), row.default.value()),
        value => (row.key.to_owned(), value),
    });
    Value::Map(filled.filter(|(_, value)| !value.is_null()).collect())
}

/// What an attribute is when neither the resource nor the stack's `defaults:` says.
#[derive(Clone, Copy, Debug)]
pub enum Default {
    /// Nothing: not sent, cleared where it is set.
    None,
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A text.
    Text(&'static str),
}

impl Default {
    /// The default as a value.
    #[must_use]
    pub fn value(self) -> Value {
        match self {
            Default::None => Value::Null,
            Default::Bool(flag) => Value::Bool(flag),
            Default::Int(number) => Value::Int(number),
            Default::Text(text) => Value::text(text),
        }
    }
}

/// What changing an attribute does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It changes in place.
    InPlace,
    /// The resource is replaced.
    Replaces,
    /// It changes in place, and lowering it loses what the words say.
    LoweringLoses(&'static str),
    /// It stands for other attributes and is gone before anything is compared.
    ShortForm,
}

/// Whether AWS reports an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reported {
    /// Always: where it is missing, the endpoint does not know it, and it is not compared.
    Always,
    /// Only while it is set: where it is missing, it is not set.
    WhenSet,
    /// Never: it is written and not compared.
    Never,
}

impl Row {
    /// Starts a row: YAML key, API name, Terraform argument, type.
    #[must_use]
    pub const fn new(key: &'static str, api: &'static str, terraform: &'static str, ty: Type) -> Row {
        Row {
            key,
            api,
            terraform,
            ty,
            default: Default::None,
            effect: Effect::InPlace,
            reported: Reported::WhenSet,
            sensitive: false,
            secrets: None,
            shown: None,
            soft: false,
            hard: false,
            kept: false,
            doc: "",
            link: "",
        }
    }

    /// Starts a short form: a key that stands for attributes of this or other resources.
    #[must_use]
    pub const fn short_form(key: &'static str, ty: Type) -> Row {
        let mut row = Row::new(key, "", "", ty);
        row.effect = Effect::ShortForm;
        row
    }

    /// Sets what it is when nobody says.
    #[must_use]
    pub const fn or(mut self, default: Default) -> Row {
        self.default = default;
        self
    }

    /// Says that AWS always reports it.
    #[must_use]
    pub const fn always_reported(mut self) -> Row {
        self.reported = Reported::Always;
        self
    }

    /// Says which row names the entries of this map whose values must not be shown.
    #[must_use]
    pub const fn secrets_named_by(mut self, key: &'static str) -> Row {
        self.secrets = Some(key);
        self
    }

    /// The names of the entries of this map whose values must not be shown.
    #[must_use]
    pub fn named_secrets<'a>(&self, attributes: &'a Attributes) -> &'a [Value] {
        self.secrets.and_then(|key| attributes.get(key)).and_then(Value::as_list).unwrap_or_default()
    }

    /// Says how people see it.
    #[must_use]
    pub const fn shown_by(mut self, shown: fn(&Value) -> String) -> Row {
        self.shown = Some(shown);
        self
    }

    /// Writes a value as people see it.
    #[must_use]
    pub fn show(&self, value: &Value) -> String {
        match self.shown {
            Some(shown) if !value.is_null() => shown(value),
            _ => self.ty.show(value),
        }
    }

    /// Says that it names other resources without needing them.
    #[must_use]
    pub const fn soft(mut self) -> Row {
        self.soft = true;
        self
    }

    /// Says that what it names must exist first, even where the name alone would do.
    #[must_use]
    pub const fn hard(mut self) -> Row {
        self.hard = true;
        self
    }

    /// Says that what is there stays when nothing that could be compared is said.
    #[must_use]
    pub const fn kept(mut self) -> Row {
        self.kept = true;
        self
    }

    /// Turns the row of another kind into a short form that stands for it.
    #[must_use]
    pub const fn as_short_form(mut self) -> Row {
        self.api = "";
        self.terraform = "";
        self.effect = Effect::ShortForm;
        self.reported = Reported::WhenSet;
        self
    }

    /// Says that AWS never reports it: it is written and not compared.
    #[must_use]
    pub const fn never_reported(mut self) -> Row {
        self.reported = Reported::Never;
        self
    }

    /// Says that a change replaces the resource.
    #[must_use]
    pub const fn replaces(mut self) -> Row {
        self.effect = Effect::Replaces;
        self
    }

    /// Says what lowering it loses.
    #[must_use]
    pub const fn lowering_loses(mut self, what: &'static str) -> Row {
        self.effect = Effect::LoweringLoses(what);
        self
    }

    /// Sets its meaning and the page that states its facts.
    #[must_use]
    pub const fn doc(mut self, doc: &'static str, link: &'static str) -> Row {
        self.doc = doc;
        self.link = link;
        self
    }

    /// Tells whether it stands for other attributes.
    #[must_use]
    pub fn is_short_form(&self) -> bool {
        self.effect == Effect::ShortForm
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: Type = Type::Text { min: 0, max: 9 };
    const KEPT: Row = Row::new("kept", "Kept", "kept", NAME);
    const UNSEEN: Row = Row::new("unseen", "", "", NAME).never_reported();
    const BOTH: Type = Type::Object(&[KEPT, UNSEEN]);

    #[test]
    fn what_is_never_reported_is_not_compared() {
        let written = Value::map([("kept", Value::text("a")), ("unseen", Value::text("b"))]);
        let reported = Value::map([("kept", Value::text("a"))]);
        assert_eq!(BOTH.normal(&written), BOTH.normal(&reported));
        assert_eq!(BOTH.normal(&Value::map([("unseen", Value::text("b"))])), Value::Null);
    }
}
