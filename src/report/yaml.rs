//! A complete stack → the text of a stack file that means the same, with nothing left to derive.
//!
//! Units are as people write them, other resources are logical names or `${…}`, and comments say which short form
//! made what. Reading the text again gives the same resources, attributes, names and tags.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::expand::OWN_TAGS;
use crate::kind::{Default, KINDS, Kind, Row, Type};
use crate::model::{Address, Fact, Ref, Resource, Stack};
use crate::value::Value;

/// The attribute, of whatever kind, that lists members of others whose values are never shown.
const SECRETS: &str = "secrets";

/// What is printed: the scalars are text that YAML reads back.
enum Node {
    Scalar(String),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

/// Writes an expanded stack.
#[must_use]
pub fn stack(stack: &Stack) -> String {
    let head = format!(
        "# Stack {} with every short form and default written out, as `queuestack expand` prints it.\n",
        scalar(&stack.name)
    );
    write(stack, head, Detail::Everything)
}

/// Writes a stack as it stands, below lines of comment.
#[must_use]
pub fn as_written(stack: &Stack, comments: &[String]) -> String {
    let head = comments.iter().map(|line| format!("# {}\n", line.replace(char::is_control, " ")));
    write(stack, head.collect(), Detail::AsWritten)
}

/// The variables that stand for a stack's secrets: whoever reads the text gives them.
#[must_use]
pub fn secrets(stack: &Stack) -> Vec<String> {
    stack.resources.values().flat_map(secret_variables).map(|(name, _)| name).collect()
}

/// How much is written of a resource.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Detail {
    /// All that it is, with its short forms off: what they stand for is there.
    Everything,
    /// What is set.
    AsWritten,
}

fn write(stack: &Stack, mut text: String, detail: Detail) -> String {
    let _ = writeln!(text, "stack: {}", scalar(&stack.name));
    let mut top = Vec::new();
    top.extend(stack.description.as_ref().map(|words| ("description".to_owned(), Node::Scalar(literal(words)))));
    let variables: Vec<_> = stack.resources.values().flat_map(secret_variables).collect();
    if !variables.is_empty() {
        top.push(("variables".to_owned(), Node::Map(variables)));
    }
    if !stack.tags.is_empty() {
        top.push(("tags".to_owned(), texts(&stack.tags)));
    }
    if !stack.ignore_tags.is_empty() {
        let patterns = stack.ignore_tags.iter().map(|pattern| Node::Scalar(literal(pattern)));
        top.push(("ignore_tags".to_owned(), Node::List(patterns.collect())));
    }
    top.extend(guards(stack));
    entries(&mut text, &top, 0);
    for kind in KINDS {
        let mut resources = stack.of_kind(kind.name()).peekable();
        if resources.peek().is_some() {
            let _ = writeln!(text, "\n{}:", kind.section());
        }
        for one in resources {
            resource(&mut text, one, stack, detail);
        }
    }
    text
}

/// Where the stack may go, and what it moved.
fn guards(stack: &Stack) -> Vec<(String, Node)> {
    let list = |texts: &std::collections::BTreeSet<String>| {
        // Twelve digits in quotes: a leading zero must stay.
        Node::List(texts.iter().map(|text| Node::Scalar(scalar(text))).collect())
    };
    let places = [("account", &stack.accounts), ("regions", &stack.regions)];
    let places = places.into_iter().filter(|(_, places)| !places.is_empty());
    let mut guards: Vec<_> = places.map(|(key, places)| (key.to_owned(), list(places))).collect();
    let moved = stack.moved.iter().map(|moved| {
        let end = |key: &str, address: &Address| (key.to_owned(), Node::Scalar(scalar(&address.to_string())));
        Node::Map(vec![end("from", &moved.from), end("to", &moved.to)])
    });
    if !stack.moved.is_empty() {
        guards.push(("moved".to_owned(), Node::List(moved.collect())));
    }
    guards
}

/// Tells whether a member of an attribute is a secret that stands there in the clear.
#[must_use]
pub fn is_secret(resource: &Resource, member: &str, value: &Value) -> bool {
    let named = resource.attributes.get(SECRETS).and_then(Value::as_list).unwrap_or_default();
    // `${secret:…}` says where the secret is, not what it is.
    // An empty text has nothing to hide: the setting is not used.
    let clear = value.as_text().is_some_and(|text| !text.is_empty() && !text.starts_with("${secret:"));
    clear && named.iter().any(|name| name.as_text() == Some(member))
}

/// A secret is not printed: whoever reads the text gives it as a variable.
fn secret_variables(resource: &Resource) -> Vec<(String, Node)> {
    let maps = resource.kind.rows().iter().filter(|row| matches!(row.ty, Type::Texts { .. }));
    let members = maps.filter_map(|row| resource.get(row).as_map()).flatten();
    let secrets = members.filter(|(name, value)| is_secret(resource, name, value));
    let declaration = |name: &str| {
        let words = format!("The secret {name} of {}, which is not shown.", resource.address);
        Node::Map(vec![("description".to_owned(), Node::Scalar(literal(&words)))])
    };
    secrets.map(|(name, _)| (variable_of(resource, name), declaration(name))).collect()
}

fn variable_of(resource: &Resource, member: &str) -> String {
    format!("{}-{member}", resource.address.name)
}

fn resource(text: &mut String, resource: &Resource, stack: &Stack, detail: Detail) {
    let maker = resource.made_by.as_ref().map_or_else(String::new, |maker| format!(" # from {maker}"));
    let mut members = Vec::new();
    if resource.physical_name() != resource.address.name {
        // `${aws.region}` in the name of what is global means the Region, and no characters.
        let write = if resource.kind.is_global() { scalar } else { literal };
        members.push(("name".to_owned(), Node::Scalar(write(resource.physical_name()))));
    }
    for row in resource.kind.rows() {
        members.extend(attribute(resource, row, detail, stack).map(|node| (row.key.to_owned(), node)));
    }
    if resource.protect {
        members.push(("protect".to_owned(), Node::Scalar("true".to_owned())));
    }
    let own = resource.tags.iter().filter(|(key, value)| stack.tags.get(*key) != Some(value));
    let own: BTreeMap<_, _> = own.filter(|(key, _)| !OWN_TAGS.contains(&key.as_str())).collect();
    if !own.is_empty() {
        members.push(("tags".to_owned(), texts(own)));
    }
    let empty = if members.is_empty() { " {}" } else { "" };
    let _ = writeln!(text, "  {}:{empty}{maker}", scalar(&resource.address.name));
    entries(text, &members, 2);
}

/// An attribute that is set. A short form that is on unless said otherwise is off: what it stands for is there.
fn attribute(resource: &Resource, row: &Row, detail: Detail, stack: &Stack) -> Option<Node> {
    if row.is_short_form() && detail == Detail::Everything {
        return matches!(row.default, Default::Bool(true)).then(|| Node::Scalar("false".to_owned()));
    }
    let value = resource.get(row);
    match (&row.ty, value) {
        (_, Value::Null) => None,
        (Type::Texts { .. }, Value::Map(map)) => {
            let members = map.iter().map(|(key, value)| {
                let secret = is_secret(resource, key, value).then(|| format!("${{{}}}", variable_of(resource, key)));
                (key.clone(), secret.map_or_else(|| free(value), |variable| Node::Scalar(scalar(&variable))))
            });
            Some(Node::Map(members.collect()))
        }
        (ty, value) => Some(typed(ty, value, !row.soft, stack)),
    }
}

/// A value of a row's type; `hard` is what a logical name means there.
fn typed(ty: &Type, value: &Value, hard: bool, stack: &Stack) -> Node {
    match (ty, value) {
        (Type::Int { unit, .. }, Value::Int(number)) => Node::Scalar(unit.format(*number)),
        (Type::Word(_), Value::Text(_)) => Node::Scalar(scalar(&ty.show(value))),
        (Type::Name(sections), Value::Ref(reference)) => {
            let name = logical_name(reference, sections, hard, stack);
            name.map_or_else(|| free(value), |name| Node::Scalar(scalar(name)))
        }
        (Type::List { of, .. }, Value::List(items)) => {
            Node::List(items.iter().map(|item| typed(of, item, hard, stack)).collect())
        }
        (Type::Object(rows), Value::Map(map)) => {
            let set = rows.iter().filter_map(|row| Some((row, map.get(row.key)?)));
            let set = set.filter(|(_, value)| !value.is_null());
            let member =
                |(row, value): (&Row, _)| (row.key.to_owned(), typed(&row.ty, value, hard && !row.soft, stack));
            Node::Map(set.map(member).collect())
        }
        (_, value) => free(value),
    }
}

/// The logical name, where that is how a reference is written.
fn logical_name<'a>(reference: &'a Ref, sections: &[&str], hard: bool, stack: &Stack) -> Option<&'a str> {
    let address = reference.address()?;
    // As it is read: of several kinds the one that the stack has under this name, else the first.
    let mut known = sections.iter().filter_map(|section| crate::kind::find_section(section));
    let there = |kind: &&dyn Kind| stack.resources.contains_key(&Address::new(kind.name(), &address.name));
    let kind = known.clone().find(|kind| there(kind)).or_else(|| known.next())?;
    let same = kind.name() == address.kind && reference.fact == Fact::Arn && reference.hard == hard;
    same.then_some(address.name.as_str())
}

/// A value as it is, in no row's terms: texts, references, documents of another language.
fn free(value: &Value) -> Node {
    match value {
        Value::Text(text) => Node::Scalar(literal(text)),
        Value::Ref(reference) => Node::Scalar(scalar(&reference.to_string())),
        Value::Join(items) => {
            let parts = items.iter().map(|item| match item {
                Value::Text(text) => escaped(text),
                other => other.plain(),
            });
            Node::Scalar(scalar(&parts.collect::<String>()))
        }
        Value::List(items) => Node::List(items.iter().map(free).collect()),
        Value::Map(map) => Node::Map(map.iter().map(|(key, value)| (key.clone(), free(value))).collect()),
        other => Node::Scalar(other.plain()),
    }
}

fn texts<'a>(map: impl IntoIterator<Item = (&'a String, &'a String)>) -> Node {
    Node::Map(map.into_iter().map(|(key, value)| (key.clone(), Node::Scalar(literal(value)))).collect())
}

fn entries(text: &mut String, entries: &[(String, Node)], depth: usize) {
    for (key, node) in entries {
        let _ = write!(text, "{}{}:", "  ".repeat(depth), scalar(key));
        block(text, node, depth + 1);
    }
}

/// Writes what follows a key.
fn block(text: &mut String, node: &Node, depth: usize) {
    match node {
        Node::Scalar(scalar) => {
            let _ = writeln!(text, " {scalar}");
        }
        Node::List(items) if items.is_empty() => text.push_str(" []\n"),
        Node::Map(members) if members.is_empty() => text.push_str(" {}\n"),
        Node::Map(members) => {
            text.push('\n');
            entries(text, members, depth);
        }
        Node::List(items) => {
            text.push('\n');
            for item in items {
                list_item(text, item, depth);
            }
        }
    }
}

/// The first member of a mapping stands behind the dash.
fn list_item(text: &mut String, item: &Node, depth: usize) {
    let indent = "  ".repeat(depth);
    match item {
        Node::Map(members) if !members.is_empty() => {
            let mut inner = String::new();
            entries(&mut inner, members, depth + 1);
            let _ = write!(text, "{indent}- {}", inner.trim_start());
        }
        other => {
            let _ = write!(text, "{indent}-");
            block(text, other, depth + 1);
        }
    }
}

/// A text that stands for itself: what looks like `${…}` in it is escaped.
fn literal(text: &str) -> String {
    scalar(&escaped(text))
}

/// Doubles the `$` of every `${`.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        out.push_str(&rest[..at]);
        out.push_str("$${");
        rest = &rest[at + 2..];
    }
    out + rest
}

/// Words that YAML readers take for something else than a text.
const NO_TEXTS: &[&str] = &["null", "true", "false", "yes", "no", "on", "off", "y", "n", "nan", "inf", "infinity"];

/// A text in YAML: plain where nobody can misread it, else in double quotes.
fn scalar(text: &str) -> String {
    let plain = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "_-./:".contains(c))
        && !text.ends_with(':')
        && !NO_TEXTS.contains(&text.to_lowercase().as_str());
    if plain {
        return text.to_owned();
    }
    let mut quoted = String::from('"');
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            // What YAML does not call printable, and what it calls the end of a line.
            c if c.is_control() || ['\u{2028}', '\u{2029}', '\u{feff}', '\u{fffe}', '\u{ffff}'].contains(&c) => {
                let _ = write!(quoted, "\\u{:04x}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted + "\""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_could_be_misread_are_quoted() {
        let table = [
            ("jobs", "jobs"),
            ("arn:aws:sqs:us-east-1:000000000000:jobs", "arn:aws:sqs:us-east-1:000000000000:jobs"),
            ("0012", "\"0012\""),
            ("No", "\"No\""),
            ("a: b", "\"a: b\""),
            ("", "\"\""),
            ("say \"hi\"\n", "\"say \\\"hi\\\"\\n\""),
        ];
        for (text, expected) in table {
            assert_eq!(scalar(text), expected);
        }
    }

    #[test]
    fn what_looks_like_a_variable_is_escaped() {
        assert_eq!(escaped("a ${b} $${c} ${d"), "a $${b} $$${c} $${d");
    }
}
