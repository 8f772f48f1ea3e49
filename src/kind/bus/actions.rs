//! The IAM actions of the bus's calls.
//!
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoneventbridge.html>

use super::POLICY;
use crate::permissions::Action;

/// All of them.
pub const ACTIONS: &[Action] = &[
    Action::read("events:DescribeEventBus"),
    Action::read("events:ListTagsForResource"),
    Action::write("events:CreateEventBus"),
    Action::write("events:UpdateEventBus"),
    Action::write("events:PutPermission").when(&POLICY),
    Action::write("events:RemovePermission"),
    // Creating with tags needs it too.
    Action::write("events:TagResource"),
    Action::write("events:UntagResource"),
    Action::delete("events:DeleteEventBus"),
];
