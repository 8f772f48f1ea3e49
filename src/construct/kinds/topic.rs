//! Generated from the rows of `topic` by `tests/construct_generated.rs`: change those.

#[allow(clippy::wildcard_imports, unused_imports, reason = "which of them a kind needs follows from its rows")]
use crate::construct::kinds::prelude::*;

kind! {
    /// An SNS topic.
    Topic, TopicBuilder, crate::kind::topic::Topic;

    /// x
    fifo: bool;
    /// x
    display_name: text;
    /// x
    content_based_deduplication: bool;
    /// x
    fifo_throughput_scope: FifoThroughputScope;
    /// x
    kms_key: text;
    /// x
    signature_version: u32;
    /// x
    tracing: TopicTracing;
    /// x
    policy: into Document;
    /// x
    tls_only: bool;
    /// x
    subscriptions: each Subscriber;
}

facts! { Topic }

words! {
    /// x
    FifoThroughputScope;
    /// x
    MessageGroup = "MessageGroup",
}

words! {
    /// x
    TopicTracing;
    /// x
    Active = "Active",
}

words! {
    /// x
    FilterScope;
    /// x
    Attributes = "MessageAttributes",
    /// x
    Body = "MessageBody",
}

part! {
    /// x
    Subscriber or off;
    /// x
    queue: into Ref<Queue>;
    /// x
    filter: into Document;
    /// x
    filter_scope: FilterScope;
    /// x
    raw: bool;
    /// x
    dead_letter_queue: into Ref<Queue>;
}
