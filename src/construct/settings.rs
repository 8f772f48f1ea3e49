//! What a builder was told: values by key, each with the line of Rust that said it.

use std::collections::BTreeMap;
use std::panic::Location;

use super::fact;
use super::units::{Bytes, Seconds};
use crate::value::Value;

/// A line and column of Rust.
pub(super) type Line = &'static Location<'static>;

/// A value with the places of what is inside it, by dotted path.
#[derive(Clone, Debug)]
pub struct Written {
    pub(super) value: Value,
    pub(super) places: Vec<(String, Line)>,
}

impl Written {
    pub(super) fn plain(value: Value) -> Written {
        Written { value, places: Vec::new() }
    }
}

/// What can be the value of an attribute.
pub trait Setting {
    /// The value as the model has it, in seconds and bytes.
    fn written(self) -> Written;
}

impl Setting for Seconds {
    fn written(self) -> Written {
        Written::plain(Value::Int(self.0))
    }
}

impl Setting for Bytes {
    fn written(self) -> Written {
        Written::plain(Value::Int(self.0))
    }
}

impl Setting for u32 {
    fn written(self) -> Written {
        Written::plain(Value::Int(self.into()))
    }
}

impl Setting for f64 {
    fn written(self) -> Written {
        Written::plain(Value::Float(self))
    }
}

impl Setting for bool {
    fn written(self) -> Written {
        Written::plain(Value::Bool(self))
    }
}

impl Setting for String {
    fn written(self) -> Written {
        Written::plain(fact::read(&self))
    }
}

impl<T: Setting> Setting for Vec<T> {
    fn written(self) -> Written {
        let (mut items, mut places) = (Vec::new(), Vec::new());
        for (index, item) in self.into_iter().enumerate() {
            let item = item.written();
            places.extend(item.places.into_iter().map(|(path, line)| (join(&index.to_string(), &path), line)));
            items.push(item.value);
        }
        Written { value: Value::List(items), places }
    }
}

/// Values by key.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    pub(super) values: BTreeMap<&'static str, Value>,
    pub(super) places: Vec<(String, Line)>,
    off: bool,
}

impl Settings {
    /// What switches off.
    pub(super) fn off() -> Settings {
        Settings { off: true, ..Settings::default() }
    }

    #[track_caller]
    pub(super) fn put(&mut self, key: &'static str, setting: impl Setting) {
        let Written { value, places } = setting.written();
        self.values.insert(key, value);
        self.places.push((key.to_owned(), Location::caller()));
        self.places.extend(places.into_iter().map(|(path, line)| (join(key, &path), line)));
    }

    /// Adds an item to a list.
    #[track_caller]
    pub(super) fn push(&mut self, key: &'static str, setting: impl Setting) {
        let Written { value, places } = setting.written();
        let list = self.values.entry(key).or_insert_with(|| Value::List(Vec::new()));
        if let Value::List(items) = list {
            let path = join(key, &items.len().to_string());
            self.places.push((key.to_owned(), Location::caller()));
            self.places.push((path.clone(), Location::caller()));
            self.places.extend(places.into_iter().map(|(inner, line)| (join(&path, &inner), line)));
            items.push(value);
        }
    }

    /// Adds a member to a map.
    #[track_caller]
    pub(super) fn put_entry(&mut self, key: &'static str, member: String, value: String) {
        let map = self.values.entry(key).or_insert_with(|| Value::Map(BTreeMap::new()));
        if let Value::Map(map) = map {
            self.places.push((key.to_owned(), Location::caller()));
            self.places.push((join(key, &member), Location::caller()));
            map.insert(member, fact::read(&value));
        }
    }
}

impl Setting for Settings {
    fn written(self) -> Written {
        let value = if self.off { Value::Bool(false) } else { Value::map(self.values) };
        Written { value, places: self.places }
    }
}

/// `a` and `b.c` → `a.b.c`.
pub(super) fn join(path: &str, inner: &str) -> String {
    if inner.is_empty() { path.to_owned() } else { format!("{path}.{inner}") }
}
