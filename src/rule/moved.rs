//! What is moved has left its old address and arrived at its new one.

use std::collections::BTreeSet;

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::model::Stack;

/// A move that did not take place in the stack.
pub static NOT_MOVED: Code = Code::error("QS024", "a move that the stack does not make")
    .because("A move says that a resource has another address than before: the old one is free, the new one is there.")
    .fix("Rename the resource as `moved:` says, or remove the entry.")
    .see("https://github.com/queuestack/queuestack#moved");

/// Reports moves from what is still there, to what is not there, between kinds, and two to or from one address.
pub fn check(stack: &Stack, out: &mut Diagnostics) {
    let (mut left, mut arrived) = (BTreeSet::new(), BTreeSet::new());
    for moved in &stack.moved {
        let (from, to) = (&moved.from, &moved.to);
        // What is nothing but short forms is no resource any more: what it made says that it is there.
        let there = |address| {
            let made = |one: &crate::model::Resource| one.made_by.as_ref() == Some(address);
            stack.resources.contains_key(address) || stack.resources.values().any(made)
        };
        let (message, help) = if from == to {
            (format!("`{from}` is moved to itself"), "Remove the entry.".to_owned())
        } else if from.kind != to.kind {
            (format!("`{from}` cannot become `{to}`: a move stays within one kind"), String::new())
        } else if there(from) {
            (
                format!("`{from}` is moved to `{to}`, and still there"),
                format!("Rename `{}` to `{}`.", from.name, to.name),
            )
        } else if !there(to) {
            let known: Vec<String> = stack.resources.keys().map(ToString::to_string).collect();
            let near = crate::manifest::suggest(&to.to_string(), known.iter().map(String::as_str));
            (format!("`{from}` is moved to `{to}`, which is not there"), near)
        } else if !left.insert(from) || !arrived.insert(to) {
            (format!("`{from}` → `{to}`: one of the two is in another move already"), "Remove one entry.".to_owned())
        } else {
            continue;
        };
        out.push(Diagnostic::new(&NOT_MOVED, message).at(moved.span).of(to).help(help));
    }
}
