//! The subscription's face towards SNS.
//!
//! SNS names subscriptions by an id; here topic and queue are the name, and the id is read from the ARN.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use async_trait::async_trait;

use super::convert::{in_order, reported, to_sns};
use super::{ATTRIBUTES, FILTER_SCOPE, QUEUE, Subscription, TOPIC, last, name};
use crate::backend::aws::{Aws, Patience};
use crate::error::{AwsError, fine_when};
use crate::kind::{Desired, Facts, Found, Kind, Live, Sweep, queue, topic};
use crate::plan::Change;

const GONE: &[&str] = &["NotFound", "NotFoundException"];

/// What SNS has of one subscription before its attributes are asked for.
#[derive(Clone)]
struct Listed {
    name: String,
    arn: String,
    topic: String,
    queue: String,
}

#[async_trait]
impl Live for Subscription {
    /// `ListSubscriptions` reads 100 a call, whosever they are; those of the stack are then read side by side.
    async fn read(&self, aws: &Aws, sweep: &Sweep) -> Result<Vec<Found>, AwsError> {
        // An endpoint of one's own has the topics of no other account: without any, nothing is subscribed.
        if !aws.lists_every_tag() && sweep.names().is_empty() && topic::all(aws).await?.is_empty() {
            return Ok(Vec::new());
        }
        let mut listed = list(aws).await?;
        // An account without subscriptions is the rule for a stack of queues alone: one call tells.
        if listed.is_empty() {
            return Ok(Vec::new());
        }
        if aws.lists_every_tag() {
            let owned = aws.tagged(sweep, queue::Queue.tag_type()).await?;
            listed.retain(|one| sweep.wants(&one.name) || owned.contains_key(&one.queue));
        }
        let owners = owners(aws, sweep, &listed).await?;
        let open = listed.into_iter().filter_map(|one| {
            let owner = owner(&one, sweep, &owners).map(|owner| (sweep.tag.clone(), owner));
            (sweep.wants(&one.name) || owner.is_some()).then_some((one, owner))
        });
        aws.each(open.collect::<Vec<_>>(), |aws, (one, owner)| read_one(aws, one, owner)).await
    }

    /// Subscriptions belong to their queues; a topic has subscribers of all sorts, and belongs to none of them.
    async fn belonging(&self, aws: &Aws, found: &[Found]) -> Result<BTreeSet<String>, AwsError> {
        let queues: BTreeSet<&str> =
            found.iter().filter(|one| one.kind.name() == queue::Queue.name()).map(|one| one.arn.as_str()).collect();
        if queues.is_empty() {
            return Ok(BTreeSet::new());
        }
        let listed = list(aws).await?.into_iter();
        Ok(listed.filter(|one| queues.contains(one.queue.as_str())).map(|one| one.name).collect())
    }

    async fn create(&self, aws: &Aws, desired: &Desired) -> Result<Facts, AwsError> {
        let set = in_order(true).into_iter().filter(|row| !desired.get(row).is_null());
        let set = set.filter_map(|row| Some((row.api.to_owned(), to_sns(row, desired.get(row))?)));
        let attributes: HashMap<String, String> = set.collect();
        let patience = Patience::new(&desired.address)
            // A queue is usable about 1 s after its creation, and SNS looks for the one of undeliverable messages.
            .wait_for_text("does not exist", "its queue or topic is not visible yet", 60);
        let answer = aws
            .patiently(patience, || {
                let call = aws.sns().subscribe().protocol(PROTOCOL).return_subscription_arn(true);
                let call = call.topic_arn(desired.get(&TOPIC).plain()).endpoint(desired.get(&QUEUE).plain());
                aws.call("sns", "Subscribe", call.set_attributes(Some(attributes.clone())).send())
            })
            .await?;
        // Nothing of ours: SNS asks the owner of a queue in another account, in a message to the queue.
        if desired.get(&QUEUE).plain().split(':').nth(4) != desired.arn.split(':').nth(4) {
            let arn = answer.subscription_arn.unwrap_or_default();
            let waits = read_attributes(aws, &arn).await?.is_none_or(|one| is_pending(&one));
            if waits {
                let words = "the queue is of another account, which has to confirm: subscribe it from there";
                return Err(AwsError::refused("sns", "Subscribe", words.to_owned()));
            }
        }
        Ok(Facts::new())
    }

    /// SNS sets one attribute a call.
    async fn update(&self, aws: &Aws, desired: &Desired, found: &Found, changes: &[Change]) -> Result<(), AwsError> {
        let to_attributes = desired.get(&FILTER_SCOPE).as_text().is_none_or(|scope| scope == ATTRIBUTES);
        for row in in_order(to_attributes) {
            // Without a filter there is no scope to set.
            let no_scope = row.key == FILTER_SCOPE.key && desired.get(row).is_null();
            if no_scope || !changes.iter().any(|change| !change.is_tag() && change.key == row.key) {
                continue;
            }
            let call = aws.sns().set_subscription_attributes().subscription_arn(&found.arn).attribute_name(row.api);
            let call = call.set_attribute_value(to_sns(row, desired.get(row)));
            aws.call("sns", "SetSubscriptionAttributes", call.send()).await?;
        }
        Ok(())
    }

    async fn delete(&self, aws: &Aws, found: &Found, _consent: bool) -> Result<(), AwsError> {
        let call = aws.sns().unsubscribe().subscription_arn(&found.arn);
        fine_when(GONE, aws.call("sns", "Unsubscribe", call.send()).await)
    }
}

const PROTOCOL: &str = "sqs";

/// Lists the subscriptions of queues; one that nobody has confirmed has no ARN, and delivers nothing.
async fn list(aws: &Aws) -> Result<Vec<Listed>, AwsError> {
    let mut listed = Vec::new();
    let mut token = None;
    loop {
        let call = aws.sns().list_subscriptions().set_next_token(token);
        let page = aws.call("sns", "ListSubscriptions", call.send()).await?;
        let of_queues = page.subscriptions.unwrap_or_default().into_iter();
        let of_queues = of_queues.filter(|one| one.protocol() == Some(PROTOCOL));
        listed.extend(of_queues.filter_map(|one| {
            let (arn, topic, queue) = (one.subscription_arn?, one.topic_arn?, one.endpoint?);
            let name = name(last(&topic), last(&queue));
            arn.starts_with("arn:").then_some(Listed { name, arn, topic, queue })
        }));
        token = page.next_token.filter(|token| !token.is_empty());
        if token.is_none() {
            return Ok(listed);
        }
    }
}

/// Reads which stacks own the topics and queues, by ARN; what the tagging API knows is not asked for again.
async fn owners(aws: &Aws, sweep: &Sweep, listed: &[Listed]) -> Result<BTreeMap<String, String>, AwsError> {
    let arns: BTreeSet<&str> = listed.iter().flat_map(|one| [one.topic.as_str(), one.queue.as_str()]).collect();
    let mut owners = BTreeMap::new();
    for kind in [&topic::Topic as &dyn Kind, &queue::Queue] {
        let tagged = aws.tagged(sweep, kind.tag_type()).await?.iter();
        owners.extend(tagged.filter_map(|(arn, tags)| Some((arn.clone(), tags.get(&sweep.tag)?.clone()))));
    }
    let open: Vec<String> = arns.into_iter().filter(|arn| !owners.contains_key(*arn)).map(str::to_owned).collect();
    let tag: Arc<str> = sweep.tag.as_str().into();
    let read = |aws: Aws, arn: String| read_owner(aws, Arc::clone(&tag), arn);
    let read: Vec<(String, String)> = aws.each(open, read).await?;
    owners.extend(read);
    Ok(owners)
}

/// Asks whose a topic or queue is; of another account's or Region's it is not told.
async fn read_owner(aws: Aws, tag: Arc<str>, arn: String) -> Result<Option<(String, String)>, AwsError> {
    let place = aws.place().await?;
    let mut parts = arn.split(':').skip(3);
    if (parts.next(), parts.next()) != (Some(place.region.as_str()), Some(place.account.as_str())) {
        return Ok(None);
    }
    let tags = match topic::Topic.name_in_arn(&arn) {
        Some(_) => topic::read_tags(&aws, &arn).await?,
        None => queue::read_tags_of(&aws, last(&arn)).await?,
    };
    Ok(tags.and_then(|mut tags| tags.remove(&*tag)).map(|owner| (arn, owner)))
}

/// The stack that a subscription belongs to: one that names it and owns an end of it; else the one that owns its queue.
fn owner(one: &Listed, sweep: &Sweep, owners: &BTreeMap<String, String>) -> Option<String> {
    let ends = [owners.get(&one.queue), owners.get(&one.topic)];
    let names = |stack: &&String| sweep.wanted.get(*stack).is_some_and(|names| names.contains(&one.name));
    let named = ends.into_iter().flatten().find(names);
    // The topic's stack does not know what others subscribe: that is not for it to remove.
    named.or_else(|| ends[0].filter(|stack| sweep.wanted.contains_key(*stack))).cloned()
}

async fn read_one(aws: Aws, one: Listed, owner: Option<(String, String)>) -> Result<Option<Found>, AwsError> {
    let Some(attributes) = read_attributes(&aws, &one.arn).await?.filter(|attributes| !is_pending(attributes)) else {
        return Ok(None);
    };
    let tags = owner.into_iter().collect();
    let attributes = reported(&one.topic, &one.queue, &attributes);
    let Listed { name, arn, .. } = one;
    Ok(Some(Found { kind: &Subscription, name, arn, attributes, tags, facts: BTreeMap::new(), holds: None }))
}

async fn read_attributes(aws: &Aws, arn: &str) -> Result<Option<HashMap<String, String>>, AwsError> {
    let call = aws.sns().get_subscription_attributes().subscription_arn(arn);
    match aws.call("sns", "GetSubscriptionAttributes", call.send()).await {
        Err(error) if error.is(GONE) => Ok(None),
        other => other.map(|answer| Some(answer.attributes.unwrap_or_default())),
    }
}

fn is_pending(attributes: &HashMap<String, String>) -> bool {
    attributes.get("PendingConfirmation").is_some_and(|pending| pending == "true")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What stacks name, who owns which end, and whose it is.
    type Case<'a> = (&'a [(&'a str, &'a [&'a str])], &'a [(&'a str, &'a str)], Option<&'a str>);

    #[test]
    fn a_subscription_belongs_to_who_names_it_or_owns_its_queue() {
        let one = Listed { name: "q/sqs/t".into(), arn: String::new(), topic: "t".into(), queue: "q".into() };
        let swept = |stacks: &[(&str, &[&str])]| {
            let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
            Sweep::of_stacks(stacks.iter().map(|(stack, named)| ((*stack).to_owned(), names(named))).collect())
        };
        let named: &[&str] = &["q/sqs/t"];
        let table: &[Case] = &[
            (&[("a", named)], &[("t", "a")], Some("a")),
            (&[("a", named)], &[("q", "a"), ("t", "b")], Some("a")),
            (&[("a", named)], &[("q", "b"), ("t", "a")], Some("a")),
            // What others subscribe to a topic of the stack is theirs.
            (&[("a", &[])], &[("q", "b"), ("t", "a")], None),
            (&[("a", &[])], &[("t", "a")], None),
            // What the stack no longer names, of a queue of its own.
            (&[("a", &[])], &[("q", "a"), ("t", "b")], Some("a")),
            (&[("a", named)], &[("q", "b"), ("t", "b")], None),
            (&[("a", &[]), ("b", named)], &[("q", "a"), ("t", "b")], Some("b")),
        ];
        for (stacks, ends, expected) in table {
            let owners = ends.iter().map(|(end, stack)| ((*end).to_owned(), (*stack).to_owned())).collect();
            assert_eq!(owner(&one, &swept(stacks), &owners).as_deref(), *expected, "{stacks:?} {ends:?}");
        }
    }
}
