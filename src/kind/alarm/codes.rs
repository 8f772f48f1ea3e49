//! What can be wrong with one alarm: the codes QS201 to QS249, and QS120.

use super::{ACTION_DOC, PROMQL_DOC, PUT, QUERY as QUERY_DOC, WARM, WINDOW};
use crate::diagnostic::Code;

const MISSING: &str = "https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html";
const STATISTICS: &str = "https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html";
const MATH: &str = "https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html";
const BANDS: &str = "https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Anomaly_Detection.html";
const SQS: &str =
    "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html";
const DLQ: &str =
    "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html";

/// `alarms: {dead_letters: …}` on a queue that has none.
pub static NO_DEAD_LETTERS: Code =
    Code::error("QS120", "an alarm on dead letters of a queue without a dead-letter queue")
        .because("The alarm watches the depth of the dead-letter queue, and only `redrive:` gives the queue one.")
        .fix("Add `redrive: {max_receive_count: 5}`, or remove the alarm.")
        .see(DLQ);

/// A name that CloudWatch refuses.
pub static NAME: Code = Code::error("QS201", "an alarm name that CloudWatch refuses")
    .because("An alarm's name has 1 to 255 characters, none of them a control character.")
    .fix("Choose another `name:`.")
    .see(PUT);

/// Nothing or two things to look at.
pub static SOURCE: Code = Code::error("QS202", "an alarm that does not look at exactly one thing")
    .because("An alarm looks at one `metric`, at the one of its `metrics` that returns data, or at a `promql` query.")
    .fix("Keep one of `metric`, `metrics` and `promql`.")
    .see(PUT);

/// No statistic or two.
pub static STATISTIC: Code = Code::error("QS203", "an alarm without exactly one statistic")
    .because("The datapoints of a period become one number by `statistic` or by `extended_statistic`.")
    .fix("Add `statistic: maximum` for a level, `sum` for a count, or `extended_statistic: p99` for a latency.")
    .see(PUT);

/// A setting of another sort of alarm.
pub static OUT_OF_PLACE: Code = Code::error("QS204", "a setting that belongs to another sort of alarm")
    .because("`metrics` have statistic, period and unit in each query; `promql` has its condition in the query.")
    .fix("Move it into the query, or remove it.")
    .see(PUT);

/// Nothing to compare with, or no comparison.
pub static NO_CONDITION: Code = Code::error("QS205", "an alarm that does not say when it goes off")
    .because("An alarm needs a `comparison`, and a `threshold` or the band that stands in for one.")
    .fix("Add what is missing: `threshold: 5`, `comparison: \">=\"`.")
    .see(PUT);

/// Missing data left open.
pub static NO_MISSING_DATA: Code = Code::error("QS206", "missing data that nobody decided about")
    .because("An alarm whose metric stops goes to INSUFFICIENT_DATA by default, which looks like a fault and tells nothing.")
    .fix("Choose `missing_data`: not_breaching (no data is good, as for errors or queues), breaching (no data is bad, as for heartbeats), ignore (keep the state) or missing (INSUFFICIENT_DATA).")
    .see(MISSING);

/// DynamoDB ignores missing data.
pub static DYNAMODB: Code = Code::error("QS207", "missing data that DynamoDB alarms always ignore")
    .because("Alarms on AWS/DynamoDB keep their state without data, whatever they are told.")
    .fix("Write `missing_data: ignore`.")
    .see(PUT);

/// A period that does not exist.
pub static PERIOD: Code = Code::error("QS208", "a period that CloudWatch does not have")
    .because("A period is 10s, 20s, 30s or a multiple of 1m.")
    .fix("Round it to whole minutes.")
    .see(PUT);

/// Finer than the data.
pub static FINE_PERIOD: Code = Code::warning("QS209", "a period finer than its data")
    .because("SQS publishes once a minute: most shorter periods are empty, and such an alarm costs more.")
    .fix("Use `period: 1m`.")
    .see(SQS);

/// Looks back too far.
pub static TOO_LONG: Code = Code::error("QS210", "an alarm that looks back too far")
    .because("Periods below 1h reach back one day at most together, longer ones seven days.")
    .fix("Lengthen `period`, or lower `evaluation_periods`.")
    .see(PUT);

/// More datapoints than there are.
pub static TOO_MANY_DATAPOINTS: Code = Code::error("QS211", "more breaching datapoints than periods")
    .because("Of `evaluation_periods` (N) at most all can breach (M): M is not above N.")
    .fix("Lower `datapoints_to_alarm`, or raise `evaluation_periods`.")
    .see(PUT);

/// A statistic that does not exist.
pub static BAD_STATISTIC: Code = Code::error("QS212", "a statistic that CloudWatch does not have")
    .because("Extended statistics are p0 to p100, tm, tc, ts and wm with a percentage, `IQM`, and ranges such as `TM(10%:90%)` or `PR(100:300)`.")
    .fix("Write one of these, such as `p99`; plain ones go into `statistic`.")
    .see(STATISTICS);

/// Low samples without a percentile.
pub static LOW_SAMPLES: Code = Code::warning("QS213", "a setting for percentiles without a percentile")
    .because("Only percentiles suffer from too few samples; elsewhere the setting means nothing.")
    .fix("Remove `low_samples`, or use a percentile.")
    .see(PUT);

/// An id that cannot be one.
pub static QUERY_ID: Code = Code::error("QS214", "a query id that is missing, taken or malformed")
    .because(
        "Ids are distinct within an alarm, begin with a lower-case letter, and go on with letters, digits and `_`.",
    )
    .fix("Give the query an id such as `errors` or `m1`.")
    .see(QUERY_DOC);

/// Nothing or several things to compare.
pub static RETURN_DATA: Code = Code::error("QS215", "metric math without exactly one result")
    .because("The alarm compares the one query with `return_data: true`.")
    .fix("Set `return_data: true` on exactly one query.")
    .see(QUERY_DOC);

/// A query that is neither or both.
pub static QUERY: Code = Code::error("QS216", "a query that CloudWatch cannot evaluate")
    .because("A query has either an `expression`, or a `metric` with its `statistic` and `period`.")
    .fix("Complete it, or split it in two.")
    .see(QUERY_DOC);

/// An expression over nothing.
pub static UNKNOWN_ID: Code = Code::error("QS217", "an expression over a query that the alarm does not have")
    .because("An expression speaks of the other queries of its alarm, by their ids.")
    .fix("Correct the id, or add the query.")
    .see(MATH);

/// A band without a comparison with it, or the reverse.
pub static BAND: Code = Code::error("QS218", "an anomaly band that is not used, or is not there")
    .because("`outside_band`, `above_band` and `below_band` compare with the query that `threshold_metric_id` names, an ANOMALY_DETECTION_BAND.")
    .fix("Name the band in `threshold_metric_id` and compare with it; or use a `threshold` with >, >=, < or <=.")
    .see(BANDS);

/// An action that is no ARN.
pub static BAD_ACTION: Code = Code::error("QS219", "an action that is not an ARN")
    .because("What happens on a change of state is named by its ARN: an SNS topic, a Lambda function, an Auto Scaling policy.")
    .fix("Write `arn:aws:sns:<region>:<account>:<topic>`.")
    .see(PUT);

/// A period that the clock does not have.
pub static WINDOW_PERIOD: Code = Code::error("QS220", "a period that does not fit a wall-clock window")
    .because("A wall-clock window takes periods of 1m, 5m, 1h, 1d and 7d.")
    .fix("Use one of these periods, or a sliding window.")
    .see(WINDOW);

/// A half-said window.
pub static WINDOW_TYPE: Code = Code::error("QS221", "an evaluation window that is not of one piece")
    .because("Only a wall-clock window has a time zone, and a PromQL alarm has no window.")
    .fix("Use `type: wall_clock`, or remove what does not fit.")
    .see(WINDOW);

/// A warm-up in seconds.
pub static WARM_UP_MINUTES: Code = Code::error("QS222", "a warm-up that is not a number of minutes")
    .because("A warm-up lasts whole minutes, from 1 to 2880.")
    .fix("Add `duration`, or round it to whole minutes.")
    .see(WARM);

/// Half a PromQL alarm.
pub static PROMQL: Code = Code::error("QS223", "half a PromQL alarm")
    .because("A PromQL alarm has a `query` and an `evaluation_interval` of 10s, 20s, 30s or whole minutes; no other alarm has.")
    .fix("Add what is missing, or remove what does not belong.")
    .see(PROMQL_DOC);

/// Both lists of tags.
pub static ACTION_TAGS: Code = Code::error("QS224", "two lists of tags for actions")
    .because("The tags that actions are told are either those included or all but those excluded.")
    .fix("Keep `include` or `exclude`.")
    .see(ACTION_DOC);

/// A dimension that SQS does not have.
pub static DIMENSION: Code = Code::warning("QS225", "a dimension that queues do not have")
    .because("SQS publishes its metrics with the one dimension QueueName; with any other there is no data.")
    .fix("Write `dimensions: {QueueName: ${queues.<name>.name}}`.")
    .see(SQS);

/// A metric that SQS does not have.
pub static METRIC: Code = Code::warning("QS226", "a metric that SQS does not publish")
    .because("A misspelt metric has no data, and its alarm never goes off.")
    .fix("Correct its name.")
    .see(SQS);

/// Half a metric.
pub static HALF_METRIC: Code = Code::error("QS227", "a metric without a namespace or a name")
    .because("CloudWatch finds a metric by namespace, name and dimensions.")
    .fix("Add what is missing: `{namespace: AWS/SQS, name: ApproximateNumberOfMessagesVisible}`.")
    .see(PUT);

/// An expression that is for graphs alone.
pub static SEARCH: Code = Code::error("QS228", "a search in the metric math of an alarm")
    .because("CloudWatch takes SEARCH in graphs alone: an alarm watches metrics that are known when it is made.")
    .fix("Name the metrics, or use a Metrics Insights query, `SELECT SUM(…) FROM SCHEMA(…)`, with a `period`.")
    .see("https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-search-expressions.html");

/// Nothing says how long a datapoint is.
pub static NO_PERIOD: Code = Code::error("QS229", "an expression without a metric and without a period")
    .because(
        "An expression has the period of its metrics; one that has none, such as a query in SQL, must say its own.",
    )
    .fix("Add `period: 1m` to the query.")
    .see(QUERY_DOC);

/// A namespace that CloudWatch refuses.
pub static BAD_NAMESPACE: Code = Code::error("QS230", "a namespace that begins with a colon")
    .because("CloudWatch refuses it: namespaces of AWS are written `AWS/SQS`.")
    .fix("Remove the colon.")
    .see("https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_Metric.html");

/// All of them, in order.
pub const CODES: &[&Code] = &[
    &NO_DEAD_LETTERS,
    &NAME,
    &SOURCE,
    &STATISTIC,
    &OUT_OF_PLACE,
    &NO_CONDITION,
    &NO_MISSING_DATA,
    &DYNAMODB,
    &PERIOD,
    &FINE_PERIOD,
    &TOO_LONG,
    &TOO_MANY_DATAPOINTS,
    &BAD_STATISTIC,
    &LOW_SAMPLES,
    &QUERY_ID,
    &RETURN_DATA,
    &QUERY,
    &UNKNOWN_ID,
    &BAND,
    &BAD_ACTION,
    &WINDOW_PERIOD,
    &WINDOW_TYPE,
    &WARM_UP_MINUTES,
    &PROMQL,
    &ACTION_TAGS,
    &DIMENSION,
    &METRIC,
    &HALF_METRIC,
    &SEARCH,
    &NO_PERIOD,
    &BAD_NAMESPACE,
];
