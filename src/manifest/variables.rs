//! Variables and `${…}`: no code, no environment unless a variable declares it.

use std::collections::BTreeMap;

use super::yaml::{Data, Key, Node};
use super::{Inputs, WRONG_TYPE, nearest, suggest};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity, Span};
use crate::kind::{self, Row, Type};
use crate::model::{Address, Fact, Ref, RefTarget, Variable};
use crate::secret::{self, Secret};
use crate::value::Value;

/// A `${…}` that names nothing.
pub static UNKNOWN_VARIABLE: Code = Code {
    id: "QS010",
    severity: Severity::Error,
    title: "a ${…} that names nothing",
    reason: "Only declared variables, `${aws.…}` and facts of the stack's own resources can be put into a text.",
    fix: "Declare the variable under `variables:`, or write `$${` for the characters themselves.",
    link: "https://github.com/queuestack/queuestack#variables",
};

/// A variable without a value.
pub static NO_VALUE: Code = Code {
    id: "QS011",
    severity: Severity::Error,
    title: "a variable without a value",
    reason: "It has no default and nobody gave one; a value that is not declared or not allowed counts for nothing.",
    fix: "Give it with `--var NAME=VALUE` or `--var-file FILE`, or declare a `default:`.",
    link: "https://github.com/queuestack/queuestack#variables",
};

/// Variables by name; one without a value is in it as `None`, so that it is told once and not at every use.
pub type Variables = BTreeMap<String, Option<Node>>;

/// Reads `variables:` and gives each its value: command line, file, environment if declared, default.
pub fn declare(
    section: Option<&Node>,
    inputs: &Inputs,
    marks: &BTreeMap<String, String>,
    out: &mut Diagnostics,
) -> Variables {
    let mut variables = Variables::new();
    let entries = section.and_then(Node::entries).unwrap_or_default();
    for (key, node) in entries {
        let value = match marks.get(&key.text) {
            Some(mark) => Some(Node::at(key.span, Data::Text(mark.clone()), mark)),
            None => value_of(key, node, inputs, out),
        };
        variables.insert(key.text.clone(), value);
    }
    for name in inputs.variables.keys().filter(|name| !variables.contains_key(*name)) {
        let message = format!("`--var` or `--var-file` sets `{name}`, which the stack does not declare");
        out.push(Diagnostic::new(&NO_VALUE, message).help(suggest(name, variables.keys().map(String::as_str))));
    }
    variables
}

/// Turns the declarations into plain data, for those who write them down elsewhere.
pub fn describe(section: Option<&Node>, variables: &Variables) -> BTreeMap<String, Variable> {
    let plain = |node: &Node| match &node.data {
        Data::Null | Data::List(_) | Data::Map(_) | Data::Unknown => Value::Null,
        Data::Bool(flag) => Value::Bool(*flag),
        Data::Int(number) => Value::Int(*number),
        Data::Float(number) => Value::Float(*number),
        Data::Text(_) | Data::Known(_) => Value::text(&node.raw),
    };
    let described = section.and_then(Node::entries).unwrap_or_default().iter().map(|(key, node)| {
        let declared = node.entries().unwrap_or_default();
        let member = |name: &str| declared.iter().find(|(key, _)| key.text == name).map(|(_, node)| node);
        let allowed = match member("allowed").map(|node| &node.data) {
            Some(Data::List(items)) => items.iter().map(|item| item.raw.clone()).collect(),
            _ => Vec::new(),
        };
        let variable = Variable {
            description: member("description").map(|node| node.raw.clone()),
            default: member("default").map(plain),
            value: variables.get(&key.text).and_then(Option::as_ref).map(plain),
            allowed,
        };
        (key.text.clone(), variable)
    });
    described.collect()
}

fn value_of(key: &Key, node: &Node, inputs: &Inputs, out: &mut Diagnostics) -> Option<Node> {
    let mut wrong = |what: &str, expected: &str, node: &Node, help: String| {
        let message = format!("{what} takes {expected}, not {}", node.describe());
        out.push(Diagnostic::new(&WRONG_TYPE, message).at(node.span).help(help));
    };
    let Some(declared) = node.entries() else {
        let help = match &node.data {
            Data::List(_) => format!("Write `{}: {{allowed: […]}}`.", key.text),
            _ => format!("Write `{}: {{default: {}}}`.", key.text, node.raw),
        };
        wrong(&format!("variable `{}`", key.text), "a mapping", node, help);
        return None;
    };
    let member = |name: &str| declared.iter().find(|(key, _)| key.text == name).map(|(_, node)| node);
    for (name, node) in declared.iter().filter(|(_, node)| !matches!(node.data, Data::Null)) {
        let what = format!("`{}` of variable `{}`", name.text, key.text);
        match (name.text.as_str(), &node.data) {
            ("allowed", Data::List(_)) => {}
            ("allowed", _) => wrong(&what, "a list", node, format!("Write `allowed: [{}]`.", node.raw)),
            ("description" | "env", Data::List(_) | Data::Map(_)) => {
                wrong(&what, "a text", node, "Write a text.".to_owned());
            }
            _ => {}
        }
    }
    for (unknown, _) in declared.iter().filter(|(key, _)| !DECLARATION.contains(&key.text.as_str())) {
        out.push(super::unknown_key(&unknown.text, unknown.span, "a variable", DECLARATION.iter().copied()));
    }
    let from_environment = || {
        let name = member("env")?.raw.clone();
        (inputs.environment)(&name)
    };
    let given = inputs.variables.get(&key.text).cloned().or_else(from_environment);
    let value = match given {
        Some(text) => Some(scalar(&text, key.span)),
        None => member("default").cloned(),
    };
    let Some(value) = value else {
        // A misspelt `default:` is told; that it is missing is its consequence.
        if declared.iter().any(|(key, _)| nearest(&key.text, DECLARATION.iter().copied()) == Some("default")) {
            return None;
        }
        out.push(Diagnostic::new(&NO_VALUE, format!("variable `{}` has no value", key.text)).at(key.span));
        return None;
    };
    if let Some(Node { data: Data::List(allowed), .. }) = member("allowed")
        && !allowed.iter().any(|one| one.raw == value.raw)
    {
        let words = allowed.iter().map(|one| one.raw.as_str()).collect::<Vec<_>>().join(", ");
        let message = format!("variable `{}` is `{}`; allowed are {words}", key.text, value.raw);
        out.push(Diagnostic::new(&NO_VALUE, message).at(key.span).help("Give one of the allowed values."));
        return None;
    }
    Some(value)
}

/// What a variable's declaration may say.
pub const DECLARATION: &[&str] = &["default", "description", "env", "allowed"];

/// Types a value from outside the way YAML would: `5` is a number, `dev` a text.
fn scalar(text: &str, span: Span) -> Node {
    let data = match text {
        "" | "null" | "~" => Data::Null,
        "true" => Data::Bool(true),
        "false" => Data::Bool(false),
        _ => match (text.parse::<i64>(), text.parse::<f64>()) {
            (Ok(number), _) => Data::Int(number),
            (_, Ok(number)) if number.is_finite() => Data::Float(number),
            _ => Data::Text(text.to_owned()),
        },
    };
    Node::at(span, data, text)
}

/// Replaces every `${…}` of one section of a stack file.
///
/// Policy documents have variables of their own, such as `${aws:username}`, which stay as they are.
pub fn interpolate_section(key: &Key, node: &mut Node, variables: &Variables, out: &mut Diagnostics) {
    let kind = |section: &str| kind::find_section(section);
    let Data::Map(members) = &mut node.data else { return interpolate(node, Language::Ours, variables, out) };
    for (member, node) in members {
        // Below `defaults:` stand sections, below a section resources; attributes are in both.
        let kind = if key.text == "defaults" { kind(&member.text) } else { kind(&key.text) };
        match (kind, &mut node.data) {
            (Some(kind), Data::Map(attributes)) => {
                for (attribute, node) in attributes {
                    let is_policy = |row: &Row| row.key == attribute.text && matches!(row.ty, Type::Policy);
                    let policy = kind.rows().iter().any(is_policy);
                    interpolate(node, if policy { Language::Policy } else { Language::Ours }, variables, out);
                }
            }
            _ => interpolate(node, Language::Ours, variables, out),
        }
    }
}

/// Whose `${…}` stand in a text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Language {
    /// The stack file's alone.
    Ours,
    /// Those of IAM too.
    Policy,
}

impl Language {
    /// Tells whether a name is one of IAM's: `aws:PrincipalTag/team`, or a character that has a meaning of its own.
    ///
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>
    fn has(self, name: &str) -> bool {
        let is_key = |(service, key): (&str, &str)| {
            let begins = |text: &str| text.starts_with(|c: char| c.is_ascii_alphanumeric());
            begins(service) && begins(key) && !is_secret(service)
        };
        self == Language::Policy && (matches!(name, "*" | "?" | "$") || name.split_once(':').is_some_and(is_key))
    }
}

/// Tells whether a word before a `:` is `secret`, however it is spelt.
fn is_secret(word: &str) -> bool {
    nearest(word, std::iter::once("secret")).is_some()
}

fn interpolate(node: &mut Node, language: Language, variables: &Variables, out: &mut Diagnostics) {
    match &mut node.data {
        Data::List(items) => items.iter_mut().for_each(|item| interpolate(item, language, variables, out)),
        Data::Map(entries) => entries.iter_mut().for_each(|(_, item)| interpolate(item, language, variables, out)),
        Data::Text(text) if text.contains("${") => {
            let text = std::mem::take(text);
            let replaced = replace(&text, node.span, language, variables, out);
            node.raw = replaced.raw;
            node.data = replaced.data;
        }
        _ => {}
    }
}

/// One piece of a text.
enum Piece<'a> {
    Text(&'a str),
    Name(&'a str),
    /// A `${` without its `}`.
    Open(&'a str),
}

fn pieces(text: &str, language: Language) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        // `$${` is the two characters themselves.
        if rest[..at].ends_with('$') {
            pieces.push(Piece::Text(&rest[..at - 1]));
            pieces.push(Piece::Text(&rest[at..at + 2]));
            rest = &rest[at + 2..];
            continue;
        }
        let end = if rest[at + 2..].starts_with(secret::PREFIX) { closing(rest, at) } else { rest[at..].find('}') };
        let Some(end) = end.map(|end| at + end) else {
            pieces.push(Piece::Text(&rest[..at]));
            pieces.push(Piece::Open(&rest[at + 2..]));
            rest = "";
            break;
        };
        let name = &rest[at + 2..end];
        if language.has(name) {
            pieces.push(Piece::Text(&rest[..=end]));
        } else {
            pieces.push(Piece::Text(&rest[..at]));
            pieces.push(Piece::Name(name));
        }
        rest = &rest[end + 1..];
    }
    pieces.push(Piece::Text(rest));
    pieces.retain(|piece| !matches!(piece, Piece::Text("")));
    pieces
}

/// Finds the brace that closes the one at `at`, past variables inside: a secret's path may have them in it.
fn closing(text: &str, at: usize) -> Option<usize> {
    let mut open = 0_usize;
    let end = text[at..].char_indices().find(|(_, c)| {
        open = match c {
            '{' => open + 1,
            '}' => open.saturating_sub(1),
            _ => return false,
        };
        open == 0
    });
    end.map(|(end, _)| end)
}

fn replace(text: &str, span: Span, language: Language, variables: &Variables, out: &mut Diagnostics) -> Node {
    let pieces = pieces(text, language);
    if let [Piece::Name(name)] = pieces.as_slice() {
        let node = look_up(name, span, variables, out);
        return Node { span, ..node };
    }
    let mut parts: Vec<Value> = Vec::new();
    let mut unknown = false;
    for piece in pieces {
        let value = match piece {
            Piece::Text(text) => Value::text(text),
            Piece::Name(name) => match look_up(name, span, variables, out) {
                Node { data: Data::Known(value), .. } => value,
                Node { data: Data::Null, .. } => Value::text(""),
                Node { data: Data::Unknown, .. } => {
                    unknown = true;
                    continue;
                }
                node => Value::Text(node.raw),
            },
            Piece::Open(name) => {
                let line = name.lines().next().unwrap_or_default();
                let message = format!("`${{{line}` is not closed");
                let help = "Close it with `}`, or write `$${` for the characters themselves.";
                out.push(Diagnostic::new(&UNKNOWN_VARIABLE, message).at(span).help(help));
                unknown = true;
                continue;
            }
        };
        match (parts.last_mut(), value) {
            (Some(Value::Text(before)), Value::Text(after)) => before.push_str(&after),
            (_, value) => parts.push(value),
        }
    }
    match parts.as_slice() {
        _ if unknown => Node::at(span, Data::Unknown, ""),
        [] => Node::at(span, Data::Text(String::new()), ""),
        [Value::Text(text)] => Node::at(span, Data::Text(text.clone()), text.clone()),
        _ => Node::at(span, Data::Known(Value::Join(parts)), text),
    }
}

/// Finds what a name stands for; what it does not find is told, and stands for nothing.
fn look_up(name: &str, span: Span, variables: &Variables, out: &mut Diagnostics) -> Node {
    if let Some(value) = variables.get(name) {
        return match value {
            // A stage may say which secret is its own; nothing else is read in a value.
            Some(node) if node.raw.contains("${secret:") => {
                replace(&node.raw, span, Language::Ours, &Variables::new(), out)
            }
            value => value.clone().unwrap_or_else(|| Node::at(span, Data::Unknown, "")),
        };
    }
    if let Some(text) = name.strip_prefix(secret::PREFIX) {
        return look_up_secret(text, span, variables, out);
    }
    let parts: Vec<&str> = name.split('.').collect();
    let fact = |word: &str| Fact::ALL.iter().find(|(name, _)| *name == word).map(|(_, fact)| *fact);
    let known = match parts.as_slice() {
        ["aws", word] => {
            fact(word).filter(|fact| matches!(fact, Fact::Account | Fact::Region | Fact::Partition)).map(Ref::place)
        }
        [section, logical, word] => kind::find_section(section).zip(fact(word)).map(|(kind, fact)| {
            let of = RefTarget::Resource(Address::new(kind.name(), *logical));
            // Names and ARNs are known before anything exists; a URL is what the service says once it does.
            Ref { of, fact, hard: fact == Fact::Url }
        }),
        _ => None,
    };
    if let Some(reference) = known {
        return Node::at(span, Data::Known(Value::Ref(reference)), name);
    }
    let message = format!("`${{{name}}}` names no variable and no fact of a resource");
    out.push(Diagnostic::new(&UNKNOWN_VARIABLE, message).at(span).help(meant(name, variables)));
    Node::at(span, Data::Unknown, "")
}

/// Asks what a name that stands for nothing was meant to be; empty when nothing is near.
fn meant(name: &str, variables: &Variables) -> String {
    let escape = "write `$${` for the characters themselves";
    match name.split_once(':') {
        Some((word, rest)) if is_secret(word) => return format!("Did you mean `${{{}{rest}}}`?", secret::PREFIX),
        Some(_) if Secret::parse(name).is_some() => return format!("Did you mean `${{{}{name}}}`?", secret::PREFIX),
        Some(("AWS", word)) => {
            let of_the_place = match word {
                ":AccountId" => "account",
                ":Region" => "region",
                ":Partition" => "partition",
                _ => return format!("Only `${{aws.…}}` is here, or {escape}."),
            };
            return format!("Did you mean `${{aws.{of_the_place}}}`?");
        }
        Some((variable, rest)) if rest.starts_with(['-', '=', '?', '+']) => {
            return format!("Declare a `default:` of `{variable}` under `variables:`, or {escape}.");
        }
        _ => {}
    }
    let mut known: Vec<String> = ["account", "region", "partition"].map(|word| format!("aws.{word}")).into();
    known.extend(variables.keys().cloned());
    if let [section, logical, word] = name.split('.').collect::<Vec<_>>().as_slice() {
        // A section that is misspelt, or the name of its kind.
        let kind = kind::find_section(section).or_else(|| kind::find(section));
        let sections = kind::KINDS.iter().map(|kind| kind.section());
        let section = kind.map(kind::Kind::section).or_else(|| nearest(section, sections));
        let facts = ["arn", "name", "url"];
        let facts = if facts.contains(word) { vec![*word] } else { facts.to_vec() };
        known.extend(
            section.iter().flat_map(|section| facts.iter().map(move |word| format!("{section}.{logical}.{word}"))),
        );
    }
    suggest(name, known.iter().map(String::as_str).filter(|known| *known != name))
}

/// Finds which secret is meant; variables may stand in its path.
fn look_up_secret(text: &str, span: Span, variables: &Variables, out: &mut Diagnostics) -> Node {
    let node = replace(text, span, Language::Ours, variables, out);
    let secret = match &node.data {
        Data::Unknown => return node,
        Data::Text(text) => Secret::parse(text),
        _ => None,
    };
    let Some(secret) = secret else {
        let message = format!("`${{{}{text}}}` names no secret", secret::PREFIX);
        out.push(Diagnostic::new(&secret::BAD_REFERENCE, message).at(span));
        return Node::at(span, Data::Unknown, "");
    };
    let reference = Ref { of: RefTarget::Secret(secret), fact: Fact::Value, hard: false };
    Node::at(span, Data::Known(Value::Ref(reference)), text)
}
