//! Waiting for DynamoDB: a table that is being made or changed takes no other change.

use aws_sdk_dynamodb::types::{IndexStatus, TableDescription, TableStatus};

use super::live::describe;
use crate::backend::aws::{Aws, Patience};
use crate::error::AwsError;
use crate::model::Address;

/// The code of an answer that is none yet; DynamoDB has no such code.
const NOT_YET: &str = "NotYet";
/// How long a table may take, in s; most take ten.
const TABLE_WITHIN: u64 = 600;
/// How long an index may take to be filled or to go, in s: it is as much work as the table has items.
const INDEX_WITHIN: u64 = 3_600;

/// What keeps a table from its next change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Busy {
    /// In words.
    pub what: String,
    /// Whether an index does.
    pub index: bool,
}

/// Waits until a table and its indexes are at rest; one that is gone is.
pub async fn settle(aws: &Aws, address: &Address, name: &str) -> Result<(), AwsError> {
    within(aws, address, name, TABLE_WITHIN, false).await?;
    within(aws, address, name, INDEX_WITHIN, true).await
}

/// Waits for the table alone, or for its indexes too.
async fn within(aws: &Aws, address: &Address, name: &str, seconds: u64, indexes: bool) -> Result<(), AwsError> {
    let words = if indexes { "an index is being built or deleted" } else { "the table is not ready yet" };
    let patience = Patience::new(address).wait_for(&[NOT_YET], words, seconds);
    aws.patiently(patience, || async {
        let Some(table) = describe(aws, name).await? else { return Ok(()) };
        match busy(&table).filter(|busy| indexes || !busy.index) {
            None => Ok(()),
            Some(busy) => {
                let message = format!("{}; run the same command again when it is done", busy.what);
                Err(AwsError {
                    code: Some(NOT_YET.to_owned()),
                    ..AwsError::refused("dynamodb", "DescribeTable", message)
                })
            }
        }
    })
    .await
}

/// Says what DynamoDB is still doing to a table, if anything.
pub fn busy(table: &TableDescription) -> Option<Busy> {
    let name = table.table_name().unwrap_or_default();
    let working = [TableStatus::Creating, TableStatus::Updating];
    // While an index is built its table is, for the most part of that time, at rest.
    if let Some(status) = table.table_status().filter(|status| working.contains(status)) {
        return Some(Busy { what: format!("{name} is {status}"), index: false });
    }
    let index = table
        .global_secondary_indexes()
        .iter()
        .find(|index| index.index_status().is_some_and(|status| *status != IndexStatus::Active))?;
    let status = index.index_status().map_or("", IndexStatus::as_str);
    Some(Busy { what: format!("index {} of {name} is {status}", index.index_name().unwrap_or_default()), index: true })
}
