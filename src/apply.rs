//! Runs the steps of a plan in dependency order, as many side by side as allowed. It decides nothing.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::task::JoinSet;

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
    plan: &Arc<Plan>,
    aws: &Aws,
    parallel: usize,
    mut stop: watch::Receiver<bool>,
    reporter: &dyn Reporter,
) -> Outcome {
    reporter.on(&Event::Started { steps: plan.steps.len() });
    let mut run = Run::new(plan);
    let mut flying = JoinSet::new();
    let mut started = HashMap::new();
    loop {
        while !run.stopped && flying.len() < parallel {
            let Some(index) = run.next() else { break };
            let step = &plan.steps[index];
            reporter.on(&Event::StepStarted { address: step.address.clone(), action: step.action });
            let desired = step.desired.as_ref().map(|desired| with_urls(desired, &run.urls));
            let (plan, aws) = (Arc::clone(plan), aws.clone());
            let task = flying.spawn(async move { run_step(&plan.steps[index], desired, &aws).await });
            started.insert(task.id(), (index, Instant::now()));
        }
        if flying.is_empty() {
            break;
        }
        tokio::select! {
            Some(ended) = flying.join_next_with_id() => {
                let (task, result) = match ended {
                    Ok((task, result)) => (task, result),
                    // A panic is that step's failure alone.
                    Err(broken) => (broken.id(), Err(AwsError::refused("queuestack", "apply", broken.to_string()))),
                };
                if let Some((index, start)) = started.remove(&task) {
                    run.ended(index, result, start.elapsed(), reporter);
                }
            }
            Ok(()) = stop.changed(), if !run.stopped => {
                run.stopped = *stop.borrow();
                if run.stopped {
                    aws.stop_waiting();
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

    /// Notes how a step ended and tells of it.
    fn ended(&mut self, index: usize, result: Result<Facts, AwsError>, took: Duration, reporter: &dyn Reporter) {
        let step = &self.plan.steps[index];
        let (address, action) = (step.address.clone(), step.action);
        match result {
            Ok(mut facts) => {
                self.urls.extend(facts.remove(&Fact::Url).map(|url| (address.clone(), url)));
                self.done.insert(index);
                reporter.on(&Event::StepDone { address, action, took });
            }
            Err(error) => {
                self.failed.insert(index);
                reporter.on(&Event::StepFailed { address, action, error });
            }
        }
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

async fn run_step(step: &Step, desired: Option<Desired>, aws: &Aws) -> Result<Facts, AwsError> {
    match (step.action, desired, &step.found) {
        (Action::Create, Some(desired), _) => create(&desired, aws).await,
        (Action::Replace, Some(desired), Some(found)) => {
            if found.name == desired.name {
                delete(found, aws, step.consent).await?;
            }
            create(&desired, aws).await
        }
        (Action::Update | Action::Adopt, Some(desired), Some(found)) => {
            if let Some(live) = desired.kind.live() {
                live.update(aws, &desired, found, &step.changes).await?;
            }
            Ok(found.facts.clone())
        }
        (_, _, Some(found)) => delete(found, aws, step.consent).await.map(|()| Facts::new()),
        _ => Ok(Facts::new()),
    }
}

async fn create(desired: &Desired, aws: &Aws) -> Result<Facts, AwsError> {
    match desired.kind.live() {
        Some(live) => live.create(aws, desired).await,
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
