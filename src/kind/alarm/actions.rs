//! The IAM actions of the alarm's calls.
//!
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html>

use crate::permissions::{Action, On};

/// All of them.
pub const ACTIONS: &[Action] = &[
    Action::read("cloudwatch:DescribeAlarms")
        .on(On::Every("CloudWatch checks the call against all alarms, whatever names it is given")),
    Action::read("cloudwatch:ListTagsForResource"),
    Action::write("cloudwatch:PutMetricAlarm"),
    // Creating with tags needs it too.
    Action::write("cloudwatch:TagResource"),
    Action::write("cloudwatch:UntagResource"),
    Action::delete("cloudwatch:DeleteAlarms"),
];
