//! The job `calendar.sync`: brings a calendar into the store.

use std::collections::{BTreeMap, BTreeSet};

use queuestack_outbound::Url;
use queuestack_worker::Outcome;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::changes::{Found, Known, LONGEST, Scope, compare};
use crate::dav::{self, Content};
use crate::fetch::{Fetched, fetch};
use crate::notify::{Notify, is_line};
use crate::store::{Calendar, State, Store, Update};
use crate::{Deps, dead, digest, ical};

/// The type of the job.
pub const TYPE: &str = "calendar.sync";

/// The longest name of a calendar, in characters. The subject of a mail has 500, and says more.
const NAME: usize = 400;

/// The payload: `{"url": "https://example.org/team.ics"}`.
///
/// Who sends the same payload again wants a new sync, but a queue may deliver a message twice: let each be one job, with
/// an `idempotencyKey` that has the time in it (`team 2026-11-21T10:00`).
#[derive(Clone, Debug, Default, Deserialize)]
pub struct SyncCalendar {
    /// Where it is: an iCalendar file, or a collection on a CalDAV server.
    #[serde(default)]
    pub url: Option<String>,
    /// The calendar itself, for senders that have it at hand.
    #[serde(default)]
    pub ics: Option<String>,
    /// What it is called in the store; the digest of the URL unless said, since the URL of a private calendar is its key.
    #[serde(default)]
    pub calendar: Option<String>,
    /// How it is asked.
    #[serde(default)]
    pub protocol: Protocol,
    /// Who is told what changed. The first sync of a calendar tells nobody: all of it is new.
    #[serde(default)]
    pub notify: Notify,
}

/// How a calendar is asked.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// One iCalendar file.
    #[default]
    Ics,
    /// A collection on a CalDAV server.
    Caldav,
}

impl SyncCalendar {
    /// Tells what is wrong with it.
    ///
    /// # Errors
    /// A sentence for the dead letter.
    pub fn validate(&self) -> Result<(), String> {
        let name = self.calendar.as_deref().unwrap_or_default();
        if !is_line(name) || name.chars().count() > NAME {
            return Err(format!("`calendar` is more than one line, or has control characters or more than {NAME}"));
        }
        self.notify.validate()?;
        match (&self.url, &self.ics, &self.calendar) {
            (Some(_), Some(_), _) => Err("`url` and `ics` exclude each other".to_owned()),
            (None, None, _) => Err("neither `url` nor `ics` is there".to_owned()),
            (None, Some(_), None) => Err("`ics` needs `calendar`, the name in the store".to_owned()),
            // The URL stays out of the text: that of a private calendar is its key.
            (Some(url), None, _) if Url::parse(&https(url)).is_err() => Err("`url` is not a URL".to_owned()),
            _ => Ok(()),
        }
    }
}

/// `webcal:` is https by another name.
fn https(url: &str) -> String {
    let rest = url.strip_prefix("webcal://").or_else(|| url.strip_prefix("webcals://"));
    rest.map_or_else(|| url.to_owned(), |rest| format!("https://{rest}"))
}

/// What a sync did; the result of the job.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Events that are new.
    pub created: usize,
    /// Events that say something else than before.
    pub updated: usize,
    /// Events that are gone.
    pub deleted: usize,
    /// Whether the server said that nothing changed.
    pub not_modified: bool,
}

/// What was found, and what to remember for the next time.
struct News {
    found: Vec<Found>,
    /// The resources that were looked at; nothing means all of them.
    scope: Option<BTreeSet<String>>,
    after: State,
    /// What the server could not tell now: the rest is kept, and the job is done again.
    unclear: Option<String>,
}

/// Does the job.
pub async fn handle(payload: SyncCalendar, deps: &Deps) -> Outcome {
    match sync(&payload, deps).await {
        Ok(summary) => {
            tracing::info!(?summary, "calendar synchronised");
            Outcome::Done(Some(json!(summary)))
        }
        Err(outcome) => outcome,
    }
}

async fn sync(payload: &SyncCalendar, deps: &Deps) -> Result<Summary, Outcome> {
    payload.validate().map_err(|error| dead("invalid_payload", error))?;
    let notifications = payload.notify.queue(deps).await?;
    let url = payload.url.as_deref().map(https);
    let source = digest([url.as_deref().unwrap_or_default()]);
    let name = payload.calendar.as_deref().unwrap_or(&source);
    let id = Store::calendar(name);
    let before = deps.store.state(&id).await.map_err(unavailable)?;
    // What another server, or this one under another URL, said is no use.
    let usable = if before.source == source { before.clone() } else { State::default() };
    let known = async || deps.store.known(&id).await.map_err(unavailable);
    let news = match (&url, payload.protocol) {
        // Most files are what they were: then nobody needs the events.
        (Some(url), Protocol::Ics) => match file(deps, &parsed(url)?, &usable).await? {
            Some(news) => Some((news, known().await?)),
            None => None,
        },
        (Some(url), Protocol::Caldav) => {
            let known = known().await?;
            collection(deps, &parsed(url)?, &usable, &known).await?.map(|news| (news, known))
        }
        (None, _) => {
            let found = events(payload.ics.as_deref().unwrap_or_default(), "", "")?;
            Some((News { found, scope: None, after: State::default(), unclear: None }, known().await?))
        }
    };
    let Some((mut news, known)) = news else { return Ok(Summary { not_modified: true, ..Summary::default() }) };
    news.after.source.clone_from(&source);
    for said in [&mut news.after.etag, &mut news.after.modified, &mut news.after.sync_token] {
        // Without them everything is asked for the next time.
        said.take_if(|text| text.len() > LONGEST);
    }
    let scope = news.scope.as_ref().map_or(Scope::All, Scope::Resources);
    let changes = compare(&id, &known, news.found, scope, deps.store.longest_component());
    if changes.too_long > 0 {
        tracing::warn!(events = changes.too_long, "events were left out: they are too long for the store");
    }
    let summary = Summary {
        created: changes.created,
        updated: changes.upserts.len() - changes.created,
        deleted: changes.deletes.len(),
        not_modified: false,
    };
    let calendar = Calendar { name, id: &id };
    if let Some(queue) = notifications.filter(|_| before.version > 0) {
        payload.notify.tell(&queue, &calendar, before.version + 1, &known, &changes).await?;
    }
    let update = Update { calendar, before: &before, after: &news.after, changes: &changes };
    match deps.store.apply(&update).await {
        Ok(true) => news.unclear.map_or(Ok(summary), |told| Err(Outcome::retry(told))),
        Ok(false) => Err(Outcome::retry("another sync of this calendar was done in the meantime")),
        Err(error) => Err(unavailable(error)),
    }
}

fn parsed(url: &str) -> Result<Url, Outcome> {
    Url::parse(url).map_err(|_| dead("invalid_payload", "`url` is not a URL"))
}

fn unavailable(error: impl std::fmt::Display) -> Outcome {
    Outcome::retry(format!("the calendar store: {error}"))
}

fn events(text: &str, resource: &str, etag: &str) -> Result<Vec<Found>, Outcome> {
    let events = ical::parse(text).map_err(|error| dead("not_a_calendar", error))?;
    let found = events.into_iter().map(|event| Found { resource: resource.to_owned(), etag: etag.to_owned(), event });
    Ok(found.collect())
}

async fn file(deps: &Deps, url: &Url, state: &State) -> Result<Option<News>, Outcome> {
    let Fetched::File { text, etag, modified } = fetch(deps, url, state).await? else { return Ok(None) };
    // The version of the file is no part of its events: it changes with every one of them.
    let after = State { etag, modified, ..State::default() };
    Ok(Some(News { found: events(&text, "", "")?, scope: None, after, unclear: None }))
}

async fn collection(deps: &Deps, url: &Url, state: &State, known: &[Known]) -> Result<Option<News>, Outcome> {
    // Rows from before names were made one say nothing to what changed by the token: then all is looked at.
    let token =
        state.sync_token.as_deref().filter(|_| known.iter().all(|one| dav::name(&one.resource) == one.resource));
    let mut sync = dav::changes(deps, url, token).await?;
    let nothing = sync.there.is_empty() && sync.gone.is_empty() && sync.unclear.is_empty();
    if !sync.complete && nothing && sync.token == state.sync_token {
        return Ok(None);
    }
    let versions: BTreeMap<&str, &str> = known.iter().map(|one| (one.resource.as_str(), one.etag.as_str())).collect();
    let same = |name: &str, etag: &str| !etag.is_empty() && versions.get(name) == Some(&etag);
    let changed: Vec<_> = sync.there.iter().filter(|(name, one)| !same(name, &one.etag)).collect();
    // What is said of a resource changes its events. Where nothing is said for sure, what is known of it stays.
    let (mut found, mut looked_at) = (Vec::new(), sync.gone);
    for (resource, content) in dav::contents(deps, url, &changed).await? {
        match content {
            Content::Text { etag, text } => match events(&text, &resource, &etag) {
                Ok(events) => {
                    found.extend(events);
                    looked_at.insert(resource);
                }
                // One that cannot be read must not keep the others from being read.
                Err(error) => tracing::warn!(?error, "a resource of the calendar was left out"),
            },
            Content::Gone => drop(looked_at.insert(resource)),
            Content::TooLarge => tracing::warn!("a resource of the calendar was left out: it is too large"),
            Content::Unclear(status) => drop(sync.unclear.insert(resource, status)),
        }
    }
    if sync.complete {
        let is_missing = |name: &String| !sync.there.contains_key(name) && !sync.unclear.contains_key(&dav::name(name));
        looked_at.extend(known.iter().map(|one| &one.resource).filter(|name| is_missing(name)).cloned());
    }
    // From the old token they are told again.
    let sync_token = if sync.unclear.is_empty() { sync.token } else { state.sync_token.clone() };
    let after = State { sync_token, ..State::default() };
    Ok(Some(News { found, scope: Some(looked_at), after, unclear: unclear(&sync.unclear) }))
}

/// Says of how many resources the server could not tell what they are, and why.
fn unclear(resources: &BTreeMap<String, Option<u16>>) -> Option<String> {
    let why = resources.values().next()?.map_or("not at all".to_owned(), |status| format!("with {status}"));
    Some(format!("the server answered {why} for an event, {} in all: they stay as they were", resources.len()))
}
