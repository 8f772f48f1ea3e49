//! What a CalDAV server may answer besides what it should: against one that does.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

#[path = "../../runtime/tests/support/servers/mod.rs"]
mod servers;
mod support;

use serde_json::json;
use support::mock::{Mock, answer};
use support::{calendar, dead, deps, event, put, sync};

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
    support::done(sync(&deps, json!({"url": mock.url("/moved/302")})).await);
}
