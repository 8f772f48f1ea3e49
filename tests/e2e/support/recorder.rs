//! A proxy in front of an emulator that writes down, in IAM's terms, what is asked of AWS. It shares no code with the
//! product: the requests themselves say what they are.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::Value;

/// One action that AWS would check, with the resource and the keys of conditions that it would check it against.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Call {
    pub action: String,
    pub resource: String,
    pub context: BTreeMap<String, String>,
}

/// The proxy.
pub struct Recorder {
    pub endpoint: String,
    calls: Arc<Mutex<Vec<Call>>>,
}

/// A request, read to its end.
struct Request {
    method: String,
    path: String,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

impl Recorder {
    /// Starts a proxy to an endpoint.
    pub fn start(upstream: &str) -> Recorder {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let calls = Arc::new(Mutex::new(Vec::new()));
        let upstream = upstream.strip_prefix("http://").unwrap().to_owned();
        let shared = Arc::clone(&calls);
        std::thread::spawn(move || {
            for stream in listener.incoming().map(Result::unwrap) {
                let (upstream, calls) = (upstream.clone(), Arc::clone(&shared));
                std::thread::spawn(move || serve(stream, &upstream, &calls));
            }
        });
        Recorder { endpoint, calls }
    }

    /// What was asked since the last time.
    pub fn take(&self) -> Vec<Call> {
        std::mem::take(&mut self.calls.lock().unwrap())
    }
}

/// Hands one request on. Both sides close after it, so that no end has to be looked for.
fn serve(mut client: TcpStream, upstream: &str, calls: &Mutex<Vec<Call>>) {
    let Some((head, request)) = read(&client) else { return };
    calls.lock().unwrap().extend(checked(&request));
    let mut server = TcpStream::connect(upstream).unwrap();
    let head = head.lines().filter(|line| !line.to_lowercase().starts_with("connection:") && !line.is_empty());
    let head: String = head.flat_map(|line| [line, "\r\n"]).collect();
    server.write_all(format!("{head}Connection: close\r\n\r\n").as_bytes()).unwrap();
    server.write_all(&request.body).unwrap();
    let mut answer = Vec::new();
    server.read_to_end(&mut answer).unwrap();
    let _ = client.write_all(&answer);
}

fn read(client: &TcpStream) -> Option<(String, Request)> {
    let mut reader = BufReader::new(client);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        // A connection that the client opened ahead and never used.
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let mut lines = head.lines();
    let mut words = lines.next()?.split(' ');
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let pairs = lines.filter_map(|line| line.split_once(": "));
    let headers: BTreeMap<_, _> = pairs.map(|(key, value)| (key.to_lowercase(), value.to_owned())).collect();
    let mut body = vec![0; headers.get("content-length").map_or(0, |length| length.parse().unwrap())];
    reader.read_exact(&mut body).ok()?;
    Some((head, Request { method, path, headers, body }))
}

/// The actions that AWS checks for a request.
fn checked(request: &Request) -> Vec<Call> {
    // `Credential=<key>/<date>/<Region>/<service>/aws4_request`.
    let service = request.headers.get("authorization").and_then(|text| text.split('/').nth(3)).unwrap_or_default();
    let json = || serde_json::from_slice(&request.body).unwrap_or(Value::Null);
    let operation = request.headers.get("x-amz-target").and_then(|target| target.split('.').nth(1)).unwrap_or_default();
    match service {
        // Who one is may be asked by everybody.
        "sts" => Vec::new(),
        // Unsigned: which emulator it is.
        "" if request.path.ends_with("/health") => Vec::new(),
        "tagging" => vec![call(&format!("tag:{operation}"), "*")],
        "sqs" => sqs(operation, &json()),
        "dynamodb" => dynamodb(operation, &json()),
        "events" => events(operation, &json()),
        "logs" => logs(operation, &json()),
        "monitoring" => {
            let body: ciborium::Value = ciborium::from_reader(&request.body[..]).unwrap();
            cloudwatch(request.path.rsplit('/').next().unwrap(), &body)
        }
        "iam" => iam(&String::from_utf8_lossy(&request.body)),
        "sns" => sns(&String::from_utf8_lossy(&request.body)),
        "lambda" => lambda(&request.method, &request.path, &json()),
        "apigateway" => api_gateway(&request.method, &request.path, &json()),
        other => panic!("requests of {other} are not known here: {} {}", request.method, request.path),
    }
}

fn dynamodb(operation: &str, body: &Value) -> Vec<Call> {
    let resource = match (body["TableName"].as_str(), body["ResourceArn"].as_str()) {
        (Some(table), _) => arn("dynamodb", &format!("table/{table}")),
        (None, Some(arn)) => arn.to_owned(),
        (None, None) => "*".to_owned(),
    };
    let tagged = operation == "CreateTable" && body["Tags"].is_array();
    with_tags(vec![call(&format!("dynamodb:{operation}"), &resource)], "dynamodb:TagResource", tagged)
}

fn events(operation: &str, body: &Value) -> Vec<Call> {
    let text = |key: &str| body[key].as_str();
    let bus = text("EventBusName").filter(|bus| *bus != "default").map_or(String::new(), |bus| format!("{bus}/"));
    let resource = match operation {
        "ListEventBuses" | "ListRules" | "ListRuleNamesByTarget" => "*".to_owned(),
        "PutPermission" | "RemovePermission" => arn("events", &format!("event-bus/{}", text("EventBusName").unwrap())),
        "PutRule" | "DeleteRule" => arn("events", &format!("rule/{bus}{}", text("Name").unwrap())),
        "PutTargets" | "RemoveTargets" | "ListTargetsByRule" => {
            arn("events", &format!("rule/{bus}{}", text("Rule").unwrap()))
        }
        _ => text("ResourceARN")
            .map_or_else(|| arn("events", &format!("event-bus/{}", text("Name").unwrap())), str::to_owned),
    };
    with_tags(
        vec![call(&format!("events:{operation}"), &resource)],
        "events:TagResource",
        ["CreateEventBus", "PutRule"].contains(&operation) && body["Tags"].is_array(),
    )
}

fn call(action: &str, resource: &str) -> Call {
    Call { action: action.to_owned(), resource: resource.to_owned(), context: BTreeMap::new() }
}

fn arn(service: &str, resource: &str) -> String {
    format!("arn:aws:{service}:us-east-1:000000000000:{resource}")
}

/// Creating with tags is tagging besides.
fn with_tags(calls: Vec<Call>, action: &str, has_tags: bool) -> Vec<Call> {
    let tagging = calls.first().filter(|_| has_tags).map(|first| call(action, &first.resource));
    calls.into_iter().chain(tagging).collect()
}

fn sqs(operation: &str, body: &Value) -> Vec<Call> {
    let name = body["QueueName"].as_str().or(body["QueueUrl"].as_str()).and_then(|name| name.rsplit('/').next());
    let resource = name.map_or("*".to_owned(), |name| arn("sqs", name));
    with_tags(vec![call(&format!("sqs:{operation}"), &resource)], "sqs:TagQueue", body["tags"].is_object())
}

fn logs(operation: &str, body: &Value) -> Vec<Call> {
    let action = format!("logs:{operation}");
    if operation == "DescribeLogGroups" {
        return vec![call(&action, &arn("logs", "log-group::log-stream:"))];
    }
    let resource = body["resourceArn"]
        .as_str()
        .map_or_else(|| arn("logs", &format!("log-group:{}:*", body["logGroupName"].as_str().unwrap())), str::to_owned);
    with_tags(
        vec![call(&action, &resource)],
        "logs:TagResource",
        operation == "CreateLogGroup" && body["tags"].is_object(),
    )
}

fn cloudwatch(operation: &str, body: &ciborium::Value) -> Vec<Call> {
    let member = |name: &str| {
        let mut members = body.as_map().unwrap().iter();
        members.find(|(key, _)| key.as_text() == Some(name)).map(|(_, value)| value)
    };
    let action = format!("cloudwatch:{operation}");
    let resource = match operation {
        "DescribeAlarms" => arn("cloudwatch", "alarm:*"),
        "DeleteAlarms" => {
            let names = member("AlarmNames").unwrap().as_array().unwrap().iter();
            return names
                .map(|name| call(&action, &arn("cloudwatch", &format!("alarm:{}", name.as_text().unwrap()))))
                .collect();
        }
        _ => member("AlarmName").map_or_else(
            || member("ResourceARN").unwrap().as_text().unwrap().to_owned(),
            |name| arn("cloudwatch", &format!("alarm:{}", name.as_text().unwrap())),
        ),
    };
    let tagged = operation == "PutMetricAlarm" && member("Tags").is_some();
    with_tags(vec![call(&action, &resource)], "cloudwatch:TagResource", tagged)
}

fn sns(body: &str) -> Vec<Call> {
    let form = form(body);
    let operation = &form["Action"];
    let topic = form.get("TopicArn").or(form.get("ResourceArn")).cloned();
    let resource = topic.or_else(|| Some(arn("sns", form.get("Name")?))).unwrap_or_else(|| "*".to_owned());
    let tagged = operation == "CreateTopic" && form.contains_key("Tags.member.1.Key");
    with_tags(vec![call(&format!("sns:{operation}"), &resource)], "sns:TagResource", tagged)
}

/// The members of a request in the query protocol.
fn form(body: &str) -> BTreeMap<String, String> {
    let decode = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8().unwrap().into_owned();
    let pairs = body.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(key, value)| (key.to_owned(), decode(value))).collect()
}

fn iam(body: &str) -> Vec<Call> {
    let form = form(body);
    let operation = &form["Action"];
    // The path is part of a role's ARN, and only some requests tell it: whoever compares knows the others.
    let path = form.get("Path").map_or("?", String::as_str);
    let name = form.get("RoleName").filter(|_| operation != "ListRoles");
    let resource = name.map_or("*".to_owned(), |name| format!("arn:aws:iam::000000000000:role{path}{name}"));
    let mut made = call(&format!("iam:{operation}"), &resource);
    made.context.extend(form.get("PolicyArn").map(|arn| ("iam:PolicyARN".to_owned(), arn.clone())));
    made.context.extend(form.get("PermissionsBoundary").map(|arn| ("iam:PermissionsBoundary".to_owned(), arn.clone())));
    with_tags(vec![made], "iam:TagRole", operation == "CreateRole" && form.contains_key("Tags.member.1.Key"))
}

fn lambda(method: &str, path: &str, body: &Value) -> Vec<Call> {
    let path = path.split('?').next().unwrap();
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).skip(1).collect();
    let function = |name: &str| arn("lambda", &format!("function:{name}"));
    let pass = |service: &str| {
        let mut pass = call("iam:PassRole", body["Role"].as_str().unwrap());
        pass.context.insert("iam:PassedToService".to_owned(), service.to_owned());
        pass
    };
    let by_method = |get: &str, put: &str, delete: &str| match method {
        "GET" => format!("lambda:{get}"),
        "DELETE" => format!("lambda:{delete}"),
        _ => format!("lambda:{put}"),
    };
    match parts.as_slice() {
        ["functions"] if method == "GET" => vec![call("lambda:ListFunctions", "*")],
        ["functions"] => {
            let resource = function(body["FunctionName"].as_str().unwrap());
            let made = with_tags(
                vec![call("lambda:CreateFunction", &resource)],
                "lambda:TagResource",
                body["Tags"].is_object(),
            );
            made.into_iter().chain([pass("lambda.amazonaws.com")]).collect()
        }
        // It answers without the tags of who may not list them.
        ["functions", name] if method == "GET" => {
            vec![call("lambda:GetFunction", &function(name)), call("lambda:ListTags", &function(name))]
        }
        ["functions", name] => vec![call("lambda:DeleteFunction", &function(name))],
        ["functions", name, "code"] => vec![call("lambda:UpdateFunctionCode", &function(name))],
        ["functions", name, "configuration"] => {
            let update = call("lambda:UpdateFunctionConfiguration", &function(name));
            [update].into_iter().chain(body["Role"].is_string().then(|| pass("lambda.amazonaws.com"))).collect()
        }
        ["functions", name, "concurrency"] => {
            let action = by_method("GetFunctionConcurrency", "PutFunctionConcurrency", "DeleteFunctionConcurrency");
            vec![call(&action, &function(name))]
        }
        ["functions", name, "event-invoke-config"] => {
            let [get, put, delete] = ["Get", "Put", "Delete"].map(|verb| format!("{verb}FunctionEventInvokeConfig"));
            vec![call(&by_method(&get, &put, &delete), &function(name))]
        }
        ["tags", rest @ ..] => {
            let resource = percent_encoding::percent_decode_str(&rest.join("/")).decode_utf8().unwrap().into_owned();
            vec![call(&by_method("ListTags", "TagResource", "UntagResource"), &resource)]
        }
        ["functions", name, "policy", rest @ ..] => {
            let name = percent_encoding::percent_decode_str(name).decode_utf8().unwrap();
            let name = name.rsplit(':').next().unwrap();
            let action = match (method, rest) {
                ("GET", []) => "lambda:GetPolicy",
                ("POST", []) => "lambda:AddPermission",
                _ => "lambda:RemovePermission",
            };
            vec![call(action, &function(name))]
        }
        ["event-source-mappings"] if method == "GET" => vec![call("lambda:ListEventSourceMappings", "*")],
        ["event-source-mappings"] => {
            let name = body["FunctionName"].as_str().unwrap().rsplit(':').next().unwrap();
            let mut made = call("lambda:CreateEventSourceMapping", "*");
            made.context.insert("lambda:FunctionArn".to_owned(), function(name));
            let tagged = call("lambda:TagResource", &arn("lambda", "event-source-mapping:new"));
            [made].into_iter().chain(body["Tags"].is_object().then_some(tagged)).collect()
        }
        ["event-source-mappings", id] => {
            let action = by_method("GetEventSourceMapping", "UpdateEventSourceMapping", "DeleteEventSourceMapping");
            vec![call(&action, &arn("lambda", &format!("event-source-mapping:{id}")))]
        }
        other => panic!("{method} {other:?} is not known here"),
    }
}

/// Actions are methods, and resources are paths, that of the tags with an ARN in it.
fn api_gateway(method: &str, path: &str, body: &Value) -> Vec<Call> {
    let path = path.split('?').next().unwrap().strip_prefix("/v2").unwrap();
    let resource = format!("arn:aws:apigateway:us-east-1::{path}");
    let made = vec![call(&format!("apigateway:{method}"), &resource)];
    let Some(tagged) = path.strip_prefix("/tags/") else {
        return with_tags(made, "apigateway:TagResource", method == "POST" && body["tags"].is_object());
    };
    let tagged = percent_encoding::percent_decode_str(tagged).decode_utf8().unwrap().into_owned();
    let more = match method {
        "POST" => Some(call("apigateway:TagResource", &tagged)),
        "DELETE" => Some(call("apigateway:UntagResource", &tagged)),
        _ => None,
    };
    made.into_iter().chain(more).collect()
}
