//! Every reference names a resource of the stack.

use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity};
use crate::kind::walk;
use crate::manifest::suggest;
use crate::model::{Resource, Stack};
use crate::value::Value;

/// A reference to nothing.
pub static UNKNOWN_REFERENCE: Code = Code {
    id: "QS009",
    severity: Severity::Error,
    title: "a reference to a resource that the stack does not have",
    reason: "A logical name refers to a resource of this stack; one outside it is named by its ARN.",
    fix: "Correct the name, add the resource, or write an ARN.",
    link: "https://github.com/queuestack/queuestack#the-stack-file",
};

/// Reports references that lead nowhere.
pub fn check(stack: &Stack, out: &mut Diagnostics) {
    for resource in stack.resources.values() {
        for row in resource.kind.rows() {
            walk(&row.ty, row.key, resource.get(row), &mut |path, value| {
                check_one(stack, resource, path, value, out);
            });
        }
    }
}

fn check_one(stack: &Stack, resource: &Resource, path: &str, value: &Value, out: &mut Diagnostics) {
    let Some(address) = value.as_ref().and_then(|reference| reference.address()) else { return };
    if stack.resources.contains_key(address) {
        return;
    }
    let known = stack.resources.keys().filter(|known| known.kind == address.kind).map(|known| known.name.as_str());
    let message = format!("`{path}` refers to {} `{}`, which the stack does not have", address.kind, address.name);
    let diagnostic = Diagnostic::new(&UNKNOWN_REFERENCE, message).at(resource.span(path)).of(&resource.address);
    out.push(diagnostic.help(suggest(&address.name, known)));
}
