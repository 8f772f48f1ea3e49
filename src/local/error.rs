//! What can go wrong with a local AWS, in words that say what to do about it.

use std::io;
use std::path::{Path, PathBuf};

use super::{Emulator, Holder};

/// A failure to install, start, find or stop the local AWS.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LocalError {
    /// Something that is not an emulator listens on the port.
    #[error(
        "port {port} is held by {}, which is not an AWS emulator; \
         stop it, or choose another port with `--port`",
        holder.as_ref().map_or_else(|| "another process".to_owned(), ToString::to_string)
    )]
    PortTaken {
        /// The wanted port.
        port: u16,
        /// The process that listens, where the system tells.
        holder: Option<Holder>,
    },
    /// Another emulator than the wanted one answers on the port.
    #[error(
        "port {port} is held by {name}{}, not {wanted}; stop it with `queuestack local down --port {port}` or \
         where it was started, or choose another port with `--port`",
        holder.as_ref().map_or_else(String::new, |holder| format!(" (pid {})", holder.pid))
    )]
    OtherEmulator {
        /// The wanted port.
        port: u16,
        /// What answers.
        name: &'static str,
        /// What was asked for.
        wanted: &'static Emulator,
        /// The process that listens, where the system tells.
        holder: Option<Holder>,
    },
    /// No Python can create the virtual environment.
    #[error(
        "no Python that can run {emulator} was found ({}); it takes {}",
        rejected.join("; "), emulator.get_python
    )]
    NoPython {
        /// What was to be installed.
        emulator: &'static Emulator,
        /// What was tried and why it was not taken, one phrase a Python.
        rejected: Vec<String>,
    },
    /// The packages could not be installed.
    #[error(
        "{emulator} could not be installed; check the network and pip's \
         configuration, then run this again. The end of {}:\n{tail}",
        log.display()
    )]
    Install {
        /// What was to be installed.
        emulator: &'static Emulator,
        /// The whole output of the installation.
        log: PathBuf,
        /// Its last lines.
        tail: String,
    },
    /// The emulator ended while it was starting.
    #[error("{} ended while it was starting. The end of {}:\n{tail}", emulator.name, log.display())]
    Died {
        /// What was started.
        emulator: &'static Emulator,
        /// The log of the emulator.
        log: PathBuf,
        /// Its last lines, of this start only.
        tail: String,
    },
    /// The emulator runs but does not answer.
    #[error(
        "{} did not answer on port {port} within 3 minutes; run this again to go on \
         waiting, or stop it with `queuestack local down`. The end of {}:\n{tail}",
        emulator.name, log.display()
    )]
    NotReady {
        /// What was started.
        emulator: &'static Emulator,
        /// The port that it should answer on.
        port: u16,
        /// The log of the emulator.
        log: PathBuf,
        /// Its last lines, of this start only.
        tail: String,
    },
    /// No emulator answers.
    #[error("no AWS emulator answers on port {port}; start one with `queuestack local up`")]
    NotRunning {
        /// The port that was asked.
        port: u16,
    },
    /// The emulator cannot be emptied.
    #[error(
        "{name} on port {port} cannot be emptied while it runs, and was not started from here; stop it and start it \
         again instead"
    )]
    NoReset {
        /// What answers on the port.
        name: &'static str,
        /// The port that was asked.
        port: u16,
    },
    /// The emulator could not be stopped.
    #[error("{} (pid {pid}) could not be stopped; stop it by hand with `kill -9 -{pid}`", emulator.name)]
    Stop {
        /// What was to be stopped.
        emulator: &'static Emulator,
        /// The process, which also leads its group.
        pid: u32,
        /// Why it could not be signalled; nothing if it outlived the signals.
        source: Option<io::Error>,
    },
    /// A file, folder or program of the home could not be used.
    #[error("cannot {action} {}; check that the folder is writable and the disk is not full", path.display())]
    Io {
        /// What was tried, as a verb: `write`.
        action: &'static str,
        /// What it was tried with.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
}

/// Names the file and the action in an I/O error.
pub(super) fn at(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> LocalError {
    move |source| LocalError::Io { action, path: path.to_owned(), source }
}
