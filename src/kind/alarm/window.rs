//! When an alarm evaluates and what its actions are told: the younger parts of `PutMetricAlarm`.

use aws_sdk_cloudwatch::types::{
    ActionConfiguration, AlarmPromQlCriteria, AlarmTagsPropagation, EvaluationCriteria, EvaluationWindow,
    WallClockWindow, WarmUpConfiguration,
};

use super::{
    ACTION_TAGS, EVALUATION_WINDOW, PENDING_PERIOD, PROMQL, PROMQL_QUERY, RECOVERY_PERIOD, TAGS_ENABLED, TAGS_EXCLUDED,
    TAGS_INCLUDED, TIMEZONE, WARM_UP, WARM_UP_DURATION, WARM_UP_FULLY, WINDOW_TYPE,
};
use crate::kind::Row;
use crate::model::Resource;
use crate::value::Value;

const WALL_CLOCK: &str = "WallClockWindow";

/// Writes out what CloudWatch takes for granted, so that what it reports compares equal.
pub fn fill(alarm: &mut Resource) {
    let fill = |alarm: &mut Resource, row: &Row, pairs: &[(&Row, Value)]| {
        let Value::Map(mut map) = alarm.get(row).clone() else { return };
        for (key, value) in pairs {
            if map.get(key.key).is_none_or(Value::is_null) {
                map.insert(key.key.to_owned(), value.clone());
            }
        }
        alarm.set(row, Value::Map(map));
    };
    // A sliding window is the absence of another.
    if alarm.get(&EVALUATION_WINDOW).get(WINDOW_TYPE.key).as_text() == Some("SlidingWindow") {
        alarm.set(&EVALUATION_WINDOW, Value::Null);
    }
    fill(alarm, &EVALUATION_WINDOW, &[(&WINDOW_TYPE, Value::text(WALL_CLOCK)), (&TIMEZONE, Value::text("UTC"))]);
    fill(alarm, &WARM_UP, &[(&WARM_UP_FULLY, Value::Bool(false))]);
    fill(alarm, &PROMQL, &[(&PENDING_PERIOD, Value::Int(0)), (&RECOVERY_PERIOD, Value::Int(0))]);
    fill(alarm, &ACTION_TAGS, &[(&TAGS_ENABLED, Value::Bool(true))]);
}

fn int(value: &Value, row: &Row) -> Option<i32> {
    value.get(row.key).as_int().and_then(|number| number.try_into().ok())
}

fn text(value: &Value, row: &Row) -> Option<String> {
    value.get(row.key).as_text().map(str::to_owned)
}

fn texts(value: &Value, row: &Row) -> Option<Vec<String>> {
    let items = value.get(row.key).as_list()?;
    (!items.is_empty()).then(|| items.iter().map(Value::plain).collect())
}

pub fn to_window(value: &Value) -> Option<EvaluationWindow> {
    let window = WallClockWindow::builder().set_timezone(text(value, &TIMEZONE)).build();
    (!value.is_null()).then_some(EvaluationWindow::WallClockWindow(window))
}

pub fn from_window(window: &EvaluationWindow) -> Option<Value> {
    let window = window.as_wall_clock_window().ok()?;
    let zone = window.timezone().unwrap_or("UTC");
    Some(Value::map([(WINDOW_TYPE.key, Value::text(WALL_CLOCK)), (TIMEZONE.key, Value::text(zone))]))
}

pub fn to_warm_up(value: &Value) -> Option<WarmUpConfiguration> {
    let minutes = int(value, &WARM_UP_DURATION)? / 60;
    let fully = value.get(WARM_UP_FULLY.key).as_bool();
    let builder = WarmUpConfiguration::builder().warm_up_period_duration_in_minutes(minutes);
    Some(builder.set_only_start_evaluating_after_warm_up_period_ends(fully).build())
}

pub fn from_warm_up(warm_up: &WarmUpConfiguration) -> Value {
    let minutes = warm_up.warm_up_period_duration_in_minutes().map_or(Value::Null, |m| Value::Int(i64::from(m) * 60));
    let fully = warm_up.only_start_evaluating_after_warm_up_period_ends().unwrap_or(false);
    Value::map([(WARM_UP_DURATION.key, minutes), (WARM_UP_FULLY.key, Value::Bool(fully))])
}

pub fn to_criteria(value: &Value) -> Option<EvaluationCriteria> {
    let criteria = AlarmPromQlCriteria::builder()
        .set_query(text(value, &PROMQL_QUERY))
        .set_pending_period(int(value, &PENDING_PERIOD))
        .set_recovery_period(int(value, &RECOVERY_PERIOD))
        .build();
    (!value.is_null()).then_some(EvaluationCriteria::PromQlCriteria(criteria))
}

pub fn from_criteria(criteria: &EvaluationCriteria) -> Option<Value> {
    let criteria = criteria.as_prom_ql_criteria().ok()?;
    Some(Value::map([
        (PROMQL_QUERY.key, criteria.query().map_or(Value::Null, Value::text)),
        (PENDING_PERIOD.key, Value::Int(criteria.pending_period().unwrap_or(0).into())),
        (RECOVERY_PERIOD.key, Value::Int(criteria.recovery_period().unwrap_or(0).into())),
    ]))
}

pub fn to_action(value: &Value) -> Option<ActionConfiguration> {
    let tags = AlarmTagsPropagation::builder()
        .set_enabled(value.get(TAGS_ENABLED.key).as_bool())
        .set_included_tag_keys(texts(value, &TAGS_INCLUDED))
        .set_excluded_tag_keys(texts(value, &TAGS_EXCLUDED))
        .build();
    (!value.is_null()).then(|| ActionConfiguration::builder().alarm_tags_propagation(tags).build())
}

pub fn from_action(action: &ActionConfiguration) -> Option<Value> {
    let tags = action.alarm_tags_propagation()?;
    let list = |keys: &[String]| match keys {
        [] => Value::Null,
        keys => Value::List(keys.iter().map(Value::text).collect()),
    };
    Some(Value::map([
        (TAGS_ENABLED.key, Value::Bool(tags.enabled().unwrap_or(false))),
        (TAGS_INCLUDED.key, list(tags.included_tag_keys())),
        (TAGS_EXCLUDED.key, list(tags.excluded_tag_keys())),
    ]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::alarm::Alarm;

    /// What is written and read back is the same, with the defaults written out.
    #[test]
    fn what_is_sent_reads_back_the_same() {
        let mut alarm = Resource::new(&Alarm, "a");
        alarm.set(&EVALUATION_WINDOW, Value::map([(WINDOW_TYPE.key, Value::text(WALL_CLOCK))]));
        alarm.set(&WARM_UP, Value::map([(WARM_UP_DURATION.key, Value::Int(600))]));
        alarm.set(&PROMQL, Value::map([(PROMQL_QUERY.key, Value::text("up == 0"))]));
        alarm.set(&ACTION_TAGS, Value::map([(TAGS_INCLUDED.key, Value::List(vec![Value::text("team")]))]));
        fill(&mut alarm);
        let same = |row: &Row, read: Option<Value>| {
            let (sent, read) = (row.ty.normal(alarm.get(row)), row.ty.normal(&read.unwrap_or(Value::Null)));
            assert_eq!(sent, read, "{}", row.key);
        };
        same(&EVALUATION_WINDOW, to_window(alarm.get(&EVALUATION_WINDOW)).as_ref().and_then(from_window));
        same(&WARM_UP, to_warm_up(alarm.get(&WARM_UP)).as_ref().map(from_warm_up));
        same(&PROMQL, to_criteria(alarm.get(&PROMQL)).as_ref().and_then(from_criteria));
        same(&ACTION_TAGS, to_action(alarm.get(&ACTION_TAGS)).as_ref().and_then(from_action));
    }
}
