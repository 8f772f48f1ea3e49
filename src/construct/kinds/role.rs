//! Generated from the rows of `role` by `tests/construct_generated.rs`: change those.

#[allow(clippy::wildcard_imports, unused_imports, reason = "which of them a kind needs follows from its rows")]
use crate::construct::kinds::prelude::*;

kind! {
    /// An IAM role with one inline policy.
    Role, RoleBuilder, crate::kind::role::Role;

    /// What the role is for.
    ///
    /// A text of 1 to 1000 characters. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html)
    description: text;

    /// Its path; `/queuestack/<stack>/` unless said otherwise. It is part of the ARN.
    ///
    /// A text of 1 to 512 characters. [AWS](https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html)
    path: text;

    /// Who may assume the role; Lambda unless said otherwise.
    ///
    /// A JSON document. [AWS](https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html)
    trust: into Document;

    /// What the role may do: its inline policy, at most 10240 characters without white space.
    ///
    /// A JSON document. [AWS](https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutRolePolicy.html)
    policy: into Document;

    /// ARNs of managed policies that are attached to it.
    ///
    /// At most 20, each: A text of 20 to 2048 characters. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html)
    managed_policies: texts;

    /// Names of further inline policies: always empty. One that somebody added widens what the role may do, so that
    /// the plan shows and removes it; write it into `policy` to keep it.
    ///
    /// At most 0, each: A text of 1 to 128 characters. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutRolePolicy.html)
    foreign_policies: texts;

    /// The ARN of the managed policy that bounds what the role may do.
    ///
    /// A text of 20 to 2048 characters. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html)
    permissions_boundary: text;

    /// The longest session of those who assume it.
    ///
    /// A duration, `1h` to `12h`. Default: `1h`.
    /// [AWS](https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html)
    max_session: Seconds;
}

facts! { Role }
