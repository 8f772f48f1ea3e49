//! Worker package → release binary for Lambda → checked ELF → reproducible zip and its digest.
//!
//! [`build`] runs cargo with what can link for the runtime's glibc (cargo-zigbuild, else cargo-lambda, else plain cargo), reads the
//! binary before Lambda has to ([`elf`]), and packs it so that the same binary has the same `CodeSha256` everywhere ([`mod@pack`]).
//! [`from_zip`] puts code that was built elsewhere through the same checks.
//!
//! # What is reproducible
//! The same binary always gives the same zip. The same commit gives the same binary in any folder, target folder and cargo home, with
//! the same Rust toolchain and the same linking tool, for packages whose path dependencies lie inside the workspace: cargo hashes the
//! absolute path of those outside into type ids. A comment changes nothing as long as no code moves to another line: panics carry
//! their line numbers.
//!
//! # What is read from the environment
//! Only what cargo itself would read and this module has to add to: `CARGO_HOME`, `RUSTFLAGS` and its kin, `SOURCE_DATE_EPOCH`,
//! and where cargo-zigbuild finds zig. Everything else passes through to cargo.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

mod cargo;
pub mod elf;
mod error;
mod flags;
mod kept;
mod machine;
pub mod pack;
mod run;
#[cfg(test)]
mod tests;

pub use error::{ArtifactError, GlibcNeed};
use kept::Kept;
pub use machine::{Architecture, Glibc, Runtime};

/// The largest zip that Lambda takes in the call itself, in bytes; larger ones go through S3.
/// [Quotas](https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html).
pub const DIRECT_UPLOAD_BYTES: u64 = 50 << 20;

/// The most that code and layers may take when unpacked, in bytes.
/// [Quotas](https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html).
pub const UNZIPPED_BYTES: u64 = 250 << 20;

/// Asks for one package as a Lambda zip.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildRequest {
    /// The folder with the workspace's `Cargo.toml`.
    pub workspace: PathBuf,
    /// The cargo package.
    pub package: String,
    /// Its binary; by default the only one, or `default-run`, or the one called like the package.
    pub binary: Option<String>,
    /// The features that it is built with, and no other; by default its default ones.
    pub features: Option<Vec<String>>,
    /// The machine that the function runs on.
    pub architecture: Architecture,
    /// The runtime that starts it.
    pub runtime: Runtime,
    /// The cargo profile; by default `lambda` where the workspace's `Cargo.toml` defines it, else `release`.
    pub profile: Option<String>,
    /// Whether to take the binary of the last build instead of building.
    pub no_build: bool,
    /// Where cargo builds; by default where the workspace does.
    pub target_dir: Option<PathBuf>,
}

/// Says what happens while workers are built, for a reporter to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// Cargo starts on a package.
    Started {
        /// The package.
        package: String,
        /// The command, like `cargo zigbuild`.
        tool: &'static str,
        /// The Rust target, with a glibc version where the tool takes one.
        target: String,
        /// The cargo profile.
        profile: String,
    },
    /// Cargo has compiled some of the crates that the package needs.
    Compiling {
        /// The package.
        package: String,
        /// Units done.
        done: usize,
        /// Units in all; those already fresh are counted as done.
        total: usize,
        /// What it works on now, like `serde, tokio`.
        now: String,
    },
    /// Cargo wrote a line, like `Compiling serde v1.0.229` or a line of a warning.
    Line {
        /// The package.
        package: String,
        /// The line, without colours.
        text: String,
    },
    /// The binary is there, checked and packed.
    Packed {
        /// The package.
        package: String,
        /// The digest as Lambda reports it.
        code_sha256: String,
        /// The size of the zip, in bytes.
        zip_bytes: u64,
    },
}

/// Is code that Lambda can run, with the digest that Lambda will report for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artifact {
    /// The package, or the zip's name without its ending.
    pub name: String,
    /// The machine that it is for.
    pub architecture: Architecture,
    /// Where its bytes are; [`Artifact::zip`] reads them.
    pub zip: Zip,
    /// The SHA-256 of the zip in base64, as Lambda's `CodeSha256`.
    pub code_sha256: String,
    /// The size of the zip, in bytes.
    pub zip_bytes: u64,
    /// The size of what it holds, in bytes; at most [`UNZIPPED_BYTES`].
    pub unzipped_bytes: u64,
    /// The binary, or the zip, that it was read from.
    pub binary: PathBuf,
}

/// Where the bytes of a zip are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Zip {
    /// Here.
    Bytes(Vec<u8>),
    /// In this file, unless somebody changed it: only what ships code reads it.
    Kept(PathBuf),
}

impl Artifact {
    /// Tells whether the zip is too large for the call itself and goes through S3.
    #[must_use]
    pub fn needs_s3(&self) -> bool {
        self.zip_bytes > DIRECT_UPLOAD_BYTES
    }

    /// Returns the zip, which has the digest of this artifact.
    ///
    /// # Errors
    /// Fails where the zip is not there any more and the binary is another by now.
    pub fn zip(&self) -> Result<Cow<'_, [u8]>, ArtifactError> {
        let file = match &self.zip {
            Zip::Bytes(zip) => return Ok(Cow::Borrowed(zip)),
            Zip::Kept(file) => file,
        };
        let is_it = |zip: &Vec<u8>| code_sha256(zip) == self.code_sha256;
        if let Some(zip) = std::fs::read(file).ok().filter(is_it) {
            return Ok(Cow::Owned(zip));
        }
        let zip = pack::pack(&read(&self.binary)?)?;
        if is_it(&zip) { Ok(Cow::Owned(zip)) } else { Err(ArtifactError::Changed { path: self.binary.clone() }) }
    }

    /// Writes the zip to this file of a folder and answers its path; [`crate::build::Source::file_name`] names it.
    ///
    /// A reader never sees half a zip, and a zip that is already there with the same bytes is left alone.
    ///
    /// # Errors
    /// Fails where the folder cannot be made or written, or the zip cannot be read.
    pub fn save(&self, folder: &Path, file: &str) -> Result<PathBuf, ArtifactError> {
        let path = folder.join(file);
        if std::fs::read(&path).is_ok_and(|there| code_sha256(&there) == self.code_sha256) {
            return Ok(path);
        }
        kept::replace(&path, &self.zip()?).map_err(|source| ArtifactError::Write { path: path.clone(), source })?;
        Ok(path)
    }
}

/// Digests a zip as Lambda does: SHA-256 in base64.
#[must_use]
pub fn code_sha256(zip: &[u8]) -> String {
    STANDARD.encode(Sha256::digest(zip))
}

/// Builds one package, checks its binary and packs it.
///
/// # Errors
/// Says what is wrong with the workspace, the build or the binary, and what to do.
pub async fn build(request: &BuildRequest, on: &mut (dyn FnMut(Progress) + Send)) -> Result<Artifact, ArtifactError> {
    let (workspace, tools) = look(request).await?;
    build_in(&workspace, tools, request, on).await
}

/// Reads the workspace and looks for the tools, which are programs that need not wait for each other.
async fn look(request: &BuildRequest) -> Result<(cargo::Workspace, run::Tools), ArtifactError> {
    let tools =
        async { if request.no_build { run::Tools::default() } else { run::Tools::find(&request.workspace).await } };
    let (workspace, tools) = futures::join!(cargo::Workspace::read(request), tools);
    Ok((workspace?, tools))
}

/// Builds several packages, in their order; what is asked for twice is built once.
///
/// Cargo runs once a package, because packages named in one run share the features of their dependencies: a worker's bytes would
/// depend on what else is built, and `apply --only` would ship other code than `apply`. The runs share one target folder,
/// so that what they have in common is compiled once.
///
/// # Errors
/// Stops at the first package that fails, as [`build`] does.
pub async fn build_all(
    requests: &[BuildRequest],
    on: &mut (dyn FnMut(Progress) + Send),
) -> Result<Vec<Artifact>, ArtifactError> {
    for (index, request) in requests.iter().enumerate().filter(|(_, request)| request.no_build) {
        let same =
            |other: &&BuildRequest| BuildRequest { features: request.features.clone(), ..(*other).clone() } == *request;
        if requests[..index].iter().find(same).is_some_and(|other| other.features != request.features) {
            return Err(ArtifactError::OneOfSeveral { package: request.package.clone() });
        }
    }
    let mut seen: Vec<(&BuildRequest, (cargo::Workspace, run::Tools))> = Vec::new();
    let mut artifacts: Vec<Artifact> = Vec::new();
    for (index, request) in requests.iter().enumerate() {
        if let Some(same) = requests[..index].iter().position(|earlier| earlier == request) {
            artifacts.push(artifacts[same].clone());
            continue;
        }
        let place = |one: &BuildRequest| (one.workspace.clone(), one.target_dir.clone(), one.no_build);
        let at = seen.iter().position(|(one, _)| place(one) == place(request)).unwrap_or(seen.len());
        if at == seen.len() {
            seen.push((request, look(request).await?));
        }
        let (workspace, tools) = &seen[at].1;
        artifacts.push(build_in(workspace, *tools, request, on).await?);
    }
    Ok(artifacts)
}

async fn build_in(
    workspace: &cargo::Workspace,
    tools: run::Tools,
    request: &BuildRequest,
    on: &mut (dyn FnMut(Progress) + Send),
) -> Result<Artifact, ArtifactError> {
    let package = workspace.package(request)?;
    let path =
        if request.no_build { package.last_built(request)? } else { run::build(&package, tools, request, on).await? };
    let (name, architecture, runtime) = (request.package.clone(), request.architecture, request.runtime);
    let kept = Kept::new(&package.target_dir.join("queuestack/packed"), &name, architecture);
    let features = request.features.clone().unwrap_or_else(|| vec!["default".to_owned()]);
    let origin = if request.no_build { kept::Origin::Taken(features) } else { kept::Origin::Built(features) };
    let work = tokio::task::spawn_blocking(move || kept.pack(name, path, architecture, runtime, origin));
    let artifact = match work.await {
        Ok(artifact) => artifact?,
        Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
    };
    let (package, code_sha256) = (artifact.name.clone(), artifact.code_sha256.clone());
    on(Progress::Packed { package, code_sha256, zip_bytes: artifact.zip_bytes });
    Ok(artifact)
}

/// Takes a zip that was built elsewhere, as it is, after the checks that [`build`] makes: `bootstrap` at the root, executable, for the
/// right machine and glibc (`runtime: None`, a managed runtime, needs none), and at most [`UNZIPPED_BYTES`] unpacked.
///
/// # Errors
/// Says what is wrong with the zip and how to make it right.
pub fn from_zip(path: &Path, architecture: Architecture, runtime: Option<Runtime>) -> Result<Artifact, ArtifactError> {
    let unreadable = |source| ArtifactError::Read { path: path.to_owned(), source };
    if std::fs::metadata(path).map_err(unreadable)?.len() > UNZIPPED_BYTES {
        return Err(ArtifactError::TooLarge { path: path.to_owned() });
    }
    let zip = read(path)?;
    let unzipped = pack::check(&zip, path, architecture, runtime, UNZIPPED_BYTES)?;
    Ok(Artifact {
        name: path.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
        architecture,
        code_sha256: code_sha256(&zip),
        zip_bytes: zip.len() as u64,
        unzipped_bytes: unzipped,
        binary: path.to_owned(),
        zip: Zip::Bytes(zip),
    })
}

/// The features that texts name, each once and in order: cargo takes several in one text, between commas or blanks.
pub fn features<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> Vec<String> {
    let mut features = BTreeSet::new();
    for text in texts {
        let names = text.as_ref().split(|c: char| c == ',' || c.is_whitespace()).filter(|name| !name.is_empty());
        features.extend(names.map(str::to_owned));
    }
    features.into_iter().collect()
}

fn read(path: &Path) -> Result<Vec<u8>, ArtifactError> {
    std::fs::read(path).map_err(|source| ArtifactError::Read { path: path.to_owned(), source })
}
