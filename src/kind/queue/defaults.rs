//! What `defaults: {queues: …}` say of redrives and alarms: the queues that the stack names have them, and no
//! dead-letter queue, generated or named, has a redrive or alarms of its own by that.

use std::collections::BTreeSet;

use super::{ALARM_ROWS, DEAD_LETTER_QUEUE, QUEUE_ALARMS, Queue, REDRIVE, dead_letter_target};
use crate::kind::{Kind as _, Row, function};
use crate::model::{Address, Ref, Resource, Stack};
use crate::value::Value;

/// The alarm that is about the dead-letter queue.
const DEAD_LETTERS: &str = ALARM_ROWS[0].key;

/// Gives each queue what the defaults say, before anything expands: workers ask for dead-letter queues early.
pub(super) fn share(stack: &mut Stack) {
    let said = |row: &Row| stack.defaults.get(Queue.name()).and_then(|defaults| defaults.get(row.key)).cloned();
    let (redrive, alarms) = (said(&REDRIVE), said(&QUEUE_ALARMS));
    if redrive.is_none() && alarms.is_none() {
        return;
    }
    let dead_letters = dead_letter_queues(stack, redrive.as_ref());
    let is_meant = |one: &&mut Resource| one.address.kind == Queue.name() && !dead_letters.contains(&one.address);
    for queue in stack.resources.values_mut().filter(is_meant) {
        if let Some(redrive) = &redrive {
            queue.fill(&REDRIVE, redrive.clone());
        }
        let Some(Value::Map(mut alarms)) = alarms.clone() else { continue };
        // A queue that has no dead letters needs no alarm on them.
        if dead_letter_target(queue).is_none() {
            alarms.remove(DEAD_LETTERS);
        }
        queue.fill(&QUEUE_ALARMS, Value::Map(alarms));
    }
}

/// The dead-letter queues that something names, and those that queues will be given.
fn dead_letter_queues(stack: &Stack, redrive: Option<&Value>) -> BTreeSet<Address> {
    let mut found = BTreeSet::new();
    redrive.iter().for_each(|redrive| named(redrive, &mut found));
    for resource in stack.resources.values() {
        resource.attributes.iter().for_each(|(key, value)| named_at(key, value, &mut found));
    }
    for queue in stack.of_kind(Queue.name()) {
        let mut queue = queue.clone();
        redrive.iter().for_each(|redrive| queue.fill(&REDRIVE, (*redrive).clone()));
        let target = dead_letter_target(&queue);
        found.extend(target.as_ref().and_then(Value::as_ref).and_then(Ref::address).cloned());
    }
    found
}

/// Looks for dead-letter queues in a value, however deep.
fn named(value: &Value, found: &mut BTreeSet<Address>) {
    match value {
        Value::Map(map) => map.iter().for_each(|(key, value)| named_at(key, value, found)),
        Value::List(items) => items.iter().for_each(|item| named(item, found)),
        _ => {}
    }
}

fn named_at(key: &str, value: &Value, found: &mut BTreeSet<Address>) {
    if key == DEAD_LETTER_QUEUE.key || key == function::DEAD_LETTER.key {
        found.extend(value.as_ref().and_then(Ref::address).cloned());
    }
    named(value, found);
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::diagnostic::Source;
    use crate::expand;
    use crate::manifest::{self, Inputs};

    fn expanded(text: &str) -> Stack {
        let inputs = Inputs { variables: BTreeMap::new(), environment: &|_| None };
        let source =
            Source { path: "stack.yaml".to_owned(), text: format!("stack: test\n{text}"), ..Source::default() };
        let (mut stack, mut out) = manifest::read(source, &inputs);
        expand::expand(&mut stack, &mut out);
        assert!(out.is_empty(), "{:?}", out.iter().map(|one| &one.message).collect::<Vec<_>>());
        stack
    }

    /// The queues, each with its receives and its dead-letter queue, and the alarms.
    fn told(text: &str) -> Vec<String> {
        let stack = expanded(text);
        let queues = stack.of_kind("queue").map(|queue| match queue.get(&REDRIVE) {
            Value::Null => queue.address.name.clone(),
            redrive => {
                let target = redrive.get(DEAD_LETTER_QUEUE.key).as_ref().and_then(Ref::address);
                let target = target.map_or("nowhere", |address| address.name.as_str());
                format!("{} {}→{target}", queue.address.name, redrive.get("max_receive_count").plain())
            }
        });
        queues.chain(stack.of_kind("alarm").map(|alarm| format!("!{}", alarm.address.name))).collect()
    }

    #[test]
    fn queues_take_the_default_redrive_and_dead_letter_queues_do_not() {
        let defaults = "defaults: {queues: {redrive: {max_receive_count: 3}}}\n";
        for (queues, expected) in [
            ("q1: {}, q2: {redrive: {max_receive_count: 9}}", &["q1 3→q1-dlq", "q1-dlq", "q2 9→q2-dlq", "q2-dlq"][..]),
            ("q1: {}, q1-dlq: {delay: 1s}", &["q1 3→q1-dlq", "q1-dlq"]),
            ("q1: {redrive: {max_receive_count: 2, dead_letter_queue: z}}, z: {}", &["q1 2→z", "z"]),
            ("q1: {redrive: null}", &["q1"]),
        ] {
            assert_eq!(told(&format!("{defaults}queues: {{{queues}}}\n")), expected, "{queues}");
        }
        let named =
            "defaults: {queues: {redrive: {max_receive_count: 3, dead_letter_queue: z}}}\nqueues: {a: {}, z: {}}\n";
        assert_eq!(told(named), ["a 3→z", "z"]);
    }

    #[test]
    fn workers_know_the_dead_letter_queue_of_the_default() {
        let defaults = "defaults: {queues: {redrive: {max_receive_count: 3}}}\n";
        let stack = expanded(&format!("{defaults}queues: {{q: {{}}}}\nworkers: {{w: {{package: w, queue: q}}}}\n"));
        let function = &stack.resources[&Address::new("function", "w")];
        assert!(function.get(&function::ENVIRONMENT).as_map().unwrap().contains_key("DLQ_URL"));
    }

    #[test]
    fn queues_take_the_default_alarms_and_dead_letter_queues_do_not() {
        let defaults = "defaults: {queues: {alarms: {dead_letters: {}, age: {threshold: 5m}}}}\n";
        let queues =
            "queues: {a: {redrive: {max_receive_count: 3}}, b: {}, c: {alarms: {backlog: {}}}, d: {alarms: null}}\n";
        let expected = ["a 3→a-dlq", "a-dlq", "b", "c", "d", "!a-age", "!a-dead-letters", "!b-age", "!c-backlog"];
        assert_eq!(told(&format!("{defaults}{queues}")), expected);
    }

    #[test]
    fn roles_and_alarms_take_what_a_kind_would_fill_in() {
        let stack = expanded(
            "defaults: {roles: {path: /teams/}, alarms: {period: 5m, evaluation_periods: 3}}\nroles: {r: {}, own: {path: /own/}}\n\
             alarms:\n  plain: {metric: {namespace: n, name: m}, statistic: sum, threshold: 1, comparison: '>', missing_data: ignore}\n  \
             math: {metrics: [{id: a, expression: '1', return_data: true}], threshold: 1, comparison: '>', missing_data: ignore}\n",
        );
        let get = |kind, name: &str, key| stack.resources[&Address::new(kind, name)].attributes[key].plain();
        assert_eq!((get("role", "r", "path"), get("role", "own", "path")), ("/teams/".to_owned(), "/own/".to_owned()));
        assert_eq!(
            (get("alarm", "plain", "period"), get("alarm", "plain", "evaluation_periods")),
            ("300".to_owned(), "3".to_owned())
        );
        assert!(stack.resources[&Address::new("alarm", "math")].attributes["period"].is_null());
    }
}
