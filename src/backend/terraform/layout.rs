//! Blocks and expressions → text, laid out as `terraform fmt` would.
//!
//! The expressions are those of `hcl-rs`, which quotes and escapes; it knows neither comments nor aligned equals
//! signs, and puts what a function takes on one line.

use std::fmt::Write as _;

use hcl::expr::{FuncCall, ObjectKey, TemplateExpr, Traversal, TraversalOperator, Variable};
use hcl::{Expression, Identifier};

/// The longest line that a list or an object is kept on.
const WIDTH: usize = 110;

/// Words that mean something else where a key stands: `{ for = …` begins a loop.
const RESERVED: &[&str] = &["for", "if", "in", "true", "false", "null"];

/// What stands in a body.
#[derive(Clone, Debug)]
pub enum Item {
    /// `name = value`.
    Argument(String, Expression),
    /// A block with its labels: `resource "type" "name" { … }`.
    Block(String, Vec<String>, Body),
    /// A comment, of as many lines as it has.
    Comment(String),
}

/// What stands in a file or a block, in order.
#[derive(Clone, Debug, Default)]
pub struct Body(pub Vec<Item>);

impl Body {
    /// Adds an argument; one that is there stays as it is.
    pub fn argument(&mut self, name: &str, value: impl Into<Expression>) {
        if self.has(name) {
            return;
        }
        self.0.push(Item::Argument(name.to_owned(), value.into()));
    }

    /// Adds a block.
    pub fn block(&mut self, name: &str, labels: &[&str], body: Body) {
        let labels = labels.iter().map(|label| (*label).to_owned()).collect();
        self.0.push(Item::Block(name.to_owned(), labels, body));
    }

    /// Adds a comment.
    pub fn comment(&mut self, text: impl Into<String>) {
        self.0.push(Item::Comment(text.into()));
    }

    /// Tells whether it has an argument.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|item| matches!(item, Item::Argument(there, _) if there == name))
    }

    /// The value of an argument, if it is there.
    #[must_use]
    pub fn value_of(&self, name: &str) -> Option<Expression> {
        self.0.iter().find_map(|item| match item {
            Item::Argument(there, value) if there == name => Some(value.clone()),
            _ => None,
        })
    }

    /// The block of this name, added if it is not there.
    pub fn inner(&mut self, name: &str) -> Option<&mut Body> {
        if !self.has_block(name) {
            self.block(name, &[], Body::default());
        }
        self.0.iter_mut().find_map(|item| match item {
            Item::Block(there, _, body) if there == name => Some(body),
            _ => None,
        })
    }

    /// Tells whether it has a block.
    #[must_use]
    pub fn has_block(&self, name: &str) -> bool {
        self.block_named(name).is_some()
    }

    /// The block of this name, if it is there.
    #[must_use]
    pub fn block_named(&self, name: &str) -> Option<&Body> {
        self.0.iter().find_map(|item| match item {
            Item::Block(there, _, body) if there == name => Some(body),
            _ => None,
        })
    }

    /// Puts what fits a line first, then documents, then blocks: as one reads them.
    pub fn sort(&mut self) {
        self.0.sort_by_key(|item| (matches!(item, Item::Block(..)), item.is_long(1)));
    }

    /// Writes it as a file.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        write_body(&mut text, self, 0);
        text
    }
}

/// A dotted path: `aws_sqs_queue.jobs.arn`; `[*]` behind a name is a splat.
#[must_use]
pub fn path(dotted: &str) -> Expression {
    let mut parts = dotted.split('.');
    let first = Identifier::sanitized(parts.next().unwrap_or_default());
    let mut operators = Vec::new();
    for part in parts {
        let name = part.trim_end_matches("[*]");
        operators.push(TraversalOperator::GetAttr(Identifier::sanitized(name)));
        if name != part {
            operators.push(TraversalOperator::FullSplat);
        }
    }
    let variable = Expression::Variable(Variable::from(first));
    if operators.is_empty() { variable } else { Traversal::new(variable, operators).into() }
}

/// A call of a function.
#[must_use]
pub fn call(name: &str, arguments: impl IntoIterator<Item = Expression>) -> Expression {
    let call = FuncCall::builder(Identifier::sanitized(name));
    arguments.into_iter().fold(call, hcl::expr::FuncCallBuilder::arg).build().into()
}

/// A piece of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Characters that stand for themselves.
    Text(String),
    /// A dotted path.
    Path(String),
}

/// Pieces → a text, a path, or a template of both.
#[must_use]
pub fn template(pieces: &[Piece]) -> Expression {
    match pieces {
        [] => Expression::String(String::new()),
        [Piece::Path(dotted)] => path(dotted),
        [Piece::Text(text)] => Expression::String(text.clone()),
        pieces if pieces.iter().all(|piece| matches!(piece, Piece::Text(_))) => {
            let texts = pieces.iter().map(|piece| if let Piece::Text(text) = piece { text.as_str() } else { "" });
            Expression::String(texts.collect())
        }
        pieces => {
            let raw = pieces.iter().map(|piece| match piece {
                Piece::Text(text) => quoted(text),
                Piece::Path(dotted) => format!("${{{dotted}}}"),
            });
            TemplateExpr::QuotedString(raw.collect()).into()
        }
    }
}

/// An object with keys that are quoted where they must be.
#[must_use]
pub fn object(members: impl IntoIterator<Item = (String, Expression)>) -> Expression {
    let key = |name: String| match Identifier::new(name.as_str()) {
        Ok(plain) if !RESERVED.contains(&plain.as_str()) => ObjectKey::Identifier(plain),
        _ => ObjectKey::Expression(Expression::String(name)),
    };
    Expression::Object(members.into_iter().map(|(name, value)| (key(name), value)).collect())
}

fn write_body(text: &mut String, body: &Body, depth: usize) {
    let indent = "  ".repeat(depth);
    for (index, item) in body.0.iter().enumerate() {
        let before = index.checked_sub(1).map(|index| &body.0[index]);
        if before.is_some_and(|before| stands_apart(before, item, depth)) {
            text.push('\n');
        }
        match item {
            Item::Comment(comment) => {
                // Whatever breaks a line would end the comment.
                for line in comment.replace("\r\n", "\n").split(['\n', '\r']) {
                    let _ = writeln!(text, "{}", format!("{indent}# {line}").trim_end());
                }
            }
            Item::Argument(name, value) => {
                let value = multi_line(value, depth);
                let width = if value.contains('\n') { 0 } else { width(&body.0, index, depth) };
                let _ = writeln!(text, "{indent}{name:width$} = {value}");
            }
            Item::Block(name, labels, inner) => {
                let labels: String = labels.iter().map(|label| format!(" \"{label}\"")).collect();
                if inner.0.is_empty() {
                    let _ = writeln!(text, "{indent}{name}{labels} {{}}");
                } else {
                    let _ = writeln!(text, "{indent}{name}{labels} {{");
                    write_body(text, inner, depth + 1);
                    let _ = writeln!(text, "{indent}}}");
                }
            }
        }
    }
}

impl Item {
    /// Tells whether it takes several lines at this depth.
    #[must_use]
    pub fn is_long(&self, depth: usize) -> bool {
        match self {
            Item::Argument(_, value) => multi_line(value, depth).contains('\n'),
            Item::Block(..) => true,
            Item::Comment(_) => false,
        }
    }
}

/// Whatever takes several lines stands apart; a comment belongs to what follows it.
fn stands_apart(before: &Item, item: &Item, depth: usize) -> bool {
    match (before, item) {
        (Item::Comment(_), _) => false,
        (_, Item::Comment(_)) => true,
        _ => before.is_long(depth) || item.is_long(depth),
    }
}

/// The width to which the names of neighbouring arguments are filled up.
fn width(items: &[Item], index: usize, depth: usize) -> usize {
    let short = |item: &Item| match item {
        Item::Argument(name, value) if !multi_line(value, depth).contains('\n') => Some(name.chars().count()),
        _ => None,
    };
    let before = items[..index].iter().rev().map_while(short);
    let after = items[index..].iter().map_while(short);
    before.chain(after).max().unwrap_or(0)
}

fn key_text(key: &ObjectKey) -> String {
    match key {
        ObjectKey::Identifier(name) => name.to_string(),
        ObjectKey::Expression(expression) => inline(expression),
        other => other.to_string(),
    }
}

/// An expression on one line.
fn inline(value: &Expression) -> String {
    match value {
        Expression::Array(items) => {
            format!("[{}]", items.iter().map(inline).collect::<Vec<_>>().join(", "))
        }
        Expression::Object(members) if members.is_empty() => "{}".to_owned(),
        Expression::Object(members) => {
            let members = members.iter().map(|(key, value)| format!("{} = {}", key_text(key), inline(value)));
            format!("{{ {} }}", members.collect::<Vec<_>>().join(", "))
        }
        Expression::FuncCall(call) => {
            format!("{}({})", call.name, call.args.iter().map(inline).collect::<Vec<_>>().join(", "))
        }
        Expression::String(text) => format!("\"{}\"", quoted(text)),
        // Nothing that is built here cannot be written.
        other => hcl::format::to_string(other).unwrap_or_default(),
    }
}

/// A text between quotes, taken apart before each `${` and `%{`: behind one that it escaped, `hcl-rs` takes `%%{` for one that
/// is escaped already.
fn quoted(text: &str) -> String {
    let starts = text.char_indices().filter(|(at, _)| ["${", "%{"].iter().any(|mark| text[*at..].starts_with(mark)));
    let starts: Vec<usize> = std::iter::once(0).chain(starts.map(|(at, _)| at)).chain([text.len()]).collect();
    let pieces = starts.windows(2).map(|ends| {
        let piece = Expression::String(text[ends[0]..ends[1]].to_owned());
        let quoted = hcl::format::to_string(&piece).unwrap_or_default();
        quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or_default().to_owned()
    });
    pieces.collect()
}

/// Tells whether an expression reads well on one line.
fn is_short(value: &Expression) -> bool {
    match value {
        Expression::Array(items) => items.iter().all(|item| !matches!(item, Expression::Object(_)) && is_short(item)),
        Expression::Object(members) => members.len() <= 1 && members.iter().all(|(_, value)| is_short(value)),
        Expression::FuncCall(call) => call.args.iter().all(is_short),
        _ => true,
    }
}

/// An expression whose first line stands behind an equals sign and whose others are indented.
fn multi_line(value: &Expression, depth: usize) -> String {
    let one = inline(value);
    if is_short(value) && one.chars().count() + 2 * depth < WIDTH {
        return one;
    }
    let (indent, inner) = ("  ".repeat(depth), "  ".repeat(depth + 1));
    match value {
        Expression::Array(items) => {
            let items = items.iter().map(|item| format!("{inner}{},\n", multi_line(item, depth + 1)));
            format!("[\n{}{indent}]", items.collect::<String>())
        }
        Expression::Object(members) => {
            let items: Vec<Item> =
                members.iter().map(|(key, value)| Item::Argument(key_text(key), value.clone())).collect();
            let mut lines = String::new();
            for (index, item) in items.iter().enumerate() {
                let Item::Argument(name, value) = item else { continue };
                let value = multi_line(value, depth + 1);
                let width = if value.contains('\n') { 0 } else { width(&items, index, depth + 1) };
                let _ = writeln!(lines, "{inner}{name:width$} = {value}");
            }
            format!("{{\n{lines}{indent}}}")
        }
        Expression::FuncCall(call) if call.args.len() == 1 => {
            format!("{}({})", call.name, multi_line(&call.args[0], depth))
        }
        _ => one,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_escaped_and_paths_are_not() {
        let pieces = [Piece::Text("say \"${x}\" ".to_owned()), Piece::Path("var.stage".to_owned())];
        assert_eq!(inline(&template(&pieces)), r#""say \"$${x}\" ${var.stage}""#);
        assert_eq!(inline(&template(&pieces[1..])), "var.stage");
        for (text, written) in
            [("${z} %%{w}", "$${z} %%%{w}"), ("%%{w}", "%%%{w}"), ("$${a}${b}", "$$${a}$${b}"), ("", "")]
        {
            assert_eq!(inline(&Expression::String(text.to_owned())), format!("\"{written}\""));
        }
        assert_eq!(inline(&path("aws_iam_role_policy.a[*].name")), "aws_iam_role_policy.a[*].name");
    }

    #[test]
    fn a_comment_has_no_end_but_its_own() {
        let mut inner = Body::default();
        inner.comment("one\ntwo\r\nthree\rfour\n\nresource \"x\" \"y\" {}");
        let mut body = Body::default();
        body.block("locals", &[], inner);
        let expected = "locals {\n  # one\n  # two\n  # three\n  # four\n  #\n  # resource \"x\" \"y\" {}\n}\n";
        assert_eq!(body.text(), expected);
    }

    #[test]
    fn keys_that_are_words_of_the_language_are_quoted() {
        let keys = ["for", "true", "plain"].map(|key| (key.to_owned(), "x".into()));
        assert_eq!(inline(&object(keys)), r#"{ "for" = "x", "true" = "x", plain = "x" }"#);
    }

    #[test]
    fn neighbours_are_aligned_and_long_values_stand_apart() {
        let mut inner = Body::default();
        inner.argument("a", 1);
        inner.argument("long", object([("aws:X".to_owned(), "y".into())]));
        inner.argument("list", vec![object([("a".to_owned(), 1.into()), ("bcd".to_owned(), 2.into())])]);
        let mut body = Body::default();
        body.comment("why");
        body.block("resource", &["t", "n"], inner);
        let expected = "# why\nresource \"t\" \"n\" {\n  a    = 1\n  long = { \"aws:X\" = \"y\" }\n\n  list = [\n    {\n      a   = 1\n      bcd = 2\n    },\n  ]\n}\n";
        assert_eq!(body.text(), expected);
    }
}
