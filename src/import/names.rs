//! Logical names for what has only physical ones.

use std::collections::BTreeSet;

use crate::expand::ADDRESS_TAG;
use crate::kind::Found;
use crate::model::{Address, Resource, Stack};

/// The longest logical name.
const LONGEST: usize = 80;

/// An address for each, distinct within its kind, and as near to the physical name as the rules for names allow.
pub fn addresses(found: &[Found]) -> Vec<Address> {
    let mut taken = BTreeSet::new();
    let named = found.iter().map(|one| {
        let candidates = candidates(one);
        let free = candidates.iter().find(|name| !taken.contains(&(one.kind.name(), (*name).clone()))).cloned();
        let name = free.unwrap_or_else(|| {
            let first = &candidates[0];
            let numbered = (2..).map(|number| format!("{first}-{number}"));
            let mut numbered = numbered.filter(|name| !taken.contains(&(one.kind.name(), name.clone())));
            numbered.next().unwrap_or_default()
        });
        taken.insert((one.kind.name(), name.clone()));
        Address::new(one.kind.name(), name)
    });
    named.collect()
}

/// What its tag says first; then `/aws/lambda/sync` → `sync`, `sync/jobs` → `sync`, `orders.fifo` → `orders` if the
/// kind adds the rest.
fn candidates(one: &Found) -> Vec<String> {
    let tagged = one.tags.get(ADDRESS_TAG).and_then(|address| address.split_once('.'));
    let tagged = tagged.filter(|(kind, name)| *kind == one.kind.name() && slug(name) == *name);
    let name = one.kind.short_name(&one.name);
    let mut parts = name.split('/').filter(|part| !part.is_empty());
    let part = if name.starts_with('/') { parts.next_back() } else { parts.next() };
    let part = part.unwrap_or(name);
    let stem = part.rsplit_once('.').map(|(stem, _)| slug(stem)).filter(|stem| {
        let mut resource = Resource::new(one.kind, stem);
        resource.attributes.clone_from(&one.attributes);
        one.kind.physical_name(&resource) == one.name
    });
    let tagged = tagged.map(|(_, name)| name.to_owned());
    tagged.into_iter().chain(stem).chain([slug(part), slug(&one.name)]).collect()
}

/// Replaces what a logical name cannot have.
fn slug(name: &str) -> String {
    let mut slug = String::new();
    for c in name.chars() {
        let c = if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' };
        // Several side by side that cannot stand are one hyphen.
        if !(c == '-' && slug.ends_with('-')) {
            slug.push(c);
        }
    }
    let slug: String = slug.trim_matches(['-', '_']).chars().take(LONGEST).collect();
    if slug.is_empty() { "unnamed".to_owned() } else { slug }
}

/// Writes out the physical names that do not follow from the logical ones.
pub fn complete(stack: &mut Stack, found: &[Found], addresses: &[Address]) {
    let expanded = super::expanded(stack);
    for (one, address) in found.iter().zip(addresses) {
        let follows = expanded.resources.get(address).is_some_and(|resource| resource.physical_name() == one.name);
        if let Some(resource) = stack.resources.get_mut(address).filter(|_| !follows) {
            resource.name = Some(one.kind.short_name(&one.name).to_owned());
        }
    }
    // Names that follow from other resources', as a mapping's does, may follow now.
    let mut without = stack.clone();
    for address in addresses {
        let name = without.resources.get_mut(address).and_then(|resource| resource.name.take());
        let Some(name) = name else { continue };
        let follows = super::expanded(&without).resources.get(address).is_some_and(|one| one.physical_name() == name);
        if let Some(resource) = without.resources.get_mut(address).filter(|_| !follows) {
            resource.name = Some(name);
        }
    }
    *stack = without;
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::kind::{self, Kind};
    use crate::value::Value;

    fn found(kind: &'static dyn Kind, name: &str, fifo: bool) -> Found {
        let attributes = BTreeMap::from([(kind::queue::FIFO.key, Value::Bool(fifo))]);
        let (tags, facts) = (BTreeMap::new(), BTreeMap::new());
        Found { kind, name: name.to_owned(), arn: String::new(), attributes, tags, facts, holds: None }
    }

    #[test]
    fn names_are_near_and_distinct() {
        let (queue, alarm) = (&kind::queue::Queue, &kind::alarm::Alarm);
        let long = "x".repeat(200);
        let all = [
            found(queue, "jobs", false),
            found(queue, "orders.fifo", true),
            found(alarm, "jobs", false),
            found(alarm, "jobs: depth (prod)", false),
            found(alarm, "jobs: depth [prod]", false),
            found(alarm, "v1.2", false),
            found(alarm, "ü", false),
            found(alarm, &long, false),
            found(&kind::log_group::LogGroup, "/aws/lambda/sync", false),
            found(&kind::log_group::LogGroup, "/ecs/sync", false),
            found(&kind::mapping::Mapping, "sync/jobs", false),
            found(&kind::mapping::Mapping, "sync/more", false),
            found(&kind::rule::Rule, "shop/orders", false),
        ];
        let names: Vec<String> = addresses(&all).iter().map(ToString::to_string).collect();
        let expected = [
            "queue.jobs",
            "queue.orders",
            "alarm.jobs",
            "alarm.jobs-depth-prod",
            "alarm.jobs-depth-prod-2",
            "alarm.v1-2",
            "alarm.unnamed",
            &format!("alarm.{}", &long[..80]),
            "log_group.sync",
            "log_group.ecs-sync",
            "mapping.sync",
            "mapping.sync-more",
            "rule.orders",
        ];
        assert_eq!(names, expected);
    }
}
