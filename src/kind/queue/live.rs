//! The queue's face towards SQS.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_sqs::types::QueueAttributeName as Name;

use super::{
    DEAD_LETTER_QUEUE, FIFO, KMS_DATA_KEY_REUSE, KMS_KEY, MAX_RECEIVE_COUNT, POLICY, Queue, REDRIVE, REDRIVE_ALLOW,
    REDRIVE_PERMISSION, ROWS, SOURCE_QUEUES,
};
use crate::backend::aws::{Aws, Patience};
use crate::error::{AwsError, fine_when};
use crate::kind::{Depth, Desired, Facts, Found, Kind, Live, Row, Sample, Sweep, Type};
use crate::model::{Attributes, Fact};
use crate::plan::Change;
use crate::value::Value;

const GONE: &[&str] = &["AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"];
const DELETED_RECENTLY: &[&str] = &["AWS.SimpleQueueService.QueueDeletedRecently", "QueueDeletedRecently"];

#[async_trait]
impl Live for Queue {
    /// `ListQueues` tells which exist; each of ours is then read twice, side by side: attributes and tags.
    async fn read(&self, aws: &Aws, sweep: &Sweep) -> Result<Vec<Found>, AwsError> {
        let urls = list(aws).await?;
        let owned: BTreeSet<String> = if aws.lists_every_tag() && urls.keys().any(|name| !sweep.wants(name)) {
            let tagged = aws.tagged(sweep, self.tag_type()).await?;
            tagged.keys().filter_map(|arn| self.name_in_arn(arn)).map(str::to_owned).collect()
        } else {
            BTreeSet::new()
        };
        let wanted = urls.into_iter().filter_map(|(name, url)| {
            let named = sweep.wants(&name) || owned.contains(&name);
            (named || !aws.lists_every_tag()).then_some((name, url, named))
        });
        let sweep = Arc::new(sweep.clone());
        aws.each(wanted, |aws, (name, url, named)| read_one(aws, Arc::clone(&sweep), name, url, named)).await
    }

    /// Dead-letter queues belong to their sources.
    async fn belonging(&self, _aws: &Aws, found: &[Found]) -> Result<BTreeSet<String>, AwsError> {
        let redrives = found.iter().filter(|one| one.kind.name() == self.name());
        let redrives = redrives.filter_map(|one| one.attributes.get(REDRIVE.key));
        let targets = redrives.filter_map(|redrive| redrive.get(DEAD_LETTER_QUEUE.key).as_text());
        Ok(targets.filter_map(|arn| self.name_in_arn(arn)).map(str::to_owned).collect())
    }

    async fn create(&self, aws: &Aws, desired: &Desired) -> Result<Facts, AwsError> {
        let attributes = to_sqs(ROWS.iter().filter(|row| !row.is_short_form()), &desired.attributes);
        let attributes: HashMap<_, _> = attributes.into_iter().filter(|(_, text)| !text.is_empty()).collect();
        let patience = Patience::new(&desired.address)
            // The name of a deleted queue is unusable for 60 s; a dead-letter queue is usable about 1 s after its creation.
            .wait_for(DELETED_RECENTLY, "a queue of this name was deleted less than 60 s ago", 75)
            .wait_for_text("Dead letter target does not exist", "its dead-letter queue is not visible yet", 60);
        let created = aws
            .patiently(patience, || {
                let call = aws.sqs.create_queue().queue_name(&desired.name);
                let call = call.set_attributes(Some(attributes.clone()));
                aws.call("sqs", "CreateQueue", call.set_tags(Some(desired.tags.clone().into_iter().collect())).send())
            })
            .await?;
        Ok(created.queue_url.map(|url| (Fact::Url, url)).into_iter().collect())
    }

    async fn update(&self, aws: &Aws, desired: &Desired, found: &Found, changes: &[Change]) -> Result<(), AwsError> {
        let url = found.facts.get(&Fact::Url).map_or("", String::as_str);
        let (set, removed) = super::super::tag_changes(desired, found, changes);
        if !set.is_empty() {
            let set: HashMap<_, _> = set.into_iter().collect();
            aws.call("sqs", "TagQueue", aws.sqs.tag_queue().queue_url(url).set_tags(Some(set)).send()).await?;
        }
        if !removed.is_empty() {
            let call = aws.sqs.untag_queue().queue_url(url).set_tag_keys(Some(removed));
            aws.call("sqs", "UntagQueue", call.send()).await?;
        }
        let changed = ROWS.iter().filter(|row| changes.iter().any(|change| change.key == row.key));
        let attributes = to_sqs(changed, &desired.attributes);
        if attributes.is_empty() {
            return Ok(());
        }
        let patience = Patience::new(&desired.address).wait_for_text(
            "Dead letter target does not exist",
            "its dead-letter queue is not visible yet",
            60,
        );
        aws.patiently(patience, || {
            let call = aws.sqs.set_queue_attributes().queue_url(url).set_attributes(Some(attributes.clone()));
            aws.call("sqs", "SetQueueAttributes", call.send())
        })
        .await
        .map(drop)
    }

    /// Counts once more before deleting: messages may have come since the plan.
    async fn delete(&self, aws: &Aws, found: &Found, consent: bool) -> Result<(), AwsError> {
        let url = found.facts.get(&Fact::Url).map_or("", String::as_str);
        if !consent {
            let now = match read_attributes(aws, url).await? {
                Some(reported) => holds(&reported),
                None => return Ok(()),
            };
            if now > 0 {
                return Err(AwsError::refused(
                    "sqs",
                    "DeleteQueue",
                    format!("{} holds {now} messages now; deleting it would lose them", found.name),
                ));
            }
        }
        fine_when(GONE, aws.call("sqs", "DeleteQueue", aws.sqs.delete_queue().queue_url(url).send()).await)
    }

    async fn sample(&self, aws: &Aws, found: &Found, _since: i64) -> Result<Option<Sample>, AwsError> {
        let url = found.facts.get(&Fact::Url).map_or("", String::as_str);
        Ok(read_attributes(aws, url).await?.map(|reported| Sample::Depth(depth(&reported))))
    }
}

/// Lists all queues of the account: name → URL.
async fn list(aws: &Aws) -> Result<BTreeMap<String, String>, AwsError> {
    let mut urls = BTreeMap::new();
    let mut token = None;
    loop {
        let call = aws.sqs.list_queues().max_results(1_000).set_next_token(token);
        let page = aws.call("sqs", "ListQueues", call.send()).await?;
        let named = page.queue_urls.unwrap_or_default().into_iter();
        urls.extend(named.filter_map(|url| Some((url.rsplit('/').next()?.to_owned(), url))));
        token = page.next_token;
        if token.is_none() {
            return Ok(urls);
        }
    }
}

/// Reads one queue; one that nobody named is looked at only if it carries the tag of a stack that is swept.
async fn read_one(
    aws: Aws,
    sweep: Arc<Sweep>,
    name: String,
    url: String,
    named: bool,
) -> Result<Option<Found>, AwsError> {
    let tags = if named {
        None
    } else {
        match read_tags(&aws, &url).await? {
            Some(tags) if sweep.owns(&tags) => Some(tags),
            _ => return Ok(None),
        }
    };
    let (reported, tags) = match tags {
        Some(tags) => (read_attributes(&aws, &url).await?, Some(tags)),
        None => futures::try_join!(read_attributes(&aws, &url), read_tags(&aws, &url))?,
    };
    let (Some(reported), Some(tags)) = (reported, tags) else { return Ok(None) };
    Ok(Some(Found {
        kind: &Queue,
        arn: reported.get(&Name::QueueArn).cloned().unwrap_or_default(),
        attributes: from_sqs(&reported),
        tags,
        holds: Some(holds(&reported)),
        facts: facts(url, &reported),
        name,
    }))
}

fn facts(url: String, reported: &HashMap<Name, String>) -> Facts {
    let modified = reported.get(&Name::LastModifiedTimestamp).and_then(|seconds| seconds.parse().ok());
    let modified = modified.and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
    let modified = modified.map(|time| (Fact::Modified, time.to_string()));
    modified.into_iter().chain([(Fact::Url, url)]).collect()
}

async fn read_attributes(aws: &Aws, url: &str) -> Result<Option<HashMap<Name, String>>, AwsError> {
    let call = aws.sqs.get_queue_attributes().queue_url(url).attribute_names(Name::All);
    match aws.call("sqs", "GetQueueAttributes", call.send()).await {
        Err(error) if error.is(GONE) => Ok(None),
        other => other.map(|answer| Some(answer.attributes.unwrap_or_default())),
    }
}

async fn read_tags(aws: &Aws, url: &str) -> Result<Option<BTreeMap<String, String>>, AwsError> {
    match aws.call("sqs", "ListQueueTags", aws.sqs.list_queue_tags().queue_url(url).send()).await {
        Err(error) if error.is(GONE) => Ok(None),
        other => other.map(|answer| Some(answer.tags.unwrap_or_default().into_iter().collect())),
    }
}

/// Reads the tags of a queue by its name; nothing where there is no such queue.
pub async fn read_tags_of(aws: &Aws, name: &str) -> Result<Option<BTreeMap<String, String>>, AwsError> {
    let asked = aws.call("sqs", "GetQueueUrl", aws.sqs.get_queue_url().queue_name(name).send()).await;
    match asked {
        Err(error) if error.is(GONE) => Ok(None),
        other => read_tags(aws, &other?.queue_url.unwrap_or_default()).await,
    }
}

/// Counts waiting, delayed and in-flight messages.
fn holds(reported: &HashMap<Name, String>) -> u64 {
    depth(reported).total()
}

fn depth(reported: &HashMap<Name, String>) -> Depth {
    let count = |name: Name| reported.get(&name).and_then(|count| count.parse().ok()).unwrap_or(0);
    Depth {
        waiting: count(Name::ApproximateNumberOfMessages),
        in_flight: count(Name::ApproximateNumberOfMessagesNotVisible),
        delayed: count(Name::ApproximateNumberOfMessagesDelayed),
    }
}

/// Writes attributes as SQS takes them; a cleared one is the empty string.
fn to_sqs<'a>(rows: impl Iterator<Item = &'a Row>, attributes: &Attributes) -> HashMap<Name, String> {
    let sent = rows.filter_map(|row| {
        let value = attributes.get(row.key).unwrap_or(&Value::Null);
        // Standard queues refuse to hear about FIFO at all, and there is no clearing of a reuse period.
        if row.key == FIFO.key && value != &Value::Bool(true) || value.is_null() && row.key == KMS_DATA_KEY_REUSE.key {
            return None;
        }
        let text = match (&row.ty, value) {
            (_, Value::Null) => String::new(),
            (Type::Object(rows), Value::Map(map)) => {
                // By its keys, as SQS and Terraform write it: the same text is no difference to anybody.
                let json: std::collections::BTreeMap<_, _> = rows
                    .iter()
                    .filter_map(|row| Some((row.api.to_owned(), map.get(row.key).filter(|v| !v.is_null())?.to_json())))
                    .collect();
                serde_json::json!(json).to_string()
            }
            (_, value) => value.plain(),
        };
        Some((Name::from(row.api), text))
    });
    sent.collect()
}

/// Reads what SQS reports into the terms of the rows.
fn from_sqs(reported: &HashMap<Name, String>) -> Attributes {
    let mut attributes: Attributes = ROWS
        .iter()
        .filter_map(|row| {
            let text = reported.get(&Name::from(row.api)).filter(|text| !text.is_empty())?;
            Some((row.key, from_text(row, text)))
        })
        .collect();
    attributes.entry(FIFO.key).or_insert(Value::Bool(false));
    if !attributes.contains_key(KMS_KEY.key) {
        attributes.remove(KMS_DATA_KEY_REUSE.key);
    }
    attributes
}

fn from_text(row: &Row, text: &str) -> Value {
    let json = || serde_json::from_str::<serde_json::Value>(text).map(|json| Value::from_json(&json)).ok();
    match row.key {
        key if key == POLICY.key => json().unwrap_or_else(|| Value::text(text)),
        key if key == REDRIVE.key => json().map_or_else(|| Value::text(text), |json| redrive(&json)),
        key if key == REDRIVE_ALLOW.key => json().map_or_else(|| Value::text(text), |json| redrive_allow(&json)),
        _ => match row.ty {
            Type::Int { .. } => text.parse().map_or_else(|_| Value::text(text), Value::Int),
            Type::Bool => Value::Bool(text == "true"),
            _ => Value::text(text),
        },
    }
}

fn redrive(json: &Value) -> Value {
    // Some clients write the count as a string; SQS takes both and gives back what it got.
    let count = json.get(MAX_RECEIVE_COUNT.api).plain().parse().map_or(Value::Null, Value::Int);
    Value::map([(MAX_RECEIVE_COUNT.key, count), (DEAD_LETTER_QUEUE.key, json.get(DEAD_LETTER_QUEUE.api).clone())])
}

fn redrive_allow(json: &Value) -> Value {
    Value::map([
        (REDRIVE_PERMISSION.key, json.get(REDRIVE_PERMISSION.api).clone()),
        (SOURCE_QUEUES.key, json.get(SOURCE_QUEUES.api).clone()),
    ])
}
