//! `queuestack schema`: the JSON Schema of stack files and of plans.

use clap::{Args as ClapArgs, ValueEnum};

use crate::error::Error;
use crate::{report, schema};

/// Arguments of `schema`.
#[derive(Debug, ClapArgs)]
pub struct Args {
    /// Of what.
    #[arg(value_enum, default_value_t = What::Stack)]
    of: What,
}

/// What has a schema.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum What {
    /// Stack files.
    Stack,
    /// What `plan --format json` prints and `plan --out` saves.
    Plan,
}

/// Prints the schema.
pub fn run(args: &Args) -> Result<u8, Error> {
    super::print_json(&match args.of {
        What::Stack => schema::schema(),
        What::Plan => report::plan::schema(),
    })?;
    Ok(0)
}
