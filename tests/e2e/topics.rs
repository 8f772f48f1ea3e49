//! Topics and subscriptions on the local AWS: what is published reaches whom it concerns, as it was declared.

use std::collections::BTreeSet;

use queuestack_worker::Envelope;
use serde_json::{Value, json};

use crate::support::aws_cli::{aws, url};
use crate::support::{Account, Run, StackFile, emulator, run, until};

const EVENTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/stacks/events.yaml");
const ARN: &str = "arn:aws:sns:us-east-1:000000000000";

/// The bundled stack under names of this test's own.
fn events(name: &str) -> StackFile {
    let text = std::fs::read_to_string(EVENTS).unwrap();
    let text = ["billing", "acme", "audit", "returns"].iter().fold(text, |text, word| {
        // The tenant is no name.
        text.replace(&format!("{word}-queue"), &format!("{name}-{word}"))
    });
    let text = text.replace("order-events", &format!("{name}-orders")).replace("couriers", &format!("{name}-couriers"));
    StackFile::new(name, &text.replace("stack: events", &format!("stack: {name}")))
}

fn publish(endpoint: &str, topic: &str, message: &Value, attributes: &Value) {
    let (topic, message, attributes) = (format!("{ARN}:{topic}"), message.to_string(), attributes.to_string());
    let call = ["sns", "publish", "--topic-arn", &topic, "--message", &message];
    aws(endpoint, &[&call[..], &["--message-attributes", &attributes]].concat());
}

/// Takes all messages that a queue has: body and attributes.
fn take(endpoint: &str, queue: &str, count: usize) -> Vec<(String, Value)> {
    let (url, mut taken) = (url(endpoint, queue), Vec::new());
    until(&format!("{count} messages in {queue}"), || {
        let call = ["sqs", "receive-message", "--queue-url", &url, "--max-number-of-messages", "10"];
        let more = ["--wait-time-seconds", "0", "--message-attribute-names", "All"];
        let answer = aws(endpoint, &[&call[..], &more].concat());
        for message in answer["Messages"].as_array().into_iter().flatten() {
            taken.push((message["Body"].as_str().unwrap().to_owned(), message["MessageAttributes"].clone()));
        }
        taken.len() >= count
    });
    assert_eq!(taken.len(), count, "{queue}: {taken:#?}");
    taken
}

fn text(value: &str) -> Value {
    json!({"DataType": "String", "StringValue": value})
}

#[test]
fn what_is_published_reaches_whom_it_concerns() {
    let endpoint = emulator::endpoint();
    let file = events("fan");
    run(endpoint, &["apply", file.path(), "--yes"]).exits(0);
    run(endpoint, &["plan", file.path(), "--detailed-exitcode"]).exits(0);

    let job = |job_type: &str, tenant: &str| json!({"type": job_type, "payload": {"order": 7}, "createdAt": "2026-01-01T00:00:00Z", "tenantId": tenant});
    let paid = job("order.paid", "zeta");
    publish(endpoint, "fan-orders", &paid, &json!({"type": text("order.paid")}));
    publish(endpoint, "fan-orders", &job("order.shipped", "acme"), &json!({"type": text("order.shipped")}));
    publish(endpoint, "fan-orders", &job("order.shipped", "zeta"), &json!({}));

    // By an attribute; as it was published, so that a worker reads its job.
    let billing = take(endpoint, "fan-billing", 1).remove(0);
    let envelope = Envelope::decode(&billing.0).unwrap();
    assert_eq!((envelope.job_type.as_str(), envelope.payload), ("order.paid", json!({"order": 7})));
    assert_eq!(billing.1["type"]["StringValue"], "order.paid");
    // By what is in the body.
    let acme = take(endpoint, "fan-acme", 1).remove(0);
    assert_eq!(Envelope::decode(&acme.0).unwrap().tenant_id.as_deref(), Some("acme"));
    // Everything, in SNS's notification.
    let audit = take(endpoint, "fan-audit", 3);
    for (body, _) in &audit {
        let notification: Value = serde_json::from_str(body).unwrap();
        assert_eq!(
            (&notification["Type"], &notification["TopicArn"]),
            (&json!("Notification"), &json!(format!("{ARN}:fan-orders")))
        );
        assert!(Envelope::decode(notification["Message"].as_str().unwrap()).is_ok());
    }

    let consent = ["fan-billing", "fan-acme", "fan-audit"].map(|name| format!("queue.{name}"));
    let consent = consent.iter().flat_map(|address| ["--allow-data-loss", address]);
    run(endpoint, &["destroy", file.path(), "--yes"].into_iter().chain(consent).collect::<Vec<_>>()).exits(0);
    let account = Account::new(endpoint);
    let left = (account.queues_of("fan"), account.topics_of("fan"), account.subscriptions_of("fan"));
    assert_eq!(left, Default::default());
}

#[test]
fn what_was_changed_by_hand_is_named_and_put_right() {
    let endpoint = emulator::endpoint();
    let file = events("fandrift");
    run(endpoint, &["apply", file.path(), "--yes"]).exits(0);
    let listed =
        aws(endpoint, &["sns", "list-subscriptions-by-topic", "--topic-arn", &format!("{ARN}:fandrift-orders")]);
    let arn = |queue: &str| {
        let mut all = listed["Subscriptions"].as_array().unwrap().iter();
        let one = all.find(|one| one["Endpoint"].as_str().unwrap().ends_with(queue)).unwrap();
        one["SubscriptionArn"].as_str().unwrap().to_owned()
    };
    let set = |queue: &str, name: &str, value: &str| {
        let call = ["sns", "set-subscription-attributes", "--subscription-arn", &arn(queue), "--attribute-name", name];
        aws(endpoint, &[&call[..], &["--attribute-value", value]].concat());
    };
    // Another order and a repeat mean the same.
    set("fandrift-billing", "FilterPolicy", r#"{"type": ["order.refunded", "order.paid", "order.paid"]}"#);
    run(endpoint, &["plan", file.path(), "--detailed-exitcode"]).exits(0);
    set("fandrift-billing", "FilterPolicy", r#"{"type": ["order.paid"]}"#);
    set("fandrift-audit", "RawMessageDelivery", "true");
    let topic = format!("{ARN}:fandrift-orders");
    let call = ["sns", "set-topic-attributes", "--topic-arn", &topic, "--attribute-name", "DisplayName"];
    aws(endpoint, &[&call[..], &["--attribute-value", "By hand"]].concat());
    aws(endpoint, &["sns", "unsubscribe", "--subscription-arn", &arn("fandrift-acme")]);
    let planned = run(endpoint, &["plan", file.path(), "--detailed-exitcode", "--json"]).exits(2).changes();
    let mut planned: Vec<&str> = planned.iter().map(String::as_str).collect();
    planned.sort_unstable();
    let expected = [
        "create subscription.fandrift-orders-fandrift-acme",
        "subscription.fandrift-orders-fandrift-audit raw",
        "subscription.fandrift-orders-fandrift-billing filter",
        "topic.fandrift-orders display_name",
    ];
    assert_eq!(planned, expected);
    run(endpoint, &["apply", file.path(), "--yes"]).exits(0);
    run(endpoint, &["plan", file.path(), "--detailed-exitcode"]).exits(0);
    run(endpoint, &["destroy", file.path(), "--yes"]).exits(0);
}

const PRODUCER: &str = "stack: fanout-producer\ntopics: {fanout-news: {}}\n";

#[test]
fn what_others_subscribe_is_theirs() {
    let endpoint = emulator::endpoint();
    let producer = StackFile::new("fanout-producer", PRODUCER);
    run(endpoint, &["apply", producer.path(), "--yes"]).exits(0);
    let subscription = format!("subscriptions: {{fanout-jobs: {{topic: '{ARN}:fanout-news', queue: fanout-jobs}}}}\n");
    let queue = "stack: fanout-consumer\nqueues: {fanout-jobs: {}}\n";
    let consumer = StackFile::new("fanout-consumer", &format!("{queue}{subscription}"));
    run(endpoint, &["apply", consumer.path(), "--yes"]).exits(0);
    run(endpoint, &["plan", consumer.path(), "--detailed-exitcode"]).exits(0);
    // The topic's stack leaves it alone.
    run(endpoint, &["plan", producer.path(), "--detailed-exitcode"]).exits(0);
    // The queue's stack removes what it no longer names, and lets the topic in no longer.
    consumer.write(queue);
    let planned = run(endpoint, &["plan", consumer.path(), "--json"]).exits(0).changes();
    assert_eq!(planned, ["queue.fanout-jobs policy", "delete subscription.fanout-jobs/sqs/fanout-news"]);
    run(endpoint, &["apply", consumer.path(), "--yes"]).exits(0);
    assert_eq!(Account::new(endpoint).subscriptions_of("fanout"), BTreeSet::default());
    run(endpoint, &["destroy", consumer.path(), "--yes"]).exits(0);
    run(endpoint, &["destroy", producer.path(), "--yes"]).exits(0);
}

#[test]
fn subscriptions_are_imported_with_their_queues() {
    let endpoint = emulator::endpoint();
    let made = events("fanimport");
    run(endpoint, &["apply", made.path(), "--yes"]).exits(0);
    let all = ["import", "--queue", "fanimport-billing", "--stack", "fanimport"];
    let imported = run(endpoint, &all).exits(0);
    assert!(imported.stdout.contains("\nsubscriptions:\n"), "{}", imported.stdout);
    assert!(imported.stdout.contains(&format!("topic: {ARN}:fanimport-orders")), "{}", imported.stdout);
    let file = StackFile::new("fanimport-again", &imported.stdout);
    let planned = run(endpoint, &["plan", file.path(), "--json"]).exits(0).changes();
    let changed = planned.iter().filter(|change| change.contains("subscription.") && !change.starts_with("delete"));
    assert_eq!(changed.count(), 0, "{planned:#?}");
    run(endpoint, &["destroy", made.path(), "--yes"]).exits(0);
}

/// The subscription would change the queue's policy, so that it is the one that stays outside.
#[test]
fn a_subscription_that_does_not_deliver_is_not_imported() {
    let endpoint = emulator::endpoint();
    // SNS may not send to it, as every stack would let it.
    let queue = aws(endpoint, &["sqs", "create-queue", "--queue-name", "fanless"])["QueueUrl"].clone();
    let topic = aws(endpoint, &["sns", "create-topic", "--name", "fanless-topic"])["TopicArn"].clone();
    let (queue, topic) = (queue.as_str().unwrap(), topic.as_str().unwrap());
    let arn = ["sqs", "get-queue-attributes", "--queue-url", queue, "--attribute-names", "QueueArn"];
    let arn = aws(endpoint, &arn)["Attributes"]["QueueArn"].as_str().unwrap().to_owned();
    let subscribe = ["sns", "subscribe", "--topic-arn", topic, "--protocol", "sqs", "--notification-endpoint", &arn];
    aws(endpoint, &subscribe);
    let imported = run(endpoint, &["import", "--queue", "fanless", "--stack", "fanless"]);
    assert!(
        imported.stderr.contains("left out: subscription `fanless/sqs/fanless-topic`: with it queue"),
        "{imported:?}"
    );
    assert!(imported.stdout.contains("\nqueues:\n  fanless:"), "{imported:?}");
    let file = StackFile::new("fanless", &imported.stdout);
    Run::new(&["validate", file.path()]).output().exits(0);
    aws(endpoint, &["sns", "delete-topic", "--topic-arn", topic]);
    aws(endpoint, &["sqs", "delete-queue", "--queue-url", queue]);
}
