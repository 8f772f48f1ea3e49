//! Somebody sees dead letters: an alarm of the stack watches every dead-letter queue.

use std::collections::BTreeSet;

use crate::diagnostic::{Code, Diagnostics};
use crate::kind::{Kind as _, alarm, queue, subscription};
use crate::model::{Address, Ref, Resource, Stack};

/// Dead letters that nobody sees.
pub static UNWATCHED: Code = Code::warning("QS153", "dead letters that nobody sees")
    .because("A dead letter is a job that was not done; without an alarm it expires unseen.")
    .fix("Add `alarms: {dead_letters: {threshold: 1}}` to the queue.")
    .see("https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/dead-letter-queues-alarms-cloudwatch.html");

/// Reports queues whose dead-letter queue no alarm watches.
pub fn check(stack: &Stack, out: &mut Diagnostics) {
    let watched: BTreeSet<&Address> = alarm::watches(stack).filter_map(|watch| watch.queue).collect();
    let wanted = |source: &Resource| source.is_broken(queue::QUEUE_ALARMS.key);
    for source in stack.resources.values().filter(|source| !wanted(source)) {
        let Some(Ok(target)) = queue::dead_letter_queue(source) else { continue };
        if watched.contains(target) || *target == source.address || !stack.resources.contains_key(target) {
            continue;
        }
        let message = format!("no alarm watches `{target}`, the dead-letter queue of `{}`", source.address);
        out.push(source.finding(&UNWATCHED, queue::REDRIVE.key, message));
    }
    for source in stack.of_kind(subscription::Subscription.name()) {
        let target = source.get(&subscription::DEAD_LETTER_QUEUE).as_ref().and_then(Ref::address);
        let Some(target) = target.filter(|target| !watched.contains(target)) else { continue };
        let Some(queue) = stack.resources.get(target) else { continue };
        let message = format!("no alarm watches `{target}`, the dead-letter queue of `{}`", source.address);
        let help = format!("Add `alarms: {{backlog: {{threshold: 1}}}}` to `{}`.", queue.address.name);
        out.push(source.finding(&UNWATCHED, subscription::DEAD_LETTER_QUEUE.key, message).help(help));
    }
}
