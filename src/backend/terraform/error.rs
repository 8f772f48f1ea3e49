//! Why Terraform could not be driven.

use std::path::PathBuf;

use crate::diagnostic::{Diagnostics, Source};

/// Why Terraform could not be driven, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum TerraformError {
    /// There is no binary.
    #[error(
        "neither `terraform` nor `tofu` is on the PATH: install one, or give --terraform-bin FILE; \
         without --backend terraform none is needed"
    )]
    NoBinary,
    /// There is no provider, and nobody allowed to download one.
    #[error(
        "no AWS provider for Terraform is on this machine: give its mirror with --terraform-plugin-dir DIR \
         (a folder as `terraform providers mirror` writes it), or allow the download with --terraform-download; \
         looked in {}", looked.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
    )]
    NoProvider {
        /// The folders that were looked at.
        looked: Vec<PathBuf>,
    },
    /// The place for the state makes no sense.
    #[error("`{0}` is no place for Terraform's state: give a path, or s3://bucket/key?region=eu-west-1")]
    State(String),
    /// A file of the working folder cannot be written or read.
    #[error("cannot write or read {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The process cannot be started or read.
    #[error("cannot run {}", program.display())]
    Start {
        /// The binary.
        program: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// It ended with an error that has no place in the stack.
    #[error("terraform {verb} failed:\n{said}")]
    Failed {
        /// What it was asked to do.
        verb: &'static str,
        /// What it said.
        said: String,
    },
    /// Its state is locked.
    #[error(
        "Terraform's state is locked: wait for the run that holds the lock; if it was killed, take its lock away with \
         `terraform -chdir={} force-unlock ID`\n{said}", folder.display()
    )]
    Locked {
        /// The working folder.
        folder: PathBuf,
        /// What it said, with the lock's id.
        said: String,
    },
    /// A provider is not where it was when the folder was initialised.
    #[error("Terraform does not find the provider that it was initialised with: run the same command again\n{said}")]
    Plugins {
        /// What it said.
        said: String,
    },
    /// Its plan would delete what is another's.
    #[error("terraform would delete what it may not:\n{}", .0.join("\n"))]
    Claimed(Vec<String>),
    /// It found something wrong; each finding has its place in the stack file.
    #[error("terraform refuses the stack")]
    Refused(Box<(Diagnostics, Source)>),
}
