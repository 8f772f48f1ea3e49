//! The local AWS against the real thing: Python, pip, ministack, processes and ports.
//!
//! All tests but one share an installation that stays in the build folder; the one that installs
//! does so in a folder of its own. Every port is free when it is chosen and every emulator is
//! stopped again, also when its test fails.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends at the first surprise")]

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use queuestack::local::{LOCALSTACK, Local, LocalError, MINISTACK, Progress, Running, Stopped};
use serde_json::Value;

/// A local AWS that is stopped when it goes out of scope.
struct Scoped(Local);

impl Scoped {
    fn new(home: &Path) -> Self {
        Self(Local::new(home, free_port()))
    }

    fn shared() -> Self {
        Self::new(&Path::new(env!("CARGO_TARGET_TMPDIR")).join("local"))
    }

    /// Brings it up and returns the steps on the way.
    async fn up(&self) -> (Running, Vec<Progress>) {
        let mut steps = Vec::new();
        let running = self.0.up(&mut |step| steps.push(step)).await.unwrap();
        (running, steps)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.home.join("local").join(name)
    }

    fn pid_file(&self) -> PathBuf {
        self.file(&format!("ministack-{}.pid", self.0.port))
    }
}

impl Drop for Scoped {
    fn drop(&mut self) {
        let local = self.0.clone();
        let stopping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(local.down()).unwrap();
        });
        stopping.join().unwrap();
        let _ = fs::remove_file(self.0.log_path());
    }
}

/// Returns a port that is free and that the system does not hand out to others meanwhile.
fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let process = u16::try_from(std::process::id() % 1000).unwrap();
    loop {
        let port = 10_000 + process * 20 + NEXT.fetch_add(1, Ordering::Relaxed) % 20_000;
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
}

fn post(port: u16, path: &str, target: &str, body: &str) -> String {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    let length = body.len();
    write!(
        stream,
        "POST {path} HTTP/1.0\r\nX-Amz-Target: {target}\r\nContent-Length: {length}\r\n\
         Content-Type: application/x-amz-json-1.0\r\nAuthorization: AWS4-HMAC-SHA256 \
         Credential=test/20260101/us-east-1/sqs/aws4_request, SignedHeaders=host, Signature=0\r\n\
         \r\n{body}"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn queues(port: u16) -> usize {
    post(port, "/", "AmazonSQS.ListQueues", "{}").matches("/jobs").count()
}

/// Runs a process-table question, such as the group of a process; empty if it is gone.
fn ps(column: &str, pid: u32) -> String {
    let mut ps = Command::new("ps");
    let output = ps.args(["-o", &format!("{column}="), "-p", &pid.to_string()]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn lives(pid: u32) -> bool {
    !matches!(ps("stat", pid).chars().next(), None | Some('Z'))
}

async fn until(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !done() {
        assert!(Instant::now() < deadline, "waited in vain: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn an_unfinished_installation_is_done_again() {
    let folder = tempfile::tempdir().unwrap();
    // A space, since the path ends up in scripts and command lines.
    let scoped = Scoped::new(&folder.path().join("my project/.queuestack"));
    let venv = scoped.file(&format!("ministack-{}", MINISTACK.version));
    fs::create_dir_all(venv.join("bin")).unwrap();
    fs::write(venv.join("bin/python"), "half").unwrap();

    let (running, steps) = scoped.up().await;

    let [Progress::Installing { emulator, python_version, .. }, .., starting] = steps.as_slice() else {
        panic!("{steps:?}");
    };
    assert_eq!(*emulator, &MINISTACK);
    assert!(python_version.starts_with("3."));
    assert_eq!(*starting, Progress::Starting { emulator: &MINISTACK, port: scoped.0.port });
    assert!(running.started);
    assert_eq!(fs::read_to_string(scoped.0.home.join(".gitignore")).unwrap(), "*\n");
    let log = fs::read_to_string(scoped.file("install.log")).unwrap();
    assert!(log.contains(&format!("ministack-{}", MINISTACK.version)), "{log}");
}

#[tokio::test]
async fn up_starts_once_and_down_stops() {
    let scoped = Scoped::shared();
    assert_eq!(scoped.0.status().await, None);

    let (running, _) = scoped.up().await;
    let pid = running.pid.unwrap();
    let expected = Running {
        endpoint: format!("http://127.0.0.1:{}", scoped.0.port),
        name: "ministack",
        version: Some(MINISTACK.version.to_owned()),
        pid: Some(pid),
        started: true,
    };
    assert_eq!(running, expected);
    assert_eq!(ps("pgid", pid), pid.to_string(), "it leads a group of its own");
    assert!(fs::read_to_string(scoped.0.log_path()).unwrap().contains("Ready"));

    let found = Running { started: false, ..expected };
    assert_eq!(scoped.up().await, (found.clone(), Vec::new()));
    assert_eq!(scoped.0.status().await, Some(found));

    assert_eq!(scoped.0.down().await.unwrap(), Stopped::Stopped { pid });
    assert!(!lives(pid));
    assert!(!scoped.pid_file().exists());
    assert_eq!(scoped.0.status().await, None);
    assert_eq!(scoped.0.down().await.unwrap(), Stopped::NotRunning);
}

#[tokio::test]
async fn it_listens_on_loopback_only() {
    let scoped = Scoped::shared();
    let (running, _) = scoped.up().await;
    let all = listeners::get_all().unwrap().into_iter();
    let sockets: Vec<_> = all
        .filter(|l| Some(l.process.pid) == running.pid && l.socket.port() == scoped.0.port)
        .filter(|l| l.state == listeners::SocketState::Listen)
        .map(|l| l.socket.ip())
        .collect();
    assert_eq!(sockets, [Ipv4Addr::LOCALHOST]);
}

#[tokio::test]
async fn concurrent_ups_share_one_emulator() {
    let scoped = Scoped::shared();
    let (first, second, third) = tokio::join!(scoped.up(), scoped.up(), scoped.up());
    let all = [first.0, second.0, third.0];
    assert_eq!(all.iter().filter(|running| running.started).count(), 1, "{all:?}");
    assert!(all.iter().all(|running| running.pid.is_some() && running.pid == all[0].pid));
}

#[tokio::test]
async fn ups_from_two_homes_share_one_emulator() {
    let one = Scoped::shared();
    one.up().await;
    one.0.down().await.unwrap();
    // A second home with the same installation, and a lock and a pid file of its own.
    let folder = tempfile::tempdir().unwrap();
    let venv = format!("ministack-{}", MINISTACK.version);
    let port = one.0.port;
    let other = Scoped(Local::new(folder.path().join("home"), port));
    fs::create_dir_all(other.file("")).unwrap();
    let copied = Command::new("cp").arg("-R").args([one.file(&venv), other.file(&venv)]).status();
    assert!(copied.unwrap().success());

    let ((first, _), (second, _)) = tokio::join!(one.up(), other.up());

    let (winner, loser) = if first.started { (first, second) } else { (second, first) };
    assert!(winner.started && winner.pid.is_some());
    assert!(!loser.started && loser.pid.is_none());
    assert_eq!(u8::from(one.pid_file().exists()) + u8::from(other.pid_file().exists()), 1);
}

#[tokio::test]
async fn a_port_that_something_else_holds_is_refused_by_name() {
    let scoped = Scoped::shared();
    let port = scoped.0.port;
    let script = "import socket,sys,time; s=socket.create_server(('127.0.0.1',int(sys.argv[1]))); \
                  print('ready',flush=True); time.sleep(60)";
    let mut python = Command::new("python3");
    python.args(["-c", script, &port.to_string()]).stdout(Stdio::piped());
    let mut child = python.spawn().unwrap();
    let stdout = child.stdout.as_mut().unwrap();
    stdout.read_exact(&mut [0; 5]).unwrap();

    let error = scoped.0.up(&mut |step| panic!("{step:?}")).await.unwrap_err();
    let down = scoped.0.down().await.unwrap();
    child.kill().unwrap();
    child.wait().unwrap();

    let LocalError::PortTaken { holder: Some(holder), .. } = &error else {
        panic!("{error:?}");
    };
    let (name, pid) = (&holder.name, child.id());
    assert!(name.to_lowercase().contains("python"), "{name}");
    let expected = format!(
        "port {port} is held by {name} (pid {pid}), which is not an AWS emulator; \
         stop it, or choose another port with `--port`"
    );
    assert_eq!(error.to_string(), expected);
    assert_eq!(down, Stopped::NotRunning);
}

#[tokio::test]
async fn an_emulator_from_elsewhere_is_used_and_left_alone() {
    let scoped = Scoped::shared();
    let (running, _) = scoped.up().await;
    let folder = tempfile::tempdir().unwrap();
    let elsewhere = Local::new(folder.path().join("home"), scoped.0.port);

    let found = elsewhere.up(&mut |step| panic!("{step:?}")).await.unwrap();
    assert_eq!(found, Running { pid: None, started: false, ..running.clone() });
    assert!(!elsewhere.home.exists(), "nothing is installed in vain");

    let Stopped::LeftAlone { holder, .. } = elsewhere.down().await.unwrap() else {
        panic!("it was not ours to stop");
    };
    assert_eq!(holder.map(|holder| holder.pid), running.pid);
    assert!(lives(running.pid.unwrap()));
}

#[tokio::test]
async fn a_killed_emulator_and_a_stale_pid_file_are_no_matter() {
    let scoped = Scoped::shared();
    let pid = scoped.up().await.0.pid.unwrap();
    let killed = Command::new("kill").args(["-9", &pid.to_string()]).status().unwrap();
    assert!(killed.success());
    until("the emulator is dead", || !lives(pid)).await;

    let (again, _) = scoped.up().await;
    assert!(again.started && again.pid != Some(pid));

    // After a reboot the number may be another program's.
    scoped.0.down().await.unwrap();
    let mut innocent = Command::new("sleep").arg("60").spawn().unwrap();
    fs::write(scoped.pid_file(), innocent.id().to_string()).unwrap();
    assert_eq!(scoped.0.down().await.unwrap(), Stopped::NotRunning);
    assert!(lives(innocent.id()));
    fs::write(scoped.pid_file(), innocent.id().to_string()).unwrap();
    assert!(scoped.up().await.0.started);
    assert!(lives(innocent.id()));
    innocent.kill().unwrap();
    innocent.wait().unwrap();
}

#[tokio::test]
async fn an_emulator_that_dies_shows_its_log() {
    let scoped = Scoped::shared();
    scoped.up().await;
    scoped.0.down().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let broken = Scoped(Local::new(folder.path(), scoped.0.port));
    let venv = format!("ministack-{}", MINISTACK.version);
    fs::create_dir_all(broken.file(&venv).join("bin")).unwrap();
    fs::copy(scoped.file(&venv).join("installed"), broken.file(&venv).join("installed")).unwrap();
    let python = scoped.file(&venv).join("bin/python");
    std::os::unix::fs::symlink(python, broken.file(&venv).join("bin/python")).unwrap();
    fs::write(broken.file(&venv).join("bin/ministack"), "raise SystemExit('no luck')").unwrap();

    let error = broken.0.up(&mut |_| ()).await.unwrap_err();

    let log = fs::canonicalize(broken.0.log_path()).unwrap();
    let expected = format!("ministack ended while it was starting. The end of {}:\nno luck", log.display());
    assert_eq!(error.to_string(), expected);
}

#[tokio::test]
async fn reset_empties_it() {
    let scoped = Scoped::shared();
    let port = scoped.0.port;
    let error = scoped.0.reset().await.unwrap_err();
    let expected = format!("no AWS emulator answers on port {port}; start one with `queuestack local up`");
    assert_eq!(error.to_string(), expected);

    scoped.up().await;
    post(port, "/", "AmazonSQS.CreateQueue", r#"{"QueueName": "jobs"}"#);
    assert_eq!(queues(port), 1);
    scoped.0.reset().await.unwrap();
    assert_eq!(queues(port), 0);
}

/// Creates a function whose `bootstrap` notes its pid and endpoint and never ends, and invokes it.
const FUNCTION: &str = r#"
import io, sys, zipfile, botocore.session
port, note = sys.argv[1:]
client = botocore.session.Session().create_client(
    "lambda", region_name="us-east-1", endpoint_url=f"http://127.0.0.1:{port}",
    aws_access_key_id="test", aws_secret_access_key="test")
package = io.BytesIO()
with zipfile.ZipFile(package, "w") as z:
    entry = zipfile.ZipInfo("bootstrap")
    entry.external_attr = 0o755 << 16
    z.writestr(entry, f'#!/bin/sh\ntrap "" TERM\necho "$$ $AWS_ENDPOINT_URL" > "{note}"\n'
                      'while :; do sleep 1; done\n')
client.create_function(
    FunctionName="f", Runtime="provided.al2023", Handler="bootstrap", Timeout=60,
    Role="arn:aws:iam::000000000000:role/r", Code={"ZipFile": package.getvalue()})
client.invoke(FunctionName="f", InvocationType="Event", Payload=b"{}")
"#;

#[tokio::test]
async fn functions_call_the_emulator_and_end_with_it() {
    let scoped = Scoped::shared();
    let (running, _) = scoped.up().await;
    let folder = tempfile::tempdir().unwrap();
    let note = folder.path().join("note");
    let python = scoped.file(&format!("ministack-{}", MINISTACK.version)).join("bin/python");
    let mut invoke = Command::new(python);
    invoke.args(["-c", FUNCTION, &scoped.0.port.to_string()]).arg(&note);
    assert!(invoke.status().unwrap().success());
    let read = || fs::read_to_string(&note).unwrap_or_default();
    until("the function runs", || read().ends_with('\n')).await;
    let noted = read();
    let (function, endpoint) = noted.trim().split_once(' ').unwrap();
    assert_eq!(endpoint, running.endpoint);
    let function = function.parse().unwrap();
    assert!(lives(function));

    let pid = running.pid.unwrap();
    assert_eq!(scoped.0.down().await.unwrap(), Stopped::Stopped { pid });
    until("the function ends", || !lives(function)).await;
}

#[tokio::test]
async fn a_port_that_the_other_emulator_holds_is_refused_by_name() {
    let scoped = Scoped::shared();
    let port = scoped.0.port;
    let pid = scoped.up().await.0.pid.unwrap();
    let other = Local { emulator: Some(&LOCALSTACK), ..scoped.0.clone() };

    let error = other.up(&mut |step| panic!("{step:?}")).await.unwrap_err();
    let expected = format!(
        "port {port} is held by ministack (pid {pid}), not localstack {}; stop it with `queuestack local down --port \
         {port}` or where it was started, or choose another port with `--port`",
        LOCALSTACK.version
    );
    assert_eq!(error.to_string(), expected);
    assert!(matches!(other.down().await.unwrap(), Stopped::LeftAlone { .. }));
    assert!(lives(pid));
}

/// As `tests/run` does where there is a Python for LocalStack, which takes minutes and half a gigabyte to install.
#[tokio::test]
#[ignore = "installs LocalStack: tests/run asks for it"]
async fn localstack_goes_up_and_down_as_ministack_does() {
    let mut scoped = Scoped::shared();
    scoped.0.emulator = Some(&LOCALSTACK);
    let port = scoped.0.port;
    let (running, _) = scoped.up().await;
    let pid = running.pid.unwrap();
    assert_eq!((running.name, running.version.as_deref()), ("localstack", Some(LOCALSTACK.version)));
    let sockets = listeners::get_all().unwrap().into_iter().filter(|l| l.process.pid == pid);
    let sockets: Vec<_> = sockets.filter(|l| l.state == listeners::SocketState::Listen).map(|l| l.socket).collect();
    assert_eq!(sockets, [(Ipv4Addr::LOCALHOST, port).into()], "loopback only, and nothing but its port");

    // Any will do, and it is there; the other one is refused.
    let any = Local { emulator: None, ..scoped.0.clone() };
    assert_eq!(any.up(&mut |step| panic!("{step:?}")).await.unwrap(), Running { started: false, ..running.clone() });
    let other = Local { emulator: Some(&MINISTACK), ..scoped.0.clone() };
    let error = other.up(&mut |step| panic!("{step:?}")).await.unwrap_err();
    assert!(error.to_string().starts_with(&format!("port {port} is held by localstack (pid {pid})")), "{error}");

    post(port, "/", "AmazonSQS.CreateQueue", r#"{"QueueName": "jobs"}"#);
    assert_eq!(queues(port), 1);
    any.reset().await.unwrap();
    assert_eq!(queues(port), 0);
    let again = any.status().await.unwrap().pid.unwrap();
    assert!(again != pid && !lives(pid));
    assert_eq!(any.log_path(), scoped.0.log_path());

    assert_eq!(any.down().await.unwrap(), Stopped::Stopped { pid: again });
    assert_eq!(any.status().await, None);
    // Its port is free at once; Python may need a moment more to end.
    until("LocalStack ends", || !lives(again)).await;
}

/// What compose itself would refuse, and what is promised of the file.
#[test]
fn the_compose_file_is_pinned_and_stays_on_loopback() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("localstack/compose.yaml");
    let file: Value = serde_saphyr::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
    let within = |value: &Value, known: &[&str]| {
        let unknown: Vec<_> = keys(value).into_iter().filter(|key| !known.contains(&key.as_str())).collect();
        assert!(unknown.is_empty(), "{unknown:?}");
    };
    let texts = |value: &Value| -> Vec<String> { serde_json::from_value(value.clone()).unwrap() };
    within(&file, &["name", "services", "volumes"]);
    assert_eq!(keys(&file["services"]).len(), 1);
    let service = &file["services"]["localstack"];
    within(service, &["image", "ports", "environment", "volumes", "healthcheck"]);
    assert_eq!(service["image"], "localstack/localstack:4.14.0");
    assert_eq!(texts(&service["ports"]), ["127.0.0.1:4566:4566"]);
    assert!(service["environment"].as_object().unwrap().values().all(Value::is_string), "1 would become \"1\" or true");
    let volumes = texts(&service["volumes"]);
    let named = volumes.iter().filter_map(|volume| volume.split_once(':')).filter(|(name, _)| !name.starts_with('/'));
    assert_eq!(named.map(|(name, _)| name.to_owned()).collect::<BTreeSet<_>>(), keys(&file["volumes"]));
    let health = &service["healthcheck"];
    within(health, &["test", "interval", "timeout", "retries", "start_period"]);
    assert_eq!(texts(&health["test"])[0], "CMD");
    for duration in ["interval", "timeout", "start_period"] {
        let seconds = health[duration].as_str().unwrap().strip_suffix('s').unwrap();
        assert!(seconds.parse::<u32>().unwrap() > 0);
    }
    assert!(health["retries"].as_u64().unwrap() > 0);
}
