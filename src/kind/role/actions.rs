//! The IAM actions of the role's calls.
//!
//! Taking a role out of instance profiles on its way out is not among them: whoever put it there knows the profile.
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html>

use super::{BOUNDARY_ARN, MANAGED_POLICIES};
use crate::permissions::{Action, On};

/// All of them.
pub const ACTIONS: &[Action] = &[
    Action::list("iam:ListRoles", "IAM knows no resource for listing roles, not even under a path"),
    Action::read("iam:GetAccountAuthorizationDetails")
        .on(On::Any("IAM knows no resource for the sweep that reads many roles at once")),
    Action::read("iam:GetRole"),
    Action::read("iam:GetRolePolicy"),
    Action::read("iam:ListAttachedRolePolicies"),
    Action::read("iam:ListRolePolicies"),
    Action::write("iam:CreateRole").within_boundary(),
    Action::write("iam:UpdateAssumeRolePolicy"),
    Action::write("iam:UpdateRole"),
    Action::write("iam:UpdateRoleDescription"),
    Action::write("iam:PutRolePolicy").within_boundary(),
    // Attaching any policy would be as good as being an administrator.
    Action::write("iam:AttachRolePolicy").only_for("ArnEquals", "iam:PolicyARN", &MANAGED_POLICIES).within_boundary(),
    Action::write("iam:PutRolePermissionsBoundary").when(&BOUNDARY_ARN).within_boundary(),
    Action::write("iam:DeleteRolePermissionsBoundary").escapes_boundary(),
    // Creating with tags needs it too.
    Action::write("iam:TagRole"),
    Action::write("iam:UntagRole"),
    Action::delete("iam:DeleteRolePolicy"),
    Action::delete("iam:DetachRolePolicy"),
    Action::delete("iam:ListInstanceProfilesForRole"),
    Action::delete("iam:DeleteRole"),
];
