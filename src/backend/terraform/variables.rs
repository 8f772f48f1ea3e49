//! Which variables of a stack stay variables when it is rendered.
//!
//! A stack is read once more with marks in the place of its variables. If what comes out is the stack itself with its
//! values in the place of the marks, the marks tell where the variables went, through names that were derived and
//! resources that short forms made. A variable that steers more than texts (a duration, a word, what is made at all)
//! has no mark that passes, and stays fixed at its value.

use std::collections::BTreeMap;

use super::layout::Piece;
use crate::model::{Attributes, Resource, Stack};
use crate::value::Value;

/// A stack with marks, and what they stand for.
#[derive(Clone, Debug)]
pub struct Open {
    /// The stack; its texts have marks in them.
    pub stack: Stack,
    /// The variable of each mark.
    pub marks: BTreeMap<String, String>,
}

/// Reads the stack with marks for some variables, by the variable's name; `None` when it has errors then.
pub type Reread<'a> = dyn Fn(&BTreeMap<String, String>) -> Option<Stack> + 'a;

impl Open {
    /// Takes a stack as it is: every variable stays fixed.
    #[must_use]
    pub fn fixed(stack: &Stack) -> Open {
        Open { stack: stack.clone(), marks: BTreeMap::new() }
    }

    /// Finds the variables that can stay open.
    #[must_use]
    pub fn find(stack: &Stack, reread: &Reread<'_>) -> Open {
        let mut good = BTreeMap::new();
        let names = stack.variables.keys().enumerate().filter(|(_, name)| is_takeable(name));
        for (index, name) in names {
            let passes = |mark: &String| {
                let alone = BTreeMap::from([(name.clone(), mark.clone())]);
                reread(&alone).is_some_and(|marked| same(stack, &marked, &alone))
            };
            good.extend(shapes(index).into_iter().find(passes).map(|mark| (name.clone(), mark)));
        }
        let together = reread(&good).filter(|marked| same(stack, marked, &good));
        match together {
            Some(marked) => {
                let variables = stack.variables.clone();
                let marks = good.into_iter().map(|(name, mark)| (mark, name)).collect();
                Open { stack: Stack { variables, ..marked }, marks }
            }
            None => Open::fixed(stack),
        }
    }

    /// Puts the values in the place of the marks of a text.
    #[must_use]
    pub fn closed(&self, text: &str) -> String {
        let value = |name: &String| self.stack.variables.get(name).and_then(|variable| variable.value.as_ref());
        self.marks.iter().fold(text.to_owned(), |text, (mark, name)| match value(name) {
            Some(value) => text.replace(mark, &value.plain()),
            None => text,
        })
    }

    /// Tells whether a text is one variable that is nothing unless somebody gives it.
    #[must_use]
    pub fn is_nullable(&self, text: &str) -> bool {
        let variable = self.marks.get(text).and_then(|name| self.stack.variables.get(name));
        variable.is_some_and(|variable| matches!(variable.default, Some(Value::Null)))
    }

    /// Takes a text apart at its marks.
    #[must_use]
    pub fn pieces(&self, text: &str) -> Vec<Piece> {
        split(text, &self.marks.iter().map(|(mark, name)| (mark.as_str(), format!("var.{name}"))).collect::<Vec<_>>())
    }
}

/// Tells whether a variable of Terraform can have the name: some words are its own, and one variable is ours.
/// <https://developer.hashicorp.com/terraform/language/values/variables>
pub fn is_takeable(name: &str) -> bool {
    const RESERVED: &[&str] = &[
        "count",
        "depends_on",
        "for_each",
        "lifecycle",
        "locals",
        "providers",
        "source",
        "version",
        super::render::REGION,
    ];
    !RESERVED.contains(&name) && !name.starts_with(|first: char| first.is_ascii_digit() || first == '-')
}

/// Takes a text apart at marks, each of which stands for a path.
#[must_use]
pub fn split(text: &str, marks: &[(&str, String)]) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((at, mark, path)) =
        marks.iter().filter_map(|(mark, path)| rest.find(mark).map(|at| (at, *mark, path))).min()
    {
        if at > 0 {
            pieces.push(Piece::Text(rest[..at].to_owned()));
        }
        pieces.push(Piece::Path(path.clone()));
        rest = &rest[at + mark.len()..];
    }
    if !rest.is_empty() || pieces.is_empty() {
        pieces.push(Piece::Text(rest.to_owned()));
    }
    pieces
}

/// Marks that pass where a name, or where an ARN is wanted.
fn shapes(index: usize) -> [String; 5] {
    let mark = format!("Qv{index}x");
    [
        mark.clone(),
        format!("arn:aws:sns:us-east-1:000000000000:{mark}"),
        format!("arn:aws:kms:us-east-1:000000000000:key/{mark}"),
        format!("arn:aws:iam::000000000000:role/{mark}"),
        // An account, or the version of something: no other number looks like it.
        format!("{}", 907_351_624_000 + index),
    ]
}

/// Tells whether the marked stack with the values in the place of the marks is the stack.
fn same(stack: &Stack, marked: &Stack, marks: &BTreeMap<String, String>) -> bool {
    let values: Vec<(&str, &Value)> = marks
        .iter()
        .filter_map(|(name, mark)| Some((mark.as_str(), stack.variables.get(name)?.value.as_ref()?)))
        .collect();
    values.len() == marks.len()
        && stack.name == marked.name
        && stack.resources.len() == marked.resources.len()
        && stack
            .resources
            .values()
            .zip(marked.resources.values())
            .all(|(one, other)| same_resource(one, other, &values))
}

fn same_resource(one: &Resource, marked: &Resource, values: &[(&str, &Value)]) -> bool {
    let text = |text: &str| match put_back(&Value::text(text), values) {
        Some(Value::Text(text)) => Some(text),
        _ => None,
    };
    let tags = |resource: &Resource| {
        resource.tags.iter().map(|(key, value)| Some((key.clone(), text(value)?))).collect::<Option<Vec<_>>>()
    };
    one.address == marked.address
        && text(marked.physical_name()).as_deref() == Some(one.physical_name())
        && tags(marked) == tags(one)
        && same_attributes(one, &one.attributes, &marked.attributes, values)
}

fn same_attributes(resource: &Resource, one: &Attributes, marked: &Attributes, values: &[(&str, &Value)]) -> bool {
    let nothing = Value::Null;
    resource.kind.rows().iter().all(|row| {
        let get = |attributes: &Attributes| attributes.get(row.key).unwrap_or(&nothing).clone();
        put_back(&get(marked), values).is_some_and(|value| row.ty.normal(&value) == row.ty.normal(&get(one)))
    })
}

/// Puts the values in the place of the marks; `None` where nothing would have to stand inside a text.
fn put_back(value: &Value, values: &[(&str, &Value)]) -> Option<Value> {
    let all = |items: &[Value]| items.iter().map(|item| put_back(item, values)).collect::<Option<Vec<_>>>();
    Some(match value {
        Value::Text(text) => {
            if let Some((_, Value::Null)) = values.iter().find(|(mark, _)| mark == text) {
                return Some(Value::Null);
            }
            let mut whole = text.clone();
            for (mark, value) in values.iter().filter(|(mark, _)| text.contains(mark)) {
                if value.is_null() {
                    return None;
                }
                whole = whole.replace(mark, &value.plain());
            }
            Value::Text(whole)
        }
        Value::List(items) => {
            // A variable that is nothing is no item; a null that is written in a pattern is one.
            let put = all(items)?.into_iter().zip(items).filter(|(put, item)| !put.is_null() || item.is_null());
            Value::List(put.map(|(put, _)| put).collect())
        }
        Value::Map(map) => {
            let members = map.iter().map(|(key, item)| Some((key.clone(), put_back(item, values)?)));
            Value::Map(members.collect::<Option<_>>()?)
        }
        // A join of texts alone would have been a text.
        Value::Join(items) => Value::Join(all(items)?),
        plain => plain.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_taken_apart_at_marks() {
        let marks = [("Qv0x", "var.stage".to_owned())];
        let text = |text: &str| Piece::Text(text.to_owned());
        let variable = Piece::Path("var.stage".to_owned());
        assert_eq!(split("a-Qv0x-b", &marks), [text("a-"), variable.clone(), text("-b")]);
        assert_eq!(split("Qv0x", &marks), [variable]);
        assert_eq!(split("", &marks), [text("")]);
    }

    #[test]
    fn terraform_keeps_some_names_for_itself() {
        assert!(is_takeable("stage") && is_takeable("versions"));
        assert!(["version", "count", "aws_region", "1a"].iter().all(|name| !is_takeable(name)));
    }

    #[test]
    fn nothing_stands_inside_a_text() {
        let values = [("Qv0x", &Value::Null)];
        assert_eq!(put_back(&Value::text("Qv0x"), &values), Some(Value::Null));
        assert_eq!(put_back(&Value::text("a-Qv0x"), &values), None);
    }
}
