//! What must hold between the attributes of one role.

use super::{BOUNDARY_ARN, MANAGED_POLICIES, PATH, POLICY, TRUST};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity};
use crate::kind::policy::check::{self, Dialect};
use crate::model::Resource;
use crate::value::Value;

/// The longest name, in characters.
const LONGEST_NAME: usize = 64;

/// A Region with a name as long as any.
pub const LONGEST_REGION: &str = "us-isof-south-1";

/// Actions that AWS has no resource to name for, or none that has a name before: a `*` is the narrowest there is.
///
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsx-ray.html>,
/// <https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html>
const ON_EVERYTHING: &[&str] = &[
    "cloudwatch:PutMetricData",
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcs",
    "ec2:UnassignPrivateIpAddresses",
    "sqs:ListQueues",
    "xray:GetSamplingRules",
    "xray:GetSamplingStatisticSummaries",
    "xray:GetSamplingTargets",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
];

/// A name that IAM refuses.
pub static BAD_ROLE_NAME: Code = Code {
    id: "QS403",
    severity: Severity::Error,
    title: "a name that no role can have",
    reason: "The name of a role has 1 to 64 letters, digits and `_+=,.@-`.",
    fix: "Give it another `name:`.",
    link: "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html",
};

/// Everything allowed, or on everything.
pub static TOO_WIDE: Code = Code {
    id: "QS406",
    severity: Severity::Warning,
    title: "a role that may do everything, or something to everything",
    reason: "Whoever gets hold of a role's credentials can do what it may: a `*` makes one broken worker a broken account.",
    fix: "Name the actions and the ARNs that are needed.",
    link: "https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#grant-least-privilege",
};

/// A trust policy that trusts nobody.
pub static NO_PRINCIPAL: Code = Code {
    id: "QS407",
    severity: Severity::Error,
    title: "a trust policy that names no principal",
    reason: "Each statement of a trust policy says who may assume the role: IAM refuses one without `Principal`.",
    fix: "Add `Principal: {Service: lambda.amazonaws.com}`, or whoever is to assume the role.",
    link: "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html",
};

/// Not the ARN of a managed policy.
pub static BAD_POLICY_ARN: Code = Code {
    id: "QS408",
    severity: Severity::Error,
    title: "not the ARN of a managed policy",
    reason: "Managed policies and boundaries are named by ARN: `arn:<partition>:iam::<account or aws>:policy/<path and name>`.",
    fix: "Write the ARN, such as `arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess`.",
    link: "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-arns",
};

/// A path that IAM refuses.
pub static BAD_PATH: Code = Code {
    id: "QS409",
    severity: Severity::Error,
    title: "a path that no role can have",
    reason: "A path begins and ends with `/`, and has no spaces and nothing beyond ASCII.",
    fix: "Write it like `/teams/scheduling/`, or leave it out.",
    link: "https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html",
};

/// A policy that IAM refuses.
pub static POLICY_SHAPE: Code = Code {
    id: "QS410",
    severity: Severity::Error,
    title: "a role policy that IAM refuses",
    reason: "A statement has `Effect`, `Action` and, in `policy`, `Resource`; in `trust`, `Principal` in its place.",
    fix: "Correct the statement.",
    link: "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html",
};

/// Every code of this file.
pub const CODES: &[&Code] = &[&BAD_ROLE_NAME, &TOO_WIDE, &NO_PRINCIPAL, &BAD_POLICY_ARN, &BAD_PATH, &POLICY_SHAPE];

/// What IAM takes of a trust policy.
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecuritytokenservice.html>
const TRUST_DIALECT: Dialect = Dialect {
    noun: "trust policy",
    code: &POLICY_SHAPE,
    principal: Some(&NO_PRINCIPAL),
    resource: false,
    service: "STS",
    actions: &[
        "sts:AssumeRole",
        "sts:AssumeRoleWithSAML",
        "sts:AssumeRoleWithWebIdentity",
        "sts:AssumeRoot",
        "sts:SetContext",
        "sts:SetSourceIdentity",
        "sts:TagSession",
    ],
    refuses: true,
};

/// What IAM takes of an inline policy.
pub const INLINE_DIALECT: Dialect = Dialect {
    noun: "policy",
    code: &POLICY_SHAPE,
    principal: None,
    resource: true,
    service: "",
    actions: &[],
    refuses: true,
};

/// Checks one complete role.
pub fn check(resource: &Resource, out: &mut Diagnostics) {
    check_name(resource, out);
    check_path(resource, out);
    check::check(resource, &TRUST, &TRUST_DIALECT, out);
    // One that follows from a worker is checked where the worker says it.
    if resource.made_by.is_none() {
        check::check(resource, &POLICY, &INLINE_DIALECT, out);
    }
    check_width(resource, out);
    check_arns(resource, out);
}

fn report(code: &'static Code, path: &str, message: String, resource: &Resource, out: &mut Diagnostics) {
    out.push(Diagnostic::new(code, message).at(resource.span(path)).of(&resource.address));
}

fn check_name(resource: &Resource, out: &mut Diagnostics) {
    let name = resource.name_in(LONGEST_REGION);
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
    let length = name.chars().count();
    if (1..=LONGEST_NAME).contains(&length) && name.chars().all(allowed) {
        return;
    }
    let message = format!("`{name}` ({length} characters) cannot be the name of a role");
    report(&BAD_ROLE_NAME, "name", message, resource, out);
}

fn check_path(resource: &Resource, out: &mut Diagnostics) {
    let Some(path) = resource.get(&PATH).as_text() else { return };
    let closed = path.starts_with('/') && path.ends_with('/') && !path.contains("//");
    if !closed || path.chars().any(|c| !c.is_ascii_graphic()) {
        report(&BAD_PATH, PATH.key, format!("`{path}` cannot be the path of a role"), resource, out);
    }
}

fn check_width(resource: &Resource, out: &mut Diagnostics) {
    for (index, statement) in statements(resource.get(&POLICY)).iter().enumerate() {
        let sid = statement.get("Sid").as_text().unwrap_or("");
        if statement.get("Effect").as_text() != Some("Allow") || takes_no_resource(statement) {
            continue;
        }
        let called = if sid.is_empty() { "a statement".to_owned() } else { format!("statement `{sid}`") };
        for (key, what) in [("Action", "every action"), ("Resource", "every resource")] {
            if items(statement.get(key)).iter().any(|item| matches!(item.as_text(), Some("*" | "*:*"))) {
                let message = format!("{called} of `policy` allows {what}: `{key}` is `*`");
                report(&TOO_WIDE, &format!("{}.Statement.{index}.{key}", POLICY.key), message, resource, out);
            }
        }
    }
}

/// Tells whether all that a statement allows can be allowed on everything alone.
fn takes_no_resource(statement: &Value) -> bool {
    let actions = items(statement.get("Action"));
    let exempt = |action: &Value| {
        action.as_text().is_some_and(|action| ON_EVERYTHING.iter().any(|one| one.eq_ignore_ascii_case(action)))
    };
    !actions.is_empty() && actions.iter().all(exempt)
}

fn check_arns(resource: &Resource, out: &mut Diagnostics) {
    let attached = items(resource.get(&MANAGED_POLICIES)).iter().enumerate();
    let attached = attached.map(|(index, arn)| (format!("{}.{index}", MANAGED_POLICIES.key), arn));
    let boundary = items(resource.get(&BOUNDARY_ARN)).iter().map(|arn| (BOUNDARY_ARN.key.to_owned(), arn));
    for (path, arn) in attached.chain(boundary) {
        // A reference is not known yet, and makes a well-formed ARN.
        let Some(text) = arn.as_text().filter(|text| !is_policy_arn(text)) else { continue };
        report(&BAD_POLICY_ARN, &path, format!("`{text}` is not the ARN of a managed policy"), resource, out);
    }
}

fn is_policy_arn(text: &str) -> bool {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let ["arn", partition, "iam", "", account, policy] = parts.as_slice() else { return false };
    let number = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    let named = policy.strip_prefix("policy/").is_some_and(|name| !name.is_empty() && !name.ends_with('/'));
    partition.starts_with("aws") && (number || *account == "aws") && named
}

fn statements(document: &Value) -> &[Value] {
    items(document.get("Statement"))
}

/// One thing stands for a list of it.
fn items(value: &Value) -> &[Value] {
    match value {
        Value::Null => &[],
        Value::List(items) => items,
        one => std::slice::from_ref(one),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::Row;
    use crate::kind::role::Role;

    fn codes(name: &str, set: &[(&Row, &str)]) -> Vec<&'static str> {
        let mut role = Resource::new(&Role, "role");
        role.name = Some(name.to_owned());
        for (row, json) in set {
            role.set(row, Value::from_json(&serde_json::from_str(json).unwrap()));
        }
        let mut out = Diagnostics::default();
        check(&role, &mut out);
        out.iter().map(|diagnostic| diagnostic.code.id).collect()
    }

    #[test]
    fn names() {
        let longest = "a".repeat(64);
        let too_long = "a".repeat(65);
        for (name, fine) in [
            ("sync", true),
            ("a_+=,.@-9", true),
            (longest.as_str(), true),
            (too_long.as_str(), false),
            ("", false),
            ("a/b", false),
            ("a b", false),
            ("é", false),
        ] {
            assert_eq!(codes(name, &[]).is_empty(), fine, "{name}");
        }
    }

    #[test]
    fn attributes() {
        for (row, json, expected) in [
            (&PATH, r#""/queuestack/calendar/""#, &[] as &[&str]),
            (&PATH, r#""/""#, &[]),
            (&PATH, r#""queuestack/""#, &["QS409"]),
            (&PATH, r#""/queuestack""#, &["QS409"]),
            (&PATH, r#""/a b/""#, &["QS409"]),
            (&TRUST, r#"{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}}"#, &[]),
            (
                &TRUST,
                r#"{"Statement": {"Effect": "Allow", "Principal": {"AWS": ["AROAKSCDLFT9R5DQP782U", 123456789012]},
                "Action": ["sts:AssumeRole", "sts:TagSession"]}}"#,
                &[],
            ),
            (
                &TRUST,
                r#"{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole", "Resource": "*"}}"#,
                &["QS410"],
            ),
            (&TRUST, r#"{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "s3:*"}}"#, &["QS410"]),
            (&TRUST, r#"{"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole"}]}"#, &["QS407"]),
            (
                &POLICY,
                r#"{"Statement": {"Effect": "Allow", "Action": "sqs:*", "Resource": ["arn:aws:sqs:*:*:a"]}}"#,
                &[],
            ),
            (&POLICY, r#"{"Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}}"#, &[]),
            (
                &POLICY,
                r#"{"Statement": {"Effect": "Allow", "Action": ["xray:PutTraceSegments"], "Resource": "*"}}"#,
                &[],
            ),
            (
                &POLICY,
                r#"{"Statement": {"Effect": "Allow", "Action": ["ec2:createNetworkInterface"], "Resource": "*"}}"#,
                &[],
            ),
            (
                &POLICY,
                r#"{"Statement": {"Effect": "Allow", "Action": ["xray:PutTraceSegments", "x:Y"], "Resource": "*"}}"#,
                &["QS406"],
            ),
            // A name makes nothing narrow.
            (
                &POLICY,
                r#"{"Statement": [{"Sid": "XRay", "Effect": "Allow", "Action": "*", "Resource": "*"}]}"#,
                &["QS406", "QS406"],
            ),
            (
                &POLICY,
                r#"{"Statement": [{"Effect": "Allow", "Action": "x:Y", "Resource": ["arn:aws:x:::y", "*"]}]}"#,
                &["QS406"],
            ),
            (&POLICY, r#"{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}"#, &["QS406", "QS406"]),
            (
                &MANAGED_POLICIES,
                r#"["arn:aws:iam::aws:policy/service-role/X", "arn:aws-cn:iam::123456789012:policy/X"]"#,
                &[],
            ),
            (&MANAGED_POLICIES, r#"["arn:aws:iam::aws:policy/X", "AWSXRayDaemonWriteAccess"]"#, &["QS408"]),
            (&MANAGED_POLICIES, r#"["arn:aws:iam::1234:policy/X"]"#, &["QS408"]),
            (&BOUNDARY_ARN, r#""arn:aws:iam::123456789012:role/X""#, &["QS408"]),
        ] {
            assert_eq!(codes("role", &[(row, json)]), expected, "{} {json}", row.key);
        }
    }
}
