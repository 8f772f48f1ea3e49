//! What can be said of a worker. Every row is a short form: it stands for attributes of what the worker makes.

use crate::kind::{Row, Type, alarm, function, log_group, mapping, role};

const MANUAL: &str = "https://github.com/queuestack/queuestack#workers";
const GRANTS_PAGE: &str = "https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html";
const SQS_PAGE: &str = "https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html";
const LOGS_PAGE: &str = "https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-advanced.html";
const METRICS_PAGE: &str = "https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html";

/// The cargo package.
pub const PACKAGE: Row = function::PACKAGE.as_short_form();
/// The cargo features of the package.
pub const FEATURES: Row = function::FEATURES.as_short_form();
/// The zip.
pub const ARTIFACT: Row = function::ARTIFACT.as_short_form();
/// The bucket for large zips.
pub const BUCKET: Row = function::BUCKET.as_short_form();

/// What the keys in the bucket begin with.
pub const BUCKET_PREFIX: Row = function::BUCKET_PREFIX.as_short_form();
/// Which zips go through the bucket.
pub const BUCKET_FOR: Row = function::BUCKET_FOR.as_short_form();

/// The queue that feeds it.
pub const QUEUE: Row = Row::short_form("queue", Type::Name(&["queues"])).doc(
    "The queue whose messages it handles: a logical name or an ARN. Without one it is invoked by other means.",
    SQS_PAGE,
);

/// The time that one invocation may take.
pub const TIMEOUT: Row = Row::short_form("timeout", Type::seconds(1, 900)).doc(
    "How long one batch may take. Without it, a sixth of the queue's visibility timeout less the window (30s → 5s, \
     5m → 50s); with it, a queue of this stack that says no visibility timeout gets 6 × timeout + window.",
    SQS_PAGE,
);

/// Whether it is traced.
pub const TRACING: Row =
    Row::short_form("tracing", Type::Word(&[("active", "Active"), ("pass_through", "PassThrough")])).doc(
        "Whether X-Ray traces are sampled. Active (AWS: pass_through), because a job's way through queues is what one asks about.",
        "https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html",
    );

const BATCH_ROWS: &[Row] = &[
    Row { key: "size", ..mapping::BATCH_SIZE.as_short_form() },
    mapping::WINDOW.as_short_form(),
    mapping::MAX_CONCURRENCY.as_short_form(),
    mapping::FILTERS.as_short_form(),
    mapping::ENABLED.as_short_form(),
];

/// How messages are batched, with the rows of the mapping that its keys stand for.
pub const BATCH: Row = Row::short_form("batch", Type::Object(BATCH_ROWS))
    .doc("How messages reach it: size, window, max_concurrency (5 unless said), filters, enabled.", SQS_PAGE);

/// The keys of [`BATCH`] and what they are in a mapping.
pub const BATCH_KEYS: &[(&str, &Row)] = &[
    ("size", &mapping::BATCH_SIZE),
    ("window", &mapping::WINDOW),
    ("max_concurrency", &mapping::MAX_CONCURRENCY),
    ("filters", &mapping::FILTERS),
    ("enabled", &mapping::ENABLED),
];

/// Environment variables.
pub const ENVIRONMENT: Row = function::ENVIRONMENT.as_short_form().doc(
    "Environment variables besides those of its queue and grants (`QUEUE_URL`, `DLQ_URL`, `QUEUE_URL_<NAME>`, …); 4 KB in all.",
    MANUAL,
);
/// Environment variables that are never shown.
pub const SECRETS: Row = function::SECRETS.as_short_form();

const GRANT_ROWS: &[Row] = &[
    Row::short_form("send", Type::Name(&["queues"])).doc("Sends to a queue; gives `QUEUE_URL_<NAME>`.", GRANTS_PAGE),
    Row::short_form("consume", Type::Name(&["queues"]))
        .doc("Receives from a queue besides its own; gives `QUEUE_URL_<NAME>`.", GRANTS_PAGE),
    Row::short_form("publish", Type::Name(&["topics"]))
        .doc("Publishes to an SNS topic; gives `TOPIC_ARN_<NAME>`.", GRANTS_PAGE),
    Row::short_form("read", Type::Name(&["tables"]))
        .doc("Reads a DynamoDB table and its indexes; gives `TABLE_NAME_<NAME>`.", GRANTS_PAGE),
    Row::short_form("write", Type::Name(&["tables"]))
        .doc("Writes a DynamoDB table; gives `TABLE_NAME_<NAME>`.", GRANTS_PAGE),
    Row::short_form("put_events", Type::Name(&["buses"])).doc(
        "Puts events on an EventBridge bus, `default` is the account's own; gives `EVENT_BUS_<NAME>`.",
        GRANTS_PAGE,
    ),
];

/// What it may do.
pub const GRANTS: Row = Row::short_form("grants", Type::List { of: &Type::Object(GRANT_ROWS), max: 100 }).doc(
    "What it may do, `{send: notification-queue}`: send, consume, publish, read, write, put_events. \
     Consuming its own queue is granted by `queue:`.",
    GRANTS_PAGE,
);
/// Statements beyond the grants.
pub const POLICY: Row = Row::short_form("policy", Type::Policy)
    .soft()
    .doc("A policy document whose statements are added to those that follow from the grants.", GRANTS_PAGE);
/// Managed policies of its role.
pub const MANAGED_POLICIES: Row = role::MANAGED_POLICIES.as_short_form();
/// The bound of its role.
pub const BOUNDARY_ARN: Row = role::BOUNDARY_ARN.as_short_form();

/// How long its log is kept.
pub const LOG_RETENTION: Row = Row { key: "log_retention", ..log_group::RETENTION.as_short_form() };

const LOG_LEVEL_ROWS: &[Row] = &[
    Row { key: "application", ..function::APPLICATION_LEVEL.as_short_form() },
    Row { key: "system", ..function::SYSTEM_LEVEL.as_short_form() },
];

/// The least levels that are logged.
pub const LOG_LEVELS: Row = Row::short_form("log_levels", Type::Object(LOG_LEVEL_ROWS))
    .doc("The least level of its own lines (`application`) and of Lambda's (`system`).", LOGS_PAGE);

/// The keys of [`LOG_LEVELS`] and what they are in a function's logging.
pub const LOG_LEVEL_KEYS: &[(&str, &Row)] =
    &[("application", &function::APPLICATION_LEVEL), ("system", &function::SYSTEM_LEVEL)];

const DURATION_ROWS: &[Row] = &[
    Row::short_form("threshold", Type::seconds(1, 900))
        .doc("The duration of one invocation; 80 % of the timeout unless said.", METRICS_PAGE),
    alarm::ALARM_PERIOD,
    alarm::EVALUATION_PERIODS,
    alarm::DATAPOINTS_TO_ALARM,
    alarm::MISSING_DATA,
    alarm::ALARM_ACTIONS,
    alarm::OK_ACTIONS,
    alarm::INSUFFICIENT_DATA_ACTIONS,
    alarm::DESCRIPTION,
];

const ALARM_ROWS: &[Row] = &[
    Row::short_form("errors", Type::Object(alarm::SHORT_COUNT))
        .doc("Goes off when this many invocations failed within a period: 1 in 5m.", METRICS_PAGE),
    Row::short_form("throttles", Type::Object(alarm::SHORT_COUNT))
        .doc("Goes off when this many invocations were throttled within a period: 1 in 5m.", METRICS_PAGE),
    Row::short_form("duration", Type::Object(DURATION_ROWS))
        .doc("Goes off when an invocation takes 80 % of the timeout: the next one may be cut off.", METRICS_PAGE),
    Row::short_form("age", Type::Object(alarm::SHORT_AGE))
        .doc("Goes off when the queue's oldest message is older than 15m for 5 periods of 1m.", METRICS_PAGE),
];

/// Its alarms.
pub const ALARMS: Row = Row::short_form("alarms", Type::Object(ALARM_ROWS)).doc(
    "Its alarms `errors`, `throttles`, `duration` and, unless its queue has one, `age`. All are on; `false` switches one, or all, off.",
    METRICS_PAGE,
);

/// What is handed to the function as it is: rows of the worker and of the function have the same keys.
pub const HANDED_ON: &[Row] = &[
    function::DESCRIPTION.as_short_form(),
    function::RUNTIME.as_short_form(),
    function::HANDLER.as_short_form(),
    function::ARCHITECTURE.as_short_form(),
    function::MEMORY.as_short_form(),
    TIMEOUT,
    TRACING,
    function::EPHEMERAL_STORAGE.as_short_form(),
    function::RESERVED_CONCURRENCY.as_short_form(),
    function::LAYERS.as_short_form(),
    function::VPC.as_short_form(),
    function::DEAD_LETTER.as_short_form(),
    function::ON_FAILURE.as_short_form(),
];

/// Every row.
pub const ROWS: &[Row] = &[
    function::DESCRIPTION.as_short_form(),
    PACKAGE,
    FEATURES,
    ARTIFACT,
    BUCKET,
    BUCKET_PREFIX,
    BUCKET_FOR,
    QUEUE,
    TIMEOUT,
    function::MEMORY.as_short_form(),
    function::ARCHITECTURE.as_short_form(),
    function::RUNTIME.as_short_form(),
    function::HANDLER.as_short_form(),
    BATCH,
    ENVIRONMENT,
    SECRETS,
    GRANTS,
    POLICY,
    MANAGED_POLICIES,
    BOUNDARY_ARN,
    function::RESERVED_CONCURRENCY.as_short_form(),
    TRACING,
    LOG_RETENTION,
    LOG_LEVELS,
    function::LAYERS.as_short_form(),
    function::VPC.as_short_form(),
    function::EPHEMERAL_STORAGE.as_short_form(),
    function::DEAD_LETTER.as_short_form(),
    function::ON_FAILURE.as_short_form(),
    ALARMS,
];
