//! A rule of an event bus: it brings the events that it matches, or one each time of a schedule, to queues and functions.
//!
//! <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html>
//! Another bus is another rule: a rule's name is one of its bus, and here, as in its ARN, the bus stands before it.
//!
//! What AWS keeps in several parts is one resource here: the rule, its targets, and on each function among them the
//! permission to be invoked by the rule. The parts take no tags: they are owned through the rule. What queues need to
//! let the rule send stands in their policies, which are made from the rules of the stack.

mod actions;
mod check;
mod convert;
mod live;
mod reconcile;
mod schedule;
mod targets;
mod terraform;

use crate::diagnostic::{Code, Diagnostics};
use crate::kind::arn::resource_of;
use crate::kind::queue::senders::Sender;
use crate::kind::terraform::Spelling;
use crate::kind::{Default, Kind, Live, Row, Type, bus};
use crate::model::{Fact, Ref, Resource, Stack};
use crate::permissions::Action;
use crate::value::{Place, Unit, Value};

/// The kind `rule`.
#[derive(Debug)]
pub struct Rule;

const PUT: &str = "https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html";
const TARGET: &str = "https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Target.html";
const PATTERNS: &str = "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html";
const SCHEDULES: &str = "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html";
const DLQ: &str = "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html";
const RETRIES: &str = "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html";
const TRANSFORM: &str = "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html";
const PERMISSIONS: &str = "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html";

/// The bus.
pub const BUS: Row = Row::new("bus", "EventBusName", "event_bus_name/", Type::Name(&["buses"]))
    .replaces()
    .doc("The bus whose events it looks at: a logical name or an ARN. Without it, the account's own, `default`.", PUT);

/// What the rule is for.
pub const DESCRIPTION: Row =
    Row::new("description", "Description", "description", Type::Text { min: 1, max: 512 }).doc("What it is for.", PUT);

/// Which events it matches.
pub const PATTERN: Row = Row::new("pattern", "EventPattern", "event_pattern", Type::Pattern).doc(
    "Which events it matches, `{source: [shop.orders], detail-type: [OrderPaid]}`: those that match every field. At most \
     2048 characters.",
    PATTERNS,
);

/// When it makes an event of its own.
pub const SCHEDULE: Row = Row::new(
    "schedule",
    "ScheduleExpression",
    "schedule_expression",
    Type::Text { min: 1, max: 256 },
)
.doc(
    "When it makes an event of its own, in UTC: `rate(5 minutes)`, `cron(0 3 * * ? *)`. On the bus `default` alone.",
    SCHEDULES,
);

/// Whether it matches anything.
pub const ENABLED: Row = Row::new("enabled", "State", "state=ENABLED/DISABLED", Type::Bool)
    .or(Default::Bool(true))
    .always_reported()
    .doc("Whether it matches anything.", PUT);

/// What tells a target from the others of its rule.
pub const ID: Row = Row::new("id", "Id", "aws_cloudwatch_event_target:target_id", Type::Text { min: 1, max: 64 })
    .doc("What tells it from the others of the rule; unless said, the name of its queue or function.", TARGET);

/// A queue that gets the events.
pub const QUEUE: Row = Row::new("queue", "Arn", "aws_cloudwatch_event_target:arn!sqs", Type::Name(&["queues"])).doc(
    "The queue that gets the events: a logical name or an ARN. One of this stack lets the rule send to it.",
    TARGET,
);

/// A function that is invoked.
pub const FUNCTION: Row = Row::new(
    "function",
    "Arn",
    "aws_cloudwatch_event_target:arn!lambda",
    Type::Name(&["functions"]),
)
.doc(
    "The function that is invoked, instead of a queue: a logical name (a worker's function has the worker's name) or \
         an ARN.",
    TARGET,
);

/// Where undeliverable events go.
pub const DEAD_LETTER_QUEUE: Row = Row::new(
    "dead_letter_queue",
    "DeadLetterConfig",
    "aws_cloudwatch_event_target:dead_letter_config.arn",
    Type::Name(&["queues"]),
)
.doc("The queue for events that cannot be delivered, a standard one. Without one they are lost.", DLQ);

/// How often delivery is tried again.
pub const ATTEMPTS: Row =
    Row::new("attempts", "MaximumRetryAttempts", "maximum_retry_attempts", Type::int(Unit::Count, 0, 185))
        .or(Default::Int(MOST_ATTEMPTS))
        .doc("How often delivery is tried again.", RETRIES);

/// How long delivery is tried.
pub const AGE: Row =
    Row::new("age", "MaximumEventAgeInSeconds", "maximum_event_age_in_seconds", Type::seconds(60, LONGEST_AGE))
        .or(Default::Int(LONGEST_AGE))
        .doc("How old an event may be that is tried again.", RETRIES);

/// Retries of a delivery.
pub const RETRY: Row =
    Row::new("retry", "RetryPolicy", "aws_cloudwatch_event_target:retry_policy", Type::Object(&[ATTEMPTS, AGE])).doc(
        "How delivery is tried again, such as when a function is throttled: 185 times within 1d unless said.",
        RETRIES,
    );

const MOST_ATTEMPTS: i64 = 185;
const LONGEST_AGE: i64 = 86_400;

/// The message group.
pub const GROUP: Row = Row::new(
    "group",
    "MessageGroupId",
    "aws_cloudwatch_event_target:sqs_target.message_group_id",
    Type::Text { min: 1, max: 128 },
)
.doc("The message group of what is sent, which a FIFO queue must have.", TARGET);

/// What is sent instead of the event.
pub const INPUT: Row =
    Row::new("input", "Input", "aws_cloudwatch_event_target:input", Type::Text { min: 1, max: 8_192 })
        .doc("What is sent instead of the event, a text of JSON: `'{\"job\": \"sweep\"}'`.", TRANSFORM);

/// Which part of the event is sent.
pub const INPUT_PATH: Row =
    Row::new("input_path", "InputPath", "aws_cloudwatch_event_target:input_path", Type::Text { min: 1, max: 256 })
        .doc("Which part of the event is sent: `$.detail`.", TRANSFORM);

/// What of the event a template knows.
pub const PATHS: Row = Row::new("paths", "InputPathsMap", "input_paths", Type::Texts { max: 100 })
    .doc("What of the event the template knows, and as what: `{order: $.detail.id}`.", TRANSFORM);

/// The template.
pub const TEMPLATE: Row = Row::new("template", "InputTemplate", "input_template", Type::Text { min: 1, max: 8_192 })
    .doc("What is sent, with `<order>` for each of `paths`, and `<aws.events.event.json>` for all of it.", TRANSFORM);

/// What is made of the event.
pub const INPUT_TRANSFORMER: Row = Row::new(
    "input_transformer",
    "InputTransformer",
    "aws_cloudwatch_event_target:input_transformer",
    Type::Object(&[PATHS, TEMPLATE]),
)
.doc("What is made of the event before it is sent.", TRANSFORM);

/// Whether the function lets the rule invoke it.
pub const PERMISSION: Row = Row::new("permission", "Policy", "aws_lambda_permission:&function", Type::Bool)
    .or(Default::Bool(true))
    .doc(
        "Whether the function is given the permission that the rule needs. With `false` somebody else gives it, as for a \
         function of another account. A queue's stands in its policy.",
        PERMISSIONS,
    );

const TARGET_ROWS: &[Row] =
    &[ID, QUEUE, FUNCTION, DEAD_LETTER_QUEUE, RETRY, GROUP, INPUT, INPUT_PATH, INPUT_TRANSFORMER, PERMISSION];

/// Where events go.
pub const TARGETS: Row = Row::new("targets", "Targets", "{id}", Type::List { of: &Type::Object(TARGET_ROWS), max: 5 })
    .doc("Where the events go: at most 5 queues and functions. Others are taken away.", TARGET);

const ROWS: &[Row] = &[BUS, DESCRIPTION, PATTERN, SCHEDULE, ENABLED, TARGETS];

/// EventBridge, as the policies of queues and functions know it.
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html>
pub const SENDER: Sender = Sender { sid: "AllowEvents", service: "events.amazonaws.com" };

impl Kind for Rule {
    fn name(&self) -> &'static str {
        "rule"
    }

    fn section(&self) -> &'static str {
        "rules"
    }

    fn doc(&self) -> &'static str {
        "A rule of an event bus: it brings the events that it matches to queues and functions."
    }

    fn rows(&self) -> &'static [Row] {
        ROWS
    }

    fn tag_type(&self) -> &'static str {
        "events:rule"
    }

    fn arn(&self, name: &str, place: &Place) -> String {
        place.arn("events", &format!("{RESOURCE}{name}"))
    }

    fn name_in_arn<'a>(&self, arn: &'a str) -> Option<&'a str> {
        resource_of(arn, "events")?.strip_prefix(RESOURCE)
    }

    /// EventBridge's name of a rule is the part behind its bus.
    fn short_name<'a>(&self, name: &'a str) -> &'a str {
        split(name).1
    }

    fn expand(&self, rule: &mut Resource, stack: &mut Stack, out: &mut Diagnostics) {
        rule.fill(&BUS, stack.default_of(&Rule, &BUS));
        if bus::is_default(rule.get(&BUS), stack) {
            rule.set(&BUS, Value::Null);
        }
        let before = bus_name(rule.get(&BUS), stack).map_or_else(String::new, |bus| format!("{bus}/"));
        let said = rule.physical_name();
        let own = said.strip_prefix(&before).unwrap_or(said).to_owned();
        check::name(rule, &own, out);
        rule.name = Some(before + &own);
        targets::complete(rule, stack);
    }

    fn check(&self, resource: &Resource, out: &mut Diagnostics) {
        check::check(resource, out);
    }

    fn codes(&self) -> &'static [&'static Code] {
        check::CODES
    }

    fn terraform(&self) -> Option<&'static Spelling> {
        Some(&terraform::SPELLING)
    }

    fn actions(&self) -> &'static [Action] {
        actions::ACTIONS
    }

    fn live(&self) -> Option<&dyn Live> {
        Some(self)
    }
}

/// What stands before the name in a rule's ARN.
const RESOURCE: &str = "rule/";

/// The bus and the name of its own in a rule's physical name; partners' buses have slashes in theirs, rules have none.
fn split(name: &str) -> (&str, &str) {
    name.rsplit_once('/').unwrap_or((bus::DEFAULT, name))
}

/// The physical name of the bus that is named, unless it is the account's own.
fn bus_name(named: &Value, stack: &Stack) -> Option<String> {
    match named.as_ref().and_then(Ref::address) {
        Some(address) => Some(stack.physical_name_of(address)),
        None if named.is_null() => None,
        None => {
            let arn = named.plain();
            Some(bus::Bus.name_in_arn(&arn).unwrap_or(&arn).to_owned())
        }
    }
}

/// Goes through the targets of a rule, each with its place.
pub fn targets(rule: &Resource) -> impl Iterator<Item = (String, &Value)> {
    let items = rule.get(&TARGETS).as_list().unwrap_or_default().iter().enumerate();
    items.map(|(index, target)| (format!("{}.{index}", TARGETS.key), target)).filter(|(_, target)| !target.is_null())
}

/// The rules whose events a queue gets, whether they can be delivered or not, and the buses whose dead letters.
pub fn senders(queue: &Resource, stack: &Stack) -> Vec<Value> {
    let names = |named: &Value| named.as_ref().and_then(Ref::address) == Some(&queue.address);
    let rules = stack.of_kind(Rule.name()).filter(|rule| {
        targets(rule).any(|(_, target)| names(target.get(QUEUE.key)) || names(target.get(DEAD_LETTER_QUEUE.key)))
    });
    let buses = stack.of_kind(bus::Bus.name()).filter(|bus| names(bus.get(&bus::DEAD_LETTER_QUEUE)));
    rules.chain(buses).map(|one| Ref::soft(&one.address, Fact::Arn)).collect()
}
