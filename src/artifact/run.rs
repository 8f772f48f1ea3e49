//! Runs the build with the best tool there is, and follows what it writes.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde::Deserialize;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};
use tokio::process::{Child, Command};

use super::cargo::{Package, Target, cargo};
use super::flags::{self, Flags, Inherited};
use super::{Architecture, ArtifactError, BuildRequest, Progress};

/// How much of what cargo wrote an error repeats, in bytes: its end, where the errors are.
const OUTPUT_BYTES: usize = 64 << 10;

/// Says which cross-linking tools are installed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Tools {
    pub(super) zigbuild: bool,
    pub(super) lambda: bool,
}

/// Is a command that builds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tool {
    Zigbuild,
    Lambda,
    Cargo,
}

impl Tools {
    /// Looks for the tools as cargo and cargo-zigbuild would, as far as needed to choose one.
    pub(super) async fn find(folder: &Path) -> Self {
        let program =
            |variable: &str, default: &str| Command::new(std::env::var_os(variable).unwrap_or_else(|| default.into()));
        let zigbuild = works(cargo(folder, None).args(["zigbuild", "--help"])).await
            && (works(program("CARGO_ZIGBUILD_PYTHON_PATH", "python3").args(["-m", "ziglang", "version"])).await
                || works(program("CARGO_ZIGBUILD_ZIG_PATH", "zig").arg("version")).await);
        let lambda = !zigbuild && works(cargo(folder, None).args(["lambda", "build", "--help"])).await;
        Self { zigbuild, lambda }
    }

    /// Chooses the tool; `None` where only plain cargo is there and this machine is not like Lambda's.
    pub(super) fn choose(self, architecture: Architecture, os: &str, machine: &str) -> Option<Tool> {
        match self {
            Self { zigbuild: true, .. } => Some(Tool::Zigbuild),
            Self { lambda: true, .. } => Some(Tool::Lambda),
            _ if os == "linux" && architecture.triple().starts_with(machine) => Some(Tool::Cargo),
            _ => None,
        }
    }
}

async fn works(command: &mut Command) -> bool {
    let quiet = command.kill_on_drop(true).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    quiet.status().await.is_ok_and(|status| status.success())
}

impl Tool {
    fn name(self) -> &'static str {
        match self {
            Self::Zigbuild => "cargo zigbuild",
            Self::Lambda => "cargo lambda build",
            Self::Cargo => "cargo build",
        }
    }

    /// Names the target; with zig, which both cross tools use, the binary needs no newer glibc than the one that follows it.
    fn target(self, request: &BuildRequest) -> String {
        let triple = request.architecture.triple();
        match self {
            Self::Zigbuild | Self::Lambda => format!("{triple}.{}", request.runtime.glibc()),
            Self::Cargo => triple.to_owned(),
        }
    }

    fn arguments(self, package: &Package<'_>, request: &BuildRequest) -> Vec<OsString> {
        let target = self.target(request).into();
        match self {
            Self::Zigbuild => vec!["zigbuild".into(), "--target".into(), target],
            Self::Lambda => {
                let folder = package.lambda_dir(request.architecture).into();
                vec!["lambda".into(), "build".into(), "--target".into(), target, "--lambda-dir".into(), folder]
            }
            // Without --target this shares what the user's own builds have compiled.
            Self::Cargo => vec!["build".into()],
        }
    }
}

/// Builds a package and answers where cargo says its executable is.
pub(super) async fn build(
    package: &Package<'_>,
    tools: Tools,
    request: &BuildRequest,
    on: &mut (dyn FnMut(Progress) + Send),
) -> Result<PathBuf, ArtifactError> {
    let (os, machine) = (std::env::consts::OS, std::env::consts::ARCH);
    let name = &request.package;
    let tool = tools.choose(request.architecture, os, machine).ok_or_else(|| ArtifactError::NoTool {
        package: name.clone(),
        architecture: request.architecture,
        host: format!("{machine} {os}"),
    })?;
    let mut command = command(package, tool, request).await;
    on(Progress::Started {
        package: name.clone(),
        tool: tool.name(),
        target: tool.target(request),
        profile: package.profile.clone(),
    });
    let started = command.spawn().map_err(|source| ArtifactError::Cargo { folder: request.workspace.clone(), source });
    let ended = follow(started?, package, name, on).await;
    let ended = ended.map_err(|source| ArtifactError::Cargo { folder: request.workspace.clone(), source })?;
    if !ended.success {
        return Err(failure(name, tool, request.architecture, ended));
    }
    let not_produced = || ArtifactError::NotProduced {
        package: name.clone(),
        tool: tool.name().to_owned(),
        binary: package.binary.clone(),
    };
    let executable = ended.executable.ok_or_else(not_produced)?;
    // cargo-lambda moves what cargo made to the folder that it was given.
    Ok(if tool == Tool::Lambda { package.moved_by_lambda(request.architecture) } else { executable })
}

async fn command(package: &Package<'_>, tool: Tool, request: &BuildRequest) -> Command {
    let inherited = Inherited::read(request.architecture);
    let remaps = flags::remaps(&inherited, package.root, package.target_dir);
    let mut command = cargo(&request.workspace, request.target_dir.as_deref());
    command.args(tool.arguments(package, request)).args(["--package", &request.package, "--bin", &package.binary]);
    if let Some(features) = &request.features {
        command.args(["--no-default-features", &format!("--features={}", features.join(","))]);
    }
    command.args(["--profile", &package.profile, "--message-format", "json-render-diagnostics"]);
    command.args(["--config", &format!("profile.{}.strip=\"symbols\"", package.profile)]);
    match flags::place(&inherited, &flags::config(&request.workspace).await, request.architecture, &remaps) {
        Flags::Environment(name, value) => command.env(name, value),
        Flags::Config(setting) => command.args(["--config", &setting]),
    };
    command.envs(inherited.environment());
    command.env("CARGO_TERM_PROGRESS_WHEN", "always").env("CARGO_TERM_PROGRESS_WIDTH", "100");
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

struct Ended {
    success: bool,
    status: String,
    executable: Option<PathBuf>,
    output: String,
}

async fn follow(
    mut child: Child,
    package: &Package<'_>,
    name: &str,
    on: &mut (dyn FnMut(Progress) + Send),
) -> std::io::Result<Ended> {
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let (executable, output) = tokio::try_join!(executable(stdout, package), output(stderr, name, on))?;
    let status = child.wait().await?;
    Ok(Ended { success: status.success(), status: status.to_string(), executable, output })
}

/// Is a line of cargo's messages, as far as it is about an executable.
#[derive(Deserialize)]
struct Message {
    reason: String,
    package_id: Option<String>,
    target: Option<Target>,
    executable: Option<PathBuf>,
}

async fn executable(stdout: Option<impl AsyncRead + Unpin>, package: &Package<'_>) -> std::io::Result<Option<PathBuf>> {
    let (Some(stdout), mut found) = (stdout, None) else {
        return Ok(None);
    };
    let mut lines = BufReader::new(stdout).lines();
    while let Some(line) = lines.next_line().await? {
        // Tools may write lines of their own in between.
        let Ok(message) = serde_json::from_str::<Message>(&line) else {
            continue;
        };
        let ours = message.reason == "compiler-artifact" && message.package_id.as_deref() == Some(package.id);
        if ours && message.target.is_some_and(|target| target.is_binary() && target.name == package.binary) {
            found = message.executable.or(found);
        }
    }
    Ok(found)
}

/// Reports what cargo writes, and keeps the end of it for an error.
async fn output(
    stderr: Option<impl AsyncRead + Unpin>,
    package: &str,
    on: &mut (dyn FnMut(Progress) + Send),
) -> std::io::Result<String> {
    let Some(mut stderr) = stderr else {
        return Ok(String::new());
    };
    let (mut kept, mut line, mut chunk) = (Vec::new(), Vec::new(), [0; 4096]);
    loop {
        let read = stderr.read(&mut chunk).await?;
        for &byte in &chunk[..read] {
            // Cargo rewrites its progress bar in place: a carriage return ends a line too.
            if byte == b'\n' || byte == b'\r' {
                keep(&mut kept, &std::mem::take(&mut line), package, on);
            } else {
                line.push(byte);
            }
        }
        if read == 0 {
            keep(&mut kept, &line, package, on);
            return Ok(kept.join("\n"));
        }
    }
}

fn keep(kept: &mut Vec<String>, line: &[u8], package: &str, on: &mut (dyn FnMut(Progress) + Send)) {
    let text = String::from_utf8_lossy(line);
    let text = text.trim_end();
    let package = package.to_owned();
    if let Some((done, total, now)) = progress(text) {
        return on(Progress::Compiling { package, done, total, now: now.to_owned() });
    }
    kept.push(text.to_owned());
    if !text.is_empty() {
        on(Progress::Line { package, text: text.to_owned() });
    }
}

/// Reads cargo's progress bar: `    Building [====>      ] 12/45: serde, tokio`.
pub(super) fn progress(line: &str) -> Option<(usize, usize, &str)> {
    let (_, counts) = line.trim_start().strip_prefix("Building [")?.split_once("] ")?;
    let (counts, now) = counts.split_once(": ").unwrap_or((counts, ""));
    let (done, total) = counts.trim_end_matches(':').split_once('/')?;
    Some((done.trim().parse().ok()?, total.trim().parse().ok()?, now.trim()))
}

fn failure(package: &str, tool: Tool, architecture: Architecture, ended: Ended) -> ArtifactError {
    let (package, triple) = (package.to_owned(), architecture.triple());
    if ended.output.contains(&format!("the `{triple}` target may not be installed")) {
        return ArtifactError::NoTarget { package, triple: triple.to_owned() };
    }
    ArtifactError::Build { package, tool: tool.name().to_owned(), status: ended.status, output: errors(&ended.output) }
}

/// Leaves out what cargo wrote before its first warning or error.
pub(super) fn errors(output: &str) -> String {
    const ROUTINE: [&str; 10] = [
        "Compiling ",
        "Checking ",
        "Downloading ",
        "Downloaded ",
        "Updating ",
        "Locking ",
        "Adding ",
        "Blocking ",
        "Fresh ",
        "Finished ",
    ];
    let routine = |line: &&str| ROUTINE.iter().any(|verb| line.trim_start().starts_with(verb)) && line.starts_with(' ');
    let text = output.lines().filter(|line| !routine(line)).collect::<Vec<_>>().join("\n");
    let from = text.len().saturating_sub(OUTPUT_BYTES);
    text[text.ceil_char_boundary(from)..].trim().to_owned()
}
