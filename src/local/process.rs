//! Starts the emulator in the background, recognises it again, and stops it.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{Child, Command};

use super::LocalError;
use super::error::at;
use super::files::Files;
use super::install;

const TERM_WITHIN: Duration = Duration::from_secs(5);
const KILL_WITHIN: Duration = Duration::from_secs(2);
const POLL: Duration = Duration::from_millis(20);

/// What must not reach the emulator, since it hands its environment on to every function.
const CREDENTIALS: [&str; 13] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
];

/// What other programs call their settings too, and an emulator would take for its own.
const MISTAKABLE: [&str; 7] =
    ["AUTH", "EDGE_PORT", "LOCALSTACK_HOSTNAME", "LOG_LEVEL", "PYTHONHOME", "PYTHONPATH", "SERVICES"];

/// An emulator that does not answer yet.
#[derive(Debug)]
pub(super) struct Starting {
    pub(super) pid: u32,
    /// How long the log was before.
    pub(super) log_start: u64,
    /// The handle, if this very call started it. Dropping it leaves the process running.
    pub(super) child: Option<Child>,
}

impl Starting {
    /// Tells whether the process has not ended.
    ///
    /// A handle knows better than [`ours`], which for a moment after the start sees no arguments.
    pub(super) fn is_alive(&mut self, files: &Files) -> bool {
        match &mut self.child {
            Some(child) => matches!(child.try_wait(), Ok(None)),
            None => ours(files) == Some(self.pid),
        }
    }
}

/// Starts the installed emulator.
pub(super) fn start(files: &Files, endpoint: &str) -> Result<Starting, LocalError> {
    let temp = files.fresh_temp()?;
    let log = files.open_log()?;
    let log_start = files.log_len();
    let python = install::python(files);
    let mut command = command(files, endpoint, &temp);
    command.stdin(Stdio::null()).stdout(log.try_clone().map_err(at("write", &files.log()))?).stderr(log);
    let child = command.spawn().map_err(at("run", &python))?;
    let pid = child.id().unwrap_or_default();
    files.remember_pid(pid)?;
    Ok(Starting { pid, log_start, child: Some(child) })
}

/// Makes the command line and environment of the emulator.
fn command(files: &Files, endpoint: &str, temp: &Path) -> Command {
    let fill = |text: &str| {
        let text = text.replace("{port}", &files.port().to_string()).replace("{endpoint}", endpoint);
        text.replace("{edition}", &files.edition()).replace("{temp}", &temp.to_string_lossy())
    };
    // By way of the interpreter, because the first line of a script breaks when its folder moves.
    let mut command = Command::new(install::python(files));
    let mut arguments = files.emulator.arguments.iter();
    command.args(arguments.next().map(|program| files.venv().join(program)));
    command.args(arguments.map(|argument| fill(argument)));
    for name in CREDENTIALS.iter().chain(&MISTAKABLE) {
        command.env_remove(name);
    }
    command
        .envs(files.emulator.environment.iter().map(|(name, value)| (name, fill(value))))
        .env("TMPDIR", temp)
        // A group of its own: out of reach of Ctrl-C, and stopped together with its functions.
        .process_group(0);
    command
}

/// Returns the process in the pid file if it lives and is this emulator, from this home.
pub(super) fn ours(files: &Files) -> Option<u32> {
    let pid = files.pid()?;
    let line = command_line(pid)?;
    let prefix = files.venv_prefix();
    let program = files.emulator.arguments.first().is_some_and(|program| line.contains(&format!("/{program}")));
    (program && line.contains(&*prefix.to_string_lossy())).then_some(pid)
}

/// Returns the arguments of a living process; an ended one that awaits its parent has none.
#[cfg(target_os = "linux")]
fn command_line(pid: u32) -> Option<String> {
    let arguments = std::fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    Some(String::from_utf8_lossy(&arguments).replace('\0', " "))
}

/// Returns the arguments of a living process; an ended one that awaits its parent has none.
#[cfg(not(target_os = "linux"))]
fn command_line(pid: u32) -> Option<String> {
    let mut ps = std::process::Command::new("ps");
    let output = ps.args(["-ww", "-o", "command=", "-p", &pid.to_string()]).output().ok()?;
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Ends the process and the functions in its group: asks first, kills after 5 seconds.
pub(super) async fn stop(files: &Files, pid: u32) -> Result<(), LocalError> {
    signal(files, pid, Signal::TERM)?;
    let asked = gone(files, pid, TERM_WITHIN).await;
    // Even when it obeyed: a function may have ignored the question.
    signal(files, pid, Signal::KILL)?;
    if asked || gone(files, pid, KILL_WITHIN).await {
        return Ok(());
    }
    Err(LocalError::Stop { emulator: files.emulator, pid, source: None })
}

async fn gone(files: &Files, pid: u32, within: Duration) -> bool {
    let deadline = Instant::now() + within;
    while ours(files) == Some(pid) {
        if Instant::now() >= deadline {
            return false;
        }
        tokio::time::sleep(POLL).await;
    }
    true
}

/// Signals the group that the process leads; one that has no members left is no error.
fn signal(files: &Files, pid: u32, signal: Signal) -> Result<(), LocalError> {
    let group = i32::try_from(pid).ok().and_then(Pid::from_raw);
    let sent = group.map_or(Err(Errno::SRCH), |group| kill_process_group(group, signal));
    match sent {
        Ok(()) | Err(Errno::SRCH) => Ok(()),
        Err(error) => Err(LocalError::Stop { emulator: files.emulator, pid, source: Some(error.into()) }),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{EMULATORS, Emulator, MINISTACK};
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn the_emulator_gets_no_credentials_and_points_functions_at_itself() {
        let folder = tempfile::tempdir().unwrap();
        let files = Files::create(folder.path(), 4599, &MINISTACK).unwrap();
        let command = command(&files, "http://127.0.0.1:4599", folder.path());
        let environment: BTreeMap<_, _> = command.as_std().get_envs().collect();
        let value = |name: &str| environment[std::ffi::OsStr::new(name)].and_then(|v| v.to_str());
        for name in CREDENTIALS {
            assert_eq!(value(name), None, "{name}");
        }
        assert_eq!(value("BIND_HOST"), Some("127.0.0.1"));
        assert_eq!(value("GATEWAY_PORT"), Some("4599"));
        assert_eq!(value("AWS_ENDPOINT_URL"), Some("http://127.0.0.1:4599"));
    }

    #[test]
    fn the_settings_of_localstack_are_in_its_own_script() {
        let folder = tempfile::tempdir().unwrap();
        let files = Files::create(folder.path(), 4599, Emulator::named("localstack").unwrap()).unwrap();
        let command = command(&files, "http://127.0.0.1:4599", Path::new("/t"));
        let arguments: Vec<_> = command.as_std().get_args().map(|argument| argument.to_string_lossy()).collect();
        assert!(arguments[0].ends_with("/local/localstack-2026.3.0/executor/start.py"), "{arguments:?}");
        assert_eq!(arguments[1..], ["4599", "/t", &files.edition()]);
    }

    #[test]
    fn a_reused_pid_is_not_ours() {
        let folder = tempfile::tempdir().unwrap();
        for emulator in EMULATORS {
            let files = Files::create(folder.path(), 1, emulator).unwrap();
            assert_eq!(ours(&files), None);
            files.remember_pid(std::process::id()).unwrap();
            assert_eq!(ours(&files), None);
        }
    }
}
