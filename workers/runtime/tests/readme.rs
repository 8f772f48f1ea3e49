//! The ten lines of `workers/README.md` are an example that works.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod support;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use queuestack_worker::{JobQueue, NewJob};
use serde_json::json;

#[tokio::test]
async fn the_ten_lines_greet() {
    let crate_root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let example = std::fs::read_to_string(crate_root.join("examples/hello.rs")).unwrap();
    let code = example.split_once("\n\n").unwrap().1;
    let readme = std::fs::read_to_string(crate_root.join("../README.md")).unwrap();
    assert!(
        readme.contains(&format!("```rust\n{code}```\n")),
        "workers/README.md shows other code than examples/hello.rs"
    );

    let queue = format!("sqlite:{}", support::folder("readme").join("jobs.db").display());
    let jobs = JobQueue::open(&queue).await.unwrap();
    jobs.enqueue(NewJob::new("greet", &json!({"name": "Ada"}))).await.unwrap();
    let hello = std::env::current_exe().unwrap().ancestors().nth(2).unwrap().join("examples/hello");
    assert!(hello.is_file(), "{} is missing: run cargo test with --workspace", hello.display());
    let mut hello = Command::new(hello).env_clear().env("QUEUE_URL", queue).stdout(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(hello.stdout.take().unwrap()).lines();
    // Its log goes to the same place.
    let greeting = said.find(|line| line.as_ref().is_ok_and(|line| line == "Hello, Ada!"));
    hello.kill().unwrap();
    hello.wait().unwrap();
    assert!(greeting.is_some());
}
