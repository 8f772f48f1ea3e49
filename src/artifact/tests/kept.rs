//! What is kept of a binary is taken for that binary alone, whatever is done to make another look like it.

use std::fs::File;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::time::Duration;

use super::program;
use crate::artifact::kept::{Kept, Origin};
use crate::artifact::{Architecture, Artifact, Runtime, Zip, features, pack};

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Folder {
        Folder(tempfile::tempdir().unwrap())
    }

    fn binary(&self) -> PathBuf {
        self.0.path().join("sync")
    }

    fn zip(&self) -> PathBuf {
        self.0.path().join("packed/sync-x86_64.zip")
    }

    /// Writes into the file that is there: the same length whatever the mark.
    fn write(&self, mark: u8) {
        std::fs::write(self.binary(), binary(mark)).unwrap();
    }

    fn pack(&self) -> Artifact {
        let kept = Kept::new(&self.0.path().join("packed"), "sync", Architecture::X86_64);
        kept.pack("sync".to_owned(), self.binary(), Architecture::X86_64, Runtime::ProvidedAl2023, taken(&["default"]))
            .unwrap()
    }

    /// Packs, and checks that what comes of it is the zip of this binary.
    #[track_caller]
    fn packs(&self, mark: u8) -> Artifact {
        let (artifact, zip) = (self.pack(), pack::pack(&binary(mark)).unwrap());
        assert_eq!(artifact.code_sha256, crate::artifact::code_sha256(&zip));
        assert_eq!(*artifact.zip().unwrap(), zip);
        assert_eq!((artifact.zip_bytes, artifact.unzipped_bytes), (zip.len() as u64, binary(mark).len() as u64));
        artifact
    }
}

fn binary(mark: u8) -> Vec<u8> {
    [program().bytes(), vec![mark; 1000]].concat()
}

/// Longer than a tick of the clock that file systems take their times from.
fn tick() {
    std::thread::sleep(Duration::from_millis(30));
}

#[test]
fn an_unchanged_binary_is_not_read_again() {
    let folder = Folder::new();
    folder.write(1);
    tick();
    assert!(matches!(folder.packs(1).zip, Zip::Bytes(_)));
    assert_eq!(folder.packs(1).zip, Zip::Kept(folder.zip()));
    // Read again, it is the same and is not packed again.
    let packed = std::fs::metadata(folder.zip()).unwrap().ino();
    tick();
    folder.write(1);
    tick();
    folder.packs(1);
    assert_eq!(std::fs::metadata(folder.zip()).unwrap().ino(), packed);
    assert_eq!(folder.packs(1).zip, Zip::Kept(folder.zip()));
}

#[test]
fn a_binary_of_the_same_length_and_time_is_another() {
    let folder = Folder::new();
    folder.write(1);
    tick();
    let modified = std::fs::metadata(folder.binary()).unwrap().modified().unwrap();
    folder.packs(1);
    assert_eq!(folder.packs(1).zip, Zip::Kept(folder.zip()));
    folder.write(2);
    File::options().write(true).open(folder.binary()).unwrap().set_modified(modified).unwrap();
    assert_eq!(std::fs::metadata(folder.binary()).unwrap().modified().unwrap(), modified);
    folder.packs(2);
    // Another file put in its place.
    let other = folder.0.path().join("other");
    std::fs::write(&other, binary(3)).unwrap();
    File::options().write(true).open(&other).unwrap().set_modified(modified).unwrap();
    std::fs::rename(other, folder.binary()).unwrap();
    folder.packs(3);
}

#[test]
fn a_binary_that_changes_within_one_tick_of_the_clock_is_read() {
    let folder = Folder::new();
    for mark in 0..100 {
        folder.write(mark);
        folder.packs(mark);
    }
}

#[test]
fn a_zip_that_somebody_changed_is_made_again() {
    let folder = Folder::new();
    folder.write(1);
    tick();
    let zip = folder.packs(1).zip().unwrap().into_owned();
    std::fs::write(folder.zip(), vec![0; zip.len()]).unwrap();
    folder.packs(1);
    std::fs::remove_file(folder.zip()).unwrap();
    let artifact = folder.packs(1);
    folder.write(2);
    let refused = artifact.zip().unwrap_err().to_string();
    assert_eq!(refused, format!("{} has changed since the plan was made: run again", folder.binary().display()));
    folder.packs(2);
}

#[test]
fn a_binary_is_checked_for_every_runtime() {
    let folder = Folder::new();
    folder.write(1);
    tick();
    folder.packs(1);
    let kept = Kept::new(&folder.0.path().join("packed"), "sync", Architecture::X86_64);
    let older =
        kept.pack("sync".to_owned(), folder.binary(), Architecture::X86_64, Runtime::ProvidedAl2, taken(&["default"]));
    assert!(older.unwrap_err().to_string().contains("needs GLIBC_2.34"));
}

fn taken(features: &[&str]) -> Origin {
    Origin::Taken(features.iter().map(|one| (*one).to_owned()).collect())
}

#[test]
fn what_was_built_with_other_features_is_not_taken() {
    let folder = Folder::new();
    folder.write(1);
    let kept = Kept::new(&folder.0.path().join("packed"), "sync", Architecture::X86_64);
    let pack =
        |origin| kept.pack("sync".to_owned(), folder.binary(), Architecture::X86_64, Runtime::ProvidedAl2023, origin);
    assert!(pack(taken(&["sqlite"])).is_ok(), "nobody knows what it was built with");
    let built = |features: &[&str]| Origin::Built(features.iter().map(|one| (*one).to_owned()).collect());
    assert!(pack(built(&["dynamodb", "postgres"])).is_ok());
    for _ in 0..2 {
        let told = pack(taken(&["mysql"])).unwrap_err().to_string();
        let expected = "package sync was last built with the features dynamodb, postgres, and others are wanted: run again without --no-build";
        assert_eq!(told, expected);
        assert!(pack(taken(&["dynamodb", "postgres"])).is_ok());
    }
    assert!(pack(built(&[])).is_ok() && pack(taken(&["dynamodb", "postgres"])).is_err());
    folder.write(2);
    assert!(pack(taken(&["mysql"])).is_ok(), "it is another binary");
}

#[test]
fn features_are_called_by_their_names_however_they_are_written() {
    assert_eq!(features(["postgres, dynamodb", "dynamodb\tsqlite,,"]), ["dynamodb", "postgres", "sqlite"]);
    assert!(features(["", " , "]).is_empty());
}
