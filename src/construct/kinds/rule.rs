//! Generated from the rows of `rule` by `tests/construct_generated.rs`: change those.

#[allow(clippy::wildcard_imports, unused_imports, reason = "which of them a kind needs follows from its rows")]
use crate::construct::kinds::prelude::*;

kind! {
    /// A rule of an event bus: it brings the events that it matches to queues and functions.
    Rule, RuleBuilder, crate::kind::rule::Rule;

    /// The bus whose events it looks at: a logical name or an ARN. Without it, the account's own, `default`.
    ///
    /// `&Bus`, or an [`Arn`](crate::construct::Arn).
    /// [AWS](https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html)
    bus: into Ref<Bus>;

    /// What it is for.
    ///
    /// A text of 1 to 512 characters. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html)
    description: text;

    /// Which events it matches, `{source: [shop.orders], detail-type: [OrderPaid]}`: those that match every field. At
    /// most 2048 characters.
    ///
    /// A JSON document. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html)
    pattern: into Document;

    /// When it makes an event of its own, in UTC: `rate(5 minutes)`, `cron(0 3 * * ? *)`. On the bus `default` alone.
    ///
    /// A text of 1 to 256 characters.
    /// [AWS](https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html)
    schedule: text;

    /// Whether it matches anything.
    ///
    /// True or false. Default: `true`.
    /// [AWS](https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html)
    enabled: bool;

    /// Where the events go: at most 5 queues and functions. Others are taken away.
    ///
    /// At most 5, each: A [`Target`]. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Target.html)
    targets: each Target;
}

facts! { Rule }

part! {
    /// How delivery is tried again, such as when a function is throttled: 185 times within 1d unless said.
    Retry;

    /// How often delivery is tried again.
    ///
    /// A count, `0` to `185`. Default: `185`.
    /// [AWS](https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html)
    attempts: u32;

    /// How old an event may be that is tried again.
    ///
    /// A duration, `1m` to `1d`. Default: `1d`.
    /// [AWS](https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html)
    age: Seconds;
}

part! {
    /// What is made of the event before it is sent.
    InputTransformer;

    /// What of the event the template knows, and as what: `{order: $.detail.id}`.
    ///
    /// One entry a call, at most 100. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html)
    paths: entries;

    /// What is sent, with `<order>` for each of `paths`, and `<aws.events.event.json>` for all of it.
    ///
    /// A text of 1 to 8192 characters. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html)
    template: text;
}

part! {
    /// Where the events go: at most 5 queues and functions. Others are taken away.
    Target;

    /// What tells it from the others of the rule; unless said, the name of its queue or function.
    ///
    /// A text of 1 to 64 characters.
    /// [AWS](https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Target.html)
    id: text;

    /// The queue that gets the events: a logical name or an ARN. One of this stack lets the rule send to it.
    ///
    /// `&Queue`, or an [`Arn`](crate::construct::Arn). Default: not set.
    /// [AWS](https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Target.html)
    queue: into Ref<Queue>;

    /// The function that is invoked, instead of a queue: a logical name (a worker's function has the worker's name)
    /// or an ARN.
    ///
    /// `&Function`, or an [`Arn`](crate::construct::Arn). Default: not set.
    /// [AWS](https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Target.html)
    function: into Ref<Function>;

    /// The queue for events that cannot be delivered, a standard one. Without one they are lost.
    ///
    /// `&Queue`, or an [`Arn`](crate::construct::Arn).
    /// [AWS](https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html)
    dead_letter_queue: into Ref<Queue>;

    /// How delivery is tried again, such as when a function is throttled: 185 times within 1d unless said.
    ///
    /// A [`Retry`]. [AWS](https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html)
    retry: into Retry;

    /// The message group of what is sent, which a FIFO queue must have.
    ///
    /// A text of 1 to 128 characters. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Target.html)
    group: text;

    /// What is sent instead of the event, a text of JSON: `'{"job": "sweep"}'`.
    ///
    /// A text of 1 to 8192 characters. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html)
    input: text;

    /// Which part of the event is sent: `$.detail`.
    ///
    /// A text of 1 to 256 characters. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html)
    input_path: text;

    /// What is made of the event before it is sent.
    ///
    /// A [`InputTransformer`]. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html)
    input_transformer: into InputTransformer;

    /// Whether the function is given the permission that the rule needs. With `false` somebody else gives it, as for
    /// a function of another account. A queue's stands in its policy.
    ///
    /// True or false. Default: `true`.
    /// [AWS](https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html)
    permission: bool;
}
