//! `queuestack build`: the workers of a stack, built, checked and packed as they would be shipped.

use std::collections::BTreeSet;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use clap::Args as ClapArgs;
use serde_json::json;

use super::session::{StackArgs, load, tell};
use crate::artifact::Artifact;
use crate::build::{Artifacts, Options, build};
use crate::diagnostic::Diagnostics;
use crate::error::Error;
use crate::graph::Graph;
use crate::model::{Address, Stack};
use crate::plan::selected;
use crate::report::building::Building;

/// Arguments of `build`.
#[derive(Debug, ClapArgs)]
pub struct Args {
    #[command(flatten)]
    stack: StackArgs,
    #[command(flatten)]
    build: BuildArgs,
    /// Keep the zips in this folder.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// How workers are built.
#[derive(Clone, Debug, Default, ClapArgs)]
pub struct BuildArgs {
    /// Take the binaries of the last build instead of building.
    #[arg(long)]
    pub no_build: bool,
    /// Build with this cargo profile; by default `lambda` where the workspace defines it, else `release`.
    #[arg(long, value_name = "NAME")]
    pub cargo_profile: Option<String>,
    /// Build packages of this cargo workspace; by default the one around the stack file.
    #[arg(long, value_name = "DIR")]
    pub workspace: Option<PathBuf>,
}

impl BuildArgs {
    /// Builds what a stack ships, or what `only` and its needs ship, and puts digests and sizes into the stack.
    ///
    /// # Errors
    /// When something cannot be built, or not be shipped.
    pub async fn build(
        &self,
        stack: &mut Stack,
        file: &Path,
        only: &BTreeSet<String>,
        json: bool,
    ) -> Result<Artifacts, Error> {
        let only = selected(&Graph::of(stack), only);
        let folder = file.parent().unwrap_or(Path::new("")).to_owned();
        let (workspace, profile) = (self.workspace.clone(), self.cargo_profile.clone());
        let options = Options { folder, workspace, profile, no_build: self.no_build };
        let building = Building::new(std::io::stderr().is_terminal(), json);
        let mut out = Diagnostics::default();
        let built = build(stack, only.as_ref(), &options, &mut |progress| building.on(&progress), &mut out).await;
        building.done();
        let built = built?;
        tell(&out, stack)?;
        Ok(built)
    }
}

/// Builds every worker of the stack and tells what came out.
pub async fn run(args: Args) -> Result<u8, Error> {
    let mut stack = load(&args.stack)?;
    let artifacts = args.build.build(&mut stack, &args.stack.file, &BTreeSet::new(), args.json).await?;
    let mut built = Vec::new();
    for (address, artifact) in &artifacts {
        let source = stack.resources.get(address).and_then(|one| one.kind.source(one));
        let path = match (&args.out, source) {
            (Some(folder), Some(source)) => {
                artifact.save(folder, &source.file_name(&str::to_owned)).map_err(crate::build::BuildError::from)?
            }
            _ => artifact.binary.clone(),
        };
        built.push((address, artifact, path));
    }
    if args.json {
        let all = built.iter().map(|(address, artifact, path)| describe(&stack, address, artifact, path));
        super::print_json(&json!({"stack": stack.name, "built": all.collect::<Vec<_>>()}))?;
        return Ok(0);
    }
    if built.is_empty() {
        super::print(&format!("{}: nothing to build\n", stack.name))?;
    }
    for (address, artifact, path) in built {
        super::print(&format!(
            "{} ({})\n  architecture: {}\n  size: {} bytes\n  sha256: {}\n  path: {}\n",
            address,
            name(&stack, address),
            artifact.architecture,
            artifact.zip_bytes,
            artifact.code_sha256,
            path.display()
        ))?;
    }
    Ok(0)
}

fn name<'a>(stack: &'a Stack, address: &'a Address) -> &'a str {
    stack.resources.get(address).map_or(&address.name, |resource| resource.physical_name())
}

fn describe(stack: &Stack, address: &Address, artifact: &Artifact, path: &Path) -> serde_json::Value {
    json!({
        "address": address,
        "name": name(stack, address),
        "architecture": artifact.architecture,
        "size": artifact.zip_bytes,
        "unzipped": artifact.unzipped_bytes,
        "sha256": artifact.code_sha256,
        "path": path,
    })
}
