//! The changes of a table, one after the other: DynamoDB takes one kind of change, and one index, at a time.
//!
//! <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTable.html>

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::operation::update_table::builders::UpdateTableFluentBuilder;
use aws_sdk_dynamodb::types::{
    CreateGlobalSecondaryIndexAction, DeleteGlobalSecondaryIndexAction, GlobalSecondaryIndexUpdate,
    PointInTimeRecoverySpecification, SseSpecification, SseType, StreamSpecification, TimeToLiveSpecification,
    UpdateGlobalSecondaryIndexAction,
};

use super::settle::settle;
use super::{
    BILLING, CAPACITY, DELETION_PROTECTION, INDEXES, KMS_KEY, MAX_CAPACITY, POINT_IN_TIME_RECOVERY, STREAM,
    TABLE_CLASS, TIME_TO_LIVE, convert,
};
use crate::backend::aws::{Aws, Patience};
use crate::error::AwsError;
use crate::kind::{Desired, Found, Row};
use crate::value::Value;

/// Too many tables of the account are changing at once.
pub const CROWDED: &[&str] = &["LimitExceededException"];
/// The table itself is changing.
pub const BUSY: &[&str] = &["ResourceInUseException"];
/// The backups of a table come some seconds after the table.
const NO_BACKUPS_YET: &[&str] = &["ContinuousBackupsUnavailableException", "TableNotFoundException"];

/// One call, and what is waited for after it.
#[derive(Clone, Debug, PartialEq)]
pub enum Turn {
    /// Deletes an index.
    Drop(String),
    /// Changes how the table is paid for, its capacity or bounds, and the capacity of indexes that stay.
    Pay {
        /// Whether the mode changes.
        mode: bool,
        /// Whether the table's own capacity does.
        capacity: bool,
        /// Whether the bounds do.
        bounds: bool,
        /// The indexes whose capacity does.
        indexes: Vec<Value>,
    },
    /// Ends the stream.
    StreamOff,
    /// Starts a stream.
    StreamOn,
    /// Changes the key.
    Encrypt,
    /// Changes the class.
    Class,
    /// Switches the protection against deletion.
    Protect,
    /// Lets no item expire by this attribute any more.
    ExpireNot(String),
    /// Lets items expire by this attribute.
    Expire(String),
    /// Switches backups.
    Recover(bool),
    /// Builds an index.
    Add(Value),
}

/// Says which calls lead from what is there to what should be. What takes long is last.
pub fn turns(desired: &Desired, found: &Found, touched: &dyn Fn(&Row) -> bool) -> Vec<Turn> {
    let none = Value::Null;
    let before = |row: &Row| found.attributes.get(row.key).unwrap_or(&none);
    let (dropped, resized, added) = indexes(desired.get(&INDEXES), before(&INDEXES), touched(&BILLING));
    let mut turns: Vec<Turn> = dropped.into_iter().map(Turn::Drop).collect();
    let (mode, capacity, bounds) = (touched(&BILLING), touched(&CAPACITY), touched(&MAX_CAPACITY));
    let provisioned = is_provisioned(desired);
    // A bound goes with on-demand, a capacity with provisioned: each ends with its mode.
    let (capacity, bounds) = (capacity && provisioned, bounds && !provisioned);
    let resized = if provisioned { resized } else { Vec::new() };
    if mode || capacity || bounds || !resized.is_empty() {
        turns.push(Turn::Pay { mode, capacity, bounds, indexes: resized });
    }
    if touched(&STREAM) {
        turns.extend((!before(&STREAM).is_null()).then_some(Turn::StreamOff));
        turns.extend((!desired.get(&STREAM).is_null()).then_some(Turn::StreamOn));
    }
    for (row, turn) in [(&KMS_KEY, Turn::Encrypt), (&TABLE_CLASS, Turn::Class), (&DELETION_PROTECTION, Turn::Protect)] {
        turns.extend(touched(row).then_some(turn));
    }
    if touched(&TIME_TO_LIVE) {
        let name = |value: &Value| value.as_text().map(str::to_owned);
        turns.extend(name(before(&TIME_TO_LIVE)).map(Turn::ExpireNot));
        turns.extend(name(desired.get(&TIME_TO_LIVE)).map(Turn::Expire));
    }
    if touched(&POINT_IN_TIME_RECOVERY) {
        turns.push(Turn::Recover(desired.get(&POINT_IN_TIME_RECOVERY).as_bool() == Some(true)));
    }
    turns.extend(added.into_iter().map(Turn::Add));
    turns
}

/// Which indexes go, which get another capacity, and which are built; one that differs otherwise goes and is built.
fn indexes(after: &Value, before: &Value, mode: bool) -> (Vec<String>, Vec<Value>, Vec<Value>) {
    let (after, before) = (after.as_list().unwrap_or_default(), before.as_list().unwrap_or_default());
    let same_name = |one: &Value, other: &Value| convert::index_name(one) == convert::index_name(other);
    let stays = |one: &Value, other: &Value| same_name(one, other) && shape(one) == shape(other);
    let dropped = before.iter().filter(|index| !after.iter().any(|other| stays(index, other)));
    let added = after.iter().filter(|index| !before.iter().any(|other| stays(index, other)));
    let resized = after.iter().filter(|index| {
        let there = before.iter().find(|other| stays(index, other));
        there.is_some_and(|there| mode || there.get(CAPACITY.key) != index.get(CAPACITY.key))
    });
    (dropped.map(convert::index_name).collect(), resized.cloned().collect(), added.cloned().collect())
}

/// An index without its capacity, in the form in which equal meanings are equal values.
fn shape(index: &Value) -> Value {
    let mut members = index.as_map().cloned().unwrap_or_default();
    members.remove(CAPACITY.key);
    INDEXES.ty.normal(&Value::List(vec![Value::Map(members)]))
}

fn is_provisioned(desired: &Desired) -> bool {
    desired.get(&BILLING).as_text() == Some("PROVISIONED")
}

/// Takes one turn and waits until the table is at rest again.
pub async fn take(aws: &Aws, desired: &Desired, turn: &Turn) -> Result<(), AwsError> {
    match turn {
        Turn::ExpireNot(attribute) => expire(aws, desired, attribute, false).await,
        Turn::Expire(attribute) => expire(aws, desired, attribute, true).await,
        Turn::Recover(on) => recover(aws, desired, *on).await,
        turn => {
            aws.patiently(patience(desired), || async {
                let call = request(aws, desired, turn).map_err(|error| unbuilt("UpdateTable", &error))?;
                aws.call("dynamodb", "UpdateTable", call.send()).await
            })
            .await?;
            settle(aws, &desired.address, &desired.name).await
        }
    }
}

fn patience(desired: &Desired) -> Patience {
    Patience::new(&desired.address).wait_for(BUSY, "another change of the table is not done yet", 600).wait_for(
        CROWDED,
        "too many tables of the account are changing at once",
        600,
    )
}

/// The call of a turn that `UpdateTable` takes.
fn request(aws: &Aws, desired: &Desired, turn: &Turn) -> Result<UpdateTableFluentBuilder, BuildError> {
    let call = aws.dynamodb().update_table().table_name(&desired.name);
    let word = |row: &Row| desired.get(row).as_text().unwrap_or_default();
    Ok(match turn {
        Turn::Drop(name) => {
            let delete = DeleteGlobalSecondaryIndexAction::builder().index_name(name).build()?;
            call.global_secondary_index_updates(GlobalSecondaryIndexUpdate::builder().delete(delete).build())
        }
        Turn::Add(index) => add(call, desired, index)?,
        Turn::Pay { mode, capacity, bounds, indexes } => {
            let call = if *mode { call.billing_mode(word(&BILLING).into()) } else { call };
            let capacity = if *capacity { convert::throughput(desired.get(&CAPACITY))? } else { None };
            let bounds = bounds.then(|| convert::bounds(desired.get(&MAX_CAPACITY)));
            let call = call.set_provisioned_throughput(capacity).set_on_demand_throughput(bounds);
            indexes.iter().try_fold(call, resize)?
        }
        Turn::StreamOff => call.stream_specification(StreamSpecification::builder().stream_enabled(false).build()?),
        Turn::StreamOn => {
            let stream = StreamSpecification::builder().stream_enabled(true);
            call.stream_specification(stream.stream_view_type(word(&STREAM).into()).build()?)
        }
        Turn::Encrypt => call.sse_specification(encryption(desired.get(&KMS_KEY))),
        Turn::Class => call.table_class(word(&TABLE_CLASS).into()),
        Turn::Protect => call.set_deletion_protection_enabled(desired.get(&DELETION_PROTECTION).as_bool()),
        Turn::ExpireNot(_) | Turn::Expire(_) | Turn::Recover(_) => call,
    })
}

/// DynamoDB wants the definitions of the index's own key attributes, and refuses any that nothing uses yet.
fn add(
    call: UpdateTableFluentBuilder,
    desired: &Desired,
    index: &Value,
) -> Result<UpdateTableFluentBuilder, BuildError> {
    let create = CreateGlobalSecondaryIndexAction::builder().index_name(convert::index_name(index));
    let create = create.set_key_schema(Some(convert::index_schema(index)?)).projection(convert::projection(index));
    let capacity = if is_provisioned(desired) { convert::throughput(index.get(CAPACITY.key))? } else { None };
    let create = create.set_provisioned_throughput(capacity).build()?;
    let keys = convert::table_keys(&desired.attributes).into_iter().chain(convert::index_keys(index));
    let call = call.set_attribute_definitions(Some(convert::definitions(keys)?));
    Ok(call.global_secondary_index_updates(GlobalSecondaryIndexUpdate::builder().create(create).build()))
}

fn resize(call: UpdateTableFluentBuilder, index: &Value) -> Result<UpdateTableFluentBuilder, BuildError> {
    let update = UpdateGlobalSecondaryIndexAction::builder().index_name(convert::index_name(index));
    let update = update.set_provisioned_throughput(convert::throughput(index.get(CAPACITY.key))?).build()?;
    Ok(call.global_secondary_index_updates(GlobalSecondaryIndexUpdate::builder().update(update).build()))
}

/// With a key, or back to the one that DynamoDB owns.
pub fn encryption(key: &Value) -> SseSpecification {
    let Some(arn) = key.as_text() else { return SseSpecification::builder().enabled(false).build() };
    SseSpecification::builder().enabled(true).sse_type(SseType::Kms).kms_master_key_id(arn).build()
}

async fn expire(aws: &Aws, desired: &Desired, attribute: &str, on: bool) -> Result<(), AwsError> {
    let changed = aws.patiently(patience(desired), || async {
        let how = TimeToLiveSpecification::builder().attribute_name(attribute).enabled(on).build();
        let how = how.map_err(|error| unbuilt("UpdateTimeToLive", &error))?;
        let call = aws.dynamodb().update_time_to_live().table_name(&desired.name).time_to_live_specification(how);
        aws.call("dynamodb", "UpdateTimeToLive", call.send()).await
    });
    changed.await.map(drop).map_err(|error| too_soon(&desired.name, error))
}

/// DynamoDB's own words for it do not say what to do.
pub fn too_soon(table: &str, error: AwsError) -> AwsError {
    if !error.message.contains("modified multiple times within a fixed interval") {
        return error;
    }
    let words = "DynamoDB takes one change of it an hour: run the same command again then; all else is done or follows";
    AwsError { message: format!("time to live of {table} was changed less than an hour ago. {words}"), ..error }
}

async fn recover(aws: &Aws, desired: &Desired, on: bool) -> Result<(), AwsError> {
    let patience = patience(desired).wait_for(NO_BACKUPS_YET, "backups of the new table are being set up", 300);
    aws.patiently(patience, || async {
        let how = PointInTimeRecoverySpecification::builder().point_in_time_recovery_enabled(on).build();
        let how = how.map_err(|error| unbuilt("UpdateContinuousBackups", &error))?;
        let call = aws.dynamodb().update_continuous_backups().table_name(&desired.name);
        let call = call.point_in_time_recovery_specification(how);
        aws.call("dynamodb", "UpdateContinuousBackups", call.send()).await
    })
    .await
    .map(drop)
}

/// A request that lacks what DynamoDB wants: the rules find that before, unless they were not asked.
pub fn unbuilt(operation: &'static str, error: &BuildError) -> AwsError {
    AwsError::refused("dynamodb", operation, error.to_string())
}
