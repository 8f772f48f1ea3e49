//! The IAM actions of the log group's calls.
//!
//! The ARN ends in `:*` for all but the calls about tags, and services differ in which form they check: both are named.
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatchlogs.html>

use crate::permissions::{Action, On};

const BOTH: On = On::ItselfAnd(":*");

/// All of them.
pub const ACTIONS: &[Action] = &[
    Action::read("logs:DescribeLogGroups")
        .on(On::Every("CloudWatch Logs checks the call against all groups, whatever names it is given")),
    Action::read("logs:ListTagsForResource").on(BOTH),
    Action::write("logs:CreateLogGroup").on(BOTH),
    Action::write("logs:PutRetentionPolicy").on(BOTH),
    Action::write("logs:DeleteRetentionPolicy").on(BOTH),
    Action::write("logs:AssociateKmsKey").on(BOTH),
    Action::write("logs:DisassociateKmsKey").on(BOTH),
    // Creating with tags needs it too.
    Action::write("logs:TagResource").on(BOTH),
    Action::write("logs:UntagResource").on(BOTH),
    Action::delete("logs:DeleteLogGroup").on(BOTH),
];
