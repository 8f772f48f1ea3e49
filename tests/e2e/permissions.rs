//! The policies that `queuestack policy` prints: golden files, and that they allow every call that is made and little else.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::calendar::BUILT;
use crate::support::{Call, Recorder, Run, StackFile, emulator, golden_text, pack, run};
use crate::tables::passed_over;

/// Calls that only endpoints get whose tagging API does not know every resource; AWS's does.
const NOT_ON_AWS: &[&str] = &["dynamodb:ListTables", "events:ListEventBuses", "lambda:ListFunctions", "sns:ListTopics"];

/// Calls that a role which only plans may not make, and whose refusal the plan can live with.
const REFUSED_TO_PLAN: &[(&str, &str)] =
    &[("dynamodb:Scan", "it is no business of a plan's what is in a table: it then says that there may be items")];

/// Allowed, and not seen in these flows: each with the reason why it is needed all the same.
const UNSEEN: &[(&str, &str)] = &[
    (
        "dynamodb:ListTagsOfResource",
        "asked where the tagging API does not know a table yet; the emulator's always does",
    ),
    ("ec2:DescribeSecurityGroups", "Lambda looks by itself, for functions in a VPC"),
    ("ec2:DescribeSubnets", "Lambda looks by itself, for functions in a VPC"),
    ("ec2:DescribeVpcs", "Lambda looks by itself, for functions in a VPC"),
    ("events:RemovePermission", "takes a policy away, and the emulator keeps none of a bus"),
    ("kms:CreateGrant", "DynamoDB asks by itself, for tables with a key"),
    ("kms:Decrypt", "DynamoDB asks by itself, for tables with a key"),
    ("kms:DescribeKey", "DynamoDB asks by itself, for tables with a key"),
    ("lambda:GetLayerVersion", "Lambda looks by itself, for functions with layers"),
    ("logs:AssociateKmsKey", "the emulator does not know it; creating a group with a key needs no call of its own"),
    ("logs:DisassociateKmsKey", "the emulator does not know it"),
    ("sqs:GetQueueUrl", "for a queue that the tagging API does not know yet; the emulator's knows it at once"),
];

const BEFORE: &str = "
stack: perms
tags: {team: a}
queues:
  perms-jobs: {redrive: {max_receive_count: 3}, alarms: {dead_letters: {}, backlog: {}}}
  perms-old: {}
log_groups: {perms: {name: /aws/lambda/perms}, perms-old: {}, perms-kept: {}}
roles:
  perms: {description: before, managed_policies: ['arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess'], policy: {Version: '2012-10-17', Statement: [{Effect: Allow, Action: 'sqs:SendMessage', Resource: '${queues.perms-jobs.arn}'}]}}
  perms-old: {policy: {Version: '2012-10-17', Statement: [{Effect: Allow, Action: 'sqs:SendMessage', Resource: '${queues.perms-jobs.arn}'}]}}
functions:
  perms: {role: perms, code: {artifact: app.zip}, reserved_concurrency: 3, on_failure: perms-jobs-dlq}
  perms-old: {role: perms, code: {artifact: app.zip}}
topics:
  perms: {tracing: active, subscriptions: [{queue: perms-old, filter: {a: [b]}}]}
  perms-old: {}
subscriptions:
  perms: {topic: perms, queue: perms-jobs}
  perms-old: {topic: perms-old, queue: perms-jobs}
mappings:
  perms: {queue: perms-jobs, function: perms}
  perms-old: {queue: perms-old, function: perms-old}
buses:
  perms: {description: before, policy: {Statement: [{Effect: Allow, Principal: {AWS: '123456789012'}, Action: 'events:PutEvents', Resource: '${buses.perms.arn}'}]}}
  perms-old: {}
rules:
  perms: {bus: perms, pattern: {source: [a]}, targets: [{queue: perms-jobs}, {function: perms-old}]}
  perms-old: {bus: perms-old, pattern: {source: [a]}, targets: [{function: perms}]}
apis:
  perms: {cors: {allow_origins: ['https://example.com']}, routes: [{route: POST /a, function: perms}, {route: POST /b, function: perms-old}]}
  perms-old: {routes: [{route: POST /c, function: perms}]}
tables:
  perms: {partition_key: {name: id}, time_to_live: end}
  perms-old: {partition_key: {name: id}}
";

/// Everything that can change in place has changed, and every `-old` is gone.
const AFTER: &str = "
stack: perms
tags: {group: b}
queues:
  perms-jobs: {delay: 5s, redrive: {max_receive_count: 3}, alarms: {dead_letters: {threshold: 2}, backlog: {}}}
log_groups: {perms: {name: /aws/lambda/perms, retention: 30d}, perms-kept: {retention: forever}}
roles:
  perms: {description: after, max_session: 2h, permissions_boundary: 'arn:aws:iam::aws:policy/PowerUserAccess', managed_policies: ['arn:aws:iam::aws:policy/CloudWatchReadOnlyAccess'], trust: {Version: '2012-10-17', Statement: [{Effect: Allow, Principal: {Service: [lambda.amazonaws.com, edgelambda.amazonaws.com]}, Action: 'sts:AssumeRole'}]}}
functions:
  perms: {role: perms, code: {artifact: other.zip}, timeout: 9s}
topics: {perms: {display_name: after}}
subscriptions: {perms: {topic: perms, queue: perms-jobs, filter: {a: [b]}}}
mappings:
  perms: {queue: perms-jobs, function: perms, batch_size: 5}
buses: {perms: {description: after, policy: {Statement: [{Effect: Allow, Principal: {AWS: '123456789012'}, Action: 'events:PutEvents', Resource: '${buses.perms.arn}'}]}}}
rules:
  perms: {bus: perms, description: after, pattern: {source: [b]}, targets: [{queue: perms-jobs, retry: {attempts: 3}}, {function: perms}]}
apis:
  perms: {description: after, routes: [{route: POST /a, function: perms, timeout: 9s, authorization: iam}], throttle: {rate: 5}}
tables:
  perms: {partition_key: {name: id}, stream: keys_only, point_in_time_recovery: false}
";

/// A policy as IAM reads it.
struct Policy(Value);

impl Policy {
    /// Asks for the policy of a stack on the emulator's account.
    fn of(stack: &str, role: &str) -> Policy {
        let arguments = ["policy", stack, "--for", role, "--account", "000000000000", "--region", "us-east-1"];
        Policy(Run::new(&arguments).output().exits(0).json())
    }

    fn statements(&self) -> &[Value] {
        self.0["Statement"].as_array().unwrap()
    }

    fn actions(&self) -> BTreeSet<String> {
        self.statements().iter().flat_map(|statement| items(&statement["Action"])).map(str::to_owned).collect()
    }

    fn allows(&self, call: &Call) -> bool {
        self.statements().iter().any(|statement| {
            let action = items(&statement["Action"]).any(|action| action == call.action);
            let resource = items(&statement["Resource"]).any(|pattern| matches(pattern, &call.resource));
            action && resource && fulfils(&statement["Condition"], &call.context)
        })
    }
}

fn items(value: &Value) -> impl Iterator<Item = &str> {
    value.as_array().unwrap().iter().map(|item| item.as_str().unwrap())
}

/// `*` stands for anything.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((before, after)) => text.strip_prefix(before).is_some_and(|rest| {
            (0..=rest.len()).filter(|at| rest.is_char_boundary(*at)).any(|at| matches(after, &rest[at..]))
        }),
    }
}

/// All operators that occur here ask for one of several values.
fn fulfils(condition: &Value, context: &BTreeMap<String, String>) -> bool {
    condition.as_object().into_iter().flatten().all(|(operator, keys)| {
        assert!(["StringEquals", "ArnEquals"].contains(&operator.as_str()), "{operator}");
        keys.as_object()
            .unwrap()
            .iter()
            .all(|(key, values)| context.get(key).is_some_and(|value| items(values).any(|allowed| allowed == value)))
    })
}

/// What AWS knows besides the requests: paths of roles, and the tags of what the stack has made.
#[derive(Default)]
struct World {
    stack: String,
    made: BTreeSet<String>,
    paths: BTreeMap<String, String>,
}

impl World {
    /// Completes calls by what AWS knows at their time.
    fn complete(&mut self, calls: Vec<Call>) -> Vec<Call> {
        let mut calls: Vec<Call> = calls;
        for call in &mut calls {
            self.complete_one(call);
        }
        calls
    }

    fn complete_one(&mut self, call: &mut Call) {
        if let Some((account, name)) = call.resource.split_once(":role?") {
            let path = self.paths.get(name).cloned().unwrap_or_else(|| format!("/queuestack/{}/", self.stack));
            call.resource = format!("{account}:role{path}{name}");
        } else if let Some((_, path)) = call.resource.split_once(":role/") {
            let (path, name) = path.rsplit_once('/').unwrap();
            self.paths.insert(name.to_owned(), format!("/{path}/"));
        }
        let plain = call.resource.strip_suffix(":*").unwrap_or(&call.resource).to_owned();
        if self.made.contains(&plain) || plain.contains(":event-source-mapping:") {
            call.context.insert("aws:ResourceTag/queuestack:stack".to_owned(), self.stack.clone());
        }
        let makes = ["cloudwatch:PutMetricAlarm", "events:PutRule"].contains(&call.action.as_str());
        if makes || call.action.contains(":Create") {
            self.made.insert(plain);
        }
    }
}

/// An emulator is asked to list every kind, to find what the stack no longer names. On AWS the tagging API tells, and a
/// service that the stack has nothing of is not called.
fn only_on_endpoints(call: &Call, allowed: &BTreeSet<String>) -> bool {
    let action = call.action.as_str();
    let (service, verb) = action.split_once(':').unwrap();
    let lists = verb.starts_with("List") || verb.starts_with("Describe");
    let used = allowed.iter().any(|other| other.split_once(':').unwrap().0 == service);
    // The list of APIs has their tags.
    let tags_of_apis = action == "apigateway:GET" && call.resource.contains("::/tags/");
    NOT_ON_AWS.contains(&action) || tags_of_apis || lists && !used
}

/// Runs a verb through the recorder, and checks every call of it.
struct Flow<'a> {
    recorder: &'a Recorder,
    world: World,
    seen: BTreeSet<String>,
}

impl Flow<'_> {
    fn run(&mut self, verb: &[&str], stack: &str, role: &str) {
        let policy = Policy::of(stack, role);
        self.recorder.take();
        let built = if verb[0] == "destroy" { &[] } else { BUILT };
        run(&self.recorder.endpoint, &[&verb[..1], &[stack], &verb[1..], built].concat()).exits(0);
        let calls = self.world.complete(self.recorder.take());
        assert!(!calls.is_empty());
        let allowed = policy.actions();
        let refused = |call: &Call| role == "plan" && REFUSED_TO_PLAN.iter().any(|(action, _)| *action == call.action);
        let made = calls.iter().filter(|call| !only_on_endpoints(call, &allowed) && !refused(call));
        for call in made {
            // A mapping's function is not in the requests that name its id.
            let functions = || self.world.made.iter().filter(|arn| arn.contains(":function:"));
            let by_function = || {
                call.resource.contains(":event-source-mapping:")
                    && functions().any(|arn| {
                        let mut call = call.clone();
                        call.context.insert("lambda:FunctionArn".to_owned(), arn.clone());
                        policy.allows(&call)
                    })
            };
            assert!(
                policy.allows(call) || by_function(),
                "{verb:?} {stack}: {call:#?} is not allowed by\n{:#}",
                policy.0
            );
        }
        self.seen.extend(calls.into_iter().map(|call| call.action));
    }
}

fn stacks() -> Vec<PathBuf> {
    let folder = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("stacks")).unwrap();
    let mut files: Vec<PathBuf> = folder.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|end| end == "yaml"));
    files.sort();
    files
}

#[test]
fn every_call_is_allowed_and_every_allowed_action_is_called() {
    let recorder = Recorder::start(&emulator::own());
    let (mut seen, mut allowed) = (BTreeSet::new(), BTreeSet::new());
    for file in stacks() {
        let (file, name) = (file.to_str().unwrap(), file.file_stem().unwrap().to_str().unwrap());
        let world = World { stack: name.to_owned(), ..World::default() };
        let mut flow = Flow { recorder: &recorder, world, seen: BTreeSet::new() };
        flow.run(&["plan"], file, "plan");
        flow.run(&["apply", "--yes"], file, "deploy");
        flow.run(&["plan"], file, "plan");
        flow.run(&["destroy", "--yes"], file, "deploy");
        allowed.extend(Policy::of(file, "deploy").actions());
        seen.extend(flow.seen);
    }

    let file = StackFile::new("permissions", BEFORE);
    let folder = Path::new(file.path()).parent().unwrap();
    pack(&folder.join("app.zip"), b"#!/bin/sh\n");
    pack(&folder.join("other.zip"), b"#!/bin/sh\nexit\n");
    let world = World { stack: "perms".to_owned(), ..World::default() };
    let mut flow = Flow { recorder: &recorder, world, seen: BTreeSet::new() };
    flow.run(&["apply", "--yes"], file.path(), "deploy");
    for text in [AFTER, BEFORE] {
        file.write(text);
        flow.run(&["plan"], file.path(), "plan");
        flow.run(&["apply", "--yes"], file.path(), "deploy");
        allowed.extend(Policy::of(file.path(), "deploy").actions());
    }
    flow.run(&["destroy", "--yes"], file.path(), "deploy");
    seen.extend(flow.seen);

    let unseen: Vec<&String> = allowed
        .iter()
        .filter(|action| !seen.contains(*action) && !UNSEEN.iter().any(|(known, _)| known == action))
        .filter(|action| !(passed_over() && action.starts_with("dynamodb:")))
        .collect();
    assert!(unseen.is_empty(), "allowed and never called: {unseen:#?}");
    let stale: Vec<_> = UNSEEN.iter().filter(|(action, _)| seen.contains(*action)).collect();
    assert!(stale.is_empty(), "called after all: {stale:#?}");
}

/// Statements may be on `*` only where IAM knows no resource; the tables of the kinds give the reasons.
const WITHOUT_RESOURCE: &[&str] = &["Discover", "RoleAny", "MappingAny", "FunctionAny", "SubscriptionAny", "RuleAny"];

#[test]
fn policies_name_this_stack_and_nothing_else() {
    for file in stacks() {
        let name = file.file_stem().unwrap().to_str().unwrap();
        let ask = |more: &[&str]| {
            let place = ["--account", "123456789012", "--region", "eu-west-1"];
            Run::new(&[&["policy", file.to_str().unwrap()], &place[..], more].concat()).output().exits(0)
        };
        for (role, policy) in [("deploy", ask(&[])), ("plan", ask(&["--for", "plan"]))] {
            golden_text(&format!("policy/{name}-{role}.json"), &policy.stdout);
            let policy = Policy(policy.json());
            let ids: BTreeSet<&str> = policy.statements().iter().map(|one| one["Sid"].as_str().unwrap()).collect();
            assert_eq!(ids.len(), policy.statements().len(), "ids are unique");
            for statement in policy.statements() {
                let id = statement["Sid"].as_str().unwrap();
                assert!(items(&statement["Action"]).all(|action| !action.contains('*')), "{id}");
                let any = items(&statement["Resource"]).any(|resource| resource == "*");
                assert!(!any || WITHOUT_RESOURCE.contains(&id), "{name}: {id} is on everything");
                let read = |action: &str| {
                    ["Get", "GET", "List", "Describe"]
                        .iter()
                        .any(|verb| action.split_once(':').unwrap().1.starts_with(verb))
                };
                assert!(role == "deploy" || items(&statement["Action"]).all(read), "{name}: {id} is not for planning");
            }
        }
    }
}

#[test]
fn a_boundary_bounds_every_role() {
    let calendar = Path::new(env!("CARGO_MANIFEST_DIR")).join("stacks/calendar.yaml");
    let boundary = "arn:aws:iam::123456789012:policy/bounded";
    let place = ["--account", "123456789012", "--region", "eu-west-1", "--boundary", boundary];
    let output = Run::new(&[&["policy", calendar.to_str().unwrap()], &place[..]].concat()).output().exits(0);
    output_says(&output.stderr);
    let policy = Policy(output.json());
    assert!(!policy.actions().contains("iam:DeleteRolePermissionsBoundary"));
    let role = "arn:aws:iam::123456789012:role/queuestack/calendar/calendar-sync-role-eu-west-1";
    let with = |action: &str, context: &[(&str, &str)]| {
        let context = context.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        policy.allows(&Call { action: action.to_owned(), resource: role.to_owned(), context })
    };
    for action in ["iam:CreateRole", "iam:PutRolePolicy"] {
        assert!(!with(action, &[]) && with(action, &[("iam:PermissionsBoundary", boundary)]), "{action}");
    }
    assert!(with("iam:PassRole", &[("iam:PassedToService", "lambda.amazonaws.com")]));
    assert!(!with("iam:PassRole", &[("iam:PassedToService", "ec2.amazonaws.com")]));
    Run::new(&["policy", calendar.to_str().unwrap(), "--account", "12"]).output().exits(1).says("twelve digits");
}

fn output_says(stderr: &str) {
    assert!(stderr.contains("role.calendar-sync has another boundary or none"), "{stderr}");
}
