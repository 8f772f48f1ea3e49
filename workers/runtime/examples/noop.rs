//! The process host with a handler that does nothing: what the runtime itself costs.

use queuestack_worker::{Context, Job, Outcome, Worker};

async fn nothing(_job: Job<serde_json::Value>, _context: Context) -> Outcome {
    Outcome::done()
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> std::process::ExitCode {
    Worker::new("noop").job::<serde_json::Value, _>("noop", nothing).concurrency(100).run().await
}
