//! Plans and applies with the real binary: the same plan, the same events, the same exit codes.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use serde_json::Value as Json;
use tokio::sync::watch;

use super::diagnose::Heard;
use super::error::TerraformError;
use super::progress::Progress;
use super::run::{Plugins, Terraform, words};
use super::workspace::{self, Site, State};
use super::{Open, Rendering, claims, imports, plan, render};
use crate::apply::Outcome;
use crate::backend::Ask;
use crate::build::Artifacts;
use crate::diagnostic::Diagnostics;
use crate::event::{Event, Reporter};
use crate::graph::Graph;
use crate::kind::Found;
use crate::model::{Address, Stack};
use crate::plan::{Plan, selected};

const PLAN: &str = "queuestack.tfplan";
/// How Terraform begins to say that its state is locked.
const LOCKED: &[&str] = &["Error acquiring the state lock"];
/// How Terraform begins to say that a provider is not where it was, or another than it was.
const NO_PLUGINS: &[&str] =
    &["Required plugins are not installed", "Inconsistent dependency lock file", "Failed to load plugin schemas"];

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
        let mut heard = self.asked_to_plan(&arguments).await;
        if matches!(heard, Err(TerraformError::Plugins { .. })) {
            // What was initialised is not there any more.
            self.settings.terraform.forget();
            self.settings.terraform.init(&self.settings.plugins).await?;
            heard = self.asked_to_plan(&arguments).await;
        }
        let found = heard?;
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

    /// Runs the plan and answers its warnings.
    async fn asked_to_plan(&self, arguments: &[String]) -> Result<Diagnostics, TerraformError> {
        let mut heard = Heard::default();
        let mut on = |line: &Json| {
            if line["type"] == "diagnostic" {
                heard.on(&line["diagnostic"], &self.owners, &self.stack);
            }
        };
        let (status, errors) = self.settings.terraform.stream(arguments, None, &mut on).await?;
        if heard.has_errors() {
            return Err(self.wrong("plan", heard));
        }
        if !status.success() {
            return Err(TerraformError::Failed { verb: "plan", said: errors.trim().to_owned() });
        }
        Ok(heard.findings)
    }

    /// What is wrong with the stack comes before what is wrong with the run.
    fn wrong(&self, verb: &'static str, mut heard: Heard) -> TerraformError {
        if heard.findings.has_errors() {
            heard.findings.sort();
            return self.refused(heard.findings);
        }
        let said = heard.run.join("\n");
        let has = |words: &[&str]| heard.run.iter().any(|said| words.iter().any(|words| said.contains(words)));
        if has(LOCKED) {
            return TerraformError::Locked { folder: self.settings.terraform.folder.clone(), said };
        }
        if has(NO_PLUGINS) { TerraformError::Plugins { said } } else { TerraformError::Failed { verb, said } }
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
        let progress = Mutex::new(Progress::new(plan, &self.owners, &self.stack, self.expected.clone()));
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
        let (outcome, heard) = lock().finish(status.success(), interrupted, reporter);
        reporter.on(&Event::Finished);
        if interrupted {
            // That it was halted is no error but what was asked for; that its state could not be written is one.
            let asked_for = |said: &String| ["halted", "cancel", "interrupt"].iter().any(|word| said.contains(word));
            let run: Vec<String> = heard.run.into_iter().filter(|said| !asked_for(said)).collect();
            let stopped = run.is_empty().then_some(outcome);
            return stopped.ok_or_else(|| self.wrong("apply", Heard { run, ..Heard::default() }));
        }
        if heard.has_errors() {
            return Err(self.wrong("apply", heard));
        }
        if !status.success() && outcome.failed == 0 {
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
    let unowned = owner.is_none() && (ask.consent.adopt_unowned || found.kind.adopts_silently());
    owner == Some(&ask.stack.name) || adopted || unowned
}

#[cfg(test)]
mod tests;
