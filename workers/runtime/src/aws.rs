//! The SDK's configuration, made when the first call needs it.
//!
//! A cold start must not pay for TLS before the first message is there: nothing here happens until then.

mod http;

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_smithy_types::retry::ReconnectMode;
use tokio::sync::OnceCell;

static CONFIG: OnceCell<SdkConfig> = OnceCell::const_new();

/// The configuration that all clients of this process share: the default chain of credentials and Region, and the
/// endpoint of `AWS_ENDPOINT_URL` if that is set.
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
    aws_config::defaults(BehaviorVersion::latest())
        .http_client(http::Http::default())
        .retry_config(retry)
        .timeout_config(timeouts.build())
        .load()
        .await
}
