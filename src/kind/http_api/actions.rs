//! The IAM actions of the API's calls: those of API Gateway are HTTP methods on paths.
//!
//! API Gateway chooses the id in an API's ARN when it makes it, and checks the API's parts as paths below it.
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonapigatewaymanagement.html>

use super::{ACCESS_LOG, ROUTES};
use crate::permissions::{Action, On};

const UNKNOWN_ID: On = On::Every("an API's ARN has an id that API Gateway chooses, and its parts are below it");
const ALL: On = On::Path("arn:{partition}:apigateway:{region}::/apis");
const TAGS: On = On::Path("arn:{partition}:apigateway:{region}::/tags/*");

/// The permissions that routes need stand in the policies of their functions.
const FUNCTIONS: On = On::Attribute(&ROUTES);
/// A route that goes may have invoked a function that the stack names no more.
const FORMER: On = On::Tagged("arn:{partition}:lambda:{region}:{account}:function:*");

/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-vended-logs-permissions.html>
const DELIVERY: On = On::Any(
    "CloudWatch Logs knows no resource for deliveries, and API Gateway makes one with the caller's permissions",
);

/// All of them.
pub const ACTIONS: &[Action] = &[
    Action::list("apigateway:GET", "only the list of all APIs").on(ALL),
    Action::read("apigateway:GET").on(UNKNOWN_ID),
    Action::read("lambda:GetPolicy").on(FUNCTIONS),
    Action::read("lambda:GetPolicy").on(FORMER),
    Action::write("apigateway:POST").on(ALL),
    Action::write("apigateway:POST").on(UNKNOWN_ID),
    Action::write("apigateway:PATCH").on(UNKNOWN_ID),
    Action::write("apigateway:DELETE").on(UNKNOWN_ID),
    // Creating with tags needs it on the list of all, changing them on their path, and both on the API.
    Action::write("apigateway:TagResource").on(ALL),
    Action::write("apigateway:TagResource").on(UNKNOWN_ID),
    Action::write("apigateway:UntagResource").on(UNKNOWN_ID),
    Action::write("apigateway:POST").on(TAGS),
    Action::write("apigateway:DELETE").on(TAGS),
    Action::write("lambda:AddPermission").on(FUNCTIONS),
    Action::write("lambda:RemovePermission").on(FUNCTIONS),
    Action::write("lambda:RemovePermission").on(FORMER),
    Action::write("logs:CreateLogDelivery").on(DELIVERY).when(&ACCESS_LOG),
    Action::write("logs:DeleteLogDelivery").on(DELIVERY).when(&ACCESS_LOG),
    Action::write("logs:DescribeResourcePolicies").on(DELIVERY).when(&ACCESS_LOG),
    Action::write("logs:GetLogDelivery").on(DELIVERY).when(&ACCESS_LOG),
    Action::write("logs:ListLogDeliveries").on(DELIVERY).when(&ACCESS_LOG),
    Action::write("logs:PutResourcePolicy").on(DELIVERY).when(&ACCESS_LOG),
    Action::write("logs:UpdateLogDelivery").on(DELIVERY).when(&ACCESS_LOG),
];
