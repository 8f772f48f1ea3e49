//! Side by side: queuestack, the bare SDK client below which no tool gets, and Terraform if it is there.
//!
//! `cargo bench --bench provision -- [--units N] [--runs N] [--json] [--check]`
//!
//! Queues and alarms are measured on a stub in memory, workers and all bundled stacks on the local AWS, which the product
//! itself brings up.
//!
//! - `--json` prints the report as JSON, `--check` exits with 1 when something is over its target.
//! - `QUEUESTACK_BENCH_ENDPOINT=http://127.0.0.1:4566` runs the same on that emulator, which is emptied (!) in between.
//! - `QUEUESTACK_BENCH_TERRAFORM=1` adds Terraform; `QUEUESTACK_BENCH_TERRAFORM_MIRROR=<dir>` is where its provider lies.
//! - `QUEUESTACK_BIN=<path>` measures another binary than the one of this build.
//! - `--serve MILLISECONDS` runs only the stub, to look at by hand.
//!
//! The request budgets are facts of the code: exceeding one fails every run. Times and memory are facts of the machine too.

mod support;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use support::floor::{Failure, Floor, Tally};
use support::ground::Ground;
use support::measure::{self, Program};
use support::report::Report;
use support::scenario::Bench;
use support::stub::Stub;
use support::terraform;
use support::workers::Workers;

fn main() -> ExitCode {
    // Cargo itself adds `--bench`.
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let done = match arguments.first().map(String::as_str) {
        Some("--nothing") => Ok(true),
        Some("--floor-workers") => floor_workers(&arguments[1..]).map(|()| true),
        Some("--floor-bundled") => floor_bundled(&arguments[1..]).map(|()| true),
        Some("--floor") => floor(&arguments[1..]).map(|()| true),
        Some("--peak-memory") => measure::print_peak_memory(&arguments[1..]).map(|()| true),
        Some("--serve") => serve(&arguments[1..]).map(|()| true),
        _ => bench(&arguments),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Measures everything, prints the report and says whether what was to be checked is within its targets.
fn bench(arguments: &[String]) -> Result<bool, Failure> {
    let options = Options::parse(arguments)?;
    let bench = Bench {
        queuestack: Program::new(&queuestack()?, &[]),
        floor: Program::new(&std::env::current_exe()?, &[]),
        units: options.units,
        runs: options.runs,
        directory: Path::new(env!("CARGO_TARGET_TMPDIR")).join("provision"),
    };
    let mut report = Report::default();
    let mut grounds = vec![Ground::stub()?];
    grounds.extend(std::env::var("QUEUESTACK_BENCH_ENDPOINT").ok().map(Ground::Emulator));
    for ground in &grounds {
        bench.provision(ground, &mut report)?;
        bench.bundled(ground, &mut report)?;
    }
    let local = Ground::local(&bench.queuestack, &Path::new(env!("CARGO_TARGET_TMPDIR")).join("local"))?;
    bench.bundled(&local, &mut report)?;
    bench.deploy(&local, &mut report)?;
    Bench::pack(&queuestack()?, &mut report)?;
    let compared = grounds.last().filter(|_| terraform::is_wanted());
    if let Some(Err(error)) = compared.map(|ground| terraform::compare(&bench, ground, &mut report)) {
        report.notes.push(format!("no comparison with Terraform: {error}"));
    }
    bench.few(&mut report)?;
    bench.start_up(&mut report)?;
    bench.memory(&mut report)?;
    if options.json {
        println!("{:#}", report.to_json());
    } else {
        report.print();
    }
    Ok(report.is_within_exact_limits() && (!options.check || report.is_within_targets()))
}

/// Finds the binary to measure: the one named in the environment, or the one of this build.
fn queuestack() -> Result<PathBuf, Failure> {
    let built = option_env!("CARGO_BIN_EXE_queuestack").map(OsString::from);
    let path = std::env::var_os("QUEUESTACK_BIN").or(built).ok_or("set QUEUESTACK_BIN to the queuestack binary")?;
    Ok(PathBuf::from(path))
}

/// Runs the bare client once, as a process that does nothing else: `create|read|read-all UNITS ENDPOINT`.
fn floor(arguments: &[String]) -> Result<(), Failure> {
    let [what, units, endpoint] = arguments else {
        return Err("usage: --floor create|read|read-all UNITS ENDPOINT".into());
    };
    let units: usize = units.parse()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let begun = std::time::Instant::now();
    runtime.block_on(async {
        let floor = Floor::new(endpoint);
        if what == "create" {
            return floor.create(units).await;
        }
        if what == "read-all" {
            return floor.read_all().await;
        }
        let found = floor.read(units).await?;
        let wanted = 2 * units;
        let all = Tally { queues: wanted, owned_queues: wanted, alarms: wanted, owned_alarms: wanted };
        if found == all { Ok(()) } else { Err(format!("{found:?} instead of {all:?}").into()) }
    })?;
    println!("{what} of {units} units: {:.1} ms without the process", begun.elapsed().as_secs_f64() * 1e3);
    Ok(())
}

/// Reads once all that the bundled stacks made: `ENDPOINT`.
fn floor_bundled(arguments: &[String]) -> Result<(), Failure> {
    let [endpoint] = arguments else { return Err("usage: --floor-bundled ENDPOINT".into()) };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let (floor, workers) = (Floor::new(endpoint), Workers::new(endpoint, Vec::new()));
        let events = workers.events();
        tokio::try_join!(floor.read_queues(), floor.read_alarms_and_tags(), workers.read_all(), events.read_all())?;
        Ok(())
    })
}

/// Runs the bare client of workers once: `create|code UNITS ENDPOINT ZIP`.
fn floor_workers(arguments: &[String]) -> Result<(), Failure> {
    let [what, units, endpoint, code] = arguments else {
        return Err("usage: --floor-workers create|code UNITS ENDPOINT ZIP".into());
    };
    let (units, code) = (units.parse()?, std::fs::read(code)?);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let workers = Workers::new(endpoint, code);
        if what == "create" { workers.create(units).await } else { workers.update_code("floor-0000").await }
    })
}

/// Serves the stub until the process is ended.
fn serve(arguments: &[String]) -> Result<(), Failure> {
    let delay = arguments.first().map_or(Ok(20), |milliseconds| milliseconds.parse())?;
    let stub = Stub::start(Duration::from_millis(delay))?;
    println!("{}", stub.endpoint());
    loop {
        std::thread::park();
    }
}

/// What the command line asks for.
struct Options {
    units: usize,
    runs: usize,
    json: bool,
    check: bool,
}

impl Options {
    fn parse(arguments: &[String]) -> Result<Self, Failure> {
        let mut options = Self { units: 100, runs: 15, json: false, check: false };
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            let mut number = || -> Result<usize, Failure> {
                let value = rest.next().ok_or_else(|| format!("{argument} takes a number"))?;
                let number = value.parse().map_err(|_| format!("{argument} takes a number, not {value}"))?;
                if number > 0 { Ok(number) } else { Err(format!("{argument} takes a number above 0").into()) }
            };
            match argument.as_str() {
                "--units" => options.units = number()?,
                "--runs" => options.runs = number()?,
                "--json" => options.json = true,
                "--check" => options.check = true,
                other => return Err(format!("unknown argument {other}").into()),
            }
        }
        Ok(options)
    }
}
