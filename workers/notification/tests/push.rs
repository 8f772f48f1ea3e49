//! Webhooks and Web Push, read by independent implementations.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

#[path = "../../runtime/tests/support/servers/mod.rs"]
mod servers;
mod support;

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use notification::push::{self, Push};
use notification::webhook::Secret;
use notification::{Deps, Settings};
use queuestack_worker::Outcome;
use serde_json::{Value, json};
use support::{Web, key, script};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

async fn push(deps: &Deps, name: &str, payload: Value) -> Outcome {
    push::handle(serde_json::from_value::<Push>(payload).unwrap(), &key(name), deps).await
}

#[track_caller]
fn dead(outcome: Outcome, expected: &str) {
    let Outcome::DeadLetter { reason, error } = outcome else { panic!("{outcome:?}") };
    assert_eq!(reason, expected, "{error}");
    assert!(!error.contains("127.0.0.1") && !error.contains("/secret"), "{error}");
}

#[tokio::test]
async fn a_webhook_is_posted_to_with_a_signature() {
    let web = Web::start().await;
    let origin = format!("http://127.0.0.1:{}", web.port);
    let settings = Settings {
        webhook_secrets: Some(json!({&origin: SECRET}).to_string()),
        allow: Some("127.0.0.1".to_owned()),
        ..Settings::default()
    };
    let deps = settings.deps().unwrap();
    let job =
        json!({"url": format!("{origin}/secret"), "body": {"type": "calendar.changed", "data": {"calendar": "Größe"}}});
    for name in ["one", "one", "two"] {
        assert_eq!(push(&deps, name, job.clone()).await, Outcome::done());
    }
    let taken = web.taken();
    let ids: Vec<_> = taken.iter().map(|request| request.headers["webhook-id"].clone()).collect();
    assert!(ids[0] == ids[1] && ids[1] != ids[2], "{ids:?}");
    let body = String::from_utf8(taken[0].body.clone()).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&body).unwrap(), job["body"]);
    let time = taken[0].headers["webhook-timestamp"].parse().unwrap();
    assert_eq!(taken[0].headers["webhook-signature"], Secret::parse(SECRET).unwrap().sign(&ids[0], time, &body));

    for (answer, reason) in [
        ("302 Found\r\nlocation: http://127.0.0.1:9/", "redirected"),
        ("410 Gone", "not_found"),
        ("400 No", "rejected"),
    ] {
        web.answers(answer);
        dead(push(&deps, "answers", job.clone()).await, reason);
    }
    web.answers("429 Slow down\r\nretry-after: 30");
    let outcome = push(&deps, "answers", job.clone()).await;
    assert!(matches!(outcome, Outcome::Retry { after: Some(wait), .. } if wait.as_secs() == 30), "{outcome:?}");
    assert_eq!(web.taken().len(), 7);

    // Nobody is posted to without a key, or within.
    dead(
        push(&deps, "other", json!({"url": format!("http://127.0.0.1:{}/", web.port + 1), "body": 1})).await,
        "unknown_receiver",
    );
    let closed = Settings { allow: None, ..settings }.deps().unwrap();
    dead(push(&closed, "closed", job.clone()).await, "refused_address");
    for wrong in [json!({"body": 1}), json!({"url": "none", "body": 1})] {
        dead(push(&deps, "wrong", wrong).await, "invalid_payload");
    }
    assert_eq!(web.taken().len(), 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_reads_what_was_pushed() {
    let python = tokio::task::spawn_blocking(|| servers::python::bin().join("python")).await.unwrap();
    let mut browser = Command::new(python);
    let browser = browser.arg(script("webpush.py")).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut browser = browser.spawn().unwrap();
    let mut said = BufReader::new(browser.stdout.take().unwrap()).lines();
    let mut next = || serde_json::from_str::<Value>(&said.next().unwrap().unwrap()).unwrap();
    let keys = next();
    let vapid = |index: usize| keys["vapid"][index].as_str().map(str::to_owned);
    let web = Web::start().await;
    let settings = Settings {
        vapid: [vapid(0), vapid(1), Some("mailto:admin@example.org".to_owned())],
        allow: Some("127.0.0.1".to_owned()),
        ..Settings::default()
    };
    let deps = settings.deps().unwrap();
    let endpoint = format!("http://127.0.0.1:{}/secret", web.port);
    let subscription =
        json!({"endpoint": endpoint, "expirationTime": null, "keys": {"p256dh": keys["p256dh"], "auth": keys["auth"]}});
    let body = json!({"title": "Moved", "text": "\u{1f4c5} to 10:00"});
    let job = json!({"subscription": subscription, "body": body, "ttl": 60, "urgency": "very-low"});
    assert_eq!(push(&deps, "one", job.clone()).await, Outcome::done());
    let request = web.taken().remove(0);
    for (name, value) in [("content-encoding", "aes128gcm"), ("ttl", "60"), ("urgency", "very-low")] {
        assert_eq!(request.headers[name], value);
    }
    let handed = json!({"body": STANDARD.encode(&request.body), "authorization": request.headers["authorization"]});
    writeln!(browser.stdin.take().unwrap(), "{handed}").unwrap();
    let read = next();
    assert!(browser.wait().unwrap().success());
    assert_eq!(serde_json::from_str::<Value>(read["plain"].as_str().unwrap()).unwrap(), body);
    assert_eq!(read["claims"]["aud"], format!("http://127.0.0.1:{}", web.port));
    assert_eq!(read["claims"]["sub"], "mailto:admin@example.org");

    web.answers("410 Gone");
    dead(push(&deps, "gone", job.clone()).await, "not_found");
    let with = |path: &str, value: Value| {
        let mut job = job.clone();
        *job.pointer_mut(path).unwrap() = value;
        job
    };
    dead(push(&deps, "large", with("/body", json!("x".repeat(4000)))).await, "too_large");
    dead(push(&deps, "key", with("/subscription/keys/p256dh", json!("AAAA"))).await, "invalid_payload");
    dead(push(&deps, "key", with("/subscription/keys/auth", json!("***"))).await, "invalid_payload");
    dead(push(&Settings::default().deps().unwrap(), "none", job.clone()).await, "not_configured");
    let closed = Settings { allow: None, ..settings.clone() }.deps().unwrap();
    dead(push(&closed, "closed", job.clone()).await, "refused_address");
    let swapped = Settings { vapid: [vapid(1), vapid(0), Some("mailto:a@b.org".to_owned())], ..settings.clone() };
    assert!(swapped.deps().err().unwrap().to_string().contains("are no pair of P-256"));
    let half = Settings { vapid: [vapid(0), None, None], ..settings };
    assert!(half.deps().err().unwrap().to_string().contains("go together"));
}
