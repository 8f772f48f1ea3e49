//! Tags that AWS takes, and those that only AWS or queuestack may set.

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::expand::{ADDRESS_TAG, PROTECT_TAG, STACK_TAG};
use crate::model::{Resource, Stack};

const TAGGING: &str = "https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html";

/// Tags that somebody else sets.
pub static RESERVED: Code = Code::error("QS020", "a tag with a reserved prefix")
    .because("Tags that begin with `aws:` are set by AWS alone, those with `queuestack:` say who owns a resource.")
    .fix("Choose another key.")
    .see(TAGGING);

/// Tags that AWS refuses.
pub static BAD_TAG: Code = Code::error("QS021", "a tag that AWS refuses")
    .because("A key has 1 to 128 characters and a value up to 256: letters, digits, spaces and `_ . : / = + - @`.")
    .fix("Shorten it, or replace the characters.")
    .see(TAGGING);

/// Too many tags.
pub static TOO_MANY: Code = Code::error("QS022", "too many tags")
    .because("A resource has at most 50 tags; two of them say which stack owns it, and a third that it is protected.")
    .fix("Keep at most 48, those of the stack included.")
    .see(TAGGING);

/// All of them, in order.
pub const CODES: &[&Code] = &[&RESERVED, &BAD_TAG, &TOO_MANY];

const MAX_TAGS: usize = 50;

/// Reports the stack's tags once, and those of every resource.
pub fn check(stack: &Stack, out: &mut Diagnostics) {
    for (key, value) in &stack.tags {
        let at = |diagnostic: Diagnostic| diagnostic.at(stack.spans.get(&format!("tags.{key}")).copied());
        if key.starts_with("queuestack:") {
            out.push(at(reserved(key)));
        }
        if let Some(finding) = one_tag(key, value) {
            out.push(at(finding));
        }
    }
    for resource in stack.resources.values() {
        own_tags(resource, stack, out);
        if resource.tags.len() > MAX_TAGS {
            let message = format!("`{}` has {} tags; it may have {MAX_TAGS}", resource.address, resource.tags.len());
            out.push(resource.finding(&TOO_MANY, "tags", message));
        }
    }
}

fn own_tags(resource: &Resource, stack: &Stack, out: &mut Diagnostics) {
    for (key, value) in &resource.tags {
        let path = format!("tags.{key}");
        let written = resource.spans.contains_key(&path);
        if !written && stack.tags.get(key) == Some(value) {
            continue;
        }
        let at = |diagnostic: Diagnostic| diagnostic.at(resource.span(&path)).of(&resource.address);
        // Expansion puts these in; only somebody who wrote them is told.
        let owner = [STACK_TAG, ADDRESS_TAG, PROTECT_TAG].contains(&key.as_str());
        if key.starts_with("queuestack:") && (written || !owner) {
            out.push(at(reserved(key)));
        }
        // Ours are made of names, and what is wrong with those is told where they stand.
        if let Some(finding) = one_tag(key, value).filter(|_| written || !owner) {
            out.push(at(finding));
        }
    }
}

fn reserved(key: &str) -> Diagnostic {
    Diagnostic::new(&RESERVED, format!("tag `{key}` is not yours to set"))
}

fn one_tag(key: &str, value: &str) -> Option<Diagnostic> {
    if key.to_lowercase().starts_with("aws:") {
        return Some(reserved(key));
    }
    let allowed = |c: &char| c.is_alphanumeric() || *c == ' ' || "_.:/=+-@".contains(*c);
    for (what, text, max) in [("key", key, 128), ("value", value, 256)] {
        let length = text.chars().count();
        let wrong = match text.chars().find(|c| !allowed(c)) {
            Some(odd) => format!("has `{}` in its {what}", odd.escape_debug()),
            None if length > max => format!("has {length} characters in its {what}; there may be {max}"),
            None if what == "key" && text.is_empty() => "has an empty key".to_owned(),
            None => continue,
        };
        let shown: String = key.chars().take(40).collect();
        let more = if shown.len() < key.len() { "…" } else { "" };
        return Some(Diagnostic::new(&BAD_TAG, format!("tag `{shown}{more}` {wrong}")));
    }
    None
}
