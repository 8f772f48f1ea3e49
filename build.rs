//! Links the command at a fixed address.
//!
//! A binary that may be loaded anywhere has a hundred thousand pointers set right before its first instruction, most of
//! them in tables of the AWS SDKs: more than half of the time that `queuestack --version` takes, and two megabytes of
//! memory of its own. Libraries, stack and heap stay where chance puts them.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let target = |what: &str| env::var(format!("CARGO_CFG_TARGET_{what}")).unwrap_or_default();
    if target("OS") == "linux" && target("ENV") == "gnu" {
        println!("cargo::rustc-link-arg-bins=-no-pie");
    }
}
