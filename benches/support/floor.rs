//! The floor: the calls that no tool can avoid, made by a bare concurrent client of the same SDKs.
//!
//! A unit is a queue, its dead-letter queue, the redrive policy between them and two alarms. What the floor does not do is
//! the tool's own work: reading a file, checking it, planning, explaining, reporting.

use std::collections::BTreeSet;
use std::error::Error;
use std::sync::Arc;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_cloudwatch::types::{ComparisonOperator, Dimension, Statistic, Tag};
use aws_sdk_resourcegroupstagging::types::TagFilter;
use aws_sdk_sqs::config::{Credentials, SharedCredentialsProvider};
use aws_sdk_sqs::types::QueueAttributeName;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// An error that ends the run.
pub type Failure = Box<dyn Error + Send + Sync>;

/// Requests that are in flight at once, at most.
const BOUND: usize = 64;
/// Alarms that one `DescribeAlarms` names, and resources that one `GetResources` returns, at most.
const PAGE: usize = 100;
const STACK_TAG: &str = "queuestack:stack";
const ADDRESS_TAG: &str = "queuestack:address";
const STACK: &str = "floor";

/// What one read found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Queues whose attributes were read.
    pub queues: usize,
    /// Queues whose tags name the stack.
    pub owned_queues: usize,
    /// Alarms that were described.
    pub alarms: usize,
    /// Alarms whose tags name the stack.
    pub owned_alarms: usize,
}

/// The bare client: three SDK clients over one plain-HTTP connector and one bound.
#[derive(Debug, Clone)]
pub struct Floor {
    sqs: aws_sdk_sqs::Client,
    cloudwatch: aws_sdk_cloudwatch::Client,
    tagging: aws_sdk_resourcegroupstagging::Client,
    bound: Arc<Semaphore>,
}

impl Floor {
    /// Makes a client of `endpoint`, with fixed test credentials in us-east-1.
    #[must_use]
    pub fn new(endpoint: &str) -> Self {
        let credentials = Credentials::new("test", "test", None, None, "floor");
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .endpoint_url(endpoint)
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .region(Region::from_static("us-east-1"))
            .build();
        Self {
            sqs: aws_sdk_sqs::Client::new(&config),
            cloudwatch: aws_sdk_cloudwatch::Client::new(&config),
            tagging: aws_sdk_resourcegroupstagging::Client::new(&config),
            bound: Arc::new(Semaphore::new(BOUND)),
        }
    }

    /// Creates `units` units; a main queue waits for its dead-letter queue and nothing else waits.
    ///
    /// # Errors
    /// When a call fails.
    pub async fn create(&self, units: usize) -> Result<(), Failure> {
        let mut tasks = JoinSet::new();
        for unit in 0..units {
            let floor = self.clone();
            tasks.spawn(async move { floor.create_queues(unit).await });
        }
        for unit in 0..units {
            for alarm in alarms(unit) {
                let floor = self.clone();
                tasks.spawn(async move { floor.create_alarm(alarm).await });
            }
        }
        while let Some(done) = tasks.join_next().await {
            done??;
        }
        Ok(())
    }

    async fn create_queues(&self, unit: usize) -> Result<(), Failure> {
        let (main, dead_letters) = queues(unit);
        let url = self.create_queue(&dead_letters, &[(QueueAttributeName::MessageRetentionPeriod, "1209600")]).await?;
        let account = url.rsplit('/').nth(1).unwrap_or_default();
        let target = format!("arn:aws:sqs:us-east-1:{account}:{dead_letters}");
        let redrive = format!(r#"{{"deadLetterTargetArn":"{target}","maxReceiveCount":3}}"#);
        self.create_queue(&main, &[(QueueAttributeName::RedrivePolicy, &redrive)]).await?;
        Ok(())
    }

    async fn create_queue(&self, name: &str, attributes: &[(QueueAttributeName, &str)]) -> Result<String, Failure> {
        let mut call = self.sqs.create_queue().queue_name(name).tags(STACK_TAG, STACK).tags(ADDRESS_TAG, name);
        for (key, value) in attributes {
            call = call.attributes(key.clone(), *value);
        }
        let _held = self.bound.acquire().await?;
        Ok(call.send().await?.queue_url.unwrap_or_default())
    }

    async fn create_alarm(&self, alarm: Alarm) -> Result<(), Failure> {
        let tag = |key, value: &str| Tag::builder().key(key).value(value).build();
        let call = self
            .cloudwatch
            .put_metric_alarm()
            .namespace("AWS/SQS")
            .metric_name("ApproximateNumberOfMessagesVisible")
            .dimensions(Dimension::builder().name("QueueName").value(alarm.queue).build())
            .statistic(Statistic::Maximum)
            .period(60)
            .evaluation_periods(1)
            .threshold(alarm.threshold)
            .comparison_operator(ComparisonOperator::GreaterThanOrEqualToThreshold)
            .treat_missing_data("notBreaching")
            .tags(tag(STACK_TAG, STACK))
            .tags(tag(ADDRESS_TAG, &alarm.name))
            .alarm_name(alarm.name);
        let _held = self.bound.acquire().await?;
        call.send().await?;
        Ok(())
    }

    /// Reads everything that tells whether `units` units, created before, are as they should be.
    ///
    /// # Errors
    /// When a call fails.
    pub async fn read(&self, units: usize) -> Result<Tally, Failure> {
        let (queues, (alarms, known)) = tokio::try_join!(self.read_queues(), async {
            tokio::try_join!(self.read_alarms(units), self.owned_alarms())
        })?;
        let (queues, owned_queues) = queues;
        let unknown: Vec<String> = alarms.iter().filter(|arn| !known.contains(*arn)).cloned().collect();
        let owned_alarms = known.len() + self.ask_alarms(unknown).await?;
        Ok(Tally { queues, owned_queues, alarms: alarms.len(), owned_alarms })
    }

    /// Asks alarms that the tagging API does not know for their tags: whose they are must be known, and on an
    /// endpoint like that there is no other way. On AWS there is nothing to ask here.
    async fn ask_alarms(&self, arns: Vec<String>) -> Result<usize, Failure> {
        let mut tasks = JoinSet::new();
        for arn in arns {
            let (call, bound) = (self.cloudwatch.list_tags_for_resource().resource_arn(arn), Arc::clone(&self.bound));
            tasks.spawn(async move {
                let _held = bound.acquire().await?;
                let tags = call.send().await?.tags.unwrap_or_default();
                Ok::<_, Failure>(tags.iter().any(|tag| tag.key() == Some(STACK_TAG) && tag.value() == Some(STACK)))
            });
        }
        let mut owned = 0;
        while let Some(done) = tasks.join_next().await {
            owned += usize::from(done??);
        }
        Ok(owned)
    }

    /// Reads every queue with its tags and every alarm: what nobody gets below who compares several stacks.
    ///
    /// # Errors
    /// When a call fails.
    pub async fn read_all(&self) -> Result<(), Failure> {
        let mut alarms = self.cloudwatch.describe_alarms().max_records(100).into_paginator().send();
        tokio::try_join!(self.read_queues(), async {
            while let Some(page) = alarms.next().await {
                page?;
            }
            Ok(())
        })?;
        Ok(())
    }

    /// Reads every alarm with its tags, one by one as on an endpoint whose tagging API does not know them.
    ///
    /// # Errors
    /// When a call fails.
    pub async fn read_alarms_and_tags(&self) -> Result<(), Failure> {
        let mut pages = self.cloudwatch.describe_alarms().max_records(100).into_paginator().send();
        while let Some(page) = pages.next().await {
            let alarms = page?.metric_alarms.unwrap_or_default();
            self.ask_alarms(alarms.into_iter().filter_map(|alarm| alarm.alarm_arn).collect()).await?;
        }
        Ok(())
    }

    /// Reads every queue with its tags.
    ///
    /// # Errors
    /// When a call fails.
    pub async fn read_queues(&self) -> Result<(usize, usize), Failure> {
        let mut pages = self.sqs.list_queues().max_results(1000).into_paginator().send();
        let mut tasks = JoinSet::new();
        while let Some(page) = pages.next().await {
            for url in page?.queue_urls.unwrap_or_default() {
                let (floor, of_tags) = (self.clone(), url.clone());
                tasks.spawn(async move { floor.read_attributes(url).await });
                let floor = self.clone();
                tasks.spawn(async move { floor.read_tags(of_tags).await });
            }
        }
        let (mut read, mut owned) = (0, 0);
        while let Some(done) = tasks.join_next().await {
            let (attributes, tags) = done??;
            read += usize::from(attributes);
            owned += usize::from(tags);
        }
        Ok((read, owned))
    }

    async fn read_attributes(&self, url: String) -> Result<(bool, bool), Failure> {
        let call = self.sqs.get_queue_attributes().queue_url(url).attribute_names(QueueAttributeName::All);
        let _held = self.bound.acquire().await?;
        Ok((call.send().await?.attributes.is_some_and(|attributes| !attributes.is_empty()), false))
    }

    async fn read_tags(&self, url: String) -> Result<(bool, bool), Failure> {
        let call = self.sqs.list_queue_tags().queue_url(url);
        let _held = self.bound.acquire().await?;
        let tags = call.send().await?.tags.unwrap_or_default();
        Ok((false, tags.get(STACK_TAG).is_some_and(|stack| stack == STACK)))
    }

    async fn read_alarms(&self, units: usize) -> Result<Vec<String>, Failure> {
        let names: Vec<String> = (0..units).flat_map(alarms).map(|alarm| alarm.name).collect();
        let mut tasks = JoinSet::new();
        for page in names.chunks(PAGE) {
            let call = self.cloudwatch.describe_alarms().set_alarm_names(Some(page.to_vec())).max_records(100);
            let bound = Arc::clone(&self.bound);
            tasks.spawn(async move {
                let _held = bound.acquire().await?;
                let alarms = call.send().await?.metric_alarms.unwrap_or_default();
                Ok::<_, Failure>(alarms.into_iter().filter_map(|alarm| alarm.alarm_arn).collect::<Vec<_>>())
            });
        }
        let mut found = Vec::new();
        while let Some(done) = tasks.join_next().await {
            found.extend(done??);
        }
        Ok(found)
    }

    async fn owned_alarms(&self) -> Result<BTreeSet<String>, Failure> {
        let filter = TagFilter::builder().key(STACK_TAG).values(STACK).build();
        let call = self.tagging.get_resources().tag_filters(filter).resource_type_filters("cloudwatch:alarm");
        let mut pages = call.resources_per_page(100).into_paginator().send();
        let mut found = BTreeSet::new();
        while let Some(page) = pages.next().await {
            let mappings = page?.resource_tag_mapping_list.unwrap_or_default();
            found.extend(mappings.into_iter().filter_map(|mapping| mapping.resource_arn));
        }
        Ok(found)
    }
}

struct Alarm {
    name: String,
    queue: String,
    threshold: f64,
}

/// Names a unit's queue and its dead-letter queue.
fn queues(unit: usize) -> (String, String) {
    (format!("floor-{unit:04}"), format!("floor-{unit:04}-dlq"))
}

fn alarms(unit: usize) -> [Alarm; 2] {
    let (main, dead_letters) = queues(unit);
    [
        Alarm { name: format!("{main}-dead-letters"), queue: dead_letters, threshold: 1.0 },
        Alarm { name: format!("{main}-backlog"), queue: main, threshold: 1000.0 },
    ]
}
