//! What must hold between the queries of metric math.

use std::collections::BTreeSet;

use super::check::{absent, is_extended, is_period};
use super::{
    ALARM_PERIOD, EXPRESSION, EXTENDED_STATISTIC, METRICS, QUERY_ID, QUERY_METRIC, QUERY_STATISTIC, RETURN_DATA,
    STATISTIC, THRESHOLD_METRIC_ID, UNIT, codes,
};
use crate::diagnostic::{Diagnostic, Diagnostics, Severity};
use crate::kind::Row;
use crate::manifest::suggest;
use crate::model::Resource;
use crate::value::{Unit, Value};

/// Checks the queries of one alarm.
pub fn check(alarm: &Resource, out: &mut Diagnostics) {
    let Some(queries) = alarm.get(&METRICS).as_list() else { return };
    for row in [&STATISTIC, &EXTENDED_STATISTIC, &ALARM_PERIOD, &UNIT] {
        // Beside `metric` as well, that the two exclude each other is all there is to say.
        if absent(alarm, &super::METRIC) && !alarm.get(row).is_null() {
            let message = format!("`{}` has `{}` beside `metrics`", alarm.address, row.key);
            out.push(alarm.finding(&codes::OUT_OF_PLACE, row.key, message));
        }
    }
    ids(alarm, queries, out);
    returned(alarm, queries, out);
    let known: BTreeSet<&str> = queries.iter().filter_map(|query| query.get(QUERY_ID.key).as_text()).collect();
    for (index, query) in queries.iter().enumerate() {
        one(alarm, &format!("metrics.{index}"), query, &known, out);
    }
    period(alarm, queries, out);
    band(alarm, queries, out);
}

/// An alarm has a period from one of its queries.
fn period(alarm: &Resource, queries: &[Value], out: &mut Diagnostics) {
    let says = |query: &Value| {
        query.is_null() || !query.get(ALARM_PERIOD.key).is_null() || !query.get(QUERY_METRIC.key).is_null()
    };
    if queries.iter().any(says) || alarm.is_broken(METRICS.key) || !absent(alarm, &super::METRIC) {
        return;
    }
    for (index, query) in queries.iter().enumerate() {
        // One that speaks of others has their period; of what is no query is told already.
        let Some(expression) = query.get(EXPRESSION.key).as_text().filter(|text| ids_in(text).is_empty()) else {
            continue;
        };
        let path = format!("metrics.{index}.expression");
        let message = format!("`{path}` of `{}` has no metric, and its query no `period`", alarm.address);
        let finding = alarm.finding(&codes::NO_PERIOD, &path, message);
        // Of these AWS is known to say that the period must not be null.
        let certain =
            is_sql(expression) || ["SEARCH", "INSIGHT_RULE_METRIC"].iter().any(|name| calls(expression, name));
        let severity = if certain { Severity::Error } else { Severity::Warning };
        out.push(Diagnostic { severity, ..finding });
    }
}

/// All periods of an alarm, its own and those of its queries, with the dotted path of each.
pub fn periods(alarm: &Resource) -> Vec<(String, i64)> {
    let own = alarm.get(&ALARM_PERIOD).as_int().map(|period| (ALARM_PERIOD.key.to_owned(), period));
    let queries = alarm.get(&METRICS).as_list().unwrap_or_default().iter().enumerate();
    let queries = queries
        .filter_map(|(index, query)| Some((format!("metrics.{index}.period"), query.get(ALARM_PERIOD.key).as_int()?)));
    own.into_iter().chain(queries).collect()
}

fn ids(alarm: &Resource, queries: &[Value], out: &mut Diagnostics) {
    let mut seen = BTreeSet::new();
    for (index, query) in queries.iter().enumerate() {
        let path = format!("metrics.{index}.id");
        if query.is_null() || alarm.is_broken(&path) {
            continue;
        }
        let message = match query.get(QUERY_ID.key).as_text() {
            None => format!("query {} of `{}` has no `id`", index + 1, alarm.address),
            Some(id) if !is_id(id) => format!("`{id}` cannot be the id of a query of `{}`", alarm.address),
            Some(id) if !seen.insert(id) => format!("`{}` has two queries with the id `{id}`", alarm.address),
            Some(_) => continue,
        };
        out.push(alarm.finding(&codes::QUERY_ID, &path, message));
    }
}

fn is_id(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.starts_with(|c: char| c.is_ascii_lowercase()) && text.chars().all(allowed)
}

fn returned(alarm: &Resource, queries: &[Value], out: &mut Diagnostics) {
    let of = |query: &Value| query.get(RETURN_DATA.key).as_bool() == Some(true);
    let returning: Vec<usize> = (0..queries.len()).filter(|index| of(&queries[*index])).collect();
    let broken = (0..queries.len()).any(|index| alarm.is_broken(&format!("metrics.{index}.return_data")));
    let (path, message) = match returning.as_slice() {
        [] if broken || queries.iter().any(Value::is_null) => return,
        [] => (METRICS.key.to_owned(), format!("no query of `{}` returns data", alarm.address)),
        [_] => return,
        // The band of an anomaly alarm returns data beside what is compared with it.
        [_, _] if !absent(alarm, &THRESHOLD_METRIC_ID) => return,
        [_, second, ..] => {
            let message = format!("{} queries of `{}` return data", returning.len(), alarm.address);
            (format!("metrics.{second}.return_data"), message)
        }
    };
    out.push(alarm.finding(&codes::RETURN_DATA, &path, message));
}

fn one(alarm: &Resource, path: &str, query: &Value, known: &BTreeSet<&str>, out: &mut Diagnostics) {
    let has = |row: &Row| !query.get(row.key).is_null() || alarm.is_broken(&format!("{path}.{}", row.key));
    if query.is_null() {
        return;
    }
    let named = query.get(QUERY_ID.key).as_text().map_or_else(|| format!("`{path}`"), |id| format!("query `{id}`"));
    let wrong = match (has(&EXPRESSION), has(&QUERY_METRIC)) {
        (true, true) => Some("has an `expression` and a `metric`"),
        (false, false) => Some("has neither an `expression` nor a `metric`"),
        (true, false) if has(&QUERY_STATISTIC) => Some("is an expression with a `statistic`"),
        (false, true) if !has(&QUERY_STATISTIC) => Some("has no `statistic`"),
        (false, true) if !has(&ALARM_PERIOD) => Some("has no `period`"),
        _ => None,
    };
    if let Some(wrong) = wrong {
        out.push(alarm.finding(&codes::QUERY, path, format!("{named} of `{}` {wrong}", alarm.address)));
    }
    let statistic = query.get(QUERY_STATISTIC.key).as_text();
    let plain = ["Sum", "Average", "Minimum", "Maximum", "SampleCount"];
    if let Some(word) = statistic.filter(|word| !plain.contains(word) && !is_extended(word)) {
        let message = format!("{named} of `{}` has the statistic `{word}`", alarm.address);
        let help = suggest(word, plain.into_iter());
        out.push(alarm.finding(&codes::BAD_STATISTIC, &format!("{path}.statistic"), message).help(help));
    }
    if let Some(period) = query.get(ALARM_PERIOD.key).as_int().filter(|period| !is_period(*period)) {
        let shown = Unit::Seconds.format(period);
        let message = format!("{named} of `{}` has a period of {shown}", alarm.address);
        out.push(alarm.finding(&codes::PERIOD, &format!("{path}.period"), message));
    }
    let expression = query.get(EXPRESSION.key).as_text().unwrap_or_default();
    if calls(expression, "SEARCH") {
        let message = format!("{named} of `{}` searches for metrics", alarm.address);
        out.push(alarm.finding(&codes::SEARCH, &format!("{path}.expression"), message));
    }
    for id in ids_in(expression).into_iter().filter(|id| !known.contains(id)) {
        let message = format!("{named} of `{}` speaks of `{id}`, which is no query of it", alarm.address);
        let help = suggest(id, known.iter().copied());
        out.push(alarm.finding(&codes::UNKNOWN_ID, &format!("{path}.expression"), message).help(help));
    }
}

/// Tells whether an expression is a query of Metrics Insights.
fn is_sql(expression: &str) -> bool {
    expression.trim_start().to_lowercase().starts_with("select")
}

/// Tells whether an expression calls a function, outside quotes.
fn calls(expression: &str, function: &str) -> bool {
    let outside: String = expression.split(['"', '\'']).step_by(2).collect::<Vec<_>>().join("''");
    let outside = outside.to_uppercase();
    let mut found = outside.match_indices(function);
    found.any(|(at, name)| {
        let in_word = outside[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
        !in_word && outside[at + name.len()..].trim_start().starts_with('(')
    })
}

/// The ids that an expression speaks of: words in lower case that are neither functions nor within quotes.
fn ids_in(expression: &str) -> BTreeSet<&str> {
    let mut ids = BTreeSet::new();
    // Queries in SQL have their own words.
    if is_sql(expression) {
        return ids;
    }
    for (index, outside) in expression.split(['"', '\'']).enumerate() {
        if index % 2 == 1 {
            continue;
        }
        let word_character = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
        let mut rest = outside;
        while let Some(start) = rest.find(word_character) {
            let word = &rest[start..];
            let end = word.find(|c: char| !word_character(c)).unwrap_or(word.len());
            let after = word[end..].trim_start();
            if is_id(&word[..end]) && !after.starts_with('(') {
                ids.insert(&word[..end]);
            }
            rest = &word[end..];
        }
    }
    ids
}

fn band(alarm: &Resource, queries: &[Value], out: &mut Diagnostics) {
    let Some(id) = alarm.get(&THRESHOLD_METRIC_ID).as_text() else { return };
    let named = |query: &&Value| query.get(QUERY_ID.key).as_text() == Some(id);
    let message = match queries.iter().find(named) {
        None => format!("`{}` names the band `{id}`, which is no query of it", alarm.address),
        Some(query) => match query.get(EXPRESSION.key).as_text() {
            Some(text) if text.trim_start().to_uppercase().starts_with("ANOMALY_DETECTION_BAND") => return,
            _ => format!("`{}` names the band `{id}`, which is no ANOMALY_DETECTION_BAND", alarm.address),
        },
    };
    out.push(alarm.finding(&codes::BAND, THRESHOLD_METRIC_ID.key, message));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_functions_of_an_expression() {
        for (expression, expected) in [
            ("SUM(SEARCH('{AWS/SQS,QueueName} NumberOfMessagesSent', 'Sum', 60))", true),
            ("search ('x', 'Sum')", true),
            ("RESEARCH(m1)", false),
            ("SUM(search)", false),
            ("SELECT SUM(x) FROM SCHEMA(\"SEARCH(\", y)", false),
        ] {
            assert_eq!(calls(expression, "SEARCH"), expected, "{expression}");
        }
    }

    #[test]
    fn finds_the_ids_of_an_expression() {
        let table: &[(&str, &[&str])] = &[
            ("m1 / m2 * 100", &["m1", "m2"]),
            ("IF(errors > 1e3, errors, 0)", &["errors"]),
            ("SUM(METRICS(\"m1\"))", &[]),
            ("FILL(m1, REPEAT) + abs (m2)", &["m1", "m2"]),
            ("SELECT AVG(CPUUtilization) FROM SCHEMA(\"AWS/EC2\", id) GROUP BY id", &[]),
            ("ANOMALY_DETECTION_BAND(m1, 2)", &["m1"]),
            ("0.5 * a_b1", &["a_b1"]),
            ("", &[]),
        ];
        for (expression, expected) in table {
            let expected: BTreeSet<&str> = expected.iter().copied().collect();
            assert_eq!(ids_in(expression), expected, "{expression}");
        }
    }
}
