//! `queuestack plan`: what would change.

use std::collections::BTreeSet;
use std::sync::Arc;

use clap::Args as ClapArgs;
use serde_json::json;

use super::build::BuildArgs;
use super::session::{Session, StackArgs, load};
use super::target::TargetArgs;
use crate::error::{EXIT_CHANGES, EXIT_OK, Error};
use crate::event::Silent;
use crate::model::Stack;
use crate::plan::{Consent, Plan, plan};
use crate::report;

/// Arguments of `plan`.
#[derive(Debug, ClapArgs)]
pub struct Args {
    #[command(flatten)]
    stack: StackArgs,
    #[command(flatten)]
    consent: ConsentArgs,
    #[command(flatten)]
    build: BuildArgs,
    /// Exit with 2 when there are changes, 0 when there are none.
    #[arg(long)]
    detailed_exitcode: bool,
    /// Print the plan as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    target: TargetArgs,
}

/// What a plan may do beyond the harmless.
#[derive(Debug, Default, ClapArgs)]
pub struct ConsentArgs {
    /// Take over this resource, which exists without our tags or with another stack's.
    #[arg(long, value_name = "ADDRESS")]
    pub adopt: Vec<String>,
    /// Allow this resource's messages to be lost.
    #[arg(long, value_name = "ADDRESS")]
    pub allow_data_loss: Vec<String>,
    /// Look at this resource alone, with what it needs.
    #[arg(long, value_name = "ADDRESS")]
    pub only: Vec<String>,
}

impl ConsentArgs {
    /// Checks the addresses against the stack: a mistyped consent is an error, not silence.
    ///
    /// # Errors
    /// When an address names nothing in the stack.
    pub fn check(&self, stack: &Stack) -> Result<Consent, Error> {
        let known: BTreeSet<String> = stack.resources.keys().map(ToString::to_string).collect();
        for address in self.adopt.iter().chain(&self.only) {
            if !known.contains(address) {
                let near = crate::manifest::suggest(address, known.iter().map(String::as_str));
                return Err(Error::Usage(format!("the stack has no `{address}`. {near}")));
            }
        }
        let set = |addresses: &[String]| addresses.iter().cloned().collect();
        Ok(Consent { adopt: set(&self.adopt), data_loss: set(&self.allow_data_loss), only: set(&self.only) })
    }
}

/// Checks that every consent to a loss is about something: a mistyped one is an error, not silence.
///
/// # Errors
/// When an address names nothing in the stack and nothing that is to be deleted.
pub fn check_data_loss(consent: &Consent, stack: &Stack, plan: &Plan) -> Result<(), Error> {
    let planned = plan.steps.iter().map(|step| step.address.to_string());
    let known: BTreeSet<String> = stack.resources.keys().map(ToString::to_string).chain(planned).collect();
    let Some(unknown) = consent.data_loss.iter().find(|address| !known.contains(*address)) else { return Ok(()) };
    let near = crate::manifest::suggest(unknown, known.iter().map(String::as_str));
    Err(Error::Usage(format!("neither the stack nor the plan has `{unknown}`. {near}")))
}

/// Works the plan out.
///
/// # Errors
/// When AWS does not say who we are.
pub async fn make(session: &mut Session, stack: &Stack, consent: &Consent) -> Result<Plan, Error> {
    let found = std::mem::take(&mut session.found);
    let plan = plan(stack, session.aws.place().await?, found, &session.gaps, consent);
    tracing::debug!(steps = plan.steps.len(), "planned");
    check_data_loss(consent, stack, &plan)?;
    Ok(plan)
}

/// Prints a plan with the line that says where it goes.
///
/// # Errors
/// When it cannot be printed.
pub async fn show(session: &Session, verb: &str, stack: &str, plan: &Plan, json: bool) -> Result<(), Error> {
    let headline = session.headline(verb, stack).await?;
    if json {
        let mut document = report::plan::json(plan);
        document["target"] = json!({"words": session.words, "place": session.aws.place().await?});
        document["stack"] = stack.into();
        document["calls"] = session.aws.calls().into();
        return super::print_json(&document);
    }
    super::print(&format!("{headline}\n\n{}", report::plan::text(plan)))
}

/// Shows what would change.
pub async fn run(args: Args) -> Result<u8, Error> {
    let mut stack = load(&args.stack)?;
    let consent = args.consent.check(&stack)?;
    let code = args.build.build(&mut stack, &args.stack.file, &consent.only, args.json).await?;
    let mut session = Session::open(&args.target, &stack, Arc::new(Silent)).await?;
    session.aws.carry(code);
    let plan = make(&mut session, &stack, &consent).await?;
    show(&session, "plan", &stack.name, &plan, args.json).await?;
    if !plan.conflicts.is_empty() {
        return Err(Error::Conflicts(plan.conflicts));
    }
    Ok(if args.detailed_exitcode && !plan.steps.is_empty() { EXIT_CHANGES } else { EXIT_OK })
}
