//! The command line: arguments here, one file a verb.

mod app;
mod apply;
mod backend;
mod build;
mod convert;
mod destroy;
mod dev;
mod dlq;
mod drift;
mod expand;
mod explain;
mod format;
mod guard;
mod import;
mod load;
mod local;
mod outputs;
mod plan;
mod policy;
mod render;
mod saved;
mod schema;
mod session;
mod survey;
mod target;
mod validate;

use std::io::Write as _;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::error::{EXIT_ERROR, EXIT_OK, Error};

/// Job queues on AWS from a page of YAML.
///
/// A stack file names queues, their dead-letter queues and alarms; queuestack compares it with what is in the
/// account, shows what would change, and changes it. There is no state file: the account is the state.
///
/// Without a target a command works on the local AWS of this machine, which is brought up on demand. Real
/// accounts are reached only when asked for: by --profile, by --target aws, or by AWS_PROFILE or credentials in
/// the environment.
///
/// Exit codes: 0 done, 1 error, 2 changes (plan --detailed-exitcode, drift), 130 stopped by Ctrl-C. Of several
/// stacks: 1 if any failed, else 2 if any has changes, else 0.
#[derive(Debug, Parser)]
#[command(name = "queuestack", version, max_term_width = 110, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// Tell more on standard error: -v decisions, -vv every call to AWS.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    verbose: u8,
}

const EXAMPLES: &str = "Examples:
  queuestack apply stacks/calendar.yaml                    plan, ask, apply on the local AWS
  queuestack plan stacks/calendar.yaml --profile staging   what would change in an account
  queuestack plan stacks/*.yaml --format markdown          a comment for a pull request
  queuestack plan stacks/orders.yaml --out orders.qsp      save the plan; `apply orders.qsp` does exactly that
  queuestack validate stacks/*.yaml --deny warnings        check files without any AWS
  queuestack dlq list stacks/calendar.yaml                 what became a dead letter, and why
  queuestack explain QS101                                 what a code means and what to do";

#[derive(Debug, Subcommand)]
enum Command {
    /// Check stack files without asking AWS.
    Validate(validate::Args),
    /// Show what would change.
    Plan(plan::Args),
    /// Show what would change, ask, and change it; or do what a saved plan says.
    Apply(apply::Args),
    /// Show where the account differs from the stack; exit with 2 if it does.
    Drift(drift::Args),
    /// Build the workers of a stack, without any AWS.
    Build(build::Args),
    /// Delete everything that a stack owns.
    Destroy(destroy::Args),
    /// Bring a stack up on the local AWS and watch it work.
    Dev(dev::Args),
    /// Send many jobs to a queue and measure how its workers handle them.
    Load(load::Args),
    /// Look at the dead letters of a stack, send them back, or drop them.
    Dlq(dlq::Args),
    /// Show a stack with every short form and default written out.
    ///
    /// For a stack that is written in Rust this is `synth`: what the program describes, as a stack file.
    #[command(visible_alias = "synth")]
    Expand(expand::Args),
    /// Print a stack file as a program in Rust, to start from.
    Convert(convert::Args),
    /// Write a stack as Terraform configuration.
    Render(render::Args),
    /// Write a stack file for queues that exist, with what belongs to them.
    Import(import::Args),
    /// Print queue URLs, ARNs and names of a stack, for applications.
    Outputs(outputs::Args),
    /// Print the IAM policy that whoever deploys a stack needs.
    Policy(policy::Args),
    /// Explain a code such as QS101.
    Explain(explain::Args),
    /// Print the JSON Schema of stack files, for editors, or of plans.
    Schema(schema::Args),
    /// Run the local AWS.
    Local(local::Args),
    /// Print completions for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

pub use app::main as app;

/// Parses the arguments, runs the command, and turns its end into an exit code.
pub fn main() -> ExitCode {
    run_cli(Cli::try_parse())
}

fn run_cli(parsed: Result<Cli, clap::Error>) -> ExitCode {
    let cli = match parsed {
        Ok(cli) => cli,
        Err(answer) => return refused(&answer),
    };
    logging(cli.verbose);
    match run(cli.command) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            tell(&error);
            ExitCode::from(error.exit_code())
        }
    }
}

/// Prints help, the version or what is wrong with the arguments. clap's own exit code for the last is 2, which here
/// means that there are changes.
fn refused(answer: &clap::Error) -> ExitCode {
    let _ = answer.print();
    ExitCode::from(if answer.use_stderr() { EXIT_ERROR } else { EXIT_OK })
}

fn logging(verbose: u8) {
    let level = match verbose {
        0 => return,
        1 => "queuestack=debug",
        _ => "queuestack=trace,aws_smithy_runtime=debug",
    };
    let ansi = anstream::AutoStream::choice(&std::io::stderr()) != anstream::ColorChoice::Never;
    let subscriber = tracing_subscriber::fmt().with_writer(std::io::stderr).with_ansi(ansi).with_env_filter(level);
    subscriber.init();
}

fn run(command: Command) -> Result<u8, Error> {
    match command {
        Command::Validate(args) => validate::run(&args),
        Command::Expand(args) => expand::run(&args),
        Command::Convert(args) => convert::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Schema(args) => schema::run(&args),
        Command::Completions { shell } => {
            let mut command = <Cli as clap::CommandFactory>::command();
            clap_complete::generate(shell, &mut command, "queuestack", &mut std::io::stdout());
            Ok(0)
        }
        Command::Plan(args) => asynchronously(plan::run(args)),
        Command::Drift(args) => asynchronously(drift::run(args)),
        Command::Apply(args) => asynchronously(apply::run(args)),
        Command::Import(args) => asynchronously(import::run(args)),
        Command::Outputs(args) => asynchronously(outputs::run(args)),
        Command::Policy(args) => asynchronously(policy::run(args)),
        Command::Build(args) => asynchronously(build::run(args)),
        Command::Dev(args) => asynchronously(dev::run(args)),
        Command::Dlq(args) => asynchronously(dlq::run(args)),
        Command::Load(args) => asynchronously(load::run(args)),
        Command::Render(args) => asynchronously(render::run(args)),
        Command::Destroy(args) => asynchronously(destroy::run(args)),
        Command::Local(args) => asynchronously(local::run(args)),
    }
}

/// Runs a command that talks to AWS; the others start no runtime.
fn asynchronously(command: impl Future<Output = Result<u8, Error>>) -> Result<u8, Error> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Error::Usage(format!("cannot start: {error}")))?;
    let result = runtime.block_on(command);
    // Connections that idle in the background must not hold the process up.
    runtime.shutdown_background();
    result
}

/// Tells of an error and its causes, each once.
fn tell(error: &Error) {
    tell_of("", error);
}

/// Tells of an error, with the words for what it is about before each of its lines.
fn tell_of(what: &str, error: &Error) {
    let mut stderr = anstream::stderr();
    let red = anstyle::AnsiColor::Red.on_default().bold();
    for line in error.to_string().lines() {
        let _ = writeln!(stderr, "{red}error{red:#}: {what}{line}");
    }
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        let _ = writeln!(stderr, "  because: {cause}");
        source = cause.source();
    }
}

/// Prints to standard output; a reader that closed the pipe early is no error.
fn print(text: &str) -> Result<(), Error> {
    let mut stdout = anstream::stdout();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => std::process::exit(EXIT_ERROR.into()),
        result => result.map_err(|source| Error::File { path: "standard output".to_owned(), source }),
    }
}

/// Prints JSON to standard output, for machines.
fn print_json(json: &serde_json::Value) -> Result<(), Error> {
    print(&format!("{json:#}\n"))
}

/// Prints to standard error.
fn eprint(text: &str) {
    let _ = write!(anstream::stderr(), "{text}");
}

/// Says something to the person on standard error.
fn say(line: &str) {
    let _ = writeln!(anstream::stderr(), "{line}");
}
