use std::collections::BTreeMap;
use std::io::{Cursor, Write};
use std::path::Path;

use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

use super::{arm_program, program};
use crate::artifact::pack::{check, pack, pack_with};
use crate::artifact::{Architecture, Artifact, ArtifactError, Runtime, code_sha256, from_zip};

/// Bytes that deflate can do something with, the same for ever.
fn sample(length: usize) -> Vec<u8> {
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 28).to_le_bytes()[0]
    };
    std::iter::repeat_with(&mut next).take(length).collect()
}

fn zip_of(files: &[(&str, u32, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, mode, bytes) in files {
        zip.start_file(*name, SimpleFileOptions::default().unix_permissions(*mode)).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// Writes the zip, takes it as an artifact, and cuts the folder out of the message.
fn take(zip: &[u8], runtime: Option<Runtime>) -> Result<Artifact, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("worker.zip");
    std::fs::write(&path, zip).unwrap();
    let message = |error: ArtifactError| error.to_string().replace(&format!("{}/", folder.path().display()), "");
    from_zip(&path, Architecture::X86_64, runtime).map_err(message)
}

const AL2023: Option<Runtime> = Some(Runtime::ProvidedAl2023);

/// Pins the bytes: another compressor, level or library version would redeploy every worker, so it must be a choice.
#[test]
fn the_same_binary_gives_the_same_zip_for_ever() {
    let zip = pack(&sample(300_000)).unwrap();
    assert_eq!(zip, pack(&sample(300_000)).unwrap());
    assert_eq!(code_sha256(&zip), "HnNiNJGOXOGvwQYuGrGgzM9NTM03MGsOtokZBuOXPvc=");
}

#[test]
fn the_zip_holds_an_executable_bootstrap_without_a_date() {
    let binary = program().bytes();
    let files = BTreeMap::from([("z.txt".to_owned(), b"z".to_vec()), ("config/a.txt".to_owned(), b"a".to_vec())]);
    let mut archive = ZipArchive::new(Cursor::new(pack_with(&binary, &files).unwrap())).unwrap();
    let names: Vec<_> = archive.file_names().map(|name| name.unwrap().into_owned()).collect();
    assert_eq!(names, ["bootstrap", "config/a.txt", "z.txt"]);
    let modes = [0, 1, 2].map(|index| archive.by_index(index).unwrap().unix_mode().unwrap());
    assert_eq!(modes, [0o100_755, 0o100_644, 0o100_644]);
    let mut bootstrap = archive.by_index(0).unwrap();
    assert_eq!(bootstrap.last_modified().unwrap().to_string(), "1980-01-01 00:00:00");
    let mut unpacked = Vec::new();
    std::io::copy(&mut bootstrap, &mut unpacked).unwrap();
    assert_eq!(unpacked, binary);
}

#[test]
fn a_second_bootstrap_is_refused() {
    let files = BTreeMap::from([("bootstrap".to_owned(), Vec::new())]);
    let message = pack_with(b"", &files).unwrap_err().to_string();
    assert_eq!(message, "cannot pack bootstrap: give it a name of its own, and keep the code under 250 MB");
}

/// The value that `sha256sum | xxd -r -p | base64` gives.
#[test]
fn the_digest_is_sha_256_in_base64() {
    assert_eq!(code_sha256(b"queuestack"), "9guPYP+eXMoOU2mSinkhrwRPnP97daXHAOcdrRDVK24=");
}

#[test]
fn a_zip_from_elsewhere_is_taken_as_it_is() {
    let binary = program().bytes();
    let zip = zip_of(&[("bootstrap", 0o755, &binary), ("lib/data.bin", 0o644, &[7; 1000])]);
    let artifact = take(&zip, AL2023).unwrap();
    assert_eq!((artifact.name.as_str(), artifact.zip_bytes), ("worker", zip.len() as u64));
    assert_eq!(artifact.unzipped_bytes, binary.len() as u64 + 1000);
    assert_eq!(artifact.code_sha256, code_sha256(&zip));
    assert!(!artifact.needs_s3());
    assert_eq!(*artifact.zip().unwrap(), zip);
}

#[test]
fn a_bootstrap_may_be_a_script_and_a_managed_runtime_needs_none() {
    assert!(take(&zip_of(&[("bootstrap", 0o755, b"#!/bin/sh\nexit 0\n")]), AL2023).is_ok());
    assert!(take(&zip_of(&[("handler.py", 0o644, b"")]), Runtime::named("python3.13")).is_ok());
}

#[test]
fn a_missing_or_nested_bootstrap_is_refused() {
    assert_eq!(
        take(&zip_of(&[("worker", 0o755, b"")]), AL2023).unwrap_err(),
        "worker.zip has no bootstrap at its root, which provided.al2023 starts: name the executable `bootstrap`"
    );
    assert_eq!(
        take(&zip_of(&[("out/bootstrap", 0o755, b"")]), AL2023).unwrap_err(),
        "worker.zip has no bootstrap at its root, which provided.al2023 starts: it has out/bootstrap; make the zip inside that folder"
    );
}

#[test]
fn a_bootstrap_that_not_everyone_may_run_is_refused() {
    for mode in [0o644, 0o700, 0o711] {
        assert_eq!(
            take(&zip_of(&[("bootstrap", mode, &program().bytes())]), AL2023).unwrap_err(),
            format!(
                "worker.zip holds bootstrap with mode 0{mode:o}, which Lambda may not run: `chmod 755 bootstrap` and make the zip again"
            )
        );
    }
}

#[test]
fn the_binary_in_a_zip_is_read_too() {
    assert_eq!(
        take(&zip_of(&[("bootstrap", 0o755, &arm_program().bytes())]), AL2023).unwrap_err(),
        "worker.zip/bootstrap is built for arm64, but the function runs on x86_64: \
         build it for x86_64-unknown-linux-gnu, or set `architecture: arm64`"
    );
}

#[test]
fn what_is_no_zip_or_leads_outside_is_refused() {
    assert_eq!(take(b"no zip", AL2023).unwrap_err(), "worker.zip is not a zip that Lambda can read: make it again");
    assert_eq!(
        take(&zip_of(&[("../bootstrap", 0o755, b"")]), AL2023).unwrap_err(),
        "worker.zip holds ../bootstrap, which leads out of the function's folder: make the zip with relative names"
    );
    let absent = from_zip(Path::new("absent.zip"), Architecture::X86_64, AL2023).unwrap_err();
    assert_eq!(absent.to_string(), "cannot read absent.zip: check that it exists and may be read");
}

#[test]
fn a_zip_over_50_mb_needs_s3() {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    zip.start_file("data", stored).unwrap();
    zip.write_all(&vec![0; 50 << 20]).unwrap();
    let artifact = take(&zip.finish().unwrap().into_inner(), None).unwrap();
    assert!(artifact.needs_s3());
}

/// Files of zeros, each within the limit and together over it: what counts is what comes out, in all.
#[test]
fn a_zip_bomb_is_cut_off_at_the_limit() {
    let half = vec![0; 50_001];
    let zip = zip_of(&[("data", 0o644, &half), ("more", 0o644, &half)]);
    let bounded = |limit| check(&zip, Path::new("worker.zip"), Architecture::X86_64, None, limit);
    assert!(zip.len() < 1000);
    assert_eq!(bounded(100_002).unwrap(), 100_002);
    assert_eq!(
        bounded(100_001).unwrap_err().to_string(),
        "worker.zip unpacks to more than 250 MB, Lambda's limit for code and layers: leave out what the function does not read"
    );
}

#[test]
fn a_kept_zip_is_written_once() {
    let artifact = take(&zip_of(&[("bootstrap", 0o755, &program().bytes())]), AL2023).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("new/artifacts");
    let path = artifact.save(&folder, "worker-x86_64.zip").unwrap();
    assert_eq!(path, folder.join("worker-x86_64.zip"));
    assert_eq!(std::fs::read(&path).unwrap(), *artifact.zip().unwrap());
    let written = std::fs::metadata(&path).unwrap().modified().unwrap();
    artifact.save(&folder, "worker-x86_64.zip").unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().modified().unwrap(), written);
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1, "no unfinished file is left");
}
