//! Alarms on queues watch what they are meant to watch.

use std::collections::BTreeSet;

use crate::diagnostic::{Code, Diagnostics};
use crate::kind::{alarm, queue};
use crate::manifest::nearest;
use crate::model::{Address, Resource, Stack};

const METRICS: &str =
    "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html";
const DLQ: &str = "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/dead-letter-queues-alarms-cloudwatch.html";

/// A metric that does not see dead letters.
pub static SENT_ONLY: Code = Code::warning("QS250", "an alarm that does not see dead letters")
    .because("`NumberOfMessagesSent` counts what senders send; messages that SQS moves to a dead-letter queue are not in it.")
    .fix("Watch `ApproximateNumberOfMessagesVisible`, or use `alarms: {dead_letters: …}` on the source queue.")
    .see(DLQ);

/// Age without depth.
pub static AGE_ALONE: Code = Code::warning("QS251", "an alarm on age with none on depth beside it")
    .because("On a standard queue the age leaves out messages that were received three times or more: those that fail are not seen.")
    .fix("Add `backlog` or `dead_letters` to the queue's `alarms:`.")
    .see(METRICS);

/// A queue that the stack does not have, but nearly.
pub static NEARLY: Code = Code::warning("QS252", "an alarm on a queue that the stack nearly has")
    .because("An alarm on a queue that does not exist gets no data and never goes off.")
    .fix("Use `QueueName: ${queues.<name>.name}`, which cannot be misspelt.")
    .see(METRICS);

/// All of them, in order.
pub const CODES: &[&Code] = &[&SENT_ONLY, &AGE_ALONE, &NEARLY];

const DEPTHS: &[&str] = &["ApproximateNumberOfMessagesVisible", "ApproximateNumberOfMessagesNotVisible"];

/// Reports alarms on queues that would miss what they are for.
pub fn check(stack: &Stack, out: &mut Diagnostics) {
    let targets: BTreeSet<&Address> = stack.resources.values().filter_map(dead_letters).collect();
    let all: Vec<alarm::Watch> = alarm::watches(stack).collect();
    let depth = all.iter().filter(|watch| DEPTHS.contains(&watch.metric));
    let deep: BTreeSet<&Address> = depth.filter_map(|watch| watch.queue).collect();
    let deep = |address: &Address| deep.contains(address);
    for watch in &all {
        let alarm = watch.alarm;
        let Some(watched) = watch.queue else {
            nearly(stack, watch, out);
            continue;
        };
        if watch.metric == "NumberOfMessagesSent" && targets.contains(watched) {
            let message = format!("`{}` watches what is sent to `{watched}`, a dead-letter queue", alarm.address);
            out.push(alarm.finding(&SENT_ONLY, &watch.path("name"), message));
        }
        let source = stack.resources.get(watched).filter(|source| !queue::is_fifo(source));
        let blind = |source: &&Resource| !deep(watched) && !dead_letters(source).is_some_and(deep);
        // A worker's alarm on age stands beside those on its errors and throttles.
        let alone = alarm.made_by.as_ref().is_none_or(|maker| maker.kind == watched.kind);
        if alone && watch.metric == "ApproximateAgeOfOldestMessage" && source.as_ref().is_some_and(blind) {
            let message = format!("`{}` watches the age of `{watched}`, and no alarm its depth", alarm.address);
            out.push(alarm.finding(&AGE_ALONE, &watch.path("name"), message));
        }
    }
}

fn nearly(stack: &Stack, watch: &alarm::Watch, out: &mut Diagnostics) {
    let Some(name) = watch.name else { return };
    let queues = stack.resources.values().filter(|resource| resource.kind.section() == "queues");
    let Some(near) = nearest(name, queues.map(Resource::physical_name)) else { return };
    let message = format!("`{}` watches queue `{name}`, which the stack does not have", watch.alarm.address);
    let help = format!("Did you mean `{near}`?");
    out.push(watch.alarm.finding(&NEARLY, &watch.path("dimensions.QueueName"), message).help(help));
}

/// The dead-letter queue of a queue, when it is one of the stack.
fn dead_letters(source: &Resource) -> Option<&Address> {
    queue::dead_letter_queue(source).and_then(Result::ok)
}
