//! Processes, from start to end: wall time and peak memory.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};

use super::floor::Failure;

/// Wall times of the same thing done several times.
#[derive(Debug, Clone, Default)]
pub struct Times(Vec<Duration>);

impl Times {
    /// Adds one more time.
    pub fn push(&mut self, time: Duration) {
        self.0.push(time);
        self.0.sort_unstable();
    }

    /// Returns the shortest time in milliseconds; 0 when nothing was measured.
    #[must_use]
    pub fn min(&self) -> f64 {
        self.0.first().copied().unwrap_or_default().as_secs_f64() * 1e3
    }

    /// Returns the median time in milliseconds, the upper one of two; 0 when nothing was measured.
    #[must_use]
    pub fn median(&self) -> f64 {
        self.0.get(self.0.len() / 2).copied().unwrap_or_default().as_secs_f64() * 1e3
    }
}

/// A program to measure, with the environment of the benchmark: test credentials and nothing else of AWS.
#[derive(Debug, Clone)]
pub struct Program {
    path: PathBuf,
    first: Vec<String>,
}

impl Program {
    /// Makes a program of the executable at `path`, with arguments that come before all others.
    #[must_use]
    pub fn new(path: &Path, first: &[&str]) -> Self {
        Self { path: path.to_owned(), first: first.iter().map(|&argument| argument.to_owned()).collect() }
    }

    /// Makes the command that runs the program with `arguments`.
    #[must_use]
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.path);
        command.args(&self.first).args(arguments).stdin(Stdio::null());
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("AWS_") {
                command.env_remove(name);
            }
        }
        command.env("AWS_ACCESS_KEY_ID", "test").env("AWS_SECRET_ACCESS_KEY", "test").env("AWS_REGION", "us-east-1");
        command
    }

    /// Runs the program with `arguments` and returns its wall time.
    ///
    /// # Errors
    /// When it does not start or does not exit with 0; the error holds the end of what it printed.
    pub fn time(&self, arguments: &[&str]) -> Result<Duration, Failure> {
        time(&mut self.command(arguments), &[0])
    }

    /// Runs the program with `arguments` and returns the most memory it held, in bytes.
    ///
    /// A process in between starts it, so that this process's own size does not count.
    ///
    /// # Errors
    /// When it does not start or does not exit with 0.
    pub fn peak_memory(&self, arguments: &[&str]) -> Result<u64, Failure> {
        let mut command = Self::new(&std::env::current_exe()?, &["--peak-memory"]).command(&[]);
        command.arg(&self.path).args(&self.first).args(arguments);
        let output = command.output()?;
        if !output.status.success() {
            return Err(told(&command, &output));
        }
        Ok(String::from_utf8(output.stdout)?.trim().parse()?)
    }
}

/// Runs `command` and returns its wall time, from before it starts until it is gone.
///
/// # Errors
/// When it does not start or exits with a code that is not in `accepted`.
pub fn time(command: &mut Command, accepted: &[i32]) -> Result<Duration, Failure> {
    let begun = Instant::now();
    let output = command.output().map_err(|error| format!("{}: {error}", command.get_program().display()))?;
    let elapsed = begun.elapsed();
    let code = output.status.code();
    if code.is_some_and(|code| accepted.contains(&code)) { Ok(elapsed) } else { Err(told(command, &output)) }
}

/// Runs a program to its end and prints the most memory it held, in bytes: the other side of [`Program::peak_memory`].
///
/// # Errors
/// When it does not start or does not exit with 0.
pub fn print_peak_memory(arguments: &[String]) -> Result<(), Failure> {
    let (program, arguments) = arguments.split_first().ok_or("no program to measure")?;
    let status = Command::new(program).args(arguments).stdout(Stdio::null()).status()?;
    if !status.success() {
        return Err(format!("{program}: {status}").into());
    }
    let peak = getrusage(UsageWho::RUSAGE_CHILDREN)?.max_rss();
    // Linux counts in KiB, macOS in bytes.
    let unit = if cfg!(target_os = "macos") { 1 } else { 1024 };
    println!("{}", peak * unit);
    Ok(())
}

/// Tells how a command failed, with the last lines that it printed.
fn told(command: &Command, output: &std::process::Output) -> Failure {
    let arguments: Vec<_> = command.get_args().map(|argument| argument.to_string_lossy()).collect();
    let text = [String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr)].concat();
    let lines: Vec<&str> = text.lines().collect();
    let last = lines[lines.len().saturating_sub(20)..].join("\n");
    format!("{} {}: {}\n{last}", command.get_program().display(), arguments.join(" "), output.status).into()
}
