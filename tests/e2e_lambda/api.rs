//! An HTTP API in front of the bundled worker, asked over HTTP: what is posted is a job in the queue.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use aws_sdk_apigatewayv2::types::ProtocolType;
use queuestack::gaps::Gaps;
use serde_json::{Value, json};

use super::{Project, emulator};

/// The bundled stack.
const WHOLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/stacks/api.yaml");
/// The same without whoever takes the jobs out of the queue again: a file of its own.
static STACK: LazyLock<String> = LazyLock::new(|| {
    let text = fs::read_to_string(WHOLE).unwrap();
    let (before, rest) = text.split_once("  processing:").unwrap();
    let (_, after) = rest.split_once("apis:").unwrap();
    let (apis, _) = after.split_once("tables:").unwrap();
    file_in("api-front", &format!("{before}apis:{apis}"))
});
/// Takes the worker that the test run has built: its other profile, for Lambda, would compile everything once more.
const BUILT: &[&str] = &["--no-build", "--cargo-profile", "dev"];
const ROUTE: &str = "POST /events";
const JOB: &str = r#"{"type": "order.placed", "payload": {"order": 7}, "tenantId": "acme"}"#;

/// A stack file in a folder of its own.
fn file_in(folder: &str, text: &str) -> String {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(folder);
    fs::create_dir_all(&folder).unwrap();
    let file = folder.join("stack.yaml");
    fs::write(&file, text).unwrap();
    file.display().to_string()
}

/// A deployed API with what looks at it.
struct Deployed {
    project: Project,
    api_gateway: aws_sdk_apigatewayv2::Client,
    lambda: aws_sdk_lambda::Client,
    sqs: aws_sdk_sqs::Client,
}

impl Deployed {
    async fn prepare() -> Deployed {
        let project = Project::new();
        let config = project.config().await;
        Deployed {
            api_gateway: aws_sdk_apigatewayv2::Client::new(&config),
            lambda: aws_sdk_lambda::Client::new(&config),
            sqs: aws_sdk_sqs::Client::new(&config),
            project,
        }
    }

    fn apply(&self) {
        self.project.ok(&[&["apply", &STACK, "--yes"], BUILT].concat());
        self.project.ok(&[&["plan", &STACK, "--detailed-exitcode"], BUILT].concat());
    }

    /// What the next plan would change: (address, attribute).
    fn changes(&self) -> BTreeSet<(String, String)> {
        let plan: Value =
            serde_json::from_str(&self.project.ok(&[&["plan", &STACK, "--json"], BUILT].concat())).unwrap();
        let steps = plan["steps"].as_array().unwrap().iter();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let changes = steps.flat_map(|step| {
            let changes = step["changes"].as_array().unwrap().iter();
            changes.map(move |change| (text(&step["address"]), text(&change["attribute"])))
        });
        changes.collect()
    }

    /// The URL, as applications are told it, and the id in it.
    fn url(&self) -> (String, String) {
        let outputs: Value = serde_json::from_str(&self.project.ok(&["outputs", &STACK, "--format", "json"])).unwrap();
        let url = outputs["API_URL_INGEST_API"].as_str().unwrap().to_owned();
        let id = url.split("://").nth(1).unwrap().split('.').next().unwrap().to_owned();
        (url, id)
    }

    /// Asks by HTTP: status and body. The name in the URL is this machine's, whether or not its resolver knows.
    fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> (u16, Value) {
        let host = self.url().0.split("://").nth(1).unwrap().to_owned();
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.project.port)).unwrap();
        let mut request = format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n");
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        request.push_str(&format!("Content-Length: {}\r\n\r\n", body.len()));
        stream.write_all(request.as_bytes()).unwrap();
        stream.write_all(body.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        // Chunks, or the body as it is.
        let body = body.find('{').map_or("null", |begin| &body[begin..=body.rfind('}').unwrap()]);
        (status, serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {answer}")))
    }

    fn post(&self, body: &str) -> (u16, Value) {
        self.ask("POST", "/events", &[("Content-Type", "application/json"), ("Idempotency-Key", "9f1c")], body)
    }

    /// The messages in the queue: id and envelope.
    async fn jobs(&self) -> Vec<(String, Value)> {
        let url = self.sqs.get_queue_url().queue_name("events-queue").send().await.unwrap().queue_url.unwrap();
        let call = self.sqs.receive_message().queue_url(&url).max_number_of_messages(10).wait_time_seconds(1);
        let mut jobs = Vec::new();
        for message in call.send().await.unwrap().messages.unwrap_or_default() {
            let receipt = message.receipt_handle.unwrap();
            self.sqs.delete_message().queue_url(&url).receipt_handle(receipt).send().await.unwrap();
            jobs.push((message.message_id.unwrap(), serde_json::from_str(&message.body.unwrap()).unwrap()));
        }
        jobs
    }

    /// The ids of the statements that let something invoke the function.
    async fn statements(&self) -> Vec<String> {
        let answer = self.lambda.get_policy().function_name("ingest").send().await;
        let policy = answer.ok().and_then(|answer| answer.policy).unwrap_or_else(|| "{}".to_owned());
        let policy: Value = serde_json::from_str(&policy).unwrap();
        let statements = policy["Statement"].as_array().cloned().unwrap_or_default();
        statements.iter().map(|one| one["Sid"].as_str().unwrap().to_owned()).collect()
    }

    async fn routes(&self, api: &str) -> Vec<aws_sdk_apigatewayv2::types::Route> {
        self.api_gateway.get_routes().api_id(api).send().await.unwrap().items.unwrap_or_default()
    }
}

#[tokio::test]
async fn what_is_posted_to_an_api_is_a_job_in_the_queue() {
    if let Some(why) = Gaps::of(Some(&emulator())).lacks("http_api") {
        eprintln!("passed over: {why}");
        return;
    }
    let deployed = Deployed::prepare().await;
    // An apply that was interrupted after its first call: the tags are there, and nothing else.
    let tags = [("queuestack:stack", "api"), ("queuestack:address", "http_api.ingest-api")];
    let tags = tags.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
    let begun = deployed.api_gateway.create_api().name("ingest-api").protocol_type(ProtocolType::Http);
    let begun = begun.set_tags(Some(tags)).send().await.unwrap().api_id.unwrap();
    deployed.apply();
    assert_eq!(deployed.url().1, begun, "it was taken up, and no second one made");

    takes_what_is_right(&deployed).await;
    tells_what_is_wrong(&deployed).await;
    finds_what_was_done_by_hand(&deployed, &begun).await;
    leaves_nothing(&deployed).await;
}

async fn takes_what_is_right(deployed: &Deployed) {
    let (status, answer) = deployed.post(JOB);
    assert_eq!(status, 202, "{answer}");
    let jobs = deployed.jobs().await;
    let [(id, job)] = jobs.as_slice() else { panic!("{jobs:?}") };
    assert_eq!(&answer["id"], id);
    for (member, expected) in [
        ("version", json!(1)),
        ("type", json!("order.placed")),
        ("payload", json!({"order": 7})),
        ("idempotencyKey", json!("9f1c")),
        ("tenantId", json!("acme")),
    ] {
        assert_eq!(job[member], expected, "{member}");
    }
}

/// Method, path, headers, body, and the status that they come to.
type Case = (&'static str, &'static str, &'static [(&'static str, &'static str)], &'static str, u16);

async fn tells_what_is_wrong(deployed: &Deployed) {
    const JSON_TYPE: (&str, &str) = ("Content-Type", "application/json");
    let table: [Case; 5] = [
        ("POST", "/events", &[JSON_TYPE], "{", 400),
        ("POST", "/events", &[JSON_TYPE], r#"{"payload": {}}"#, 400),
        ("POST", "/events", &[("Content-Type", "text/plain")], JOB, 415),
        ("GET", "/events", &[], "", 404),
        ("POST", "/elsewhere", &[JSON_TYPE], JOB, 404),
    ];
    for (method, path, headers, body, expected) in table {
        let (status, answer) = deployed.ask(method, path, headers, body);
        assert_eq!(status, expected, "{method} {path} {body}: {answer}");
        assert!(status == 404 || answer["status"] == expected && answer["detail"].is_string(), "{answer}");
    }
    let long = format!(r#"{{"type": "a", "payload": {{"text": "{}"}}}}"#, "x".repeat(1_048_576));
    assert_eq!(deployed.post(&long).0, 413);
    assert_eq!(deployed.jobs().await, [], "nothing that was refused is in the queue");
}

async fn finds_what_was_done_by_hand(deployed: &Deployed, api: &str) {
    let changed = |attribute: &str| BTreeSet::from([("http_api.ingest-api".to_owned(), attribute.to_owned())]);
    let gateway = &deployed.api_gateway;

    // A route that somebody added is named, and goes; its integration goes with it.
    let routes = deployed.routes(api).await;
    let target = routes[0].target().unwrap().to_owned();
    gateway.create_route().api_id(api).route_key("GET /by-hand").target(&target).send().await.unwrap();
    assert_eq!(deployed.changes(), changed("routes"));
    let shown = deployed.project.ok(&[&["plan", &STACK], BUILT].concat());
    assert!(shown.contains("GET /by-hand"), "{shown}");
    deployed.apply();
    let left = deployed.routes(api).await;
    assert_eq!(left.iter().filter_map(|route| route.route_key()).collect::<Vec<_>>(), [ROUTE]);

    // A route that somebody removed comes back, with the integration that was left.
    let id = left[0].route_id().unwrap();
    gateway.delete_route().api_id(api).route_id(id).send().await.unwrap();
    assert_eq!(deployed.post(JOB).0, 404);
    assert_eq!(deployed.changes(), changed("routes"));
    deployed.apply();
    assert_eq!(deployed.routes(api).await[0].target(), Some(target.as_str()));
    assert_eq!(gateway.get_integrations().api_id(api).send().await.unwrap().items().len(), 1);

    // So does the permission, without which AWS answers 500.
    let statements = deployed.statements().await;
    let [statement] = statements.as_slice() else { panic!("{statements:?}") };
    deployed.lambda.remove_permission().function_name("ingest").statement_id(statement).send().await.unwrap();
    assert_eq!(deployed.changes(), changed("routes"));
    deployed.apply();
    assert_eq!(deployed.statements().await, statements);

    // And the stage, without which nothing is served.
    gateway.delete_stage().api_id(api).stage_name("$default").send().await.unwrap();
    let both = changed("throttle").into_iter().chain(changed("auto_deploy")).collect();
    assert_eq!(deployed.changes(), both);
    deployed.apply();
    assert_eq!(deployed.post(JOB).0, 202);
    assert_eq!(deployed.jobs().await.len(), 1);
}

/// The API goes first and takes its permission along; then everything goes.
async fn leaves_nothing(deployed: &Deployed) {
    let text = fs::read_to_string(&*STACK).unwrap();
    let without = file_in("api-alone", text.split("apis:").next().unwrap());
    deployed.project.ok(&[&["apply", &without, "--yes"], BUILT].concat());
    assert!(deployed.api_gateway.get_apis().send().await.unwrap().items().is_empty());
    assert_eq!(deployed.statements().await, [] as [&str; 0]);
    assert_eq!(deployed.lambda.list_functions().send().await.unwrap().functions().len(), 1);

    deployed.apply();
    deployed.project.ok(&["destroy", &STACK, "--yes"]);
    assert!(deployed.api_gateway.get_apis().send().await.unwrap().items().is_empty());
    assert!(deployed.lambda.list_functions().send().await.unwrap().functions().is_empty());
    assert!(deployed.sqs.list_queues().send().await.unwrap().queue_urls().is_empty());
}

/// The whole bundled system: over HTTP into a queue, and from there into a table.
#[tokio::test]
async fn what_is_posted_ends_as_an_item() {
    if let Some(why) = Gaps::of(Some(&emulator())).lacks("http_api") {
        eprintln!("passed over: {why}");
        return;
    }
    let deployed = Deployed::prepare().await;
    let dynamodb = aws_sdk_dynamodb::Client::new(&deployed.project.config().await);
    deployed.project.ok(&[&["apply", WHOLE, "--yes"], BUILT].concat());
    deployed.project.ok(&[&["plan", WHOLE, "--detailed-exitcode"], BUILT].concat());
    let event = json!({
        "tenant": "acme", "id": "4711", "type": "order.placed", "occurred_at": "2026-11-21T10:00:00Z", "data": {"sum": 7},
    });
    let (status, answer) = deployed.post(&json!({"type": "event.store", "payload": event}).to_string());
    assert_eq!(status, 202, "{answer}");
    let began = Instant::now();
    let item = loop {
        let found = dynamodb.scan().table_name("events").send().await.unwrap().items.unwrap_or_default();
        if let Some(item) = found.into_iter().next() {
            break item;
        }
        assert!(began.elapsed() < Duration::from_secs(60), "nothing was stored");
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    assert_eq!(item["id"].as_s().unwrap(), "4711");
    assert_eq!(item["data"].as_s().unwrap(), r#"{"sum":7}"#);
    deployed.project.ok(&["destroy", WHOLE, "--yes", "--allow-data-loss", "table.events"]);
    assert!(dynamodb.list_tables().send().await.unwrap().table_names().is_empty());
}
