//! What can go wrong between a cargo package and a zip that Lambda can run.

use std::fmt;
use std::io;
use std::path::PathBuf;

use super::{Architecture, Glibc, Runtime, UNZIPPED_BYTES};

/// Says which package, binary or zip is wrong, why, and how to make it right.
///
/// No message repeats its source: print the chain of sources to see the cause.
#[derive(Debug, thiserror::Error)]
pub enum ArtifactError {
    /// Cargo itself could not be started.
    #[error("cannot run cargo in {}: install Rust from https://rustup.rs, and check that the folder exists", folder.display())]
    Cargo {
        /// The folder that it should have run in.
        folder: PathBuf,
        /// Why the system refused.
        source: io::Error,
    },
    /// `cargo metadata` refused the workspace.
    #[error("{} is not a workspace that cargo can read; fix what it reports:\n{output}", folder.display())]
    Workspace {
        /// The folder that should hold `Cargo.toml`.
        folder: PathBuf,
        /// What cargo wrote.
        output: String,
    },
    /// `cargo metadata` answered with something else than its format.
    #[error("cannot read what `cargo metadata` says of {}: update cargo with `rustup update`", folder.display())]
    Metadata {
        /// The workspace.
        folder: PathBuf,
        /// Where its JSON departs from the format.
        source: serde_json::Error,
    },
    /// The workspace has no package of that name.
    #[error("package {package} is not in the workspace {}: name one of {}", folder.display(), List(known))]
    UnknownPackage {
        /// The package asked for.
        package: String,
        /// The workspace.
        folder: PathBuf,
        /// The packages that it has.
        known: Vec<String>,
    },
    /// The package is a library.
    #[error("package {package} builds no binary: add src/main.rs or a [[bin]] to its Cargo.toml")]
    NoBinary {
        /// The package.
        package: String,
    },
    /// The package has several binaries, or not the one asked for.
    #[error("package {package} has {}; {}: set `binary:` to one of {}",
        Count(known.len()), wanted.as_ref().map_or_else(|| "none is its default".to_owned(), |name| format!("none is called {name}")), List(known))]
    WhichBinary {
        /// The package.
        package: String,
        /// The binary asked for, if any.
        wanted: Option<String>,
        /// Its binaries.
        known: Vec<String>,
    },
    /// Nothing here can link for the wanted machine.
    #[error("package {package} is for {architecture} Linux, which plain cargo cannot build on {host}: \
             run `pip install cargo-zigbuild ziglang` and `rustup target add {}`", architecture.triple())]
    NoTool {
        /// The package.
        package: String,
        /// The machine asked for.
        architecture: Architecture,
        /// This machine, like `x86_64 macos`.
        host: String,
    },
    /// Rust's standard library for the target is not installed.
    #[error(
        "package {package} needs Rust's standard library for {triple}, which is not installed: run `rustup target add {triple}`"
    )]
    NoTarget {
        /// The package.
        package: String,
        /// The Rust target.
        triple: String,
    },
    /// The build failed.
    #[error("package {package} does not build ({tool}, {status}); fix what it reports:\n{output}")]
    Build {
        /// The package.
        package: String,
        /// The command, like `cargo zigbuild`.
        tool: String,
        /// How it ended.
        status: String,
        /// Its warnings and errors.
        output: String,
    },
    /// The build worked and yet reported no such executable.
    #[error(
        "package {package} was built, but {tool} reported no executable {binary}: check that the binary's required features are on"
    )]
    NotProduced {
        /// The package.
        package: String,
        /// The command.
        tool: String,
        /// The binary that should have been there.
        binary: String,
    },
    /// Nothing was built before and building was ruled out.
    #[error("package {package} has not been built yet (looked for {}): run again without --no-build", List(looked))]
    NotBuilt {
        /// The package.
        package: String,
        /// Where its binary would be.
        looked: Vec<String>,
    },
    /// Only one binary of the last builds is there, and not which features it has.
    #[error(
        "package {package} is wanted with several sets of features, and only the binary of its last build is there: \
         run again without --no-build"
    )]
    OneOfSeveral {
        /// The package.
        package: String,
    },
    /// The binary of the last build has others.
    #[error(
        "package {package} was last built with {}, and others are wanted: run again without --no-build",
        Features(built)
    )]
    OtherFeatures {
        /// The package.
        package: String,
        /// What it was built with.
        built: Vec<String>,
    },
    /// A file could not be read.
    #[error("cannot read {}: check that it exists and may be read", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why the system refused.
        source: io::Error,
    },
    /// A zip could not be kept.
    #[error("cannot write {}: check that its folder may be written and has space", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why the system refused.
        source: io::Error,
    },
    /// The binary is not the one that the plan was made with.
    #[error("{} has changed since the plan was made: run again", path.display())]
    Changed {
        /// The binary.
        path: PathBuf,
    },
    /// The bootstrap is no Linux executable.
    #[error("{} is {found}, not a Linux executable: build it for {}", path.display(), architecture.triple())]
    NotExecutable {
        /// The binary.
        path: PathBuf,
        /// What it is instead, like `a shared library`.
        found: &'static str,
        /// The machine asked for.
        architecture: Architecture,
    },
    /// The ELF file is damaged.
    #[error("{} is a damaged ELF file: build it again", path.display())]
    Damaged {
        /// The binary.
        path: PathBuf,
        /// Where it departs from the format.
        source: object::read::Error,
    },
    /// The binary is for another machine.
    #[error("{} is built for {found}, but the function runs on {architecture}: build it for {}{}",
        path.display(), architecture.triple(), offered.map_or_else(String::new, |other| format!(", or set `architecture: {other}`")))]
    WrongArchitecture {
        /// The binary.
        path: PathBuf,
        /// The machine that it is for.
        found: String,
        /// The same, where Lambda has it.
        offered: Option<Architecture>,
        /// The machine asked for.
        architecture: Architecture,
    },
    /// The binary asks for a dynamic linker that Lambda does not have.
    #[error("{} starts through {interpreter}, which Lambda does not have: \
             build it for {}, or link it statically", path.display(), architecture.triple())]
    Interpreter {
        /// The binary.
        path: PathBuf,
        /// The dynamic linker that it names.
        interpreter: String,
        /// The machine asked for.
        architecture: Architecture,
    },
    /// The binary needs a newer glibc than the runtime has.
    #[error("{} needs {}, but {runtime} has glibc {}: {}", path.display(), Needs(needs), runtime.glibc(), newer_runtime(*runtime, needs))]
    GlibcTooNew {
        /// The binary.
        path: PathBuf,
        /// The versions that are too new, newest first, with the symbols that need them.
        needs: Vec<GlibcNeed>,
        /// The runtime asked for.
        runtime: Runtime,
    },
    /// The file is not a readable zip.
    #[error("{} is not a zip that Lambda can read: make it again", path.display())]
    Zip {
        /// The file.
        path: PathBuf,
        /// Where it departs from the format.
        source: zip::result::ZipError,
    },
    /// A file in the zip could not be unpacked.
    #[error("{} holds {entry}, which cannot be unpacked: make the zip again", path.display())]
    Entry {
        /// The zip.
        path: PathBuf,
        /// The file in it.
        entry: String,
        /// Why.
        source: io::Error,
    },
    /// A file in the zip would land outside the function's folder.
    #[error("{} holds {entry}, which leads out of the function's folder: make the zip with relative names", path.display())]
    EntryName {
        /// The zip.
        path: PathBuf,
        /// The file in it.
        entry: String,
    },
    /// The zip has no `bootstrap` at its root.
    #[error("{} has no bootstrap at its root, which {runtime} starts: {}", path.display(), bootstrap_hint(nested.as_deref()))]
    NoBootstrap {
        /// The zip.
        path: PathBuf,
        /// The runtime asked for.
        runtime: Runtime,
        /// A `bootstrap` further down, if there is one.
        nested: Option<String>,
    },
    /// The `bootstrap` may not be executed by everyone.
    #[error("{} holds bootstrap with mode {mode:04o}, which Lambda may not run: `chmod 755 bootstrap` and make the zip again", path.display())]
    Mode {
        /// The zip.
        path: PathBuf,
        /// Its permission bits; 0 where the zip has none.
        mode: u32,
    },
    /// The code is larger than Lambda takes.
    #[error("{} unpacks to more than {} MB, Lambda's limit for code and layers: leave out what the function does not read", path.display(), UNZIPPED_BYTES >> 20)]
    TooLarge {
        /// The zip or binary.
        path: PathBuf,
    },
    /// Packing failed, which only a file of several GB or a name used twice brings about.
    #[error("cannot pack {entry}: give it a name of its own, and keep the code under {} MB", UNZIPPED_BYTES >> 20)]
    Pack {
        /// The file in the zip.
        entry: String,
        /// Why.
        source: zip::result::ZipError,
    },
}

/// Names a glibc version that a binary needs, and what needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GlibcNeed {
    /// The version as the binary spells it, like `GLIBC_2.39`.
    pub version: String,
    /// The same as a number; `None` for a marker of no known version.
    pub glibc: Option<Glibc>,
    /// The symbols, in the order of the binary; empty where the linker itself asks.
    pub symbols: Vec<String>,
}

/// How many symbols a message names before it counts the rest.
const NAMED: usize = 4;

struct Needs<'a>(&'a [GlibcNeed]);

impl fmt::Display for Needs<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, need) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            write!(f, "{separator}{}", need.version)?;
            if !need.symbols.is_empty() {
                let named = need.symbols.len().min(NAMED);
                write!(f, " ({}", need.symbols[..named].join(", "))?;
                match need.symbols.len() - named {
                    0 => f.write_str(")")?,
                    rest => write!(f, " and {rest} more)")?,
                }
            }
        }
        Ok(())
    }
}

/// Says how to get within the runtime's glibc; another runtime is offered only where it would do.
fn newer_runtime(runtime: Runtime, needs: &[GlibcNeed]) -> String {
    let fix = "run `pip install cargo-zigbuild ziglang` and build again, which links against the runtime's version";
    let newest = Runtime::ProvidedAl2023;
    let enough = needs.iter().all(|need| need.glibc.is_some_and(|glibc| glibc <= newest.glibc()));
    if runtime != newest && enough { format!("{fix}, or set `runtime: {newest}`") } else { fix.to_owned() }
}

fn bootstrap_hint(nested: Option<&str>) -> String {
    match nested {
        Some(nested) => format!("it has {nested}; make the zip inside that folder"),
        None => "name the executable `bootstrap`".to_owned(),
    }
}

struct List<'a>(&'a [String]);

impl fmt::Display for List<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { f.write_str("(there is none)") } else { f.write_str(&self.0.join(", ")) }
    }
}

struct Features<'a>(&'a [String]);

impl fmt::Display for Features<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            [] => f.write_str("no features"),
            [one] => write!(f, "the feature {one}"),
            several => write!(f, "the features {}", several.join(", ")),
        }
    }
}

struct Count(usize);

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            1 => f.write_str("1 binary"),
            count => write!(f, "{count} binaries"),
        }
    }
}
