//! What workers can do beyond their rows: queues of their own, and handles of what they are made of.

use std::panic::Location;

use super::{
    DurationAlarm, Function, LogGroup, Mapping, Queue, QueueAlarms, QueueBuilder, Ref, Role, Scope, Seconds, Worker,
    WorkerBuilder,
};
use crate::kind::worker;
use crate::model::{Address, Fact, Ref as ModelRef};
use crate::value::Value;

/// How often a message is tried before it is a dead letter, under Lambda.
/// <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html>
const TRIES: u32 = 5;

impl WorkerBuilder<'_> {
    /// Feeds it with the messages of this queue: a handle, or an [`Arn`](super::Arn).
    ///
    /// The same as `queue`. [AWS](https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html)
    #[track_caller]
    pub fn consumes(self, queue: impl Into<Ref<Queue>>) -> Self {
        self.queue(queue)
    }

    /// Gives it a queue of its own, `<name>-queue`, with a dead-letter queue after 5 receives and alarms on dead
    /// letters, on 1000 waiting messages and on messages older than 15 minutes.
    ///
    /// The queue's visibility timeout follows from the worker's timeout.
    #[track_caller]
    pub fn with_queue(self) -> Self {
        self.with_queue_that(|queue| queue)
    }

    /// As [`with_queue`](Self::with_queue), with changes: `.with_queue_that(|queue| queue.fifo(true))`.
    #[track_caller]
    pub fn with_queue_that(mut self, change: impl FnOnce(QueueBuilder<'_>) -> QueueBuilder<'_>) -> Self {
        let (scope, name) = self.draft.scope();
        let name = format!("{name}-queue");
        let alarms = QueueAlarms::new().dead_letters(1).backlog(1_000).age(super::mins(15));
        let queue = change(Queue::new(scope, name).dead_letter(TRIES).alarms(alarms)).build();
        self.queue(&queue)
    }
}

impl Worker {
    /// Grants it something; the line is that of whoever grants.
    #[track_caller]
    pub(super) fn grant(&self, scope: &mut Scope, verb: &'static str, on: &Address) {
        let line = Location::caller();
        scope.amend(self.address(), &worker::GRANTS, line, |resource, span| {
            let mut grants = resource.get(&worker::GRANTS).as_list().unwrap_or_default().to_vec();
            let path = format!("{}.{}", worker::GRANTS.key, grants.len());
            resource.spans.insert(format!("{path}.{verb}"), span);
            resource.spans.insert(path, span);
            grants.push(Value::map([(verb, ModelRef::hard(on, Fact::Arn))]));
            resource.set(&worker::GRANTS, Value::List(grants));
        });
    }

    /// The queue that feeds it, if it is one of this stack.
    #[must_use]
    pub fn queue(&self) -> Option<Queue> {
        let address = self.0.get(&worker::QUEUE).as_ref().and_then(ModelRef::address)?;
        Some(Queue(std::sync::Arc::new(crate::model::Resource::new(&crate::kind::queue::Queue, &address.name))))
    }

    /// Its function.
    #[must_use]
    pub fn function(&self) -> Function {
        Function(made(&crate::kind::function::Function, self))
    }

    /// Its role.
    #[must_use]
    pub fn role(&self) -> Role {
        Role(made(&crate::kind::role::Role, self))
    }

    /// Its log group.
    #[must_use]
    pub fn log_group(&self) -> LogGroup {
        LogGroup(made(&crate::kind::log_group::LogGroup, self))
    }

    /// Its mapping, if it has a queue.
    #[must_use]
    pub fn mapping(&self) -> Mapping {
        Mapping(made(&crate::kind::mapping::Mapping, self))
    }
}

fn made(kind: &'static dyn crate::kind::Kind, worker: &Worker) -> std::sync::Arc<crate::model::Resource> {
    std::sync::Arc::new(crate::model::Resource::new(kind, &worker.address().name))
}

impl From<Seconds> for DurationAlarm {
    #[track_caller]
    fn from(threshold: Seconds) -> DurationAlarm {
        DurationAlarm::new().threshold(threshold)
    }
}
