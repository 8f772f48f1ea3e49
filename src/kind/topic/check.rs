//! What must hold between the attributes of one topic: the codes QS601 to QS609.

use super::{CONTENT_BASED_DEDUPLICATION, FIFO, FIFO_THROUGHPUT_SCOPE, SUBSCRIPTIONS, TRACING, is_fifo};
use crate::diagnostic::{Code, Diagnostics};
use crate::kind::queue::FIFO_SUFFIX;
use crate::kind::subscription;
use crate::model::Resource;
use crate::value::Value;

const CREATE: &str = "https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html";
const FIFO_PAGE: &str = "https://docs.aws.amazon.com/sns/latest/dg/sns-fifo-topics.html";

/// A name that SNS refuses.
pub static NAME: Code = Code::error("QS601", "a topic name that SNS refuses")
    .because("A topic name has 1 to 256 letters, digits, `-` and `_`; a FIFO topic's ends in `.fifo`, which counts.")
    .fix("Shorten the name or replace the characters, with `name:` if the logical name is to stay.")
    .see(CREATE);

/// `.fifo` at the end of a standard topic's name.
pub static FIFO_NAME: Code = Code::error("QS602", "a standard topic with the name of a FIFO topic")
    .because("Only FIFO topics may have names that end in `.fifo`.")
    .fix("Add `fifo: true`, or drop the suffix.")
    .see(FIFO_PAGE);

/// An attribute of the other type of topic.
pub static OTHER_TYPE: Code = Code::error("QS603", "an attribute of the other type of topic")
    .because("SNS knows deduplication of FIFO topics alone and active tracing of standard topics alone.")
    .fix("Remove the attribute, or change `fifo`.")
    .see(CREATE);

/// A list of subscriptions in which one is there twice, or names no queue.
pub static SUBSCRIBERS: Code = Code::error("QS604", "a list of subscriptions that cannot be made")
    .because("A queue is subscribed to a topic once: a second subscription of the same two is the first one.")
    .fix("Name one queue in each item; join the filters of two that are the same: a list of values means any of them.")
    .see("https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html");

/// All of them, in order.
pub const CODES: &[&Code] = &[&NAME, &FIFO_NAME, &OTHER_TYPE, &SUBSCRIBERS];

const LONGEST: usize = 256;

/// Checks one complete topic.
pub fn check(topic: &Resource, out: &mut Diagnostics) {
    name(topic, out);
    if topic.is_broken(FIFO.key) {
        return;
    }
    let (others, type_of): (&[_], _) = match is_fifo(topic) {
        true => (&[&TRACING], "FIFO"),
        false => (&[&CONTENT_BASED_DEDUPLICATION, &FIFO_THROUGHPUT_SCOPE], "standard"),
    };
    for row in others.iter().filter(|row| !topic.get(row).is_null()) {
        let message = format!("`{}` is set on `{}`, which is a {type_of} topic", row.key, topic.address);
        out.push(topic.finding(&OTHER_TYPE, row.key, message));
    }
}

fn name(topic: &Resource, out: &mut Diagnostics) {
    // A logical name that cannot be one is told already.
    if topic.is_broken("name") && !topic.spans.contains_key("name") {
        return;
    }
    let name = topic.physical_name();
    let stem = name.strip_suffix(FIFO_SUFFIX).filter(|_| is_fifo(topic) || topic.is_broken(FIFO.key)).unwrap_or(name);
    if stem == name && name.ends_with(FIFO_SUFFIX) {
        let message = format!("`{name}` ends in `.fifo`, but `{}` is a standard topic", topic.address);
        out.push(topic.finding(&FIFO_NAME, "name", message));
        return;
    }
    let odd = stem.chars().find(|c| !(c.is_ascii_alphanumeric() || *c == '-' || *c == '_'));
    let length = name.chars().count();
    let message = match odd {
        Some(odd) => format!("`{name}` has the character `{}`, which a topic name cannot have", odd.escape_debug()),
        None if stem.is_empty() => "the name of a topic cannot be empty".to_owned(),
        None if length > LONGEST => format!("`{name}` is {length} characters long; a topic name has at most {LONGEST}"),
        None => return,
    };
    out.push(topic.finding(&NAME, "name", message));
}

/// Checks the short form before it is expanded: afterwards two of the same are one.
pub fn subscribers(topic: &Resource, out: &mut Diagnostics) {
    let mut seen: Vec<&Value> = Vec::new();
    for (index, item) in topic.get(&SUBSCRIPTIONS).as_list().unwrap_or_default().iter().enumerate() {
        let path = format!("{}.{index}", SUBSCRIPTIONS.key);
        if topic.is_broken(&path) {
            continue;
        }
        let queue = item.get(subscription::QUEUE.key);
        let message = if queue.is_null() {
            format!("`{path}` of `{}` names no queue", topic.address)
        } else if seen.contains(&queue) {
            format!("`{path}` of `{}` subscribes a queue that is subscribed already", topic.address)
        } else {
            seen.push(queue);
            continue;
        };
        out.push(topic.finding(&SUBSCRIBERS, &path, message));
    }
}
