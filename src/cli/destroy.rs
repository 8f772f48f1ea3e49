//! `queuestack destroy`: delete everything that a stack owns.

use std::sync::Arc;

use clap::Args as ClapArgs;

use super::apply::RunArgs;
use super::plan::{check_data_loss, show};
use super::session::{Session, StackArgs, load};
use super::target::TargetArgs;
use crate::error::Error;
use crate::plan::{Consent, plan_destroy};

/// Arguments of `destroy`.
#[derive(Debug, ClapArgs)]
pub struct Args {
    #[command(flatten)]
    stack: StackArgs,
    /// Allow this resource's messages to be lost.
    #[arg(long, value_name = "ADDRESS")]
    allow_data_loss: Vec<String>,
    #[command(flatten)]
    run: RunArgs,
    #[command(flatten)]
    target: TargetArgs,
}

/// Plans the deletion of all that carries the stack's tag, asks and deletes.
pub async fn run(args: Args) -> Result<u8, Error> {
    let stack = load(&args.stack)?;
    let reporter = args.run.reporter();
    let mut session = Session::open(&args.target, &stack, Arc::clone(&reporter)).await?;
    let found = std::mem::take(&mut session.found);
    let consent = Consent { data_loss: args.allow_data_loss.iter().cloned().collect(), ..Consent::default() };
    let plan = plan_destroy(&stack.name, found, &consent);
    check_data_loss(&consent, &stack, &plan)?;
    let plan = show(&session, "destroy", &stack, plan, &args.run.format).await?;
    args.run.carry_out(plan, &session, &*reporter).await
}
