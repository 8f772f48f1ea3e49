//! The stub answers the SDK clients as the services do: what is created is read back, and errors keep their names.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

#[path = "../benches/support/stub/mod.rs"]
mod stub;

use std::collections::HashMap;
use std::time::{Duration, Instant};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_cloudwatch::types as cw;
use aws_sdk_resourcegroupstagging::types::TagFilter;
use aws_sdk_sqs::config::{Credentials, SharedCredentialsProvider};
use aws_sdk_sqs::error::ProvideErrorMetadata;
use aws_sdk_sqs::types::QueueAttributeName as Attribute;
use stub::Stub;

fn start() -> (Stub, SdkConfig) {
    let stub = Stub::start(Duration::ZERO).expect("a loopback port");
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new("test", "test", None, None, "test")))
        .endpoint_url(stub.endpoint())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .region(Region::from_static(stub::REGION))
        .build();
    (stub, config)
}

#[tokio::test]
async fn a_queue_is_read_back_with_defaults_filled_in() {
    let (stub, config) = start();
    let sqs = aws_sdk_sqs::Client::new(&config);
    sqs.create_queue().queue_name("jobs-dlq").send().await.expect("created");
    let redrive =
        format!(r#"{{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:{}:jobs-dlq","maxReceiveCount":3}}"#, stub::ACCOUNT);
    let url = sqs
        .create_queue()
        .queue_name("jobs")
        .attributes(Attribute::RedrivePolicy, &redrive)
        .attributes(Attribute::VisibilityTimeout, "300")
        .tags("team", "scheduling")
        .send()
        .await
        .expect("created")
        .queue_url
        .expect("a URL");
    assert_eq!(url, format!("{}/{}/jobs", stub.endpoint(), stub::ACCOUNT));

    let all = sqs.get_queue_attributes().queue_url(&url).attribute_names(Attribute::All).send().await.expect("read");
    let all = all.attributes.expect("attributes");
    for (name, value) in [
        (Attribute::RedrivePolicy, redrive.as_str()),
        (Attribute::VisibilityTimeout, "300"),
        (Attribute::MaximumMessageSize, "1048576"),
        (Attribute::MessageRetentionPeriod, "345600"),
        (Attribute::SqsManagedSseEnabled, "true"),
        (Attribute::ApproximateNumberOfMessages, "0"),
        (Attribute::QueueArn, "arn:aws:sqs:us-east-1:123456789012:jobs"),
    ] {
        assert_eq!(all.get(&name).map(String::as_str), Some(value), "{name:?}");
    }
    let tags = sqs.list_queue_tags().queue_url(&url).send().await.expect("read").tags;
    assert_eq!(tags, Some(HashMap::from([("team".to_owned(), "scheduling".to_owned())])));

    sqs.set_queue_attributes().queue_url(&url).attributes(Attribute::RedrivePolicy, "").send().await.expect("cleared");
    let asked = sqs.get_queue_attributes().queue_url(&url).attribute_names(Attribute::RedrivePolicy).send();
    assert_eq!(asked.await.expect("read").attributes, None);
    assert_eq!(stub.counts()["sqs.CreateQueue"], 2);
    assert_eq!(stub.requests(), 6);
}

#[tokio::test]
async fn creating_again_is_idempotent_and_otherwise_a_conflict() {
    let (_stub, config) = start();
    let sqs = aws_sdk_sqs::Client::new(&config);
    let create =
        |timeout: &str| sqs.create_queue().queue_name("q").attributes(Attribute::VisibilityTimeout, timeout).send();
    let first = create("60").await.expect("created").queue_url;
    assert_eq!(create("60").await.expect("the same").queue_url, first);
    let error = create("61").await.expect_err("a conflict").into_service_error();
    assert!(error.is_queue_name_exists(), "{error:?}");
    assert_eq!(error.code(), Some("QueueAlreadyExists"));
}

#[tokio::test]
async fn sqs_errors_keep_their_names() {
    let (stub, config) = start();
    let sqs = aws_sdk_sqs::Client::new(&config);
    let error = sqs.get_queue_url().queue_name("none").send().await.expect_err("missing").into_service_error();
    assert!(error.is_queue_does_not_exist(), "{error:?}");
    let url = format!("{}/{}/none", stub.endpoint(), stub::ACCOUNT);
    let error = sqs.delete_queue().queue_url(&url).send().await.expect_err("missing").into_service_error();
    assert!(error.is_queue_does_not_exist(), "{error:?}");
    assert!(aws_types_request_id(&error).is_some());
    let redrive = r#"{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:123456789012:none","maxReceiveCount":3}"#;
    let create = sqs.create_queue().queue_name("q").attributes(Attribute::RedrivePolicy, redrive).send();
    let error = create.await.expect_err("no target").into_service_error();
    assert_eq!(error.code(), Some("InvalidParameterValue"));
    assert!(error.message().is_some_and(|message| message.ends_with("Dead letter target does not exist.")));
    let error = sqs.purge_queue().queue_url(&url).send().await.expect_err("not there").into_service_error();
    assert_eq!(error.code(), Some("UnknownOperation"));
}

fn aws_types_request_id(error: &impl aws_sdk_sqs::operation::RequestId) -> Option<&str> {
    error.request_id()
}

#[tokio::test]
async fn queues_are_listed_in_pages() {
    let (_stub, config) = start();
    let sqs = aws_sdk_sqs::Client::new(&config);
    for index in 0..1005 {
        sqs.create_queue().queue_name(format!("q-{index:04}")).send().await.expect("created");
    }
    let cut = sqs.list_queues().send().await.expect("listed");
    assert_eq!((cut.queue_urls().len(), cut.next_token()), (1000, None));
    let pages =
        sqs.list_queues().max_results(1000).into_paginator().items().send().collect::<Result<Vec<_>, _>>().await;
    let urls = pages.expect("listed");
    assert_eq!(urls.len(), 1005);
    assert!(urls.is_sorted());
    let some = sqs.list_queues().queue_name_prefix("q-100").send().await.expect("listed");
    assert_eq!(some.queue_urls().len(), 5);
}

#[tokio::test]
async fn an_alarm_is_read_back_field_by_field() {
    let (_stub, config) = start();
    let cloudwatch = aws_sdk_cloudwatch::Client::new(&config);
    let dimension = cw::Dimension::builder().name("QueueName").value("jobs-dlq").build();
    cloudwatch
        .put_metric_alarm()
        .alarm_name("jobs-dead-letters")
        .alarm_description("Jobs gave up – “now”")
        .namespace("AWS/SQS")
        .metric_name("ApproximateNumberOfMessagesVisible")
        .dimensions(dimension.clone())
        .statistic(cw::Statistic::Maximum)
        .period(60)
        .evaluation_periods(2)
        .datapoints_to_alarm(1)
        .threshold(0.1)
        .comparison_operator(cw::ComparisonOperator::GreaterThanOrEqualToThreshold)
        .treat_missing_data("notBreaching")
        .alarm_actions("arn:aws:sns:us-east-1:123456789012:pager")
        .tags(cw::Tag::builder().key("team").value("scheduling").build())
        .send()
        .await
        .expect("put");
    let found = cloudwatch.describe_alarms().alarm_names("jobs-dead-letters").send().await.expect("described");
    let [alarm] = found.metric_alarms() else { panic!("one alarm, not {found:?}") };
    assert_eq!(alarm.alarm_arn(), Some("arn:aws:cloudwatch:us-east-1:123456789012:alarm:jobs-dead-letters"));
    assert_eq!(alarm.alarm_description(), Some("Jobs gave up – “now”"));
    assert_eq!(alarm.dimensions(), [dimension]);
    assert_eq!(alarm.statistic(), Some(&cw::Statistic::Maximum));
    assert_eq!((alarm.period(), alarm.evaluation_periods(), alarm.datapoints_to_alarm()), (Some(60), Some(2), Some(1)));
    assert_eq!(alarm.threshold(), Some(0.1));
    assert_eq!(alarm.treat_missing_data(), Some("notBreaching"));
    assert_eq!(alarm.actions_enabled(), Some(true));
    assert_eq!(alarm.alarm_actions(), ["arn:aws:sns:us-east-1:123456789012:pager"]);
    assert_eq!(alarm.state_value(), Some(&cw::StateValue::InsufficientData));
    assert!(alarm.state_updated_timestamp().is_some_and(|at| at.secs() > 0));
}

#[tokio::test]
async fn metric_math_and_whole_thresholds_survive() {
    let (_stub, config) = start();
    let cloudwatch = aws_sdk_cloudwatch::Client::new(&config);
    let metric = cw::Metric::builder().namespace("AWS/SQS").metric_name("NumberOfMessagesSent").build();
    let stat = cw::MetricStat::builder().metric(metric).period(300).stat("Sum").build();
    let queries = vec![
        cw::MetricDataQuery::builder().id("sent").metric_stat(stat).return_data(false).build(),
        cw::MetricDataQuery::builder().id("rate").expression("sent / 300").label("a second").build(),
    ];
    for threshold in [0.0, 1.0, 1000.0, 1e9, 1.0 / 3.0] {
        let put =
            cloudwatch.put_metric_alarm().alarm_name("math").set_metrics(Some(queries.clone())).threshold(threshold);
        let put = put.evaluation_periods(1).comparison_operator(cw::ComparisonOperator::LessThanThreshold);
        put.send().await.expect("put");
        let found = cloudwatch.describe_alarms().send().await.expect("described");
        assert_eq!(found.metric_alarms()[0].metrics(), queries);
        assert_eq!(found.metric_alarms()[0].threshold(), Some(threshold));
    }
}

#[tokio::test]
async fn alarms_are_paged_tagged_and_deleted() {
    let (_stub, config) = start();
    let cloudwatch = aws_sdk_cloudwatch::Client::new(&config);
    let tag = |value| cw::Tag::builder().key("queuestack:stack").value(value).build();
    let put = |name: String| {
        let call = cloudwatch.put_metric_alarm().alarm_name(name).metric_name("m").namespace("n").tags(tag("first"));
        call.threshold(1.0).evaluation_periods(1).comparison_operator(cw::ComparisonOperator::LessThanThreshold).send()
    };
    let names: Vec<String> = (0..120).map(|index| format!("a-{index:03}")).collect();
    for name in &names {
        put(name.clone()).await.expect("put");
    }
    let page = cloudwatch.describe_alarms().set_alarm_names(Some(names[..100].to_vec())).send().await.expect("a page");
    assert_eq!((page.metric_alarms().len(), page.next_token().is_some()), (50, true));
    let pages = cloudwatch.describe_alarms().max_records(100).into_paginator().send();
    let pages = pages.collect::<Result<Vec<_>, _>>().await.expect("pages");
    assert_eq!(pages.iter().map(|page| page.metric_alarms().len()).collect::<Vec<_>>(), [100, 20]);
    let error = cloudwatch.describe_alarms().set_alarm_names(Some(names.clone())).send().await.expect_err("too many");
    assert_eq!(error.code(), Some("ValidationError"));

    let arn = pages[0].metric_alarms()[0].alarm_arn().expect("an ARN").to_owned();
    cloudwatch.tag_resource().resource_arn(&arn).tags(tag("second")).send().await.expect("tagged");
    put(names[0].clone()).await.expect("put again");
    let tags = cloudwatch.list_tags_for_resource().resource_arn(&arn).send().await.expect("read").tags;
    assert_eq!(tags, Some(vec![tag("second")]), "tags of an alarm that exists are ignored by PutMetricAlarm");
    cloudwatch.untag_resource().resource_arn(&arn).tag_keys("queuestack:stack").send().await.expect("untagged");

    let tagging = aws_sdk_resourcegroupstagging::Client::new(&config);
    let filter = TagFilter::builder().key("queuestack:stack").values("first").values("other").build();
    let call = tagging.get_resources().tag_filters(filter).resource_type_filters("cloudwatch:alarm");
    let pages =
        call.resources_per_page(100).into_paginator().send().collect::<Result<Vec<_>, _>>().await.expect("pages");
    assert_eq!(pages.iter().map(|page| page.resource_tag_mapping_list().len()).collect::<Vec<_>>(), [100, 19]);
    let none = tagging.get_resources().resource_type_filters("sqs").send().await.expect("read");
    assert_eq!(none.resource_tag_mapping_list(), []);

    let delete = cloudwatch.delete_alarms().alarm_names("a-000").alarm_names("missing").send().await;
    let error = delete.expect_err("one is missing").into_service_error();
    assert!(error.is_resource_not_found(), "{error:?}");
    cloudwatch.delete_alarms().set_alarm_names(Some(names[..100].to_vec())).send().await.expect("deleted");
    let error =
        cloudwatch.list_tags_for_resource().resource_arn(&arn).send().await.expect_err("gone").into_service_error();
    assert!(error.is_resource_not_found_exception(), "{error:?}");
}

#[tokio::test]
async fn the_caller_is_known_and_counters_are_served() {
    let (stub, config) = start();
    let identity = aws_sdk_sts::Client::new(&config).get_caller_identity().send().await.expect("an identity");
    assert_eq!(identity.account(), Some(stub::ACCOUNT));
    let error = aws_sdk_sts::Client::new(&config).get_session_token().send().await.expect_err("unknown");
    assert_eq!(error.code(), Some("UnknownOperation"));
    assert!(raw(&stub, "GET", "/_localstack/health").starts_with("HTTP/1.1 404"));
    assert!(raw(&stub, "GET", "/_stub/counts").contains(r#""sts.GetCallerIdentity":1"#));
    assert!(raw(&stub, "POST", "/_stub/reset").starts_with("HTTP/1.1 200"));
    assert_eq!(stub.requests(), 0);
}

/// Sends one request without a client library and returns the whole answer.
fn raw(stub: &Stub, method: &str, path: &str) -> String {
    use std::io::{Read, Write};
    let address = stub.endpoint().replace("http://", "");
    let mut stream = std::net::TcpStream::connect(&address).expect("connected");
    write!(stream, "{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
        .expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("answered");
    answer
}

#[test]
fn every_answer_is_delayed_and_answers_overlap() {
    let stub = Stub::start(Duration::from_millis(50)).expect("a loopback port");
    let begun = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| raw(&stub, "GET", "/nothing"));
        }
    });
    let elapsed = begun.elapsed();
    assert!(elapsed >= Duration::from_millis(50), "{elapsed:?}");
    assert!(elapsed < Duration::from_millis(350), "{elapsed:?}: one after the other would be 400 ms");
    assert!(stub.most_in_flight() > 1);
    assert_eq!(stub.counts()["GET /nothing"], 8);
}
