//! CloudWatch's embedded metric format: metrics as log lines, without a call.
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>

use std::sync::PoisonError;

use serde_json::{Map, Value, json};

use super::metrics::{Event, Metrics, Samples};

/// The most values of one metric in one line.
const MOST_VALUES: usize = 100;
/// Where the metrics are found in CloudWatch.
const NAMESPACE: &str = "queuestack";

impl Metrics {
    /// Writes what was measured since the last time, as lines; nothing measured, no line.
    pub(crate) fn emf(&self, milliseconds: i64) -> Vec<String> {
        let mut lines = Vec::new();
        for (job_type, series) in &self.series {
            let samples = std::mem::take(&mut *series.samples.lock().unwrap_or_else(PoisonError::into_inner));
            lines.extend(self.lines(job_type, samples, milliseconds));
        }
        lines
    }

    fn lines(&self, job_type: &str, samples: Samples, milliseconds: i64) -> Vec<String> {
        let mut lines = Vec::new();
        let mut counts: Vec<_> = Event::ALL.into_iter().filter(|event| samples.counts[*event as usize] > 0).collect();
        let (mut durations, mut ages) = (samples.duration.chunks(MOST_VALUES), samples.age.chunks(MOST_VALUES));
        loop {
            let values = [("HandlerDuration", durations.next()), ("AgeAtReceive", ages.next())];
            if counts.is_empty() && values.iter().all(|(_, values)| values.is_none()) {
                return lines;
            }
            let (mut metrics, mut fields) = (Vec::new(), Map::new());
            for event in counts.drain(..) {
                metrics.push(json!({"Name": event.name(), "Unit": "Count"}));
                fields.insert(event.name().to_owned(), samples.counts[event as usize].into());
            }
            for (name, values) in values {
                let Some(values) = values else { continue };
                metrics.push(json!({"Name": name, "Unit": "Milliseconds"}));
                fields.insert(name.to_owned(), values.into());
            }
            lines.push(self.line(job_type, metrics, fields, milliseconds));
        }
    }

    fn line(&self, job_type: &str, metrics: Vec<Value>, fields: Map<String, Value>, milliseconds: i64) -> String {
        let mut line = json!({
            "_aws": {
                "Timestamp": milliseconds,
                "CloudWatchMetrics": [{
                    "Namespace": NAMESPACE,
                    "Dimensions": [["Worker"], ["Worker", "JobType"]],
                    "Metrics": metrics,
                }],
            },
            "Worker": self.worker,
            "JobType": job_type,
        });
        if let Value::Object(line) = &mut line {
            line.extend(fields);
        }
        line.to_string()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_line_has_what_was_measured_and_the_next_flush_has_nothing() {
        let types = ["calendar.sync".to_owned()];
        let metrics = Metrics::new("calendar", types.iter(), true);
        metrics.count("calendar.sync", Event::Processed);
        metrics.count("calendar.sync", Event::Processed);
        metrics.duration("calendar.sync", Duration::from_millis(250));
        let lines = metrics.emf(1_700_000_000_000);
        assert_eq!(
            lines,
            [concat!(
                r#"{"_aws":{"Timestamp":1700000000000,"CloudWatchMetrics":[{"Namespace":"queuestack","#,
                r#""Dimensions":[["Worker"],["Worker","JobType"]],"#,
                r#""Metrics":[{"Name":"Processed","Unit":"Count"},{"Name":"HandlerDuration","Unit":"Milliseconds"}]}]},"#,
                r#""Worker":"calendar","JobType":"calendar.sync","Processed":2,"HandlerDuration":[250.0]}"#,
            )]
        );
        assert!(metrics.emf(0).is_empty());
    }

    #[test]
    fn more_than_a_hundred_values_take_more_lines_and_counts_stand_once() {
        let metrics = Metrics::new("w", [].iter(), true);
        for _ in 0..250 {
            metrics.count("stranger", Event::Failed);
            metrics.age("stranger", Duration::from_secs(1));
        }
        let lines: Vec<Value> = metrics.emf(0).iter().map(|line| serde_json::from_str(line).unwrap()).collect();
        let lengths: Vec<_> = lines.iter().map(|line| line["AgeAtReceive"].as_array().unwrap().len()).collect();
        assert_eq!(lengths, [100, 100, 50]);
        assert_eq!(lines[0]["Failed"], 250);
        assert_eq!(lines[0]["JobType"], "unknown");
        assert!(lines[1].get("Failed").is_none());
    }
}
