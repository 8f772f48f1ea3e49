//! The alarms of a worker: failed and throttled invocations, invocations near the timeout, and waiting messages.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html>

use std::collections::BTreeMap;

use super::make::{Made, fill, physical_name};
use super::rows;
use crate::kind::{Kind, alarm, function, queue};
use crate::model::{Address, Fact, Ref, Resource, Stack};
use crate::value::Value;

/// How near the timeout an invocation may come.
const NEAR: f64 = 0.8;

/// What one alarm watches.
struct Watch {
    form: &'static str,
    namespace: &'static str,
    metric: &'static str,
    dimension: &'static str,
    of: Value,
    statistic: &'static str,
    threshold: f64,
    period: i64,
    periods: i64,
}

/// Makes the alarms that are not switched off.
pub fn make(worker: &Resource, made: &Made, stack: &mut Stack) {
    let forms = worker.get(&rows::ALARMS).clone();
    if forms == Value::Bool(false) {
        return;
    }
    for watch in watches(made, stack) {
        let settings = match forms.as_map().and_then(|forms| forms.get(watch.form)) {
            None => BTreeMap::new(),
            Some(Value::Map(settings)) => settings.clone(),
            // `false` and nothing both say: none.
            Some(_) => continue,
        };
        make_one(worker, made, &watch, &settings, stack);
    }
}

fn watches(made: &Made, stack: &Stack) -> Vec<Watch> {
    let of_function = |form, metric, statistic, threshold| Watch {
        form,
        namespace: "AWS/Lambda",
        metric,
        dimension: "FunctionName",
        of: Ref::soft(&made.function, Fact::Name),
        statistic,
        threshold,
        period: 300,
        periods: 1,
    };
    let timeout = stack.resources.get(&made.function).and_then(|function| function.get(&function::TIMEOUT).as_float());
    let timeout = timeout.or_else(|| stack.default_of(&function::Function, &function::TIMEOUT).as_float());
    let milliseconds = timeout.unwrap_or_default() * 1_000.0;
    let mut watches = vec![
        of_function("errors", "Errors", "Sum", 1.0),
        of_function("throttles", "Throttles", "Sum", 1.0),
        of_function("duration", "Duration", "Maximum", milliseconds * NEAR),
    ];
    let queue = match &made.queue {
        Value::Null => None,
        Value::Ref(reference) => {
            reference.address().filter(|queue| !has_age_alarm(queue, stack)).map(|queue| Ref::soft(queue, Fact::Name))
        }
        arn => Some(Value::text(arn.plain().rsplit(':').next().unwrap_or_default())),
    };
    watches.extend(queue.map(|queue| Watch {
        form: "age",
        namespace: "AWS/SQS",
        metric: "ApproximateAgeOfOldestMessage",
        dimension: "QueueName",
        of: queue,
        statistic: "Maximum",
        threshold: 900.0,
        period: 60,
        periods: 5,
    }));
    watches
}

/// Tells whether a queue has an alarm on its age: by its own short form, or by the name that this makes.
fn has_age_alarm(queue: &Address, stack: &Stack) -> bool {
    let form = |queue: &Resource| !matches!(queue.get(&queue::QUEUE_ALARMS).get("age"), Value::Null | Value::Bool(_));
    let named = Address::new(alarm::Alarm.name(), format!("{}-age", queue.name));
    stack.resources.get(queue).is_some_and(form) || stack.resources.contains_key(&named)
}

fn make_one(worker: &Resource, made: &Made, watch: &Watch, settings: &BTreeMap<String, Value>, stack: &mut Stack) {
    let function = physical_name(stack, &made.function);
    let path = format!("{}.{}", rows::ALARMS.key, watch.form);
    let alarm = stack.ensure(&alarm::Alarm, &format!("{}-{}", worker.address.name, watch.form), worker);
    alarm.name.get_or_insert_with(|| format!("{function}-{}", watch.form));
    for (key, value) in &worker.tags {
        alarm.tags.entry(key.clone()).or_insert_with(|| value.clone());
    }
    for row in alarm::SHORT_COUNT {
        let Some(value) = settings.get(row.key).filter(|value| !value.is_null()) else { continue };
        let mut value = row.ty.normal(value);
        if let (Value::Float(seconds), "duration") = (&value, watch.form) {
            // People say seconds, the metric is in milliseconds.
            value = Value::Float(seconds * 1_000.0);
        }
        fill(alarm, row, value);
        alarm.spans.extend(worker.spans.get(&format!("{path}.{}", row.key)).map(|span| (row.key.to_owned(), *span)));
    }
    alarm.spans.extend(worker.spans.get(&path).map(|span| (String::new(), *span)));
    let metric = Value::map([
        (alarm::NAMESPACE.key, Value::text(watch.namespace)),
        (alarm::METRIC_NAME.key, Value::text(watch.metric)),
        (alarm::DIMENSIONS.key, Value::map([(watch.dimension, watch.of.clone())])),
    ]);
    let rest = [
        (&alarm::METRIC, metric),
        (&alarm::STATISTIC, Value::text(watch.statistic)),
        (&alarm::THRESHOLD, Value::Float(watch.threshold)),
        (&alarm::COMPARISON, Value::text("GreaterThanOrEqualToThreshold")),
        (&alarm::ALARM_PERIOD, Value::Int(watch.period)),
        (&alarm::EVALUATION_PERIODS, Value::Int(watch.periods)),
        // A function that is not invoked and a queue that is idle publish nothing: that is no trouble.
        (&alarm::MISSING_DATA, Value::text("notBreaching")),
    ];
    for (row, value) in rest {
        fill(alarm, row, value);
    }
}
