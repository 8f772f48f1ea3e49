//! The language of patterns: what may stand in one, and what with.
//!
//! EventBridge, SNS and Lambda read patterns with the same code, <https://github.com/aws/event-ruler>, and refuse the
//! same; how much of the language SNS and Lambda offer is theirs to say.
//! <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html>

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::manifest::nearest;
use crate::value::Value;

/// A key whose list holds whole patterns, one of which must match.
const OR: &str = "$or";

/// Says what a matcher takes, of an operand that it does not take.
type Check = fn(&Value) -> Option<String>;

/// What an object in a list of values may say.
const MATCHERS: &[(&str, Check)] = &[
    ("anything-but", anything_but),
    ("cidr", cidr),
    ("equals-ignore-case", text),
    // In no service's documentation, and in what matches events.
    ("exactly", text),
    ("exists", exists),
    ("numeric", numeric),
    ("prefix", affix),
    ("suffix", affix),
    ("wildcard", wildcard),
];

/// What is wrong in a pattern, and where.
type Wrong = (String, String);

/// What a service documents of the language.
pub struct Offer {
    /// What the service is called.
    pub service: &'static str,
    /// Its matchers.
    pub matchers: &'static [&'static str],
    /// The matchers that may stand within another.
    pub inner: &'static [&'static str],
}

/// Finds what is refused in a pattern: the dotted path within it, and what is wrong there.
#[must_use]
pub fn wrong(pattern: &BTreeMap<String, Value>) -> Option<Wrong> {
    fields(pattern, "", &value_of)
}

/// Finds what a service does not document in a pattern that is right otherwise.
#[must_use]
pub fn undocumented(pattern: &BTreeMap<String, Value>, offer: &Offer) -> Option<Wrong> {
    let beyond = |name: &str| Some(format!("{} does not document `{name}` there", offer.service));
    fields(pattern, "", &|item| {
        let (name, operand) = one_member(item)?;
        let inner = one_member(operand).map(|(inner, _)| inner);
        match inner.filter(|inner| !offer.inner.contains(inner)) {
            _ if !offer.matchers.contains(&name) => beyond(name),
            inner => beyond(inner?),
        }
    })
}

/// Says what is wrong with one of the values of a field.
type Judge<'a> = &'a dyn Fn(&Value) -> Option<String>;

fn fields(pattern: &BTreeMap<String, Value>, path: &str, judge: Judge<'_>) -> Option<Wrong> {
    if pattern.is_empty() {
        return Some((path.to_owned(), "it is an object without fields".to_owned()));
    }
    pattern.iter().find_map(|(key, value)| {
        let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        match value {
            Value::List(items) if key == OR => alternatives(items, &path, judge),
            _ if key == OR => Some((path, "`$or` takes a list of patterns".to_owned())),
            Value::Map(inner) => fields(inner, &path, judge),
            Value::List(items) if items.is_empty() => Some((path, "it has no values".to_owned())),
            Value::List(items) => items.iter().enumerate().find_map(|(index, item)| {
                let why = judge(item)?;
                Some((format!("{path}.{index}"), why))
            }),
            other => Some((path, format!("`{}` is no list", other.plain()))),
        }
    })
}

fn alternatives(items: &[Value], path: &str, judge: Judge<'_>) -> Option<Wrong> {
    if items.len() < 2 {
        return Some((path.to_owned(), "`$or` takes two patterns or more".to_owned()));
    }
    items.iter().enumerate().find_map(|(index, item)| {
        let path = format!("{path}.{index}");
        match item {
            Value::Map(inner) => fields(inner, &path, judge),
            _ => Some((path, "`$or` takes patterns".to_owned())),
        }
    })
}

/// One of the values of a field: a plain one, or an object with one matcher.
fn value_of(item: &Value) -> Option<String> {
    let Value::Map(matcher) = item else {
        return matches!(item, Value::List(_)).then(|| "a list cannot stand in a list".to_owned());
    };
    let mut members = matcher.iter();
    let (Some((name, operand)), None) = (members.next(), members.next()) else {
        return Some("an object among values has one matcher, such as `prefix`".to_owned());
    };
    let Some((_, check)) = MATCHERS.iter().find(|(known, _)| known == name) else {
        let near = nearest(name, MATCHERS.iter().map(|(known, _)| *known));
        let near = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
        return Some(format!("there is no matcher `{name}`{near}"));
    };
    check(operand).map(|takes| format!("`{name}` takes {takes}"))
}

/// Text and what is one once references are resolved.
fn is_text(value: &Value) -> bool {
    matches!(value, Value::Text(_) | Value::Ref(_) | Value::Join(_))
}

fn text(operand: &Value) -> Option<String> {
    (!is_text(operand)).then(|| "a text".to_owned())
}

fn affix(operand: &Value) -> Option<String> {
    let ignores_case =
        || one_member(operand).is_some_and(|(name, inner)| name == "equals-ignore-case" && is_text(inner));
    (!is_text(operand) && !ignores_case()).then(|| "a text, or `equals-ignore-case` with one".to_owned())
}

fn wildcard(operand: &Value) -> Option<String> {
    let is_one = operand.as_text().is_some_and(is_wildcard);
    (!is_one).then(|| r"a text without `**`, where `\` stands before `*` or `\` alone".to_owned())
}

/// Tells whether no asterisk follows another, and `\` takes the meaning from one or from itself.
fn is_wildcard(text: &str) -> bool {
    let (mut characters, mut after_asterisk) = (text.chars(), false);
    while let Some(character) = characters.next() {
        let is_right = match character {
            '\\' => matches!(characters.next(), Some('*' | '\\')),
            '*' => !after_asterisk,
            _ => true,
        };
        if !is_right {
            return false;
        }
        after_asterisk = character == '*';
    }
    true
}

fn exists(operand: &Value) -> Option<String> {
    operand.as_bool().is_none().then(|| "true or false".to_owned())
}

fn cidr(operand: &Value) -> Option<String> {
    let is_block = |text: &str| {
        let (address, bits) = text.split_once('/')?;
        let most = if address.parse::<IpAddr>().ok()?.is_ipv4() { 32 } else { 128 };
        bits.parse::<u8>().ok().filter(|bits| *bits <= most)
    };
    match operand {
        Value::Text(text) if is_block(text).is_none() => Some("a block of addresses, `10.0.0.0/24`".to_owned()),
        operand => text(operand).map(|_| "a block of addresses, `10.0.0.0/24`".to_owned()),
    }
}

/// `[">", 0]`, or two of them that bound a range: `[">=", 0, "<", 100]`.
fn numeric(operand: &Value) -> Option<String> {
    let takes = || Some("`[\">\", 0]`, or two bounds, `[\">=\", 0, \"<\", 100]`".to_owned());
    let Some(items) = operand.as_list() else { return takes() };
    let bounds: Vec<(&str, f64)> =
        items.chunks(2).filter_map(|pair| Some((pair.first()?.as_text()?, pair.get(1)?.as_float()?))).collect();
    let complete = bounds.len() * 2 == items.len();
    let lower = |sign: &str| [">", ">="].contains(&sign);
    let upper = |sign: &str| ["<", "<="].contains(&sign);
    match bounds.as_slice() {
        [(sign, _)] if complete && (*sign == "=" || lower(sign) || upper(sign)) => None,
        [(low, from), (high, to)] if complete && lower(low) && upper(high) && from < to => None,
        _ => takes(),
    }
}

fn anything_but(operand: &Value) -> Option<String> {
    let takes = || Some("values, or one of `prefix`, `suffix`, `equals-ignore-case`, `wildcard`".to_owned());
    let is_number = |value: &Value| value.as_float().is_some();
    let texts = |value: &Value| match value {
        Value::List(items) => !items.is_empty() && items.iter().all(is_text),
        one => is_text(one),
    };
    match operand {
        // Texts or numbers, not both.
        Value::List(items) if !items.is_empty() && (items.iter().all(is_text) || items.iter().all(is_number)) => None,
        Value::Map(_) => match one_member(operand) {
            Some(("prefix" | "suffix" | "equals-ignore-case" | "wildcard", inner)) if texts(inner) => None,
            _ => takes(),
        },
        one if is_text(one) || is_number(one) => None,
        _ => takes(),
    }
}

fn one_member(value: &Value) -> Option<(&str, &Value)> {
    let map = value.as_map().filter(|map| map.len() == 1)?;
    map.first_key_value().map(|(name, inner)| (name.as_str(), inner))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(json: &str) -> Option<String> {
        let pattern = Value::from_json(&serde_json::from_str(json).unwrap());
        wrong(pattern.as_map().unwrap()).map(|(path, why)| format!("{path}: {why}"))
    }

    #[test]
    fn an_asterisk_is_escaped_or_alone() {
        for good in ["", "*", "a*b*", "a\\**b", "\\\\*", "*\\*"] {
            assert!(is_wildcard(good), "{good}");
        }
        for bad in ["**", "a**", "a\\", "\\a", "\\\\**"] {
            assert!(!is_wildcard(bad), "{bad}");
        }
    }

    #[test]
    fn what_is_taken() {
        for json in [
            r#"{"source": ["shop.orders"], "detail": {"total": [5, null, true, ""]}}"#,
            r#"{"detail": {"a": [{"prefix": "x"}, {"prefix": {"equals-ignore-case": "x"}}, {"suffix": ".png"}]}}"#,
            r#"{"detail": {"a": [{"anything-but": "x"}, {"anything-but": [1, 2]}, {"anything-but": {"prefix": "x"}}]}}"#,
            r#"{"detail": {"a": [{"anything-but": {"wildcard": ["*/lib/*", "*/bin/*"]}}]}}"#,
            r#"{"detail": {"a": [{"numeric": ["=", 3]}, {"numeric": [">", 0, "<=", 5.5]}]}}"#,
            r#"{"detail": {"a": [{"exists": false}, {"equals-ignore-case": "x"}, {"wildcard": "a*b"}]}}"#,
            r#"{"detail": {"ip": [{"cidr": "10.0.0.0/24"}, {"cidr": "2001:db8::/32"}]}}"#,
            r#"{"detail": {"$or": [{"a": ["x"]}, {"b": [{"numeric": ["<", 3]}]}]}}"#,
        ] {
            assert_eq!(said(json), None, "{json}");
        }
    }

    #[test]
    fn what_is_refused() {
        let table = [
            (r#"{"source": "shop.orders"}"#, "source: `shop.orders` is no list"),
            (r#"{"detail": {}}"#, "detail: it is an object without fields"),
            (r#"{"detail": {"a": []}}"#, "detail.a: it has no values"),
            (r#"{"detail": {"a": [["x"]]}}"#, "detail.a.0: a list cannot stand"),
            (
                r#"{"detail": {"a": ["x", {"prefx": "x"}]}}"#,
                "detail.a.1: there is no matcher `prefx`; did you mean `prefix`",
            ),
            (r#"{"detail": {"a": [{"prefix": "x", "suffix": "y"}]}}"#, "one matcher"),
            (r#"{"detail": {"a": [{"prefix": 5}]}}"#, "`prefix` takes a text"),
            (r#"{"detail": {"a": [{"exists": "yes"}]}}"#, "`exists` takes true or false"),
            (r#"{"detail": {"a": [{"numeric": [">", "5"]}]}}"#, "`numeric` takes"),
            (r#"{"detail": {"a": [{"numeric": ["<", 5, ">", 0]}]}}"#, "`numeric` takes"),
            (r#"{"detail": {"a": [{"numeric": [">", 5, "<", 0]}]}}"#, "`numeric` takes"),
            (r#"{"detail": {"a": [{"wildcard": "a**b"}]}}"#, "without `**`"),
            (r#"{"detail": {"a": [{"cidr": "10.0.0.0"}]}}"#, "`cidr` takes"),
            (r#"{"detail": {"a": [{"cidr": "10.0.0.0/33"}]}}"#, "`cidr` takes"),
            (r#"{"detail": {"a": [{"anything-but": {"exists": true}}]}}"#, "`anything-but` takes"),
            (r#"{"detail": {"a": [{"anything-but": ["x", 1]}]}}"#, "`anything-but` takes"),
            (r#"{"detail": {"$or": [{"a": ["x"]}]}}"#, "detail.$or: `$or` takes two"),
            (r#"{"$or": [{"a": ["x"]}, ["y"]]}"#, "$or.1: `$or` takes patterns"),
        ];
        for (json, words) in table {
            assert!(said(json).is_some_and(|said| said.contains(words)), "{json}: {:?}", said(json));
        }
    }

    #[test]
    fn what_a_service_does_not_document() {
        let offer = Offer { service: "SNS", matchers: &["anything-but", "prefix"], inner: &["prefix"] };
        for (json, expected) in [
            (r#"{"a": ["x", {"prefix": "x"}, {"anything-but": {"prefix": "x"}}, {"anything-but": [1]}]}"#, None),
            (r#"{"a": {"b": [{"wildcard": "a*"}]}}"#, Some(("a.b.0", "SNS does not document `wildcard` there"))),
            (r#"{"a": [1, {"anything-but": {"suffix": "x"}}]}"#, Some(("a.1", "SNS does not document `suffix` there"))),
        ] {
            let pattern = Value::from_json(&serde_json::from_str(json).unwrap());
            let found = undocumented(pattern.as_map().unwrap(), &offer);
            assert_eq!(found, expected.map(|(path, why)| (path.to_owned(), why.to_owned())), "{json}");
        }
    }
}
