//! What a row's `terraform` says, read in both directions: values → arguments and blocks, a plan's JSON → values.
//! The spellings are listed in [`crate::kind::terraform`].

use std::collections::BTreeMap;

use hcl::{Expression, Number};
use serde_json::Value as Json;

use super::define;
use super::layout::{Body, call, object};
use crate::kind::{Row, Type, policy};
use crate::model::{Fact, Ref};
use crate::value::Value;

/// One spelling, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spelled<'a> {
    /// The resource beside the main one that has it.
    pub beside: Option<&'a str>,
    /// Whether that resource is there once an item.
    pub each: bool,
    /// The blocks around it.
    pub blocks: Vec<&'a str>,
    /// The argument, or the block of an object.
    pub name: &'a str,
    /// Of a list whose items are resources: the member by which they are told apart.
    pub key: Option<&'a str>,
    /// Of a member that says whether a resource is there: the member without which there is none to be there.
    pub of: Option<&'a str>,
    /// What the argument counts in, where that is not what the row counts in.
    factor: i64,
    form: Form<'a>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form<'a> {
    Plain,
    Json,
    Single,
    Flag(&'a str),
    /// One of two words.
    Either(&'a str, &'a str),
    /// An ARN of this service.
    Service(&'a str),
    /// The name at the end of an ARN.
    Name,
    With(&'a str),
    /// Where another argument has this value.
    Where(&'a str, &'a str),
    /// The JSON text of an object with this one member.
    Member(&'a str),
}

impl<'a> Spelled<'a> {
    /// Takes a spelling apart; of alternatives the first whose blocks `has`.
    pub fn of(spelling: &'a str, has: &dyn Fn(&str) -> bool) -> Spelled<'a> {
        let mut ways = spelling.split('|').map(Spelled::one).peekable();
        while let Some(way) = ways.next() {
            if ways.peek().is_none() || way.blocks.first().is_none_or(|block| has(block)) {
                return way;
            }
        }
        Spelled::one("")
    }

    fn one(spelling: &'a str) -> Spelled<'a> {
        let (beside, path) = spelling.split_once(':').map_or((None, spelling), |(beside, path)| (Some(beside), path));
        let each = beside.is_some_and(|beside| beside.ends_with("[]"));
        let (path, factor) =
            path.split_once('*').map_or((path, 1), |(path, factor)| (path, factor.parse().unwrap_or(1)));
        if let Some((name, member)) = path.split_once("().") {
            let form = Form::Member(member);
            return Spelled { beside: None, each: false, blocks: Vec::new(), name, key: None, of: None, factor, form };
        }
        let of = path.strip_prefix('&');
        let path = of.map_or(path, |_| "");
        let key = path.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        let mut blocks: Vec<&str> = key.map_or(path, |_| "").split('.').collect();
        let last = blocks.pop().unwrap_or_default();
        let (name, form) = if let Some((name, (other, is))) =
            last.split_once('?').and_then(|(name, is)| Some((name, is.split_once('=')?)))
        {
            (name, Form::Where(other, is))
        } else if let Some(name) = last.strip_suffix("()") {
            (name, Form::Json)
        } else if let Some(name) = last.strip_suffix('/') {
            (name, Form::Name)
        } else if let Some(name) = last.strip_suffix("[]") {
            (name, Form::Single)
        } else if let Some((name, service)) = last.split_once('!') {
            (name, Form::Service(service))
        } else if let Some((name, (yes, no))) =
            last.split_once('=').and_then(|(name, words)| Some((name, words.split_once('/')?)))
        {
            (name, Form::Either(yes, no))
        } else if let Some((name, word)) = last.split_once('=') {
            (name, Form::Flag(word))
        } else if let Some((name, flag)) = last.split_once('+') {
            (name, Form::With(flag))
        } else {
            (last, Form::Plain)
        };
        let beside = beside.map(|beside| beside.trim_end_matches("[]"));
        Spelled { beside, each, blocks, name, key, of, factor, form }
    }

    /// The value as the argument has it: in what it counts in, and by name where it has names.
    #[must_use]
    pub fn told(&self, value: &Value) -> Value {
        match value {
            Value::Int(number) => Value::Int(number.saturating_mul(self.factor)),
            Value::Ref(reference) if self.form == Form::Name => {
                reference.address().map_or_else(|| value.clone(), |address| Ref::hard(address, Fact::Name))
            }
            Value::Text(arn) if self.form == Form::Name => {
                let name = arn.splitn(6, ':').nth(5).and_then(|resource| resource.split_once('/'));
                Value::text(name.map_or(arn.as_str(), |(_, name)| name))
            }
            other => other.clone(),
        }
    }

    /// The value as the row counts; what is no whole number there stays.
    fn unscaled(&self, value: Value) -> Value {
        match value.as_int() {
            Some(number) if number % self.factor == 0 => Value::Int(number / self.factor),
            _ => value,
        }
    }
}

/// The rows of the items of a list that are resources beside, with the key of the member that tells them apart.
#[must_use]
pub fn items_of(row: &'static Row) -> Option<(&'static str, &'static [Row])> {
    let Type::List { of: Type::Object(rows), .. } = &row.ty else { return None };
    Some((Spelled::of(row.terraform, &|_| true).key?, rows))
}

/// Reads such a list out of what Terraform says of the resources: their types, their items' keys, and what they are.
#[must_use]
pub fn read_items<'a>(rows: &[Row], resources: impl IntoIterator<Item = (&'a str, &'a str, &'a Json)>) -> Value {
    let mut items: BTreeMap<&str, BTreeMap<&str, &Json>> = BTreeMap::new();
    for (resource_type, key, json) in resources.into_iter().filter(|(.., json)| !json.is_null()) {
        items.entry(key).or_default().insert(resource_type, json);
    }
    let item = |resources: &BTreeMap<&str, &Json>| {
        let member = |row: &Row| {
            let spelled = Spelled::of(row.terraform, &|_| true);
            let resource = spelled.beside.and_then(|beside| resources.get(beside));
            match resource {
                there if spelled.name.is_empty() => Value::Bool(there.is_some()),
                Some(json) => read(row, json),
                None => Value::Null,
            }
        };
        let members = rows.iter().map(|row| (row.key.to_owned(), member(row))).filter(|(_, value)| !value.is_null());
        let mut members: BTreeMap<String, Value> = members.collect();
        for row in rows {
            let of = Spelled::of(row.terraform, &|_| true).of;
            if of.is_some_and(|of| !members.contains_key(of)) {
                members.remove(row.key);
            }
        }
        Value::Map(members)
    };
    let items: Vec<Value> = items.values().map(item).collect();
    if items.is_empty() { Value::Null } else { Value::List(items) }
}

/// Turns texts and references into expressions.
pub trait Words {
    /// The expression of a text, a reference or a join of them.
    fn words(&self, value: &Value) -> Expression;

    /// The expression of a list whose items are written already.
    fn list(&self, items: &[Value], written: Vec<Expression>) -> Expression;
}

/// Writes what the rows say into a body; `wanted` chooses the rows.
pub fn write(
    rows: &[Row],
    get: &dyn Fn(&Row) -> Value,
    words: &dyn Words,
    wanted: &dyn Fn(&Row) -> bool,
    body: &mut Body,
) {
    for row in rows.iter().filter(|row| !row.is_short_form() && wanted(row)) {
        let value = get(row);
        let nothing = match &value {
            Value::List(items) => items.is_empty(),
            Value::Map(map) => map.is_empty(),
            other => other.is_null(),
        };
        if !nothing {
            write_row(row, &value, words, body);
        }
    }
    body.sort();
}

fn write_row(row: &Row, value: &Value, words: &dyn Words, body: &mut Body) {
    let spelled = Spelled::of(row.terraform, &|block| body.has_block(block));
    match (&row.ty, value) {
        (Type::Object(rows), Value::Map(_)) if row.terraform.is_empty() => {
            return write(rows, &|row| value.get(row.key).clone(), words, &|_| true, body);
        }
        _ if row.terraform.is_empty() => return,
        _ => {}
    }
    let (repeated, outer) = match spelled.blocks.split_last() {
        Some((last, outer)) if last.ends_with("[]") => (Some(last.trim_end_matches("[]")), outer),
        _ => (None, spelled.blocks.as_slice()),
    };
    let Some(body) = outer.iter().try_fold(body, |body, block| body.inner(block)) else { return };
    match (&row.ty, value, spelled.form) {
        (Type::Object(rows), Value::Map(_), Form::Plain) => {
            if let Some(inner) = body.inner(spelled.name) {
                write(rows, &|row| value.get(row.key).clone(), words, &|_| true, inner);
            }
        }
        (Type::List { of: Type::Object(rows), .. }, Value::List(items), _) => {
            for item in items {
                let mut inner = Body::default();
                write(rows, &|row| item.get(row.key).clone(), words, &|_| true, &mut inner);
                body.block(spelled.name, &[], inner);
            }
        }
        (Type::List { of, .. }, Value::List(items), _) if repeated.is_some() => {
            for item in items {
                let mut inner = Body::default();
                inner.argument(spelled.name, expression(of, item, words));
                body.block(repeated.unwrap_or_default(), &[], inner);
            }
        }
        (ty, Value::Map(_), Form::Json) => body.argument(spelled.name, json(ty, value, words)),
        (_, Value::Bool(flag), Form::Either(yes, no)) => body.argument(spelled.name, if *flag { yes } else { no }),
        (_, Value::Bool(flag), Form::Flag(word)) => {
            if *flag {
                body.argument(spelled.name, vec![Expression::from(word)]);
            }
        }
        (ty, value, Form::Where(other, is)) => {
            body.argument(other, is);
            body.argument(spelled.name, expression(ty, value, words));
        }
        (ty, value, Form::Member(member)) => {
            let object = object([(member.to_owned(), expression(ty, value, words))]);
            body.argument(spelled.name, call("jsonencode", [object]));
        }
        (ty, value, Form::Single) => body.argument(spelled.name, vec![expression(ty, value, words)]),
        (ty, value, Form::With(flag)) => {
            body.argument(spelled.name, expression(ty, value, words));
            body.argument(flag, true);
        }
        (ty, value, _) => body.argument(spelled.name, expression(ty, &spelled.told(value), words)),
    }
}

/// The expression of one value.
pub fn expression(ty: &Type, value: &Value, words: &dyn Words) -> Expression {
    match (ty, value) {
        (Type::Policy, Value::Map(_)) => call("jsonencode", [policy_document(value, words)]),
        (Type::Pattern, Value::Map(_)) => call("jsonencode", [document(value, words)]),
        (Type::List { of, .. }, Value::List(items)) => {
            words.list(items, items.iter().map(|item| expression(of, item, words)).collect())
        }
        (_, value) => document(value, words),
    }
}

/// The JSON text of an object whose members have names of their own there.
fn json(ty: &Type, value: &Value, words: &dyn Words) -> Expression {
    let Type::Object(rows) = ty else { return document(value, words) };
    let set = rows.iter().filter(|row| !value.get(row.key).is_null());
    let members = set.map(|row| (row.terraform.to_owned(), expression(&row.ty, value.get(row.key), words)));
    call("jsonencode", [object(members)])
}

/// A value as it is, in no row's terms.
fn document(value: &Value, words: &dyn Words) -> Expression {
    match value {
        Value::Null => Expression::Null,
        Value::Bool(flag) => (*flag).into(),
        Value::Int(number) => (*number).into(),
        Value::Float(number) => float(*number),
        Value::List(items) => Expression::Array(items.iter().map(|item| document(item, words)).collect()),
        Value::Map(map) => object(map.iter().map(|(key, item)| (key.clone(), document(item, words)))),
        Value::Text(_) | Value::Ref(_) | Value::Join(_) => words.words(value),
    }
}

/// The order in which people write policies; anything else comes after.
const POLICY_ORDER: &[&str] = &[
    "Version",
    "Id",
    "Statement",
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
];

fn policy_document(value: &Value, words: &dyn Words) -> Expression {
    match value {
        Value::Map(map) => {
            let rank = |key: &str| POLICY_ORDER.iter().position(|known| *known == key).unwrap_or(POLICY_ORDER.len());
            let mut members: Vec<_> = map.iter().collect();
            members.sort_by_key(|(key, _)| rank(key));
            object(members.into_iter().map(|(key, item)| (key.clone(), policy_document(item, words))))
        }
        Value::List(items) => Expression::Array(items.iter().map(|item| policy_document(item, words)).collect()),
        other => document(other, words),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "guarded: the number is whole and below 2^53")]
fn float(number: f64) -> Expression {
    if number.fract() == 0.0 && number.abs() < 9e15 {
        return (number as i64).into();
    }
    Number::from_f64(number).map_or(Expression::Null, Expression::Number)
}

/// Reads a row's value out of what Terraform says of a resource; what is empty there is nothing.
#[must_use]
pub fn read(row: &Row, resource: &Json) -> Value {
    read_in(row, &define::spread(row, resource))
}

/// Reads it out of the resource, or out of a block of it.
fn read_in(row: &Row, resource: &Json) -> Value {
    if row.terraform.is_empty() {
        let Type::Object(rows) = &row.ty else { return Value::Null };
        return members(rows, resource);
    }
    let spelled = Spelled::of(row.terraform, &|block| !is_empty(&resource[block]));
    let mut at = vec![resource];
    for block in &spelled.blocks {
        let name = block.trim_end_matches("[]");
        at = at.into_iter().flat_map(|one| items(&one[name])).collect();
    }
    if spelled.blocks.last().is_some_and(|block| block.ends_with("[]")) {
        let Type::List { of, .. } = &row.ty else { return Value::Null };
        let values: Vec<Value> = at.iter().map(|one| value(of, &one[spelled.name])).collect();
        return if values.is_empty() { Value::Null } else { Value::List(values) };
    }
    let Some(found) = at.first().map(|one| &one[spelled.name]) else { return absent(&spelled) };
    if matches!(spelled.form, Form::With(flag) if at.first().is_some_and(|one| one[flag] != true)) {
        return Value::Null;
    }
    match (&row.ty, spelled.form) {
        (ty, Form::Json) => from_json_text(ty, found),
        (_, Form::Where(other, is)) if at[0][other] != is => Value::Null,
        (_, Form::Either(yes, no)) => match found.as_str() {
            Some(word) if word == yes || word == no => Value::Bool(word == yes),
            other => other.map_or(Value::Null, Value::text),
        },
        (_, Form::Service(service)) => {
            let is_its = |arn: &&str| arn.split(':').nth(2) == Some(service);
            found.as_str().filter(is_its).map_or(Value::Null, Value::text)
        }
        (ty, Form::Member(member)) => {
            let parsed = found.as_str().and_then(|text| serde_json::from_str::<Json>(text).ok());
            parsed.map_or(Value::Null, |object| value(ty, &object[member]))
        }
        (_, Form::Flag(word)) => Value::Bool(items(found).iter().any(|item| *item == word)),
        (ty @ Type::List { .. }, Form::Single) | (ty, Form::Plain | Form::Name | Form::With(_) | Form::Where(..)) => {
            scaled_back(&spelled, ty, found)
        }
        (ty, Form::Single) => items(found).first().map_or(Value::Null, |item| value(ty, item)),
    }
}

fn scaled_back(spelled: &Spelled<'_>, ty: &Type, found: &Json) -> Value {
    spelled.unscaled(value(ty, found))
}

fn absent(spelled: &Spelled<'_>) -> Value {
    if matches!(spelled.form, Form::Flag(_)) { Value::Bool(false) } else { Value::Null }
}

fn members(rows: &[Row], resource: &Json) -> Value {
    let set = rows.iter().map(|row| (row.key, read_in(row, resource))).filter(|(_, value)| !value.is_null());
    let map = Value::map(set);
    if map.as_map().is_some_and(std::collections::BTreeMap::is_empty) { Value::Null } else { map }
}

fn value(ty: &Type, found: &Json) -> Value {
    if is_empty(found) {
        return Value::Null;
    }
    match ty {
        // Zero, or minus one, where that is no value, is how the provider says nothing.
        Type::Int { min, .. } => number(found).filter(|number| number >= min).map_or(Value::Null, Value::Int),
        Type::Number => found.as_f64().map_or(Value::Null, Value::Float),
        Type::Policy | Type::Pattern => found.as_str().map_or(Value::Null, policy::parse),
        Type::Object(rows) => items(found).first().map_or(Value::Null, |item| members(rows, item)),
        Type::List { of: Type::Object(rows), .. } => {
            Value::List(items(found).iter().map(|item| members(rows, item)).collect())
        }
        Type::List { of, .. } => Value::List(items(found).iter().map(|item| value(of, item)).collect()),
        _ => Value::from_json(found),
    }
}

/// A JSON text with the names of its members put back.
fn from_json_text(ty: &Type, found: &Json) -> Value {
    let parsed = found.as_str().and_then(|text| serde_json::from_str::<Json>(text).ok()).unwrap_or_default();
    let Type::Object(rows) = ty else { return Value::from_json(&parsed) };
    members(rows, &parsed)
}

fn number(found: &Json) -> Option<i64> {
    found.as_i64().or_else(|| found.as_str()?.parse().ok())
}

/// The items of a list, or the one thing that is no list.
fn items(found: &Json) -> Vec<&Json> {
    match found {
        Json::Array(items) => items.iter().filter(|item| !item.is_null()).collect(),
        Json::Null => Vec::new(),
        one => vec![one],
    }
}

fn is_empty(found: &Json) -> bool {
    match found {
        Json::Null => true,
        Json::String(text) => text.is_empty(),
        Json::Array(items) => items.is_empty(),
        Json::Object(map) => map.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
