//! The IAM actions of the rule's calls.
//!
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoneventbridge.html>

use super::{FUNCTION, TARGETS};
use crate::permissions::{Action, On};

/// The permissions that targets need stand in the policies of their functions.
const FUNCTIONS: On = On::Member(&TARGETS, &FUNCTION);
/// A target that goes may have been a function that the stack names no more.
const FORMER: On = On::Tagged("arn:{partition}:lambda:{region}:{account}:function:*");

/// All of them.
pub const ACTIONS: &[Action] = &[
    Action::read("events:ListRules").on(On::Any("EventBridge knows no resource for listing the rules of a bus")),
    Action::read("events:ListTargetsByRule"),
    Action::read("events:ListTagsForResource"),
    Action::read("lambda:GetPolicy").on(FUNCTIONS),
    Action::read("lambda:GetPolicy").on(FORMER),
    Action::write("events:PutRule"),
    Action::write("events:PutTargets"),
    // Creating with tags needs it too.
    Action::write("events:TagResource"),
    Action::write("events:UntagResource"),
    Action::write("lambda:AddPermission").on(FUNCTIONS),
    Action::write("lambda:RemovePermission").on(FUNCTIONS),
    Action::write("lambda:RemovePermission").on(FORMER),
    Action::delete("events:RemoveTargets"),
    Action::delete("events:DeleteRule"),
];
