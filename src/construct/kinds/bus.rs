//! Generated from the rows of `bus` by `tests/construct_generated.rs`: change those.

#[allow(clippy::wildcard_imports, unused_imports, reason = "which of them a kind needs follows from its rows")]
use crate::construct::kinds::prelude::*;

kind! {
    /// An event bus of EventBridge. `rules:` bring the events on it to queues and functions.
    Bus, BusBuilder, crate::kind::bus::Bus;

    /// What it is for.
    ///
    /// A text of 1 to 512 characters. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_CreateEventBus.html)
    description: text;

    /// Encrypts events at rest with this KMS key, whose policy must let events.amazonaws.com use it: an id, an ARN or
    /// `alias/…`. Without it, AWS's own key.
    ///
    /// A text of 1 to 2048 characters.
    /// [AWS](https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-encryption-event-bus-cmkey.html)
    kms_key: text;

    /// The queue for events that cannot be encrypted or decrypted, such as when the key is disabled. One of this
    /// stack lets the bus send to it.
    ///
    /// `&Queue`, or an [`Arn`](crate::construct::Arn). Default: not set.
    /// [AWS](https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-encryption-event-bus-dlq.html)
    dead_letter_queue: into Ref<Queue>;

    /// Who else may put events on it. Without it, the account that owns the bus.
    ///
    /// A JSON document. [AWS](https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-bus-perms.html)
    policy: into Document;
}

facts! { Bus }
