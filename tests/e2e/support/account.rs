//! The account as the SDK sees it: what a test puts there beforehand and finds there afterwards.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sqs::config::{Credentials, SharedCredentialsProvider};
use aws_sdk_sqs::types::QueueAttributeName as Name;
use tokio::runtime::Runtime;

/// Clients of an endpoint, for callers without a runtime.
pub struct Account {
    sqs: aws_sdk_sqs::Client,
    cloudwatch: aws_sdk_cloudwatch::Client,
    api_gateway: aws_sdk_apigatewayv2::Client,
    dynamodb: aws_sdk_dynamodb::Client,
    events: aws_sdk_eventbridge::Client,
    sns: aws_sdk_sns::Client,
    runtime: Runtime,
}

impl Account {
    /// Makes clients of an endpoint.
    pub fn new(endpoint: &str) -> Account {
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .credentials_provider(SharedCredentialsProvider::new(Credentials::new("test", "test", None, None, "test")))
            .endpoint_url(endpoint)
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .region(Region::from_static("us-east-1"))
            .build();
        Account {
            sqs: aws_sdk_sqs::Client::new(&config),
            cloudwatch: aws_sdk_cloudwatch::Client::new(&config),
            api_gateway: aws_sdk_apigatewayv2::Client::new(&config),
            dynamodb: aws_sdk_dynamodb::Client::new(&config),
            events: aws_sdk_eventbridge::Client::new(&config),
            sns: aws_sdk_sns::Client::new(&config),
            runtime: tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap(),
        }
    }

    /// Creates a queue with tags.
    pub fn create_queue(&self, name: &str, tags: &[(&str, &str)]) -> String {
        let tags: HashMap<String, String> = tags.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let call = self.sqs.create_queue().queue_name(name).set_tags((!tags.is_empty()).then_some(tags));
        self.runtime.block_on(call.send()).unwrap().queue_url.unwrap()
    }

    /// Creates an alarm without tags.
    pub fn create_alarm(&self, name: &str) {
        let call = self.cloudwatch.put_metric_alarm().alarm_name(name).namespace("N").metric_name("M").threshold(1.0);
        let call = call.comparison_operator(aws_sdk_cloudwatch::types::ComparisonOperator::GreaterThanThreshold);
        let call = call.evaluation_periods(1).period(60).statistic(aws_sdk_cloudwatch::types::Statistic::Sum);
        self.runtime.block_on(call.send()).unwrap();
    }

    /// Deletes an alarm.
    pub fn delete_alarm(&self, name: &str) {
        self.runtime.block_on(self.cloudwatch.delete_alarms().alarm_names(name).send()).unwrap();
    }

    /// The URL of a queue that exists.
    pub fn url(&self, name: &str) -> String {
        self.runtime.block_on(self.sqs.get_queue_url().queue_name(name).send()).unwrap().queue_url.unwrap()
    }

    /// Deletes a queue.
    pub fn delete_queue(&self, name: &str) {
        let url = self.url(name);
        self.runtime.block_on(self.sqs.delete_queue().queue_url(url).send()).unwrap();
    }

    /// Sets an attribute of a queue.
    pub fn set(&self, queue: &str, attribute: &str, value: &str) {
        let call = self.sqs.set_queue_attributes().queue_url(self.url(queue));
        self.runtime.block_on(call.attributes(Name::from(attribute), value).send()).unwrap();
    }

    /// Sends messages to a queue.
    pub fn send(&self, name: &str, count: usize) {
        let url = self.url(name);
        for index in 0..count {
            let call = self.sqs.send_message().queue_url(&url).message_body(format!("job {index}"));
            self.runtime.block_on(call.send()).unwrap();
        }
    }

    /// Receives what a queue holds, and fails at it: it is there again at once.
    pub fn fail_at(&self, name: &str) -> usize {
        let call = self.sqs.receive_message().queue_url(self.url(name)).wait_time_seconds(0);
        self.runtime.block_on(call.visibility_timeout(0).send()).unwrap().messages.unwrap_or_default().len()
    }

    /// What SQS says of a queue.
    pub fn attributes(&self, name: &str) -> BTreeMap<String, String> {
        let call = self.sqs.get_queue_attributes().queue_url(self.url(name)).attribute_names(Name::All);
        let answer = self.runtime.block_on(call.send()).unwrap().attributes.unwrap_or_default();
        answer.into_iter().map(|(name, value)| (name.as_str().to_owned(), value)).collect()
    }

    /// The names of the resources of a kind that a stack owns.
    pub fn names_of(&self, kind: &str, stack: &str) -> BTreeSet<String> {
        match kind {
            "queue" => self.queues_of(stack),
            "alarm" => self.alarms_of(stack),
            "http_api" => self.apis_of(stack),
            "table" => self.tables_of(stack),
            "topic" => self.topics_of(stack),
            "bus" => self.buses_of(stack),
            "rule" => self.rules_of(stack),
            "subscription" => self.subscriptions_of(stack),
            other => panic!("nothing lists the kind {other} here"),
        }
    }

    /// The names of the queues that have a tag with this value.
    pub fn queues_of(&self, stack: &str) -> BTreeSet<String> {
        self.queues().into_iter().filter(|(_, owner)| owner.as_deref() == Some(stack)).map(|(name, _)| name).collect()
    }

    /// Every queue, with the stack that owns it.
    pub fn queues(&self) -> BTreeMap<String, Option<String>> {
        self.runtime.block_on(async {
            let pages = self.sqs.list_queues().max_results(1000).into_paginator().items().send();
            let mut queues = BTreeMap::new();
            for url in pages.collect::<Result<Vec<_>, _>>().await.unwrap() {
                let Ok(tags) = self.sqs.list_queue_tags().queue_url(&url).send().await else { continue };
                let owner = tags.tags.and_then(|tags| tags.get("queuestack:stack").cloned());
                queues.insert(url.rsplit('/').next().unwrap().to_owned(), owner);
            }
            queues
        })
    }

    /// The names of the HTTP APIs that were made with a stack's tag; none where there are no HTTP APIs.
    pub fn apis_of(&self, stack: &str) -> BTreeSet<String> {
        let Ok(listed) = self.runtime.block_on(self.api_gateway.get_apis().send()) else { return BTreeSet::new() };
        let owner = |api: &aws_sdk_apigatewayv2::types::Api| api.tags()?.get("queuestack:stack").cloned();
        let owned = listed.items.unwrap_or_default().into_iter();
        owned.filter(|api| owner(api).as_deref() == Some(stack)).filter_map(|api| api.name).collect()
    }

    /// The names of the topics that a stack owns; the stub knows none.
    pub fn topics_of(&self, stack: &str) -> BTreeSet<String> {
        self.runtime.block_on(async {
            let pages = self.sns.list_topics().into_paginator().items().send();
            let mut names = BTreeSet::new();
            for topic in pages.collect::<Result<Vec<_>, _>>().await.unwrap_or_default() {
                let arn = topic.topic_arn.unwrap();
                let Ok(tags) = self.sns.list_tags_for_resource().resource_arn(&arn).send().await else { continue };
                if tags.tags().iter().any(|tag| tag.key() == "queuestack:stack" && tag.value() == stack) {
                    names.insert(arn.rsplit(':').next().unwrap().to_owned());
                }
            }
            names
        })
    }

    /// The subscriptions of queues whose names begin with the stack's, `queue/sqs/topic`; the stub knows none.
    pub fn subscriptions_of(&self, stack: &str) -> BTreeSet<String> {
        let pages = self.sns.list_subscriptions().into_paginator().items().send();
        let all = self.runtime.block_on(pages.collect::<Result<Vec<_>, _>>()).unwrap_or_default();
        let last = |arn: &str| arn.rsplit(':').next().unwrap().to_owned();
        let named = all.iter().map(|one| (last(one.endpoint().unwrap()), last(one.topic_arn().unwrap())));
        let named = named.filter(|(queue, _)| queue.starts_with(&format!("{stack}-")));
        named.map(|(queue, topic)| format!("{queue}/sqs/{topic}")).collect()
    }

    /// The names of the buses that a stack owns; the stub knows none.
    pub fn buses_of(&self, stack: &str) -> BTreeSet<String> {
        let owned = |arn: &str| self.event_tag(arn).as_deref() == Some(stack);
        let buses = self.buses().into_iter().filter(|bus| owned(bus.arn().unwrap()));
        buses.map(|bus| bus.name.unwrap()).collect()
    }

    /// The rules that a stack owns, `bus/rule`, and without the bus where it is the account's own; the stub knows none.
    pub fn rules_of(&self, stack: &str) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        for bus in self.buses() {
            // Another test may be done with its bus.
            let listed = self.runtime.block_on(self.events.list_rules().event_bus_name(bus.name.unwrap()).send());
            for rule in listed.ok().and_then(|listed| listed.rules).unwrap_or_default() {
                let arn = rule.arn.unwrap();
                if self.event_tag(&arn).as_deref() == Some(stack) {
                    names.insert(arn.split_once(":rule/").unwrap().1.to_owned());
                }
            }
        }
        names
    }

    fn buses(&self) -> Vec<aws_sdk_eventbridge::types::EventBus> {
        let listed = self.runtime.block_on(self.events.list_event_buses().send());
        listed.map(|listed| listed.event_buses.unwrap_or_default()).unwrap_or_default()
    }

    /// The stack that owns a bus or a rule.
    fn event_tag(&self, arn: &str) -> Option<String> {
        let call = self.events.list_tags_for_resource().resource_arn(arn);
        let tags = self.runtime.block_on(call.send()).ok()?.tags?;
        tags.into_iter().find(|tag| tag.key() == "queuestack:stack").map(|tag| tag.value)
    }

    /// The names of the alarms that a stack owns.
    pub fn alarms_of(&self, stack: &str) -> BTreeSet<String> {
        self.alarms().into_iter().filter(|(_, owner)| owner.as_deref() == Some(stack)).map(|(name, _)| name).collect()
    }

    /// Every alarm, with the stack that owns it.
    pub fn alarms(&self) -> BTreeMap<String, Option<String>> {
        self.runtime.block_on(async {
            let pages = self.cloudwatch.describe_alarms().max_records(100).into_paginator().send();
            let mut alarms = BTreeMap::new();
            for alarm in pages
                .collect::<Result<Vec<_>, _>>()
                .await
                .unwrap()
                .into_iter()
                .flat_map(|p| p.metric_alarms.unwrap_or_default())
            {
                let arn = alarm.alarm_arn.unwrap();
                let Ok(tags) = self.cloudwatch.list_tags_for_resource().resource_arn(arn).send().await else {
                    continue;
                };
                let tags = tags.tags.unwrap_or_default().into_iter();
                let owner = tags.filter(|tag| tag.key() == Some("queuestack:stack")).find_map(|tag| tag.value);
                alarms.insert(alarm.alarm_name.unwrap(), owner);
            }
            alarms
        })
    }

    /// The names of the tables that a stack owns.
    pub fn tables_of(&self, stack: &str) -> BTreeSet<String> {
        self.runtime.block_on(async {
            let pages = self.dynamodb.list_tables().into_paginator().items().send();
            let mut owned = BTreeSet::new();
            for name in pages.collect::<Result<Vec<_>, _>>().await.unwrap() {
                let Ok(table) = self.dynamodb.describe_table().table_name(&name).send().await else { continue };
                let arn = table.table.unwrap().table_arn.unwrap();
                let Ok(tags) = self.dynamodb.list_tags_of_resource().resource_arn(arn).send().await else { continue };
                if tags.tags().iter().any(|tag| tag.key() == "queuestack:stack" && tag.value() == stack) {
                    owned.insert(name);
                }
            }
            owned
        })
    }
}
