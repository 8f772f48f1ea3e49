//! What can go wrong with a local AWS, in words that say what to do about it.

use std::io;
use std::path::{Path, PathBuf};

use super::{Holder, MINISTACK_VERSION};

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
    /// No Python can create the virtual environment.
    #[error(
        "no Python that can run ministack {MINISTACK_VERSION} was found ({}); \
         it takes Python 3.10 or newer with venv: `apt install python3-venv` on Debian and Ubuntu, \
         `dnf install python3` on Fedora, `brew install python` on macOS",
        rejected.join("; ")
    )]
    NoPython {
        /// What was tried and why it was not taken, one phrase a Python.
        rejected: Vec<String>,
    },
    /// The packages could not be installed.
    #[error(
        "ministack {MINISTACK_VERSION} could not be installed; check the network and pip's \
         configuration, then run this again. The end of {}:\n{tail}",
        log.display()
    )]
    Install {
        /// The whole output of the installation.
        log: PathBuf,
        /// Its last lines.
        tail: String,
    },
    /// The emulator ended while it was starting.
    #[error("ministack ended while it was starting. The end of {}:\n{tail}", log.display())]
    Died {
        /// The log of the emulator.
        log: PathBuf,
        /// Its last lines, of this start only.
        tail: String,
    },
    /// The emulator runs but does not answer.
    #[error(
        "ministack did not answer on port {port} within 30 seconds; run this again to go on \
         waiting, or stop it with `queuestack local down`. The end of {}:\n{tail}",
        log.display()
    )]
    NotReady {
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
    #[error("{name} on port {port} cannot be emptied while it runs; stop it and start it again instead")]
    NoReset {
        /// What answers on the port.
        name: String,
        /// The port that was asked.
        port: u16,
    },
    /// The emulator could not be stopped.
    #[error("ministack (pid {pid}) could not be stopped; stop it by hand with `kill -9 -{pid}`")]
    Stop {
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
