//! Generated from the rows of `mapping` by `tests/construct_generated.rs`: change those.

#[allow(clippy::wildcard_imports, unused_imports, reason = "which of them a kind needs follows from its rows")]
use crate::construct::kinds::prelude::*;

kind! {
    /// An event source mapping: it feeds a queue's messages to a function.
    Mapping, MappingBuilder, crate::kind::mapping::Mapping;

    /// The queue that is polled: a logical name or an ARN.
    ///
    /// `&Queue`, or an [`Arn`](crate::construct::Arn). Default: not set.
    /// [AWS](https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html)
    queue: into Ref<Queue>;

    /// The function that is invoked: a logical name or an ARN.
    ///
    /// `&Function`, or an [`Arn`](crate::construct::Arn). Default: not set.
    /// [AWS](https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html)
    function: into Ref<Function>;

    /// The most messages of one invocation; above 10 it needs a window of at least 1s, FIFO takes 10.
    ///
    /// A count, `1` to `10000`. Default: `10`.
    /// [AWS](https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html)
    batch_size: u32;

    /// How long a batch is gathered; none for FIFO.
    ///
    /// A duration, `0s` to `5m`. Default: `0s`.
    /// [AWS](https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html)
    window: Seconds;

    /// The most invocations at once from this queue. A worker's is 5: an endless queue must not cost without end.
    ///
    /// A count, `2` to `1000`. [AWS](https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html)
    max_concurrency: u32;

    /// Patterns of the messages that are taken; all others are deleted. At most 5, 10 on request.
    ///
    /// At most 10, each: A JSON document. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html)
    filters: each Document;

    /// Whether the function names the messages that failed (ReportBatchItemFailures). On (AWS: off): else one failure
    /// repeats the whole batch.
    ///
    /// True or false. Default: `true`.
    /// [AWS](https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html)
    partial_failures: bool;

    /// Whether it polls.
    ///
    /// True or false. Default: `true`.
    /// [AWS](https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html)
    enabled: bool;
}

facts! { Mapping }
