//! The floor of workers: a queue, a role with its policy, a log group with its retention, a function and its mapping,
//! made by a bare concurrent client that waits for nothing but what Lambda makes it wait for.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{FunctionCode, LastUpdateStatus, Runtime, State};
use aws_sdk_sqs::config::{Credentials, SharedCredentialsProvider};
use aws_smithy_async::rt::sleep::TokioSleep;
use futures::future::try_join_all;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::events::Events;
use super::floor::Failure;

/// Requests that are in flight at once, at most.
const BOUND: usize = 64;
/// How often Lambda is asked whether it is done.
const ASKS_EVERY: Duration = Duration::from_millis(50);
const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
const ACTIONS: &str =
    r#""sqs:ChangeMessageVisibility","sqs:DeleteMessage","sqs:GetQueueAttributes","sqs:ReceiveMessage""#;

/// The bare client.
#[derive(Debug, Clone)]
pub struct Workers {
    sqs: aws_sdk_sqs::Client,
    iam: aws_sdk_iam::Client,
    logs: aws_sdk_cloudwatchlogs::Client,
    lambda: aws_sdk_lambda::Client,
    events: Events,
    code: Blob,
    bound: Arc<Semaphore>,
}

impl Workers {
    /// Makes a client of `endpoint` that ships `code`, a zip.
    #[must_use]
    pub fn new(endpoint: &str, code: Vec<u8>) -> Self {
        let credentials = Credentials::new("test", "test", None, None, "floor");
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .endpoint_url(endpoint)
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .region(Region::from_static("us-east-1"))
            .sleep_impl(TokioSleep::new())
            .build();
        Self {
            sqs: aws_sdk_sqs::Client::new(&config),
            iam: aws_sdk_iam::Client::new(&config),
            logs: aws_sdk_cloudwatchlogs::Client::new(&config),
            lambda: aws_sdk_lambda::Client::new(&config),
            events: Events::new(&config),
            code: Blob::new(code),
            bound: Arc::new(Semaphore::new(BOUND)),
        }
    }

    /// The client of what workers are often beside: topics, tables and HTTP APIs.
    #[must_use]
    pub fn events(&self) -> &Events {
        &self.events
    }

    /// Creates `units` workers, each after what it needs and beside all others.
    ///
    /// # Errors
    /// When a call fails.
    pub async fn create(&self, units: usize) -> Result<(), Failure> {
        let mut tasks = JoinSet::new();
        for unit in 0..units {
            let floor = self.clone();
            tasks.spawn(async move { floor.create_one(&format!("floor-{unit:04}")).await });
        }
        while let Some(done) = tasks.join_next().await {
            done??;
        }
        Ok(())
    }

    async fn create_one(&self, name: &str) -> Result<(), Failure> {
        let (queue, role, ()) = tokio::try_join!(self.queue(name), self.role(name), self.group(name))?;
        self.function(name, &role).await?;
        let call = self.lambda.create_event_source_mapping().event_source_arn(queue).function_name(name);
        self.call(call.batch_size(10).tags("queuestack:stack", "floor").send()).await?;
        Ok(())
    }

    async fn queue(&self, name: &str) -> Result<String, Failure> {
        let call = self.sqs.create_queue().queue_name(name).tags("queuestack:stack", "floor");
        let made = self.call(call.send()).await?;
        let account = made.queue_url().and_then(|url| url.rsplit('/').nth(1)).unwrap_or_default().to_owned();
        Ok(format!("arn:aws:sqs:us-east-1:{account}:{name}"))
    }

    async fn role(&self, name: &str) -> Result<String, Failure> {
        let tag = aws_sdk_iam::types::Tag::builder().key("queuestack:stack").value("floor").build()?;
        let call = self.iam.create_role().role_name(name).path("/floor/").assume_role_policy_document(TRUST).tags(tag);
        let made = self.call(call.send()).await?;
        let queue = format!("arn:aws:sqs:us-east-1:000000000000:{name}");
        let policy = format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":[{ACTIONS}],"Resource":"{queue}"}}]}}"#
        );
        let call = self.iam.put_role_policy().role_name(name).policy_name("floor").policy_document(policy);
        self.call(call.send()).await?;
        Ok(made.role.map(|role| role.arn).unwrap_or_default())
    }

    async fn group(&self, name: &str) -> Result<(), Failure> {
        let group = format!("/aws/lambda/{name}");
        let call = self.logs.create_log_group().log_group_name(&group).tags("queuestack:stack", "floor");
        self.call(call.send()).await?;
        self.call(self.logs.put_retention_policy().log_group_name(&group).retention_in_days(14).send()).await?;
        Ok(())
    }

    async fn function(&self, name: &str, role: &str) -> Result<(), Failure> {
        let code = FunctionCode::builder().zip_file(self.code.clone()).build();
        let call = self.lambda.create_function().function_name(name).role(role).code(code).handler("bootstrap");
        let call = call.runtime(Runtime::Providedal2023).timeout(5).memory_size(256);
        self.call(call.tags("queuestack:stack", "floor").send()).await?;
        self.settle(name).await
    }

    /// Replaces the code of one function, and waits until Lambda is done with it.
    ///
    /// # Errors
    /// When a call fails.
    pub async fn update_code(&self, name: &str) -> Result<(), Failure> {
        let call = self.lambda.update_function_code().function_name(name).zip_file(self.code.clone());
        self.call(call.send()).await?;
        self.settle(name).await
    }

    /// Reads every function, mapping, log group and role as far as a plan compares them, with their tags.
    ///
    /// # Errors
    /// When a call fails.
    pub async fn read_all(&self) -> Result<(), Failure> {
        let functions = async {
            let all = self.call(self.lambda.list_functions().send()).await?.functions.unwrap_or_default();
            try_join_all(all.into_iter().filter_map(|one| one.function_name).map(|name| self.read_function(name))).await
        };
        let mappings = async {
            let all = self.call(self.lambda.list_event_source_mappings().send()).await?;
            let arns = all.event_source_mappings.unwrap_or_default().into_iter();
            let arns = arns.filter_map(|one| one.event_source_mapping_arn);
            try_join_all(arns.map(|arn| self.call(self.lambda.list_tags().resource(arn).send()))).await
        };
        let groups = async {
            let all = self.call(self.logs.describe_log_groups().send()).await?.log_groups.unwrap_or_default();
            let arn = |arn: String| arn.trim_end_matches(":*").to_owned();
            let arns = all.into_iter().filter_map(|one| one.log_group_arn.or(one.arn.map(arn)));
            try_join_all(arns.map(|arn| self.call(self.logs.list_tags_for_resource().resource_arn(arn).send()))).await
        };
        let roles = async {
            let all = self.call(self.iam.list_roles().path_prefix("/queuestack/").send()).await?.roles;
            try_join_all(all.into_iter().map(|role| self.read_role(role.role_name))).await
        };
        tokio::try_join!(functions, mappings, groups, roles)?;
        Ok(())
    }

    async fn read_function(&self, name: String) -> Result<(), Failure> {
        let config = self.lambda.get_function_event_invoke_config().function_name(&name).send();
        // One without is told by an error.
        let config = async {
            let _none = self.call(config).await;
            Ok(())
        };
        tokio::try_join!(self.call(self.lambda.get_function().function_name(&name).send()), config)?;
        Ok(())
    }

    async fn read_role(&self, name: String) -> Result<(), Failure> {
        let inline = async {
            let names = self.call(self.iam.list_role_policies().role_name(&name).send()).await?.policy_names;
            let read = |policy| self.iam.get_role_policy().role_name(&name).policy_name(policy).send();
            try_join_all(names.into_iter().map(|policy| self.call(read(policy)))).await
        };
        let attached = self.call(self.iam.list_attached_role_policies().role_name(&name).send());
        tokio::try_join!(self.call(self.iam.get_role().role_name(&name).send()), inline, attached)?;
        Ok(())
    }

    async fn settle(&self, name: &str) -> Result<(), Failure> {
        loop {
            tokio::time::sleep(ASKS_EVERY).await;
            let answer = self.call(self.lambda.get_function().function_name(name).send()).await?;
            let config = answer.configuration.ok_or("a function without a configuration")?;
            let busy = config.state() == Some(&State::Pending)
                || config.last_update_status() == Some(&LastUpdateStatus::InProgress);
            if !busy {
                return Ok(());
            }
        }
    }

    async fn call<T, E>(&self, call: impl Future<Output = Result<T, E>>) -> Result<T, Failure>
    where
        E: Error + Send + Sync + 'static,
    {
        let _held = self.bound.acquire().await?;
        Ok(Box::pin(call).await?)
    }
}
