//! The zip of a binary that was packed before. Reading, checking and packing are most of a plan that has nothing to build.
//!
//! One is kept for each package and machine, beside cargo's own output, with a note of the binary that it was made of.
//! A binary is known again by its [`Stamp`], as git knows the files of its index; one that has another is read, and its
//! zip is taken only if the digest is the same. Whatever else is there is packed anew.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Architecture, Artifact, ArtifactError, Runtime, UNZIPPED_BYTES, Zip, code_sha256, elf, pack, read};

/// The files that are kept of one package for one machine.
pub(super) struct Kept {
    zip: PathBuf,
    note: PathBuf,
}

/// What is noted of a binary that was checked and packed.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Note {
    /// The version of this crate, which makes the checks and the zip.
    version: String,
    /// The runtime that the binary was checked for.
    runtime: Runtime,
    /// The file; `None` if the same stamp may come to stand for other bytes.
    stamp: Option<Stamp>,
    binary_sha256: String,
    binary_bytes: u64,
    code_sha256: String,
    zip_bytes: u64,
    /// The features that it was built with; `None` if it was not built here.
    features: Option<Vec<String>>,
}

/// How a binary came to be where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// It was built with these features.
    Built(Vec<String>),
    /// It was there, and should have these features.
    Taken(Vec<String>),
}

/// Which file it is, and when it changed last.
///
/// The time of the last modification can be set by anybody, that of the last change is the system's alone: whoever writes
/// to the file or puts another in its place leaves another stamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Stamp {
    device: u64,
    inode: u64,
    bytes: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    #[cfg(unix)]
    fn of(path: &Path) -> Option<Stamp> {
        use std::os::unix::fs::MetadataExt as _;
        let file = std::fs::metadata(path).ok()?;
        Some(Stamp {
            device: file.dev(),
            inode: file.ino(),
            bytes: file.len(),
            modified: (file.mtime(), file.mtime_nsec()),
            changed: (file.ctime(), file.ctime_nsec()),
        })
    }

    /// Elsewhere no time is the system's alone: every binary is read.
    #[cfg(not(unix))]
    fn of(_path: &Path) -> Option<Stamp> {
        None
    }
}

impl Kept {
    pub(super) fn new(folder: &Path, name: &str, architecture: Architecture) -> Kept {
        let note = folder.join(format!("{name}-{architecture}"));
        Kept { zip: folder.join(format!("{name}-{architecture}.zip")), note }
    }

    /// Checks a binary and packs it, or tells what came of it the last time.
    pub(super) fn pack(
        &self,
        name: String,
        binary: PathBuf,
        architecture: Architecture,
        runtime: Runtime,
        origin: Origin,
    ) -> Result<Artifact, ArtifactError> {
        let noted = self.noted().filter(|note| note.runtime == runtime);
        let package = name.clone();
        let other = |note: &Note| match (&note.features, &origin) {
            (Some(built), Origin::Taken(wanted)) if built != wanted => {
                Err(ArtifactError::OtherFeatures { package: package.clone(), built: built.clone() })
            }
            _ => Ok(()),
        };
        let told = |note: &Note| match &origin {
            Origin::Built(features) => note.features.as_ref() == Some(features),
            Origin::Taken(_) => true,
        };
        let artifact = |note: &Note, zip| Artifact {
            name,
            architecture,
            zip,
            code_sha256: note.code_sha256.clone(),
            zip_bytes: note.zip_bytes,
            unzipped_bytes: note.binary_bytes,
            binary: binary.clone(),
        };
        if let Some(note) = &noted
            && note.stamp.is_some()
            && note.stamp == Stamp::of(&binary)
            && told(note)
        {
            other(note)?;
            return Ok(artifact(note, Zip::Kept(self.zip.clone())));
        }
        let stamp = self.lasting_stamp(&binary);
        let bytes = read(&binary)?;
        elf::check(&bytes, &binary, architecture, runtime)?;
        if bytes.len() as u64 > UNZIPPED_BYTES {
            return Err(ArtifactError::TooLarge { path: binary });
        }
        let binary_sha256 = code_sha256(&bytes);
        let same = noted.filter(|note| note.binary_sha256 == binary_sha256);
        if let Some(note) = &same
            && let Err(error) = other(note)
        {
            // What is known of it stays known.
            let _kept = self.keep(note, None);
            return Err(error);
        }
        let features = match &origin {
            Origin::Built(features) => Some(features.clone()),
            Origin::Taken(_) => same.as_ref().and_then(|note| note.features.clone()),
        };
        let there =
            same.and_then(|note| std::fs::read(&self.zip).ok().filter(|zip| note.code_sha256 == code_sha256(zip)));
        let packed = there.is_none();
        let zip = there.map_or_else(|| pack::pack(&bytes), Ok)?;
        let note = Note {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            runtime,
            stamp,
            binary_sha256,
            binary_bytes: bytes.len() as u64,
            code_sha256: code_sha256(&zip),
            zip_bytes: zip.len() as u64,
            features,
        };
        // Without it, the next time takes longer, and that is all.
        let _kept = self.keep(&note, packed.then_some(&zip));
        Ok(artifact(&note, Zip::Bytes(zip)))
    }

    fn noted(&self) -> Option<Note> {
        let note: Note = serde_json::from_slice(&std::fs::read(&self.note).ok()?).ok()?;
        (note.version == env!("CARGO_PKG_VERSION")).then_some(note)
    }

    fn keep(&self, note: &Note, zip: Option<&Vec<u8>>) -> io::Result<()> {
        zip.map_or(Ok(()), |zip| replace(&self.zip, zip))?;
        replace(&self.note, &serde_json::to_vec(note)?)
    }

    /// Stamps a file that is about to be read. One that changed in this very tick of the clock of its file system could
    /// change once more and keep its stamp: it has none.
    fn lasting_stamp(&self, path: &Path) -> Option<Stamp> {
        let stamp = Stamp::of(path)?;
        // The old note goes first: it is also what tells that clock.
        replace(&self.note, b"").ok()?;
        let now = Stamp::of(&self.note)?;
        (stamp.device == now.device && stamp.changed < now.changed).then_some(stamp)
    }
}

/// Puts a file in place: a reader never sees half of it.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let unfinished = path.with_file_name(format!(".{name}.{}", std::process::id()));
    std::fs::create_dir_all(path.parent().unwrap_or(Path::new("")))?;
    std::fs::write(&unfinished, bytes)?;
    std::fs::rename(&unfinished, path)
}
