//! Generated from the rows of `subscription` by `tests/construct_generated.rs`: change those.

#[allow(clippy::wildcard_imports, unused_imports, reason = "which of them a kind needs follows from its rows")]
use crate::construct::kinds::prelude::*;

kind! {
    /// An SNS subscription: it brings what is published to a topic to a queue.
    Subscription, SubscriptionBuilder, crate::kind::subscription::Subscription;

    /// The topic: a logical name or an ARN.
    ///
    /// `&Topic`, or an [`Arn`](crate::construct::Arn). Default: not set.
    /// [AWS](https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html)
    topic: into Ref<Topic>;

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

facts! { Subscription }
