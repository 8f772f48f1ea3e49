//! The order of the steps: what must be done before what.

use std::collections::BTreeMap;

use super::{Action, Plan, Step};
use crate::graph::Graph;
use crate::kind::{Found, KINDS};
use crate::model::Address;

/// Where a kind stands in the order of all.
fn rank(kind: &str) -> usize {
    KINDS.iter().position(|known| known.name() == kind).unwrap_or(KINDS.len())
}

/// Sorts the steps and says which waits for which.
pub(super) fn order(plan: &mut Plan, graph: &Graph) {
    // Deletes go last, in the opposite order of the kinds.
    plan.steps.sort_by_key(|step| {
        let rank = rank(step.address.kind);
        let delete = step.action == Action::Delete;
        (delete, if delete { usize::MAX - rank } else { rank }, step.address.clone(), step.name.clone())
    });
    let mut by_address: BTreeMap<&Address, Vec<usize>> = BTreeMap::new();
    for (index, step) in plan.steps.iter().enumerate() {
        by_address.entry(&step.address).or_default().push(index);
    }
    let after = (0..plan.steps.len()).map(|index| waits_for(plan, graph, &by_address, index));
    let after: Vec<Vec<usize>> = after.collect();
    for (step, after) in plan.steps.iter_mut().zip(after) {
        step.after = after;
    }
}

fn waits_for(plan: &Plan, graph: &Graph, by_address: &BTreeMap<&Address, Vec<usize>>, index: usize) -> Vec<usize> {
    let step = &plan.steps[index];
    if step.action != Action::Delete {
        let needed = graph.needs(&step.address).filter_map(|needed| by_address.get(needed)).flatten();
        return needed.copied().filter(|other| plan.steps[*other].action != Action::Delete).collect();
    }
    // What is deleted must not be named any more by what stays, nor by what is deleted too.
    let others = plan.steps.iter().enumerate().filter(|(other, _)| *other != index);
    let waits = others.filter(|(_, other)| {
        // Two that both go may carry one address, after a rename that stopped half-way, or name each other.
        let both_go = other.action == Action::Delete;
        let takes_over = !both_go && other.address == step.address;
        takes_over || other.names(step) && !(both_go && step.names(other) && step.name < other.name)
    });
    waits.map(|(other, _)| other).collect()
}

impl Step {
    /// Tells whether what is there of this one names what is there of the other.
    fn names(&self, other: &Step) -> bool {
        self.found.as_ref().zip(other.found.as_ref()).is_some_and(|(one, other)| names(one, other))
    }
}

/// Tells whether the live attributes of one name the other: by its ARN, or by its name if its kind comes earlier.
fn names(one: &Found, other: &Found) -> bool {
    let mut named = false;
    let by_name = rank(one.kind.name()) > rank(other.kind.name());
    let ordering = one.kind.rows().iter().filter(|row| !row.is_short_form() && !row.soft);
    let values = ordering.filter_map(|row| one.attributes.get(row.key));
    values.for_each(|value| {
        value.walk(&mut |inner| {
            let text = inner.as_text();
            named |= text == Some(&other.arn) || by_name && text == Some(&other.name);
        });
    });
    named
}
