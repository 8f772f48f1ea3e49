//! Where plans come from and go to: the SDKs, or Terraform.

pub mod aws;
pub mod connect;
pub mod discover;
mod once;
mod patience;
pub mod secrets;
pub mod sweep;
pub mod terraform;

use std::sync::Arc;

use tokio::sync::watch;

use crate::apply::{Outcome, apply};
use crate::backend::aws::Aws;
use crate::error::Error;
use crate::event::Reporter;
use crate::gaps::Gaps;
use crate::kind::Found;
use crate::model::Stack;
use crate::plan::{Consent, Plan, plan, plan_destroy};
use crate::value::Place;

/// Who plans and applies.
pub enum Backend {
    /// The SDKs; the account is the state.
    Aws,
    /// The real Terraform, or OpenTofu, with a state of its own.
    Terraform(Box<terraform::Driver>),
}

/// What a plan is made from.
pub struct Ask<'a> {
    /// What is wanted.
    pub stack: &'a Stack,
    /// Where it goes.
    pub place: &'a Place,
    /// What is there.
    pub found: Vec<Found>,
    /// What the endpoint gets wrong.
    pub gaps: &'a Gaps,
    /// What the user allows.
    pub consent: &'a Consent,
}

impl Backend {
    /// Works out everything there is to do.
    ///
    /// # Errors
    /// When Terraform cannot plan; the SDKs' plan needs nobody.
    pub async fn plan(&mut self, ask: Ask<'_>) -> Result<Plan, Error> {
        match self {
            Backend::Aws => Ok(plan(ask.stack, ask.place, ask.found, ask.gaps, ask.consent)),
            Backend::Terraform(driver) => Ok(driver.plan(&ask, false).await?),
        }
    }

    /// Works out the deletion of everything that the stack owns.
    ///
    /// # Errors
    /// When Terraform cannot plan.
    pub async fn plan_destroy(&mut self, ask: Ask<'_>) -> Result<Plan, Error> {
        match self {
            Backend::Aws => Ok(plan_destroy(&ask.stack.name, ask.found, ask.consent)),
            Backend::Terraform(driver) => Ok(driver.plan(&ask, true).await?),
        }
    }

    /// Carries out the plan that was made last, at most `parallel` steps at once.
    ///
    /// # Errors
    /// When Terraform cannot be run; what fails of the plan is told by events.
    pub async fn apply(
        &self,
        plan: Plan,
        aws: &Aws,
        parallel: usize,
        stop: watch::Receiver<bool>,
        reporter: &dyn Reporter,
    ) -> Result<Outcome, Error> {
        match self {
            Backend::Aws => Ok(apply(&Arc::new(plan), aws, parallel, stop, reporter).await),
            Backend::Terraform(driver) => Ok(driver.apply(&plan, parallel, stop, reporter).await?),
        }
    }
}
