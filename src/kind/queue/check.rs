//! What must hold between the attributes of one queue. One function, one fact.

use super::{
    CONTENT_BASED_DEDUPLICATION, DEAD_LETTER_QUEUE, DEDUPLICATION_SCOPE, DELAY, FIFO, KMS_DATA_KEY_REUSE, KMS_KEY,
    MAX_RECEIVE_COUNT, MESSAGE_RETENTION, RECEIVE_WAIT_TIME, REDRIVE, REDRIVE_ALLOW, REDRIVE_PERMISSION, SOURCE_QUEUES,
    SQS_MANAGED_SSE, THROUGHPUT_LIMIT, VISIBILITY_TIMEOUT, access, codes, is_fifo,
};
use crate::diagnostic::Diagnostics;
use crate::kind::fifo::Names;
use crate::kind::{Arn, Row};
use crate::model::Resource;
use crate::value::{Unit, Value};

/// One fact about a queue.
type Check = fn(&Resource, &mut Diagnostics);

const CHECKS: &[Check] = &[
    name,
    fifo_attributes,
    throughput,
    encryption,
    times,
    polling,
    receive_count,
    dead_letter_arn,
    redrive_allow,
    access::check,
];

/// Checks one complete queue.
pub fn check(queue: &Resource, out: &mut Diagnostics) {
    for check in CHECKS {
        check(queue, out);
    }
}

fn seconds(queue: &Resource, row: &Row) -> Option<i64> {
    queue.get(row).as_int()
}

/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html>
const NAMES: Names = Names { noun: "queue", longest: 80, refused: &codes::NAME, suffix: &codes::FIFO_NAME };

fn name(queue: &Resource, out: &mut Diagnostics) {
    NAMES.check(queue, (!queue.is_broken(FIFO.key)).then(|| is_fifo(queue)), out);
}

fn fifo_attributes(queue: &Resource, out: &mut Diagnostics) {
    if is_fifo(queue) || queue.is_broken(FIFO.key) {
        return;
    }
    for row in [&CONTENT_BASED_DEDUPLICATION, &DEDUPLICATION_SCOPE, &THROUGHPUT_LIMIT] {
        if !queue.get(row).is_null() {
            let message = format!("`{}` is set on `{}`, which is a standard queue", row.key, queue.address);
            out.push(queue.finding(&codes::FIFO_ONLY, row.key, message));
        }
    }
}

fn throughput(queue: &Resource, out: &mut Diagnostics) {
    let per_group = queue.get(&THROUGHPUT_LIMIT).as_text() == Some("perMessageGroupId");
    let scope = queue.get(&DEDUPLICATION_SCOPE);
    if is_fifo(queue) && per_group && scope.as_text() != Some("messageGroup") {
        let scope = DEDUPLICATION_SCOPE.ty.show(scope);
        let message = format!("`{}` limits throughput per message group and deduplicates per {scope}", queue.address);
        out.push(queue.finding(&codes::THROUGHPUT_SCOPE, THROUGHPUT_LIMIT.key, message));
    }
}

fn encryption(queue: &Resource, out: &mut Diagnostics) {
    let key = queue.get(&KMS_KEY);
    if queue.is_broken(KMS_KEY.key) {
        return;
    }
    if !key.is_null() && queue.get(&SQS_MANAGED_SSE).as_bool() == Some(true) {
        let message = format!("`{}` sets `kms_key` and `sqs_managed_sse: true`", queue.address);
        out.push(queue.finding(&codes::TWO_ENCRYPTIONS, SQS_MANAGED_SSE.key, message));
    }
    if key.as_text().is_some_and(|text| !is_key(text)) {
        let message = format!("`kms_key` of `{}` is `{}`", queue.address, key.plain());
        out.push(queue.finding(&codes::BAD_KEY, KMS_KEY.key, message));
    }
    if key.is_null() && !queue.get(&KMS_DATA_KEY_REUSE).is_null() {
        let message = format!("`{}` sets `kms_data_key_reuse` without `kms_key`", queue.address);
        out.push(queue.finding(&codes::REUSE_WITHOUT_KEY, KMS_DATA_KEY_REUSE.key, message));
    }
}

fn times(queue: &Resource, out: &mut Diagnostics) {
    let show = |number| Unit::Seconds.format(number);
    let Some(retention) = seconds(queue, &MESSAGE_RETENTION) else { return };
    let kept = format!("`{}` keeps messages for {}", queue.address, show(retention));
    if let Some(delay) = seconds(queue, &DELAY).filter(|delay| *delay >= retention) {
        let message = format!("{kept} and delays them by {}", show(delay));
        out.push(queue.finding(&codes::EXPIRES_UNSEEN, DELAY.key, message));
    }
    let Some(hidden) = seconds(queue, &VISIBILITY_TIMEOUT) else { return };
    if hidden >= retention {
        let message = format!("{kept} and hides a received one for {}", show(hidden));
        out.push(queue.finding(&codes::EXPIRES_HIDDEN, VISIBILITY_TIMEOUT.key, message));
    }
    if hidden == 0 && !queue.get(&REDRIVE).is_null() {
        let message = format!("`{}` has a visibility timeout of 0s and a dead-letter queue", queue.address);
        out.push(queue.finding(&codes::NO_VISIBILITY, VISIBILITY_TIMEOUT.key, message));
    }
}

fn polling(queue: &Resource, out: &mut Diagnostics) {
    if seconds(queue, &RECEIVE_WAIT_TIME) == Some(0) {
        let message = format!("receives from `{}` do not wait for messages", queue.address);
        out.push(queue.finding(&codes::SHORT_POLLING, RECEIVE_WAIT_TIME.key, message));
    }
}

fn receive_count(queue: &Resource, out: &mut Diagnostics) {
    let path = "redrive.max_receive_count";
    let redrive = queue.get(&REDRIVE);
    if redrive.is_null() || queue.is_broken(path) {
        return;
    }
    match redrive.get(MAX_RECEIVE_COUNT.key).as_int() {
        None => {
            let message = format!("`redrive` of `{}` has no `max_receive_count`", queue.address);
            out.push(queue.finding(&codes::NO_RECEIVE_COUNT, REDRIVE.key, message));
        }
        Some(count) if count < 3 => {
            let times = if count == 1 { "1 receive" } else { "2 receives" };
            let message = format!("a message of `{}` is a dead letter after {times}", queue.address);
            out.push(queue.finding(&codes::LOW_RECEIVE_COUNT, path, message));
        }
        Some(_) => {}
    }
}

fn dead_letter_arn(queue: &Resource, out: &mut Diagnostics) {
    queue_arn(queue, "redrive.dead_letter_queue", queue.get(&REDRIVE).get(DEAD_LETTER_QUEUE.key), out);
}

/// Reports a text that should be a queue's ARN and is not.
fn queue_arn(queue: &Resource, path: &str, value: &Value, out: &mut Diagnostics) {
    let Some(text) = value.as_text() else { return };
    let why = match Arn::parse(text) {
        Err(why) => why,
        Ok(arn) if arn.service != "sqs" => format!("it is an ARN of {}, not of sqs", arn.service),
        Ok(arn) if arn.resource.contains(':') => "it names something within a queue".to_owned(),
        Ok(arn) if arn.region.is_empty() || arn.account.is_empty() => "it has no Region or no account".to_owned(),
        Ok(_) => return,
    };
    let message = format!("`{path}` of `{}` is `{text}`: {why}", queue.address);
    out.push(queue.finding(&codes::BAD_ARN, path, message));
}

fn redrive_allow(queue: &Resource, out: &mut Diagnostics) {
    let allow = queue.get(&REDRIVE_ALLOW);
    if allow.is_null() || queue.is_broken(REDRIVE_ALLOW.key) {
        return;
    }
    let sources = allow.get(SOURCE_QUEUES.key).as_list().unwrap_or_default();
    let (path, message) = match allow.get(REDRIVE_PERMISSION.key).as_text() {
        None => {
            let message = format!("`redrive_allow` of `{}` has no `permission`", queue.address);
            out.push(queue.finding(&codes::REDRIVE_MISSING_PERMISSION, REDRIVE_ALLOW.key, message));
            return;
        }
        Some("byQueue") if sources.is_empty() => {
            ("redrive_allow", format!("`redrive_allow` of `{}` is `by_queue` and lists no queue", queue.address))
        }
        Some(word) if word != "byQueue" && !sources.is_empty() => {
            let word = REDRIVE_PERMISSION.ty.show(&Value::text(word));
            let message = format!("`redrive_allow` of `{}` lists queues beside `{word}`", queue.address);
            ("redrive_allow.source_queues", message)
        }
        Some(_) => {
            for (index, source) in sources.iter().enumerate() {
                queue_arn(queue, &format!("redrive_allow.source_queues.{index}"), source, out);
            }
            return;
        }
    };
    out.push(queue.finding(&codes::REDRIVE_ALLOW_LIST, path, message));
}

/// Tells whether a text can name a KMS key: an id, an alias, or the ARN of either.
/// <https://docs.aws.amazon.com/kms/latest/developerguide/concepts-key-id.html>
fn is_key(text: &str) -> bool {
    let plain = |text: &str, more: &str| {
        !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c))
    };
    let named = |text: &str| match text.split_once('/') {
        Some(("alias", name)) => plain(name, "/_-"),
        Some(("key", id)) => plain(id, "-"),
        _ => false,
    };
    if text.starts_with("arn:") {
        return Arn::parse(text).is_ok_and(|arn| arn.service == "kms" && named(arn.resource));
    }
    plain(text, "-") || (text.starts_with("alias/") && named(text))
}
