//! What queues can do beyond their rows: dead letters, alarms, grants.

use std::panic::Location;
use std::sync::Arc;

use super::scope::set_member;
use super::{AgeAlarm, CountAlarm, Fact, Queue, QueueBuilder, Redrive, Scope, Seconds, Worker};
use crate::kind::queue;
use crate::model::{self, Resource};
use crate::value::Value;

impl<Goal> QueueBuilder<'_, Goal> {
    /// Moves a message that was received this often, 1 to 1000 times, to a dead-letter queue that is made for it.
    ///
    /// The same as `.redrive(Redrive::new().max_receive_count(3))`.
    /// [AWS](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html)
    #[track_caller]
    pub fn dead_letter(self, max_receive_count: u32) -> Self {
        self.redrive(Redrive::new().max_receive_count(max_receive_count))
    }

    /// Moves a message that was received this often, 1 to 1000 times, to `queue`.
    #[track_caller]
    pub fn dead_letter_to(self, queue: &Queue, max_receive_count: u32) -> Self {
        self.redrive(Redrive::new().max_receive_count(max_receive_count).dead_letter_queue(queue))
    }
}

impl Queue {
    /// Its URL, as SQS says it once the queue is there.
    #[must_use]
    pub fn url(&self) -> Fact {
        Fact::of(self.address(), model::Fact::Url)
    }

    /// Its dead letters. Where there is no dead-letter queue, whatever is done with them is an error.
    #[must_use]
    pub fn dead_letters(&self) -> DeadLetters<'_> {
        DeadLetters { of: self }
    }

    /// Sets an alarm off when this many messages wait for five periods of a minute. Whoever says it last is heard: a
    /// construct may come with one.
    #[track_caller]
    pub fn alarm_backlog(&self, scope: &mut Scope, threshold: u32) {
        self.alarm(scope, "backlog", Value::Float(threshold.into()));
    }

    /// Sets an alarm off when the oldest message is older than this for five periods of a minute. Whoever says it last is
    /// heard.
    #[track_caller]
    pub fn alarm_age(&self, scope: &mut Scope, threshold: Seconds) {
        self.alarm(scope, "age", Value::Int(threshold.0));
    }

    /// Lets a worker send to it, and tells it the URL in `QUEUE_URL_<NAME>`.
    #[track_caller]
    pub fn grant_send(&self, scope: &mut Scope, worker: &Worker) {
        worker.grant(scope, "send", self.address());
    }

    /// Lets a worker receive from it besides its own queue, and tells it the URL in `QUEUE_URL_<NAME>`.
    #[track_caller]
    pub fn grant_consume(&self, scope: &mut Scope, worker: &Worker) {
        worker.grant(scope, "consume", self.address());
    }

    #[track_caller]
    fn alarm(&self, scope: &mut Scope, form: &str, threshold: Value) {
        let line = Location::caller();
        scope.amend(self.address(), &queue::QUEUE_ALARMS, line, |resource, span| {
            for path in [form.to_owned(), format!("{form}.threshold")] {
                resource.spans.insert(format!("{}.{path}", queue::QUEUE_ALARMS.key), span);
            }
            let said = resource.get(&queue::QUEUE_ALARMS).get(form).as_map().cloned().unwrap_or_default();
            let settings = said.into_iter().chain([("threshold".to_owned(), threshold)]);
            set_member(resource, &queue::QUEUE_ALARMS, form, Value::map(settings));
        });
    }
}

/// The dead letters of a queue.
#[derive(Clone, Copy, Debug)]
pub struct DeadLetters<'q> {
    of: &'q Queue,
}

impl DeadLetters<'_> {
    /// Sets an alarm off when this many messages are dead letters. Whoever says it last is heard.
    #[track_caller]
    pub fn alarm(&self, scope: &mut Scope, threshold: u32) {
        self.of.alarm(scope, "dead_letters", Value::Float(threshold.into()));
    }

    /// The queue that they are in: the one that was named, or the one that is made.
    #[must_use]
    pub fn queue(&self) -> Queue {
        let target = queue::dead_letter_target(&self.of.0);
        let named = target.as_ref().and_then(|target| target.as_ref()?.address()).cloned();
        // Nothing has the name of a queue that is not made: the rules tell whoever refers to it.
        let name = named.map_or_else(|| queue::dead_letter_name(&self.of.address().name), |address| address.name);
        Queue(Arc::new(Resource::new(&queue::Queue, name)))
    }
}

impl From<u32> for CountAlarm {
    #[track_caller]
    fn from(threshold: u32) -> CountAlarm {
        CountAlarm::new().threshold(threshold)
    }
}

impl From<Seconds> for AgeAlarm {
    #[track_caller]
    fn from(threshold: Seconds) -> AgeAlarm {
        AgeAlarm::new().threshold(threshold)
    }
}
