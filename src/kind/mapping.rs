//! An event source mapping: the poller that feeds a queue's messages to a function.
//!
//! <https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html>
//! Its identity is the pair of queue and function; another pair is another mapping.

mod actions;
mod check;
mod convert;
mod live;

use crate::diagnostic::{Code, Diagnostics};
use crate::kind::terraform::Spelling;
use crate::kind::{Default, Kind, Live, Row, Type};
use crate::model::{Resource, Stack};
use crate::permissions::Action;
use crate::value::{Place, Unit, Value};

/// The kind `mapping`.
#[derive(Debug)]
pub struct Mapping;

const CREATE: &str = "https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html";
const SQS: &str = "https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html";
const SCALING: &str = "https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html";
const FILTERING: &str = "https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html";
const PARTIAL: &str = "https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html";

/// The queue.
pub const QUEUE: Row = Row::new("queue", "EventSourceArn", "event_source_arn", Type::Name(&["queues"]))
    .replaces()
    .doc("The queue that is polled: a logical name or an ARN.", CREATE);
/// The function.
pub const FUNCTION: Row = Row::new("function", "FunctionArn", "function_name", Type::Name(&["functions"]))
    .replaces()
    .doc("The function that is invoked: a logical name or an ARN.", CREATE);
/// Messages of a batch.
pub const BATCH_SIZE: Row = Row::new("batch_size", "BatchSize", "batch_size", Type::int(Unit::Count, 1, 10_000))
    .or(Default::Int(10))
    .always_reported()
    .doc("The most messages of one invocation; above 10 it needs a window of at least 1s, FIFO takes 10.", SQS);
/// How long a batch is gathered.
pub const WINDOW: Row =
    Row::new("window", "MaximumBatchingWindowInSeconds", "maximum_batching_window_in_seconds", Type::seconds(0, 300))
        .or(Default::Int(0))
        .always_reported()
        .doc("How long a batch is gathered; none for FIFO.", SQS);
/// How many batches are in work at once.
pub const MAX_CONCURRENCY: Row = Row::new(
    "max_concurrency",
    "MaximumConcurrency",
    "scaling_config.maximum_concurrency",
    Type::int(Unit::Count, 2, 1_000),
)
.doc(
    "The most invocations at once from this queue. A worker's is 5: an endless queue must not cost without end.",
    SCALING,
);
/// Which messages are taken.
pub const FILTERS: Row =
    Row::new("filters", "Filters", "filter_criteria.filter[].pattern", Type::List { of: &Type::Pattern, max: 10 })
        .doc("Patterns of the messages that are taken; all others are deleted. At most 5, 10 on request.", FILTERING);
/// Whether single messages of a batch can fail.
pub const PARTIAL_FAILURES: Row =
    Row::new("partial_failures", "FunctionResponseTypes", PARTIAL_ARGUMENT, Type::Bool)
        .or(Default::Bool(true))
        .doc("Whether the function names the messages that failed (ReportBatchItemFailures). On (AWS: off): else one failure repeats the whole batch.", PARTIAL);
const PARTIAL_ARGUMENT: &str = "function_response_types=ReportBatchItemFailures";
/// Whether it polls.
pub const ENABLED: Row = Row::new("enabled", "State", "enabled", Type::Bool)
    .or(Default::Bool(true))
    .always_reported()
    .doc("Whether it polls.", CREATE);

const ROWS: &[Row] = &[QUEUE, FUNCTION, BATCH_SIZE, WINDOW, MAX_CONCURRENCY, FILTERS, PARTIAL_FAILURES, ENABLED];

static TERRAFORM: Spelling = Spelling::new("aws_lambda_event_source_mapping", "", "{id}");

impl Kind for Mapping {
    fn name(&self) -> &'static str {
        "mapping"
    }

    fn section(&self) -> &'static str {
        "mappings"
    }

    fn doc(&self) -> &'static str {
        "An event source mapping: it feeds a queue's messages to a function."
    }

    fn rows(&self) -> &'static [Row] {
        ROWS
    }

    fn tag_type(&self) -> &'static str {
        "lambda:event-source-mapping"
    }

    /// The ARN has an id that Lambda chooses; nothing refers to a mapping, so none is needed before it exists.
    fn arn(&self, name: &str, place: &Place) -> String {
        place.arn("lambda", &format!("event-source-mapping:{name}"))
    }

    fn name_in_arn<'a>(&self, _arn: &'a str) -> Option<&'a str> {
        None
    }

    fn expand(&self, resource: &mut Resource, stack: &mut Stack, _out: &mut Diagnostics) {
        let named = |row: &Row| match resource.get(row) {
            Value::Ref(reference) => reference.address().map_or_else(String::new, |at| stack.physical_name_of(at)),
            other => name_in(&other.plain()).to_owned(),
        };
        resource.name = Some(format!("{}/{}", named(&FUNCTION), named(&QUEUE)));
    }

    fn check(&self, resource: &Resource, out: &mut Diagnostics) {
        check::check(resource, out);
    }

    fn codes(&self) -> &'static [&'static Code] {
        check::CODES
    }

    fn terraform(&self) -> Option<&'static Spelling> {
        Some(&TERRAFORM)
    }

    fn actions(&self) -> &'static [Action] {
        actions::ACTIONS
    }

    fn live(&self) -> Option<&dyn Live> {
        Some(self)
    }
}

/// The name in the ARN of a queue or function; of a function with its version or alias, which is another consumer.
fn name_in(arn: &str) -> &str {
    let function = arn.split_once(":function:").map(|(_, name)| name);
    function.or_else(|| arn.rsplit(':').next()).unwrap_or(arn)
}
