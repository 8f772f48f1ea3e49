//! What must hold between the attributes of one bus: the codes QS901 to QS909.

use super::{DEAD_LETTER_QUEUE, DEFAULT, POLICY};
use crate::diagnostic::{Code, Diagnostics};
use crate::kind::Arn;
use crate::kind::policy::check::{self, Dialect};
use crate::model::Resource;

const CREATE: &str = "https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_CreateEventBus.html";

/// A name that EventBridge refuses.
pub static NAME: Code = Code::error("QS901", "a bus name that EventBridge refuses")
    .because("The name of a custom bus has 1 to 256 letters, digits, `.`, `-` and `_`; `/` is for those of partners.")
    .fix("Shorten the name or replace the characters, with `name:` if the logical name is to stay.")
    .see(CREATE);

/// The account's own bus.
pub static NOT_MADE: Code = Code::error("QS902", "a bus with the name of the account's own")
    .because("Every account has a bus `default`; it can be neither made nor deleted.")
    .fix("Remove it: a rule without `bus:` is on it, and `put_events: default` grants on it. Or give the bus another name.")
    .see("https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-what-is-how-it-works-concepts.html");

/// An ARN of another service.
pub static BAD_ARN: Code = Code::error("QS903", "a bus whose dead-letter queue is no queue")
    .because("A queue's ARN is `arn:<partition>:sqs:<region>:<account>:<name>`.")
    .fix("Write the ARN of a queue, or the logical name of one of this stack.")
    .see("https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-encryption-event-bus-dlq.html");

/// A policy document that is not well formed.
pub static POLICY_SHAPE: Code = Code::error("QS904", "a bus policy that AWS refuses")
    .because("A statement has `Effect`, `Principal`, `Action` and `Resource`, and speaks of actions of EventBridge.")
    .fix("Correct the statement.")
    .see("https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-bus-perms.html");

/// All of them, in order.
pub const CODES: &[&Code] = &[&NAME, &NOT_MADE, &BAD_ARN, &POLICY_SHAPE];

/// What EventBridge takes, of actions that are about a bus, its rules and archives.
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoneventbridge.html>
const DIALECT: Dialect = Dialect {
    noun: "policy",
    code: &POLICY_SHAPE,
    principal: Some(&POLICY_SHAPE),
    resource: true,
    service: "EventBridge on a bus",
    actions: &[
        "events:PutEvents",
        "events:CreateArchive",
        "events:CreateEventBus",
        "events:DeleteEventBus",
        "events:DeleteRule",
        "events:DescribeEventBus",
        "events:DescribeRule",
        "events:DisableRule",
        "events:EnableRule",
        "events:ListEventBuses",
        "events:ListRuleNamesByTarget",
        "events:ListRules",
        "events:ListTagsForResource",
        "events:ListTargetsByRule",
        "events:PutPartnerEvents",
        "events:PutPermission",
        "events:PutRule",
        "events:PutTargets",
        "events:RemovePermission",
        "events:RemoveTargets",
        "events:StartReplay",
        "events:TagResource",
        "events:UntagResource",
        "events:UpdateEventBus",
    ],
    refuses: false,
};

const LONGEST: usize = 256;

/// Checks one complete bus.
pub fn check(bus: &Resource, out: &mut Diagnostics) {
    check::check(bus, &POLICY, &DIALECT, out);
    name(bus, out);
    if let Some(Err(why)) = bus.get(&DEAD_LETTER_QUEUE).as_text().map(queue_arn) {
        let arn = bus.get(&DEAD_LETTER_QUEUE).plain();
        let message = format!("`{}` of `{}` is `{arn}`: {why}", DEAD_LETTER_QUEUE.key, bus.address);
        out.push(bus.finding(&BAD_ARN, DEAD_LETTER_QUEUE.key, message));
    }
}

fn name(bus: &Resource, out: &mut Diagnostics) {
    // A logical name that cannot be one is told already.
    if bus.is_broken("name") && !bus.spans.contains_key("name") {
        return;
    }
    let name = bus.physical_name();
    if name == DEFAULT {
        let message = format!("`{}` has the name of the bus that the account has anyway", bus.address);
        out.push(bus.finding(&NOT_MADE, "name", message));
    }
    if let Some(odd) = name.chars().find(|c| !(c.is_ascii_alphanumeric() || ".-_".contains(*c))) {
        let odd = odd.escape_debug();
        let message = format!("`{name}` has the character `{odd}`, which the name of a custom bus cannot have");
        out.push(bus.finding(&NAME, "name", message));
    } else if name.len() > LONGEST {
        let message = format!("`{name}` is {} characters long; the name of a bus has at most {LONGEST}", name.len());
        out.push(bus.finding(&NAME, "name", message));
    }
}

/// Says why a text is not the ARN of a queue, if it is not.
pub fn queue_arn(text: &str) -> Result<(), String> {
    match Arn::parse(text)? {
        arn if arn.service != "sqs" => Err(format!("it is an ARN of {}, not of sqs", arn.service)),
        arn if arn.region.is_empty() || arn.account.is_empty() => Err("it has no Region or no account".to_owned()),
        _ => Ok(()),
    }
}
