//! The binary as another process: initialised, asked for JSON, stopped politely.

use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};

use serde_json::Value as Json;
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::watch;

use super::error::TerraformError;

/// From where providers come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Plugins {
    /// From this folder alone.
    Folder(PathBuf),
    /// From where the user's own configuration of Terraform says.
    Configured,
    /// From the registry.
    Download,
}

/// Which binary is run where, and with what.
#[derive(Clone, Debug)]
pub struct Terraform {
    /// The binary.
    pub program: PathBuf,
    /// The working folder.
    pub folder: PathBuf,
    /// The folder of what is initialised, `.terraform` or what `TF_DATA_DIR` says; relative to the working folder.
    pub data: PathBuf,
    /// What its environment has besides ours.
    pub environment: Vec<(String, String)>,
}

impl Terraform {
    fn command(&self, arguments: &[String]) -> Command {
        let mut command = Command::new(&self.program);
        command.current_dir(&self.folder).args(arguments).stdin(Stdio::null());
        command.env("TF_IN_AUTOMATION", "1").env("TF_INPUT", "0").env("CHECKPOINT_DISABLE", "1");
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        // A Ctrl-C reaches it through us, and once.
        #[cfg(unix)]
        command.process_group(0);
        command
    }

    /// Initialises the folder, unless that was done with the same files and plugins.
    ///
    /// # Errors
    /// When a provider is missing, or the state cannot be reached.
    pub async fn init(&self, plugins: &Plugins) -> Result<(), TerraformError> {
        let marker = self.marker();
        let digest = self.digest(plugins);
        if std::fs::read_to_string(&marker).is_ok_and(|there| there == digest) {
            return Ok(());
        }
        let mut arguments = words(&["init", "-input=false", "-no-color", "-reconfigure"]);
        if let Plugins::Folder(folder) = plugins {
            arguments.push(format!("-plugin-dir={}", folder.display()));
            // The lock file is ours: what lies in the folder now is what is wanted.
            arguments.push("-upgrade".to_owned());
        }
        let output = self.command(&arguments).output().await.map_err(|source| self.cannot_start(source))?;
        if !output.status.success() {
            let said = [output.stderr, output.stdout].concat();
            let said = String::from_utf8_lossy(&said).trim().to_owned();
            return Err(TerraformError::Failed { verb: "init", said });
        }
        // Without the marker it is done once more the next time.
        let _ = std::fs::write(&marker, digest);
        Ok(())
    }

    /// Forgets that the folder was initialised.
    pub fn forget(&self) {
        // Where it stays, initialising is left out once more, and Terraform says again what is missing.
        let _ = std::fs::remove_file(self.marker());
    }

    fn marker(&self) -> PathBuf {
        self.folder.join(&self.data).join("queuestack")
    }

    /// What initialising depends on.
    fn digest(&self, plugins: &Plugins) -> String {
        let mut digest = Sha256::new();
        for name in ["versions.tf", "queuestack_backend.tf"] {
            digest.update(std::fs::read(self.folder.join(name)).unwrap_or_default());
        }
        digest.update(format!("{plugins:?} {} {}", self.program.display(), self.folder.display()));
        digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Runs it with `-json` and gives every line to `on`; `stop` asks it to end what is in flight.
    ///
    /// # Errors
    /// When it cannot be started or read.
    pub async fn stream(
        &self,
        arguments: &[String],
        stop: Option<watch::Receiver<bool>>,
        on: &mut (dyn FnMut(&Json) + Send),
    ) -> Result<(ExitStatus, String), TerraformError> {
        let mut command = self.command(arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|source| self.cannot_start(source))?;
        let errors = child.stderr.take();
        let errors = tokio::spawn(async move {
            let mut text = String::new();
            if let Some(mut errors) = errors {
                let _ = errors.read_to_string(&mut text).await;
            }
            text
        });
        self.follow(&mut child, stop, on).await?;
        let status = child.wait().await.map_err(|source| self.cannot_start(source))?;
        Ok((status, errors.await.unwrap_or_default()))
    }

    async fn follow(
        &self,
        child: &mut Child,
        mut stop: Option<watch::Receiver<bool>>,
        on: &mut (dyn FnMut(&Json) + Send),
    ) -> Result<(), TerraformError> {
        let Some(output) = child.stdout.take() else { return Ok(()) };
        let mut lines = BufReader::new(output).lines();
        loop {
            let stopped = async {
                match &mut stop {
                    Some(stop) => stop.changed().await.is_ok(),
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                line = lines.next_line() => match line.map_err(|source| self.cannot_start(source))? {
                    Some(line) => {
                        if let Ok(line) = serde_json::from_str(&line) {
                            on(&line);
                        }
                    }
                    None => return Ok(()),
                },
                asked = stopped => {
                    if asked {
                        interrupt(child);
                    }
                    stop = None;
                }
            }
        }
    }

    /// Reads a plan or a state as JSON.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn show(&self, file: Option<&str>) -> Result<Json, TerraformError> {
        let arguments: Vec<String> = words(&["show", "-json"]).into_iter().chain(file.map(str::to_owned)).collect();
        let output = self.command(&arguments).output().await.map_err(|source| self.cannot_start(source))?;
        let failed = || {
            let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            TerraformError::Failed { verb: "show", said }
        };
        if !output.status.success() {
            return Err(failed());
        }
        serde_json::from_slice(&output.stdout).map_err(|_| failed())
    }

    fn cannot_start(&self, source: std::io::Error) -> TerraformError {
        TerraformError::Start { program: self.program.clone(), source }
    }
}

/// Words of a command line.
pub fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// Asks to stop after what is in flight, as Ctrl-C does.
fn interrupt(child: &Child) {
    #[cfg(unix)]
    if let Some(id) = child.id().and_then(|id| rustix::process::Pid::from_raw(id.cast_signed())) {
        let _ = rustix::process::kill_process(id, rustix::process::Signal::INT);
    }
    #[cfg(not(unix))]
    let _ = child;
}

/// The folders of a machine in which providers usually lie; those of the user come before.
pub const SHARED_FOLDERS: &[&str] =
    &["/usr/local/share/terraform/plugins", "/usr/share/terraform/plugins", "/opt/tf-plugins"];

/// Tells whether a folder has the AWS provider, packed or not.
#[must_use]
pub fn has_provider(folder: &Path) -> bool {
    let hosts = ["registry.terraform.io", "registry.opentofu.org"];
    hosts.iter().any(|host| folder.join(host).join("hashicorp").join("aws").is_dir())
}
