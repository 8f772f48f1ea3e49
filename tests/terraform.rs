//! What `queuestack render --to terraform` writes, judged without Terraform: every attribute is there, means what the
//! SDKs are sent, and the committed folders are what would be rendered. `UPDATE=1` writes the folders.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

#[path = "terraform/evaluate.rs"]
mod evaluate;
#[expect(dead_code, reason = "other tests use the rest")]
mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use queuestack::backend::terraform::spell::{self, Spelled};
use queuestack::backend::terraform::{Open, Rendering, render};
use queuestack::diagnostic::Source;
use queuestack::gaps::Gaps;
use queuestack::kind::{Desired, KINDS, Row, Type};
use queuestack::manifest::{self, Inputs};
use queuestack::model::Stack;
use queuestack::plan::{Consent, plan};
use queuestack::value::{Place, Value};
use queuestack::{expand, rule};

const EVERYTHING: &str = "tests/fixtures/terraform/everything.yaml";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn place() -> Place {
    Place { partition: "aws".to_owned(), region: "eu-west-1".to_owned(), account: "123456789012".to_owned() }
}

/// Reads a stack with its variables open.
fn opened(path: &Path) -> (Stack, Open) {
    let text = std::fs::read_to_string(path).unwrap();
    let source = Source { path: path.file_name().unwrap().to_str().unwrap().to_owned(), text, ..Source::default() };
    let inputs = Inputs { variables: BTreeMap::new(), environment: &|_| None };
    let reread = |marks: &BTreeMap<String, String>| {
        let (mut stack, mut out) = manifest::read_marked(source.clone(), &inputs, marks);
        expand::expand(&mut stack, &mut out);
        rule::check(&stack, &mut out);
        (!out.has_errors()).then_some(stack)
    };
    let stack = reread(&BTreeMap::new()).expect("a stack without errors");
    let open = Open::find(&stack, &reread);
    (stack, open)
}

fn rendered(path: &Path) -> (Stack, Rendering) {
    let (stack, open) = opened(path);
    let rendering = render(&open).unwrap_or_else(|found| panic!("{}: {found:?}", path.display()));
    (stack, rendering)
}

fn stacks() -> Vec<PathBuf> {
    support::files("stacks").into_iter().chain([root().join(EVERYTHING)]).collect()
}

fn is_rendered(owner: &str, rows: &[Row], reasons: &BTreeSet<&str>, missing: &mut Vec<String>) {
    for row in rows.iter().filter(|row| !row.is_short_form()) {
        let path = if owner.is_empty() { row.key.to_owned() } else { format!("{owner}.{}", row.key) };
        if reasons.contains(path.as_str()) {
            continue;
        }
        match &row.ty {
            Type::Object(rows) | Type::List { of: Type::Object(rows), .. } => {
                is_rendered(&path, rows, reasons, missing);
            }
            _ if row.terraform.is_empty() => missing.push(path),
            _ => {}
        }
    }
}

#[test]
fn every_attribute_is_rendered_or_listed_with_a_reason() {
    let mut missing = Vec::new();
    for kind in KINDS.iter().filter(|kind| !kind.rows().iter().all(Row::is_short_form)) {
        let Some(spelling) = kind.terraform() else {
            missing.push(format!("{} has no spelling", kind.name()));
            continue;
        };
        let reasons = spelling.without.iter().map(|without| without.key).collect();
        let mut of_kind = Vec::new();
        is_rendered("", kind.rows(), &reasons, &mut of_kind);
        missing.extend(of_kind.into_iter().map(|path| format!("{}.{path}", kind.name())));
        assert!(spelling.without.iter().all(|without| !without.reason.is_empty()));
        for beside in kind.rows().iter().filter_map(|row| Spelled::of(row.terraform, &|_| true).beside) {
            assert!(spelling.beside.iter().any(|one| one.resource == beside), "{}: {beside}", kind.name());
        }
    }
    assert!(missing.is_empty(), "give them a `terraform`, or a reason in `without`: {missing:#?}");
}

#[test]
fn every_attribute_is_used_by_a_stack_of_this_test() {
    let mut unused: BTreeSet<String> = BTreeSet::new();
    for kind in KINDS {
        let rows = kind.rows().iter().filter(|row| !row.is_short_form() && !row.terraform.is_empty());
        unused.extend(rows.map(|row| format!("{}.{}", kind.name(), row.key)));
    }
    for path in stacks() {
        for resource in support::valid(&path).resources.values() {
            let set = resource.kind.rows().iter().filter(|row| !row.ty.normal(resource.get(row)).is_null());
            set.for_each(|row| _ = unused.remove(&format!("{}.{}", resource.address.kind, row.key)));
        }
    }
    // It is never anything but empty.
    unused.remove("role.foreign_policies");
    // Anomaly detection: the alarm of the other fixture has a threshold.
    unused.remove("alarm.threshold_metric_id");
    assert!(unused.is_empty(), "{EVERYTHING} must have them: {unused:?}");
}

/// What the SDKs are sent, against what is rendered: evaluated as Terraform would and read back through the rows.
#[test]
fn what_is_rendered_means_what_the_sdks_are_sent() {
    for path in stacks() {
        let (stack, rendering) = rendered(&path);
        let planned = plan(&stack, &place(), Vec::new(), &Gaps::default(), &Consent::default());
        let wanted: BTreeMap<_, Desired> =
            planned.steps.into_iter().filter_map(|step| Some((step.address, step.desired?))).collect();
        let resources = evaluate::resources(&rendering, &stack, &place());
        for (address, desired) in &wanted {
            let mine = resources.iter().filter(|one| &one.owner == address);
            let mine: Vec<_> = mine.collect();
            assert!(!mine.is_empty(), "{}: {address} is not rendered", path.display());
            compare(desired, &mine, &path);
        }
    }
}

fn compare(desired: &Desired, rendered: &[&evaluate::Evaluated], path: &Path) {
    let spelling = desired.kind.terraform().unwrap();
    let main = rendered.iter().find(|one| one.resource_type == spelling.resource).unwrap();
    if !spelling.name.is_empty() {
        assert_eq!(main.json[spelling.name], desired.kind.short_name(&desired.name), "{}", path.display());
    }
    let tags: Option<BTreeMap<String, String>> = serde_json::from_value(main.json["tags"].clone()).unwrap();
    let wanted = desired.kind.has_tags().then(|| desired.tags.clone());
    assert_eq!(tags, wanted, "{}: {}", path.display(), desired.address);
    let said = |key: &str| spelling.without.iter().any(|without| without.key == key);
    let unless = |key: &str| spelling.unless.iter().any(|(one, _)| *one == key);
    for row in desired.kind.rows().iter().filter(|row| !row.is_short_form() && !said(row.key)) {
        let spelled = Spelled::of(row.terraform, &|_| true);
        if let Some((_, rows)) = spell::items_of(row) {
            let resources =
                rendered.iter().filter_map(|one| Some((one.resource_type.as_str(), one.key.as_deref()?, &one.json)));
            let (read, wanted) = (spell::read_items(rows, resources), resolved(desired.get(row)));
            assert_eq!(
                row.ty.normal(&read),
                row.ty.normal(&wanted),
                "{}: {} {}",
                path.display(),
                desired.address,
                row.key
            );
            continue;
        }
        let holder = rendered.iter().find(|one| one.resource_type == spelled.beside.unwrap_or(spelling.resource));
        let read = holder.map_or(Value::Null, |one| spell::read(row, &one.json));
        let read = if spelled.each { Value::List(holder.map_or(Vec::new(), |one| one.items.clone())) } else { read };
        // An argument of names tells no ARN.
        let wanted = resolved(desired.get(row));
        let wanted = if spelled.told(&wanted) == read { read.clone() } else { wanted };
        let left_out =
            spelling.left_out.as_ref().is_some_and(|one| one.key == row.key && wanted.as_int() == Some(one.value));
        let from_zip = spelling.code.is_some() && row.key == "code";
        let own_policies = row.key == "foreign_policies";
        if left_out || from_zip || own_policies || unless(row.key) && read.is_null() {
            continue;
        }
        let place = format!("{}: {} {}", path.display(), desired.address, row.key);
        assert_eq!(row.ty.normal(&read), row.ty.normal(&wanted), "{place}");
    }
}

/// The URLs that only a service knows, as the evaluation makes them up.
fn resolved(value: &Value) -> Value {
    value.resolve(&|reference| Some(evaluate::url(&reference.address()?.name)))
}

#[test]
fn the_committed_folders_are_what_would_be_rendered() {
    let mut folders = BTreeSet::new();
    for path in support::files("stacks") {
        let (stack, rendering) = rendered(&path);
        let folder = root().join("terraform").join(&stack.name);
        folders.insert(stack.name.clone());
        for (name, text) in &rendering.files {
            std::fs::create_dir_all(&folder).unwrap();
            support::golden(&folder.join(name), text);
        }
    }
    let there = std::fs::read_dir(root().join("terraform")).unwrap().map(|entry| entry.unwrap());
    let there: BTreeSet<String> = there.map(|entry| entry.file_name().into_string().unwrap()).collect();
    assert_eq!(there, folders, "a folder without a stack, or the other way round");
}

#[test]
fn golden_files() {
    let (_, rendering) = rendered(&root().join(EVERYTHING));
    for (name, text) in &rendering.files {
        support::golden(&root().join("tests/golden/terraform").join(name), text);
    }
}

#[test]
fn secrets_are_variables_and_their_values_stand_nowhere() {
    let (_, rendering) = rendered(&root().join(EVERYTHING));
    for (name, text) in &rendering.files {
        assert!(!text.contains("hunter2") && !text.contains("sesame"), "{name}: {text}");
    }
    let variables = &rendering.files["variables.tf"];
    assert_eq!(variables.matches("sensitive = true").count(), 2, "{variables}");
    assert_eq!(rendering.values["worker_password"], Value::text("hunter2 dev"));
    assert_eq!(rendering.values["token"], Value::text("sesame"));
}

fn queuestack(arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_queuestack"));
    let output = command.args(arguments).env("NO_COLOR", "1").output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn what_the_provider_does_not_know_is_refused_where_it_stands() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("terraform-refused");
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("stack.yaml");
    let alarm = "  slow:\n    promql: {query: up == 0}\n    evaluation_interval: 1m\n";
    std::fs::write(&file, format!("stack: refused\nalarms:\n{alarm}")).unwrap();
    let out = folder.join("out");
    let arguments = ["render", file.to_str().unwrap(), "--to", "terraform", "--out", out.to_str().unwrap()];
    let (code, _, stderr) = queuestack(&arguments);
    assert_eq!(code, Some(1), "{stderr}");
    assert!(stderr.contains("error[QS060]: Terraform cannot say `promql` of `alarm.slow`"), "{stderr}");
    assert!(stderr.contains("stack.yaml:4:13"), "{stderr}");
    assert!(!out.exists());
}

#[test]
fn a_secret_is_refused_where_it_stands() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("terraform-secret");
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("stack.yaml");
    let worker = "  w:\n    artifact: w.zip\n    environment: {URL: \"x:${secret:ssm:/db}@y\"}\n";
    std::fs::write(&file, format!("stack: refused\nworkers:\n{worker}")).unwrap();
    let out = folder.join("out");
    let (code, _, stderr) = queuestack(&["render", file.to_str().unwrap(), "--out", out.to_str().unwrap()]);
    assert_eq!(code, Some(1), "{stderr}");
    let message = "error[QS062]: `environment.URL` of `function.w` refers to `${secret:ssm:/db}`";
    assert!(stderr.contains(message) && stderr.contains("stack.yaml:5:24"), "{stderr}");
    assert!(!out.exists());
}

#[test]
fn a_folder_that_differs_is_told() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("terraform-check");
    let _absent = std::fs::remove_dir_all(&folder);
    let stack = root().join("stacks/minimal.yaml");
    let arguments = ["render", stack.to_str().unwrap(), "--out", folder.to_str().unwrap()];
    assert_eq!(queuestack(&arguments).0, Some(0));
    let check = [&arguments[..], &["--check"]].concat();
    assert_eq!(queuestack(&check).0, Some(0));
    std::fs::write(folder.join("main.tf"), "").unwrap();
    let (code, stdout, _) = queuestack(&check);
    assert_eq!((code, stdout.contains("main.tf differs")), (Some(2), true), "{stdout}");
}

#[test]
fn one_state_is_of_one_stack() {
    let stacks = ["stacks/minimal.yaml", "stacks/events.yaml"].map(|stack| root().join(stack));
    let [one, other] = stacks.each_ref().map(|stack| stack.to_str().unwrap());
    let (code, _, stderr) = queuestack(&["plan", one, other, "--backend", "terraform", "--state", "one.tfstate"]);
    assert_eq!(code, Some(1), "{stderr}");
    assert!(stderr.contains("is the state of one stack: give one stack, or leave it out"), "{stderr}");
}

#[test]
fn two_zips_of_one_name_are_two_files() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("terraform-zips");
    let _absent = std::fs::remove_dir_all(&folder);
    for (part, script) in [("one", "#!/bin/sh\n"), ("two", "#!/bin/sh\n:\n")] {
        std::fs::create_dir_all(folder.join(part)).unwrap();
        let zip = queuestack::artifact::pack::pack(script.as_bytes()).unwrap();
        std::fs::write(folder.join(part).join("bootstrap.zip"), zip).unwrap();
    }
    let file = folder.join("stack.yaml");
    let worker = |part| format!("  {part}: {{artifact: {part}/bootstrap.zip, timeout: 5s}}\n");
    std::fs::write(&file, format!("stack: zips\nworkers:\n{}{}", worker("one"), worker("two"))).unwrap();
    let (stack, out) = (file.to_str().unwrap(), folder.join("out"));
    assert_eq!(queuestack(&["render", stack, "--out", out.to_str().unwrap()]).0, Some(0));
    let zips = out.join("build");
    let (code, stdout, stderr) = queuestack(&["build", stack, "--out", zips.to_str().unwrap()]);
    assert_eq!(code, Some(0), "{stdout}{stderr}");
    let main = std::fs::read_to_string(out.join("main.tf")).unwrap();
    for part in ["one", "two"] {
        let block = main.split(&format!("\"aws_lambda_function\" \"{part}\"")).nth(1).unwrap();
        let name = block.split("${path.module}/build/").nth(1).unwrap().split('"').next().unwrap();
        let read = |path: PathBuf| std::fs::read(path).unwrap();
        assert_eq!(read(zips.join(name)), read(folder.join(part).join("bootstrap.zip")), "{part}: {name}");
    }
}

#[test]
fn what_others_wrote_is_not_overwritten() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("terraform-foreign");
    let _absent = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    let (stack, file) = (root().join("stacks/minimal.yaml"), folder.join("outputs.tf"));
    std::fs::write(&file, "output \"mine\" { value = 1 }\n").unwrap();
    let arguments = ["render", stack.to_str().unwrap(), "--out", folder.to_str().unwrap()];
    let (code, _, stderr) = queuestack(&arguments);
    assert_eq!(code, Some(1), "{stderr}");
    assert!(
        stderr.contains("outputs.tf was not rendered by queuestack, and would be overwritten: move it"),
        "{stderr}"
    );
    assert!(!folder.join("main.tf").exists(), "nothing is written");
    std::fs::remove_file(&file).unwrap();
    assert_eq!([queuestack(&arguments).0, queuestack(&arguments).0], [Some(0), Some(0)], "its own is written anew");
}
