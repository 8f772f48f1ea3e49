//! The IAM actions of the mapping's calls.
//!
//! Lambda chooses the id in a mapping's ARN when it makes it: the function of the mapping narrows what the ARN cannot.
//! <https://docs.aws.amazon.com/lambda/latest/dg/lambda-api-permissions-ref.html>

use super::FUNCTION;
use crate::permissions::{Action, On};

const UNKNOWN_ID: On = On::Every("a mapping's ARN has an id that Lambda chooses");

/// Narrows an action to the mappings of the stack's functions.
const fn of_functions(action: Action) -> Action {
    action.only_for("ArnEquals", "lambda:FunctionArn", &FUNCTION)
}

/// All of them.
pub const ACTIONS: &[Action] = &[
    Action::list("lambda:ListEventSourceMappings", "Lambda knows no resource for listing mappings"),
    Action::read("lambda:ListTags").on(UNKNOWN_ID),
    of_functions(
        Action::write("lambda:CreateEventSourceMapping")
            .on(On::Any("what is created has no ARN yet: its function has")),
    ),
    of_functions(Action::write("lambda:UpdateEventSourceMapping").on(UNKNOWN_ID)),
    // Creating with tags needs it too; the condition key on the function is unknown to calls about tags.
    Action::write("lambda:TagResource").on(UNKNOWN_ID),
    Action::write("lambda:UntagResource").on(UNKNOWN_ID),
    of_functions(Action::delete("lambda:DeleteEventSourceMapping").on(UNKNOWN_ID)),
];
