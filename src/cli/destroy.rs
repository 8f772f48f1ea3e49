//! `queuestack destroy`: delete everything that a stack owns.

use std::sync::Arc;

use clap::Args as ClapArgs;

use super::apply::RunArgs;
use super::backend::BackendArgs;
use super::plan::{check_data_loss, show};
use super::session::{Session, StackArgs, load, shown};
use super::target::TargetArgs;
use crate::backend::Ask;
use crate::build::Artifacts;
use crate::error::Error;
use crate::plan::Consent;

/// Arguments of `destroy`.
#[derive(Debug, ClapArgs)]
pub struct Args {
    #[command(flatten)]
    stack: StackArgs,
    /// Allow this resource's messages or items to be lost.
    #[arg(long, value_name = "ADDRESS")]
    allow_data_loss: Vec<String>,
    #[command(flatten)]
    run: RunArgs,
    #[command(flatten)]
    backend: BackendArgs,
    #[command(flatten)]
    target: TargetArgs,
}

/// Plans the deletion of all that carries the stack's tag, asks and deletes.
pub async fn run(args: Args) -> Result<u8, Error> {
    let stack = load(&args.stack)?;
    let reporter = args.run.reporter();
    let mut session = Session::open(&args.target, &stack, Arc::clone(&reporter)).await?;
    args.backend.choose(&mut session, &args.target, &stack, &args.stack.variables, Artifacts::new()).await?;
    let found = std::mem::take(&mut session.found);
    let consent = Consent { data_loss: args.allow_data_loss.iter().cloned().collect(), ..Consent::default() };
    let place = session.aws.place().await?;
    let ask = Ask { stack: &stack, place, found, gaps: &session.gaps, consent: &consent };
    let plan = session.backend.plan_destroy(ask).await.map_err(shown)?;
    check_data_loss(&consent, &stack, &plan)?;
    let plan = show(&session, "destroy", &stack, plan, &args.run.format).await?;
    args.run.carry_out(plan, &session, &*reporter).await
}
