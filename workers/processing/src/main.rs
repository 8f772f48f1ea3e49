//! The worker of events, in Lambda or as a process on `QUEUE_URL`.
//!
//! Besides the variables of [`processing::Settings`] and of every worker, it reads `IDEMPOTENCY_STORE`: where it is
//! remembered what is being done, `dynamodb:table`. It needs none for its events, which the table itself keeps single.

use std::process::ExitCode;
use std::sync::Arc;

use processing::{Event, Settings, Table, handle};
use queuestack_worker::{Context, Job, Worker, idempotency};

const NAME: &str = "processing";

#[tokio::main]
async fn main() -> ExitCode {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let settings = match Settings::read(variable) {
        Ok(settings) => settings,
        Err(error) => return refuse(&error.to_string()),
    };
    let table = Arc::new(Table::of_environment(settings));
    let worker = Worker::new(NAME).validated_job(processing::TYPE, Event::check, move |job: Job<Event>, _: Context| {
        let table = Arc::clone(&table);
        async move { handle(&job.payload, &table).await }
    });
    let worker = match variable("IDEMPOTENCY_STORE").map(|url| idempotency::open(&url)) {
        None => worker,
        Some(Ok(store)) => worker.idempotency(store),
        Some(Err(error)) => return refuse(&format!("IDEMPOTENCY_STORE: {error}")),
    };
    worker.probe().run().await
}

fn refuse(problem: &str) -> ExitCode {
    eprintln!("{NAME}: {problem}");
    ExitCode::FAILURE
}
