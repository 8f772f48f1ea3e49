//! Alarms, first-class and as short forms of a queue.

use proptest::collection::btree_set;
use proptest::option::of;
use proptest::prelude::{Just, Strategy, prop_oneof};
use serde_json::{Value, json};

use super::{Values, flags, members, numbers, one_of, seconds, tags};
use crate::support::emulator;

fn actions() -> Values {
    let arn = |name: String| format!("arn:aws:sns:us-east-1:123456789012:{name}");
    let arns = btree_set("[a-z]{1,6}", 0..3);
    arns.prop_map(move |names| names.into_iter().map(arn).collect::<Value>()).boxed()
}

fn missing_data() -> Values {
    one_of(&["breaching", "not_breaching", "ignore", "missing"])
}

pub fn short_alarms() -> Values {
    let settings = |threshold: Values| {
        members(vec![
            ("threshold", threshold),
            ("period", one_of(&["10s", "1m", "5m"])),
            ("evaluation_periods", numbers(1, 5)),
            ("missing_data", missing_data()),
            ("actions", actions()),
            ("ok_actions", actions()),
            ("description", one_of(&["What to do?", "#1: look – now", "\"quoted\" 'words'"])),
        ])
    };
    members(vec![
        ("dead_letters", settings(numbers(1, 9))),
        ("backlog", settings(numbers(1, 9_999))),
        ("age", settings(seconds(1, 9_999))),
    ])
}

pub fn alarm() -> impl Strategy<Value = Value> {
    let metric = prop_oneof![
        Just(
            json!({"namespace": "AWS/Lambda", "name": "Errors", "dimensions": {"FunctionName": "f", "Resource": "f:1"}})
        ),
        Just(json!({"namespace": "Own/Metrics", "name": "Jobs"})),
    ];
    let statistic = prop_oneof![
        one_of(&["sum", "average", "minimum", "maximum", "sample_count"]).prop_map(|word| json!({"statistic": word})),
        one_of(percentiles()).prop_map(|word| json!({"extended_statistic": word})),
        Just(json!({"extended_statistic": "p90", "low_samples": "ignore"})),
    ];
    let thresholds = prop_oneof![numbers(-9, 9_999), Just(json!(0.1)), Just(json!(99.5))];
    let settings = members(vec![
        ("name", one_of(&["first", "second"])),
        ("tags", tags()),
        ("description", one_of(&["Errors of f", "ü"])),
        ("actions_enabled", flags()),
        ("actions", actions()),
        ("ok_actions", actions()),
        ("insufficient_data_actions", actions()),
        ("period", one_of(&["1m", "2m", "1h"])),
        ("unit", one_of(&["count", "seconds", "bytes_per_second", "none"])),
    ]);
    let periods = (1_i64..6).prop_flat_map(|n| (Just(n), of(1..=n)));
    let needed = (metric, statistic, thresholds, missing_data(), one_of(&[">=", ">", "<", "<="]), periods);
    (settings, needed).prop_map(|(mut alarm, (metric, statistic, threshold, missing, comparison, (n, m)))| {
        alarm.as_object_mut().unwrap().extend(statistic.as_object().cloned().unwrap());
        let more = json!({"metric": metric, "threshold": threshold, "missing_data": missing,
            "comparison": comparison, "evaluation_periods": n});
        alarm.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
        if let Some(m) = m {
            alarm["datapoints_to_alarm"] = m.into();
        }
        alarm
    })
}

/// LocalStack refuses every extended statistic but percentiles.
fn percentiles() -> &'static [&'static str] {
    if emulator::name() == "localstack" { &["p99", "p90", "p99.9"] } else { &["p99", "tm90", "p99.9"] }
}
