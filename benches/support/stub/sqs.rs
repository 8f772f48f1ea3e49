//! SQS: queues with their attributes and tags, without messages.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::ACCOUNT;
use super::reply::Fault;
use super::world::{Queue, Tags, World, now, page, queue_arn};

const MAX_PAGE: usize = 1000;

/// What every queue has unless it says otherwise.
const DEFAULTS: [(&str, &str); 6] = [
    ("DelaySeconds", "0"),
    ("MaximumMessageSize", "1048576"),
    ("MessageRetentionPeriod", "345600"),
    ("ReceiveMessageWaitTimeSeconds", "0"),
    ("SqsManagedSseEnabled", "true"),
    ("VisibilityTimeout", "30"),
];

/// What a FIFO queue has besides.
const FIFO_DEFAULTS: [(&str, &str); 3] =
    [("ContentBasedDeduplication", "false"), ("DeduplicationScope", "queue"), ("FifoThroughputLimit", "perQueue")];

/// What is unset by an empty string.
const CLEARABLE: [&str; 4] = ["KmsMasterKeyId", "Policy", "RedriveAllowPolicy", "RedrivePolicy"];

/// What may be set and has no default.
const WITHOUT_DEFAULT: [&str; 2] = ["FifoQueue", "KmsDataKeyReusePeriodSeconds"];

/// Answers one SQS operation.
pub fn answer(world: &mut World, operation: &str, body: &[u8]) -> Result<Value, Fault> {
    let malformed = |error: serde_json::Error| Fault::new(400, "SerializationException", &error.to_string());
    let input: Value = serde_json::from_slice(body).map_err(malformed)?;
    match operation {
        "CreateQueue" => create(world, &input),
        "DeleteQueue" => delete(world, &input),
        "GetQueueAttributes" => get_attributes(world, &input),
        "GetQueueUrl" => get_url(world, &input),
        "ListQueueTags" => list_tags(world, &input),
        "ListQueues" => list(world, &input),
        "SetQueueAttributes" => set_attributes(world, &input),
        "TagQueue" => tag(world, &input),
        "UntagQueue" => untag(world, &input),
        _ => Err(Fault::unknown_operation(operation)),
    }
}

fn create(world: &mut World, input: &Value) -> Result<Value, Fault> {
    let name = text(input, "QueueName")?;
    let given = strings(&input["Attributes"]);
    if let Some(existing) = world.queues.get(name) {
        let same = |(key, value): (&String, &String)| existing.attributes.get(key).map_or("", String::as_str) == value;
        if !given.iter().all(same) {
            let message = "A queue already exists with the same name and a different value for an attribute.";
            return Err(Fault::coded(400, "QueueNameExists", "QueueAlreadyExists", message));
        }
        return Ok(json!({"QueueUrl": world.queue_url(name)}));
    }
    let fifo = given.get("FifoQueue").is_some_and(|value| value == "true");
    if fifo != name.strip_suffix(".fifo").is_some() {
        return Err(Fault::invalid("The name of a FIFO queue, and no other, ends in .fifo."));
    }
    let defaults = DEFAULTS.iter().chain(if fifo { &FIFO_DEFAULTS[..] } else { &[] });
    let mut attributes = defaults.map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    settle(world, &mut attributes, given)?;
    let (created, modified) = (now(), now());
    let queue = Queue { attributes, tags: strings(&input["tags"]), created, modified };
    world.queues.insert(name.to_owned(), queue);
    Ok(json!({"QueueUrl": world.queue_url(name)}))
}

/// Takes the `given` attributes over into `attributes` as the service settles them.
fn settle(world: &World, attributes: &mut BTreeMap<String, String>, given: Tags) -> Result<(), Fault> {
    for (key, value) in given {
        let key = key.as_str();
        if !is_settable(key) {
            return Err(Fault::new(400, "InvalidAttributeName", &format!("Unknown Attribute {key}.")));
        }
        if CLEARABLE.contains(&key) && value.is_empty() {
            attributes.remove(key);
            continue;
        }
        match (key, value.as_str()) {
            ("RedrivePolicy", policy) => check_redrive(world, policy)?,
            ("KmsMasterKeyId", _) => {
                attributes.insert("SqsManagedSseEnabled".to_owned(), "false".to_owned());
                attributes.entry("KmsDataKeyReusePeriodSeconds".to_owned()).or_insert_with(|| "300".to_owned());
            }
            ("SqsManagedSseEnabled", "true") => {
                attributes.remove("KmsMasterKeyId");
                attributes.remove("KmsDataKeyReusePeriodSeconds");
            }
            _ => {}
        }
        attributes.insert(key.to_owned(), value);
    }
    Ok(())
}

fn is_settable(key: &str) -> bool {
    let with_default = DEFAULTS.iter().chain(&FIFO_DEFAULTS).any(|(name, _)| *name == key);
    with_default || CLEARABLE.contains(&key) || WITHOUT_DEFAULT.contains(&key)
}

/// Refuses a redrive policy whose dead-letter queue should be here and is not.
fn check_redrive(world: &World, policy: &str) -> Result<(), Fault> {
    let invalid = |reason| Fault::invalid(&format!("Value {policy} for parameter RedrivePolicy is invalid. {reason}"));
    let parsed: Value = serde_json::from_str(policy).map_err(|_| invalid("Reason: it is not JSON."))?;
    let target = parsed["deadLetterTargetArn"].as_str().ok_or_else(|| invalid("Reason: no deadLetterTargetArn."))?;
    let name = target.rsplit(':').next().unwrap_or(target);
    if queue_arn(name) == target && !world.queues.contains_key(name) {
        return Err(invalid("Reason: Dead letter target does not exist."));
    }
    Ok(())
}

fn list(world: &World, input: &Value) -> Result<Value, Fault> {
    let prefix = input["QueueNamePrefix"].as_str().unwrap_or_default();
    let size = input["MaxResults"].as_u64().and_then(|size| usize::try_from(size).ok());
    if size.is_some_and(|size| !(1..=MAX_PAGE).contains(&size)) {
        return Err(Fault::invalid("MaxResults is between 1 and 1000."));
    }
    let chosen = world.queues.keys().filter(|name| name.starts_with(prefix)).map(|name| (name.clone(), ())).collect();
    let (names, next) = page(chosen, size.unwrap_or(MAX_PAGE), input["NextToken"].as_str());
    let urls: Vec<String> = names.iter().map(|(name, ())| world.queue_url(name)).collect();
    let mut output = Map::new();
    if !urls.is_empty() {
        output.insert("QueueUrls".to_owned(), json!(urls));
    }
    // Without MaxResults the service cuts the list at 1000 and gives no token.
    if let Some(next) = next.filter(|_| size.is_some()) {
        output.insert("NextToken".to_owned(), json!(next));
    }
    Ok(Value::Object(output))
}

fn get_url(world: &World, input: &Value) -> Result<Value, Fault> {
    let name = text(input, "QueueName")?;
    if world.queues.contains_key(name) { Ok(json!({"QueueUrl": world.queue_url(name)})) } else { Err(no_such_queue()) }
}

fn get_attributes(world: &mut World, input: &Value) -> Result<Value, Fault> {
    let (name, queue) = find(world, input)?;
    let mut all = queue.attributes.clone();
    all.insert("QueueArn".to_owned(), queue_arn(&name));
    all.insert("CreatedTimestamp".to_owned(), queue.created.to_string());
    all.insert("LastModifiedTimestamp".to_owned(), queue.modified.to_string());
    for suffix in ["", "Delayed", "NotVisible"] {
        all.insert(format!("ApproximateNumberOfMessages{suffix}"), "0".to_owned());
    }
    let asked: Vec<&str> = input["AttributeNames"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if !asked.contains(&"All") {
        all.retain(|key, _| asked.contains(&key.as_str()));
    }
    Ok(if all.is_empty() { json!({}) } else { json!({"Attributes": all}) })
}

fn set_attributes(world: &mut World, input: &Value) -> Result<Value, Fault> {
    let (name, queue) = find(world, input)?;
    let mut attributes = queue.attributes.clone();
    let given = strings(&input["Attributes"]);
    if given.contains_key("FifoQueue") {
        return Err(Fault::new(400, "InvalidAttributeName", "FifoQueue is set when the queue is created."));
    }
    settle(world, &mut attributes, given)?;
    if let Some(queue) = world.queues.get_mut(&name) {
        queue.attributes = attributes;
        queue.modified = now();
    }
    Ok(json!({}))
}

fn list_tags(world: &mut World, input: &Value) -> Result<Value, Fault> {
    let (_, queue) = find(world, input)?;
    Ok(if queue.tags.is_empty() { json!({}) } else { json!({"Tags": queue.tags}) })
}

fn tag(world: &mut World, input: &Value) -> Result<Value, Fault> {
    let (_, queue) = find(world, input)?;
    queue.tags.extend(strings(&input["Tags"]));
    Ok(json!({}))
}

fn untag(world: &mut World, input: &Value) -> Result<Value, Fault> {
    let (_, queue) = find(world, input)?;
    for key in input["TagKeys"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        queue.tags.remove(key);
    }
    Ok(json!({}))
}

fn delete(world: &mut World, input: &Value) -> Result<Value, Fault> {
    let (name, _) = find(world, input)?;
    world.queues.remove(&name);
    Ok(json!({}))
}

/// Finds the queue that the request's `QueueUrl` names.
fn find<'a>(world: &'a mut World, input: &Value) -> Result<(String, &'a mut Queue), Fault> {
    let url = text(input, "QueueUrl")?;
    let mut segments = url.rsplit('/');
    let name = segments.next().unwrap_or_default();
    if segments.next() != Some(ACCOUNT) {
        return Err(no_such_queue());
    }
    world.queues.get_mut(name).map(|queue| (name.to_owned(), queue)).ok_or_else(no_such_queue)
}

fn no_such_queue() -> Fault {
    let code = "AWS.SimpleQueueService.NonExistentQueue";
    Fault::coded(400, "QueueDoesNotExist", code, "The specified queue does not exist.")
}

fn text<'a>(input: &'a Value, key: &str) -> Result<&'a str, Fault> {
    let missing = || Fault::coded(400, "MissingRequiredParameterException", "MissingParameter", &format!("No {key}."));
    input[key].as_str().ok_or_else(missing)
}

/// Reads a JSON object of strings.
fn strings(object: &Value) -> BTreeMap<String, String> {
    let pairs = object.as_object().into_iter().flatten();
    pairs.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
}
