//! What must exist before what: hard references make a directed graph without cycles.

use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostic::{Code, Diagnostics, Severity};
use crate::kind::walk;
use crate::model::{Address, Resource, Stack};

/// Resources that wait for each other.
pub static CYCLE: Code = Code {
    id: "QS030",
    severity: Severity::Error,
    title: "resources that refer to each other in a circle",
    reason: "Each of them must exist before the other, so none could be created.",
    fix: "Break the circle: remove one of the references.",
    link: "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html",
};

/// Finds the dotted path of the attribute that makes one resource wait for another.
fn place_of(resource: &Resource, needed: &Address) -> String {
    let mut place = String::new();
    for row in resource.kind.rows() {
        walk(&row.ty, row.key, resource.get(row), &mut |path, value| {
            let names = value.as_ref().is_some_and(|one| one.hard && one.address() == Some(needed));
            if names && place.is_empty() {
                path.clone_into(&mut place);
            }
        });
    }
    place
}

/// What each resource needs first.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    needs: BTreeMap<Address, BTreeSet<Address>>,
}

impl Graph {
    /// Reads the hard references of a complete stack.
    #[must_use]
    pub fn of(stack: &Stack) -> Graph {
        let needs = stack.resources.values().map(|resource| {
            let references = resource.references().into_iter().filter(|reference| reference.hard);
            let needed = references.filter_map(|reference| reference.address().cloned());
            let known = needed.filter(|address| stack.resources.contains_key(address));
            (resource.address.clone(), known.collect())
        });
        Graph { needs: needs.collect() }
    }

    /// All resources, in order.
    pub fn addresses(&self) -> impl Iterator<Item = &Address> {
        self.needs.keys()
    }

    /// What this resource needs first.
    pub fn needs(&self, address: &Address) -> impl Iterator<Item = &Address> {
        self.needs.get(address).into_iter().flatten()
    }

    /// Reports every circle once, at the first of its resources.
    pub fn check(&self, stack: &Stack, out: &mut Diagnostics) {
        let mut told: BTreeSet<Address> = BTreeSet::new();
        for start in self.needs.keys() {
            if told.contains(start) {
                continue;
            }
            let Some(circle) = self.circle_through(start) else { continue };
            told.extend(circle.iter().cloned());
            let Some(resource) = stack.resources.get(start) else { continue };
            let path: Vec<String> = circle.iter().chain([start]).map(ToString::to_string).collect();
            let (message, help) = match circle.get(1) {
                None => (format!("`{start}` refers to itself"), "Refer to another resource, or remove the reference."),
                Some(_) => (format!("`{start}` waits for itself: {}", path.join(" → ")), ""),
            };
            let next = circle.get(1).unwrap_or(start);
            out.push(resource.finding(&CYCLE, &place_of(resource, next), message).help(help));
        }
    }

    /// Finds a way from a resource back to itself.
    fn circle_through(&self, start: &Address) -> Option<Vec<Address>> {
        let mut seen = BTreeSet::new();
        let mut trail = vec![(start.clone(), vec![start.clone()])];
        while let Some((at, path)) = trail.pop() {
            for next in self.needs(&at) {
                if next == start {
                    return Some(path);
                }
                if seen.insert(next.clone()) {
                    trail.push((next.clone(), [path.as_slice(), std::slice::from_ref(next)].concat()));
                }
            }
        }
        None
    }

    /// Returns a resource and all that it needs, directly or not.
    #[must_use]
    pub fn with_needs(&self, address: &Address) -> BTreeSet<Address> {
        let mut found = BTreeSet::from([address.clone()]);
        let mut open = vec![address.clone()];
        while let Some(at) = open.pop() {
            open.extend(self.needs(&at).filter(|next| found.insert((*next).clone())).cloned());
        }
        found
    }
}
