//! Where things are in the home, and the lock that lets one process at a time change them.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use super::error::at;
use super::{Emulator, LocalError, Progress};

const LOCK_POLL: Duration = Duration::from_millis(50);
/// A log that has grown beyond this many bytes is set aside at the next start.
const LOG_LIMIT: u64 = 8 * 1024 * 1024;
const TAIL_LINES: usize = 12;

/// The files of one emulator on one port in one home.
#[derive(Debug)]
pub(super) struct Files {
    pub(super) emulator: &'static Emulator,
    /// `<home>/local`, absolute and without symbolic links wherever it exists: the spelling under
    /// which a process that was started from it is recognised.
    dir: PathBuf,
    port: u16,
}

impl Files {
    pub(super) fn new(home: &Path, port: u16, emulator: &'static Emulator) -> Self {
        let home = fs::canonicalize(home).or_else(|_| std::path::absolute(home)).unwrap_or_else(|_| home.to_owned());
        let dir = home.join("local");
        Self { emulator, dir, port }
    }

    /// Creates the home, which ignores itself in git, and returns its files.
    pub(super) fn create(home: &Path, port: u16, emulator: &'static Emulator) -> Result<Self, LocalError> {
        let dir = home.join("local");
        fs::create_dir_all(&dir).map_err(at("create", &dir))?;
        let ignore = home.join(".gitignore");
        if !ignore.exists() {
            fs::write(&ignore, "*\n").map_err(at("write", &ignore))?;
        }
        Ok(Self::new(home, port, emulator))
    }

    pub(super) fn exist(&self) -> bool {
        self.dir.is_dir()
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// What an emulator that was started from this home calls its edition: no path, as it can become a file's name.
    pub(super) fn edition(&self) -> String {
        let digest = Sha256::digest(self.dir.as_os_str().as_encoded_bytes());
        let hex: String = digest[..8].iter().map(|byte| format!("{byte:02x}")).collect();
        format!("queuestack-{hex}")
    }

    pub(super) fn venv(&self) -> PathBuf {
        self.dir.join(format!("{}-{}", self.emulator.name, self.emulator.version))
    }

    /// What the path of every installation of the emulator in this home begins with, whatever its version.
    pub(super) fn venv_prefix(&self) -> PathBuf {
        self.dir.join(format!("{}-", self.emulator.name))
    }

    pub(super) fn install_log(&self) -> PathBuf {
        self.dir.join("install.log")
    }

    pub(super) fn log(&self) -> PathBuf {
        self.dir.join(format!("{}-{}.log", self.emulator.name, self.port))
    }

    pub(super) fn log_len(&self) -> u64 {
        fs::metadata(self.log()).map_or(0, |file| file.len())
    }

    /// Opens the log for appending, after setting aside one that has grown too long.
    pub(super) fn open_log(&self) -> Result<File, LocalError> {
        let log = self.log();
        if self.log_len() > LOG_LIMIT {
            fs::rename(&log, log.with_extension("log.old")).map_err(at("rename", &log))?;
        }
        let mut options = File::options();
        let open = options.create(true).append(true).open(&log);
        open.map_err(at("write", &log))
    }

    /// Empties and returns the folder for what the emulator unpacks.
    ///
    /// It is ours so that another user's leftovers in the system's folder cannot be in the way.
    pub(super) fn fresh_temp(&self) -> Result<PathBuf, LocalError> {
        self.remove_temp()?;
        let temp = self.temp();
        fs::create_dir(&temp).map_err(at("create", &temp))?;
        Ok(temp)
    }

    pub(super) fn remove_temp(&self) -> Result<(), LocalError> {
        remove_dir(&self.temp())
    }

    fn temp(&self) -> PathBuf {
        self.dir.join(format!("tmp-{}", self.port))
    }

    fn pid_file(&self) -> PathBuf {
        self.dir.join(format!("{}-{}.pid", self.emulator.name, self.port))
    }

    /// Returns the last process that was started; it may have ended, and its number be reused.
    pub(super) fn pid(&self) -> Option<u32> {
        fs::read_to_string(self.pid_file()).ok()?.trim().parse().ok()
    }

    pub(super) fn remember_pid(&self, pid: u32) -> Result<(), LocalError> {
        let file = self.pid_file();
        fs::write(&file, format!("{pid}\n")).map_err(at("write", &file))
    }

    pub(super) fn forget_pid(&self) -> Result<(), LocalError> {
        let file = self.pid_file();
        unless_missing(fs::remove_file(&file)).map_err(at("remove", &file))
    }

    /// Takes the lock of the home, which is released when the returned file is dropped.
    ///
    /// It polls because a blocked system call would outlive a cancelled caller.
    pub(super) async fn lock(&self, on: &mut (dyn FnMut(Progress) + Send)) -> Result<File, LocalError> {
        let path = self.dir.join("lock");
        let mut options = File::options();
        let opened = options.create(true).truncate(false).write(true).open(&path);
        let file = opened.map_err(at("write", &path))?;
        let mut told = false;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::WouldBlock) if told => {}
                Err(TryLockError::WouldBlock) => {
                    told = true;
                    on(Progress::Waiting);
                }
                Err(TryLockError::Error(source)) => return Err(at("lock", &path)(source)),
            }
            tokio::time::sleep(LOCK_POLL).await;
        }
    }
}

/// Removes a folder with all that is in it, if it is there.
pub(super) fn remove_dir(path: &Path) -> Result<(), LocalError> {
    unless_missing(fs::remove_dir_all(path)).map_err(at("remove", path))
}

fn unless_missing(result: io::Result<()>) -> io::Result<()> {
    result.or_else(|error| match error.kind() {
        io::ErrorKind::NotFound => Ok(()),
        _ => Err(error),
    })
}

/// Returns the last lines that a log has gained since it had `start` bytes.
pub(super) fn tail(log: &Path, start: u64) -> String {
    let mut text = Vec::new();
    let read = File::open(log).and_then(|mut file| {
        file.seek(SeekFrom::Start(start))?;
        file.read_to_end(&mut text)
    });
    if read.is_err() || text.is_empty() {
        return "(it is empty)".to_owned();
    }
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::super::MINISTACK;
    use super::*;

    #[test]
    fn a_new_home_ignores_itself_and_an_own_gitignore_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().join("project/.queuestack");
        Files::create(&home, 1, &MINISTACK).unwrap();
        assert_eq!(fs::read_to_string(home.join(".gitignore")).unwrap(), "*\n");
        fs::write(home.join(".gitignore"), "local/\n").unwrap();
        Files::create(&home, 1, &MINISTACK).unwrap();
        assert_eq!(fs::read_to_string(home.join(".gitignore")).unwrap(), "local/\n");
    }

    #[test]
    fn a_tail_has_the_last_lines_since_the_start() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        assert_eq!(tail(&log, 0), "(it is empty)");
        let lines: Vec<String> = (0..20).map(|n| format!("line {n}")).collect();
        fs::write(&log, lines.join("\n\n")).unwrap();
        assert_eq!(tail(&log, 0), lines[8..].join("\n"));
        let start = fs::metadata(&log).unwrap().len() - 7;
        assert_eq!(tail(&log, start), "line 19");
    }

    #[test]
    fn a_long_log_is_set_aside() {
        let folder = tempfile::tempdir().unwrap();
        let files = Files::create(folder.path(), 1, &MINISTACK).unwrap();
        files.open_log().unwrap().set_len(LOG_LIMIT + 1).unwrap();
        files.open_log().unwrap();
        assert_eq!(files.log_len(), 0);
        assert!(files.log().with_extension("log.old").exists());
    }

    #[tokio::test]
    async fn the_second_to_lock_says_that_it_waits() {
        let folder = tempfile::tempdir().unwrap();
        let files = Files::create(folder.path(), 1, &MINISTACK).unwrap();
        let first = files.lock(&mut |_| panic!("nobody holds it")).await.unwrap();
        let mut seen = Vec::new();
        let mut on = |progress| seen.push(progress);
        let release = async {
            tokio::time::sleep(3 * LOCK_POLL).await;
            drop(first);
        };
        let (second, ()) = tokio::join!(files.lock(&mut on), release);
        second.unwrap();
        assert_eq!(seen, [Progress::Waiting]);
    }
}
