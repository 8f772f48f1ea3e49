//! `queuestack load` on the local AWS: every job is handled exactly once by effect, in both hosts of the workers.
//!
//! `QUEUESTACK_TEST_JOBS=10000` sends more than the thousand of everyday runs.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends at the first surprise")]

use std::fs;
use std::io::Write as _;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

const STACK: &str = r#"
stack: load-test
queues:
  lambda-jobs: {visibility_timeout: 60s, redrive: {max_receive_count: 5}}
  process-jobs: {visibility_timeout: 60s, redrive: {max_receive_count: 5}}
  ordered-jobs: {fifo: true, visibility_timeout: 60s, redrive: {max_receive_count: 5}}
functions:
  notification:
    role: arn:aws:iam::000000000000:role/x
    code: {artifact: notification.zip}
    timeout: 10s
    environment: {IDEMPOTENCY_STORE: "dynamodb:jobs", LOG_LEVEL: warn, WORKER_LEASE: 5s}
mappings:
  notification: {queue: lambda-jobs, function: notification, batch_size: 10}
"#;
/// In a hundred: sent twice with one key, and failing at their first receive.
const DUPLICATES: u64 = 2;
const FAILING: u64 = 5;
/// Messages that no handler knows.
const POISON: u64 = 3;

fn jobs() -> u64 {
    std::env::var("QUEUESTACK_TEST_JOBS").map_or(1_000, |number| number.parse().unwrap())
}

/// A program that `--workspace` has built beside this test.
fn built(name: &str) -> PathBuf {
    let program = Path::new(env!("CARGO_BIN_EXE_queuestack")).with_file_name(name);
    assert!(program.is_file(), "{} is missing: run cargo test with --workspace", program.display());
    program
}

/// A local AWS of its own with the stack on it.
struct Ground {
    folder: tempfile::TempDir,
    port: u16,
}

impl Ground {
    fn new() -> Ground {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let ground = Ground { folder: tempfile::tempdir().unwrap(), port };
        ground.zip();
        fs::write(ground.path("stack.yaml"), STACK).unwrap();
        ground.ok(&["local", "up"]);
        ground
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The worker as it is: how it is built for Lambda is another test's.
    fn zip(&self) {
        let mut zip = zip::ZipWriter::new(fs::File::create(self.path("notification.zip")).unwrap());
        let options = zip::write::SimpleFileOptions::default().unix_permissions(0o755);
        zip.start_file("bootstrap", options).unwrap();
        zip.write_all(&fs::read(built("notification")).unwrap()).unwrap();
        zip.finish().unwrap();
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_queuestack"));
        command.args(arguments).env("QUEUESTACK_LOCAL_PORT", self.port.to_string()).env("NO_COLOR", "1");
        command.env("QUEUESTACK_HOME", Path::new(env!("CARGO_TARGET_TMPDIR")).join("local"));
        // The only emulator with DynamoDB.
        command.env("QUEUESTACK_EMULATOR", "ministack");
        for name in ["AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID"] {
            command.env_remove(name);
        }
        command.output().unwrap()
    }

    /// Runs a command that has to work, and returns what it printed.
    fn ok(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{arguments:?}: {told}{}", String::from_utf8_lossy(&output.stdout));
        String::from_utf8(output.stdout).unwrap()
    }

    fn apply(&self) {
        self.ok(&["apply", self.path("stack.yaml").to_str().unwrap(), "--yes"]);
    }

    /// Loads a queue; what came of it is the same in both hosts.
    fn load(&self, queue: &str) {
        let stack = self.path("stack.yaml").display().to_string();
        let (messages, chart) = (jobs().to_string(), self.path("chart.svg").display().to_string());
        let [duplicates, failing, poison] = [DUPLICATES, FAILING, POISON].map(|number| number.to_string());
        let asked = ["--messages", &messages, "--duplicates", &duplicates, "--failing", &failing, "--poison", &poison];
        let told = self
            .ok(&[&["load", "--stack", &stack, "--queue", queue, "--chart", &chart, "--json"], &asked[..]].concat());
        let outcome: Value = serde_json::from_str(&told).unwrap();
        println!(
            "{queue}: {:.0} jobs a second, latencies {}",
            outcome["per_second"].as_f64().unwrap(),
            outcome["latency"]
        );
        let number = |name: &str| outcome[name].as_u64().unwrap();
        let (twice, failed) = (jobs() * DUPLICATES / 100, jobs() * FAILING / 100);
        assert_eq!((number("jobs"), number("handled"), number("repeated")), (jobs(), jobs(), 0), "{outcome}");
        // Poison is no job, and not counted among their messages.
        assert_eq!((number("messages"), number("dead_letters")), (jobs() + twice, POISON), "{outcome}");
        assert_eq!(number("duplicates_dropped"), twice, "{outcome}");
        assert!(number("retried") >= failed, "{outcome}");
        assert!(fs::read_to_string(chart).unwrap().contains(&format!("{queue}: {} jobs handled", jobs())));
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        let stopped = self.run(&["local", "down"]);
        if !std::thread::panicking() {
            assert!(stopped.status.success());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_jobs_are_handled_exactly_once_in_lambda() {
    let ground = Ground::new();
    create_table(&ground.endpoint()).await;
    ground.apply();
    ground.load("lambda-jobs");
}

/// The table of the idempotency store.
async fn create_table(endpoint: &str) {
    use aws_sdk_dynamodb::types::{AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType};
    use queuestack::backend::connect::{Connection, Target};
    let target = Target::Endpoint { url: endpoint.to_owned(), profile: None };
    let connection = Connection { target, region: None, environment: None, authorities: None };
    let client = aws_sdk_dynamodb::Client::new(&connection.config().await);
    let id = AttributeDefinition::builder().attribute_name("id").attribute_type(ScalarAttributeType::S);
    let hash = KeySchemaElement::builder().attribute_name("id").key_type(KeyType::Hash);
    let create = client.create_table().table_name("jobs").billing_mode(BillingMode::PayPerRequest);
    let create = create.attribute_definitions(id.build().unwrap()).key_schema(hash.build().unwrap());
    create.send().await.unwrap();
}

/// A worker on a queue, ended with the test.
struct Process(Child);

impl Process {
    fn start(ground: &Ground, queue: &str) -> Process {
        let url = format!("{}/000000000000/{queue}", ground.endpoint());
        let store = format!("sqlite:{}", ground.path("jobs.db").display());
        let environment = [
            ("QUEUE_URL", url.as_str()),
            ("IDEMPOTENCY_STORE", &store),
            ("AWS_ENDPOINT_URL", &ground.endpoint()),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_REGION", "us-east-1"),
            ("LOG_LEVEL", "off"),
            ("WORKER_LEASE", "5s"),
            // Its own minute is short for ten thousand jobs, whose duplicates come last.
            ("WORKER_KEEP", "1h"),
        ];
        let mut command = Command::new(built("calendar-sync"));
        Process(command.env_clear().envs(environment).stdout(Stdio::null()).spawn().unwrap())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn all_jobs_are_handled_exactly_once_by_two_processes() {
    let ground = Ground::new();
    ground.apply();
    let _workers = [Process::start(&ground, "process-jobs"), Process::start(&ground, "process-jobs")];
    ground.load("process-jobs");
}

/// A failed message of a FIFO queue holds back the rest of its group, and what is sent twice is not taken for a repetition.
#[test]
fn all_jobs_of_a_fifo_queue_are_handled_exactly_once() {
    let ground = Ground::new();
    ground.apply();
    let _worker = Process::start(&ground, "ordered-jobs.fifo");
    ground.load("ordered-jobs");
}

/// A queue whose workers answer no probes: the test says so, and does not wait for ever.
#[test]
fn without_workers_nothing_is_handled_and_the_exit_code_says_so() {
    let ground = Ground::new();
    ground.apply();
    let stack = ground.path("stack.yaml").display().to_string();
    let asked = ["--queue", "process-jobs", "--messages", "20", "--timeout", "1", "--json"];
    let output = ground.run(&[&["load", "--stack", &stack], &asked[..]].concat());
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    let outcome: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&outcome["messages"], &outcome["handled"]), (&20.into(), &0.into()));
}
