//! What several verbs begin with: the stack that a file gives, and the connection that the target gives.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use tokio::sync::SetOnce;

use super::target::TargetArgs;
use crate::backend::Backend;
use crate::backend::aws::Aws;
use crate::backend::connect::Connection;
use crate::backend::secrets;
use crate::backend::terraform::{Open, TerraformError};
use crate::diagnostic::{Diagnostics, Severity, Source};
use crate::error::Error;
use crate::event::Reporter;
use crate::gaps::Gaps;
use crate::graph::Graph;
use crate::kind::Found;
use crate::manifest::{self, Inputs, MAX_BYTES};
use crate::model::Stack;
use crate::plan::selected;
use crate::{expand, report, rule, secret};

/// Which stack, with which values for its variables.
#[derive(Debug, Args)]
pub struct StackArgs {
    /// The stack file.
    #[arg(value_name = "STACK")]
    pub file: PathBuf,
    #[command(flatten)]
    pub variables: VariableArgs,
}

/// Which stacks, with which values for their variables.
#[derive(Debug, Args)]
pub struct StacksArgs {
    /// The stack files.
    #[arg(value_name = "STACK", required = true)]
    pub files: Vec<PathBuf>,
    #[command(flatten)]
    pub variables: VariableArgs,
}

/// Values for a stack's variables.
#[derive(Debug, Args)]
pub struct VariableArgs {
    /// Give a variable its value; wins over --var-file.
    #[arg(long = "var", value_name = "NAME=VALUE", value_parser = name_value)]
    pub var: Vec<(String, String)>,
    /// Read values from a YAML file of `name: value` lines; later files win.
    #[arg(long = "var-file", value_name = "FILE")]
    pub var_file: Vec<PathBuf>,
}

fn name_value(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=').filter(|(name, _)| !name.is_empty());
    pair.map(|(name, value)| (name.to_owned(), value.to_owned())).ok_or_else(|| "write NAME=VALUE".to_owned())
}

impl VariableArgs {
    /// Collects the values, the command line's over the files'.
    ///
    /// # Errors
    /// When a file cannot be read or is not a mapping of scalars.
    pub fn values(&self) -> Result<BTreeMap<String, String>, Error> {
        let mut values = BTreeMap::new();
        for path in &self.var_file {
            let source = Source { path: path.display().to_string(), text: read_text(path)?, ..Source::default() };
            let (read, out) = manifest::read_values(&source);
            if out.has_errors() {
                return Err(refused(&out, &source));
            }
            values.extend(read);
        }
        values.extend(self.var.iter().cloned());
        Ok(values)
    }
}

/// Reads a file that must be UTF-8 and of bounded size.
///
/// # Errors
/// When it cannot be read, is too large, or is not UTF-8.
pub fn read_text(path: &Path) -> Result<String, Error> {
    let shown = path.display().to_string();
    let failed = |source| Error::File { path: shown.clone(), source };
    let length = std::fs::metadata(path).map_err(failed)?.len();
    if length > MAX_BYTES as u64 {
        return Err(Error::Usage(format!("{shown} is {length} bytes long; at most {MAX_BYTES} are read")));
    }
    let bytes = std::fs::read(path).map_err(failed)?;
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let line = error.as_bytes()[..at].split(|byte| *byte == b'\n').count();
        Error::Usage(format!("{shown}:{line}: not UTF-8 at byte {at}; save the file as UTF-8"))
    })
}

/// Reads a file, and no more of it than shows that it is too long.
fn read_bytes(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Reads and checks a stack file, expanded.
///
/// # Errors
/// When the file cannot be read. What is wrong in it is in the diagnostics.
pub fn read_stack(path: &Path, variables: &VariableArgs) -> Result<(Stack, Diagnostics), Error> {
    if let Some(described) = super::app::stack(variables)? {
        return Ok(described);
    }
    let bytes = read_bytes(path).map_err(|source| Error::File { path: path.display().to_string(), source })?;
    if super::saved::begins_one(&bytes) {
        let why = format!("{} is a saved plan, not a stack file: `queuestack apply` takes it", path.display());
        return Err(Error::Usage(why));
    }
    let (source, mut out) = manifest::decode(path.display().to_string(), bytes);
    if out.has_errors() {
        return Ok((Stack { source, ..Stack::default() }, out));
    }
    let environment = |name: &str| std::env::var(name).ok();
    let inputs = Inputs { variables: variables.values()?, environment: &environment };
    let (mut stack, read) = manifest::read(source, &inputs);
    out.extend(read);
    expand::expand(&mut stack, &mut out);
    rule::check(&stack, &mut out);
    out.sort();
    tracing::debug!(resources = stack.resources.len(), "read and checked the stack");
    Ok((stack, out))
}

/// Takes a stack that was read as its file has it, with its short forms.
///
/// # Errors
/// When a file of values cannot be read.
pub fn as_written(stack: Stack, variables: &VariableArgs) -> Result<Stack, Error> {
    let environment = |name: &str| std::env::var(name).ok();
    let inputs = Inputs { variables: variables.values()?, environment: &environment };
    Ok(manifest::read(stack.source, &inputs).0)
}

/// Reads a stack that will be used: its findings are told, and errors end the command.
///
/// # Errors
/// When the file cannot be read or has errors.
pub fn load(args: &StackArgs) -> Result<Stack, Error> {
    let (stack, diagnostics) = read_stack(&args.file, &args.variables)?;
    tell(&diagnostics, &stack)?;
    Ok(stack)
}

/// Tells of findings about a stack.
///
/// # Errors
/// When there are errors among them.
pub fn tell(diagnostics: &Diagnostics, stack: &Stack) -> Result<(), Error> {
    let _ = write!(anstream::stderr(), "{}", report::diagnostics::text(diagnostics, &stack.source));
    let errors = diagnostics.count(Severity::Error);
    if errors > 0 {
        return Err(Error::Invalid { errors, warnings: diagnostics.count(Severity::Warning) });
    }
    Ok(())
}

/// Tells of findings that stop a command after its stack was read.
pub fn refused(found: &Diagnostics, source: &Source) -> Error {
    super::eprint(&report::diagnostics::text(found, source));
    Error::Invalid { errors: found.count(Severity::Error), warnings: found.count(Severity::Warning) }
}

/// Tells of the findings that an error carries.
pub fn shown(error: Error) -> Error {
    match error {
        Error::Terraform(TerraformError::Refused(found)) => refused(&found.0, &found.1),
        other => other,
    }
}

/// Finds the variables that can stay variables when the stack is rendered.
///
/// # Errors
/// When a file of values cannot be read.
pub fn open_variables(stack: &Stack, variables: &VariableArgs) -> Result<Open, Error> {
    let environment = |name: &str| std::env::var(name).ok();
    let inputs = Inputs { variables: variables.values()?, environment: &environment };
    let reread = |marks: &BTreeMap<String, String>| {
        let (mut stack, mut out) = manifest::read_marked(stack.source.clone(), &inputs, marks);
        expand::expand(&mut stack, &mut out);
        rule::check(&stack, &mut out);
        (!out.has_errors()).then_some(stack)
    };
    Ok(Open::find(stack, &reread))
}

/// A connection, and what was read through it.
pub struct Session {
    /// The clients.
    pub aws: Aws,
    /// What the endpoint gets wrong.
    pub gaps: Gaps,
    /// Where it is, in words.
    pub words: String,
    /// The endpoint; `None` for AWS itself.
    pub endpoint: Option<String>,
    /// What is there of what the stack wants or owns.
    pub found: Vec<Found>,
    /// How it was reached.
    pub connection: Connection,
    /// Who plans and applies.
    pub backend: Backend,
}

impl Session {
    /// Decides where to go, brings the local AWS up if that is it, connects, and reads what is there.
    ///
    /// # Errors
    /// When the target makes no sense, the local AWS does not come up, or AWS cannot be read.
    pub async fn open(target: &TargetArgs, stack: &Stack, reporter: Arc<dyn Reporter>) -> Result<Session, Error> {
        let mut sessions = Session::open_all(target, &[Some(stack)], reporter).await?;
        sessions.pop().unwrap_or_else(|| Err(Error::Usage("no stack".to_owned())))
    }

    /// Does the same for several stacks over one connection; what fails for one stack is that one's error. A stack that
    /// is `None` is not read: its session has nothing found.
    ///
    /// # Errors
    /// When the target makes no sense, the local AWS does not come up, or AWS does not say who we are.
    pub async fn open_all(
        target: &TargetArgs,
        stacks: &[Option<&Stack>],
        reporter: Arc<dyn Reporter>,
    ) -> Result<Vec<Result<Session, Error>>, Error> {
        let reached = target.decide()?.reach().await?;
        let read: Vec<&Stack> = stacks.iter().copied().flatten().collect();
        // Who answers, who we are, and what is there: none waits for another, but kinds that an emulator may lack.
        let lacking = Arc::new(SetOnce::new());
        let answers = async {
            let answers = reached.place().await;
            let gaps = Gaps::of(answers.emulator.as_deref());
            // Known once a connection.
            let _ = lacking.set(gaps.clone());
            (answers, gaps)
        };
        let sweep = async {
            let config = reached.connection.config().await;
            if config.region().is_none() {
                return Err(Error::Usage("no Region: give --region, AWS_REGION, or one in the profile".to_owned()));
            }
            let aws = Aws::new(&config, Arc::clone(&lacking), reporter);
            let (place, found) = futures::join!(aws.place(), aws.sweep_all(&read));
            Ok((place?.clone(), found, aws.clone()))
        };
        let ((answers, gaps), swept) = futures::join!(answers, sweep);
        let (place, found, aws) = swept?;
        let mut found = found.into_iter();
        let sessions = stacks.iter().map(|stack| {
            let found = stack.and_then(|_| found.next()).transpose()?.unwrap_or_default();
            tracing::debug!(found = found.len(), calls = aws.calls(), "read what is there");
            // An emulator is nobody's account.
            if let Some(stack) = stack.filter(|_| answers.emulator.is_none()) {
                super::guard::place(stack, &place)?;
            }
            Ok(Session {
                gaps: gaps.clone(),
                words: answers.words.clone(),
                endpoint: reached.connection.endpoint().map(str::to_owned),
                found,
                aws: aws.clone(),
                connection: reached.connection.clone(),
                backend: Backend::Aws,
            })
        });
        Ok(sessions.collect())
    }

    /// Reads the secrets that a stack, or the part of it that `only` says, refers to, and puts them in their places.
    ///
    /// # Errors
    /// When one is not there, or cannot be read: told at its line.
    pub async fn with_secrets<'a>(&self, stack: &'a Stack, only: &BTreeSet<String>) -> Result<Cow<'a, Stack>, Error> {
        let only = selected(&Graph::of(stack), only);
        let wanted = secret::wanted(stack, only.as_ref());
        if wanted.is_empty() {
            return Ok(Cow::Borrowed(stack));
        }
        let known = secrets::read(&self.aws, wanted).await?;
        let (mut resolved, mut out) = (stack.clone(), Diagnostics::default());
        secret::put_in(&mut resolved, &known, &mut out);
        out.sort();
        tell(&out, stack)?;
        Ok(Cow::Owned(resolved))
    }

    /// Says in one line what is done where: `plan calendar on …, account …, us-east-1`.
    ///
    /// # Errors
    /// When AWS does not say who we are.
    pub async fn headline(&self, verb: &str, stack: &str) -> Result<String, Error> {
        Ok(format!("{verb} {stack} on {}, {}", self.words, self.aws.place().await?))
    }
}
