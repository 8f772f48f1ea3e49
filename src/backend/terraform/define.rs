//! What the provider wants to be told once in blocks of their own, `attribute { name = …, type = … }`, and the rows say
//! of each argument that names it: the spelling `hash_key@attribute`.
//!
//! Rows are written and read as if there were an argument of that name; it is gone before anybody else sees it.

use std::borrow::Cow;
use std::collections::BTreeSet;

use hcl::Expression;
use serde_json::Value as Json;

use super::layout::{Body, Item};
use crate::kind::{Row, Type};

/// One definition: the block, the name and the type.
type Defined = (String, Expression, Expression);

/// Moves what was written of arguments into blocks of their own, each name once.
pub fn gather(body: &mut Body) {
    let mut defined = Vec::new();
    take(body, &mut defined);
    for (block, name, ty) in defined {
        let mut definition = Body::default();
        definition.argument("name", name);
        definition.argument("type", ty);
        body.block(&block, &[], definition);
    }
}

/// Takes them out of a body and of the blocks in it.
fn take(body: &mut Body, defined: &mut Vec<Defined>) {
    let spelled: Vec<String> = body.0.iter().filter_map(marked).map(str::to_owned).collect();
    for spelled in &spelled {
        let Some((argument, block)) = spelled.split_once('@') else { continue };
        if let Some((name, ty)) = body.value_of(argument).zip(body.value_of(spelled))
            && !defined.iter().any(|(known, other, _)| known == block && *other == name)
        {
            defined.push((block.to_owned(), name, ty));
        }
    }
    body.0.retain(|item| marked(item).is_none());
    for item in &mut body.0 {
        if let Item::Block(_, _, inner) = item {
            take(inner, defined);
        }
    }
}

fn marked(item: &Item) -> Option<&str> {
    match item {
        Item::Argument(name, _) if name.contains('@') => Some(name),
        _ => None,
    }
}

/// Puts what Terraform says in blocks of their own back to the arguments that a row has them of.
pub fn spread<'a>(row: &Row, resource: &'a Json) -> Cow<'a, Json> {
    let mut spelled = BTreeSet::new();
    find(row, &mut spelled);
    if spelled.is_empty() {
        return Cow::Borrowed(resource);
    }
    let mut spread = resource.clone();
    put(&spelled, resource, &mut spread);
    Cow::Owned(spread)
}

fn find(row: &Row, spelled: &mut BTreeSet<(&'static str, &'static str)>) {
    spelled.extend(row.terraform.split_once('@'));
    if let Type::Object(rows) | Type::List { of: Type::Object(rows), .. } = &row.ty {
        rows.iter().for_each(|row| find(row, spelled));
    }
}

fn put(spelled: &BTreeSet<(&str, &str)>, root: &Json, at: &mut Json) {
    match at {
        Json::Array(items) => items.iter_mut().for_each(|item| put(spelled, root, item)),
        Json::Object(members) => {
            for (argument, block) in spelled {
                let Some(name) = members.get(*argument).filter(|name| name.is_string()) else { continue };
                let blocks = root[block].as_array().map_or(&[][..], Vec::as_slice);
                if let Some(definition) = blocks.iter().find(|one| one["name"] == *name) {
                    members.insert(format!("{argument}@{block}"), definition["type"].clone());
                }
            }
            members.values_mut().for_each(|member| put(spelled, root, member));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::backend::terraform::spell;
    use crate::kind::table::{INDEXES, PARTITION_KEY};
    use crate::value::Value;

    #[test]
    fn types_go_to_blocks_of_their_own_and_come_back() {
        let mut inner = Body::default();
        inner.argument("hash_key", "kind");
        inner.argument("hash_key@attribute", "N");
        let mut body = Body::default();
        body.argument("hash_key", "id");
        body.argument("hash_key@attribute", "S");
        body.block("index", &[], inner);
        gather(&mut body);
        let text = body.text();
        assert!(!text.contains('@'), "{text}");
        assert_eq!(text.matches("attribute {").count(), 2, "{text}");

        let said = json!({
            "hash_key": "id", "attribute": [{"name": "id", "type": "S"}, {"name": "kind", "type": "N"}],
            "global_secondary_index": [{"name": "by-kind", "hash_key": "kind"}],
        });
        let key = spell::read(&PARTITION_KEY, &said);
        assert_eq!((key.get("name"), key.get("type")), (&Value::text("id"), &Value::text("S")));
        let indexes = spell::read(&INDEXES, &said);
        assert_eq!(indexes.as_list().unwrap()[0].get("partition_key").get("type"), &Value::text("N"));
    }
}
