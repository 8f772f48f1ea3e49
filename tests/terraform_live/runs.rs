//! What may happen to a run: it is stopped, or what was initialised is gone.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{endpoint, provider, queuestack, tmp};
use crate::run::Run;

#[test]
fn an_apply_that_is_stopped_says_what_is_left() {
    let Some(plugins) = provider("an_apply_that_is_stopped_says_what_is_left") else { return };
    std::fs::create_dir_all(tmp()).unwrap();
    let file = tmp().join("stopped.yaml");
    // The second waits for the first.
    std::fs::write(&file, "stack: stopped\nqueues: {stopped: {redrive: {max_receive_count: 3}}}\n").unwrap();
    let state = tmp().join("stopped.tfstate");
    let stack = ["apply", file.to_str().unwrap(), "--yes"];
    let backend = ["--backend", "terraform", "--state", state.to_str().unwrap()];
    let run = Run::new(&[&stack[..], &backend].concat()).at(&endpoint());
    let run = run.env("QUEUESTACK_TERRAFORM_PLUGIN_DIR", plugins.to_str().unwrap());
    let mut child = run.env("QUEUESTACK_HOME", tmp().join("home").to_str().unwrap()).spawn();
    let mut told = BufReader::new(child.stderr.take().unwrap());
    let mut all = String::new();
    while !all.contains("queue.stopped-dlq") {
        assert!(told.read_line(&mut all).unwrap() > 0, "it ended: {all}");
    }
    // It says what is planned a moment before it listens.
    while !hears_interrupts(child.id()) {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    told.read_to_string(&mut all).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{all}");
    assert!(all.contains("stopped: ") && all.contains("run the same command again to go on from here"), "{all}");
    assert!(!all.contains("QS061"), "{all}");
    queuestack(&[&["destroy", file.to_str().unwrap(), "--yes"][..], &backend].concat(), &plugins).exits(0);
}

/// Tells whether a process handles SIGINT, where that can be seen; a process that is gone does not wait for it either.
fn hears_interrupts(process: u32) -> bool {
    let Ok(status) = std::fs::read_to_string(format!("/proc/{process}/status")) else { return true };
    let handled = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    handled.is_none_or(|mask| u64::from_str_radix(mask.trim(), 16).is_ok_and(|mask| mask & 0b10 != 0))
}

/// Finds a folder of this name.
fn find(at: &Path, name: &str) -> Option<PathBuf> {
    let mut folders = std::fs::read_dir(at).ok()?.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
    folders.find_map(|path| if path.ends_with(name) { Some(path) } else { find(&path, name) })
}

#[test]
fn a_provider_that_is_gone_is_put_there_again() {
    let Some(plugins) = provider("a_provider_that_is_gone_is_put_there_again") else { return };
    std::fs::create_dir_all(tmp()).unwrap();
    let file = tmp().join("gone.yaml");
    std::fs::write(&file, "stack: provider-gone\nqueues: {provider-gone: {}}\n").unwrap();
    let plan = |plugins: &Path| {
        queuestack(&["plan", file.to_str().unwrap(), "--backend", "terraform"], plugins).exits(0);
    };
    plan(&plugins);
    let providers = find(&tmp().join("home/terraform/provider-gone"), "providers").unwrap();
    std::fs::remove_dir_all(&providers).unwrap();
    plan(&plugins);
    assert!(providers.exists());

    // Another version in the place of the one that was initialised, and an older one at that.
    let aws = Path::new("registry.terraform.io/hashicorp/aws");
    let version = std::fs::read_dir(plugins.join(aws)).unwrap().map(|entry| entry.unwrap().path()).next().unwrap();
    let platform = std::fs::read_dir(version).unwrap().map(|entry| entry.unwrap().path()).next().unwrap();
    let replaced = tmp().join("replaced");
    let _absent = std::fs::remove_dir_all(&replaced);
    for version in ["5.90.1", "5.90.0"] {
        let _absent = std::fs::remove_dir_all(&replaced);
        std::fs::create_dir_all(replaced.join(aws).join(version)).unwrap();
        let there = replaced.join(aws).join(version).join(platform.file_name().unwrap());
        std::os::unix::fs::symlink(&platform, there).unwrap();
        plan(&replaced);
    }
}
