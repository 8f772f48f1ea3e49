//! A plan for a machine. [`schema`] says what is in it.

use serde_json::{Value as Json, json};

use super::{Told, label, redacted, since, summary};
use crate::plan::{Action, Change, Plan, Step};
use crate::report::diagnostics;
use crate::value::Value;

/// The version of the format: a number that grows when a member changes its meaning or goes.
pub const FORMAT_VERSION: u64 = 1;

/// Renders one stack as a document, several as a list of them.
#[must_use]
pub fn json(all: &[Told]) -> Json {
    match all {
        [one] => document(one),
        several => json!({"version": FORMAT_VERSION, "plans": several.iter().map(document).collect::<Vec<_>>()}),
    }
}

fn document(told: &Told) -> Json {
    let nothing = Plan::default();
    let plan = told.planned.as_ref().map_or(&nothing, |planned| &planned.plan);
    json!({
        "version": FORMAT_VERSION,
        "tool": env!("CARGO_PKG_VERSION"),
        "verb": told.verb,
        "stack": told.stack.name,
        "file": told.file,
        "target": told.planned.as_ref().map(|planned| json!({"words": planned.words, "place": planned.place})),
        "calls": told.planned.as_ref().map(|planned| planned.calls),
        "steps": plan.steps.iter().map(|one| step(told, one)).collect::<Vec<_>>(),
        "unchanged": plan.unchanged,
        "counts": counts(plan),
        "conflicts": plan.conflicts,
        "protected": plan.protected,
        "notes": plan.notes,
        "summary": told.planned.as_ref().map(|planned| summary(told.verb, &planned.plan)),
        "findings": diagnostics::json(&told.findings, &told.stack.source),
        "error": told.error.as_ref().map(ToString::to_string),
    })
}

fn counts(plan: &Plan) -> Json {
    json!({
        "create": plan.count(Action::Create),
        "update": plan.count(Action::Update),
        "adopt": plan.count(Action::Adopt),
        "replace": plan.count(Action::Replace),
        "delete": plan.count(Action::Delete),
        "destructive": plan.destructive(),
    })
}

/// Renders one step.
#[must_use]
pub fn step(told: &Told, step: &Step) -> Json {
    json!({
        "address": step.address,
        "name": step.name,
        "action": step.action,
        "moved_from": step.moved_from(),
        "destructive": step.is_destructive(),
        "changes": step.changes.iter().map(|one| change(step, one)).collect::<Vec<_>>(),
        "loses": step.loss,
        "since": since(told, step),
        "fingerprint": step.fingerprint,
    })
}

fn change(step: &Step, change: &Change) -> Json {
    let value = |value: &Value| redacted(step, change, value).to_json();
    let (effect, reason) = effect(step, change);
    json!({
        "attribute": label(change),
        "before": value(&change.before),
        "after": value(&change.after),
        "unknown": is_unknown(&change.after),
        "effect": effect,
        "reason": reason,
        "replaces": change.replaces,
        "loses": change.loses,
        "link": change.row.map(|row| row.link),
    })
}

/// Tells whether something in it is known only once another resource is there.
fn is_unknown(value: &Value) -> bool {
    let mut unknown = false;
    value.walk(&mut |inner| unknown |= matches!(inner, Value::Ref(_)));
    unknown
}

/// What a change does, in a word and in a sentence.
fn effect(step: &Step, change: &Change) -> (&'static str, String) {
    match (change.replaces, change.loses, step.action) {
        (true, ..) => ("replaces", format!("`{}` cannot be changed in place: the resource is made anew", change.key)),
        (_, Some(loses), _) => ("loses", format!("changes in place, and {loses} are lost")),
        (.., Action::Create) => ("new", "the resource does not exist yet".to_owned()),
        (.., Action::Replace) => ("new", "the resource is made anew because of another change".to_owned()),
        _ if change.is_tag() => ("in_place", "the tag differs from the stack".to_owned()),
        _ => ("in_place", "the account differs from the stack; it changes in place".to_owned()),
    }
}

/// The JSON Schema of what [`json()`] gives, and of the file of `plan --out`.
#[must_use]
pub fn schema() -> Json {
    let text = || json!({"type": "string"});
    let text_or_null = || json!({"type": ["string", "null"]});
    let count = || json!({"type": "integer", "minimum": 0});
    let object =
        |required: &[&str], properties: Json| json!({"type": "object", "required": required, "properties": properties});
    let change = object(
        &["attribute", "before", "after", "unknown", "effect", "reason"],
        json!({
            "attribute": {"type": "string", "description": "The attribute, or `tags.` and the tag."},
            "before": {"description": "What is there; null where nothing is. Secrets are digests of eight characters."},
            "after": {"description": "What will be there; null where nothing will be."},
            "unknown": {"type": "boolean", "description": "Whether a part of `after` is known only once another resource exists; it stands there as `${…}`."},
            "effect": {"enum": ["new", "in_place", "replaces", "loses"]},
            "reason": text(),
            "replaces": {"type": "boolean"},
            "loses": {"type": ["string", "null"], "description": "What is lost by it."},
            "link": {"type": ["string", "null"], "description": "The page that states the facts of the attribute."},
        }),
    );
    let step = object(
        &["address", "name", "action", "destructive", "changes"],
        json!({
            "address": {"type": "string", "description": "The resource in the stack, `queue.orders`."},
            "name": {"type": "string", "description": "The physical name."},
            "action": {"enum": ["create", "update", "replace", "adopt", "delete"]},
            "moved_from": {"type": ["string", "null"], "description": "The address before, where the stack moved it."},
            "destructive": {"type": "boolean", "description": "Whether it takes something away."},
            "changes": {"type": "array", "items": change},
            "loses": {"type": ["string", "null"], "description": "What would be lost, with what it holds."},
            "since": {"type": ["string", "null"], "description": "Of drift: when the resource was last changed, RFC 3339."},
            "fingerprint": {"type": ["string", "null"], "description": "SHA-256 of what is there, in hexadecimal; null where nothing is."},
            "desired": {"type": ["object", "null"], "description": "Of a saved plan: everything that should be there."},
            "after": {"type": "array", "items": count(), "description": "Of a saved plan: the steps that must be done before."},
        }),
    );
    let place =
        object(&["partition", "region", "account"], json!({"partition": text(), "region": text(), "account": text()}));
    let names = ["create", "update", "adopt", "replace", "delete", "destructive"];
    let counts: serde_json::Map<_, _> = names.iter().map(|name| ((*name).to_owned(), count())).collect();
    let plan = object(
        &["version", "tool", "verb", "stack", "file", "steps", "unchanged", "counts", "summary", "error"],
        json!({
            "version": {"const": FORMAT_VERSION},
            "tool": {"type": "string", "description": "The version of queuestack."},
            "verb": {"enum": ["plan", "apply", "destroy", "dev", "drift"]},
            "stack": text(),
            "file": text(),
            "target": {"anyOf": [object(&["words", "place"], json!({"words": text(), "place": place})), {"type": "null"}]},
            "calls": {"type": ["integer", "null"], "description": "How many calls to AWS it took."},
            "steps": {"type": "array", "items": step},
            "unchanged": count(),
            "counts": object(&names, Json::Object(counts)),
            "conflicts": {"type": "array", "items": object(&["address", "name", "owner"], json!({"address": text(), "name": text(), "owner": text_or_null()}))},
            "protected": {"type": "array", "items": object(&["address", "name", "action"], json!({"address": text(), "name": text(), "action": text()}))},
            "notes": {"type": "array", "items": text()},
            "summary": text_or_null(),
            "findings": {"type": "array", "items": object(&["code", "severity", "message"], json!({"code": text(), "severity": {"enum": ["error", "warning"]}, "message": text()}))},
            "error": {"type": ["string", "null"], "description": "Why it cannot go on."},
        }),
    );
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://queuestack.dev/schema/plan.json",
        "title": "queuestack plan",
        "description": "What `plan --format json` prints of one stack or of several, and what `plan --out` saves.",
        "anyOf": [
            {"$ref": "#/$defs/plan"},
            object(&["version", "plans"], json!({"version": {"const": FORMAT_VERSION}, "plans": {"type": "array", "items": {"$ref": "#/$defs/plan"}}})),
        ],
        "$defs": {"plan": plan},
    })
}
