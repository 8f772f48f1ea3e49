//! What is measured of workers, on the local AWS: a stack of them applied and planned, and new code for one.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Instant;

use super::floor::Failure;
use super::ground::Ground;
use super::measure::Times;
use super::report::{Limit, Report, Row};
use super::scenario::{Bench, float};

/// How much slower than the floor queuestack may be.
const TARGET: f64 = 2.0;
/// An apply of a hundred workers takes seconds on an emulator: fewer runs tell as much.
const RUNS: usize = 5;
/// What a no-op plan asks whatever its size: who we are, and the first page of each list.
const FIRST_PAGES: usize = 12;

impl Bench {
    /// Applies and plans stacks of workers with a prebuilt artifact, and ships new code to one, in turn with the floor.
    ///
    /// # Errors
    /// When a program fails, or the plan after an apply is not empty.
    pub fn deploy(&self, ground: &Ground, report: &mut Report) -> Result<(), Failure> {
        let (endpoint, units, code) = (ground.endpoint(), self.units.to_string(), self.directory.join("code.zip"));
        let code_path = code.to_str().ok_or("the folder is not UTF-8")?;
        let floor = |what| self.floor.time(&["--floor-workers", what, &units, &endpoint, code_path]);
        let (many, one) = (self.write_workers(self.units)?, self.write_workers(1)?);
        let (mut create, mut apply) = (Times::default(), Times::default());
        let (mut bare, mut ship) = (Times::default(), Times::default());
        for run in 0..self.runs.min(RUNS) {
            write_code(&code, 2 * run)?;
            ground.reset()?;
            create.push(floor("create")?);
            write_code(&code, 2 * run + 1)?;
            bare.push(floor("code")?);
            ground.reset()?;
            apply.push(self.queuestack.time(&["apply", &many, "--yes", "--endpoint", &endpoint])?);
            if run == 0 {
                self.check_plan(&many, &endpoint, report)?;
            }
            ground.reset()?;
            self.queuestack.time(&["apply", &one, "--yes", "--endpoint", &endpoint])?;
            write_code(&code, 2 * run + 2)?;
            ship.push(self.queuestack.time(&["apply", &one, "--yes", "--endpoint", &endpoint])?);
        }
        let row = |what: String, other, queuestack| Row {
            ground: ground.name(),
            what,
            against: "bare calls",
            other,
            queuestack,
            target: TARGET,
        };
        report.rows.push(row(format!("apply, {} workers", self.units), create, apply));
        report.rows.push(row("new code of a worker".to_owned(), bare, ship));
        Ok(())
    }

    /// Counts the requests of a no-op plan: two a function, one a queue and two for its tags and those of its mapping,
    /// one for the tags of a log group; roles come in bulk.
    fn check_plan(&self, file: &str, endpoint: &str, report: &mut Report) -> Result<(), Failure> {
        let mut command = self.queuestack.command(&["plan", file, "--json", "--endpoint", endpoint]);
        let output = command.output()?;
        let plan: serde_json::Value = serde_json::from_slice(&output.stdout)?;
        if plan["steps"].as_array().is_none_or(|steps| !steps.is_empty()) {
            return Err(format!("the plan after an apply is not empty: {}", plan["summary"]).into());
        }
        report.limits.push(Limit {
            what: format!("no-op plan of {} workers", self.units),
            value: float(plan["calls"].as_u64().unwrap_or(u64::MAX)),
            most: float(u64::try_from(6 * self.units + self.units / 10 + FIRST_PAGES)?),
            unit: "requests",
            exact: true,
        });
        Ok(())
    }

    /// Packs the bundled calendar worker, where this build has it, and measures time and size.
    ///
    /// # Errors
    /// When it cannot be read or packed.
    pub fn pack(queuestack: &Path, report: &mut Report) -> Result<(), Failure> {
        // As it is shipped.
        let built = queuestack.ancestors().nth(2).map(|target| target.join("lambda/calendar-sync"));
        let Some(worker) = built.and_then(|path| std::fs::read(path).ok()) else {
            report.notes.push("the calendar worker is not built: `queuestack build stacks/calendar.yaml`".to_owned());
            return Ok(());
        };
        let (mut times, mut size) = (Times::default(), 0);
        for _ in 0..RUNS {
            let begun = Instant::now();
            size = queuestack::artifact::pack::pack(&worker)?.len();
            times.push(begun.elapsed());
        }
        let limit = |what: &str, value, most, unit| Limit { what: what.to_owned(), value, most, unit, exact: false };
        report.limits.push(limit("packing the calendar worker", times.median(), 500.0, "ms"));
        report.limits.push(limit("zip of the calendar worker", float(u64::try_from(size)?) / 1e6, 3.0, "MB"));
        Ok(())
    }

    fn write_workers(&self, units: usize) -> Result<String, Failure> {
        std::fs::create_dir_all(&self.directory)?;
        let mut yaml = "stack: bench-workers\ndefaults: {workers: {artifact: code.zip, alarms: false}}\n".to_owned();
        yaml.push_str("queues:\n");
        for unit in 0..units {
            // Writing to a string cannot fail.
            let _ = writeln!(yaml, "  job-{unit:04}: {{}}");
        }
        yaml.push_str("workers:\n");
        for unit in 0..units {
            let _ = writeln!(yaml, "  work-{unit:04}: {{queue: job-{unit:04}}}");
        }
        let path = self.directory.join(format!("workers-{units}.yaml"));
        std::fs::write(&path, yaml)?;
        Ok(path.into_os_string().into_string().map_err(|path| format!("{} is not UTF-8", path.display()))?)
    }
}

/// Writes a zip of 1 MB whose digest depends on a number: half of it cannot be made smaller.
fn write_code(path: &Path, number: usize) -> Result<(), Failure> {
    let mut state = u64::try_from(number)?.wrapping_add(1);
    let mut script = format!("#!/bin/sh\n# {number}\n: ").into_bytes();
    while script.len() < 1 << 20 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        script.extend_from_slice(&(state >> 32).to_le_bytes());
    }
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(path, queuestack::artifact::pack::pack(&script)?)?;
    Ok(())
}
