//! What stops a plan that is right: the stack's own `account:` and `regions:`, and what the command line refuses.

use std::collections::BTreeSet;

use clap::{Args, ValueEnum};

use crate::error::Error;
use crate::kind::queue;
use crate::model::Stack;
use crate::plan::Plan;
use crate::value::Place;

/// Options that refuse plans.
#[derive(Clone, Debug, Default, Args)]
pub struct GuardArgs {
    /// Refuse plans that take something away (a delete, a replacement, a lowered retention), or stacks with warnings.
    #[arg(long, value_enum, value_delimiter = ',')]
    pub deny: Vec<Deny>,
    /// Refuse plans with more steps than this.
    #[arg(long, value_name = "N")]
    pub max_changes: Option<usize>,
}

/// What `--deny` refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Deny {
    /// Plans with a destructive step.
    Destructive,
    /// Stacks with warnings.
    Warnings,
}

impl GuardArgs {
    /// Tells whether stacks with warnings are refused.
    #[must_use]
    pub fn denies_warnings(&self) -> bool {
        self.deny.contains(&Deny::Warnings)
    }

    /// Checks a plan.
    ///
    /// # Errors
    /// When it does more than these options let through.
    pub fn check(&self, plan: &Plan) -> Result<(), Error> {
        let destructive = plan.steps.iter().filter(|step| step.is_destructive());
        let destructive: Vec<String> = destructive.map(|step| step.address.to_string()).collect();
        if self.deny.contains(&Deny::Destructive) && !destructive.is_empty() {
            let message = format!("--deny destructive, and the plan takes something away: {}", destructive.join(", "));
            return Err(Error::Denied(message));
        }
        match self.max_changes {
            Some(most) if plan.steps.len() > most => {
                Err(Error::Denied(format!("--max-changes {most}, and the plan has {} steps", plan.steps.len())))
            }
            _ => Ok(()),
        }
    }
}

/// Checks that a stack may go to this account and Region.
///
/// # Errors
/// When its `account:` or `regions:` say that it may not, or a queue names a dead-letter queue that is elsewhere.
pub fn place(stack: &Stack, place: &Place) -> Result<(), Error> {
    for (key, what, allowed, here) in
        [("account", "account", &stack.accounts, &place.account), ("regions", "Region", &stack.regions, &place.region)]
    {
        if !allowed.is_empty() && !allowed.contains(here) {
            let message = format!(
                "stack `{}` may go to {what} {} alone, and this is {here}: choose another --profile or --region, or change `{key}:` in the stack",
                stack.name,
                list(allowed)
            );
            return Err(Error::Elsewhere(message));
        }
    }
    match queue::elsewhere(stack, place) {
        None => Ok(()),
        Some((queue, arn)) => {
            let message = format!(
                "`{}` has the dead-letter queue `{arn}`, and a queue has it in its own account and Region: this is {}, {}",
                queue.address, place.account, place.region
            );
            Err(Error::Elsewhere(message))
        }
    }
}

fn list(texts: &BTreeSet<String>) -> String {
    texts.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}

/// Checks that nothing stands in the way of a plan: names of others, moves that would replace, what is protected.
///
/// # Errors
/// Names all that does.
pub fn obstacles(plan: &Plan) -> Result<(), Error> {
    if !plan.conflicts.is_empty() {
        return Err(Error::Conflicts(plan.conflicts.clone()));
    }
    if !plan.stranded.is_empty() {
        return Err(Error::Stranded(plan.stranded.iter().cloned().collect()));
    }
    if !plan.protected.is_empty() {
        return Err(Error::Protected(plan.protected.iter().cloned().collect()));
    }
    Ok(())
}
