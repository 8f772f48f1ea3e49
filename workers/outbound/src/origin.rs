//! What belongs to one server and must not go to another: credentials, signing keys.

use std::collections::BTreeMap;

use reqwest::Url;
use serde::de::DeserializeOwned;

/// Values by origin, read from JSON: `{"https://dav.example.org": …}`.
#[derive(Clone)]
pub struct ByOrigin<T>(BTreeMap<String, T>);

/// A text that names no values by origin. What it holds is secret and not part of it.
#[derive(Debug, thiserror::Error)]
pub enum OriginError {
    /// It is not the JSON that it should be.
    #[error("{name} is not the JSON that it should be (line {line}, column {column}); write {example}")]
    Malformed {
        /// The variable.
        name: &'static str,
        /// Where it goes wrong.
        line: usize,
        /// Where it goes wrong.
        column: usize,
        /// One that is right.
        example: &'static str,
    },
    /// A key is not an origin.
    #[error("{name}: key {number} is no origin; write `https://host` or `https://host:port`, without a path")]
    NoOrigin {
        /// The variable.
        name: &'static str,
        /// Which key, from 1.
        number: usize,
    },
}

impl<T> Default for ByOrigin<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T: DeserializeOwned> ByOrigin<T> {
    /// Reads the content of the variable `name`; `example` is one that is right.
    ///
    /// # Errors
    /// Where it goes wrong, without a word of what stands there.
    pub fn read(name: &'static str, text: &str, example: &'static str) -> Result<Self, OriginError> {
        let map: BTreeMap<String, T> = serde_json::from_str(text).map_err(|error| OriginError::Malformed {
            name,
            line: error.line(),
            column: error.column(),
            example,
        })?;
        let keys = map.into_iter().enumerate().map(|(index, (key, value))| {
            let origin = Url::parse(&key)
                .ok()
                .filter(|url| url.path() == "/" && url.query().is_none() && url.username().is_empty());
            let origin =
                origin.and_then(|url| origin_of(&url)).ok_or(OriginError::NoOrigin { name, number: index + 1 })?;
            Ok((origin, value))
        });
        keys.collect::<Result<_, _>>().map(Self)
    }
}

impl<T> ByOrigin<T> {
    /// What belongs to the server of this URL.
    #[must_use]
    pub fn get(&self, url: &Url) -> Option<&T> {
        self.0.get(&origin_of(url)?)
    }
}

fn origin_of(url: &Url) -> Option<String> {
    let origin = url.origin();
    origin.is_tuple().then(|| origin.ascii_serialization())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_its_origins_alone() {
        let text = r#"{"https://DAV.example.org:443/": "a", "http://127.0.0.1:5232": "b"}"#;
        let values = ByOrigin::<String>::read("SECRETS", text, "…").unwrap();
        let get = |url: &str| values.get(&Url::parse(url).unwrap()).map(String::as_str);
        assert_eq!(get("https://dav.example.org/a/b?c"), Some("a"));
        assert_eq!(get("http://127.0.0.1:5232/x"), Some("b"));
        for other in
            ["http://dav.example.org/", "https://dav.example.org:444/", "https://dav.example.org.evil/", "data:,"]
        {
            assert_eq!(get(other), None, "{other}");
        }
    }

    #[test]
    fn errors_hold_nothing_of_the_text() {
        for wrong in [
            r#"{"https://a.org": 1, "hunter2""#,
            r#"["hunter2"]"#,
            r#"{"https://a.org/hunter2": "x"}"#,
            r#"{"hunter2": "x"}"#,
        ] {
            let told =
                ByOrigin::<String>::read("SECRETS", wrong, r#"{"https://a.org": "…"}"#).err().unwrap().to_string();
            assert!(told.starts_with("SECRETS") && !told.contains("hunter2"), "{told}");
        }
    }
}
