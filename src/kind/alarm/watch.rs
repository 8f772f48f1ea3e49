//! What an alarm looks at, when that is a queue.

use super::{DIMENSIONS, METRIC, METRIC_NAME, METRICS, NAMESPACE, QUERY_METRIC};
use crate::model::{Address, Resource, Stack};
use crate::value::Value;

/// One metric of a queue that an alarm looks at.
#[derive(Clone, Debug)]
pub struct Watch<'a> {
    /// The alarm.
    pub alarm: &'a Resource,
    /// The metric's name.
    pub metric: &'a str,
    /// The queue, when it is one of the stack.
    pub queue: Option<&'a Address>,
    /// The queue's name, when it is written out.
    pub name: Option<&'a str>,
    /// The dotted path of the metric in the alarm.
    place: String,
}

impl Watch<'_> {
    /// The dotted path of something of the metric.
    #[must_use]
    pub fn path(&self, inner: &str) -> String {
        format!("{}.{inner}", self.place)
    }
}

/// Goes through all metrics of queues that alarms of the stack look at.
pub fn watches(stack: &Stack) -> impl Iterator<Item = Watch<'_>> {
    stack.resources.values().flat_map(|alarm| {
        metrics(alarm).filter_map(|(place, metric)| {
            let of_queues = metric.get(NAMESPACE.key).as_text() == Some("AWS/SQS");
            let dimension = metric.get(DIMENSIONS.key).get("QueueName");
            let name = dimension.as_text();
            let named = |name: &str| {
                let mut queues = stack.resources.values().filter(|resource| resource.kind.section() == "queues");
                queues.find(|resource| resource.physical_name() == name).map(|resource| &resource.address)
            };
            let queue = dimension.as_ref().and_then(|reference| reference.address()).or_else(|| named(name?));
            let metric = metric.get(METRIC_NAME.key).as_text()?;
            of_queues.then_some(Watch { alarm, metric, queue, name, place })
        })
    })
}

/// All metrics of an alarm with the dotted path of each.
pub fn metrics(alarm: &Resource) -> impl Iterator<Item = (String, &Value)> {
    let own = (METRIC.key.to_owned(), alarm.get(&METRIC));
    let queries = alarm.get(&METRICS).as_list().unwrap_or_default().iter().enumerate();
    let queries = queries.map(|(index, query)| (format!("metrics.{index}.metric"), query.get(QUERY_METRIC.key)));
    std::iter::once(own).chain(queries).filter(|(_, metric)| !metric.is_null())
}
