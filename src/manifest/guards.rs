//! What a stack file says of where it may go, and of what it renamed.

use std::collections::BTreeSet;

use super::bind::WRONG_TYPE;
use super::yaml::{Data, Key, Node};
use super::{MISSING, suggest, unknown_key};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::kind::KINDS;
use crate::model::{Address, Moved, Stack};

/// An account or a Region that cannot be one.
pub static BAD_PLACE: Code = Code::error("QS015", "an account or a Region that cannot be one")
    .because("A guard that can never hold would refuse every account, and one that is misread would refuse none.")
    .fix("Write the twelve digits of the account in quotes, and Regions such as `eu-central-1`.")
    .see("https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-identifiers.html");

/// An address that cannot be one.
pub static BAD_ADDRESS: Code = Code::error("QS016", "an address that cannot be one")
    .because("An address is the kind and the logical name of a resource, with a dot between: `queue.orders`.")
    .fix("Write it as `kind.name`.")
    .see(super::MANUAL);

/// Reads `account:` or `regions:`, one or a list.
pub fn places(key: &Key, node: &Node, good: fn(&str) -> bool, out: &mut Diagnostics) -> BTreeSet<String> {
    let one = std::slice::from_ref(node);
    let items = match &node.data {
        Data::List(items) => items.as_slice(),
        Data::Null => &[],
        _ => one,
    };
    let mut places = BTreeSet::new();
    for item in items.iter().filter(|item| !matches!(item.data, Data::Unknown | Data::Null)) {
        if matches!(item.data, Data::Map(_) | Data::List(_) | Data::Known(_)) {
            let message = format!("`{}` takes a text or a list of texts, not {}", key.text, item.describe());
            out.push(Diagnostic::new(&WRONG_TYPE, message).at(item.span));
        } else if good(&item.raw) {
            places.insert(item.raw.clone());
        } else {
            let message = format!("`{}` cannot be one of `{}`", item.raw, key.text);
            out.push(Diagnostic::new(&BAD_PLACE, message).at(item.span));
        }
    }
    places
}

/// Tells whether a text can be an account.
pub fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Tells whether a text can be a Region: words of letters and digits with hyphens between, as `us-gov-west-1`.
pub fn is_region(text: &str) -> bool {
    let word = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    text.split('-').count() >= 3 && text.split('-').all(word)
}

/// Reads `moved:`, a list of `{from: queue.old, to: queue.new}`.
pub fn moved(key: &Key, node: &Node, stack: &mut Stack, out: &mut Diagnostics) {
    let items = match &node.data {
        Data::List(items) => items.as_slice(),
        Data::Null => return,
        _ => {
            let message = format!("`{}` takes a list, not {}", key.text, node.describe());
            let help = "Write `moved: [{from: queue.old, to: queue.new}]`.";
            return out.push(Diagnostic::new(&WRONG_TYPE, message).at(node.span).help(help));
        }
    };
    for item in items {
        let Some(entries) = item.entries() else {
            let message = format!("an entry of `moved` is a mapping, not {}", item.describe());
            let help = "Write `{from: queue.old, to: queue.new}`.";
            out.push(Diagnostic::new(&WRONG_TYPE, message).at(item.span).help(help));
            continue;
        };
        for (key, _) in entries.iter().filter(|(key, _)| !["from", "to"].contains(&key.text.as_str())) {
            out.push(unknown_key(&key.text, key.span, "`moved`", ["from", "to"].into_iter()));
        }
        let mut end = |name: &str| {
            let Some((_, node)) = entries.iter().find(|(key, _)| key.text == name) else {
                let message = format!("an entry of `moved` has no `{name}`");
                out.push(Diagnostic::new(&MISSING, message).at(item.span));
                return None;
            };
            address(node, out)
        };
        if let (Some(from), Some(to)) = (end("from"), end("to")) {
            stack.moved.push(Moved { from, to, span: item.span });
        }
    }
}

/// Reads an address; what is none is told.
fn address(node: &Node, out: &mut Diagnostics) -> Option<Address> {
    if matches!(node.data, Data::Unknown) {
        return None;
    }
    let (kind, name) = node.raw.split_once('.').unwrap_or((&node.raw, ""));
    match crate::kind::find(kind) {
        Some(kind) if super::is_name(name) => Some(Address::new(kind.name(), name)),
        _ => {
            let help = suggest(kind, KINDS.iter().map(|kind| kind.name()));
            out.push(Diagnostic::new(&BAD_ADDRESS, format!("`{}` is no address", node.raw)).at(node.span).help(help));
            None
        }
    }
}
