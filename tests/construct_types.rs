//! What the types forbid: each program in `tests/construct/types/` does not compile, for the reason beside it.
//! `UPDATE=1 cargo test --test construct_types` writes the reasons.
//!
//! The compiler is run on the library that this test was built with: a build of its own would take ten minutes.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

#[allow(dead_code, reason = "each test uses its part")]
mod support;

use std::path::{Path, PathBuf};
use std::process::Command;

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/construct/types"))
}

/// The folder that this test and the library were built into.
fn dependencies() -> PathBuf {
    std::env::current_exe().unwrap().parent().unwrap().to_owned()
}

/// The library that was built last: that of this test.
fn library() -> PathBuf {
    let entries = std::fs::read_dir(dependencies()).unwrap().map(|entry| entry.unwrap());
    let libraries = entries.filter(|entry| {
        let name = entry.file_name().into_string().unwrap();
        name.starts_with("libqueuestack-") && name.ends_with(".rlib")
    });
    libraries.max_by_key(|entry| entry.metadata().unwrap().modified().unwrap()).unwrap().path()
}

/// Compiles a program and returns whether it did, and the errors with their places.
fn compile(file: &Path) -> (bool, String) {
    let mut compiler = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    compiler.current_dir(folder()).args(["--edition", "2024", "--emit", "metadata", "--crate-type", "bin"]);
    compiler.arg("--out-dir").arg(env!("CARGO_TARGET_TMPDIR"));
    compiler.arg("-L").arg(format!("dependency={}", dependencies().display()));
    compiler.arg("--extern").arg(format!("queuestack={}", library().display()));
    let output = compiler.arg(file.file_name().unwrap()).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    let mut kept = String::new();
    let mut place = false;
    for line in said.lines() {
        // The first place of an error is the program's; compilers differ in what else they say.
        let begins = line.starts_with("error") && !line.contains("aborting");
        place |= begins;
        if begins || (place && line.trim_start().starts_with("--> ")) {
            kept += line.trim_start();
            kept.push('\n');
            place = begins;
        }
    }
    (output.status.success(), kept)
}

#[test]
fn mistakes_do_not_compile() {
    let mut cases = 0;
    let mut files: Vec<_> = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    for file in files.into_iter().filter(|file| file.extension().is_some_and(|end| end == "rs")) {
        let (compiled, errors) = compile(&file);
        if file.file_stem().is_some_and(|name| name == "right") {
            assert!(compiled, "what is right compiles: {errors}");
            continue;
        }
        assert!(!compiled, "{} compiles", file.display());
        assert!(errors.starts_with("error"), "{}: {errors}", file.display());
        support::golden(&file.with_extension("stderr"), &errors);
        cases += 1;
    }
    assert!(cases >= 8, "only {cases} cases");
}
