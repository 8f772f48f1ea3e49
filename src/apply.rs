//! Runs the steps of a plan in dependency order, as many side by side as allowed. It decides nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use futures::stream::{FuturesUnordered, StreamExt};
use tokio::sync::watch;

use crate::backend::aws::Aws;
use crate::error::AwsError;
use crate::event::{Event, Reporter};
use crate::kind::{Desired, Facts, Found};
use crate::model::{Address, Fact};
use crate::plan::{Action, Plan, Step};

/// How an apply ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Steps that are done.
    pub done: usize,
    /// Steps that failed.
    pub failed: usize,
    /// Steps that were not tried.
    pub skipped: usize,
    /// Whether the user asked to stop.
    pub interrupted: bool,
}

/// Runs a plan; at most `parallel` steps at once, and none started once `stop` says true.
pub async fn apply(
    plan: &Plan,
    aws: &Aws,
    parallel: usize,
    mut stop: watch::Receiver<bool>,
    reporter: &dyn Reporter,
) -> Outcome {
    reporter.on(&Event::Started { steps: plan.steps.len() });
    let mut run = Run::new(plan);
    let mut flying = FuturesUnordered::new();
    loop {
        while !run.stopped && flying.len() < parallel {
            let Some(index) = run.next() else { break };
            let step = &plan.steps[index];
            reporter.on(&Event::StepStarted { address: step.address.clone(), action: step.action });
            let urls = run.urls.clone();
            flying.push(async move {
                let start = Instant::now();
                (index, run_step(step, aws, &urls).await, start.elapsed())
            });
        }
        if flying.is_empty() {
            break;
        }
        tokio::select! {
            Some((index, result, took)) = flying.next() => {
                let step = &plan.steps[index];
                let (address, action) = (step.address.clone(), step.action);
                match result {
                    Ok(facts) => {
                        run.done(index, facts);
                        reporter.on(&Event::StepDone { address, action, took });
                    }
                    Err(error) => {
                        run.failed(index);
                        reporter.on(&Event::StepFailed { address, action, error });
                    }
                }
            }
            Ok(()) = stop.changed(), if !run.stopped => {
                run.stopped = *stop.borrow();
                if run.stopped {
                    reporter.on(&Event::Interrupted { in_flight: flying.len() });
                }
            }
        }
    }
    let outcome = run.finish(reporter);
    reporter.on(&Event::Finished);
    outcome
}

/// Where a run stands.
struct Run<'a> {
    plan: &'a Plan,
    waiting: BTreeSet<usize>,
    done: BTreeSet<usize>,
    failed: BTreeSet<usize>,
    urls: BTreeMap<Address, String>,
    stopped: bool,
}

impl<'a> Run<'a> {
    fn new(plan: &'a Plan) -> Run<'a> {
        let (done, failed) = (BTreeSet::new(), BTreeSet::new());
        Run { plan, waiting: (0..plan.steps.len()).collect(), done, failed, urls: BTreeMap::new(), stopped: false }
    }

    /// Takes the first step that waits for nothing any more.
    fn next(&mut self) -> Option<usize> {
        let ready = |index: &&usize| self.plan.steps[**index].after.iter().all(|before| self.done.contains(before));
        let next = *self.waiting.iter().find(ready)?;
        self.waiting.remove(&next);
        Some(next)
    }

    fn done(&mut self, index: usize, facts: Facts) {
        let address = &self.plan.steps[index].address;
        self.urls
            .extend(facts.into_iter().filter(|(fact, _)| *fact == Fact::Url).map(|(_, url)| (address.clone(), url)));
        self.done.insert(index);
    }

    fn failed(&mut self, index: usize) {
        self.failed.insert(index);
    }

    /// Tells of every step that was not tried, and why.
    fn finish(self, reporter: &dyn Reporter) -> Outcome {
        for index in &self.waiting {
            let step = &self.plan.steps[*index];
            let missing = step.after.iter().find(|before| !self.done.contains(before));
            let because = match missing {
                Some(before) if !self.stopped => format!("{} is not done", self.plan.steps[*before].address),
                _ => "stopped".to_owned(),
            };
            reporter.on(&Event::StepSkipped { address: step.address.clone(), because });
        }
        Outcome {
            done: self.done.len(),
            failed: self.failed.len(),
            skipped: self.waiting.len(),
            interrupted: self.stopped,
        }
    }
}

async fn run_step(step: &Step, aws: &Aws, urls: &BTreeMap<Address, String>) -> Result<Facts, AwsError> {
    match (step.action, &step.desired, &step.found) {
        (Action::Create, Some(desired), _) => create(desired, aws, urls).await,
        (Action::Replace, Some(desired), Some(found)) => {
            if found.name == desired.name {
                delete(found, aws, step.consent).await?;
            }
            create(desired, aws, urls).await
        }
        (Action::Update | Action::Adopt, Some(desired), Some(found)) => {
            let Some(live) = desired.kind.live() else { return Ok(Facts::new()) };
            live.update(aws, &with_urls(desired, urls), found, &step.changes).await?;
            Ok(found.facts.clone())
        }
        (_, _, Some(found)) => delete(found, aws, step.consent).await.map(|()| Facts::new()),
        _ => Ok(Facts::new()),
    }
}

async fn create(desired: &Desired, aws: &Aws, urls: &BTreeMap<Address, String>) -> Result<Facts, AwsError> {
    match desired.kind.live() {
        Some(live) => live.create(aws, &with_urls(desired, urls)).await,
        None => Ok(Facts::new()),
    }
}

async fn delete(found: &Found, aws: &Aws, consent: bool) -> Result<(), AwsError> {
    match found.kind.live() {
        Some(live) => live.delete(aws, found, consent).await,
        None => Ok(()),
    }
}

/// Puts in the URLs that only the service knew, of what was created just now.
fn with_urls(desired: &Desired, urls: &BTreeMap<Address, String>) -> Desired {
    let mut desired = desired.clone();
    let known = |reference: &crate::model::Ref| match reference.fact {
        Fact::Url => urls.get(reference.address()?).cloned(),
        _ => None,
    };
    for value in desired.attributes.values_mut() {
        *value = value.resolve(&known);
    }
    desired
}
