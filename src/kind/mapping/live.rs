//! The mapping's face towards Lambda.
//!
//! Lambda names mappings by an id; here the pair of function and queue is the name, and the id is read from the ARN.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_lambda::types::EventSourceMappingConfiguration;
use tokio::time::Instant;

use super::convert::{Settings, reported};
use super::{ENABLED, FUNCTION, Mapping, QUEUE, name_in};
use crate::backend::aws::{Aws, Patience};
use crate::error::{AwsError, fine_when};
use crate::expand::STACK_TAG;
use crate::kind::{Desired, Facts, Found, Kind, Live, Row, Sweep, function, queue, tag_changes};
use crate::model::Address;
use crate::plan::Change;

const GONE: &[&str] = &["ResourceNotFoundException", "ResourceNotFound"];
const EXISTS: &[&str] = &["ResourceConflictException"];
const BUSY: &[&str] = &["ResourceInUseException"];

/// How long a mapping may take to go, or to leave the state in which it was created.
const CHANGES_WITHIN: Duration = Duration::from_mins(2);

#[async_trait]
impl Live for Mapping {
    /// `ListEventSourceMappings` reads 100 a call, whosever they are; tags come in bulk and are confirmed where in doubt.
    async fn read(&self, aws: &Aws, sweep: &Sweep) -> Result<Vec<Found>, AwsError> {
        // An endpoint of one's own has the functions of no other account: without any, nothing is mapped.
        if !aws.lists_every_tag() && sweep.names().is_empty() && function::all(aws).await?.is_empty() {
            return Ok(Vec::new());
        }
        let mappings = list(aws, None).await?;
        // An account without mappings is the rule for a stack of queues alone: one call tells.
        if mappings.is_empty() {
            return Ok(Vec::new());
        }
        let tagged = aws.tagged(sweep, self.tag_type()).await?;
        // What the tagging API knows to be others' needs no question; nobody's word counts for what is named.
        let doubtful = |name: &str| sweep.wants(name) || !aws.lists_every_tag();
        let open = mappings.into_iter().filter_map(identify).filter_map(|(name, mapping)| {
            let arn = arn(&mapping);
            let known = tagged.get(&arn).cloned();
            (known.is_some() || doubtful(&name)).then_some((name, arn, known, mapping))
        });
        let open: Vec<Open> = open.collect();
        let swept = Arc::new(sweep.clone());
        let read = |aws: Aws, (name, arn, known, mapping): Open| {
            let swept = Arc::clone(&swept);
            async move {
                let tags = match known {
                    Some(tags) => tags,
                    None => tags(&aws, &swept, &name, &arn, &mapping).await?,
                };
                Ok(Some(found(name, arn, &mapping, tags)))
            }
        };
        let found: Vec<Found> = aws.each(open, read).await?;
        Ok(found.into_iter().filter(|one| sweep.keeps(one)).collect())
    }

    /// Mappings belong to the queues that they poll.
    async fn belonging(&self, aws: &Aws, found: &[Found]) -> Result<BTreeSet<String>, AwsError> {
        let queues: BTreeSet<&str> =
            found.iter().filter(|one| one.kind.name() == queue::Queue.name()).map(|one| one.arn.as_str()).collect();
        if queues.is_empty() {
            return Ok(BTreeSet::new());
        }
        let identified = list(aws, None).await?.into_iter().filter_map(identify);
        let polls = |mapping: &EventSourceMappingConfiguration| {
            mapping.event_source_arn().is_some_and(|queue| queues.contains(queue))
        };
        Ok(identified.filter(|(_, mapping)| polls(mapping)).map(|(name, _)| name).collect())
    }

    async fn create(&self, aws: &Aws, desired: &Desired) -> Result<Facts, AwsError> {
        let start = Instant::now();
        loop {
            let error = match Box::pin(aws.patiently(patience(&desired.address), || create(aws, desired))).await {
                Ok(()) => break,
                Err(error) if error.is(EXISTS) && start.elapsed() < CHANGES_WITHIN => error,
                Err(error) => return Err(error),
            };
            // Somebody made it since the plan, or a deleted one is still going.
            match list(aws, Some(desired)).await?.into_iter().next() {
                Some(mapping) if mapping.state() != Some("Deleting") => {
                    let arn = arn(&mapping);
                    let owner = own_tags(aws, &arn).await?.remove(STACK_TAG);
                    if owner.is_some() && owner.as_ref() != desired.tags.get(STACK_TAG) {
                        return Err(error);
                    }
                    put(aws, desired, id(&arn), &|_| true).await?;
                    tag(aws, &arn, desired.tags.clone()).await?;
                    break;
                }
                Some(_) => tokio::time::sleep(Duration::from_secs(1)).await,
                None => return Err(error),
            }
        }
        if desired.get(&ENABLED).as_bool() == Some(false) {
            leave_creation(aws, desired).await?;
        }
        Ok(Facts::new())
    }

    async fn update(&self, aws: &Aws, desired: &Desired, found: &Found, changes: &[Change]) -> Result<(), AwsError> {
        let touched = |row: &Row| changes.iter().any(|change| !change.is_tag() && change.key == row.key);
        if changes.iter().any(|change| !change.is_tag()) {
            put(aws, desired, id(&found.arn), &touched).await?;
        }
        let (set, removed) = tag_changes(desired, found, changes);
        tag(aws, &found.arn, set).await?;
        if !removed.is_empty() {
            let call = aws.lambda.untag_resource().resource(&found.arn).set_tag_keys(Some(removed));
            aws.call("lambda", "UntagResource", call.send()).await?;
        }
        Ok(())
    }

    async fn delete(&self, aws: &Aws, found: &Found, _consent: bool) -> Result<(), AwsError> {
        let delete = || {
            let call = aws.lambda.delete_event_source_mapping().uuid(id(&found.arn));
            aws.call("lambda", "DeleteEventSourceMapping", call.send())
        };
        fine_when(GONE, aws.patiently(patience(&Address::new(self.name(), &found.name)), delete).await)
    }
}

/// A mapping with its name, its ARN, and its tags as far as the tagging API knows them.
type Open = (String, String, Option<BTreeMap<String, String>>, EventSourceMappingConfiguration);

/// What passes by itself: a role's permissions spread within seconds, and a mapping cannot change while it changes.
fn patience(address: &Address) -> Patience {
    Patience::new(address)
        .wait_for_text("does not have permissions to call", "its role's permissions are not known yet", 120)
        .wait_for_text("cannot be assumed by Lambda", "its role cannot be assumed yet", 120)
        .wait_for(BUSY, "its last change is still being carried out", 120)
}

/// Lists all mappings, or those of one pair.
async fn list(aws: &Aws, of: Option<&Desired>) -> Result<Vec<EventSourceMappingConfiguration>, AwsError> {
    let mut mappings = Vec::new();
    let mut marker = None;
    loop {
        let mut call = aws.lambda.list_event_source_mappings().max_items(100).set_marker(marker);
        if let Some(desired) = of {
            call = call.set_event_source_arn(text(desired, &QUEUE)).set_function_name(text(desired, &FUNCTION));
        }
        let page = aws.call("lambda", "ListEventSourceMappings", call.send()).await?;
        mappings.extend(page.event_source_mappings.unwrap_or_default());
        marker = page.next_marker.filter(|marker| !marker.is_empty());
        if marker.is_none() {
            return Ok(mappings);
        }
    }
}

/// Names a mapping of a queue; one that is being deleted is gone, and other sources are not ours to read.
fn identify(mapping: EventSourceMappingConfiguration) -> Option<(String, EventSourceMappingConfiguration)> {
    let (queue, function) = (mapping.event_source_arn()?, mapping.function_arn()?);
    if queue.split(':').nth(2) != Some("sqs") || mapping.state() == Some("Deleting") {
        return None;
    }
    Some((format!("{}/{}", name_in(function), name_in(queue)), mapping))
}

/// Returns the mapping's ARN, made from its id where the endpoint is older than mapping ARNs.
fn arn(mapping: &EventSourceMappingConfiguration) -> String {
    mapping.event_source_mapping_arn().map_or_else(
        || {
            let function = mapping.function_arn().unwrap_or_default();
            let place = function.split_once(":function:").map_or(function, |(place, _)| place);
            format!("{place}:event-source-mapping:{}", mapping.uuid().unwrap_or_default())
        },
        str::to_owned,
    )
}

/// The id that Lambda gave it.
fn id(arn: &str) -> &str {
    arn.rsplit(':').next().unwrap_or(arn)
}

/// Reads a mapping's tags; where the endpoint keeps none, a mapping belongs to whom its function belongs.
async fn tags(
    aws: &Aws,
    sweep: &Sweep,
    name: &str,
    arn: &str,
    mapping: &EventSourceMappingConfiguration,
) -> Result<BTreeMap<String, String>, AwsError> {
    let own = own_tags(aws, arn).await?;
    if !own.is_empty() || aws.lists_every_tag() {
        return Ok(own);
    }
    let function = mapping.function_arn().unwrap_or_default();
    let parent = match aws.call("lambda", "ListTags", aws.lambda.list_tags().resource(function).send()).await {
        Err(error) if error.is(GONE) => return Ok(own),
        other => other?.tags.unwrap_or_default(),
    };
    // Another stack's function may be fed by a mapping of ours.
    let its = |stack: &String| sweep.wanted.get(stack).is_some_and(|names| names.contains(name) || !sweep.wants(name));
    Ok(parent.into_iter().filter(|(key, value)| *key == sweep.tag && its(value)).collect())
}

/// Reads a mapping's own tags; an endpoint that is not AWS may know none and refuse to be asked.
async fn own_tags(aws: &Aws, arn: &str) -> Result<BTreeMap<String, String>, AwsError> {
    match aws.call("lambda", "ListTags", aws.lambda.list_tags().resource(arn).send()).await {
        Err(error) if aws.lists_every_tag() && !error.is(GONE) => Err(error),
        Err(_) => Ok(BTreeMap::new()),
        Ok(answer) => Ok(answer.tags.unwrap_or_default().into_iter().collect()),
    }
}

fn found(
    name: String,
    arn: String,
    mapping: &EventSourceMappingConfiguration,
    tags: BTreeMap<String, String>,
) -> Found {
    Found { kind: &Mapping, name, arn, attributes: reported(mapping), tags, facts: BTreeMap::new(), holds: None }
}

fn text(desired: &Desired, row: &Row) -> Option<String> {
    desired.get(row).as_text().map(str::to_owned)
}

async fn create(aws: &Aws, desired: &Desired) -> Result<(), AwsError> {
    let with = Settings::of(desired, &|row| !desired.get(row).is_null());
    let call = aws.lambda.create_event_source_mapping();
    let call = call.set_event_source_arn(text(desired, &QUEUE)).set_function_name(text(desired, &FUNCTION));
    let call = call.set_batch_size(with.batch_size).set_maximum_batching_window_in_seconds(with.window);
    let call = call.set_scaling_config(with.scaling).set_filter_criteria(with.filters).set_enabled(with.enabled);
    let call = call.set_function_response_types(with.response);
    let call = call.set_tags(Some(desired.tags.clone().into_iter().collect()));
    aws.call("lambda", "CreateEventSourceMapping", Box::pin(call.send())).await.map(drop)
}

async fn put(aws: &Aws, desired: &Desired, id: &str, wanted: &(dyn Fn(&Row) -> bool + Sync)) -> Result<(), AwsError> {
    let update = || {
        let with = Settings::of(desired, wanted);
        let call = aws.lambda.update_event_source_mapping().uuid(id);
        let call = call.set_batch_size(with.batch_size).set_maximum_batching_window_in_seconds(with.window);
        let call = call.set_scaling_config(with.scaling).set_filter_criteria(with.filters).set_enabled(with.enabled);
        let call = call.set_function_response_types(with.response);
        aws.call("lambda", "UpdateEventSourceMapping", call.send())
    };
    aws.patiently(patience(&desired.address), update).await.map(drop)
}

async fn tag(aws: &Aws, arn: &str, tags: BTreeMap<String, String>) -> Result<(), AwsError> {
    if tags.is_empty() {
        return Ok(());
    }
    let call = aws.lambda.tag_resource().resource(arn).set_tags(Some(tags.into_iter().collect()));
    aws.call("lambda", "TagResource", call.send()).await.map(drop)
}

/// Waits until the state says whether it polls: the next plan reads it from there.
async fn leave_creation(aws: &Aws, desired: &Desired) -> Result<(), AwsError> {
    let start = Instant::now();
    let mut pause = Duration::from_millis(100);
    while start.elapsed() < CHANGES_WITHIN {
        let mapping = list(aws, Some(desired)).await?.into_iter().next();
        if mapping.is_none_or(|mapping| mapping.state() != Some("Creating")) {
            break;
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(2));
    }
    Ok(())
}
