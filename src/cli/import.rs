//! `queuestack import`: a stack file for what exists.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args as ClapArgs;

use super::session::Session;
use super::target::TargetArgs;
use crate::backend::discover::Names;
use crate::backend::terraform::state::{self, Held};
use crate::diagnostic::{Diagnostics, Source};
use crate::error::{EXIT_ERROR, EXIT_OK, Error};
use crate::event::Silent;
use crate::import::{Imported, import};
use crate::kind::{Found, Kind as _, fifo, queue};
use crate::manifest::{self, Inputs};
use crate::model::Stack;
use crate::{expand, report, rule};

/// Arguments of `import`.
///
/// Nothing in the account is changed. What belongs to a queue comes with it: its dead-letter queue, the subscriptions and
/// rules that feed it, the mappings that poll it with their functions, roles and log groups, and the alarms on all of
/// these. `plan --adopt-unowned` of the file then shows ownership tags and nothing else, and `apply --adopt-unowned` sets
/// them.
#[derive(Debug, ClapArgs)]
#[group(id = "what", required = true, multiple = true, args = ["queue", "tag", "terraform_state"])]
pub struct Args {
    /// Import this queue, by its physical name.
    #[arg(long, value_name = "NAME", num_args = 1..)]
    queue: Vec<String>,
    /// Import what has this tag.
    #[arg(long, value_name = "KEY=VALUE", value_parser = tag)]
    tag: Option<(String, String)>,
    /// Import what this state of Terraform's holds, and nothing besides.
    ///
    /// The file is what `terraform state pull` or `terraform show -json` prints. Of it only names are taken: what the
    /// resources are like is read in the account. What the state holds and no stack can say is told.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["queue", "tag"])]
    terraform_state: Option<PathBuf>,
    /// Name the stack so; by default like the first queue, the tag's value, or as the state's resources are tagged.
    #[arg(long, value_name = "NAME")]
    stack: Option<String>,
    /// Write the stack to this file, which must not exist, instead of to standard output.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    target: TargetArgs,
}

fn tag(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=').filter(|(key, _)| !key.is_empty());
    pair.map(|(key, value)| (key.to_owned(), value.to_owned())).ok_or_else(|| "write KEY=VALUE".to_owned())
}

impl Args {
    /// The name that was given, or one that follows from what is imported.
    fn name(&self, held: Option<&Held>) -> String {
        if let Some(name) = &self.stack {
            return name.clone();
        }
        let tagged = held.filter(|held| held.stacks.len() == 1).and_then(|held| held.stacks.first());
        let source = self.queue.first().or(self.tag.as_ref().map(|(_, value)| value)).or(tagged);
        let name = source.map_or("imported", |name| name.trim_end_matches(fifo::SUFFIX));
        name.replace(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_', "-")
    }

    /// What the given state holds, if one is given.
    fn held(&self) -> Result<Option<Held>, Error> {
        let Some(path) = &self.terraform_state else { return Ok(None) };
        let shown = path.display().to_string();
        let text = std::fs::read(path).map_err(|source| Error::File { path: shown.clone(), source })?;
        let held = serde_json::from_slice(&text).ok().and_then(|json| state::read(&json));
        held.map(Some).ok_or_else(|| {
            let message = "no state of Terraform's: give what `terraform state pull` or `terraform show -json` prints";
            Error::Usage(format!("{shown}: {message}"))
        })
    }

    /// Where the search begins.
    async fn seeds(&self, session: &Session) -> Result<Names, Error> {
        let mut seeds = match &self.tag {
            Some((key, value)) => session.aws.names_with_tag(key, value).await?,
            None => Names::new(),
        };
        seeds.entry(queue::Queue.name()).or_default().extend(self.queue.iter().cloned());
        Ok(seeds)
    }

    /// Checks that all that was asked for is there and can be had.
    fn check(&self, name: &str, found: &[Found], session: &Session) -> Result<(), Error> {
        let queues: BTreeMap<&str, &Found> =
            found.iter().filter(|one| one.kind.name() == queue::Queue.name()).map(|one| (&*one.name, one)).collect();
        for asked in &self.queue {
            let Some(one) = queues.get(asked.as_str()) else {
                return Err(Error::Usage(format!("there is no queue `{asked}` on {}", session.words)));
            };
            if let Some(owner) = crate::plan::owner(&one.tags).filter(|owner| *owner != name) {
                let message = format!("the queue `{asked}` belongs to stack `{owner}` already: change it there");
                return Err(Error::Usage(message));
            }
        }
        match &self.tag {
            Some((key, value)) if found.is_empty() => {
                Err(Error::Usage(format!("nothing on {} has the tag {key}={value}", session.words)))
            }
            None if self.terraform_state.is_some() && found.is_empty() => {
                Err(Error::Usage(format!("nothing of what the state holds is on {}", session.words)))
            }
            _ => Ok(()),
        }
    }
}

/// What a state holds that is not there, or that there is no kind for, one sentence each.
fn not_taken(held: &Held, found: &[Found], words: &str) -> BTreeSet<String> {
    let unknown = held.unknown.iter().map(|address| format!("{address}: queuestack has no kind for it"));
    let there: BTreeSet<(&str, &str)> = found.iter().map(|one| (one.kind.name(), &*one.name)).collect();
    let named = held.names.iter().flat_map(|(kind, names)| names.iter().map(|name| (*kind, name.as_str())));
    let gone = named.filter(|one| !there.contains(one));
    let gone = gone.map(|(kind, name)| format!("{kind} `{name}` is in the state, and not on {words}"));
    unknown.chain(gone).collect()
}

/// What to do for Terraform, where it knows nothing of our tags.
const TWO_MASTERS: &str = "where Terraform goes on managing this too, give its provider \
                           `ignore_tags { key_prefixes = [\"queuestack:\"] }`; else remove it there by `terraform state rm`";

/// Reads, writes the stack, and tells what could not be written.
pub async fn run(args: Args) -> Result<u8, Error> {
    let held = args.held()?;
    let name = args.name(held.as_ref());
    let mut sessions = Session::open_all(&args.target, &[None], Arc::new(Silent)).await?;
    let session = sessions.pop().unwrap_or_else(|| Err(Error::Usage("no connection".to_owned())))?;
    let found = match &held {
        Some(held) => session.aws.read_named(&name, &held.names).await?,
        None => session.aws.discover(&name, args.seeds(&session).await?).await?,
    };
    args.check(&name, &found, &session)?;
    let place = session.aws.place().await?;
    let not_taken = held.as_ref().map(|held| not_taken(held, &found, &session.words));
    let mut imported = import(&name, found, place, &session.gaps);
    imported.left_out.extend(not_taken.unwrap_or_default());
    let text = report::yaml::as_written(&imported.stack, &comments(&imported, &args, &place.to_string()));
    match &args.out {
        Some(path) => create(path, &text)?,
        None => super::print(&text)?,
    }
    let is_sound = tell(&args, &imported, text);
    if held.is_some_and(|held| held.stacks.is_empty()) {
        super::say(TWO_MASTERS);
    }
    Ok(if is_sound { EXIT_OK } else { EXIT_ERROR })
}

fn comments(imported: &Imported, args: &Args, place: &str) -> Vec<String> {
    let file = args.out.as_ref().map_or_else(|| "FILE".to_owned(), |path| path.display().to_string());
    let mut lines = vec![
        format!("Imported from {place}. The account was not changed."),
        format!(
            "`queuestack plan {file} --adopt-unowned` shows the ownership tags that are missing, and nothing else."
        ),
    ];
    lines.extend(imported.left_out.iter().map(|reason| format!("Left out: {reason}.")));
    lines.extend(imported.endangered.iter().map(|one| format!("NOTE: {}.", in_danger(one))));
    lines
}

/// What a plan of the file would do to what is not in it.
fn in_danger(one: &str) -> String {
    format!("{one} is not in this file and has the tag of its stack, so that a plan would delete it")
}

/// Writes a file that is not there yet.
fn create(path: &Path, text: &str) -> Result<(), Error> {
    let created = std::fs::File::create_new(path).and_then(|mut file| file.write_all(text.as_bytes()));
    created.map_err(|source| Error::File { path: path.display().to_string(), source })
}

/// Says on standard error what was imported, what was not, and what the stack file has against it; answers whether the file
/// can be used as it is.
fn tell(args: &Args, imported: &Imported, text: String) -> bool {
    let count = imported.stack.resources.len();
    let what = if count == 1 { "1 resource".to_owned() } else { format!("{count} resources") };
    super::say(&format!("imported {what}"));
    for reason in &imported.left_out {
        super::say(&format!("left out: {reason}"));
    }
    for one in &imported.endangered {
        super::say(&format!("warning: {}", in_danger(one)));
    }
    let secrets: BTreeSet<String> = report::yaml::secrets(&imported.stack).into_iter().collect();
    for secret in &secrets {
        super::say(&format!(
            "not written, since it looks like a secret: give {secret} in a --var-file, or declare `env:` for it"
        ));
    }
    let path = args.out.as_ref().map_or_else(|| "standard output".to_owned(), |path| path.display().to_string());
    let (stack, findings) = read_back(Source { path, text, ..Source::default() }, &secrets);
    let _ = write!(anstream::stderr(), "{}", report::diagnostics::text(&findings, &stack.source));
    !findings.has_errors()
}

fn read_back(source: Source, secrets: &BTreeSet<String>) -> (Stack, Diagnostics) {
    let variables = secrets.iter().map(|name| (name.clone(), "not shown".to_owned())).collect();
    let (mut stack, mut out) = manifest::read(source, &Inputs { variables, environment: &|_| None });
    expand::expand(&mut stack, &mut out);
    rule::check(&stack, &mut out);
    out.sort();
    (stack, out)
}
