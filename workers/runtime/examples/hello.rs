//! A worker in ten lines. `QUEUE_URL=sqlite:jobs.db` runs it without any AWS.

use queuestack_worker::{Context, Job, Outcome, Worker};

#[derive(serde::Deserialize)]
struct Greet {
    name: String,
}

async fn greet(job: Job<Greet>, _context: Context) -> Outcome {
    println!("Hello, {}!", job.payload.name);
    Outcome::done()
}

#[tokio::main]
async fn main() -> std::process::ExitCode {
    Worker::new("greeter").job::<Greet, _>("greet", greet).run().await
}
