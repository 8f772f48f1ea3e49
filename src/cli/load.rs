//! `queuestack load`: many jobs at once, and what came of them.

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args as ClapArgs;
use indicatif::{ProgressBar, ProgressStyle};

use super::apply::interrupted;
use super::dev::{queue_of, urls};
use super::session::StackArgs;
use super::session::{Session, VariableArgs, load};
use super::target::TargetArgs;
use crate::backend::aws::Aws;
use crate::dev::load::{Options, Outcome, run as measure, svg};
use crate::error::{AwsError, EXIT_ERROR, EXIT_OK, Error};
use crate::event::Silent;
use crate::kind::{Found, Sample};

/// Arguments of `load`.
#[derive(Debug, ClapArgs)]
pub struct Args {
    /// The stack file; the stack must be applied.
    #[arg(long, value_name = "STACK")]
    stack: PathBuf,
    #[command(flatten)]
    variables: VariableArgs,
    /// The logical name of the queue that is loaded.
    #[arg(long, value_name = "NAME")]
    queue: String,
    /// How many jobs.
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    messages: u64,
    /// Send this many in a hundred jobs twice, with one idempotency key.
    #[arg(long, value_name = "PERCENT", default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..=100))]
    duplicates: u64,
    /// Let this many in a hundred jobs fail at their first receive.
    #[arg(long, value_name = "PERCENT", default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..=100))]
    failing: u64,
    /// Send this many messages that no handler knows: they must end in the dead-letter queue.
    #[arg(long, value_name = "N", default_value_t = 0)]
    poison: u64,
    /// Give up this many seconds after the last job was sent.
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    timeout: u64,
    /// Draw a chart into this file: .svg, or .html.
    #[arg(long, value_name = "FILE")]
    chart: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    target: TargetArgs,
}

/// Sends, waits and tells.
pub async fn run(args: Args) -> Result<u8, Error> {
    let stack = load(&StackArgs { file: args.stack.clone(), variables: args.variables })?;
    let (queue, letters) = queue_of(&stack, &args.queue)?;
    let mut session = Session::open(&args.target, &stack, Arc::new(Silent)).await?;
    let found = std::mem::take(&mut session.found);
    let urls = urls(&found);
    let Some(url) = urls.get(&queue) else {
        let message = format!("`{queue}` does not exist yet: apply {} first", args.stack.display());
        return Err(Error::Usage(message));
    };
    super::say(&session.headline("load", &stack.name).await?);
    let letters = found
        .iter()
        .find(|found| Some(&found.name) == letters.as_ref() && found.facts.contains_key(&crate::model::Fact::Url));
    if letters.is_none() && args.poison > 0 {
        return Err(Error::Usage(format!("`{}` has no dead-letter queue for --poison to end in", args.queue)));
    }
    let before = held(&session.aws, letters).await?;
    let options = Options {
        jobs: args.messages,
        duplicates: args.duplicates,
        failing: args.failing,
        poison: args.poison,
        patience: Duration::from_secs(args.timeout),
    };
    let bar = bar(args.messages);
    let dead_letters = async || Ok(held(&session.aws, letters).await?.saturating_sub(before));
    let on = |handled, messages| {
        bar.set_position(handled);
        bar.set_message(format!("{messages} sent"));
    };
    let outcome = measure(&session.aws, url, &options, dead_letters, interrupted(), on).await;
    bar.finish_and_clear();
    let outcome = outcome?;
    if let Some(path) = &args.chart {
        draw(path, &args.queue, &outcome)?;
    }
    tell(&outcome, args.json)?;
    let good = outcome.handled == options.jobs && outcome.repeated == 0 && outcome.dead_letters == options.poison;
    Ok(if good { EXIT_OK } else { EXIT_ERROR })
}

async fn held(aws: &Aws, queue: Option<&Found>) -> Result<u64, AwsError> {
    let Some((queue, live)) = queue.and_then(|queue| Some((queue, queue.kind.live()?))) else { return Ok(0) };
    match live.sample(aws, queue, 0).await? {
        Some(Sample::Depth(depth)) => Ok(depth.total()),
        _ => Ok(0),
    }
}

fn bar(jobs: u64) -> ProgressBar {
    let bar = if std::io::stderr().is_terminal() { ProgressBar::new(jobs) } else { ProgressBar::hidden() };
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} handled, {per_sec}, {msg}") {
        bar.set_style(style);
    }
    bar
}

fn draw(path: &std::path::Path, queue: &str, outcome: &Outcome) -> Result<(), Error> {
    let svg = svg(queue, outcome);
    let text = match path.extension().and_then(|end| end.to_str()) {
        Some("svg") => svg,
        Some("html") => format!("<!doctype html>\n<meta charset=\"utf-8\">\n<title>queuestack load</title>\n{svg}"),
        _ => return Err(Error::Usage(format!("{}: a chart is a .svg or a .html file", path.display()))),
    };
    std::fs::write(path, text).map_err(|source| Error::File { path: path.display().to_string(), source })
}

fn tell(outcome: &Outcome, json: bool) -> Result<(), Error> {
    if json {
        return super::print_json(&serde_json::to_value(outcome).unwrap_or_default());
    }
    let Outcome { messages, jobs, handled, repeated, retried, duplicates_dropped, dead_letters, latency, .. } = outcome;
    super::print(&format!(
        "sent          {messages} messages, {jobs} jobs
handled       {handled}, {:.0} a second, in {:.1} s
twice         {repeated}
retried       {retried}
duplicates    {duplicates_dropped} dropped
dead letters  {dead_letters}
latency       p50 {} ms, p90 {} ms, p99 {} ms, max {} ms
",
        outcome.per_second,
        std::time::Duration::from_millis(outcome.milliseconds).as_secs_f64(),
        latency.p50,
        latency.p90,
        latency.p99,
        latency.max
    ))
}
