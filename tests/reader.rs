//! The reader takes any text: it never panics, and what it says can always be shown.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use queuestack::diagnostic::Source;
use queuestack::manifest::{self, Inputs};
use queuestack::{expand, report, rule};

/// Reads, checks and shows a text, in bounded time.
fn read(bytes: &[u8]) {
    let begin = Instant::now();
    let (source, mut out) = manifest::decode("stack.yaml".to_owned(), bytes.to_vec());
    let inputs = Inputs { variables: BTreeMap::new(), environment: &|_| None };
    let (mut stack, read) = manifest::read(source, &inputs);
    out.extend(read);
    expand::expand(&mut stack, &mut out);
    rule::check(&stack, &mut out);
    out.sort();
    let shown = report::diagnostics::text(&out, &stack.source);
    assert_eq!(shown.is_empty(), out.is_empty());
    let _ = report::diagnostics::json(&out, &stack.source);
    assert!(begin.elapsed() < Duration::from_secs(5), "took {:?}", begin.elapsed());
}

/// The bundled stacks and all wrong ones, as something to break further.
fn stacks() -> Vec<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths: Vec<_> = ["stacks", "tests/invalid"]
        .iter()
        .flat_map(|folder| std::fs::read_dir(root.join(folder)).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .collect();
    paths.sort();
    paths.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

/// Enough to find what is there to find in a few seconds.
const CASES: u32 = 400;

const TOKENS: &[&str] = &[
    ": ",
    "- ",
    "{",
    "}",
    "[",
    "]",
    "\"",
    "'",
    "&a ",
    "*a",
    "<<: ",
    "|\n",
    ">\n",
    "#",
    "\t",
    "\r\n",
    "\u{feff}",
    "\u{0}",
    "é",
    "🎉",
    "${",
    "}",
    "${stage}",
    "${queues.jobs.arn}",
    "null",
    "~",
    "1e400",
    ".nan",
    "-1",
    "0x10",
    "!!binary ",
    "? ",
    "---\n",
    "...\n",
    "%YAML 1.2\n",
    "\n  ",
    "\n    ",
    "5m",
    "14d",
    "fifo: true",
    "redrive: {}",
    "alarms: {age: {}}",
    ",",
];

/// One edit: where (as a fraction), how much goes, what comes.
fn edit() -> impl Strategy<Value = (f64, usize, String)> {
    let comes = prop_oneof![
        4 => proptest::sample::select(TOKENS).prop_map(str::to_owned),
        1 => any::<String>(),
        1 => Just(String::new()),
    ];
    (0.0..1.0, 0_usize..12, comes)
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a fraction of a length"
)]
fn apply(bytes: &mut Vec<u8>, (at, gone, comes): (f64, usize, String)) {
    let at = (at * bytes.len() as f64) as usize;
    let end = (at + gone).min(bytes.len());
    bytes.splice(at..end, comes.into_bytes());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: CASES, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_read(text in any::<String>()) {
        read(text.as_bytes());
    }

    #[test]
    fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        read(&bytes);
    }

    #[test]
    fn yaml_like_text_is_read(tokens in proptest::collection::vec(proptest::sample::select(TOKENS), 0..40)) {
        read(format!("stack: demo\nqueues:\n  jobs: {}", tokens.concat()).as_bytes());
    }

    #[test]
    fn broken_stacks_are_read(stack in proptest::sample::select(stacks()), edits in proptest::collection::vec(edit(), 1..8)) {
        let mut bytes = stack;
        for edit in edits {
            apply(&mut bytes, edit);
        }
        read(&bytes);
    }
}

/// The threads of tests have the stack that threads have: what is nested as deeply as can be must fit in it.
#[test]
fn the_deepest_nesting_is_read() {
    for (open, close) in [("[", "]"), ("{a: ", "}"), ("[{a: ", "}]")] {
        for levels in 1..200 {
            let value = [open.repeat(levels), close.repeat(levels)].concat();
            read(format!("stack: demo\nqueues:\n  jobs: {{policy: {value}}}\n").as_bytes());
        }
    }
    let block: String = (0..200).map(|level| format!("{}a:\n", " ".repeat(level))).collect();
    read(format!("stack: demo\nqueues:\n{block}").as_bytes());
}

/// What a file of values says is what the same text says after `--var`.
#[test]
fn values_of_a_file_are_as_they_are_written() {
    let text = "acct: 012345678901\nver: 1.10 # ours\nhex: 0x1F\nsci: 1e3\nbig: 123456789012345678901234\nc: NO\n\
                quoted: \"0 1\"\nno: true\nnone:\ntilde: ~\ndate: 2026-01-02\n";
    let source = Source { path: "values.yaml".to_owned(), text: text.to_owned(), ..Source::default() };
    let (values, out) = manifest::read_values(&source);
    assert_eq!(out.iter().count(), 0);
    let expected = [
        ("acct", "012345678901"),
        ("big", "123456789012345678901234"),
        ("c", "NO"),
        ("date", "2026-01-02"),
        ("hex", "0x1F"),
        ("no", "true"),
        ("none", ""),
        ("quoted", "0 1"),
        ("sci", "1e3"),
        ("tilde", "~"),
        ("ver", "1.10"),
    ];
    let values: Vec<_> = values.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(values, expected);
    for (text, message) in [
        ("a: [1]", "variable `a` takes a single value, not a list"),
        ("- a", "a file of values is a mapping, not a list"),
        ("a: 1\na: 2", "`a` is here twice"),
    ] {
        let source = Source { path: "values.yaml".to_owned(), text: text.to_owned(), ..Source::default() };
        let (_, out) = manifest::read_values(&source);
        assert_eq!(out.iter().map(|one| one.message.as_str()).collect::<Vec<_>>(), [message]);
    }
}
