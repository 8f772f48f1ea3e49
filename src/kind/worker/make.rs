//! The log group, role, function and mapping that a worker stands for.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

use super::grant::{Grant, is_known, url};
use super::rows;
use crate::kind::{Kind, Row, function, log_group, mapping, queue, role};
use crate::model::{Address, Fact, REGION, Ref, Resource, Stack};
use crate::value::Value;

/// AWS advises a visibility timeout of six times the function's timeout, plus the batching window, so that a
/// throttled batch can be tried again before its messages are seen by others.
/// <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html>
const TRIES: i64 = 6;
/// The longest that Lambda lets a function run.
const LONGEST: i64 = 900;
/// How many batches of one queue are in work at once unless said: an endless queue must not cost without end.
const CONCURRENCY: i64 = 5;
/// The least concurrency that a mapping can be given.
/// <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html>
const LEAST_CONCURRENCY: i64 = 2;
/// What a worker says of its code, under the keys that a function's code has.
const CODE_ROWS: [&Row; 6] =
    [&rows::PACKAGE, &rows::FEATURES, &rows::ARTIFACT, &rows::BUCKET, &rows::BUCKET_PREFIX, &rows::BUCKET_FOR];
/// The longest name of a role.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
const ROLE_NAME: usize = 64;

/// The names of what a worker became.
pub struct Made {
    /// Its function.
    pub function: Address,
    /// Its role, when it is not one that the stack file names.
    pub role: Option<Address>,
    /// Its mapping, when it has a queue.
    pub mapping: Option<Address>,
    /// Its queue: a reference, or an ARN; nothing if it has none, or one that the stack does not have.
    pub queue: Value,
}

impl Made {
    /// The queue, if it is one of this stack.
    pub fn own_queue(&self) -> Option<&Address> {
        self.queue.as_ref().and_then(Ref::address)
    }
}

/// Makes them, as far as the stack file does not say otherwise.
pub fn make(worker: &Resource, stack: &mut Stack) -> Made {
    let name = worker.address.name.clone();
    let function = make_function(worker, stack);
    make_log_group(worker, &function, stack);
    let address = Address::new(role::Role.name(), &name);
    let function_role = stack.resources.get(&function).map(|one| one.get(&function::ROLE).clone());
    let own_role = function_role.is_some_and(|role| refers_to(&role, &address));
    if own_role {
        make_role(worker, &function, stack);
    }
    let queue = worker.get(&rows::QUEUE).clone();
    let mapping = (!queue.is_null()).then(|| make_mapping(worker, &queue, &function, stack));
    // The mapping alone refers to a queue that is not there, so that it is told once.
    let queue = if is_known(&queue, stack) { queue } else { Value::Null };
    Made { role: own_role.then_some(address), function, mapping, queue }
}

fn make_function(worker: &Resource, stack: &mut Stack) -> Address {
    let name = &worker.address.name;
    let says_tracing = says(stack, &function::Function, &function::TRACING);
    let function = stack.ensure(&function::Function, name, worker);
    adopt(function, worker, worker.physical_name().to_owned());
    for row in rows::HANDED_ON {
        hand_on(worker, row.key, worker.get(row).clone(), function, row);
    }
    let code = CODE_ROWS.map(|row| (row.key, worker.get(row).clone()));
    let code: BTreeMap<_, _> = code.into_iter().filter(|(_, value)| !value.is_null()).collect();
    if !code.is_empty() {
        fill(function, &function::CODE, Value::map(code));
        let from = if worker.get(&rows::PACKAGE).is_null() { rows::ARTIFACT.key } else { rows::PACKAGE.key };
        copy_spans(worker, from, function, function::CODE.key);
    }
    fill(function, &function::ROLE, Ref::hard(&Address::new(role::Role.name(), name), Fact::Arn));
    if !says_tracing {
        fill(function, &function::TRACING, Value::text("Active"));
    }
    let group = Address::new(log_group::LogGroup.name(), name);
    let levels = worker.get(&rows::LOG_LEVELS);
    let mut logging = BTreeMap::from([
        (function::LOG_FORMAT.key.to_owned(), Value::text("JSON")),
        // The group must be there first: Lambda would make one that keeps everything for ever.
        (function::LOG_GROUP.key.to_owned(), Ref::hard(&group, Fact::Name)),
    ]);
    for (key, row) in rows::LOG_LEVEL_KEYS {
        logging.insert(row.key.to_owned(), levels.get(key).clone());
    }
    merge(function, &function::LOGGING, logging);
    function.address.clone()
}

/// Makes the log group, unless the function logs to another.
fn make_log_group(worker: &Resource, function: &Address, stack: &mut Stack) {
    let address = Address::new(log_group::LogGroup.name(), &worker.address.name);
    let Some(function) = stack.resources.get(function) else { return };
    if !refers_to(function.get(&function::LOGGING).get(function::LOG_GROUP.key), &address) {
        return;
    }
    let name = format!("/aws/lambda/{}", function.physical_name());
    let group = stack.ensure(&log_group::LogGroup, &address.name, worker);
    adopt(group, worker, name);
    hand_on(worker, rows::LOG_RETENTION.key, worker.get(&rows::LOG_RETENTION).clone(), group, &log_group::RETENTION);
}

fn make_role(worker: &Resource, function: &Address, stack: &mut Stack) {
    let name = role_name(&physical_name(stack, function));
    let role = stack.ensure(&role::Role, &worker.address.name, worker);
    adopt(role, worker, name);
    for row in [&role::MANAGED_POLICIES, &role::BOUNDARY_ARN] {
        hand_on(worker, row.key, worker.get(row).clone(), role, row);
    }
}

/// Names the role of a function: with the Region, since the account has one set of roles for all of them.
///
/// A name that would be too long is cut, and told apart by its digest.
fn role_name(function: &str) -> String {
    let room = ROLE_NAME - role::check::LONGEST_REGION.len() - "-role-".len();
    if function.len() <= room {
        return format!("{function}-role-{REGION}");
    }
    let digest = Sha256::digest(function);
    let digest: String = digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    let begin: String = function.chars().take(room - "-".len() - digest.len()).collect();
    format!("{begin}-{digest}-role-{REGION}")
}

fn make_mapping(worker: &Resource, queue: &Value, function: &Address, stack: &mut Stack) -> Address {
    name_fifo(queue, stack);
    let reserved = stack.resources.get(function).and_then(|one| one.get(&function::RESERVED_CONCURRENCY).as_int());
    let says_concurrency = says(stack, &mapping::Mapping, &mapping::MAX_CONCURRENCY);
    let mapping = stack.ensure(&mapping::Mapping, &worker.address.name, worker);
    inherit_tags(mapping, worker);
    hand_on(worker, rows::QUEUE.key, queue.clone(), mapping, &mapping::QUEUE);
    fill(mapping, &mapping::FUNCTION, Ref::hard(function, Fact::Arn));
    let batch = worker.get(&rows::BATCH);
    for (key, row) in rows::BATCH_KEYS {
        let path = format!("{}.{key}", rows::BATCH.key);
        hand_on(worker, &path, batch.get(key).clone(), mapping, row);
    }
    // More pollers than the function may run at once only throttle, and each throttled receive counts as one.
    let most = reserved.map_or(CONCURRENCY, |reserved| reserved.min(CONCURRENCY));
    if !says_concurrency && most >= LEAST_CONCURRENCY {
        fill(mapping, &mapping::MAX_CONCURRENCY, Value::Int(most));
    }
    mapping.address.clone()
}

/// A mapping is named by its queue, which gets its suffix only when queues expand.
fn name_fifo(queue: &Value, stack: &mut Stack) {
    let Some(address) = queue.as_ref().and_then(Ref::address) else { return };
    let fifo = stack.default_of(&queue::Queue, &queue::FIFO);
    if let Some(queue) = stack.resources.get_mut(address) {
        queue.fill(&queue::FIFO, fifo);
        queue.name = Some(queue::Queue.physical_name(queue));
    }
}

/// Fits the function's timeout and the queue's visibility timeout to each other, whichever of the two was said.
pub fn fit_times(made: &Made, stack: &mut Stack) {
    let int = |stack: &Stack, of: &Address, row| stack.resources.get(of).and_then(|one| one.get(row).as_int());
    let Some(mapping) = &made.mapping else { return };
    let Some(queue) = made.own_queue() else { return };
    let window = int(stack, mapping, &mapping::WINDOW)
        .or_else(|| stack.default_of(&mapping::Mapping, &mapping::WINDOW).as_int())
        .unwrap_or_default();
    let timeout = int(stack, &made.function, &function::TIMEOUT);
    let visibility = int(stack, queue, &queue::VISIBILITY_TIMEOUT);
    // What followed from another worker of the queue was said by nobody: the slowest needs the most.
    let derived = visibility.filter(|_| follows_from_worker(stack, queue, mapping));
    let said = (visibility.is_some() && derived.is_none()) || says(stack, &queue::Queue, &queue::VISIBILITY_TIMEOUT);
    let default = stack.default_of(&queue::Queue, &queue::VISIBILITY_TIMEOUT).as_int();
    match (timeout, visibility.or(default)) {
        (None, Some(visibility)) => {
            if let Some(function) = stack.resources.get_mut(&made.function) {
                fill(function, &function::TIMEOUT, Value::Int(timeout_for(visibility, window)));
            }
        }
        (Some(timeout), _) if !said => {
            let needed = TRIES * timeout + window;
            let span = stack.resources.get(&made.function).and_then(|one| one.span(function::TIMEOUT.key));
            let more = derived.is_none_or(|derived| derived < needed);
            if let Some(queue) = stack.resources.get_mut(queue).filter(|_| more) {
                queue.set(&queue::VISIBILITY_TIMEOUT, Value::Int(needed));
                queue.spans.extend(span.map(|span| (queue::VISIBILITY_TIMEOUT.key.to_owned(), span)));
            }
        }
        _ => {}
    }
}

/// Tells whether a queue's visibility timeout followed from the timeout of another function that it feeds: then it
/// stands where that does.
fn follows_from_worker(stack: &Stack, queue: &Address, own: &Address) -> bool {
    let place = stack.resources.get(queue).and_then(|queue| queue.spans.get(queue::VISIBILITY_TIMEOUT.key));
    let others = stack.of_kind(mapping::Mapping.name()).filter(|one| one.address != *own);
    let mut fed = others.filter(|one| refers_to(one.get(&mapping::QUEUE), queue));
    fed.any(|mapping| {
        let function = mapping.get(&mapping::FUNCTION).as_ref().and_then(Ref::address);
        let function = function.and_then(|function| stack.resources.get(function));
        place.is_some() && function.and_then(|function| function.span(function::TIMEOUT.key)).as_ref() == place
    })
}

/// The longest timeout that a visibility timeout carries.
pub fn timeout_for(visibility: i64, window: i64) -> i64 {
    ((visibility - window) / TRIES).clamp(1, LONGEST)
}

/// Gives the function the variables of its queue and grants, and its own, which win.
pub fn environment(worker: &Resource, made: &Made, grants: &[Grant], stack: &mut Stack) {
    let mut variables = BTreeMap::new();
    if !made.queue.is_null() {
        variables.insert("QUEUE_URL".to_owned(), url(&made.queue));
        let dead_letters = made.own_queue().and_then(|queue| queue::dead_letter_target(stack.resources.get(queue)?));
        variables.extend(dead_letters.map(|queue| ("DLQ_URL".to_owned(), url(&queue))));
    }
    variables.extend(grants.iter().map(Grant::variable));
    variables.extend(worker.get(&rows::ENVIRONMENT).as_map().cloned().unwrap_or_default());
    let Some(function) = stack.resources.get_mut(&made.function) else { return };
    if !variables.is_empty() {
        merge(function, &function::ENVIRONMENT, variables);
        copy_spans(worker, rows::ENVIRONMENT.key, function, function::ENVIRONMENT.key);
    }
    for grant in grants {
        let path = format!("{}.{}", function::ENVIRONMENT.key, grant.variable().0);
        if let Some(span) = worker.span(&grant.path) {
            function.spans.entry(path).or_insert(span);
        }
    }
    fill_secrets(worker, function);
}

/// What either says is secret is secret.
fn fill_secrets(worker: &Resource, function: &mut Resource) {
    let items = |resource: &Resource, row| resource.get(row).as_list().unwrap_or_default().to_vec();
    let mut secrets = items(function, &function::SECRETS);
    secrets.extend(items(worker, &rows::SECRETS));
    secrets.retain(|secret| !secret.is_null());
    if !secrets.is_empty() {
        function.set(&function::SECRETS, Value::List(secrets));
        copy_spans(worker, rows::SECRETS.key, function, function::SECRETS.key);
    }
}

/// Gives a resource that a worker makes its name and tags.
fn adopt(resource: &mut Resource, worker: &Resource, name: String) {
    resource.name.get_or_insert(name);
    inherit_tags(resource, worker);
}

/// What a worker makes carries the worker's tags.
fn inherit_tags(resource: &mut Resource, worker: &Resource) {
    for (key, value) in &worker.tags {
        resource.tags.entry(key.clone()).or_insert_with(|| value.clone());
    }
}

/// Hands what the worker says on, with its place in the file, unless the other says it itself.
fn hand_on(worker: &Resource, path: &str, value: Value, to: &mut Resource, row: &Row) {
    if !value.is_null() && to.get(row).is_null() {
        to.set(row, value);
        copy_spans(worker, path, to, row.key);
    }
}

fn copy_spans(worker: &Resource, from: &str, to: &mut Resource, key: &str) {
    for (path, span) in &worker.spans {
        let rest = path.strip_prefix(from).filter(|rest| rest.is_empty() || rest.starts_with('.'));
        if let Some(rest) = rest {
            to.spans.entry(format!("{key}{rest}")).or_insert(*span);
        }
    }
}

/// Sets what is not said.
pub fn fill(resource: &mut Resource, row: &Row, value: Value) {
    if resource.get(row).is_null() {
        resource.set(row, value);
    }
}

/// Sets what is not said of an attribute's members.
fn merge(resource: &mut Resource, row: &Row, members: BTreeMap<String, Value>) {
    let mut all = members;
    let said = resource.get(row).as_map().cloned().unwrap_or_default();
    all.extend(said.into_iter().filter(|(_, value)| !value.is_null()));
    all.retain(|_, value| !value.is_null());
    resource.set(row, Value::Map(all));
}

/// Tells whether the stack's `defaults:` say something of an attribute.
pub fn says(stack: &Stack, kind: &dyn Kind, row: &Row) -> bool {
    stack.defaults.get(kind.name()).and_then(|defaults| defaults.get(row.key)).is_some_and(|value| !value.is_null())
}

/// Tells whether a value is a fact of this resource.
pub fn refers_to(value: &Value, address: &Address) -> bool {
    value.as_ref().and_then(Ref::address) == Some(address)
}

/// The physical name of a resource of the stack.
pub fn physical_name(stack: &Stack, address: &Address) -> String {
    stack.resources.get(address).map_or_else(|| address.name.clone(), |one| one.physical_name().to_owned())
}
