//! What a CalDAV server may answer besides what it should: against one that does.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

#[path = "../../runtime/tests/support/aws.rs"]
mod aws;
#[allow(dead_code, reason = "the table of idempotency is there")]
#[path = "../../runtime/tests/support/dynamodb.rs"]
mod dynamodb;
#[path = "../../runtime/tests/support/servers/mod.rs"]
mod servers;
mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use calendar_sync::Deps;
use queuestack_worker::database::query;
use serde_json::{Value, json};
use support::mock::{Mock, answer, content, multistatus, status, there};
use support::{again, calendar, dead, deps, done, event, put, rows, sync};

/// What the mock servers have: one event, called by its version.
fn told(href: &str, uid: &str, etag: &str) -> String {
    content(href, etag, &calendar(&[event(uid, etag)]))
}

/// A job for the collection of a server.
fn job(mock: &Mock) -> Value {
    json!({"url": mock.url("/c/"), "protocol": "caldav", "calendar": "team"})
}

/// The events in the store: `a 1` is the event a, called by its version 1.
async fn kept(deps: &Deps) -> Vec<String> {
    rows(deps).await.into_iter().map(|(uid, summary)| format!("{uid} {summary}")).collect()
}

#[tokio::test]
async fn a_redirect_is_told_and_not_followed() {
    // What is behind it takes everything.
    let mock = Mock::serve(|asked| match asked.path.strip_prefix("/moved/") {
        Some(status) => answer(status.parse().unwrap(), "location: /there\r\n", ""),
        None => answer(200, "etag: \"8\"\r\n", &calendar(&[event("a", "Old")])),
    })
    .await;
    let deps = deps("sqlite::memory:");
    for status in [301, 302, 303, 307, 308] {
        let url = mock.url(&format!("/moved/{status}"));
        let job = json!({"url": url, "ics": calendar(&[event("a", "New")]), "etag": "\"7\""});
        let error = dead(put(&deps, job).await, "redirected");
        assert!(error.contains(&status.to_string()), "{error}");
        let error = dead(sync(&deps, json!({"url": url, "protocol": "caldav"})).await, "redirected");
        assert!(error.contains(&status.to_string()), "{error}");
    }
    assert!(!mock.asked().iter().any(|one| one.ends_with("/there")), "{:?}", mock.asked());
    // A page that answers everything is told from a server that has a reason to refuse.
    let error = dead(sync(&deps, json!({"url": mock.url("/there"), "protocol": "caldav"})).await, "not_a_calendar");
    assert!(error.contains("200") && error.contains("207"), "{error}");
    // A file is found where it went.
    done(sync(&deps, json!({"url": mock.url("/moved/302")})).await);
}

#[tokio::test]
async fn what_the_server_cannot_tell_now_stays_and_is_asked_for_again() {
    for trouble in ["503", "403", "404 of the data", "503 of the data", "nothing"] {
        let ill = Arc::new(AtomicBool::new(false));
        let is_ill = Arc::clone(&ill);
        let mock = Mock::serve(move |asked| {
            let ill = is_ill.load(Ordering::Relaxed);
            let version = |token: &str| if token.is_empty() { "1" } else { "2" };
            match asked.token() {
                Some("t2") => multistatus(&[], Some("t2")),
                Some(token) => {
                    let both = ["/c/a.ics", "/c/b.ics"].map(|href| there(href, version(token)));
                    multistatus(&both, Some(if token.is_empty() { "t1" } else { "t2" }))
                }
                None if !ill => multistatus(&[told("/c/a.ics", "a", "1"), told("/c/b.ics", "b", "1")], None),
                None => {
                    let no_data = |code: u16| {
                        format!(
                            "<D:response><D:href>/c/b.ics</D:href><D:propstat><D:prop><C:calendar-data/></D:prop>\
                             <D:status>HTTP/1.1 {code} X</D:status></D:propstat></D:response>"
                        )
                    };
                    let of_b = match trouble {
                        "503" => status(&["/c/b.ics"], 503),
                        "403" => status(&["/c/b.ics"], 403),
                        "404 of the data" => no_data(404),
                        "503 of the data" => no_data(503),
                        _ => String::new(),
                    };
                    multistatus(&[told("/c/a.ics", "a", "2"), of_b], None)
                }
            }
        })
        .await;
        let deps = deps("sqlite::memory:");
        assert_eq!(done(sync(&deps, job(&mock)).await), Some((2, 0, 0)));
        ill.store(true, Ordering::Relaxed);
        if trouble == "404 of the data" {
            // What is there without being an event is no event any more.
            assert_eq!(done(sync(&deps, job(&mock)).await), Some((0, 1, 1)));
            continue;
        }
        mock.questions();
        for asked in [["token t1", "get 2"], ["token t1", "get 1"]] {
            let error = again(sync(&deps, job(&mock)).await);
            let why = trouble
                .get(..3)
                .filter(|_| trouble != "nothing")
                .map_or("not at all".to_owned(), |status| format!("with {status}"));
            assert_eq!(error, format!("the server answered {why} for an event, 1 in all: they stay as they were"));
            // What it could tell is kept, and not asked for again.
            assert_eq!(
                (kept(&deps).await, mock.questions()),
                (vec!["a 2".to_owned(), "b 1".to_owned()], asked.map(str::to_owned).to_vec())
            );
        }
    }
}

#[tokio::test]
async fn a_list_that_is_wrong_in_places_deletes_nothing() {
    // To a sync without a token, `b` is there, cannot be told, or is not there.
    for (of_b, expected) in [(503, ["a 1", "b 1"].as_slice()), (403, &["a 1", "b 1"]), (404, &["a 1"]), (410, &["a 1"])]
    {
        for tokens in [true, false] {
            let asked_before = AtomicBool::new(false);
            let mock = Mock::serve(move |asked| match asked.token() {
                Some(_) if !tokens => answer(501, "", ""),
                None if !asked.hrefs().is_empty() => {
                    multistatus(&[told("/c/a.ics", "a", "1"), told("/c/b.ics", "b", "1")], None)
                }
                Some(token) if !token.is_empty() => answer(403, "", ""),
                _ => {
                    let first = !asked_before.swap(true, Ordering::Relaxed);
                    let of_b = if first { there("/c/b.ics", "1") } else { status(&["/c/b.ics"], of_b) };
                    multistatus(&[there("/c/a.ics", "1"), of_b], Some("t1").filter(|_| tokens))
                }
            })
            .await;
            let deps = deps("sqlite::memory:");
            assert_eq!(done(sync(&deps, job(&mock)).await), Some((2, 0, 0)));
            let outcome = sync(&deps, job(&mock)).await;
            assert_eq!(kept(&deps).await, expected, "{of_b} {outcome:?}");
            if expected.len() == 2 {
                assert!(again(outcome).contains(&of_b.to_string()));
            }
        }
    }
    // What is said of the collection is said of all.
    let mock = Mock::serve(|_| multistatus(&[status(&["/c"], 404)], Some("t1"))).await;
    dead(sync(&deps("sqlite::memory:"), job(&mock)).await, "not_found");
    // A list that is cut off goes on nowhere.
    let mock = Mock::serve(|asked| match asked.token() {
        Some(_) => answer(501, "", ""),
        None => multistatus(&[there("/c/a.ics", "1"), status(&["/c/"], 507)], None),
    })
    .await;
    dead(sync(&deps("sqlite::memory:"), job(&mock)).await, "too_large");
}

#[tokio::test]
async fn an_answer_that_is_cut_off_is_not_all_of_it() {
    // Servers call the collection by another name than the job.
    for cut in ["/c/", "/c", "/%63/", "/principal/c/", "http://elsewhere.example.org/c/"] {
        let mock = Mock::serve(move |asked| match asked.token() {
            Some("") => multistatus(&[there("/c/a.ics", "1"), there("/c/", "0"), status(&[cut], 507)], Some("p1")),
            Some("p1") => multistatus(&[there("/c/b.ics", "1")], Some("t1")),
            Some("t1") => answer(403, "", ""),
            _ => {
                let of = |href: &&str| match href.strip_prefix("/c/").and_then(|file| file.strip_suffix(".ics")) {
                    Some(uid) => told(href, uid, "1"),
                    None => status(&[href], 404),
                };
                multistatus(&asked.hrefs().iter().map(of).collect::<Vec<_>>(), None)
            }
        })
        .await;
        let deps = deps("sqlite::memory:");
        let job = json!({"url": mock.url("/c"), "protocol": "caldav"});
        assert_eq!(done(sync(&deps, job.clone()).await), Some((2, 0, 0)), "{cut}");
        assert_eq!(mock.questions(), ["token ", "token p1", "get 2"], "the collection is no event");
        // The token is over: all is listed again, in two pages.
        assert_eq!(done(sync(&deps, job).await), Some((0, 0, 0)), "{cut}");
        assert_eq!(mock.questions(), ["token t1", "token ", "token p1"]);
    }
}

#[tokio::test]
async fn a_server_that_cannot_tell_what_changed_is_asked_for_everything() {
    let mock = Mock::serve(|asked| match asked.token() {
        Some("") => multistatus(&[there("/c/a.ics", "1")], Some("t1")),
        Some(_) => answer(507, "", "<D:error xmlns:D=\"DAV:\"><D:number-of-matches-within-limits/></D:error>"),
        None => multistatus(&[told("/c/a.ics", "a", "1")], None),
    })
    .await;
    let deps = deps("sqlite::memory:");
    assert_eq!(done(sync(&deps, job(&mock)).await), Some((1, 0, 0)));
    assert_eq!(done(sync(&deps, job(&mock)).await), Some((0, 0, 0)));
    assert_eq!(mock.questions(), ["token ", "get 1", "token t1", "token "]);
}

#[tokio::test]
async fn resources_are_the_same_however_they_are_written_and_grouped() {
    let mock = Mock::serve(|asked| match asked.token() {
        Some("") => multistatus(&["/c/a%40x.ics", "/c/b.ics", "/c/c.ics"].map(|href| there(href, "1")), Some("t1")),
        Some(_) => multistatus(&[status(&["/c/a%40x.ics", "/c/b.ics"], 404)], Some("t2")),
        None => {
            // It is asked as it said itself.
            assert_eq!(asked.hrefs(), ["/c/a%40x.ics", "/c/b.ics", "/c/c.ics"]);
            let of = [("/c/a@x.ics", "a"), ("/c/b.ics", "b"), ("/%63/c.ics", "c"), ("/c/unasked.ics", "d")];
            multistatus(&of.map(|(href, uid)| told(href, uid, "1")), None)
        }
    })
    .await;
    let deps = deps("sqlite::memory:");
    assert_eq!(done(sync(&deps, job(&mock)).await), Some((3, 0, 0)));
    assert_eq!(done(sync(&deps, job(&mock)).await), Some((0, 0, 2)));
    assert_eq!(kept(&deps).await, ["c 1"]);
}

#[tokio::test]
async fn rows_from_before_resources_had_one_name_are_found() {
    let mock = Mock::serve(|asked| match asked.token() {
        Some("") => multistatus(&[there("/c/a@x.ics", "1")], Some("t1")),
        Some(_) => multistatus(&[], Some("t1")),
        None => multistatus(&[told("/c/a@x.ics", "a", "1")], None),
    })
    .await;
    let deps = deps("sqlite::memory:");
    assert_eq!(done(sync(&deps, job(&mock)).await), Some((1, 0, 0)));
    let statement = "UPDATE calendar_events SET resource = '/c/a@x.ics', id = 'before'";
    query(statement, &[]).execute(support::database(&deps).pool()).await.unwrap();
    assert_eq!(done(sync(&deps, job(&mock)).await), Some((1, 0, 1)));
    assert_eq!(done(sync(&deps, job(&mock)).await), None);
}

#[tokio::test]
async fn large_events_are_asked_for_in_smaller_parts() {
    // 120 of 90 kB, and one that is too large by itself: an answer has 2 MiB at most.
    let mock = Mock::serve(|asked| match asked.token() {
        Some(_) => multistatus(&(0..=120).map(|n| there(&format!("/c/{n}.ics"), "1")).collect::<Vec<_>>(), Some("t1")),
        None => {
            let of = |href: &&str| match *href {
                "/c/60.ics" => content(href, "1", &calendar(&[event("60", &"x".repeat(3 << 20))])),
                href => content(href, "1", &calendar(&[event(href, &"x".repeat(90_000))])),
            };
            multistatus(&asked.hrefs().iter().map(of).collect::<Vec<_>>(), None)
        }
    })
    .await;
    let deps = deps("sqlite::memory:");
    assert_eq!(done(sync(&deps, job(&mock)).await), Some((120, 0, 0)));
    let asked = mock.questions().len();
    assert!(asked < 30, "{asked} requests");
}

#[tokio::test]
async fn a_refusal_says_which_rule_the_event_breaks() {
    let rule = |name: &str| {
        format!(r#"<D:error xmlns:D="DAV:"><C:{name} xmlns:C="urn:ietf:params:xml:ns:caldav"/></D:error>"#)
    };
    let cases = [
        (409, rule("no-uid-conflict"), "conflict", "another URL"),
        (403, rule("no-uid-conflict"), "conflict", "another URL"),
        (403, rule("valid-calendar-data"), "rejected", "valid-calendar-data"),
        (403, String::new(), "unauthorized", "403"),
        (409, "<html>Conflict</html>".to_owned(), "not_found", "no collection"),
        // Nobody reads that much.
        (409, " ".repeat(100_000) + &rule("no-uid-conflict"), "not_found", "no collection"),
    ];
    for (status, body, reason, expected) in cases {
        let mock = Mock::serve(move |_| answer(status, "", &body)).await;
        let job = json!({"url": mock.url("/c/a.ics"), "ics": calendar(&[event("a", "New")])});
        let error = dead(put(&deps("sqlite::memory:"), job).await, reason);
        assert!(error.contains(expected), "{error}");
    }
}

#[tokio::test]
async fn a_token_that_is_too_long_is_not_kept() {
    let long = "t".repeat(70_000);
    let mock = Mock::serve(move |asked| match asked.token() {
        Some(_) => multistatus(&[there("/c/a.ics", "1")], Some(&long)),
        None => multistatus(&[told("/c/a.ics", "a", "1")], None),
    })
    .await;
    let deps = deps("sqlite::memory:");
    assert_eq!(done(sync(&deps, job(&mock)).await), Some((1, 0, 0)));
    assert_eq!(done(sync(&deps, job(&mock)).await), Some((0, 0, 0)));
    assert_eq!(mock.questions(), ["token ", "get 1", "token "]);
}
