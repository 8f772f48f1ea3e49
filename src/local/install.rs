//! Finds a Python and installs an emulator into a virtual environment of its own.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use tokio::process::Command;

use super::error::at;
use super::files::{self, Files};
use super::{Emulator, LocalError, Progress};

/// The commands to try, the system's choice first.
pub(super) const PYTHONS: [&str; 6] = ["python3", "python3.14", "python3.13", "python3.12", "python3.11", "python3.10"];

/// How often a long installation says what it is at.
const STILL: Duration = Duration::from_secs(15);

/// Prints the version, then fails if a virtual environment with pip cannot be made.
const CHECK: &str = "import sys; print('.'.join(map(str, sys.version_info[:3]))); \
                     sys.stdout.flush(); import ensurepip, venv";

/// Installs the pinned packages unless an earlier call has finished doing so, and puts our own files beside them.
pub(super) async fn ensure(
    files: &Files,
    pythons: &[PathBuf],
    on: &mut (dyn FnMut(Progress) + Send),
) -> Result<(), LocalError> {
    let venv = files.venv();
    // The last file to be written, so that an interrupted installation counts for nothing.
    let marker = venv.join("installed");
    let wanted = files.emulator.requirements.join("\n");
    // The interpreter is a link that dangles when its Python was uninstalled.
    if !fs::read_to_string(&marker).is_ok_and(|done| done == wanted) || !python(files).exists() {
        packages(files, pythons, on).await?;
        fs::write(&marker, wanted).map_err(at("write", &marker))?;
    }
    // Every time: they are this program's, whatever version of it made the environment.
    for (name, text) in files.emulator.files {
        let path = venv.join(name);
        let folder = path.parent().unwrap_or(&venv);
        fs::create_dir_all(folder).map_err(at("create", folder))?;
        fs::write(&path, text).map_err(at("write", &path))?;
    }
    Ok(())
}

async fn packages(files: &Files, pythons: &[PathBuf], on: &mut (dyn FnMut(Progress) + Send)) -> Result<(), LocalError> {
    let log = files.install_log();
    let output = File::create(&log).map_err(at("write", &log))?;
    create_venv(files, &output, pythons, on).await?;
    let mut pip = Command::new(python(files));
    pip.args(["-m", "pip", "install", "--no-input", "--disable-pip-version-check"])
        .args(files.emulator.requirements)
        // pip refuses to install for the user inside of a virtual environment.
        .env("PIP_USER", "0");
    let began = Instant::now();
    let installing = run(&mut pip, &output);
    tokio::pin!(installing);
    let installed = loop {
        match tokio::time::timeout(STILL, &mut installing).await {
            Ok(done) => break done.map_err(at("run", &python(files)))?,
            Err(_) => on(Progress::StillInstalling {
                emulator: files.emulator,
                seconds: began.elapsed().as_secs(),
                last: files::tail(&log, 0).lines().last().unwrap_or_default().trim().to_owned(),
            }),
        }
    };
    if !installed.success() {
        let tail = files::tail(&log, 0);
        return Err(LocalError::Install { emulator: files.emulator, log, tail });
    }
    Ok(())
}

/// Returns the interpreter of the virtual environment.
pub(super) fn python(files: &Files) -> PathBuf {
    files.venv().join("bin").join("python")
}

/// Creates the virtual environment with the first Python that manages to.
async fn create_venv(
    files: &Files,
    output: &File,
    pythons: &[impl AsRef<OsStr>],
    on: &mut (dyn FnMut(Progress) + Send),
) -> Result<(), LocalError> {
    let mut rejected = Vec::new();
    for command in pythons {
        let command = command.as_ref();
        let python = command.to_string_lossy();
        let python_version = match check(command, files.emulator).await {
            Check::Usable(version) => version,
            Check::Missing => continue,
            Check::Unusable(reason) => {
                rejected.push(format!("{python} {reason}"));
                continue;
            }
        };
        on(Progress::Installing { emulator: files.emulator, python: python.clone().into_owned(), python_version });
        discard(files.venv()).await?;
        let mut venv = Command::new(command);
        venv.args(["-I", "-m", "venv"]).arg(files.venv());
        if run(&mut venv, output).await.is_ok_and(|status| status.success()) {
            return Ok(());
        }
        let log = files.install_log();
        rejected.push(format!("{python} -m venv fails, see {}", log.display()));
    }
    if rejected.is_empty() {
        rejected.push("there is no python3 on the PATH".to_owned());
    }
    Err(LocalError::NoPython { emulator: files.emulator, rejected })
}

/// What a Python command is good for.
#[derive(Debug, PartialEq, Eq)]
enum Check {
    Usable(String),
    Unusable(String),
    Missing,
}

/// Runs a Python command, because being on the PATH means little: it can be a shim for nothing.
async fn check(command: &OsStr, emulator: &Emulator) -> Check {
    let mut python = Command::new(command);
    python.args(["-I", "-c", CHECK]).stdin(Stdio::null()).kill_on_drop(true);
    let output = match python.output().await {
        Ok(output) => output,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Check::Missing,
        Err(error) => return Check::Unusable(format!("cannot be run: {error}")),
    };
    let stdout = String::from_utf8_lossy(&output.stdout);
    let version = stdout.trim();
    let [oldest, newest] = emulator.pythons;
    let mut numbers = version.split('.').map_while(|number| number.parse::<u32>().ok());
    match (numbers.next(), numbers.next()) {
        (Some(major), Some(minor)) if !(oldest..=newest).contains(&(major, minor)) => {
            Check::Unusable(format!("is version {version}"))
        }
        (Some(_), Some(_)) if output.status.success() => Check::Usable(version.to_owned()),
        (Some(_), Some(_)) => Check::Unusable(format!("({version}) lacks venv or ensurepip")),
        _ => Check::Unusable("does not run".to_owned()),
    }
}

/// Removes what an earlier attempt left, off the async threads as it can be thousands of files.
async fn discard(venv: PathBuf) -> Result<(), LocalError> {
    let removed = tokio::task::spawn_blocking(move || files::remove_dir(&venv)).await;
    removed.unwrap_or(Ok(()))
}

/// Runs a command to its end, or until the caller is dropped, with its output in the log.
///
/// The variables that point Python elsewhere are taken away, pip's and the proxies are kept.
async fn run(command: &mut Command, output: &File) -> io::Result<ExitStatus> {
    command
        .env_remove("PYTHONHOME")
        .env_remove("PYTHONPATH")
        .stdin(Stdio::null())
        .stdout(output.try_clone()?)
        .stderr(output.try_clone()?)
        .kill_on_drop(true)
        .status()
        .await
}

#[cfg(test)]
mod tests {
    use super::super::{LOCALSTACK, MINISTACK};
    use super::*;
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    fn script(folder: &Path, name: &str, body: &str) -> PathBuf {
        let path = folder.join(name);
        fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    #[tokio::test]
    async fn a_real_python_is_usable() {
        let mut usable = 0;
        for python in PYTHONS {
            usable += u32::from(matches!(check(python.as_ref(), &MINISTACK).await, Check::Usable(_)));
        }
        assert!(usable > 0);
    }

    #[tokio::test]
    async fn what_is_wrong_with_each_python_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().join("home");
        let files = Files::create(&home, 1, &MINISTACK).unwrap();
        let pythons = [
            script(folder.path(), "old", "echo 3.9.2"),
            script(folder.path(), "shim", "echo 'command not found' >&2; exit 127"),
            script(folder.path(), "bare", "echo 3.11.2; exit 1"),
            script(folder.path(), "liar", "[ $2 = -c ] && echo 3.12.1"),
            folder.path().join("missing"),
        ];
        let output = File::create(files.install_log()).unwrap();
        let error = create_venv(&files, &output, &pythons, &mut |_| ()).await.unwrap_err();
        let expected = "no Python that can run ministack 1.5.33 was found (\
            D/old is version 3.9.2; D/shim does not run; D/bare (3.11.2) lacks venv or ensurepip; \
            D/liar -m venv fails, see D/home/local/install.log); \
            it takes Python 3.10 or newer with venv: `apt install python3-venv` on Debian and \
            Ubuntu, `dnf install python3` on Fedora, `brew install python` on macOS";
        let real = fs::canonicalize(folder.path()).unwrap();
        let message = error.to_string().replace(&*real.to_string_lossy(), "D");
        assert_eq!(message.replace(&*folder.path().to_string_lossy(), "D"), expected);
    }

    #[tokio::test]
    async fn without_any_python_the_path_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let files = Files::create(folder.path(), 1, &MINISTACK).unwrap();
        let output = File::create(files.install_log()).unwrap();
        let pythons = [folder.path().join("python3")];
        let error = create_venv(&files, &output, &pythons, &mut |_| ()).await.unwrap_err();
        assert!(error.to_string().contains("(there is no python3 on the PATH)"), "{error}");
    }

    #[tokio::test]
    async fn each_emulator_has_its_own_range_of_pythons() {
        let folder = tempfile::tempdir().unwrap();
        for (version, ministack, localstack) in
            [("3.11.9", true, false), ("3.12.0", true, true), ("3.13.1", true, true), ("3.14.0", true, false)]
        {
            let python = script(folder.path(), "python", &format!("echo {version}"));
            for (emulator, fits) in [(&MINISTACK, ministack), (&LOCALSTACK, localstack)] {
                let usable = matches!(check(python.as_ref(), emulator).await, Check::Usable(_));
                assert_eq!(usable, fits, "{emulator} on {version}");
            }
        }
    }
}
