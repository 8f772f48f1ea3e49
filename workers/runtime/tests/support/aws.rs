//! A local AWS, brought up by the queuestack of this workspace.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use super::servers::free_port;

/// Its URL; the first to ask brings it up.
pub fn endpoint() -> &'static str {
    static ENDPOINT: OnceLock<String> = OnceLock::new();
    ENDPOINT.get_or_init(|| {
        let port = free_port().to_string();
        // Stops it once this process is gone, however it goes: the input then ends.
        let mut stop = Command::new("sh");
        let script = r#"trap "" INT TERM; read -r _; exec "$0" local down --port "$1""#;
        stop.args(["-c", script]).arg(queuestack()).arg(&port).env("QUEUESTACK_HOME", home());
        let stop = stop.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::mem::forget(stop);
        let mut up = Command::new(queuestack());
        let up = up.args(["local", "up", "--port", &port]).env("QUEUESTACK_HOME", home()).output().unwrap();
        assert!(up.status.success(), "{}", String::from_utf8_lossy(&up.stderr));
        format!("http://127.0.0.1:{port}")
    })
}

/// The binary that `--workspace` has built beside this test.
pub fn queuestack() -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    let built = tests.parent().and_then(Path::parent).unwrap().join("queuestack");
    assert!(built.is_file(), "{} is missing: run cargo test with --workspace", built.display());
    built
}

/// The folder of the installation, the one that all tests of this build share.
pub fn home() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("local")
}
