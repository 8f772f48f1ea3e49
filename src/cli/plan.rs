//! `queuestack plan`: what would change.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args as ClapArgs;

use super::backend::BackendArgs;
use super::build::BuildArgs;
use super::format::{self, FormatArgs};
use super::guard::GuardArgs;
use super::saved;
use super::session::{Session, StacksArgs, shown};
use super::survey::Survey;
use super::target::TargetArgs;
use crate::backend::{Ask, Backend};
use crate::error::Error;
use crate::event::Silent;
use crate::manifest::there_is_no;
use crate::model::Stack;
use crate::plan::{Consent, Plan};
use crate::report::plan::{Planned, Told};

/// Arguments of `plan`.
#[derive(Debug, ClapArgs)]
pub struct Args {
    #[command(flatten)]
    stacks: StacksArgs,
    #[command(flatten)]
    consent: ConsentArgs,
    #[command(flatten)]
    guards: GuardArgs,
    #[command(flatten)]
    build: BuildArgs,
    /// Exit with 2 when there are changes, 0 when there are none.
    #[arg(long)]
    detailed_exitcode: bool,
    /// Save the plan to this file, for `queuestack apply FILE` to do exactly that.
    ///
    /// The file is JSON (`queuestack schema plan`) with all that applying needs: the stack file is not read again.
    /// Account, Region, endpoint, version and the state that was read are in it; if one of them is another when it is
    /// applied, the plan is refused and what moved is named. Secrets are in it as digests alone; a plan that sets one
    /// needs the stack file once more. The zips of workers go to FILE.code/, and are checked when they are shipped.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    format: FormatArgs,
    #[command(flatten)]
    backend: BackendArgs,
    #[command(flatten)]
    target: TargetArgs,
}

/// What a plan may do beyond the harmless.
#[derive(Debug, Default, ClapArgs)]
pub struct ConsentArgs {
    /// Take over this resource, which exists without our tags or with another stack's.
    #[arg(long, value_name = "ADDRESS")]
    pub adopt: Vec<String>,
    /// Take over every resource that exists without any stack's tags, as after `queuestack import`.
    #[arg(long)]
    pub adopt_unowned: bool,
    /// Allow this resource's messages or items to be lost.
    #[arg(long, value_name = "ADDRESS")]
    pub allow_data_loss: Vec<String>,
    /// Look at this resource alone, with what it needs.
    #[arg(long, value_name = "ADDRESS")]
    pub only: Vec<String>,
}

impl ConsentArgs {
    /// Checks that consents are about one stack: an address says nothing of which.
    ///
    /// # Errors
    /// When there are consents and several stacks.
    pub fn check_count(&self, stacks: usize) -> Result<(), Error> {
        let none =
            self.adopt.is_empty() && !self.adopt_unowned && self.allow_data_loss.is_empty() && self.only.is_empty();
        if none || stacks == 1 {
            return Ok(());
        }
        Err(Error::Usage("--adopt, --adopt-unowned, --allow-data-loss and --only take one stack: give one".to_owned()))
    }

    /// Checks the addresses against the stack: a mistyped consent is an error, not silence.
    ///
    /// # Errors
    /// When an address names nothing in the stack.
    pub fn check(&self, stack: &Stack) -> Result<Consent, Error> {
        let known: BTreeSet<String> = stack.resources.keys().map(ToString::to_string).collect();
        for address in self.adopt.iter().chain(&self.only) {
            if !known.contains(address) {
                return Err(Error::Usage(unknown(address, &known)));
            }
        }
        let set = |addresses: &[String]| addresses.iter().cloned().collect();
        Ok(Consent {
            adopt: set(&self.adopt),
            adopt_unowned: self.adopt_unowned,
            data_loss: set(&self.allow_data_loss),
            only: set(&self.only),
        })
    }
}

/// Says that an address names nothing, and which one may be meant.
fn unknown(address: &str, known: &BTreeSet<String>) -> String {
    let named: Vec<_> =
        known.iter().filter(|one| one.split_once('.').is_some_and(|(_, name)| name == address)).collect();
    let said = format!("the stack has no `{address}`");
    if named.is_empty() {
        return there_is_no(&said, address, known.iter().map(String::as_str));
    }
    let named: Vec<_> = named.into_iter().map(|one| format!("`{one}`")).collect();
    format!("{said}. Addresses begin with a kind: {}", named.join(", "))
}

/// Checks that every consent to a loss is about something: a mistyped one is an error, not silence.
///
/// # Errors
/// When an address names nothing in the stack and nothing that is to be deleted.
pub fn check_data_loss(consent: &Consent, stack: &Stack, plan: &Plan) -> Result<(), Error> {
    let planned = plan.steps.iter().map(|step| step.address.to_string());
    let known: BTreeSet<String> = stack.resources.keys().map(ToString::to_string).chain(planned).collect();
    let Some(unknown) = consent.data_loss.iter().find(|address| !known.contains(*address)) else { return Ok(()) };
    let said = format!("neither the stack nor the plan has `{unknown}`");
    Err(Error::Usage(there_is_no(&said, unknown, known.iter().map(String::as_str))))
}

/// Works the plan out, with the secrets that it compares.
///
/// # Errors
/// When AWS does not say who we are, a secret cannot be read, or a consent is about nothing.
pub async fn make(session: &mut Session, stack: &Stack, consent: &Consent) -> Result<Plan, Error> {
    let found = std::mem::take(&mut session.found);
    // Terraform is given no secrets: rendering refuses them.
    let stack = match session.backend {
        Backend::Aws => session.with_secrets(stack, &consent.only).await?,
        Backend::Terraform(_) => Cow::Borrowed(stack),
    };
    let stack = &*stack;
    let place = session.aws.place().await?;
    let ask = Ask { stack, place, found, gaps: &session.gaps, consent };
    let plan = session.backend.plan(ask).await.map_err(shown)?;
    tracing::debug!(stack = stack.name, steps = plan.steps.len(), "planned");
    check_data_loss(consent, stack, &plan)?;
    Ok(plan)
}

/// Prints a plan of one stack with the line that says where it goes.
///
/// # Errors
/// When it cannot be printed.
pub async fn show(
    session: &Session,
    verb: &'static str,
    stack: &Stack,
    plan: Plan,
    format: &FormatArgs,
) -> Result<Plan, Error> {
    let (words, place, calls) = (session.words.clone(), session.aws.place().await?.clone(), session.aws.calls());
    let planned = Some(Planned { plan, words, place, calls });
    let file = stack.source.path.clone();
    let mut all = [Told { verb, file, stack: Arc::new(stack.clone()), planned, ..Told::default() }];
    format::print(&all, format.get())?;
    Ok(all[0].planned.take().map_or_else(Plan::default, |planned| planned.plan))
}

/// Shows what would change in every stack, and saves it where that was asked for.
pub async fn run(args: Args) -> Result<u8, Error> {
    if args.out.is_some() && args.stacks.files.len() > 1 {
        return Err(Error::Usage("--out takes one stack: save the plan of each to a file of its own".to_owned()));
    }
    if args.out.is_some() {
        args.backend.refuse_saved()?;
    }
    if let Some(path) = &args.out {
        saved::clear(path)?;
    }
    let survey = Survey {
        verb: "plan",
        stacks: &args.stacks,
        consent: &args.consent,
        guards: &args.guards,
        build: Some(&args.build),
        json: args.format.is_json(),
        backend: &args.backend,
        target: &args.target,
        reporter: Arc::new(Silent),
    };
    let mut all = survey.run().await?;
    if let (Some(path), [one]) = (&args.out, all.as_mut_slice()) {
        saved::save(path, one)?;
    }
    let all: Vec<_> = all.into_iter().map(|one| one.told).collect();
    format::print(&all, args.format.get())?;
    format::end(all, args.detailed_exitcode)
}
