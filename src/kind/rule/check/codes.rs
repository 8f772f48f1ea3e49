//! What can be wrong with one rule.

use crate::diagnostic::Code;

const PUT: &str = "https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html";
const TARGET: &str = "https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Target.html";
const OPERATORS: &str = "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html";
const EVENTS: &str = "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html";
const QUOTAS: &str = "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html";
const SCHEDULES: &str = "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html";
const TRANSFORM: &str = "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html";

/// A name that EventBridge refuses.
pub static NAME: Code = Code::error("QS910", "a rule name that EventBridge refuses")
    .because("The name of a rule has 1 to 64 letters, digits, `.`, `-` and `_`.")
    .fix("Shorten the name or replace the characters, with `name:` if the logical name is to stay.")
    .see(PUT);

/// Neither a pattern nor a schedule.
pub static NOTHING: Code = Code::error("QS911", "a rule that nothing can match")
    .because(
        "A rule matches events by its pattern, or makes them by its schedule; EventBridge refuses one with neither.",
    )
    .fix("Add `pattern:` or `schedule:`.")
    .see(PUT);

/// A pattern that EventBridge refuses.
pub static REFUSED_PATTERN: Code = Code::error("QS912", "a pattern that EventBridge refuses")
    .because(
        "Each field of a pattern has a list of the values that match: plain ones, and objects with one matcher each.",
    )
    .fix("Write each value in brackets, `source: [shop.orders]`, and matchers as `[{prefix: shop.}]`.")
    .see(OPERATORS);

/// A field that no event has.
pub static NO_SUCH_FIELD: Code = Code::warning("QS913", "a pattern on a field that no event has")
    .because("An event has `source`, `detail-type`, `detail` and six others at its top: a rule that asks for more matches nothing.")
    .fix("Correct the name, or look for it within `detail`.")
    .see(EVENTS);

/// A pattern beyond what can be had.
pub static TOO_LONG: Code = Code::error("QS914", "a pattern that is too long")
    .because("A pattern has at most 4096 characters, whatever the quota.")
    .fix("Match by `prefix` or `wildcard` instead of listing values, or make several rules.")
    .see(QUOTAS);

/// A pattern beyond the quota.
pub static OVER_QUOTA: Code = Code::warning("QS915", "a pattern beyond the quota")
    .because("A pattern has at most 2048 characters, unless AWS has raised the quota.")
    .fix(
        "Ask AWS to raise the quota, match by `prefix` or `wildcard` instead of listing values, or make several rules.",
    )
    .see(QUOTAS);

/// A schedule that EventBridge refuses.
pub static BAD_SCHEDULE: Code = Code::error("QS916", "a schedule that EventBridge refuses")
    .because("A schedule is `rate(<number> <unit>)`, or `cron(…)` with six fields, in UTC.")
    .fix("Write `rate(5 minutes)`, or `cron(0 3 * * ? *)` for three in the morning.")
    .see(SCHEDULES);

/// A schedule on a custom bus.
pub static SCHEDULE_ELSEWHERE: Code = Code::error("QS917", "a schedule on a bus other than the account's own")
    .because("EventBridge knows schedules on the bus `default` alone.")
    .fix("Remove `bus:`; the targets may be the same.")
    .see(PUT);

/// No target, or two.
pub static NO_TARGET: Code = Code::error("QS918", "a target that is not one queue or one function")
    .because("Each target is one place that events go to.")
    .fix("Name a `queue` or a `function` in each item, by logical name or ARN.")
    .see(TARGET);

/// An id that cannot be one.
pub static BAD_ID: Code = Code::error("QS919", "an id of a target that EventBridge refuses")
    .because("The id has letters, digits, `.`, `-` and `_`, and tells a target from the others of its rule: a second one replaces the first.")
    .fix("Give each target an id of its own, or leave `id` out.")
    .see(TARGET);

/// An ARN of another service.
pub static BAD_ARN: Code = Code::error("QS920", "an ARN that is not of what is asked for")
    .because("A bus has the ARN `arn:<partition>:events:<region>:<account>:event-bus/<name>`, a queue one of `sqs`, a function one of `lambda`.")
    .fix("Write the ARN of what is asked for, or the logical name of one of this stack.")
    .see(TARGET);

/// Two inputs.
pub static TWO_INPUTS: Code = Code::error("QS921", "a target that is sent two things")
    .because("EventBridge sends a constant, a part of the event, or what is made of it: one of the three.")
    .fix("Keep one of `input`, `input_path` and `input_transformer`.")
    .see(TARGET);

/// A constant that is no JSON.
pub static NO_JSON: Code = Code::error("QS922", "an input that is no JSON")
    .because("EventBridge refuses an input that is not valid JSON; a text is one in quotes.")
    .fix("Write `input: '{\"job\": \"sweep\"}'`, or `input: '\"sweep\"'` for a text.")
    .see(TRANSFORM);

/// A path that is none.
pub static BAD_PATH: Code = Code::error("QS923", "a path into an event that EventBridge refuses")
    .because("A path begins at the event: `$.detail.id`.")
    .fix("Write `$.` before it.")
    .see(TRANSFORM);

/// A template with something unknown.
pub static BAD_TEMPLATE: Code = Code::error("QS924", "a template that EventBridge refuses")
    .because("A template says what is sent; what stands in `<…>` in it is one of `paths`, or EventBridge's own, `<aws.events.event.json>`.")
    .fix("Add the name to `paths`, or correct it.")
    .see(TRANSFORM);

/// A message group where there is none.
pub static GROUP_OF_NONE: Code = Code::error("QS925", "a message group on a target that is no queue")
    .because("Only queues have message groups.")
    .fix("Remove `group`.")
    .see(TARGET);

/// A rule that does nothing.
pub static NO_TARGETS: Code = Code::warning("QS926", "a rule without targets")
    .because("What it matches goes nowhere.")
    .fix("Add `targets: [{queue: <name>}]`.")
    .see(TARGET);

/// All of them, in order.
pub const CODES: &[&Code] = &[
    &NAME,
    &NOTHING,
    &REFUSED_PATTERN,
    &NO_SUCH_FIELD,
    &TOO_LONG,
    &OVER_QUOTA,
    &BAD_SCHEDULE,
    &SCHEDULE_ELSEWHERE,
    &NO_TARGET,
    &BAD_ID,
    &BAD_ARN,
    &TWO_INPUTS,
    &NO_JSON,
    &BAD_PATH,
    &BAD_TEMPLATE,
    &GROUP_OF_NONE,
    &NO_TARGETS,
];
