//! Generated from the rows of `subscription` by `tests/construct_generated.rs`: change those.

#[allow(clippy::wildcard_imports, unused_imports, reason = "which of them a kind needs follows from its rows")]
use crate::construct::kinds::prelude::*;

kind! {
    /// An SNS subscription.
    Subscription, SubscriptionBuilder, crate::kind::subscription::Subscription;
    /// x
    topic: into Ref<Topic>;
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

facts! { Subscription }
