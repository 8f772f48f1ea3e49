//! What Terraform would delete and may not: what another stack owns, and what this stack has under another address.
//!
//! A state says what Terraform thinks is its own. Shared by two stacks, or older than an address, it says too much.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value as Json;

use super::error::TerraformError;
use super::state;
use crate::backend::Ask;
use crate::expand::{ADDRESS_TAG, STACK_TAG};
use crate::kind::{KINDS, Kind};
use crate::model::{Address, Resource};

/// Refuses a plan that would delete what is not this address's to delete.
///
/// # Errors
/// When there is such a thing; all of it is told, with the way out.
pub fn check(
    shown: &Json,
    owners: &BTreeMap<String, Address>,
    ask: &Ask<'_>,
    destroys: bool,
    folder: &Path,
) -> Result<(), TerraformError> {
    let all = shown["resource_changes"].as_array().map_or(&[][..], Vec::as_slice);
    let mut told = Vec::new();
    for one in all.iter().filter(|one| one["mode"] == "managed" && deletes(one)) {
        let Some(kind) = KINDS.iter().find(|kind| kind.terraform().is_some_and(|it| one["type"] == it.resource)) else {
            continue;
        };
        let (address, before) = (one["address"].as_str().unwrap_or_default(), &one["change"]["before"]);
        let name = state::name(*kind, before);
        let run = |words: &str| format!("terraform -chdir={} state {words}", folder.display());
        if let Some(owner) = before["tags"][STACK_TAG].as_str().filter(|owner| *owner != ask.stack.name) {
            told.push(format!(
                "{address}: `{name}` belongs to stack `{owner}`, and this would delete it: give each stack a --state of \
                 its own; what this one is to forget, it forgets by `{}`",
                run(&format!("rm '{address}'"))
            ));
        } else if let Some(wanted) = wanted(*kind, &name, ask).filter(|_| !destroys)
            && let Some(theirs) = main(wanted, owners).filter(|theirs| *theirs != address)
        {
            let tag = before["tags"][ADDRESS_TAG].as_str().filter(|tag| *tag != wanted.address.to_string());
            let way = match tag {
                Some(from) => format!("say so with `moved: [{{from: {from}, to: {}}}]`", wanted.address),
                None => format!("tell Terraform by `{}`", run(&format!("mv '{address}' '{theirs}'"))),
            };
            told.push(format!("{address}: this would delete `{name}`, which is {} now: {way}", wanted.address));
        }
    }
    if told.is_empty() { Ok(()) } else { Err(TerraformError::Claimed(told)) }
}

/// Tells whether it would be deleted, to be made again or not.
fn deletes(one: &Json) -> bool {
    let mut actions = one["change"]["actions"].as_array().into_iter().flatten();
    actions.any(|action| action == "delete")
}

/// The resource of the stack that has a name.
fn wanted<'a>(kind: &'static dyn Kind, name: &str, ask: &Ask<'a>) -> Option<&'a Resource> {
    ask.stack.of_kind(kind.name()).find(|one| one.name_in(&ask.place.region) == name)
}

/// What Terraform calls the resource itself.
fn main<'a>(resource: &Resource, owners: &'a BTreeMap<String, Address>) -> Option<&'a str> {
    let main = resource.kind.terraform()?.resource;
    let is_it = |theirs: &str| theirs.split('.').next() == Some(main);
    owners.iter().find(|(theirs, address)| **address == resource.address && is_it(theirs)).map(|(theirs, _)| &**theirs)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::backend::terraform::tests::{place, stack};
    use crate::backend::terraform::{Open, render};
    use crate::gaps::Gaps;
    use crate::plan::Consent;

    fn told(text: &str, label: &str, before: &Json, destroys: bool) -> String {
        let (stack, place, gaps, consent) = (stack(text), place(), Gaps::default(), Consent::default());
        let owners = render(&Open::fixed(&stack)).unwrap().owners;
        let ask = Ask { stack: &stack, place: &place, found: Vec::new(), gaps: &gaps, consent: &consent };
        let shown = json!({"resource_changes": [{
            "address": format!("aws_sqs_queue.{label}"), "mode": "managed", "type": "aws_sqs_queue", "name": label,
            "change": {"actions": ["delete"], "before": before},
        }]});
        check(&shown, &owners, &ask, destroys, Path::new("/w"))
            .map_or_else(|error| error.to_string(), |()| String::new())
    }

    fn before(name: &str, stack: &str, address: &str) -> Json {
        json!({"name": name, "tags": {STACK_TAG: stack, ADDRESS_TAG: address}})
    }

    #[test]
    fn what_another_stack_owns_is_not_deleted() {
        let text = "stack: b\nqueues: {jobs: {}}\n";
        let theirs = before("theirs", "a", "queue.theirs");
        for destroys in [false, true] {
            let told = told(text, "theirs", &theirs, destroys);
            assert!(
                told.contains("aws_sqs_queue.theirs: `theirs` belongs to stack `a`, and this would delete"),
                "{told}"
            );
            assert!(told.contains("give each stack a --state of its own"), "{told}");
        }
        assert_eq!(told(text, "old", &before("old", "b", "queue.old"), false), "");
    }

    #[test]
    fn what_has_another_address_now_is_not_deleted() {
        let text = "stack: b\nqueues: {new: {name: jobs}, a_b: {}}\n";
        let told_moved = told(text, "old", &before("jobs", "b", "queue.old"), false);
        let expected = "aws_sqs_queue.old: this would delete `jobs`, which is queue.new now: say so with `moved: [{from: \
                        queue.old, to: queue.new}]`";
        assert!(told_moved.contains(expected), "{told_moved}");
        // As it was called before labels were of one name only.
        let told_label = told(text, "a_b", &before("a_b", "b", "queue.a_b"), false);
        let command = "`terraform -chdir=/w state mv 'aws_sqs_queue.a_b' 'aws_sqs_queue.a_b-648fa9b3'`";
        assert!(told_label.contains(command), "{told_label}");
        assert_eq!(told(text, "old", &before("jobs", "b", "queue.old"), true), "");
    }
}
