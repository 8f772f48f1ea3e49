//! What Terraform says while it applies → the events of everybody, in the terms of the plan.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use serde_json::Value as Json;

use super::diagnose::{self, Heard, owner};
use crate::apply::Outcome;
use crate::diagnostic::Diagnostic;
use crate::error::AwsError;
use crate::event::{Event, Reporter};
use crate::model::{Address, Stack};
use crate::plan::{Action, Plan};

/// What is under way, in the terms of the plan.
pub(super) struct Progress<'a> {
    plan: &'a Plan,
    owners: &'a BTreeMap<String, Address>,
    stack: &'a Stack,
    /// When each step started, by address.
    started: BTreeMap<Address, Instant>,
    /// How many times Terraform has yet to say that it is done, by step.
    left: BTreeMap<Address, usize>,
    done: BTreeSet<Address>,
    failed: BTreeMap<Address, String>,
    /// What is told without a step.
    heard: Heard,
}

impl<'a> Progress<'a> {
    pub(super) fn new(
        plan: &'a Plan,
        owners: &'a BTreeMap<String, Address>,
        stack: &'a Stack,
        left: BTreeMap<Address, usize>,
    ) -> Progress<'a> {
        Progress {
            plan,
            owners,
            stack,
            left,
            started: BTreeMap::new(),
            done: BTreeSet::new(),
            failed: BTreeMap::new(),
            heard: Heard::default(),
        }
    }

    /// The step that a resource of Terraform's belongs to; one that the stack forgot is found by its label.
    fn step(&self, theirs: &str) -> Option<(Address, Action)> {
        let label = theirs.split('[').next()?.split('.').nth(1)?;
        let of = |address: &Address| self.plan.steps.iter().find(|step| step.address == *address);
        let known = owner(self.owners, theirs).and_then(of);
        let step =
            known.or_else(|| self.plan.steps.iter().find(|step| super::names::label(&step.address.name) == label))?;
        Some((step.address.clone(), step.action))
    }

    pub(super) fn in_flight(&self) -> usize {
        self.started.keys().filter(|address| !self.done.contains(*address)).count()
    }

    pub(super) fn on(&mut self, line: &Json, reporter: &dyn Reporter) {
        let theirs = line["hook"]["resource"]["addr"].as_str().unwrap_or_default();
        match line["type"].as_str().unwrap_or_default() {
            "apply_start" => {
                let Some((address, action)) = self.step(theirs) else { return };
                if !self.started.contains_key(&address) {
                    self.started.insert(address.clone(), Instant::now());
                    reporter.on(&Event::StepStarted { address, action });
                }
            }
            "apply_complete" => {
                let Some((address, action)) = self.step(theirs) else { return };
                let left = self.left.entry(address.clone()).or_default();
                *left = left.saturating_sub(1);
                if *left == 0 && self.done.insert(address.clone()) {
                    let took = self.started.get(&address).map(Instant::elapsed).unwrap_or_default();
                    reporter.on(&Event::StepDone { address, action, took });
                }
            }
            "apply_errored" => {
                let Some((address, _)) = self.step(theirs) else { return };
                self.failed.entry(address).or_default();
            }
            "diagnostic" => self.said(&line["diagnostic"]),
            _ => {}
        }
    }

    fn said(&mut self, said: &Json) {
        let step = said["address"].as_str().and_then(|theirs| self.step(theirs));
        match (step, diagnose::finding(said, self.owners, self.stack)) {
            (Some((address, _)), Some(finding)) if said["severity"] == "error" => {
                let place = place(&finding, self.stack);
                let told = self.failed.entry(address).or_default();
                if !told.is_empty() {
                    told.push_str("; ");
                }
                told.push_str(&format!("{}{place}", finding.message));
            }
            _ => self.heard.on(said, self.owners, self.stack),
        }
    }

    /// Tells how every other step ended; one that is only taken over ends with the whole.
    pub(super) fn finish(&mut self, success: bool, interrupted: bool, reporter: &dyn Reporter) -> (Outcome, Heard) {
        let mut outcome = Outcome { interrupted, ..Outcome::default() };
        for step in &self.plan.steps {
            let (address, action) = (step.address.clone(), step.action);
            if self.done.contains(&address) {
                outcome.done += 1;
            } else if let Some(message) = self.failed.remove(&address) {
                let error = AwsError::refused("terraform", "apply", message);
                reporter.on(&Event::StepFailed { address, action, error });
                outcome.failed += 1;
            } else if success {
                let took = self.started.get(&address).map(Instant::elapsed).unwrap_or_default();
                reporter.on(&Event::StepDone { address, action, took });
                outcome.done += 1;
            } else {
                let because = if interrupted { "stopped" } else { "what it needs is not done" };
                reporter.on(&Event::StepSkipped { address, because: because.to_owned() });
                outcome.skipped += 1;
            }
        }
        (outcome, std::mem::take(&mut self.heard))
    }
}

/// Where a finding stands: ` (stack.yaml:7:5)`.
fn place(finding: &Diagnostic, stack: &Stack) -> String {
    finding.span.map_or_else(String::new, |span| {
        let (line, column) = stack.source.line_column(span.start);
        format!(" ({}:{line}:{column})", stack.source.path)
    })
}
