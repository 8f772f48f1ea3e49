//! The zip of a binary that was packed before. Packing is most of a plan that has nothing to build.
//!
//! One is kept for each package and machine, beside cargo's own output. It is used only if the binary, the zip and the
//! version of this crate are the ones that it was written with; whatever else is there is packed anew.

use std::path::Path;

use super::{Architecture, ArtifactError, code_sha256, pack};

/// Packs a binary, or returns what the same binary gave the last time.
pub(super) fn pack(
    name: &str,
    architecture: Architecture,
    binary: &[u8],
    folder: &Path,
) -> Result<Vec<u8>, ArtifactError> {
    let (zip_path, note_path) =
        (folder.join(format!("{name}-{architecture}.zip")), folder.join(format!("{name}-{architecture}")));
    let binary_sha256 = code_sha256(binary);
    let note = |zip: &[u8]| format!("{} {binary_sha256} {}\n", env!("CARGO_PKG_VERSION"), code_sha256(zip));
    let noted = std::fs::read_to_string(&note_path).unwrap_or_default();
    // Looked at first: the zip need not be read for another binary.
    if noted.contains(&binary_sha256)
        && let Ok(zip) = std::fs::read(&zip_path)
        && noted == note(&zip)
    {
        return Ok(zip);
    }
    let zip = pack::pack(binary)?;
    // Without it, the next time takes longer, and that is all.
    let _kept = replace(&zip_path, &zip).and_then(|()| replace(&note_path, note(&zip).as_bytes()));
    Ok(zip)
}

/// Puts a file in place: a reader never sees half of it.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let unfinished = path.with_file_name(format!(".{name}.{}", std::process::id()));
    std::fs::create_dir_all(path.parent().unwrap_or(Path::new("")))?;
    std::fs::write(&unfinished, bytes)?;
    std::fs::rename(&unfinished, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_taken_only_for_the_same_binary_and_if_it_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let packed = |binary: &[u8]| super::pack("sync", Architecture::X86_64, binary, folder.path()).unwrap();
        let zip = folder.path().join("sync-x86_64.zip");
        let first = packed(b"one");
        assert_eq!(std::fs::read(&zip).unwrap(), first);
        let written = std::fs::metadata(&zip).unwrap().modified().unwrap();
        assert_eq!(packed(b"one"), first);
        assert_eq!(std::fs::metadata(&zip).unwrap().modified().unwrap(), written, "it was not packed again");
        assert_ne!(packed(b"two"), first);
        std::fs::write(&zip, b"half a z").unwrap();
        assert_eq!(packed(b"two"), super::super::pack::pack(b"two").unwrap());
        assert_eq!(packed(b"one"), first);
    }
}
