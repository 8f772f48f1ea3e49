//! The IAM actions of the topic's calls.
//!
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsns.html>

use crate::permissions::Action;

/// All of them.
pub const ACTIONS: &[Action] = &[
    Action::read("sns:GetTopicAttributes"),
    Action::read("sns:ListTagsForResource"),
    Action::write("sns:CreateTopic"),
    Action::write("sns:SetTopicAttributes"),
    // Creating with tags needs it too.
    Action::write("sns:TagResource"),
    Action::write("sns:UntagResource"),
    Action::delete("sns:DeleteTopic"),
];
