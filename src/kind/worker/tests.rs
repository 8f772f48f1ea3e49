//! What a worker becomes, and what is said of one that is wrong.

use std::collections::BTreeMap;

use super::make::timeout_for;
use crate::diagnostic::{Diagnostics, Source};
use crate::kind::{Row, alarm, function, log_group, mapping, queue, role};
use crate::manifest::{self, Inputs};
use crate::model::{Address, Stack};
use crate::value::Value;
use crate::{expand, rule};

fn read(text: &str) -> (Stack, Diagnostics) {
    let inputs = Inputs { variables: BTreeMap::new(), environment: &|_| None };
    let source = Source { path: "stack.yaml".to_owned(), text: format!("stack: test\n{text}"), ..Source::default() };
    let (mut stack, mut out) = manifest::read(source, &inputs);
    expand::expand(&mut stack, &mut out);
    rule::check(&stack, &mut out);
    out.sort();
    (stack, out)
}

fn valid(text: &str) -> Stack {
    let (stack, out) = read(text);
    assert!(!out.has_errors(), "{:?}", out.iter().map(|one| &one.message).collect::<Vec<_>>());
    stack
}

/// The findings as `line: CODE message; help`; those of the function and mapping that it makes have tests of their own.
fn findings(text: &str) -> Vec<String> {
    let (stack, out) = read(text);
    let own = out.iter().filter(|one| !("QS300".."QS350").contains(&one.code.id));
    let told = own.map(|one| {
        let line = one.span.map_or(0, |span| stack.source.line_column(span.start).0);
        format!("{line}: {} {}; {}", one.code.id, one.message, one.help)
    });
    told.collect()
}

fn get(stack: &Stack, kind: &'static str, name: &str, row: &Row) -> Value {
    let address = Address::new(kind, name);
    stack.resources.get(&address).unwrap_or_else(|| panic!("no {address}")).get(row).clone()
}

#[test]
fn timeouts_follow_from_visibility() {
    for (visibility, window, timeout) in
        [(30, 0, 5), (300, 0, 50), (300, 60, 40), (43_200, 0, 900), (5, 0, 1), (0, 300, 1), (35, 0, 5)]
    {
        assert_eq!(timeout_for(visibility, window), timeout, "{visibility} {window}");
    }
}

#[test]
fn times_fit_whichever_was_said() {
    let table = [
        ("{}", "", 5, 30),
        ("{visibility_timeout: 5m}", "", 50, 300),
        ("{visibility_timeout: 5m}", ", timeout: 20s", 20, 300),
        ("{}", ", timeout: 20s", 20, 120),
        ("{}", ", timeout: 20s, batch: {window: 10s}", 20, 130),
        ("{visibility_timeout: 70s}", ", batch: {window: 10s}", 10, 70),
    ];
    for (queue, settings, timeout, visibility) in table {
        let stack = valid(&format!("queues: {{q: {queue}}}\nworkers: {{w: {{package: w, queue: q{settings}}}}}\n"));
        assert_eq!(get(&stack, "function", "w", &function::TIMEOUT), Value::Int(timeout), "{queue} {settings}");
        assert_eq!(get(&stack, "queue", "q", &queue::VISIBILITY_TIMEOUT), Value::Int(visibility), "{queue} {settings}");
    }
}

#[test]
fn the_slowest_worker_of_a_queue_says_its_visibility() {
    for (queue, one, other, visibility) in [
        ("{}", "timeout: 10s", "timeout: 20s", 120),
        ("{}", "timeout: 20s", "timeout: 10s", 120),
        ("{}", "timeout: 10s", "timeout: 10s, batch: {window: 5s}", 65),
        ("{}", "timeout: 10s", "log_retention: 30d", 60),
        ("{visibility_timeout: 60s}", "timeout: 10s", "timeout: 20s", 60),
    ] {
        let text = format!(
            "queues: {{q: {queue}}}\nworkers:\n  v1: {{package: w, queue: q, {one}}}\n  v2: {{package: w, queue: q, {other}}}\n"
        );
        let (stack, _) = read(&text);
        assert_eq!(get(&stack, "queue", "q", &queue::VISIBILITY_TIMEOUT), Value::Int(visibility), "{text}");
    }
}

#[test]
fn concurrency_is_bounded() {
    for (reserved, expected) in [("", Value::Int(5)), (", reserved_concurrency: 3", Value::Int(3))] {
        let stack = valid(&format!("queues: {{q: {{}}}}\nworkers: {{w: {{package: w, queue: q{reserved}}}}}\n"));
        assert_eq!(get(&stack, "mapping", "w", &mapping::MAX_CONCURRENCY), expected);
    }
    let stack = valid("queues: {q: {}}\nworkers: {w: {package: w, queue: q, reserved_concurrency: 1}}\n");
    assert_eq!(get(&stack, "mapping", "w", &mapping::MAX_CONCURRENCY), Value::Null);
}

#[test]
fn names_follow_from_the_function() {
    let stack = valid("queues: {q: {fifo: true}}\nworkers: {w: {name: w-dev, package: w, queue: q}}\n");
    let name = |kind, name| stack.resources[&Address::new(kind, name)].physical_name().to_owned();
    assert_eq!(name("function", "w"), "w-dev");
    assert_eq!(name("role", "w"), "w-dev-role-${aws.region}");
    assert_eq!(name("log_group", "w"), "/aws/lambda/w-dev");
    assert_eq!(name("mapping", "w"), "w-dev/q.fifo");
    assert_eq!(name("alarm", "w-errors"), "w-dev-errors");
    assert!(!stack.resources.contains_key(&Address::new("worker", "w")));
}

#[test]
fn roles_of_long_names_are_cut_and_told_apart() {
    let role = |function: &str| {
        let stack = valid(&format!("workers: {{w: {{name: {function}, package: w}}}}\n"));
        stack.resources[&Address::new("role", "w")].name_in("ap-northeast-1")
    };
    let (one, other) = (role(&format!("{}1", "x".repeat(63))), role(&format!("{}2", "x".repeat(63))));
    assert_ne!(one, other);
    assert!(one.len() <= 64 && one.ends_with("-role-ap-northeast-1"), "{one}");
    assert_eq!(role(&"x".repeat(43)), format!("{}-role-ap-northeast-1", "x".repeat(43)));
}

#[test]
fn what_is_declared_wins() {
    let stack = valid(
        "queues: {q: {alarms: {age: {threshold: 1m}}}}
workers: {w: {package: w, queue: q, memory: 128MiB, timeout: 4s, log_retention: 7d, alarms: {errors: {threshold: 3}, throttles: false}}}
functions: {w: {memory: 1GiB, environment: {AA: b}, secrets: [AA], logging: {application_level: debug}}}
log_groups: {w: {retention: 30d}}
mappings: {w: {batch_size: 1}}
alarms: {w-errors: {period: 10m}}
",
    );
    assert_eq!(get(&stack, "function", "w", &function::MEMORY), Value::Int(1024));
    let variables = get(&stack, "function", "w", &function::ENVIRONMENT);
    assert_eq!(variables.as_map().unwrap().keys().collect::<Vec<_>>(), ["AA", "QUEUE_URL"]);
    let logging = get(&stack, "function", "w", &function::LOGGING);
    assert_eq!(
        (logging.get("format").plain(), logging.get("application_level").plain()),
        ("JSON".into(), "DEBUG".into())
    );
    assert_eq!(get(&stack, "log_group", "w", &log_group::RETENTION), Value::Int(30));
    assert_eq!(get(&stack, "mapping", "w", &mapping::BATCH_SIZE), Value::Int(1));
    assert_eq!(get(&stack, "alarm", "w-errors", &alarm::ALARM_PERIOD), Value::Int(600));
    assert_eq!(get(&stack, "alarm", "w-errors", &alarm::THRESHOLD), Value::Float(3.0));
    assert_eq!(get(&stack, "alarm", "w-duration", &alarm::THRESHOLD), Value::Float(3_200.0));
    for absent in ["w-throttles", "w-age"] {
        assert!(!stack.resources.contains_key(&Address::new("alarm", absent)), "{absent}");
    }
}

#[test]
fn a_role_of_ones_own_is_left_alone() {
    let arn = "arn:aws:iam::000000000000:role/theirs";
    let stack = valid(&format!("workers: {{w: {{package: w}}}}\nfunctions: {{w: {{role: \"{arn}\"}}}}\n"));
    assert!(!stack.resources.contains_key(&Address::new("role", "w")));
    let stack = valid("workers: {w: {package: w}}\nroles: {w: {policy: {Statement: []}}}\n");
    assert!(get(&stack, "role", "w", &role::POLICY).get("Statement").as_list().unwrap().is_empty());
}

#[test]
fn a_custom_runtime_alone_has_a_handler_of_its_own() {
    let handler = |text: &str| get(&read(text).0, "function", "w", &function::HANDLER).as_text().map(str::to_owned);
    for (text, expected) in [
        ("workers: {w: {artifact: w.zip}}", Some("bootstrap")),
        ("workers: {w: {artifact: w.zip, runtime: provided.al2}}", Some("bootstrap")),
        ("workers: {w: {artifact: w.zip, runtime: python3.12, handler: app.handle}}", Some("app.handle")),
        ("workers: {w: {artifact: w.zip, runtime: python3.12}}", None),
        ("defaults: {functions: {runtime: python3.12}}\nworkers: {w: {artifact: w.zip}}", None),
        (
            "defaults: {functions: {handler: app.run}}\nworkers: {w: {artifact: w.zip, runtime: ruby3.4}}",
            Some("app.run"),
        ),
    ] {
        assert_eq!(handler(text).as_deref(), expected, "{text}");
    }
}

#[test]
fn what_is_made_stands_where_the_worker_says_it() {
    let (stack, _) = read(
        "queues: {q: {}}\nworkers:\n  w:\n    package: w\n    queue: q\n    timeout: 5s\n    batch:\n      size: 5\n",
    );
    let line = |kind, path| {
        let span = stack.resources[&Address::new(kind, "w")].span(path).unwrap();
        stack.source.line_column(span.start).0
    };
    assert_eq!(line("function", "timeout"), 7);
    assert_eq!(line("mapping", "batch_size"), 9);
    assert_eq!(line("mapping", "queue"), 6);
    assert_eq!(line("role", "policy"), 4);
}

#[test]
fn findings_as_text() {
    let table: &[(&str, &[&str])] = &[
        ("workers: {w: {}}", &["2: QS350 `worker.w` has neither a `package` nor an `artifact`; "]),
        (
            "workers: {w: {package: w, artifact: w.zip}}",
            &["2: QS350 `worker.w` has both a `package` and an `artifact`; "],
        ),
        (
            "queues: {q: {}}\nworkers: {a: {package: w, queue: q},\n b: {package: w, queue: q}}",
            &["4: QS351 `worker.b` and `worker.a` take messages from the same queue; "],
        ),
        (
            "queues: {q: {}}\nworkers: {w: {package: w, environment: {TO: \"${queues.q.url}\"}}}",
            &[
                "3: QS352 environment variable `TO` of `worker.w` names `queue.q`, which it may neither send to nor consume; \
               Add `{send: q}` (or `{consume: q}`) to `grants:` of `w`.",
            ],
        ),
        (
            "queues: {jobs: {name: jobs-dev}}\nworkers: {w: {package: w, environment: {QUEUE: jobs-dev}}}",
            &[
                "3: QS352 environment variable `QUEUE` of `worker.w` names `queue.jobs`, which it may neither send to nor consume; \
               Add `{send: jobs}` (or `{consume: jobs}`) to `grants:` of `w`.",
            ],
        ),
        (
            "queues: {q: {}}\nworkers: {w: {package: w, grants: [{send: q}], environment: {TO: \"${queues.q.url}\"}}}",
            &[],
        ),
        (
            "workers: {w: {package: w, environment: {API_KEY: x},\n secrets: [API_KY]}}",
            &["3: QS353 `API_KY` is no environment variable of `worker.w`; Did you mean `API_KEY`?"],
        ),
        (
            "workers: {w: {package: w, grants: [{publish: \"arn:aws:sqs:us-east-1:000000000000:q\"}]}}",
            &[
                "2: QS355 `publish` cannot be granted on `arn:aws:sqs:us-east-1:000000000000:q`: that is no ARN of sns; ",
            ],
        ),
        ("workers: {w: {package: w, batch: {size: 1}}}", &["2: QS356 `worker.w` has a `batch` but no `queue`; "]),
        (
            "queues: {q: {}}\nworkers: {w: {package: w, grants: [{sned: q}]}}",
            &["3: QS002 `sned` is not a key of `grants.0`; Did you mean `send`?"],
        ),
        (
            "queues: {jobs: {}}\nworkers: {w: {package: w,\n queue: job,\n grants: [{send: jbos}]}}",
            &[
                "4: QS009 `queue` refers to queue `job`, which the stack does not have; Did you mean `jobs`?",
                "5: QS009 `environment.QUEUE_URL_JBOS` refers to queue `jbos`, which the stack does not have; Did you mean `jobs`?",
            ],
        ),
        (
            "queues: {q: {redrive: {max_receive_count: 5}}}\nworkers: {w: {package: w, queue: q-dlq, grants: [{send: q}]}}",
            &[],
        ),
        (
            "workers: {w: {package: w, grants: [{publish: orders}]}}",
            &["2: QS009 `environment.TOPIC_ARN_ORDERS` refers to topic `orders`, which the stack does not have; "],
        ),
    ];
    for (text, expected) in table {
        assert_eq!(findings(text), *expected, "{text}");
    }
}

#[test]
fn long_policies_are_counted() {
    let queues = (0..100).map(|index| format!("q{index:0>79}: {{}}")).collect::<Vec<_>>().join(", ");
    let grants = (0..100).map(|index| format!("{{send: q{index:0>79}}}")).collect::<Vec<_>>().join(", ");
    let text = format!("queues: {{{queues}}}\nworkers: {{w: {{package: w, grants: [{grants}]}}}}");
    let told = findings(&text);
    assert!(
        told.iter().any(|one| one.starts_with("3: QS354 the policy that the grants of `worker.w` make has 1")),
        "{told:?}"
    );
}
