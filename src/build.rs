//! What a stack's resources ship: found in the stack, built or read, and put into it by digest.
//!
//! The plan compares digests and sizes alone; the bytes travel beside it, see [`crate::backend::aws::Aws::carry`].

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use crate::artifact::{
    self, Architecture, Artifact, ArtifactError, BuildRequest, DIRECT_UPLOAD_BYTES, Progress, Runtime, UNZIPPED_BYTES,
};
use crate::diagnostic::{Code, Diagnostics, Severity};
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
    /// Whether there is a bucket for what no call takes.
    pub bucket: bool,
    /// The attribute that says all this.
    pub attribute: &'static str,
}

/// A package to build, or a zip to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A cargo package, its binary where it has several, and its features where they are said.
    Package {
        /// The package.
        package: String,
        /// The binary.
        binary: Option<String>,
        /// Its features, where they are not the default ones.
        features: Option<Vec<String>>,
    },
    /// A zip that was built elsewhere, relative to the stack file.
    Zip(PathBuf),
}

impl Source {
    /// The file that its zip is kept in, a name that no other code has: `package-x86_64.zip`.
    ///
    /// Where the package alone does not say what is in it, a part of the digest of what does stands behind its name: the
    /// binary, the features and an older runtime, or the path of a zip. `told` puts the values of variables in.
    #[must_use]
    pub fn file_name(&self, told: &dyn Fn(&str) -> String) -> String {
        let older = self.runtime.filter(|runtime| *runtime != Runtime::ProvidedAl2023);
        let (name, digested) = match &self.origin {
            Origin::Package { package, binary: None, features: None } if older.is_none() => {
                (told(package), String::new())
            }
            Origin::Package { package, binary, features } => {
                let binary = binary.as_deref().map(told);
                let features = features.as_ref().map(|all| artifact::features(all.iter().map(|one| told(one))));
                let features = features.map(BTreeSet::from_iter);
                (told(package), format!("package {binary:?} {features:?} {older:?}"))
            }
            Origin::Zip(path) => {
                let path = told(&path.to_string_lossy());
                let stem = Path::new(&path).file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into());
                (stem, format!("zip {path}"))
            }
        };
        let digest: String = Sha256::digest(&digested).iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        let digest = if digested.is_empty() { String::new() } else { format!("-{digest}") };
        format!("{name}{digest}-{}.zip", self.architecture)
    }
}

/// A zip that no call takes.
pub static NEEDS_BUCKET: Code = Code {
    id: "QS312",
    severity: Severity::Error,
    title: "a zip of more than 50 MB without a bucket to send it through",
    reason: "Lambda takes 50 MB in a call; what is larger it reads from an S3 bucket in its Region.",
    fix: "Name one with `bucket:`, or with `defaults: {workers: {bucket: …}}` for all; or strip the binary, or move what is large into a layer.",
    link: "https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html",
};

/// Code that Lambda does not take at all.
pub static TOO_LARGE: Code = Code {
    id: "QS313",
    severity: Severity::Error,
    title: "code that unpacks to more than 250 MB",
    reason: "Lambda takes 250 MB of code and layers, whichever way they come.",
    fix: "Leave out what the function does not read, or fetch it at the start.",
    link: "https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html",
};

/// What building finds wrong with a stack.
pub const CODES: &[&Code] = &[&NEEDS_BUCKET, &TOO_LARGE];

/// How to build.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The folder of the stack file.
    pub folder: PathBuf,
    /// The cargo workspace, where it is not around the stack file.
    pub workspace: Option<PathBuf>,
    /// The cargo profile; by default the workspace's choice.
    pub profile: Option<String>,
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
    /// The code itself is wrong.
    #[error(transparent)]
    Artifact(#[from] ArtifactError),
}

/// Builds and reads what a stack ships, or the part of it that `only` says, and puts digests and sizes into the stack.
/// What is too large to ship is told.
///
/// # Errors
/// Stops at the first that cannot be built, naming it.
pub async fn build(
    stack: &mut Stack,
    only: Option<&BTreeSet<Address>>,
    options: &Options,
    on: &mut (dyn FnMut(Progress) + Send),
    out: &mut Diagnostics,
) -> Result<Artifacts, BuildError> {
    let wanted = stack.resources.values().filter(|one| only.is_none_or(|only| only.contains(&one.address)));
    let sources = wanted.filter_map(|one| Some((one.address.clone(), one.kind.source(one)?)));
    let sources: BTreeMap<Address, Source> = sources.collect();
    let (mut zips, mut packages, mut requests) = (Vec::new(), Vec::new(), Vec::new());
    for (address, source) in &sources {
        match &source.origin {
            Origin::Zip(path) => zips.push((address.clone(), options.folder.join(path), source)),
            Origin::Package { package, binary, features } => {
                let request = request(address, package, source, options)?;
                requests.push(BuildRequest { binary: binary.clone(), features: features.clone(), ..request });
                packages.push(address.clone());
            }
        }
    }
    let mut artifacts = Artifacts::new();
    for (address, path, source) in zips {
        match artifact::from_zip(&path, source.architecture, source.runtime) {
            Err(ArtifactError::TooLarge { path }) => too_large(stack, &address, source, &path, out),
            read => drop(artifacts.insert(address, Arc::new(read?))),
        }
    }
    if !requests.is_empty() {
        let built = artifact::build_all(&requests, on).await?.into_iter().map(Arc::new);
        artifacts.extend(packages.into_iter().zip(built));
    }
    take_over(stack, &artifacts, &sources, out);
    Ok(artifacts)
}

fn request(address: &Address, package: &str, source: &Source, options: &Options) -> Result<BuildRequest, BuildError> {
    let found = options.workspace.clone().or_else(|| workspace_around(&options.folder));
    let missing = || BuildError::NoWorkspace { address: address.clone(), folder: options.folder.clone() };
    Ok(BuildRequest {
        workspace: found.ok_or_else(missing)?,
        package: package.to_owned(),
        binary: None,
        features: None,
        architecture: source.architecture,
        runtime: source.runtime.unwrap_or(Runtime::ProvidedAl2023),
        profile: options.profile.clone(),
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

fn too_large(stack: &Stack, address: &Address, source: &Source, path: &Path, out: &mut Diagnostics) {
    let Some(resource) = stack.resources.get(address) else { return };
    let (path, limit) = (path.display(), UNZIPPED_BYTES >> 20);
    let message = format!("the code of `{address}`, {path}, unpacks to more than {limit} MB");
    out.push(resource.finding(&TOO_LARGE, source.attribute, message));
}

fn take_over(stack: &mut Stack, built: &Artifacts, sources: &BTreeMap<Address, Source>, out: &mut Diagnostics) {
    for (address, artifact) in built {
        let Some(resource) = stack.resources.get_mut(address) else { continue };
        if let Some(source) = sources.get(address).filter(|source| artifact.needs_s3() && !source.bucket) {
            let (bytes, limit) = (artifact.zip_bytes, DIRECT_UPLOAD_BYTES);
            let message = format!("the zip of `{address}` has {bytes} bytes; a call takes {limit}");
            out.push(resource.finding(&NEEDS_BUCKET, source.attribute, message));
        }
        resource.kind.built(resource, artifact);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_of_one_code_only() {
        let source = |origin, runtime| {
            let source =
                Source { origin, architecture: Architecture::X86_64, runtime, bucket: false, attribute: "code" };
            source.file_name(&str::to_owned)
        };
        let package = |binary: Option<&str>, features: Option<&[&str]>| Origin::Package {
            package: "jobs".to_owned(),
            binary: binary.map(str::to_owned),
            features: features.map(|all| all.iter().map(|one| (*one).to_owned()).collect()),
        };
        let (new, old) = (Some(Runtime::ProvidedAl2023), Some(Runtime::ProvidedAl2));
        assert_eq!(source(package(None, None), new), "jobs-x86_64.zip");
        let zip = |path: &str| source(Origin::Zip(path.into()), new);
        assert_eq!(zip("z/one/bootstrap.zip"), "bootstrap-5b4c9599-x86_64.zip");
        let files = BTreeSet::from([
            zip("z/one/bootstrap.zip"),
            zip("z/two/bootstrap.zip"),
            zip("jobs.zip"),
            source(package(None, None), new),
            source(package(None, None), old),
            source(package(Some("other"), None), new),
            source(package(None, Some(&["a"])), new),
            source(package(None, Some(&["b"])), new),
            source(package(None, Some(&[])), new),
        ]);
        assert_eq!(files.len(), 9, "{files:?}");
    }

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
}
