//! Reading roles: one account-wide sweep for many, a few calls each for few.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    BOUNDARY_ARN, DESCRIPTION, FOREIGN_POLICIES, INLINE, MANAGED_POLICIES, MAX_SESSION, PATH, POLICY, ROOT, Role,
    TRUST, path_of,
};
use crate::backend::aws::Aws;
use crate::error::AwsError;
use crate::expand::{REGION_TAG, STACK_TAG};
use crate::kind::{Facts, Found, Sweep, policy};
use crate::value::Value;
use aws_sdk_iam::types::{AttachedPermissionsBoundary, AttachedPolicy, EntityType, PolicyDetail, RoleDetail, Tag};

pub(super) const GONE: &[&str] = &["NoSuchEntity"];
const DENIED: &[&str] = &["AccessDenied", "AccessDeniedException"];

/// How many roles are read one by one where the account-wide sweep is not relied on.
const FEW: usize = 8;

/// The most roles that IAM answers with.
const PAGE: i32 = 1_000;

/// What `GetRole` and `ListRoles` report.
type Head = aws_sdk_iam::types::Role;

/// What only the listing of one role's policies, or the account-wide sweep, reports.
#[derive(Debug, Default, PartialEq)]
struct Policies {
    inline: BTreeMap<String, Value>,
    managed: BTreeSet<String>,
}

/// Reads the named roles that exist, and those that carry the stack's tag.
///
/// The tagging API does not know roles. A stack that has roles is read in one sweep of the account, which finds
/// those that left the stack whatever their path; who may not make it finds those under the stack's path alone, as
/// does a stack without any role.
pub(super) async fn read(aws: &Aws, sweep: &Sweep) -> Result<Vec<Found>, AwsError> {
    let names = sweep.names();
    let swept = async { if names.is_empty() && sweep.tag == STACK_TAG { Ok(None) } else { details(aws, sweep).await } };
    let (listed, details) = futures::try_join!(list(aws, sweep), swept)?;
    let swept = details.iter().flatten().filter_map(|role| role.role_name.as_ref());
    let names: BTreeSet<String> = swept.chain(&names).chain(listed.keys()).cloned().collect();
    let found = match details {
        // The sweep of an endpoint that is not AWS may leave parts of roles out: few are read one by one.
        Some(details) if aws.lists_every_tag() || names.len() > FEW => from_details(aws, details, listed).await?,
        _ => one_by_one(aws, names).await?,
    };
    let found = found.into_iter().map(|one| of_its_region(one, aws.region()));
    Ok(found.filter(|one| sweep.keeps(one)).collect())
}

/// What the same stack made in another Region is somebody else's: not ours to change, nor to delete.
fn of_its_region(mut role: Found, region: &str) -> Found {
    let other = role.tags.get(REGION_TAG).filter(|other| *other != region).cloned();
    if let Some((other, owner)) = other.zip(role.tags.get_mut(STACK_TAG)) {
        *owner = format!("{owner} ({other})");
    }
    role
}

/// Lists the roles under the paths of the stacks: name → role, without tags and boundary.
async fn list(aws: &Aws, sweep: &Sweep) -> Result<BTreeMap<String, Head>, AwsError> {
    let paths: Vec<String> = sweep.wanted.keys().map(|stack| path_of(stack)).collect();
    let common = if let [path] = paths.as_slice() { path } else { ROOT };
    let mut roles = BTreeMap::new();
    let mut marker = None;
    loop {
        let call = aws.iam.list_roles().path_prefix(common).max_items(PAGE).set_marker(marker);
        let page = aws.call("iam", "ListRoles", call.send()).await?;
        let under = page.roles.into_iter().filter(|role| paths.iter().any(|path| role.path.starts_with(path)));
        roles.extend(under.map(|role| (role.role_name.clone(), role)));
        marker = page.marker.filter(|_| page.is_truncated);
        if marker.is_none() {
            return Ok(roles);
        }
    }
}

/// Sweeps the account; `None` where an endpoint does not know how, or whoever asks may not.
async fn details(aws: &Aws, sweep: &Sweep) -> Result<Option<Vec<RoleDetail>>, AwsError> {
    let mut found = Vec::new();
    let mut marker = None;
    loop {
        let call = aws.iam.get_account_authorization_details().filter(EntityType::Role);
        let call = call.max_items(PAGE).set_marker(marker);
        let page = match aws.call("iam", "GetAccountAuthorizationDetails", call.send()).await {
            Err(error) if error.is(DENIED) || !aws.lists_every_tag() => return Ok(None),
            other => other?,
        };
        let roles = page.role_detail_list.unwrap_or_default().into_iter();
        found.extend(roles.filter(|role| {
            let named = role.role_name.as_ref().is_some_and(|name| sweep.wants(name));
            named || sweep.owns(&tags(role.tags()))
        }));
        marker = page.marker.filter(|_| page.is_truncated);
        if marker.is_none() {
            return Ok(Some(found));
        }
    }
}

/// Adds to the sweep what it leaves out: description and longest session, which the list has.
async fn from_details(
    aws: &Aws,
    details: Vec<RoleDetail>,
    mut listed: BTreeMap<String, Head>,
) -> Result<Vec<Found>, AwsError> {
    let details = details.into_iter().map(|detail| {
        let name = detail.role_name.clone().unwrap_or_default();
        (listed.remove(&name), name, detail)
    });
    let details: Vec<_> = details.collect();
    let read = |aws: Aws, (listed, name, detail): (Option<Head>, String, RoleDetail)| async move {
        let head = match listed {
            Some(head) => Some(head),
            None => head(&aws, &name).await?,
        };
        Ok(head.map(|head| from_detail(head, &detail)))
    };
    aws.each(details, read).await
}

fn from_detail(mut head: Head, detail: &RoleDetail) -> Found {
    head.tags.clone_from(&detail.tags);
    head.permissions_boundary.clone_from(&detail.permissions_boundary);
    head.assume_role_policy_document.clone_from(&detail.assume_role_policy_document);
    let policies = Policies {
        inline: detail.role_policy_list().iter().filter_map(inline).collect(),
        managed: managed(detail.attached_managed_policies()),
    };
    found(&head, policies)
}

async fn one_by_one(aws: &Aws, names: BTreeSet<String>) -> Result<Vec<Found>, AwsError> {
    let read = |aws: Aws, name: String| async move {
        let Some(head) = head(&aws, &name).await? else { return Ok(None) };
        let read = futures::try_join!(inline_policies(&aws, &name), managed_policies(&aws, &name));
        match read {
            // Deleted between two calls.
            Err(error) if error.is(GONE) => Ok(None),
            other => other.map(|(inline, managed)| Some(found(&head, Policies { inline, managed }))),
        }
    };
    aws.each(names, read).await
}

async fn head(aws: &Aws, name: &str) -> Result<Option<Head>, AwsError> {
    match aws.call("iam", "GetRole", aws.iam.get_role().role_name(name).send()).await {
        Err(error) if error.is(GONE) => Ok(None),
        other => Ok(other?.role),
    }
}

/// Reads the tags of one role; none when it is not there.
pub(super) async fn read_tags(aws: &Aws, name: &str) -> Result<BTreeMap<String, String>, AwsError> {
    Ok(head(aws, name).await?.map(|head| tags(head.tags())).unwrap_or_default())
}

/// Lists the names of a role's inline policies.
pub(super) async fn inline_names(aws: &Aws, name: &str) -> Result<Vec<String>, AwsError> {
    let mut names = Vec::new();
    let mut marker = None;
    loop {
        let call = aws.iam.list_role_policies().role_name(name).set_marker(marker);
        let page = aws.call("iam", "ListRolePolicies", call.send()).await?;
        names.extend(page.policy_names);
        marker = page.marker.filter(|_| page.is_truncated);
        if marker.is_none() {
            return Ok(names);
        }
    }
}

async fn inline_policies(aws: &Aws, name: &str) -> Result<BTreeMap<String, Value>, AwsError> {
    let reads = inline_names(aws, name).await?.into_iter().map(|policy| async move {
        // What a foreign policy says does not matter: that it is there does.
        if policy != INLINE {
            return Ok((policy, Value::Null));
        }
        let call = aws.iam.get_role_policy().role_name(name).policy_name(&policy);
        let answer = aws.call("iam", "GetRolePolicy", call.send()).await?;
        Ok((policy, policy::parse(&answer.policy_document)))
    });
    Ok(futures::future::try_join_all(reads).await?.into_iter().collect())
}

/// Lists the ARNs of the managed policies that are attached to a role.
pub(super) async fn managed_policies(aws: &Aws, name: &str) -> Result<BTreeSet<String>, AwsError> {
    let mut attached = BTreeSet::new();
    let mut marker = None;
    loop {
        let call = aws.iam.list_attached_role_policies().role_name(name).set_marker(marker);
        let page = aws.call("iam", "ListAttachedRolePolicies", call.send()).await?;
        attached.extend(managed(page.attached_policies()));
        marker = page.marker.filter(|_| page.is_truncated);
        if marker.is_none() {
            return Ok(attached);
        }
    }
}

fn inline(policy: &PolicyDetail) -> Option<(String, Value)> {
    Some((policy.policy_name.clone()?, policy::parse(policy.policy_document()?)))
}

fn managed(attached: &[AttachedPolicy]) -> BTreeSet<String> {
    attached.iter().filter_map(|policy| policy.policy_arn.clone()).collect()
}

fn tags(tags: &[Tag]) -> BTreeMap<String, String> {
    tags.iter().map(|tag| (tag.key.clone(), tag.value.clone())).collect()
}

/// Puts what IAM reports into the terms of the rows.
fn found(head: &Head, policies: Policies) -> Found {
    let Policies { mut inline, managed } = policies;
    let list = |names: Vec<String>| Value::List(names.into_iter().map(Value::text).collect());
    let boundary = head.permissions_boundary().and_then(AttachedPermissionsBoundary::permissions_boundary_arn);
    let text = |text: &str| Value::text(text);
    let ours = inline.remove(INLINE);
    let foreign = (!inline.is_empty()).then(|| list(inline.into_keys().collect()));
    let pairs = [
        (&DESCRIPTION, head.description().filter(|text| !text.is_empty()).map(text)),
        (&PATH, Some(text(&head.path))),
        (&TRUST, head.assume_role_policy_document().map(policy::parse)),
        (&POLICY, ours),
        (&MANAGED_POLICIES, (!managed.is_empty()).then(|| list(managed.into_iter().collect()))),
        (&FOREIGN_POLICIES, foreign),
        (&BOUNDARY_ARN, boundary.filter(|arn| !arn.is_empty()).map(text)),
        (&MAX_SESSION, head.max_session_duration.map(|seconds| Value::Int(seconds.into()))),
    ];
    Found {
        kind: &Role,
        name: head.role_name.clone(),
        arn: head.arn.clone(),
        attributes: pairs.into_iter().filter_map(|(row, value)| Some((row.key, value?))).collect(),
        tags: tags(head.tags()),
        facts: Facts::new(),
        holds: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::Kind;
    use aws_sdk_iam::primitives::DateTime;

    fn head() -> Head {
        let arn = "arn:aws:iam::123456789012:role/queuestack/s/sync";
        let head = Head::builder().path("/queuestack/s/").role_name("sync").role_id("AROA").arn(arn);
        head.create_date(DateTime::from_secs(0)).description("").max_session_duration(7_200).build().unwrap()
    }

    #[test]
    fn policies_of_others_are_told_apart() {
        let policy = |name: &str| (name.to_owned(), Value::map([("Id", Value::text(name))]));
        let policies = Policies {
            inline: BTreeMap::from([policy("debug"), policy(INLINE), policy("admin")]),
            managed: BTreeSet::from(["arn:aws:iam::aws:policy/ReadOnlyAccess".to_owned()]),
        };
        let found = found(&head(), policies);
        assert_eq!(found.attributes.get(POLICY.key), Some(&policy(INLINE).1));
        let foreign = found.attributes.get(FOREIGN_POLICIES.key).map(Value::plain);
        assert_eq!(foreign.as_deref(), Some(r#"["admin","debug"]"#));
        assert_eq!(found.attributes.get(DESCRIPTION.key), None);
        assert_eq!(found.attributes.get(MAX_SESSION.key), Some(&Value::Int(7_200)));
    }

    #[test]
    fn both_ways_of_reading_agree() {
        let tag = Tag::builder().key("k").value("v").build().unwrap();
        let boundary = AttachedPermissionsBoundary::builder().permissions_boundary_arn("arn:b").build();
        let arn = "arn:aws:iam::aws:policy/ReadOnlyAccess";
        let json = r#"{"Statement":[]}"#;
        let detail = RoleDetail::builder()
            .role_name("sync")
            .assume_role_policy_document(json)
            .role_policy_list(PolicyDetail::builder().policy_name(INLINE).policy_document(json).build())
            .attached_managed_policies(AttachedPolicy::builder().policy_arn(arn).build())
            .permissions_boundary(boundary.clone())
            .tags(tag.clone());
        let mut whole = head();
        whole.tags = Some(vec![tag]);
        whole.permissions_boundary = Some(boundary);
        whole.assume_role_policy_document = Some(json.to_owned());
        let inline = BTreeMap::from([(INLINE.to_owned(), policy::parse(json))]);
        let one = found(&whole, Policies { inline, managed: BTreeSet::from([arn.to_owned()]) });
        let other = from_detail(head(), &detail.build());
        assert_eq!(format!("{one:?}"), format!("{other:?}"));
    }

    #[test]
    fn names_are_the_end_of_the_path() {
        assert_eq!(Role.name_in_arn(&head().arn), Some("sync"));
        assert_eq!(Role.name_in_arn("arn:aws:iam::123456789012:role/plain"), Some("plain"));
        assert_eq!(Role.name_in_arn("arn:aws:iam::123456789012:user/plain"), None);
    }
}
