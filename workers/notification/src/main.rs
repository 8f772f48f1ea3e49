//! The worker of notifications, in Lambda or as a process on `QUEUE_URL`.
//!
//! Besides the variables of [`notification::Settings`] and of every worker, it reads `IDEMPOTENCY_STORE`: where it is
//! remembered what was sent (`dynamodb:table`, `postgres://…`, `sqlite:path`). Without it each process remembers what it
//! sent itself, and a message that is delivered to two of them is sent twice.

use std::process::ExitCode;
use std::sync::Arc;

use notification::Settings;
use notification::email::{self, SendEmail};
use notification::push::{self, Push};
use queuestack_worker::idempotency::{self, Key};
use queuestack_worker::{Context, Job, Worker};

const NAME: &str = "notification";

#[tokio::main]
async fn main() -> ExitCode {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let store = idempotency::open(&variable("IDEMPOTENCY_STORE").unwrap_or_else(|| "memory:".to_owned()));
    let store = match store {
        Ok(store) => store,
        Err(error) => return refuse(&format!("IDEMPOTENCY_STORE: {error}")),
    };
    let deps = match Settings::read(variable).deps() {
        Ok(deps) => Arc::new(deps),
        Err(error) => return refuse(&error.to_string()),
    };
    let (mailing, pushing) = (Arc::clone(&deps), deps);
    Worker::new(NAME)
        .job(email::TYPE, move |job: Job<SendEmail>, context: Context| {
            let deps = Arc::clone(&mailing);
            async move {
                let (key, until) = (Key::of(NAME, &job.envelope), context.deadline().into());
                // In time to say what is known before the handler is ended.
                let stops = async {
                    context.stopping().await;
                    tokio::time::sleep(context.drain_timeout() * 3 / 4).await;
                };
                email::handle(job.payload, &key, &deps, until, stops).await
            }
        })
        .job(push::TYPE, move |job: Job<Push>, _: Context| {
            let deps = Arc::clone(&pushing);
            async move { push::handle(job.payload, &Key::of(NAME, &job.envelope), &deps).await }
        })
        .probe()
        .idempotency(store)
        .run()
        .await
}

fn refuse(problem: &str) -> ExitCode {
    eprintln!("{NAME}: {problem}");
    ExitCode::FAILURE
}
