//! Packs a binary into a zip with the same bytes on every machine, and reads zips that were built elsewhere.

use std::collections::BTreeMap;
use std::io::{Cursor, Read, Write};
use std::path::Path;

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, System, ZipArchive, ZipWriter};

use super::{Architecture, ArtifactError, Runtime, elf};

/// The file that a `provided.*` runtime starts.
pub const BOOTSTRAP: &str = "bootstrap";

/// Deflate's level: within 3 % of the size of 9 for Rust binaries, in less than half its time.
///
/// The compressor, zlib-rs, is plain Rust, and what it does with vector instructions gives the same bytes as without.
const LEVEL: i64 = 5;

/// Packs a binary as `bootstrap`: mode 0755, dated 1980-01-01, deflated at a fixed level.
///
/// The same binary gives the same bytes on every machine and run, so Lambda's `CodeSha256` changes only with the code.
///
/// # Errors
/// Fails only for a binary of several GB.
pub fn pack(binary: &[u8]) -> Result<Vec<u8>, ArtifactError> {
    pack_with(binary, &BTreeMap::new())
}

/// Packs a binary as [`pack`] does, with further files of mode 0644 after it, in the order of their names.
///
/// # Errors
/// Fails for a file of several GB, a name that a zip cannot hold, or a second `bootstrap`.
pub fn pack_with(binary: &[u8], files: &BTreeMap<String, Vec<u8>>) -> Result<Vec<u8>, ArtifactError> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::with_capacity(binary.len() / 2)));
    add(&mut zip, BOOTSTRAP, 0o755, binary)?;
    for (name, bytes) in files {
        add(&mut zip, name, 0o644, bytes)?;
    }
    let zip = zip.finish().map_err(|source| ArtifactError::Pack { entry: BOOTSTRAP.to_owned(), source })?;
    Ok(zip.into_inner())
}

fn add(zip: &mut ZipWriter<Cursor<Vec<u8>>>, name: &str, mode: u32, bytes: &[u8]) -> Result<(), ArtifactError> {
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(LEVEL))
        .last_modified_time(DateTime::DEFAULT)
        .system(System::Unix)
        .unix_permissions(mode);
    let failed = |source| ArtifactError::Pack { entry: name.to_owned(), source };
    zip.start_file(name, options).map_err(failed)?;
    zip.write_all(bytes).map_err(|source| failed(source.into()))
}

/// Checks a zip that was built elsewhere and answers its size when unpacked, in bytes.
///
/// Sizes are counted while unpacking, never believed, and unpacking stops at the limit (bytes). With a `provided.*` runtime there must be
/// an executable `bootstrap` at the root: a script, or an ELF file that passes [`elf::check`]. Managed runtimes (`None`) start
/// a handler of their own instead.
pub(super) fn check(
    zip: &[u8],
    path: &Path,
    architecture: Architecture,
    runtime: Option<Runtime>,
    limit: u64,
) -> Result<u64, ArtifactError> {
    let unreadable = |source| ArtifactError::Zip { path: path.to_owned(), source };
    let mut archive = ZipArchive::new(Cursor::new(zip)).map_err(unreadable)?;
    let (mut total, mut bootstrap, mut nested) = (0, None, None);
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(unreadable)?;
        let name = entry.name().map_err(unreadable)?.into_owned();
        if entry.enclosed_name().is_none() {
            return Err(ArtifactError::EntryName { path: path.to_owned(), entry: name });
        }
        let mode = entry.unix_mode().unwrap_or(0) & 0o777;
        let wanted = runtime.is_some() && name == BOOTSTRAP;
        let (read, bytes) = copy(&mut entry, limit - total, wanted).map_err(|source| ArtifactError::Entry {
            path: path.to_owned(),
            entry: name.clone(),
            source,
        })?;
        total += read;
        if total > limit {
            return Err(ArtifactError::TooLarge { path: path.to_owned() });
        }
        if wanted {
            bootstrap = Some((mode, bytes));
        } else if name.ends_with("/bootstrap") {
            nested = Some(name);
        }
    }
    if let Some(runtime) = runtime {
        let Some((mode, bytes)) = bootstrap else {
            return Err(ArtifactError::NoBootstrap { path: path.to_owned(), runtime, nested });
        };
        check_bootstrap(&bytes, mode, path, architecture, runtime)?;
    }
    Ok(total)
}

/// Unpacks at most one byte more than `limit`, so that going over shows without unpacking the rest.
fn copy(from: &mut impl Read, limit: u64, keep: bool) -> std::io::Result<(u64, Vec<u8>)> {
    let (mut from, mut kept) = (from.take(limit + 1), Vec::new());
    let read =
        if keep { std::io::copy(&mut from, &mut kept)? } else { std::io::copy(&mut from, &mut std::io::sink())? };
    Ok((read, kept))
}

fn check_bootstrap(
    bytes: &[u8],
    mode: u32,
    path: &Path,
    architecture: Architecture,
    runtime: Runtime,
) -> Result<(), ArtifactError> {
    // Lambda unpacks as another user than it runs as: what counts is what everyone may do.
    if mode & 0o005 != 0o005 {
        return Err(ArtifactError::Mode { path: path.to_owned(), mode });
    }
    if !bytes.starts_with(b"#!") {
        elf::check(bytes, &path.join(BOOTSTRAP), architecture, runtime)?;
    }
    Ok(())
}
