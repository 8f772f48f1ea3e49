//! YAML text → a tree that knows where everything stands. Memory is bounded before anything is built.

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::options::{DuplicateKeyPolicy, NonFiniteFloatPolicy};
use serde_saphyr::{Location, Spanned};
use std::collections::HashSet;
use std::fmt;

use super::syntax;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity, Source, Span};
use crate::value::Value;

/// The largest stack file: a hundred times the largest that anybody should read.
pub const MAX_BYTES: usize = 4 << 20;
/// The most nodes after aliases are followed.
const MAX_NODES: usize = 200_000;
/// The deepest nesting: twice what a stack needs. Each level takes 35 KiB of the stack of a thread in a build that is not
/// optimised, and threads have 2 MiB.
const MAX_DEPTH: usize = 32;

/// Text that is not YAML.
pub static SYNTAX: Code = Code {
    id: "QS001",
    severity: Severity::Error,
    title: "text that is not YAML",
    reason: "The file cannot be read any further than this.",
    fix: "Correct the YAML at this place.",
    link: "https://yaml.org/spec/1.2.2/",
};

/// The same key twice.
pub static DUPLICATE: Code = Code {
    id: "QS013",
    severity: Severity::Error,
    title: "the same key twice",
    reason: "YAML mappings have each key once; most readers silently drop one of the two.",
    fix: "Remove or rename one of them.",
    link: "https://yaml.org/spec/1.2.2/#3213-node-comparison",
};

/// A file that is too large, too deep, or expands without end.
pub static TOO_LARGE: Code = Code {
    id: "QS012",
    severity: Severity::Error,
    title: "a file that is too large to be a stack",
    reason: "Size, depth and what aliases expand to are bounded, so that no file can exhaust memory.",
    fix: "Split the stack, or unfold the aliases that multiply each other.",
    link: "https://en.wikipedia.org/wiki/Billion_laughs_attack",
};

/// Bytes that are not UTF-8, or that no text file has.
pub static ENCODING: Code = Code::error("QS014", "a file that is not UTF-8 text")
    .because("Stack files are UTF-8 without control characters, so that they mean the same everywhere.")
    .fix("Save the file as UTF-8, and remove what is not text.")
    .see("https://yaml.org/spec/1.2.2/#51-character-set");

/// A value and where it stands.
#[derive(Clone, Debug)]
pub struct Node {
    /// Where.
    pub span: Span,
    /// What.
    pub data: Data,
    /// A scalar as it was written, so that `0012` can still be a text.
    pub raw: String,
}

/// What a [`Node`] is.
#[derive(Clone, Debug)]
pub enum Data {
    /// `null`, `~` or nothing.
    Null,
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Any other number.
    Float(f64),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// A mapping, in the order of the file.
    Map(Vec<(Key, Node)>),
    /// A reference that interpolation put in.
    Known(Value),
    /// What interpolation found no value for, and told so.
    Unknown,
}

/// A key of a mapping and where it stands.
#[derive(Clone, Debug)]
pub struct Key {
    /// The text.
    pub text: String,
    /// Where.
    pub span: Span,
}

impl Node {
    /// Makes a node from a value, standing where another stands.
    #[must_use]
    pub fn at(span: Span, data: Data, raw: impl Into<String>) -> Node {
        Node { span, data, raw: raw.into() }
    }

    /// Says what it is, with its article.
    #[must_use]
    pub fn describe(&self) -> &'static str {
        match self.data {
            Data::Null | Data::Unknown => "nothing",
            Data::Bool(_) => "a truth value",
            Data::Int(_) | Data::Float(_) => "a number",
            Data::Text(_) => "a text",
            Data::Known(_) => "a fact of a resource",
            Data::List(_) => "a list",
            Data::Map(_) => "a mapping",
        }
    }

    /// Returns the entries, if it is a mapping; nothing counts as an empty one.
    #[must_use]
    pub fn entries(&self) -> Option<&[(Key, Node)]> {
        match &self.data {
            Data::Map(entries) => Some(entries),
            Data::Null | Data::Unknown => Some(&[]),
            _ => None,
        }
    }
}

/// Reads a file's text into a tree.
pub fn read(source: &Source, out: &mut Diagnostics) -> Option<Node> {
    if source.text.len() > MAX_BYTES {
        out.push(Diagnostic::new(&TOO_LARGE, "the file is longer than 4MiB"));
        return None;
    }
    let forbidden = |c: &char| c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{85}');
    if let Some((at, odd)) = source.text.char_indices().find(|(_, c)| forbidden(c)) {
        let message = format!("the control character `{}`, which text files do not have", odd.escape_default());
        out.push(Diagnostic::new(&ENCODING, message).at(Span { start: at, end: at + odd.len_utf8() }));
        return None;
    }
    let mut options = serde_saphyr::options! {
        duplicate_keys: DuplicateKeyPolicy::LastWins,
        with_snippet: false,
        // Of YAML 1.2: `NO` is a country, not a truth value.
        strict_booleans: true,
        non_finite_float_policy: NonFiniteFloatPolicy::PassThrough,
    };
    if let Some(budget) = options.budget.as_mut() {
        budget.max_nodes = MAX_NODES;
        budget.max_depth = MAX_DEPTH;
        // One anchor may well serve hundreds of queues: the nodes that come of it are what is bounded.
        budget.enforce_alias_anchor_ratio = false;
    }
    match serde_saphyr::from_str_with_options::<Spanned<Raw>>(&source.text, options) {
        Ok(tree) => Some(convert(tree, source, out)),
        Err(error) => {
            let span = error.location().map(|location| span_of(&location, source));
            out.push(syntax::finding(&error).at(span.map(|span| within_line(span, &source.text))));
            None
        }
    }
}

/// Cuts a place down to its first line, and shows at least one character of it.
fn within_line(span: Span, text: &str) -> Span {
    // At the end of the file the last line that says something is shown.
    let last = text.trim_end().len();
    let start = span.start.min(last.saturating_sub(1));
    let start = text.floor_char_boundary(start);
    let line = text[start..].find('\n').map_or(text.len(), |length| start + length);
    let one = text[start..].chars().next().map_or(start, |c| start + c.len_utf8());
    Span { start, end: span.end.min(line).max(one) }
}

/// Byte offsets are exact where the parser knows them; else line and column are walked.
fn span_of(location: &Location, source: &Source) -> Span {
    let text = &source.text;
    let span = location.span();
    if let (Some(start), Some(length)) = (span.byte_offset(), span.byte_len()) {
        let start = usize::try_from(start).unwrap_or(0).min(text.len());
        let end = start.saturating_add(usize::try_from(length).unwrap_or(0)).min(text.len());
        if start < text.len() || text.is_empty() {
            return Span { start, end };
        }
    }
    let line = usize::try_from(location.line()).unwrap_or(1).saturating_sub(1);
    let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    let column = usize::try_from(location.column()).unwrap_or(1).saturating_sub(1);
    let within = text[start..].chars().take(column).map(char::len_utf8).sum::<usize>();
    let start = (start + within).min(text.len());
    Span { start, end: (start + 1).min(text.len()) }
}

fn convert(raw: Spanned<Raw>, source: &Source, out: &mut Diagnostics) -> Node {
    let span = span_of(&raw.referenced, source);
    let written = span_of(&raw.defined, source);
    let written = source.text.get(written.start..written.end).unwrap_or_default();
    let written = written.lines().next().unwrap_or_default().trim().to_owned();
    let data = match raw.value {
        Raw::Null => Data::Null,
        Raw::Bool(flag) => Data::Bool(flag),
        Raw::Int(number) => Data::Int(number),
        Raw::Float(number) if number.is_finite() => Data::Float(number),
        // `.nan`, and what is too large to be a number: a text like any other, and no value of anything that is counted.
        Raw::Float(_) => Data::Text(written.clone()),
        Raw::Text(text) => Data::Text(text),
        Raw::List(items) => Data::List(items.into_iter().map(|item| convert(item, source, out)).collect()),
        Raw::Map(entries) => {
            let mut seen: Vec<(Key, Node)> = Vec::with_capacity(entries.len());
            let mut keys = HashSet::new();
            for (key, value) in entries {
                let key = Key { span: span_of(&key.referenced, source), text: key.value };
                if !keys.insert(key.text.clone()) {
                    out.push(
                        Diagnostic::new(&DUPLICATE, format!("`{}` is here twice", key.text))
                            .at(key.span)
                            .label("again"),
                    );
                }
                seen.push((key, convert(value, source, out)));
            }
            Data::Map(seen)
        }
    };
    let raw = match &data {
        Data::Text(text) => text.clone(),
        _ => written,
    };
    Node { span, data, raw }
}

/// What serde gives: the same tree before spans are turned into bytes.
enum Raw {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    List(Vec<Spanned<Raw>>),
    Map(Vec<(Spanned<String>, Spanned<Raw>)>),
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("YAML")
    }

    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_none<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Raw, D::Error> {
        Raw::deserialize(deserializer)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Raw, E> {
        Ok(Raw::Bool(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Raw, E> {
        Ok(Raw::Int(number))
    }

    #[expect(clippy::cast_precision_loss, reason = "a number beyond i64 is out of every range, however it is rounded")]
    fn visit_u64<E>(self, number: u64) -> Result<Raw, E> {
        Ok(i64::try_from(number).map_or(Raw::Float(number as f64), Raw::Int))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Raw, E> {
        Ok(Raw::Float(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Raw, E> {
        Ok(Raw::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Raw, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(Raw::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Raw, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = access.next_entry()? {
            entries.push(entry);
        }
        Ok(Raw::Map(entries))
    }
}
