//! The invariants of `src/lib.rs`, as far as reading the source and walking the tables can tell.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use queuestack::diagnostic::Source;
use queuestack::kind::{KINDS, Reported, Row, Type};
use queuestack::manifest::{self, Inputs};

/// Everything up to plan is pure: no SDK, no arguments, no runtime.
const PURE: &[&str] = &[
    "manifest",
    "model",
    "value",
    "expand",
    "graph",
    "rule",
    "plan",
    "schema",
    "diagnostic",
    "construct",
    "import",
    "outputs",
    "permissions",
    "secret",
];
/// What goes from a stack to AWS and back to the person, whatever the kinds are.
const PHASES: &[&str] = &[
    "manifest",
    "expand",
    "graph",
    "rule",
    "plan",
    "schema",
    "apply",
    "event",
    "backend",
    "report",
    "import",
    "permissions",
];
/// Who speaks to the terminal, reads the environment and looks at the clock.
const OUTWARD: &[&str] = &["main", "cli", "report"];
/// Files further in that read the environment, each with its reason.
const READS_ENVIRONMENT: &[&str] = &[
    // Cargo reads these variables itself, and what is added to them must not drop what is there.
    "artifact/flags.rs",
    "artifact/run.rs",
    // A snapshot is rewritten when UPDATE is set, and that is for the test's own process to say.
    "construct/template.rs",
    // It writes programs that read the environment.
    "construct/convert.rs",
];
/// Files beyond [`MOST_LINES`], each with its reason.
const LONG: &[&str] = &[];
const MOST_LINES: usize = 450;

/// A source file: its path below `src/`, and its text without tests and comments.
struct File {
    path: String,
    code: String,
    lines: usize,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs") {
            found.push(path);
        }
    }
}

fn sources() -> Vec<File> {
    let mut paths = Vec::new();
    walk(&root().join("src"), &mut paths);
    paths.sort();
    // Tests in files of their own are tests all the same.
    paths.retain(|path| !path.ends_with("tests.rs") && !path.components().any(|part| part.as_os_str() == "tests"));
    let read = paths.iter().map(|path| {
        let text = std::fs::read_to_string(path).unwrap();
        // Unit tests stand at the end of a file.
        let product = text.split("#[cfg(test)]\nmod ").next().unwrap();
        let code = product.lines().map(|line| if line.trim_start().starts_with("//") { "" } else { line });
        File {
            path: path.strip_prefix(root().join("src")).unwrap().to_str().unwrap().replace('\\', "/"),
            code: code.collect::<Vec<_>>().join("\n"),
            lines: text.lines().count(),
        }
    });
    read.collect()
}

impl File {
    /// Tells whether it is one of these modules or inside of one.
    fn is_in(&self, modules: &[&str]) -> bool {
        let top = self.path.split('/').next().unwrap_or_default().trim_end_matches(".rs");
        modules.contains(&top)
    }

    /// Tells whether it is a phase; a rule in a file of its own is about kinds, and may name them.
    fn is_phase(&self) -> bool {
        self.is_in(PHASES) && (!self.path.starts_with("rule/") || self.path == "rule/mod.rs")
    }

    /// The lines that have one of these words: `path:line: text`.
    fn with(&self, words: &[&str]) -> Vec<String> {
        let lines = self.code.lines().enumerate();
        let hits = lines.filter(|(_, line)| words.iter().any(|word| line.contains(word)));
        hits.map(|(index, line)| format!("src/{}:{}: {}", self.path, index + 1, line.trim())).collect()
    }
}

#[track_caller]
fn none(what: &str, hits: Vec<String>) {
    assert!(hits.is_empty(), "{what}:\n{}", hits.join("\n"));
}

#[test]
fn what_comes_before_the_plan_knows_no_sdk_no_arguments_and_no_runtime() {
    let files = sources();
    let hits = files.iter().filter(|file| file.is_in(PURE)).flat_map(|file| file.with(&["aws_", "clap", "tokio"]));
    // `crate::kind::Found` and the like are data; the words of AWS's own API may stand in texts.
    none("invariant 1", hits.filter(|hit| !hit.contains('"')).collect());
}

#[test]
fn no_phase_names_a_kind() {
    let modules: Vec<String> = KINDS.iter().map(|kind| kind.name().to_owned()).collect();
    let words: Vec<String> = modules.iter().flat_map(|name| [format!("kind::{name}"), format!(" {name}::")]).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let files = sources();
    let phases = files.iter().filter(|file| file.is_phase());
    none("invariant 2", phases.flat_map(|file| file.with(&words)).collect());
    let imported = |line: &String| {
        modules.iter().any(|name| line.contains(&format!("{name}}}")) || line.contains(&format!(" {name},")))
    };
    let files = sources();
    let phases = files.iter().filter(|file| file.is_phase());
    none("invariant 2", phases.flat_map(|file| file.with(&["use crate::kind::"])).filter(imported).collect());
}

#[test]
fn only_the_surface_touches_the_terminal_the_environment_and_the_clock() {
    let words = ["print!(", "println!(", "dbg!(", "stdout()", "stderr()", "std::env", "env::var", "SystemTime::now"];
    let files = sources();
    let inner = files.iter().filter(|file| !file.is_in(OUTWARD) && !READS_ENVIRONMENT.contains(&file.path.as_str()));
    none("invariant 3", inner.flat_map(|file| file.with(&words)).collect());
}

fn check_rows(owner: &str, rows: &[Row], short: bool, wrong: &mut Vec<String>) {
    let mut seen = BTreeSet::new();
    for row in rows {
        let path = format!("{owner}.{}", row.key);
        let mut expect = |good: bool, what: &str| {
            if !good {
                wrong.push(format!("{path}: {what}"));
            }
        };
        expect(seen.insert(row.key), "stands twice");
        expect(row.doc.ends_with(['.', '`']), "no meaning, or one that does not end");
        expect(row.link.starts_with("https://"), "no source");
        let short = short || row.is_short_form();
        expect(short || row.reported == Reported::Never || !row.api.is_empty(), "no name in the API");
        match &row.ty {
            Type::Object(rows) | Type::List { of: Type::Object(rows), .. } => check_rows(&path, rows, short, wrong),
            Type::Int { min, max, .. } => expect(min < max, "no range"),
            Type::Text { min, max } => expect(min <= max, "no range"),
            _ => {}
        }
    }
}

#[test]
fn every_row_has_a_meaning_a_source_and_a_range() {
    let mut wrong = Vec::new();
    for kind in KINDS {
        check_rows(kind.name(), kind.rows(), false, &mut wrong);
    }
    none("invariant 4", wrong);
}

fn stacks() -> Vec<PathBuf> {
    let folder = std::fs::read_dir(root().join("stacks")).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = folder.filter(|path| path.extension().is_some_and(|end| end == "yaml")).collect();
    files.sort();
    files
}

#[test]
fn every_kind_is_used_by_a_stack_of_the_repository() {
    let mut used = BTreeSet::new();
    for path in stacks() {
        let source = Source {
            path: path.display().to_string(),
            text: std::fs::read_to_string(&path).unwrap(),
            ..Source::default()
        };
        let inputs = Inputs { variables: std::collections::BTreeMap::default(), environment: &|_| None };
        let (mut stack, mut out) = manifest::read(source, &inputs);
        // What is nothing but short forms is gone after it.
        used.extend(stack.resources.keys().map(|address| address.kind));
        queuestack::expand::expand(&mut stack, &mut out);
        used.extend(stack.resources.keys().map(|address| address.kind));
    }
    let unused = KINDS.iter().map(|kind| kind.name()).filter(|name| !used.contains(name));
    none("invariant 4: no stack in stacks/ has one", unused.map(str::to_owned).collect());
}

#[test]
fn every_stack_of_the_repository_is_valid_without_a_warning() {
    for path in stacks() {
        let mut command = Command::new(env!("CARGO_BIN_EXE_queuestack"));
        let output = command.arg("validate").arg(&path).args(["--deny", "warnings"]).output().unwrap();
        assert!(output.status.success(), "{}: {}", path.display(), String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn nothing_panics_on_purpose() {
    let words = [".unwrap()", ".expect(", "panic!(", "todo!(", "unimplemented!(", "unreachable!("];
    let files = sources();
    none("invariant 6", files.iter().flat_map(|file| file.with(&words)).collect());
}

#[test]
fn files_are_short() {
    let files = sources();
    let long = files.iter().filter(|file| file.lines > MOST_LINES && !LONG.contains(&file.path.as_str()));
    none("split these", long.map(|file| format!("src/{}: {} lines", file.path, file.lines)).collect());
    let listed = LONG.iter().filter(|path| !files.iter().any(|file| file.path == **path && file.lines > MOST_LINES));
    none("not long any more: take them off the list", listed.map(|path| (*path).to_owned()).collect());
}

/// Each worker is built by itself, so that its bytes depend on nothing else: features that differ would make cargo build
/// the SDK once for each of them.
#[test]
fn the_workers_of_a_stack_share_one_build_of_what_they_need() {
    let built = |package: &str| {
        let mut tree = Command::new(env!("CARGO"));
        tree.current_dir(root()).args(["tree", "--locked", "--offline", "--prefix", "none", "--edges", "normal,build"]);
        tree.args(["--no-default-features", "--features", "dynamodb"]);
        let output = tree.args(["--format", "{p}\t{f}", "--package", package]).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let lines = text.lines().filter_map(|line| line.trim_end_matches(" (*)").split_once('\t'));
        let built: BTreeMap<String, String> =
            lines.map(|(name, features)| (name.to_owned(), features.to_owned())).collect();
        assert!(
            built.keys().any(|name| name.starts_with("aws-sdk-sqs ")),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        built
    };
    let (one, other) = (built("calendar-sync"), built("notification"));
    let differ = one.iter().filter_map(|(name, features)| {
        let others = other.get(name).filter(|others| *others != features)?;
        Some(format!("{name}: `{features}` and `{others}`"))
    });
    none("built twice for stacks/calendar.yaml", differ.collect());
}
