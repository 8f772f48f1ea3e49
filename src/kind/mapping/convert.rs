//! Rows ↔ the SDK's shapes of a mapping.

use aws_sdk_lambda::types::{
    EventSourceMappingConfiguration, Filter, FilterCriteria, FunctionResponseType, ScalingConfig,
};

use super::{BATCH_SIZE, ENABLED, FILTERS, FUNCTION, MAX_CONCURRENCY, PARTIAL_FAILURES, QUEUE, WINDOW};
use crate::kind::{Desired, Row};
use crate::model::Attributes;
use crate::value::Value;

/// Reads what Lambda reports into the terms of the rows.
pub fn reported(mapping: &EventSourceMappingConfiguration) -> Attributes {
    let text = |text: Option<&str>| text.map_or(Value::Null, Value::text);
    let int = |number: Option<i32>| number.map_or(Value::Null, |number| Value::Int(number.into()));
    let most = mapping.scaling_config().and_then(ScalingConfig::maximum_concurrency);
    let partial = mapping.function_response_types().contains(&FunctionResponseType::ReportBatchItemFailures);
    // `Creating` and `Updating` do not tell; one that is created disabled is waited for.
    let enabled = mapping.state().map(|state| !matches!(state, "Disabled" | "Disabling"));
    let pairs = [
        (&QUEUE, text(mapping.event_source_arn())),
        (&FUNCTION, text(mapping.function_arn())),
        (&BATCH_SIZE, int(mapping.batch_size())),
        (&WINDOW, int(mapping.maximum_batching_window_in_seconds())),
        (&MAX_CONCURRENCY, int(most)),
        (&FILTERS, filters(mapping.filter_criteria())),
        (&PARTIAL_FAILURES, Value::Bool(partial)),
        (&ENABLED, enabled.map_or(Value::Null, Value::Bool)),
    ];
    pairs.into_iter().filter(|(_, value)| !value.is_null()).map(|(row, value)| (row.key, value)).collect()
}

fn filters(criteria: Option<&FilterCriteria>) -> Value {
    let patterns = criteria.map(FilterCriteria::filters).unwrap_or_default().iter().filter_map(Filter::pattern);
    let read = |text: &str| {
        serde_json::from_str(text).map_or_else(|_| Value::text(text), |json: serde_json::Value| Value::from_json(&json))
    };
    let patterns: Vec<Value> = patterns.map(read).collect();
    if patterns.is_empty() { Value::Null } else { Value::List(patterns) }
}

/// What Lambda takes of the wanted rows. `None` is not sent: nothing changes.
pub struct Settings {
    pub batch_size: Option<i32>,
    pub window: Option<i32>,
    pub scaling: Option<ScalingConfig>,
    pub filters: Option<FilterCriteria>,
    pub response: Option<Vec<FunctionResponseType>>,
    pub enabled: Option<bool>,
}

impl Settings {
    /// Takes the wanted rows; what is not set is the empty value that clears it, or it would stay.
    pub fn of(desired: &Desired, wanted: &dyn Fn(&Row) -> bool) -> Settings {
        let get = |row: &Row| wanted(row).then(|| desired.get(row));
        let int = |value: &Value| value.as_int().and_then(|number| i32::try_from(number).ok());
        let report = |value: &Value| match value.as_bool() {
            Some(true) => vec![FunctionResponseType::ReportBatchItemFailures],
            _ => Vec::new(),
        };
        Settings {
            batch_size: get(&BATCH_SIZE).and_then(int),
            window: get(&WINDOW).and_then(int),
            scaling: get(&MAX_CONCURRENCY)
                .map(|value| ScalingConfig::builder().set_maximum_concurrency(int(value)).build()),
            filters: get(&FILTERS).map(|patterns| {
                let patterns = patterns.as_list().unwrap_or_default().iter();
                let filters = patterns.map(|pattern| Filter::builder().pattern(pattern.plain()).build()).collect();
                FilterCriteria::builder().set_filters(Some(filters)).build()
            }),
            response: get(&PARTIAL_FAILURES).map(report),
            enabled: get(&ENABLED).and_then(Value::as_bool),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::Mapping;
    use super::*;
    use crate::model::Address;

    fn desired(attributes: Attributes) -> Desired {
        let (address, tags) = (Address::new("mapping", "m"), BTreeMap::new());
        Desired { address, kind: &Mapping, name: "f/q".to_owned(), arn: String::new(), attributes, tags }
    }

    #[test]
    fn what_is_no_longer_set_is_sent_as_empty() {
        let cleared = Settings::of(&desired(Attributes::new()), &|_| true);
        assert!(cleared.filters.unwrap().filters().is_empty());
        assert_eq!(cleared.scaling.unwrap().maximum_concurrency(), None);
        assert_eq!(cleared.response, Some(Vec::new()));
        let untouched = Settings::of(&desired(Attributes::new()), &|_| false);
        assert!(untouched.filters.is_none() && untouched.scaling.is_none() && untouched.response.is_none());
    }

    #[test]
    fn what_is_sent_is_what_is_read() {
        let pattern = Value::map([("body", Value::List(vec![Value::text("x")]))]);
        let attributes = Attributes::from([
            (BATCH_SIZE.key, Value::Int(5)),
            (MAX_CONCURRENCY.key, Value::Int(2)),
            (FILTERS.key, Value::List(vec![pattern])),
            (PARTIAL_FAILURES.key, Value::Bool(true)),
        ]);
        let sent = Settings::of(&desired(attributes.clone()), &|_| true);
        let mapping = EventSourceMappingConfiguration::builder()
            .set_batch_size(sent.batch_size)
            .set_scaling_config(sent.scaling)
            .set_filter_criteria(sent.filters)
            .set_function_response_types(sent.response)
            .build();
        assert_eq!(reported(&mapping), attributes);
    }

    #[test]
    fn the_state_tells_whether_it_polls() {
        for (state, enabled) in [("Enabled", true), ("Creating", true), ("Disabling", false), ("Disabled", false)] {
            let mapping = EventSourceMappingConfiguration::builder().state(state).build();
            assert_eq!(reported(&mapping).get(ENABLED.key), Some(&Value::Bool(enabled)), "{state}");
        }
    }
}
