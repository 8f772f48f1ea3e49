//! Prometheus' text format. <https://prometheus.io/docs/instrumenting/exposition_formats/>

use std::fmt::Write;
use std::sync::atomic::Ordering::Relaxed;

use super::metrics::{BUCKETS, Event, Histogram, Metrics, Series};

impl Metrics {
    /// Writes everything since the start.
    pub(crate) fn prometheus(&self) -> String {
        let mut out = String::new();
        head(&mut out, "jobs_total", "counter", "Messages by what became of them.");
        for (job_type, series) in &self.series {
            for event in Event::ALL {
                let labels = format!("{},outcome=\"{}\"", self.labels(job_type), event.label());
                let count = series.counts[event as usize].load(Relaxed);
                let _ = writeln!(out, "queuestack_worker_jobs_total{{{labels}}} {count}");
            }
        }
        self.histogram(&mut out, "handler_duration_seconds", "How long handlers took.", |series| &series.duration);
        self.histogram(&mut out, "age_at_receive_seconds", "How old messages were when received.", |series| {
            &series.age
        });
        head(&mut out, "handling", "gauge", "Messages that are being handled.");
        let worker = escape(&self.worker);
        let handling = self.gauges.handling.load(Relaxed);
        let _ = writeln!(out, "queuestack_worker_handling{{worker=\"{worker}\"}} {handling}");
        head(&mut out, "queue_messages", "gauge", "Messages in the queue, as the queue says; sampled.");
        let gauges = &self.gauges;
        let states = [("visible", &gauges.visible), ("in_flight", &gauges.in_flight), ("delayed", &gauges.delayed)];
        for (state, gauge) in states {
            let labels = format!("worker=\"{worker}\",state=\"{state}\"");
            let _ = writeln!(out, "queuestack_worker_queue_messages{{{labels}}} {}", gauge.load(Relaxed));
        }
        out
    }

    fn histogram(&self, out: &mut String, name: &str, help: &str, of: fn(&Series) -> &Histogram) {
        head(out, name, "histogram", help);
        for (job_type, series) in &self.series {
            let (labels, histogram) = (self.labels(job_type), of(series));
            let mut count = 0;
            let bounds = BUCKETS.iter().map(ToString::to_string).chain(["+Inf".to_owned()]);
            for (bound, bucket) in bounds.zip(&histogram.buckets) {
                count += bucket.load(Relaxed);
                let _ = writeln!(out, "queuestack_worker_{name}_bucket{{{labels},le=\"{bound}\"}} {count}");
            }
            let micros = histogram.micros.load(Relaxed);
            let _ = writeln!(
                out,
                "queuestack_worker_{name}_sum{{{labels}}} {}.{:06}",
                micros / 1_000_000,
                micros % 1_000_000
            );
            let _ = writeln!(out, "queuestack_worker_{name}_count{{{labels}}} {count}");
        }
    }

    fn labels(&self, job_type: &str) -> String {
        format!("worker=\"{}\",type=\"{}\"", escape(&self.worker), escape(job_type))
    }
}

fn head(out: &mut String, name: &str, kind: &str, help: &str) {
    let _ = writeln!(out, "# HELP queuestack_worker_{name} {help}\n# TYPE queuestack_worker_{name} {kind}");
}

fn escape(label: &str) -> String {
    label.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn counts_and_cumulative_buckets_are_written() {
        let types = ["a\"b".to_owned()];
        let metrics = Metrics::new("w", types.iter(), false);
        metrics.count("a\"b", Event::Duplicate);
        metrics.duration("a\"b", Duration::from_millis(3));
        metrics.duration("a\"b", Duration::from_secs(7200));
        let text = metrics.prometheus();
        for line in [
            r#"queuestack_worker_jobs_total{worker="w",type="a\"b",outcome="duplicate"} 1"#,
            r#"queuestack_worker_handler_duration_seconds_bucket{worker="w",type="a\"b",le="0.001"} 0"#,
            r#"queuestack_worker_handler_duration_seconds_bucket{worker="w",type="a\"b",le="0.005"} 1"#,
            r#"queuestack_worker_handler_duration_seconds_bucket{worker="w",type="a\"b",le="3600"} 1"#,
            r#"queuestack_worker_handler_duration_seconds_bucket{worker="w",type="a\"b",le="+Inf"} 2"#,
            r#"queuestack_worker_handler_duration_seconds_sum{worker="w",type="a\"b"} 7200.003000"#,
            r#"queuestack_worker_handler_duration_seconds_count{worker="w",type="a\"b"} 2"#,
            r#"queuestack_worker_queue_messages{worker="w",state="in_flight"} 0"#,
        ] {
            assert!(text.lines().any(|one| one == line), "no {line} in\n{text}");
        }
    }
}
