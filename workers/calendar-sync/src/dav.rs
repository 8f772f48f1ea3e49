//! A calendar on a CalDAV server: what changed since the last time, and the events themselves.
//!
//! <https://www.rfc-editor.org/rfc/rfc6578> (sync-collection), <https://www.rfc-editor.org/rfc/rfc4791> (CalDAV)

use std::collections::{BTreeMap, BTreeSet};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode};
use queuestack_outbound::{HttpError, StatusCode, Url, body, header, of_error, of_status};
use queuestack_worker::Outcome;

use crate::multistatus::{self, Multistatus, Resource, escape};
use crate::{Deps, dead};

/// How many resources are asked for at once.
const BATCH: usize = 50;
/// How often a server may cut its answer off: enough for half a million events at the usual thousand.
const PAGES: usize = 500;

/// What changed on the server. Resources go by their [`name`]s.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sync {
    /// What is there or changed.
    pub there: BTreeMap<String, Listed>,
    /// What is gone.
    pub gone: BTreeSet<String>,
    /// What the server cannot tell now, with the status that it gives: it may be either.
    pub unclear: BTreeMap<String, Option<u16>>,
    /// From where the next sync goes on, where the server can say it.
    pub token: Option<String>,
    /// Whether this is all that there is, not only what changed.
    pub complete: bool,
}

/// A resource as the server lists it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    /// How the server writes its path, which is how it is asked for it.
    pub path: String,
    /// Its version.
    pub etag: String,
}

impl Sync {
    /// Notes what the server says of the resources of a collection.
    fn note(&mut self, url: &Url, resources: Vec<Resource>) -> Result<(), Outcome> {
        let collection = name(url.path());
        for resource in resources {
            let Some(path) = path(url, &resource.href) else { continue };
            let name = name(&path);
            let failed = resource.status.filter(|status| status / 100 != 2);
            if name == collection {
                // What is said of it as a whole is said of every event in it.
                let failed = failed.and_then(|status| StatusCode::from_u16(status).ok());
                failed.map_or(Ok(()), |status| Err(of_status(status, &header::HeaderMap::new())))?;
                continue;
            }
            if resource.is_collection {
                continue;
            }
            // A later page has the last word.
            self.there.remove(&name);
            self.gone.remove(&name);
            self.unclear.remove(&name);
            match failed {
                None => drop(self.there.insert(name, Listed { path, etag: resource.etag.unwrap_or_default() })),
                Some(404 | 410) => drop(self.gone.insert(name)),
                Some(status) => drop(self.unclear.insert(name, Some(status))),
            }
        }
        Ok(())
    }
}

/// Asks what changed since the token. A server that does not know the token any more is asked for everything, as is one
/// that keeps no tokens.
///
/// # Errors
/// What becomes of the job.
pub async fn changes(deps: &Deps, url: &Url, token: Option<&str>) -> Result<Sync, Outcome> {
    if let Some(token) = token
        && let Some(sync) = sync_collection(deps, url, token).await?
    {
        return Ok(sync);
    }
    match sync_collection(deps, url, "").await? {
        Some(sync) => Ok(sync),
        None => list(deps, url).await,
    }
}

/// Returns nothing when the server does not take the token, or does not know the report.
async fn sync_collection(deps: &Deps, url: &Url, token: &str) -> Result<Option<Sync>, Outcome> {
    let mut sync = Sync { complete: token.is_empty(), ..Sync::default() };
    let mut token = token.to_owned();
    for _ in 0..PAGES {
        let question = format!(
            r#"<?xml version="1.0" encoding="utf-8"?><sync-collection xmlns="DAV:"><sync-token>{}</sync-token><sync-level>1</sync-level><prop><getetag/><resourcetype/></prop></sync-collection>"#,
            escape(&token)
        );
        let mut answer = match ask(deps, url, "REPORT", "0", question).await? {
            Answer::Multistatus(answer) => answer,
            // 507: more changed than it can tell at once, and it cannot cut its answer off.
            Answer::Refused(400 | 403 | 405 | 409 | 410 | 412 | 415 | 501 | 507, _) => return Ok(None),
            other => return Err(other.refused()),
        };
        let truncated = cut_off(&mut answer.resources);
        sync.note(url, answer.resources)?;
        let Some(next) = answer.sync_token else {
            return Err(Outcome::retry("the server answered a sync without a token"));
        };
        // The rest comes with the next token.
        if !truncated {
            sync.token = Some(next);
            return Ok(Some(sync));
        }
        token = next;
    }
    Err(dead("too_large", format!("the server cut its answer off {PAGES} times")))
}

/// Lists everything, for servers that keep no tokens.
async fn list(deps: &Deps, url: &Url) -> Result<Sync, Outcome> {
    const QUESTION: &str = r#"<?xml version="1.0" encoding="utf-8"?><propfind xmlns="DAV:"><prop><getetag/><resourcetype/></prop></propfind>"#;
    let mut answer = match ask(deps, url, "PROPFIND", "1", QUESTION.to_owned()).await? {
        Answer::Multistatus(answer) => answer,
        other => return Err(other.refused()),
    };
    if cut_off(&mut answer.resources) {
        return Err(dead("too_large", "the server cuts its list off and keeps no tokens to go on from"));
    }
    let mut sync = Sync { complete: true, ..Sync::default() };
    sync.note(url, answer.resources)?;
    Ok(sync)
}

/// Tells whether the server cut its answer off, and takes out where it says so: servers differ in how they name the
/// collection there. <https://www.rfc-editor.org/rfc/rfc6578#section-3.6>
fn cut_off(resources: &mut Vec<Resource>) -> bool {
    let all = resources.len();
    resources.retain(|resource| resource.status != Some(507));
    resources.len() < all
}

/// What a server says when it is asked for a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// iCalendar and its version.
    Text {
        /// The version.
        etag: String,
        /// What it says.
        text: String,
    },
    /// It is gone since it was listed.
    Gone,
    /// It is longer than an answer may be.
    TooLarge,
    /// Nothing of use, or nothing at all: it may be there or not.
    Unclear(Option<u16>),
}

impl Content {
    fn of(resource: Resource) -> Self {
        match (resource.status.filter(|status| status / 100 != 2), resource.data) {
            (None, Some(Ok(text))) => Self::Text { etag: resource.etag.unwrap_or_default(), text },
            (Some(404 | 410), _) | (None, Some(Err(404 | 410))) => Self::Gone,
            (Some(status), _) | (None, Some(Err(status))) => Self::Unclear(Some(status)),
            (None, None) => Self::Unclear(None),
        }
    }
}

/// Fetches resources: what is said of each of them, by name.
///
/// # Errors
/// What becomes of the job.
pub async fn contents(
    deps: &Deps,
    url: &Url,
    wanted: &[(&String, &Listed)],
) -> Result<BTreeMap<String, Content>, Outcome> {
    let mut contents: BTreeMap<String, Content> =
        wanted.iter().map(|(name, _)| ((*name).clone(), Content::Unclear(None))).collect();
    let (mut rest, mut most) = (wanted, BATCH);
    while !rest.is_empty() {
        let (batch, behind) = rest.split_at(most.min(rest.len()));
        let hrefs: String = batch.iter().map(|(_, one)| format!("<D:href>{}</D:href>", escape(&one.path))).collect();
        let question = format!(
            r#"<?xml version="1.0" encoding="utf-8"?><C:calendar-multiget xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:prop><D:getetag/><C:calendar-data/></D:prop>{hrefs}</C:calendar-multiget>"#
        );
        match (ask(deps, url, "REPORT", "1", question).await?, batch) {
            (Answer::Multistatus(answer), _) => {
                for resource in answer.resources {
                    let name = path(url, &resource.href).map(|path| name(&path));
                    // What was not asked for is none of ours.
                    if let Some(content) = name.and_then(|name| contents.get_mut(&name)) {
                        *content = Content::of(resource);
                    }
                }
            }
            (Answer::TooLarge(_), [(name, _)]) => drop(contents.insert((*name).clone(), Content::TooLarge)),
            (Answer::TooLarge(_), _) => {
                most = batch.len() / 2;
                continue;
            }
            (other, _) => return Err(other.refused()),
        }
        rest = behind;
        // Large ones may stand side by side and nowhere else.
        most = (most * 2).min(BATCH);
    }
    Ok(contents)
}

/// An answer.
enum Answer {
    Multistatus(Multistatus),
    /// No multi-status, and what becomes of a job that needs one.
    Refused(u16, Outcome),
    /// Longer than allowed.
    TooLarge(HttpError),
}

impl Answer {
    /// What becomes of a job that needs another answer.
    fn refused(self) -> Outcome {
        match self {
            Self::Multistatus(_) => Outcome::retry("the server gave another answer than it was asked for"),
            Self::Refused(_, outcome) => outcome,
            Self::TooLarge(error) => of_error(&error),
        }
    }
}

async fn ask(deps: &Deps, url: &Url, method: &'static str, depth: &str, question: String) -> Result<Answer, Outcome> {
    let request = deps.request(method, url).map_err(|error| of_error(&error))?;
    let request = request.header("Depth", depth).header(header::CONTENT_TYPE, "application/xml; charset=utf-8");
    let response = request.body(question).send().await.map_err(|error| of_error(&HttpError::from(error)))?;
    let status = response.status();
    if status.is_success() && status != StatusCode::MULTI_STATUS {
        return Err(dead("not_a_calendar", format!("the server answered {status}, and a CalDAV server answers 207")));
    }
    if status != StatusCode::MULTI_STATUS {
        return Ok(Answer::Refused(status.as_u16(), of_status(status, response.headers())));
    }
    let bytes = match body(response, deps.max_bytes).await {
        Ok(bytes) => bytes,
        Err(error @ HttpError::TooLarge(_)) => return Ok(Answer::TooLarge(error)),
        Err(error) => return Err(of_error(&error)),
    };
    let answer = multistatus::parse(&String::from_utf8_lossy(&bytes));
    answer
        .map(Answer::Multistatus)
        .map_err(|error| Outcome::retry(format!("the server's answer cannot be read: {error}")))
}

/// The path of a resource. A server behind a proxy may know itself under another name or scheme than we do: what it lists
/// is on it, and is asked for there.
fn path(base: &Url, href: &str) -> Option<String> {
    Some(base.join(href).ok()?.path().to_owned())
}

/// Characters that a name has as they are.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The one name of a resource, whose path a server may write in several ways: `/a%40b.ics`, `/a@b.ics`, and that of a
/// collection with a slash at its end or without.
#[must_use]
pub fn name(path: &str) -> String {
    let segment = |segment| percent_encode(&percent_decode_str(segment).collect::<Vec<_>>(), PLAIN).to_string();
    path.trim_end_matches('/').split('/').map(segment).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_may_know_itself_by_another_name() {
        let base = Url::parse("https://dav.example/team/").unwrap();
        for href in ["a.ics", "/team/a.ics", "https://dav.example/team/a.ics", "http://10.0.0.1:5232/team/a.ics"] {
            assert_eq!(path(&base, href).as_deref(), Some("/team/a.ics"), "{href}");
        }
    }

    #[test]
    fn a_resource_has_one_name() {
        for (one, other) in [
            ("/a%40b.ics", "/a@b.ics"),
            ("/team/", "/team"),
            ("/%c3%a9%7E", "/\u{e9}~"),
            ("/a%2fb", "/a%2Fb"),
            ("/(1)", "/%281%29"),
            ("/", ""),
        ] {
            assert_eq!(name(one), name(other));
            assert_eq!(name(&name(one)), name(one), "a name names itself");
        }
        for (one, other) in [("/a%2Fb", "/a/b"), ("/a%2540b", "/a%40b"), ("/A", "/a"), ("/a+b", "/a%20b")] {
            assert_ne!(name(one), name(other));
        }
    }
}
