//! The AWS CLI, as a client that shares no code with the product.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;

use super::run::clean;

const VERSION: &str = "awscli==1.46.2";

/// Runs the AWS CLI and reads what it prints; `Null` when it prints nothing.
#[track_caller]
pub fn aws(endpoint: &str, arguments: &[&str]) -> Value {
    let mut command = Command::new(installed());
    clean(&mut command);
    command
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_DEFAULT_REGION", "us-east-1");
    let output = command.args(["--endpoint-url", endpoint, "--output", "json"]).args(arguments).output().unwrap();
    assert!(output.status.success(), "aws {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap_or(Value::Null)
}

/// Asks for the URL of a queue.
#[track_caller]
pub fn url(endpoint: &str, name: &str) -> String {
    aws(endpoint, &["sqs", "get-queue-url", "--queue-name", name])["QueueUrl"].as_str().unwrap().to_owned()
}

/// The program in an environment of its own in the build folder; it is installed the first time.
fn installed() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| tool(VERSION, "aws"))
}

/// Installs a Python package of a version, `name==1.2.3`, into an environment of its own, and returns its program.
pub fn tool(requirement: &str, program: &str) -> PathBuf {
    let tmp = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let name = requirement.split("==").next().unwrap();
    let lock = File::create(tmp.join(format!("{name}.lock"))).unwrap();
    lock.lock().unwrap();
    let venv = tmp.join(name);
    let marker = venv.join(requirement);
    if !marker.exists() {
        let succeed = |command: &mut Command| {
            let output = command.output().unwrap();
            let told = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(output.status.success(), "cannot install {requirement}: {told}");
        };
        succeed(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&venv));
        succeed(Command::new(venv.join("bin/pip")).args(["install", "--quiet", "--no-input", requirement]));
        File::create(marker).unwrap();
    }
    venv.join("bin").join(program)
}
