//! `queuestack drift`: where the account differs from the stack.

use std::sync::Arc;

use clap::Args as ClapArgs;

use super::backend::BackendArgs;
use super::build::BuildArgs;
use super::format::{self, FormatArgs};
use super::guard::GuardArgs;
use super::plan::ConsentArgs;
use super::session::StacksArgs;
use super::survey::Survey;
use super::target::TargetArgs;
use crate::error::Error;
use crate::event::Silent;

/// Arguments of `drift`.
#[derive(Debug, ClapArgs)]
pub struct Args {
    #[command(flatten)]
    stacks: StacksArgs,
    /// Build the workers too, and compare their code; without it nothing is built and code is not compared.
    #[arg(long)]
    build: bool,
    #[command(flatten)]
    how: BuildArgs,
    #[command(flatten)]
    format: FormatArgs,
    #[command(flatten)]
    target: TargetArgs,
}

/// Tells what differs, what is missing, and what is there that the stack does not name. Exits with 2 if anything is.
pub async fn run(args: Args) -> Result<u8, Error> {
    let survey = Survey {
        verb: "drift",
        stacks: &args.stacks,
        consent: &ConsentArgs::default(),
        guards: &GuardArgs::default(),
        build: args.build.then_some(&args.how),
        json: args.format.is_json(),
        backend: &BackendArgs::default(),
        target: &args.target,
        reporter: Arc::new(Silent),
    };
    let all: Vec<_> = survey.run().await?.into_iter().map(|one| one.told).collect();
    format::print(&all, args.format.get())?;
    format::end(all, true)
}
