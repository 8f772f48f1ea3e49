//! What the names of queues and topics have in common: characters, length, and `.fifo` at the end.

use crate::diagnostic::{Code, Diagnostics};
use crate::model::Resource;

/// What the name of every FIFO queue and topic ends in.
pub const SUFFIX: &str = ".fifo";

/// What a service takes as a name.
#[derive(Debug)]
pub struct Names {
    /// What has the name, in words: `queue`.
    pub noun: &'static str,
    /// The most characters, the suffix included.
    pub longest: usize,
    /// A name that the service refuses.
    pub refused: &'static Code,
    /// The suffix where it does not belong.
    pub suffix: &'static Code,
}

/// The physical name: the suffix is added where the user left it out.
#[must_use]
pub fn physical_name(resource: &Resource, fifo: bool) -> String {
    let name = resource.physical_name();
    if fifo && !name.ends_with(SUFFIX) { format!("{name}{SUFFIX}") } else { name.to_owned() }
}

impl Names {
    /// Checks the name of a complete resource; `fifo` is `None` where its type cannot be read.
    pub fn check(&self, resource: &Resource, fifo: Option<bool>, out: &mut Diagnostics) {
        // A logical name that cannot be one is told already.
        if resource.is_broken("name") && !resource.spans.contains_key("name") {
            return;
        }
        let (name, noun) = (resource.physical_name(), self.noun);
        let stem = name.strip_suffix(SUFFIX);
        if stem.is_some() && fifo == Some(false) {
            let message = format!("`{name}` ends in `.fifo`, but `{}` is a standard {noun}", resource.address);
            out.push(resource.finding(self.suffix, "name", message));
            return;
        }
        let stem = stem.unwrap_or(name);
        let odd = stem.chars().find(|c| !(c.is_ascii_alphanumeric() || *c == '-' || *c == '_'));
        let (length, longest) = (name.chars().count(), self.longest);
        let message = match odd {
            Some(odd) => {
                format!("`{name}` has the character `{}`, which a {noun} name cannot have", odd.escape_debug())
            }
            None if stem.is_empty() => format!("the name of a {noun} cannot be empty"),
            None if length > longest => {
                format!("`{name}` is {length} characters long; a {noun} name has at most {longest}")
            }
            None => return,
        };
        out.push(resource.finding(self.refused, "name", message));
    }
}
