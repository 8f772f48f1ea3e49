use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::json;

use super::*;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "it is only read")]
enum Way {
    Post,
    Web { url: String },
    Several(Vec<u8>),
}

/// Refuses texts in words of its own.
#[derive(Debug)]
struct Port;

impl<'de> Deserialize<'de> for Port {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.strip_prefix("quote:") {
            Some(rest) => Err(de::Error::custom(format!("no port after {rest:?}"))),
            None => Err(de::Error::custom("no port at all")),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "it is only read")]
struct Sent {
    count: u8,
    #[serde(default)]
    ways: Vec<Way>,
    #[serde(default)]
    port: Option<Port>,
    #[serde(default)]
    by_number: BTreeMap<u32, bool>,
    #[serde(default)]
    pair: Option<(u8, u8)>,
}

fn wrong(value: Value) -> String {
    read::<Sent>(&value).unwrap_err()
}

#[test]
fn where_and_what_is_told_and_the_value_is_not() {
    let expected = [
        (json!({"count": "https://h/SECRET"}), "count: invalid type: string, expected u8"),
        (json!({"count": 987_654}), "count: invalid value: integer, expected u8"),
        (json!({"count": 1.5}), "count: invalid type: floating point number, expected u8"),
        (json!({"count": null}), "count: invalid type: null, expected u8"),
        (json!("SECRET"), "invalid type: string, expected struct Sent"),
        (json!({}), "missing field `count`"),
        (
            json!({"count": 1, "more": "SECRET"}),
            "unknown field `more`, expected one of `count`, `ways`, `port`, `by_number`, `pair`",
        ),
        (
            json!({"count": 1, "ways": ["post", "SECRET"]}),
            "ways[1]: unknown variant, expected one of `post`, `web`, `several`",
        ),
        (
            json!({"count": 1, "ways": [{"web": {"url": 7}}]}),
            "ways[0].web.url: invalid type: integer, expected a string",
        ),
        (
            json!({"count": 1, "ways": [{"several": [1, "SECRET"]}]}),
            "ways[0].several[1]: invalid type: string, expected u8",
        ),
        (json!({"count": 1, "ways": ["web"]}), "ways[0]: invalid type: unit variant, expected struct variant"),
        (json!({"count": 1, "ways": [{"post": "SECRET"}]}), "ways[0].post: invalid type: string, expected unit"),
        (
            json!({"count": 1, "by_number": {"7": true, "8": "SECRET"}}),
            "by_number.8: invalid type: string, expected a boolean",
        ),
        (json!({"count": 1, "pair": [1, 2, 3]}), "pair: invalid length 3, expected fewer elements in array"),
        (json!({"count": 1, "port": "x"}), "port: no port at all"),
        (json!({"count": 1, "port": "quote:SECRET"}), "port: refused by its type, in words that quote it"),
    ];
    for (value, told) in expected {
        assert_eq!(wrong(value.clone()), told, "{value}");
    }
}

#[test]
fn what_is_right_is_read() {
    let sent: Sent = read(&json!({"count": 1, "ways": ["post", {"web": {"url": "u"}}], "pair": [1, 2]})).unwrap();
    assert_eq!((sent.count, sent.ways.len()), (1, 2));
}
