//! A stack file → the program that describes the same stack.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::names::{BY_THRESHOLD, Names, camel, method, variant};
use crate::kind::{Row, Type};
use crate::model::{Address, Fact, REGION, Ref, RefTarget, Resource, Stack};
use crate::secret::Store;
use crate::value::{Unit, Value};

/// Writes the program. Variables have their values in it; what a worker's `secrets` name is read from the environment.
#[must_use]
pub fn program(stack: &Stack) -> String {
    Program { stack, names: Names::default(), built: BTreeSet::new(), variables: variables(stack) }.write()
}

struct Program<'a> {
    stack: &'a Stack,
    names: Names,
    /// What stands above.
    built: BTreeSet<Address>,
    /// The names of the handles.
    variables: BTreeMap<Address, String>,
}

/// Gives every resource that others refer to a name: its own, with its kind where two kinds share it.
fn variables(stack: &Stack) -> BTreeMap<Address, String> {
    let mut taken: BTreeSet<String> = ["stack".to_owned()].into();
    let referred = stack.resources.values().flat_map(Resource::references).filter_map(Ref::address);
    let in_defaults = stack.defaults.values().flat_map(BTreeMap::values);
    let mut all: BTreeSet<Address> = referred.cloned().collect();
    for value in in_defaults {
        value.walk(&mut |inner| all.extend(inner.as_ref().and_then(Ref::address).cloned()));
    }
    let name = |address: Address| {
        let snake: String = address
            .name
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' })
            .collect();
        let snake =
            if snake.starts_with(|c: char| c.is_ascii_digit()) { format!("{}_{snake}", address.kind) } else { snake };
        let mut name = method(&snake);
        while !taken.insert(name.clone()) {
            name = format!("{name}_{}", address.kind);
        }
        (address, name)
    };
    all.into_iter().map(name).collect()
}

impl Program<'_> {
    fn write(mut self) -> String {
        let mut body = self.head();
        let order = self.order();
        for address in order {
            let Some(resource) = self.stack.resources.get(&address) else { continue };
            self.declare(resource.references(), &mut body);
            let made = self.resource(resource);
            let variable = self.variables.get(&address).filter(|_| !self.built.contains(&address));
            let variable = variable.map_or_else(String::new, |name| format!("let {name} = "));
            let _ = write!(body, "\n    {variable}{made}");
            self.built.insert(address);
        }
        for moved in &self.stack.moved {
            let (handle, to, from) = (camel(moved.to.kind), &moved.to.name, &moved.from.name);
            let _ = write!(body, "\n    {handle}::later(&mut stack, {to:?}).moved_from(&mut stack, {from:?});");
        }
        let mutable = if self.stack.resources.is_empty() && self.stack.defaults.is_empty() { "" } else { "mut " };
        format!(
            "//! The stack `{name}`; `queuestack convert` wrote it from a stack file.\n\n\
             use std::process::ExitCode;\n\n\
             use queuestack::construct::*;\n\n\
             /// Describes the stack.\n\
             #[must_use]\n\
             pub fn stack() -> Stack {{\n    let {mutable}stack = {body}\n    stack\n}}\n\n\
             fn main() -> ExitCode {{\n    queuestack::main(stack())\n}}\n",
            name = self.stack.name
        )
    }

    /// The stack itself, and its defaults.
    fn head(&mut self) -> String {
        let mut calls = Vec::new();
        calls.extend(self.stack.description.as_ref().map(|words| format!(".description({words:?})")));
        calls.extend(self.stack.tags.iter().map(|(key, value)| format!(".tag({key:?}, {value:?})")));
        calls.extend(self.stack.ignore_tags.iter().map(|pattern| format!(".ignore_tags({pattern:?})")));
        calls.extend(self.stack.accounts.iter().map(|account| format!(".account({account:?})")));
        calls.extend(self.stack.regions.iter().map(|region| format!(".region({region:?})")));
        let mut text = chain(&format!("Stack::new({:?})", self.stack.name), &calls);
        for (kind, attributes) in &self.stack.defaults {
            let Some(kind) = crate::kind::find(kind) else { continue };
            let mut references = Vec::new();
            attributes.values().for_each(|value| value.walk(&mut |inner| references.extend(inner.as_ref())));
            self.declare(references, &mut text);
            let set = kind.rows().iter().filter_map(|row| Some((row, attributes.get(row.key)?)));
            let mut calls: Vec<String> = set.flat_map(|(row, value)| self.calls(row, value, &[])).collect();
            calls.push(".set()".to_owned());
            let _ = write!(text, "\n    {}", chain(&format!("{}::defaults(&mut stack)", camel(kind.name())), &calls));
        }
        text
    }

    /// What others refer to stands first, as far as that goes.
    fn order(&self) -> Vec<Address> {
        fn visit(address: &Address, stack: &Stack, order: &mut Vec<Address>, begun: &mut BTreeSet<Address>) {
            let Some(resource) = stack.resources.get(address).filter(|_| begun.insert(address.clone())) else { return };
            let needed: BTreeSet<&Address> = resource.references().into_iter().filter_map(Ref::address).collect();
            needed.into_iter().for_each(|other| visit(other, stack, order, begun));
            order.push(address.clone());
        }
        let (mut order, mut begun) = (Vec::new(), BTreeSet::new());
        // By kind in the order of a stack file, by name within it.
        for kind in crate::kind::KINDS {
            let of_kind = self.stack.resources.keys().filter(|address| address.kind == kind.name());
            of_kind.for_each(|address| visit(address, self.stack, &mut order, &mut begun));
        }
        order
    }

    /// Makes handles of what is built below, or by a short form.
    fn declare(&mut self, references: Vec<&Ref>, body: &mut String) {
        for address in references.into_iter().filter_map(Ref::address) {
            if self.built.insert(address.clone())
                && let Some(name) = self.variables.get(address)
            {
                let handle = camel(address.kind);
                let _ = write!(body, "\n    let {name} = {handle}::later(&mut stack, {:?});", address.name);
            }
        }
    }

    fn resource(&self, resource: &Resource) -> String {
        let mut calls = Vec::new();
        calls.extend(resource.name.as_ref().map(|name| match name.split_once(REGION) {
            Some((before, after)) if resource.kind.is_global() => {
                format!(".name(format!(\"{}{{}}{}\", region()))", before.escape_debug(), after.escape_debug())
            }
            _ => format!(".name({name:?})"),
        }));
        calls.extend(resource.protect.then(|| ".protect(true)".to_owned()));
        let secrets = resource.attributes.get("secrets").and_then(Value::as_list).unwrap_or_default();
        for row in resource.kind.rows() {
            calls.extend(self.calls(row, resource.get(row), secrets));
        }
        calls.extend(resource.tags.iter().map(|(key, value)| format!(".tag({key:?}, {value:?})")));
        calls.push(".build()".to_owned());
        let new = format!("{}::new(&mut stack, {:?})", camel(resource.address.kind), resource.address.name);
        chain(&new, &calls)
    }

    /// The calls that set an attribute: none, one, or one an entry.
    fn calls(&self, row: &Row, value: &Value, secrets: &[Value]) -> Vec<String> {
        let name = method(row.key);
        match (&row.ty, value) {
            (_, Value::Null) => Vec::new(),
            (Type::Object(rows), Value::Map(map)) if row.key == "redrive" => vec![self.redrive(rows, map, &row.ty)],
            (Type::Texts { .. }, Value::Map(map)) => {
                let entry = |(key, value): (&String, &Value)| {
                    let secret = secrets.iter().any(|one| one.as_text() == Some(key)) && value.as_text().is_some();
                    let value =
                        if secret { format!("std::env::var({key:?}).unwrap_or_default()") } else { self.text(value) };
                    format!(".{name}({key:?}, {value})")
                };
                map.iter().map(entry).collect()
            }
            (ty, value) => vec![format!(".{name}({})", self.value(ty, value))],
        }
    }

    fn value(&self, ty: &Type, value: &Value) -> String {
        match (ty, value) {
            (Type::Int { unit, .. }, Value::Int(number)) => unit_call(*unit, *number),
            (Type::Number, value) => value.to_json().to_string(),
            (Type::Word(words), Value::Text(text)) => {
                let word = words.iter().find(|(_, api)| api == text);
                word.map_or_else(String::new, |word| format!("{}::{}", self.names.of(ty), variant(*word)))
            }
            (Type::Name(_), Value::Ref(Ref { of: RefTarget::Resource(address), fact: Fact::Arn, .. })) => {
                format!("&{}", self.handle(address))
            }
            (Type::Name(_), value) => format!("arn({})", self.text(value)),
            (Type::Policy | Type::Pattern, value) => format!("json!({})", self.document(value)),
            (Type::List { of, .. }, Value::List(items)) if items.is_empty() => self.empty(of),
            (Type::List { of, .. }, Value::List(items)) => {
                let items: Vec<String> = items.iter().map(|item| self.value(of, item)).collect();
                format!("[{}]", items.join(", "))
            }
            (Type::Object(_), Value::Bool(_)) => "Off".to_owned(),
            (Type::Object(rows), Value::Map(map)) => {
                if let Some(threshold) = self.threshold_alone(ty, rows, map) {
                    return threshold;
                }
                let set = rows.iter().filter_map(|row| Some((row, map.get(row.key)?)));
                let calls: String = set.flat_map(|(row, value)| self.calls(row, value, &[])).collect();
                format!("{}::new(){calls}", self.names.of(ty))
            }
            (Type::Bool, value) => value.plain(),
            (_, value) => self.text(value),
        }
    }

    /// `.dead_letter(3)`, which is what people write.
    fn redrive(&self, rows: &[Row], map: &BTreeMap<String, Value>, ty: &Type) -> String {
        let set: Vec<_> = rows.iter().map(|row| map.get(row.key).filter(|value| !value.is_null())).collect();
        match set.as_slice() {
            [Some(Value::Int(count)), None] => format!(".dead_letter({count})"),
            [Some(Value::Int(count)), Some(Value::Ref(queue))] if queue.address().is_some() => {
                let queue = queue.address().map_or("stack", |address| self.handle(address));
                format!(".dead_letter_to(&{queue}, {count})")
            }
            _ => {
                let set = rows.iter().filter_map(|row| Some((row, map.get(row.key)?)));
                let calls: String = set.flat_map(|(row, value)| self.calls(row, value, &[])).collect();
                format!(".redrive({}::new(){calls})", self.names.of(ty))
            }
        }
    }

    /// The threshold of an alarm of which nothing else is said.
    fn threshold_alone(&self, ty: &Type, rows: &[Row], map: &BTreeMap<String, Value>) -> Option<String> {
        let mut set = map.iter().filter(|(_, value)| !value.is_null());
        let (("threshold", value), None) = (set.next().map(|(key, value)| (key.as_str(), value))?, set.next()) else {
            return None;
        };
        let row = rows.iter().find(|row| row.key == "threshold")?;
        let whole = value.as_float().is_some_and(|number| number.fract() == 0.0 && (0.0..4e9).contains(&number));
        (BY_THRESHOLD.contains(&self.names.of(ty)) && whole).then(|| self.value(&row.ty, value))
    }

    /// A list of nothing has a type all the same.
    fn empty(&self, of: &Type) -> String {
        match of {
            Type::Name(_) => "[] as [Arn; 0]".to_owned(),
            Type::Policy | Type::Pattern => "[] as [Document; 0]".to_owned(),
            Type::Object(_) | Type::Word(_) => format!("[] as [{}; 0]", self.names.of(of)),
            _ => "[] as [&str; 0]".to_owned(),
        }
    }

    fn handle(&self, address: &Address) -> &str {
        self.variables.get(address).map_or("stack", String::as_str)
    }

    fn fact(&self, reference: &Ref) -> String {
        match &reference.of {
            RefTarget::Place => format!("{}()", reference.fact.as_str()),
            RefTarget::Secret(secret) => {
                let key = secret.key.as_ref().map_or_else(String::new, |key| format!("#{key}"));
                let store = match secret.store {
                    Store::Ssm => "ssm",
                    Store::SecretsManager => "secrets_manager",
                };
                format!("{store}({:?})", format!("{}{key}", secret.name))
            }
            RefTarget::Resource(address) => format!("{}.{}()", self.handle(address), reference.fact.as_str()),
        }
    }

    /// A text, or what makes one of texts and facts.
    fn text(&self, value: &Value) -> String {
        match value {
            Value::Ref(reference) => self.fact(reference),
            Value::Join(items) => {
                let (mut pattern, mut facts) = (String::new(), String::new());
                for item in items {
                    if let Value::Ref(reference) = item {
                        pattern.push_str("{}");
                        let _ = write!(facts, ", {}", self.fact(reference));
                    } else {
                        pattern.push_str(&item.plain().replace('{', "{{").replace('}', "}}"));
                    }
                }
                format!("format!({pattern:?}{facts})")
            }
            other => format!("{:?}", other.plain()),
        }
    }

    fn document(&self, value: &Value) -> String {
        match value {
            Value::List(items) => {
                format!("[{}]", items.iter().map(|item| self.document(item)).collect::<Vec<_>>().join(", "))
            }
            Value::Map(map) => {
                let members = map.iter().map(|(key, value)| format!("{key:?}: {}", self.document(value)));
                format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
            }
            Value::Text(_) | Value::Ref(_) | Value::Join(_) => self.text(value),
            other => other.plain(),
        }
    }
}

/// `300` seconds → `mins(5)`.
fn unit_call(unit: Unit, number: i64) -> String {
    let units: &[(&str, i64)] = match unit {
        Unit::Seconds => &[("days", 86_400), ("hours", 3_600), ("mins", 60), ("secs", 1)],
        Unit::Days => &[("days", 1)],
        Unit::Bytes => &[("mib", 1 << 20), ("kib", 1 << 10), ("bytes", 1)],
        Unit::Mebibytes => &[("mib", 1)],
        Unit::Count => return number.to_string(),
    };
    let whole = units.iter().find(|(_, factor)| number != 0 && number % factor == 0).or(units.last());
    whole.map_or_else(String::new, |(name, factor)| format!("{name}({})", number / factor))
}

/// A statement of calls, each on a line of its own when they do not fit on one.
fn chain(new: &str, calls: &[String]) -> String {
    const WIDTH: usize = 100;
    let one = format!("{new}{};", calls.concat());
    if one.len() <= WIDTH && calls.len() <= 3 {
        return one;
    }
    format!("{new}\n        {};", calls.join("\n        "))
}
