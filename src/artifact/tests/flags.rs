use std::path::Path;

use serde_json::{Value, json};

use crate::artifact::Architecture;
use crate::artifact::flags::{Flags, Inherited, place, remaps};

fn placed(inherited: &Inherited, config: &Value) -> Flags {
    place(inherited, config, Architecture::X86_64, &["--ours".to_owned()])
}

fn config(setting: &str) -> Flags {
    Flags::Config(setting.to_owned())
}

#[test]
fn flags_of_the_environment_are_kept_and_added_to() {
    let plain = Inherited { plain: Some("-C  target-cpu=x86-64-v3 ".to_owned()), ..Inherited::default() };
    let ours = Flags::Environment("CARGO_ENCODED_RUSTFLAGS", "-C\u{1f}target-cpu=x86-64-v3\u{1f}--ours".to_owned());
    assert_eq!(placed(&plain, &json!({})), ours);
    let encoded = Inherited { encoded: Some("--cfg\u{1f}a b".to_owned()), ..plain };
    let ours = Flags::Environment("CARGO_ENCODED_RUSTFLAGS", "--cfg\u{1f}a b\u{1f}--ours".to_owned());
    assert_eq!(placed(&encoded, &json!({})), ours);
}

#[test]
fn flags_of_the_configuration_are_added_to_where_they_are_in_force() {
    let none = Inherited::default();
    let build = config(r#"build.rustflags=["--ours"]"#);
    let target = config(r#"target.x86_64-unknown-linux-gnu.rustflags=["--ours"]"#);
    assert_eq!(placed(&none, &Value::Null), build);
    assert_eq!(placed(&none, &json!({"build": {"rustflags": ["-Cx"]}})), build);
    assert_eq!(
        placed(
            &none,
            &json!({"target": {"x86_64-unknown-linux-gnu": {"rustflags": "-Cx"}}, "build": {"rustflags": []}})
        ),
        target
    );
    assert_eq!(placed(&none, &json!({"target": {"aarch64-unknown-linux-gnu": {"rustflags": "-Cx"}}})), build);
    assert_eq!(placed(&none, &json!({"target": {"x86_64-unknown-linux-gnu": {"linker": "cc"}}})), build);
    assert_eq!(placed(&none, &json!({"target": {"cfg(unix)": {"rustflags": "-Cx"}}})), target);
    // Both: a table of ours would hide build.rustflags if the cfg does not match.
    assert_eq!(
        placed(&none, &json!({"target": {"cfg(unix)": {"rustflags": "-Cx"}}, "build": {"rustflags": "-Cy"}})),
        build
    );
    let variable = Inherited { target: true, ..Inherited::default() };
    assert_eq!(placed(&variable, &Value::Null), target);
}

#[test]
fn the_deepest_folder_is_mapped_last_because_rustc_takes_the_last_that_fits() {
    let none = Inherited::default();
    assert_eq!(
        remaps(&none, Path::new("/src/app"), Path::new("/src/app/target")),
        ["--remap-path-prefix=/src/app=/workspace", "--remap-path-prefix=/src/app/target=/target"]
    );
    assert_eq!(
        remaps(&none, Path::new("/cache/job/app"), Path::new("/cache")),
        ["--remap-path-prefix=/cache=/target", "--remap-path-prefix=/cache/job/app=/workspace"]
    );
}
