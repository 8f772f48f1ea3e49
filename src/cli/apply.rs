//! `queuestack apply`: plan, ask, change; or do what a saved plan says.

use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args as ClapArgs;
use tokio::sync::watch;

use super::backend::BackendArgs;
use super::build::BuildArgs;
use super::format::{self, Format, FormatArgs};
use super::guard::{GuardArgs, obstacles};
use super::plan::ConsentArgs;
use super::saved;
use super::session::{Session, StacksArgs, VariableArgs, shown};
use super::survey::Survey;
use super::target::TargetArgs;
use crate::apply::Outcome;
use crate::error::{EXIT_OK, Error};
use crate::event::Reporter;
use crate::plan::Plan;
use crate::report::progress::{JsonLines, Lines};

/// Arguments of `apply`.
#[derive(Debug, ClapArgs)]
pub struct Args {
    /// The stack file, or a plan that `plan --out` saved.
    ///
    /// A saved plan is applied without asking, since saving it was for reviewing it. It goes to the account, Region and
    /// endpoint that it was made for, with the version of queuestack that made it, and only while what it was made from
    /// is unchanged: else nothing is done, and what moved is named.
    #[arg(value_name = "STACK|PLAN")]
    pub file: PathBuf,
    #[command(flatten)]
    pub variables: VariableArgs,
    /// Read the secrets of a saved plan from this stack file; by default from the one that it was made of.
    #[arg(id = "made_of", long = "stack", value_name = "FILE")]
    pub stack: Option<PathBuf>,
    #[command(flatten)]
    pub consent: ConsentArgs,
    #[command(flatten)]
    pub guards: GuardArgs,
    #[command(flatten)]
    build: BuildArgs,
    #[command(flatten)]
    pub run: RunArgs,
    #[command(flatten)]
    backend: BackendArgs,
    #[command(flatten)]
    pub target: TargetArgs,
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
    /// How the plan is printed; with JSON, progress is JSON lines on standard error.
    #[command(flatten)]
    pub format: FormatArgs,
}

impl RunArgs {
    /// Makes the reporter that fits.
    #[must_use]
    pub fn reporter(&self) -> Arc<dyn Reporter> {
        if self.format.is_json() { Arc::new(JsonLines) } else { Arc::new(Lines::new(std::io::stderr().is_terminal())) }
    }

    /// Checks that nothing is lost without consent, asks, and runs the plan.
    ///
    /// # Errors
    /// When something stands in the way, nobody says yes, or a step fails.
    pub async fn carry_out(&self, plan: Plan, session: &Session, reporter: &dyn Reporter) -> Result<u8, Error> {
        obstacles(&plan)?;
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
        let stop = stop_on_ctrl_c();
        let outcome = session.backend.apply(plan, &session.aws, self.parallel.into(), stop, reporter).await;
        end(outcome.map_err(shown)?, session, self.format.get())
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
    // Before anything is started: Terraform would inherit that a shell ignores the signal.
    let first = interrupted();
    tokio::spawn(async move {
        first.await;
        let _ = stop.send(true);
        interrupted().await;
        std::process::exit(crate::error::EXIT_INTERRUPTED.into());
    });
    stopped
}

/// Listens for Ctrl-C and SIGTERM from now on, and waits for one when it is polled.
pub fn interrupted() -> impl Future<Output = ()> {
    #[cfg(unix)]
    let signals = {
        use tokio::signal::unix::{SignalKind, signal};
        signal(SignalKind::interrupt()).ok().zip(signal(SignalKind::terminate()).ok())
    };
    async move {
        #[cfg(unix)]
        if let Some((mut interrupt, mut terminate)) = signals {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
        let _ = tokio::signal::ctrl_c().await;
    }
}

fn end(outcome: Outcome, session: &Session, format: Format) -> Result<u8, Error> {
    let Outcome { done, failed, skipped, interrupted } = outcome;
    if interrupted && failed + skipped > 0 {
        return Err(Error::Interrupted { done, left: failed + skipped });
    }
    if failed + skipped > 0 {
        return Err(Error::Unfinished { failed, skipped, done });
    }
    if format == Format::Text {
        let steps = if done == 1 { "step" } else { "steps" };
        super::print(&format!("Done: {done} {steps}, {} calls.\n", session.aws.calls()))?;
    }
    Ok(EXIT_OK)
}

/// Plans, asks and applies.
pub async fn run(args: Args) -> Result<u8, Error> {
    if saved::is_one(&args.file) {
        args.backend.refuse_saved()?;
        return saved::run(args).await;
    }
    if args.stack.is_some() {
        return Err(Error::Usage("--stack is for saved plans: give the stack file itself".to_owned()));
    }
    let reporter = args.run.reporter();
    let survey = Survey {
        verb: "apply",
        stacks: &StacksArgs { files: vec![args.file], variables: args.variables },
        consent: &args.consent,
        guards: &args.guards,
        build: Some(&args.build),
        json: args.run.format.is_json(),
        backend: &args.backend,
        target: &args.target,
        reporter: Arc::clone(&reporter),
    };
    let Some(mut one) = survey.run().await?.pop() else { return Ok(EXIT_OK) };
    let mut all = [one.told];
    format::print(&all, args.run.format.get())?;
    let [told] = &mut all;
    let (planned, session) = match (told.error.take(), told.planned.take(), one.session.take()) {
        (None, Some(planned), Some(session)) => (planned, session),
        (Some(error), ..) => return Err(error),
        _ => return Ok(EXIT_OK),
    };
    session.aws.carry(one.code);
    args.run.carry_out(planned.plan, &session, &*reporter).await
}
