//! From the start of a function's process until it asks for its first event.

use std::io::{Read, Write as _};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::{Failure, median, times};

/// When to give a start up.
const PATIENCE: Duration = Duration::from_secs(10);

/// Builds the functions of a stack from a workspace, as they would be shipped, and puts their zips into a folder.
///
/// # Errors
/// When one cannot be built.
pub fn build(queuestack: &Path, stack: &Path, workspace: &Path, out: &Path, no_build: bool) -> Result<(), Failure> {
    let mut command = Command::new(queuestack);
    command
        .arg("build")
        .arg(stack)
        .arg("--workspace")
        .arg(workspace)
        .arg("--out")
        .arg(out)
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    if no_build {
        command.arg("--no-build");
    }
    let status = command.status()?;
    if status.success() { Ok(()) } else { Err(format!("queuestack build {}: {status}", stack.display()).into()) }
}

/// Takes the program out of the zip of a function, for this machine's architecture.
///
/// # Errors
/// When it is not there.
pub fn unpack(folder: &Path, function: &str) -> Result<PathBuf, Failure> {
    use std::os::unix::fs::PermissionsExt as _;
    let architecture = if cfg!(target_arch = "aarch64") { "arm64" } else { "x86_64" };
    // Between the two stands what the features are called.
    let is_its =
        |name: &str| name.starts_with(&format!("{function}-")) && name.ends_with(&format!("{architecture}.zip"));
    let names = std::fs::read_dir(folder)?.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let name = names
        .into_iter()
        .find(|name| is_its(name))
        .ok_or_else(|| format!("no zip of {function} in {}", folder.display()))?;
    let zip = folder.join(name);
    let file = std::fs::File::open(&zip).map_err(|error| format!("{}: {error}", zip.display()))?;
    let mut program = Vec::new();
    zip::ZipArchive::new(file)?.by_name("bootstrap")?.read_to_end(&mut program)?;
    let path = zip.with_extension("bootstrap");
    std::fs::write(&path, program)?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755))?;
    Ok(path)
}

/// The medians of so many starts of each, in milliseconds; they take turns.
///
/// # Errors
/// When one does not ask for an event.
pub fn measure(programs: [&Path; 2], runs: usize) -> Result<[f64; 2], Failure> {
    let mut taken = [Vec::new(), Vec::new()];
    // The first start of each reads it from the disk.
    for round in 0..=runs {
        for (program, taken) in programs.iter().zip(&mut taken) {
            let took = start(program)?;
            if round > 0 {
                taken.push(times(took));
            }
        }
    }
    Ok(taken.map(median))
}

fn start(program: &Path) -> Result<Duration, Failure> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?.to_string();
    let environment = [
        ("AWS_LAMBDA_RUNTIME_API", address.as_str()),
        ("AWS_LAMBDA_FUNCTION_NAME", "cold"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("QUEUE_URL", "https://sqs.us-east-1.amazonaws.com/000000000000/cold"),
        ("IDEMPOTENCY_STORE", "dynamodb:cold"),
    ];
    let mut command = Command::new(program);
    command.env_clear().envs(environment).stdin(Stdio::null()).stdout(Stdio::null());
    let begun = Instant::now();
    let mut child = command.spawn().map_err(|error| format!("{}: {error}", program.display()))?;
    let asked = first_request(&listener, begun);
    let _ = child.kill();
    let _ = child.wait();
    let (request, took) = asked?;
    if request.starts_with("GET ") && request.contains("/runtime/invocation/next ") {
        Ok(took)
    } else {
        Err(format!("{} asked for {request}", program.display()).into())
    }
}

/// The first line of the first request.
fn first_request(listener: &TcpListener, begun: Instant) -> Result<(String, Duration), Failure> {
    listener.set_nonblocking(true)?;
    let mut stream = loop {
        match listener.accept() {
            Ok((stream, _)) => break stream,
            Err(error) if error.kind() != std::io::ErrorKind::WouldBlock => return Err(error.into()),
            Err(_) if begun.elapsed() > PATIENCE => return Err("it did not ask for an event".into()),
            Err(_) => std::thread::sleep(Duration::from_micros(100)),
        }
    };
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut buffer = [0; 1_024];
    let length = stream.read(&mut buffer)?;
    let took = begun.elapsed();
    let _ = stream.flush();
    Ok((String::from_utf8_lossy(&buffer[..length]).lines().next().unwrap_or_default().to_owned(), took))
}
