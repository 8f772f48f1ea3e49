//! The floor of topics, tables and HTTP APIs: what a plan compares of each, read by a bare concurrent client.

use aws_config::SdkConfig;
use futures::future::try_join_all;

use super::floor::Failure;

/// The bare client.
#[derive(Debug, Clone)]
pub struct Events {
    sns: aws_sdk_sns::Client,
    dynamodb: aws_sdk_dynamodb::Client,
    api_gateway: aws_sdk_apigatewayv2::Client,
    lambda: aws_sdk_lambda::Client,
}

impl Events {
    /// Makes a client of a configuration.
    #[must_use]
    pub fn new(config: &SdkConfig) -> Self {
        Self {
            sns: aws_sdk_sns::Client::new(config),
            dynamodb: aws_sdk_dynamodb::Client::new(config),
            api_gateway: aws_sdk_apigatewayv2::Client::new(config),
            lambda: aws_sdk_lambda::Client::new(config),
        }
    }

    /// Reads all that is there.
    ///
    /// # Errors
    /// When a call fails.
    pub async fn read_all(&self) -> Result<(), Failure> {
        tokio::try_join!(self.topics(), self.subscriptions(), self.tables(), self.apis())?;
        Ok(())
    }

    async fn topics(&self) -> Result<(), Failure> {
        let listed = self.sns.list_topics().send().await?.topics.unwrap_or_default();
        let read = listed.into_iter().filter_map(|topic| topic.topic_arn).map(|arn| async move {
            let tags = async { Ok(self.sns.list_tags_for_resource().resource_arn(&arn).send().await?) };
            let attributes = async { Ok(self.sns.get_topic_attributes().topic_arn(&arn).send().await?) };
            tokio::try_join!(tags, attributes).map(drop)
        });
        try_join_all(read).await.map(drop)
    }

    async fn subscriptions(&self) -> Result<(), Failure> {
        let listed = self.sns.list_subscriptions().send().await?.subscriptions.unwrap_or_default();
        let read = listed.into_iter().filter_map(|one| one.subscription_arn).map(|arn| async move {
            self.sns.get_subscription_attributes().subscription_arn(arn).send().await?;
            Ok(())
        });
        try_join_all(read).await.map(drop)
    }

    async fn tables(&self) -> Result<(), Failure> {
        let listed = self.dynamodb.list_tables().send().await?.table_names.unwrap_or_default();
        let read = listed.into_iter().map(|name| async move {
            let described = async {
                let table = self.dynamodb.describe_table().table_name(&name).send().await?.table;
                let arn = table.and_then(|table| table.table_arn).ok_or("a table without an ARN")?;
                self.dynamodb.list_tags_of_resource().resource_arn(arn).send().await?;
                Ok(())
            };
            let expiry = async { Ok(self.dynamodb.describe_time_to_live().table_name(&name).send().await?) };
            let backups = async { Ok(self.dynamodb.describe_continuous_backups().table_name(&name).send().await?) };
            tokio::try_join!(described, expiry, backups).map(drop)
        });
        try_join_all(read).await.map(drop)
    }

    async fn apis(&self) -> Result<(), Failure> {
        let listed = self.api_gateway.get_apis().send().await?.items.unwrap_or_default();
        let read = listed.into_iter().filter_map(|api| api.api_id).map(|api| async move {
            let routes = async { Ok(self.api_gateway.get_routes().api_id(&api).send().await?) };
            let stage = async { Ok(self.api_gateway.get_stage().api_id(&api).stage_name("$default").send().await?) };
            let integrations = async {
                let all = self.api_gateway.get_integrations().api_id(&api).send().await?.items.unwrap_or_default();
                for function in all.into_iter().filter_map(|one| one.integration_uri) {
                    self.lambda.get_policy().function_name(function).send().await?;
                }
                Ok(())
            };
            tokio::try_join!(routes, stage, integrations).map(drop)
        });
        try_join_all(read).await.map(drop)
    }
}
