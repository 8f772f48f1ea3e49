//! Local AWS without Docker: installs, starts, finds and stops the emulator ministack on loopback.
//!
//! ```text
//! port      who answers on the port: an emulator, something else, nothing
//! install   Python → virtual environment → pinned packages
//! process   start in the background, recognise as ours, stop with all its functions
//! ```
//!
//! The machine is the state: what runs is asked of the port and of the process table, and the pid
//! file is only a hint that is checked before it is believed. So a killed emulator, a reboot or an
//! interrupted [`Local::up`] needs no repair.

mod error;
mod files;
mod install;
mod port;
mod process;

use std::path::PathBuf;
use std::time::{Duration, Instant};

pub use error::LocalError;
use files::Files;
use port::Found;
pub use port::Holder;
use process::Starting;

/// The version of ministack that is installed and started.
pub const MINISTACK_VERSION: &str = "1.5.33";

/// How long a starting emulator may take until its health page answers.
const READY_WITHIN: Duration = Duration::from_secs(30);
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
}

/// A local AWS that answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Running {
    /// The URL to give to AWS clients, such as `http://127.0.0.1:4566`.
    pub endpoint: String,
    /// What answers: `ministack`, or `localstack` for it and what imitates its health page.
    pub name: String,
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
    /// The emulator is being installed, which takes half a minute the first time.
    Installing {
        /// The version of ministack.
        version: &'static str,
        /// The command of the Python in use, such as `python3`.
        python: String,
        /// The version of that Python, such as `3.12.1`.
        python_version: String,
    },
    /// The emulator is installed and is being started.
    Starting {
        /// The port that it will answer on.
        port: u16,
    },
}

impl Local {
    /// Returns the URL to give to AWS clients, such as `http://127.0.0.1:4566`.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Returns the file that the emulator on this port logs to; it exists after the first start.
    #[must_use]
    pub fn log_path(&self) -> PathBuf {
        Files::new(&self.home, self.port).log()
    }

    /// Makes sure that a local AWS answers on the port: finds one, or installs and starts ministack.
    ///
    /// Concurrent calls, from this process or others, end up with the same emulator. It outlives
    /// the caller. Dropping the future stops an installation but leaves a started emulator running.
    ///
    /// # Errors
    ///
    /// If something other than an emulator holds the port, no usable Python is found, the
    /// installation fails, the emulator dies or does not answer within 30 seconds, or a file in
    /// the home cannot be written.
    pub async fn up(&self, on: &mut (dyn FnMut(Progress) + Send)) -> Result<Running, LocalError> {
        if let Some(running) = self.find(&Files::new(&self.home, self.port)).await? {
            return Ok(running);
        }
        let files = Files::create(&self.home, self.port)?;
        let _lock = files.lock(&mut *on).await?;
        if let Some(running) = self.find(&files).await? {
            return Ok(running);
        }
        if let Some(pid) = process::ours(&files) {
            let (log_start, child) = (files.log_len(), None);
            let starting = Starting { pid, log_start, child };
            return self.wait(&files, starting).await;
        }
        install::ensure(&files, on).await?;
        on(Progress::Starting { port: self.port });
        let starting = process::start(&files, &self.endpoint())?;
        self.wait(&files, starting).await
    }

    /// Tells which local AWS answers on the port, if any.
    pub async fn status(&self) -> Option<Running> {
        let files = Files::new(&self.home, self.port);
        self.running(&files, port::probe(self.port).await)
    }

    /// Stops the emulator on this port together with the functions it runs, if it was started from
    /// this home.
    ///
    /// # Errors
    ///
    /// If the process may not be signalled or survives being killed, or the lock of the home
    /// cannot be taken.
    pub async fn down(&self) -> Result<Stopped, LocalError> {
        let files = Files::new(&self.home, self.port);
        if files.exist() {
            let _lock = files.lock(&mut |_| ()).await?;
            let pid = process::ours(&files);
            if let Some(pid) = pid {
                process::stop(&files, pid).await?;
                port::closed(self.port, PORT_FREE_WITHIN).await;
            }
            files.forget_pid()?;
            // A function that is still dying may write to it; the next start empties it anyhow.
            let _ = files.remove_temp();
            if let Some(pid) = pid {
                return Ok(Stopped::Stopped { pid });
            }
        }
        let Some(running) = self.status().await else {
            return Ok(Stopped::NotRunning);
        };
        let holder = port::holder(self.port).await;
        Ok(Stopped::LeftAlone { running, holder })
    }

    /// Empties the emulator: deletes every resource that it holds.
    ///
    /// It acts on whatever ministack answers on the port, whoever started it.
    ///
    /// # Errors
    ///
    /// If no emulator answers, or it is one that cannot be emptied over HTTP.
    pub async fn reset(&self) -> Result<(), LocalError> {
        let Some(running) = self.status().await else {
            return Err(LocalError::NotRunning { port: self.port });
        };
        let done = running.name == port::MINISTACK && port::reset(self.port).await;
        done.then_some(()).ok_or(LocalError::NoReset { name: running.name, port: self.port })
    }

    /// Finds an emulator that answers, and refuses a port that something else holds.
    async fn find(&self, files: &Files) -> Result<Option<Running>, LocalError> {
        let deadline = Instant::now() + PORT_FREE_WITHIN;
        loop {
            let found = port::probe(self.port).await;
            // One of ours that does not answer is busy or stuck: the caller waits for it.
            if found != Found::Other || process::ours(files).is_some() {
                return Ok(self.running(files, found));
            }
            let (port, holder) = (self.port, port::holder(self.port).await);
            // Nobody to name may be a process that is just ending.
            if holder.is_some() || Instant::now() >= deadline {
                return Err(LocalError::PortTaken { port, holder });
            }
            tokio::time::sleep(PROBE_SLOWEST).await;
        }
    }

    /// Waits until the started process answers, or another that was faster to take the port.
    async fn wait(&self, files: &Files, mut starting: Starting) -> Result<Running, LocalError> {
        let deadline = Instant::now() + READY_WITHIN;
        let mut pause = PROBE_FIRST;
        loop {
            // Asked before the probe: what answers after a death is somebody else.
            let alive = starting.is_alive(files);
            if let Some(running) = self.running(files, port::probe(self.port).await) {
                if running.pid.is_none() {
                    process::stop(files, starting.pid).await?;
                    files.forget_pid()?;
                }
                let started = starting.child.is_some() && running.pid.is_some();
                return Ok(Running { started, ..running });
            }
            if !alive || Instant::now() >= deadline {
                let (port, log) = (self.port, files.log());
                let tail = files::tail(&log, starting.log_start);
                return Err(if alive {
                    LocalError::NotReady { port, log, tail }
                } else {
                    LocalError::Died { log, tail }
                });
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 3 / 2).min(PROBE_SLOWEST);
        }
    }

    /// Describes an emulator that was found; its edition tells whether it comes from this home.
    fn running(&self, files: &Files, found: Found) -> Option<Running> {
        let Found::Emulator { name, version, edition } = found else {
            return None;
        };
        let own = edition.is_some_and(|edition| edition == files.edition());
        Some(Running {
            endpoint: self.endpoint(),
            name,
            version,
            pid: own.then(|| process::ours(files)).flatten(),
            started: false,
        })
    }
}
