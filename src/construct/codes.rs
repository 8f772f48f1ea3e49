//! What can be wrong with a stack in Rust that cannot be wrong with one in YAML.

use crate::diagnostic::Code;

const MANUAL: &str = "https://github.com/queuestack/queuestack#the-stack-in-rust";

/// Two constructs of one name.
pub static TAKEN: Code = Code::error("QS501", "two constructs of one kind and name")
    .because("The logical name is what a resource is found by again; two of one kind cannot share it.")
    .fix("Rename one, or put it into a scope of its own.")
    .see(MANUAL);

/// A handle of what the stack does not have.
pub static ELSEWHERE: Code = Code::error("QS502", "a handle of something that was not built in this stack")
    .because("A grant or an alarm changes what was built; a handle made by `later`, or in another stack, has nothing to change yet.")
    .fix("Build it in this stack first.")
    .see(MANUAL);

/// A fact in a physical name.
pub static FACT_IN_NAME: Code = Code::error("QS503", "a fact of a resource in a physical name")
    .because("Physical names are known before anything is created, so that ARNs and URLs are known while planning.")
    .fix("Put only plain texts into names.")
    .see(MANUAL);

/// All of them.
pub const CODES: &[&Code] = &[&TAKEN, &ELSEWHERE, &FACT_IN_NAME];
