//! `queuestack convert`: a stack file as a program in Rust, to start from.

use clap::Args as ClapArgs;

use super::session::{StackArgs, as_written, load};
use crate::construct::convert::program;
use crate::error::Error;

/// Arguments of `convert`.
#[derive(Debug, ClapArgs)]
pub struct Args {
    #[command(flatten)]
    stack: StackArgs,
}

/// Prints the program.
pub fn run(args: &Args) -> Result<u8, Error> {
    let stack = load(&args.stack)?;
    super::print(&program(&as_written(stack, &args.stack.variables)?))?;
    Ok(0)
}
