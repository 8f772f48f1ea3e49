//! What must hold between the attributes of one rule: the codes QS910 to QS929.

use super::{
    BUS, DEAD_LETTER_QUEUE, FUNCTION, GROUP, ID, INPUT, INPUT_PATH, INPUT_TRANSFORMER, PATHS, PATTERN, QUEUE, SCHEDULE,
    TARGETS, TEMPLATE, schedule, targets,
};
use crate::diagnostic::Diagnostics;
use crate::kind::{Arn, Kind as _, Row, bus, pattern};
use crate::manifest::nearest;
use crate::model::Resource;
use crate::value::Value;

mod codes;

pub use codes::CODES;
use codes::*;

const LONGEST_NAME: usize = 64;
const QUOTA: usize = 2_048;
const LONGEST_PATTERN: usize = 4_096;
/// What a reference in a pattern counts for: it becomes an ARN of about this many characters.
const ARN_CHARACTERS: usize = 60;

/// The fields that every event has.
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html>
const ENVELOPE: &[&str] = &[
    "$or",
    "account",
    "detail",
    "detail-type",
    "id",
    "region",
    "replay-name",
    "resources",
    "source",
    "time",
    "version",
];

/// Checks one complete rule.
pub fn check(rule: &Resource, out: &mut Diagnostics) {
    bus_arn(rule, out);
    matches_something(rule, out);
    pattern(rule, out);
    timing(rule, out);
    if rule.get(&TARGETS).as_list().is_none_or(<[Value]>::is_empty) && !rule.is_broken(TARGETS.key) {
        let message = format!("`{}` has no targets", rule.address);
        out.push(rule.finding(&NO_TARGETS, TARGETS.key, message));
    }
    let mut ids: Vec<&str> = Vec::new();
    for (path, target) in targets(rule).filter(|(path, _)| !rule.is_broken(path)) {
        one_end(rule, &path, target, out);
        id(rule, &path, target, &mut ids, out);
        arns(rule, &path, target, out);
        inputs(rule, &path, target, out);
    }
}

/// Checks the name of its own, as long as its bus does not stand before it.
pub fn name(rule: &Resource, name: &str, out: &mut Diagnostics) {
    // A logical name that cannot be one is told already.
    if rule.is_broken("name") && !rule.spans.contains_key("name") {
        return;
    }
    if let Some(odd) = name.chars().find(|c| !(c.is_ascii_alphanumeric() || ".-_".contains(*c))) {
        let message = format!("`{name}` has the character `{}`, which no rule's name has", odd.escape_debug());
        out.push(rule.finding(&NAME, "name", message));
    } else if name.is_empty() || name.len() > LONGEST_NAME {
        let message = format!("`{name}` is {} characters long; a rule's name has 1 to {LONGEST_NAME}", name.len());
        out.push(rule.finding(&NAME, "name", message));
    }
}

fn bus_arn(rule: &Resource, out: &mut Diagnostics) {
    let Some(arn) = rule.get(&BUS).as_text() else { return };
    if let Err(why) = Arn::parse(arn).map(drop).and_then(|()| {
        bus::Bus.name_in_arn(arn).map(drop).ok_or_else(|| "a bus's ends in `:event-bus/<name>`".to_owned())
    }) {
        let message = format!("`{}` of `{}` is `{arn}`: {why}", BUS.key, rule.address);
        out.push(rule.finding(&BAD_ARN, BUS.key, message));
    }
}

fn matches_something(rule: &Resource, out: &mut Diagnostics) {
    let none = |row: &Row| row.ty.normal(rule.get(row)).is_null() && !rule.is_broken(row.key);
    if none(&PATTERN) && none(&SCHEDULE) {
        let message = format!("`{}` has neither a pattern nor a schedule", rule.address);
        out.push(rule.finding(&NOTHING, PATTERN.key, message));
    }
}

fn pattern(rule: &Resource, out: &mut Diagnostics) {
    let said = rule.get(&PATTERN);
    let Some(map) = said.as_map().filter(|map| !map.is_empty() && !rule.is_broken(PATTERN.key)) else { return };
    if let Some((path, why)) = pattern::check::wrong(map) {
        let message = format!("`{path}` of the pattern of `{}`: {why}", rule.address);
        out.push(rule.finding(&REFUSED_PATTERN, &format!("{}.{path}", PATTERN.key), message));
    }
    for key in map.keys().filter(|key| !ENVELOPE.contains(&key.as_str())) {
        let message = format!("the pattern of `{}` asks for `{key}`, which no event has at its top", rule.address);
        let help = match nearest(key, ENVELOPE.iter().copied()) {
            Some(near) => format!("Did you mean `{near}`?"),
            None => format!("What an event is about is in `detail`: write `detail: {{{key}: …}}`."),
        };
        out.push(rule.finding(&NO_SUCH_FIELD, &format!("{}.{key}", PATTERN.key), message).help(help));
    }
    let mut length = said.to_json().to_string().chars().count();
    said.walk(&mut |value| {
        if let Some(reference) = value.as_ref() {
            length = length.saturating_sub(reference.to_string().len()) + ARN_CHARACTERS;
        }
    });
    let code = if length > LONGEST_PATTERN { &TOO_LONG } else { &OVER_QUOTA };
    if length > QUOTA {
        let message = format!("the pattern of `{}` is {length} characters long", rule.address);
        out.push(rule.finding(code, PATTERN.key, message));
    }
}

fn timing(rule: &Resource, out: &mut Diagnostics) {
    let Some(text) = rule.get(&SCHEDULE).as_text() else { return };
    if let Some(why) = schedule::wrong(text) {
        let message = format!("`{}` of `{}` is `{text}`: {why}", SCHEDULE.key, rule.address);
        out.push(rule.finding(&BAD_SCHEDULE, SCHEDULE.key, message));
    }
    if !rule.get(&BUS).is_null() {
        let message = format!("`{}` has a schedule, and is not on the bus `default`", rule.address);
        out.push(rule.finding(&SCHEDULE_ELSEWHERE, SCHEDULE.key, message));
    }
}

/// A target is one queue or one function, and has what belongs to that.
fn one_end(rule: &Resource, path: &str, target: &Value, out: &mut Diagnostics) {
    let (queue, function) = (!target.get(QUEUE.key).is_null(), !target.get(FUNCTION.key).is_null());
    let message = match (queue, function) {
        (false, false) => format!("`{path}` of `{}` names neither a queue nor a function", rule.address),
        (true, true) => format!("`{path}` of `{}` names a queue and a function", rule.address),
        _ => {
            if function && !target.get(GROUP.key).is_null() {
                let message = format!("`{path}` of `{}` has a message group, and is a function", rule.address);
                out.push(rule.finding(&GROUP_OF_NONE, &format!("{path}.{}", GROUP.key), message));
            }
            return;
        }
    };
    out.push(rule.finding(&NO_TARGET, path, message));
}

fn id<'a>(rule: &Resource, path: &str, target: &'a Value, ids: &mut Vec<&'a str>, out: &mut Diagnostics) {
    let Some(id) = target.get(ID.key).as_text() else { return };
    let path = format!("{path}.{}", ID.key);
    if let Some(odd) = id.chars().find(|c| !(c.is_ascii_alphanumeric() || ".-_".contains(*c))) {
        let message = format!("`{path}` of `{}` is `{id}`, and no id has `{}`", rule.address, odd.escape_debug());
        out.push(rule.finding(&BAD_ID, &path, message));
    }
    if ids.contains(&id) {
        let message = format!("`{path}` of `{}` is `{id}`, and another target has it", rule.address);
        out.push(rule.finding(&BAD_ID, &path, message));
    }
    ids.push(id);
}

fn arns(rule: &Resource, path: &str, target: &Value, out: &mut Diagnostics) {
    for (row, service) in [(&QUEUE, "sqs"), (&FUNCTION, "lambda"), (&DEAD_LETTER_QUEUE, "sqs")] {
        let Some(text) = target.get(row.key).as_text() else { continue };
        let why = match Arn::parse(text) {
            Err(why) => why,
            Ok(arn) if arn.service != service => format!("it is an ARN of {}, not of {service}", arn.service),
            Ok(arn) if arn.region.is_empty() || arn.account.is_empty() => "it has no Region or no account".to_owned(),
            Ok(_) => continue,
        };
        let path = format!("{path}.{}", row.key);
        let message = format!("`{path}` of `{}` is `{text}`: {why}", rule.address);
        out.push(rule.finding(&BAD_ARN, &path, message));
    }
}

/// At most one thing is sent instead of the event, and it can be read.
fn inputs(rule: &Resource, path: &str, target: &Value, out: &mut Diagnostics) {
    let said = [&INPUT, &INPUT_PATH, &INPUT_TRANSFORMER].into_iter().filter(|row| !target.get(row.key).is_null());
    let said: Vec<&str> = said.map(|row| row.key).collect();
    if let [first, second, ..] = said.as_slice() {
        let message = format!("`{path}` of `{}` has `{first}` and `{second}`", rule.address);
        out.push(rule.finding(&TWO_INPUTS, &format!("{path}.{second}"), message));
    }
    let constant = target.get(INPUT.key).as_text();
    if let Some(Err(why)) = constant.map(serde_json::from_str::<serde_json::Value>) {
        let path = format!("{path}.{}", INPUT.key);
        let message = format!("`{path}` of `{}` is no JSON: {why}", rule.address);
        out.push(rule.finding(&NO_JSON, &path, message));
    }
    let transformer = target.get(INPUT_TRANSFORMER.key);
    let json_paths = transformer.get(PATHS.key).as_map().into_iter().flatten();
    let json_paths = json_paths.map(|(key, value)| (format!("{}.{}.{key}", INPUT_TRANSFORMER.key, PATHS.key), value));
    let part = (INPUT_PATH.key.to_owned(), target.get(INPUT_PATH.key));
    for (key, value) in json_paths.chain([part]) {
        if value.as_text().is_some_and(|text| !text.starts_with('$')) {
            let path = format!("{path}.{key}");
            let message =
                format!("`{path}` of `{}` is `{}`, which does not begin with `$`", rule.address, value.plain());
            out.push(rule.finding(&BAD_PATH, &path, message));
        }
    }
    template(rule, path, transformer, out);
}

/// Every `<name>` of a template is one of its paths, or of what EventBridge knows itself.
fn template(rule: &Resource, path: &str, transformer: &Value, out: &mut Diagnostics) {
    let path = format!("{path}.{}.{}", INPUT_TRANSFORMER.key, TEMPLATE.key);
    let text = transformer.get(TEMPLATE.key).as_text();
    if text.is_none() && transformer.get(TEMPLATE.key).is_null() && !transformer.is_null() {
        let message = format!("`{path}` of `{}` is missing", rule.address);
        out.push(rule.finding(&BAD_TEMPLATE, &path, message));
    }
    let known = |name: &str| name.starts_with("aws.events.") || !transformer.get(PATHS.key).get(name).is_null();
    for name in text.into_iter().flat_map(placeholders).filter(|name| !known(name)) {
        let message = format!("`{path}` of `{}` has `<{name}>`, which is none of its `{}`", rule.address, PATHS.key);
        let names = transformer.get(PATHS.key).as_map().into_iter().flatten().map(|(name, _)| name.as_str());
        out.push(rule.finding(&BAD_TEMPLATE, &path, message).help(crate::manifest::suggest(name, names)));
    }
}

/// The names in `<…>`, as EventBridge reads them: letters, digits, `.`, `-` and `_`.
fn placeholders(template: &str) -> impl Iterator<Item = &str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || ".-_".contains(c);
    let parts = template.split('<').skip(1).filter_map(|part| part.split_once('>'));
    parts.map(|(name, _)| name).filter(move |name| !name.is_empty() && name.chars().all(plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_names_in_angle_brackets() {
        let found: Vec<&str> =
            placeholders(r#"{"order": <order>, "all": <aws.events.event.json>, "a < b > c": <>}"#).collect();
        assert_eq!(found, ["order", "aws.events.event.json"]);
    }
}
