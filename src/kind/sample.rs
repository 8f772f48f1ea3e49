//! What a resource is doing at this moment, for those who watch it.

/// What was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sample {
    /// It holds messages.
    Depth(Depth),
    /// It was written to.
    Log(Vec<Line>),
}

/// How full a queue is, as the service says it; on AWS that lags by up to a minute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Depth {
    /// Messages waiting to be received.
    pub waiting: u64,
    /// Messages received and not deleted yet.
    pub in_flight: u64,
    /// Messages that nobody may see yet.
    pub delayed: u64,
}

impl Depth {
    /// All messages that it holds.
    #[must_use]
    pub fn total(self) -> u64 {
        self.waiting + self.in_flight + self.delayed
    }
}

/// One line of a log.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Line {
    /// When it was written, in milliseconds since 1970.
    pub at: i64,
    /// What tells it from another line.
    pub id: String,
    /// What it says.
    pub text: String,
}
