//! A small workspace whose binaries would show every way in which a folder can leak into them.

use std::path::PathBuf;
use std::sync::Mutex;

use tempfile::TempDir;

use crate::artifact::run::Tools;
use crate::artifact::{Architecture, Artifact, ArtifactError, BuildRequest, Progress, Runtime, build_in, cargo};

pub(super) const FILES: [(&str, &str); 8] = [
    ("Cargo.toml", "[workspace]\nmembers = [\"first\", \"second\", \"shared\"]\nresolver = \"3\"\n"),
    (
        "first/Cargo.toml",
        "[package]\nname = \"first\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[dependencies]\nshared = { path = \"../shared\" }\n",
    ),
    // The generated file stands in a folder of the build, and its panic names that folder.
    (
        "first/build.rs",
        "fn main() { let out = std::env::var(\"OUT_DIR\").unwrap();\n\
         std::fs::write(out + \"/made.rs\", \"pub fn at(v: &[u8], i: usize) -> u8 { v[i] }\").unwrap(); }\n",
    ),
    (
        "first/src/main.rs",
        "include!(concat!(env!(\"OUT_DIR\"), \"/made.rs\"));\n\
         fn main() {\n    let n = std::env::args().count();\n    println!(\"{} {}\", at(b\"abc\", n), shared::name());\n}\n",
    ),
    (
        "second/Cargo.toml",
        "[package]\nname = \"second\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[dependencies]\n\
         shared = { path = \"../shared\", features = [\"loud\"] }\n",
    ),
    ("second/src/main.rs", "fn main() { println!(\"{}\", shared::name()); }\n"),
    (
        "shared/Cargo.toml",
        "[package]\nname = \"shared\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[features]\nloud = []\n",
    ),
    // A type id is made of the crate's hash, which must not depend on the folder.
    (
        "shared/src/lib.rs",
        "pub struct Own;\n#[inline(never)]\npub fn name() -> String {\n    let id = std::any::TypeId::of::<Own>();\n\
         if cfg!(feature = \"loud\") { format!(\"LOUD {id:?}\") } else { format!(\"quiet {id:?}\") }\n}\n",
    ),
];

/// Plain cargo, which every machine that runs the tests has.
pub(super) const PLAIN: Tools = Tools { zigbuild: false, lambda: false };

/// Is a workspace in a folder of its own, some levels down.
pub(super) struct Fixture {
    _folder: TempDir,
    pub(super) root: PathBuf,
}

impl Fixture {
    pub(super) fn new(below: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join(below);
        let fixture = Self { _folder: folder, root };
        for (path, text) in FILES {
            fixture.write(path, text);
        }
        fixture
    }

    pub(super) fn write(&self, path: &str, text: &str) {
        let path = self.root.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub(super) fn request(&self, package: &str) -> BuildRequest {
        BuildRequest {
            workspace: self.root.clone(),
            package: package.to_owned(),
            binary: None,
            features: None,
            architecture: host(),
            runtime: Runtime::ProvidedAl2023,
            profile: None,
            no_build: false,
            // Not the one that the tests themselves may have been given.
            target_dir: Some(self.root.join("target")),
        }
    }

    pub(super) async fn build_with(
        &self,
        tools: Tools,
        request: &BuildRequest,
    ) -> Result<(Artifact, Vec<Progress>), ArtifactError> {
        let events = Mutex::new(Vec::new());
        let workspace = cargo::Workspace::read(request).await?;
        let artifact = build_in(&workspace, tools, request, &mut |event| {
            events.lock().unwrap().push(event);
        })
        .await?;
        Ok((artifact, events.into_inner().unwrap()))
    }

    pub(super) async fn digest(&self, tools: Tools) -> String {
        self.build_with(tools, &self.request("first")).await.unwrap().0.code_sha256
    }

    pub(super) async fn message(&self, request: &BuildRequest) -> String {
        let error = self.build_with(PLAIN, request).await.unwrap_err();
        error.to_string().replace(&self.root.display().to_string(), "WORKSPACE")
    }
}

pub(super) fn host() -> Architecture {
    if cfg!(target_arch = "aarch64") { Architecture::Arm64 } else { Architecture::X86_64 }
}
