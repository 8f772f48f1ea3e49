//! The alarm's face towards CloudWatch.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use aws_sdk_cloudwatch::types::{
    ComparisonOperator, Dimension, Metric, MetricAlarm, MetricDataQuery, MetricStat, StandardUnit, Statistic, Tag,
};

use super::{
    ACCOUNT_ID, ACTION_TAGS, ACTIONS_ENABLED, ALARM_ACTIONS, ALARM_PERIOD, Alarm, COMPARISON, DATAPOINTS_TO_ALARM,
    DESCRIPTION, DIMENSIONS, EVALUATION_INTERVAL, EVALUATION_PERIODS, EVALUATION_WINDOW, EXPRESSION,
    EXTENDED_STATISTIC, INSUFFICIENT_DATA_ACTIONS, LABEL, LOW_SAMPLES, METRIC, METRIC_NAME, METRICS, MISSING_DATA,
    NAMESPACE, OK_ACTIONS, PROMQL, QUERY_ID, QUERY_METRIC, QUERY_STATISTIC, RETURN_DATA, STATISTIC, THRESHOLD,
    THRESHOLD_METRIC_ID, UNIT, WARM_UP, check, window,
};
use crate::backend::aws::Aws;
use crate::error::{AwsError, fine_when};
use crate::kind::{Desired, Facts, Found, Kind, Live, Row, Sweep, function, queue, tag_changes};
use crate::model::{Attributes, Fact};
use crate::plan::Change;
use crate::value::Value;

/// The most names that `DescribeAlarms` takes, and the most alarms that it answers with.
const PAGE: usize = 100;
const GONE: &[&str] = &["ResourceNotFoundException", "ResourceNotFound"];

#[async_trait]
impl Live for Alarm {
    /// `DescribeAlarms` reads 100 alarms a call; their tags come in bulk and are confirmed one by one where in doubt.
    async fn read(&self, aws: &Aws, sweep: &Sweep) -> Result<Vec<Found>, AwsError> {
        let tagged = aws.tagged(sweep, self.tag_type());
        let alarms = if aws.lists_every_tag() {
            let names: Vec<String> = sweep.names().into_iter().collect();
            let (mut named, tagged) = futures::try_join!(describe(aws, &names), tagged)?;
            let orphans = tagged.keys().filter_map(|arn| self.name_in_arn(arn)).map(str::to_owned);
            let orphans: Vec<_> = orphans.filter(|name| !sweep.wants(name)).collect();
            named.extend(describe(aws, &orphans).await?);
            named
        } else {
            // Where none is wanted there is mostly none.
            let tagged = async { if sweep.names().is_empty() { Ok(()) } else { tagged.await.map(drop) } };
            futures::try_join!(describe_all(aws), tagged)?.0
        };
        if alarms.is_empty() {
            return Ok(Vec::new());
        }
        let tagged = aws.tagged(sweep, self.tag_type()).await?;
        let known = alarms.into_iter().map(|alarm| {
            let bulk = alarm.alarm_arn().and_then(|arn| tagged.get(arn)).cloned();
            (alarm, bulk)
        });
        let found = aws.each(known, |aws, (alarm, bulk)| read_one(aws, alarm, bulk)).await?;
        Ok(found.into_iter().filter(|one| sweep.keeps(one)).collect())
    }

    /// Alarms belong to the queues and functions that their metrics are about.
    async fn belonging(&self, aws: &Aws, found: &[Found]) -> Result<BTreeSet<String>, AwsError> {
        let subjects = [("QueueName", &queue::Queue as &dyn Kind), ("FunctionName", &function::Function)];
        let subject = |dimension: &Dimension| {
            let kind = subjects.iter().find(|(name, _)| dimension.name() == Some(name)).map(|(_, kind)| kind.name());
            found.iter().any(|one| Some(one.kind.name()) == kind && dimension.value() == Some(&one.name))
        };
        if !subjects.iter().any(|(_, kind)| found.iter().any(|one| one.kind.name() == kind.name())) {
            return Ok(BTreeSet::new());
        }
        let about = |alarm: &MetricAlarm| {
            let queries = alarm.metrics().iter().filter_map(|query| query.metric_stat()?.metric());
            alarm.dimensions().iter().chain(queries.flat_map(Metric::dimensions)).any(subject)
        };
        let alarms = describe_all(aws).await?.into_iter().filter(about);
        Ok(alarms.filter_map(|alarm| alarm.alarm_name).collect())
    }

    async fn create(&self, aws: &Aws, desired: &Desired) -> Result<Facts, AwsError> {
        put(aws, desired, true).await?;
        Ok(Facts::new())
    }

    /// `PutMetricAlarm` ignores tags on an update: they have calls of their own.
    async fn update(&self, aws: &Aws, desired: &Desired, found: &Found, changes: &[Change]) -> Result<(), AwsError> {
        let (set, removed) = tag_changes(desired, found, changes);
        if !set.is_empty() {
            let tags = set.into_iter().map(|(key, value)| tag(key, value)).collect();
            let call = aws.cloudwatch.tag_resource().resource_arn(&found.arn).set_tags(Some(tags));
            aws.call("cloudwatch", "TagResource", call.send()).await?;
        }
        if !removed.is_empty() {
            let call = aws.cloudwatch.untag_resource().resource_arn(&found.arn).set_tag_keys(Some(removed));
            aws.call("cloudwatch", "UntagResource", call.send()).await?;
        }
        if changes.iter().any(|change| !change.is_tag()) {
            put(aws, desired, false).await?;
        }
        Ok(())
    }

    async fn delete(&self, aws: &Aws, found: &Found, _consent: bool) -> Result<(), AwsError> {
        let call = aws.cloudwatch.delete_alarms().alarm_names(&found.name);
        fine_when(GONE, aws.call("cloudwatch", "DeleteAlarms", call.send()).await)
    }
}

/// Completes an alarm by its tags. A bulk answer without them may be late or incomplete: the service's own read decides.
async fn read_one(
    aws: Aws,
    alarm: MetricAlarm,
    bulk: Option<BTreeMap<String, String>>,
) -> Result<Option<Found>, AwsError> {
    let arn = alarm.alarm_arn.clone().unwrap_or_default();
    let tags = match bulk {
        Some(tags) => tags,
        None => read_tags(&aws, &arn).await?,
    };
    let name = alarm.alarm_name.clone().unwrap_or_default();
    Ok(Some(found(&alarm, name, arn, tags)))
}

/// Reads the alarms of these names, 100 a call, side by side.
async fn describe(aws: &Aws, names: &[String]) -> Result<Vec<MetricAlarm>, AwsError> {
    let pages = names.chunks(PAGE).map(|names| async move {
        let call = aws.cloudwatch.describe_alarms().set_alarm_names(Some(names.to_vec()));
        #[expect(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "PAGE is 100")]
        let answer = aws.call("cloudwatch", "DescribeAlarms", call.max_records(PAGE as i32).send()).await?;
        Ok::<_, AwsError>(answer.metric_alarms.unwrap_or_default())
    });
    Ok(futures::future::try_join_all(pages).await?.into_iter().flatten().collect())
}

/// Reads every alarm, for endpoints whose tagging API cannot be relied on.
async fn describe_all(aws: &Aws) -> Result<Vec<MetricAlarm>, AwsError> {
    let mut alarms = Vec::new();
    let mut token = None;
    loop {
        #[expect(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "PAGE is 100")]
        let call = aws.cloudwatch.describe_alarms().max_records(PAGE as i32).set_next_token(token);
        let page = aws.call("cloudwatch", "DescribeAlarms", call.send()).await?;
        alarms.extend(page.metric_alarms.unwrap_or_default());
        token = page.next_token.filter(|token| !token.is_empty());
        if token.is_none() {
            return Ok(alarms);
        }
    }
}

async fn read_tags(aws: &Aws, arn: &str) -> Result<BTreeMap<String, String>, AwsError> {
    let call = aws.cloudwatch.list_tags_for_resource().resource_arn(arn);
    match aws.call("cloudwatch", "ListTagsForResource", call.send()).await {
        Err(error) if error.is(GONE) => Ok(BTreeMap::new()),
        other => {
            let tags = other?.tags.unwrap_or_default().into_iter();
            Ok(tags.filter_map(|tag| Some((tag.key?, tag.value.unwrap_or_default()))).collect())
        }
    }
}

fn tag(key: String, value: String) -> Tag {
    Tag::builder().key(key).value(value).build()
}

fn int(desired: &Desired, row: &Row) -> Option<i32> {
    desired.get(row).as_int().and_then(|number| number.try_into().ok())
}

fn text(desired: &Desired, row: &Row) -> Option<String> {
    desired.get(row).as_text().map(str::to_owned)
}

fn texts(desired: &Desired, row: &Row) -> Option<Vec<String>> {
    Some(desired.get(row).as_list()?.iter().map(Value::plain).collect())
}

/// Writes the whole alarm.
async fn put(aws: &Aws, desired: &Desired, with_tags: bool) -> Result<(), AwsError> {
    let metric = desired.get(&METRIC);
    let tags = desired.tags.clone().into_iter().map(|(key, value)| tag(key, value)).collect();
    let call = aws
        .cloudwatch
        .put_metric_alarm()
        .alarm_name(&desired.name)
        .set_alarm_description(text(desired, &DESCRIPTION))
        .set_actions_enabled(desired.get(&ACTIONS_ENABLED).as_bool())
        .set_alarm_actions(texts(desired, &ALARM_ACTIONS))
        .set_ok_actions(texts(desired, &OK_ACTIONS))
        .set_insufficient_data_actions(texts(desired, &INSUFFICIENT_DATA_ACTIONS))
        .set_namespace(metric.get(NAMESPACE.key).as_text().map(str::to_owned))
        .set_metric_name(metric.get(METRIC_NAME.key).as_text().map(str::to_owned))
        .set_dimensions((!metric.is_null()).then(|| dimensions(metric)))
        .set_statistic(text(desired, &STATISTIC).map(|word| Statistic::from(word.as_str())))
        .set_extended_statistic(text(desired, &EXTENDED_STATISTIC))
        .set_period(int(desired, &ALARM_PERIOD))
        .set_unit(text(desired, &UNIT).map(|word| StandardUnit::from(word.as_str())))
        .set_evaluation_periods(int(desired, &EVALUATION_PERIODS))
        .set_datapoints_to_alarm(int(desired, &DATAPOINTS_TO_ALARM))
        .set_threshold(desired.get(&THRESHOLD).as_float())
        .set_threshold_metric_id(text(desired, &THRESHOLD_METRIC_ID))
        .set_comparison_operator(text(desired, &COMPARISON).map(|word| ComparisonOperator::from(word.as_str())))
        .set_treat_missing_data(text(desired, &MISSING_DATA))
        .set_evaluate_low_sample_count_percentile(text(desired, &LOW_SAMPLES))
        .set_metrics(desired.get(&METRICS).as_list().map(|items| items.iter().map(query).collect()))
        .set_evaluation_interval(int(desired, &EVALUATION_INTERVAL))
        .set_evaluation_criteria(window::to_criteria(desired.get(&PROMQL)))
        .set_evaluation_window(window::to_window(desired.get(&EVALUATION_WINDOW)))
        .set_warm_up_configuration(window::to_warm_up(desired.get(&WARM_UP)))
        .set_action_configuration(window::to_action(desired.get(&ACTION_TAGS)))
        .set_tags(with_tags.then_some(tags));
    aws.call("cloudwatch", "PutMetricAlarm", call.send()).await.map(drop)
}

fn dimensions(metric: &Value) -> Vec<Dimension> {
    let pairs = metric.get(DIMENSIONS.key).as_map().into_iter().flatten();
    pairs.map(|(name, value)| Dimension::builder().name(name).value(value.plain()).build()).collect()
}

fn query(value: &Value) -> MetricDataQuery {
    let text = |row: &Row| value.get(row.key).as_text().map(str::to_owned);
    let int = |row: &Row| value.get(row.key).as_int().and_then(|number| i32::try_from(number).ok());
    let metric = value.get(QUERY_METRIC.key);
    let stat = (!metric.is_null()).then(|| {
        let named = Metric::builder()
            .set_namespace(metric.get(NAMESPACE.key).as_text().map(str::to_owned))
            .set_metric_name(metric.get(METRIC_NAME.key).as_text().map(str::to_owned))
            .set_dimensions(Some(dimensions(metric)));
        MetricStat::builder()
            .metric(named.build())
            .set_stat(text(&QUERY_STATISTIC))
            .set_period(int(&ALARM_PERIOD))
            .set_unit(text(&UNIT).map(|word| StandardUnit::from(word.as_str())))
            .build()
    });
    MetricDataQuery::builder()
        .set_id(text(&QUERY_ID))
        .set_expression(text(&EXPRESSION))
        .set_label(text(&LABEL))
        // Said of every query: what CloudWatch takes one that does not say for is another default than ours.
        .return_data(value.get(RETURN_DATA.key).as_bool().unwrap_or(false))
        .set_period(if stat.is_none() { int(&ALARM_PERIOD) } else { None })
        .set_account_id(text(&ACCOUNT_ID))
        .set_metric_stat(stat)
        .build()
}

/// Puts what CloudWatch reports into the terms of the rows.
fn found(alarm: &MetricAlarm, name: String, arn: String, tags: BTreeMap<String, String>) -> Found {
    let text = |text: &Option<String>| text.as_deref().filter(|text| !text.is_empty()).map(Value::text);
    let int = |number: Option<i32>| number.map(|number| Value::Int(number.into()));
    let list = |items: &Option<Vec<String>>| {
        items
            .as_ref()
            .filter(|items| !items.is_empty())
            .map(|items| Value::List(items.iter().map(Value::text).collect()))
    };
    // Both are of the one metric, and an alarm has one statistic: some endpoints fill in `Average` and 60 s without.
    let of_metric = alarm.metric_name.is_some();
    let statistic = alarm.statistic.as_ref().filter(|_| of_metric && alarm.extended_statistic.is_none());
    // AWS says nothing of the treatment that it has by itself; PromQL alarms have none.
    let plain = alarm.metric_name.is_some() || !alarm.metrics().is_empty();
    let missing_data = text(&alarm.treat_missing_data).or(plain.then(|| Value::text("missing")));
    let pairs = [
        (&DESCRIPTION, text(&alarm.alarm_description)),
        (&METRIC, metric_of(alarm.namespace.as_deref(), alarm.metric_name.as_deref(), alarm.dimensions())),
        (&STATISTIC, statistic.map(|word| Value::text(word.as_str()))),
        (&EXTENDED_STATISTIC, text(&alarm.extended_statistic)),
        (&ALARM_PERIOD, int(alarm.period.filter(|_| of_metric))),
        (&UNIT, alarm.unit.as_ref().map(|word| Value::text(word.as_str()))),
        (&EVALUATION_PERIODS, int(alarm.evaluation_periods)),
        (&DATAPOINTS_TO_ALARM, int(alarm.datapoints_to_alarm)),
        // A band stands in for a threshold, whatever an endpoint reports.
        (&THRESHOLD, alarm.threshold.filter(|_| !is_band(alarm)).map(Value::Float)),
        (&THRESHOLD_METRIC_ID, text(&alarm.threshold_metric_id)),
        (&COMPARISON, alarm.comparison_operator.as_ref().map(|word| Value::text(word.as_str()))),
        (&MISSING_DATA, missing_data),
        (&LOW_SAMPLES, text(&alarm.evaluate_low_sample_count_percentile)),
        (&EVALUATION_INTERVAL, int(alarm.evaluation_interval)),
        (&PROMQL, alarm.evaluation_criteria.as_ref().and_then(window::from_criteria)),
        (&EVALUATION_WINDOW, alarm.evaluation_window.as_ref().and_then(window::from_window)),
        (&WARM_UP, alarm.warm_up_configuration.as_ref().map(window::from_warm_up)),
        (&ACTION_TAGS, alarm.action_configuration.as_ref().and_then(window::from_action)),
        (&ACTIONS_ENABLED, alarm.actions_enabled.map(Value::Bool)),
        (&ALARM_ACTIONS, list(&alarm.alarm_actions)),
        (&OK_ACTIONS, list(&alarm.ok_actions)),
        (&INSUFFICIENT_DATA_ACTIONS, list(&alarm.insufficient_data_actions)),
        (
            &METRICS,
            alarm.metrics.as_ref().filter(|m| !m.is_empty()).map(|m| Value::List(m.iter().map(from_query).collect())),
        ),
    ];
    let attributes: Attributes = pairs.into_iter().filter_map(|(row, value)| Some((row.key, value?))).collect();
    // Whole seconds: nobody compares them with anything finer.
    let modified = alarm.alarm_configuration_updated_timestamp.map(|time| time.secs());
    let modified = modified.and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
    let facts = modified.map(|time| (Fact::Modified, time.to_string())).into_iter().collect();
    Found { kind: &Alarm, name, arn, attributes, tags, facts, holds: None }
}

/// Tells whether an alarm compares with a band.
fn is_band(alarm: &MetricAlarm) -> bool {
    alarm.comparison_operator.as_ref().is_some_and(|word| check::BANDS.contains(&word.as_str()))
}

fn metric_of(namespace: Option<&str>, name: Option<&str>, dimensions: &[Dimension]) -> Option<Value> {
    let pairs = dimensions.iter().filter_map(|d| Some((d.name.clone()?, Value::text(d.value.clone()?))));
    Some(Value::map([
        (NAMESPACE.key, Value::text(namespace?)),
        (METRIC_NAME.key, Value::text(name?)),
        (DIMENSIONS.key, Value::map(pairs)),
    ]))
}

fn from_query(query: &MetricDataQuery) -> Value {
    let text = |text: Option<&str>| text.map_or(Value::Null, Value::text);
    let stat = query.metric_stat.as_ref();
    let metric = stat.and_then(|stat| stat.metric.as_ref());
    let metric = metric.and_then(|m| metric_of(m.namespace.as_deref(), m.metric_name.as_deref(), m.dimensions()));
    let period = query.period.or(stat.and_then(|stat| stat.period));
    Value::map([
        (QUERY_ID.key, text(query.id())),
        (EXPRESSION.key, text(query.expression())),
        (LABEL.key, text(query.label())),
        (RETURN_DATA.key, Value::Bool(query.return_data.unwrap_or(false))),
        (QUERY_METRIC.key, metric.unwrap_or(Value::Null)),
        (QUERY_STATISTIC.key, text(stat.and_then(|stat| stat.stat()))),
        (ALARM_PERIOD.key, period.map_or(Value::Null, |seconds| Value::Int(seconds.into()))),
        (UNIT.key, text(stat.and_then(|stat| stat.unit.as_ref()).map(StandardUnit::as_str))),
        (ACCOUNT_ID.key, text(query.account_id())),
    ])
}
