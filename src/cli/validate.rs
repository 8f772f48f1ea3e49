//! `queuestack validate`: findings of stack files, without any AWS.

use std::io::Write as _;
use std::path::PathBuf;

use clap::{Args as ClapArgs, ValueEnum};
use serde_json::json;

use super::session::{VariableArgs, read_stack};
use crate::diagnostic::Severity;
use crate::error::Error;
use crate::report;

/// Arguments of `validate`.
#[derive(Debug, ClapArgs)]
pub struct Args {
    /// The stack files.
    #[arg(value_name = "STACK", required = true)]
    files: Vec<PathBuf>,
    #[command(flatten)]
    variables: VariableArgs,
    /// Fail on warnings too.
    #[arg(long, value_enum)]
    deny: Option<Deny>,
    /// Print the findings as JSON.
    #[arg(long)]
    json: bool,
}

/// What `--deny` refuses.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Deny {
    /// Warnings.
    Warnings,
}

/// Checks every file and tells of all findings, whatever the earlier files had.
pub fn run(args: &Args) -> Result<u8, Error> {
    let (mut errors, mut warnings) = (0, 0);
    let mut findings = Vec::new();
    for file in &args.files {
        let (stack, diagnostics) = match read_stack(file, &args.variables) {
            Ok(read) => read,
            Err(error) => {
                super::tell(&error);
                errors += 1;
                continue;
            }
        };
        errors += diagnostics.count(Severity::Error);
        warnings += diagnostics.count(Severity::Warning);
        if args.json {
            let json = report::diagnostics::json(&diagnostics, &stack.source);
            findings.extend(json.as_array().cloned().unwrap_or_default());
        } else {
            let _ = write!(anstream::stderr(), "{}", report::diagnostics::text(&diagnostics, &stack.source));
            if diagnostics.is_empty() {
                super::print(&format!("{}: {} resources, no findings\n", file.display(), stack.resources.len()))?;
            }
        }
    }
    if args.json {
        super::print_json(&json!({"diagnostics": findings, "errors": errors, "warnings": warnings}))?;
    }
    let denied = if args.deny.is_some() { warnings } else { 0 };
    if errors + denied == 0 { Ok(0) } else { Err(Error::Invalid { errors, warnings }) }
}
