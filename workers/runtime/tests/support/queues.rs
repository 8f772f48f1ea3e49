//! Queues of each backend, made for one test.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_sqs::types::QueueAttributeName as Name;
use queuestack_worker::backend::sqlite::SqliteQueue;
use queuestack_worker::backend::sqs::SqsQueue;
use queuestack_worker::backend::{self, Backend};

/// What a test needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Visible again after 2 seconds, a dead letter after 3 receives.
    Standard,
    /// Visible again after 2 minutes.
    Patient,
    /// In order; visible again after 30 seconds.
    Fifo,
    /// Visible again after 5 seconds, as often as it takes.
    Tireless,
}

impl Kind {
    fn visibility(self) -> Duration {
        Duration::from_secs(match self {
            Self::Standard => 2,
            Self::Patient => 120,
            Self::Fifo => 30,
            Self::Tireless => 5,
        })
    }

    fn most_receives(self) -> u32 {
        if self == Self::Tireless { 1_000 } else { 3 }
    }
}

/// A queue and how it is set.
pub struct Queue {
    pub open: Arc<dyn Backend>,
    pub url: String,
    pub visibility: Duration,
    pub most_receives: u32,
    dead: Dead,
}

enum Dead {
    Table(Arc<SqliteQueue>),
    Queue(Arc<dyn Backend>),
}

impl Queue {
    /// Its dead-letter queue, where that is a queue.
    pub fn dead_letter_queue(&self) -> Arc<dyn Backend> {
        match &self.dead {
            Dead::Queue(queue) => queue.clone(),
            Dead::Table(_) => panic!("a table"),
        }
    }

    /// Waits for so many dead letters: their bodies and attributes.
    pub async fn dead_letters(&self, count: usize) -> Vec<(String, BTreeMap<String, String>)> {
        let mut all = Vec::new();
        for _ in 0..100 {
            match &self.dead {
                Dead::Table(queue) => all = queue.dead_letters().await.unwrap(),
                Dead::Queue(queue) => {
                    let more = queue.receive(10, Duration::from_secs(1)).await.unwrap();
                    all.extend(more.into_iter().map(|one| (one.body, one.attributes)));
                }
            }
            if all.len() >= count {
                return all;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("{} of {count} dead letters", all.len());
    }
}

pub mod queue {
    use super::*;

    /// A queue in a file of its own.
    pub async fn sqlite(test: &str, kind: Kind) -> Queue {
        let file = super::super::folder("queue").join(format!("{test}.db"));
        let (visibility, most_receives) = (kind.visibility(), kind.most_receives());
        let url = format!(
            "sqlite:{}?queue={test}&visibility_timeout={}s&max_receives={most_receives}&fifo={}",
            file.display(),
            visibility.as_secs(),
            kind == Kind::Fifo
        );
        let open = backend::open(&url).await.unwrap();
        let dead = Dead::Table(Arc::new(SqliteQueue::open(&url).await.unwrap()));
        Queue { open, url, visibility, most_receives, dead }
    }

    /// A queue of the local AWS.
    pub async fn sqs(test: &str, kind: Kind) -> Queue {
        let client = client().await;
        let end = if kind == Kind::Fifo { ".fifo" } else { "" };
        // Names have 80 characters at most, and tests longer ones.
        let short: String = test.chars().take(50).collect();
        let name = format!("{short}-{}", fastrand::u32(..));
        let (visibility, most_receives) = (kind.visibility(), kind.most_receives());
        let dead = create(&client, &format!("{name}-dlq{end}"), kind, &[]).await;
        let arn = client.get_queue_attributes().queue_url(&dead).attribute_names(Name::QueueArn).send().await.unwrap();
        let arn = arn.attributes.unwrap().remove(&Name::QueueArn).unwrap();
        let policy = format!(r#"{{"deadLetterTargetArn":"{arn}","maxReceiveCount":{most_receives}}}"#);
        let more = [(Name::RedrivePolicy, policy), (Name::VisibilityTimeout, visibility.as_secs().to_string())];
        let url = create(&client, &format!("{name}{end}"), kind, &more).await;
        let open: Arc<dyn Backend> = Arc::new(SqsQueue::new(&url).with_client(client.clone()));
        let dead = Dead::Queue(Arc::new(SqsQueue::new(dead).with_client(client)));
        Queue { open, url, visibility, most_receives, dead }
    }

    async fn create(client: &aws_sdk_sqs::Client, name: &str, kind: Kind, more: &[(Name, String)]) -> String {
        let mut call = client.create_queue().queue_name(name);
        if kind == Kind::Fifo {
            call = call.attributes(Name::FifoQueue, "true");
        }
        for (name, value) in more {
            call = call.attributes(name.clone(), value);
        }
        call.send().await.unwrap().queue_url.unwrap()
    }

    /// A client of the local AWS.
    pub async fn client() -> aws_sdk_sqs::Client {
        client_of(tokio::task::spawn_blocking(super::super::aws::endpoint).await.unwrap())
    }

    /// A client of what is at this URL.
    pub fn client_of(endpoint: &str) -> aws_sdk_sqs::Client {
        let credentials = aws_sdk_sqs::config::Credentials::new("test", "test", None, None, "test");
        let config = aws_sdk_sqs::Config::builder()
            .behavior_version(aws_sdk_sqs::config::BehaviorVersion::latest())
            .credentials_provider(credentials)
            .endpoint_url(endpoint)
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .region(aws_sdk_sqs::config::Region::from_static("us-east-1"));
        aws_sdk_sqs::Client::from_conf(config.build())
    }
}
