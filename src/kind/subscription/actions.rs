//! The IAM actions of the subscription's calls.
//!
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsns.html>

use super::{QUEUE, TOPIC};
use crate::permissions::{Action, On};

const NO_RESOURCE: On = On::Any("SNS knows no resource for calls on one subscription");

/// All of them.
pub const ACTIONS: &[Action] = &[
    Action::list("sns:ListSubscriptions", "SNS knows no resource for listing subscriptions"),
    Action::read("sns:GetSubscriptionAttributes").on(NO_RESOURCE),
    // Whose a subscription is says its topic or its queue.
    Action::read("sns:ListTagsForResource").on(On::Attribute(&TOPIC)),
    Action::read("sqs:GetQueueUrl").on(On::Attribute(&QUEUE)),
    Action::read("sqs:ListQueueTags").on(On::Attribute(&QUEUE)),
    Action::write("sns:Subscribe").on(On::Attribute(&TOPIC)),
    Action::write("sns:SetSubscriptionAttributes").on(NO_RESOURCE),
    Action::write("sns:Unsubscribe").on(NO_RESOURCE),
];
