//! The topic's face towards SNS.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_sns::types::Tag;

use super::{CONTENT_BASED_DEDUPLICATION, FIFO, FIFO_THROUGHPUT_SCOPE, ROWS, SIGNATURE_VERSION, TRACING, Topic};
use crate::backend::aws::Aws;
use crate::error::{AwsError, fine_when};
use crate::kind::{Desired, Facts, Found, Kind, Live, Row, Sweep, Type, policy, tag_changes};
use crate::model::Attributes;
use crate::plan::Change;
use crate::value::Value;

const GONE: &[&str] = &["NotFound", "NotFoundException", "ResourceNotFound", "ResourceNotFoundException"];

/// What SNS takes for an attribute that is not set.
const CLEARED: &[(&str, &str)] = &[
    (CONTENT_BASED_DEDUPLICATION.key, "false"),
    (FIFO_THROUGHPUT_SCOPE.key, "Topic"),
    (SIGNATURE_VERSION.key, "1"),
    (TRACING.key, "PassThrough"),
];

#[async_trait]
impl Live for Topic {
    /// On AWS the tagging API tells what the stack owns, and the ARNs of what it wants are known: nothing is listed.
    async fn read(&self, aws: &Aws, sweep: &Sweep) -> Result<Vec<Found>, AwsError> {
        let arns: BTreeSet<String> = if aws.lists_every_tag() {
            let owned = aws.tagged(sweep, self.tag_type()).await?.keys().cloned();
            let mut arns: BTreeSet<String> = owned.filter(|arn| self.name_in_arn(arn).is_some()).collect();
            let wanted = sweep.names();
            if !wanted.is_empty() {
                let place = aws.place().await?;
                arns.extend(wanted.iter().map(|name| self.arn(name, place)));
            }
            arns
        } else {
            all(aws).await?.clone()
        };
        let sweep = Arc::new(sweep.clone());
        aws.each(arns, |aws, arn| read_one(aws, Arc::clone(&sweep), arn)).await
    }

    async fn create(&self, aws: &Aws, desired: &Desired) -> Result<Facts, AwsError> {
        let said = ROWS.iter().filter(|row| !row.is_short_form() && !desired.get(row).is_null());
        // Standard topics refuse to hear about FIFO at all.
        let said = said.filter(|row| row.key != FIFO.key || desired.get(row).as_bool() == Some(true));
        let attributes: HashMap<String, String> =
            said.map(|row| (row.api.to_owned(), to_sns(row, desired.get(row)))).collect();
        let call = aws.sns().create_topic().name(&desired.name).set_attributes(Some(attributes));
        let call = call.set_tags(Some(tags(&desired.tags)?));
        aws.call("sns", "CreateTopic", call.send()).await?;
        Ok(Facts::new())
    }

    /// SNS sets one attribute a call.
    async fn update(&self, aws: &Aws, desired: &Desired, found: &Found, changes: &[Change]) -> Result<(), AwsError> {
        let (set, removed) = tag_changes(desired, found, changes);
        if !set.is_empty() {
            let call = aws.sns().tag_resource().resource_arn(&found.arn).set_tags(Some(tags(&set)?));
            aws.call("sns", "TagResource", call.send()).await?;
        }
        if !removed.is_empty() {
            let call = aws.sns().untag_resource().resource_arn(&found.arn).set_tag_keys(Some(removed));
            aws.call("sns", "UntagResource", call.send()).await?;
        }
        for row in ROWS.iter().filter(|row| changes.iter().any(|change| !change.is_tag() && change.key == row.key)) {
            let call = aws.sns().set_topic_attributes().topic_arn(&found.arn).attribute_name(row.api);
            let call = call.attribute_value(to_sns(row, desired.get(row)));
            aws.call("sns", "SetTopicAttributes", call.send()).await?;
        }
        Ok(())
    }

    async fn delete(&self, aws: &Aws, found: &Found, _consent: bool) -> Result<(), AwsError> {
        let call = aws.sns().delete_topic().topic_arn(&found.arn);
        fine_when(GONE, aws.call("sns", "DeleteTopic", call.send()).await)
    }
}

/// The ARNs of all topics, listed once a sweep.
pub async fn all(aws: &Aws) -> Result<&BTreeSet<String>, AwsError> {
    aws.listed(Topic.tag_type(), list(aws)).await
}

async fn list(aws: &Aws) -> Result<BTreeSet<String>, AwsError> {
    let mut arns = BTreeSet::new();
    let mut token = None;
    loop {
        let page = aws.call("sns", "ListTopics", aws.sns().list_topics().set_next_token(token).send()).await?;
        arns.extend(page.topics.unwrap_or_default().into_iter().filter_map(|topic| topic.topic_arn));
        token = page.next_token.filter(|token| !token.is_empty());
        if token.is_none() {
            return Ok(arns);
        }
    }
}

/// Reads one topic; one that nobody named is looked at only if it carries the tag of a stack that is swept.
async fn read_one(aws: Aws, sweep: Arc<Sweep>, arn: String) -> Result<Option<Found>, AwsError> {
    let Some(name) = Topic.name_in_arn(&arn).map(str::to_owned) else { return Ok(None) };
    let tags = if sweep.wants(&name) {
        None
    } else {
        match read_tags(&aws, &arn).await? {
            Some(tags) if sweep.owns(&tags) => Some(tags),
            _ => return Ok(None),
        }
    };
    let (reported, tags) = match tags {
        Some(tags) => (read_attributes(&aws, &arn).await?, Some(tags)),
        None => futures::try_join!(read_attributes(&aws, &arn), read_tags(&aws, &arn))?,
    };
    let (Some(reported), Some(tags)) = (reported, tags) else { return Ok(None) };
    let attributes = from_sns(&reported);
    Ok(Some(Found { kind: &Topic, name, arn, attributes, tags, facts: BTreeMap::new(), holds: None }))
}

async fn read_attributes(aws: &Aws, arn: &str) -> Result<Option<HashMap<String, String>>, AwsError> {
    let call = aws.sns().get_topic_attributes().topic_arn(arn);
    match aws.call("sns", "GetTopicAttributes", call.send()).await {
        Err(error) if error.is(GONE) => Ok(None),
        other => other.map(|answer| Some(answer.attributes.unwrap_or_default())),
    }
}

/// Reads the tags of a topic; nothing where there is no such topic.
pub async fn read_tags(aws: &Aws, arn: &str) -> Result<Option<BTreeMap<String, String>>, AwsError> {
    let call = aws.sns().list_tags_for_resource().resource_arn(arn);
    match aws.call("sns", "ListTagsForResource", call.send()).await {
        Err(error) if error.is(GONE) => Ok(None),
        other => {
            let tags = other?.tags.unwrap_or_default().into_iter();
            Ok(Some(tags.map(|tag| (tag.key, tag.value)).collect()))
        }
    }
}

fn tags(tags: &BTreeMap<String, String>) -> Result<Vec<Tag>, AwsError> {
    let tags = tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build());
    tags.collect::<Result<_, _>>().map_err(|error| AwsError::refused("sns", "TagResource", error.to_string()))
}

/// Writes an attribute as SNS takes it.
fn to_sns(row: &Row, value: &Value) -> String {
    let cleared = CLEARED.iter().find(|(key, _)| *key == row.key).map_or("", |(_, value)| *value);
    if value.is_null() { cleared.to_owned() } else { value.plain() }
}

/// Reads what SNS reports into the terms of the rows; what is as without being set is not set.
fn from_sns(reported: &HashMap<String, String>) -> Attributes {
    let read = |row: &Row| {
        let text = reported.get(row.api).filter(|text| !text.is_empty())?;
        let value = match &row.ty {
            Type::Policy => policy::parse(text),
            Type::Bool => Value::Bool(text == "true"),
            Type::Int { .. } => text.parse().map_or_else(|_| Value::text(text), Value::Int),
            Type::Word(words) => words.iter().find(|(_, api)| api == text).map(|_| Value::text(text))?,
            _ => Value::text(text),
        };
        Some((row.key, value))
    };
    let mut attributes: Attributes = ROWS.iter().filter(|row| !row.is_short_form()).filter_map(read).collect();
    let fifo = attributes.entry(FIFO.key).or_insert(Value::Bool(false)) == &Value::Bool(true);
    if fifo {
        attributes.entry(CONTENT_BASED_DEDUPLICATION.key).or_insert(Value::Bool(false));
    } else {
        attributes.remove(CONTENT_BASED_DEDUPLICATION.key);
    }
    attributes.entry(SIGNATURE_VERSION.key).or_insert(Value::Int(1));
    attributes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reported(pairs: &[(&str, &str)]) -> Attributes {
        from_sns(&pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn what_sns_does_not_report_is_as_it_is_without_being_set() {
        let bare = reported(&[("DisplayName", ""), ("TracingConfig", "PassThrough"), ("FifoThroughputScope", "Topic")]);
        assert_eq!(bare, Attributes::from([("fifo", Value::Bool(false)), ("signature_version", Value::Int(1))]));
        let fifo = reported(&[("FifoTopic", "true"), ("SignatureVersion", "2"), ("KmsMasterKeyId", "alias/a")]);
        assert_eq!(fifo["content_based_deduplication"], Value::Bool(false));
        assert_eq!((&fifo["signature_version"], fifo["kms_key"].plain()), (&Value::Int(2), "alias/a".to_owned()));
    }

    #[test]
    fn what_is_no_longer_set_is_sent_as_sns_has_it_without() {
        let sent = [&TRACING, &FIFO_THROUGHPUT_SCOPE, &super::super::KMS_KEY].map(|row| to_sns(row, &Value::Null));
        assert_eq!(sent, ["PassThrough", "Topic", ""]);
    }
}
