//! Workers as processes that a test kills, stops and wakes.

use std::collections::BTreeSet;
use std::process::{Child, Command, Stdio};

/// Processes of one worker: an ignored test of this test binary, which knows its number as `NUMBER`.
///
/// Each must end at the end of its input, which is when this process is gone, however it goes.
pub struct Fleet {
    test: &'static str,
    environment: Vec<(String, String)>,
    started: i64,
    live: Vec<(i64, Child)>,
    /// The numbers of those that were killed.
    pub killed: BTreeSet<i64>,
}

impl Fleet {
    /// No process yet.
    pub fn new(test: &'static str, environment: Vec<(String, String)>) -> Self {
        Self { test, environment, started: 0, live: Vec::new(), killed: BTreeSet::new() }
    }

    /// Starts one more; its number.
    pub fn start(&mut self) -> i64 {
        self.started += 1;
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", self.test, "--ignored", "--nocapture", "--test-threads", "1"]).env_clear();
        command.envs(self.environment.iter().cloned()).env("NUMBER", self.started.to_string());
        let child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        self.live.push((self.started, child));
        self.started
    }

    /// Kills any one by SIGKILL, and starts another.
    pub fn kill_one(&mut self) {
        let (number, mut child) = self.live.swap_remove(fastrand::usize(..self.live.len()));
        // The test would prove nothing about one that was gone already.
        assert!(child.try_wait().unwrap().is_none(), "worker {number} ended by itself");
        child.kill().unwrap();
        child.wait().unwrap();
        self.killed.insert(number);
        self.start();
    }

    /// Sends a signal to one of them.
    pub fn signal(&self, number: i64, signal: &str) {
        let (_, child) = self.live.iter().find(|(live, _)| *live == number).unwrap();
        let status = Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
        assert!(status.success());
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        for (_, child) in &mut self.live {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Ends this process at the end of its input: for the worker.
pub fn end_with_the_test() {
    std::thread::spawn(|| {
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        std::process::exit(0);
    });
}
