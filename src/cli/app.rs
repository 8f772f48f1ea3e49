//! The command line of a program that describes a stack: the same verbs, without the name of a file.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::OnceLock;

use clap::{ArgMatches, Command, CommandFactory as _, FromArgMatches as _};

use super::Cli;
use super::saved;
use super::session::VariableArgs;
use crate::construct;
use crate::diagnostic::Diagnostics;
use crate::error::Error;
use crate::model::Stack;

/// The stack of this program, when it describes one; a process has one command line and so one of these.
static STACK: OnceLock<(Stack, Diagnostics)> = OnceLock::new();

/// Verbs that are about stack files.
const OF_FILES: &[&str] = &["convert", "schema"];
/// Arguments that give a file, and those that fill in what stands in one.
const FILES: &[&str] = &["file", "files", "stack"];
const IN_FILES: &[&str] = &["var", "var_file", "made_of"];

/// Runs the command line on a stack that was described in Rust.
pub fn main(stack: construct::Stack) -> ExitCode {
    let name = stack.name().to_owned();
    let (model, mut findings) = stack.complete();
    findings.read_places(|file| std::fs::read_to_string(file).ok());
    let _ = STACK.set((model, findings));
    // Once a process: the arguments want texts that live as long.
    super::run_cli(parse(Box::leak(name.into_boxed_str())))
}

/// The stack of this program, in place of the one in a file.
///
/// # Errors
/// When variables are given: a program has none that are filled in from outside.
pub fn stack(variables: &VariableArgs) -> Result<Option<(Stack, Diagnostics)>, Error> {
    let Some((stack, findings)) = STACK.get() else { return Ok(None) };
    if !variables.var.is_empty() || !variables.var_file.is_empty() {
        let message = "--var and --var-file fill in stack files; this stack is written in Rust";
        return Err(Error::Usage(message.to_owned()));
    }
    Ok(Some((stack.clone(), findings.clone())))
}

fn parse(name: &'static str) -> Result<Cli, clap::Error> {
    let mut command = without_files(Cli::command(), name);
    let matches: Result<ArgMatches, clap::Error> = command.try_get_matches_from_mut(std::env::args_os());
    matches.and_then(|matches| Cli::from_arg_matches(&matches).map_err(|error| error.format(&mut command)))
}

/// Takes the arguments that name files out of every verb. The stack's own name can be given, and is the default.
fn without_files(command: Command, name: &'static str) -> Command {
    let about = format!("The stack {name}, described in Rust.");
    let verbs: Vec<String> = command.get_subcommands().map(|verb| verb.get_name().to_owned()).collect();
    let mut command = command.about(about).long_about(None).after_help(None::<&str>);
    for verb in verbs {
        command = command.mut_subcommand(&verb, |verb_command| {
            let hidden = OF_FILES.contains(&verb.as_str());
            verb_command.hide(hidden).mut_args(|arg| match arg.get_id().as_str() {
                id if FILES.contains(&id) => {
                    arg.required(false).hide(true).default_value(name).value_parser(own_name(name, verb == "apply"))
                }
                id if IN_FILES.contains(&id) => arg.hide(true),
                _ => arg,
            })
        });
    }
    command
}

/// Reads the stack's own name as the path that stands for it; where plans are taken, the path of one too.
fn own_name(name: &'static str, plans: bool) -> impl Fn(&str) -> Result<PathBuf, String> + Clone {
    move |text| {
        let known = text == name || plans && saved::is_one(Path::new(text));
        if known { Ok(text.into()) } else { Err(format!("this program describes the stack `{name}` alone")) }
    }
}
