//! Values of attributes, and units as people write them: `5m`, `14d`, `256KiB`.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use serde::{Serialize, Serializer};

use crate::model::Ref;

/// The value of an attribute, free of any file format and any SDK.
///
/// Durations are whole seconds and sizes are bytes; the row that describes the attribute knows which.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Not set: the service's own default, or nothing.
    Null,
    /// A truth value.
    Bool(bool),
    /// A whole number, seconds or bytes.
    Int(i64),
    /// A number of an alarm's threshold kind.
    Float(f64),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Value>),
    /// A map, in the order of its keys.
    Map(BTreeMap<String, Value>),
    /// A fact of another resource, known once account and Region are.
    Ref(Ref),
    /// Texts and references side by side, joined when resolved.
    Join(Vec<Value>),
}

impl Value {
    /// Makes a text.
    pub fn text(text: impl Into<String>) -> Value {
        Value::Text(text.into())
    }

    /// Makes a map from pairs.
    pub fn map<K: Into<String>>(pairs: impl IntoIterator<Item = (K, Value)>) -> Value {
        Value::Map(pairs.into_iter().map(|(key, value)| (key.into(), value)).collect())
    }

    /// Tells whether it is [`Value::Null`].
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    /// Returns the whole number, if it is one.
    #[must_use]
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Value::Int(number) => Some(*number),
            _ => None,
        }
    }

    /// Returns the number, whole or not.
    #[must_use]
    pub fn as_float(&self) -> Option<f64> {
        match self {
            Value::Float(number) => Some(*number),
            #[expect(clippy::cast_precision_loss, reason = "thresholds beyond 2^53 do not occur")]
            Value::Int(number) => Some(*number as f64),
            _ => None,
        }
    }

    /// Returns the truth value, if it is one.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Value::Bool(flag) => Some(*flag),
            _ => None,
        }
    }

    /// Returns the text, if it is one.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Returns the items, if it is a list.
    #[must_use]
    pub fn as_list(&self) -> Option<&[Value]> {
        match self {
            Value::List(items) => Some(items),
            _ => None,
        }
    }

    /// Returns the map, if it is one.
    #[must_use]
    pub fn as_map(&self) -> Option<&BTreeMap<String, Value>> {
        match self {
            Value::Map(map) => Some(map),
            _ => None,
        }
    }

    /// Returns the reference, if it is one.
    #[must_use]
    pub fn as_ref(&self) -> Option<&Ref> {
        match self {
            Value::Ref(reference) => Some(reference),
            _ => None,
        }
    }

    /// Returns the member of a map, or [`Value::Null`].
    #[must_use]
    pub fn get(&self, key: &str) -> &Value {
        self.as_map().and_then(|map| map.get(key)).unwrap_or(&Value::Null)
    }

    /// Visits this value and all inside it.
    pub fn walk<'a>(&'a self, visit: &mut dyn FnMut(&'a Value)) {
        visit(self);
        match self {
            Value::List(items) | Value::Join(items) => items.iter().for_each(|item| item.walk(visit)),
            Value::Map(map) => map.values().for_each(|item| item.walk(visit)),
            _ => {}
        }
    }

    /// Replaces references by what `resolve` knows of them; what it does not know stays.
    #[must_use]
    pub fn resolve(&self, resolve: &dyn Fn(&Ref) -> Option<String>) -> Value {
        match self {
            Value::Ref(reference) => resolve(reference).map_or_else(|| self.clone(), Value::Text),
            Value::List(items) => Value::List(items.iter().map(|item| item.resolve(resolve)).collect()),
            Value::Map(map) => Value::map(map.iter().map(|(key, item)| (key, item.resolve(resolve)))),
            Value::Join(items) => join(items.iter().map(|item| item.resolve(resolve)).collect()),
            plain => plain.clone(),
        }
    }

    /// Reads a JSON document.
    #[must_use]
    pub fn from_json(json: &serde_json::Value) -> Value {
        match json {
            serde_json::Value::Null => Value::Null,
            serde_json::Value::Bool(flag) => Value::Bool(*flag),
            serde_json::Value::Number(number) => {
                number.as_i64().map_or_else(|| Value::Float(number.as_f64().unwrap_or(f64::MAX)), Value::Int)
            }
            serde_json::Value::String(text) => Value::Text(text.clone()),
            serde_json::Value::Array(items) => Value::List(items.iter().map(Value::from_json).collect()),
            serde_json::Value::Object(map) => Value::map(map.iter().map(|(key, item)| (key, Value::from_json(item)))),
        }
    }

    /// Writes it as JSON; a reference that is not resolved becomes its `${…}` spelling.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Value::Null => serde_json::Value::Null,
            Value::Bool(flag) => (*flag).into(),
            Value::Int(number) => (*number).into(),
            Value::Float(number) => float_to_json(*number),
            Value::Text(text) => text.as_str().into(),
            Value::List(items) => items.iter().map(Value::to_json).collect(),
            Value::Map(map) => map.iter().map(|(key, item)| (key.clone(), item.to_json())).collect(),
            Value::Ref(reference) => reference.to_string().into(),
            Value::Join(items) => items.iter().map(Value::plain).collect::<String>().into(),
        }
    }

    /// Writes it without quotes: the text itself, or the JSON of anything else.
    #[must_use]
    pub fn plain(&self) -> String {
        match self.to_json() {
            serde_json::Value::String(text) => text,
            other => other.to_string(),
        }
    }
}

/// Whole floats print as whole numbers, so that 5 and 5.0 are the same bytes.
fn float_to_json(number: f64) -> serde_json::Value {
    #[expect(clippy::cast_possible_truncation, reason = "guarded: the number is whole and below 2^53")]
    if number.fract() == 0.0 && number.abs() < 9e15 {
        return (number as i64).into();
    }
    number.into()
}

/// Joins neighbouring texts; a join of texts alone is a text.
fn join(items: Vec<Value>) -> Value {
    let mut parts: Vec<Value> = Vec::new();
    for item in items {
        match (parts.last_mut(), item) {
            (Some(Value::Text(before)), Value::Text(text)) => before.push_str(&text),
            (_, item) => parts.push(item),
        }
    }
    match parts.len() {
        0 => Value::text(""),
        1 => parts.swap_remove(0),
        _ => Value::Join(parts),
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_json().serialize(serializer)
    }
}

/// A unit that a whole number is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// `45s`, `5m`, `4h`, `14d`; a bare number is seconds.
    Seconds,
    /// `512B`, `256KiB`, `1MiB`; a bare number is bytes.
    Bytes,
    /// `256MiB`, `1GiB`; a bare number is MiB, as Lambda counts memory.
    Mebibytes,
    /// `14d`, or `forever`; a bare number is days.
    Days,
    /// A plain count.
    Count,
}

/// A number of days without end, which AWS says by saying nothing.
pub const FOREVER: i64 = 0;

const SECONDS: &[(&str, i64)] = &[("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)];
const BYTES: &[(&str, i64)] = &[("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)];
const MEBIBYTES: &[(&str, i64)] = &[("GiB", 1 << 10), ("MiB", 1)];

impl Unit {
    /// The suffixes of the unit, largest first, with what each stands for.
    fn suffixes(self) -> &'static [(&'static str, i64)] {
        match self {
            Unit::Seconds => SECONDS,
            Unit::Bytes => BYTES,
            Unit::Mebibytes => MEBIBYTES,
            Unit::Days => &[("d", 1)],
            Unit::Count => &[],
        }
    }

    /// Reads a number with its unit: `1h30m`, `256 KiB`, `30`.
    ///
    /// # Errors
    /// Says what was expected when the text is no such number.
    pub fn parse(self, text: &str) -> Result<i64, String> {
        let text = text.trim();
        if self == Unit::Days && text == "forever" {
            return Ok(FOREVER);
        }
        if let Ok(number) = text.parse::<i64>() {
            return Ok(number);
        }
        self.parse_parts(text).ok_or_else(|| self.expected().to_owned())
    }

    fn parse_parts(self, text: &str) -> Option<i64> {
        let mut rest = text;
        let mut total: i64 = 0;
        while !rest.is_empty() {
            let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            let number: i64 = rest[..digits].parse().ok()?;
            let after = rest[digits..].trim_start();
            let (suffix, factor) = self.suffixes().iter().find(|(suffix, _)| after.starts_with(suffix))?;
            total = total.checked_add(number.checked_mul(*factor)?)?;
            rest = after[suffix.len()..].trim_start();
        }
        (!text.is_empty()).then_some(total)
    }

    /// Says how such a number is written.
    #[must_use]
    pub fn expected(self) -> &'static str {
        match self {
            Unit::Seconds => "a duration such as 30s, 5m, 4h or 14d",
            Unit::Bytes => "a size such as 512B, 256KiB or 1MiB",
            Unit::Mebibytes => "a size such as 256MiB or 1GiB",
            Unit::Days => "a number of days such as 14d, or forever",
            Unit::Count => "a whole number",
        }
    }

    /// Writes a number as a person would: `5m`, `1h30m`, `256KiB`.
    #[must_use]
    pub fn format(self, number: i64) -> String {
        match self {
            Unit::Count => number.to_string(),
            Unit::Days if number == FOREVER => "forever".to_owned(),
            Unit::Days => format!("{number}d"),
            Unit::Seconds if number > 0 => format_seconds(number),
            Unit::Seconds => format!("{number}s"),
            Unit::Bytes | Unit::Mebibytes => {
                let whole = self.suffixes().iter().find(|(_, factor)| number != 0 && number % factor == 0);
                whole.map_or_else(|| format!("{number}B"), |(suffix, factor)| format!("{}{suffix}", number / factor))
            }
        }
    }
}

fn format_seconds(number: i64) -> String {
    let mut rest = number;
    SECONDS.iter().fold(String::new(), |mut text, (suffix, factor)| {
        if rest >= *factor {
            let _ = write!(text, "{}{suffix}", rest / factor);
            rest %= factor;
        }
        text
    })
}

/// Where a stack goes: what turns references into ARNs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Place {
    /// The partition: `aws`, `aws-cn`, `aws-us-gov`.
    pub partition: String,
    /// The Region, `us-east-1`.
    pub region: String,
    /// The twelve digits of the account.
    pub account: String,
}

impl Place {
    /// Builds the ARN of a thing in this place.
    #[must_use]
    pub fn arn(&self, service: &str, resource: &str) -> String {
        format!("arn:{}:{service}:{}:{}:{resource}", self.partition, self.region, self.account)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "account {}, {}", self.account, self.region)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_and_print() {
        for (text, seconds) in [("30", 30), ("30s", 30), ("5m", 300), ("1h30m", 5400), ("14d", 1_209_600), ("0s", 0)] {
            assert_eq!(Unit::Seconds.parse(text), Ok(seconds), "{text}");
            assert_eq!(Unit::Seconds.parse(&Unit::Seconds.format(seconds)), Ok(seconds));
        }
        for wrong in ["", "m", "5 minutes", "5M", "1.5h", "99999999999999999999d", "-5m"] {
            assert!(Unit::Seconds.parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn days_read_and_print() {
        for (text, days) in [("14d", 14), ("14", 14), ("forever", FOREVER)] {
            assert_eq!(Unit::Days.parse(text), Ok(days), "{text}");
            assert_eq!(Unit::Days.parse(&Unit::Days.format(days)), Ok(days));
        }
        assert!(Unit::Seconds.parse("forever").is_err());
    }

    #[test]
    fn sizes_read_and_print() {
        assert_eq!(Unit::Bytes.parse("256 KiB"), Ok(262_144));
        assert_eq!(Unit::Bytes.format(262_144), "256KiB");
        assert_eq!(Unit::Bytes.format(1_000), "1000B");
        assert_eq!(Unit::Mebibytes.parse("1GiB"), Ok(1024));
        assert_eq!(Unit::Mebibytes.format(256), "256MiB");
    }
}
