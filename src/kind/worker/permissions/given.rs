//! A role that the stack file gives, or names: nothing is added to what it may do, and what it lacks is told.

use super::super::check::VOID_GRANTS;
use super::super::grant::Grant;
use super::super::make::Made;
use super::super::rows;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::kind::policy::{as_items, matches};
use crate::kind::{Kind as _, function, role, worker};
use crate::model::{Address, Ref, Resource, Stack};
use crate::value::Value;

/// Tells which actions that follow from the stack the worker's role does not allow, as far as it can be known.
pub(super) fn check(
    worker: &Resource,
    made: &Made,
    grants: &[Grant],
    needed: &[Value],
    stack: &Stack,
    out: &mut Diagnostics,
) {
    let Some(function) = stack.resources.get(&made.function) else { return };
    let given = function.get(&function::ROLE);
    let (message, lacking) = match given.as_ref().and_then(Ref::address) {
        Some(address) => {
            let Some(role) = stack.resources.get(address).filter(|role| is_said(role, stack)) else { return };
            let lacking = lacking(needed, role.get(&role::POLICY));
            (format!("`{address}` has a policy of its own, which lacks what `{}` needs", worker.address), lacking)
        }
        // What a role elsewhere allows is not known; whoever names one and grants nothing sees to it.
        None if grants.is_empty() => return,
        None => {
            let message = format!("the grants of `{}` change nothing of its role `{}`", worker.address, given.plain());
            (message, lacking(needed, &Value::Null))
        }
    };
    if lacking.is_empty() {
        return;
    }
    let path = if grants.is_empty() { "" } else { rows::GRANTS.key };
    let help = format!("Let the role allow {}.", lacking.join(", "));
    out.push(Diagnostic::new(&VOID_GRANTS, message).at(worker.span(path)).of(&worker.address).help(help));
}

/// Tells whether all that a role may do is said in the stack file: managed policies are not, and what another worker
/// makes may not be there yet.
fn is_said(role: &Resource, stack: &Stack) -> bool {
    let maker = Address::new(worker::Worker.name(), &role.address.name);
    let to_come = role.get(&role::POLICY).is_null() && stack.resources.contains_key(&maker);
    let generated = role.made_by.is_some() || to_come;
    !generated && role.get(&role::MANAGED_POLICIES).is_null()
}

/// The actions of statements that a policy allows on nothing; which resources it names is for its author to say.
fn lacking(needed: &[Value], policy: &Value) -> Vec<String> {
    let statements = as_items(policy.get("Statement"));
    let allowing = statements.iter().filter(|one| one.get("Effect").as_text() == Some("Allow"));
    let allowed: Vec<Value> = allowing.flat_map(|one| as_items(one.get("Action"))).collect();
    let open = statements.iter().any(|one| !one.get("NotAction").is_null());
    let actions = needed.iter().flat_map(|one| as_items(one.get("Action")));
    let mut lacking: Vec<String> = actions.map(|action| action.plain()).collect();
    lacking.retain(|action| !open && !allowed.iter().any(|pattern| matches(&pattern.plain(), action)));
    lacking.sort();
    lacking.dedup();
    lacking
}
