//! `queuestack expand`: a stack with every short form and default written out, as a stack file of its own.

use clap::Args as ClapArgs;
use serde_json::{Map, json};

use super::session::{StackArgs, load};
use crate::error::Error;
use crate::model::{Resource, Stack};
use crate::report;
use crate::value::Value;

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
    let set = resource.attributes.iter().filter(|(_, value)| !value.is_null());
    let attributes: Map<_, _> = set.map(|(key, value)| ((*key).to_owned(), shown(resource, value).to_json())).collect();
    json!({
        "name": resource.physical_name(),
        "made_by": resource.made_by,
        "attributes": attributes,
        "tags": resource.tags,
    })
}

/// Hides the secrets of an attribute.
fn shown(resource: &Resource, value: &Value) -> Value {
    let Value::Map(members) = value else { return value.clone() };
    Value::map(members.iter().map(|(key, value)| {
        let secret = report::yaml::is_secret(resource, key, value);
        (key, if secret { Value::text("(secret)") } else { value.clone() })
    }))
}
