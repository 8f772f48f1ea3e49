//! From the targets that are there to those that should be: whatever is there, and wherever an earlier apply stopped.

use std::collections::BTreeSet;

use aws_sdk_eventbridge::types::Target;

use super::convert::{statement, to_target};
use super::live::functions;
use super::{FUNCTION, PERMISSION, SENDER, TARGETS, split};
use crate::backend::aws::Aws;
use crate::error::{AwsError, fine_when};
use crate::kind::Desired;
use crate::kind::bus::{GONE, patience};
use crate::kind::function::permission::{self, Policies, Statement};
use crate::model::Address;
use crate::value::Value;

/// The most targets that a rule has.
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html>
const MOST: usize = 5;

/// A rule whose targets are put right.
pub struct Reconcile<'a> {
    pub aws: &'a Aws,
    /// What is wanted.
    pub desired: &'a Desired,
}

impl Reconcile<'_> {
    /// Changes what differs from the targets that are there.
    pub async fn update(&self, there: &[Target]) -> Result<(), AwsError> {
        let wanted = self.wanted().iter().filter_map(|item| item.get(FUNCTION.key).as_text()).map(str::to_owned);
        let read = permission::read(self.aws, SENDER.service, wanted.chain(functions(there))).await?;
        let of_this = |one: &Statement| one.source == self.desired.arn;
        let policies = read.into_iter().map(|(function, all)| (function, all.into_iter().filter(of_this).collect()));
        self.put(there, &policies.collect()).await
    }

    /// What a target needs comes before it, and what only it needed goes after it.
    pub async fn put(&self, there: &[Target], policies: &Policies) -> Result<(), AwsError> {
        let (address, wanted) = (&self.desired.address, self.policies());
        permission::add(self.aws, SENDER.service, &wanted, policies, address).await?;
        let all: Vec<Target> = self.wanted().iter().map(to_target).collect::<Result<_, _>>()?;
        let ids: BTreeSet<&str> = all.iter().map(Target::id).collect();
        let gone: Vec<String> =
            there.iter().map(Target::id).filter(|id| !ids.contains(id)).map(str::to_owned).collect();
        let fresh: Vec<Target> = all.iter().filter(|target| !there.contains(target)).cloned().collect();
        // Nothing is lost in between, as long as there is room for both.
        if gone.len() + all.len() > MOST {
            remove(self.aws, &self.desired.name, gone, address).await?;
            self.put_targets(fresh).await?;
        } else {
            self.put_targets(fresh).await?;
            remove(self.aws, &self.desired.name, gone, address).await?;
        }
        permission::remove(self.aws, &wanted, policies, address).await
    }

    fn wanted(&self) -> &[Value] {
        self.desired.get(&TARGETS).as_list().unwrap_or_default()
    }

    /// The statements that functions need.
    fn policies(&self) -> Policies {
        let mut policies = Policies::new();
        for item in self.wanted().iter().filter(|item| item.get(PERMISSION.key).as_bool() == Some(true)) {
            let id = statement(&self.desired.arn, &item.get(super::ID.key).plain());
            let statement = Statement { id, source: self.desired.arn.clone() };
            policies.entry(item.get(FUNCTION.key).plain()).or_default().insert(statement);
        }
        policies
    }

    async fn put_targets(&self, targets: Vec<Target>) -> Result<(), AwsError> {
        if targets.is_empty() {
            return Ok(());
        }
        let (bus, name) = split(&self.desired.name);
        let put = || {
            let call = self.aws.events().put_targets().event_bus_name(bus).rule(name);
            let call = call.set_targets(Some(targets.clone()));
            async move {
                let answer = self.aws.call("events", "PutTargets", call.send()).await?;
                let failed = answer.failed_entries.unwrap_or_default().into_iter();
                failures("PutTargets", failed.map(|one| (one.target_id, one.error_code, one.error_message)))
            }
        };
        self.aws.patiently(patience(&self.desired.address), put).await
    }
}

/// Removes targets of a rule; those that are gone are fine.
pub async fn remove(aws: &Aws, rule: &str, ids: Vec<String>, address: &Address) -> Result<(), AwsError> {
    if ids.is_empty() {
        return Ok(());
    }
    let (bus, name) = split(rule);
    let remove = || {
        let call = aws.events().remove_targets().event_bus_name(bus).rule(name).set_ids(Some(ids.clone()));
        async move {
            let answer = aws.call("events", "RemoveTargets", call.send()).await?;
            let failed = answer.failed_entries.unwrap_or_default().into_iter();
            let failed = failed.filter(|one| !one.error_code().is_some_and(|code| GONE.contains(&code)));
            failures("RemoveTargets", failed.map(|one| (one.target_id, one.error_code, one.error_message)))
        }
    };
    fine_when(GONE, aws.patiently(patience(address), remove).await)
}

/// A call on several targets succeeds though some of them failed: which, and why, is in the answer.
fn failures(
    operation: &'static str,
    failed: impl Iterator<Item = (Option<String>, Option<String>, Option<String>)>,
) -> Result<(), AwsError> {
    let failed: Vec<_> = failed.collect();
    let Some((_, code, _)) = failed.first() else { return Ok(()) };
    let one = |(id, code, message): &(Option<String>, Option<String>, Option<String>)| {
        let [id, code, message] = [id, code, message].map(|text| text.as_deref().unwrap_or("unknown"));
        format!("target `{id}`: {code}: {message}")
    };
    let message = failed.iter().map(one).collect::<Vec<_>>().join("; ");
    Err(AwsError { code: code.clone(), ..AwsError::refused("events", operation, message) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_failed_of_several_is_told_one_by_one() {
        let text = |text: &str| Some(text.to_owned());
        let failed = [
            (text("billing"), text("ConcurrentModificationException"), text("try again")),
            (text("audit"), text("ValidationException"), None),
        ];
        let error = failures("PutTargets", failed.into_iter()).unwrap_err();
        assert!(error.is(&["ConcurrentModificationException"]));
        let words = "target `billing`: ConcurrentModificationException: try again; target `audit`: ValidationException: unknown";
        assert!(error.to_string().ends_with(words), "{error}");
        assert!(failures("PutTargets", std::iter::empty()).is_ok());
    }
}
