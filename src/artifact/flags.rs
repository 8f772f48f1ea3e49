//! Takes this machine's folders out of a binary, without losing the flags that the user set.
//!
//! Cargo reads rustc's flags from the first of these that is there: `CARGO_ENCODED_RUSTFLAGS`, `RUSTFLAGS`, every matching
//! `target.*.rustflags` together, `build.rustflags`. Whichever is in force has to be added to, and nothing above it may be set.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::Architecture;
use super::cargo::cargo;

const ENCODED: &str = "CARGO_ENCODED_RUSTFLAGS";

/// Is what the environment says about flags and folders.
#[derive(Debug, Default)]
pub(super) struct Inherited {
    pub(super) encoded: Option<String>,
    pub(super) plain: Option<String>,
    pub(super) target: bool,
    pub(super) cargo_home: Option<PathBuf>,
    pub(super) source_date: bool,
}

impl Inherited {
    pub(super) fn read(architecture: Architecture) -> Self {
        let target = format!("CARGO_TARGET_{}_RUSTFLAGS", architecture.triple().replace('-', "_").to_uppercase());
        let home = || std::env::home_dir().map(|home| home.join(".cargo"));
        Self {
            encoded: std::env::var(ENCODED).ok(),
            plain: std::env::var("RUSTFLAGS").ok(),
            target: std::env::var_os(target).is_some(),
            cargo_home: std::env::var_os("CARGO_HOME").map(PathBuf::from).or_else(home),
            source_date: std::env::var_os("SOURCE_DATE_EPOCH").is_some(),
        }
    }

    /// Lists the environment that a reproducible build adds: no incremental units, and a fixed date for build scripts that ask.
    pub(super) fn environment(&self) -> Vec<(&'static str, &'static str)> {
        let mut environment = vec![("CARGO_INCREMENTAL", "0")];
        if !self.source_date {
            environment.push(("SOURCE_DATE_EPOCH", "315532800"));
        }
        environment
    }
}

/// Is the one place where the flags go.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Flags {
    /// An environment variable: name and value.
    Environment(&'static str, String),
    /// A setting for `--config`.
    Config(String),
}

/// Chooses where the flags go. `config` is what `cargo config get` answered, or null.
pub(super) fn place(inherited: &Inherited, config: &Value, architecture: Architecture, flags: &[String]) -> Flags {
    let separator = "\u{1f}";
    let encode = |given: Vec<&str>| {
        let all = given.into_iter().filter(|flag| !flag.is_empty()).chain(flags.iter().map(String::as_str));
        Flags::Environment(ENCODED, all.collect::<Vec<_>>().join(separator))
    };
    match (&inherited.encoded, &inherited.plain) {
        (Some(encoded), _) => return encode(encoded.split(separator).collect()),
        (None, Some(plain)) => return encode(plain.split(' ').map(str::trim).collect()),
        (None, None) => {}
    }
    let set = |table: &str| config["target"][table].get("rustflags").is_some();
    let by_cfg = config["target"]
        .as_object()
        .is_some_and(|tables| tables.keys().any(|table| table.starts_with("cfg(") && set(table)));
    let build = config["build"].get("rustflags").is_some();
    // Whether a cfg table matches is for rustc to say: where it alone has flags, a table of ours hides nothing.
    let target = inherited.target || set(architecture.triple()) || (by_cfg && !build);
    let key = if target { format!("target.{}.rustflags", architecture.triple()) } else { "build.rustflags".to_owned() };
    Flags::Config(format!("{key}={}", Value::from(flags.to_vec())))
}

/// Reads cargo's configuration with its files merged; null where this cargo cannot tell, which only costs a remapped path.
pub(super) async fn config(root: &Path) -> Value {
    // The subcommand is still behind a flag of nightly cargo. It only reads, and the build itself stays stable.
    let mut command = cargo(root, None);
    command.env("RUSTC_BOOTSTRAP", "1").args(["-Zunstable-options", "config", "get", "--format", "json"]);
    match command.output().await {
        Ok(output) if output.status.success() => serde_json::from_slice(&output.stdout).unwrap_or_default(),
        _ => Value::Null,
    }
}

/// Maps the folders that reach a binary through panic messages to fixed names.
///
/// Folders may lie within each other: rustc takes the last that fits, so the deepest comes last.
pub(super) fn remaps(inherited: &Inherited, root: &Path, target_dir: &Path) -> Vec<String> {
    let home = inherited.cargo_home.as_deref().and_then(|home| std::path::absolute(home).ok());
    let mut folders = vec![(root.to_owned(), "/workspace"), (target_dir.to_owned(), "/target")];
    folders.extend(home.map(|home| (home, "/cargo")));
    folders.sort_by_key(|(folder, _)| folder.components().count());
    folders
        .iter()
        .filter_map(|(folder, name)| Some(format!("--remap-path-prefix={}={name}", folder.to_str()?)))
        .collect()
}
