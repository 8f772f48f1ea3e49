//! Stacks that are planned in one command go to one account, and each must be one of its own there.

use std::collections::BTreeMap;

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
