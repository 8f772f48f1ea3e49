//! What applications need to know of a stack: queue URLs, ARNs and names, each under a variable's name.

use std::collections::BTreeMap;

use crate::kind::queue::{self, Queue};
use crate::kind::{Found, Kind as _};
use crate::manifest::there_is_no;
use crate::model::{Address, Fact, Ref, Resource, Stack};
use crate::plan::owner;

/// Where the stack is.
#[derive(Clone, Copy, Debug)]
pub struct Whereabouts<'a> {
    /// The Region.
    pub region: &'a str,
    /// The endpoint; `None` for AWS itself.
    pub endpoint: Option<&'a str>,
}

/// Why there are no outputs.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum OutputError {
    /// Some of the stack is not there.
    #[error("{} not there yet: `queuestack apply` makes {}", are(.0), if .0.len() == 1 { "it" } else { "them" })]
    Missing(Vec<String>),
    /// The stack has no such queue.
    #[error("{0}")]
    NoQueue(String),
    /// Two resources would have one variable.
    #[error("{0} and {1} would both be {2}: rename one of them")]
    Collision(String, String, String),
}

fn are(missing: &[String]) -> String {
    let verb = if missing.len() == 1 { "is" } else { "are" };
    format!("{} {verb}", missing.join(", "))
}

/// Names what applications need: variable → value.
///
/// A queue's URL is `QUEUE_URL_<LOGICAL_NAME>`, as workers are told it. The one queue of a stack, or the `chosen` one,
/// is `SQS_QUEUE_URL` and `QUEUE_URL` besides, and its dead-letter queue `DLQ_URL`. Dead-letter queues do not count.
///
/// # Errors
/// When something is not there yet or is another stack's, or a name is wrong or taken twice.
pub fn outputs(
    stack: &Stack,
    found: &[Found],
    whereabouts: Whereabouts<'_>,
    chosen: Option<&str>,
) -> Result<BTreeMap<String, String>, OutputError> {
    let wanted = stack.resources.values().filter(|resource| !resource.kind.outputs().is_empty());
    let pairs: Vec<_> = wanted.map(|resource| (resource, live(resource, stack, found, whereabouts.region))).collect();
    let missing: Vec<String> =
        pairs.iter().filter(|(_, live)| live.is_none()).map(|(resource, _)| resource.address.to_string()).collect();
    if !missing.is_empty() {
        return Err(OutputError::Missing(missing));
    }
    let mut outputs = BTreeMap::from([("AWS_REGION".to_owned(), whereabouts.region.to_owned())]);
    let mut owners: BTreeMap<String, &Address> = BTreeMap::new();
    for (resource, live) in pairs.iter().filter_map(|(resource, live)| Some((resource, (*live)?))) {
        for (prefix, fact) in resource.kind.outputs() {
            let name = format!("{prefix}_{}", upper_snake(&resource.address.name));
            if let Some(other) = owners.insert(name.clone(), &resource.address) {
                return Err(OutputError::Collision(other.to_string(), resource.address.to_string(), name));
            }
            outputs.extend(fact_of(live, *fact).map(|value| (name, value)));
        }
    }
    let url = |address: &Address| outputs.get(&format!("QUEUE_URL_{}", upper_snake(&address.name))).cloned();
    let mut more = Vec::new();
    if let Some(queue) = the_queue(stack, chosen)? {
        let dead_letters = queue::dead_letter_queue(queue).and_then(Result::ok).and_then(url);
        let own = url(&queue.address);
        more.extend([("SQS_QUEUE_URL", own.clone()), ("QUEUE_URL", own), ("DLQ_URL", dead_letters)]);
    }
    more.push(("SQS_ENDPOINT", endpoint(whereabouts, &outputs)));
    more.push(("AWS_ENDPOINT_URL_SQS", whereabouts.endpoint.map(str::to_owned)));
    outputs.extend(more.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
    Ok(outputs)
}

/// What is there of a resource, if it is the stack's.
fn live<'a>(resource: &Resource, stack: &Stack, found: &'a [Found], region: &str) -> Option<&'a Found> {
    let name = resource.name_in(region);
    let mut of_kind = found.iter().filter(|one| one.kind.name() == resource.kind.name());
    of_kind.find(|one| one.name == name && owner(&one.tags) == Some(&stack.name))
}

fn fact_of(live: &Found, fact: Fact) -> Option<String> {
    match fact {
        Fact::Arn => Some(live.arn.clone()),
        Fact::Name => Some(live.name.clone()),
        fact => live.facts.get(&fact).cloned(),
    }
}

/// The endpoint that the stack went to, or the one that its queues' URLs begin with.
fn endpoint(whereabouts: Whereabouts<'_>, outputs: &BTreeMap<String, String>) -> Option<String> {
    if let Some(endpoint) = whereabouts.endpoint {
        return Some(endpoint.to_owned());
    }
    let mut urls = outputs.iter().filter(|(name, _)| name.starts_with("QUEUE_URL_")).map(|(_, url)| url);
    let (scheme, rest) = urls.next()?.split_once("://")?;
    Some(format!("{scheme}://{}", rest.split('/').next()?))
}

/// The queue that is meant when nobody says which.
fn the_queue<'a>(stack: &'a Stack, chosen: Option<&str>) -> Result<Option<&'a Resource>, OutputError> {
    let queues = || stack.of_kind(Queue.name());
    if let Some(name) = chosen {
        let queue = queues().find(|queue| queue.address.name == name);
        let names = queues().map(|queue| queue.address.name.as_str());
        let said = || there_is_no(&format!("the stack has no queue `{name}`"), name, names);
        return queue.map(Some).ok_or_else(|| OutputError::NoQueue(said()));
    }
    let targets: Vec<Ref> =
        queues().filter_map(queue::dead_letter_target).filter_map(|target| target.as_ref().cloned()).collect();
    let mut sources = queues().filter(|queue| !targets.iter().any(|target| target.address() == Some(&queue.address)));
    let first = sources.next();
    Ok(first.filter(|_| sources.next().is_none()))
}

/// `notification-queue` → `NOTIFICATION_QUEUE`, as in the names of workers' variables.
#[must_use]
pub fn upper_snake(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect()
}
