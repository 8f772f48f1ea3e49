//! The counters in a worker's log: `CloudWatch`'s embedded metric format, read back.
//!
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>

use serde_json::Value;

/// Returns the counts of a log line that carries metrics; `None` for any other line.
pub fn counts(line: &str) -> Option<Vec<(String, u64)>> {
    if !line.contains("\"_aws\"") {
        return None;
    }
    let line: Value = serde_json::from_str(line).ok()?;
    let directives = line.get("_aws")?.get("CloudWatchMetrics")?.as_array()?;
    let metrics = directives.iter().filter_map(|directive| directive.get("Metrics")?.as_array()).flatten();
    let counters = metrics.filter(|metric| metric.get("Unit").and_then(Value::as_str) == Some("Count"));
    let counted = counters.filter_map(|metric| {
        let name = metric.get("Name")?.as_str()?;
        Some((name.to_owned(), sum(line.get(name)?)))
    });
    Some(counted.collect())
}

/// A metric's value is one number or a list of them.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts are whole and not negative")]
fn sum(value: &Value) -> u64 {
    match value {
        Value::Array(values) => values.iter().map(sum).sum(),
        other => other.as_f64().unwrap_or_default().max(0.0) as u64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_summed_and_other_units_left_out() {
        let line = r#"{"_aws":{"Timestamp":1,"CloudWatchMetrics":[{"Namespace":"n","Dimensions":[["job"]],"Metrics":[
            {"Name":"processed","Unit":"Count"},{"Name":"failed","Unit":"Count"},{"Name":"age","Unit":"Seconds"}]}]},
            "job":"a.b","processed":[1,1,1],"failed":0,"age":[0.5,0.25]}"#;
        assert_eq!(counts(line), Some(vec![("processed".to_owned(), 3), ("failed".to_owned(), 0)]));
        assert_eq!(counts(r#"{"message":"no metrics"}"#), None);
        assert_eq!(counts("START RequestId: 1"), None);
    }
}
