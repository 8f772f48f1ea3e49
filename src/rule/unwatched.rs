//! Somebody sees dead letters: an alarm of the stack watches every dead-letter queue.

use std::collections::BTreeSet;

use crate::diagnostic::{Code, Diagnostics};
use crate::kind::{Kind as _, Row, alarm, bus, queue, rule, subscription};
use crate::model::{Address, Ref, Resource, Stack};
use crate::value::Value;

/// Dead letters that nobody sees.
pub static UNWATCHED: Code = Code::warning("QS153", "dead letters that nobody sees")
    .because("A dead letter is a job that was not done; without an alarm it expires unseen.")
    .fix("Add `alarms: {dead_letters: {threshold: 1}}` to the queue.")
    .see("https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/dead-letter-queues-alarms-cloudwatch.html");

/// Reports queues whose dead-letter queue no alarm watches.
pub fn check(stack: &Stack, out: &mut Diagnostics) {
    let watched: BTreeSet<&Address> = alarm::watches(stack).filter_map(|watch| watch.queue).collect();
    // What was meant is not known, so that nothing is said of its absence.
    let wanted =
        |source: &Resource| source.is_broken(queue::QUEUE_ALARMS.key) || source.is_broken("redrive.dead_letter_queue");
    for source in stack.resources.values().filter(|source| !wanted(source)) {
        let Some(Ok(target)) = queue::dead_letter_queue(source) else { continue };
        if watched.contains(target) || *target == source.address || !stack.resources.contains_key(target) {
            continue;
        }
        let message = format!("no alarm watches `{target}`, the dead-letter queue of `{}`", source.address);
        out.push(source.finding(&UNWATCHED, queue::REDRIVE.key, message));
    }
    for (source, path, target) in deliveries(stack) {
        let target = target.as_ref().and_then(Ref::address);
        let Some(target) = target.filter(|target| !watched.contains(target)) else { continue };
        let Some(queue) = stack.resources.get(target) else { continue };
        let message = format!("no alarm watches `{target}`, the dead-letter queue of `{}`", source.address);
        let help = format!("Add `alarms: {{backlog: {{threshold: 1}}}}` to `{}`.", queue.address.name);
        out.push(source.finding(&UNWATCHED, &path, message).help(help));
    }
}

/// Goes through the queues for what cannot be delivered, each with what names it and where.
fn deliveries(stack: &Stack) -> impl Iterator<Item = (&Resource, String, &Value)> {
    let of_kind = |kind: &'static str, row: &'static Row| {
        stack.of_kind(kind).map(move |source| (source, row.key.to_owned(), source.get(row)))
    };
    let subscriptions = of_kind(subscription::Subscription.name(), &subscription::DEAD_LETTER_QUEUE);
    let rules = stack.of_kind(rule::Rule.name()).flat_map(|source| {
        let key = rule::DEAD_LETTER_QUEUE.key;
        rule::targets(source).map(move |(path, target)| (source, format!("{path}.{key}"), target.get(key)))
    });
    subscriptions.chain(rules).chain(of_kind(bus::Bus.name(), &bus::DEAD_LETTER_QUEUE))
}
