//! Generated from the rows of `alarm` by `tests/construct_generated.rs`: change those.

#[allow(clippy::wildcard_imports, unused_imports, reason = "which of them a kind needs follows from its rows")]
use crate::construct::kinds::prelude::*;

kind! {
    /// A CloudWatch metric alarm, on one metric or on metric math.
    Alarm, AlarmBuilder, crate::kind::alarm::Alarm;

    /// What the alarm means and what to do.
    ///
    /// A text of 1 to 1024 characters. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html)
    description: text;

    /// The metric that is watched: namespace, name, dimensions. Either this or `metrics`.
    ///
    /// A [`Metric`]. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html)
    metric: into Metric;

    /// Metric math: up to 20 queries, of which one returns data. Instead of `metric`, `statistic` and `period`.
    ///
    /// At most 20, each: A [`MetricQuery`]. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html)
    metrics: each MetricQuery;

    /// An alarm on a PromQL query instead of `metric` or `metrics`; needs `evaluation_interval`.
    ///
    /// A [`Promql`]. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_AlarmPromQLCriteria.html)
    promql: into Promql;

    /// How the datapoints of a period become one number. Either this or `extended_statistic`.
    ///
    /// A [`Statistic`]. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html)
    statistic: Statistic;

    /// A percentile or trimmed statistic: `p99`, `tm90`, `IQM`.
    ///
    /// A text of 2 to 100 characters. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html)
    extended_statistic: text;

    /// The length of a period: 10s, 20s, 30s or a multiple of 1m. Default 1m for a plain metric.
    ///
    /// A duration, `10s` to `7d`.
    /// [AWS](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html)
    period: Seconds;

    /// Only datapoints of this unit count. Leave it out unless the metric is published in several.
    ///
    /// A [`Unit`]. [AWS](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html)
    unit: Unit;

    /// How many periods are looked at. Default 1.
    ///
    /// A count, `1` to `10080`.
    /// [AWS](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html)
    evaluation_periods: u32;

    /// How many of them must breach (M of N). Default: all.
    ///
    /// A count, `1` to `10080`.
    /// [AWS](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html)
    datapoints_to_alarm: u32;

    /// What the number is compared with.
    ///
    /// A number. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html)
    threshold: into f64;

    /// The id of the ANOMALY_DETECTION_BAND query that stands in for a threshold.
    ///
    /// A text of 1 to 255 characters. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html)
    threshold_metric_id: text;

    /// How: `>=`, `>`, `<`, `<=`, or against an anomaly-detection band.
    ///
    /// A [`Comparison`]. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html)
    comparison: Comparison;

    /// What a period without data means; it must be chosen. Queue metrics stop when a queue is idle: `not_breaching`
    /// there.
    ///
    /// A [`MissingData`].
    /// [AWS](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html)
    missing_data: MissingData;

    /// With a percentile: whether it is evaluated on too few samples. Default evaluate.
    ///
    /// A [`LowSamples`].
    /// [AWS](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html)
    low_samples: LowSamples;

    /// With `promql`: how often it is evaluated: 10s, 20s, 30s or a multiple of 1m up to 1h.
    ///
    /// A duration, `10s` to `1h`. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_AlarmPromQLCriteria.html)
    evaluation_interval: Seconds;

    /// Which range of data an evaluation looks at. `wall_clock` takes a period of 1m, 5m, 1h, 1d or 7d.
    ///
    /// A [`EvaluationWindow`]. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation-window.html)
    evaluation_window: into EvaluationWindow;

    /// How long the alarm waits after it was made or changed, for things that publish no data yet.
    ///
    /// A [`WarmUp`]. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-warm-up.html)
    warm_up: into WarmUp;

    /// Whether the actions run when the state changes.
    ///
    /// True or false. Default: `true`.
    /// [AWS](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html)
    actions_enabled: bool;

    /// What to do on ALARM: SNS topics, by logical name or ARN, and ARNs of the like, at most 5.
    ///
    /// At most 5, each: `&Topic`, or an [`Arn`](crate::construct::Arn). Default: not set.
    /// [AWS](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html)
    actions: each Ref<Topic>;

    /// What to do on the way back to OK, at most 5.
    ///
    /// At most 5, each: `&Topic`, or an [`Arn`](crate::construct::Arn). Default: not set.
    /// [AWS](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html)
    ok_actions: each Ref<Topic>;

    /// What to do when there is too little data to tell, at most 5.
    ///
    /// At most 5, each: `&Topic`, or an [`Arn`](crate::construct::Arn). Default: not set.
    /// [AWS](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html)
    insufficient_data_actions: each Ref<Topic>;

    /// Puts the alarm's tags into what SNS, Lambda and EventBridge are told, to route by team or stage.
    ///
    /// A [`ActionTags`]. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_ActionConfiguration.html)
    action_tags: into ActionTags;
}

facts! { Alarm }

part! {
    /// The metric that is watched: namespace, name, dimensions. Either this or `metrics`.
    Metric;

    /// The namespace, `AWS/SQS`.
    ///
    /// A text of 1 to 255 characters. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricStat.html)
    namespace: text;

    /// The metric's name, `ApproximateNumberOfMessagesVisible`.
    ///
    /// A text of 1 to 255 characters. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricStat.html)
    name: text;

    /// What the metric is about, `{QueueName: orders}`; at most 30.
    ///
    /// One entry a call, at most 30. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricStat.html)
    dimensions: entries;
}

words! {
    /// Only datapoints of this unit count. Leave it out unless the metric is published in several.
    Unit;
    /// `seconds`.
    Seconds = "Seconds",
    /// `microseconds`.
    Microseconds = "Microseconds",
    /// `milliseconds`.
    Milliseconds = "Milliseconds",
    /// `bytes`.
    Bytes = "Bytes",
    /// `kilobytes`.
    Kilobytes = "Kilobytes",
    /// `megabytes`.
    Megabytes = "Megabytes",
    /// `gigabytes`.
    Gigabytes = "Gigabytes",
    /// `terabytes`.
    Terabytes = "Terabytes",
    /// `bits`.
    Bits = "Bits",
    /// `kilobits`.
    Kilobits = "Kilobits",
    /// `megabits`.
    Megabits = "Megabits",
    /// `gigabits`.
    Gigabits = "Gigabits",
    /// `terabits`.
    Terabits = "Terabits",
    /// `percent`.
    Percent = "Percent",
    /// `count`.
    Count = "Count",
    /// `bytes_per_second`.
    BytesPerSecond = "Bytes/Second",
    /// `kilobytes_per_second`.
    KilobytesPerSecond = "Kilobytes/Second",
    /// `megabytes_per_second`.
    MegabytesPerSecond = "Megabytes/Second",
    /// `gigabytes_per_second`.
    GigabytesPerSecond = "Gigabytes/Second",
    /// `terabytes_per_second`.
    TerabytesPerSecond = "Terabytes/Second",
    /// `bits_per_second`.
    BitsPerSecond = "Bits/Second",
    /// `kilobits_per_second`.
    KilobitsPerSecond = "Kilobits/Second",
    /// `megabits_per_second`.
    MegabitsPerSecond = "Megabits/Second",
    /// `gigabits_per_second`.
    GigabitsPerSecond = "Gigabits/Second",
    /// `terabits_per_second`.
    TerabitsPerSecond = "Terabits/Second",
    /// `count_per_second`.
    CountPerSecond = "Count/Second",
    /// `none`.
    None = "None",
}

part! {
    /// Metric math: up to 20 queries, of which one returns data. Instead of `metric`, `statistic` and `period`.
    MetricQuery;

    /// The name of this query in expressions; begins with a lower-case letter.
    ///
    /// A text of 1 to 255 characters. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDataQuery.html)
    id: text;

    /// A metric-math expression over other ids. Either this or `metric`.
    ///
    /// A text of 1 to 2048 characters. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDataQuery.html)
    expression: text;

    /// Its name for people.
    ///
    /// A text of 1 to 1024 characters. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDataQuery.html)
    label: text;

    /// Whether this query is the one that is compared; exactly one is.
    ///
    /// True or false. Default: `false`.
    /// [AWS](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDataQuery.html)
    return_data: bool;

    /// The metric it reads: namespace, name, dimensions.
    ///
    /// A [`Metric`]. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDataQuery.html)
    metric: into Metric;

    /// Its statistic, `Sum` or `p99`.
    ///
    /// A text of 2 to 100 characters. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricStat.html)
    statistic: text;

    /// The length of a period: 10s, 20s, 30s or a multiple of 1m. Default 1m for a plain metric.
    ///
    /// A duration, `10s` to `7d`.
    /// [AWS](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html)
    period: Seconds;

    /// Only datapoints of this unit count. Leave it out unless the metric is published in several.
    ///
    /// A [`Unit`]. [AWS](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html)
    unit: Unit;

    /// The account that the metric is in, when it is another.
    ///
    /// A text of 12 to 12 characters. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDataQuery.html)
    account_id: text;
}

part! {
    /// An alarm on a PromQL query instead of `metric` or `metrics`; needs `evaluation_interval`.
    Promql;

    /// The query, with its condition: every series that it returns breaches.
    ///
    /// A text of 1 to 10000 characters. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_AlarmPromQLCriteria.html)
    query: text;

    /// How long a series must breach before the alarm goes off. Default 0s.
    ///
    /// A duration, `0s` to `1d`.
    /// [AWS](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_AlarmPromQLCriteria.html)
    pending_period: Seconds;

    /// How long it must not breach before the alarm is over. Default 0s.
    ///
    /// A duration, `0s` to `1d`.
    /// [AWS](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_AlarmPromQLCriteria.html)
    recovery_period: Seconds;
}

words! {
    /// How the datapoints of a period become one number. Either this or `extended_statistic`.
    Statistic;
    /// `sum`.
    Sum = "Sum",
    /// `average`.
    Average = "Average",
    /// `minimum`.
    Minimum = "Minimum",
    /// `maximum`.
    Maximum = "Maximum",
    /// `sample_count`.
    SampleCount = "SampleCount",
}

words! {
    /// How: `>=`, `>`, `<`, `<=`, or against an anomaly-detection band.
    Comparison;
    /// `>=`.
    GreaterThanOrEqualToThreshold = "GreaterThanOrEqualToThreshold",
    /// `>`.
    GreaterThanThreshold = "GreaterThanThreshold",
    /// `<`.
    LessThanThreshold = "LessThanThreshold",
    /// `<=`.
    LessThanOrEqualToThreshold = "LessThanOrEqualToThreshold",
    /// `outside_band`.
    OutsideBand = "LessThanLowerOrGreaterThanUpperThreshold",
    /// `below_band`.
    BelowBand = "LessThanLowerThreshold",
    /// `above_band`.
    AboveBand = "GreaterThanUpperThreshold",
}

words! {
    /// With a percentile: whether it is evaluated on too few samples. Default evaluate.
    LowSamples;
    /// `evaluate`.
    Evaluate = "evaluate",
    /// `ignore`.
    Ignore = "ignore",
}

words! {
    /// A range that moves with every evaluation, or one that begins on the clock. Default sliding.
    WindowType;
    /// `sliding`.
    Sliding = "SlidingWindow",
    /// `wall_clock`.
    WallClock = "WallClockWindow",
}

part! {
    /// Which range of data an evaluation looks at. `wall_clock` takes a period of 1m, 5m, 1h, 1d or 7d.
    EvaluationWindow;

    /// A range that moves with every evaluation, or one that begins on the clock. Default sliding.
    ///
    /// A [`WindowType`].
    /// [AWS](https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation-window.html)
    type_ as "type": WindowType;

    /// With `wall_clock`: `Europe/Berlin`, `+05:30` or `UTC+05:30`. Default UTC.
    ///
    /// A text of 1 to 64 characters.
    /// [AWS](https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation-window.html)
    timezone: text;
}

part! {
    /// How long the alarm waits after it was made or changed, for things that publish no data yet.
    WarmUp;

    /// How long: whole minutes, 1m to 2d.
    ///
    /// A duration, `1m` to `2d`. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-warm-up.html)
    duration: Seconds;

    /// Waits to the end, even when there is data enough before. Default false.
    ///
    /// True or false. [AWS](https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-warm-up.html)
    fully: bool;
}

part! {
    /// Puts the alarm's tags into what SNS, Lambda and EventBridge are told, to route by team or stage.
    ActionTags;

    /// Whether notifications carry the alarm's tags.
    ///
    /// True or false. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_ActionConfiguration.html)
    enabled: bool;

    /// Only the tags with these keys. Either this or `exclude`.
    ///
    /// At most 50, each: A text of 1 to 128 characters. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_ActionConfiguration.html)
    include: texts;

    /// All but the tags with these keys.
    ///
    /// At most 50, each: A text of 1 to 128 characters. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_ActionConfiguration.html)
    exclude: texts;
}
