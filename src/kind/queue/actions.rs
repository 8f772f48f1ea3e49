//! The IAM actions of the queue's calls.
//!
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsqs.html>

use crate::permissions::Action;

/// All of them.
pub const ACTIONS: &[Action] = &[
    Action::list("sqs:ListQueues", "listing the queues of an account names none of them"),
    Action::read("sqs:GetQueueAttributes"),
    Action::read("sqs:ListQueueTags"),
    Action::write("sqs:CreateQueue"),
    Action::write("sqs:SetQueueAttributes"),
    // Creating with tags needs it too.
    Action::write("sqs:TagQueue"),
    Action::write("sqs:UntagQueue"),
    Action::delete("sqs:DeleteQueue"),
];
