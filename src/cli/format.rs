//! In which format a command tells of its stacks.

use std::fs::OpenOptions;
use std::io::Write as _;

use clap::{Args, ValueEnum};

use crate::error::{EXIT_CHANGES, EXIT_OK, Error};
use crate::report;
use crate::report::plan::{MOST_CHARACTERS, Told};

/// What a plan is printed as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For a person at a terminal.
    #[default]
    Text,
    /// For programs; `queuestack schema plan` says what is in it.
    Json,
    /// For the comment of a pull request: at most 65 000 characters, after a marker to find it by.
    Markdown,
    /// For a GitHub workflow: annotations, and the Markdown as the summary of the step.
    Github,
}

/// Options that say how a plan is printed.
#[derive(Clone, Debug, Default, Args)]
pub struct FormatArgs {
    /// Print as this.
    #[arg(long, value_enum, conflicts_with = "json")]
    pub format: Option<Format>,
    /// Print JSON: the same as --format json.
    #[arg(long)]
    pub json: bool,
}

impl FormatArgs {
    /// The format that was asked for.
    #[must_use]
    pub fn get(&self) -> Format {
        if self.json { Format::Json } else { self.format.unwrap_or_default() }
    }

    /// Tells whether machines read along.
    #[must_use]
    pub fn is_json(&self) -> bool {
        self.get() == Format::Json
    }
}

/// Prints all that is told, in the order of the arguments.
///
/// # Errors
/// When it cannot be printed.
pub fn print(all: &[Told], format: Format) -> Result<(), Error> {
    for told in all.iter().filter(|_| format != Format::Github) {
        super::eprint(&report::diagnostics::text(&told.findings, &told.stack.source));
        if format == Format::Text {
            super::print(&report::plan::text(told))?;
        }
        // The error of one stack alone is told when the command ends.
        if let Some(error) = told.error.as_ref().filter(|_| all.len() > 1) {
            super::tell_of(&format!("{}: ", told.file), error);
        }
        if format == Format::Text && all.len() > 1 && told.planned.is_some() {
            super::print("\n")?;
        }
    }
    match format {
        Format::Text => Ok(()),
        Format::Json => super::print_json(&report::plan::json(all)),
        Format::Markdown => super::print(&report::plan::markdown(all, MOST_CHARACTERS)),
        Format::Github => {
            super::print(&all.iter().map(report::plan::annotations).collect::<String>())?;
            add_to_summary(&report::plan::markdown(all, MOST_CHARACTERS))
        }
    }
}

/// Adds to the summary that GitHub shows of a workflow's step; elsewhere there is none.
///
/// # Errors
/// When there is one and it cannot be written.
pub fn add_to_summary(markdown: &str) -> Result<(), Error> {
    let Some(path) = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty()) else { return Ok(()) };
    let failed = |source| Error::File { path: path.to_string_lossy().into_owned(), source };
    let mut file = OpenOptions::new().append(true).create(true).open(&path).map_err(failed)?;
    file.write_all(format!("{markdown}\n").as_bytes()).map_err(failed)
}

/// Turns what is told into the end of the command: an error if any stack failed, else whether any has changes.
///
/// # Errors
/// The error of the one stack, or how many of several failed.
pub fn end(mut all: Vec<Told>, detailed: bool) -> Result<u8, Error> {
    if let [told] = all.as_mut_slice()
        && let Some(error) = told.error.take()
    {
        return Err(error);
    }
    let failed = all.iter().filter(|told| told.error.is_some()).count();
    if failed > 0 {
        return Err(Error::Several { failed, of: all.len() });
    }
    Ok(if detailed && all.iter().any(Told::has_changes) { EXIT_CHANGES } else { EXIT_OK })
}
