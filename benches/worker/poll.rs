//! How many messages a second a process works off when its handler does nothing, and how much memory it takes.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use queuestack_worker::{Context, Job, Outcome, Worker};
use serde_json::{Value, json};

use crate::queue::Queue;
use crate::{Failure, median};

/// When to give a run up.
const PATIENCE: Duration = Duration::from_secs(120);

/// One that takes messages: its name, and the command that runs it.
pub struct Subject {
    /// What it is, in the report.
    pub name: &'static str,
    /// The program with its arguments.
    pub command: Vec<String>,
}

/// What one subject did, the median of its runs.
pub struct Measured {
    /// The subject.
    pub name: &'static str,
    /// Messages a second, from the first one received to the last one deleted.
    pub per_second: f64,
    /// The most memory that it held, in MiB.
    pub mib: f64,
}

impl Measured {
    /// For programs.
    pub fn to_json(&self) -> Value {
        json!({"name": self.name, "per_second": self.per_second, "mib": self.mib})
    }
}

/// The worker that is measured, with the settings that everybody begins with.
pub fn noop() -> std::process::ExitCode {
    let Ok(runtime) = tokio::runtime::Builder::new_multi_thread().enable_all().build() else {
        return std::process::ExitCode::FAILURE;
    };
    runtime.block_on(Worker::new("noop").job::<Value, _>("noop", nothing).run())
}

async fn nothing(_job: Job<Value>, _context: Context) -> Outcome {
    Outcome::done()
}

/// Lets all subjects work off so many messages, in turn, so many times.
///
/// # Errors
/// When one does not start, or does not get done.
pub fn measure(subjects: &[Subject], delay: Duration, messages: usize, runs: usize) -> Result<Vec<Measured>, Failure> {
    let queue = Queue::start(delay)?;
    let mut measured: Vec<Vec<(f64, f64)>> = subjects.iter().map(|_| Vec::new()).collect();
    for _ in 0..runs {
        for (subject, results) in subjects.iter().zip(&mut measured) {
            results.push(run(subject, &queue, messages)?);
        }
    }
    let medians = subjects.iter().zip(measured).map(|(subject, results)| {
        let (speeds, sizes) = results.into_iter().unzip();
        Measured { name: subject.name, per_second: median(speeds), mib: median(sizes) }
    });
    Ok(medians.collect())
}

/// Ends with its owner.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn run(subject: &Subject, queue: &Queue, messages: usize) -> Result<(f64, f64), Failure> {
    queue.fill(messages);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let (program, arguments) = subject.command.split_first().ok_or("no program")?;
    let environment = [
        ("QUEUE_URL", queue.url()),
        ("AWS_ENDPOINT_URL", queue.endpoint()),
        ("AWS_ACCESS_KEY_ID", "test".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
        ("AWS_REGION", "us-east-1".to_owned()),
        ("NODE_ENV", "production".to_owned()),
        ("NODE_NO_WARNINGS", "1".to_owned()),
        // The other side says nothing of a message, either.
        ("LOG_LEVEL", "warn".to_owned()),
    ];
    let mut command = Command::new(program);
    command.args(arguments).env_clear().env("PATH", path).envs(environment).stdin(Stdio::null()).stdout(Stdio::null());
    let process = Process(command.spawn().map_err(|error| format!("{program}: {error}"))?);
    let begun = Instant::now();
    let took = loop {
        if let Some(took) = queue.took() {
            break took;
        }
        if begun.elapsed() > PATIENCE {
            return Err(format!("{}: {} messages were left", subject.name, queue.left()).into());
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let mib = peak_memory(process.0.id())?;
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    Ok((messages as f64 / took.as_secs_f64(), mib))
}

/// The most memory that a process held so far, in MiB.
fn peak_memory(process: u32) -> Result<f64, Failure> {
    let path = format!("/proc/{process}/status");
    let status = std::fs::read_to_string(Path::new(&path)).map_err(|error| format!("{path}: {error}"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("the kernel says no VmHWM")?;
    let kib: f64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kib / 1024.0)
}
