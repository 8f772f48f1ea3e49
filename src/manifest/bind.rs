//! Tree → values, by the types of the rows. Every mistake is told; what is right is kept.

use std::collections::{BTreeMap, BTreeSet};

use super::yaml::{Data, Key, Node};
use super::{limits, nearest, suggest, unknown_key};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity, Span};
use crate::kind::{self, Row, Type};
use crate::model::{Address, Fact, Ref};
use crate::value::{FOREVER, Unit, Value};

const MANUAL: &str = "https://github.com/queuestack/queuestack#the-stack-file";

/// A value of the wrong type.
pub static WRONG_TYPE: Code = Code {
    id: "QS003",
    severity: Severity::Error,
    title: "a value of the wrong type",
    reason: "Everything in a stack file has one type of value.",
    fix: "Write a value of the type that is named.",
    link: MANUAL,
};

/// A number outside its range.
pub static OUT_OF_RANGE: Code = Code {
    id: "QS004",
    severity: Severity::Error,
    title: "a value outside its range",
    reason: "AWS refuses values outside this range.",
    fix: "Choose a value within the range.",
    link: MANUAL,
};

/// A number without a unit that can be read.
pub static BAD_UNIT: Code = Code {
    id: "QS005",
    severity: Severity::Error,
    title: "a number with a unit that cannot be read",
    reason: "Durations are whole numbers with s, m, h, d, sizes with B, KiB, MiB, GiB; a bare number is in the smallest unit.",
    fix: "Write it as shown.",
    link: MANUAL,
};

/// A word that is not one of the known ones.
pub static UNKNOWN_WORD: Code = Code {
    id: "QS006",
    severity: Severity::Error,
    title: "a word that is not one of the known ones",
    reason: "The attribute takes one of a few words.",
    fix: "Use one of the words that are listed.",
    link: MANUAL,
};

/// The resources that a file names: section and logical name.
pub type Declared<'a> = BTreeSet<(&'static str, &'a str)>;

/// Binds the nodes of one resource.
pub struct Binder<'a> {
    /// Where findings go.
    pub out: &'a mut Diagnostics,
    /// Where attributes stand, by dotted path.
    pub spans: &'a mut BTreeMap<String, Span>,
    /// The dotted paths of what cannot be read.
    pub broken: &'a mut BTreeSet<String>,
    /// The resources that the file names: section and logical name.
    pub declared: &'a Declared<'a>,
}

impl Binder<'_> {
    /// Turns a node into a value of a row's type.
    pub fn bind(&mut self, row: &Row, path: &str, node: &Node) -> Option<Value> {
        self.spans.insert(path.to_owned(), node.span);
        let Some(value) = self.bind_type(&row.ty, row, path, node) else {
            self.broken.insert(path.to_owned());
            return None;
        };
        Some(limits::ordered(row, value))
    }

    fn bind_type(&mut self, ty: &Type, row: &Row, path: &str, node: &Node) -> Option<Value> {
        match (ty, &node.data) {
            (_, Data::Null) => Some(Value::Null),
            (_, Data::Unknown) => None,
            // `age: false` switches off what a short form would make.
            (Type::Object(_), Data::Bool(false)) if row.is_short_form() => Some(Value::Bool(false)),
            (Type::Int { unit, min, max }, _) => self.int(*unit, *min, *max, row, path, node),
            (Type::Bool, Data::Bool(flag)) => Some(Value::Bool(*flag)),
            #[expect(clippy::cast_precision_loss, reason = "thresholds beyond 2^53 do not occur")]
            (Type::Number, Data::Int(number)) => Some(Value::Float(*number as f64)),
            (Type::Number, Data::Float(number)) => Some(Value::Float(*number)),
            (Type::Text { min, max }, _) => self.text(*min, *max, row, path, node),
            (Type::Word(words), Data::Text(text)) => self.word(words, text, path, node.span),
            (Type::Name(sections), Data::Text(text)) => self.name(sections, text, row, path, node.span),
            (Type::Name(sections), Data::Known(value)) => self.known(sections, value, path, node),
            (Type::Policy, Data::Map(_)) => {
                self.place(path, node);
                Some(plain(node))
            }
            (Type::Pattern, Data::Map(_)) => {
                self.place(path, node);
                Some(numbers(node))
            }
            (Type::Policy | Type::Pattern, Data::Text(text)) => self.document_text(text, path, node.span),
            (Type::List { of, max }, Data::List(items)) => self.list(of, *max, items, row, path, node.span),
            (Type::Texts { max }, Data::Map(_)) => self.texts(*max, path, node),
            (Type::Object(rows), Data::Map(entries)) => Some(self.object(rows, entries, path)),
            (Type::Bool, _) => {
                self.out.push(no_truth(path, node));
                None
            }
            _ => self.wrong(expected(ty), path, node),
        }
    }

    fn object(&mut self, rows: &[Row], entries: &[(Key, Node)], path: &str) -> Value {
        let mut map = BTreeMap::new();
        for (key, node) in entries {
            let Some(inner) = rows.iter().find(|row| row.key == key.text) else {
                let keys = rows.iter().map(|row| row.key);
                self.out.push(unknown_key(&key.text, key.span, &format!("`{path}`"), keys));
                // Nothing is said about the absence of what was probably meant.
                let meant = nearest(&key.text, rows.iter().map(|row| row.key));
                self.broken.extend(meant.map(|meant| format!("{path}.{meant}")));
                continue;
            };
            let value = self.bind(inner, &format!("{path}.{}", key.text), node);
            map.insert(key.text.clone(), value.unwrap_or(Value::Null));
        }
        Value::Map(map)
    }

    /// Remembers where everything in a document of its own language stands.
    fn place(&mut self, path: &str, node: &Node) {
        let children: Vec<(String, &Node)> = match &node.data {
            Data::Map(entries) => entries.iter().map(|(key, node)| (key.text.clone(), node)).collect(),
            Data::List(items) => items.iter().enumerate().map(|(index, node)| (index.to_string(), node)).collect(),
            Data::Unknown => {
                self.broken.insert(path.to_owned());
                Vec::new()
            }
            _ => Vec::new(),
        };
        for (name, node) in children {
            let path = format!("{path}.{name}");
            self.spans.insert(path.clone(), node.span);
            self.place(&path, node);
        }
    }

    fn wrong(&mut self, expected: &str, path: &str, node: &Node) -> Option<Value> {
        let message = format!("`{path}` takes {expected}, not {}", node.describe());
        let help = format!("Write {expected}.");
        self.out.push(Diagnostic::new(&WRONG_TYPE, message).at(node.span).help(help));
        None
    }

    fn int(&mut self, unit: Unit, min: i64, max: i64, row: &Row, path: &str, node: &Node) -> Option<Value> {
        let number = match &node.data {
            Data::Int(number) => Ok(*number),
            Data::Text(text) => unit.parse(text),
            // Beyond what 64 bits hold, or with a fraction.
            Data::Float(number) if number.fract() == 0.0 => Ok(if *number < 0.0 { i64::MIN } else { i64::MAX }),
            Data::Float(_) => Err(unit.expected().to_owned()),
            _ => return self.wrong(unit.expected(), path, node),
        };
        let number = match number {
            Ok(number) => number,
            Err(expected) => {
                let code = if unit == Unit::Count { &WRONG_TYPE } else { &BAD_UNIT };
                let message = format!("`{path}` takes {expected}, not `{}`", node.raw);
                self.out.push(Diagnostic::new(code, message).at(node.span).help(format!("Write {expected}.")));
                return None;
            }
        };
        if (min..=max).contains(&number) || unit == Unit::Days && number == FOREVER {
            return Some(Value::Int(number));
        }
        let shown = if matches!(node.data, Data::Float(_)) { node.raw.clone() } else { unit.format(number) };
        self.out.push(limits::number(row, path, unit, (min, max), &shown).at(node.span));
        None
    }

    fn text(&mut self, min: usize, max: usize, row: &Row, path: &str, node: &Node) -> Option<Value> {
        let text = match &node.data {
            Data::Known(value) => return Some(value.clone()),
            Data::List(_) | Data::Map(_) => return self.wrong("a text", path, node),
            _ => node.raw.clone(),
        };
        let length = text.chars().count();
        if (min..=max).contains(&length) {
            return Some(Value::Text(text));
        }
        self.out.push(limits::length(row, path, (min, max), length).at(node.span));
        None
    }

    fn word(&mut self, words: &[(&str, &str)], text: &str, path: &str, span: Span) -> Option<Value> {
        if let Some((_, api)) = words.iter().find(|(yaml, api)| *yaml == text || *api == text) {
            return Some(Value::text(*api));
        }
        let known: Vec<&str> = words.iter().map(|(yaml, _)| *yaml).collect();
        let message = format!("`{path}` is `{text}`; it may be {}", one_of(&known));
        self.out.push(Diagnostic::new(&UNKNOWN_WORD, message).at(span).help(suggest(text, known.into_iter())));
        None
    }

    /// A logical name refers to a resource of this stack, an ARN to one outside it.
    fn name(&mut self, sections: &[&str], text: &str, row: &Row, path: &str, span: Span) -> Option<Value> {
        if text.starts_with("arn:") {
            return Some(Value::text(text));
        }
        // Of several kinds, the one that the file has under this name; short forms make those of the first.
        let mut known = sections.iter().filter_map(|section| kind::find_section(section));
        let named = known.clone().find(|kind| self.declared.contains(&(kind.section(), text)));
        let Some(kind) = named.or_else(|| known.next()) else {
            self.out.push(limits::no_arn(path, text).at(span));
            return None;
        };
        let address = Address::new(kind.name(), text);
        Some(if row.soft { Ref::soft(&address, Fact::Arn) } else { Ref::hard(&address, Fact::Arn) })
    }

    /// A fact that stands for a resource: its ARN and nothing else. What is joined of several parts is an ARN if it begins
    /// as one.
    fn known(&mut self, sections: &[&str], value: &Value, path: &str, node: &Node) -> Option<Value> {
        let Some(reference) = value.as_ref() else {
            let joined = match value {
                Value::Join(parts) => parts.first(),
                _ => None,
            };
            if joined.and_then(Value::as_text).is_some_and(|text| !text.starts_with("arn:")) {
                return self.wrong("a logical name or an ARN", path, node);
            }
            return Some(value.clone());
        };
        // A secret is told of where it may not stand.
        if reference.fact == Fact::Arn || reference.secret().is_some() {
            return Some(value.clone());
        }
        let address = reference.address();
        let message = format!("`{path}` takes a logical name or an ARN, not `{reference}`");
        let fits = |address: &&Address| kind::find(address.kind).is_some_and(|kind| sections.contains(&kind.section()));
        let help = address.filter(fits).map_or_else(
            || "Write a logical name or an ARN.".to_owned(),
            |address| format!("Write `{}`.", address.name),
        );
        self.out.push(Diagnostic::new(&WRONG_TYPE, message).at(node.span).help(help));
        None
    }

    fn document_text(&mut self, text: &str, path: &str, span: Span) -> Option<Value> {
        if let Ok(json @ serde_json::Value::Object(_)) = serde_json::from_str::<serde_json::Value>(text) {
            return Some(Value::from_json(&json));
        }
        self.out.push(limits::no_document(path).at(span));
        None
    }

    /// Items that are nothing are left out, so that a variable without a value can stand in a list.
    fn list(&mut self, of: &Type, max: usize, items: &[Node], row: &Row, path: &str, span: Span) -> Option<Value> {
        let mut values = Vec::new();
        for item in items.iter().filter(|item| !matches!(item.data, Data::Null)) {
            let path = format!("{path}.{}", values.len());
            self.spans.insert(path.clone(), item.span);
            // What cannot be read keeps its place, so that the places of the others stay right.
            let value = self.bind_type(of, row, &path, item).unwrap_or_else(|| {
                self.broken.insert(path);
                Value::Null
            });
            values.push(value);
        }
        if values.len() <= max {
            return Some(Value::List(values));
        }
        self.out.push(limits::items(row, path, max, values.len()).at(span));
        None
    }

    fn texts(&mut self, max: usize, path: &str, node: &Node) -> Option<Value> {
        let mut map = BTreeMap::new();
        for (key, node) in node.entries().unwrap_or_default() {
            let path = format!("{path}.{}", key.text);
            self.spans.insert(path.clone(), node.span);
            match &node.data {
                Data::Known(value) => drop(map.insert(key.text.clone(), value.clone())),
                Data::List(_) | Data::Map(_) => drop(self.wrong("a text", &path, node)),
                Data::Null => {}
                Data::Unknown => drop(self.broken.insert(path)),
                _ => drop(map.insert(key.text.clone(), Value::text(&node.raw))),
            }
        }
        if map.len() > max {
            self.out.push(limits::entries(path, max, map.len()).at(node.span));
            return None;
        }
        Some(Value::Map(map))
    }
}

/// The words that older YAML takes for truth values, with what they are to be now.
const OLD_TRUTHS: &[(&str, bool)] =
    &[("yes", true), ("on", true), ("y", true), ("no", false), ("off", false), ("n", false)];

/// Tells of something that stands where a truth value is expected.
pub fn no_truth(path: &str, node: &Node) -> Diagnostic {
    let word = match &node.data {
        Data::Text(text) => OLD_TRUTHS.iter().find(|(word, _)| text.eq_ignore_ascii_case(word)),
        _ => None,
    };
    let (not, help) = match word {
        Some((_, truth)) => (format!("the text `{}`", node.raw), format!("Write {truth}.")),
        None => (node.describe().to_owned(), "Write true or false.".to_owned()),
    };
    Diagnostic::new(&WRONG_TYPE, format!("`{path}` takes true or false, not {not}")).at(node.span).help(help)
}

/// Joins words: `a`, `a or b`, `a, b or c`.
fn one_of(words: &[&str]) -> String {
    match words {
        [first @ .., last] if !first.is_empty() => format!("{} or {last}", first.join(", ")),
        words => words.concat(),
    }
}

/// Says what a type takes.
fn expected(ty: &Type) -> &'static str {
    match ty {
        Type::Int { unit, .. } => unit.expected(),
        Type::Number => "a number",
        Type::Bool => "true or false",
        Type::Text { .. } => "a text",
        Type::Word(_) => "a word",
        Type::Name(_) => "a logical name or an ARN",
        Type::Policy => "a policy document (a mapping, or a text of JSON)",
        Type::Pattern => "a pattern (a mapping, or a text of JSON)",
        Type::List { .. } => "a list",
        Type::Texts { .. } => "a mapping of texts",
        Type::Object(_) => "a mapping",
    }
}

/// Takes a tree as it is, numbers as numbers: those of patterns are compared with numbers.
fn numbers(node: &Node) -> Value {
    match &node.data {
        Data::Float(number) => Value::Float(*number),
        Data::List(items) => Value::List(items.iter().map(numbers).collect()),
        Data::Map(entries) => Value::map(entries.iter().map(|(key, node)| (&key.text, numbers(node)))),
        _ => plain(node),
    }
}

/// Takes a tree as it is: policy documents have their own language.
fn plain(node: &Node) -> Value {
    match &node.data {
        Data::Null | Data::Unknown => Value::Null,
        Data::Bool(flag) => Value::Bool(*flag),
        Data::Int(number) => Value::Int(*number),
        Data::Float(_) => Value::text(&node.raw),
        Data::Text(text) => Value::text(text),
        Data::Known(value) => value.clone(),
        Data::List(items) => Value::List(items.iter().map(plain).collect()),
        Data::Map(entries) => Value::map(entries.iter().map(|(key, node)| (&key.text, plain(node)))),
    }
}
