//! What tests of stack files share: reading, expanding, and comparing with golden files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use queuestack::diagnostic::{Diagnostics, Source};
use queuestack::manifest::{self, Inputs};
use queuestack::model::Stack;
use queuestack::value::Value;
use queuestack::{expand, rule};

/// The stack files of a folder, in order.
pub fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let entries = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = entries.filter(|path| path.extension().is_some_and(|one| one == "yaml")).collect();
    files.sort();
    assert!(!files.is_empty(), "{} holds no stack file", folder.display());
    files
}

/// Reads, expands and checks a stack.
pub fn read(text: &str, variables: &[(&str, &str)]) -> (Stack, Diagnostics) {
    let variables: BTreeMap<_, _> =
        variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let inputs = Inputs { variables, environment: &|_| None };
    let source = Source { path: "stack.yaml".to_owned(), text: text.to_owned(), ..Source::default() };
    let (mut stack, mut out) = manifest::read(source, &inputs);
    expand::expand(&mut stack, &mut out);
    rule::check(&stack, &mut out);
    out.sort();
    (stack, out)
}

/// Reads a stack that has no errors.
pub fn valid(path: &Path) -> Stack {
    let (stack, out) = read(&std::fs::read_to_string(path).unwrap(), &[]);
    let found: Vec<_> = out.iter().map(|one| format!("{}: {}", one.code.id, one.message)).collect();
    assert!(!out.has_errors(), "{}: {found:#?}", path.display());
    stack
}

/// Compares with a golden file; `UPDATE=1` writes it instead.
pub fn golden(path: &Path, actual: &str) {
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, actual).unwrap();
        return;
    }
    let expected = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(actual, expected, "{} differs; UPDATE=1 writes it", path.display());
}

/// What must be the same: everything but who made what.
pub type Meaning = BTreeMap<String, (String, BTreeMap<&'static str, Value>, BTreeMap<String, String>)>;

/// What a stack means, whoever made what of it.
pub fn meaning(stack: &Stack) -> Meaning {
    let resources = stack.resources.values().map(|one| {
        // Members without a value are no members: `{a: null}` and `{}` mean the same.
        let set = one.kind.rows().iter().map(|row| (row.key, row.ty.normal(one.get(row))));
        (one.address.to_string(), (one.physical_name().to_owned(), set.collect(), one.tags.clone()))
    });
    resources.collect()
}
