//! Operational errors, and the exit codes.

use std::fmt;

use serde::Serialize;

use crate::plan::{Action, Conflict, Protected, Stranded};

/// Everything went as asked.
pub const EXIT_OK: u8 = 0;
/// Something is wrong: the stack, the account, or a step.
pub const EXIT_ERROR: u8 = 1;
/// `plan --detailed-exitcode`: there are changes.
pub const EXIT_CHANGES: u8 = 2;
/// The user asked to stop (Ctrl-C).
pub const EXIT_INTERRUPTED: u8 = 130;

/// What AWS answered when a call failed for good.
#[derive(Clone, Debug, Serialize)]
pub struct AwsError {
    /// The service, `sqs`.
    pub service: &'static str,
    /// The operation, `CreateQueue`.
    pub operation: &'static str,
    /// The AWS error code, if it answered with one.
    pub code: Option<String>,
    /// What it said.
    pub message: String,
    /// The request id, for AWS support.
    pub request_id: Option<String>,
}

impl AwsError {
    /// Makes the error of a call that was not made because it would do harm.
    #[must_use]
    pub fn refused(service: &'static str, operation: &'static str, message: String) -> AwsError {
        AwsError { service, operation, code: None, message, request_id: None }
    }

    /// Tells whether AWS answered with one of these codes.
    #[must_use]
    pub fn is(&self, codes: &[&str]) -> bool {
        self.code.as_deref().is_some_and(|code| codes.contains(&code))
    }
}

/// Drops an answer; an error with one of these codes is fine too, such as that what was to be deleted is gone.
///
/// # Errors
/// Any other.
pub fn fine_when<T>(codes: &[&str], answer: Result<T, AwsError>) -> Result<(), AwsError> {
    match answer {
        Err(error) if error.is(codes) => Ok(()),
        other => other.map(drop),
    }
}

impl fmt::Display for AwsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: ", self.service, self.operation)?;
        if let Some(code) = &self.code {
            write!(f, "{code}: ")?;
        }
        f.write_str(&self.message)?;
        match &self.request_id {
            Some(id) => write!(f, " (request id {id})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for AwsError {}

/// Why a command stops.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The stack has errors; they were told one by one.
    #[error("{}", told(*errors, *warnings))]
    Invalid {
        /// How many errors.
        errors: usize,
        /// How many warnings that `--deny warnings` refuses.
        warnings: usize,
    },
    /// A file cannot be read or written.
    #[error("cannot read or write {path}")]
    File {
        /// Its path.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// A name in the account belongs to somebody else.
    #[error("{}", conflicts(.0))]
    Conflicts(Vec<Conflict>),
    /// A step would lose something and nobody consented.
    #[error("{}", losses(.0))]
    Losses(Vec<(String, String)>),
    /// The stack may not go to this account or Region.
    #[error("{0}")]
    Elsewhere(String),
    /// A step would delete or replace what is protected.
    #[error("{}", protected(.0))]
    Protected(Vec<Protected>),
    /// A move would replace what it should keep.
    #[error("{}", stranded(.0))]
    Stranded(Vec<Stranded>),
    /// The plan is right, and more than `--deny` or `--max-changes` let through.
    #[error("refused: {0}")]
    Denied(String),
    /// A saved plan cannot be applied.
    #[error("{0}")]
    Saved(String),
    /// Some of several stacks failed; each was told where it stands.
    #[error("{failed} of {of} stacks failed")]
    Several {
        /// How many failed.
        failed: usize,
        /// How many there are.
        of: usize,
    },
    /// Nobody said yes.
    #[error("not applied: {0}")]
    NotConfirmed(&'static str),
    /// Some steps failed or were skipped; they were told one by one.
    #[error("{failed} failed, {skipped} not tried, {done} done; run the same command again to go on from here")]
    Unfinished {
        /// Steps that failed.
        failed: usize,
        /// Steps that were not tried.
        skipped: usize,
        /// Steps that are done.
        done: usize,
    },
    /// The user asked to stop.
    #[error("stopped: {done} done, {left} not done; run the same command again to go on from here")]
    Interrupted {
        /// Steps that are done.
        done: usize,
        /// Steps that are not.
        left: usize,
    },
    /// A call to AWS failed.
    #[error(transparent)]
    Aws(#[from] AwsError),
    /// There is no code to ship.
    #[error(transparent)]
    Build(#[from] crate::build::BuildError),
    /// Terraform cannot be driven, or refuses.
    #[error(transparent)]
    Terraform(#[from] crate::backend::terraform::TerraformError),
    /// The words of the command do not make sense.
    #[error("{0}")]
    Usage(String),
    /// The local AWS does not come up.
    #[error(transparent)]
    Local(#[from] crate::local::LocalError),
}

impl Error {
    /// The exit code that this error ends the process with.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Error::Interrupted { .. } => EXIT_INTERRUPTED,
            _ => EXIT_ERROR,
        }
    }
}

fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

fn told(errors: usize, warnings: usize) -> String {
    match (errors, warnings) {
        (0, warnings) => format!("{} refused by --deny warnings", count(warnings, "warning")),
        (errors, 0) => count(errors, "error"),
        (errors, warnings) => format!("{}, {}", count(errors, "error"), count(warnings, "warning")),
    }
}

fn conflicts(conflicts: &[Conflict]) -> String {
    let lines = conflicts.iter().map(|conflict| {
        let owner = conflict
            .owner
            .as_ref()
            .map_or_else(|| "without our tags".to_owned(), |owner| format!("and belongs to stack `{owner}`"));
        format!(
            "{}: `{}` exists already {owner}; rename it in the stack, or take it over with --adopt {}",
            conflict.address, conflict.name, conflict.address
        )
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn protected(protected: &[Protected]) -> String {
    let lines = protected.iter().map(|one| {
        let verb = if one.action == Action::Replace { "replace" } else { "delete" };
        format!(
            "{}: `{}` is protected, and this would {verb} it; set `protect: false` on it and apply that first",
            one.address, one.name
        )
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn stranded(stranded: &[Stranded]) -> String {
    let lines = stranded.iter().map(|one| {
        format!(
            "{}: moved from {}, which is named `{}`; write `name: {}` to keep it",
            one.to, one.from, one.name, one.name
        )
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn losses(losses: &[(String, String)]) -> String {
    let lines = losses
        .iter()
        .map(|(address, what)| format!("{address}: would lose {what}; consent with --allow-data-loss {address}"));
    lines.collect::<Vec<_>>().join("\n")
}
