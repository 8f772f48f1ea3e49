//! Stacks that are planned in one command go to one account, and each must be one of its own there.

use std::collections::BTreeMap;

use super::{Action, Plan};
use crate::model::Stack;

/// Says of each stack which one before it, from another file, has its name: each of them would delete what the other has.
///
/// Who has a resource that both name is found out in the account.
#[must_use]
pub fn namesakes(stacks: &[Option<(&str, &Stack)>]) -> Vec<Option<String>> {
    let mut names = BTreeMap::new();
    let mut one = |(file, stack): (&str, &Stack)| {
        let other = names.insert(stack.name.clone(), file.to_owned()).filter(|other| other != file)?;
        Some(format!(
            "{other} is stack `{}` too, and each would delete what the other has: give them names of their own, or plan one \
             at a time where they are for different accounts",
            stack.name
        ))
    };
    stacks.iter().map(|stack| stack.and_then(&mut one)).collect()
}

/// Says of each plan which one before it, of another file, makes something of the same name: the second apply would fail.
#[must_use]
pub fn made_twice(plans: &[(&str, Option<&Plan>)]) -> Vec<Option<String>> {
    let mut made = BTreeMap::new();
    let mut one = |file: &str, plan: &Plan| {
        let mut twice = None;
        for step in plan.steps.iter().filter(|step| matches!(step.action, Action::Create | Action::Replace)) {
            let other = made.insert((step.address.kind, step.name.clone()), file.to_owned());
            twice = twice.or(other.filter(|other| other != file).map(|other| (step, other)));
        }
        let (step, other) = twice?;
        let (address, name) = (&step.address, &step.name);
        Some(format!("{address}: {other} makes `{name}` too, and one stack alone can own it; rename it in one of them"))
    };
    plans.iter().map(|(file, plan)| plan.and_then(|plan| one(file, plan))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_files_are_two_stacks() {
        let stack = |name: &str| Stack { name: name.to_owned(), ..Stack::default() };
        let (jobs, other) = (stack("jobs"), stack("other"));
        let all = [Some(("1", &jobs)), Some(("1", &jobs)), None, Some(("2", &other)), Some(("3", &jobs))];
        let found = namesakes(&all);
        assert!(found[..4].iter().all(Option::is_none), "{found:?}");
        assert!(found[4].as_ref().is_some_and(|said| said.starts_with("1 is stack `jobs` too")), "{found:?}");
    }
}
