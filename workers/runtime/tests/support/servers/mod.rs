//! Real servers for tests, each private to the test process: found on this machine, started in a temporary folder on
//! a free port of the loopback interface, stopped when the test process ends, however it ends.

// Each test file takes what it needs.
#![allow(dead_code)]

pub mod mariadb;
pub mod postgres;
pub mod python;

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

/// How long a server may take until it listens. Machines that build at the same time are slow.
const PATIENCE: Duration = Duration::from_secs(60);

/// Finds a port that is free and below those that the system hands out to clients.
pub fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = 20_000 + u16::try_from(std::process::id() % 10_000).unwrap();
    loop {
        let port = first + NEXT.fetch_add(1, Ordering::Relaxed);
        assert!(port < 32_000, "no free port");
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
}

/// A new folder below the system's temporary one: database servers of another user must be able to reach it.
pub fn folder(name: &str) -> PathBuf {
    let folder = tempfile::Builder::new().prefix(&format!("queuestack-{name}-")).tempdir().unwrap();
    folder.keep()
}

/// The user that servers run as which refuse to run as root: its user and group id.
pub fn unprivileged() -> Option<(u32, u32)> {
    if id(&["-u"]) != Some(0) {
        return None;
    }
    let user =
        ["postgres", "mysql", "nobody"].into_iter().find_map(|name| Some((id(&["-u", name])?, id(&["-g", name])?)));
    Some(user.expect("a user besides root: adduser --system nobody"))
}

fn id(arguments: &[&str]) -> Option<u32> {
    let output = Command::new("id").args(arguments).output().ok()?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}

/// A command that runs as the unprivileged user, in a folder that is its own.
pub fn command(program: &Path, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder).env("HOME", folder).env("LC_ALL", "C");
    if let Some((user, group)) = unprivileged() {
        std::os::unix::fs::chown(folder, Some(user), Some(group)).unwrap();
        command.uid(user).gid(group);
    }
    command
}

/// Finds a program in the `PATH` and in these folders, whose `*` stands for any name.
pub fn program(name: &str, folders: &[&str], package: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut candidates: Vec<PathBuf> = std::env::split_paths(&path).map(|folder| folder.join(name)).collect();
    for folder in folders {
        match folder.split_once("/*/") {
            None => candidates.push(Path::new(folder).join(name)),
            Some((before, after)) => {
                let found = std::fs::read_dir(before).into_iter().flatten().flatten();
                let mut found: Vec<_> = found.map(|entry| entry.path().join(after).join(name)).collect();
                found.sort();
                candidates.extend(found.into_iter().rev());
            }
        }
    }
    let found = candidates.into_iter().find(|path| path.is_file());
    found.unwrap_or_else(|| panic!("{name} is missing: apt-get install {package}"))
}

/// Runs a command to its end and shows what it said when it failed.
pub fn finish(mut command: Command) {
    let output = command.output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&said));
}

/// Starts a server that ends with this process, and waits until it listens. Its folder goes with it.
pub fn serve(server: Command, folder: &Path, port: u16) {
    let mut shell = Command::new("/bin/sh");
    shell.current_dir(folder);
    start(shell, server, folder, port);
}

/// Starts a server that refuses to run as root.
pub fn serve_unprivileged(server: Command, folder: &Path, port: u16) {
    start(command(Path::new("/bin/sh"), folder), server, folder, port);
}

fn start(mut shell: Command, server: Command, folder: &Path, port: u16) {
    // The shell reads until the pipe from this process closes, as it does when the process is killed too.
    // The server itself must not inherit that signals are ignored.
    let script = r#"trap "" INT TERM; (trap - INT TERM; exec "$@" < /dev/null > server.log 2>&1) &
        read -r _; kill -TERM $!; wait $!; rm -rf "$PWD""#;
    shell.args(["-c", script, "sh"]).arg(server.get_program()).args(server.get_args());
    shell.envs(server.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let child =
        shell.process_group(0).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    // Never dropped: the pipe must stay open for as long as this process lives.
    std::mem::forget(child);
    let (started, address) = (Instant::now(), SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    while TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_err() {
        let log = || std::fs::read_to_string(folder.join("server.log")).unwrap_or_default();
        assert!(started.elapsed() < PATIENCE, "{server:?} does not listen on {port}: {}", log());
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Gets a page of this machine: its status and text.
pub fn get(url: &str) -> (u16, String) {
    use std::io::{Read, Write};
    let (address, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET /{path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, text) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), text.to_owned())
}

/// Runs an ignored test of this test binary as a program, in an otherwise empty environment, until it says this, then
/// asks it to stop; its exit code, its lines of JSON, and how long it took to stop.
pub fn program_output(test: &str, environment: &[(&str, &str)], until: &str) -> ((Option<i32>, String), Duration) {
    use std::io::{BufRead, BufReader};
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--ignored", "--nocapture", "--test-threads", "1"]);
    command.env_clear().envs(environment.iter().copied()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut said = String::new();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    while lines.read_line(&mut said).unwrap() > 0 && !said.contains(until) {}
    finish({
        let mut kill = Command::new("sh");
        kill.args(["-c", "kill -TERM $0 2> /dev/null || true", &child.id().to_string()]);
        kill
    });
    let began = Instant::now();
    while lines.read_line(&mut said).unwrap() > 0 {}
    // The test harness says something, too; its last word stands before the first line.
    let said = said.lines().filter_map(|line| line.find('{').map(|at| format!("{}\n", &line[at..]))).collect();
    ((child.wait().unwrap().code(), said), began.elapsed())
}
