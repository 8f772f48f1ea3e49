//! Mails to a real SMTP server: by STARTTLS, by TLS, once each.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

#[path = "../../runtime/tests/support/servers/mod.rs"]
mod servers;
mod support;

use std::future::{Future, pending};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use notification::email::{self, SendEmail};
use notification::{Deps, Settings};
use queuestack_worker::{JobQueue, NewJob, Outcome};
use serde_json::{Value, json};
use support::{Mail, Parrot, key};

fn settings(url: String) -> Settings {
    Settings {
        smtp_url: Some(url),
        mail_from: Some("Calendar <calendar@example.org>".to_owned()),
        ..Settings::default()
    }
}

async fn send(deps: &Deps, name: &str, payload: Value) -> Outcome {
    send_within(deps, name, payload, Duration::from_mins(5), pending()).await
}

/// Sends with so much time for the attempt, by a worker that stops then.
async fn send_within(
    deps: &Deps,
    name: &str,
    payload: Value,
    time: Duration,
    stops: impl Future<Output = ()>,
) -> Outcome {
    let payload = serde_json::from_value::<SendEmail>(payload).unwrap();
    email::handle(payload, &key(name), deps, tokio::time::Instant::now() + time, stops).await
}

/// The reason of a dead letter, `retry` or `done`, and what is said of it.
fn told(outcome: Outcome) -> (String, String) {
    match outcome {
        Outcome::DeadLetter { reason, error } => (reason, error),
        Outcome::Retry { error, .. } => ("retry".to_owned(), error),
        Outcome::Done(_) => ("done".to_owned(), String::new()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn mails_go_over_tls_to_those_they_are_for() {
    for (mode, scheme) in [("starttls", "smtp"), ("tls", "smtps")] {
        let mail = Mail::start(mode).await;
        let url = format!("{scheme}://user:p%40ss%20word@127.0.0.1:{}", mail.port);
        let trusting = Settings { smtp_ca_file: Some(mail.folder.join("ca.pem")), ..settings(url.clone()) };
        let deps = trusting.deps().unwrap();
        let payload = json!({
            "to": "Ada <a@example.org>", "cc": ["b@example.org"], "template": "calendar-changed",
            "data": {"calendar": "Team", "events": [{"summary": "Stand-up", "starts": "10:00"}]},
        });
        // Two deliveries of one job, with no store between them: it is the same mail.
        for _ in 0..2 {
            assert_eq!(send(&deps, "one", payload.clone()).await, Outcome::done(), "{mode}");
        }
        assert_eq!(send(&deps, "two", payload.clone()).await, Outcome::done());
        let taken = mail.taken();
        assert_eq!(taken.len(), 3);
        for expected in [
            "X-Test-TLS: True",
            "X-Test-Recipients: a@example.org,b@example.org",
            "Subject: Team: 1 event changed",
            "<li>Stand-up, 10:00</li>",
        ] {
            assert!(taken[0].contains(expected), "{expected}: {}", taken[0]);
        }
        let id = |mail: &String| mail.lines().find(|line| line.starts_with("Message-ID: <")).unwrap().to_owned();
        assert_eq!(id(&taken[0]), id(&taken[1]));
        assert_ne!(id(&taken[0]), id(&taken[2]));

        // A server that nobody vouches for, or one that does not know the password, gets no mail.
        let outcome = send(&settings(url.clone()).deps().unwrap(), "three", payload.clone()).await;
        assert!(matches!(&outcome, Outcome::Retry { .. }), "{outcome:?}");
        let wrong = Settings { smtp_url: Some(url.replace("word", "hunter2")), ..trusting };
        let outcome = send(&wrong.deps().unwrap(), "four", payload).await;
        let (reason, error) = told(outcome);
        assert!(reason == "unauthorized" && error.contains("535") && !error.contains("hunter2"), "{reason}: {error}");
        assert_eq!(mail.taken().len(), 3);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_server_refuses_is_tried_again_only_if_that_may_help() {
    let mail = Mail::start("none").await;
    let deps = settings(format!("smtp://127.0.0.1:{}?tls=none", mail.port)).deps().unwrap();
    let to = |address: &str| json!({"to": ["a@example.org", address], "subject": "x", "text": "t"});
    let outcome = send(&deps, "rejected", to("rejected@example.org")).await;
    let Outcome::DeadLetter { reason, error } = outcome else { panic!("{outcome:?}") };
    assert_eq!((reason.as_str(), error.as_str()), ("rejected", "the mail server answered 550"));
    assert!(matches!(send(&deps, "later", to("later@example.org")).await, Outcome::Retry { .. }));
    // A server that falls silent is not waited for until the queue gives the job to somebody else.
    let started = Instant::now();
    let outcome = send(&deps, "silent", to("silent@example.org")).await;
    assert!(matches!(&outcome, Outcome::Retry { error, .. } if error.contains("in time")), "{outcome:?}");
    assert!(started.elapsed() < Duration::from_secs(30));
    // Nobody got a part of it.
    assert!(mail.taken().is_empty());
    // Without TLS where TLS is asked for, nothing is sent.
    let strict = settings(format!("smtp://127.0.0.1:{}", mail.port)).deps().unwrap();
    let outcome = told(send(&strict, "strict", to("b@example.org")).await);
    assert_eq!(outcome, ("retry".to_owned(), "the mail server offers no STARTTLS".to_owned()));
    assert!(mail.taken().is_empty());
    let down = settings(format!("smtp://127.0.0.1:{}?tls=none", servers::free_port())).deps().unwrap();
    assert!(matches!(send(&down, "down", to("b@example.org")).await, Outcome::Retry { .. }));
    let none = Settings::default().deps().unwrap();
    let outcome = send(&none, "none", to("b@example.org")).await;
    assert!(
        matches!(&outcome, Outcome::DeadLetter { reason, error } if reason == "not_configured" && error.contains("SMTP_URL"))
    );
}

/// A mail that the server has is not sent again for want of an answer: one that is slow is waited for, and of one that
/// says nothing until the attempt ends or the worker stops nobody knows.
#[tokio::test(flavor = "multi_thread")]
async fn silence_after_the_mail_is_waited_for_and_then_it_is_unknown() {
    let mail = Mail::start("none").await;
    let deps = settings(format!("smtp://127.0.0.1:{}?tls=none", mail.port)).deps().unwrap();
    let to = |address: &str| json!({"to": address, "subject": "x", "text": "t"});
    let (seconds, began) = (Duration::from_secs, Instant::now());
    let (slow, mute, stopped, late) = tokio::join!(
        send(&deps, "slow", to("slow@example.org")),
        async {
            let outcome = send_within(&deps, "mute", to("mute@example.org"), seconds(4), pending()).await;
            // In time to say so: Lambda ends the invocation.
            assert!((2..4).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
            outcome
        },
        async {
            let stops = tokio::time::sleep(seconds(2));
            let outcome = send_within(&deps, "stopped", to("mute@example.org"), seconds(60), stops).await;
            assert!((2..4).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
            outcome
        },
        send_within(&deps, "late", to("mute@example.org"), seconds(1), pending()),
    );
    assert_eq!(slow, Outcome::done());
    for outcome in [mute, stopped] {
        let (reason, error) = told(outcome);
        assert!(reason == "outcome_unknown" && error.contains("did not say whether it took the mail"), "{error}");
        // It can be asked for.
        let id = error.rsplit_once("Message-ID ").unwrap().1;
        assert!(mail.taken().iter().any(|mail| mail.contains(&format!("Message-ID: <{id}@example.org>"))), "{error}");
    }
    // What was not begun may be tried again: for want of time, or as the worker stops before the server wants the mail.
    assert_eq!(told(late).0, "retry");
    let never = settings(format!("smtp://127.0.0.1:{}?tls=none", support::mute())).deps().unwrap();
    let unopened = send_within(&never, "unopened", to("a@example.org"), seconds(60), tokio::time::sleep(seconds(1)));
    let (verdict, error) = told(tokio::time::timeout(seconds(4), unopened).await.unwrap());
    assert!(verdict == "retry" && error.contains("was not begun"), "{verdict}: {error}");
    assert_eq!(mail.taken().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_at_fault_decides_what_becomes_of_a_mail() {
    type Case = (&'static [(&'static str, &'static str)], &'static str, &'static str);
    let cases: &[Case] = &[
        (&[("greeting", "554 maintenance")], "retry", "the mail server answered 554"),
        (&[("EHLO", "502 what")], "retry", "the mail server answered 502"),
        (
            &[("MAIL", "530 5.7.0 Authentication required")],
            "unauthorized",
            "answered 530: it does not let this worker send",
        ),
        (&[("MAIL", "550 who are you")], "retry", "the mail server answered 550"),
        (&[("RCPT", "538 encrypt")], "unauthorized", "538"),
        (&[("RCPT", "550 no such user")], "rejected", "the mail server answered 550"),
        (&[("RCPT", "421 too busy")], "retry", "the mail server answered 421"),
        (&[("DATA", "554 no recipients")], "rejected", "the mail server answered 554"),
        (&[("DATA", "close")], "retry", "the connection to the mail server failed"),
        (&[(".", "554 spam")], "rejected", "the mail server answered 554"),
        (&[(".", "451 later")], "retry", "the mail server answered 451"),
        (&[(".", "close")], "outcome_unknown", "did not say whether it took the mail"),
        (&[], "done", ""),
    ];
    let payload = json!({"to": "a@example.org", "subject": "x", "text": "t"});
    for (answers, reason, error) in cases {
        let server = Parrot::start(answers).await;
        let deps = settings(format!("smtp://127.0.0.1:{}?tls=none", server.port)).deps().unwrap();
        let outcome = told(send(&deps, "one", payload.clone()).await);
        assert!(outcome.0 == *reason && outcome.1.contains(error), "{answers:?}: {outcome:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn domains_are_sent_as_dns_knows_them_and_names_only_to_servers_that_take_them() {
    let (plain, able) =
        (Parrot::start(&[]).await, Parrot::start(&[("EHLO", "250-x\r\n250-8BITMIME\r\n250 SMTPUTF8")]).await);
    let deps = |server: &Parrot| settings(format!("smtp://127.0.0.1:{}?tls=none", server.port)).deps().unwrap();
    let to = |address: &str| json!({"to": address, "subject": "x", "text": "t"});
    assert_eq!(send(&deps(&plain), "domain", to("a@münchen.example")).await, Outcome::done());
    assert!(plain.told.lock().unwrap().contains(&"RCPT TO:<a@xn--mnchen-3ya.example>".to_owned()));
    let (reason, error) = told(send(&deps(&plain), "name", to("jürgen@example.org")).await);
    assert_eq!(reason, "rejected");
    assert!(error.starts_with("the mail server does not take addresses with characters other than ASCII"), "{error}");
    assert!(!error.contains("jürgen"));
    assert_eq!(send(&deps(&able), "name", to("jürgen@example.org")).await, Outcome::done());
    let said = able.told.lock().unwrap().join("\n");
    assert!(said.contains("SMTPUTF8") && said.contains("RCPT TO:<jürgen@example.org>"), "{said}");
}

#[test]
fn settings_that_are_wrong_say_what_to_write() {
    let cases = [
        ("http://hunter2@host", "SMTP_URL is wrong: it begins with neither"),
        ("smtp://user:hunter2@host?tls=none", "SMTP_URL is wrong: a password is not sent without TLS"),
        ("smtp://user:hunter2@host?tls=maybe", "SMTP_URL is wrong: after `?`"),
        ("hunter2", "SMTP_URL is wrong: it is not a URL"),
    ];
    for (url, expected) in cases {
        let told = settings(url.to_owned()).deps().err().unwrap().to_string();
        assert!(told.starts_with(expected) && !told.contains("hunter2"), "{told}");
    }
    let told = Settings { mail_from: None, ..settings("smtp://host".to_owned()) }.deps().err().unwrap().to_string();
    assert!(told.starts_with("MAIL_FROM"), "{told}");
}

/// The program itself, twice on one queue and one store, as it runs without any AWS.
#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_is_delivered_again_sends_no_second_mail() {
    let mail = Mail::start("none").await;
    let url = |name: &str| format!("sqlite:{}", mail.folder.join(name).display());
    let queue = JobQueue::open(&url("queue.db")).await.unwrap();
    let job = |number: u32| {
        let payload = json!({"to": "a@example.org", "subject": format!("mail {number}"), "text": "t"});
        NewJob::new(email::TYPE, &payload).idempotency_key(format!("job {number}"))
    };
    // Each of ten jobs is sent three times.
    let jobs = (0..30).map(|number| job(number % 10));
    assert!(queue.enqueue_all(jobs).await.iter().all(Result::is_ok));
    let workers: Vec<_> = (0..2)
        .map(|_| {
            let mut worker = Command::new(env!("CARGO_BIN_EXE_notification"));
            worker.env_clear().env("QUEUE_URL", url("queue.db")).env("IDEMPOTENCY_STORE", url("store.db"));
            worker.env("SMTP_URL", format!("smtp://127.0.0.1:{}?tls=none", mail.port)).env("WORKER_LEASE", "2s");
            worker.env("MAIL_FROM", "calendar@example.org").stdout(Stdio::null()).stderr(Stdio::null());
            worker.spawn().unwrap()
        })
        .collect();
    let backend = queuestack_worker::backend::open(&url("queue.db")).await.unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let depth = backend.depth().await.unwrap();
        if depth.visible + depth.in_flight + depth.delayed == 0 {
            break;
        }
        assert!(Instant::now() < deadline, "{depth:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    for mut worker in workers {
        worker.kill().unwrap();
        worker.wait().unwrap();
    }
    let mut subjects: Vec<_> = mail
        .taken()
        .iter()
        .map(|mail| mail.lines().find(|line| line.starts_with("Subject: ")).unwrap().to_owned())
        .collect();
    subjects.sort();
    assert_eq!(subjects, (0..10).map(|number| format!("Subject: mail {number}")).collect::<Vec<_>>());
}
