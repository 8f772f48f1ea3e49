//! The ingest function in Lambda, behind a route of an HTTP API. It sends to the one queue that it was granted:
//! `QUEUE_URL_<NAME>`.

use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use ingest::http::{Answer, Request};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use queuestack_worker::JobQueue;

/// What is left for the answer itself.
const ANSWERING: Duration = Duration::from_millis(300);

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    lambda_runtime::tracing::init_default_subscriber();
    let opened = match ingest::queue_url(std::env::vars()) {
        Ok(url) => JobQueue::open(&url).await.map_err(|error| error.to_string()),
        Err(problem) => Err(problem),
    };
    let queue = match opened {
        Ok(queue) => queue,
        Err(problem) => {
            eprintln!("ingest: {problem}");
            return ExitCode::FAILURE;
        }
    };
    let service = service_fn(|event: LambdaEvent<Request>| {
        let queue = queue.clone();
        async move { handle(event, &queue).await }
    });
    match lambda_runtime::run(service).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("ingest: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn handle(event: LambdaEvent<Request>, queue: &JobQueue) -> Result<Answer, Error> {
    let left = event.context.deadline().duration_since(SystemTime::now()).unwrap_or_default();
    let answer = ingest::answer(&event.payload, queue, left.saturating_sub(ANSWERING)).await;
    let context = &event.payload.request_context;
    tracing::info!(request = context.request_id, path = context.http.path, status = answer.status_code, "answered");
    Ok(answer)
}
