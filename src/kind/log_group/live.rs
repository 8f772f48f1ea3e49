//! The log group's face towards `CloudWatch` Logs.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use async_trait::async_trait;
use aws_sdk_cloudwatchlogs::types::{FilteredLogEvent, LogGroup as Reported};

use super::{KMS_KEY, LogGroup, RETENTION};
use crate::backend::aws::{Aws, Patience};
use crate::error::{AwsError, fine_when};
use crate::kind::{Desired, Facts, Found, Kind, Line, Live, Row, Sample, Sweep, function, tag_changes};
use crate::plan::{Change, owner};
use crate::value::{FOREVER, Value};

/// The most names that `DescribeLogGroups` takes, and the most groups that it answers with.
const PAGE: usize = 50;

const GONE: &[&str] = &["ResourceNotFoundException"];
const EXISTS: &[&str] = &["ResourceAlreadyExistsException"];
/// Another request changes the same group, Lambda's for example.
const BUSY: &[&str] = &["OperationAbortedException"];

#[async_trait]
impl Live for LogGroup {
    /// Names are read 50 a call and orphans are found by their tag, so that an account with thousands of groups
    /// costs no more than the stack; an endpoint whose tagging API cannot be relied on is listed as a whole.
    async fn read(&self, aws: &Aws, sweep: &Sweep) -> Result<Vec<Found>, AwsError> {
        let groups = if aws.lists_every_tag() {
            let tagged = aws.tagged(sweep, LogGroup.tag_type()).await?;
            let orphans = tagged.keys().filter_map(|arn| self.name_in_arn(arn)).map(str::to_owned);
            let names: BTreeSet<String> = sweep.names().into_iter().chain(orphans).collect();
            describe(aws, &names.into_iter().collect::<Vec<_>>()).await?
        } else {
            describe_all(aws).await?
        };
        if groups.is_empty() {
            return Ok(Vec::new());
        }
        let tagged = aws.tagged(sweep, LogGroup.tag_type()).await?;
        let groups = groups.into_iter().map(|group| {
            let arn = arn(&group);
            (tagged.get(&arn).cloned(), arn, group)
        });
        let groups: Vec<_> = groups.collect();
        let read = |aws: Aws, (tags, arn, group): (Option<BTreeMap<String, String>>, String, Reported)| async move {
            // A bulk answer without it may be late or incomplete: only the service's own read says "not ours".
            let tags = match tags {
                Some(tags) => tags,
                None => read_tags(&aws, &arn).await?,
            };
            let name = group.log_group_name.clone().unwrap_or_default();
            Ok(Some(found(&group, name, arn, tags)))
        };
        let found: Vec<Found> = aws.each(groups, read).await?;
        Ok(found.into_iter().filter(|one| sweep.keeps(one)).collect())
    }

    /// Log groups belong to the functions that log to them.
    async fn belonging(&self, _aws: &Aws, found: &[Found]) -> Result<BTreeSet<String>, AwsError> {
        let functions = found.iter().filter(|one| one.kind.name() == function::Function.name());
        let groups = functions.map(|one| {
            let logging = one.attributes.get(function::LOGGING.key).unwrap_or(&Value::Null);
            let said = logging.get(function::LOG_GROUP.key).as_text().map(str::to_owned);
            said.unwrap_or_else(|| format!("/aws/lambda/{}", one.name))
        });
        Ok(groups.collect())
    }

    /// Retention has a call of its own: a group that an interrupted apply left without it is an update of the next plan.
    async fn create(&self, aws: &Aws, desired: &Desired) -> Result<Facts, AwsError> {
        let tags: HashMap<_, _> = desired.tags.clone().into_iter().collect();
        let created = aws
            .patiently(busy(desired), || {
                let call = aws.logs.create_log_group().log_group_name(&desired.name).set_tags(Some(tags.clone()));
                aws.call("logs", "CreateLogGroup", call.set_kms_key_id(text(desired, &KMS_KEY)).send())
            })
            .await;
        match created {
            // Lambda made it since the plan, at the function's first invocation.
            Err(error) if error.is(EXISTS) => take_over(aws, desired, error).await?,
            // A new group keeps everything for ever.
            Ok(_) if desired.get(&RETENTION).as_int() == Some(FOREVER) => return Ok(Facts::new()),
            other => drop(other?),
        }
        put_retention(aws, desired).await?;
        Ok(Facts::new())
    }

    async fn update(&self, aws: &Aws, desired: &Desired, found: &Found, changes: &[Change]) -> Result<(), AwsError> {
        let (set, removed) = tag_changes(desired, found, changes);
        tag(aws, &found.arn, set).await?;
        if !removed.is_empty() {
            let call = aws.logs.untag_resource().resource_arn(&found.arn).set_tag_keys(Some(removed));
            aws.call("logs", "UntagResource", call.send()).await?;
        }
        let differs = |row: &Row| changes.iter().any(|change| !change.is_tag() && change.key == row.key);
        if differs(&KMS_KEY) {
            put_key(aws, desired).await?;
        }
        if differs(&RETENTION) {
            put_retention(aws, desired).await?;
        }
        Ok(())
    }

    async fn delete(&self, aws: &Aws, found: &Found, _consent: bool) -> Result<(), AwsError> {
        let call = aws.logs.delete_log_group().log_group_name(&found.name);
        fine_when(GONE, aws.call("logs", "DeleteLogGroup", call.send()).await)
    }

    async fn sample(&self, aws: &Aws, found: &Found, since: i64) -> Result<Option<Sample>, AwsError> {
        let (mut lines, mut token) = (Vec::new(), None);
        loop {
            let call = aws.logs.filter_log_events().log_group_name(&found.name).start_time(since).set_next_token(token);
            let page = match aws.call("logs", "FilterLogEvents", call.send()).await {
                Err(error) if error.is(GONE) => return Ok(None),
                other => other?,
            };
            lines.extend(page.events.unwrap_or_default().into_iter().map(line));
            token = page.next_token.filter(|token| !token.is_empty());
            if token.is_none() {
                return Ok(Some(Sample::Log(lines)));
            }
        }
    }
}

/// Some emulators give events no id: then stream, time and text tell one from another.
fn line(event: FilteredLogEvent) -> Line {
    let at = event.timestamp.unwrap_or_default();
    let text = event.message.unwrap_or_default();
    let id = event.event_id.filter(|id| !id.is_empty());
    Line { at, id: id.unwrap_or_else(|| format!("{}:{at}:{text}", event.log_stream_name.unwrap_or_default())), text }
}

/// Reads the groups of these names, 50 a call, side by side.
async fn describe(aws: &Aws, names: &[String]) -> Result<Vec<Reported>, AwsError> {
    let pages = names.chunks(PAGE).map(|names| async move {
        let call = aws.logs.describe_log_groups().set_log_group_identifiers(Some(names.to_vec()));
        match aws.call("logs", "DescribeLogGroups", call.send()).await {
            // AWS does not document whether one name that is not there spoils the answer for the others.
            Err(error) if error.is(GONE) => {
                let reads = futures::future::try_join_all(names.iter().map(|name| describe_one(aws, name))).await?;
                Ok(reads.into_iter().flatten().collect())
            }
            other => Ok(other?.log_groups.unwrap_or_default()),
        }
    });
    let pages: Vec<Vec<Reported>> = futures::future::try_join_all(pages).await?;
    Ok(pages.into_iter().flatten().collect())
}

/// Reads one group: of those with its name as prefix it is the first, since they come in the order of names.
async fn describe_one(aws: &Aws, name: &str) -> Result<Option<Reported>, AwsError> {
    let call = aws.logs.describe_log_groups().log_group_name_prefix(name).limit(1);
    let answer = aws.call("logs", "DescribeLogGroups", call.send()).await?;
    Ok(answer.log_groups.unwrap_or_default().into_iter().find(|group| group.log_group_name() == Some(name)))
}

/// Reads every group.
async fn describe_all(aws: &Aws) -> Result<Vec<Reported>, AwsError> {
    let mut groups = Vec::new();
    let mut token = None;
    loop {
        #[expect(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "PAGE is 50")]
        let call = aws.logs.describe_log_groups().limit(PAGE as i32).set_next_token(token);
        let page = aws.call("logs", "DescribeLogGroups", call.send()).await?;
        groups.extend(page.log_groups.unwrap_or_default());
        token = page.next_token.filter(|token| !token.is_empty());
        if token.is_none() {
            return Ok(groups);
        }
    }
}

async fn read_tags(aws: &Aws, arn: &str) -> Result<BTreeMap<String, String>, AwsError> {
    let call = aws.logs.list_tags_for_resource().resource_arn(arn);
    match aws.call("logs", "ListTagsForResource", call.send()).await {
        Err(error) if error.is(GONE) => Ok(BTreeMap::new()),
        other => Ok(other?.tags.unwrap_or_default().into_iter().collect()),
    }
}

/// Makes a group ours that came into being since the plan, unless another stack owns it.
async fn take_over(aws: &Aws, desired: &Desired, exists: AwsError) -> Result<(), AwsError> {
    let tags = read_tags(aws, &desired.arn).await?;
    if owner(&tags).is_some_and(|stack| Some(stack) != owner(&desired.tags)) {
        return Err(exists);
    }
    tag(aws, &desired.arn, desired.tags.clone()).await?;
    if desired.get(&KMS_KEY).is_null() { Ok(()) } else { put_key(aws, desired).await }
}

async fn tag(aws: &Aws, arn: &str, tags: BTreeMap<String, String>) -> Result<(), AwsError> {
    if tags.is_empty() {
        return Ok(());
    }
    let call = aws.logs.tag_resource().resource_arn(arn).set_tags(Some(tags.into_iter().collect()));
    aws.call("logs", "TagResource", call.send()).await.map(drop)
}

async fn put_key(aws: &Aws, desired: &Desired) -> Result<(), AwsError> {
    aws.patiently(busy(desired), || async {
        if let Some(key) = text(desired, &KMS_KEY) {
            let call = aws.logs.associate_kms_key().log_group_name(&desired.name).kms_key_id(key);
            return aws.call("logs", "AssociateKmsKey", call.send()).await.map(drop);
        }
        let call = aws.logs.disassociate_kms_key().log_group_name(&desired.name);
        aws.call("logs", "DisassociateKmsKey", call.send()).await.map(drop)
    })
    .await
}

async fn put_retention(aws: &Aws, desired: &Desired) -> Result<(), AwsError> {
    let days = desired.get(&RETENTION).as_int().filter(|days| *days != FOREVER);
    let days = days.and_then(|days| i32::try_from(days).ok());
    aws.patiently(busy(desired).wait_for(GONE, "the new log group is not visible yet", 30), || async {
        if let Some(days) = days {
            let call = aws.logs.put_retention_policy().log_group_name(&desired.name).retention_in_days(days);
            return aws.call("logs", "PutRetentionPolicy", call.send()).await.map(drop);
        }
        let call = aws.logs.delete_retention_policy().log_group_name(&desired.name);
        aws.call("logs", "DeleteRetentionPolicy", call.send()).await.map(drop)
    })
    .await
}

fn busy(desired: &Desired) -> Patience {
    Patience::new(&desired.address).wait_for(BUSY, "another request changes the log group", 30)
}

fn text(desired: &Desired, row: &Row) -> Option<String> {
    desired.get(row).as_text().map(str::to_owned)
}

/// The ARN without the `:*` that stands for the group's streams: the one that tags are kept under.
fn arn(group: &Reported) -> String {
    let arn = group.log_group_arn().or(group.arn()).unwrap_or_default();
    arn.strip_suffix(":*").unwrap_or(arn).to_owned()
}

/// Puts what `CloudWatch` Logs reports into the terms of the rows.
///
/// What it holds is counted in bytes; CloudWatch Logs counts late, so that a group of today may say 0.
fn found(group: &Reported, name: String, arn: String, tags: BTreeMap<String, String>) -> Found {
    let retention = group.retention_in_days.map(|days| (RETENTION.key, Value::Int(days.into())));
    let key = group.kms_key_id().filter(|key| !key.is_empty()).map(|key| (KMS_KEY.key, Value::text(key)));
    let attributes = retention.into_iter().chain(key).collect();
    let holds = group.stored_bytes.and_then(|bytes| bytes.try_into().ok());
    Found { kind: &LogGroup, name, arn, attributes, tags, facts: Facts::new(), holds }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expand::STACK_TAG;
    use crate::plan::{Action, Consent, loses, loss, plan_destroy};

    #[test]
    fn arns_lose_their_streams() {
        let plain = "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/sync";
        let starred = format!("{plain}:*");
        for group in [
            Reported::builder().arn(&starred).build(),
            Reported::builder().arn(&starred).log_group_arn(plain).build(),
            Reported::builder().arn(plain).build(),
        ] {
            assert_eq!(arn(&group), plain);
        }
        assert_eq!(LogGroup.name_in_arn(plain), Some("/aws/lambda/sync"));
        assert_eq!(LogGroup.name_in_arn(&starred), Some("/aws/lambda/sync"));
        assert_eq!(LogGroup.name_in_arn("arn:aws:sqs:eu-west-1:123456789012:log-group"), None);
    }

    #[test]
    fn what_is_not_reported_is_not_there() {
        let group = Reported::builder().log_group_name("g").kms_key_id("").build();
        assert!(found(&group, "g".to_owned(), String::new(), BTreeMap::new()).attributes.is_empty());
        let group = Reported::builder().retention_in_days(7).kms_key_id("arn:k").build();
        let attributes = found(&group, "g".to_owned(), String::new(), BTreeMap::new()).attributes;
        assert_eq!(attributes.get(RETENTION.key), Some(&Value::Int(7)));
        assert_eq!(attributes.get(KMS_KEY.key), Some(&Value::text("arn:k")));
    }

    #[test]
    fn cutting_events_short_needs_consent_and_deleting_them_none() {
        let of = |bytes| {
            let group = Reported::builder().retention_in_days(30).set_stored_bytes(bytes).build();
            found(&group, "g".to_owned(), String::new(), BTreeMap::new())
        };
        let lowered = Change {
            key: RETENTION.key.to_owned(),
            row: Some(&RETENTION),
            before: Value::Int(30),
            after: Value::Int(14),
            replaces: false,
            loses: loses(&RETENTION, &Value::Int(30), &Value::Int(14)),
        };
        let lost = |action, bytes, changes: &[Change]| loss(action, "g", Some(&of(bytes)), changes);
        for action in [Action::Adopt, Action::Update] {
            let told = lost(action, Some(700), std::slice::from_ref(&lowered)).unwrap();
            assert_eq!(told, "log events older than the new retention; g holds 700 bytes of log events");
            assert_eq!(lost(action, Some(700), &[]), None);
            assert_eq!(lost(action, Some(0), std::slice::from_ref(&lowered)), None);
            assert_eq!(lost(action, None, std::slice::from_ref(&lowered)), None);
        }
        assert_eq!(lost(Action::Delete, Some(700), &[]).unwrap(), "700 bytes of log events in g");
        let tags = BTreeMap::from([(STACK_TAG.to_owned(), "s".to_owned())]);
        let plan = plan_destroy("s", vec![Found { tags, ..of(Some(700)) }], &Consent::default());
        assert_eq!(plan.steps[0].loss.as_deref(), Some("700 bytes of log events in g"));
        assert_eq!(plan.unconsented().count(), 0);
    }
}
