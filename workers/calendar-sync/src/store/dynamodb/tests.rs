use aws_sdk_dynamodb::error::ErrorMetadata;
use aws_sdk_dynamodb::types::CancellationReason;
use aws_sdk_dynamodb::types::error::TransactionCanceledException;

use super::*;
use crate::changes::LONGEST;
use crate::ical::Event;

const CALENDAR: Calendar<'static> = Calendar { name: "team", id: "team" };

/// The largest of an item and of a transaction.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html>
const MOST_OF_AN_ITEM: usize = 400 << 10;
const MOST_OF_A_TRANSACTION: usize = 4_000_000;

/// As DynamoDB counts it: names, texts, and up to 21 bytes a number.
fn size(item: &Item) -> usize {
    item.iter().map(|(name, value)| name.len() + value.as_s().map_or(21, String::len)).sum()
}

fn puts(transaction: &[TransactWriteItem]) -> impl Iterator<Item = &Item> {
    transaction.iter().filter_map(|write| write.put().map(|put| &put.item))
}

fn found(component: usize) -> Found {
    let event = Event { component: "c".repeat(component), ..Event::default() };
    Found { resource: String::new(), etag: String::new(), event }
}

fn transactions(changes: &Changes) -> Vec<Vec<TransactWriteItem>> {
    DynamoDb::new(Table::of_environment("table")).transactions(&CALENDAR, 0, changes).unwrap()
}

#[test]
fn the_largest_event_fits_into_an_item() {
    let long = || "x".repeat(LONGEST);
    let largest = Event {
        uid: long(),
        recurrence_id: "20261121T100000Z".to_owned(),
        sequence: i64::MIN,
        starts: "20261121T100000Z".to_owned(),
        ends: "20261121T100000Z".to_owned(),
        zone: long(),
        rrule: long(),
        summary: long(),
        status: long(),
        component: "x".repeat(LONGEST_COMPONENT),
        digest: "x".repeat(64),
    };
    let found = Found { resource: long(), etag: long(), event: largest };
    assert!(found.fits(LONGEST_COMPONENT));
    let item = event(&CALENDAR, i64::MIN, &"x".repeat(64), &found);
    assert!(size(&item) < MOST_OF_AN_ITEM, "{}", size(&item));
}

#[test]
fn changes_are_as_many_transactions_as_they_need() {
    assert_eq!(transactions(&Changes::default()).len(), 1, "the state changes");
    let upserts =
        (0..300).map(|number| (format!("{number:064}"), found(if number % 3 == 0 { LONGEST_COMPONENT } else { 100 })));
    let changes = Changes {
        upserts: upserts.collect(),
        deletes: (0..200).map(|id| format!("d{id}")).collect(),
        ..Changes::default()
    };
    let transactions = transactions(&changes);
    let state = 64 << 10;
    for transaction in &transactions {
        assert!((1..=CHANGES).contains(&transaction.len()));
        let bytes = puts(transaction).map(size).sum::<usize>() + transaction.len() * 200 + state;
        assert!(bytes < MOST_OF_A_TRANSACTION, "{bytes}");
    }
    let ids: Vec<_> = transactions.iter().flat_map(|one| puts(one)).map(|item| item["id"].as_s().unwrap()).collect();
    assert!(ids.into_iter().eq(changes.upserts.keys()));
    assert_eq!(transactions.iter().flatten().filter(|write| write.delete().is_some()).count(), 200);
}

#[test]
fn a_refusal_is_told_by_its_reasons() {
    let refused = |codes: &[&str]| {
        let reasons = codes.iter().map(|code| CancellationReason::builder().code(*code).build()).collect();
        let cancelled = TransactionCanceledException::builder().set_cancellation_reasons(Some(reasons));
        let cancelled = cancelled.meta(ErrorMetadata::builder().build()).build();
        let response = aws_smithy_runtime_api::http::Response::new(400.try_into().unwrap(), "".into());
        let error = TransactWriteItemsError::TransactionCanceledException(cancelled);
        Refusal::of(&SdkError::service_error(error, response))
    };
    assert_eq!(refused(&["None", "ConditionalCheckFailed"]), Some(Refusal::Second));
    assert_eq!(refused(&["TransactionConflict", "ThrottlingError"]), Some(Refusal::Second));
    assert_eq!(refused(&["None", "ProvisionedThroughputExceeded"]), Some(Refusal::TooMuch));
    assert_eq!(refused(&["ValidationError"]), None);
}
