//! From a cargo package to a worker that a queue feeds, on the local AWS: the product's own, with the real emulator.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends at the first surprise")]

use std::collections::HashMap;
use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

#[path = "e2e_lambda/api.rs"]
mod api;

use aws_config::SdkConfig;
use queuestack::backend::connect::{Connection, Target};
use serde_json::Value;

const FULL: &str = r#"
stack: worker-test
queues:
  jobs: {visibility_timeout: 2s, redrive: {max_receive_count: 2}}
functions:
  worker:
    role: arn:aws:iam::000000000000:role/x
    code: {package: worker}
    timeout: 1s
    reserved_concurrency: 3
    environment: {JOURNAL: "JOURNAL_PATH", TOKEN: hunter2}
    secrets: [TOKEN]
mappings:
  worker:
    queue: jobs
    function: worker
    max_concurrency: 2
    filters: [{body: [{prefix: "take"}]}]
"#;

const BARE: &str = r"
stack: worker-test
queues:
  jobs: {visibility_timeout: 2s, redrive: {max_receive_count: 2}}
functions:
  worker:
    role: arn:aws:iam::000000000000:role/x
    code: {package: worker}
    timeout: 1s
mappings:
  worker: {queue: jobs, function: worker, partial_failures: false}
";

/// Which emulator is used: `tests/run` goes through both.
fn emulator() -> String {
    std::env::var("QUEUESTACK_TEST_EMULATOR").unwrap_or_else(|_| "ministack".to_owned())
}

/// A local AWS of its own, and a project with a stack and the package that it names.
struct Project {
    folder: tempfile::TempDir,
    port: u16,
}

impl Project {
    fn new() -> Project {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let project = Project { folder: tempfile::tempdir().unwrap(), port };
        let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/worker");
        fs::create_dir_all(project.path("worker/src")).unwrap();
        for file in ["Cargo.toml", "Cargo.lock", "src/main.rs"] {
            fs::copy(fixture.join(file), project.path("worker").join(file)).unwrap();
        }
        project.ok(&["local", "up"]);
        project
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn stack(&self, text: &str) {
        let journal = self.path("journal").display().to_string();
        fs::create_dir_all(self.path("worker/stacks")).unwrap();
        fs::write(self.path("worker/stacks/stack.yaml"), text.replace("JOURNAL_PATH", &journal)).unwrap();
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_queuestack"));
        command.args(arguments).env("QUEUESTACK_LOCAL_PORT", self.port.to_string()).env("NO_COLOR", "1");
        command.env("QUEUESTACK_HOME", Path::new(env!("CARGO_TARGET_TMPDIR")).join("local"));
        command.env("QUEUESTACK_EMULATOR", emulator());
        for name in ["AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "CARGO_TARGET_DIR"] {
            command.env_remove(name);
        }
        command.output().unwrap()
    }

    /// Runs a command that has to work, and returns what it printed.
    fn ok(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{arguments:?}: {told}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs a verb on the stack.
    fn verb(&self, verb: &str, options: &[&str]) -> String {
        let stack = self.path("worker/stacks/stack.yaml").display().to_string();
        self.ok(&[&[verb, &stack], options].concat())
    }

    fn apply(&self) {
        self.verb("apply", &["--yes"]);
        self.verb("plan", &["--detailed-exitcode"]);
    }

    fn plan(&self) -> Value {
        serde_json::from_str(&self.verb("plan", &["--json"])).unwrap()
    }

    fn journal(&self) -> Vec<String> {
        fs::read_to_string(self.path("journal")).unwrap_or_default().lines().map(str::to_owned).collect()
    }

    async fn config(&self) -> SdkConfig {
        let target = Target::Endpoint { url: format!("http://127.0.0.1:{}", self.port), profile: None };
        Connection { target, region: None, environment: None, authorities: None }.config().await
    }

    /// Runs a verb on the stack and returns the operations that it called, in their order.
    fn calls(&self, verb: &str) -> Vec<String> {
        let stack = self.path("worker/stacks/stack.yaml").display().to_string();
        let yes: &[&str] = if verb == "apply" { &["--yes"] } else { &[] };
        let output = self.run(&[&[verb, &stack, "-vv", "--no-build"], yes].concat());
        assert!(output.status.success());
        let told = String::from_utf8(output.stderr).unwrap();
        let calls = told.lines().filter(|line| line.contains("queuestack::backend::aws"));
        let calls = calls.filter_map(|line| line.split("operation=").nth(1)?.split('"').nth(1).map(str::to_owned));
        calls.collect()
    }
}

fn is_read(operation: &str) -> bool {
    ["Get", "List", "Describe"].iter().any(|verb| operation.starts_with(verb))
}

impl Drop for Project {
    fn drop(&mut self) {
        let stopped = self.run(&["local", "down"]);
        if !std::thread::panicking() {
            assert!(stopped.status.success());
        }
    }
}

async fn until(what: &str, mut done: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !done().await {
        assert!(Instant::now() < deadline, "waited in vain: {what}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn send(sqs: &aws_sdk_sqs::Client, bodies: &[&str]) {
    let url = sqs.get_queue_url().queue_name("jobs").send().await.unwrap().queue_url.unwrap();
    let entries = bodies.iter().enumerate().map(|(index, body)| {
        let entry = aws_sdk_sqs::types::SendMessageBatchRequestEntry::builder();
        entry.id(index.to_string()).message_body(*body).build().unwrap()
    });
    let sent = sqs.send_message_batch().queue_url(url).set_entries(Some(entries.collect())).send().await.unwrap();
    assert!(sent.failed().is_empty());
}

async fn depth(sqs: &aws_sdk_sqs::Client, queue: &str) -> String {
    use aws_sdk_sqs::types::QueueAttributeName::ApproximateNumberOfMessages as Depth;
    let url = sqs.get_queue_url().queue_name(queue).send().await.unwrap().queue_url.unwrap();
    let answer = sqs.get_queue_attributes().queue_url(url).attribute_names(Depth).send().await.unwrap();
    answer.attributes.unwrap().remove(&Depth).unwrap()
}

#[tokio::test]
async fn a_package_becomes_a_worker_that_a_queue_feeds() {
    let project = Project::new();
    let config = project.config().await;
    let (sqs, lambda) = (aws_sdk_sqs::Client::new(&config), aws_sdk_lambda::Client::new(&config));

    project.stack(FULL);
    let shown = project.verb("plan", &[]) + &project.verb("expand", &[]) + &project.verb("expand", &["--json"]);
    assert!(!shown.contains("hunter2") && shown.contains("TOKEN: (secret)"), "{shown}");
    project.apply();

    // One failing message of a batch is tried again alone, and ends in the dead-letter queue; the others are done.
    send(&sqs, &["take-a", "take-fail", "take-b", "leave"]).await;
    until("a dead letter", async || depth(&sqs, "jobs-dlq").await == "1").await;
    let journal = project.journal();
    assert_eq!(journal.last().unwrap(), "first: take-fail", "{journal:?}");
    let said = journal.join("\n");
    for (body, times) in [("take-a", 1), ("take-b", 1), ("take-fail", 2), ("leave", 0)] {
        assert_eq!(said.matches(body).count(), times, "{body}: {said}");
    }

    change_code_alone(&project, &sqs).await;
    clear(&project, &lambda).await;

    project.verb("destroy", &["--yes", "--allow-data-loss", "queue.jobs-dlq"]);
    assert!(lambda.list_functions().send().await.unwrap().functions().is_empty());
    assert!(lambda.list_event_source_mappings().send().await.unwrap().event_source_mappings().is_empty());
    assert!(sqs.list_queues().send().await.unwrap().queue_urls().is_empty());
}

/// The plan names the code and nothing else, and applying it changes nothing else.
async fn change_code_alone(project: &Project, sqs: &aws_sdk_sqs::Client) {
    let source = project.path("worker/src/main.rs");
    let code = fs::read_to_string(&source).unwrap();
    fs::write(&source, code.replace("\"first\"", "\"second\"")).unwrap();
    let plan = project.plan();
    let steps = plan["steps"].as_array().unwrap();
    assert_eq!(steps.len(), 1, "{plan}");
    assert_eq!((&steps[0]["address"], &steps[0]["action"]), (&"function.worker".into(), &"update".into()));
    let changes = steps[0]["changes"].as_array().unwrap();
    assert_eq!((changes.len(), &changes[0]["attribute"]), (1, &"code".into()), "{plan}");
    let shown = project.verb("plan", &["--no-build"]);
    assert!(shown.contains("… (") && shown.contains(" → "), "{shown}");

    let writes: Vec<String> = project.calls("apply").into_iter().filter(|call| !is_read(call)).collect();
    assert_eq!(writes, ["UpdateFunctionCode"]);
    assert!(project.calls("plan").iter().all(|call| is_read(call)));
    send(sqs, &["take-c"]).await;
    until("the new code", async || project.journal().contains(&"second: take-c".to_owned())).await;
}

/// What the stack no longer says is gone, not left as it was.
async fn clear(project: &Project, lambda: &aws_sdk_lambda::Client) {
    project.stack(BARE);
    let shown = project.verb("plan", &[]);
    assert!(!shown.contains("hunter2"), "{shown}");
    project.apply();
    let function = lambda.get_function().function_name("worker").send().await.unwrap();
    assert!(function.concurrency.is_none_or(|kept| kept.reserved_concurrent_executions.is_none()));
    let environment = function.configuration.unwrap().environment;
    assert!(environment.is_none_or(|environment| environment.variables().is_none_or(HashMap::is_empty)));
    let mappings = lambda.list_event_source_mappings().function_name("worker").send().await.unwrap();
    let [mapping] = mappings.event_source_mappings() else { panic!("{mappings:?}") };
    assert!(mapping.filter_criteria().is_none_or(|criteria| criteria.filters().is_empty()));
    assert!(mapping.scaling_config().is_none_or(|scaling| scaling.maximum_concurrency().is_none()));
    assert!(mapping.function_response_types().is_empty());
}

#[test]
fn only_what_is_asked_for_is_built() {
    let project = Project::new();
    project.stack(&FULL.replace("package: worker", "package: missing"));
    let stack = project.path("worker/stacks/stack.yaml").display().to_string();
    project.ok(&["plan", &stack, "--only", "queue.jobs"]);
    let refused = project.run(&["plan", &stack]);
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && told.contains("missing"), "{told}");
}
