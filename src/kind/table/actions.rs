//! The IAM actions of the table's calls.
//!
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html>

use super::KMS_KEY;
use crate::permissions::{Action, On};

/// All of them.
pub const ACTIONS: &[Action] = &[
    Action::read("dynamodb:DescribeTable"),
    Action::read("dynamodb:DescribeTimeToLive"),
    Action::read("dynamodb:DescribeContinuousBackups"),
    Action::read("dynamodb:ListTagsOfResource"),
    Action::write("dynamodb:CreateTable"),
    Action::write("dynamodb:UpdateTable"),
    Action::write("dynamodb:UpdateTimeToLive"),
    Action::write("dynamodb:UpdateContinuousBackups"),
    // Creating with tags needs it too.
    Action::write("dynamodb:TagResource"),
    Action::write("dynamodb:UntagResource"),
    // DynamoDB makes itself a grant on the key that a table is to be encrypted with.
    Action::write("kms:CreateGrant").on(On::Attribute(&KMS_KEY)).when(&KMS_KEY),
    Action::write("kms:Decrypt").on(On::Attribute(&KMS_KEY)).when(&KMS_KEY),
    Action::write("kms:DescribeKey").on(On::Attribute(&KMS_KEY)).when(&KMS_KEY),
    // Whether there is an item that would be lost: a count, which no item leaves the table for. Whoever only plans may
    // not look, and is told of a loss that may be none.
    Action::delete("dynamodb:Scan"),
    Action::delete("dynamodb:DeleteTable"),
];
