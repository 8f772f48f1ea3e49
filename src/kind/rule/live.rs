//! The rule's face towards EventBridge.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_eventbridge::types::{Rule as Listed, RuleState, Target};

use super::convert::reported;
use super::reconcile::{self, Reconcile};
use super::{BUS, DESCRIPTION, ENABLED, PATTERN, Rule, SCHEDULE, SENDER, TARGETS, split};
use crate::backend::aws::Aws;
use crate::error::{AwsError, fine_when};
use crate::expand::ADDRESS_TAG;
use crate::kind::bus::{GONE, change_tags, named, patience, read_tags, tags};
use crate::kind::function::permission;
use crate::kind::{Desired, Facts, Found, Kind, Live, Row, Sweep, bus, function, queue};
use crate::model::Address;
use crate::plan::Change;
use crate::value::Value;

#[async_trait]
impl Live for Rule {
    /// `ListRules` reads 100 a call, of one bus; the targets and tags of those of the stack are then read side by side.
    async fn read(&self, aws: &Aws, sweep: &Sweep) -> Result<Vec<Found>, AwsError> {
        let told = named(aws, sweep, self).await?;
        let listed = match &told {
            Some(arns) => {
                let owned = arns.iter().filter_map(|arn| self.name_in_arn(arn)).map(str::to_owned);
                let names: BTreeSet<String> = owned.chain(sweep.names()).collect();
                let listed = aws.each(prefixes(&names), |aws, (bus, prefix)| list(aws, bus, prefix)).await?;
                let listed = listed.into_iter().flatten();
                listed.filter(|one| names.contains(full_name(one).as_str())).collect()
            }
            None => {
                let buses = bus::all(aws).await?;
                let listed = aws.each(buses, |aws, bus| list(aws, bus, None)).await?;
                listed.into_iter().flatten().collect::<Vec<_>>()
            }
        };
        let sweep = Arc::new(sweep.clone());
        aws.each(listed, |aws, one| read_one(aws, Arc::clone(&sweep), one)).await
    }

    /// Rules belong to the queues and functions that they bring events to; a bus has rules of all sorts.
    async fn belonging(&self, aws: &Aws, found: &[Found]) -> Result<BTreeSet<String>, AwsError> {
        let kinds = [queue::Queue.name(), function::Function.name()];
        let targets = found.iter().filter(|one| kinds.contains(&one.kind.name())).map(|one| one.arn.clone());
        let targets: Vec<String> = targets.collect();
        if targets.is_empty() {
            return Ok(BTreeSet::new());
        }
        let buses = bus::all(aws).await?;
        let pairs = targets.iter().flat_map(|arn| buses.iter().map(move |bus| (arn.clone(), bus.clone())));
        let named = aws.each(pairs.collect::<Vec<_>>(), |aws, (arn, bus)| names_by_target(aws, arn, bus)).await?;
        Ok(named.into_iter().flatten().collect())
    }

    /// The tags come with the first call: what an interrupted apply left out is an update of the next plan.
    async fn create(&self, aws: &Aws, desired: &Desired) -> Result<Facts, AwsError> {
        put(aws, desired, true).await?;
        Reconcile { aws, desired }.put(&[], &permission::Policies::new()).await?;
        Ok(Facts::new())
    }

    async fn update(&self, aws: &Aws, desired: &Desired, found: &Found, changes: &[Change]) -> Result<(), AwsError> {
        let differs = |row: &Row| changes.iter().any(|change| !change.is_tag() && change.key == row.key);
        if [&DESCRIPTION, &PATTERN, &SCHEDULE, &ENABLED].into_iter().any(differs) {
            put(aws, desired, false).await?;
        }
        if differs(&TARGETS) {
            let there = targets(aws, &found.name).await?;
            Reconcile { aws, desired }.update(&there).await?;
        }
        change_tags(aws, desired, found, changes).await
    }

    /// A rule with targets cannot be deleted; what lets it invoke functions goes first, while it still tells which.
    async fn delete(&self, aws: &Aws, found: &Found, _consent: bool) -> Result<(), AwsError> {
        let logical = found.tags.get(ADDRESS_TAG).and_then(|tag| tag.split_once('.')).map(|(_, name)| name);
        let address = Address::new(self.name(), logical.unwrap_or(&found.name));
        let there = targets(aws, &found.name).await?;
        let is_its = |one: &permission::Statement| one.source == found.arn;
        permission::forget(aws, SENDER.service, functions(&there), is_its, &address).await?;
        let ids = there.into_iter().map(|target| target.id).collect();
        reconcile::remove(aws, &found.name, ids, &address).await?;
        let (bus, name) = split(&found.name);
        let delete = || {
            let call = aws.events().delete_rule().event_bus_name(bus).name(name);
            aws.call("events", "DeleteRule", call.send())
        };
        let patience = patience(&address).wait_for_text("since it has targets", "its targets are not gone yet", 60);
        fine_when(GONE, aws.patiently(patience, delete).await)
    }
}

/// The functions among targets.
pub fn functions(targets: &[Target]) -> impl Iterator<Item = String> {
    targets.iter().map(Target::arn).filter(|arn| arn.contains(":lambda:")).map(str::to_owned)
}

/// The buses of rules, each with what all names on it begin with: a bus may have hundreds of rules.
fn prefixes(names: &BTreeSet<String>) -> BTreeMap<String, Option<String>> {
    let mut prefixes: BTreeMap<String, String> = BTreeMap::new();
    for (bus, name) in names.iter().map(|name| split(name)) {
        let prefix = prefixes.entry(bus.to_owned()).or_insert_with(|| name.to_owned());
        let common = prefix.chars().zip(name.chars()).take_while(|(one, other)| one == other);
        *prefix = common.map(|(one, _)| one).collect();
    }
    prefixes.into_iter().map(|(bus, prefix)| (bus, Some(prefix).filter(|prefix| !prefix.is_empty()))).collect()
}

/// The physical name of a rule that is listed.
fn full_name(listed: &Listed) -> String {
    let name = listed.arn().and_then(|arn| Rule.name_in_arn(arn));
    name.or(listed.name()).unwrap_or_default().to_owned()
}

/// Lists the rules of a bus; a bus that is not there has none.
async fn list(aws: Aws, bus: String, prefix: Option<String>) -> Result<Option<Vec<Listed>>, AwsError> {
    let mut listed = Vec::new();
    let mut token = None;
    loop {
        let call = aws.events().list_rules().event_bus_name(&bus).set_name_prefix(prefix.clone());
        let page = match aws.call("events", "ListRules", call.set_next_token(token).send()).await {
            Err(error) if error.is(GONE) => return Ok(None),
            other => other?,
        };
        listed.extend(page.rules.unwrap_or_default());
        token = page.next_token.filter(|token| !token.is_empty());
        if token.is_none() {
            return Ok(Some(listed));
        }
    }
}

/// Names the rules of one bus that have a target.
async fn names_by_target(aws: Aws, arn: String, bus: String) -> Result<Option<Vec<String>>, AwsError> {
    let mut names = Vec::new();
    let mut token = None;
    loop {
        let call = aws.events().list_rule_names_by_target().target_arn(&arn).event_bus_name(&bus);
        let page = match aws.call("events", "ListRuleNamesByTarget", call.set_next_token(token).send()).await {
            Err(error) if error.is(GONE) => return Ok(None),
            other => other?,
        };
        let of_bus = |name: String| if bus == bus::DEFAULT { name } else { format!("{bus}/{name}") };
        names.extend(page.rule_names.unwrap_or_default().into_iter().map(of_bus));
        token = page.next_token.filter(|token| !token.is_empty());
        if token.is_none() {
            return Ok(Some(names));
        }
    }
}

/// Reads what belongs to one rule; one that nobody named only if it carries the tag of a stack that is swept.
async fn read_one(aws: Aws, sweep: Arc<Sweep>, listed: Listed) -> Result<Option<Found>, AwsError> {
    let name = full_name(&listed);
    let arn = listed.arn().unwrap_or_default().to_owned();
    let tags = read_tags(&aws, &arn);
    let (tags, targets) = if sweep.wants(&name) {
        futures::try_join!(tags, targets(&aws, &name))?
    } else {
        match tags.await? {
            Some(tags) if sweep.owns(&tags) => (Some(tags), targets(&aws, &name).await?),
            _ => return Ok(None),
        }
    };
    let Some(tags) = tags else { return Ok(None) };
    let policies = permission::read(&aws, SENDER.service, functions(&targets)).await?;
    let (bus, _) = split(&name);
    let bus_arn = (bus != bus::DEFAULT).then_some(bus::Bus.arn(bus, aws.place().await?));
    let attributes = reported(&listed, bus_arn, &targets, &policies);
    Ok(Some(Found { kind: &Rule, name, arn, attributes, tags, facts: BTreeMap::new(), holds: None }))
}

/// Reads the targets of a rule; one that is gone has none.
async fn targets(aws: &Aws, name: &str) -> Result<Vec<Target>, AwsError> {
    let (bus, name) = split(name);
    let mut targets = Vec::new();
    let mut token = None;
    loop {
        let call = aws.events().list_targets_by_rule().event_bus_name(bus).rule(name).set_next_token(token);
        let page = match aws.call("events", "ListTargetsByRule", call.send()).await {
            Err(error) if error.is(GONE) => return Ok(targets),
            other => other?,
        };
        targets.extend(page.targets.unwrap_or_default());
        token = page.next_token.filter(|token| !token.is_empty());
        if token.is_none() {
            return Ok(targets);
        }
    }
}

/// Makes the rule, or says anew all that it is: what is left out of a call is no more. Tags are taken of a new one alone.
async fn put(aws: &Aws, desired: &Desired, is_new: bool) -> Result<(), AwsError> {
    let (bus, name) = split(&desired.name);
    let text = |row: &Row| desired.get(row).as_text().map(str::to_owned);
    let pattern = Some(desired.get(&PATTERN)).filter(|pattern| !PATTERN.ty.normal(pattern).is_null());
    let state = if desired.get(&ENABLED) == &Value::Bool(false) { RuleState::Disabled } else { RuleState::Enabled };
    let tags = is_new.then(|| tags(&desired.tags)).transpose()?;
    let put = || {
        let call = aws.events().put_rule().name(name).set_description(text(&DESCRIPTION)).state(state.clone());
        let call = call.set_event_bus_name(Some(bus.to_owned()).filter(|_| !desired.get(&BUS).is_null()));
        let call = call.set_event_pattern(pattern.map(|pattern| pattern.to_json().to_string()));
        let call = call.set_schedule_expression(text(&SCHEDULE)).set_tags(tags.clone());
        aws.call("events", "PutRule", call.send())
    };
    aws.patiently(patience(&desired.address), put).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bus_is_asked_for_what_its_rules_names_have_in_common() {
        let names = ["nightly", "shop/orders-paid", "shop/orders-sent", "aws.partner/x/y/all", "hourly"];
        let read = prefixes(&names.into_iter().map(str::to_owned).collect());
        let said: Vec<_> = read.iter().map(|(bus, prefix)| (bus.as_str(), prefix.as_deref())).collect();
        assert_eq!(said, [("aws.partner/x/y", Some("all")), ("default", None), ("shop", Some("orders-"))]);
    }
}
