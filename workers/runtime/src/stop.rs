//! The two steps of stopping: finish what is begun, then give the rest back.

use tokio::sync::watch;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Running,
    Draining,
    Over,
}

/// Says when to stop; its clones say the same.
#[derive(Clone, Debug)]
pub struct Stop {
    sender: watch::Sender<Step>,
}

impl Default for Stop {
    fn default() -> Self {
        Self::new()
    }
}

impl Stop {
    /// Nothing stops yet.
    #[must_use]
    pub fn new() -> Self {
        Self { sender: watch::Sender::new(Step::Running) }
    }

    /// Asks for a stop: no new messages, those that are being handled may end.
    pub fn drain(&self) {
        self.reach(Step::Draining);
    }

    /// Ends the waiting: handlers that still run are dropped and their messages given back.
    pub fn end(&self) {
        self.reach(Step::Over);
    }

    fn reach(&self, step: Step) {
        self.sender.send_if_modified(|now| {
            let further = step > *now;
            *now = step.max(*now);
            further
        });
    }

    /// Tells whether a stop was asked for.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        *self.sender.borrow() >= Step::Draining
    }

    /// Resolves once a stop was asked for.
    pub async fn draining(&self) {
        self.until(Step::Draining).await;
    }

    /// Resolves once there is no more time.
    pub async fn over(&self) {
        self.until(Step::Over).await;
    }

    async fn until(&self, step: Step) {
        // The sender lives in `self`: waiting cannot fail.
        let _ = self.sender.subscribe().wait_for(|now| *now >= step).await;
    }
}
