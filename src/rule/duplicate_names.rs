//! No two resources of a kind have the same physical name.

use std::collections::BTreeMap;

use crate::diagnostic::{Code, Diagnostics};
use crate::model::{Resource, Stack};

/// One name for two things.
pub static SAME_NAME: Code = Code::error("QS023", "two resources with one physical name")
    .because("A name belongs to one resource of an account and Region: the second would overwrite the first.")
    .fix("Give one of them another `name:`.")
    .see("https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html");

/// Reports the second of two, at its name.
pub fn check(stack: &Stack, out: &mut Diagnostics) {
    let mut first: BTreeMap<(&str, &str), &Resource> = BTreeMap::new();
    let place = |resource: &Resource| resource.span("name").map_or(usize::MAX, |span| span.start);
    let mut resources: Vec<&Resource> = stack.resources.values().collect();
    resources.sort_by_key(|resource| place(resource));
    for resource in resources {
        let name = resource.physical_name();
        let Some(earlier) = first.get(&(resource.address.kind, name)) else {
            first.insert((resource.address.kind, name), resource);
            continue;
        };
        let message = format!("`{}` and `{}` are both named `{name}`", earlier.address, resource.address);
        out.push(resource.finding(&SAME_NAME, "name", message));
    }
}
