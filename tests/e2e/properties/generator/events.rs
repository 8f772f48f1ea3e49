//! Buses, and rules on them and on the account's own.

use proptest::option::of;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use serde_json::{Map, Value, json};

use super::{Values, flags, members, numbers, one_of, seconds, tags};

pub fn bus() -> Values {
    members(vec![
        ("name", one_of(&["bus", "shop-events"])),
        ("tags", tags()),
        ("description", one_of(&["What happens", "ü & <b>"])),
        ("kms_key", one_of(&["alias/key", "alias/other"])),
    ])
}

/// A rule without targets, whether it is on a bus of the stack, and what may be its targets.
pub fn rule() -> impl Strategy<Value = (Value, bool, Vec<Option<Value>>)> {
    let settings = members(vec![
        // LocalStack takes no dots, which EventBridge does.
        ("name", one_of(&["rule", "all_of-it"])),
        ("tags", tags()),
        ("description", one_of(&["Whatever is paid", "\"quoted\" 'words'"])),
        ("enabled", flags()),
    ]);
    let matched = prop_oneof![
        3 => pattern().prop_map(|pattern| json!({"pattern": pattern})),
        1 => one_of(&["rate(1 minute)", "rate(12 hours)", "cron(0 3 * * ? *)"]).prop_map(|at| json!({"schedule": at})),
    ];
    let targets = proptest::collection::vec(of(target()), 4);
    (settings, matched, any::<bool>(), targets).prop_map(|(mut rule, matched, on_bus, targets)| {
        rule.as_object_mut().unwrap().extend(matched.as_object().cloned().unwrap());
        // Schedules are the account's own bus's.
        let on_bus = on_bus && rule["schedule"].is_null();
        (rule, on_bus, targets)
    })
}

fn pattern() -> Values {
    prop_oneof![
        Just(json!({"source": ["shop", {"prefix": "shop."}]})),
        Just(json!({"detail-type": ["OrderPaid"], "detail": {"total": [{"numeric": [">=", 0.5, "<", 100]}, 5]}})),
        Just(json!({"detail": {"tenant": [{"anything-but": ["acme", "zeta"]}, null], "gift": [{"exists": false}]}})),
        Just(json!({"detail": {"$or": [{"kind": [{"suffix": ".paid"}]}, {"kind": [{"wildcard": "a*b"}], "at": [1]}]}})),
    ]
    .boxed()
}

fn target() -> Values {
    let input = prop_oneof![
        2 => Just(json!({})),
        1 => Just(json!({"input": "{\"a\": [1, null]}"})),
        1 => Just(json!({"input_path": "$.detail"})),
        1 => Just(json!({"input_transformer": {"template": "<aws.events.event.json>"}})),
        1 => Just(json!({"input_transformer": {"paths": {"id": "$.id", "of": "$.source"}, "template": "\"<id> of <of>\""}})),
    ];
    let retry = members(vec![("attempts", numbers(0, 185)), ("age", seconds(60, 86_400))]);
    let settings = members(vec![("id", one_of(&["one", "other_1"])), ("retry", retry), ("dead_letter_queue", flags())]);
    (settings, input)
        .prop_map(|(mut target, input)| {
            target.as_object_mut().unwrap().extend(input.as_object().cloned().unwrap());
            target
        })
        .boxed()
}

/// Aims a rule at queues: at a FIFO queue with a group, and only if it deduplicates by content.
pub fn aim(rule: &mut Value, on: Option<&str>, targets: Vec<Option<Value>>, queues: &Map<String, Value>) {
    let fifo = |queue: &Value| queue["fifo"] == true;
    let (mut items, mut ids) = (Vec::new(), Vec::new());
    for (name, target) in ["a", "b", "c", "d"].into_iter().zip(targets) {
        let (Some(queue), Some(mut target)) = (queues.get(name), target) else { continue };
        if fifo(queue) && queue["content_based_deduplication"] != true {
            continue;
        }
        target["queue"] = name.into();
        if fifo(queue) {
            target["group"] = "orders".into();
        }
        let wants_dead_letters = target.as_object_mut().unwrap().remove("dead_letter_queue") == Some(Value::Bool(true));
        let standard = queues.iter().find(|(_, queue)| !fifo(queue)).filter(|_| wants_dead_letters);
        if let Some((dead_letters, _)) = standard {
            target["dead_letter_queue"] = dead_letters.clone().into();
        }
        // Each of its own.
        if ids.contains(&target["id"]) {
            target.as_object_mut().unwrap().remove("id");
        }
        ids.extend(target.get("id").cloned());
        items.push(target);
    }
    if let Some(bus) = on {
        rule["bus"] = bus.into();
    }
    if !items.is_empty() {
        rule["targets"] = items.into();
    }
}
