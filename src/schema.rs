//! The JSON Schema of stack files, made from the rows.

use serde_json::{Map, Value, json};

use crate::kind::{Default, KINDS, Kind, Row, Type};
use crate::manifest::{COMMON, TOP};
use crate::value::Unit;

/// Any scalar may be a text with `${…}` in it.
const INTERPOLATED: &str = r"\$\{";

/// Makes the schema.
#[must_use]
pub fn schema() -> Value {
    let mut properties = Map::new();
    for (key, doc) in TOP {
        let mut property = top(key);
        property["description"] = (*doc).into();
        properties.insert((*key).to_owned(), property);
    }
    for kind in KINDS {
        let section = json!({
            "description": kind.doc(),
            "type": ["object", "null"],
            "propertyNames": {"pattern": "^[A-Za-z0-9][A-Za-z0-9_-]{0,79}$"},
            "additionalProperties": resource(*kind),
        });
        properties.insert(kind.section().to_owned(), section);
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://queuestack.dev/schema/stack.json",
        "title": "queuestack stack file",
        "type": "object",
        "required": ["stack"],
        "additionalProperties": false,
        "properties": properties,
    })
}

fn top(key: &str) -> Value {
    match key {
        "variables" => json!({
            "type": ["object", "null"],
            "additionalProperties": {
                "type": ["object", "null"],
                "additionalProperties": false,
                "properties": {
                    "default": {"description": "Its value when none is given; without one it must be given."},
                    "description": {"type": "string"},
                    "env": {"type": "string", "description": "The environment variable that may give it."},
                    "allowed": {"type": "array", "description": "The only values that it may have."},
                },
            },
        }),
        "tags" => texts(50),
        "account" | "regions" => json!({
            "anyOf": [{"type": ["string", "integer", "null"]}, {"type": "array", "items": {"type": ["string", "integer"]}}],
        }),
        "moved" => json!({
            "type": ["array", "null"],
            "items": {
                "type": "object",
                "required": ["from", "to"],
                "additionalProperties": false,
                "properties": {
                    "from": {"type": "string", "description": "The address before, `queue.old`."},
                    "to": {"type": "string", "description": "The address now, `queue.new`."},
                },
            },
        }),
        "ignore_tags" => json!({"type": "array", "items": {"type": "string"}}),
        "defaults" => {
            let sections = KINDS.iter().map(|kind| {
                let properties: Map<_, _> =
                    kind.rows().iter().map(|row| (row.key.to_owned(), row_schema(row))).collect();
                (
                    kind.section().to_owned(),
                    json!({"type": "object", "additionalProperties": false, "properties": properties}),
                )
            });
            json!({"type": ["object", "null"], "additionalProperties": false, "properties": sections.collect::<Map<_, _>>()})
        }
        _ => json!({"type": "string"}),
    }
}

fn resource(kind: &dyn Kind) -> Value {
    let mut properties = Map::new();
    for (key, doc) in COMMON {
        let mut property = match *key {
            "tags" => texts(50),
            "protect" => type_schema(&Type::Bool),
            _ => json!({"type": "string"}),
        };
        property["description"] = (*doc).into();
        properties.insert((*key).to_owned(), property);
    }
    properties.extend(kind.rows().iter().map(|row| (row.key.to_owned(), row_schema(row))));
    json!({"type": ["object", "null"], "additionalProperties": false, "properties": properties})
}

fn row_schema(row: &Row) -> Value {
    let mut schema = type_schema(&row.ty);
    if row.is_short_form() && matches!(row.ty, Type::Object(_)) {
        schema = json!({"anyOf": [schema, {"const": false}]});
    }
    schema["description"] = format!("{}\n\n{}", row.doc, row.link).into();
    match (row.default, &row.ty) {
        (Default::None, _) => {}
        (Default::Int(number), Type::Int { unit, .. }) if *unit != Unit::Count => {
            schema["default"] = unit.format(number).into();
        }
        (default, _) => schema["default"] = default.value().to_json(),
    }
    schema
}

fn type_schema(ty: &Type) -> Value {
    let interpolated = || json!({"type": "string", "pattern": INTERPOLATED});
    match ty {
        Type::Int { unit, min, max } => {
            let number = json!({"type": "integer", "minimum": min, "maximum": max});
            let pattern = match unit {
                Unit::Seconds => r"^\s*(\d+\s*[smhd]\s*)+$|^\d+$",
                Unit::Bytes => r"^\s*(\d+\s*(B|KiB|MiB|GiB)\s*)+$|^\d+$",
                Unit::Mebibytes => r"^\s*(\d+\s*(MiB|GiB)\s*)+$|^\d+$",
                Unit::Days => r"^\d+d?$|^forever$",
                Unit::Count => r"^\d+$",
            };
            json!({"anyOf": [number, {"type": "string", "pattern": pattern}, interpolated(), {"type": "null"}]})
        }
        Type::Number => json!({"anyOf": [{"type": "number"}, interpolated(), {"type": "null"}]}),
        Type::Bool => json!({"anyOf": [{"type": "boolean"}, interpolated(), {"type": "null"}]}),
        Type::Text { min, max } => {
            json!({"anyOf": [{"type": "string", "minLength": min, "maxLength": max}, {"type": ["number", "boolean", "null"]}, interpolated()]})
        }
        Type::Word(words) => {
            let words: Vec<&str> = words.iter().flat_map(|(yaml, api)| [*yaml, *api]).collect();
            json!({"anyOf": [{"enum": words}, interpolated(), {"type": "null"}]})
        }
        Type::Name(_) => json!({"type": ["string", "null"]}),
        Type::Policy | Type::Pattern => json!({"type": ["object", "string", "null"]}),
        Type::List { of, max } => {
            json!({"type": ["array", "null"], "maxItems": max, "items": type_schema(of)})
        }
        Type::Texts { max } => texts(*max),
        Type::Object(rows) => {
            let properties: Map<_, _> = rows.iter().map(|row| (row.key.to_owned(), row_schema(row))).collect();
            json!({"type": ["object", "null"], "additionalProperties": false, "properties": properties})
        }
    }
}

fn texts(max: usize) -> Value {
    json!({
        "type": ["object", "null"],
        "maxProperties": max,
        "additionalProperties": {"type": ["string", "number", "boolean", "null"]},
    })
}
