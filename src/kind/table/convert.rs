//! Rows → what DynamoDB takes, and what it reports → rows.
//!
//! Attribute definitions are DynamoDB's word for the types of keys. Nobody writes them: they follow from the keys.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, GlobalSecondaryIndexDescription, IndexStatus,
    KeySchemaElement, KeyType, LocalSecondaryIndex, OnDemandThroughput, Projection, ProvisionedThroughput,
    ProvisionedThroughputDescription, ScalarAttributeType, SseStatus, TableDescription,
};

use super::{
    BILLING, CAPACITY, DELETION_PROTECTION, INDEX_NAME, INDEXES, KMS_KEY, LOCAL_INDEXES, MAX_CAPACITY, MAX_READ,
    MAX_WRITE, PARTITION_KEY, PARTITION_NAME, PARTITION_TYPE, PROJECTED, PROJECTION, READ_UNITS, SORT_KEY, STREAM,
    TABLE_CLASS, WRITE_UNITS,
};
use crate::kind::Row;
use crate::model::Attributes;
use crate::value::Value;

/// How DynamoDB is told of a bound that is not there any more.
const NO_BOUND: i64 = -1;

/// The keys of a table or of an index: (attribute, its type, which of the two it is).
fn keys(of: &dyn Fn(&Row) -> Value) -> Vec<(String, String, KeyType)> {
    let both = [(of(&PARTITION_KEY), KeyType::Hash), (of(&SORT_KEY), KeyType::Range)];
    let text = |key: &Value, row: &Row| key.get(row.key).as_text().map(str::to_owned);
    let said = both.into_iter().filter_map(|(key, which)| {
        let name = text(&key, &PARTITION_NAME)?;
        Some((name, text(&key, &PARTITION_TYPE).unwrap_or_else(|| "S".to_owned()), which))
    });
    said.collect()
}

/// The attributes that are keys of the table, with their types.
pub fn table_keys(attributes: &Attributes) -> Vec<(String, String)> {
    let keys = keys(&|row| attributes.get(row.key).cloned().unwrap_or(Value::Null));
    keys.into_iter().map(|(name, ty, _)| (name, ty)).collect()
}

/// The attributes that are keys of an index, with their types.
pub fn index_keys(index: &Value) -> Vec<(String, String)> {
    keys(&|row| index.get(row.key).clone()).into_iter().map(|(name, ty, _)| (name, ty)).collect()
}

/// The definitions of key attributes, each once.
pub fn definitions(keys: impl IntoIterator<Item = (String, String)>) -> Result<Vec<AttributeDefinition>, BuildError> {
    let once: BTreeMap<String, String> = keys.into_iter().collect();
    let define = |(name, ty): (String, String)| {
        let ty = ScalarAttributeType::from(ty.as_str());
        AttributeDefinition::builder().attribute_name(name).attribute_type(ty).build()
    };
    once.into_iter().map(define).collect()
}

/// The key schema of the table.
pub fn table_schema(attributes: &Attributes) -> Result<Vec<KeySchemaElement>, BuildError> {
    schema(keys(&|row| attributes.get(row.key).cloned().unwrap_or(Value::Null)))
}

/// The key schema of an index.
pub fn index_schema(index: &Value) -> Result<Vec<KeySchemaElement>, BuildError> {
    schema(keys(&|row| index.get(row.key).clone()))
}

fn schema(keys: Vec<(String, String, KeyType)>) -> Result<Vec<KeySchemaElement>, BuildError> {
    let element = |(name, _, which)| KeySchemaElement::builder().attribute_name(name).key_type(which).build();
    keys.into_iter().map(element).collect()
}

/// What an index repeats of the items.
pub fn projection(index: &Value) -> Projection {
    let attributes = index.get(PROJECTED.key).as_list().filter(|items| !items.is_empty());
    let attributes = attributes.map(|items| items.iter().map(Value::plain).collect());
    let word = index.get(PROJECTION.key).as_text().unwrap_or("ALL");
    Projection::builder().projection_type(word.into()).set_non_key_attributes(attributes).build()
}

/// The units a second that are paid for.
pub fn throughput(capacity: &Value) -> Result<Option<ProvisionedThroughput>, BuildError> {
    let units = |row: &Row| capacity.get(row.key).as_int();
    let (Some(read), Some(write)) = (units(&READ_UNITS), units(&WRITE_UNITS)) else { return Ok(None) };
    ProvisionedThroughput::builder().read_capacity_units(read).write_capacity_units(write).build().map(Some)
}

/// The bounds of an on-demand table. What is not said is said to be no bound, or it would stay.
pub fn bounds(max: &Value) -> OnDemandThroughput {
    let units = |row: &Row| max.get(row.key).as_int().unwrap_or(NO_BOUND);
    OnDemandThroughput::builder()
        .max_read_request_units(units(&MAX_READ))
        .max_write_request_units(units(&MAX_WRITE))
        .build()
}

/// A global index of a new table.
pub fn global_index(index: &Value) -> Result<GlobalSecondaryIndex, BuildError> {
    let made = GlobalSecondaryIndex::builder().index_name(index_name(index)).projection(projection(index));
    let made = made.set_key_schema(Some(index_schema(index)?));
    made.set_provisioned_throughput(throughput(index.get(CAPACITY.key))?).build()
}

/// A local index of a new table: its partition key is the table's.
pub fn local_index(index: &Value, attributes: &Attributes) -> Result<LocalSecondaryIndex, BuildError> {
    let partition = attributes.get(PARTITION_KEY.key).cloned().unwrap_or(Value::Null);
    let of = |row: &Row| if row.key == PARTITION_KEY.key { partition.clone() } else { index.get(row.key).clone() };
    let made = LocalSecondaryIndex::builder().index_name(index_name(index)).projection(projection(index));
    made.set_key_schema(Some(schema(keys(&of))?)).build()
}

/// An index's name.
pub fn index_name(index: &Value) -> String {
    index.get(INDEX_NAME.key).plain()
}

/// What `DescribeTable` reports, in the terms of the rows.
pub fn reported(table: &TableDescription) -> Attributes {
    let types: BTreeMap<&str, &str> =
        table.attribute_definitions().iter().map(|one| (one.attribute_name(), one.attribute_type().as_str())).collect();
    // A table that was never on demand says nothing of how it is paid for.
    let billing = table.billing_mode_summary().and_then(|summary| summary.billing_mode());
    let provisioned = billing != Some(&BillingMode::PayPerRequest);
    let class = table.table_class_summary().and_then(|summary| summary.table_class());
    let stream = table.stream_specification().filter(|stream| stream.stream_enabled());
    let stream =
        stream.and_then(|stream| stream.stream_view_type()).map_or(Value::Null, |view| Value::text(view.as_str()));
    let globals = table.global_secondary_indexes().iter().filter(|index| !is_going(index));
    let globals = globals.map(|index| {
        let capacity = if provisioned { capacity(index.provisioned_throughput()) } else { Value::Null };
        described(index.index_name(), index.key_schema(), index.projection(), &types, false, capacity)
    });
    let locals = table.local_secondary_indexes().iter();
    let locals = locals
        .map(|index| described(index.index_name(), index.key_schema(), index.projection(), &types, true, Value::Null));
    let said = [
        (PARTITION_KEY.key, key(table.key_schema(), &KeyType::Hash, &types)),
        (SORT_KEY.key, key(table.key_schema(), &KeyType::Range, &types)),
        (BILLING.key, Value::text(if provisioned { "PROVISIONED" } else { "PAY_PER_REQUEST" })),
        (CAPACITY.key, if provisioned { capacity(table.provisioned_throughput()) } else { Value::Null }),
        (MAX_CAPACITY.key, if provisioned { Value::Null } else { max_capacity(table.on_demand_throughput()) }),
        (STREAM.key, stream),
        (DELETION_PROTECTION.key, Value::Bool(table.deletion_protection_enabled() == Some(true))),
        (KMS_KEY.key, kms_key(table)),
        (TABLE_CLASS.key, Value::text(class.map_or("STANDARD", |class| class.as_str()))),
        (INDEXES.key, list(globals.collect())),
        (LOCAL_INDEXES.key, list(locals.collect())),
    ];
    said.into_iter().filter(|(_, value)| !value.is_null()).collect()
}

/// Tells whether an index is on its way out: it is reported until it is gone.
fn is_going(index: &GlobalSecondaryIndexDescription) -> bool {
    index.index_status() == Some(&IndexStatus::Deleting)
}

/// The key that is there, unless DynamoDB uses its own.
fn kms_key(table: &TableDescription) -> Value {
    let off = [SseStatus::Disabled, SseStatus::Disabling];
    let used = table.sse_description().filter(|sse| sse.status().is_some_and(|status| !off.contains(status)));
    used.and_then(|sse| sse.kms_master_key_arn()).map_or(Value::Null, Value::text)
}

fn described(
    name: Option<&str>,
    schema: &[KeySchemaElement],
    projection: Option<&Projection>,
    types: &BTreeMap<&str, &str>,
    local: bool,
    capacity: Value,
) -> Value {
    let partition = if local { Value::Null } else { key(schema, &KeyType::Hash, types) };
    let word = projection.and_then(|one| one.projection_type()).map_or("ALL", |word| word.as_str());
    let attributes = projection.map_or(&[][..], |one| one.non_key_attributes());
    let said = [
        (INDEX_NAME.key, name.map_or(Value::Null, Value::text)),
        (PARTITION_KEY.key, partition),
        (SORT_KEY.key, key(schema, &KeyType::Range, types)),
        (PROJECTION.key, Value::text(word)),
        (PROJECTED.key, list(attributes.iter().map(Value::text).collect())),
        (CAPACITY.key, capacity),
    ];
    Value::map(said.into_iter().filter(|(_, value)| !value.is_null()))
}

/// One of the keys; the several attributes that an index may have as one key are no name that a stack can say.
fn key(schema: &[KeySchemaElement], which: &KeyType, types: &BTreeMap<&str, &str>) -> Value {
    let names: Vec<&str> =
        schema.iter().filter(|one| one.key_type() == which).map(KeySchemaElement::attribute_name).collect();
    let Some(first) = names.first() else { return Value::Null };
    let ty = types.get(first).copied().unwrap_or("S");
    Value::map([(PARTITION_NAME.key, Value::text(names.join(", "))), (PARTITION_TYPE.key, Value::text(ty))])
}

/// What is provisioned; nothing is, where DynamoDB says zero.
fn capacity(throughput: Option<&ProvisionedThroughputDescription>) -> Value {
    let Some(throughput) = throughput else { return Value::Null };
    units((&READ_UNITS, throughput.read_capacity_units()), (&WRITE_UNITS, throughput.write_capacity_units()))
}

fn max_capacity(bounds: Option<&OnDemandThroughput>) -> Value {
    let Some(bounds) = bounds else { return Value::Null };
    units((&MAX_READ, bounds.max_read_request_units()), (&MAX_WRITE, bounds.max_write_request_units()))
}

fn units(read: (&Row, Option<i64>), write: (&Row, Option<i64>)) -> Value {
    let said = [read, write].into_iter().filter_map(|(row, units)| Some((row.key, units.filter(|units| *units > 0)?)));
    let said: Vec<_> = said.map(|(key, units)| (key, Value::Int(units))).collect();
    if said.is_empty() { Value::Null } else { Value::map(said) }
}

fn list(items: Vec<Value>) -> Value {
    if items.is_empty() { Value::Null } else { Value::List(items) }
}
