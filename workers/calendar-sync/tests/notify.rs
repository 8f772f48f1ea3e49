//! People are told what changed: by jobs that the worker of notifications can do.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

#[path = "../../runtime/tests/support/aws.rs"]
mod aws;
#[allow(dead_code, reason = "the table of idempotency is there")]
#[path = "../../runtime/tests/support/dynamodb.rs"]
mod dynamodb;
#[path = "../../runtime/tests/support/servers/mod.rs"]
mod servers;
mod support;

use std::time::Duration;

use queuestack_worker::backend::{self, Backend};
use queuestack_worker::{Envelope, Outcome};
use serde_json::{Value, json};
use support::{File, calendar, dead, deps, done, event, sync};

/// What waits in the queue of notifications, taken out of it: types, keys and payloads.
async fn told(queue: &dyn Backend) -> Vec<(String, String, Value)> {
    let deliveries = queue.receive(10, Duration::ZERO).await.unwrap();
    let receipts: Vec<_> = deliveries.iter().map(|one| one.receipt.clone()).collect();
    assert!(queue.delete(&receipts).await.iter().all(Result::is_ok));
    let jobs = deliveries.iter().map(|one| {
        let envelope = Envelope::decode(&one.body).unwrap();
        (envelope.job_type, envelope.idempotency_key.unwrap(), envelope.payload)
    });
    jobs.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_wants_to_know_is_told_what_changed() {
    let file = File::serve(calendar(&[event("a", "One"), event("b", "Two"), event("c", "Same")])).await;
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("notifications.db").display());
    let queue = backend::open(&url).await.unwrap();
    let mut deps = deps(&format!("sqlite:{}", folder.path().join("calendar.db").display()));
    let notify = json!({"email": ["a@example.org"], "webhooks": ["https://hooks.example.org/a"]});
    let job = json!({"url": file.url(), "calendar": "team", "notify": notify});
    let error = dead(sync(&deps, job.clone()).await, "not_configured");
    assert!(error.contains("`send: notification-queue`"), "{error}");
    deps.notifications = Some(url);
    assert_eq!(done(sync(&deps, job.clone()).await), Some((3, 0, 0)));
    assert_eq!(told(&*queue).await, [], "all of a new calendar is new");

    file.change(calendar(&[event("a", "Won"), event("c", "Same"), event("d", "New")]));
    // The store fails after the jobs were enqueued: they are enqueued again, as the same jobs.
    support::refuse_deletes(&deps, true).await;
    let outcome = sync(&deps, job.clone()).await;
    assert!(matches!(&outcome, Outcome::Retry { error, .. } if error.contains("the calendar store")), "{outcome:?}");
    let before = told(&*queue).await;
    // Others who are told the same are told in a mail of their own.
    let mut others = job.clone();
    others["notify"]["email"] = json!(["b@example.org"]);
    assert!(matches!(sync(&deps, others).await, Outcome::Retry { .. }));
    let theirs = told(&*queue).await;
    assert!(theirs[0].1 != before[0].1 && theirs[1].1 == before[1].1, "{theirs:?}");
    support::refuse_deletes(&deps, false).await;
    assert_eq!(done(sync(&deps, job.clone()).await), Some((1, 1, 1)));
    let after = told(&*queue).await;
    assert_eq!(before, after);
    let starts = "20261121T100000Z";
    let mut events = after[0].2["data"]["events"].clone();
    events.as_array_mut().unwrap().sort_by_key(|event| event["summary"].to_string());
    let line = |summary: &str, change: &str| json!({"summary": summary, "starts": starts, "change": change});
    assert_eq!(events, json!([line("New", "new"), line("Two", "removed"), line("Won", "changed")]));
    assert_eq!((after[0].0.as_str(), after[1].0.as_str()), (notification::email::TYPE, notification::push::TYPE));
    assert_eq!(after[1].2["url"], "https://hooks.example.org/a");
    assert_eq!(after[1].2["body"]["total"], 3);
    // The other worker can read it.
    let templates = notification::template::Templates::new(None).unwrap();
    let mail = serde_json::from_value(after[0].2.clone()).unwrap();
    let from = "calendar@example.org".parse().unwrap();
    let mail = notification::email::message(&mail, &from, "0", &templates).unwrap().formatted();
    assert!(String::from_utf8(mail).unwrap().contains("Subject: team: 3 events changed"));

    // A new version that says the same is nothing to tell; the next change is another job.
    file.change(calendar(&[event("d", "New"), event("c", "Same"), event("a", "Won")]));
    assert_eq!(done(sync(&deps, job.clone()).await), Some((0, 0, 0)));
    assert_eq!(told(&*queue).await, []);
    file.change(calendar(&[event("d", "New"), event("c", "Same"), event("a", "One")]));
    assert_eq!(done(sync(&deps, job).await), Some((0, 1, 0)));
    assert_ne!(told(&*queue).await[0].1, after[0].1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_other_worker_would_refuse_is_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("notifications.db").display());
    let queue = backend::open(&url).await.unwrap();
    let mut deps = deps("sqlite::memory:");
    deps.notifications = Some(url);
    let job = |name: &str, addresses: usize, summary: &str| {
        let email: Vec<_> = (0..addresses).map(|number| format!("Ada <a{number}@example.org>")).collect();
        json!({"calendar": name, "ics": calendar(&[event("a", summary)]), "notify": {"email": email}})
    };
    // All that is allowed is a mail.
    let name = "ü".repeat(400);
    assert_eq!(done(sync(&deps, job(&name, 50, "One")).await), Some((1, 0, 0)));
    assert_eq!(done(sync(&deps, job(&name, 50, "Two")).await), Some((0, 1, 0)));
    let mut mail = told(&*queue).await.remove(0).2;
    mail["data"]["total"] = json!(u32::MAX);
    let templates = notification::template::Templates::new(None).unwrap();
    let mail = serde_json::from_value(mail).unwrap();
    notification::email::message(&mail, &"calendar@example.org".parse().unwrap(), "0", &templates).unwrap();

    let one_more = "ü".repeat(401);
    for name in [one_more.as_str(), "a\nBcc: b@example.org", "a\u{7}", "a\u{ffff}"] {
        let error = dead(sync(&deps, job(name, 1, "One")).await, "invalid_payload");
        assert!(error.starts_with("`calendar` is more than one line"), "{error}");
    }
    let error = dead(sync(&deps, job("team", 51, "One")).await, "invalid_payload");
    assert_eq!(error, "`notify.email` has more than 50 addresses, the most of one mail");
    let wrong = [
        (json!({"email": ["nobody"]}), "an address in `notify.email` is none"),
        (json!({"email": ["nobody\n@example.org"]}), "an address in `notify.email` is none"),
        (json!({"email": [format!("nobody{}@example.org", "x".repeat(2000))]}), "an address in `notify.email` is none"),
        (json!({"webhooks": ["nobody"]}), "a webhook in `notify.webhooks` is not a URL"),
    ];
    for (notify, expected) in wrong {
        let job = json!({"calendar": "team", "ics": calendar(&[]), "notify": notify});
        let error = dead(sync(&deps, job).await, "invalid_payload");
        assert!(error.starts_with(expected) && !error.contains("nobody"), "{error}");
    }
    assert_eq!(told(&*queue).await, []);
}
