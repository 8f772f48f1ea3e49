//! Which addresses a stack's `moved:` changes: those that it names, and those that short forms made of them.

use std::collections::BTreeMap;

use super::layout::{Body, path};
use super::names::{beside_label, label};
use crate::model::{Address, Resource, Stack};

/// Writes a `moved` block for each of Terraform's resources that had another address: without it, Terraform would
/// delete what is at the old one, which is what the new one means.
pub fn blocks(stack: &Stack, owners: &BTreeMap<String, Address>, main: &mut Body) {
    let moves = moves(stack);
    for (theirs, to) in owners {
        let (Some(from), Some((resource_type, _))) = (moves.get(to), theirs.split_once('.')) else { continue };
        let of_kind = stack.resources.get(to).and_then(|one| one.kind.terraform());
        let is_main = of_kind.is_some_and(|spelling| spelling.resource == resource_type);
        let before = if is_main { label(&from.name) } else { beside_label(from, resource_type) };
        let mut moved = Body::default();
        moved.argument("from", path(&format!("{resource_type}.{before}")));
        moved.argument("to", path(theirs));
        main.block("moved", &[], moved);
    }
}

/// The old addresses by the new ones.
#[must_use]
pub fn moves(stack: &Stack) -> BTreeMap<Address, Address> {
    let named = stack.moved.iter().map(|moved| (moved.to.clone(), moved.from.clone()));
    let mut moves: BTreeMap<Address, Address> = named.collect();
    // What was made may have made something itself.
    loop {
        let made = stack.resources.values().filter(|one| !moves.contains_key(&one.address));
        let more: Vec<_> = made.filter_map(|one| Some((one.address.clone(), before(one, &moves, stack)?))).collect();
        if more.is_empty() {
            return moves;
        }
        moves.extend(more);
    }
}

/// The address that a short form gave before its maker, or what it is named after, was moved.
fn before(made: &Resource, moves: &BTreeMap<Address, Address>, stack: &Stack) -> Option<Address> {
    let maker = made.made_by.as_ref()?;
    let rest = made.address.name.strip_prefix(&maker.name)?;
    let named = made.references().into_iter().filter_map(crate::model::Ref::address).find_map(|other| {
        let from = moves.get(other)?;
        (rest.strip_prefix('-') == Some(&other.name)).then(|| format!("-{}", from.name))
    });
    let maker = moves.get(maker).unwrap_or(maker);
    let name = format!("{}{}", maker.name, named.as_deref().unwrap_or(rest));
    let address = Address::new(made.address.kind, name);
    (address != made.address && !stack.resources.contains_key(&address)).then_some(address)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::terraform::tests::stack;
    use crate::backend::terraform::{Open, render};

    fn told(text: &str) -> Vec<String> {
        moves(&stack(text)).iter().map(|(to, from)| format!("{from} → {to}")).collect()
    }

    #[test]
    fn what_short_forms_made_moves_with_it() {
        let queue = "stack: mw\nmoved: [{from: queue.old, to: queue.new}]\n\
            queues: {new: {redrive: {max_receive_count: 3}, alarms: {dead_letters: {threshold: 1}}}}\n\
            topics: {news: {subscriptions: [{queue: new}]}}\n";
        let expected = [
            "alarm.old-dead-letters → alarm.new-dead-letters",
            "queue.old → queue.new",
            "queue.old-dlq → queue.new-dlq",
            "subscription.news-old → subscription.news-new",
        ];
        assert_eq!(told(queue), expected);
        let worker = "stack: mw\nmoved: [{from: worker.old, to: worker.new}]\nqueues: {jobs: {visibility_timeout: 30s}}\n\
            workers: {new: {artifact: x.zip, queue: jobs, timeout: 5s, alarms: {errors: {}}}}\n";
        for made in ["alarm.old-errors → alarm.new-errors", "function.old → function.new", "role.old → role.new"]
        {
            assert!(told(worker).iter().any(|told| told == made), "{made}: {:?}", told(worker));
        }
        for kind in ["log_group", "mapping"] {
            assert!(told(worker).contains(&format!("{kind}.old → {kind}.new")), "{kind}: {:?}", told(worker));
        }
    }

    #[test]
    fn terraform_is_told_of_each_of_its_resources() {
        let text = "stack: mw\nmoved: [{from: worker.a_b, to: worker.new}]\n\
            workers: {new: {artifact: x.zip, timeout: 5s}}\n";
        let main = &render(&Open::fixed(&stack(text))).unwrap().files["main.tf"];
        for resource in ["aws_iam_role", "aws_iam_role_policy", "aws_cloudwatch_log_group", "aws_lambda_function"] {
            let block = format!("moved {{\n  from = {resource}.{}\n  to   = {resource}.new\n}}", label("a_b"));
            assert!(main.contains(&block), "{block}\n{main}");
        }
    }
}
