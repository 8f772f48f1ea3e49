//! The Resource Groups Tagging API: `GetResources` over queues and alarms.

use serde_json::{Value, json};

use super::reply::Fault;
use super::world::{Tags, World, alarm_arn, page, queue_arn};

const MAX_PAGE: usize = 100;
const DEFAULT_PAGE: usize = 50;

/// Answers one operation of the tagging API.
pub fn answer(world: &World, operation: &str, body: &[u8]) -> Result<Value, Fault> {
    if operation != "GetResources" {
        return Err(Fault::unknown_operation(operation));
    }
    let malformed = |error: serde_json::Error| Fault::new(400, "SerializationException", &error.to_string());
    let input: Value = serde_json::from_slice(body).map_err(malformed)?;
    let size = match input["ResourcesPerPage"].as_u64() {
        None => DEFAULT_PAGE,
        Some(size) => usize::try_from(size)
            .ok()
            .filter(|size| (1..=MAX_PAGE).contains(size))
            .ok_or_else(|| Fault::new(400, "InvalidParameterException", "ResourcesPerPage is between 1 and 100."))?,
    };
    let token = input["PaginationToken"].as_str().filter(|token| !token.is_empty());
    let (resources, next) = page(matching(world, &input), size, token);
    let list: Vec<Value> = resources.into_iter().map(|(arn, tags)| mapping(&arn, tags)).collect();
    Ok(json!({"ResourceTagMappingList": list, "PaginationToken": next.unwrap_or_default()}))
}

/// Lists what has the wanted type and tags, by ARN. A resource without tags is never listed.
fn matching<'a>(world: &'a World, input: &Value) -> Vec<(String, &'a Tags)> {
    let alarms = world.alarms.iter().map(|(name, alarm)| ("cloudwatch:alarm", alarm_arn(name), &alarm.tags));
    let queues = world.queues.iter().map(|(name, queue)| ("sqs:queue", queue_arn(name), &queue.tags));
    let mut found: Vec<(String, &Tags)> = alarms
        .chain(queues)
        .filter(|(kind, _, tags)| !tags.is_empty() && wants_type(input, kind) && wants_tags(input, tags))
        .map(|(_, arn, tags)| (arn, tags))
        .collect();
    found.sort_by(|(left, _), (right, _)| left.cmp(right));
    found
}

/// Says whether `kind` (`service:type`) is asked for, as itself or as its whole service.
fn wants_type(input: &Value, kind: &str) -> bool {
    let service = kind.split(':').next().unwrap_or(kind);
    match input["ResourceTypeFilters"].as_array() {
        Some(filters) if !filters.is_empty() => {
            filters.iter().filter_map(Value::as_str).any(|filter| filter == kind || filter == service)
        }
        _ => true,
    }
}

/// Says whether every tag filter is met: its key is there, with one of its values if it names any.
fn wants_tags(input: &Value, tags: &Tags) -> bool {
    let Some(filters) = input["TagFilters"].as_array() else { return true };
    filters.iter().all(|filter| {
        let Some(value) = filter["Key"].as_str().and_then(|key| tags.get(key)) else { return false };
        match filter["Values"].as_array() {
            Some(wanted) if !wanted.is_empty() => wanted.iter().any(|one| one.as_str() == Some(value)),
            _ => true,
        }
    })
}

fn mapping(arn: &str, tags: &Tags) -> Value {
    let tags: Vec<Value> = tags.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect();
    json!({"ResourceARN": arn, "Tags": tags})
}
