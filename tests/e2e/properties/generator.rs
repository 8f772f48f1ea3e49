//! Valid stacks, as YAML text.

mod alarms;
mod events;
mod tables;

use std::fmt::Write as _;

use proptest::collection::{btree_map, btree_set, vec};
use proptest::option::of;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::sample::select;
use serde_json::{Map, Value, json};

use super::FURTHER;
use alarms::{alarm, short_alarms};
use events::{aim, bus, rule};
use tables::table;

/// A stack without its name: tags, and resources by logical name.
#[derive(Clone)]
pub struct Sample {
    tags: Value,
    queues: Map<String, Value>,
    alarms: Map<String, Value>,
    /// Further kinds, as far as the endpoint has them.
    others: Vec<(&'static str, Map<String, Value>)>,
}

impl std::fmt::Debug for Sample {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.yaml("sample"))
    }
}

impl Sample {
    /// The kinds that it may have resources of.
    pub fn kinds(&self) -> impl Iterator<Item = &'static str> {
        let further = self.others.iter().filter_map(|(section, _)| FURTHER.iter().find(|(other, _)| other == section));
        ["queue", "alarm"].into_iter().chain(further.flat_map(|(_, kinds)| kinds.iter().copied()))
    }

    /// Writes the stack file; physical names begin with the stack's.
    pub fn yaml(&self, stack: &str) -> String {
        let mut text = format!("stack: {stack}\ntags: {}\n", self.tags);
        let first = [("queues", &self.queues), ("alarms", &self.alarms)];
        let others = self.others.iter().map(|(section, resources)| (*section, resources));
        for (section, resources) in first.into_iter().chain(others) {
            if resources.is_empty() {
                continue;
            }
            let _ = writeln!(text, "{section}:");
            for (name, resource) in resources {
                let mut resource = resource.clone();
                let renamed = resource["name"].as_str().map_or_else(|| name.clone(), |other| format!("{name}-{other}"));
                resource["name"] = format!("{stack}-{renamed}").into();
                let _ = writeln!(text, "  {name}:");
                for (key, value) in resource.as_object().unwrap() {
                    let _ = writeln!(text, "    {key}: {value}");
                }
            }
        }
        text
    }
}

/// Any valid stack of up to four written queues, with their dead-letter queues and alarms, first-class alarms, and
/// resources in further sections.
pub fn stacks(sections: &[&'static str]) -> impl Strategy<Value = Sample> {
    let sections = sections.to_vec();
    let queues = vec(of(queue()), 4);
    let alarms = vec(of(alarm()), 3);
    let topics = vec(of((topic(), vec(of(subscriber()), 4))), 2);
    let others = (topics, vec(of(api()), 2), vec(of(table()), 2), vec(of(bus()), 2), vec(of(rule()), 2));
    (tags(), queues, alarms, others).prop_map(move |(tags, queues, alarms, (topics, apis, tables, buses, rules))| {
        let queues = named(&["a", "b", "c", "d"], queues);
        let alarms = named(&["x", "y", "z"], alarms);
        let mut sample = name_dead_letter_queues(Sample { tags, queues, alarms, others: Vec::new() });
        let subscribed = topics.into_iter().map(|topic| {
            let (mut topic, subscribers) = topic?;
            subscribe(&mut topic, subscribers, &sample.queues);
            Some(topic)
        });
        let topics = named(&["s", "t"], subscribed.collect());
        let buses = named(&["m", "n"], buses);
        let aimed = rules.into_iter().map(|rule| {
            let (mut rule, on_bus, targets) = rule?;
            aim(&mut rule, buses.keys().next().map(String::as_str).filter(|_| on_bus), targets, &sample.queues);
            Some(rule)
        });
        let rules = named(&["r", "s"], aimed.collect());
        let events = [("buses", buses), ("rules", rules)];
        let others = [("topics", topics), ("apis", named(&["i", "j"], apis)), ("tables", named(&["t", "u"], tables))];
        let others = others.into_iter().chain(events);
        sample.others = others.filter(|(section, _)| sections.contains(section)).collect();
        sample
    })
}

/// Subscribes queues to a topic: a FIFO queue only to a FIFO topic.
fn subscribe(topic: &mut Value, subscribers: Vec<Option<Value>>, queues: &Map<String, Value>) {
    let fifo = |one: &Value| one["fifo"].as_bool().unwrap_or(false);
    let mut items = Vec::new();
    for (name, subscriber) in ["a", "b", "c", "d"].into_iter().zip(subscribers) {
        let (Some(queue), Some(mut subscriber)) = (queues.get(name), subscriber) else { continue };
        if fifo(queue) && !fifo(topic) {
            continue;
        }
        subscriber["queue"] = name.into();
        // What cannot be delivered to it goes to another queue of the same type.
        let other = queues.iter().find(|(other, _)| *other != name).filter(|(_, other)| fifo(other) == fifo(queue));
        if let (Some((other, _)), true) = (other, subscriber["raw"] == false) {
            subscriber["dead_letter_queue"] = other.clone().into();
        }
        items.push(subscriber);
    }
    if !items.is_empty() {
        topic["subscriptions"] = items.into();
    }
}

fn topic() -> impl Strategy<Value = Value> {
    let common = vec![
        ("name", one_of(&["topic", "events"])),
        ("tags", tags()),
        ("display_name", one_of(&["News", "ü & <b>"])),
        ("kms_key", one_of(&["alias/key", "alias/other"])),
        ("signature_version", numbers(1, 2)),
        ("tls_only", flags()),
    ];
    let standard = members([common.clone(), vec![("tracing", one_of(&["active"]))]].concat());
    let own = vec![
        ("content_based_deduplication", flags()),
        ("fifo_throughput_scope", one_of(&["message_group"])),
        ("fifo", Just(json!(true)).boxed()),
    ];
    let fifo = members([common, own].concat()).prop_map(|mut topic| {
        topic["fifo"] = true.into();
        topic
    });
    prop_oneof![2 => standard, 1 => fifo.boxed()]
}

fn subscriber() -> impl Strategy<Value = Value> {
    let flat = prop_oneof![
        Just(json!({"tenant": ["acme", "zeta"]})),
        Just(json!({"type": [{"prefix": "order."}], "tenant": [{"anything-but": ["acme"]}]})),
        Just(json!({"price": [{"numeric": [">=", 0.5, "<", 100]}]})),
    ];
    let nested = Just(json!({"order": {"tenant": ["acme"], "lines": {"sku": ["a", "b"]}}}));
    let filter = prop_oneof![
        2 => Just(json!({})),
        2 => flat.clone().prop_map(|filter| json!({"filter": filter})),
        1 => flat.prop_map(|filter| json!({"filter": filter, "filter_scope": "body"})),
        1 => nested.prop_map(|filter| json!({"filter": filter, "filter_scope": "body"})),
    ];
    (filter, of(any::<bool>())).prop_map(|(mut subscriber, raw)| {
        if let Some(raw) = raw {
            subscriber["raw"] = raw.into();
        }
        subscriber
    })
}

fn named(names: &[&str], resources: Vec<Option<Value>>) -> Map<String, Value> {
    let pairs = names.iter().zip(resources);
    pairs.filter_map(|(name, resource)| Some(((*name).to_owned(), resource?))).collect()
}

/// Lets some queues use the queue after them as their dead-letter queue, where the types agree: never a circle.
fn name_dead_letter_queues(mut sample: Sample) -> Sample {
    let names: Vec<String> = sample.queues.keys().cloned().collect();
    for pair in names.windows(2) {
        let other = sample.queues[&pair[1]].clone();
        let open = other["redrive_allow"].is_null() || other["redrive_allow"]["permission"] == "allow_all";
        let queue = &mut sample.queues[&pair[0]];
        let same = queue["fifo"].as_bool().unwrap_or(false) == other["fifo"].as_bool().unwrap_or(false);
        if queue["redrive"]["max_receive_count"].as_u64().is_some_and(|count| count % 2 == 0) && same && open {
            queue["redrive"]["dead_letter_queue"] = pair[1].clone().into();
        }
    }
    sample
}

/// Members that are there or not.
fn members(strategies: Vec<(&'static str, Values)>) -> Values {
    let (names, strategies): (Vec<_>, Vec<_>) = strategies.into_iter().map(|(name, values)| (name, of(values))).unzip();
    let made = strategies.prop_map(move |values| {
        let set = names.iter().zip(values).filter_map(|(name, value)| Some(((*name).to_owned(), value?)));
        Value::Object(set.collect())
    });
    made.boxed()
}

type Values = proptest::strategy::BoxedStrategy<Value>;

fn one_of(words: &'static [&'static str]) -> Values {
    select(words).prop_map(Value::from).boxed()
}

fn numbers(from: i64, to: i64) -> Values {
    (from..=to).prop_map(Value::from).boxed()
}

fn seconds(from: i64, to: i64) -> Values {
    prop_oneof![(from..=to).prop_map(|n| json!(format!("{n}s"))), numbers(from, to)].boxed()
}

fn flags() -> Values {
    any::<bool>().prop_map(Value::from).boxed()
}

fn tags() -> Values {
    btree_map("[a-z][a-z0-9:_.-]{0,8}", "[A-Za-z0-9 =+@/_.-]{0,12}", 0..4).prop_map(|tags| json!(tags)).boxed()
}

fn queue() -> impl Strategy<Value = Value> {
    let common = members(vec![
        ("name", one_of(&["one", "two", "three"])),
        ("tags", tags()),
        ("visibility_timeout", seconds(0, 43_200)),
        ("message_retention", seconds(60, 1_209_600)),
        ("delay", seconds(0, 900)),
        ("receive_wait_time", seconds(0, 20)),
        ("max_message_size", numbers(1_024, 1_048_576)),
        ("tls_only", flags()),
        ("policy", policy()),
        ("redrive", numbers(1, 1_000).prop_map(|count| json!({"max_receive_count": count})).boxed()),
        ("redrive_allow", redrive_allow()),
    ]);
    (common, fifo(), encryption(), short_alarms()).prop_map(|(mut queue, fifo, encryption, alarms)| {
        for more in [fifo, encryption] {
            queue.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
        }
        let mut alarms = alarms;
        if queue["redrive"].is_null() {
            alarms.as_object_mut().unwrap().remove("dead_letters");
        }
        if !alarms.as_object().unwrap().is_empty() {
            queue["alarms"] = alarms;
        }
        queue
    })
}

fn fifo() -> Values {
    let fifo = members(vec![("content_based_deduplication", flags()), ("throughput", flags())]);
    let fifo = fifo.prop_map(|mut queue| {
        // The higher throughput goes with deduplication by group only.
        if queue.as_object_mut().unwrap().remove("throughput") == Some(Value::Bool(true)) {
            queue["throughput_limit"] = "per_message_group_id".into();
            queue["deduplication_scope"] = "message_group".into();
        }
        queue["fifo"] = true.into();
        queue
    });
    prop_oneof![2 => Just(json!({})), 1 => fifo].boxed()
}

fn encryption() -> Values {
    let reuse = (60_i64..86_400).prop_map(|reuse| json!({"kms_key": "alias/other", "kms_data_key_reuse": reuse}));
    let plain = prop_oneof![
        Just(json!({})),
        Just(json!({"sqs_managed_sse": false})),
        Just(json!({"sqs_managed_sse": true})),
        Just(json!({"kms_key": "alias/key"})),
    ];
    prop_oneof![4 => plain, 1 => reuse].boxed()
}

fn redrive_allow() -> Values {
    let arn = |name: String| json!(format!("arn:aws:sqs:us-east-1:123456789012:{name}"));
    let sources = btree_set("[a-z]{1,6}", 1..4).prop_map(move |names| names.into_iter().map(arn).collect::<Value>());
    prop_oneof![
        Just(json!({"permission": "allow_all"})),
        Just(json!({"permission": "deny_all"})),
        sources.prop_map(|sources| json!({"permission": "by_queue", "source_queues": sources})),
    ]
    .boxed()
}

fn policy() -> Values {
    let actions = prop_oneof![Just(json!("sqs:SendMessage")), Just(json!(["sqs:SendMessage", "sqs:ReceiveMessage"]))];
    let principal = prop_oneof![
        Just(json!({"AWS": "arn:aws:iam::123456789012:root"})),
        Just(json!({"AWS": ["123456789012", "210987654321"]})),
        Just(json!({"Service": "sns.amazonaws.com"})),
    ];
    (actions, principal)
        .prop_map(|(actions, principal)| {
            json!({"Version": "2012-10-17", "Statement": [{
                "Sid": "Generated", "Effect": "Allow", "Principal": principal, "Action": actions, "Resource": "*",
                "Condition": {"StringEquals": {"aws:SourceAccount": "123456789012"}},
            }]})
        })
        .boxed()
}

/// An API in front of functions that others own: they are not on the endpoint, and permissions are theirs to give.
fn api() -> impl Strategy<Value = Value> {
    let route = members(vec![
        ("timeout", seconds(1, 30)),
        ("authorization", one_of(&["none", "iam"])),
        ("payload", one_of(&["v1", "v2"])),
    ]);
    let functions = one_of(&[
        "arn:aws:lambda:us-east-1:123456789012:function:one",
        "arn:aws:lambda:us-east-1:123456789012:function:two",
    ]);
    let keys = one_of(&["$default", "POST /a", "GET /a/{id}", "ANY /{proxy+}", "DELETE /"]);
    let route = (route, functions).prop_map(|(mut route, function)| {
        route["function"] = function;
        route["permission"] = false.into();
        route
    });
    let routes = btree_map(keys.prop_map(|key| key.as_str().unwrap().to_owned()), route, 1..4);
    let routes = routes.prop_map(|routes| {
        let with_key = routes.into_iter().map(|(key, mut route)| {
            route["route"] = key.into();
            route
        });
        with_key.collect::<Value>()
    });
    let cors = members(vec![
        ("allow_origins", Just(json!(["https://a.example.com", "https://B.example.com"])).boxed()),
        ("allow_methods", Just(json!(["get", "POST"])).boxed()),
        ("allow_headers", Just(json!(["Content-Type"])).boxed()),
        ("expose_headers", Just(json!(["etag"])).boxed()),
        ("allow_credentials", flags()),
        ("max_age", seconds(0, 86_400)),
    ]);
    let log = Just(json!({"log_group": "arn:aws:logs:us-east-1:000000000000:log-group:requests"})).boxed();
    let settings = members(vec![
        ("name", one_of(&["one", "two"])),
        ("tags", tags()),
        ("description", one_of(&["What it takes", "ü: 'words'"])),
        ("cors", cors),
        ("throttle", members(vec![("rate", numbers(1, 9_999)), ("burst", numbers(1, 9_999))])),
        ("access_log", log),
        ("auto_deploy", flags()),
        ("disable_default_endpoint", flags()),
    ]);
    (settings, routes).prop_map(|(mut api, routes)| {
        api["routes"] = routes;
        api
    })
}
