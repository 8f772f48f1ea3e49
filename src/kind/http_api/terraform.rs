//! How Terraform's provider spells an HTTP API: as five resources, three of them once a route.
//!
//! <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/apigatewayv2_api>

use super::{permission, route};
use crate::kind::terraform::{Beside, Spelling, Tie, Word};

const API: (&str, Tie) = ("api_id", Tie::Own("id"));

/// All of them.
pub static SPELLING: Spelling = Spelling {
    outputs: &["api_endpoint"],
    url: "api_endpoint",
    fixed: &[("protocol_type", "HTTP")],
    beside: &[
        Beside {
            resource: "aws_apigatewayv2_integration",
            arguments: &[API, ("integration_type", Tie::Text("AWS_PROXY"))],
            id: "{id}/{item.integration_id}",
            always: false,
        },
        Beside {
            resource: "aws_apigatewayv2_route",
            arguments: &[API, ("target", Tie::Peer("integrations/", "aws_apigatewayv2_integration", "id"))],
            id: "{id}/{item.route_id}",
            always: false,
        },
        Beside {
            resource: "aws_lambda_permission",
            arguments: &[
                ("action", Tie::Text("lambda:InvokeFunction")),
                ("principal", Tie::Text("apigateway.amazonaws.com")),
                ("function_name", Tie::Name("function")),
                ("statement_id", Tie::Each(statement)),
                ("source_arn", Tie::Each(source)),
            ],
            id: "{item.function}/{item.statement_id}",
            always: false,
        },
        // The last: what it deploys is there.
        Beside {
            resource: "aws_apigatewayv2_stage",
            arguments: &[API, ("name", Tie::Text("$default"))],
            id: "{id}/$default",
            always: true,
        },
    ],
    ..Spelling::new("aws_apigatewayv2_api", "name", "{id}")
};

/// The id of the permission's statement: what the SDKs' backend calls it.
fn statement(key: &str) -> Vec<Word> {
    vec![Word::Text(permission::OURS.to_owned()), Word::Own("id"), Word::Text(format!("-{}", permission::digest(key)))]
}

/// Which requests the permission is for.
fn source(key: &str) -> Vec<Word> {
    vec![Word::Own("execution_arn"), Word::Text(format!("/*{}", route::resource(key)))]
}
