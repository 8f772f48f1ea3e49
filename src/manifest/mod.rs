//! YAML text → [`Stack`]: strict, with every finding of a file at once, each where it stands.

mod bind;
pub(crate) mod guards;
pub(crate) mod limits;
mod syntax;
mod variables;
mod yaml;

use std::collections::{BTreeMap, BTreeSet};

use bind::{Binder, Declared};
use yaml::{Data, Key, Node};

use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity, Source, Span};
use crate::kind::{KINDS, Kind, Row, find_section};
use crate::model::{Fact, REGION, Resource, Stack};
use crate::value::Value;

pub use bind::{BAD_UNIT, OUT_OF_RANGE, UNKNOWN_WORD, WRONG_TYPE};
pub use guards::{BAD_ADDRESS, BAD_PLACE};
pub use variables::{NO_VALUE, UNKNOWN_VARIABLE};
pub use yaml::{DUPLICATE, ENCODING, MAX_BYTES, SYNTAX, TOO_LARGE};

const MANUAL: &str = "https://github.com/queuestack/queuestack#the-stack-file";

/// A key that means nothing.
pub static UNKNOWN_KEY: Code = Code {
    id: "QS002",
    severity: Severity::Error,
    title: "a key that means nothing here",
    reason: "A key that is silently ignored is a setting that silently does not hold.",
    fix: "Correct its spelling or remove it.",
    link: MANUAL,
};

/// A name that cannot be one.
pub static BAD_NAME: Code = Code {
    id: "QS008",
    severity: Severity::Error,
    title: "a name that cannot be one",
    reason: "Logical names and stack names become tags and parts of physical names.",
    fix: "Use letters, digits, `-` and `_`, at most 80, beginning with a letter or digit.",
    link: MANUAL,
};

/// Something that must be there is not.
pub static MISSING: Code = Code {
    id: "QS007",
    severity: Severity::Error,
    title: "something that must be there is missing",
    reason: "Without it there is nothing sensible to create.",
    fix: "Add it.",
    link: MANUAL,
};

/// What a stack file is given from outside.
pub struct Inputs<'a> {
    /// Values of `--var` and `--var-file`.
    pub variables: BTreeMap<String, String>,
    /// Looks an environment variable up, for variables that declare `env:`.
    pub environment: &'a dyn Fn(&str) -> Option<String>,
}

/// The keys of a stack file besides the sections of the kinds.
pub const TOP: &[(&str, &str)] = &[
    ("stack", "The stack's name: what owns its resources, in the tag `queuestack:stack`."),
    ("description", "What the stack is for."),
    ("variables", "Values that differ between uses, put into texts with `${name}`."),
    ("tags", "Tags of every resource."),
    ("ignore_tags", "Tags that others own, such as `cost:*`: never compared, never removed."),
    (
        "account",
        "The account that the stack may go to, or a list of them: any other is refused before anything is changed.",
    ),
    ("regions", "The Regions that the stack may go to: any other is refused before anything is changed."),
    ("moved", "Resources whose logical names changed: each keeps its physical name and is not replaced."),
    ("defaults", "Values for attributes that resources do not set, by section."),
];

/// The keys that every resource has besides its kind's rows.
pub const COMMON: &[(&str, &str)] = &[
    ("name", "The physical name, when it is not the logical one."),
    ("tags", "Tags of this resource."),
    (
        "protect",
        "Whether deleting or replacing it, and what its short forms make, is refused until this is taken back.",
    ),
];

/// Turns the bytes of a stack file into text; bytes that are none are told, and the text around them is shown.
#[must_use]
pub fn decode(path: String, bytes: Vec<u8>) -> (Source, Diagnostics) {
    let mut out = Diagnostics::default();
    let text = String::from_utf8(bytes).unwrap_or_else(|error| {
        let at = error.utf8_error().valid_up_to();
        let byte = error.as_bytes().get(at).copied().unwrap_or_default();
        let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
        let utf16 = error.as_bytes().starts_with(&[0xff, 0xfe]) || error.as_bytes().starts_with(&[0xfe, 0xff]);
        let message =
            if utf16 { "the file is UTF-16".to_owned() } else { format!("the byte 0x{byte:02x} is not UTF-8") };
        let span = Span { start: at, end: at + char::REPLACEMENT_CHARACTER.len_utf8() };
        out.push(Diagnostic::new(&ENCODING, message).at((!utf16).then_some(span)));
        text
    });
    (Source { path, text, ..Source::default() }, out)
}

/// Reads a stack file. What could be read is returned even when there are errors.
#[must_use]
pub fn read(source: Source, inputs: &Inputs<'_>) -> (Stack, Diagnostics) {
    read_marked(source, inputs, &BTreeMap::new())
}

/// Reads a stack file in which some variables stand for marks, whatever they may be: where a mark comes out again, its
/// variable went in.
#[must_use]
pub fn read_marked(mut source: Source, inputs: &Inputs<'_>, marks: &BTreeMap<String, String>) -> (Stack, Diagnostics) {
    let mut out = Diagnostics::default();
    let mut stack = Stack::default();
    // A byte order mark is no part of the first line.
    if source.text.starts_with('\u{feff}') {
        source.text.remove(0);
    }
    if let Some(mut root) = yaml::read(&source, &mut out) {
        let declared = match &root.data {
            Data::Map(entries) => entries.iter().find(|(key, _)| key.text == "variables").map(|(_, node)| node),
            _ => None,
        };
        let variables = variables::declare(declared, inputs, marks, &mut out);
        stack.variables = variables::describe(declared, &variables);
        if let Data::Map(entries) = &mut root.data {
            let open = entries.iter_mut().filter(|(key, _)| key.text != "variables");
            open.for_each(|(key, node)| variables::interpolate_section(key, node, &variables, &mut out));
        }
        read_root(&root, &mut stack, &mut out);
    }
    stack.source = source;
    (stack, out)
}

/// Reads a file of `name: value` lines, each value as it is written: what a number or a date means is for the place in
/// the stack to say, where its variable goes.
#[must_use]
pub fn read_values(source: &Source) -> (BTreeMap<String, String>, Diagnostics) {
    let mut out = Diagnostics::default();
    let mut values = BTreeMap::new();
    let root = yaml::read(source, &mut out);
    match root.as_ref().map(|root| (root, root.entries())) {
        Some((_, Some(entries))) => {
            for (key, node) in entries {
                if matches!(node.data, Data::List(_) | Data::Map(_)) {
                    let message = format!("variable `{}` takes a single value, not {}", key.text, node.describe());
                    let help = "Write `name: value` lines.";
                    out.push(Diagnostic::new(&WRONG_TYPE, message).at(node.span).help(help));
                }
                let nothing = matches!(node.data, Data::Null) && node.raw != "~" && node.raw != "null";
                values.insert(key.text.clone(), if nothing { String::new() } else { node.raw.clone() });
            }
        }
        Some((root, None)) => {
            let message = format!("a file of values is a mapping, not {}", root.describe());
            out.push(Diagnostic::new(&WRONG_TYPE, message).at(root.span).help("Write `name: value` lines."));
        }
        None => {}
    }
    (values, out)
}

fn read_root(root: &Node, stack: &mut Stack, out: &mut Diagnostics) {
    if matches!(root.data, Data::Null) {
        let help = "Begin with `stack: <name>`.";
        out.push(Diagnostic::new(&MISSING, "the file says nothing").at(Span::default()).help(help));
        return;
    }
    let Data::Map(entries) = &root.data else {
        let message = format!("a stack file is a mapping, not {}", root.describe());
        out.push(Diagnostic::new(&WRONG_TYPE, message).at(root.span).help("Begin with `stack: <name>`."));
        return;
    };
    let declared = declared(entries);
    for (key, node) in entries {
        match key.text.as_str() {
            "stack" => read_name(node, stack, out),
            "description" => stack.description = Some(node.raw.clone()),
            "variables" => expect_map(key, node, out),
            "tags" => stack.tags = tags(node, &mut stack.spans, out),
            "ignore_tags" => stack.ignore_tags = texts(key, node, out),
            "account" => stack.accounts = guards::places(key, node, guards::is_account, out),
            "regions" => stack.regions = guards::places(key, node, guards::is_region, out),
            "moved" => guards::moved(key, node, stack, out),
            "defaults" => read_defaults(key, node, &declared, stack, out),
            section => {
                if let Some(kind) = find_section(section) {
                    read_section(kind, (key, node), &declared, stack, out);
                } else {
                    let known = TOP.iter().map(|(key, _)| *key).chain(KINDS.iter().map(|kind| kind.section()));
                    out.push(unknown_key(section, key.span, "a stack file", known));
                }
            }
        }
    }
    if !entries.iter().any(|(key, _)| key.text == "stack") {
        let help = "Add `stack: <name>` as the first line.";
        out.push(Diagnostic::new(&MISSING, "the stack has no name").at(Span::default()).help(help));
    }
}

fn read_name(node: &Node, stack: &mut Stack, out: &mut Diagnostics) {
    if matches!(node.data, Data::Unknown) {
        return;
    }
    stack.name.clone_from(&node.raw);
    if !matches!(node.data, Data::Text(_) | Data::Int(_)) || !is_name(&node.raw) {
        out.push(Diagnostic::new(&BAD_NAME, format!("`{}` cannot be the name of a stack", node.raw)).at(node.span));
    }
}

/// Tells whether a text can be a logical name: it becomes a tag's value and part of physical names.
pub(crate) fn is_name(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    text.len() <= 80 && text.starts_with(|c: char| c.is_ascii_alphanumeric()) && text.chars().all(allowed)
}

fn expect_map(key: &Key, node: &Node, out: &mut Diagnostics) {
    if node.entries().is_none() {
        let message = format!("`{}` takes a mapping, not {}", key.text, node.describe());
        let help = format!("Write `name: value` lines below `{}:`, indented.", key.text);
        out.push(Diagnostic::new(&WRONG_TYPE, message).at(node.span).help(help));
    }
}

fn texts(key: &Key, node: &Node, out: &mut Diagnostics) -> BTreeSet<String> {
    let Data::List(items) = &node.data else {
        out.push(Diagnostic::new(&WRONG_TYPE, format!("`{}` takes a list of texts", key.text)).at(node.span));
        return BTreeSet::new();
    };
    items.iter().map(|item| item.raw.clone()).collect()
}

fn tags(node: &Node, spans: &mut BTreeMap<String, Span>, out: &mut Diagnostics) -> BTreeMap<String, String> {
    let mut tags = BTreeMap::new();
    let Some(entries) = node.entries() else {
        out.push(
            Diagnostic::new(&WRONG_TYPE, format!("`tags` takes a mapping, not {}", node.describe()))
                .at(node.span)
                .help("Write `tags: {team: billing}`."),
        );
        return tags;
    };
    for (key, node) in entries {
        spans.insert(format!("tags.{}", key.text), key.span);
        match node.data {
            Data::Null | Data::Unknown => {}
            Data::List(_) | Data::Map(_) | Data::Known(_) => {
                let message = format!("tag `{}` takes a plain text, not {}", key.text, node.describe());
                let help = "Write a text; variables can stand in it, facts of resources cannot.";
                out.push(Diagnostic::new(&WRONG_TYPE, message).at(node.span).help(help));
            }
            _ => drop(tags.insert(key.text.clone(), node.raw.clone())),
        }
    }
    tags
}

fn read_defaults(key: &Key, node: &Node, declared: &Declared<'_>, stack: &mut Stack, out: &mut Diagnostics) {
    expect_map(key, node, out);
    for (key, node) in node.entries().unwrap_or_default() {
        let Some(kind) = find_section(&key.text) else {
            let sections = KINDS.iter().map(|kind| kind.section());
            out.push(unknown_key(&key.text, key.span, "`defaults`", sections));
            continue;
        };
        expect_map(key, node, out);
        for (key, node) in node.entries().unwrap_or_default() {
            let (mut spans, mut broken) = (BTreeMap::new(), BTreeSet::new());
            if let Some(row) = kind.rows().iter().find(|row| row.key == key.text) {
                let value = Binder { out, spans: &mut spans, broken: &mut broken, declared }.bind(row, row.key, node);
                stack.defaults.entry(kind.name()).or_default().extend(value.map(|value| (row.key, value)));
            } else {
                let keys = kind.rows().iter().map(|row| row.key);
                out.push(unknown_key(&key.text, key.span, &format!("`defaults.{}`", kind.section()), keys));
            }
        }
    }
}

/// The resources that the file names, before any of them is read: what names one may stand before it.
fn declared(entries: &[(Key, Node)]) -> Declared<'_> {
    let sections = entries.iter().filter_map(|(key, node)| Some((find_section(&key.text)?.section(), node.entries()?)));
    sections.flat_map(|(section, named)| named.iter().map(move |(key, _)| (section, key.text.as_str()))).collect()
}

fn read_section(
    kind: &'static dyn Kind,
    (key, node): (&Key, &Node),
    declared: &Declared<'_>,
    stack: &mut Stack,
    out: &mut Diagnostics,
) {
    expect_map(key, node, out);
    for (key, node) in node.entries().unwrap_or_default() {
        if !is_name(&key.text) {
            let message = format!("`{}` cannot be the logical name of {}", key.text, a(kind.name()));
            out.push(Diagnostic::new(&BAD_NAME, message).at(key.span));
        }
        let mut resource = Resource::new(kind, &key.text);
        resource.broken.extend((!is_name(&key.text)).then(|| "name".to_owned()));
        resource.spans.insert(String::new(), key.span);
        read_resource(&mut resource, node, declared, out);
        stack.resources.insert(resource.address.clone(), resource);
    }
}

fn read_resource(resource: &mut Resource, node: &Node, declared: &Declared<'_>, out: &mut Diagnostics) {
    let Some(entries) = node.entries() else {
        let message = format!("`{}` takes a mapping, not {}", resource.address, node.describe());
        let help = format!("Write `{}: {{}}` for one with nothing set.", resource.address.name);
        out.push(Diagnostic::new(&WRONG_TYPE, message).at(node.span).of(&resource.address).help(help));
        resource.broken.insert(String::new());
        return;
    };
    let rows: &'static [Row] = resource.kind.rows();
    for (key, node) in entries {
        match (key.text.as_str(), rows.iter().find(|row| row.key == key.text)) {
            ("name", _) if !rows.iter().any(|row| row.key == "name") => {
                resource.spans.insert("name".to_owned(), node.span);
                match &node.data {
                    Data::Unknown => {}
                    Data::Null => {
                        let message = format!("the name of `{}` is nothing", resource.address);
                        let help = "Give it a value, or leave `name:` out to use the logical name.";
                        out.push(Diagnostic::new(&MISSING, message).at(node.span).of(&resource.address).help(help));
                    }
                    Data::Known(value) if resource.kind.is_global() && regional(value).is_some() => {
                        resource.name = regional(value);
                    }
                    Data::List(_) | Data::Map(_) | Data::Known(_) => {
                        let message = format!("the name of `{}` must be a plain text", resource.address);
                        let help = if resource.kind.is_global() {
                            "Physical names are known before anything is created: only variables and `${aws.region}` can stand in them."
                        } else {
                            "Physical names are known before anything is created: only variables can stand in them."
                        };
                        out.push(Diagnostic::new(&WRONG_TYPE, message).at(node.span).help(help));
                    }
                    _ => resource.name = Some(node.raw.clone()),
                }
            }
            ("protect", None) => match node.data {
                Data::Bool(protect) => resource.protect = protect,
                Data::Null | Data::Unknown => {}
                _ => out.push(bind::no_truth("protect", node).of(&resource.address)),
            },
            ("tags", None) => resource.tags = tags(node, &mut resource.spans, out),
            (_, Some(row)) => {
                let (spans, broken) = (&mut resource.spans, &mut resource.broken);
                let mut binder = Binder { out, spans, broken, declared };
                if let Some(value) = binder.bind(row, row.key, node) {
                    resource.attributes.insert(row.key, value);
                }
            }
            (text, None) => {
                // Nothing is said about the absence of what was probably meant.
                resource.broken.extend(nearest(text, rows.iter().map(|row| row.key)).map(str::to_owned));
                let keys = rows.iter().map(|row| row.key).chain(COMMON.iter().map(|(key, _)| *key));
                out.push(unknown_key(text, key.span, &a(resource.address.kind), keys).of(&resource.address));
            }
        }
    }
}

/// A name with nothing in it but texts and the Region, which is known before anything is created.
pub(crate) fn regional(name: &Value) -> Option<String> {
    match name {
        Value::Text(text) => Some(text.clone()),
        Value::Ref(reference) => (reference.fact == Fact::Region).then(|| REGION.to_owned()),
        Value::Join(parts) => parts.iter().map(regional).collect(),
        _ => None,
    }
}

/// Reports an unknown key with the nearest known one.
fn unknown_key<'a>(key: &str, span: Span, of: &str, known: impl Iterator<Item = &'a str> + Clone) -> Diagnostic {
    let help = suggest(key, known.clone());
    let help = if help.is_empty() {
        let mut known: Vec<&str> = known.collect();
        known.sort_unstable();
        format!("Known are: {}.", known.join(", "))
    } else {
        help
    };
    Diagnostic::new(&UNKNOWN_KEY, format!("`{key}` is not a key of {of}")).at(span).help(help)
}

/// Finds the known word that was probably meant.
pub(crate) fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    let near = known.map(|known| (strsim::damerau_levenshtein(&word, &known.to_lowercase()), known));
    let allowed = (word.chars().count() / 3).max(1);
    near.filter(|(distance, _)| *distance <= allowed).min().map(|(_, known)| known)
}

/// A kind with its article.
pub(crate) fn a(kind: &str) -> String {
    let article = if kind.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    format!("{article} {kind}")
}

/// Says what there is not, and asks whether the nearest of what there is was meant.
pub(crate) fn there_is_no<'a>(said: &str, word: &str, known: impl Iterator<Item = &'a str>) -> String {
    let near = suggest(word, known);
    format!("{said}. {near}").trim_end().to_owned()
}

/// Asks whether the nearest known word was meant; empty when none is near.
pub(crate) fn suggest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> String {
    nearest(word, known).map_or_else(String::new, |known| format!("Did you mean `{known}`?"))
}
