//! What happened: the engine emits events, reporters render them.

use std::time::Duration;

use crate::error::AwsError;
use crate::model::Address;
use crate::plan::Action;

/// One thing that happened while a plan was applied.
#[derive(Clone, Debug)]
pub enum Event {
    /// The plan starts, with this many steps.
    Started {
        /// How many steps will run.
        steps: usize,
    },
    /// A step starts.
    StepStarted {
        /// Its resource.
        address: Address,
        /// What is done to it.
        action: Action,
    },
    /// A step waits for AWS.
    StepWaiting {
        /// Its resource.
        address: Address,
        /// What it waits for.
        reason: String,
    },
    /// A step is done.
    StepDone {
        /// Its resource.
        address: Address,
        /// What was done to it.
        action: Action,
        /// How long it took.
        took: Duration,
    },
    /// A step failed; the steps that need it are skipped, all others go on.
    StepFailed {
        /// Its resource.
        address: Address,
        /// What should have been done to it.
        action: Action,
        /// What AWS said.
        error: AwsError,
    },
    /// A step was not tried.
    StepSkipped {
        /// Its resource.
        address: Address,
        /// Why.
        because: String,
    },
    /// The user asked to stop: what is in flight is finished, nothing new is started.
    Interrupted {
        /// How many steps are in flight.
        in_flight: usize,
    },
    /// The plan is over.
    Finished,
}

/// Renders events.
pub trait Reporter: Send + Sync {
    /// Takes one event.
    fn on(&self, event: &Event);
}

/// A reporter that says nothing.
#[derive(Debug)]
pub struct Silent;

impl Reporter for Silent {
    fn on(&self, _event: &Event) {}
}
