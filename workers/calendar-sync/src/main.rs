//! The worker of calendar synchronisation, in Lambda or as a process on `QUEUE_URL`.
//!
//! Besides the variables of [`calendar_sync::Settings`] and of every worker, it reads `IDEMPOTENCY_STORE`: where it is
//! remembered what is being done (`dynamodb:table`, `postgres://…`, `sqlite:path`); in the process alone by default.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use calendar_sync::sync::SyncCalendar;
use calendar_sync::write::WriteEvent;
use calendar_sync::{Settings, sync, write};
use queuestack_worker::{Context, Job, Worker, idempotency};

/// Both jobs may be done twice without harm; what is remembered keeps two deliveries from being handled side by side,
/// and must not keep anybody from asking for the same sync again.
const KEEP: Duration = Duration::from_secs(60);

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
    let (syncing, writing) = (Arc::clone(&deps), deps);
    Worker::new("calendar-sync")
        .job(sync::TYPE, move |job: Job<SyncCalendar>, _: Context| {
            let deps = Arc::clone(&syncing);
            async move { sync::handle(job.payload, &deps).await }
        })
        .job(write::TYPE, move |job: Job<WriteEvent>, _: Context| {
            let deps = Arc::clone(&writing);
            async move { write::handle(job.payload, &deps).await }
        })
        .probe()
        .idempotency(store)
        .settings(|settings| settings.keep = KEEP)
        .run()
        .await
}

fn refuse(problem: &str) -> ExitCode {
    eprintln!("calendar-sync: {problem}");
    ExitCode::FAILURE
}
