//! A job as its handler sees it, and handlers as the worker sees them.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;

use futures::future::BoxFuture;
use jiff::Timestamp;
use serde::de::DeserializeOwned;

use crate::{Context, Envelope, Outcome, shape};

/// One job: its payload, already read and validated, and what came with it.
#[derive(Clone, Debug)]
pub struct Job<T> {
    /// What is to be done.
    pub payload: T,
    /// The queue's id of the message; a message sent again has another one.
    pub message_id: String,
    /// String attributes beside the body.
    pub attributes: Arc<BTreeMap<String, String>>,
    /// The envelope, for what is seldom needed.
    pub envelope: Arc<Envelope>,
}

impl<T> Job<T> {
    /// Its type: `calendar.sync`.
    #[must_use]
    pub fn job_type(&self) -> &str {
        &self.envelope.job_type
    }

    /// When it was first enqueued.
    #[must_use]
    pub fn created_at(&self) -> Timestamp {
        self.envelope.created_at
    }

    /// Whose job it is.
    #[must_use]
    pub fn tenant(&self) -> Option<&str> {
        self.envelope.tenant_id.as_deref()
    }
}

/// What handles jobs of one type: any `async fn(Job<T>, Context)` that returns an [`Outcome`], or what turns into one.
pub trait Handler<T>: Send + Sync + 'static {
    /// Handles one job.
    fn call(&self, job: Job<T>, context: Context) -> impl Future<Output = Outcome> + Send;
}

impl<T, F, R, O> Handler<T> for F
where
    F: Fn(Job<T>, Context) -> R + Send + Sync + 'static,
    R: Future<Output = O> + Send,
    O: Into<Outcome>,
    T: Send,
{
    async fn call(&self, job: Job<T>, context: Context) -> Outcome {
        self(job, context).await.into()
    }
}

/// Tells what is wrong with a payload that has the right shape.
pub(crate) type Check<T> = fn(&T) -> Result<(), String>;

/// The parts of a message that are not its payload.
pub(crate) struct Parts {
    pub message_id: String,
    pub attributes: Arc<BTreeMap<String, String>>,
    pub envelope: Arc<Envelope>,
}

/// A handler whose payload was read: it only waits to run.
pub(crate) type Ready = Box<dyn FnOnce(Context) -> BoxFuture<'static, Outcome> + Send>;

/// A handler without its payload's type.
pub(crate) trait Erased: Send + Sync + 'static {
    /// Reads and validates the payload; the error says what is wrong with it.
    fn prepare(&self, parts: Parts) -> Result<Ready, String>;
}

/// A registered handler.
pub(crate) struct Typed<T, H> {
    pub handler: Arc<H>,
    pub check: Option<Check<T>>,
}

impl<T, H> Erased for Typed<T, H>
where
    T: DeserializeOwned + Send + 'static,
    H: Handler<T>,
{
    fn prepare(&self, parts: Parts) -> Result<Ready, String> {
        let payload = shape::read::<T>(&parts.envelope.payload)?;
        if let Some(check) = self.check {
            check(&payload)?;
        }
        let Parts { message_id, attributes, envelope } = parts;
        let job = Job { payload, message_id, attributes, envelope };
        let handler = Arc::clone(&self.handler);
        Ok(Box::new(move |context| Box::pin(async move { handler.call(job, context).await })))
    }
}
