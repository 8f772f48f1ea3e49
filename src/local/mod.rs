//! Local AWS without Docker: installs, starts, finds and stops an emulator on loopback.
//!
//! ```text
//! emulator  the table of those that can be installed, with their versions and settings
//! port      who answers on the port: an emulator, something else, nothing
//! install   Python → virtual environment → pinned packages
//! process   start in the background, recognise as ours, stop with all its functions
//! ```
//!
//! The machine is the state: what runs is asked of the port and of the process table, and the pid
//! file is only a hint that is checked before it is believed. So a killed emulator, a reboot or an
//! interrupted [`Local::up`] needs no repair.

mod emulator;
mod error;
mod files;
mod install;
mod port;
mod process;

use std::path::PathBuf;
use std::time::{Duration, Instant};

pub use emulator::{EMULATORS, Emulator, LOCALSTACK, MINISTACK};
pub use error::LocalError;
use files::Files;
use port::Found;
pub use port::Holder;
use process::Starting;

/// How long a starting emulator may take until its health page answers. LocalStack imports for seconds, and for minutes
/// beside a build on few cores; one that ended is told at once.
const READY_WITHIN: Duration = Duration::from_secs(180);
/// How long the port of a process that ended may still accept connections.
const PORT_FREE_WITHIN: Duration = Duration::from_secs(1);
const PROBE_FIRST: Duration = Duration::from_millis(20);
const PROBE_SLOWEST: Duration = Duration::from_millis(200);

/// A place for a local AWS: where it is installed, and the port that it answers on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Local {
    /// The folder that holds the installation, logs and pid files, such as `<project>/.queuestack`.
    ///
    /// It is created on first use and keeps itself out of git, so it should hold nothing else that
    /// is to be committed. Several ports may share it.
    pub home: PathBuf,
    /// The TCP port on 127.0.0.1, 1–65535; emulators of AWS use 4566.
    pub port: u16,
    /// The emulator that is wanted. `None` takes any that answers, and installs the default where none does.
    pub emulator: Option<&'static Emulator>,
    /// The Python commands to install with: the first that is fit is taken.
    pub pythons: Vec<PathBuf>,
}

/// A local AWS that answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Running {
    /// The URL to give to AWS clients, such as `http://127.0.0.1:4566`.
    pub endpoint: String,
    /// What answers: `ministack`, or `localstack` for it and what imitates its health page.
    pub name: &'static str,
    /// The version that it reports.
    pub version: Option<String>,
    /// The process, if it was started from this home and [`Local::down`] would therefore stop it.
    pub pid: Option<u32>,
    /// Whether this very call started it.
    pub started: bool,
}

/// What [`Local::down`] found and did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stopped {
    /// The emulator and the functions that it ran are gone.
    Stopped {
        /// The process that was stopped.
        pid: u32,
    },
    /// An emulator answers that was not started from this home; it was left alone.
    LeftAlone {
        /// What answers.
        running: Running,
        /// The process that listens, where the system tells.
        holder: Option<Holder>,
    },
    /// Nothing was running.
    NotRunning,
}

/// A step that [`Local::up`] has reached.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Progress {
    /// Another process is installing, starting or stopping in the same home; this one waits for it.
    Waiting,
    /// The emulator is being installed, the first time.
    Installing {
        /// The emulator.
        emulator: &'static Emulator,
        /// The command of the Python in use, such as `python3`.
        python: String,
        /// The version of that Python, such as `3.12.1`.
        python_version: String,
    },
    /// The installation goes on.
    StillInstalling {
        /// The emulator.
        emulator: &'static Emulator,
        /// For how many seconds.
        seconds: u64,
        /// The last line of pip.
        last: String,
    },
    /// The emulator is installed and is being started.
    Starting {
        /// The emulator.
        emulator: &'static Emulator,
        /// The port that it will answer on.
        port: u16,
    },
}

impl Local {
    /// Makes a place for whatever emulator answers, installed with the Python on the PATH.
    #[must_use]
    pub fn new(home: impl Into<PathBuf>, port: u16) -> Local {
        let pythons = install::PYTHONS.map(PathBuf::from).to_vec();
        Local { home: home.into(), port, emulator: None, pythons }
    }

    /// Returns the URL to give to AWS clients, such as `http://127.0.0.1:4566`.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Returns the file that the emulator on this port logs to; it exists after the first start.
    ///
    /// Unless one is wanted by name, it is the one that was written last.
    #[must_use]
    pub fn log_path(&self) -> PathBuf {
        let written = |log: &PathBuf| log.metadata().and_then(|file| file.modified()).ok();
        let logs = self.candidates().map(|files| files.log());
        // Of equals the last wins: the default, where there is none yet.
        logs.rev().max_by_key(written).unwrap_or_default()
    }

    /// Makes sure that a local AWS answers on the port: finds one, or installs and starts one.
    ///
    /// Concurrent calls, from this process or others, end up with the same emulator. It outlives
    /// the caller. Dropping the future stops an installation but leaves a started emulator running.
    ///
    /// # Errors
    ///
    /// If something other than an emulator holds the port, or another emulator than the wanted one, no usable
    /// Python is found, the installation fails, the emulator dies or does not answer within 3 minutes, or a file
    /// in the home cannot be written.
    pub async fn up(&self, on: &mut (dyn FnMut(Progress) + Send)) -> Result<Running, LocalError> {
        if let Some(running) = self.find().await? {
            return Ok(running);
        }
        let mut files = Files::create(&self.home, self.port, self.emulator.unwrap_or(EMULATORS[0]))?;
        let _lock = files.lock(&mut *on).await?;
        if let Some(running) = self.find().await? {
            return Ok(running);
        }
        if let Some((starting, pid)) = self.ours() {
            files = starting;
            let (log_start, child) = (files.log_len(), None);
            let starting = Starting { pid, log_start, child };
            return self.wait(&files, starting).await;
        }
        // An outgoing connection holds a port too, and nobody is found who listens.
        if std::net::TcpListener::bind(("127.0.0.1", self.port)).is_err() {
            return Err(LocalError::PortTaken { port: self.port, holder: None });
        }
        install::ensure(&files, &self.pythons, on).await?;
        on(Progress::Starting { emulator: files.emulator, port: self.port });
        let starting = process::start(&files, &self.endpoint())?;
        self.wait(&files, starting).await
    }

    /// Tells which local AWS answers on the port, if any.
    pub async fn status(&self) -> Option<Running> {
        self.running(port::probe(self.port, port::ANSWER_WITHIN).await)
    }

    /// Tells the same of one that is to be worked with, however busy it is: taken for a stranger, its gaps would be
    /// taken for changes.
    pub async fn answering(&self) -> Option<Running> {
        self.running(port::probe(self.port, port::BUSY_ANSWER_WITHIN).await)
    }

    /// Stops the emulator on this port together with the functions it runs, if it was started from
    /// this home.
    ///
    /// # Errors
    ///
    /// If the process may not be signalled or survives being killed, or the lock of the home
    /// cannot be taken.
    pub async fn down(&self) -> Result<Stopped, LocalError> {
        let mut stopped = None;
        for files in self.candidates().filter(Files::exist) {
            let _lock = files.lock(&mut |_| ()).await?;
            let pid = process::ours(&files);
            if let Some(pid) = pid {
                process::stop(&files, pid).await?;
                port::closed(self.port, PORT_FREE_WITHIN).await;
                // A function that is still dying may write to it; the next start empties it anyhow.
                let _ = files.remove_temp();
            }
            files.forget_pid()?;
            stopped = stopped.or(pid);
        }
        if let Some(pid) = stopped {
            return Ok(Stopped::Stopped { pid });
        }
        let Some(running) = self.status().await else {
            return Ok(Stopped::NotRunning);
        };
        let holder = port::holder(self.port).await;
        Ok(Stopped::LeftAlone { running, holder })
    }

    /// Empties the emulator: deletes every resource that it holds.
    ///
    /// It acts on whatever answers on the port, whoever started it; an emulator that knows no such request is
    /// started anew, if it was started from this home.
    ///
    /// # Errors
    ///
    /// If no emulator answers, or it is one that cannot be emptied, or it cannot be started again.
    pub async fn reset(&self) -> Result<(), LocalError> {
        let Some(running) = self.find().await? else {
            return Err(LocalError::NotRunning { port: self.port });
        };
        let emulator = Emulator::named(running.name);
        let done = match emulator.and_then(|emulator| emulator.reset) {
            Some(path) => port::reset(self.port, path).await,
            None if running.pid.is_some() => {
                let this = Local { emulator, ..self.clone() };
                this.down().await?;
                this.up(&mut |_| ()).await?;
                true
            }
            None => false,
        };
        done.then_some(()).ok_or(LocalError::NoReset { name: running.name, port: self.port })
    }

    /// The files of every emulator that may be meant, the default first.
    fn candidates(&self) -> impl DoubleEndedIterator<Item = Files> {
        let meant = EMULATORS.into_iter().filter(|emulator| self.emulator.is_none_or(|wanted| wanted == *emulator));
        meant.map(|emulator| Files::new(&self.home, self.port, emulator))
    }

    /// The emulator of this home that lives, whether it answers yet or not.
    fn ours(&self) -> Option<(Files, u32)> {
        self.candidates().find_map(|files| process::ours(&files).map(|pid| (files, pid)))
    }

    /// Finds an emulator that answers, and refuses a port that something else holds.
    async fn find(&self) -> Result<Option<Running>, LocalError> {
        let deadline = Instant::now() + PORT_FREE_WITHIN;
        loop {
            let found = port::probe(self.port, port::ANSWER_WITHIN).await;
            let nobody = found == Found::Nothing;
            if let Some(running) = self.running(found) {
                return self.wanted(running).await.map(Some);
            }
            // One of ours that does not answer is busy or stuck: the caller waits for it.
            if nobody || self.ours().is_some() {
                return Ok(None);
            }
            let (port, holder) = (self.port, port::holder(self.port).await);
            // Nobody to name may be a process that is just ending.
            if holder.is_some() || Instant::now() >= deadline {
                return Err(LocalError::PortTaken { port, holder });
            }
            tokio::time::sleep(PROBE_SLOWEST).await;
        }
    }

    /// Refuses another emulator than the one that was asked for.
    async fn wanted(&self, running: Running) -> Result<Running, LocalError> {
        match self.emulator {
            Some(wanted) if wanted.name != running.name => {
                let (port, name, holder) = (self.port, running.name, port::holder(self.port).await);
                Err(LocalError::OtherEmulator { port, name, wanted, holder })
            }
            _ => Ok(running),
        }
    }

    /// Waits until the started process answers, or another that was faster to take the port.
    async fn wait(&self, files: &Files, mut starting: Starting) -> Result<Running, LocalError> {
        let deadline = Instant::now() + READY_WITHIN;
        let mut pause = PROBE_FIRST;
        loop {
            // Asked before the probe: what answers after a death is somebody else.
            let alive = starting.is_alive(files);
            if let Some(running) = self.running(port::probe(self.port, port::ANSWER_WITHIN).await) {
                if running.pid.is_none() {
                    process::stop(files, starting.pid).await?;
                    files.forget_pid()?;
                }
                let started = starting.child.is_some() && running.pid.is_some();
                return self.wanted(Running { started, ..running }).await;
            }
            if !alive || Instant::now() >= deadline {
                let (emulator, port, log) = (files.emulator, self.port, files.log());
                let tail = files::tail(&log, starting.log_start);
                return Err(if alive {
                    LocalError::NotReady { emulator, port, log, tail }
                } else {
                    LocalError::Died { emulator, log, tail }
                });
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 3 / 2).min(PROBE_SLOWEST);
        }
    }

    /// Describes an emulator that was found; its edition tells whether it comes from this home.
    fn running(&self, found: Found) -> Option<Running> {
        let Found::Emulator { name, version, edition } = found else {
            return None;
        };
        let files = Emulator::named(name).map(|emulator| Files::new(&self.home, self.port, emulator));
        let own = files.filter(|files| edition.is_some_and(|edition| edition == files.edition()));
        let pid = own.and_then(|files| process::ours(&files));
        Some(Running { endpoint: self.endpoint(), name, version, pid, started: false })
    }
}
