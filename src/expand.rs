//! Completes a stack: short forms become what they stand for, and every row gets its value.
//!
//! Order of precedence: what the user wrote, what a short form asks for, the stack's `defaults:`, the row's default.

use std::collections::BTreeSet;

use crate::diagnostic::{Diagnostics, Span};
use crate::kind::{KINDS, Row};
use crate::model::{Address, Resource, Stack};

/// The tag that says which stack owns a resource.
pub const STACK_TAG: &str = "queuestack:stack";
/// The tag that says which resource of the stack it is.
pub const ADDRESS_TAG: &str = "queuestack:address";
/// The tag that says which Region's stack it is, of what an account has only once.
pub const REGION_TAG: &str = "queuestack:region";
/// The tag that says that a resource may be neither deleted nor replaced.
pub const PROTECT_TAG: &str = "queuestack:protect";
/// Every tag that is ours and not the user's.
pub const OWN_TAGS: [&str; 4] = [STACK_TAG, ADDRESS_TAG, REGION_TAG, PROTECT_TAG];

/// Expands short forms and fills defaults.
pub fn expand(stack: &mut Stack, out: &mut Diagnostics) {
    keep_names(stack);
    KINDS.iter().for_each(|kind| kind.share_defaults(stack));
    expand_short_forms(stack, out);
    let mut resources = std::mem::take(&mut stack.resources);
    for resource in resources.values_mut() {
        complete(resource, stack);
    }
    stack.resources = resources;
    stack.source.hidden = hidden(stack);
}

/// Where the values of secrets are written out. What names a variable or a secret of AWS may be seen.
fn hidden(stack: &Stack) -> Vec<Span> {
    let mut values = Vec::new();
    for resource in stack.resources.values() {
        for row in resource.kind.rows() {
            let named = row.named_secrets(&resource.attributes).iter();
            values.extend(named.filter_map(|name| resource.spans.get(&format!("{}.{}", row.key, name.plain()))));
            values.extend(resource.spans.get(row.key).filter(|_| row.sensitive));
        }
    }
    let is_reference = |text: &str| text.starts_with("${") && text.find('}') == Some(text.len() - 1);
    let written =
        |span: &Span| stack.source.text.get(span.start..span.end).map(|text| text.trim_matches(['"', '\'', ' ']));
    values.retain(|span| written(span).is_some_and(|text| !is_reference(text)));
    values
}

/// What is moved keeps the name that it had where it was, unless it says its name itself.
fn keep_names(stack: &mut Stack) {
    for moved in &stack.moved {
        // Two of one name are no consequence to tell of: that it is still there is told.
        if stack.resources.contains_key(&moved.from) {
            continue;
        }
        if let Some(resource) = stack.resources.get_mut(&moved.to) {
            resource.name.get_or_insert_with(|| moved.from.name.clone());
        }
    }
}

/// Expands kind by kind, in the order of [`KINDS`] from the back, and again while a form made something new.
fn expand_short_forms(stack: &mut Stack, out: &mut Diagnostics) {
    let mut done: BTreeSet<Address> = BTreeSet::new();
    loop {
        let before = done.len();
        for kind in KINDS.iter().rev() {
            let of_kind = stack.resources.keys().filter(|address| address.kind == kind.name());
            let open: Vec<Address> = of_kind.filter(|address| !done.contains(*address)).cloned().collect();
            for address in open {
                expand_one(&address, stack, out);
                done.insert(address);
            }
        }
        if done.len() == before {
            return;
        }
    }
}

/// Expands one resource. What is nothing but short forms is what it stands for, and no resource of its own.
fn expand_one(address: &Address, stack: &mut Stack, out: &mut Diagnostics) {
    let Some(mut resource) = stack.resources.remove(address) else { return };
    resource.kind.expand(&mut resource, stack, out);
    if !resource.kind.rows().iter().all(Row::is_short_form) {
        stack.resources.insert(address.clone(), resource);
    }
}

fn complete(resource: &mut Resource, stack: &Stack) {
    let kind = resource.kind;
    resource.name = Some(kind.physical_name(resource));
    for row in kind.rows() {
        if row.is_short_form() {
            resource.attributes.remove(row.key);
        } else {
            let value = resource.attributes.remove(row.key).filter(|value| !value.is_null());
            let takes = kind.takes_default(resource, row);
            let default = || if takes { stack.default_of(kind, row) } else { row.default.value() };
            let value = value.unwrap_or_else(default);
            resource.set(row, value);
        }
    }
    for (key, value) in &stack.tags {
        resource.tags.entry(key.clone()).or_insert_with(|| value.clone());
    }
    resource.tags.insert(STACK_TAG.to_owned(), stack.name.clone());
    resource.tags.insert(ADDRESS_TAG.to_owned(), resource.address.to_string());
    if resource.protect {
        resource.tags.insert(PROTECT_TAG.to_owned(), "true".to_owned());
    }
}
