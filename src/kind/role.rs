//! An IAM role with its inline policy.
//!
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html>
//! The path forces a replacement: it is part of the role's ARN.
//!
//! IAM knows no Regions. A role that a worker makes has the Region in its name; every role has it in a tag, and one
//! that the same stack made in another Region belongs to somebody else as far as this Region is concerned.

mod actions;
pub mod check;
mod live;
mod read;

use crate::diagnostic::{Code, Diagnostics};
use crate::kind::terraform::{Beside, Spelling, Tie};
use crate::kind::{Default, Kind, Live, Row, Type};
use crate::model::{Fact, Resource, Stack};
use crate::permissions::Action;
use crate::value::{Place, Value};

/// The kind `role`.
#[derive(Debug)]
pub struct Role;

const CREATE: &str = "https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html";
const PUT_POLICY: &str = "https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutRolePolicy.html";
const BOUNDARY: &str = "https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html";

/// The name of the one inline policy that queuestack writes.
pub const INLINE: &str = "queuestack";

/// What the role is for.
pub const DESCRIPTION: Row = Row::new("description", "Description", "description", Type::Text { min: 1, max: 1_000 })
    .doc("What the role is for.", CREATE);
/// Where the role stands.
pub const PATH: Row = Row::new("path", "Path", "path", Type::Text { min: 1, max: 512 })
    .replaces()
    .doc("Its path; `/queuestack/<stack>/` unless said otherwise. It is part of the ARN.", CREATE);
/// Who may assume it.
pub const TRUST: Row = Row::new("trust", "AssumeRolePolicyDocument", "assume_role_policy", Type::Policy)
    .always_reported()
    .doc("Who may assume the role; Lambda unless said otherwise.", CREATE);
/// What it may do.
pub const POLICY: Row = Row::new("policy", "PolicyDocument", "aws_iam_role_policy:policy", Type::Policy)
    .soft()
    .doc("What the role may do: its inline policy, at most 10240 characters without white space.", PUT_POLICY);
/// Managed policies.
pub const MANAGED_POLICIES: Row = Row::new(
    "managed_policies",
    "PolicyArn",
    "aws_iam_role_policy_attachment[]:policy_arn",
    Type::List { of: &Type::Text { min: 20, max: 2_048 }, max: 20 },
)
.doc("ARNs of managed policies that are attached to it.", CREATE);
/// Inline policies that queuestack did not write.
pub const FOREIGN_POLICIES: Row = Row::new(
    "foreign_policies",
    "PolicyNames",
    "aws_iam_role_policies_exclusive:policy_names",
    Type::List { of: &Type::Text { min: 1, max: 128 }, max: 0 },
)
.doc(
    "Names of further inline policies: always empty. One that somebody added widens what the role may do, so that \
     the plan shows and removes it; write it into `policy` to keep it.",
    PUT_POLICY,
);
/// What it may do at most.
pub const BOUNDARY_ARN: Row =
    Row::new("permissions_boundary", "PermissionsBoundary", "permissions_boundary", Type::Text { min: 20, max: 2_048 })
        .doc("The ARN of the managed policy that bounds what the role may do.", BOUNDARY);
/// How long a session lasts.
pub const MAX_SESSION: Row =
    Row::new("max_session", "MaxSessionDuration", "max_session_duration", Type::seconds(3_600, 43_200))
        .or(Default::Int(3_600))
        .always_reported()
        .doc("The longest session of those who assume it.", CREATE);

const ROWS: &[Row] = &[DESCRIPTION, PATH, TRUST, POLICY, MANAGED_POLICIES, FOREIGN_POLICIES, BOUNDARY_ARN, MAX_SESSION];

static TERRAFORM: Spelling = Spelling {
    beside: &[
        Beside {
            resource: "aws_iam_role_policy",
            arguments: &[("name", Tie::Text(INLINE)), ("role", Tie::Own("name"))],
            id: "{name}:queuestack",
            always: false,
        },
        Beside {
            resource: "aws_iam_role_policy_attachment",
            arguments: &[("role", Tie::Own("name"))],
            id: "{name}/{item}",
            always: false,
        },
        Beside {
            resource: "aws_iam_role_policies_exclusive",
            arguments: &[("role_name", Tie::Own("name")), ("policy_names", Tie::All("aws_iam_role_policy", "name"))],
            id: "{name}",
            always: true,
        },
    ],
    parts: &["aws_iam_role_policy_attachments_exclusive"],
    ..Spelling::new("aws_iam_role", "name", "{name}")
};

impl Kind for Role {
    fn name(&self) -> &'static str {
        "role"
    }

    fn section(&self) -> &'static str {
        "roles"
    }

    fn doc(&self) -> &'static str {
        "An IAM role with one inline policy."
    }

    fn rows(&self) -> &'static [Row] {
        ROWS
    }

    /// The tagging API does not know roles: they are found by their path.
    ///
    /// <https://docs.aws.amazon.com/ARG/latest/userguide/supported-resources.html>
    fn tag_type(&self) -> &'static str {
        ""
    }

    /// The path is part of the ARN: references resolve through [`Kind::arn_of`].
    fn arn(&self, name: &str, place: &Place) -> String {
        format!("arn:{}:iam::{}:role/{name}", place.partition, place.account)
    }

    fn arn_of(&self, resource: &Resource, place: &Place) -> String {
        let path = resource.get(&PATH).as_text().unwrap_or("/");
        format!("arn:{}:iam::{}:role{path}{}", place.partition, place.account, resource.name_in(&place.region))
    }

    fn name_in_arn<'a>(&self, arn: &'a str) -> Option<&'a str> {
        arn.split_once(":role/").map(|(_, path)| path.rsplit('/').next().unwrap_or(path))
    }

    /// IAM knows no Regions: the same stack in two of them would share its roles.
    fn is_global(&self) -> bool {
        true
    }

    fn expand(&self, resource: &mut Resource, stack: &mut Stack, _out: &mut Diagnostics) {
        let defaults =
            [(&PATH, Value::text(path_of(&stack.name))), (&TRUST, crate::kind::policy::trust("lambda.amazonaws.com"))];
        for (row, otherwise) in defaults {
            let default = stack.default_of(&Role, row);
            resource.fill(row, if default.is_null() { otherwise } else { default });
        }
    }

    fn check(&self, resource: &Resource, out: &mut Diagnostics) {
        check::check(resource, out);
    }

    fn codes(&self) -> &'static [&'static Code] {
        check::CODES
    }

    fn terraform(&self) -> Option<&'static Spelling> {
        Some(&TERRAFORM)
    }

    fn outputs(&self) -> &'static [(&'static str, Fact)] {
        &[("ROLE_ARN", Fact::Arn)]
    }

    fn actions(&self) -> &'static [Action] {
        actions::ACTIONS
    }

    fn arn_of_all(&self, stack: &str, place: &Place) -> String {
        format!("arn:{}:iam::{}:role{}*", place.partition, place.account, path_of(stack))
    }

    fn live(&self) -> Option<&dyn Live> {
        Some(self)
    }
}

/// The path under which the roles of all stacks are.
const ROOT: &str = "/queuestack/";

/// The path of a stack's roles, by which they are found again.
fn path_of(stack: &str) -> String {
    format!("{ROOT}{stack}/")
}
