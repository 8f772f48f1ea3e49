//! ARNs, URLs and names of what is imported together become references.

use std::collections::BTreeMap;

use crate::kind::{Found, Row, Type};
use crate::model::{Address, Fact, Ref};
use crate::value::Value;

/// What can be referred to.
pub struct References<'a> {
    by_arn: BTreeMap<&'a str, &'a Address>,
    by_url: BTreeMap<&'a str, &'a Address>,
    by_name: BTreeMap<(&'static str, &'a str), &'a Address>,
}

impl<'a> References<'a> {
    /// Takes what was found, and the address of each.
    pub fn new(found: &'a [Found], addresses: &'a [Address]) -> References<'a> {
        let pairs = || found.iter().zip(addresses);
        References {
            by_arn: pairs().map(|(one, address)| (one.arn.as_str(), address)).collect(),
            by_url: pairs().filter_map(|(one, address)| Some((one.facts.get(&Fact::Url)?.as_str(), address))).collect(),
            by_name: pairs().map(|(one, address)| ((one.kind.name(), one.name.as_str()), address)).collect(),
        }
    }

    /// Replaces what an attribute says of others; what it says of itself stays only where a name is asked for.
    pub fn refer(&self, row: &Row, value: &Value, own: &Address) -> Value {
        self.typed(&row.ty, row.hard, !row.soft, value, own)
    }

    /// `ordered` says that a text that is a whole name must exist first, `hard` that a logical name means so.
    fn typed(&self, ty: &Type, ordered: bool, hard: bool, value: &Value, own: &Address) -> Value {
        match (ty, value) {
            (Type::Name(sections), Value::Text(arn)) => {
                let named = |address: &&&Address| {
                    crate::kind::find(address.kind).is_some_and(|kind| sections.contains(&kind.section()))
                };
                let address = self.by_arn.get(arn.as_str()).filter(named);
                address.map_or_else(|| value.clone(), |address| reference(address, Fact::Arn, hard))
            }
            (Type::Text { .. }, Value::Text(text)) if ordered => {
                let mut names = self.by_name.iter().filter(|((_, name), address)| name == text && **address != own);
                names.next().map_or_else(|| value.clone(), |(_, address)| reference(address, Fact::Name, true))
            }
            (Type::List { of, .. }, Value::List(items)) => {
                Value::List(items.iter().map(|item| self.typed(of, ordered, hard, item, own)).collect())
            }
            (Type::Object(rows), Value::Map(map)) => Value::map(map.iter().map(|(key, item)| {
                let row = rows.iter().find(|row| row.key == key);
                let item = row.map_or_else(
                    || item.clone(),
                    |row| self.typed(&row.ty, ordered || row.hard, hard && !row.soft, item, own),
                );
                (key, item)
            })),
            (Type::Texts { .. }, Value::Map(map)) => {
                Value::map(map.iter().map(|(key, item)| (key, self.named_by(key, item))))
            }
            (Type::Policy | Type::Pattern, value) => self.inside(value),
            (_, value) => value.clone(),
        }
    }

    /// The value of a map's entry: a URL or ARN, or a name where the key says of what: `QueueName`, `QUEUE_NAME`.
    fn named_by(&self, key: &str, value: &Value) -> Value {
        let Value::Text(text) = value else { return value.clone() };
        if let Some(address) = self.by_url.get(text.as_str()) {
            return reference(address, Fact::Url, false);
        }
        let plain = |text: &str| text.to_lowercase().replace('_', "");
        let key = plain(key);
        let mut kinds = self.by_name.iter().filter(|((kind, name), _)| name == text && key.contains(&plain(kind)));
        kinds.next().map_or_else(|| self.arns(text), |(_, address)| reference(address, Fact::Name, false))
    }

    /// Every text of a document of its own language.
    fn inside(&self, value: &Value) -> Value {
        match value {
            Value::Text(text) => self.arns(text),
            Value::List(items) => Value::List(items.iter().map(|item| self.inside(item)).collect()),
            Value::Map(map) => Value::map(map.iter().map(|(key, item)| (key, self.inside(item)))),
            other => other.clone(),
        }
    }

    /// A text that is an ARN, or one and more behind it.
    fn arns(&self, text: &str) -> Value {
        // The longest first: a log group's name may begin with another's.
        let longest = self.by_arn.iter().rev().find_map(|(arn, address)| {
            let rest = text.strip_prefix(arn).filter(|_| !arn.is_empty())?;
            (rest.is_empty() || rest.starts_with([':', '/'])).then_some((rest, *address))
        });
        match longest {
            Some(("", address)) => reference(address, Fact::Arn, false),
            Some((rest, address)) => Value::Join(vec![reference(address, Fact::Arn, false), Value::text(rest)]),
            None => Value::text(text),
        }
    }
}

fn reference(address: &Address, fact: Fact, hard: bool) -> Value {
    if hard { Ref::hard(address, fact) } else { Ref::soft(address, fact) }
}
