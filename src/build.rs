//! What a stack's resources ship: found in the stack, built or read, and put into it by digest.
//!
//! The plan compares digests and sizes alone; the bytes travel beside it, see [`crate::backend::aws::Aws::carry`].

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::artifact::{
    self, Architecture, Artifact, ArtifactError, BuildRequest, DIRECT_UPLOAD_BYTES, Progress, Runtime,
};
use crate::model::{Address, Stack};

/// Where the code of one resource comes from, and what it runs on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The package or the zip.
    pub origin: Origin,
    /// The machine.
    pub architecture: Architecture,
    /// The runtime; `None` for a managed one, which starts no binary.
    pub runtime: Option<Runtime>,
}

/// A package to build, or a zip to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A cargo package, and its binary where it has several.
    Package {
        /// The package.
        package: String,
        /// The binary.
        binary: Option<String>,
    },
    /// A zip that was built elsewhere, relative to the stack file.
    Zip(PathBuf),
}

/// How to build.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The folder of the stack file.
    pub folder: PathBuf,
    /// The cargo workspace, where it is not around the stack file.
    pub workspace: Option<PathBuf>,
    /// Whether to take what was built last.
    pub no_build: bool,
}

/// What was built, by resource.
pub type Artifacts = BTreeMap<Address, Arc<Artifact>>;

/// Why there is no code to ship.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// No `Cargo.toml` is around the stack file.
    #[error("{address} names a cargo package, but neither {} nor a folder above it has a Cargo.toml: give --workspace DIR", folder.display())]
    NoWorkspace {
        /// The first resource that needs one.
        address: Address,
        /// The folder of the stack file.
        folder: PathBuf,
    },
    /// The zip is larger than what a call takes.
    #[error(
        "the zip of {address} has {bytes} bytes; Lambda takes {DIRECT_UPLOAD_BYTES} in a call, and uploading through S3 is not supported yet: strip the binary, or move what is large into a layer"
    )]
    NeedsS3 {
        /// The resource.
        address: Address,
        /// The size of its zip.
        bytes: u64,
    },
    /// The code itself is wrong.
    #[error(transparent)]
    Artifact(#[from] ArtifactError),
}

/// Builds and reads what a stack ships, or the part of it that `only` says, and puts digests and sizes into the stack.
///
/// # Errors
/// Stops at the first that cannot be built or shipped, naming it.
pub async fn build(
    stack: &mut Stack,
    only: Option<&BTreeSet<Address>>,
    options: &Options,
    on: &mut (dyn FnMut(Progress) + Send),
) -> Result<Artifacts, BuildError> {
    let wanted = stack.resources.values().filter(|one| only.is_none_or(|only| only.contains(&one.address)));
    let sources = wanted.filter_map(|one| Some((one.address.clone(), one.kind.source(one)?)));
    let (mut zips, mut packages, mut requests) = (Vec::new(), Vec::new(), Vec::new());
    for (address, source) in sources {
        match &source.origin {
            Origin::Zip(path) => zips.push((address, options.folder.join(path), source)),
            Origin::Package { package, binary } => {
                requests.push(request(&address, package, binary.clone(), &source, options)?);
                packages.push(address);
            }
        }
    }
    let mut artifacts = Artifacts::new();
    for (address, path, source) in zips {
        artifacts.insert(address, Arc::new(artifact::from_zip(&path, source.architecture, source.runtime)?));
    }
    if !requests.is_empty() {
        let built = artifact::build_all(&requests, on).await?.into_iter().map(Arc::new);
        artifacts.extend(packages.into_iter().zip(built));
    }
    take_over(stack, &artifacts)?;
    Ok(artifacts)
}

fn request(
    address: &Address,
    package: &str,
    binary: Option<String>,
    source: &Source,
    options: &Options,
) -> Result<BuildRequest, BuildError> {
    let found = options.workspace.clone().or_else(|| workspace_around(&options.folder));
    let missing = || BuildError::NoWorkspace { address: address.clone(), folder: options.folder.clone() };
    Ok(BuildRequest {
        workspace: found.ok_or_else(missing)?,
        package: package.to_owned(),
        binary,
        architecture: source.architecture,
        runtime: source.runtime.unwrap_or(Runtime::ProvidedAl2023),
        profile: None,
        no_build: options.no_build,
        target_dir: None,
    })
}

/// Finds the nearest folder with a `Cargo.toml`; from a package, cargo finds the workspace by itself.
fn workspace_around(folder: &Path) -> Option<PathBuf> {
    // No folder at all is the one that we are in.
    let folder = std::path::absolute(if folder.as_os_str().is_empty() { Path::new(".") } else { folder }).ok()?;
    folder.ancestors().find(|folder| folder.join("Cargo.toml").is_file()).map(Path::to_owned)
}

fn take_over(stack: &mut Stack, artifacts: &Artifacts) -> Result<(), BuildError> {
    for (address, artifact) in artifacts {
        if artifact.needs_s3 {
            return Err(BuildError::NeedsS3 { address: address.clone(), bytes: artifact.zip_bytes });
        }
        if let Some(resource) = stack.resources.get_mut(address) {
            resource.kind.built(resource, artifact);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_manifest_is_the_workspace() {
        let folder = tempfile::tempdir().unwrap();
        let stacks = folder.path().join("deep/stacks");
        std::fs::create_dir_all(&stacks).unwrap();
        std::fs::write(folder.path().join("deep/Cargo.toml"), "[workspace]").unwrap();
        std::fs::write(folder.path().join("Cargo.toml"), "[workspace]").unwrap();
        assert_eq!(workspace_around(&stacks), Some(folder.path().join("deep")));
        assert!(workspace_around(Path::new("")).is_some_and(|found| found.join("src/build.rs").is_file()));
    }

    #[test]
    fn a_zip_that_no_call_takes_is_refused_by_name() {
        let artifact = Artifact {
            name: "f".to_owned(),
            architecture: Architecture::X86_64,
            zip: Vec::new(),
            code_sha256: String::new(),
            zip_bytes: DIRECT_UPLOAD_BYTES + 1,
            unzipped_bytes: DIRECT_UPLOAD_BYTES + 1,
            needs_s3: true,
            binary: PathBuf::new(),
        };
        let artifacts = Artifacts::from([(Address::new("function", "f"), Arc::new(artifact))]);
        let refused = take_over(&mut Stack::default(), &artifacts).unwrap_err().to_string();
        assert!(refused.starts_with("the zip of function.f has 52428801 bytes; Lambda takes 52428800"), "{refused}");
    }
}
