//! The table's face towards DynamoDB.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::operation::create_table::builders::CreateTableFluentBuilder;
use aws_sdk_dynamodb::types::{
    PointInTimeRecoveryStatus, Select, StreamSpecification, TableDescription, TableStatus, Tag, TimeToLiveStatus,
};

use super::change::{CROWDED, Turn, encryption, take, turns, unbuilt};
use super::settle::settle;
use super::{
    BILLING, CAPACITY, DELETION_PROTECTION, INDEXES, KMS_KEY, LOCAL_INDEXES, MAX_CAPACITY, POINT_IN_TIME_RECOVERY,
    STREAM, TABLE_CLASS, TIME_TO_LIVE, Table, convert,
};
use crate::backend::aws::{Aws, Patience};
use crate::error::{AwsError, fine_when};
use crate::expand::{ADDRESS_TAG, STACK_TAG};
use crate::kind::{Desired, Facts, Found, Kind, Live, Row, Sweep, function, tag_changes};
use crate::model::Address;
use crate::plan::Change;
use crate::value::Value;

const GONE: &[&str] = &["ResourceNotFoundException", "TableNotFoundException"];
const EXISTS: &[&str] = &["ResourceInUseException"];
const DENIED: &[&str] = &["AccessDeniedException"];

/// What [`Found::holds`] is where nobody may look.
pub const UNKNOWN: u64 = u64::MAX;

/// Tags by key.
type Tags = BTreeMap<String, String>;

#[async_trait]
impl Live for Table {
    /// The named tables are asked for one by one, with those that the tagging API knows to be ours: an account may have
    /// hundreds of others. Where that cannot be relied on, all are listed.
    async fn read(&self, aws: &Aws, sweep: &Sweep) -> Result<Vec<Found>, AwsError> {
        let listed = if aws.lists_every_tag() { None } else { Some(list(aws).await?) };
        if listed.as_ref().is_some_and(BTreeSet::is_empty) {
            return Ok(Vec::new());
        }
        let tagged = aws.tagged(sweep, self.tag_type()).await?;
        let owned = tagged.keys().filter_map(|arn| self.name_in_arn(arn)).map(str::to_owned);
        let names = listed.unwrap_or_else(|| sweep.names().into_iter().chain(owned).collect());
        let known = names.into_iter().map(|name| {
            let tags =
                tagged.iter().find(|(arn, _)| self.name_in_arn(arn) == Some(&name)).map(|(_, tags)| tags.clone());
            (name, tags)
        });
        let sweep = Arc::new(sweep.clone());
        aws.each(known, |aws, (name, tags)| read_one(aws, Arc::clone(&sweep), name, tags)).await
    }

    /// Tables belong to the functions that are told their names as a grant tells them.
    async fn belonging(&self, _aws: &Aws, found: &[Found]) -> Result<BTreeSet<String>, AwsError> {
        let functions = found.iter().filter(|one| one.kind.name() == function::Function.name());
        let variables = functions.filter_map(|one| one.attributes.get(function::ENVIRONMENT.key)?.as_map()).flatten();
        let named = variables.filter(|(variable, _)| variable.starts_with("TABLE_NAME_"));
        Ok(named.filter_map(|(_, name)| name.as_text()).map(str::to_owned).collect())
    }

    /// Time to live and backups have calls of their own: a table that an interrupted apply left without them is an
    /// update of the next plan.
    async fn create(&self, aws: &Aws, desired: &Desired) -> Result<Facts, AwsError> {
        let patience = Patience::new(&desired.address)
            .wait_for_text("being deleted", "the table that had this name is still being deleted", 600)
            .wait_for(CROWDED, "too many tables of the account are changing at once", 600);
        let created = aws.patiently(patience, || async {
            let call = new_table(aws, desired).map_err(|error| unbuilt("CreateTable", &error))?;
            aws.call("dynamodb", "CreateTable", call.send()).await
        });
        match created.await {
            // A call that was repeated because its answer was lost finds what it made itself.
            Err(error) if error.is(EXISTS) && is_this(aws, desired).await? => {}
            other => drop(other?),
        }
        settle(aws, &desired.address, &desired.name).await?;
        if let Some(attribute) = desired.get(&TIME_TO_LIVE).as_text() {
            take(aws, desired, &Turn::Expire(attribute.to_owned())).await?;
        }
        if desired.get(&POINT_IN_TIME_RECOVERY).as_bool() == Some(true) {
            take(aws, desired, &Turn::Recover(true)).await?;
        }
        Ok(Facts::new())
    }

    async fn update(&self, aws: &Aws, desired: &Desired, found: &Found, changes: &[Change]) -> Result<(), AwsError> {
        let (set, removed) = tag_changes(desired, found, changes);
        if !set.is_empty() {
            let call = aws.dynamodb().tag_resource().resource_arn(&found.arn).set_tags(Some(tags("TagResource", set)?));
            aws.call("dynamodb", "TagResource", call.send()).await?;
        }
        if !removed.is_empty() {
            let call = aws.dynamodb().untag_resource().resource_arn(&found.arn).set_tag_keys(Some(removed));
            aws.call("dynamodb", "UntagResource", call.send()).await?;
        }
        let touched = |row: &Row| changes.iter().any(|change| !change.is_tag() && change.key == row.key);
        let turns = turns(desired, found, &touched);
        if !turns.is_empty() {
            // An apply that was interrupted may have left it at work.
            settle(aws, &desired.address, &desired.name).await?;
        }
        for turn in &turns {
            take(aws, desired, turn).await?;
        }
        Ok(())
    }

    /// Looks for items once more before deleting: some may have come since the plan. The deletion is not waited for; a
    /// table of the same name waits for it when it is made.
    async fn delete(&self, aws: &Aws, found: &Found, consent: bool) -> Result<(), AwsError> {
        let refused = |message| Err(AwsError::refused("dynamodb", "DeleteTable", message));
        if found.attributes.get(DELETION_PROTECTION.key).and_then(Value::as_bool) == Some(true) {
            return refused(format!(
                "{} is protected against deletion: apply `deletion_protection: false` first",
                found.name
            ));
        }
        if !consent {
            let Some(table) = describe(aws, &found.name).await? else { return Ok(()) };
            let holds = holds(aws, &table, &found.name).await?;
            if holds > 0 {
                return refused(format!("{} holds {} now; deleting it would lose them", found.name, Table.held(holds)));
            }
        }
        let patience = Patience::new(&Address::new(self.name(), &found.name))
            .wait_for(EXISTS, "the table is still being changed", 600)
            .wait_for(CROWDED, "too many tables of the account are changing at once", 600);
        let deleted = aws.patiently(patience, || {
            aws.call("dynamodb", "DeleteTable", aws.dynamodb().delete_table().table_name(&found.name).send())
        });
        fine_when(GONE, deleted.await)
    }
}

/// Lists the tables of the account.
async fn list(aws: &Aws) -> Result<BTreeSet<String>, AwsError> {
    let mut names = BTreeSet::new();
    let mut from = None;
    loop {
        let call = aws.dynamodb().list_tables().set_exclusive_start_table_name(from);
        let page = aws.call("dynamodb", "ListTables", call.send()).await?;
        names.extend(page.table_names.unwrap_or_default());
        from = page.last_evaluated_table_name.filter(|name| !name.is_empty());
        if from.is_none() {
            return Ok(names);
        }
    }
}

/// Reads one table; one that is on its way out is gone.
pub async fn describe(aws: &Aws, name: &str) -> Result<Option<TableDescription>, AwsError> {
    let call = aws.dynamodb().describe_table().table_name(name);
    match aws.call("dynamodb", "DescribeTable", call.send()).await {
        Err(error) if error.is(GONE) => Ok(None),
        other => Ok(other?.table.filter(|table| table.table_status() != Some(&TableStatus::Deleting))),
    }
}

/// Reads one table with what is asked for separately. A bulk answer without its tags may be late or incomplete: the
/// service's own read decides.
async fn read_one(aws: Aws, sweep: Arc<Sweep>, name: String, known: Option<Tags>) -> Result<Option<Found>, AwsError> {
    let Some(table) = describe(&aws, &name).await? else { return Ok(None) };
    let arn = table.table_arn().unwrap_or_default().to_owned();
    let tags = match known {
        Some(tags) => tags,
        None => match read_tags(&aws, &arn).await {
            // Of a table that went meanwhile, DynamoDB says that its tags are not for us to read. One that nobody named
            // and that keeps them from us is not ours.
            Err(error) if error.is(DENIED) && (!sweep.wants(&name) || describe(&aws, &name).await?.is_none()) => {
                return Ok(None);
            }
            read => read?,
        },
    };
    if !sweep.wants(&name) && !sweep.owns(&tags) {
        return Ok(None);
    }
    let expires = time_to_live(&aws, &name);
    let (expires, recovers, holds) = futures::try_join!(expires, recovery(&aws, &name), holds(&aws, &table, &name))?;
    let mut attributes = convert::reported(&table);
    attributes.extend(expires.map(|attribute| (TIME_TO_LIVE.key, Value::text(attribute))));
    attributes.extend(recovers.map(|on| (POINT_IN_TIME_RECOVERY.key, Value::Bool(on))));
    Ok(Some(Found { kind: &Table, name, arn, attributes, tags, facts: Facts::new(), holds: Some(holds) }))
}

async fn read_tags(aws: &Aws, arn: &str) -> Result<Tags, AwsError> {
    let mut tags = Tags::new();
    let mut token = None;
    loop {
        let call = aws.dynamodb().list_tags_of_resource().resource_arn(arn).set_next_token(token);
        let page = match aws.call("dynamodb", "ListTagsOfResource", call.send()).await {
            Err(error) if error.is(GONE) => return Ok(tags),
            other => other?,
        };
        tags.extend(page.tags.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value)));
        token = page.next_token.filter(|token| !token.is_empty());
        if token.is_none() {
            return Ok(tags);
        }
    }
}

/// The attribute that items expire by.
async fn time_to_live(aws: &Aws, name: &str) -> Result<Option<String>, AwsError> {
    let call = aws.dynamodb().describe_time_to_live().table_name(name);
    let answer = match aws.call("dynamodb", "DescribeTimeToLive", call.send()).await {
        Err(error) if error.is(GONE) => return Ok(None),
        other => other?,
    };
    let on = [TimeToLiveStatus::Enabled, TimeToLiveStatus::Enabling];
    let described = answer.time_to_live_description;
    let described = described.filter(|one| one.time_to_live_status().is_some_and(|status| on.contains(status)));
    Ok(described.and_then(|one| one.attribute_name))
}

/// Whether the table can be restored to any second; a new one cannot yet.
async fn recovery(aws: &Aws, name: &str) -> Result<Option<bool>, AwsError> {
    let call = aws.dynamodb().describe_continuous_backups().table_name(name);
    let answer = match aws.call("dynamodb", "DescribeContinuousBackups", call.send()).await {
        Err(error) if error.is(GONE) => return Ok(None),
        other => other?,
    };
    let described = answer.continuous_backups_description.and_then(|one| one.point_in_time_recovery_description);
    let status = described.and_then(|one| one.point_in_time_recovery_status);
    Ok(status.map(|status| status == PointInTimeRecoveryStatus::Enabled))
}

/// How many items there are. DynamoDB counts every six hours, so that a count of none is held against a look at one.
async fn holds(aws: &Aws, table: &TableDescription, name: &str) -> Result<u64, AwsError> {
    let counted = table.item_count().and_then(|count| u64::try_from(count).ok()).unwrap_or(0);
    if counted > 0 {
        return Ok(counted);
    }
    let look = aws.dynamodb().scan().table_name(name).limit(1).select(Select::Count).consistent_read(true);
    match aws.call("dynamodb", "Scan", look.send()).await {
        Ok(page) => Ok(u64::from(page.count > 0)),
        Err(error) if error.is(GONE) => Ok(0),
        // A role that may not look cannot say that there is nothing.
        Err(error) if error.code.is_some() => Ok(UNKNOWN),
        Err(error) => Err(error),
    }
}

/// The call that makes a table, all in one.
fn new_table(aws: &Aws, desired: &Desired) -> Result<CreateTableFluentBuilder, BuildError> {
    let attributes = &desired.attributes;
    let list = |row: &Row| desired.get(row).as_list().unwrap_or_default();
    let globals: Result<Vec<_>, _> = list(&INDEXES).iter().map(convert::global_index).collect();
    let locals: Result<Vec<_>, _> =
        list(&LOCAL_INDEXES).iter().map(|index| convert::local_index(index, attributes)).collect();
    let (globals, locals) = (globals?, locals?);
    let indexes = list(&INDEXES).iter().chain(list(&LOCAL_INDEXES));
    let keys = convert::table_keys(attributes).into_iter().chain(indexes.flat_map(convert::index_keys));
    let tags: Result<Vec<Tag>, _> = desired.tags.iter().map(|(key, value)| tag(key, value)).collect();
    let word = |row: &Row| desired.get(row).as_text();
    let key = desired.get(&KMS_KEY);
    let stream = word(&STREAM)
        .map(|view| StreamSpecification::builder().stream_enabled(true).stream_view_type(view.into()).build());
    let max = desired.get(&MAX_CAPACITY);
    let call = aws.dynamodb().create_table().table_name(&desired.name).set_tags(Some(tags?));
    Ok(call
        .set_key_schema(Some(convert::table_schema(attributes)?))
        .set_attribute_definitions(Some(convert::definitions(keys)?))
        .set_global_secondary_indexes((!globals.is_empty()).then_some(globals))
        .set_local_secondary_indexes((!locals.is_empty()).then_some(locals))
        .set_billing_mode(word(&BILLING).map(Into::into))
        .set_provisioned_throughput(convert::throughput(desired.get(&CAPACITY))?)
        .set_on_demand_throughput((!max.is_null()).then(|| convert::bounds(max)))
        .set_stream_specification(stream.transpose()?)
        .set_sse_specification((!key.is_null()).then(|| encryption(key)))
        .set_table_class(word(&TABLE_CLASS).map(Into::into))
        .set_deletion_protection_enabled(desired.get(&DELETION_PROTECTION).as_bool()))
}

/// Tells whether the table of this name is the one that is wanted, by its tags.
async fn is_this(aws: &Aws, desired: &Desired) -> Result<bool, AwsError> {
    let tags = read_tags(aws, &desired.arn).await?;
    Ok([STACK_TAG, ADDRESS_TAG].iter().all(|key| tags.get(*key) == desired.tags.get(*key)))
}

fn tag(key: &str, value: &str) -> Result<Tag, BuildError> {
    Tag::builder().key(key).value(value).build()
}

fn tags(operation: &'static str, tags: Tags) -> Result<Vec<Tag>, AwsError> {
    let tags: Result<Vec<Tag>, BuildError> = tags.iter().map(|(key, value)| tag(key, value)).collect();
    tags.map_err(|error| unbuilt(operation, &error))
}
