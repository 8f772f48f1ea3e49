use serde_json::json;

use super::*;
use crate::backend::terraform::tests::{place, queue, stack};
use crate::backend::terraform::{Open, render};
use crate::gaps::Gaps;
use crate::kind::Found;
use crate::plan::Consent;

/// Reads what Terraform would do with this stack, given what is there.
fn read_plan(text: &str, changes: &Json, found: Vec<Found>, consent: &Consent) -> Plan {
    let (stack, place, gaps) = (stack(text), place(), Gaps::default());
    let owners = render(&Open::fixed(&stack)).unwrap().owners;
    let ask = Ask { stack: &stack, place: &place, found, gaps: &gaps, consent };
    read(&json!({"resource_changes": changes}), &owners, &ask, false)
}

fn change(label: &str, actions: &[&str], before: &Json, after: &Json) -> Json {
    json!({
        "address": format!("aws_sqs_queue.{label}"), "mode": "managed", "type": "aws_sqs_queue", "name": label,
        "change": {"actions": actions, "before": before, "after": after, "after_unknown": {}},
    })
}

fn named(name: &str, stack: &str) -> Json {
    json!({"name": name, "tags": {"queuestack:stack": stack, "queuestack:address": format!("queue.{name}")}})
}

#[test]
fn a_queue_that_gets_another_name_loses_what_the_old_one_holds() {
    let text = "stack: ren\nqueues: {ren-q: {name: ren-new}}\n";
    let changes = json!([change("ren_q", &["delete", "create"], &named("ren-q", "ren"), &named("ren-new", "ren"))]);
    let plan = read_plan(text, &changes, vec![queue("ren-q", "ren", 3)], &Consent::default());
    assert_eq!(plan.steps[0].action, Action::Replace);
    assert_eq!(plan.steps[0].loss.as_deref(), Some("3 messages in ren-q"));
    assert_eq!(plan.unconsented().count(), 1);
    let consent = Consent { data_loss: ["queue.ren-q".to_owned()].into(), ..Consent::default() };
    let plan = read_plan(text, &changes, vec![queue("ren-q", "ren", 3)], &consent);
    assert_eq!(plan.unconsented().count(), 0);
}

#[test]
fn what_is_protected_stays_so_under_another_name() {
    let text = "stack: ren\nqueues: {ren-q: {name: ren-new}}\n";
    let changes = json!([change("ren_q", &["delete", "create"], &named("ren-q", "ren"), &named("ren-new", "ren"))]);
    let mut old = queue("ren-q", "ren", 0);
    old.tags.insert(crate::expand::PROTECT_TAG.to_owned(), "true".to_owned());
    let plan = read_plan(text, &changes, vec![old], &Consent::default());
    assert_eq!(plan.protected.first().map(|one| one.name.as_str()), Some("ren-q"));
}

#[test]
fn a_new_name_that_is_taken_is_a_conflict() {
    let text = "stack: ren\nqueues: {ren-q: {name: ren-new}}\n";
    let changes = json!([change("ren_q", &["delete", "create"], &named("ren-q", "ren"), &named("ren-new", "ren"))]);
    let found = vec![queue("ren-q", "ren", 0), queue("ren-new", "theirs", 0)];
    let plan = read_plan(text, &changes, found, &Consent::default());
    assert_eq!(plan.conflicts.first().and_then(|one| one.owner.as_deref()), Some("theirs"));
}

#[test]
fn what_another_stack_owns_is_not_changed() {
    let text = "stack: ours\nqueues: {jobs: {}}\n";
    let changes = json!([change("jobs", &["update"], &named("jobs", "theirs"), &named("jobs", "ours"))]);
    let plan = read_plan(text, &changes, vec![queue("jobs", "theirs", 0)], &Consent::default());
    assert_eq!(plan.conflicts.first().and_then(|one| one.owner.as_deref()), Some("theirs"));
    let consent = Consent { adopt: ["queue.jobs".to_owned()].into(), ..Consent::default() };
    let plan = read_plan(text, &changes, vec![queue("jobs", "theirs", 0)], &consent);
    assert!(plan.conflicts.is_empty() && plan.steps[0].action == Action::Update);
}
