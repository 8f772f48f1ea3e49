//! Plans and applies with the real binary: the same plan, the same events, the same exit codes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use serde_json::Value as Json;
use tokio::sync::watch;

use super::diagnose::{self, owner};
use super::error::TerraformError;
use super::run::{Plugins, Terraform, words};
use super::workspace::{self, Site, State};
use super::{Open, Rendering, claims, imports, plan, render};
use crate::apply::Outcome;
use crate::backend::Ask;
use crate::build::Artifacts;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::error::AwsError;
use crate::event::{Event, Reporter};
use crate::graph::Graph;
use crate::kind::Found;
use crate::model::{Address, Stack};
use crate::plan::{Action, Plan, selected};

const PLAN: &str = "queuestack.tfplan";

/// How Terraform is run.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The binary, its folder and its environment.
    pub terraform: Terraform,
    /// From where providers come.
    pub plugins: Plugins,
    /// Where the state is.
    pub state: State,
    /// Where the stack goes.
    pub site: Site,
}

/// Terraform with one stack.
pub struct Driver {
    settings: Settings,
    open: Open,
    code: Artifacts,
    stack: Stack,
    owners: BTreeMap<String, Address>,
    expected: BTreeMap<Address, usize>,
}

impl Driver {
    /// Takes a stack with its open variables and what was built of it.
    #[must_use]
    pub fn new(settings: Settings, open: Open, stack: &Stack, code: Artifacts) -> Driver {
        Driver { settings, open, code, stack: stack.clone(), owners: BTreeMap::new(), expected: BTreeMap::new() }
    }

    /// Renders, initialises and plans; what is there and ours, or may be adopted, is imported on the way.
    ///
    /// # Errors
    /// When Terraform is not there, cannot reach its state, or refuses the stack.
    pub async fn plan(&mut self, ask: &Ask<'_>, destroys: bool) -> Result<Plan, TerraformError> {
        let mut rendering = render(&self.open).map_err(|found| self.refused(found))?;
        if !destroys {
            let ours: Vec<Found> = ask.found.iter().filter(|found| is_taken_over(found, ask)).cloned().collect();
            rendering.files.insert("imports.tf", imports::file(&self.open, &ours));
        }
        self.prepare(&rendering).await?;
        self.owners = rendering.owners;
        let mut arguments = words(&["plan", "-json", "-input=false", "-out", PLAN]);
        if destroys {
            arguments.push("-destroy".to_owned());
        }
        arguments.extend(self.targets(ask));
        let mut found = Diagnostics::default();
        let (owners, stack) = (&self.owners, &self.stack);
        let mut on = |line: &Json| {
            let said = (line["type"] == "diagnostic").then(|| diagnose::finding(&line["diagnostic"], owners, stack));
            said.flatten().into_iter().for_each(|finding| found.push(finding));
        };
        let (status, errors) = self.settings.terraform.stream(&arguments, None, &mut on).await?;
        if found.has_errors() {
            found.sort();
            return Err(self.refused(found));
        }
        if !status.success() {
            return Err(TerraformError::Failed { verb: "plan", said: errors.trim().to_owned() });
        }
        let shown = self.settings.terraform.show(Some(PLAN)).await?;
        claims::check(&shown, &self.owners, ask, destroys, &self.settings.terraform.folder)?;
        self.expected = plan::expected(&shown, &self.owners);
        let mut plan = plan::read(&shown, &self.owners, ask, destroys);
        if destroys {
            plan.notes.extend(unknown_to(&plan, ask));
        }
        let warnings = found.iter().filter(|finding| !finding.message.starts_with("Resource targeting"));
        plan.notes.extend(warnings.map(|finding| finding.message.clone()));
        Ok(plan)
    }

    fn refused(&self, found: Diagnostics) -> TerraformError {
        TerraformError::Refused(Box::new((found, self.stack.source.clone())))
    }

    async fn prepare(&self, rendering: &Rendering) -> Result<(), TerraformError> {
        let Settings { terraform, plugins, state, site } = &self.settings;
        if let State::Local(path) = state
            && let Some(folder) = path.parent()
        {
            make(folder)?;
        }
        let source = |address| self.stack.resources.get(address).and_then(|one| one.kind.source(one));
        let zips = self
            .code
            .iter()
            .filter_map(|(address, artifact)| Some((source(address)?.file_name(&str::to_owned), artifact.as_ref())));
        workspace::write(&terraform.folder, rendering, site, state, &zips.collect::<Vec<_>>())?;
        terraform.init(plugins).await
    }

    /// `--only` as Terraform says it.
    fn targets(&self, ask: &Ask<'_>) -> Vec<String> {
        let Some(only) = selected(&Graph::of(ask.stack), &ask.consent.only) else { return Vec::new() };
        let wanted = self.owners.iter().filter(|(_, address)| only.contains(address));
        wanted.map(|(theirs, _)| format!("-target={theirs}")).collect()
    }

    /// Applies the plan that was made last.
    ///
    /// # Errors
    /// When Terraform cannot be run, or fails before its first step.
    pub async fn apply(
        &self,
        plan: &Plan,
        parallel: usize,
        stop: watch::Receiver<bool>,
        reporter: &dyn Reporter,
    ) -> Result<Outcome, TerraformError> {
        reporter.on(&Event::Started { steps: plan.steps.len() });
        let progress = Mutex::new(Progress::new(plan, self));
        let arguments =
            words(&["apply", "-json", "-input=false", "-auto-approve", &format!("-parallelism={parallel}"), PLAN]);
        let mut asked = stop.clone();
        let lock = || progress.lock().unwrap_or_else(PoisonError::into_inner);
        let mut on = |line: &Json| lock().on(line, reporter);
        let telling = async {
            // Never ends when nobody asks to stop: the other side does.
            if asked.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
            reporter.on(&Event::Interrupted { in_flight: lock().in_flight() });
            std::future::pending::<()>().await;
        };
        let (status, errors) = tokio::select! {
            ended = self.settings.terraform.stream(&arguments, Some(stop.clone()), &mut on) => ended?,
            () = telling => return Ok(Outcome::default()),
        };
        if let State::Local(path) = &self.settings.state {
            workspace::close(path);
        }
        let interrupted = *stop.borrow();
        let (outcome, findings) = lock().finish(status.success(), interrupted, reporter);
        reporter.on(&Event::Finished);
        if findings.has_errors() {
            return Err(self.refused(findings));
        }
        if !status.success() && outcome.failed == 0 && !interrupted {
            return Err(TerraformError::Failed { verb: "apply", said: errors.trim().to_owned() });
        }
        Ok(outcome)
    }
}

fn make(folder: &Path) -> Result<(), TerraformError> {
    std::fs::create_dir_all(folder).map_err(|source| TerraformError::File { path: folder.to_owned(), source })
}

/// What is ours and not in Terraform's state would stay: it is told.
fn unknown_to(plan: &Plan, ask: &Ask<'_>) -> Vec<String> {
    let ours = ask.found.iter().filter(|one| crate::plan::owner(&one.tags) == Some(&ask.stack.name));
    let goes =
        |one: &Found| plan.steps.iter().any(|step| step.address.kind == one.kind.name() && step.name == one.name);
    // What Terraform knows by an id alone cannot be told apart by its name.
    let named = ours.filter(|one| one.kind.terraform().is_some_and(|spelling| !spelling.name.is_empty()));
    let left = named.filter(|one| !goes(one)).map(|one| {
        format!(
            "{} `{}` is not in Terraform's state and stays: destroy it without --backend terraform",
            one.kind.name(),
            one.name
        )
    });
    left.collect()
}

/// Ours by its tag, adopted by the user's word, or made by AWS itself.
fn is_taken_over(found: &Found, ask: &Ask<'_>) -> bool {
    let owner = crate::plan::owner(&found.tags);
    let wanted = ask
        .stack
        .resources
        .values()
        .find(|one| one.kind.name() == found.kind.name() && one.name_in(&ask.place.region) == found.name);
    let adopted = wanted.is_some_and(|one| ask.consent.adopt.contains(&one.address.to_string()));
    owner == Some(&ask.stack.name) || adopted || owner.is_none() && found.kind.adopts_silently()
}

/// What is under way, in the terms of the plan.
struct Progress<'a> {
    plan: &'a Plan,
    owners: &'a BTreeMap<String, Address>,
    stack: &'a Stack,
    /// When each step started, by address.
    started: BTreeMap<Address, Instant>,
    /// How many times Terraform has yet to say that it is done, by step.
    left: BTreeMap<Address, usize>,
    done: BTreeSet<Address>,
    failed: BTreeMap<Address, String>,
    /// Findings without a step.
    findings: Diagnostics,
}

impl<'a> Progress<'a> {
    fn new(plan: &'a Plan, driver: &'a Driver) -> Progress<'a> {
        Progress {
            plan,
            owners: &driver.owners,
            stack: &driver.stack,
            left: driver.expected.clone(),
            started: BTreeMap::new(),
            done: BTreeSet::new(),
            failed: BTreeMap::new(),
            findings: Diagnostics::default(),
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

    fn in_flight(&self) -> usize {
        self.started.keys().filter(|address| !self.done.contains(*address)).count()
    }

    fn on(&mut self, line: &Json, reporter: &dyn Reporter) {
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
        let Some(finding) = diagnose::finding(said, self.owners, self.stack) else { return };
        match step {
            Some((address, _)) if said["severity"] == "error" => {
                let place = place(&finding, self.stack);
                let told = self.failed.entry(address).or_default();
                if !told.is_empty() {
                    told.push_str("; ");
                }
                told.push_str(&format!("{}{place}", finding.message));
            }
            _ => self.findings.push(finding),
        }
    }

    /// Tells how every other step ended; one that is only taken over ends with the whole.
    fn finish(&mut self, success: bool, interrupted: bool, reporter: &dyn Reporter) -> (Outcome, Diagnostics) {
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
        (outcome, std::mem::take(&mut self.findings))
    }
}

/// Where a finding stands: ` (stack.yaml:7:5)`.
fn place(finding: &Diagnostic, stack: &Stack) -> String {
    finding.span.map_or_else(String::new, |span| {
        let (line, column) = stack.source.line_column(span.start);
        format!(" ({}:{line}:{column})", stack.source.path)
    })
}
