use std::collections::BTreeMap;

use aws_sdk_lambda::types::{EnvironmentResponse, FunctionConfiguration, LoggingConfig, VpcConfigResponse};

use super::convert::{Settings, reported};
use super::*;
use crate::diagnostic::Source as Text;
use crate::kind::{Desired, Found};
use crate::manifest::{self, Inputs};
use crate::model::{Address, Attributes, Fact};
use crate::plan::{Consent, plan};
use crate::{expand, gaps::Gaps, rule};

/// Reads a stack of one queue, function and mapping, each with these lines, and says what is found.
fn read(queue: &str, function: &str, mapping: &str) -> (Stack, Vec<&'static str>) {
    let text = format!(
        "stack: s\nqueues:\n  q: {{{queue}}}\nfunctions:\n  f: {{{function}}}\nmappings:\n  m: {{queue: q, function: f, {mapping}}}\n"
    );
    let source = Text { path: "s.yaml".to_owned(), text, ..Text::default() };
    let inputs = Inputs { variables: BTreeMap::new(), environment: &|_| None };
    let (mut stack, mut out) = manifest::read(source, &inputs);
    expand::expand(&mut stack, &mut out);
    rule::check(&stack, &mut out);
    out.sort();
    let codes = out.iter().filter(|found| found.code.id.starts_with("QS3") && found.span.is_some());
    let codes = codes.map(|found| found.code.id).collect();
    (stack, codes)
}

const GOOD: &str = "role: arn:aws:iam::000000000000:role/x, code: {package: f}";
const LONG: &str = "visibility_timeout: 5m";

#[test]
fn every_finding_has_its_code_and_its_place() {
    let good = |more: &str| format!("{GOOD}, {more}");
    let of_function = [
        (good("name: a b"), "QS301"),
        (good(&format!("name: {}", "x".repeat(65))), "QS301"),
        (good(&format!("environment: {{LONG: {}}}", "x".repeat(4_100))), "QS302"),
        (good("environment: {AWS_REGION: x}"), "QS303"),
        (good("environment: {\"A-B\": x}"), "QS304"),
        (good("environment: {A: x}"), "QS304"),
        (good("environment: {TOKEN: \"${secret:token}\"}"), "QS305"),
        ("role: arn:aws:iam::000000000000:role/x".to_owned(), "QS306"),
        ("role: arn:aws:iam::000000000000:role/x, code: {package: f, artifact: f.zip}".to_owned(), "QS307"),
        (good("runtime: nodejs22.x"), "QS308"),
        (good("reserved_concurrency: 0"), "QS309"),
        ("code: {package: f}".to_owned(), "QS310"),
        (good("secrets: [TOKEN]"), "QS311"),
    ];
    for (function, code) in of_function {
        assert_eq!(read(LONG, &function, "enabled: true").1, [code], "{function}");
    }
    for fine in ["environment: {TZ: Europe/Berlin, AWS_XRAY_CONTEXT_MISSING: x}", "reserved_concurrency: 1"] {
        assert!(read(LONG, &good(fine), "enabled: true").1.is_empty(), "{fine}");
    }
}

#[test]
fn queue_function_and_mapping_fit_each_other() {
    let six = format!("filters: [{}]", ["{body: [x]}"; 6].join(", "));
    let long = format!("filters: [{{body: [{}]}}]", "x".repeat(4_100));
    let cases = [
        (LONG, "", "batch_size: 11", "QS320"),
        (LONG, "", six.as_str(), "QS321"),
        (LONG, "", long.as_str(), "QS322"),
        ("visibility_timeout: 5m, fifo: true", "", "batch_size: 11, window: 1s", "QS330 QS331"),
        (LONG, "reserved_concurrency: 4", "max_concurrency: 5", "QS332"),
        (LONG, "dead_letter: q", "enabled: true", "QS333"),
        ("visibility_timeout: 9s", "timeout: 10s", "enabled: true", "QS340"),
        ("visibility_timeout: 60s", "timeout: 10s", "window: 1s", "QS341"),
        ("visibility_timeout: 61s", "timeout: 10s", "window: 1s", ""),
        (LONG, "reserved_concurrency: 5", "max_concurrency: 5", ""),
    ];
    for (queue, function, mapping, codes) in cases {
        let function = if function.is_empty() { GOOD.to_owned() } else { format!("{GOOD}, {function}") };
        assert_eq!(read(queue, &function, mapping).1.join(" "), codes, "{queue} | {function} | {mapping}");
    }
}

#[test]
fn numbers_in_filters_stay_numbers() {
    let filters = r#"filters: [{body: {price: [1.5, 2], total: [{numeric: [">", 9.99]}], name: ["1.5"]}}]"#;
    let (stack, codes) = read(LONG, GOOD, filters);
    assert!(codes.is_empty(), "{codes:?}");
    let mapping = &stack.resources[&Address::new("mapping", "m")];
    let sent = mapping.get(&crate::kind::mapping::FILTERS).as_list().unwrap()[0].plain();
    assert_eq!(sent, r#"{"body":{"name":["1.5"],"price":[1.5,2],"total":[{"numeric":[">",9.99]}]}}"#);
}

fn found(attributes: Attributes, tags: &BTreeMap<String, String>) -> Found {
    let arn = "arn:aws:lambda:us-east-1:000000000000:function:f".to_owned();
    let (name, tags) = ("f".to_owned(), tags.clone());
    Found { kind: &Function, name, arn, attributes, tags, facts: BTreeMap::new(), holds: None }
}

fn built(function: &str, digest: &str) -> Stack {
    let (mut stack, codes) = read(LONG, &format!("{GOOD}, {function}"), "enabled: true");
    assert!(codes.is_empty(), "{codes:?}");
    let resource = stack.resources.get_mut(&Address::new("function", "f")).unwrap();
    let Value::Map(mut code) = resource.get(&CODE).clone() else { panic!() };
    code.extend([(SHA256.key.to_owned(), Value::text(digest)), (CODE_SIZE.key.to_owned(), Value::Int(3 << 19))]);
    resource.set(&CODE, Value::Map(code));
    stack.resources.retain(|address, _| address.kind == "function");
    stack
}

/// What AWS reports of a function that nobody configured beyond the least.
fn as_reported(digest: &str) -> FunctionConfiguration {
    FunctionConfiguration::builder()
        .function_name("f")
        .role("arn:aws:iam::000000000000:role/x")
        .code_sha256(digest)
        .code_size(3 << 19)
        .runtime("provided.al2023".into())
        .handler("bootstrap")
        .architectures("x86_64".into())
        .memory_size(256)
        .timeout(3)
        .description("")
        .environment(EnvironmentResponse::builder().build())
        .ephemeral_storage(aws_sdk_lambda::types::EphemeralStorage::builder().size(512).build().unwrap())
        .tracing_config(aws_sdk_lambda::types::TracingConfigResponse::builder().mode("PassThrough".into()).build())
        .logging_config(LoggingConfig::builder().log_format("Text".into()).log_group("/aws/lambda/f").build())
        .vpc_config(VpcConfigResponse::builder().vpc_id("").build())
        .build()
}

fn place() -> Place {
    Place { partition: "aws".to_owned(), region: "us-east-1".to_owned(), account: "000000000000".to_owned() }
}

/// The keys that the plan would change of a function that is there with this digest.
fn changes(stack: &Stack, digest: &str) -> Vec<String> {
    let tags = &stack.resources.values().next().unwrap().tags;
    let found = found(reported(&as_reported(digest)), tags);
    let plan = plan(stack, &place(), vec![found], &Gaps::default(), &Consent::default());
    assert!(plan.notes.is_empty(), "{:?}", plan.notes);
    plan.steps.iter().flat_map(|step| step.changes.iter().map(|change| change.key.clone())).collect()
}

#[test]
fn what_lambda_fills_in_is_no_change() {
    assert!(changes(&built("memory: 256MiB", "same"), "same").is_empty());
    assert!(changes(&built("vpc: {subnets: []}", "same"), "same").is_empty());
}

#[test]
fn new_code_is_the_only_change_and_is_shown_with_sizes() {
    let stack = built("memory: 256MiB", "abcdefghijkl");
    assert_eq!(changes(&stack, "zyxwvutsrq"), ["code"]);
    let resource = stack.resources.values().next().unwrap();
    assert_eq!(CODE.show(resource.get(&CODE)), "abcdefgh… (1.5 MiB)");
}

#[test]
fn json_logs_have_the_levels_that_lambda_reports() {
    let stack = built("logging: {format: json}", "same");
    let logging = stack.resources.values().next().unwrap().get(&LOGGING);
    assert_eq!(logging.get(APPLICATION_LEVEL.key), &Value::text("INFO"));
    assert_eq!(changes(&stack, "same"), ["logging"]);
}

#[test]
fn what_is_no_longer_set_is_sent_as_empty() {
    let desired = Desired {
        address: Address::new("function", "f"),
        kind: &Function,
        name: "f".to_owned(),
        arn: String::new(),
        attributes: Attributes::new(),
        tags: BTreeMap::new(),
    };
    let cleared = Settings::of(&desired, &|_| true);
    assert!(cleared.environment.unwrap().variables().unwrap().is_empty());
    assert_eq!(cleared.layers, Some(Vec::new()));
    assert_eq!(cleared.dead_letter.unwrap().target_arn(), Some(""));
    assert_eq!(cleared.vpc.unwrap().subnet_ids, Some(Vec::new()));
    assert_eq!(cleared.description.as_deref(), Some(""));
    let untouched = Settings::of(&desired, &|_| false);
    assert!(untouched.environment.is_none() && untouched.layers.is_none() && untouched.vpc.is_none());
}

#[test]
fn a_url_is_waited_for() {
    let (stack, _) = read(LONG, &format!("{GOOD}, environment: {{QUEUE: \"${{queues.q.url}}\"}}"), "enabled: true");
    let function = &stack.resources[&Address::new("function", "f")];
    assert!(function.references().iter().any(|reference| reference.fact == Fact::Url && reference.hard));
}
