//! What buses and rules can do beyond their rows: grants, and targets one by one.

use super::{Bus, Function, Queue, RuleBuilder, Scope, Target, Worker};
use crate::kind::{queue, rule};

impl Bus {
    /// Lets a worker put events on it, and tells it the ARN in `EVENT_BUS_<NAME>`.
    #[track_caller]
    pub fn grant_put_events(&self, scope: &mut Scope, worker: &Worker) {
        worker.grant(scope, "put_events", self.address());
    }
}

impl RuleBuilder<'_> {
    /// Brings the events to one more target: a `&Queue`, a `&Worker`, a `&Function`, or a [`Target`] of which more is said.
    ///
    /// ```
    /// use queuestack::construct::*;
    ///
    /// let mut stack = Stack::new("shop");
    /// let shop = Bus::new(&mut stack, "shop").build();
    /// let billing = Queue::new(&mut stack, "billing").dead_letter(5).build();
    /// billing.dead_letters().alarm(&mut stack, 1);
    /// Rule::new(&mut stack, "paid").bus(&shop).pattern(json!({"detail-type": ["OrderPaid"]})).to(&billing).build();
    ///
    /// let sweep = Worker::new(&mut stack, "sweep").package("sweep").build();
    /// let nightly = Target::from(&sweep).dead_letter_queue(&billing.dead_letters().queue()).input(r#"{"all": true}"#);
    /// Rule::new(&mut stack, "nightly").schedule("cron(0 3 * * ? *)").to(nightly).build();
    /// # assert!(!stack.complete().1.has_errors());
    /// ```
    ///
    /// A topic is no target:
    ///
    /// ```compile_fail,E0277
    /// # use queuestack::construct::*;
    /// # let mut stack = Stack::new("shop");
    /// let news = Topic::new(&mut stack, "news").build();
    /// Rule::new(&mut stack, "paid").pattern(json!({"detail-type": ["OrderPaid"]})).to(&news).build();
    /// ```
    #[track_caller]
    pub fn to(mut self, target: impl Into<Target>) -> Self {
        self.draft.settings.push(rule::TARGETS.key, target.into());
        self
    }
}

/// The queue; what cannot be delivered to it goes to its dead-letter queue, if it has one that EventBridge sends to.
impl From<&Queue> for Target {
    #[track_caller]
    fn from(queue: &Queue) -> Target {
        let target = Target::new().queue(queue);
        if queue::is_fifo(&queue.0) || queue::dead_letter_target(&queue.0).is_none() {
            return target;
        }
        target.dead_letter_queue(&queue.dead_letters().queue())
    }
}

impl From<&Worker> for Target {
    #[track_caller]
    fn from(worker: &Worker) -> Target {
        Target::new().function(&worker.function())
    }
}

impl From<&Function> for Target {
    #[track_caller]
    fn from(function: &Function) -> Target {
        Target::new().function(function)
    }
}
