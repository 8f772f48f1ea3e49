//! A DynamoDB table, reached when the first job needs it.

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::Config;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use tokio::sync::OnceCell;

/// The time of one attempt of a call: two must fit into the timeout of a function.
const ATTEMPT: Duration = Duration::from_secs(10);

/// A table by its name, and the client for it.
#[derive(Debug)]
pub struct Table {
    name: String,
    client: OnceCell<Client>,
}

impl Table {
    /// The table of this name. Credentials, Region and endpoint come from the environment when the first job comes.
    #[must_use]
    pub fn of_environment(name: impl Into<String>) -> Self {
        Self { name: name.into(), client: OnceCell::new() }
    }

    /// The table of this name, reached through this client.
    #[must_use]
    pub fn new(client: Client, name: impl Into<String>) -> Self {
        Self { name: name.into(), client: OnceCell::new_with(Some(client)) }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The client.
    pub async fn client(&self) -> &Client {
        let connect = async || {
            let config = super::config().await;
            let timeouts = config.timeout_config().map(TimeoutConfig::to_builder).unwrap_or_default();
            let timeouts = timeouts.operation_attempt_timeout(ATTEMPT).build();
            Client::from_conf(Config::from(config).to_builder().timeout_config(timeouts).build())
        };
        self.client.get_or_init(connect).await
    }
}
