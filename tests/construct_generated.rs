//! The tables of the builders are what the rows say, and converted stack files are what `queuestack convert` says:
//! `UPDATE=1 cargo test --test construct_generated` writes `src/construct/kinds/` and `tests/golden/convert/`.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

#[allow(dead_code, reason = "each test uses its part")]
mod support;

use std::fmt::Write as _;
use std::path::Path;

use queuestack::construct::convert::program;
use queuestack::construct::names::{Named, Names, camel, method, variant};
use queuestack::diagnostic::Source;
use queuestack::kind::{Default, KINDS, Kind, Row, Type, find_section};
use queuestack::manifest::{self, Inputs};
use queuestack::value::Unit;

const WIDTH: usize = 110;

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/construct/kinds"))
}

/// Writes lines of documentation, wrapped.
fn doc(out: &mut String, indent: &str, text: &str) {
    for paragraph in text.split("\n\n") {
        if !out.is_empty() && paragraph != text.split("\n\n").next().unwrap() {
            writeln!(out, "{indent}///").unwrap();
        }
        let mut line = String::new();
        for word in paragraph.split_whitespace() {
            if !line.is_empty() && line.chars().count() + word.chars().count() > WIDTH {
                writeln!(out, "{indent}///{line}").unwrap();
                line.clear();
            }
            write!(line, " {word}").unwrap();
        }
        writeln!(out, "{indent}///{line}").unwrap();
    }
}

fn kinds_of(sections: &[&str]) -> Vec<String> {
    sections.iter().filter_map(|section| find_section(section)).map(|kind| camel(kind.name())).collect()
}

/// What a method takes, as the table says it.
fn takes(ty: &Type, names: &Names) -> String {
    match ty {
        Type::Int { unit: Unit::Seconds | Unit::Days, .. } => "Seconds".to_owned(),
        Type::Int { unit: Unit::Bytes | Unit::Mebibytes, .. } => "Bytes".to_owned(),
        Type::Int { unit: Unit::Count, .. } => "u32".to_owned(),
        Type::Number => "into f64".to_owned(),
        Type::Bool => "bool".to_owned(),
        Type::Text { .. } => "text".to_owned(),
        Type::Word(_) => names.of(ty).to_owned(),
        Type::Name(sections) => match kinds_of(sections).as_slice() {
            [] => "into Arn".to_owned(),
            kinds => format!("into Ref<{}>", kinds.join("Or")),
        },
        Type::Policy | Type::Pattern => "into Document".to_owned(),
        Type::List { of: Type::Text { .. }, .. } => "texts".to_owned(),
        Type::List { of, .. } => format!("each {}", takes(of, names).trim_start_matches("into ")),
        Type::Texts { .. } => "entries".to_owned(),
        Type::Object(_) => format!("into {}", names.of(ty)),
    }
}

/// Unit and range in words.
fn range(ty: &Type, names: &Names) -> String {
    match ty {
        Type::Int { unit, min, max } => {
            let what = match unit {
                Unit::Seconds => "A duration",
                Unit::Days => "A duration in whole days",
                Unit::Bytes => "A size",
                Unit::Mebibytes => "A size in whole MiB",
                Unit::Count => "A count",
            };
            if *max == i64::MAX {
                format!("{what}.")
            } else {
                format!("{what}, `{}` to `{}`.", unit.format(*min), unit.format(*max))
            }
        }
        Type::Number => "A number.".to_owned(),
        Type::Bool => "True or false.".to_owned(),
        Type::Text { min, max } => format!("A text of {min} to {max} characters."),
        Type::Name(sections) => {
            let kinds: Vec<String> = kinds_of(sections).iter().map(|kind| format!("`&{kind}`, or an ")).collect();
            format!("{}[`Arn`](crate::construct::Arn).", kinds.concat().replace("or an `", "`")).replacen(
                '[',
                if kinds.is_empty() { "An [" } else { "[" },
                1,
            )
        }
        Type::Policy | Type::Pattern => "A JSON document.".to_owned(),
        Type::List { of, max } => format!("At most {max}, each: {}", range(of, names)),
        Type::Texts { max } => format!("One entry a call, at most {max}."),
        Type::Word(_) | Type::Object(_) => format!("A [`{}`].", names.of(ty)),
    }
}

fn default(row: &Row) -> String {
    match (row.default, &row.ty) {
        (Default::Int(number), Type::Int { unit, .. }) => format!(" Default: `{}`.", unit.format(number)),
        (Default::None, _) if row.doc.contains("efault") || row.doc.contains("nless") || row.doc.contains("ithout") => {
            String::new()
        }
        (Default::None, _) => " Default: not set.".to_owned(),
        (default, ty) => format!(" Default: `{}`.", ty.show(&default.value())),
    }
}

fn rows(out: &mut String, rows: &[Row], names: &Names) {
    for row in rows {
        let name = method(row.key);
        let key = if name == row.key { String::new() } else { format!(" as \"{}\"", row.key) };
        let facts = format!("{}{}", range(&row.ty, names), default(row));
        writeln!(out).unwrap();
        doc(out, "    ", &format!("{}\n\n{facts} [AWS]({})", row.doc, row.link));
        writeln!(out, "    {name}{key}: {};", takes(&row.ty, names)).unwrap();
    }
}

fn own_type(out: &mut String, one: &Named, names: &Names) {
    writeln!(out).unwrap();
    match one.ty {
        Type::Word(all) => {
            writeln!(out, "words! {{").unwrap();
            doc(out, "    ", one.row.doc);
            writeln!(out, "    {};", one.name).unwrap();
            for (yaml, api) in *all {
                doc(out, "    ", &format!("`{yaml}`."));
                writeln!(out, "    {} = \"{api}\",", variant((yaml, api))).unwrap();
            }
        }
        Type::Object(inner) => {
            writeln!(out, "part! {{").unwrap();
            doc(out, "    ", one.row.doc);
            writeln!(out, "    {}{};", one.name, if one.off { " or off" } else { "" }).unwrap();
            rows(out, inner, names);
        }
        _ => unreachable!("only words and objects have names"),
    }
    writeln!(out, "}}").unwrap();
}

/// Attributes that take handles of several kinds need a type that stands for them.
fn either(out: &mut String, kind: &dyn Kind, done: &mut Vec<Vec<String>>) {
    fn visit(rows: &[Row], found: &mut Vec<Vec<String>>) {
        for row in rows {
            match &row.ty {
                Type::Name(sections) | Type::List { of: Type::Name(sections), .. } => found.push(kinds_of(sections)),
                Type::Object(rows) | Type::List { of: Type::Object(rows), .. } => visit(rows, found),
                _ => {}
            }
        }
    }
    let mut found = Vec::new();
    visit(kind.rows(), &mut found);
    for kinds in found.into_iter().filter(|kinds| kinds.len() > 1) {
        if !done.contains(&kinds) {
            let either = kinds.join("Or");
            writeln!(out, "\n/// A handle of one of several kinds.\n#[derive(Debug)]\npub enum {either} {{}}\n")
                .unwrap();
            for kind in &kinds {
                writeln!(out, "impl crate::construct::Takes<{kind}> for {either} {{}}").unwrap();
            }
            done.push(kinds);
        }
    }
}

fn table(kind: &dyn Kind, names: &Names, done: &mut Vec<Vec<String>>) -> String {
    let (handle, module) = (camel(kind.name()), kind.name());
    let mut out =
        format!("//! Generated from the rows of `{module}` by `tests/construct_generated.rs`: change those.\n\n");
    out.push_str("#[allow(clippy::wildcard_imports, unused_imports, reason = \"which of them a kind needs follows from its rows\")]\n");
    out.push_str("use crate::construct::kinds::prelude::*;\n\nkind! {\n");
    doc(&mut out, "    ", kind.doc());
    writeln!(out, "    {handle}, {handle}Builder, crate::kind::{module}::{handle};").unwrap();
    rows(&mut out, kind.rows(), names);
    out.push_str("}\n");
    if kind.live().is_some() {
        writeln!(out, "\nfacts! {{ {handle} }}").unwrap();
    }
    for one in names.of_kind(kind.name()) {
        own_type(&mut out, one, names);
    }
    either(&mut out, kind, done);
    out
}

/// One function a distinct attribute that exists in a complete stack, for assertions.
fn matchers(names: &Names) -> String {
    let mut out =
        "//! Generated from the rows of all kinds by `tests/construct_generated.rs`: change those.\n\n".to_owned();
    out.push_str("#[allow(clippy::wildcard_imports, unused_imports, reason = \"which of them are needed follows from the rows\")]\n");
    out.push_str("use crate::construct::kinds::prelude::*;\n\nmatchers! {");
    let mut done = std::collections::BTreeSet::new();
    for row in KINDS.iter().flat_map(|kind| kind.rows()).filter(|row| !row.is_short_form()) {
        if done.insert(row.key) {
            let name = method(row.key);
            let key = if name == row.key { String::new() } else { format!(" as \"{}\"", row.key) };
            writeln!(out).unwrap();
            doc(&mut out, "    ", &format!("Expects `{}`: {}", row.key, row.doc));
            writeln!(out, "    {name}{key}: {};", takes(&row.ty, names)).unwrap();
        }
    }
    out.push_str("}\n\nsubjects! {\n");
    for kind in KINDS.iter().filter(|kind| !kind.rows().iter().all(Row::is_short_form)) {
        writeln!(out, "    has_{0}: \"{0}\";", kind.name()).unwrap();
    }
    out.push_str("}\n");
    out
}

fn index() -> String {
    let mut out =
        "//! The builders of every kind, generated from the rows by `tests/construct_generated.rs`.\n\n".to_owned();
    // In the order that rustfmt wants.
    let mut kinds: Vec<&str> = KINDS.iter().map(|kind| kind.name()).collect();
    kinds.sort_unstable();
    let mut modules: Vec<&str> = kinds.iter().copied().chain(["matchers", "prelude"]).collect();
    modules.sort_unstable();
    for module in modules {
        writeln!(out, "{}mod {module};", if module == "matchers" { "pub(super) " } else { "" }).unwrap();
    }
    out.push('\n');
    kinds.iter().for_each(|kind| writeln!(out, "pub use {kind}::*;").unwrap());
    out
}

#[test]
fn tables_are_what_the_rows_say() {
    let (names, mut done) = (Names::default(), Vec::new());
    for kind in KINDS {
        support::golden(&folder().join(format!("{}.rs", kind.name())), &table(*kind, &names, &mut done));
    }
    support::golden(&folder().join("matchers.rs"), &matchers(&names));
    support::golden(&folder().join("mod.rs"), &index());
}

#[test]
fn converted_stack_files_are_programs() {
    let guarded = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/convert/guarded.yaml");
    let odd = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/expand/odd.yaml");
    for file in support::files("stacks").into_iter().chain([guarded, odd]) {
        let source = Source { path: String::new(), text: std::fs::read_to_string(&file).unwrap(), ..Source::default() };
        let inputs = Inputs { variables: std::collections::BTreeMap::new(), environment: &|_| None };
        let (stack, out) = manifest::read(source, &inputs);
        assert!(!out.has_errors());
        let golden = Path::new("tests/golden/convert").join(file.with_extension("rs").file_name().unwrap());
        support::golden(&Path::new(env!("CARGO_MANIFEST_DIR")).join(golden), &program(&stack));
    }
}
