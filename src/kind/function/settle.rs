//! Waiting for Lambda: after a change a function is at work, and refuses the next one.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html>

use std::time::Duration;

use aws_sdk_lambda::types::{FunctionConfiguration, LastUpdateStatus, State};
use tokio::time::Instant;

use crate::backend::aws::Aws;
use crate::error::AwsError;

/// How long Lambda may take over a function: one in a VPC waits for its network interfaces.
const SETTLES_WITHIN: Duration = Duration::from_mins(10);

/// Waits until Lambda is done with a function. Its answers to changes say `Pending` or `InProgress`, so it is asked.
pub async fn settle(aws: &Aws, name: &str, operation: &'static str) -> Result<(), AwsError> {
    let start = Instant::now();
    let mut pauses = [50, 100, 200, 200, 300, 500].into_iter().chain(std::iter::repeat(1_000));
    loop {
        tokio::time::sleep(Duration::from_millis(pauses.next().unwrap_or(1_000))).await;
        let answer = aws.call("lambda", "GetFunction", aws.lambda.get_function().function_name(name).send()).await?;
        let Some(config) = &answer.configuration else { return Ok(()) };
        if let Some(reason) = failure(config) {
            return Err(AwsError::refused("lambda", operation, format!("{name}: {reason}")));
        }
        let busy = config.state() == Some(&State::Pending)
            || config.last_update_status() == Some(&LastUpdateStatus::InProgress);
        if !busy {
            return Ok(());
        }
        if start.elapsed() > SETTLES_WITHIN {
            let message = format!("{name} is not ready after {} s", SETTLES_WITHIN.as_secs());
            return Err(AwsError::refused("lambda", operation, message));
        }
    }
}

/// Says why Lambda gave up on a function, if it did.
fn failure(config: &FunctionConfiguration) -> Option<&str> {
    if config.last_update_status() == Some(&LastUpdateStatus::Failed) {
        return Some(config.last_update_status_reason().unwrap_or("the update failed without a reason"));
    }
    let failed = config.state() == Some(&State::Failed);
    failed.then(|| config.state_reason().unwrap_or("it failed without a reason"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lambdas_reason_is_told() {
        let update = FunctionConfiguration::builder().state(State::Active).last_update_status(LastUpdateStatus::Failed);
        let update = update.last_update_status_reason("the layer is gone").build();
        assert_eq!(failure(&update), Some("the layer is gone"));
        let create = FunctionConfiguration::builder().state(State::Failed).state_reason("no such subnet").build();
        assert_eq!(failure(&create), Some("no such subnet"));
        assert_eq!(failure(&FunctionConfiguration::builder().state(State::Active).build()), None);
    }
}
