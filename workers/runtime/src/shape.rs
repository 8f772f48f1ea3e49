//! What is wrong with the shape of a JSON value, told without the value: errors are logged and stand in dead letters,
//! and what they quote may be a secret.
//!
//! serde's own errors quote what they found, and are texts by the time that one has them. So what did not fit is read
//! once more, with an error type that is told the parts and keeps the kind of what it found and the way to it.

use std::fmt::{self, Display};

use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, Expected, IntoDeserializer, MapAccess,
    SeqAccess, Unexpected, VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;
use serde_json::Value;

/// The longest text of a type's own that is passed on, and the longest name in a way, in characters.
const LONGEST: usize = 300;
const LONGEST_NAME: usize = 60;
/// So many characters in a row are a part of a value that must not be told; shorter values count as a whole.
const FRAGMENT: usize = 5;
/// Values so short say nothing, and would be found in any text.
const SHORT: usize = 2;

/// Reads a value.
///
/// # Errors
/// Where it is wrong and what was expected there, without anything that stands in the value but names of fields.
pub(crate) fn read<T: DeserializeOwned>(value: &Value) -> Result<T, String> {
    T::deserialize(value).map_err(|_| match T::deserialize(Shape(value)) {
        Err(wrong) => wrong.told(value),
        Ok(_) => "it is not of the shape that its type has".to_owned(),
    })
}

/// What is wrong, and on the way out, where.
#[derive(Debug)]
struct Wrong {
    text: String,
    /// A type's own words, which may quote the value.
    own_words: bool,
    /// From the inside out.
    way: Vec<String>,
}

impl Wrong {
    fn known(text: String) -> Self {
        Self { text, own_words: false, way: Vec::new() }
    }

    fn within(mut self, step: String) -> Self {
        self.way.push(step);
        self
    }

    fn told(self, value: &Value) -> String {
        let text = match self.own_words {
            true if quotes(&self.text, value) => "refused by its type, in words that quote it".to_owned(),
            true => self.text.chars().take(LONGEST).collect(),
            false => self.text,
        };
        if self.way.is_empty() {
            return text;
        }
        let way: String = self.way.into_iter().rev().collect();
        format!("{}: {text}", way.trim_start_matches('.'))
    }
}

/// Tells whether a text has a part of a value in it.
fn quotes(text: &str, value: &Value) -> bool {
    let text: Vec<char> = text.chars().take(LONGEST).collect();
    let windows: Vec<String> = text.windows(FRAGMENT).map(|window| window.iter().collect()).collect();
    let text: String = text.into_iter().collect();
    found(&text, &windows, value)
}

fn found(text: &str, windows: &[String], value: &Value) -> bool {
    let known = |value: &str| match value.chars().take(FRAGMENT).count() {
        ..=SHORT => false,
        FRAGMENT => windows.iter().any(|window| value.contains(window.as_str())),
        _ => text.contains(value),
    };
    match value {
        Value::Null | Value::Bool(_) => false,
        Value::Number(number) => known(&number.to_string()),
        Value::String(string) => known(string),
        Value::Array(items) => items.iter().any(|item| found(text, windows, item)),
        Value::Object(map) => map.values().any(|one| found(text, windows, one)),
    }
}

impl Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for Wrong {}

impl de::Error for Wrong {
    fn custom<T: Display>(message: T) -> Self {
        Self { text: message.to_string(), own_words: true, way: Vec::new() }
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::known(format!("invalid type: {}, expected {expected}", kind(found)))
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::known(format!("invalid value: {}, expected {expected}", kind(found)))
    }

    fn invalid_length(length: usize, expected: &dyn Expected) -> Self {
        Self::known(format!("invalid length {length}, expected {expected}"))
    }

    fn unknown_variant(_found: &str, expected: &'static [&'static str]) -> Self {
        Self::known(format!("unknown variant, expected one of {}", names(expected)))
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self::known(format!("unknown field `{}`, expected one of {}", name(field), names(expected)))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::known(format!("missing field `{field}`"))
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self::known(format!("duplicate field `{field}`"))
    }
}

/// What was found, without it.
fn kind(found: Unexpected<'_>) -> &'static str {
    match found {
        Unexpected::Bool(_) => "boolean",
        Unexpected::Unsigned(_) | Unexpected::Signed(_) => "integer",
        Unexpected::Float(_) => "floating point number",
        Unexpected::Char(_) | Unexpected::Str(_) => "string",
        Unexpected::Bytes(_) => "bytes",
        Unexpected::Unit => "null",
        Unexpected::Seq => "sequence",
        Unexpected::Map => "map",
        _ => "something else",
    }
}

fn names(all: &[&str]) -> String {
    all.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn name(name: &str) -> String {
    name.chars().take(LONGEST_NAME).collect()
}

/// A value, read like serde_json reads it.
#[derive(Clone, Copy)]
struct Shape<'de>(&'de Value);

impl<'de> Deserializer<'de> for Shape<'de> {
    type Error = Wrong;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
                (Some(number), ..) => visitor.visit_u64(number),
                (_, Some(number), _) => visitor.visit_i64(number),
                (.., Some(number)) => visitor.visit_f64(number),
                _ => Err(Wrong::known("a number that is too large".to_owned())),
            },
            Value::String(text) => visitor.visit_borrowed_str(text),
            Value::Array(items) => {
                let mut rest = Items { all: items, next: 0 };
                let value = visitor.visit_seq(&mut rest)?;
                if rest.next < items.len() {
                    return Err(de::Error::invalid_length(items.len(), &"fewer elements in array"));
                }
                Ok(value)
            }
            Value::Object(map) => visitor.visit_map(Fields { rest: map.iter(), value: None }),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        match self.0 {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _name: &str, visitor: V) -> Result<V::Value, Wrong> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        match self.0 {
            Value::String(name) => visitor.visit_enum(Variant { name, value: None }),
            Value::Object(map) if map.len() == 1 => match map.iter().next() {
                Some((name, value)) => visitor.visit_enum(Variant { name, value: Some(value) }),
                None => Err(Wrong::known("invalid value: map, expected a variant".to_owned())),
            },
            Value::Object(_) => {
                Err(Wrong::known("invalid value: map, expected a map with one name, that of a variant".to_owned()))
            }
            _ => self.deserialize_any(visitor).and_then(|_| {
                // No visitor of a variant takes anything else.
                Err(Wrong::known("expected a string or a map, that of a variant".to_owned()))
            }),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier ignored_any
    }
}

struct Items<'de> {
    all: &'de [Value],
    next: usize,
}

impl<'de> SeqAccess<'de> for &mut Items<'de> {
    type Error = Wrong;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Wrong> {
        let index = self.next;
        let Some(item) = self.all.get(index) else { return Ok(None) };
        self.next += 1;
        seed.deserialize(Shape(item)).map(Some).map_err(|wrong| wrong.within(format!("[{index}]")))
    }
}

struct Fields<'de, I> {
    rest: I,
    value: Option<(&'de String, &'de Value)>,
}

impl<'de, I: Iterator<Item = (&'de String, &'de Value)>> MapAccess<'de> for Fields<'de, I> {
    type Error = Wrong;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Wrong> {
        self.value = self.rest.next();
        let Some((key, _)) = self.value else { return Ok(None) };
        seed.deserialize(Key(key)).map(Some)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Wrong> {
        let Some((key, value)) = self.value.take() else {
            return Err(Wrong::known("a value without a name".to_owned()));
        };
        seed.deserialize(Shape(value)).map_err(|wrong| wrong.within(format!(".{}", name(key))))
    }
}

/// The name of a field, which may be read as a number.
struct Key<'de>(&'de str);

macro_rules! numbers {
    ($($method:ident $visit:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
            match self.0.parse() {
                Ok(number) => visitor.$visit(number),
                Err(_) => visitor.visit_borrowed_str(self.0),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for Key<'de> {
    type Error = Wrong;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        visitor.visit_borrowed_str(self.0)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _name: &str, visitor: V) -> Result<V::Value, Wrong> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        visitor.visit_enum(Variant { name: self.0, value: None })
    }

    numbers! {
        deserialize_bool visit_bool
        deserialize_i8 visit_i64 deserialize_i16 visit_i64 deserialize_i32 visit_i64 deserialize_i64 visit_i64
        deserialize_u8 visit_u64 deserialize_u16 visit_u64 deserialize_u32 visit_u64 deserialize_u64 visit_u64
    }

    forward_to_deserialize_any! {
        i128 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map struct identifier
        ignored_any
    }
}

/// A variant of an enum: its name, and its content when it has one.
struct Variant<'de> {
    name: &'de str,
    value: Option<&'de Value>,
}

impl<'de> EnumAccess<'de> for Variant<'de> {
    type Error = Wrong;
    type Variant = Content<'de>;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Content<'de>), Wrong> {
        let variant = seed.deserialize(self.name.into_deserializer())?;
        Ok((variant, Content(self)))
    }
}

struct Content<'de>(Variant<'de>);

impl<'de> Content<'de> {
    fn read<T>(self, expected: &str, read: impl FnOnce(Shape<'de>) -> Result<T, Wrong>) -> Result<T, Wrong> {
        let Some(value) = self.0.value else {
            return Err(Wrong::known(format!("invalid type: unit variant, expected {expected} variant")));
        };
        read(Shape(value)).map_err(|wrong| wrong.within(format!(".{}", name(self.0.name))))
    }
}

impl<'de> VariantAccess<'de> for Content<'de> {
    type Error = Wrong;

    fn unit_variant(self) -> Result<(), Wrong> {
        match self.0.value {
            None => Ok(()),
            Some(_) => self.read("unit", serde::Deserialize::deserialize),
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Wrong> {
        self.read("newtype", |shape| seed.deserialize(shape))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _length: usize, visitor: V) -> Result<V::Value, Wrong> {
        self.read("tuple", |shape| shape.deserialize_any(visitor))
    }

    fn struct_variant<V: Visitor<'de>>(self, _fields: &'static [&'static str], visitor: V) -> Result<V::Value, Wrong> {
        self.read("struct", |shape| shape.deserialize_any(visitor))
    }
}

#[cfg(test)]
mod tests;
