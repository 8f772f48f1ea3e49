//! The SDK's configuration, made when the first call needs it.
//!
//! A cold start must not pay for TLS before the first message is there: nothing here happens until then.

#[cfg(any(test, not(feature = "chain")))]
mod environment;
mod http;
#[cfg(feature = "dynamodb")]
mod table;

use std::time::Duration;

#[cfg(feature = "chain")]
use aws_sdk_sqs::config::BehaviorVersion;
use aws_smithy_types::retry::{ReconnectMode, RetryConfig};
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use tokio::sync::OnceCell;

#[cfg(feature = "dynamodb")]
pub use self::table::Table;

static CONFIG: OnceCell<SdkConfig> = OnceCell::const_new();

/// The configuration that all clients of this process share: the default chain of credentials and Region, and the
/// endpoint of `AWS_ENDPOINT_URL` if that is set. Without the feature `chain` all of it is what the environment says.
pub async fn config() -> &'static SdkConfig {
    CONFIG.get_or_init(load).await
}

async fn load() -> SdkConfig {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(5))
        // Above the longest poll: it must end by itself. Other calls of the queue and the store have their own times.
        .operation_attempt_timeout(Duration::from_secs(45));
    let retry = RetryConfig::standard()
        .with_max_attempts(3)
        .with_initial_backoff(Duration::from_millis(100))
        // The client gives no hold on a connection; it drops a broken one by itself.
        .with_reconnect_mode(ReconnectMode::ReuseAllConnections);
    let (http, timeouts) = (http::Http::default(), timeouts.build());
    #[cfg(feature = "chain")]
    {
        let loader = aws_config::defaults(BehaviorVersion::latest());
        loader.http_client(http).retry_config(retry).timeout_config(timeouts).load().await
    }
    #[cfg(not(feature = "chain"))]
    {
        let config = environment::config(|name| std::env::var(name).ok());
        config.http_client(http).retry_config(retry).timeout_config(timeouts).build()
    }
}
