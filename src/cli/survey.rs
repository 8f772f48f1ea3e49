//! The stacks of a command: read together over one connection while their code is built, and planned.
//!
//! What fails for one stack is told of that one; the others go on.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::backend::BackendArgs;
use super::build::BuildArgs;
use super::guard::{GuardArgs, obstacles};
use super::plan::{ConsentArgs, make};
use super::session::{Session, StacksArgs, read_stack};
use super::target::TargetArgs;
use crate::artifact::{Architecture, Artifact, Zip};
use crate::build::Artifacts;
use crate::diagnostic::Severity;
use crate::error::Error;
use crate::event::Reporter;
use crate::gaps::Gaps;
use crate::model::{Resource, Stack};
use crate::plan::Consent;
use crate::plan::together::{made_twice, namesakes};
use crate::report::plan::{Planned, Told};

/// How long ago what is there may have been read when the plan is made: a build can take minutes.
const KEPT: Duration = Duration::from_secs(5);

/// What is asked of every stack.
pub struct Survey<'a> {
    /// The verb of the command.
    pub verb: &'static str,
    /// The stacks.
    pub stacks: &'a StacksArgs,
    /// What a plan may do.
    pub consent: &'a ConsentArgs,
    /// What a plan may not do.
    pub guards: &'a GuardArgs,
    /// How workers are built; `None` leaves their code out of the comparison.
    pub build: Option<&'a BuildArgs>,
    /// Whether machines read along.
    pub json: bool,
    /// Who plans and applies.
    pub backend: &'a BackendArgs,
    /// Where they go.
    pub target: &'a TargetArgs,
    /// Who is told what is waited for.
    pub reporter: Arc<dyn Reporter>,
}

/// One stack, and what was made ready for it.
pub struct Surveyed {
    /// All that is told of it.
    pub told: Told,
    /// The connection, where it came to one.
    pub session: Option<Session>,
    /// The code that it ships.
    pub code: Artifacts,
    consent: Consent,
}

impl Survey<'_> {
    /// Reads, builds and plans every stack, in the order of the arguments.
    ///
    /// # Errors
    /// When the arguments do not fit; what is wrong with one stack is told of that one.
    pub async fn run(&self) -> Result<Vec<Surveyed>, Error> {
        self.consent.check_count(self.stacks.files.len())?;
        self.backend.check_count(self.stacks.files.len())?;
        let mut all: Vec<Surveyed> = self.stacks.files.iter().map(|file| self.prepare(file)).collect();
        let stacks: Vec<_> = all.iter().map(|one| one.told.error.is_none().then(|| one.told.stack.clone())).collect();
        let named = stacks.iter().zip(&all).map(|(stack, one)| Some((one.told.file.as_str(), stack.as_deref()?)));
        let wrong = namesakes(&named.collect::<Vec<_>>());
        for (one, wrong) in all.iter_mut().zip(wrong) {
            one.told.error = one.told.error.take().or(wrong.map(Error::Usage));
        }
        drop(stacks);
        // As they were read, before anything is built: a copy only where something is.
        let read: Vec<Option<Arc<Stack>>> =
            all.iter().map(|one| one.told.error.is_none().then(|| Arc::clone(&one.told.stack))).collect();
        if read.iter().all(Option::is_none) {
            return Ok(all);
        }
        // What is there does not depend on what is built.
        let open = || {
            let stacks: Vec<Option<&Stack>> = read.iter().map(Option::as_deref).collect();
            async move { (Session::open_all(self.target, &stacks, Arc::clone(&self.reporter)).await, Instant::now()) }
        };
        let ((mut sessions, opened), ()) = futures::join!(open(), self.build(&mut all));
        if all.iter().all(|one| one.told.error.is_some()) {
            return Ok(all);
        }
        if opened.elapsed() > KEPT {
            (sessions, _) = open().await;
        }
        let sessions = match sessions {
            Ok(sessions) => sessions,
            Err(error) => {
                disconnected(&mut all, error);
                return Ok(all);
            }
        };
        for ((one, read), session) in all.iter_mut().zip(&read).zip(sessions) {
            let (None, Some(read)) = (&one.told.error, read) else { continue };
            one.told.error = match session {
                Ok(session) => self.plan(one, read, session).await.err(),
                Err(error) => Some(error),
            };
        }
        let plans = all.iter().map(|one| (&one.told, one.told.planned.as_ref().filter(|_| one.told.error.is_none())));
        let plans: Vec<_> = plans.map(|(told, planned)| (told.file.as_str(), planned.map(|one| &one.plan))).collect();
        let twice = made_twice(&plans);
        for (one, twice) in all.iter_mut().zip(twice) {
            one.told.error = one.told.error.take().or(twice.map(Error::Usage));
        }
        Ok(all)
    }

    /// Reads a stack and checks it.
    fn prepare(&self, file: &Path) -> Surveyed {
        let told = Told { verb: self.verb, file: file.display().to_string(), ..Told::default() };
        let mut one = Surveyed { told, session: None, code: Artifacts::new(), consent: Consent::default() };
        one.told.error = self.read(file, &mut one).err();
        one
    }

    fn read(&self, file: &Path, one: &mut Surveyed) -> Result<(), Error> {
        let (stack, findings) = read_stack(file, &self.stacks.variables)?;
        (one.told.stack, one.told.findings) = (Arc::new(stack), findings);
        let count = |severity| one.told.findings.count(severity);
        let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
        if errors > 0 || warnings > 0 && self.guards.denies_warnings() {
            return Err(Error::Invalid { errors, warnings });
        }
        one.consent = self.consent.check(&one.told.stack)?;
        Ok(())
    }

    /// Builds what the stacks ship, one after the other: cargo itself uses all processors.
    async fn build(&self, all: &mut [Surveyed]) {
        let Some(build) = self.build else { return };
        for (one, file) in all.iter_mut().zip(&self.stacks.files).filter(|(one, _)| one.told.error.is_none()) {
            if shipped(&one.told.stack).next().is_none() {
                continue;
            }
            match build.build(Arc::make_mut(&mut one.told.stack), file, &one.consent.only, self.json).await {
                Ok(code) => one.code = code,
                Err(error) => one.told.error = Some(error),
            }
        }
    }

    async fn plan(&self, one: &mut Surveyed, read: &Stack, mut session: Session) -> Result<(), Error> {
        if self.build.is_none() {
            leave_out_code(&one.told.stack, &mut session.gaps);
        }
        let variables = &self.stacks.variables;
        self.backend.choose(&mut session, self.target, read, variables, one.code.clone()).await?;
        let plan = make(&mut session, &one.told.stack, &one.consent).await?;
        let checked = obstacles(&plan).and_then(|()| self.guards.check(&plan));
        let place = session.aws.place().await?.clone();
        let (words, calls) = (session.words.clone(), session.aws.calls());
        one.told.planned = Some(Planned { plan, words, place, calls });
        one.session = Some(session);
        checked
    }
}

/// Tells of the first stack why there is no connection, and of the others that there is none: machines read it there.
fn disconnected(all: &mut [Surveyed], error: Error) {
    let mut error = Some(error);
    for one in all.iter_mut().filter(|one| one.told.error.is_none()) {
        let why = error.take().unwrap_or_else(|| Error::Usage("not planned: there is no connection".to_owned()));
        one.told.error = Some(why);
    }
}

/// Leaves out of the comparison what only building tells.
fn leave_out_code(stack: &Stack, gaps: &mut Gaps) {
    for resource in shipped(stack) {
        for key in told_by_building(resource) {
            gaps.leave_out(resource.kind.name(), key, "nothing was built");
        }
    }
}

/// The resources that ship code.
fn shipped(stack: &Stack) -> impl Iterator<Item = &Resource> {
    stack.resources.values().filter(|resource| resource.kind.source(resource).is_some())
}

/// The attributes that building changes.
fn told_by_building(resource: &Resource) -> Vec<&'static str> {
    let nothing = Artifact {
        name: String::new(),
        architecture: Architecture::X86_64,
        zip: Zip::Bytes(Vec::new()),
        code_sha256: String::new(),
        zip_bytes: 0,
        unzipped_bytes: 0,
        binary: std::path::PathBuf::new(),
    };
    let mut built = resource.clone();
    resource.kind.built(&mut built, &nothing);
    let changed = built.attributes.iter().filter(|(key, value)| resource.attributes.get(*key) != Some(value));
    changed.map(|(key, _)| *key).collect()
}
