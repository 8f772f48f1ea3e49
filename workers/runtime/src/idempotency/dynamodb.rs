//! A store in a DynamoDB table: what Lambda workers use, since it needs no connection and no server.
//!
//! The table has the partition key `id`, a string, and `ttl` as its time-to-live attribute. An item:
//!
//! | attribute | meaning |
//! |---|---|
//! | `id` | SHA-256 of the key, in hexadecimal: a partition key has 2 048 bytes at most |
//! | `job` | the key, for people, cut off at 1 024 characters, and the digest of the payload |
//! | `owner` | the fencing token |
//! | `done` | whether it is completed |
//! | `expires` | the end of the lease, or of the record once it is done, in ms since 1970 |
//! | `ttl` | when DynamoDB may delete it, in s since 1970; a day after `expires` |
//! | `result` | what the handler gave, as JSON |
//!
//! DynamoDB deletes an item within days after its `ttl`, so that nothing follows from an item being there: `expires`
//! alone counts. It has no clock for conditions; the time is the worker's. A lease should be long against the
//! difference between two workers' clocks, which is a few ms in Lambda.
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html>

use std::collections::HashMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use aws_sdk_dynamodb::error::{DisplayErrorContext, SdkError};
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};
use serde_json::Value;

use super::{Claim, Key, Owner, Store, StoreError};
use crate::aws::Table;

/// How long after its end a record may be deleted: a worker that comes back late finds that its lease was lost, or
/// that it was not.
const GRACE_SECONDS: u64 = 24 * 3600;

/// The largest result that is kept, in bytes: an item has 400 KB at most, with everything.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html>
const RESULT_BYTES: usize = 380 << 10;

/// Records in a DynamoDB table.
#[derive(Debug)]
pub struct DynamoDb(Table);

type Item = HashMap<String, AttributeValue>;

impl DynamoDb {
    /// The store in this table.
    #[must_use]
    pub fn new(table: Table) -> Self {
        Self(table)
    }

    /// An update of one item on a condition, with the names that all of them use.
    async fn update(&self, id: &str, condition: &str) -> UpdateItemFluentBuilder {
        let update = self.0.client().await.update_item().table_name(self.0.name()).key("id", text(id));
        let update = update.condition_expression(condition).expression_attribute_names("#owner", "owner");
        update.expression_attribute_names("#done", "done")
    }

    /// The item as it is, when a refused claim did not bring it along.
    async fn read(&self, id: &str) -> Result<Option<Item>, StoreError> {
        let get = self.0.client().await.get_item().table_name(self.0.name()).key("id", text(id)).consistent_read(true);
        Ok(get.send().await.map_err(unavailable)?.item)
    }

    /// Sends an update whose item must be this owner's.
    async fn own(&self, key: &Key, update: UpdateItemFluentBuilder) -> Result<(), StoreError> {
        match update.send().await {
            Ok(_) => Ok(()),
            Err(error) if is_refused(&error) => Err(StoreError::lost(key)),
            Err(error) => Err(unavailable(error)),
        }
    }
}

#[async_trait]
impl Store for DynamoDb {
    async fn claim(&self, key: &Key, owner: Owner, lease: Duration) -> Result<Claim, StoreError> {
        let (id, now) = (key.id(), now());
        let condition = "attribute_not_exists(id) OR expires <= :now OR (#owner = :owner AND #done = :no)";
        let update = self.update(&id, condition).await;
        let update = update
            .update_expression(
                "SET job = :job, #owner = :owner, #done = :no, expires = :end, #ttl = :ttl REMOVE #result",
            )
            .expression_attribute_names("#ttl", "ttl")
            .expression_attribute_names("#result", "result")
            .expression_attribute_values(":now", milliseconds(now))
            .expression_attribute_values(":job", text(key.record()))
            .expression_attribute_values(":owner", text(owner.0.to_string()))
            .expression_attribute_values(":no", AttributeValue::Bool(false))
            .expression_attribute_values(":end", milliseconds(now + lease))
            .expression_attribute_values(":ttl", time_to_live(now + lease))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match update.send().await {
            Ok(_) => Ok(Claim::Granted),
            Err(error) if is_refused(&error) => {
                let there = match held(error) {
                    Some(item) => Some(item),
                    None => self.read(&id).await?,
                };
                // Nothing left: it was given back since, and the message comes back at once.
                there.map_or(Ok(Claim::Busy { remaining: Duration::ZERO }), |item| told(key, &item, now))
            }
            Err(error) => Err(unavailable(error)),
        }
    }

    async fn renew(&self, key: &Key, owner: Owner, lease: Duration) -> Result<(), StoreError> {
        let end = now() + lease;
        let update = self.update(&key.id(), "#owner = :owner AND #done = :no").await;
        let update = update
            .update_expression("SET expires = :end, #ttl = :ttl")
            .expression_attribute_names("#ttl", "ttl")
            .expression_attribute_values(":owner", text(owner.0.to_string()))
            .expression_attribute_values(":no", AttributeValue::Bool(false))
            .expression_attribute_values(":end", milliseconds(end))
            .expression_attribute_values(":ttl", time_to_live(end));
        self.own(key, update).await
    }

    async fn complete(
        &self,
        key: &Key,
        owner: Owner,
        result: Option<&Value>,
        keep: Duration,
    ) -> Result<(), StoreError> {
        let end = now() + keep;
        let result = result.map(Value::to_string).filter(|text| {
            let fits = text.len() <= RESULT_BYTES;
            if !fits {
                tracing::warn!(
                    bytes = text.len(),
                    most = RESULT_BYTES,
                    "the result is too large to keep for duplicates"
                );
            }
            fits
        });
        let update = self.update(&key.id(), "#owner = :owner").await;
        let update = update
            .expression_attribute_names("#ttl", "ttl")
            .expression_attribute_values(":owner", text(owner.0.to_string()))
            .expression_attribute_values(":yes", AttributeValue::Bool(true))
            .expression_attribute_values(":end", milliseconds(end))
            .expression_attribute_values(":ttl", time_to_live(end));
        let set = "SET #done = :yes, expires = :end, #ttl = :ttl";
        let update = match result {
            None => update.update_expression(set),
            Some(result) => update
                .update_expression(format!("{set}, #result = :result"))
                .expression_attribute_names("#result", "result")
                .expression_attribute_values(":result", text(result)),
        };
        self.own(key, update).await
    }

    async fn release(&self, key: &Key, owner: Owner) -> Result<(), StoreError> {
        let delete = self.0.client().await.delete_item().table_name(self.0.name());
        let delete = delete
            .key("id", text(key.id()))
            .condition_expression("#owner = :owner AND #done = :no")
            .expression_attribute_names("#owner", "owner")
            .expression_attribute_names("#done", "done")
            .expression_attribute_values(":owner", text(owner.0.to_string()))
            .expression_attribute_values(":no", AttributeValue::Bool(false));
        match delete.send().await {
            Ok(_) => Ok(()),
            Err(error) => match error.as_service_error() {
                Some(refused) if refused.is_conditional_check_failed_exception() => Err(StoreError::lost(key)),
                _ => Err(unavailable(error)),
            },
        }
    }
}

/// What an item that refused a claim says.
fn told(key: &Key, item: &Item, now: Duration) -> Result<Claim, StoreError> {
    if item.get("job").and_then(|value| value.as_s().ok()).is_some_and(|record| !key.agrees_with(record)) {
        return Ok(Claim::Reused);
    }
    if matches!(item.get("done"), Some(AttributeValue::Bool(true))) {
        let result = item.get("result").and_then(|value| value.as_s().ok());
        let result = result.map(|text| serde_json::from_str(text)).transpose();
        return Ok(Claim::Completed { result: result.map_err(|error| StoreError::Unavailable(error.into()))? });
    }
    let end = item.get("expires").and_then(|value| value.as_n().ok()).and_then(|text| text.parse().ok());
    let remaining = Duration::from_millis(end.unwrap_or_default()).saturating_sub(now);
    Ok(Claim::Busy { remaining })
}

fn is_refused(error: &SdkError<UpdateItemError>) -> bool {
    error.as_service_error().is_some_and(UpdateItemError::is_conditional_check_failed_exception)
}

/// The item that refused, where the service sends it along.
fn held(error: SdkError<UpdateItemError>) -> Option<Item> {
    match error.into_service_error() {
        UpdateItemError::ConditionalCheckFailedException(refused) => refused.item,
        _ => None,
    }
}

fn unavailable<E: std::error::Error + Send + Sync + 'static>(error: SdkError<E>) -> StoreError {
    // An SDK error alone says "service error".
    StoreError::Unavailable(DisplayErrorContext(error).to_string().into())
}

fn text(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

fn milliseconds(time: Duration) -> AttributeValue {
    AttributeValue::N(time.as_millis().to_string())
}

fn time_to_live(end: Duration) -> AttributeValue {
    AttributeValue::N((end.as_secs() + 1 + GRACE_SECONDS).to_string())
}

/// The time since 1970.
fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}
