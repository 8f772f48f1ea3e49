//! `queuestack dev`: a stack on the local AWS in one command, and a look at it while it works.

use std::collections::{BTreeMap, BTreeSet};
use std::io::IsTerminal as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Args as ClapArgs;
use serde_json::json;

use super::apply::{RunArgs, interrupted};
use super::build::BuildArgs;
use super::format::FormatArgs;
use super::plan::{ConsentArgs, make, show};
use super::session::{Session, StackArgs, load, read_text};
use super::target::TargetArgs;
use crate::backend::aws::Aws;
use crate::dev::demo::{Demo, Expected, beside};
use crate::dev::{Files, View, Watch};
use crate::error::{EXIT_ERROR, EXIT_OK, Error};
use crate::kind::{Found, Kind as _, queue};
use crate::manifest::there_is_no;
use crate::model::{Fact, Resource, Stack};
use crate::report::watch::Screen;

/// How often the stack is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Arguments of `dev`.
///
/// On an emulator what counts is how soon a change runs: workers are built as `cargo build` builds them, unless
/// --cargo-profile says otherwise. In an account they are built as `apply` builds them.
#[derive(Debug, ClapArgs)]
pub struct Args {
    #[command(flatten)]
    stack: StackArgs,
    #[command(flatten)]
    consent: ConsentArgs,
    #[command(flatten)]
    build: BuildArgs,
    /// Send the sample jobs of demo/STACK.yaml beside the stack, among them one that must fail.
    #[arg(long)]
    demo: bool,
    /// End with a summary when the sample jobs are done; exit with 1 if one did not end as expected.
    #[arg(long, requires = "demo")]
    once: bool,
    /// With --once: give up after this many seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 180)]
    timeout: u64,
    /// With --once: print the summary as JSON.
    #[arg(long, requires = "once")]
    json: bool,
    #[command(flatten)]
    target: TargetArgs,
}

/// Applies the stack, sends the sample jobs, and watches.
pub async fn run(mut args: Args) -> Result<u8, Error> {
    if args.target.is_aws()? {
        let message = "`dev` works on a local AWS: give --target local or --endpoint, or use `apply` for an account";
        return Err(Error::Usage(message.to_owned()));
    }
    let files = if args.demo { Some(serve(&args.stack.file).await?) } else { None };
    let demo = files.as_ref().map(|files| read_demo(&mut args.stack, files)).transpose()?;
    let mut stack = load(&args.stack)?;
    let session = up(&args, &mut stack).await?;
    let since = jiff::Timestamp::now();
    let found = session.aws.sweep(&stack).await?;
    let urls = urls(&found);
    let mut watch = Watch::new(session.aws.clone(), found, since.as_millisecond());
    let before = watch.look().await?;
    let expected = match (&demo, &files) {
        (Some(demo), Some(files)) => Some(send(demo, &stack, &session.aws, &urls, &before, files).await?),
        _ => None,
    };
    let mut screen = Screen::new(std::io::stderr().is_terminal());
    let dead = dead_letter_queues(&stack);
    let patience = Duration::from_secs(args.timeout);
    let ended = look_on(&mut watch, &mut screen, &dead, expected.as_ref().filter(|_| args.once), patience).await;
    screen.end();
    match (ended?, expected.filter(|_| args.once)) {
        (Some((view, took)), Some(expected)) => tell(&stack, &expected, &view, took, args.json),
        _ => Ok(EXIT_OK),
    }
}

/// Builds and applies.
async fn up(args: &Args, stack: &mut Stack) -> Result<Session, Error> {
    let consent = args.consent.check(stack)?;
    let mut build = args.build.clone();
    if build.cargo_profile.is_none() && !args.target.is_aws()? {
        build.cargo_profile = Some("dev".to_owned());
    }
    let code = build.build(stack, &args.stack.file, &consent.only, false).await?;
    let format = FormatArgs { json: args.json, ..FormatArgs::default() };
    let run = RunArgs { yes: true, parallel: 128, format };
    let reporter = run.reporter();
    let mut session = Session::open(&args.target, stack, Arc::clone(&reporter)).await?;
    session.aws.carry(code);
    let mut plan = make(&mut session, stack, &consent).await?;
    // The one thing that --json prints is the summary.
    if plan.conflicts.is_empty() && (args.json || plan.steps.is_empty()) {
        super::say(&session.headline("dev", &stack.name).await?);
    } else {
        plan = show(&session, "dev", stack, plan, &run.format).await?;
    }
    run.carry_out(plan, &session, &*reporter).await?;
    Ok(session)
}

/// Reads the sample jobs, and gives the stack's variables the values that they ask for.
fn read_demo(stack: &mut StackArgs, files: &Files) -> Result<Demo, Error> {
    let (path, _) = beside(&stack.file);
    if !path.exists() {
        let message =
            format!("{} does not exist: it lists the sample jobs of {}", path.display(), stack.file.display());
        return Err(Error::Usage(message));
    }
    let demo: Demo = serde_saphyr::from_str(&read_text(&path)?)
        .map_err(|error| Error::Usage(format!("{}: {}", path.display(), error.without_snippet())))?;
    let given: BTreeSet<String> = stack.variables.var.iter().map(|(name, _)| name.clone()).collect();
    let asked = demo.variables.iter().filter(|(name, _)| !given.contains(*name));
    stack.variables.var.extend(asked.map(|(name, value)| (name.clone(), value.replace("${files}", &files.url))));
    Ok(demo)
}

async fn serve(stack: &Path) -> Result<Files, Error> {
    let (_, folder) = beside(stack);
    let failed = |source| Error::File { path: "a port of 127.0.0.1".to_owned(), source };
    Files::serve(folder).await.map_err(failed)
}

/// The URLs of what has one, by physical name.
pub fn urls(found: &[Found]) -> BTreeMap<String, String> {
    let known = found.iter().filter_map(|found| Some((found.name.clone(), found.facts.get(&Fact::Url)?.clone())));
    known.collect()
}

/// What the queues hold when all sample jobs ended as expected.
struct Goal {
    /// By physical name; a queue that is not in it is empty.
    dead: BTreeMap<String, u64>,
    jobs: usize,
    handled: usize,
}

/// Sends the sample jobs, in order.
async fn send(
    demo: &Demo,
    stack: &Stack,
    aws: &Aws,
    urls: &BTreeMap<String, String>,
    before: &View,
    files: &Files,
) -> Result<Goal, Error> {
    let now = jiff::Timestamp::now();
    let dead = dead_letter_queues(stack);
    let held = before.queues.iter().filter(|(name, _)| dead.contains(*name));
    let mut goal =
        Goal { dead: held.map(|(name, depth)| (name.clone(), depth.total())).collect(), jobs: 0, handled: 0 };
    for (index, job) in demo.jobs.iter().enumerate() {
        let (queue, letters) = queue_of(stack, &job.queue)?;
        let body = job.body(&files.url, &now.to_string(), &format!("{}-{index}", now.as_millisecond()));
        let url = urls.get(&queue).map_or("", String::as_str);
        aws.call("sqs", "SendMessage", aws.sqs.send_message().queue_url(url).message_body(body).send()).await?;
        goal.jobs += 1;
        match (job.expect, letters) {
            (Expected::Handled, _) => goal.handled += 1,
            (Expected::DeadLetter, Some(letters)) => *goal.dead.entry(letters).or_default() += 1,
            (Expected::DeadLetter, None) => {
                return Err(Error::Usage(format!("`{}` has no dead-letter queue for the job to end in", job.queue)));
            }
        }
    }
    super::say(&format!("sent {} sample jobs", goal.jobs));
    Ok(goal)
}

/// The physical names of a queue and of its dead-letter queue.
///
/// # Errors
/// When the stack has no such queue.
pub fn queue_of(stack: &Stack, logical: &str) -> Result<(String, Option<String>), Error> {
    let queues = || stack.of_kind(queue::Queue.name());
    let Some(queue) = queues().find(|one| one.address.name == logical) else {
        let names = queues().map(|one| one.address.name.as_str());
        return Err(Error::Usage(there_is_no(&format!("the stack has no queue `{logical}`"), logical, names)));
    };
    let letters = letters_of(stack, queue).map(|one| one.physical_name().to_owned());
    Ok((queue.physical_name().to_owned(), letters))
}

/// The queue of the stack that takes the dead letters of this one.
pub fn letters_of<'a>(stack: &'a Stack, one: &Resource) -> Option<&'a Resource> {
    let letters = (one.address.kind == queue::Queue.name()).then(|| queue::dead_letter_queue(one))??;
    stack.resources.get(letters.ok()?)
}

fn dead_letter_queues(stack: &Stack) -> BTreeSet<String> {
    let letters = stack.resources.values().filter_map(|one| letters_of(stack, one));
    letters.map(|one| one.physical_name().to_owned()).collect()
}

/// Looks until Ctrl-C, or until the goal is reached or time is over; returns the last view with the time it took.
async fn look_on(
    watch: &mut Watch,
    screen: &mut Screen,
    dead: &BTreeSet<String>,
    goal: Option<&Goal>,
    patience: Duration,
) -> Result<Option<(View, Duration)>, Error> {
    let begun = Instant::now();
    let stop = interrupted();
    tokio::pin!(stop);
    let mut steady = 0;
    loop {
        let view = watch.look().await?;
        screen.show(&view, dead);
        // Twice: a message may be between two counts.
        steady = if goal.is_some_and(|goal| goal.reached(&view)) { steady + 1 } else { 0 };
        if goal.is_some() && (steady >= 2 || begun.elapsed() > patience) {
            return Ok(Some((view, begun.elapsed())));
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY) => {}
            () = &mut stop => return Ok(None),
        }
    }
}

impl Goal {
    fn reached(&self, view: &View) -> bool {
        view.queues.iter().all(|(name, depth)| depth.total() == self.dead.get(name).copied().unwrap_or(0))
    }
}

/// Sums up what became of the sample jobs.
fn tell(stack: &Stack, goal: &Goal, view: &View, took: Duration, json: bool) -> Result<u8, Error> {
    let reached = goal.reached(view);
    let off = view.queues.iter().filter_map(|(name, depth)| {
        let wanted = goal.dead.get(name).copied().unwrap_or(0);
        (depth.total() != wanted).then(|| format!("{name} holds {} instead of {wanted}", depth.total()))
    });
    let off: Vec<String> = off.collect();
    let failed = goal.jobs - goal.handled;
    if json {
        super::print_json(&json!({
            "stack": stack.name, "jobs": goal.jobs, "handled": goal.handled, "dead_letters": failed,
            "as_expected": reached, "differs": off, "milliseconds": took.as_millis(), "counters": view.counters,
        }))?;
    } else if reached {
        let seconds = took.as_secs_f64();
        super::print(&format!(
            "{} jobs: {} handled, {failed} dead-lettered as expected, in {seconds:.1} s\n",
            goal.jobs, goal.handled
        ))?;
    } else {
        super::print(&format!("not as expected after {} s: {}\n", took.as_secs(), off.join(", ")))?;
    }
    Ok(if reached { EXIT_OK } else { EXIT_ERROR })
}
