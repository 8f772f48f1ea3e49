//! What must hold between the attributes of one topic: the codes QS601 to QS609.

use super::{CONTENT_BASED_DEDUPLICATION, FIFO, FIFO_THROUGHPUT_SCOPE, POLICY, SUBSCRIPTIONS, TRACING, is_fifo};
use crate::diagnostic::{Code, Diagnostics};
use crate::kind::fifo::Names;
use crate::kind::policy::check::{self, Dialect};
use crate::kind::subscription;
use crate::model::Resource;
use crate::value::Value;

const CREATE: &str = "https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html";
const FIFO_PAGE: &str = "https://docs.aws.amazon.com/sns/latest/dg/sns-fifo-topics.html";
const PERMISSIONS: &str =
    "https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-language-api-permissions-reference.html";

/// A name that SNS refuses.
pub static NAME: Code = Code::error("QS601", "a topic name that SNS refuses")
    .because("A topic name has 1 to 256 letters, digits, `-` and `_`; a FIFO topic's ends in `.fifo`, which counts.")
    .fix("Shorten the name or replace the characters, with `name:` if the logical name is to stay.")
    .see(CREATE);

/// `.fifo` at the end of a standard topic's name.
pub static FIFO_NAME: Code = Code::error("QS602", "a standard topic with the name of a FIFO topic")
    .because("Only FIFO topics may have names that end in `.fifo`.")
    .fix("Add `fifo: true`, or drop the suffix.")
    .see(FIFO_PAGE);

/// An attribute of the other type of topic.
pub static OTHER_TYPE: Code = Code::error("QS603", "an attribute of the other type of topic")
    .because("SNS knows deduplication of FIFO topics alone and active tracing of standard topics alone.")
    .fix("Remove the attribute, or change `fifo`.")
    .see(CREATE);

/// A list of subscriptions in which one is there twice, or names no queue.
pub static SUBSCRIBERS: Code = Code::error("QS604", "a list of subscriptions that cannot be made")
    .because("A queue is subscribed to a topic once: a second subscription of the same two is the first one.")
    .fix("Name one queue in each item; join the filters of two that are the same: a list of values means any of them.")
    .see("https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html");

/// A policy document that is not well formed.
pub static POLICY_SHAPE: Code = Code::error("QS605", "a topic policy that AWS refuses")
    .because("A statement has `Effect`, `Principal`, `Action` and `Resource`, and speaks of actions of SNS alone.")
    .fix("Correct the statement.")
    .see(PERMISSIONS);

/// All of them, in order.
pub const CODES: &[&Code] = &[&NAME, &FIFO_NAME, &OTHER_TYPE, &SUBSCRIBERS, &POLICY_SHAPE];

/// What SNS takes. Actions that are not about a topic are left to SNS to judge.
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsns.html>
const DIALECT: Dialect = Dialect {
    noun: "policy",
    code: &POLICY_SHAPE,
    principal: Some(&POLICY_SHAPE),
    resource: true,
    service: "SNS",
    actions: &[
        "sns:Publish",
        "sns:AddPermission",
        "sns:CheckIfPhoneNumberIsOptedOut",
        "sns:ConfirmSubscription",
        "sns:CreatePlatformApplication",
        "sns:CreatePlatformEndpoint",
        "sns:CreateSMSSandboxPhoneNumber",
        "sns:CreateTopic",
        "sns:DeleteEndpoint",
        "sns:DeletePlatformApplication",
        "sns:DeleteSMSSandboxPhoneNumber",
        "sns:DeleteTopic",
        "sns:GetDataProtectionPolicy",
        "sns:GetEndpointAttributes",
        "sns:GetPlatformApplicationAttributes",
        "sns:GetSMSAttributes",
        "sns:GetSMSSandboxAccountStatus",
        "sns:GetSubscriptionAttributes",
        "sns:GetTopicAttributes",
        "sns:ListEndpointsByPlatformApplication",
        "sns:ListOriginationNumbers",
        "sns:ListPhoneNumbersOptedOut",
        "sns:ListPlatformApplications",
        "sns:ListSMSSandboxPhoneNumbers",
        "sns:ListSubscriptions",
        "sns:ListSubscriptionsByTopic",
        "sns:ListTagsForResource",
        "sns:ListTopics",
        "sns:OptInPhoneNumber",
        "sns:PublishBatch",
        "sns:PutDataProtectionPolicy",
        "sns:Receive",
        "sns:RemovePermission",
        "sns:SetEndpointAttributes",
        "sns:SetPlatformApplicationAttributes",
        "sns:SetSMSAttributes",
        "sns:SetSubscriptionAttributes",
        "sns:SetTopicAttributes",
        "sns:Subscribe",
        "sns:TagResource",
        "sns:Unsubscribe",
        "sns:UntagResource",
        "sns:VerifySMSSandboxPhoneNumber",
    ],
    refuses: true,
};

const NAMES: Names = Names { noun: "topic", longest: 256, refused: &NAME, suffix: &FIFO_NAME };

/// Checks one complete topic.
pub fn check(topic: &Resource, out: &mut Diagnostics) {
    check::check(topic, &POLICY, &DIALECT, out);
    let fifo = (!topic.is_broken(FIFO.key)).then(|| is_fifo(topic));
    NAMES.check(topic, fifo, out);
    let Some(fifo) = fifo else { return };
    let (others, type_of): (&[_], _) = match fifo {
        true => (&[&TRACING], "FIFO"),
        false => (&[&CONTENT_BASED_DEDUPLICATION, &FIFO_THROUGHPUT_SCOPE], "standard"),
    };
    for row in others.iter().filter(|row| !topic.get(row).is_null()) {
        let message = format!("`{}` is set on `{}`, which is a {type_of} topic", row.key, topic.address);
        out.push(topic.finding(&OTHER_TYPE, row.key, message));
    }
}

/// Checks the short form before it is expanded: afterwards two of the same are one.
pub fn subscribers(topic: &Resource, out: &mut Diagnostics) {
    let mut seen: Vec<&Value> = Vec::new();
    for (index, item) in topic.get(&SUBSCRIPTIONS).as_list().unwrap_or_default().iter().enumerate() {
        let path = format!("{}.{index}", SUBSCRIPTIONS.key);
        if topic.is_broken(&path) {
            continue;
        }
        let queue = item.get(subscription::QUEUE.key);
        let message = if queue.is_null() {
            format!("`{path}` of `{}` names no queue", topic.address)
        } else if seen.contains(&queue) {
            format!("`{path}` of `{}` subscribes a queue that is subscribed already", topic.address)
        } else {
            seen.push(queue);
            continue;
        };
        out.push(topic.finding(&SUBSCRIBERS, &path, message));
    }
}
