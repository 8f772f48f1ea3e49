//! `queuestack expand`: a stack with every short form and default written out, as a stack file of its own.

use std::collections::BTreeMap;

use clap::Args as ClapArgs;
use serde_json::{Map, json};

use super::session::{StackArgs, load};
use crate::error::Error;
use crate::model::{Resource, Stack};
use crate::report;
use crate::report::redact::redact;

/// Arguments of `expand`.
#[derive(Debug, ClapArgs)]
pub struct Args {
    #[command(flatten)]
    stack: StackArgs,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Prints the complete model as a stack file, or as JSON.
pub fn run(args: &Args) -> Result<u8, Error> {
    let stack = load(&args.stack)?;
    if args.json {
        super::print_json(&json(&stack))?;
    } else {
        super::print(&report::yaml::stack(&stack))?;
    }
    Ok(0)
}

fn json(stack: &Stack) -> serde_json::Value {
    let resources: Map<_, _> =
        stack.resources.values().map(|one| (one.address.to_string(), resource_json(one))).collect();
    json!({"stack": stack.name, "resources": resources})
}

fn resource_json(resource: &Resource) -> serde_json::Value {
    let rows = resource.kind.rows().iter().filter(|row| !resource.get(row).is_null());
    let shown = rows.map(|row| (row.key.to_owned(), redact(row, resource.get(row), &resource.attributes).to_json()));
    // In the order of the keys, as everywhere in JSON.
    let attributes: Map<_, _> = shown.collect::<BTreeMap<_, _>>().into_iter().collect();
    json!({
        "name": resource.physical_name(),
        "made_by": resource.made_by,
        "attributes": attributes,
        "tags": resource.tags,
    })
}
