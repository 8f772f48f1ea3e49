//! Whose resources are whose: nothing that belongs to others is created over, changed or deleted.

use std::collections::{BTreeMap, BTreeSet};

use crate::support::{Account, StackFile, emulator, run, stub};

/// Runs a test on the stub and on the emulator.
fn on_both(test: impl Fn(&str)) {
    test(&stub(0).endpoint());
    test(emulator::endpoint());
}

fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn a_strangers_queue_is_a_conflict_until_adopted() {
    on_both(|endpoint| {
        let account = Account::new(endpoint);
        account.create_queue("own-stranger", &[("kept-by", "somebody")]);
        let file = StackFile::new("own-stranger", "stack: own-a\nqueues: {own-stranger: {}, own-a-other: {}}\n");
        let refused = run(endpoint, &["apply", file.path(), "--yes"]).exits(1);
        refused.says(
            "error: queue.own-stranger: `own-stranger` exists already without our tags; rename it in the stack, \
             or take it over with --adopt queue.own-stranger\n",
        );
        run(endpoint, &["plan", file.path()]).exits(1).says("exists already");
        assert_eq!(account.queues_of("own-a"), names(&[]), "nothing is created beside a conflict");
        assert_eq!(account.attributes("own-stranger")["ReceiveMessageWaitTimeSeconds"], "0", "nothing is changed");

        run(endpoint, &["apply", file.path(), "--yes", "--adopt", "queue.own-strange"])
            .exits(1)
            .says("the stack has no `queue.own-strange`")
            .says("queue.own-stranger");
        run(endpoint, &["apply", file.path(), "--yes", "--adopt", "queue.own-stranger"])
            .exits(0)
            .prints("Plan: 1 to create, 1 to adopt, 0 unchanged.");
        assert_eq!(account.queues_of("own-a"), names(&["own-a-other", "own-stranger"]));
        assert_eq!(account.attributes("own-stranger")["ReceiveMessageWaitTimeSeconds"], "20");
        run(endpoint, &["plan", file.path(), "--detailed-exitcode"]).exits(0);
    });
}

#[test]
fn another_stacks_queue_is_a_conflict_that_names_it() {
    on_both(|endpoint| {
        let first = StackFile::new("own-first", "stack: own-first\nqueues: {own-shared: {}}\n");
        let second = StackFile::new("own-second", "stack: own-second\nqueues: {own-shared: {delay: 5s}}\n");
        run(endpoint, &["apply", first.path(), "--yes"]).exits(0);
        run(endpoint, &["apply", second.path(), "--yes"]).exits(1).says("belongs to stack `own-first`");
        run(endpoint, &["destroy", second.path(), "--yes"]).exits(0).prints("Nothing to do");
        assert_eq!(Account::new(endpoint).queues_of("own-first"), names(&["own-shared"]));
        run(endpoint, &["plan", first.path(), "--detailed-exitcode"]).exits(0);
    });
}

#[test]
fn alarms_have_owners_too() {
    on_both(|endpoint| {
        let account = Account::new(endpoint);
        account.create_alarm("own-alarmed-backlog");
        let text = "stack: own-alarms\nqueues: {own-alarmed: {alarms: {backlog: {threshold: 5}}}}\n";
        let file = StackFile::new("own-alarms", text);
        let refused = run(endpoint, &["apply", file.path(), "--yes"]).exits(1);
        refused.says("alarm.own-alarmed-backlog: `own-alarmed-backlog` exists already without our tags");
        assert_eq!(account.queues_of("own-alarms"), names(&[]));
        run(endpoint, &["apply", file.path(), "--yes", "--adopt", "alarm.own-alarmed-backlog"]).exits(0);
        assert_eq!(account.alarms_of("own-alarms"), names(&["own-alarmed-backlog"]));
        run(endpoint, &["plan", file.path(), "--detailed-exitcode"]).exits(0);
        file.write("stack: own-alarms\nqueues: {own-alarmed: {}}\n");
        let planned = run(endpoint, &["plan", file.path(), "--json", "--detailed-exitcode"]).exits(2);
        assert_eq!(planned.changes(), ["delete alarm.own-alarmed-backlog"]);
        run(endpoint, &["apply", file.path(), "--yes"]).exits(0);
        assert_eq!(account.alarms_of("own-alarms"), names(&[]));
    });
}

#[test]
fn what_was_deleted_by_hand_is_created_and_what_left_the_file_is_deleted() {
    on_both(|endpoint| {
        let account = Account::new(endpoint);
        let text = "stack: own-orphans\nqueues: {own-stays: {alarms: {age: {}}}, own-leaves: {redrive: {max_receive_count: 2}}}\n";
        let file = StackFile::new("own-orphans", text);
        run(endpoint, &["apply", file.path(), "--yes"]).exits(0);
        account.delete_queue("own-stays");
        account.delete_alarm("own-stays-age");
        let planned = run(endpoint, &["plan", file.path(), "--json", "--detailed-exitcode"]).exits(2);
        assert_eq!(planned.changes(), ["create queue.own-stays", "create alarm.own-stays-age"]);
        run(endpoint, &["apply", file.path(), "--yes"]).exits(0);

        file.write("stack: own-orphans\nqueues: {own-stays: {alarms: {age: {}}}}\n");
        let planned = run(endpoint, &["plan", file.path(), "--json", "--detailed-exitcode"]).exits(2);
        assert_eq!(planned.changes(), ["delete queue.own-leaves", "delete queue.own-leaves-dlq"]);
        run(endpoint, &["apply", file.path(), "--yes"]).exits(0);
        assert_eq!(account.queues_of("own-orphans"), names(&["own-stays"]));
    });
}

#[test]
fn destroy_leaves_nothing_and_touches_nothing_of_others() {
    on_both(|endpoint| {
        let account = Account::new(endpoint);
        account.create_queue("own-bystander", &[("queuestack:stack", "own-somebody")]);
        account.create_alarm("own-bystander");
        let text = "stack: own-gone\nqueues: {own-gone: {redrive: {max_receive_count: 2}, alarms: {dead_letters: {}, age: {}}}}\n";
        let file = StackFile::new("own-gone", text);
        run(endpoint, &["apply", file.path(), "--yes"]).exits(0);
        run(endpoint, &["destroy", file.path()]).exits(1).says("there is no terminal to ask on; give --yes");
        assert_eq!(account.queues_of("own-gone").len(), 2);
        run(endpoint, &["destroy", file.path(), "--yes"]).exits(0).prints("Plan: 4 to delete");
        assert_eq!((account.queues_of("own-gone"), account.alarms_of("own-gone")), Default::default());
        let owners: BTreeMap<_, _> = account.queues();
        assert_eq!(owners["own-bystander"].as_deref(), Some("own-somebody"));
        assert!(account.alarms().contains_key("own-bystander"));
        run(endpoint, &["destroy", file.path(), "--yes"]).exits(0).prints("Nothing to do");
    });
}

#[test]
fn a_new_physical_name_makes_a_new_queue_and_deletes_the_old() {
    on_both(|endpoint| {
        let account = Account::new(endpoint);
        let text = |name: &str| {
            format!(
                "stack: own-renamed\nqueues: {{jobs: {{name: {name}, redrive: {{max_receive_count: 2}}, alarms: {{age: {{}}}}}}}}\n"
            )
        };
        let file = StackFile::new("own-renamed", &text("own-before"));
        run(endpoint, &["apply", file.path(), "--yes"]).exits(0);
        file.write(&text("own-after"));
        let planned = run(endpoint, &["plan", file.path(), "--json"]).exits(0).changes();
        assert_eq!(&planned[..3], ["replace queue.jobs", "replace queue.jobs-dlq", "replace alarm.jobs-age"]);
        run(endpoint, &["plan", file.path()]).exits(0).prints("± queue.jobs (own-before → own-after)  replace\n");
        run(endpoint, &["apply", file.path(), "--yes"]).exits(0);
        assert_eq!(account.queues_of("own-renamed"), names(&["own-after", "own-after-dlq"]));
        assert_eq!(account.alarms_of("own-renamed"), names(&["own-after-age"]));
        run(endpoint, &["plan", file.path(), "--detailed-exitcode"]).exits(0);
    });
}

#[test]
fn two_old_queues_of_one_address_do_not_wait_for_each_other() {
    on_both(|endpoint| {
        let text = |name: &str| format!("stack: own-old\nqueues: {{jobs: {{name: {name}}}}}\n");
        let file = StackFile::new("own-old", &text("own-old-a"));
        run(endpoint, &["apply", file.path(), "--yes"]).exits(0);
        file.write(&text("own-old-b"));
        // Looking at one resource alone deletes nothing: the old queue stays.
        run(endpoint, &["apply", file.path(), "--yes", "--only", "queue.jobs"]).exits(0);
        let account = Account::new(endpoint);
        assert_eq!(account.queues_of("own-old"), names(&["own-old-a", "own-old-b"]));
        run(endpoint, &["destroy", file.path(), "--yes"]).exits(0).prints("2 to delete");
        assert_eq!(account.queues_of("own-old"), names(&[]));
    });
}

#[test]
fn two_queues_that_name_each_other_are_deleted_all_the_same() {
    on_both(|endpoint| {
        let account = Account::new(endpoint);
        let text = "stack: own-ring\nqueues: {own-ring-a: {redrive: {max_receive_count: 2, dead_letter_queue: own-ring-b}}, own-ring-b: {}}\n";
        let file = StackFile::new("own-ring", text);
        run(endpoint, &["apply", file.path(), "--yes"]).exits(0);
        let target = &account.attributes("own-ring-a")["QueueArn"];
        account.set(
            "own-ring-b",
            "RedrivePolicy",
            &format!(r#"{{"deadLetterTargetArn":"{target}","maxReceiveCount":3}}"#),
        );
        run(endpoint, &["destroy", file.path(), "--yes"]).exits(0);
        assert_eq!(account.queues_of("own-ring"), names(&[]));
    });
}
