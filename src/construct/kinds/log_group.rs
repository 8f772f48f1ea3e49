//! Generated from the rows of `log_group` by `tests/construct_generated.rs`: change those.

#[allow(clippy::wildcard_imports, unused_imports, reason = "which of them a kind needs follows from its rows")]
use crate::construct::kinds::prelude::*;

kind! {
    /// A CloudWatch Logs group.
    LogGroup, LogGroupBuilder, crate::kind::log_group::LogGroup;

    /// How long events are kept, or `forever`. 14d (AWS: for ever), because nobody pays for logs that nobody reads.
    ///
    /// A duration in whole days, `1d` to `3653d`. Default: `14d`.
    /// [AWS](https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html)
    retention: Seconds;

    /// The ARN of the KMS key that encrypts the events; CloudWatch Logs' own key without it.
    ///
    /// A text of 1 to 256 characters.
    /// [AWS](https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html)
    kms_key: text;
}

facts! { LogGroup }
