//! The binary in a clean environment, as another process.

use std::io::Write as _;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

/// A command line that has not run yet.
pub struct Run(Command);

/// What a command came to.
#[derive(Debug)]
pub struct Output {
    /// The exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

/// Runs queuestack with these arguments against an endpoint.
pub fn run(endpoint: &str, arguments: &[&str]) -> Output {
    Run::new(arguments).at(endpoint).output()
}

impl Run {
    /// Prepares a command without any AWS settings, without a terminal, and far from home.
    pub fn new(arguments: &[&str]) -> Run {
        let mut command = Command::new(env!("CARGO_BIN_EXE_queuestack"));
        clean(&mut command);
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Run(command)
    }

    /// Sends it to an endpoint.
    pub fn at(mut self, endpoint: &str) -> Run {
        self.0.args(["--endpoint", endpoint]);
        self
    }

    /// Sets a variable of its environment.
    pub fn env(mut self, name: &str, value: &str) -> Run {
        self.0.env(name, value);
        self
    }

    /// Gives it a text to read, through a pipe.
    pub fn reads(mut self, text: &str) -> Output {
        let mut child = self.0.stdin(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        wait(child)
    }

    /// Starts it.
    pub fn spawn(mut self) -> Child {
        self.0.spawn().unwrap()
    }

    /// Runs it to its end.
    pub fn output(self) -> Output {
        wait(self.spawn())
    }
}

/// Waits for the end of a started command.
pub fn wait(child: Child) -> Output {
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Output { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// Takes everything out of a command's environment that could lead it to a real account.
pub fn clean(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        if name.starts_with("AWS_") || name.starts_with("QUEUESTACK_") || name.starts_with("CLICOLOR") {
            command.env_remove(&*name);
        }
    }
    command.env("AWS_CONFIG_FILE", "/dev/null").env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null");
    command.env("AWS_EC2_METADATA_DISABLED", "true").env("NO_COLOR", "1");
}

impl Output {
    /// Expects an exit code; anything else is shown with all that was printed.
    #[track_caller]
    pub fn exits(self, code: i32) -> Output {
        assert_eq!(self.code, Some(code), "\n--- stdout\n{}\n--- stderr\n{}", self.stdout, self.stderr);
        self
    }

    /// Expects standard error to have a text.
    #[track_caller]
    pub fn says(self, text: &str) -> Output {
        assert!(self.stderr.contains(text), "no {text:?} in\n{}", self.stderr);
        self
    }

    /// Expects standard output to have a text.
    #[track_caller]
    pub fn prints(self, text: &str) -> Output {
        assert!(self.stdout.contains(text), "no {text:?} in\n{}", self.stdout);
        self
    }

    /// Reads standard output as one JSON document.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}\n{}\n{}", self.stdout, self.stderr))
    }

    /// The changes of a plan in JSON: `address attribute`, in order; the action alone where nothing is compared.
    #[track_caller]
    pub fn changes(&self) -> Vec<String> {
        let plan = self.json();
        let steps = plan["steps"].as_array().unwrap().iter();
        let changes = steps.flat_map(|step| {
            let (address, action) = (step["address"].as_str().unwrap(), step["action"].as_str().unwrap());
            match step["changes"].as_array().unwrap().as_slice() {
                changes if action == "update" || action == "adopt" => {
                    changes.iter().map(|one| format!("{address} {}", one["attribute"].as_str().unwrap())).collect()
                }
                _ => vec![format!("{action} {address}")],
            }
        });
        changes.collect()
    }
}
