//! What must hold between the attributes of one alarm. One function, one fact.

use super::{
    ACTION_TAGS, ALARM_ACTIONS, ALARM_PERIOD, COMPARISON, DATAPOINTS_TO_ALARM, DIMENSIONS, EVALUATION_INTERVAL,
    EVALUATION_PERIODS, EVALUATION_WINDOW, EXTENDED_STATISTIC, INSUFFICIENT_DATA_ACTIONS, LOW_SAMPLES, METRIC,
    METRIC_NAME, METRICS, MISSING_DATA, NAMESPACE, OK_ACTIONS, PROMQL, PROMQL_QUERY, STATISTIC, TAGS_EXCLUDED,
    TAGS_INCLUDED, THRESHOLD, THRESHOLD_METRIC_ID, TIMEZONE, UNIT, WARM_UP, WARM_UP_DURATION, WINDOW_TYPE, codes, math,
    watch::metrics,
};
use crate::diagnostic::Diagnostics;
use crate::kind::{Arn, Row};
use crate::manifest::{WRONG_TYPE, nearest, suggest};
use crate::model::{Fact, Ref, Resource};
use crate::value::{Unit, Value};

/// One fact about an alarm.
type Check = fn(&Resource, &mut Diagnostics);

const CHECKS: &[Check] = &[
    name,
    source,
    statistic,
    condition,
    missing_data,
    periods,
    datapoints,
    low_samples,
    metric,
    actions,
    window,
    warm_up,
    promql,
    action_tags,
    math::check,
];

/// Checks one complete alarm.
pub fn check(alarm: &Resource, out: &mut Diagnostics) {
    for check in CHECKS {
        check(alarm, out);
    }
}

/// Whether nothing was written for it, not even something that cannot be read.
pub(super) fn absent(alarm: &Resource, row: &Row) -> bool {
    alarm.get(row).is_null() && !alarm.is_broken(row.key)
}

fn name(alarm: &Resource, out: &mut Diagnostics) {
    // A logical name that cannot be one is told already.
    if alarm.is_broken("name") && !alarm.spans.contains_key("name") {
        return;
    }
    let name = alarm.physical_name();
    let length = name.chars().count();
    if (1..=255).contains(&length) && !name.contains(char::is_control) {
        return;
    }
    let message = match name.chars().find(|c| c.is_control()) {
        Some(odd) => format!("the name of `{}` has the control character `{}`", alarm.address, odd.escape_debug()),
        None if length == 0 => format!("the name of `{}` is empty", alarm.address),
        None => format!("the name of `{}` is {length} characters long; it may have 255", alarm.address),
    };
    out.push(alarm.finding(&codes::NAME, "name", message));
}

fn source(alarm: &Resource, out: &mut Diagnostics) {
    let sources = [&METRIC, &METRICS, &PROMQL];
    let set: Vec<&Row> = sources.into_iter().filter(|row| !absent(alarm, row)).collect();
    let (path, message) = match set.as_slice() {
        [_] => return,
        [] => ("", format!("`{}` has no `metric`", alarm.address)),
        [_, second, ..] => {
            let keys: Vec<String> = set.iter().map(|row| format!("`{}`", row.key)).collect();
            (second.key, format!("`{}` has {}", alarm.address, keys.join(" and ")))
        }
    };
    let help = if set.is_empty() { "Add `metric: {namespace: …, name: …}`, `metrics` or `promql`." } else { "" };
    out.push(alarm.finding(&codes::SOURCE, path, message).help(help));
}

fn statistic(alarm: &Resource, out: &mut Diagnostics) {
    let extended = alarm.get(&EXTENDED_STATISTIC).as_text();
    if let Some(word) = extended.filter(|word| !is_extended(word)) {
        let message = format!("`{}` has the extended statistic `{word}`", alarm.address);
        out.push(alarm.finding(&codes::BAD_STATISTIC, EXTENDED_STATISTIC.key, message));
    }
    if absent(alarm, &METRIC) {
        return;
    }
    match (absent(alarm, &STATISTIC), absent(alarm, &EXTENDED_STATISTIC)) {
        (true, true) => {
            let message = format!("`{}` has no `statistic`", alarm.address);
            out.push(alarm.finding(&codes::STATISTIC, "metric", message));
        }
        (false, false) => {
            let message = format!("`{}` has `statistic` and `extended_statistic`", alarm.address);
            let help = "Keep one of the two.";
            out.push(alarm.finding(&codes::STATISTIC, EXTENDED_STATISTIC.key, message).help(help));
        }
        _ => {}
    }
}

/// Tells whether CloudWatch knows an extended statistic of this spelling.
pub(super) fn is_extended(word: &str) -> bool {
    let percent = |text: &str| text.parse::<f64>().is_ok_and(|number| (0.0..=100.0).contains(&number));
    let digits = |text: &str| text.chars().all(|c| c.is_ascii_digit() || c == '.');
    let lower = word.to_lowercase();
    let simple = ["p", "tm", "tc", "ts", "wm"].iter().filter_map(|prefix| lower.strip_prefix(prefix));
    if lower == "iqm" || simple.into_iter().any(|rest| digits(rest) && percent(rest)) {
        return true;
    }
    let Some((kind, range)) = lower.strip_suffix(')').and_then(|inner| inner.split_once('(')) else { return false };
    let Some((from, to)) = range.split_once(':') else { return false };
    let bound = |text: &str| match text.strip_suffix('%') {
        Some(number) => percent(number),
        None => text.is_empty() || text.parse::<f64>().is_ok(),
    };
    ["pr", "tm", "tc", "ts", "wm"].contains(&kind) && bound(from) && bound(to) && !(from.is_empty() && to.is_empty())
}

fn condition(alarm: &Resource, out: &mut Diagnostics) {
    if !absent(alarm, &PROMQL) {
        return;
    }
    for (row, beside) in [(&COMPARISON, None), (&THRESHOLD, Some(&THRESHOLD_METRIC_ID))] {
        if absent(alarm, row) && beside.is_none_or(|beside| absent(alarm, beside)) {
            let message = format!("`{}` has no `{}`", alarm.address, row.key);
            let help = match row.key {
                "comparison" => "Add `comparison:` with >=, >, <, <=, outside_band, above_band or below_band.",
                _ => "Add `threshold: <number>`, or `threshold_metric_id` for an anomaly band.",
            };
            out.push(alarm.finding(&codes::NO_CONDITION, "", message).help(help));
        }
    }
    band(alarm, out);
}

/// The comparisons with a band, which have no threshold.
pub(super) const BANDS: [&str; 3] =
    ["LessThanLowerOrGreaterThanUpperThreshold", "LessThanLowerThreshold", "GreaterThanUpperThreshold"];

fn band(alarm: &Resource, out: &mut Diagnostics) {
    let Some(word) = alarm.get(&COMPARISON).as_text() else { return };
    let shown = COMPARISON.ty.show(&Value::text(word));
    let by_band = BANDS.contains(&word);
    let (path, message) = if by_band && absent(alarm, &THRESHOLD_METRIC_ID) {
        (COMPARISON.key, format!("`{}` compares with a band (`{shown}`) and names none", alarm.address))
    } else if !by_band && !absent(alarm, &THRESHOLD_METRIC_ID) {
        (COMPARISON.key, format!("`{}` names a band and compares with `{shown}`", alarm.address))
    } else if !absent(alarm, &THRESHOLD) && !absent(alarm, &THRESHOLD_METRIC_ID) {
        (THRESHOLD.key, format!("`{}` has `threshold` and `threshold_metric_id`", alarm.address))
    } else {
        return;
    };
    out.push(alarm.finding(&codes::BAND, path, message));
}

fn missing_data(alarm: &Resource, out: &mut Diagnostics) {
    let chosen = alarm.get(&MISSING_DATA).as_text();
    let dynamodb = metrics(alarm).any(|(_, metric)| metric.get(NAMESPACE.key).as_text() == Some("AWS/DynamoDB"));
    if absent(alarm, &MISSING_DATA) && absent(alarm, &PROMQL) {
        let message = format!("`{}` does not say what missing data means", alarm.address);
        let help = if dynamodb { "Add `missing_data: ignore`: alarms on AWS/DynamoDB do so always." } else { "" };
        out.push(alarm.finding(&codes::NO_MISSING_DATA, "", message).help(help));
    } else if dynamodb && chosen.is_some_and(|word| word != "ignore") {
        let word = MISSING_DATA.ty.show(alarm.get(&MISSING_DATA));
        let message = format!("`{}` is on AWS/DynamoDB and has `missing_data: {word}`", alarm.address);
        out.push(alarm.finding(&codes::DYNAMODB, MISSING_DATA.key, message));
    }
}

/// Tells whether CloudWatch has periods of this many seconds.
pub(super) fn is_period(seconds: i64) -> bool {
    matches!(seconds, 10 | 20 | 30) || (seconds > 0 && seconds % 60 == 0)
}

fn periods(alarm: &Resource, out: &mut Diagnostics) {
    let Some(period) = alarm.get(&ALARM_PERIOD).as_int() else { return };
    let shown = Unit::Seconds.format(period);
    let namespace = alarm.get(&METRIC).get(NAMESPACE.key).as_text();
    if !is_period(period) {
        let message = format!("`{}` has a period of {shown}", alarm.address);
        out.push(alarm.finding(&codes::PERIOD, ALARM_PERIOD.key, message));
    } else if period < 60 && namespace == Some("AWS/SQS") {
        let message = format!("`{}` looks every {shown} at a metric of SQS", alarm.address);
        out.push(alarm.finding(&codes::FINE_PERIOD, ALARM_PERIOD.key, message));
    }
    let Some(count) = alarm.get(&EVALUATION_PERIODS).as_int() else { return };
    let most = if period < 3_600 { 86_400 } else { 604_800 };
    if period.saturating_mul(count) > most {
        let most = Unit::Seconds.format(most);
        let message = format!("`{}` looks at {count} periods of {shown}, more than {most}", alarm.address);
        out.push(alarm.finding(&codes::TOO_LONG, EVALUATION_PERIODS.key, message));
    }
}

fn datapoints(alarm: &Resource, out: &mut Diagnostics) {
    let number = |row: &Row| alarm.get(row).as_int();
    let (Some(needed), Some(periods)) = (number(&DATAPOINTS_TO_ALARM), number(&EVALUATION_PERIODS)) else { return };
    if needed > periods && !alarm.is_broken(EVALUATION_PERIODS.key) {
        let message = format!("`{}` needs {needed} breaching datapoints of {periods}", alarm.address);
        out.push(alarm.finding(&codes::TOO_MANY_DATAPOINTS, DATAPOINTS_TO_ALARM.key, message));
    }
}

fn low_samples(alarm: &Resource, out: &mut Diagnostics) {
    let queries = alarm.get(&METRICS).as_list().unwrap_or_default().iter();
    let mut statistics = queries.filter_map(|query| query.get("statistic").as_text());
    let percentile = |word: &str| word.starts_with(['p', 'P']);
    let has = alarm.get(&EXTENDED_STATISTIC).as_text().is_some_and(percentile) || statistics.any(percentile);
    if !has && !alarm.get(&LOW_SAMPLES).is_null() && !alarm.is_broken(EXTENDED_STATISTIC.key) {
        let message = format!("`{}` sets `low_samples` and has no percentile", alarm.address);
        out.push(alarm.finding(&codes::LOW_SAMPLES, LOW_SAMPLES.key, message));
    }
}

const SQS_METRICS: &[&str] = &[
    "ApproximateAgeOfOldestMessage",
    "ApproximateNumberOfGroupsWithInflightMessages",
    "ApproximateNumberOfMessagesDelayed",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesVisible",
    "ApproximateNumberOfNoisyGroups",
    "NumberOfDeduplicatedSentMessages",
    "NumberOfEmptyReceives",
    "NumberOfMessagesDeleted",
    "NumberOfMessagesReceived",
    "NumberOfMessagesSent",
    "SentMessageSize",
];

fn metric(alarm: &Resource, out: &mut Diagnostics) {
    for (path, metric) in metrics(alarm) {
        for row in [&NAMESPACE, &METRIC_NAME] {
            if metric.get(row.key).is_null() && !alarm.is_broken(&format!("{path}.{}", row.key)) {
                let message = format!("`{path}` of `{}` has no `{}`", alarm.address, row.key);
                out.push(alarm.finding(&codes::HALF_METRIC, &path, message));
            }
        }
        if let Some(text) = metric.get(NAMESPACE.key).as_text().filter(|text| text.starts_with(':')) {
            let message = format!("the namespace `{text}` of `{}` begins with a colon", alarm.address);
            out.push(alarm.finding(&codes::BAD_NAMESPACE, &format!("{path}.{}", NAMESPACE.key), message));
        }
        names(alarm, &format!("{path}.{}", DIMENSIONS.key), metric.get(DIMENSIONS.key), out);
        if metric.get(NAMESPACE.key).as_text() == Some("AWS/SQS") {
            sqs_metric(alarm, &path, metric, out);
        }
    }
}

/// Tells of dimensions that take a name and get another fact: no metric has them, and the alarm would stay silent.
fn names(alarm: &Resource, path: &str, dimensions: &Value, out: &mut Diagnostics) {
    for (key, value) in dimensions.as_map().into_iter().flatten().filter(|(key, _)| key.ends_with("Name")) {
        let Some(reference) = value.as_ref().filter(|one| matches!(one.fact, Fact::Arn | Fact::Url)) else { continue };
        let message = format!("the dimension `{key}` of `{}` takes a name, not `{reference}`", alarm.address);
        let name = Ref { fact: Fact::Name, ..reference.clone() };
        let finding = alarm.finding(&WRONG_TYPE, &format!("{path}.{key}"), message);
        out.push(finding.help(format!("Write `{name}`.")));
    }
}

fn sqs_metric(alarm: &Resource, path: &str, metric: &Value, out: &mut Diagnostics) {
    let name = metric.get(METRIC_NAME.key).as_text().filter(|name| !SQS_METRICS.contains(name));
    if let Some((name, near)) = name.and_then(|name| Some((name, nearest(name, SQS_METRICS.iter().copied())?))) {
        let message = format!("`{}` watches `{name}`, which SQS does not publish", alarm.address);
        let finding = alarm.finding(&codes::METRIC, &format!("{path}.name"), message);
        out.push(finding.help(format!("Did you mean `{near}`?")));
    }
    let dimensions = metric.get(DIMENSIONS.key).as_map();
    let odd = dimensions.into_iter().flat_map(|map| map.keys()).find(|key| *key != "QueueName");
    let (path, message) = match odd {
        Some(odd) => {
            (format!("{path}.dimensions.{odd}"), format!("`{}` asks SQS for the dimension `{odd}`", alarm.address))
        }
        None if dimensions.is_none_or(std::collections::BTreeMap::is_empty) && !alarm.is_broken(path) => {
            (path.to_owned(), format!("`{}` does not say which queue it watches", alarm.address))
        }
        None => return,
    };
    let help = odd.map(|odd| suggest(odd, std::iter::once("QueueName"))).unwrap_or_default();
    out.push(alarm.finding(&codes::DIMENSION, &path, message).help(help));
}

fn actions(alarm: &Resource, out: &mut Diagnostics) {
    for row in [&ALARM_ACTIONS, &OK_ACTIONS, &INSUFFICIENT_DATA_ACTIONS] {
        for (index, action) in alarm.get(row).as_list().unwrap_or_default().iter().enumerate() {
            let Some((text, Err(why))) = action.as_text().map(|text| (text, Arn::parse(text))) else { continue };
            let message = format!("`{}` of `{}` has `{text}`: {why}", row.key, alarm.address);
            out.push(alarm.finding(&codes::BAD_ACTION, &format!("{}.{index}", row.key), message));
        }
    }
}

fn window(alarm: &Resource, out: &mut Diagnostics) {
    let window = alarm.get(&EVALUATION_WINDOW);
    let path = EVALUATION_WINDOW.key;
    if window.is_null() || alarm.is_broken(path) {
        // A sliding window is gone by now; its time zone was written in vain.
        if let Some(span) = alarm.spans.get("evaluation_window.timezone").filter(|_| window.is_null()) {
            let message = format!("`{}` has a time zone on a sliding window", alarm.address);
            out.push(alarm.finding(&codes::WINDOW_TYPE, TIMEZONE.key, message).at(*span));
        }
        return;
    }
    if !alarm.spans.contains_key("evaluation_window.type") && !alarm.spans.contains_key("evaluation_window.timezone") {
        let message = format!("`{path}` of `{}` has no `{}`", alarm.address, WINDOW_TYPE.key);
        out.push(alarm.finding(&codes::WINDOW_TYPE, path, message));
    }
    if !alarm.get(&PROMQL).is_null() {
        let message = format!("`{}` is a PromQL alarm with an evaluation window", alarm.address);
        out.push(alarm.finding(&codes::WINDOW_TYPE, path, message));
    }
    let allowed = [60, 300, 3_600, 86_400, 604_800];
    let periods = math::periods(alarm);
    for (path, period) in periods.into_iter().filter(|(_, period)| !allowed.contains(period)) {
        let shown = Unit::Seconds.format(period);
        let message = format!("`{}` has a wall-clock window and a period of {shown}", alarm.address);
        out.push(alarm.finding(&codes::WINDOW_PERIOD, &path, message));
    }
}

fn warm_up(alarm: &Resource, out: &mut Diagnostics) {
    let warm_up = alarm.get(&WARM_UP);
    if warm_up.is_null() || alarm.is_broken(WARM_UP.key) {
        return;
    }
    let message = match warm_up.get(WARM_UP_DURATION.key).as_int() {
        Some(seconds) if seconds % 60 == 0 => return,
        Some(seconds) => format!("`{}` warms up for {}", alarm.address, Unit::Seconds.format(seconds)),
        None => format!("`warm_up` of `{}` has no `duration`", alarm.address),
    };
    out.push(alarm.finding(&codes::WARM_UP_MINUTES, "warm_up.duration", message));
}

fn promql(alarm: &Resource, out: &mut Diagnostics) {
    let promql = alarm.get(&PROMQL);
    let interval = alarm.get(&EVALUATION_INTERVAL);
    let own = |path: &str, message: String| alarm.finding(&codes::PROMQL, path, message);
    if promql.is_null() {
        if !interval.is_null() && absent(alarm, &PROMQL) {
            let message = format!("`{}` sets `evaluation_interval` and has no `promql`", alarm.address);
            out.push(own(EVALUATION_INTERVAL.key, message));
        }
        return;
    }
    if promql.get(PROMQL_QUERY.key).is_null() && !alarm.is_broken("promql.query") {
        out.push(own(PROMQL.key, format!("`promql` of `{}` has no `query`", alarm.address)));
    }
    match interval.as_int() {
        None if !alarm.is_broken(EVALUATION_INTERVAL.key) => {
            out.push(own(PROMQL.key, format!("`{}` has no `evaluation_interval`", alarm.address)));
        }
        Some(seconds) if !is_period(seconds) => {
            let shown = Unit::Seconds.format(seconds);
            out.push(own(EVALUATION_INTERVAL.key, format!("`{}` is evaluated every {shown}", alarm.address)));
        }
        _ => {}
    }
    let foreign = [
        &STATISTIC,
        &EXTENDED_STATISTIC,
        &ALARM_PERIOD,
        &UNIT,
        &EVALUATION_PERIODS,
        &DATAPOINTS_TO_ALARM,
        &THRESHOLD,
        &THRESHOLD_METRIC_ID,
        &COMPARISON,
        &MISSING_DATA,
        &LOW_SAMPLES,
    ];
    for row in foreign.into_iter().filter(|row| !alarm.get(row).is_null()) {
        let message = format!("`{}` is a PromQL alarm with `{}`", alarm.address, row.key);
        out.push(alarm.finding(&codes::OUT_OF_PLACE, row.key, message));
    }
}

fn action_tags(alarm: &Resource, out: &mut Diagnostics) {
    let tags = alarm.get(&ACTION_TAGS);
    let set = |row: &Row| tags.get(row.key).as_list().is_some_and(|keys| !keys.is_empty());
    if set(&TAGS_INCLUDED) && set(&TAGS_EXCLUDED) {
        let message = format!("`action_tags` of `{}` includes some and excludes some", alarm.address);
        out.push(alarm.finding(&codes::ACTION_TAGS, "action_tags.exclude", message));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_extended_statistics() {
        let known =
            "p0 p50 p99 p99.9 p100 tm90 TM99 tc95 ts90 wm98 IQM PR(100:300) PR(:300) TM(10%:90%) TC(5:20) WM(:95%)";
        let unknown = "p p101 99 p-1 pp9 sum Average TM(10%:190%) TM() TM(:) PR(100) tm(10%:90% p1e2 iq";
        for word in known.split(' ') {
            assert!(is_extended(word), "{word}");
        }
        for word in unknown.split(' ') {
            assert!(!is_extended(word), "{word}");
        }
    }

    #[test]
    fn knows_periods() {
        assert!([10, 20, 30, 60, 120, 86_400].into_iter().all(is_period));
        assert!([0, 1, 15, 45, 61, 90, 3_601].into_iter().all(|seconds| !is_period(seconds)));
    }
}
