//! The role's face towards IAM.
//!
//! IAM answers from copies that lag behind its writes by seconds: what was made just now may be unknown to the next
//! call. <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency>

use std::collections::BTreeSet;

use async_trait::async_trait;
use aws_sdk_iam::types::Tag;

use super::read::{self, GONE};
use super::{
    BOUNDARY_ARN, DESCRIPTION, FOREIGN_POLICIES, INLINE, MANAGED_POLICIES, MAX_SESSION, PATH, POLICY, Role, TRUST,
};
use crate::backend::aws::{Aws, Patience};
use crate::error::{AwsError, fine_when};
use crate::expand::{REGION_TAG, STACK_TAG};
use crate::kind::{Desired, Facts, Found, Kind as _, Live, Row, Sweep, function, tag_changes, texts_in};
use crate::plan::Change;
use crate::value::Value;

const EXISTS: &[&str] = &["EntityAlreadyExists"];
const BUSY: &[&str] = &["ConcurrentModification"];
const STILL_HELD: &[&str] = &["DeleteConflict"];

#[async_trait]
impl Live for Role {
    async fn read(&self, aws: &Aws, sweep: &Sweep) -> Result<Vec<Found>, AwsError> {
        read::read(aws, sweep).await
    }

    /// Roles belong to the functions that run as them.
    async fn belonging(&self, _aws: &Aws, found: &[Found]) -> Result<BTreeSet<String>, AwsError> {
        let roles = texts_in(found, &function::Function, &function::ROLE);
        Ok(roles.filter_map(|arn| self.name_in_arn(arn)).map(str::to_owned).collect())
    }

    /// Policies have calls of their own: a role that an interrupted apply left without them is an update of the
    /// next plan.
    async fn create(&self, aws: &Aws, desired: &Desired) -> Result<Facts, AwsError> {
        match create_role(aws, desired).await {
            // An answer that was lost, or the copy that the plan was read from lagged behind.
            Err(error) if error.is(EXISTS) => {
                let tags = read::read_tags(aws, &desired.name).await?;
                let same = |tag: &str| tags.get(tag) == desired.tags.get(tag);
                if tags.is_empty() || !same(STACK_TAG) || !same(REGION_TAG) {
                    return Err(error);
                }
                put_trust(aws, desired).await?;
            }
            other => other?,
        }
        if !desired.get(&POLICY).is_null() {
            put_policy(aws, desired).await?;
        }
        attach(aws, desired, texts(desired.get(&MANAGED_POLICIES))).await?;
        Ok(Facts::new())
    }

    async fn update(&self, aws: &Aws, desired: &Desired, found: &Found, changes: &[Change]) -> Result<(), AwsError> {
        let differs = |row: &Row| changes.iter().any(|change| !change.is_tag() && change.key == row.key);
        let was = |row: &Row| texts(found.attributes.get(row.key).unwrap_or(&Value::Null));
        update_tags(aws, desired, found, changes).await?;
        // What narrows the role comes before what widens it.
        if differs(&BOUNDARY_ARN) {
            put_boundary(aws, desired).await?;
        }
        if differs(&FOREIGN_POLICIES) {
            for policy in was(&FOREIGN_POLICIES) {
                delete_policy(aws, &desired.name, &policy).await?;
            }
        }
        if differs(&MANAGED_POLICIES) {
            let (before, after) = (was(&MANAGED_POLICIES), texts(desired.get(&MANAGED_POLICIES)));
            for arn in before.difference(&after) {
                detach(aws, &desired.name, arn).await?;
            }
            attach(aws, desired, after.difference(&before).cloned().collect()).await?;
        }
        if differs(&TRUST) {
            put_trust(aws, desired).await?;
        }
        if differs(&POLICY) {
            if desired.get(&POLICY).is_null() {
                delete_policy(aws, &desired.name, INLINE).await?;
            } else {
                put_policy(aws, desired).await?;
            }
        }
        if differs(&DESCRIPTION) {
            put_description(aws, desired).await?;
        }
        if differs(&MAX_SESSION) {
            let call = aws.iam.update_role().role_name(&desired.name).set_max_session_duration(session(desired));
            aws.call("iam", "UpdateRole", call.send()).await?;
        }
        Ok(())
    }

    /// A role goes only without policies and instance profiles; what holds it is read again, since it may be new.
    async fn delete(&self, aws: &Aws, found: &Found, _consent: bool) -> Result<(), AwsError> {
        match Box::pin(empty(aws, &found.name)).await {
            Err(error) if error.is(GONE) => return Ok(()),
            other => other?,
        }
        let address = found.tags.get(crate::expand::ADDRESS_TAG).and_then(|tag| tag.split_once('.'));
        let address = crate::model::Address::new("role", address.map_or(found.name.as_str(), |(_, name)| name));
        let patience = Patience::new(&address)
            .wait_for(STILL_HELD, "its policies are still being detached", 30)
            .wait_for(BUSY, "another request changes the role", 30);
        let call = || aws.call("iam", "DeleteRole", aws.iam.delete_role().role_name(&found.name).send());
        fine_when(GONE, aws.patiently(patience, call).await)
    }
}

async fn create_role(aws: &Aws, desired: &Desired) -> Result<(), AwsError> {
    let tags: Vec<Tag> = desired.tags.iter().filter_map(tag).collect();
    aws.patiently(propagation(desired), || {
        let call = aws.iam.create_role().role_name(&desired.name).set_path(text(desired, &PATH));
        let call = call.set_description(text(desired, &DESCRIPTION)).set_max_session_duration(session(desired));
        let call = call.set_permissions_boundary(text(desired, &BOUNDARY_ARN)).set_tags(Some(tags.clone()));
        let call = call.assume_role_policy_document(json(desired, &TRUST));
        aws.call("iam", "CreateRole", call.send())
    })
    .await
    .map(drop)
}

async fn update_tags(aws: &Aws, desired: &Desired, found: &Found, changes: &[Change]) -> Result<(), AwsError> {
    let (set, removed) = tag_changes(desired, found, changes);
    if !set.is_empty() {
        let call = aws.iam.tag_role().role_name(&desired.name).set_tags(Some(set.iter().filter_map(tag).collect()));
        aws.call("iam", "TagRole", call.send()).await?;
    }
    if !removed.is_empty() {
        let call = aws.iam.untag_role().role_name(&desired.name).set_tag_keys(Some(removed));
        aws.call("iam", "UntagRole", call.send()).await?;
    }
    Ok(())
}

async fn put_trust(aws: &Aws, desired: &Desired) -> Result<(), AwsError> {
    aws.patiently(propagation(desired), || {
        let call = aws.iam.update_assume_role_policy().role_name(&desired.name);
        let call = call.policy_document(json(desired, &TRUST));
        aws.call("iam", "UpdateAssumeRolePolicy", call.send())
    })
    .await
    .map(drop)
}

async fn put_policy(aws: &Aws, desired: &Desired) -> Result<(), AwsError> {
    aws.patiently(propagation(desired), || {
        let call = aws.iam.put_role_policy().role_name(&desired.name).policy_name(INLINE);
        aws.call("iam", "PutRolePolicy", call.policy_document(json(desired, &POLICY)).send())
    })
    .await
    .map(drop)
}

/// Attaches one policy after the other: IAM refuses concurrent changes of one role.
async fn attach(aws: &Aws, desired: &Desired, arns: BTreeSet<String>) -> Result<(), AwsError> {
    for arn in arns {
        aws.patiently(propagation(desired), || {
            let call = aws.iam.attach_role_policy().role_name(&desired.name).policy_arn(&arn);
            aws.call("iam", "AttachRolePolicy", call.send())
        })
        .await?;
    }
    Ok(())
}

/// Sets or clears the description: the empty one is none.
///
/// `UpdateRole` takes one too, but where an empty parameter gets lost on the way it leaves the old one.
async fn put_description(aws: &Aws, desired: &Desired) -> Result<(), AwsError> {
    let call = aws.iam.update_role_description().role_name(&desired.name);
    let call = call.description(text(desired, &DESCRIPTION).unwrap_or_default());
    aws.call("iam", "UpdateRoleDescription", call.send()).await.map(drop)
}

async fn put_boundary(aws: &Aws, desired: &Desired) -> Result<(), AwsError> {
    if let Some(arn) = text(desired, &BOUNDARY_ARN) {
        let call = aws.iam.put_role_permissions_boundary().role_name(&desired.name).permissions_boundary(arn);
        return aws.call("iam", "PutRolePermissionsBoundary", call.send()).await.map(drop);
    }
    let call = aws.iam.delete_role_permissions_boundary().role_name(&desired.name);
    fine_when(GONE, aws.call("iam", "DeleteRolePermissionsBoundary", call.send()).await)
}

async fn delete_policy(aws: &Aws, role: &str, policy: &str) -> Result<(), AwsError> {
    let call = aws.iam.delete_role_policy().role_name(role).policy_name(policy);
    fine_when(GONE, aws.call("iam", "DeleteRolePolicy", call.send()).await)
}

async fn detach(aws: &Aws, role: &str, arn: &str) -> Result<(), AwsError> {
    let call = aws.iam.detach_role_policy().role_name(role).policy_arn(arn);
    fine_when(GONE, aws.call("iam", "DetachRolePolicy", call.send()).await)
}

/// Takes everything off a role that IAM does not delete with it.
async fn empty(aws: &Aws, role: &str) -> Result<(), AwsError> {
    let (inline, managed, profiles) =
        futures::try_join!(read::inline_names(aws, role), read::managed_policies(aws, role), profiles(aws, role))?;
    for policy in inline {
        delete_policy(aws, role, &policy).await?;
    }
    for arn in managed {
        detach(aws, role, &arn).await?;
    }
    for profile in profiles {
        let call = aws.iam.remove_role_from_instance_profile().role_name(role).instance_profile_name(profile);
        fine_when(GONE, aws.call("iam", "RemoveRoleFromInstanceProfile", call.send()).await)?;
    }
    Ok(())
}

/// Lists the instance profiles that a role is in: at most a handful, one page.
async fn profiles(aws: &Aws, role: &str) -> Result<Vec<String>, AwsError> {
    let call = aws.iam.list_instance_profiles_for_role().role_name(role).max_items(1_000);
    let answer = aws.call("iam", "ListInstanceProfilesForRole", call.send()).await?;
    Ok(answer.instance_profiles.into_iter().map(|profile| profile.instance_profile_name).collect())
}

/// Waits for what IAM's copies do not know yet; the texts are those of AWS's own answers.
fn propagation(desired: &Desired) -> Patience {
    Patience::new(&desired.address)
        .wait_for(BUSY, "another request changes the role", 30)
        .wait_for_text("The role with name", "the new role is not visible yet", 30)
        .wait_for_text("Invalid principal in policy", "a principal of its trust policy is not visible yet", 30)
}

fn tag((key, value): (&String, &String)) -> Option<Tag> {
    Tag::builder().key(key).value(value).build().ok()
}

fn text(desired: &Desired, row: &Row) -> Option<String> {
    desired.get(row).as_text().map(str::to_owned)
}

fn texts(value: &Value) -> BTreeSet<String> {
    value.as_list().unwrap_or_default().iter().map(Value::plain).collect()
}

fn json(desired: &Desired, row: &Row) -> String {
    desired.get(row).to_json().to_string()
}

fn session(desired: &Desired) -> Option<i32> {
    desired.get(&MAX_SESSION).as_int().and_then(|seconds| seconds.try_into().ok())
}
