//! `queuestack validate`: findings of stack files, without any AWS.

use clap::{Args as ClapArgs, ValueEnum};
use serde_json::json;

use super::session::{StacksArgs, read_stack};
use crate::diagnostic::{Diagnostics, Severity, Source};
use crate::error::Error;
use crate::report;

/// Arguments of `validate`.
#[derive(Debug, ClapArgs)]
pub struct Args {
    #[command(flatten)]
    stacks: StacksArgs,
    /// Fail on warnings too.
    #[arg(long, value_enum)]
    deny: Option<Deny>,
    /// Print the findings as this.
    #[arg(long, value_enum, conflicts_with = "json")]
    format: Option<Format>,
    /// Print JSON: the same as --format json.
    #[arg(long)]
    json: bool,
}

/// What `--deny` refuses.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Deny {
    /// Warnings.
    Warnings,
}

/// What findings are printed as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For a person at a terminal.
    Text,
    /// For programs.
    Json,
    /// SARIF 2.1.0, for code-scanning services.
    Sarif,
    /// Annotations of a GitHub workflow.
    Github,
}

/// Checks every file and tells of all findings, whatever the earlier files had.
pub fn run(args: &Args) -> Result<u8, Error> {
    let format = if args.json { Format::Json } else { args.format.unwrap_or(Format::Text) };
    let mut unread = Vec::new();
    let mut files = Vec::new();
    for file in &args.stacks.files {
        match read_stack(file, &args.stacks.variables) {
            Ok((stack, findings)) => {
                if format == Format::Text {
                    super::eprint(&report::diagnostics::text(&findings, &stack.source));
                    if findings.is_empty() {
                        super::print(&format!(
                            "{}: {} resources, no findings\n",
                            file.display(),
                            stack.resources.len()
                        ))?;
                    }
                }
                files.push((stack.source, findings));
            }
            Err(error) => {
                super::tell(&error);
                let causes = std::iter::successors(Some(&error as &dyn std::error::Error), |error| error.source());
                unread.push(causes.map(ToString::to_string).collect::<Vec<_>>().join(": "));
            }
        }
    }
    let count = |severity| files.iter().map(|(_, findings)| findings.count(severity)).sum::<usize>();
    let (errors, warnings) = (unread.len() + count(Severity::Error), count(Severity::Warning));
    print(format, &files, &unread, errors, warnings)?;
    let denied = if args.deny.is_some() { warnings } else { 0 };
    if errors + denied == 0 { Ok(0) } else { Err(Error::Invalid { errors, warnings }) }
}

/// Prints what is printed once for all files.
fn print(
    format: Format,
    files: &[(Source, Diagnostics)],
    unread: &[String],
    errors: usize,
    warnings: usize,
) -> Result<(), Error> {
    match format {
        Format::Text => Ok(()),
        Format::Json => {
            let findings = files.iter().map(|(source, findings)| report::diagnostics::json(findings, source));
            let findings: Vec<_> = findings.flat_map(|json| json.as_array().cloned().unwrap_or_default()).collect();
            super::print_json(&json!({
                "diagnostics": findings, "unread": unread, "errors": errors, "warnings": warnings
            }))
        }
        Format::Sarif => super::print_json(&report::sarif::sarif(files)),
        Format::Github => {
            let lines = files.iter().map(|(source, findings)| report::diagnostics::github(findings, source));
            let unread = unread.iter().map(|why| format!("::error::{}\n", why.replace(['\r', '\n'], " ")));
            super::print(&lines.chain(unread).collect::<String>())
        }
    }
}
