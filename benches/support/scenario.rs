//! What is measured: one stack applied and planned, beside the floor, on one ground.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::floor::Failure;
use super::ground::Ground;
use super::measure::{Program, Times};
use super::report::{Limit, Report, Row};

/// How much slower than the floor queuestack may be.
const FLOOR_TARGET: f64 = 1.5;
const START_UPS: usize = 50;
/// Units of the stack whose plan's memory is measured: 500 queues.
const MEMORY_UNITS: usize = 250;
/// Units of a small stack.
const FEW_UNITS: usize = 2;

/// The two programs that are compared, and how often.
#[derive(Debug)]
pub struct Bench {
    /// The queuestack binary.
    pub queuestack: Program,
    /// The floor as a process of its own.
    pub floor: Program,
    /// Units in the stack.
    pub units: usize,
    /// How often each thing is done.
    pub runs: usize,
    /// Where files are written.
    pub directory: PathBuf,
}

impl Bench {
    /// Applies and plans new stacks, in turn with the floor, and adds two rows to the report.
    ///
    /// # Errors
    /// When a program fails, or the plan after an apply is not empty.
    pub fn provision(&self, ground: &Ground, report: &mut Report) -> Result<(), Failure> {
        let (file, endpoint) = (write_stack(&self.directory, self.units)?, ground.endpoint());
        let units = self.units.to_string();
        let floor = |what| self.floor.time(&["--floor", what, &units, &endpoint]);
        let (mut create, mut read) = (Times::default(), Times::default());
        let (mut apply, mut plan) = (Times::default(), Times::default());
        for run in 0..self.runs {
            ground.reset()?;
            create.push(floor("create")?);
            read.push(floor("read")?);
            ground.reset()?;
            apply.push(self.queuestack.time(&["apply", &file, "--yes", "--endpoint", &endpoint])?);
            let of_apply = ground.take_counts();
            plan.push(self.queuestack.time(&["plan", &file, "--detailed-exitcode", "--endpoint", &endpoint])?);
            if let (0, Some(of_apply), Some(of_plan)) = (run, of_apply, ground.take_counts()) {
                self.check_requests(of_apply, of_plan, report);
            }
        }
        let row = |what: &str, other, queuestack| Row {
            ground: ground.name(),
            what: format!("{what}, {} units", self.units),
            against: "the floor",
            other,
            queuestack,
            target: FLOOR_TARGET,
        };
        report.rows.extend([row("apply", create, apply), row("no-op plan", read, plan)]);
        Ok(())
    }

    /// Plans the bundled stacks, all in one command, beside reading all that is there. What ships code goes to the local
    /// AWS alone, with the workers of this build.
    ///
    /// # Errors
    /// When a program fails, or a plan after an apply is not empty.
    pub fn bundled(&self, ground: &Ground, report: &mut Report) -> Result<(), Failure> {
        let endpoint = ground.endpoint();
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("stacks");
        let mut files = Vec::new();
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|end| end == "yaml") && self.plans(ground, &path, report)? {
                files.push(path.display().to_string());
            }
        }
        files.sort();
        let of_this_build = ["--no-build", "--cargo-profile", "release", "--endpoint", &endpoint];
        let plan = [&["plan", "--detailed-exitcode"], &of_this_build[..]].concat();
        let plan: Vec<&str> = plan.into_iter().chain(files.iter().map(String::as_str)).collect();
        ground.reset()?;
        for file in &files {
            self.queuestack.time(&[&["apply", file, "--yes"], &of_this_build[..]].concat())?;
        }
        let read: &[&str] = match ground {
            Ground::Local(_) => &["--floor-bundled", &endpoint],
            Ground::Stub(_) | Ground::Emulator(_) => &["--floor", "read-all", "0", &endpoint],
        };
        let (mut other, mut queuestack) = (Times::default(), Times::default());
        for _ in 0..self.runs {
            other.push(self.floor.time(read)?);
            queuestack.push(self.queuestack.time(&plan)?);
        }
        let what = format!("no-op plan of {} bundled stacks", files.len());
        let limit = Limit {
            what: format!("{what} ({})", ground.name()),
            value: queuestack.median(),
            most: 150.0,
            unit: "ms",
            exact: false,
        };
        report.limits.push(limit);
        report.rows.push(Row { ground: ground.name(), what, against: "bare reads", other, queuestack, target: 2.0 });
        ground.reset()
    }

    /// Says whether a stack can be planned there: the stub knows queues and alarms alone, and cargo's time is not
    /// measured.
    fn plans(&self, ground: &Ground, stack: &Path, report: &mut Report) -> Result<bool, Failure> {
        let text = std::fs::read_to_string(stack)?;
        let has = |section: &str| text.contains(&format!("\n{section}:"));
        if !matches!(ground, Ground::Local(_)) && ["workers", "topics", "tables", "apis"].into_iter().any(has) {
            return Ok(false);
        }
        if !has("workers") {
            return Ok(true);
        }
        let stack = stack.display().to_string();
        let built = self.queuestack.time(&["build", &stack, "--no-build", "--cargo-profile", "release"]);
        if built.is_err() {
            report
                .notes
                .push(format!("without {stack}: its workers are not built: `cargo build --release --workspace`"));
        }
        Ok(built.is_ok())
    }

    /// Counts the requests of a plan of few queues, where those that find what left the stack weigh most.
    ///
    /// # Errors
    /// When a program fails.
    pub fn few(&self, report: &mut Report) -> Result<(), Failure> {
        let ground = Ground::stub()?;
        let (file, endpoint) = (write_stack(&self.directory, FEW_UNITS)?, ground.endpoint());
        self.queuestack.time(&["apply", &file, "--yes", "--endpoint", &endpoint])?;
        let _of_apply = ground.take_counts();
        self.queuestack.time(&["plan", &file, "--detailed-exitcode", "--endpoint", &endpoint])?;
        let requests = ground.take_counts().map_or(0, |counts| counts.values().sum());
        report.limits.push(budget(2 * FEW_UNITS, requests));
        Ok(())
    }

    /// Holds the requests against their budgets.
    fn check_requests(&self, apply: BTreeMap<String, u64>, plan: BTreeMap<String, u64>, report: &mut Report) {
        let queues = 2 * self.units;
        let of = |operation: &str| apply.get(operation).copied().unwrap_or_default();
        let later = ["sqs.SetQueueAttributes", "sqs.TagQueue", "cloudwatch.TagResource"].map(of).iter().sum();
        report.limits.extend([
            budget(queues, plan.values().sum()),
            exact(format!("CreateQueue in an apply of {queues} queues"), of("sqs.CreateQueue"), queues),
            exact("attributes or tags set after creating".to_owned(), later, 0),
        ]);
        report.requests.extend([("apply", apply), ("no-op plan", plan)]);
    }

    /// Measures `queuestack --version` beside a process that does nothing.
    ///
    /// # Errors
    /// When a program fails.
    pub fn start_up(&self, report: &mut Report) -> Result<(), Failure> {
        let (mut own, mut nothing) = (Times::default(), Times::default());
        for _ in 0..START_UPS {
            own.push(self.queuestack.time(&["--version"])?);
            nothing.push(self.floor.time(&["--nothing"])?);
        }
        report.limits.push(Limit {
            what: format!("queuestack --version, median of {START_UPS}"),
            value: own.median(),
            most: 10.0,
            unit: "ms",
            exact: false,
        });
        report.notes.push(format!("a process that does nothing takes {:.1} ms here", nothing.median()));
        Ok(())
    }

    /// Measures the memory of a no-op plan of 500 queues.
    ///
    /// # Errors
    /// When a program fails.
    pub fn memory(&self, report: &mut Report) -> Result<(), Failure> {
        let ground = Ground::stub()?;
        let (file, endpoint) = (write_stack(&self.directory, MEMORY_UNITS)?, ground.endpoint());
        self.queuestack.time(&["apply", &file, "--yes", "--endpoint", &endpoint])?;
        let plan = ["plan", &file, "--detailed-exitcode", "--endpoint", &endpoint];
        let peak = self.queuestack.peak_memory(&plan)?;
        ground.reset()?;
        let units = MEMORY_UNITS.to_string();
        self.floor.time(&["--floor", "create", &units, &endpoint])?;
        let floor = self.floor.peak_memory(&["--floor", "read", &units, &endpoint])?;
        report.limits.push(Limit {
            what: format!("peak memory of a plan of {} queues", 2 * MEMORY_UNITS),
            value: float(peak) / 1e6,
            most: 60.0,
            unit: "MB",
            exact: false,
        });
        report.notes.push(format!("the floor's peak memory for the same reads is {:.1} MB", float(floor) / 1e6));
        Ok(())
    }
}

/// What a plan of so many queues may ask.
fn budget(queues: usize, requests: u64) -> Limit {
    exact(format!("no-op plan of {queues} queues"), requests, 2 * queues + queues / 50 + 10)
}

/// A limit on requests, which are facts of the code.
fn exact(what: String, value: u64, most: usize) -> Limit {
    let most = float(u64::try_from(most).unwrap_or(u64::MAX));
    Limit { what, value: float(value), most, unit: "requests", exact: true }
}

/// Turns a count into a number of the report; counts here are far below 2³².
pub fn float(count: u64) -> f64 {
    u32::try_from(count).map_or(f64::INFINITY, f64::from)
}

/// Writes the stack of `units` units and returns the file's path.
fn write_stack(directory: &Path, units: usize) -> Result<String, Failure> {
    std::fs::create_dir_all(directory)?;
    let path = directory.join(format!("{units}.yaml"));
    std::fs::write(&path, stack(units))?;
    Ok(path.into_os_string().into_string().map_err(|path| format!("{} is not UTF-8", path.display()))?)
}

/// Spells the stack: each unit a queue, its dead-letter queue, their redrive policy and two alarms.
fn stack(units: usize) -> String {
    let mut yaml = "stack: bench\nqueues:\n".to_owned();
    for unit in 0..units {
        // Writing to a string cannot fail.
        let _ = write!(
            yaml,
            "  job-{unit:04}:\n    redrive: {{max_receive_count: 3}}\n    alarms: {{dead_letters: {{threshold: 1}}, backlog: {{threshold: 1000}}}}\n"
        );
    }
    yaml
}
