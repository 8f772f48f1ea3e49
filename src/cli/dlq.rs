//! `queuestack dlq`: what the dead-letter queues of a stack hold, and what becomes of it.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::{Args as ClapArgs, Subcommand};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::apply::interrupted;
use super::dev::letters_of;
use super::session::{Session, StackArgs, load};
use super::target::{TargetArgs, home};
use crate::error::{EXIT_INTERRUPTED, EXIT_OK, Error};
use crate::event::Silent;
use crate::kind::queue::Queue;
use crate::kind::{Found, Kind as _};
use crate::letters::{Fate, Filter, Letter, Mailbox, Record, Walked, walk};
use crate::manifest::there_is_no;
use crate::model::{Fact, Resource, Stack};
use crate::report::plan::one_line;

/// Arguments of `dlq`.
///
/// A dead letter is looked at by receiving it: it is hidden from others meanwhile, is given back at the end, and counts
/// one receive more. Of a FIFO queue, SQS shows the first ten letters of a group until they are gone.
#[derive(Debug, ClapArgs)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Show dead letters; they stay where they are.
    List(List),
    /// Send dead letters back to the queue that they come from.
    ///
    /// Without --yes it only says what it would do. Each letter is written to a file before it is sent, is sent with its
    /// attributes and without those that a worker added when it gave up, and is deleted then. Stopped at any moment, the
    /// same command goes on from there, and sends nothing twice that the file says was sent. What fails again meanwhile is
    /// not sent a second time.
    Replay(Replay),
    /// Delete dead letters.
    ///
    /// Without --yes it only says what it would do. Each letter is written to a file before it is deleted.
    Drop(Drop),
}

#[derive(Debug, ClapArgs)]
struct Which {
    #[command(flatten)]
    stack: StackArgs,
    /// The queue, by its logical name, or its dead-letter queue.
    #[arg(long, value_name = "NAME")]
    queue: Option<String>,
    /// Those with these ids.
    #[arg(long, value_name = "ID", num_args = 1..)]
    id: Vec<String>,
    /// Those that a worker gave up for this reason, such as `unknown_type`.
    #[arg(long, value_name = "REASON")]
    reason: Option<String>,
    /// Those that are jobs of this type.
    #[arg(long = "type", value_name = "TYPE")]
    job: Option<String>,
    /// Those with this text in the body or the error.
    #[arg(long, value_name = "TEXT")]
    containing: Option<String>,
    /// Look at no more than this many letters of a queue.
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    most: usize,
    #[command(flatten)]
    target: TargetArgs,
}

#[derive(Debug, ClapArgs)]
struct List {
    #[command(flatten)]
    which: Which,
    /// Print what was sent, too.
    #[arg(long)]
    bodies: bool,
    /// Print JSON, with everything there is.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, ClapArgs)]
struct Moving {
    /// Do it.
    #[arg(long)]
    yes: bool,
    /// Keep the letters in this file; by default in `.queuestack/dead-letters/`, one file a queue.
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
}

#[derive(Debug, ClapArgs)]
struct Replay {
    #[command(flatten)]
    which: Which,
    /// Send no more than this many a second: whatever could not do them once must not be run over.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=1_000))]
    rate: u64,
    #[command(flatten)]
    moving: Moving,
}

#[derive(Debug, ClapArgs)]
struct Drop {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    moving: Moving,
}

/// Does what the verb says.
pub async fn run(args: Args) -> Result<u8, Error> {
    match args.verb {
        Verb::List(args) => list(args).await,
        Verb::Replay(args) => {
            let pause = Duration::from_secs(1) / u32::try_from(args.rate).unwrap_or(1);
            shift(args.which, args.moving, Some(pause)).await
        }
        Verb::Drop(args) => shift(args.which, args.moving, None).await,
    }
}

impl Which {
    fn filter(&self) -> Filter {
        Filter {
            ids: self.id.iter().cloned().collect(),
            reason: self.reason.clone(),
            job: self.job.clone(),
            containing: self.containing.clone(),
        }
    }
}

/// A dead-letter queue, and the queues of the stack whose letters it takes.
struct Pair<'a> {
    letters: &'a Resource,
    sources: Vec<&'a Resource>,
    /// The source that is asked for.
    only: Option<&'a Resource>,
}

/// Whose a letter is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Whose {
    /// Of one that is asked for.
    Asked,
    Others,
    /// Nobody says, and it may be another's.
    Unknown,
}

impl Pair<'_> {
    fn whose(&self, letter: &Letter, session: &Session) -> Whose {
        let Some(only) = self.only else { return Whose::Asked };
        let name = only.physical_name();
        let arn = found(session, name).map_or("", |found| found.arn.as_str());
        match letter.is_from(arn, name) {
            Some(true) => Whose::Asked,
            Some(false) => Whose::Others,
            None if self.sources.len() == 1 => Whose::Asked,
            None => Whose::Unknown,
        }
    }
}

/// The dead-letter queues of a stack, or the one that is asked for.
fn pairs<'a>(stack: &'a Stack, asked: Option<&str>) -> Result<Vec<Pair<'a>>, Error> {
    let mut pairs: Vec<Pair<'a>> = Vec::new();
    for source in stack.of_kind(Queue.name()) {
        let Some(letters) = letters_of(stack, source) else { continue };
        match pairs.iter_mut().find(|pair| pair.letters.address == letters.address) {
            Some(pair) => pair.sources.push(source),
            None => pairs.push(Pair { letters, sources: vec![source], only: None }),
        }
    }
    let Some(asked) = asked else { return Ok(pairs) };
    let is = |one: &Resource| one.address.name == asked;
    for pair in &mut pairs {
        // Who names one of several queues means that one's letters.
        if let Some(source) = pair.sources.iter().copied().find(|source| is(source)) {
            pair.only = Some(source);
        } else if !is(pair.letters) {
            pair.sources.clear();
        }
    }
    pairs.retain(|pair| !pair.sources.is_empty());
    if pairs.is_empty() {
        let names = stack.of_kind(Queue.name()).map(|one| one.address.name.as_str());
        let said = format!("the stack has no queue `{asked}` with dead letters");
        return Err(Error::Usage(there_is_no(&said, asked, names)));
    }
    Ok(pairs)
}

fn found<'a>(session: &'a Session, queue: &str) -> Option<&'a Found> {
    session.found.iter().find(|found| found.kind.name() == Queue.name() && found.name == queue)
}

/// A queue of the stack that is there, and is the stack's.
fn live<'a>(session: &'a Session, stack: &Stack, one: &Resource) -> Result<(&'a Found, Mailbox<'a>), Error> {
    let name = one.physical_name();
    let there = found(session, name).and_then(|found| Some((found, found.facts.get(&Fact::Url)?)));
    let Some((found, url)) = there else {
        return Err(Error::Usage(format!("`{name}` does not exist yet: `queuestack apply` makes it")));
    };
    if crate::plan::owner(&found.tags) != Some(&stack.name) {
        return Err(Error::Usage(format!("`{name}` is not of stack `{}`", stack.name)));
    }
    Ok((found, Mailbox { aws: &session.aws, url: url.clone() }))
}

/// Says, once asked, whether the user wants to stop.
fn stopping() -> impl Fn() -> bool {
    let stopped = Arc::new(AtomicBool::new(false));
    let set = Arc::clone(&stopped);
    tokio::spawn(async move {
        interrupted().await;
        set.store(true, Ordering::Relaxed);
    });
    move || stopped.load(Ordering::Relaxed)
}

/// Tells that not all was seen; the exit code says whether somebody stopped it.
fn ended(walked: Walked, most: usize) -> u8 {
    match walked {
        Walked::All => EXIT_OK,
        Walked::Most => {
            super::say(&format!("looked at {most}, there may be more: give --most"));
            EXIT_OK
        }
        Walked::Stopped => {
            super::say("stopped; the letters that were held are back");
            EXIT_INTERRUPTED
        }
    }
}

async fn list(args: List) -> Result<u8, Error> {
    let which = args.which;
    let stack = load(&which.stack)?;
    let session = Session::open(&which.target, &stack, Arc::new(Silent)).await?;
    super::say(&session.headline("dead letters of", &stack.name).await?);
    let (filter, stopped) = (which.filter(), stopping());
    let (mut queues, mut code) = (Vec::new(), EXIT_OK);
    for pair in pairs(&stack, which.queue.as_deref())? {
        let (found, mailbox) = live(&session, &stack, pair.letters)?;
        let mut letters = Vec::new();
        let visit = async |letter: &Letter| {
            let meant = filter.takes(letter) && pair.whose(letter, &session) != Whose::Others;
            letters.extend(meant.then(|| letter.clone()));
            Ok::<_, Error>(Fate::Stays)
        };
        code = code.max(ended(walk(&mailbox, which.most, &stopped, visit).await?, which.most));
        if args.json {
            queues.push(json!({ "queue": found.name, "letters": letters }));
            continue;
        }
        super::print(&format!("{}: {}\n", found.name, count(letters.len())))?;
        for letter in &letters {
            let body = if args.bodies { format!("    {}\n", one_line(&letter.body)) } else { String::new() };
            super::print(&format!("  {}\n{body}", line(letter)))?;
        }
    }
    if args.json {
        super::print_json(&Value::Array(queues))?;
    }
    Ok(code)
}

/// Sends letters back, `pause` apart, or drops them without one.
async fn shift(which: Which, moving: Moving, pause: Option<Duration>) -> Result<u8, Error> {
    let stack = load(&which.stack)?;
    let mut pairs = pairs(&stack, which.queue.as_deref())?;
    let Some(pair) = pairs.pop().filter(|_| pairs.is_empty()) else {
        let names: Vec<_> = stack.of_kind(Queue.name()).filter(|one| letters_of(&stack, one).is_some()).collect();
        let names = names.iter().map(|one| one.address.name.as_str()).collect::<Vec<_>>().join(", ");
        return Err(Error::Usage(format!("say whose dead letters, with --queue: {names}")));
    };
    let session = Session::open(&which.target, &stack, Arc::new(Silent)).await?;
    let verb = if pause.is_some() { "replay" } else { "drop" };
    super::say(&session.headline(&format!("{verb} dead letters of"), &stack.name).await?);
    let (from, mailbox) = live(&session, &stack, pair.letters)?;
    let sources = pair.only.as_ref().map_or(pair.sources.as_slice(), std::slice::from_ref);
    let sources = sources.iter().map(|one| live(&session, &stack, one)).collect::<Result<Vec<_>, Error>>()?;
    let path = moving.record.unwrap_or_else(|| home().home.join("dead-letters").join(format!("{}.jsonl", from.name)));
    let failed = |source| Error::File { path: path.display().to_string(), source };
    let mut record = if moving.yes { Some(Record::open(&path).map_err(failed)?) } else { None };
    let mut pace = tokio::time::interval(pause.unwrap_or(Duration::from_millis(1)));
    let (filter, stopped, mut seen, mut moved, mut newer) = (which.filter(), stopping(), 0, 0, 0);
    let began = Timestamp::now();
    let visit = async |letter: &Letter| -> Result<Fate, Error> {
        seen += 1;
        let whose = pair.whose(letter, &session);
        // One that is named is meant, as when its queue has had another name.
        let named = filter.ids.contains(&letter.id);
        if !filter.takes(letter) || whose == Whose::Others && !named {
            return Ok(Fate::Stays);
        }
        if whose == Whose::Unknown && !named {
            let why = "several queues have their letters here, and nobody says whose this is: name it with --id";
            super::say(&format!("{}: stays, for {why}", line(letter)));
            return Ok(Fate::Stays);
        }
        // What is sent back and fails again is here again, and would go round for ever.
        if letter.sent_at.is_some_and(|time| time > began) {
            newer += 1;
            return Ok(Fate::Stays);
        }
        let to = match pause.map(|_| back(letter, &sources, named)) {
            Some(None) => {
                let why = match sources.iter().find_map(|(found, _)| letter.is_from(&found.arn, &found.name)) {
                    Some(_) => "it is of a queue that the stack does not have: name it with --id, and a --queue for it",
                    None => "nobody says which queue it is of: give --queue",
                };
                super::say(&format!("{}: stays, for {why}", line(letter)));
                return Ok(Fate::Stays);
            }
            to => to.flatten(),
        };
        moved += 1;
        let whither = to.map_or_else(String::new, |(to, _)| format!(" -> {}", to.name));
        let Some(record) = &mut record else {
            super::print(&format!("would {verb} {}{whither}\n", line(letter)))?;
            return Ok(Fate::Stays);
        };
        if to.is_none() || !record.was_sent(letter) {
            pace.tick().await;
            record.keep(letter).map_err(failed)?;
        }
        if let Some((to, queue)) = to.filter(|_| !record.was_sent(letter)) {
            let message = queue.send(letter).await?;
            record.sent(letter, &to.name, &message).map_err(failed)?;
        }
        mailbox.delete(letter).await?;
        super::print(&format!("{verb} {}{whither}\n", line(letter)))?;
        Ok(Fate::Gone)
    };
    let walked = walk(&mailbox, which.most, &stopped, visit).await;
    let of = format!("{moved} of {} of {}", count(seen), from.name);
    let done = if pause.is_some() { "sent back" } else { "dropped" };
    if record.is_some() {
        super::say(&format!("{done}: {of}; they stand in {}", path.display()));
    } else {
        super::say(&format!("would be {done}: {of}; nothing was changed, --yes does it"));
    }
    if newer > 0 {
        super::say(&format!("left: {} that came meanwhile or came back", count(newer)));
    }
    Ok(ended(walked?, which.most))
}

/// The queue that a letter goes back to: the one that it was in; where nobody says, or the letter itself is `named`, the only
/// one that there is.
fn back<'a>(
    letter: &Letter,
    sources: &'a [(&'a Found, Mailbox<'a>)],
    named: bool,
) -> Option<&'a (&'a Found, Mailbox<'a>)> {
    let is_from = |(found, _): &&(&Found, _)| letter.is_from(&found.arn, &found.name);
    let own = sources.iter().find(|source| is_from(source) == Some(true));
    let only = sources.first().filter(|source| sources.len() == 1 && (named || is_from(source).is_none()));
    own.or(only)
}

fn count(letters: usize) -> String {
    if letters == 1 { "1 dead letter".to_owned() } else { format!("{letters} dead letters") }
}

/// A letter in a line, without what was sent.
fn line(letter: &Letter) -> String {
    let sent = letter.sent_at.map_or_else(|| "-".to_owned(), |time| time.to_string());
    let receives = if letter.receives == 1 { "1 receive".to_owned() } else { format!("{} receives", letter.receives) };
    let job = letter.job().unwrap_or_else(|| "no job".to_owned());
    let why = match (letter.reason(), letter.error()) {
        (Some(reason), Some(error)) => format!("{reason}: {error}"),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) => "received too often".to_owned(),
    };
    one_line(&format!("{}  {sent}  {receives}  {job}  {why}", letter.id))
}
