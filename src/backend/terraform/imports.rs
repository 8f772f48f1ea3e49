//! Import blocks: what is there already becomes Terraform's without being touched.

use std::collections::BTreeMap;

use hcl::Expression;
use hcl::expr::{Traversal, TraversalOperator};

use super::items::Items;
use super::layout::{Body, path};
use super::names::{beside_label, in_order, label};
use super::render::is_set;
use super::spell::Spelled;
use super::variables::Open;
use crate::expand::REGION_TAG;
use crate::kind::Found;
use crate::kind::terraform::Beside;
use crate::model::{Fact, Resource};
use crate::value::Value;

/// How a file of import blocks begins.
pub const HEAD: &str = "# What was there when this was rendered.";
/// How the file beside it begins.
pub const OVERRIDES_HEAD: &str = "# What an import cannot read stays as it is.";

/// One resource of Terraform's, and by what it is imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// Its address, without the item.
    pub to: String,
    /// Which one it is, where there is one an item.
    pub item: Option<String>,
    /// The id.
    pub id: String,
}

/// Writes a block for each resource of the stack that was found, and for what stands beside it.
#[must_use]
pub fn file(open: &Open, found: &[Found]) -> String {
    let mut body = Body::default();
    for import in all(open, found) {
        let to = path(&import.to);
        let mut block = Body::default();
        block.argument(
            "to",
            match import.item {
                Some(item) => Traversal::new(to, [TraversalOperator::Index(item.into())]).into(),
                None => to,
            },
        );
        block.argument("id", import.id);
        body.block("import", &[], block);
    }
    format!("{HEAD} Remove this file once it is applied.\n\n{}", body.text())
}

/// Keeps Terraform from writing once more what an import cannot read; empty where there is nothing of it.
#[must_use]
pub fn overrides(open: &Open, found: &[Found]) -> String {
    let mut body = Body::default();
    let imports = all(open, found);
    for address in open.stack.resources.keys() {
        let label = label(&address.name);
        let spelling = crate::kind::find(address.kind).and_then(crate::kind::Kind::terraform);
        let Some(spelling) = spelling.filter(|spelling| !spelling.unread.is_empty()) else { continue };
        if imports.iter().any(|import| import.to == format!("{}.{label}", spelling.resource)) {
            let mut lifecycle = Body::default();
            let unread: Vec<Expression> = spelling.unread.iter().map(|argument| path(argument)).collect();
            lifecycle.argument("ignore_changes", unread);
            let mut resource = Body::default();
            resource.block("lifecycle", &[], lifecycle);
            body.block("resource", &[spelling.resource, &label], resource);
        }
    }
    if body.0.is_empty() {
        return String::new();
    }
    let words = "Remove this file once the imports are applied; Terraform then\n\
                 # writes the code once more, the same as is there.";
    format!("{OVERRIDES_HEAD} {words}\n\n{}", body.text())
}

/// All that was found of a stack, in its order.
#[must_use]
pub fn all(open: &Open, found: &[Found]) -> Vec<Import> {
    let there: BTreeMap<_, _> = found.iter().map(|one| ((one.kind.name(), one.name.as_str()), one)).collect();
    let mut imports = Vec::new();
    for resource in in_order(&open.stack) {
        // What is named after its Region carries the Region as a tag.
        let region = found.iter().find_map(|one| one.tags.get(REGION_TAG)).map_or("", String::as_str);
        let name = open.closed(&resource.name_in(region));
        let there = there.get(&(resource.address.kind, name.as_str()));
        let (Some(spelling), Some(found)) = (resource.kind.terraform(), there) else { continue };
        let to = format!("{}.{}", spelling.resource, label(&resource.address.name));
        imports.push(Import { to, item: None, id: id(spelling.id, found, &Value::Null) });
        for beside in spelling.beside {
            let label = beside_label(&resource.address, beside.resource);
            imports.extend(besides(beside, resource, found, &label));
        }
    }
    imports
}

/// What stands beside a resource, as far as it is there.
fn besides(beside: &Beside, resource: &Resource, found: &Found, label: &str) -> Vec<Import> {
    let to = format!("{}.{label}", beside.resource);
    if let Some(items) = Items::of(resource.kind.rows(), beside) {
        let wanted: Vec<&Value> = items.there_in(resource).into_iter().map(|item| item.get(items.key)).collect();
        let value = found.attributes.get(items.list.key).unwrap_or(&Value::Null);
        let both = items.there(value).into_iter().filter(|item| wanted.contains(&item.get(items.key)));
        let one = |item: &Value| Import {
            to: to.clone(),
            id: id(beside.id, found, item),
            item: Some(item.get(items.key).plain()),
        };
        return both.map(one).collect();
    }
    let rows = resource.kind.rows().iter().filter(|row| !row.is_short_form());
    let held = rows.filter(|row| Spelled::of(row.terraform, &|_| true).beside == Some(beside.resource));
    let values: Vec<_> = held.map(|row| (row, found.attributes.get(row.key).unwrap_or(&Value::Null))).collect();
    for (row, value) in &values {
        if Spelled::of(row.terraform, &|_| true).each {
            let wanted = resource.get(row).as_list().unwrap_or_default();
            let items = value.as_list().unwrap_or_default().iter().filter(|item| wanted.contains(item));
            let one =
                |item: &Value| Import { to: to.clone(), id: id(beside.id, found, item), item: Some(item.plain()) };
            return items.map(one).collect();
        }
    }
    let there = beside.always || is_set(resource, beside) && values.iter().any(|(_, value)| !value.is_null());
    there.then(|| Import { to, item: None, id: id(beside.id, found, &Value::Null) }).into_iter().collect()
}

fn id(pattern: &str, found: &Found, item: &Value) -> String {
    let url = found.facts.get(&Fact::Url).map_or("", String::as_str);
    let last = found.arn.rsplit([':', '/']).next().unwrap_or_default();
    let filled =
        pattern.replace("{name}", &found.name).replace("{url}", url).replace("{arn}", &found.arn).replace("{id}", last);
    let members = item.as_map().into_iter().flatten();
    let filled = members.fold(filled, |id, (key, value)| id.replace(&format!("{{item.{key}}}"), &value.plain()));
    filled.replace("{item}", &item.plain())
}
