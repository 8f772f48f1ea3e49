//! A CloudWatch metric alarm.
//!
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html>
//! Nothing forces a replacement: every put writes the whole alarm.

mod actions;
mod check;
pub mod codes;
mod live;
mod math;
mod short;
mod terraform;
mod watch;
mod window;

use crate::diagnostic::{Code, Diagnostics};
use crate::kind::arn::resource_of;
use crate::kind::terraform::Spelling;
use crate::kind::{Default, Kind, Live, Row, Type};
use crate::model::{Resource, Stack};
use crate::permissions::Action;
use crate::value::{Place, Unit, Value};

pub use short::on_queue;
pub use watch::{Watch, watches};

/// The kind `alarm`.
#[derive(Debug)]
pub struct Alarm;

const PUT: &str = "https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html";
const QUERY: &str = "https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDataQuery.html";
const STAT: &str = "https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricStat.html";
const WINDOW: &str = "https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation-window.html";
const WARM: &str = "https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-warm-up.html";
const PROMQL_DOC: &str =
    "https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_AlarmPromQLCriteria.html";
const ACTION_DOC: &str =
    "https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_ActionConfiguration.html";

const TAG_KEYS: Type = Type::List { of: &Type::Text { min: 1, max: 128 }, max: 50 };
const TEXT: Type = Type::Text { min: 1, max: 1_024 };
const ACTIONS: Type = Type::List { of: &Type::Name(&["topics"]), max: 5 };
const PERIOD: Type = Type::seconds(10, 604_800);

/// What the alarm is for.
pub const DESCRIPTION: Row = Row::new("description", "AlarmDescription", "alarm_description", TEXT)
    .doc("What the alarm means and what to do.", PUT);
/// Whether actions run.
pub const ACTIONS_ENABLED: Row = Row::new("actions_enabled", "ActionsEnabled", "actions_enabled", Type::Bool)
    .or(Default::Bool(true))
    .always_reported()
    .doc("Whether the actions run when the state changes.", PUT);
/// Actions on ALARM.
pub const ALARM_ACTIONS: Row = Row::new("actions", "AlarmActions", "alarm_actions", ACTIONS)
    .doc("What to do on ALARM: SNS topics, by logical name or ARN, and ARNs of the like, at most 5.", PUT);
/// Actions on OK.
pub const OK_ACTIONS: Row =
    Row::new("ok_actions", "OKActions", "ok_actions", ACTIONS).doc("What to do on the way back to OK, at most 5.", PUT);
/// Actions without data.
pub const INSUFFICIENT_DATA_ACTIONS: Row =
    Row::new("insufficient_data_actions", "InsufficientDataActions", "insufficient_data_actions", ACTIONS)
        .doc("What to do when there is too little data to tell, at most 5.", PUT);

/// A metric's namespace.
pub const NAMESPACE: Row = Row::new("namespace", "Namespace", "namespace", Type::Text { min: 1, max: 255 })
    .doc("The namespace, `AWS/SQS`.", STAT);
/// A metric's name.
pub const METRIC_NAME: Row = Row::new("name", "MetricName", "metric_name", Type::Text { min: 1, max: 255 })
    .doc("The metric's name, `ApproximateNumberOfMessagesVisible`.", STAT);
/// A metric's dimensions.
pub const DIMENSIONS: Row = Row::new("dimensions", "Dimensions", "dimensions", Type::Texts { max: 30 })
    .doc("What the metric is about, `{QueueName: orders}`; at most 30.", STAT);
const METRIC_ROWS: &[Row] = &[NAMESPACE, METRIC_NAME, DIMENSIONS];
/// The one metric that is watched.
pub const METRIC: Row = Row::new("metric", "Metric", "", Type::Object(METRIC_ROWS))
    .doc("The metric that is watched: namespace, name, dimensions. Either this or `metrics`.", PUT);

const STATISTIC_WORDS: Type = Type::Word(&[
    ("sum", "Sum"),
    ("average", "Average"),
    ("minimum", "Minimum"),
    ("maximum", "Maximum"),
    ("sample_count", "SampleCount"),
]);
const UNIT_WORDS: Type = Type::Word(&[
    ("seconds", "Seconds"),
    ("microseconds", "Microseconds"),
    ("milliseconds", "Milliseconds"),
    ("bytes", "Bytes"),
    ("kilobytes", "Kilobytes"),
    ("megabytes", "Megabytes"),
    ("gigabytes", "Gigabytes"),
    ("terabytes", "Terabytes"),
    ("bits", "Bits"),
    ("kilobits", "Kilobits"),
    ("megabits", "Megabits"),
    ("gigabits", "Gigabits"),
    ("terabits", "Terabits"),
    ("percent", "Percent"),
    ("count", "Count"),
    ("bytes_per_second", "Bytes/Second"),
    ("kilobytes_per_second", "Kilobytes/Second"),
    ("megabytes_per_second", "Megabytes/Second"),
    ("gigabytes_per_second", "Gigabytes/Second"),
    ("terabytes_per_second", "Terabytes/Second"),
    ("bits_per_second", "Bits/Second"),
    ("kilobits_per_second", "Kilobits/Second"),
    ("megabits_per_second", "Megabits/Second"),
    ("gigabits_per_second", "Gigabits/Second"),
    ("terabits_per_second", "Terabits/Second"),
    ("count_per_second", "Count/Second"),
    ("none", "None"),
]);

/// The statistic.
pub const STATISTIC: Row = Row::new("statistic", "Statistic", "statistic", STATISTIC_WORDS)
    .doc("How the datapoints of a period become one number. Either this or `extended_statistic`.", PUT);
/// A percentile and the like.
pub const EXTENDED_STATISTIC: Row =
    Row::new("extended_statistic", "ExtendedStatistic", "extended_statistic", Type::Text { min: 2, max: 100 })
        .doc("A percentile or trimmed statistic: `p99`, `tm90`, `IQM`.", PUT);
/// Seconds of a period.
pub const ALARM_PERIOD: Row = Row::new("period", "Period", "period", PERIOD)
    .doc("The length of a period: 10s, 20s, 30s or a multiple of 1m. Default 1m for a plain metric.", PUT);
/// The unit of the datapoints.
pub const UNIT: Row = Row::new("unit", "Unit", "unit", UNIT_WORDS)
    .doc("Only datapoints of this unit count. Leave it out unless the metric is published in several.", PUT);
/// Periods that are looked at.
pub const EVALUATION_PERIODS: Row =
    Row::new("evaluation_periods", "EvaluationPeriods", "evaluation_periods", Type::int(Unit::Count, 1, 10_080))
        .doc("How many periods are looked at. Default 1.", PUT);
/// Breaching datapoints needed.
pub const DATAPOINTS_TO_ALARM: Row =
    Row::new("datapoints_to_alarm", "DatapointsToAlarm", "datapoints_to_alarm", Type::int(Unit::Count, 1, 10_080))
        .doc("How many of them must breach (M of N). Default: all.", PUT);
/// The threshold.
pub const THRESHOLD: Row =
    Row::new("threshold", "Threshold", "threshold", Type::Number).doc("What the number is compared with.", PUT);
/// The comparison.
pub const COMPARISON: Row = Row::new(
    "comparison",
    "ComparisonOperator",
    "comparison_operator",
    Type::Word(&[
        (">=", "GreaterThanOrEqualToThreshold"),
        (">", "GreaterThanThreshold"),
        ("<", "LessThanThreshold"),
        ("<=", "LessThanOrEqualToThreshold"),
        ("outside_band", "LessThanLowerOrGreaterThanUpperThreshold"),
        ("below_band", "LessThanLowerThreshold"),
        ("above_band", "GreaterThanUpperThreshold"),
    ]),
)
.doc("How: `>=`, `>`, `<`, `<=`, or against an anomaly-detection band.", PUT);
/// What missing data means.
pub const MISSING_DATA: Row = Row::new(
    "missing_data",
    "TreatMissingData",
    "treat_missing_data",
    Type::Word(&[
        ("breaching", "breaching"),
        ("not_breaching", "notBreaching"),
        ("ignore", "ignore"),
        ("missing", "missing"),
    ]),
)
.doc("What a period without data means; it must be chosen. Queue metrics stop when a queue is idle: `not_breaching` there.", PUT);
/// Percentiles on few samples.
pub const LOW_SAMPLES: Row = Row::new(
    "low_samples",
    "EvaluateLowSampleCountPercentile",
    "evaluate_low_sample_count_percentiles",
    Type::Word(&[("evaluate", "evaluate"), ("ignore", "ignore")]),
)
.doc("With a percentile: whether it is evaluated on too few samples. Default evaluate.", PUT);

/// The id of a query.
pub const QUERY_ID: Row = Row::new("id", "Id", "id", Type::Text { min: 1, max: 255 })
    .doc("The name of this query in expressions; begins with a lower-case letter.", QUERY);
/// A metric-math expression.
pub const EXPRESSION: Row = Row::new("expression", "Expression", "expression", Type::Text { min: 1, max: 2_048 })
    .doc("A metric-math expression over other ids. Either this or `metric`.", QUERY);
/// The label of a query.
pub const LABEL: Row = Row::new("label", "Label", "label", TEXT).doc("Its name for people.", QUERY);
/// Whether this query is what is compared.
pub const RETURN_DATA: Row = Row::new("return_data", "ReturnData", "return_data", Type::Bool)
    .or(Default::Bool(false))
    .doc("Whether this query is the one that is compared; exactly one is.", QUERY);
/// The metric of a query.
pub const QUERY_METRIC: Row = Row::new("metric", "Metric", "metric", Type::Object(METRIC_ROWS))
    .doc("The metric it reads: namespace, name, dimensions.", QUERY);
/// The statistic of a query.
pub const QUERY_STATISTIC: Row = Row::new("statistic", "Stat", "metric.stat", Type::Text { min: 2, max: 100 })
    .doc("Its statistic, `Sum` or `p99`.", STAT);
/// The account of a query's metric.
pub const ACCOUNT_ID: Row = Row::new("account_id", "AccountId", "account_id", Type::Text { min: 12, max: 12 })
    .doc("The account that the metric is in, when it is another.", QUERY);
const QUERY_PERIOD: Row = Row { terraform: "metric.period|period", ..ALARM_PERIOD };
const QUERY_UNIT: Row = Row { terraform: "metric.unit", ..UNIT };
const QUERY_ROWS: &[Row] =
    &[QUERY_ID, EXPRESSION, LABEL, RETURN_DATA, QUERY_METRIC, QUERY_STATISTIC, QUERY_PERIOD, QUERY_UNIT, ACCOUNT_ID];
/// Metric math.
pub const METRICS: Row =
    Row::new("metrics", "Metrics", "metric_query[]", Type::List { of: &Type::Object(QUERY_ROWS), max: 20 }).doc(
        "Metric math: up to 20 queries, of which one returns data. Instead of `metric`, `statistic` and `period`.",
        PUT,
    );
/// The band of an anomaly alarm.
pub const THRESHOLD_METRIC_ID: Row =
    Row::new("threshold_metric_id", "ThresholdMetricId", "threshold_metric_id", Type::Text { min: 1, max: 255 })
        .doc("The id of the ANOMALY_DETECTION_BAND query that stands in for a threshold.", PUT);

/// How the evaluated range lies on the clock.
pub const WINDOW_TYPE: Row = Row::new(
    "type",
    "EvaluationWindow",
    "",
    Type::Word(&[("sliding", "SlidingWindow"), ("wall_clock", "WallClockWindow")]),
)
.doc("A range that moves with every evaluation, or one that begins on the clock. Default sliding.", WINDOW);
/// The time zone of a wall-clock window.
pub const TIMEZONE: Row = Row::new("timezone", "Timezone", "", Type::Text { min: 1, max: 64 })
    .doc("With `wall_clock`: `Europe/Berlin`, `+05:30` or `UTC+05:30`. Default UTC.", WINDOW);
/// Which range of data an evaluation looks at.
pub const EVALUATION_WINDOW: Row =
    Row::new("evaluation_window", "EvaluationWindow", "", Type::Object(&[WINDOW_TYPE, TIMEZONE])).doc(
        "Which range of data an evaluation looks at. `wall_clock` takes a period of 1m, 5m, 1h, 1d or 7d.",
        WINDOW,
    );

/// How long a warm-up lasts.
pub const WARM_UP_DURATION: Row = Row::new("duration", "WarmUpPeriodDurationInMinutes", "", Type::seconds(60, 172_800))
    .doc("How long: whole minutes, 1m to 2d.", WARM);
/// Whether a warm-up may end early.
pub const WARM_UP_FULLY: Row = Row::new("fully", "OnlyStartEvaluatingAfterWarmUpPeriodEnds", "", Type::Bool)
    .doc("Waits to the end, even when there is data enough before. Default false.", WARM);
/// The time after a change in which nothing is evaluated.
pub const WARM_UP: Row =
    Row::new("warm_up", "WarmUpConfiguration", "", Type::Object(&[WARM_UP_DURATION, WARM_UP_FULLY]))
        .doc("How long the alarm waits after it was made or changed, for things that publish no data yet.", WARM);

/// A PromQL query.
pub const PROMQL_QUERY: Row = Row::new("query", "Query", "", Type::Text { min: 1, max: 10_000 })
    .doc("The query, with its condition: every series that it returns breaches.", PROMQL_DOC);
/// How long a series must breach.
pub const PENDING_PERIOD: Row = Row::new("pending_period", "PendingPeriod", "", Type::seconds(0, 86_400))
    .doc("How long a series must breach before the alarm goes off. Default 0s.", PROMQL_DOC);
/// How long a series must be fine.
pub const RECOVERY_PERIOD: Row = Row::new("recovery_period", "RecoveryPeriod", "", Type::seconds(0, 86_400))
    .doc("How long it must not breach before the alarm is over. Default 0s.", PROMQL_DOC);
/// An alarm on a PromQL query.
pub const PROMQL: Row =
    Row::new("promql", "EvaluationCriteria", "", Type::Object(&[PROMQL_QUERY, PENDING_PERIOD, RECOVERY_PERIOD]))
        .doc("An alarm on a PromQL query instead of `metric` or `metrics`; needs `evaluation_interval`.", PROMQL_DOC);
/// How often a PromQL query is asked.
pub const EVALUATION_INTERVAL: Row =
    Row::new("evaluation_interval", "EvaluationInterval", "", Type::seconds(10, 3_600))
        .doc("With `promql`: how often it is evaluated: 10s, 20s, 30s or a multiple of 1m up to 1h.", PROMQL_DOC);

/// Whether notifications carry tags.
pub const TAGS_ENABLED: Row =
    Row::new("enabled", "Enabled", "", Type::Bool).doc("Whether notifications carry the alarm's tags.", ACTION_DOC);
/// Which tags alone.
pub const TAGS_INCLUDED: Row = Row::new("include", "IncludedTagKeys", "", TAG_KEYS)
    .doc("Only the tags with these keys. Either this or `exclude`.", ACTION_DOC);
/// Which tags not.
pub const TAGS_EXCLUDED: Row =
    Row::new("exclude", "ExcludedTagKeys", "", TAG_KEYS).doc("All but the tags with these keys.", ACTION_DOC);
/// The tags of the alarm in what its actions send.
pub const ACTION_TAGS: Row =
    Row::new("action_tags", "ActionConfiguration", "", Type::Object(&[TAGS_ENABLED, TAGS_INCLUDED, TAGS_EXCLUDED]))
        .doc(
            "Puts the alarm's tags into what SNS, Lambda and EventBridge are told, to route by team or stage.",
            ACTION_DOC,
        );

const ROWS: &[Row] = &[
    DESCRIPTION,
    METRIC,
    METRICS,
    PROMQL,
    STATISTIC,
    EXTENDED_STATISTIC,
    ALARM_PERIOD,
    UNIT,
    EVALUATION_PERIODS,
    DATAPOINTS_TO_ALARM,
    THRESHOLD,
    THRESHOLD_METRIC_ID,
    COMPARISON,
    MISSING_DATA,
    LOW_SAMPLES,
    EVALUATION_INTERVAL,
    EVALUATION_WINDOW,
    WARM_UP,
    ACTIONS_ENABLED,
    ALARM_ACTIONS,
    OK_ACTIONS,
    INSUFFICIENT_DATA_ACTIONS,
    ACTION_TAGS,
];

/// The settings of a queue's short form whose threshold is a count.
pub const SHORT_COUNT: &[Row] = &[
    THRESHOLD,
    ALARM_PERIOD,
    EVALUATION_PERIODS,
    DATAPOINTS_TO_ALARM,
    MISSING_DATA,
    ALARM_ACTIONS,
    OK_ACTIONS,
    INSUFFICIENT_DATA_ACTIONS,
    DESCRIPTION,
];

/// The settings of a queue's short form whose threshold is an age.
pub const SHORT_AGE: &[Row] = &[
    Row::new("threshold", "Threshold", "threshold", Type::seconds(1, 1_209_600))
        .doc("The age of the oldest message, `15m`.", PUT),
    ALARM_PERIOD,
    EVALUATION_PERIODS,
    DATAPOINTS_TO_ALARM,
    MISSING_DATA,
    ALARM_ACTIONS,
    OK_ACTIONS,
    INSUFFICIENT_DATA_ACTIONS,
    DESCRIPTION,
];

impl Kind for Alarm {
    fn name(&self) -> &'static str {
        "alarm"
    }

    fn section(&self) -> &'static str {
        "alarms"
    }

    fn doc(&self) -> &'static str {
        "A CloudWatch metric alarm, on one metric or on metric math."
    }

    fn rows(&self) -> &'static [Row] {
        ROWS
    }

    fn tag_type(&self) -> &'static str {
        "cloudwatch:alarm"
    }

    fn arn(&self, name: &str, place: &Place) -> String {
        place.arn("cloudwatch", &format!("alarm:{name}"))
    }

    fn name_in_arn<'a>(&self, arn: &'a str) -> Option<&'a str> {
        resource_of(arn, "cloudwatch")?.strip_prefix("alarm:")
    }

    /// Metric math and PromQL have periods of their own.
    fn takes_default(&self, resource: &Resource, row: &Row) -> bool {
        match row.key {
            key if key == ALARM_PERIOD.key => !resource.get(&METRIC).is_null(),
            key if key == EVALUATION_PERIODS.key => resource.get(&PROMQL).is_null(),
            _ => true,
        }
    }

    fn expand(&self, resource: &mut Resource, stack: &mut Stack, _out: &mut Diagnostics) {
        let default = |row, otherwise| match stack.default_of(&Alarm, row) {
            Value::Null => Value::Int(otherwise),
            said => said,
        };
        if !resource.get(&METRIC).is_null() {
            resource.fill(&ALARM_PERIOD, default(&ALARM_PERIOD, 60));
        }
        if resource.get(&PROMQL).is_null() {
            resource.fill(&EVALUATION_PERIODS, default(&EVALUATION_PERIODS, 1));
        }
        window::fill(resource);
    }

    fn check(&self, resource: &Resource, out: &mut Diagnostics) {
        check::check(resource, out);
    }

    fn codes(&self) -> &'static [&'static Code] {
        codes::CODES
    }

    fn terraform(&self) -> Option<&'static Spelling> {
        Some(&terraform::TERRAFORM)
    }

    fn actions(&self) -> &'static [Action] {
        actions::ACTIONS
    }

    fn live(&self) -> Option<&dyn Live> {
        Some(self)
    }
}
