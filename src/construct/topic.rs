//! What topics can do beyond their rows: subscribers, grants, and fanning out.

use std::panic::Location;

use serde_json::Value as Json;

use super::settings::Setting as _;
use super::{
    Document, FilterScope, Queue, QueueAlarms, QueueBuilder, Scope, Subscriber, Topic, TopicBuilder, Worker, mins,
};
use crate::kind::topic;
use crate::value::Value;

/// How often a message is tried before it is a dead letter.
const TRIES: u32 = 5;

impl Topic {
    /// Lets a worker publish to it, and tells it the ARN in `TOPIC_ARN_<NAME>`.
    #[track_caller]
    pub fn grant_publish(&self, scope: &mut Scope, worker: &Worker) {
        worker.grant(scope, "publish", self.address());
    }

    /// Subscribes one more queue.
    ///
    /// ```
    /// # use queuestack::construct::*;
    /// # let mut stack = Stack::new("events");
    /// let orders = Topic::new(&mut stack, "order-events").build();
    /// let billing = Queue::new(&mut stack, "billing").build();
    /// orders.subscribe(&mut stack, Subscriber::new().queue(&billing).filter(json!({"tenant": ["acme"]})));
    /// # assert!(!stack.complete().1.has_errors());
    /// ```
    #[track_caller]
    pub fn subscribe(&self, scope: &mut Scope, subscriber: Subscriber) {
        self.subscribe_at(scope, subscriber, Location::caller());
    }

    fn subscribe_at(&self, scope: &mut Scope, subscriber: Subscriber, line: &'static Location<'static>) {
        let item = subscriber.written().value;
        scope.amend(self.address(), &topic::SUBSCRIPTIONS, line, |resource, span| {
            let mut items = resource.get(&topic::SUBSCRIPTIONS).as_list().unwrap_or_default().to_vec();
            let path = format!("{}.{}", topic::SUBSCRIPTIONS.key, items.len());
            for key in item.as_map().into_iter().flatten().map(|(key, _)| key) {
                resource.spans.insert(format!("{path}.{key}"), span);
            }
            resource.spans.insert(path, span);
            items.push(item);
            resource.set(&topic::SUBSCRIPTIONS, Value::List(items));
        });
    }
}

/// A topic with a queue for each of those whom it concerns: what is published once is handled by each of them on its own.
///
/// Each queue has a dead-letter queue, which also gets what could not be delivered, and alarms on both.
///
/// ```
/// use queuestack::construct::*;
///
/// let mut stack = Stack::new("shop");
/// let orders = FanOut::new(&mut stack, "order-events").build();
///
/// let billing = orders.to(&mut stack, "billing").only("type", ["order.paid", "order.refunded"]).build();
/// let acme = orders
///     .to(&mut stack, "acme")
///     .in_body()
///     .only("tenantId", ["acme"])
///     .queue(|queue| queue.visibility_timeout(mins(5)))
///     .build();
/// let audit = orders.to(&mut stack, "audit").wrapped().build();
///
/// let invoices = Worker::new(&mut stack, "invoices").package("invoices").consumes(&billing).build();
/// orders.topic().grant_publish(&mut stack, &invoices);
/// # drop((acme, audit));
/// # let (stack, found) = stack.complete();
/// # assert!(!found.has_errors());
/// # assert!(stack.resources.keys().any(|one| one.to_string() == "subscription.order-events-billing-queue"));
/// ```
///
/// The queues are handles, and the topic is one of another kind: what is fed by the topic itself does not compile.
///
/// ```compile_fail,E0277
/// # use queuestack::construct::*;
/// # let mut stack = Stack::new("shop");
/// let orders = FanOut::new(&mut stack, "order-events").build();
/// Worker::new(&mut stack, "invoices").package("invoices").consumes(orders.topic()).build(); // a topic is no queue
/// ```
#[derive(Clone, Debug)]
pub struct FanOut {
    topic: Topic,
}

/// A [`FanOut`] that is being described.
#[derive(Debug)]
#[must_use = "nothing is added before `.build()`"]
pub struct FanOutBuilder<'s> {
    topic: TopicBuilder<'s>,
}

impl FanOut {
    /// Describes one; `build` adds its topic to the stack.
    #[track_caller]
    #[must_use = "nothing is added before `.build()`"]
    #[expect(clippy::new_ret_no_self, reason = "what is new is described first and built then")]
    pub fn new(scope: &mut Scope, name: impl Into<String>) -> FanOutBuilder<'_> {
        FanOutBuilder { topic: Topic::new(scope, name) }
    }

    /// Describes the queue of one whom it concerns, `<name>-queue`; `build` adds and subscribes it.
    #[track_caller]
    pub fn to<'s>(&self, scope: &'s mut Scope, name: impl Into<String>) -> ConsumerBuilder<'s> {
        ConsumerBuilder {
            scope,
            topic: self.topic.clone(),
            name: name.into(),
            in_body: false,
            filter: serde_json::Map::new(),
            raw: true,
            change: None,
            line: Location::caller(),
        }
    }

    /// The topic.
    #[must_use]
    pub fn topic(&self) -> &Topic {
        &self.topic
    }
}

impl FanOutBuilder<'_> {
    /// Changes its topic: `.topic(|topic| topic.fifo(true))`.
    pub fn topic(mut self, change: impl FnOnce(TopicBuilder<'_>) -> TopicBuilder<'_>) -> Self {
        self.topic = change(self.topic);
        self
    }

    /// Adds its topic to the stack.
    pub fn build(self) -> FanOut {
        FanOut { topic: self.topic.build() }
    }
}

/// Changes a queue before it is built.
type Change = Box<dyn for<'q> FnOnce(QueueBuilder<'q>) -> QueueBuilder<'q>>;

/// One whom a [`FanOut`] concerns.
#[must_use = "nothing is added before `.build()`"]
pub struct ConsumerBuilder<'s> {
    scope: &'s mut Scope,
    topic: Topic,
    name: String,
    in_body: bool,
    filter: serde_json::Map<String, Json>,
    raw: bool,
    change: Option<Change>,
    line: &'static Location<'static>,
}

impl std::fmt::Debug for ConsumerBuilder<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ConsumerBuilder")
            .field("name", &self.name)
            .field("filter", &self.filter)
            .finish_non_exhaustive()
    }
}

impl ConsumerBuilder<'_> {
    /// Takes only what has one of these values under this key; with several keys, of each.
    ///
    /// [AWS](https://docs.aws.amazon.com/sns/latest/dg/sns-subscription-filter-policies.html)
    pub fn only(mut self, key: impl Into<String>, values: impl IntoIterator<Item = impl Into<Json>>) -> Self {
        self.filter.insert(key.into(), values.into_iter().map(Into::into).collect());
        self
    }

    /// Takes only what has another value than these under this key.
    ///
    /// [AWS](https://docs.aws.amazon.com/sns/latest/dg/string-value-matching.html)
    pub fn except(mut self, key: impl Into<String>, values: impl IntoIterator<Item = impl Into<Json>>) -> Self {
        let values: Vec<Json> = values.into_iter().map(Into::into).collect();
        self.filter.insert(key.into(), serde_json::json!([{"anything-but": values}]));
        self
    }

    /// Looks for the keys in the body, which is JSON then, and not among the attributes: a job that `queuestack-worker`
    /// reads has its `type` and `tenantId` there.
    pub fn in_body(mut self) -> Self {
        self.in_body = true;
        self
    }

    /// Gets each message wrapped in SNS's notification, with its time and topic; a worker reads bare ones.
    pub fn wrapped(mut self) -> Self {
        self.raw = false;
        self
    }

    /// Changes its queue: `.queue(|queue| queue.visibility_timeout(mins(5)))`.
    pub fn queue(mut self, change: impl for<'q> FnOnce(QueueBuilder<'q>) -> QueueBuilder<'q> + 'static) -> Self {
        self.change = Some(Box::new(change));
        self
    }

    /// Adds its queue to the stack and subscribes it.
    #[track_caller]
    pub fn build(self) -> Queue {
        let alarms = QueueAlarms::new().dead_letters(1).backlog(1_000).age(mins(15));
        let queue = Queue::new(self.scope, format!("{}-queue", self.name)).dead_letter(TRIES).alarms(alarms);
        let queue = match self.change {
            Some(change) => change(queue).build(),
            None => queue.build(),
        };
        let mut subscriber = Subscriber::new().queue(&queue).dead_letter_queue(&queue.dead_letters().queue());
        if !self.filter.is_empty() {
            subscriber = subscriber.filter(Document::from(Json::Object(self.filter)));
            if self.in_body {
                subscriber = subscriber.filter_scope(FilterScope::Body);
            }
        }
        if !self.raw {
            subscriber = subscriber.raw(false);
        }
        self.topic.subscribe_at(self.scope, subscriber, self.line);
        queue
    }
}
