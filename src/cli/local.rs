//! `queuestack local`: the local AWS of this machine.

use std::io::{Read as _, Seek as _, SeekFrom};

use clap::{Args as ClapArgs, Subcommand};
use serde_json::json;

use super::target::{home, progress};
use crate::error::{EXIT_ERROR, EXIT_OK, Error};
use crate::local::{Emulator, Local, Running, Stopped};

/// Arguments of `local`.
#[derive(Debug, ClapArgs)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
    /// The port on 127.0.0.1.
    #[arg(long, global = true, env = "QUEUESTACK_LOCAL_PORT", default_value_t = 4566)]
    port: u16,
    /// The emulator: ministack is small and quick, localstack slower and more faithful. Without it: any that runs,
    /// or else ministack.
    #[arg(long, global = true, env = "QUEUESTACK_EMULATOR", value_name = "NAME", value_parser = super::target::emulator)]
    emulator: Option<&'static Emulator>,
    /// Print JSON.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Clone, Copy, Debug, Subcommand)]
enum Command {
    /// Start it, installing it the first time; find it if it runs already.
    Up,
    /// Stop it, if it was started from here. What it holds is gone.
    Down,
    /// Tell whether it runs, and what; exit with 1 when nothing does.
    Status,
    /// Print its log.
    Logs {
        /// Only the last N lines.
        #[arg(long, short = 'n', value_name = "N")]
        lines: Option<usize>,
    },
    /// Delete every resource that it holds.
    Reset,
}

/// Runs one of the subcommands.
pub async fn run(args: Args) -> Result<u8, Error> {
    let local = Local { port: args.port, emulator: args.emulator, ..home() };
    match args.command {
        Command::Up => {
            let running = local.up(&mut progress).await?;
            let how = if running.started { "started" } else { "running already" };
            tell(&running, how, &local, args.json)?;
        }
        Command::Status => match local.status().await {
            Some(running) => tell(&running, "running", &local, args.json)?,
            None => {
                let line =
                    format!("local AWS: not running on 127.0.0.1:{}; start it with `queuestack local up`\n", args.port);
                if args.json {
                    super::print_json(&json!({"running": false}))?;
                } else {
                    super::print(&line)?;
                }
                return Ok(EXIT_ERROR);
            }
        },
        Command::Down => {
            let line = match local.down().await? {
                Stopped::Stopped { pid } => format!("local AWS: stopped (process {pid})\n"),
                Stopped::NotRunning => "local AWS: not running\n".to_owned(),
                Stopped::LeftAlone { running, holder } => {
                    let holder = holder.map_or_else(String::new, |holder| format!(", {holder}"));
                    format!(
                        "local AWS: {} at {}{holder} was not started from here and is left alone\n",
                        running.name, running.endpoint
                    )
                }
            };
            if args.json { super::print_json(&json!({"message": line.trim()}))? } else { super::print(&line)? }
        }
        Command::Logs { lines } => logs(&local, lines)?,
        Command::Reset => {
            local.reset().await?;
            super::print("local AWS: emptied\n")?;
        }
    }
    Ok(EXIT_OK)
}

fn tell(running: &Running, how: &str, local: &Local, json: bool) -> Result<(), Error> {
    if json {
        return super::print_json(&json!({
            "running": true,
            "endpoint": running.endpoint,
            "name": running.name,
            "version": running.version,
            "pid": running.pid,
            "started": running.started,
            "log": local.log_path(),
        }));
    }
    let version = running.version.as_deref().unwrap_or("");
    let process = running.pid.map_or_else(String::new, |pid| format!(", process {pid}"));
    super::print(&format!("local AWS: {how}: {} {version} at {}{process}\n", running.name, running.endpoint))
}

/// Prints the end of the log without reading more of it than is wanted.
fn logs(local: &Local, lines: Option<usize>) -> Result<(), Error> {
    const TAIL: u64 = 1 << 20;
    let path = local.log_path();
    let failed = |source| Error::File { path: path.display().to_string(), source };
    let mut file = std::fs::File::open(&path).map_err(failed)?;
    let length = file.metadata().map_err(failed)?.len();
    if lines.is_some() && length > TAIL {
        file.seek(SeekFrom::Start(length - TAIL)).map_err(failed)?;
    }
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(failed)?;
    let text = String::from_utf8_lossy(&bytes);
    let all: Vec<&str> = text.lines().collect();
    let from = lines.map_or(0, |wanted| all.len().saturating_sub(wanted));
    all[from..].iter().try_for_each(|line| super::print(&format!("{line}\n")))
}
