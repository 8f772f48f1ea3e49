//! The table of events.
//!
//! It has the partition key `tenant` and the sort key `id`, both strings. An item:
//!
//! | attribute | meaning |
//! |---|---|
//! | `tenant`, `id` | the event's |
//! | `type` | what happened |
//! | `occurred_at` | when, as RFC 3339 writes it in UTC |
//! | `data` | what belongs to it, as JSON |
//! | `expires_at` | when DynamoDB may delete it, in s since 1970; only with `EVENT_KEEP_DAYS` |

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};
use queuestack_worker::{Outcome, aws};
use serde_json::Value;

use crate::{Event, Settings};

/// What DynamoDB answers when it cannot keep up.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html>
const BUSY: &[&str] = &[
    "InternalServerError",
    "LimitExceededException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ServiceUnavailable",
    "ThrottlingException",
];
/// How long a busy table is left alone, in s: between these two, so that what was refused together does not come back
/// together.
const PAUSE_SECONDS: std::ops::RangeInclusive<u64> = 5..=20;

/// What became of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stored {
    /// It is there now.
    New,
    /// It was there, and is the same.
    Before,
}

/// The table of events.
#[derive(Debug)]
pub struct Table {
    settings: Settings,
    table: aws::Table,
}

type Item = HashMap<String, AttributeValue>;

impl Table {
    /// The table of these settings. Credentials, Region and endpoint come from the environment when the first event
    /// comes.
    #[must_use]
    pub fn of_environment(settings: Settings) -> Self {
        let table = aws::Table::of_environment(&settings.table);
        Self { settings, table }
    }

    /// The table of these settings, reached through this client.
    #[must_use]
    pub fn new(client: Client, settings: Settings) -> Self {
        let table = aws::Table::new(client, &settings.table);
        Self { settings, table }
    }

    /// Stores an event, unless it is there.
    ///
    /// # Errors
    /// What becomes of the job instead: tried again, or a dead letter when another event is there under its id.
    pub async fn put(&self, event: &Event) -> Result<Stored, Outcome> {
        let put = self.table.client().await.put_item().table_name(self.table.name());
        let put = put.set_item(Some(item(event, self.settings.keep)));
        let put = put
            .condition_expression("attribute_not_exists(tenant)")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match put.send().await {
            Ok(_) => Ok(Stored::New),
            Err(error) => judge(error, event),
        }
    }
}

/// The item of an event.
fn item(event: &Event, keep: Option<Duration>) -> Item {
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let mut item = Item::from([
        ("tenant".to_owned(), text(&event.tenant)),
        ("id".to_owned(), text(&event.id)),
        ("type".to_owned(), text(&event.kind)),
        ("occurred_at".to_owned(), AttributeValue::S(event.occurred_at.to_string())),
        ("data".to_owned(), AttributeValue::S(event.data.to_string())),
    ]);
    if let Some(keep) = keep {
        // From when it occurred: the same event has the same end, however often it is delivered.
        let end = event.occurred_at.as_second().saturating_add_unsigned(keep.as_secs());
        item.insert("expires_at".to_owned(), AttributeValue::N(end.to_string()));
    }
    item
}

/// Says what an error means for the job.
fn judge(error: SdkError<PutItemError>, event: &Event) -> Result<Stored, Outcome> {
    let said = DisplayErrorContext(&error).to_string();
    let busy = error.code().is_some_and(|code| BUSY.contains(&code))
        || error.raw_response().is_some_and(|response| response.status().is_server_error());
    let lost = matches!(error, SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) | SdkError::ResponseError(_));
    if busy || lost {
        return Err(Outcome::retry_after(Duration::from_secs(fastrand::u64(PAUSE_SECONDS)), said));
    }
    match error.into_service_error() {
        PutItemError::ConditionalCheckFailedException(refused) => match refused.item {
            Some(there) if is_same(&there, event) => Ok(Stored::Before),
            Some(_) => Err(Outcome::DeadLetter {
                reason: "conflict".to_owned(),
                error: format!("another event of tenant `{}` has the id `{}`", event.tenant, event.id),
            }),
            // It was there a moment ago, and expired: it can be stored.
            None => Err(Outcome::retry(said)),
        },
        // What is wrong with the request is wrong the next time: the item is over 400 KB, for example.
        other if other.code() == Some("ValidationException") => {
            Err(Outcome::DeadLetter { reason: "rejected".to_owned(), error: said })
        }
        _ => Err(Outcome::retry(said)),
    }
}

/// Tells whether an item is this event. When it expires is a setting's to say, and no part of it.
fn is_same(there: &Item, event: &Event) -> bool {
    let text = |name: &str| there.get(name).and_then(|value| value.as_s().ok()).map(String::as_str);
    let data = text("data").and_then(|data| serde_json::from_str::<Value>(data).ok());
    text("type") == Some(&event.kind)
        && text("occurred_at") == Some(&event.occurred_at.to_string())
        && data.as_ref() == Some(&event.data)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use aws_sdk_dynamodb::error::ErrorMetadata;
    use aws_sdk_dynamodb::types::error::ConditionalCheckFailedException;
    use serde_json::json;

    use super::*;

    fn event(data: Value) -> Event {
        let occurred = "2026-11-21T10:00:00Z";
        let payload = json!({"tenant": "acme", "id": "7", "type": "a", "occurred_at": occurred, "data": data});
        serde_json::from_value(payload).unwrap()
    }

    fn answered(status: u16, error: PutItemError) -> SdkError<PutItemError> {
        let status = status.try_into().unwrap();
        SdkError::service_error(error, aws_sdk_dynamodb::config::http::HttpResponse::new(status, "".into()))
    }

    fn coded(status: u16, code: &str) -> SdkError<PutItemError> {
        answered(status, PutItemError::generic(ErrorMetadata::builder().code(code).build()))
    }

    fn refused(there: Option<Item>) -> SdkError<PutItemError> {
        let refused = ConditionalCheckFailedException::builder().set_item(there).build();
        answered(400, PutItemError::ConditionalCheckFailedException(refused))
    }

    #[test]
    fn what_is_there_is_the_same_or_a_conflict() {
        let first = event(json!({"a": 1, "b": [true, "ä"]}));
        let there = item(&first, Some(Duration::from_secs(60)));
        // The order of members is no part of what they say.
        let again = event(serde_json::from_str(r#"{"b": [true, "ä"], "a": 1}"#).unwrap());
        assert_eq!(judge(refused(Some(there.clone())), &again), Ok(Stored::Before));
        for other in [event(json!({"a": 2})), Event { kind: "b".to_owned(), ..first.clone() }] {
            let told = judge(refused(Some(there.clone())), &other);
            assert!(matches!(&told, Err(Outcome::DeadLetter { reason, .. }) if reason == "conflict"), "{told:?}");
        }
        assert!(matches!(judge(refused(None), &first), Err(Outcome::Retry { after: None, .. })));
    }

    #[test]
    fn a_busy_table_is_left_alone_for_a_while() {
        let event = event(Value::Null);
        let busy = [coded(400, "ThrottlingException"), coded(400, "ProvisionedThroughputExceededException")];
        for error in busy.into_iter().chain([coded(500, "InternalServerError"), coded(503, "Odd")]) {
            let told = judge(error, &event);
            assert!(
                matches!(told, Err(Outcome::Retry { after: Some(after), .. }) if PAUSE_SECONDS.contains(&after.as_secs()))
            );
        }
        assert!(matches!(
            judge(coded(400, "ResourceNotFoundException"), &event),
            Err(Outcome::Retry { after: None, .. })
        ));
        let wrong = judge(coded(400, "ValidationException"), &event);
        assert!(matches!(wrong, Err(Outcome::DeadLetter { reason, .. }) if reason == "rejected"));
    }

    #[test]
    fn the_end_follows_from_when_it_occurred() {
        let event = event(Value::Null);
        assert!(!item(&event, None).contains_key("expires_at"));
        let end = item(&event, Some(Duration::from_secs(86_400)));
        assert_eq!(end["expires_at"], AttributeValue::N((event.occurred_at.as_second() + 86_400).to_string()));
    }
}
