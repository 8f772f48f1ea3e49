//! Stacks in Rust are the stacks in YAML, in both directions.
//! What `queuestack convert` wrote is compiled here; `tests/construct_generated.rs` looks after it.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]
#![allow(dead_code, reason = "programs are modules here, and each test uses its part of `support`")]

#[path = "construct/converted.rs"]
mod converted;
mod support;
#[path = "construct/written.rs"]
mod written;

use std::path::Path;

use queuestack::construct::{template::*, *};
use queuestack::diagnostic::Diagnostics;
use queuestack::model;
use queuestack::report::yaml;
use similar::TextDiff;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[track_caller]
fn complete(stack: &Stack) -> model::Stack {
    let (model, out) = stack.complete();
    let found: Vec<_> = out.iter().map(|one| format!("{} {}: {}", one.code.id, one.label, one.message)).collect();
    assert!(!out.has_errors(), "{found:#?}");
    model
}

/// Compares what a program describes with a stack file; both are complete.
#[track_caller]
fn same(stack: &Stack, file: &str) {
    let (actual, expected) = (complete(stack), support::valid(&root().join(file)));
    let differs = TextDiff::from_lines(yaml::stack(&expected), yaml::stack(&actual)).unified_diff().to_string();
    assert!(differs.is_empty(), "{file}:\n{differs}");
    assert!(support::meaning(&actual) == support::meaning(&expected), "{file}");
    let places = |stack: &model::Stack| (stack.description.clone(), stack.tags.clone(), stack.ignore_tags.clone());
    assert_eq!(places(&actual), places(&expected), "{file}");
}

#[test]
fn programs_describe_what_the_stack_files_say() {
    let programs = [
        (written::api::stack(), "stacks/api.yaml"),
        (written::calendar::stack(), "stacks/calendar.yaml"),
        (written::calsync_jobs::stack(), "stacks/calsync-jobs.yaml"),
        (written::events::stack(), "stacks/events.yaml"),
        (written::minimal::stack(), "stacks/minimal.yaml"),
        (written::orders::stack(), "stacks/orders.yaml"),
    ];
    programs.iter().for_each(|(stack, file)| same(stack, file));
    assert_eq!(programs.len(), support::files("stacks").len(), "each stack in YAML has its program");
}

#[test]
fn converted_programs_describe_what_the_stack_files_say() {
    same(&converted::api::stack(), "stacks/api.yaml");
    same(&converted::calsync_jobs::stack(), "stacks/calsync-jobs.yaml");
    same(&converted::events::stack(), "stacks/events.yaml");
    same(&converted::minimal::stack(), "stacks/minimal.yaml");
    same(&converted::orders::stack(), "stacks/orders.yaml");
    // Secrets are not written down: they come from the environment, where there are none.
    let with_secrets = [
        (converted::calendar::stack(), "stacks/calendar.yaml"),
        (converted::guarded::stack(), "tests/fixtures/convert/guarded.yaml"),
        (converted::odd::stack(), "tests/fixtures/expand/odd.yaml"),
    ];
    for (stack, file) in with_secrets {
        let text = std::fs::read_to_string(root().join(file)).unwrap().replace("not shown", "''");
        let (expected, out) = support::read(&text, &[]);
        assert!(!out.has_errors(), "{file}");
        assert_eq!(yaml::stack(&complete(&stack)), yaml::stack(&expected), "{file}");
    }
}

#[test]
fn what_a_program_prints_as_a_stack_file_is_the_same_stack() {
    for stack in [written::calendar::stack(), tenants(), with_its_own_queue(), with_a_door()] {
        let model = complete(&stack);
        let (again, out) = support::read(&yaml::stack(&model), &[]);
        assert!(!out.has_errors());
        assert_eq!(support::meaning(&again), support::meaning(&model));
    }
}

struct Tenant {
    retries: u32,
}

impl Construct for Tenant {
    type Output = Queue;

    fn build(self, scope: &mut Scope) -> Queue {
        let jobs = Queue::new(scope, "jobs").dead_letter(self.retries).build();
        let worker = Worker::new(scope, "worker").package("jobs").consumes(&jobs).timeout(secs(5)).build();
        jobs.dead_letters().alarm(scope, 1);
        jobs.dead_letters().queue().grant_send(scope, &worker);
        jobs
    }
}

fn tenants() -> Stack {
    let mut stack = Stack::new("tenants");
    let acme = stack.add("acme", Tenant { retries: 5 });
    stack.within("eu", |scope| scope.add("zeta", Tenant { retries: 7 }));
    let caller = Worker::new(&mut stack, "caller").package("caller").environment("ACME", acme.url()).build();
    acme.grant_send(&mut stack, &caller);
    stack
}

#[test]
fn scopes_put_their_names_before_all_in_them() {
    let template = Template::of(&tenants());
    template.has_queue("acme-jobs").with(redrive(Redrive::new().max_receive_count(5)));
    template.has_queue("eu-zeta-jobs").with(redrive(Redrive::new().max_receive_count(7)));
    let dead = Queue::later(&mut Stack::new("any"), "eu-zeta-jobs-dlq");
    template.has_queue("eu-zeta-jobs").with(redrive(Redrive::new().dead_letter_queue(&dead)));
    template
        .has_alarm("eu-zeta-jobs-dead-letters")
        .with(threshold(1))
        .with(comparison(Comparison::GreaterThanOrEqualToThreshold));
    template.has_function("acme-worker").tagged("queuestack:stack", "tenants");
}

fn with_its_own_queue() -> Stack {
    let mut stack = Stack::new("resize");
    let worker = Worker::new(&mut stack, "resize")
        .package("resize")
        .timeout(secs(50))
        .with_queue_that(|queue| queue.fifo(true).deduplication_scope(DeduplicationScope::MessageGroup))
        .alarms(WorkerAlarms::new().throttles(Off).age(Off))
        .build();
    assert!(worker.queue().is_some());
    let level = format!("{}/{}", worker.function().name(), account());
    Worker::new(&mut stack, "other").artifact("other.zip").environment("OF", level).alarms(Off).build();
    stack
}

#[test]
fn a_worker_brings_its_queue() {
    let stack = with_its_own_queue();
    let template = Template::of(&stack);
    template.has_queue("resize-queue").with(visibility_timeout(mins(5))).with(fifo(true));
    template.has_queue("resize-queue-dlq").with(message_retention(days(14)));
    template.has_mapping("resize").with(queue(&Queue::later(&mut Stack::new("any"), "resize-queue")));
    template.has_alarm("resize-queue-age").with(threshold(900));
    template.has_log_group("resize").with(retention(days(14)));
    template.has_function("resize").with(memory(mib(256))).with(tracing(Tracing::Active));
    assert_eq!((template.count("queue"), template.count("function")), (2, 2));
    template.snapshot(root().join("tests/golden/construct/resize.yaml"));
}

fn with_a_door() -> Stack {
    let mut stack = Stack::new("shop");
    let orders = stack.add("orders", HttpIngest::post("/orders").handled_by("orders"));
    let returns = stack.add("returns", HttpIngest::post("/returns").received_by("returns-door"));
    assert!(orders.handler.is_some() && returns.handler.is_none());
    let whole = HttpApi::new(&mut stack, "admin")
        .route_that("GET /jobs/{id}", &returns.receiver.function(), |route| route.authorization(Authorization::Iam))
        .route("$default", arn("arn:aws:lambda:eu-west-1:123456789012:function:other"))
        .cors(Cors::new().allow_origins(["https://Admin.example.com"]).allow_methods(["GET"]).max_age(hours(1)))
        .build();
    Worker::new(&mut stack, "caller").package("caller").environment("ADMIN", whole.url()).build();
    stack
}

#[test]
fn what_is_posted_waits_in_a_queue() {
    let stack = with_a_door();
    let template = Template::of(&stack);
    template.has_queue("orders-queue").with(redrive(Redrive::new().max_receive_count(5)));
    template.has_queue("orders-queue-dlq");
    template.has_alarm("orders-queue-dead-letters").with(threshold(1));
    template.has_http_api("orders-api").with(throttle(Throttle::new().rate(100).burst(200)));
    template.has_function("returns-ingest").with(timeout(secs(10)));
    template.has_mapping("orders-worker").with(queue(&Queue::later(&mut Stack::new("any"), "orders-queue")));
    assert_eq!((template.count("mapping"), template.count("http_api")), (1, 3));
    template.snapshot(root().join("tests/golden/construct/shop.yaml"));
}

#[test]
fn routes_are_told_of_where_they_were_added() {
    let mut stack = Stack::new("wrong");
    let door = Worker::new(&mut stack, "door").package("door").build();
    let line = usize::try_from(line!()).unwrap() + 3;
    HttpApi::new(&mut stack, "api")
        .route("POST /a/path/that/is/long/enough", &door)
        .route("POST /a/path/that/is/long/enough", &door)
        .route("post /b", &door)
        .build();
    let (_, out) = stack.complete();
    let told: Vec<_> = out.iter().map(|one| (one.code.id, one.label.clone(), one.message.clone())).collect();
    assert_eq!(told.iter().map(|(code, ..)| *code).collect::<Vec<_>>(), ["QS702", "QS701"], "{told:#?}");
    let places: Vec<_> = out.iter().filter_map(|one| one.place.as_ref()).map(|place| place.line).collect();
    assert_eq!(places, [line, line + 1]);
}

/// What an assertion says when it does not hold.
fn fails(assert: impl FnOnce()) -> String {
    let payload = std::panic::catch_unwind(std::panic::AssertUnwindSafe(assert)).unwrap_err();
    payload.downcast_ref::<String>().cloned().unwrap_or_default()
}

#[test]
fn assertions_fail() {
    let template = Template::of(&with_its_own_queue());
    let said = fails(|| _ = template.has_queue("other"));
    assert_eq!(said, "no queue `other`; there are: resize-queue, resize-queue-dlq");
    let said = fails(|| _ = template.has_queue("resize-queue").with(visibility_timeout(mins(4))));
    assert_eq!(said, "queue.resize-queue: `visibility_timeout` is 5m, not 4m");
    let said = fails(|| _ = template.has_queue("resize-queue").with(timeout(mins(4))));
    assert!(said.ends_with("has no attribute `timeout`"), "{said}");
    // With it the file would be written.
    if std::env::var_os("UPDATE").is_none() {
        let said = fails(|| template.snapshot(root().join("tests/golden/expand/minimal.yaml")));
        assert!(said.contains("minimal.yaml:1: the file has"), "{said}");
    }
    let mut stack = Stack::new("wrong");
    Queue::new(&mut stack, "jobs").delay(hours(1)).build();
    let said = fails(move || drop(Template::of(&stack)));
    assert_eq!(said, "the stack has errors:\nQS004 wrong/jobs: `delay` is 1h; it may be 0s to 15m");
}

#[test]
fn aspects_visit_what_short_forms_made() {
    const KEY: &str = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    let mut stack =
        Stack::new("jobs").aspect(aspects::Tag::new("cost", "4711")).aspect(aspects::Encrypt::with_key(KEY));
    Queue::new(&mut stack, "jobs").dead_letter(5).tag("cost", "own").build();
    LogGroup::new(&mut stack, "log").build();
    let template = Template::of(&stack);
    template.has_queue("jobs").tagged("cost", "own");
    template.has_queue("jobs-dlq").tagged("cost", "4711").with(kms_key(KEY)).with(sqs_managed_sse(false));
    template.has_log_group("log").with(kms_key(KEY));

    let mut stack = Stack::new("jobs").aspect(aspects::Encrypt::managed());
    Queue::new(&mut stack, "jobs").sqs_managed_sse(false).build();
    Template::of(&stack).has_queue("jobs").with(sqs_managed_sse(true));
}

fn codes(out: &Diagnostics) -> Vec<(&'static str, bool)> {
    out.iter().map(|one| (one.code.id, one.severity == queuestack::diagnostic::Severity::Error)).collect()
}

#[test]
fn public_policies_are_refused_where_that_is_asked_for() {
    let public = |stack: Stack| {
        let mut stack = stack;
        let open = json!({"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*"});
        Queue::new(&mut stack, "open").policy(json!({"Statement": open})).build();
        codes(&stack.complete().1)
    };
    assert_eq!(public(Stack::new("a")), [("QS132", false)]);
    assert_eq!(public(Stack::new("a").aspect(aspects::DenyPublic)), [("QS132", true)]);
}

#[test]
fn every_code_of_constructs_is_shown() {
    let said = std::fs::read_to_string(root().join("tests/construct/wrong.stderr")).unwrap();
    let missing = queuestack::construct::codes::CODES.iter().filter(|code| !said.contains(&format!("[{}]", code.id)));
    assert_eq!(missing.count(), 0, "{said}");
}
