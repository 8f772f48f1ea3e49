//! Applies that are stopped, killed, refused or run twice at once.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::support::run::wait;
use crate::support::seed::Seed;
use crate::support::{Account, Failure, Run, StackFile, Stub, emulator, run, stub, until};

/// A stack of `units` units: queue, dead-letter queue and an alarm each.
fn units(stack: &str, units: usize) -> String {
    let mut text = format!("stack: {stack}\nqueues:\n");
    for unit in 0..units {
        let _ = writeln!(text, "  {stack}-{unit:02}: {{redrive: {{max_receive_count: 3}}, alarms: {{backlog: {{}}}}}}");
    }
    text
}

fn creates(stub: &Stub) -> u64 {
    stub.counts().get("sqs.CreateQueue").copied().unwrap_or(0)
}

#[test]
fn without_a_terminal_only_yes_will_do() {
    let stub = stub(0);
    let file = StackFile::new("unasked", &units("unasked", 1));
    let output = run(&stub.endpoint(), &["apply", file.path()]).exits(1);
    output.prints("Plan: 3 to create").says("error: not applied: there is no terminal to ask on; give --yes");
    assert!(Account::new(&stub.endpoint()).queues().is_empty());
}

#[test]
fn ctrl_c_finishes_what_is_in_flight_and_says_what_is_left() {
    for (signal, delay) in [(Signal::INT, 100), (Signal::TERM, 50)] {
        let stub = stub(delay);
        let file = StackFile::new(&format!("stopped-{delay}"), &units("stopped", 6));
        let child = Run::new(&["apply", file.path(), "--yes", "--parallel", "3"]).at(&stub.endpoint()).spawn();
        until("the first queues are being created", || creates(&stub) >= 1);
        kill_process(Pid::from_child(&child), signal).unwrap();
        let output = wait(child).exits(130);
        let output = output.says("in flight will finish, nothing new is started").says(": stopped\n");
        let output = output.says("error: stopped: ").says("run the same command again to go on from here");

        let account = Account::new(&stub.endpoint());
        let made = account.queues_of("stopped").len() + account.alarms_of("stopped").len();
        let told = output.stderr.matches(" created in ").count();
        let left = output.stderr.matches("skipped: ").count();
        assert_eq!((told, told + left), (made, 18), "{}", output.stderr);
        assert!((1..18).contains(&made), "{made}");
        run(&stub.endpoint(), &["apply", file.path(), "--yes"]).exits(0);
        run(&stub.endpoint(), &["plan", file.path(), "--detailed-exitcode"]).exits(0).prints("18 unchanged");
    }
}

#[test]
fn ctrl_c_ends_the_wait_for_a_name() {
    let stub = stub(0);
    let file = StackFile::new("cooling", "stack: cooling\nqueues: {cooling: {}}\n");
    stub.fail(Failure::of("sqs.CreateQueue", "QueueDeletedRecently"));
    let child = Run::new(&["apply", file.path(), "--yes"]).at(&stub.endpoint()).spawn();
    until("the name is being waited for", || creates(&stub) >= 4);
    let asked = Instant::now();
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let output = wait(child).exits(130);
    assert!(asked.elapsed() < Duration::from_secs(1), "{:?}", asked.elapsed());
    output.says("stopped while waiting: ").says("error: stopped: 0 done, 1 not done");
    stub.heal();
    run(&stub.endpoint(), &["apply", file.path(), "--yes"]).exits(0);
}

#[test]
fn killed_at_any_moment_a_second_run_converges() {
    let mut seed = Seed(1);
    let stub = stub(5);
    let account = Account::new(&stub.endpoint());
    for round in 0..20 {
        let (name, text) = (format!("killed-{round}"), units(&format!("killed-{round}"), 8));
        let file = StackFile::new(&name, &text);
        let mut child = Run::new(&["apply", file.path(), "--yes", "--parallel", "4"]).at(&stub.endpoint()).spawn();
        std::thread::sleep(Duration::from_millis(seed.below(140)));
        child.kill().unwrap();
        wait(child);
        converges(&account, &stub.endpoint(), &file, &name);
    }
    assert_eq!(account.queues().len(), 20 * 16, "no duplicates, nothing foreign");
    assert_eq!(account.alarms().len(), 20 * 8);
}

fn converges(account: &Account, endpoint: &str, file: &StackFile, name: &str) {
    run(endpoint, &["apply", file.path(), "--yes"]).exits(0);
    run(endpoint, &["plan", file.path(), "--detailed-exitcode"]).exits(0).prints("24 unchanged");
    let expected: BTreeSet<String> =
        (0..8).flat_map(|unit| [format!("{name}-{unit:02}"), format!("{name}-{unit:02}-dlq")]).collect();
    assert_eq!(account.queues_of(name), expected);
}

#[test]
fn killed_on_the_emulator_a_second_run_converges_too() {
    let (mut seed, endpoint) = (Seed(2), emulator::endpoint());
    let account = Account::new(endpoint);
    for round in 0..emulator::rounds(5) {
        let name = format!("slain-{round}");
        let file = StackFile::new(&name, &units(&name, 8));
        let mut child = Run::new(&["apply", file.path(), "--yes", "--parallel", "2"]).at(endpoint).spawn();
        std::thread::sleep(Duration::from_millis(20 + seed.below(150)));
        child.kill().unwrap();
        wait(child);
        converges(&account, endpoint, &file, &name);
        run(endpoint, &["destroy", file.path(), "--yes"]).exits(0);
    }
}

#[test]
fn two_applies_at_once_end_with_the_same_stack() {
    let stub = stub(20);
    for (endpoint, name) in [(stub.endpoint(), "twice-a"), (emulator::endpoint().to_owned(), "twice-b")] {
        let file = StackFile::new(name, &units(name, 8));
        for verb in ["apply", "destroy"] {
            let start = || Run::new(&[verb, file.path(), "--yes"]).at(&endpoint).spawn();
            let both = [start(), start()].map(wait);
            for output in both {
                assert!(output.code == Some(0), "{verb} at once with another: {output:?}");
            }
            let left = if verb == "apply" { 16 } else { 0 };
            assert_eq!(Account::new(&endpoint).queues_of(name).len(), left);
        }
    }
}
