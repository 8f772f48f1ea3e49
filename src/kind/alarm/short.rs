//! The short forms of a queue, `alarms: {dead_letters: …, backlog: …, age: …}`: each becomes an alarm like any other.

use std::collections::BTreeMap;

use super::{
    Alarm, COMPARISON, DIMENSIONS, EVALUATION_PERIODS, METRIC, METRIC_NAME, MISSING_DATA, NAMESPACE, ROWS, STATISTIC,
    THRESHOLD, codes,
};
use crate::diagnostic::Diagnostics;
use crate::kind::queue;
use crate::model::{Fact, Ref, Resource, Stack};
use crate::value::Value;

/// Makes the alarm that a queue's short form `form` asks for.
pub fn on_queue(
    form: &'static str,
    settings: &BTreeMap<String, Value>,
    queue: &Resource,
    stack: &mut Stack,
    out: &mut Diagnostics,
) {
    let path = format!("alarms.{form}");
    let itself = || Ref::soft(&queue.address, Fact::Name);
    let (watched, metric, threshold, periods) = match form {
        "dead_letters" => {
            // Redriven messages do not count as sent: the depth is the one metric that sees them.
            let watched = match queue::dead_letter_queue(queue) {
                Some(Ok(address)) => Ref::soft(address, Fact::Name),
                Some(Err(arn)) => Value::text(arn.rsplit(':').next().unwrap_or(arn)),
                None if queue.is_broken(queue::REDRIVE.key) => return,
                None => {
                    let message = format!("`{}` has no dead-letter queue to alarm on", queue.address);
                    out.push(queue.finding(&codes::NO_DEAD_LETTERS, &path, message));
                    return;
                }
            };
            (watched, "ApproximateNumberOfMessagesVisible", Some(1), 1)
        }
        "backlog" => (itself(), "ApproximateNumberOfMessagesVisible", Some(1_000), 5),
        _ => (itself(), "ApproximateAgeOfOldestMessage", Some(900), 5),
    };
    let suffix = form.replace('_', "-");
    let alarm = stack.ensure(&Alarm, &format!("{}-{suffix}", queue.address.name), queue);
    alarm.name.get_or_insert_with(|| format!("{}-{suffix}", queue.physical_name()));
    for row in ROWS {
        if let Some(value) = settings.get(row.key).filter(|value| !value.is_null()) {
            alarm.fill(row, row.ty.normal(value));
        }
    }
    adopt_spans(alarm, queue, &path);
    alarm.fill(
        &METRIC,
        Value::map([
            (NAMESPACE.key, Value::text("AWS/SQS")),
            (METRIC_NAME.key, Value::text(metric)),
            (DIMENSIONS.key, Value::map([("QueueName", watched)])),
        ]),
    );
    alarm.fill(&STATISTIC, Value::text("Maximum"));
    alarm.fill(&THRESHOLD, threshold.map_or(Value::Null, |number: i32| Value::Float(number.into())));
    alarm.fill(&COMPARISON, Value::text("GreaterThanOrEqualToThreshold"));
    alarm.fill(&EVALUATION_PERIODS, Value::Int(periods));
    // SQS stops publishing for a queue that was idle for six hours: no data then means no messages.
    alarm.fill(&MISSING_DATA, Value::text("notBreaching"));
}

/// Lets what is said of the alarm point at the short form; what the user wrote of the alarm itself stays.
fn adopt_spans(alarm: &mut Resource, queue: &Resource, path: &str) {
    if alarm.made_by.is_some() {
        alarm.spans.extend(queue.spans.get(path).map(|span| (String::new(), *span)));
    }
    let inside = format!("{path}.");
    for (written, span) in &queue.spans {
        if let Some(key) = written.strip_prefix(&inside) {
            alarm.spans.entry(key.to_owned()).or_insert(*span);
        }
    }
    alarm.broken.extend(queue.broken.iter().filter_map(|broken| broken.strip_prefix(&inside)).map(str::to_owned));
}
