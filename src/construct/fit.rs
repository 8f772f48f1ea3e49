//! Fits values to their rows: units become the row's, and what is outside a range is told as it is of YAML.

use std::collections::{BTreeMap, BTreeSet};

use super::settings::join;
use super::units::{DAY, MEBI};
use crate::diagnostic::Diagnostic;
use crate::kind::{Row, Type};
use crate::manifest::{BAD_UNIT, limits};
use crate::model::{Fact, Ref};
use crate::value::{Unit, Value};

/// What came of it besides the values.
#[derive(Default)]
pub(super) struct Fitting {
    /// What is wrong, with the dotted path of each.
    pub findings: Vec<(String, Diagnostic)>,
    /// The dotted paths of what is wrong: nothing else is said of them.
    pub broken: BTreeSet<String>,
}

impl Fitting {
    /// Fits the value of a row.
    pub fn fit(&mut self, row: &Row, path: &str, value: Value) -> Value {
        let value = self.fit_type(&row.ty, row, path, value);
        limits::ordered(row, value)
    }

    fn wrong(&mut self, path: &str, diagnostic: Diagnostic) -> Value {
        self.broken.insert(path.to_owned());
        self.findings.push((path.to_owned(), diagnostic));
        Value::Null
    }

    fn fit_type(&mut self, ty: &Type, row: &Row, path: &str, value: Value) -> Value {
        match (ty, value) {
            (Type::Int { unit, min, max }, Value::Int(number)) => self.int(*unit, (*min, *max), row, path, number),
            (Type::Text { min, max }, Value::Text(text)) => {
                let length = text.chars().count();
                if (*min..=*max).contains(&length) {
                    return Value::Text(text);
                }
                self.wrong(path, limits::length(row, path, (*min, *max), length))
            }
            (Type::Name(_), Value::Text(text)) if !text.starts_with("arn:") => {
                self.wrong(path, limits::no_arn(path, &text))
            }
            // A handle is the logical name of what must be there first, unless the row says otherwise.
            (Type::Name(_), Value::Ref(Ref { of, fact: Fact::Arn, .. })) => {
                Value::Ref(Ref { of, fact: Fact::Arn, hard: !row.soft })
            }
            (Type::Policy | Type::Pattern, Value::Text(_)) => self.wrong(path, limits::no_document(path)),
            (Type::List { of, max }, Value::List(items)) => {
                if items.len() > *max {
                    return self.wrong(path, limits::items(row, path, *max, items.len()));
                }
                let items = items.into_iter().enumerate();
                Value::List(items.map(|(at, one)| self.fit_type(of, row, &join(path, &at.to_string()), one)).collect())
            }
            (Type::Texts { max }, Value::Map(map)) if map.len() > *max => {
                self.wrong(path, limits::entries(path, *max, map.len()))
            }
            (Type::Object(rows), Value::Map(map)) => self.object(rows, path, map),
            (_, value) => value,
        }
    }

    fn object(&mut self, rows: &[Row], path: &str, map: BTreeMap<String, Value>) -> Value {
        Value::map(map.into_iter().map(|(key, value)| {
            let row = rows.iter().find(|row| row.key == key);
            let value = row.map_or(Value::Null, |row| self.fit(row, &join(path, &key), value));
            (key, value)
        }))
    }

    fn int(&mut self, unit: Unit, (min, max): (i64, i64), row: &Row, path: &str, number: i64) -> Value {
        let (factor, smaller) = match unit {
            Unit::Days => (DAY, Unit::Seconds),
            Unit::Mebibytes => (MEBI, Unit::Bytes),
            same => (1, same),
        };
        if number % factor != 0 {
            let (shown, expected) = (smaller.format(number), unit.expected());
            let message = format!("`{path}` takes {expected}, not `{shown}`");
            return self.wrong(path, Diagnostic::new(&BAD_UNIT, message).help(format!("Give {expected}.")));
        }
        let number = number / factor;
        if (min..=max).contains(&number) {
            return Value::Int(number);
        }
        self.wrong(path, limits::number(row, path, unit, (min, max), &unit.format(number)))
    }
}
