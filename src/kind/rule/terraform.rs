//! How Terraform's provider spells a rule: as three resources, two of them once a target.
//!
//! <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/cloudwatch_event_rule>

use super::SENDER;
use crate::kind::function::permission::{OURS, digest};
use crate::kind::terraform::{Beside, Spelling, Tie, Word};

/// All of them.
pub static SPELLING: Spelling = Spelling {
    beside: &[
        Beside {
            resource: "aws_lambda_permission",
            arguments: &[
                ("action", Tie::Text("lambda:InvokeFunction")),
                ("principal", Tie::Text(SENDER.service)),
                ("function_name", Tie::Name("function")),
                ("statement_id", Tie::Each(statement)),
                ("source_arn", Tie::Own("arn")),
            ],
            id: "{item.function}/{item.statement_id}",
            always: false,
        },
        Beside {
            resource: "aws_cloudwatch_event_target",
            arguments: &[("rule", Tie::Own("name")), ("event_bus_name", Tie::Own("event_bus_name"))],
            id: "{name}/{item.id}",
            always: false,
        },
    ],
    ..Spelling::new("aws_cloudwatch_event_rule", "name", "{name}")
};

/// The id of the permission's statement: what the SDKs' backend calls it.
fn statement(id: &str) -> Vec<Word> {
    vec![Word::Text(OURS.to_owned()), Word::Digest("arn"), Word::Text(format!("-{}", digest(id)))]
}
