//! Generated from the rows of `topic` by `tests/construct_generated.rs`: change those.

#[allow(clippy::wildcard_imports, unused_imports, reason = "which of them a kind needs follows from its rows")]
use crate::construct::kinds::prelude::*;

kind! {
    /// An SNS topic. `subscriptions:` subscribes queues to it.
    Topic, TopicBuilder, crate::kind::topic::Topic;

    /// Keeps order within a message group and drops duplicates. The physical name gets the suffix `.fifo`.
    ///
    /// True or false. Default: `false`. [AWS](https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html)
    fifo: bool;

    /// The sender's name of messages by mail and SMS.
    ///
    /// A text of 1 to 100 characters. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/sns/latest/api/API_SetTopicAttributes.html)
    display_name: text;

    /// FIFO: takes the SHA-256 of the body as deduplication id when the publisher gives none. Default false.
    ///
    /// True or false. [AWS](https://docs.aws.amazon.com/sns/latest/api/API_SetTopicAttributes.html)
    content_based_deduplication: bool;

    /// FIFO: looks for duplicates within each message group, for more throughput. Without it, within the whole topic.
    ///
    /// A [`FifoThroughputScope`]. [AWS](https://docs.aws.amazon.com/sns/latest/dg/fifo-topic-code-examples.html)
    fifo_throughput_scope: FifoThroughputScope;

    /// Encrypts at rest with this KMS key: an id, an ARN or `alias/…`. Without it, nothing is encrypted at rest.
    ///
    /// A text of 1 to 2048 characters.
    /// [AWS](https://docs.aws.amazon.com/sns/latest/dg/sns-server-side-encryption.html)
    kms_key: text;

    /// How messages that are not raw are signed: 1 with SHA-1, 2 with SHA-256. 2 (AWS: 1), as AWS advises.
    ///
    /// A count, `1` to `2`. Default: `2`.
    /// [AWS](https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html)
    signature_version: u32;

    /// Sends X-Ray segments of its own. Without it, the publisher's trace is handed on all the same.
    ///
    /// A [`TopicTracing`]. [AWS](https://docs.aws.amazon.com/sns/latest/dg/sns-active-tracing.html)
    tracing: TopicTracing;

    /// The topic's access policy. Without it, the account that owns the topic may use it, alarms and other services
    /// included.
    ///
    /// A JSON document. [AWS](https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html)
    policy: into Document;

    /// Adds a statement to the policy that refuses to publish without TLS. On, as AWS advises.
    ///
    /// True or false. Default: `true`.
    /// [AWS](https://docs.aws.amazon.com/sns/latest/dg/sns-security-best-practices.html)
    tls_only: bool;

    /// The queues that get what is published, `{queue: billing-queue, filter: {tenant: [acme]}}`: each item makes a
    /// subscription, `<topic>-<queue>`.
    ///
    /// At most 100, each: A [`Subscriber`]. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html)
    subscriptions: each Subscriber;
}

facts! { Topic }

words! {
    /// FIFO: looks for duplicates within each message group, for more throughput. Without it, within the whole topic.
    FifoThroughputScope;
    /// `message_group`.
    MessageGroup = "MessageGroup",
}

words! {
    /// Sends X-Ray segments of its own. Without it, the publisher's trace is handed on all the same.
    TopicTracing;
    /// `active`.
    Active = "Active",
}

words! {
    /// Whether the filter looks at the message's attributes or into its body, which must be JSON then: a job's `type`
    /// and `tenantId` are in the body. Default attributes.
    FilterScope;
    /// `attributes`.
    Attributes = "MessageAttributes",
    /// `body`.
    Body = "MessageBody",
}

part! {
    /// The queues that get what is published, `{queue: billing-queue, filter: {tenant: [acme]}}`: each item makes a
    /// subscription, `<topic>-<queue>`.
    Subscriber;

    /// The queue that gets what is published: a logical name or an ARN. One of this stack lets the topic send to it.
    ///
    /// `&Queue`, or an [`Arn`](crate::construct::Arn). Default: not set.
    /// [AWS](https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html)
    queue: into Ref<Queue>;

    /// Which messages it gets, `{tenant: [acme], type: [order.paid, order.cancelled]}`: those that match every key.
    /// At most 5 keys; a change takes up to 15 minutes.
    ///
    /// A JSON document. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/sns/latest/dg/sns-subscription-filter-policies.html)
    filter: into Document;

    /// Whether the filter looks at the message's attributes or into its body, which must be JSON then: a job's `type`
    /// and `tenantId` are in the body. Default attributes.
    ///
    /// A [`FilterScope`]. [AWS](https://docs.aws.amazon.com/sns/latest/dg/sns-message-filtering-scope.html)
    filter_scope: FilterScope;

    /// Delivers the message as it was published, attributes beside it (at most 10). On (AWS: off): a worker reads its
    /// job from the body, which SNS would wrap in a notification.
    ///
    /// True or false. Default: `true`.
    /// [AWS](https://docs.aws.amazon.com/sns/latest/dg/sns-large-payload-raw-message-delivery.html)
    raw: bool;

    /// The queue for messages that cannot be delivered, such as when the queue refuses them. Without one they are
    /// lost.
    ///
    /// `&Queue`, or an [`Arn`](crate::construct::Arn).
    /// [AWS](https://docs.aws.amazon.com/sns/latest/dg/sns-dead-letter-queues.html)
    dead_letter_queue: into Ref<Queue>;
}
