use std::path::Path;

use super::fixture::{FILES, Fixture, PLAIN, host};
use crate::artifact::run::{Tool, Tools, errors, progress};
use crate::artifact::{Architecture, ArtifactError, BuildRequest, Progress, Runtime, build, build_all, cargo, elf};

#[test]
fn the_best_tool_that_is_there_is_chosen() {
    let all = Tools { zigbuild: true, lambda: true };
    let lambda = Tools { lambda: true, ..PLAIN };
    assert_eq!(all.choose(Architecture::Arm64, "macos", "aarch64"), Some(Tool::Zigbuild));
    assert_eq!(lambda.choose(Architecture::X86_64, "windows", "x86_64"), Some(Tool::Lambda));
    assert_eq!(PLAIN.choose(Architecture::X86_64, "linux", "x86_64"), Some(Tool::Cargo));
    assert_eq!(PLAIN.choose(Architecture::Arm64, "linux", "aarch64"), Some(Tool::Cargo));
    assert_eq!(PLAIN.choose(Architecture::X86_64, "macos", "x86_64"), None);
    assert_eq!(PLAIN.choose(Architecture::Arm64, "linux", "x86_64"), None);
}

#[test]
fn cargos_progress_bar_is_read_and_other_lines_are_not() {
    let bar = "    Building [=====>                     ] 3/145: serde, tokio(build), first(bin)  ";
    assert_eq!(progress(bar), Some((3, 145, "serde, tokio(build), first(bin)")));
    assert_eq!(progress("    Building [=>  ] 0/4: "), Some((0, 4, "")));
    assert_eq!(progress("   Compiling serde v1.0.0"), None);
    assert_eq!(progress("    Building [ nonsense"), None);
}

#[test]
fn an_error_leaves_out_routine_and_keeps_the_rest() {
    let output = "   Compiling a v0.1.0 (/x)\nerror[E0425]: no `b`\n --> a.rs:1:1\n\n    Finished in 1 s\nerror: could not compile `a`";
    assert_eq!(errors(output), "error[E0425]: no `b`\n --> a.rs:1:1\n\nerror: could not compile `a`");
    let long = "ä".repeat(100_000);
    assert!(errors(&long).len() <= 64 << 10);
}

/// The binary of the machine that runs the tests may need a newer glibc than Lambda's, so the tests that build start on one that
/// has the same or older, and check the refusal on the others.
#[cfg(target_os = "linux")]
mod on_linux {
    use super::*;

    fn too_new(error: &ArtifactError) -> bool {
        matches!(error, ArtifactError::GlibcTooNew { .. })
    }

    /// Says whether this machine links within Lambda's glibc; with one too new, the refusal is what is right.
    async fn links_for_lambda(fixture: &Fixture) -> bool {
        match fixture.build_with(PLAIN, &fixture.request("first")).await {
            Ok(_) => true,
            Err(error) if too_new(&error) => false,
            Err(error) => panic!("{error}"),
        }
    }

    #[tokio::test]
    async fn clean_builds_in_different_folders_have_the_same_digest() {
        let (here, there) = (Fixture::new("here"), Fixture::new("quite/some/where/else"));
        let mut tools = vec![PLAIN];
        let found = Tools::find(&here.root).await;
        tools.extend(found.zigbuild.then_some(Tools { lambda: false, ..found }));
        if !links_for_lambda(&here).await {
            tools.remove(0);
        }
        for tools in tools {
            assert_eq!(here.digest(tools).await, there.digest(tools).await, "{tools:?}");
            let elsewhere =
                BuildRequest { target_dir: Some(there.root.join("deep/er/built")), ..there.request("first") };
            let elsewhere = there.build_with(tools, &elsewhere).await.unwrap().0;
            assert!(elsewhere.binary.starts_with(there.root.join("deep/er/built")));
            assert_eq!(here.digest(tools).await, elsewhere.code_sha256, "target folder, {tools:?}");
        }
    }

    #[tokio::test]
    async fn no_folder_of_this_machine_is_in_the_binary() {
        let fixture = Fixture::new("recognisable");
        let workspace = cargo::Workspace::read(&fixture.request("first")).await.unwrap();
        let request = fixture.request("first");
        let path = crate::artifact::run::build(&workspace.package(&request).unwrap(), PLAIN, &request, &mut |_| {})
            .await
            .unwrap();
        let binary = std::fs::read(path).unwrap();
        let holds = |text: &str| binary.windows(text.len()).any(|window| window == text.as_bytes());
        assert!(!holds("recognisable"));
        assert!(holds("/target/release/build/first-"), "the generated file is named by the build's folder");
    }

    #[tokio::test]
    async fn a_comment_that_moves_no_code_changes_nothing() {
        let fixture = Fixture::new("here");
        if !links_for_lambda(&fixture).await {
            return;
        }
        let before = fixture.digest(PLAIN).await;
        let source = FILES[3].1;
        fixture.write("first/src/main.rs", &format!("{}// more\n", source.replace("count();", "count(); // how many")));
        assert_eq!(fixture.digest(PLAIN).await, before);
        fixture.write("first/src/main.rs", &source.replace("shared::name()", "shared::name().len()"));
        assert_ne!(fixture.digest(PLAIN).await, before, "code does count");
    }

    /// In one run of cargo, `first` would get `shared` with the feature that only `second` asks for.
    #[tokio::test]
    async fn what_else_is_built_changes_nothing() {
        let (alone, together) = (Fixture::new("here"), Fixture::new("there"));
        if !links_for_lambda(&alone).await {
            return;
        }
        let requests = [together.request("second"), together.request("first"), together.request("second")];
        let artifacts = build_all(&requests, &mut |_| {}).await.unwrap();
        let first = build(&alone.request("first"), &mut |_| {}).await.unwrap();
        assert_eq!(artifacts[1].code_sha256, first.code_sha256);
        assert_eq!(artifacts[0], artifacts[2]);
        assert_ne!(artifacts[0].code_sha256, artifacts[1].code_sha256);
    }

    #[tokio::test]
    async fn flags_of_the_user_survive() {
        if std::env::var_os("RUSTFLAGS").is_some() || std::env::var_os("CARGO_ENCODED_RUSTFLAGS").is_some() {
            return; // Those hide the configuration that is tested here.
        }
        let lost = "#[cfg(not(theirs))]\ncompile_error!(\"the flag is lost\");\nfn main() {}\n";
        for table in ["build", &format!("target.{}", host().triple()), "target.'cfg(unix)'"] {
            let fixture = Fixture::new("here");
            fixture.write("second/src/main.rs", lost);
            assert!(fixture.message(&fixture.request("second")).await.contains("the flag is lost"));
            fixture.write(".cargo/config.toml", &format!("[{table}]\nrustflags = [\"--cfg\", \"theirs\"]\n"));
            match fixture.build_with(PLAIN, &fixture.request("second")).await {
                Ok(_) => {}
                Err(error) => assert!(too_new(&error), "[{table}]: {error}"),
            }
        }
    }

    #[tokio::test]
    async fn the_features_are_those_that_are_said_and_no_other() {
        let fixture = Fixture::new("here");
        let features = "[features]\ndefault = [\"wide\"]\nwide = []\nnarrow = []\n";
        fixture.write("second/Cargo.toml", &format!("{}{features}", FILES[4].1));
        let picky =
            "#[cfg(any(feature = \"wide\", not(feature = \"narrow\")))]\ncompile_error!(\"too wide\");\nfn main() {}\n";
        fixture.write("second/src/main.rs", picky);
        assert!(fixture.message(&fixture.request("second")).await.contains("too wide"));
        let request = BuildRequest { features: Some(vec!["narrow".to_owned()]), ..fixture.request("second") };
        match fixture.build_with(PLAIN, &request).await {
            Ok(_) => {}
            Err(error) => assert!(too_new(&error), "{error}"),
        }
    }

    #[tokio::test]
    async fn progress_tells_the_tool_the_profile_and_how_far_it_is() {
        let fixture = Fixture::new("here");
        if !links_for_lambda(&fixture).await {
            return;
        }
        fixture.write(
            "Cargo.toml",
            &format!("{}\n[profile.lambda]\ninherits = \"release\"\nopt-level = \"z\"\n", FILES[0].1),
        );
        let (artifact, events) = fixture.build_with(PLAIN, &fixture.request("first")).await.unwrap();
        let started = Progress::Started {
            package: "first".to_owned(),
            tool: "cargo build",
            target: host().triple().to_owned(),
            profile: "lambda".to_owned(),
        };
        assert_eq!(events[0], started);
        assert!(artifact.binary.ends_with("target/lambda/first"));
        assert!(events.iter().any(|event| matches!(event, Progress::Compiling { total: 4, .. })), "{events:?}");
        let line =
            |event: &Progress| matches!(event, Progress::Line { text, .. } if text.contains("Compiling shared v0.1.0"));
        assert!(events.iter().any(line), "{events:?}");
        let Some(Progress::Packed { code_sha256, zip_bytes, .. }) = events.last() else { panic!("{events:?}") };
        assert_eq!((code_sha256, *zip_bytes), (&artifact.code_sha256, artifact.zip_bytes));
    }

    #[tokio::test]
    async fn the_last_build_is_taken_or_missed() {
        let fixture = Fixture::new("here");
        let request = BuildRequest { no_build: true, ..fixture.request("first") };
        assert_eq!(
            fixture.message(&request).await,
            format!(
                "package first has not been built yet (looked for WORKSPACE/target/{0}/release/first, \
                 WORKSPACE/target/release/first, WORKSPACE/target/queuestack/{0}/first/bootstrap): run again without --no-build",
                host().triple()
            )
        );
        if links_for_lambda(&fixture).await {
            let built = fixture.digest(PLAIN).await;
            assert_eq!(build(&request, &mut |_| {}).await.unwrap().code_sha256, built);
        }
    }

    #[tokio::test]
    async fn one_last_build_is_not_taken_for_two() {
        let fixture = Fixture::new("here");
        let with = |features: &[&str]| BuildRequest {
            no_build: true,
            features: Some(features.iter().map(|one| (*one).to_owned()).collect()),
            ..fixture.request("first")
        };
        let refused =
            build_all(&[with(&["a"]), with(&["a"]), with(&["b"])], &mut |_| {}).await.unwrap_err().to_string();
        assert!(refused.starts_with("package first is wanted with several sets of features"), "{refused}");
        let missed = build_all(&[with(&["a"]), with(&["a"])], &mut |_| {}).await.unwrap_err().to_string();
        assert!(missed.starts_with("package first has not been built yet"), "{missed}");
    }

    #[tokio::test]
    async fn a_broken_package_gives_the_compilers_error_in_full() {
        let fixture = Fixture::new("here");
        fixture.write("second/src/main.rs", "fn main() { absent(); }\n");
        let message = fixture.message(&fixture.request("second")).await;
        let start =
            "package second does not build (cargo build, exit status: 101); fix what it reports:\nerror[E0425]: ";
        assert!(message.starts_with(start), "{message}");
        assert!(message.contains("--> second/src/main.rs:1:13"), "{message}");
        assert!(
            message.ends_with("error: could not compile `second` (bin \"second\") due to 1 previous error"),
            "{message}"
        );
    }

    /// A real binary whose `GLIBC_2.x` was made too new.
    #[tokio::test]
    async fn a_real_binary_that_needs_a_newer_glibc_is_refused() {
        let fixture = Fixture::new("here");
        let workspace = cargo::Workspace::read(&fixture.request("first")).await.unwrap();
        let request = fixture.request("first");
        let path = crate::artifact::run::build(&workspace.package(&request).unwrap(), PLAIN, &request, &mut |_| {})
            .await
            .unwrap();
        let mut binary = std::fs::read(path).unwrap();
        let Some(at) = binary.windows(11).position(|window| window == b"GLIBC_2.34\0") else {
            return;
        };
        binary[at..at + 10].copy_from_slice(b"GLIBC_2.99");
        let message = elf::check(&binary, Path::new("first"), host(), Runtime::ProvidedAl2023).unwrap_err().to_string();
        assert!(message.starts_with("first needs GLIBC_2.99 (__libc_start_main"), "{message}");
        let other = if host() == Architecture::Arm64 { Architecture::X86_64 } else { Architecture::Arm64 };
        let message = elf::check(&binary, Path::new("first"), other, Runtime::ProvidedAl2023).unwrap_err().to_string();
        assert!(
            message.starts_with(&format!("first is built for {}, but the function runs on {other}: ", host())),
            "{message}"
        );
    }

    /// Runs where zig and the Rust target are installed; otherwise the error has to say so.
    #[tokio::test]
    async fn arm64_is_built_by_zig_where_it_is_installed() {
        let fixture = Fixture::new("here");
        let found = Tools::find(&fixture.root).await;
        for runtime in [Runtime::ProvidedAl2023, Runtime::ProvidedAl2] {
            let request = BuildRequest { architecture: Architecture::Arm64, runtime, ..fixture.request("first") };
            match fixture.build_with(found, &request).await {
                Ok((artifact, _)) => assert_eq!(artifact.architecture, Architecture::Arm64),
                Err(ArtifactError::NoTarget { triple, .. }) => {
                    assert_eq!(triple, "aarch64-unknown-linux-gnu");
                }
                Err(ArtifactError::NoTool { .. }) => assert!(!found.zigbuild && !found.lambda),
                Err(error) => panic!("{error}"),
            }
        }
    }
}

#[tokio::test]
async fn a_wrong_name_is_answered_with_the_right_ones() {
    let fixture = Fixture::new("here");
    assert_eq!(
        fixture.message(&fixture.request("frist")).await,
        "package frist is not in the workspace WORKSPACE: name one of first, second, shared"
    );
    assert_eq!(
        fixture.message(&fixture.request("shared")).await,
        "package shared builds no binary: add src/main.rs or a [[bin]] to its Cargo.toml"
    );
    let request = BuildRequest { binary: Some("third".to_owned()), ..fixture.request("first") };
    assert_eq!(
        fixture.message(&request).await,
        "package first has 1 binary; none is called third: set `binary:` to one of first"
    );
    fixture.write("first/src/bin/other.rs", "fn main() {}\n");
    fixture.write("first/Cargo.toml", &format!("{}[[bin]]\nname = \"main\"\npath = \"src/main.rs\"\n", FILES[1].1));
    assert_eq!(
        fixture.message(&fixture.request("first")).await,
        "package first has 2 binaries; none is its default: set `binary:` to one of main, other"
    );
}

#[tokio::test]
async fn a_folder_that_is_no_workspace_is_named() {
    let fixture = Fixture::new("here");
    let request = BuildRequest { workspace: fixture.root.join("absent"), ..fixture.request("first") };
    assert_eq!(
        fixture.message(&request).await,
        "cannot run cargo in WORKSPACE/absent: install Rust from https://rustup.rs, and check that the folder exists"
    );
    fixture.write("Cargo.toml", "[workspace\n");
    let message = fixture.message(&fixture.request("first")).await;
    assert!(
        message.starts_with("WORKSPACE is not a workspace that cargo can read; fix what it reports:\nerror: "),
        "{message}"
    );
}

#[test]
fn a_machine_without_tools_is_told_what_to_install() {
    let error = ArtifactError::NoTool {
        package: "first".to_owned(),
        architecture: Architecture::Arm64,
        host: "x86_64 linux".to_owned(),
    };
    assert_eq!(
        error.to_string(),
        "package first is for arm64 Linux, which plain cargo cannot build on x86_64 linux: \
         run `pip install cargo-zigbuild ziglang` and `rustup target add aarch64-unknown-linux-gnu`"
    );
}
