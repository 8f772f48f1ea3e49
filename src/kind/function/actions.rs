//! The IAM actions of the function's calls.
//!
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html>

use super::{LAYERS, ROLE, VPC};
use crate::permissions::{Action, On};

/// <https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html>
const NETWORK: On = On::Any("EC2 knows no resources for describing, and Lambda looks with the caller's permissions");

/// All of them.
pub const ACTIONS: &[Action] = &[
    Action::read("lambda:GetFunction"),
    Action::read("lambda:GetFunctionEventInvokeConfig"),
    // `GetFunction` answers without the tags otherwise.
    Action::read("lambda:ListTags"),
    Action::write("lambda:CreateFunction"),
    Action::write("lambda:UpdateFunctionCode"),
    Action::write("lambda:UpdateFunctionConfiguration"),
    Action::write("lambda:PutFunctionConcurrency"),
    Action::write("lambda:DeleteFunctionConcurrency"),
    Action::write("lambda:PutFunctionEventInvokeConfig"),
    Action::write("lambda:DeleteFunctionEventInvokeConfig"),
    // Creating with tags needs it too.
    Action::write("lambda:TagResource"),
    Action::write("lambda:UntagResource"),
    Action::write("lambda:GetLayerVersion").on(On::Attribute(&LAYERS)),
    // Lambda alone may be given the role.
    Action::write("iam:PassRole").on(On::Attribute(&ROLE)).only_if(
        "StringEquals",
        "iam:PassedToService",
        "lambda.amazonaws.com",
    ),
    Action::write("ec2:DescribeSecurityGroups").on(NETWORK).when(&VPC),
    Action::write("ec2:DescribeSubnets").on(NETWORK).when(&VPC),
    Action::write("ec2:DescribeVpcs").on(NETWORK).when(&VPC),
    Action::delete("lambda:DeleteFunction"),
];
