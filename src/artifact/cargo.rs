//! What `cargo metadata` knows: packages, their binaries, the profile, and where builds land.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde::Deserialize;
use tokio::process::Command;

use super::pack::BOOTSTRAP;
use super::{Architecture, ArtifactError, BuildRequest};

/// Is a workspace as cargo reads it.
#[derive(Debug, Deserialize)]
pub(super) struct Workspace {
    packages: Vec<Member>,
    #[serde(rename = "workspace_root")]
    root: PathBuf,
    #[serde(rename = "target_directory")]
    target_dir: PathBuf,
}

#[derive(Debug, Deserialize)]
struct Member {
    name: String,
    id: String,
    default_run: Option<String>,
    targets: Vec<Target>,
}

/// Is a part of a package that cargo compiles, in metadata as in build messages.
#[derive(Debug, Deserialize)]
pub(super) struct Target {
    pub(super) name: String,
    kind: Vec<String>,
}

impl Target {
    pub(super) fn is_binary(&self) -> bool {
        self.kind.iter().any(|kind| kind == "bin")
    }
}

/// Is one package with every choice made: what to build and how.
#[derive(Debug)]
pub(super) struct Package<'a> {
    /// The package's id in cargo's messages.
    pub(super) id: &'a str,
    pub(super) binary: String,
    pub(super) profile: String,
    pub(super) root: &'a Path,
    pub(super) target_dir: &'a Path,
}

impl Workspace {
    /// Reads the workspace that a request is about.
    pub(super) async fn read(request: &BuildRequest) -> Result<Self, ArtifactError> {
        let folder = &request.workspace;
        let mut command = cargo(folder, request.target_dir.as_deref());
        command.args(["metadata", "--no-deps", "--format-version", "1"]);
        let output =
            command.output().await.map_err(|source| ArtifactError::Cargo { folder: folder.clone(), source })?;
        if !output.status.success() {
            let output = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            return Err(ArtifactError::Workspace { folder: folder.clone(), output });
        }
        serde_json::from_slice(&output.stdout)
            .map_err(|source| ArtifactError::Metadata { folder: folder.clone(), source })
    }

    /// Finds the package that a request names, and chooses its binary and profile.
    pub(super) fn package(&self, request: &BuildRequest) -> Result<Package<'_>, ArtifactError> {
        let Some(member) = self.packages.iter().find(|member| member.name == request.package) else {
            let mut known: Vec<_> = self.packages.iter().map(|member| member.name.clone()).collect();
            known.sort();
            return Err(ArtifactError::UnknownPackage {
                package: request.package.clone(),
                folder: self.root.clone(),
                known,
            });
        };
        let binary = member.binary(request.binary.as_deref())?;
        let profile = match &request.profile {
            Some(profile) => profile.clone(),
            None => default_profile(&self.root)?.to_owned(),
        };
        Ok(Package { id: &member.id, binary, profile, root: &self.root, target_dir: &self.target_dir })
    }
}

impl Member {
    fn binary(&self, wanted: Option<&str>) -> Result<String, ArtifactError> {
        let known: Vec<_> =
            self.targets.iter().filter(|target| target.is_binary()).map(|target| target.name.clone()).collect();
        let has = |name: &str| known.iter().any(|binary| binary == name);
        let only = if let [only] = known.as_slice() { Some(only.as_str()) } else { None };
        let chosen = wanted.or(only).or(self.default_run.as_deref()).unwrap_or(&self.name);
        if known.is_empty() {
            Err(ArtifactError::NoBinary { package: self.name.clone() })
        } else if has(chosen) {
            Ok(chosen.to_owned())
        } else {
            Err(ArtifactError::WhichBinary { package: self.name.clone(), wanted: wanted.map(str::to_owned), known })
        }
    }
}

impl Package<'_> {
    /// Names the folder that cargo-lambda moves binaries to: one a machine, and none that cargo uses.
    pub(super) fn lambda_dir(&self, architecture: Architecture) -> PathBuf {
        self.target_dir.join("queuestack").join(architecture.triple())
    }

    pub(super) fn moved_by_lambda(&self, architecture: Architecture) -> PathBuf {
        self.lambda_dir(architecture).join(&self.binary).join(BOOTSTRAP)
    }

    /// Finds the binary of the last build, by whichever tool it was made.
    pub(super) fn last_built(&self, request: &BuildRequest) -> Result<PathBuf, ArtifactError> {
        let folder = if self.profile == "dev" { "debug" } else { &self.profile };
        let built_in = [self.target_dir.join(request.architecture.triple()), self.target_dir.to_owned()];
        let [cross, plain] = built_in.map(|target| target.join(folder).join(&self.binary));
        let looked = [cross, plain, self.moved_by_lambda(request.architecture)];
        let built = |path: &&PathBuf| std::fs::metadata(path).and_then(|file| file.modified()).ok();
        let newest = looked.iter().filter(|path| path.is_file()).max_by_key(built);
        newest.cloned().ok_or_else(|| ArtifactError::NotBuilt {
            package: request.package.clone(),
            looked: looked.iter().map(|path| path.display().to_string()).collect(),
        })
    }
}

/// Prefers a profile that the workspace made for Lambda. Profiles count only in the root's `Cargo.toml`.
fn default_profile(root: &Path) -> Result<&'static str, ArtifactError> {
    let path = root.join("Cargo.toml");
    let manifest = std::fs::read_to_string(&path).map_err(|source| ArtifactError::Read { path, source })?;
    let defined = manifest.lines().any(|line| line.trim_start().starts_with("[profile.lambda]"));
    Ok(if defined { "lambda" } else { "release" })
}

/// What `cargo run` tells the program that it starts. Build scripts that watch these variables (those of ring do) would
/// run again, and all that is built on them be compiled again, whenever queuestack is started the other way.
const OF_CARGO_RUN: [&str; 20] = [
    "CARGO_BIN_NAME",
    "CARGO_CRATE_NAME",
    "CARGO_MANIFEST_DIR",
    "CARGO_MANIFEST_LINKS",
    "CARGO_MANIFEST_PATH",
    "CARGO_PKG_AUTHORS",
    "CARGO_PKG_DESCRIPTION",
    "CARGO_PKG_HOMEPAGE",
    "CARGO_PKG_LICENSE",
    "CARGO_PKG_LICENSE_FILE",
    "CARGO_PKG_NAME",
    "CARGO_PKG_README",
    "CARGO_PKG_REPOSITORY",
    "CARGO_PKG_RUST_VERSION",
    "CARGO_PKG_VERSION",
    "CARGO_PKG_VERSION_MAJOR",
    "CARGO_PKG_VERSION_MINOR",
    "CARGO_PKG_VERSION_PATCH",
    "CARGO_PKG_VERSION_PRE",
    "CARGO_PRIMARY_PACKAGE",
];

/// Starts a cargo command in a workspace, which dies with its future and has no input to wait for.
pub(super) fn cargo(folder: &Path, target_dir: Option<&Path>) -> Command {
    let mut command = Command::new("cargo");
    command.current_dir(folder).kill_on_drop(true).stdin(Stdio::null()).env("CARGO_TERM_COLOR", "never");
    OF_CARGO_RUN.iter().for_each(|name| _ = command.env_remove(name));
    if let Some(target_dir) = target_dir {
        command.env("CARGO_TARGET_DIR", std::path::absolute(target_dir).unwrap_or_else(|_| target_dir.to_owned()));
    }
    command
}
