//! Roles: names that IAM takes for one, and inline policies that it finds too long.

use std::collections::BTreeMap;

use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity};
use crate::kind::role::POLICY;
use crate::model::{Fact, Ref, RefTarget, Resource, Stack};
use crate::value::Place;

/// The most characters of a role's inline policies, white space not counted.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
const LONGEST_POLICY: usize = 10_240;

/// What this rule reports.
pub const CODES: &[&Code] = &[&SAME_ROLE_NAME, &POLICY_TOO_LONG];

/// Names that differ in case alone.
pub static SAME_ROLE_NAME: Code = Code {
    id: "QS404",
    severity: Severity::Error,
    title: "two roles whose names differ in case alone",
    reason: "IAM keeps role names unique regardless of case: the second cannot be made.",
    fix: "Give one of them another `name:`.",
    link: "https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html",
};

/// A policy that IAM refuses for its length.
pub static POLICY_TOO_LONG: Code = Code {
    id: "QS405",
    severity: Severity::Error,
    title: "an inline policy that is too long",
    reason: "The inline policies of a role have at most 10240 characters in all, white space not counted.",
    fix: "Join statements, name many resources by one ARN with a `*` in it, or move statements to a managed policy.",
    link: "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html",
};

/// Checks the roles of a stack.
pub fn check(stack: &Stack, out: &mut Diagnostics) {
    let mut first: BTreeMap<String, &Resource> = BTreeMap::new();
    for role in stack.of_kind("role") {
        let name = role.physical_name();
        if let Some(earlier) = first.insert(name.to_lowercase(), role) {
            let (one, other) = (&earlier.address, &role.address);
            let message = format!("`{one}` is named `{}` and `{other}` `{name}`", earlier.physical_name());
            out.push(Diagnostic::new(&SAME_ROLE_NAME, message).at(role.span("name")).of(other));
        }
        let length = policy_length(stack, role);
        // One that follows from grants is told of at the grants.
        if length > LONGEST_POLICY && role.made_by.is_none() {
            let message = format!("`policy` has about {length} characters; it may have {LONGEST_POLICY}");
            out.push(Diagnostic::new(&POLICY_TOO_LONG, message).at(role.span(POLICY.key)).of(&role.address));
        }
    }
}

/// Counts the characters of a role's inline policy, in a place with names of usual length.
fn policy_length(stack: &Stack, role: &Resource) -> usize {
    if role.get(&POLICY).is_null() {
        return 0;
    }
    let place =
        Place { partition: "aws".to_owned(), region: "us-east-1".to_owned(), account: "000000000000".to_owned() };
    let policy = role.get(&POLICY).resolve(&|reference| resolve(reference, stack, &place));
    policy.to_json().to_string().chars().filter(|c| !c.is_whitespace()).count()
}

fn resolve(reference: &Ref, stack: &Stack, place: &Place) -> Option<String> {
    match (&reference.of, reference.fact) {
        (_, Fact::Account) => Some(place.account.clone()),
        (_, Fact::Region) => Some(place.region.clone()),
        (_, Fact::Partition) => Some(place.partition.clone()),
        (RefTarget::Resource(address), Fact::Name) => Some(stack.resources.get(address)?.physical_name().to_owned()),
        (RefTarget::Resource(address), _) => {
            let resource = stack.resources.get(address)?;
            Some(resource.kind.arn_of(resource, place))
        }
        (RefTarget::Place | RefTarget::Secret(_), _) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::role::Role;
    use crate::kind::{policy, queue::Queue};
    use crate::model::Address;
    use crate::value::Value;

    fn role(name: &str) -> Resource {
        let mut role = Resource::new(&Role, name);
        role.name = Some(name.to_owned());
        role
    }

    fn codes(resources: Vec<Resource>) -> Vec<&'static str> {
        let resources = resources.into_iter().map(|resource| (resource.address.clone(), resource)).collect();
        let stack = Stack { resources, ..Stack::default() };
        let mut out = Diagnostics::default();
        check(&stack, &mut out);
        out.iter().map(|diagnostic| diagnostic.code.id).collect()
    }

    #[test]
    fn names_regardless_of_case() {
        assert_eq!(codes(vec![role("Sync"), role("sync")]), ["QS404"]);
        assert_eq!(codes(vec![role("sync"), role("synch")]), [] as [&str; 0]);
    }

    #[test]
    fn white_space_is_free_and_references_count_as_what_they_become() {
        let with = |resources: Value| {
            let mut role = role("sync");
            role.set(&POLICY, policy::document(vec![Value::map([("Resource", resources)])]));
            role
        };
        let frame = policy_length(&Stack::default(), &with(Value::text("")));
        let exactly = "a".repeat(LONGEST_POLICY - frame);
        assert_eq!(codes(vec![with(Value::text(&exactly))]), [] as [&str; 0]);
        assert_eq!(codes(vec![with(Value::text(format!("{exactly} \n")))]), ["QS405"], "an escape is not white space");
        assert_eq!(codes(vec![with(Value::text(format!("{exactly}   ")))]), [] as [&str; 0]);
        // One reference is a dozen characters in the file and an ARN of 80 in the policy.
        let queue = Resource::new(&Queue, "q".repeat(40));
        let many = vec![Ref::soft(&Address::new("queue", "q".repeat(40)), Fact::Arn); 150];
        assert_eq!(codes(vec![queue, with(Value::List(many))]), ["QS405"]);
    }
}
