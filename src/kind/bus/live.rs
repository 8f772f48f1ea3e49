//! The bus's face towards EventBridge.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_eventbridge::operation::describe_event_bus::DescribeEventBusOutput;
use aws_sdk_eventbridge::types::{DeadLetterConfig, Tag};

use super::{Bus, DEAD_LETTER_QUEUE, DEFAULT, DESCRIPTION, KMS_KEY, POLICY};
use crate::backend::aws::{Aws, Patience};
use crate::error::{AwsError, fine_when};
use crate::kind::{Desired, Facts, Found, Kind, Live, Row, Sweep, policy, tag_changes};
use crate::model::{Address, Attributes};
use crate::plan::Change;
use crate::value::Value;

/// What EventBridge says of what is not there.
pub const GONE: &[&str] = &["ResourceNotFoundException"];

#[async_trait]
impl Live for Bus {
    async fn read(&self, aws: &Aws, sweep: &Sweep) -> Result<Vec<Found>, AwsError> {
        let names = match named(aws, sweep, self).await? {
            Some(arns) => arns.iter().filter_map(|arn| self.name_in_arn(arn)).map(str::to_owned).collect(),
            None => all(aws).await?,
        };
        let names: BTreeSet<String> = names.into_iter().chain(sweep.names()).filter(|name| name != DEFAULT).collect();
        let sweep = Arc::new(sweep.clone());
        aws.each(names, |aws, name| read_one(aws, Arc::clone(&sweep), name)).await
    }

    async fn create(&self, aws: &Aws, desired: &Desired) -> Result<Facts, AwsError> {
        let create = || {
            let call = aws.events().create_event_bus().name(&desired.name);
            let call = call.set_description(text(desired, &DESCRIPTION));
            let call = call.set_kms_key_identifier(text(desired, &KMS_KEY));
            let dead_letters =
                text(desired, &DEAD_LETTER_QUEUE).map(|arn| DeadLetterConfig::builder().arn(arn).build());
            async move {
                let call = call.set_dead_letter_config(dead_letters).set_tags(Some(tags(&desired.tags)?));
                aws.call("events", "CreateEventBus", call.send()).await
            }
        };
        aws.patiently(patience(&desired.address), create).await?;
        if !desired.get(&POLICY).is_null() {
            put_policy(aws, desired).await?;
        }
        Ok(Facts::new())
    }

    async fn update(&self, aws: &Aws, desired: &Desired, found: &Found, changes: &[Change]) -> Result<(), AwsError> {
        let differs = |row: &Row| changes.iter().any(|change| !change.is_tag() && change.key == row.key);
        if [&DESCRIPTION, &KMS_KEY, &DEAD_LETTER_QUEUE].into_iter().any(differs) {
            let update = || {
                // What is empty is no more; what is left out would stay.
                let call = aws.events().update_event_bus().name(&desired.name);
                let call = call.description(text(desired, &DESCRIPTION).unwrap_or_default());
                let call = call.kms_key_identifier(text(desired, &KMS_KEY).unwrap_or_default());
                let dead_letters = DeadLetterConfig::builder().set_arn(text(desired, &DEAD_LETTER_QUEUE)).build();
                aws.call("events", "UpdateEventBus", call.dead_letter_config(dead_letters).send())
            };
            aws.patiently(patience(&desired.address), update).await?;
        }
        if differs(&POLICY) {
            put_policy(aws, desired).await?;
        }
        change_tags(aws, desired, found, changes).await
    }

    async fn delete(&self, aws: &Aws, found: &Found, _consent: bool) -> Result<(), AwsError> {
        let address = Address::new(self.name(), &found.name);
        let delete = || {
            let call = aws.events().delete_event_bus().name(&found.name);
            aws.call("events", "DeleteEventBus", call.send())
        };
        fine_when(GONE, aws.patiently(patience(&address), delete).await)
    }
}

/// What passes by itself: EventBridge carries out one change of a bus, or of a rule, at a time.
pub fn patience(address: &Address) -> Patience {
    Patience::new(address).wait_for(&["ConcurrentModificationException"], "another request changes it", 60)
}

/// The ARNs of what a stack has of a kind, as far as the tagging API tells; `None` where all must be listed instead.
///
/// Whatever service an endpoint of one's own has nothing of is not called: where a stack names none, and the tagging API
/// knows of none that it named once, there is none.
pub async fn named(aws: &Aws, sweep: &Sweep, kind: &dyn Kind) -> Result<Option<BTreeSet<String>>, AwsError> {
    if !aws.is_found_by_tag(kind.name()).await {
        return Ok(None);
    }
    let tagged = aws.tagged(sweep, kind.tag_type()).await?.keys();
    let arns: BTreeSet<String> = tagged.filter(|arn| kind.name_in_arn(arn).is_some()).cloned().collect();
    let is_told = aws.lists_every_tag() || arns.is_empty() && sweep.names().is_empty();
    Ok(is_told.then_some(arns))
}

/// The names of all buses.
pub async fn all(aws: &Aws) -> Result<BTreeSet<String>, AwsError> {
    let arns = aws.listed(Bus.tag_type(), list(aws)).await?;
    Ok(arns.iter().filter_map(|arn| Bus.name_in_arn(arn)).map(str::to_owned).collect())
}

async fn list(aws: &Aws) -> Result<BTreeSet<String>, AwsError> {
    let mut arns = BTreeSet::new();
    let mut token = None;
    loop {
        let call = aws.events().list_event_buses().limit(100).set_next_token(token);
        let page = aws.call("events", "ListEventBuses", call.send()).await?;
        arns.extend(page.event_buses.unwrap_or_default().into_iter().filter_map(|bus| bus.arn));
        token = page.next_token.filter(|token| !token.is_empty());
        if token.is_none() {
            return Ok(arns);
        }
    }
}

/// Reads one bus; one that nobody named is looked at only if it carries the tag of a stack that is swept.
async fn read_one(aws: Aws, sweep: Arc<Sweep>, name: String) -> Result<Option<Found>, AwsError> {
    let arn = Bus.arn(&name, aws.place().await?);
    let describe = async {
        let call = aws.events().describe_event_bus().name(&name);
        match aws.call("events", "DescribeEventBus", call.send()).await {
            Err(error) if error.is(GONE) => Ok(None),
            other => other.map(Some),
        }
    };
    let (described, tags) = futures::try_join!(describe, read_tags(&aws, &arn))?;
    let (Some(described), Some(tags)) = (described, tags) else { return Ok(None) };
    let attributes = reported(&described);
    let found = Found { kind: &Bus, name, arn, attributes, tags, facts: BTreeMap::new(), holds: None };
    Ok(Some(found).filter(|found| sweep.keeps(found)))
}

/// Reads what EventBridge reports into the terms of the rows; what is empty there is not set.
fn reported(bus: &DescribeEventBusOutput) -> Attributes {
    let dead_letters = bus.dead_letter_config().and_then(DeadLetterConfig::arn);
    let texts =
        [(&DESCRIPTION, bus.description()), (&KMS_KEY, bus.kms_key_identifier()), (&DEAD_LETTER_QUEUE, dead_letters)];
    let texts = texts.into_iter().filter_map(|(row, text)| Some((row.key, text.filter(|text| !text.is_empty())?)));
    let document = bus.policy().filter(|text| !text.is_empty()).map(|text| (POLICY.key, policy::parse(text)));
    texts.map(|(key, text)| (key, Value::text(text))).chain(document).collect()
}

/// Sets its policy as a whole, or takes it away.
async fn put_policy(aws: &Aws, desired: &Desired) -> Result<(), AwsError> {
    let document = desired.get(&POLICY);
    let address = &desired.address;
    if document.is_null() {
        let remove = || {
            let call = aws.events().remove_permission().event_bus_name(&desired.name).remove_all_permissions(true);
            aws.call("events", "RemovePermission", call.send())
        };
        return fine_when(GONE, aws.patiently(patience(address), remove).await);
    }
    let put = || {
        let call = aws.events().put_permission().event_bus_name(&desired.name);
        aws.call("events", "PutPermission", call.policy(document.to_json().to_string()).send())
    };
    aws.patiently(patience(address), put).await.map(drop)
}

/// Reads the tags of a bus or rule; nothing where there is none.
pub async fn read_tags(aws: &Aws, arn: &str) -> Result<Option<BTreeMap<String, String>>, AwsError> {
    let call = aws.events().list_tags_for_resource().resource_arn(arn);
    match aws.call("events", "ListTagsForResource", call.send()).await {
        Err(error) if error.is(GONE) => Ok(None),
        other => {
            let tags = other?.tags.unwrap_or_default().into_iter();
            Ok(Some(tags.map(|tag| (tag.key, tag.value)).collect()))
        }
    }
}

/// Changes the tags of a bus or rule.
pub async fn change_tags(aws: &Aws, desired: &Desired, found: &Found, changes: &[Change]) -> Result<(), AwsError> {
    let (set, removed) = tag_changes(desired, found, changes);
    if !set.is_empty() {
        let call = aws.events().tag_resource().resource_arn(&found.arn).set_tags(Some(tags(&set)?));
        aws.call("events", "TagResource", call.send()).await?;
    }
    if !removed.is_empty() {
        let call = aws.events().untag_resource().resource_arn(&found.arn).set_tag_keys(Some(removed));
        aws.call("events", "UntagResource", call.send()).await?;
    }
    Ok(())
}

/// Tags as EventBridge takes them.
pub fn tags(tags: &BTreeMap<String, String>) -> Result<Vec<Tag>, AwsError> {
    let tags = tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build());
    tags.collect::<Result<_, _>>().map_err(|error| AwsError::refused("events", "TagResource", error.to_string()))
}

fn text(desired: &Desired, row: &Row) -> Option<String> {
    desired.get(row).as_text().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_empty_is_not_set() {
        let empty = DescribeEventBusOutput::builder().description("").kms_key_identifier("").policy("");
        let empty = empty.dead_letter_config(DeadLetterConfig::builder().build()).build();
        assert_eq!(reported(&empty), Attributes::new());
        let dead_letters = DeadLetterConfig::builder().arn("arn:aws:sqs:eu-west-1:123456789012:dead").build();
        let full = DescribeEventBusOutput::builder().description("Orders").policy(r#"{"Statement": []}"#);
        let full = reported(&full.dead_letter_config(dead_letters).build());
        assert_eq!(full.keys().copied().collect::<Vec<_>>(), ["dead_letter_queue", "description", "policy"]);
        assert_eq!(full["policy"], Value::map([("Statement", Value::List(Vec::new()))]));
    }
}
