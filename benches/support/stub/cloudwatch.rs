//! `CloudWatch`: metric alarms and their tags, as maps of CBOR.

use ciborium::Value;

use super::reply::Fault;
use super::world::{Alarm, Tags, World, alarm_arn, now, page};

type Fields = Vec<(Value, Value)>;

const MAX_PAGE: usize = 100;
const DEFAULT_PAGE: usize = 50;
/// The most alarms that one `DeleteAlarms` or one list of names takes.
const MAX_NAMES: usize = 100;

/// Answers one `CloudWatch` operation.
pub fn answer(world: &mut World, operation: &str, body: &[u8]) -> Result<Value, Fault> {
    let malformed = |error: ciborium::de::Error<_>| Fault::new(400, "SerializationException", &error.to_string());
    let input: Value = ciborium::from_reader(body).map_err(malformed)?;
    let input = input.into_map().map_err(|_| validation("The request is not a map."))?;
    match operation {
        "DeleteAlarms" => delete(world, &input),
        "DescribeAlarms" => describe(world, &input),
        "ListTagsForResource" => list_tags(world, &input),
        "PutMetricAlarm" => put(world, input),
        "TagResource" => tag(world, &input),
        "UntagResource" => untag(world, &input),
        _ => Err(Fault::unknown_operation(operation)),
    }
}

fn put(world: &mut World, input: Fields) -> Result<Value, Fault> {
    let name = text(&input, "AlarmName").ok_or_else(|| validation("No AlarmName."))?.to_owned();
    if !["MetricName", "Metrics", "EvaluationCriteria"].iter().any(|key| get(&input, key).is_some()) {
        return Err(validation("One of MetricName and Metrics is needed."));
    }
    let tags = tags_of(&input);
    let mut fields = input;
    fields.retain(|(key, value)| key.as_text() != Some("Tags") && !value.is_null());
    for (key, value) in [
        ("ActionsEnabled", Value::from(true)),
        ("AlarmActions", Value::Array(Vec::new())),
        ("Dimensions", Value::Array(Vec::new())),
        ("InsufficientDataActions", Value::Array(Vec::new())),
        ("OKActions", Value::Array(Vec::new())),
    ] {
        if get(&fields, key).is_none() {
            fields.push((Value::from(key), value));
        }
    }
    let updated = now();
    match world.alarms.get_mut(&name) {
        // Tags count only for an alarm that is new: the service ignores them otherwise.
        Some(alarm) => (alarm.fields, alarm.updated) = (fields, updated),
        None => {
            world.alarms.insert(name, Alarm { fields, tags, created: updated, updated });
        }
    }
    Ok(Value::Map(Vec::new()))
}

fn describe(world: &World, input: &Fields) -> Result<Value, Fault> {
    let names = texts(input, "AlarmNames");
    let prefix = text(input, "AlarmNamePrefix");
    if names.len() > MAX_NAMES || (prefix.is_some() && !names.is_empty()) {
        return Err(validation("AlarmNames takes at most 100 names, and no prefix beside them."));
    }
    let size = match get(input, "MaxRecords").and_then(Value::as_integer) {
        None => DEFAULT_PAGE,
        Some(size) => usize::try_from(size)
            .ok()
            .filter(|size| (1..=MAX_PAGE).contains(size))
            .ok_or_else(|| validation("MaxRecords is between 1 and 100."))?,
    };
    let types = texts(input, "AlarmTypes");
    let metric_alarms = types.is_empty() || types.contains(&"MetricAlarm");
    let wanted = |name: &str| {
        metric_alarms
            && (names.is_empty() || names.contains(&name))
            && prefix.is_none_or(|prefix| name.starts_with(prefix))
    };
    let chosen = world.alarms.iter().filter(|(name, _)| wanted(name)).map(|(name, alarm)| (name.clone(), alarm));
    let (alarms, next) = page(chosen.collect(), size, text(input, "NextToken"));
    let alarms = alarms.iter().map(|(name, alarm)| describe_one(name, alarm)).collect();
    let mut output = vec![
        (Value::from("CompositeAlarms"), Value::Array(Vec::new())),
        (Value::from("MetricAlarms"), Value::Array(alarms)),
    ];
    output.extend(next.map(|next| (Value::from("NextToken"), Value::from(next))));
    Ok(Value::Map(output))
}

/// Tells one alarm: what was put, and what the service adds.
fn describe_one(name: &str, alarm: &Alarm) -> Value {
    let mut fields = alarm.fields.clone();
    fields.extend([
        (Value::from("AlarmArn"), Value::from(alarm_arn(name))),
        (Value::from("AlarmConfigurationUpdatedTimestamp"), timestamp(alarm.updated)),
        (Value::from("StateReason"), Value::from("Unchecked: Initial alarm creation")),
        (Value::from("StateTransitionedTimestamp"), timestamp(alarm.created)),
        (Value::from("StateUpdatedTimestamp"), timestamp(alarm.created)),
        (Value::from("StateValue"), Value::from("INSUFFICIENT_DATA")),
    ]);
    Value::Map(fields)
}

/// Writes seconds since 1970 as CBOR tag 1 over a float, as the service does.
fn timestamp(seconds: u64) -> Value {
    let seconds = u32::try_from(seconds).unwrap_or(u32::MAX);
    Value::Tag(1, Box::new(Value::Float(f64::from(seconds))))
}

/// Deletes the named alarms, or none of them when one is missing.
fn delete(world: &mut World, input: &Fields) -> Result<Value, Fault> {
    let names = texts(input, "AlarmNames");
    if names.len() > MAX_NAMES {
        return Err(validation("AlarmNames takes at most 100 names."));
    }
    if let Some(missing) = names.iter().find(|name| !world.alarms.contains_key(**name)) {
        let message = format!("There is no alarm called {missing}.");
        return Err(Fault::coded(404, "ResourceNotFound", "ResourceNotFound", &message));
    }
    for name in names {
        world.alarms.remove(name);
    }
    Ok(Value::Map(Vec::new()))
}

fn list_tags(world: &mut World, input: &Fields) -> Result<Value, Fault> {
    let pair = |(key, value): (&String, &String)| {
        Value::Map(vec![
            (Value::from("Key"), Value::from(key.as_str())),
            (Value::from("Value"), Value::from(value.as_str())),
        ])
    };
    let tags = find(world, input)?.tags.iter().map(pair).collect();
    Ok(Value::Map(vec![(Value::from("Tags"), Value::Array(tags))]))
}

fn tag(world: &mut World, input: &Fields) -> Result<Value, Fault> {
    find(world, input)?.tags.extend(tags_of(input));
    Ok(Value::Map(Vec::new()))
}

fn untag(world: &mut World, input: &Fields) -> Result<Value, Fault> {
    let alarm = find(world, input)?;
    for key in texts(input, "TagKeys") {
        alarm.tags.remove(key);
    }
    Ok(Value::Map(Vec::new()))
}

/// Finds the alarm that the request's `ResourceARN` names.
fn find<'a>(world: &'a mut World, input: &Fields) -> Result<&'a mut Alarm, Fault> {
    let arn = text(input, "ResourceARN").ok_or_else(|| validation("No ResourceARN."))?;
    let name = arn.strip_prefix(&alarm_arn("")).unwrap_or_default();
    let missing = || Fault::new(404, "ResourceNotFoundException", &format!("{arn} does not exist."));
    world.alarms.get_mut(name).ok_or_else(missing)
}

fn validation(message: &str) -> Fault {
    Fault::coded(400, "ValidationError", "ValidationError", message)
}

fn get<'a>(fields: &'a Fields, key: &str) -> Option<&'a Value> {
    fields.iter().find(|(name, _)| name.as_text() == Some(key)).map(|(_, value)| value)
}

fn text<'a>(fields: &'a Fields, key: &str) -> Option<&'a str> {
    get(fields, key).and_then(Value::as_text)
}

fn texts<'a>(fields: &'a Fields, key: &str) -> Vec<&'a str> {
    let list = get(fields, key).and_then(Value::as_array).into_iter().flatten();
    list.filter_map(Value::as_text).collect()
}

/// Reads a list of `{Key, Value}` maps under `Tags`.
fn tags_of(fields: &Fields) -> Tags {
    let list = get(fields, "Tags").and_then(Value::as_array).into_iter().flatten();
    let pair = |tag: &Value| {
        let tag = tag.as_map()?;
        Some((text(tag, "Key")?.to_owned(), text(tag, "Value")?.to_owned()))
    };
    list.filter_map(pair).collect()
}
