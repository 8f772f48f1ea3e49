//! What must exist before what: hard references make a directed graph without cycles.

use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity};
use crate::model::{Address, Stack};

/// Resources that wait for each other.
pub static CYCLE: Code = Code {
    id: "QS030",
    severity: Severity::Error,
    title: "resources that refer to each other in a circle",
    reason: "Each of them must exist before the other, so none could be created.",
    fix: "Break the circle: remove one of the references.",
    link: "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html",
};

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
            let path: Vec<String> = circle.iter().chain([start]).map(ToString::to_string).collect();
            let span = stack.resources.get(start).and_then(|resource| resource.span("redrive"));
            out.push(Diagnostic::new(&CYCLE, format!("circle of references: {}", path.join(" → "))).at(span).of(start));
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
