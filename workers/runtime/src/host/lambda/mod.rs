//! In Lambda: batches of an SQS event source mapping, answered record by record.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html>

mod batch;
mod event;

use std::collections::HashMap;
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use lambda_runtime::{Error, LambdaEvent, Runtime, service_fn};
use serde_json::Value;

use crate::StartError;
use crate::backend::Backend;
use crate::backend::sqs::SqsQueue;
use crate::pipeline::Core;

/// What Lambda sets, and its runtime cannot do without.
const NEEDED: [&str; 3] =
    ["AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_VERSION"];

/// What the invocations of an instance share.
struct Host {
    core: Core,
    queue_url: Option<String>,
    dead_letter_url: Option<String>,
    /// By ARN. A function may have several queues; no client is made before one is needed.
    queues: Mutex<HashMap<String, Arc<SqsQueue>>>,
}

/// Takes invocations until Lambda ends the instance.
pub(crate) async fn run(core: Core, environment: &dyn Fn(&str) -> Option<String>) -> Result<(), StartError> {
    if let Some(missing) = NEEDED.iter().find(|name| environment(name).is_none()) {
        return Err(StartError(format!(
            "AWS_LAMBDA_RUNTIME_API is set, but {missing} is not: set both as Lambda does, or neither to run as a process"
        )));
    }
    let url = |name| environment(name).filter(|url| !url.is_empty());
    let host =
        Arc::new(Host { core, queue_url: url("QUEUE_URL"), dead_letter_url: url("DLQ_URL"), queues: Mutex::default() });
    let service = service_fn(|event: LambdaEvent<Value>| {
        let host = Arc::clone(&host);
        async move { host.invoke(event).await }
    });
    Runtime::new(service).run().await.map_err(|error| StartError(format!("Lambda's runtime API: {error}")))
}

impl Host {
    async fn invoke(self: &Arc<Self>, event: LambdaEvent<Value>) -> Result<Value, Error> {
        let request_id = event.context.request_id.clone();
        let records = event::records(&event.payload)?;
        let count = records.len();
        let answer = batch::handle(self, records, event.context.deadline()).await;
        let failed = answer.as_ref().ok().and_then(|answer| answer[batch::FAILURES].as_array().map(Vec::len));
        tracing::info!(request_id, records = count, failed, "batch");
        self.flush();
        answer
    }

    /// The queue that a record came from.
    fn queue(&self, arn: &str) -> Arc<SqsQueue> {
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        let queue = queues.entry(arn.to_owned()).or_insert_with(|| {
            let name = arn.rsplit(':').next().unwrap_or_default();
            let own = self.queue_url.as_deref().filter(|url| arn.is_empty() || url.rsplit('/').next() == Some(name));
            let queue = SqsQueue::new(own.map_or_else(|| event::url(arn), str::to_owned));
            // The dead-letter queue of the environment is that of the queue beside it.
            Arc::new(match &self.dead_letter_url {
                Some(url) if own.is_some() => queue.with_dead_letters(url),
                _ => queue,
            })
        });
        Arc::clone(queue)
    }

    /// Writes the metrics of a batch; the distributions of EMF are those of one line.
    fn flush(&self) {
        let mut text = self.core.metrics.emf(jiff::Timestamp::now().as_millisecond()).join("\n");
        if !text.is_empty() {
            text.push('\n');
            // Without standard output there is nobody to tell.
            let _ = std::io::stdout().write_all(text.as_bytes());
        }
    }
}

impl batch::Queues for Host {
    fn core(&self) -> &Core {
        &self.core
    }

    fn of(&self, arn: &str) -> Arc<dyn Backend> {
        self.queue(arn)
    }
}
