use std::path::Path;

use super::{EXECUTABLE, ElfFile, SHARED, arm_program, program};
use crate::artifact::elf::{Elf, check};
use crate::artifact::{Architecture, ArtifactError, Glibc, Runtime};

fn checked(file: &ElfFile) -> Result<Elf, ArtifactError> {
    check(&file.bytes(), Path::new("worker"), Architecture::X86_64, Runtime::ProvidedAl2023)
}

fn refused(bytes: &[u8], architecture: Architecture, runtime: Runtime) -> String {
    check(bytes, Path::new("worker"), architecture, runtime).unwrap_err().to_string()
}

#[test]
fn a_program_within_the_runtimes_glibc_passes() {
    assert_eq!(checked(&program()).unwrap(), Elf { glibc: Some(Glibc { major: 2, minor: 34 }) });
    let arm = check(&arm_program().bytes(), Path::new("worker"), Architecture::Arm64, Runtime::ProvidedAl2023);
    assert_eq!(arm.unwrap().glibc.unwrap().to_string(), "2.34");
}

#[test]
fn a_static_program_needs_no_glibc() {
    let file = ElfFile { kind: EXECUTABLE, interpreter: None, needs: Vec::new(), ..program() };
    assert_eq!(checked(&file).unwrap(), Elf { glibc: None });
}

#[test]
fn another_machine_is_refused_with_both_ways_out() {
    assert_eq!(
        refused(&arm_program().bytes(), Architecture::X86_64, Runtime::ProvidedAl2023),
        "worker is built for arm64, but the function runs on x86_64: \
         build it for x86_64-unknown-linux-gnu, or set `architecture: arm64`"
    );
    assert_eq!(
        refused(&program().bytes(), Architecture::Arm64, Runtime::ProvidedAl2023),
        "worker is built for x86_64, but the function runs on arm64: \
         build it for aarch64-unknown-linux-gnu, or set `architecture: x86_64`"
    );
}

#[test]
fn a_machine_that_lambda_lacks_is_not_offered_as_a_setting() {
    let riscv = ElfFile { machine: 243, ..program() };
    assert_eq!(
        refused(&riscv.bytes(), Architecture::X86_64, Runtime::ProvidedAl2023),
        "worker is built for ELF machine 243, but the function runs on x86_64: build it for x86_64-unknown-linux-gnu"
    );
}

#[test]
fn too_new_a_glibc_is_refused_with_symbols_versions_and_fix() {
    let mut file = program();
    file.needs.push(("GLIBC_2.39", false, vec!["pidfd_spawnp", "pidfd_getpid"]));
    file.needs.push((
        "GLIBC_2.38",
        false,
        vec!["__isoc23_strtol", "strlcpy", "strlcat", "wcslcpy", "wcslcat", "__isoc23_strtoul"],
    ));
    assert_eq!(
        refused(&file.bytes(), Architecture::X86_64, Runtime::ProvidedAl2023),
        "worker needs GLIBC_2.39 (pidfd_spawnp, pidfd_getpid), \
         GLIBC_2.38 (__isoc23_strtol, strlcpy, strlcat, wcslcpy and 2 more), but provided.al2023 has glibc 2.34: \
         run `pip install cargo-zigbuild ziglang` and build again, which links against the runtime's version"
    );
}

#[test]
fn the_newer_runtime_is_offered_where_it_would_do() {
    assert_eq!(
        refused(&program().bytes(), Architecture::X86_64, Runtime::ProvidedAl2),
        "worker needs GLIBC_2.34 (__libc_start_main), but provided.al2 has glibc 2.26: \
         run `pip install cargo-zigbuild ziglang` and build again, which links against the runtime's version, \
         or set `runtime: provided.al2023`"
    );
}

#[test]
fn weak_needs_and_private_ones_do_not_count() {
    let mut file = program();
    file.needs.push(("GLIBC_2.39", true, vec!["pidfd_spawnp"]));
    file.needs.push(("GLIBC_PRIVATE", false, vec!["_dl_x"]));
    file.needs.push(("GCC_3.0", false, vec!["_Unwind_Resume"]));
    assert_eq!(checked(&file).unwrap().glibc.unwrap().minor, 34);
}

#[test]
fn markers_of_newer_linkers_count_though_no_symbol_has_them() {
    for marker in ["GLIBC_ABI_DT_RELR", "GLIBC_ABI_GNU2_TLS"] {
        let mut file = program();
        file.needs.push((marker, false, vec![]));
        let message = checked(&file).unwrap_err().to_string();
        assert!(
            message.starts_with(&format!("worker needs {marker}, but provided.al2023 has glibc 2.34: ")),
            "{message}"
        );
    }
}

#[test]
fn a_dynamic_linker_that_lambda_lacks_is_refused() {
    for interpreter in ["/lib/ld-musl-x86_64.so.1", "/nix/store/abc-glibc-2.34/lib/ld-linux-x86-64.so.2"] {
        let file = ElfFile { interpreter: Some(interpreter), ..program() };
        assert_eq!(
            checked(&file).unwrap_err().to_string(),
            format!(
                "worker starts through {interpreter}, which Lambda does not have: \
                 build it for x86_64-unknown-linux-gnu, or link it statically"
            )
        );
    }
}

#[test]
fn what_is_no_linux_program_is_named() {
    let library = ElfFile { kind: SHARED, interpreter: None, ..program() }.bytes();
    let object = ElfFile { kind: 1, ..program() }.bytes();
    let freebsd = ElfFile { os: 9, ..program() }.bytes();
    let cases: [(&[u8], &str); 9] = [
        (b"", "empty"),
        (b"hello, this is no program at all", "no ELF file"),
        (b"#!/bin/sh\nexit 0\n", "a script"),
        (b"\xcf\xfa\xed\xfe\x07\x00\x00\x01 and more than 16 bytes", "a macOS program"),
        (b"MZ\x90\x00 and more than sixteen bytes", "a Windows program"),
        (b"\x7fELF", "a cut-off ELF file"),
        (&library, "a shared library"),
        (&object, "an object file"),
        (&freebsd, "an executable for another system"),
    ];
    for (bytes, found) in cases {
        assert_eq!(
            refused(bytes, Architecture::X86_64, Runtime::ProvidedAl2023),
            format!("worker is {found}, not a Linux executable: build it for x86_64-unknown-linux-gnu")
        );
    }
}

/// Any cut and any flipped byte ends in a verdict: damaged files come from broken uploads and must not bring the tool down.
#[test]
fn damaged_files_never_panic() {
    let file = program().bytes();
    for cut in 0..file.len() {
        let _ = check(&file[..cut], Path::new("worker"), Architecture::X86_64, Runtime::ProvidedAl2023);
        let mut flipped = file.clone();
        flipped[cut] ^= 0xff;
        let _ = check(&flipped, Path::new("worker"), Architecture::X86_64, Runtime::ProvidedAl2023);
    }
    let cut = refused(&file[..file.len() - 64], Architecture::X86_64, Runtime::ProvidedAl2023);
    assert_eq!(cut, "worker is a damaged ELF file: build it again");
}
