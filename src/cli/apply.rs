//! `queuestack apply`: plan, ask, change.

use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::sync::Arc;

use clap::Args as ClapArgs;
use tokio::sync::watch;

use super::build::BuildArgs;
use super::plan::{ConsentArgs, make, show};
use super::session::{Session, StackArgs, load};
use super::target::TargetArgs;
use crate::apply::{Outcome, apply};
use crate::error::{EXIT_OK, Error};
use crate::event::Reporter;
use crate::plan::Plan;
use crate::report::progress::{JsonLines, Lines};

/// Arguments of `apply`.
#[derive(Debug, ClapArgs)]
pub struct Args {
    #[command(flatten)]
    stack: StackArgs,
    #[command(flatten)]
    consent: ConsentArgs,
    #[command(flatten)]
    build: BuildArgs,
    #[command(flatten)]
    run: RunArgs,
    #[command(flatten)]
    target: TargetArgs,
}

/// How a plan is carried out.
#[derive(Debug, ClapArgs)]
pub struct RunArgs {
    /// Do not ask.
    #[arg(long, short)]
    pub yes: bool,
    /// How many steps run side by side.
    #[arg(long, value_name = "N", default_value_t = 128, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub parallel: u16,
    /// Print the plan as JSON on standard output, and progress as JSON lines on standard error.
    #[arg(long)]
    pub json: bool,
}

impl RunArgs {
    /// Makes the reporter that fits.
    #[must_use]
    pub fn reporter(&self) -> Arc<dyn Reporter> {
        if self.json { Arc::new(JsonLines) } else { Arc::new(Lines::new(std::io::stderr().is_terminal())) }
    }

    /// Checks that nothing is lost without consent, asks, and runs the plan.
    ///
    /// # Errors
    /// When something stands in the way, nobody says yes, or a step fails.
    pub async fn carry_out(&self, plan: Plan, session: &Session, reporter: &dyn Reporter) -> Result<u8, Error> {
        if !plan.conflicts.is_empty() {
            return Err(Error::Conflicts(plan.conflicts));
        }
        let losses = plan.unconsented().map(|step| (step.address.to_string(), step.loss.clone().unwrap_or_default()));
        let losses: Vec<_> = losses.collect();
        if !losses.is_empty() {
            return Err(Error::Losses(losses));
        }
        if plan.steps.is_empty() {
            return Ok(EXIT_OK);
        }
        if !self.yes {
            confirm()?;
        }
        let outcome = apply(&Arc::new(plan), &session.aws, self.parallel.into(), stop_on_ctrl_c(), reporter).await;
        end(outcome, session, self.json)
    }
}

/// Asks on a terminal; elsewhere only `--yes` will do.
fn confirm() -> Result<(), Error> {
    if !std::io::stdin().is_terminal() {
        return Err(Error::NotConfirmed("there is no terminal to ask on; give --yes"));
    }
    let mut stderr = std::io::stderr();
    let _ = write!(stderr, "Apply this? Only `yes` will do: ").and_then(|()| stderr.flush());
    let mut answer = String::new();
    let read = std::io::stdin().lock().read_line(&mut answer);
    if read.is_ok() && answer.trim() == "yes" { Ok(()) } else { Err(Error::NotConfirmed("the answer was not `yes`")) }
}

/// The first Ctrl-C (or SIGTERM) asks to stop after what is in flight, the second ends the process at once.
fn stop_on_ctrl_c() -> watch::Receiver<bool> {
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(async move {
        interrupted().await;
        let _ = stop.send(true);
        interrupted().await;
        std::process::exit(crate::error::EXIT_INTERRUPTED.into());
    });
    stopped
}

/// Waits for Ctrl-C or SIGTERM.
pub async fn interrupted() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}

fn end(outcome: Outcome, session: &Session, json: bool) -> Result<u8, Error> {
    let Outcome { done, failed, skipped, interrupted } = outcome;
    if interrupted && failed + skipped > 0 {
        return Err(Error::Interrupted { done, left: failed + skipped });
    }
    if failed + skipped > 0 {
        return Err(Error::Unfinished { failed, skipped, done });
    }
    if !json {
        let steps = if done == 1 { "step" } else { "steps" };
        super::print(&format!("Done: {done} {steps}, {} calls.\n", session.aws.calls()))?;
    }
    Ok(EXIT_OK)
}

/// Plans, asks and applies.
pub async fn run(args: Args) -> Result<u8, Error> {
    let mut stack = load(&args.stack)?;
    let consent = args.consent.check(&stack)?;
    let code = args.build.build(&mut stack, &args.stack.file, &consent.only, args.run.json).await?;
    let reporter = args.run.reporter();
    let mut session = Session::open(&args.target, &stack, Arc::clone(&reporter)).await?;
    session.aws.carry(code);
    let plan = make(&mut session, &stack, &consent).await?;
    show(&session, "apply", &stack.name, &plan, args.run.json).await?;
    args.run.carry_out(plan, &session, &*reporter).await
}
