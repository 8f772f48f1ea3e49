//! Calendars over HTTP and CalDAV into each database, and events back: against a real Radicale, PostgreSQL and MariaDB.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

#[path = "../../runtime/tests/support/aws.rs"]
mod aws;
#[allow(dead_code, reason = "the table of idempotency is there")]
#[path = "../../runtime/tests/support/dynamodb.rs"]
mod dynamodb;
#[path = "../../runtime/tests/support/servers/mod.rs"]
mod servers;
mod support;

use calendar_sync::Settings;
use calendar_sync::store::Store;
use queuestack_worker::Outcome;
use serde_json::json;
use support::{File, Radicale, calendar, dead, deps, done, event, put, rows, sync};

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_synchronised_into_each_database() {
    for store in support::stores().await {
        let file = File::serve(calendar(&[event("a", "One"), event("b", "Two")])).await;
        let deps = deps(&store);
        let job = json!({"url": file.url()});
        assert_eq!(done(sync(&deps, job.clone()).await), Some((2, 0, 0)), "{store}");
        // The server says that it is the same.
        assert_eq!(done(sync(&deps, job.clone()).await), None);
        assert_eq!(file.statuses(), [200, 304]);
        // One says something else, one is gone, one is new.
        file.change(calendar(&[event("a", "Won \u{1f389} 'quoted' \\\\ back"), event("c", "Three")]));
        assert_eq!(done(sync(&deps, job.clone()).await), Some((1, 1, 1)), "{store}");
        let expected = [("a", "Won \u{1f389} 'quoted' \\ back"), ("c", "Three")];
        assert_eq!(rows(&deps).await, expected.map(|(uid, summary)| (uid.to_owned(), summary.to_owned())), "{store}");
        // A new version that says the same changes no event.
        file.change(calendar(&[event("c", "Three"), event("a", "Won \u{1f389} 'quoted' \\\\ back")]));
        assert_eq!(done(sync(&deps, job.clone()).await), Some((0, 0, 0)));
        // Another process has the same store.
        assert_eq!(done(sync(&support::deps(&store), job).await), None);
        assert_eq!(file.statuses(), [200, 304, 200, 200, 304]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_events_and_syncs_at_once_end_with_each_event_once() {
    for store in support::every_store().await {
        let events: Vec<_> = (0..500).map(|number| event(&format!("e{number}"), &"x".repeat(number * 5))).collect();
        let file = File::serve(calendar(&events)).await;
        let deps = std::sync::Arc::new(deps(&store));
        let syncs = (0..5).map(|_| {
            let (deps, job) = (deps.clone(), json!({"url": file.url(), "calendar": "shared"}));
            tokio::spawn(async move { sync(&deps, job).await })
        });
        let mut created = 0;
        for outcome in syncs.collect::<Vec<_>>() {
            match outcome.await.unwrap() {
                // The slower ones are done again.
                Outcome::Retry { error, .. } => {
                    assert!(error.contains("another sync") || error.contains("locked"), "{error}");
                }
                outcome => created += done(outcome).map_or(0, |(created, ..)| created),
            }
        }
        // In DynamoDB one that came later may have ended what another began.
        let all = if store.starts_with("dynamodb:") { 1..=500 } else { 500..=500 };
        assert!(all.contains(&created) && rows(&deps).await.len() == 500, "{store}: {created}");
        file.change(calendar(&[]));
        assert_eq!(done(sync(&deps, json!({"url": file.url(), "calendar": "shared"})).await), Some((0, 0, 500)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_is_too_long_keeps_no_other_from_being_stored() {
    // More than the columns of MariaDB hold, and its packets.
    let (long, longer) = ("x".repeat(70_000), "x".repeat(17 << 20));
    let with = |uid: &str, line: &str| event(uid, "Long").replace("SUMMARY", &format!("{line}\r\nSUMMARY"));
    for store in support::stores().await {
        let deps = deps(&store);
        let job = |events: &[String]| json!({"calendar": "inline", "ics": calendar(events)});
        let short = [event("a", "One"), event("b", "Two")];
        assert_eq!(done(sync(&deps, job(&short)).await), Some((2, 0, 0)), "{store}");
        let events = [
            with("a", &format!("STATUS:{long}")),
            event("b", "Three"),
            [event(&long, "Rule"), support::occurrence(&long, "Occurrence")].concat(),
            with("c", &format!("DESCRIPTION:{longer}")),
            event("d", "Long").replace("DTSTART:", &format!("DTSTART;TZID={long}:")),
            event("e", &"\u{1f389}".repeat(70_000)),
            with("f", &format!("DESCRIPTION:{}", &longer[..7 << 20])),
        ];
        let in_items = store.starts_with("dynamodb:");
        let created = if in_items { 2 } else { 4 };
        assert_eq!(done(sync(&deps, job(&events)).await), Some((created, 1, 0)), "{store}");
        // A name that is too long has another one in its place.
        let (named, others): (Vec<_>, Vec<_>) = rows(&deps).await.into_iter().partition(|(uid, _)| uid.len() == 1);
        assert_eq!(others.iter().map(|(_, summary)| summary.as_str()).collect::<Vec<_>>(), ["Rule", "Occurrence"]);
        assert!(others[0].0 == others[1].0 && others[0].0.len() == 64);
        let lengths = named.into_iter().map(|(uid, summary)| (uid, summary.len()));
        let expected = [("a", "One".len()), ("b", "Three".len()), ("e", 16 << 10), ("f", "Long".len())];
        let expected = expected.into_iter().filter(|(uid, _)| !in_items || *uid < "e");
        assert!(lengths.eq(expected.map(|(uid, length)| (uid.to_owned(), length))), "{store}");
    }
}

/// A transaction of DynamoDB has 99 events at most.
#[tokio::test(flavor = "multi_thread")]
async fn a_large_sync_that_is_cut_off_is_ended_by_the_next() {
    let store = support::stores().await.pop().unwrap();
    let events: Vec<_> = (0..250).map(|number| event(&format!("e{number:03}"), "One")).collect();
    let file = File::serve(calendar(&events)).await;
    let job = json!({"url": file.url(), "calendar": "large"});
    let ends = support::deps_with(&store, |count| if count < 2 { Ok(()) } else { Err("cut off".into()) });
    let error = support::again(sync(&ends, job.clone()).await);
    assert!(error.starts_with("the calendar store: ") && error.contains("cut off"), "{error}");
    let deps = deps(&store);
    assert_eq!(rows(&deps).await.len(), 198);
    let state = deps.store.state(&Store::calendar("large")).await.unwrap();
    assert_eq!((state.version, state.step, state.etag), (0, 2, None), "it is a first sync until one has ended");
    assert_eq!(done(sync(&deps, job.clone()).await), Some((52, 0, 0)));
    assert_eq!(done(sync(&deps, job).await), None);
    assert_eq!((file.statuses(), rows(&deps).await.len()), (vec![200, 200, 304], 250));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_sync_changes_nothing_more_once_another_came_first() {
    let store = support::stores().await.pop().unwrap();
    let events = |summary: &str| (0..250).map(|number| event(&format!("e{number:03}"), summary)).collect::<Vec<_>>();
    let job = |summary: &str| json!({"ics": calendar(&events(summary)), "calendar": "large"});
    let (newer, newest) = (deps(&store), job("Two"));
    let other = move |count| {
        if count == 1 {
            let runtime = tokio::runtime::Handle::current();
            let outcome = tokio::task::block_in_place(|| runtime.block_on(sync(&newer, newest.clone())));
            assert_eq!(done(outcome), Some((151, 99, 0)), "one transaction of the older one was there");
        }
        Ok(())
    };
    let error = support::again(sync(&support::deps_with(&store, other), job("One")).await);
    assert!(error.contains("another sync of this calendar"), "{error}");
    let rows = rows(&deps(&store)).await;
    assert!(rows.len() == 250 && rows.iter().all(|(_, summary)| summary == "Two"), "{rows:?}");
}

/// Then both are first syncs still, and the number of transactions alone tells one from the other.
#[tokio::test(flavor = "multi_thread")]
async fn a_large_sync_changes_nothing_more_once_another_has_begun() {
    let store = support::stores().await.pop().unwrap();
    let events = |summary: &str| (0..250).map(|number| event(&format!("e{number:03}"), summary)).collect::<Vec<_>>();
    let job = |summary: &str| json!({"ics": calendar(&events(summary)), "calendar": "large"});
    let newer = support::deps_with(&store, |count| if count < 1 { Ok(()) } else { Err("cut off".into()) });
    let newest = job("Two");
    let other = move |count| {
        if count == 1 {
            let runtime = tokio::runtime::Handle::current();
            let outcome = tokio::task::block_in_place(|| runtime.block_on(sync(&newer, newest.clone())));
            assert!(support::again(outcome).contains("cut off"));
        }
        Ok(())
    };
    let error = support::again(sync(&support::deps_with(&store, other), job("One")).await);
    assert!(error.contains("another sync of this calendar"), "{error}");
    assert_eq!(
        done(sync(&deps(&store), job("Two")).await).map(|(created, updated, _)| created + updated > 100),
        Some(true)
    );
    assert!(rows(&deps(&store)).await.iter().all(|(_, summary)| summary == "Two"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_calendar_changes_nothing() {
    let file = File::serve(calendar(&[event("a", "One")])).await;
    let deps = deps("sqlite::memory:");
    let job = json!({"url": file.url(), "calendar": "team"});
    assert_eq!(done(sync(&deps, job.clone()).await), Some((1, 0, 0)));
    file.change("<html>Log in</html>".to_owned());
    dead(sync(&deps, job.clone()).await, "not_a_calendar");
    file.change(calendar(&[]).replace("END:VCALENDAR\r\n", ""));
    dead(sync(&deps, job.clone()).await, "not_a_calendar");
    file.change(format!("{}{}", calendar(&[]), " ".repeat(2 << 20)));
    dead(sync(&deps, job.clone()).await, "too_large");
    for (status, reason) in [(404, "not_found"), (401, "unauthorized"), (418, "rejected")] {
        file.answer(status);
        let error = dead(sync(&deps, job.clone()).await, reason);
        assert!(error.contains(&status.to_string()), "{error}");
    }
    file.answer(503);
    let outcome = sync(&deps, job.clone()).await;
    assert!(matches!(&outcome, Outcome::Retry { after: Some(wait), .. } if wait.as_secs() == 7), "{outcome:?}");
    assert_eq!(rows(&deps).await.len(), 1);
    // Under another URL nothing of what the first server said is used.
    let other = File::serve(calendar(&[event("a", "One")])).await;
    assert_eq!(done(sync(&deps, json!({"url": other.url(), "calendar": "team"})).await), Some((0, 0, 0)));
    assert_eq!(other.statuses(), [200]);

    let outcome = sync(&deps, json!({"calendar": "inline", "ics": calendar(&[event("x", "Inline")])})).await;
    assert_eq!(done(outcome), Some((1, 0, 0)));
    // By default no address within is spoken to, and no URL is told to anybody.
    let closed = Settings { store: Some("sqlite::memory:".to_owned()), ..Settings::default() }.deps().unwrap();
    let error = dead(sync(&closed, job).await, "refused_address");
    assert!(error.contains("OUTBOUND_ALLOW") && !error.contains("127.0.0.1"), "{error}");
    for wrong in [json!({}), json!({"ics": "x"}), json!({"url": "no url"}), json!({"url": "http://a/", "ics": ""})] {
        dead(sync(&deps, wrong).await, "invalid_payload");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caldav_collection_is_synchronised_by_what_changed() {
    let radicale = Radicale::get().await;
    for store in support::stores().await {
        let deps = radicale.deps(&store);
        let collection = radicale.collection(&deps).await;
        let job = json!({"url": collection, "protocol": "caldav", "calendar": "team"});
        assert_eq!(done(sync(&deps, job.clone()).await), Some((0, 0, 0)), "{store}");
        for uid in ["a", "b", "c d"] {
            radicale.put(&deps, &collection, uid, &event(uid, "first")).await;
        }
        assert_eq!(done(sync(&deps, job.clone()).await), Some((3, 0, 0)), "{store}");
        assert_eq!(done(sync(&deps, job.clone()).await), None);
        radicale.put(&deps, &collection, "a", &event("a", "second")).await;
        radicale.delete(&deps, &collection, "b").await;
        let recurring =
            [event("r", "rule").replace("SUMMARY", "RRULE:FREQ=WEEKLY\r\nSUMMARY"), support::occurrence("r", "moved")];
        radicale.put(&deps, &collection, "r", &recurring.concat()).await;
        assert_eq!(done(sync(&deps, job.clone()).await), Some((2, 1, 1)), "{store}");
        // One occurrence goes, the rule stays.
        radicale.put(&deps, &collection, "r", &recurring[0]).await;
        assert_eq!(done(sync(&deps, job.clone()).await), Some((0, 1, 1)), "{store}");

        // A token that the server does not know: everything is looked at, and what is gone is found.
        support::set_token(&deps, "team", "http://radicale.org/ns/sync/unknown").await;
        radicale.delete(&deps, &collection, "a").await;
        assert_eq!(done(sync(&deps, job.clone()).await), Some((0, 0, 1)), "{store}");
        assert_eq!(done(sync(&deps, job.clone()).await), None, "{store}");
        let left: Vec<_> = rows(&deps).await.into_iter().map(|(uid, _)| uid).collect();
        assert_eq!(left, ["c d", "r"]);
        // The URL without its slash is that of the same collection.
        let job = json!({"url": collection.trim_end_matches('/'), "protocol": "caldav"});
        assert_eq!(done(sync(&deps, job.clone()).await), Some((2, 0, 0)), "{store}");
        radicale.delete(&deps, &collection, "c d").await;
        assert_eq!(done(sync(&deps, job).await), Some((0, 0, 1)), "{store}");
    }
    let stranger = deps("sqlite::memory:");
    let collection = radicale.collection(&radicale.deps("sqlite::memory:")).await;
    let error = dead(sync(&stranger, json!({"url": collection, "protocol": "caldav"})).await, "unauthorized");
    assert!(!error.contains("127.0.0.1"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_written_over_the_version_that_was_seen() {
    let radicale = Radicale::get().await;
    let deps = radicale.deps("sqlite::memory:");
    let collection = radicale.collection(&deps).await;
    let url = format!("{collection}meeting.ics");
    let job = |summary: &str, etag: Option<&str>| json!({"url": url, "ics": calendar(&[event("meeting", summary)]), "etag": etag});
    let written = |outcome: Outcome| match outcome {
        Outcome::Done(Some(result)) => result["etag"].as_str().unwrap().to_owned(),
        other => panic!("{other:?}"),
    };
    let first = written(put(&deps, job("first", None)).await);
    // Delivered again after its answer was lost: it is done, not a conflict.
    assert_eq!(written(put(&deps, job("first", None)).await), first);
    let second = written(put(&deps, job("second", Some(&first))).await);
    assert_ne!(first, second);
    assert_eq!(written(put(&deps, job("second", Some(&first))).await), second);
    // Somebody else came first.
    let error = dead(put(&deps, job("third", Some(&first))).await, "conflict");
    assert!(error.contains(&second) && error.contains(&first), "{error}");
    dead(put(&deps, job("third", None)).await, "conflict");
    // The same event under another URL.
    let elsewhere = json!({"url": format!("{collection}b.ics"), "ics": calendar(&[event("meeting", "second")])});
    let error = dead(put(&deps, elsewhere).await, "conflict");
    assert!(error.contains("UID under another URL"), "{error}");
    let nowhere =
        json!({"url": format!("{}0/b.ics", collection.trim_end_matches('/')), "ics": calendar(&[event("b", "x")])});
    dead(put(&deps, nowhere).await, "not_found");
    radicale.delete(&deps, &collection, "meeting").await;
    let error = dead(put(&deps, job("third", Some(&second))).await, "conflict");
    assert_eq!(error, "the event was deleted");

    let wrong = [
        json!({"url": url, "ics": calendar(&[event("a", "x"), event("b", "y")])}),
        json!({"url": url, "ics": calendar(&[])}),
        json!({"url": url, "ics": calendar(&[event("a", "x")]), "etag": "W/\"1\""}),
        json!({"url": "no url", "ics": calendar(&[event("a", "x")])}),
    ];
    for payload in wrong {
        dead(put(&deps, payload).await, "invalid_payload");
    }
}

#[tokio::test]
async fn settings_that_are_wrong_say_what_to_write() {
    let cases = [
        ("CALENDAR_STORE", "redis://hunter2", "CALENDAR_STORE: no store is called like this; write `memory:`"),
        ("CALENDAR_CREDENTIALS", "{\"https://a.org\": \"hunter2\"}", "CALENDAR_CREDENTIALS is not the JSON"),
        ("CALENDAR_MAX_BYTES", "10MB", "CALENDAR_MAX_BYTES is not a number"),
        ("OUTBOUND_ALLOW", "localhost", "OUTBOUND_ALLOW: `localhost` is no network"),
    ];
    for (name, value, expected) in cases {
        let settings = Settings::read(|asked| (asked == name).then(|| value.to_owned()));
        let told = settings.deps().err().unwrap().to_string();
        assert!(told.starts_with(expected) && !told.contains("hunter2"), "{told}");
    }
}
