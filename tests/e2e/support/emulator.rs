//! One local AWS for the whole run, brought up by the product itself and stopped when the run is over.

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU16, Ordering};

use super::run::{Run, clean};

/// The URL of the shared emulator; the first to ask brings it up.
pub fn endpoint() -> &'static str {
    static ENDPOINT: OnceLock<String> = OnceLock::new();
    ENDPOINT.get_or_init(own)
}

/// The URL of an emulator that nobody else uses.
pub fn own() -> String {
    let (home, port) = (home(), free_port().to_string());
    stop_with_this_process(&home, &port);
    let up = Run::new(&["local", "up", "--json", "--port", &port, "--emulator", &name()]);
    let up = up.env("QUEUESTACK_HOME", &home).output().exits(0);
    up.json()["endpoint"].as_str().unwrap().to_owned()
}

/// Which emulator it is: `tests/run` goes through both.
pub fn name() -> String {
    std::env::var("QUEUESTACK_TEST_EMULATOR").unwrap_or_else(|_| "ministack".to_owned())
}

/// How many rounds of something long are run: few on an emulator that takes ten times as long for a queue.
pub fn rounds(usual: u32) -> u32 {
    if name() == "ministack" { usual } else { usual.div_ceil(10) }
}

/// The folder of the installation, the one that all tests of this build share.
pub fn home() -> String {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("local").display().to_string()
}

/// Finds a port that is free and below those that the system hands out, another one each time.
pub fn free_port() -> u16 {
    static TAKEN: AtomicU16 = AtomicU16::new(0);
    let first = 20_000 + u16::try_from(std::process::id() % 10_000).unwrap();
    let ports = std::iter::repeat_with(|| first + TAKEN.fetch_add(1, Ordering::Relaxed));
    let free = ports.take(2_000).find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok());
    free.expect("a free port")
}

/// Leaves a process behind that stops the emulator once this one is gone, however it goes: its input then ends.
fn stop_with_this_process(home: &str, port: &str) {
    let script = r#"trap "" INT TERM; read -r _; exec "$0" local down --port "$1""#;
    let mut command = Command::new("sh");
    clean(&mut command);
    command.args(["-c", script, env!("CARGO_BIN_EXE_queuestack"), port]).env("QUEUESTACK_HOME", home);
    let child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    // Never dropped: the pipe must stay open for as long as this process lives.
    std::mem::forget(child);
}
