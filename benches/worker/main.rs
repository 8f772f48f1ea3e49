//! What the worker runtime costs: messages a second and memory beside bbc/sqs-consumer, and a cold start beside the bare
//! `lambda_runtime`.
//!
//! `cargo bench --bench worker -- [--messages N] [--runs N] [--json] [--check] [--only poll|cold] [--no-build]`
//!
//! All take turns on the same endpoint, a queue in memory. Node.js 20 or later and npm must be there for the peer, which
//! npm installs below `target/`. `--no-build` takes the functions as they were built last. `--check` exits with 1 when a target is missed.

mod cold;
mod poll;
mod queue;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use poll::{Measured, Subject};
use serde_json::{Value, json};

/// Whatever went wrong.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// At least so many times the peer's messages a second, with at most this part of its memory.
const SPEED: f64 = 3.0;
const MEMORY: f64 = 0.25;
/// At most so many milliseconds from start to first event, and so many times the bare runtime's.
const COLD: f64 = 20.0;
const COLD_RATIO: f64 = 1.5;
/// What one answer of the queue takes: nothing, and about what SQS takes within a Region.
const DELAYS: [Duration; 2] = [Duration::ZERO, Duration::from_millis(5)];
const COLD_RUNS: usize = 31;
/// The bundled worker alone: the whole stack takes minutes more to build.
const CALENDAR: &str = "
stack: cold
functions:
  calendar-sync: {role: 'arn:aws:iam::000000000000:role/cold', code: {package: calendar-sync, features: [dynamodb]}}
";

fn main() -> ExitCode {
    // Cargo itself adds `--bench`.
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    if arguments.first().is_some_and(|first| first == "--noop") {
        return poll::noop();
    }
    match bench(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Measures and prints; says whether what was to be checked is within its targets.
fn bench(arguments: &[String]) -> Result<bool, Failure> {
    let options = Options::parse(arguments)?;
    let mut report = Report::default();
    if options.only.as_deref() != Some("cold") {
        let subjects = subjects()?;
        for delay in DELAYS {
            report.polls.push((delay, poll::measure(&subjects, delay, options.messages, options.runs)?));
        }
    }
    if options.only.as_deref() != Some("poll") {
        report.cold = Some(cold_starts(options.no_build)?);
    }
    if options.json {
        println!("{:#}", report.to_json());
    } else {
        report.print();
    }
    Ok(!options.check || report.is_within_targets())
}

/// The worker, and the peer with one consumer and with as many as the worker polls at once.
fn subjects() -> Result<[Subject; 3], Failure> {
    let own = std::env::current_exe()?.display().to_string();
    let peer = install()?.join("index.mjs").display().to_string();
    let node = |consumers: &str| vec!["node".to_owned(), peer.clone(), consumers.to_owned()];
    Ok([
        Subject { name: "queuestack-worker", command: vec![own, "--noop".to_owned()] },
        Subject { name: "sqs-consumer", command: node("1") },
        Subject { name: "sqs-consumer, 5 in a process", command: node("5") },
    ])
}

fn scratch(name: &str) -> Result<PathBuf, Failure> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("worker-bench").join(name);
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

fn peers() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers")
}

/// Installs the peer, in the versions of its lock file, unless it is there.
fn install() -> Result<PathBuf, Failure> {
    let (source, folder) = (peers().join("sqs-consumer"), scratch("sqs-consumer")?);
    for file in ["package.json", "index.mjs"] {
        std::fs::copy(source.join(file), folder.join(file))?;
    }
    let lock = std::fs::read(source.join("package-lock.json"))?;
    if std::fs::read(folder.join("package-lock.json")).ok().as_ref() != Some(&lock) {
        std::fs::write(folder.join("package-lock.json"), &lock)?;
        let status =
            Command::new("npm").args(["ci", "--no-audit", "--no-fund", "--silent"]).current_dir(&folder).status();
        let status = status.map_err(|error| format!("npm: {error}"))?;
        if !status.success() {
            std::fs::remove_file(folder.join("package-lock.json"))?;
            return Err(format!("npm ci: {status}").into());
        }
    }
    Ok(folder)
}

/// The bundled calendar worker's and the bare runtime's, in milliseconds; both are built as they are shipped.
fn cold_starts(no_build: bool) -> Result<[f64; 2], Failure> {
    let queuestack = PathBuf::from(env!("CARGO_BIN_EXE_queuestack"));
    let (out, bare) = (scratch("zips")?, scratch("bare")?);
    let stack = out.join("calendar-sync.yaml");
    std::fs::write(&stack, CALENDAR)?;
    cold::build(&queuestack, &stack, Path::new(env!("CARGO_MANIFEST_DIR")), &out, no_build)?;
    std::fs::create_dir_all(bare.join("src"))?;
    for file in ["Cargo.toml", "Cargo.lock", "stack.yaml", "src/main.rs"] {
        std::fs::copy(peers().join("bare").join(file), bare.join(file))?;
    }
    cold::build(&queuestack, &bare.join("stack.yaml"), &bare, &out, no_build)?;
    let programs = [cold::unpack(&out, "calendar-sync")?, cold::unpack(&out, "bare")?];
    cold::measure([&programs[0], &programs[1]], COLD_RUNS)
}

/// What one run measured.
#[derive(Default)]
struct Report {
    polls: Vec<(Duration, Vec<Measured>)>,
    cold: Option<[f64; 2]>,
}

impl Report {
    fn is_within_targets(&self) -> bool {
        let polls = self.polls.iter().all(|(_, measured)| {
            let (speed, memory) = ratios(&measured[0], &measured[1]);
            speed >= SPEED && memory <= MEMORY
        });
        polls && self.cold.is_none_or(|[own, bare]| own <= COLD && own / bare <= COLD_RATIO)
    }

    fn print(&self) {
        for (delay, measured) in &self.polls {
            println!("a handler that does nothing; an answer of the queue takes {} ms", delay.as_millis());
            println!("  {:<32} {:>12} {:>10} {:>8} {:>8}", "", "messages/s", "peak MiB", "speed", "memory");
            for one in measured {
                let (speed, memory) = ratios(&measured[0], one);
                println!("  {:<32} {:>12.0} {:>10.1} {speed:>8.2} {memory:>8.2}", one.name, one.per_second, one.mib);
            }
        }
        if let Some([own, bare]) = self.cold {
            println!(
                "cold start, from the start of the process to its first request for an event, ms (median of {COLD_RUNS})"
            );
            println!("  {:<32} {own:>12.1}", "calendar-sync");
            println!("  {:<32} {bare:>12.1}", "bare lambda_runtime");
            println!("  {:<32} {:>12.2}", "ratio", own / bare);
        }
        println!(
            "targets: speed ≥ {SPEED}, memory ≤ {MEMORY} of one sqs-consumer; cold start ≤ {COLD} ms, ratio ≤ {COLD_RATIO}"
        );
        println!("{}", if self.is_within_targets() { "all are met" } else { "MISSED" });
    }

    fn to_json(&self) -> Value {
        let poll = |(delay, measured): &(Duration, Vec<Measured>)| {
            let (speed, memory) = ratios(&measured[0], &measured[1]);
            let all: Vec<_> = measured.iter().map(Measured::to_json).collect();
            json!({"delay_ms": delay.as_millis(), "speed": speed, "memory": memory, "measured": all})
        };
        let cold = self.cold.map(|[own, bare]| json!({"calendar_sync_ms": own, "bare_ms": bare, "ratio": own / bare}));
        json!({
            "polls": self.polls.iter().map(poll).collect::<Vec<_>>(), "cold_start": cold,
            "within_targets": self.is_within_targets(),
        })
    }
}

/// The first one's messages a second and memory, each over the other's.
fn ratios(own: &Measured, other: &Measured) -> (f64, f64) {
    (own.per_second / other.per_second, own.mib / other.mib)
}

/// The middle value, the upper one of two; 0 of none.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// In milliseconds.
pub fn times(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

/// What the command line asks for.
struct Options {
    messages: usize,
    runs: usize,
    json: bool,
    check: bool,
    no_build: bool,
    only: Option<String>,
}

impl Options {
    fn parse(arguments: &[String]) -> Result<Self, Failure> {
        let mut options = Self { messages: 10_000, runs: 3, json: false, check: false, no_build: false, only: None };
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            let mut value = || rest.next().ok_or_else(|| format!("{argument} takes a value"));
            match argument.as_str() {
                "--messages" => options.messages = value()?.parse()?,
                "--runs" => options.runs = value()?.parse()?,
                "--json" => options.json = true,
                "--check" => options.check = true,
                "--no-build" => options.no_build = true,
                "--only" => options.only = Some(value()?.clone()),
                other => return Err(format!("unknown argument {other}").into()),
            }
        }
        Ok(options)
    }
}
