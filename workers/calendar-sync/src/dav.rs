//! A calendar on a CalDAV server: what changed since the last time, and the events themselves.
//!
//! <https://www.rfc-editor.org/rfc/rfc6578> (sync-collection), <https://www.rfc-editor.org/rfc/rfc4791> (CalDAV)

use std::collections::{BTreeMap, BTreeSet};

use queuestack_outbound::{HttpError, StatusCode, Url, body, header, of_error, of_status};
use queuestack_worker::Outcome;

use crate::multistatus::{self, Multistatus, escape};
use crate::{Deps, dead};

/// How many resources are asked for at once.
const BATCH: usize = 50;
/// How often a server may cut its answer off: enough for half a million events at the usual thousand.
const PAGES: usize = 500;

/// What changed on the server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sync {
    /// The version of each resource that is there or changed, by path.
    pub there: BTreeMap<String, String>,
    /// Paths of resources that are gone.
    pub gone: BTreeSet<String>,
    /// From where the next sync goes on, where the server can say it.
    pub token: Option<String>,
    /// Whether this is all that there is, not only what changed.
    pub complete: bool,
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
            r#"<?xml version="1.0" encoding="utf-8"?><sync-collection xmlns="DAV:"><sync-token>{}</sync-token><sync-level>1</sync-level><prop><getetag/></prop></sync-collection>"#,
            escape(&token)
        );
        let answer = match ask(deps, url, "REPORT", "0", question).await? {
            Ok(answer) => answer,
            Err(Refusal { status: 400 | 403 | 405 | 409 | 410 | 412 | 415 | 501, .. }) => return Ok(None),
            Err(refusal) => return Err(refusal.outcome),
        };
        let (mut truncated, collection) = (false, path(url, url.as_str()));
        for resource in &answer.resources {
            let Some(path) = path(url, &resource.href) else { continue };
            match resource.status {
                // The rest comes with the next token.
                Some(507) if Some(&path) == collection.as_ref() => truncated = true,
                Some(404 | 410) => {
                    sync.there.remove(&path);
                    sync.gone.insert(path);
                }
                _ if Some(&path) == collection.as_ref() => {}
                _ => {
                    sync.gone.remove(&path);
                    sync.there.insert(path, resource.etag.clone().unwrap_or_default());
                }
            }
        }
        let Some(next) = answer.sync_token else {
            return Err(Outcome::retry("the server answered a sync without a token"));
        };
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
    let answer = ask(deps, url, "PROPFIND", "1", QUESTION.to_owned()).await?.map_err(|refusal| refusal.outcome)?;
    let resources = answer.resources.into_iter().filter(|resource| !resource.is_collection);
    let there = resources.filter_map(|resource| Some((path(url, &resource.href)?, resource.etag.unwrap_or_default())));
    Ok(Sync { there: there.collect(), complete: true, ..Sync::default() })
}

/// The content of a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// Its path.
    pub path: String,
    /// Its version.
    pub etag: String,
    /// iCalendar.
    pub text: String,
}

/// Fetches resources. What is gone since it was listed is left out.
///
/// # Errors
/// What becomes of the job.
pub async fn contents(deps: &Deps, url: &Url, paths: &[&str]) -> Result<Vec<Content>, Outcome> {
    let mut contents = Vec::with_capacity(paths.len());
    for batch in paths.chunks(BATCH) {
        let hrefs: String = batch.iter().map(|path| format!("<D:href>{}</D:href>", escape(path))).collect();
        let question = format!(
            r#"<?xml version="1.0" encoding="utf-8"?><C:calendar-multiget xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:prop><D:getetag/><C:calendar-data/></D:prop>{hrefs}</C:calendar-multiget>"#
        );
        let answer = ask(deps, url, "REPORT", "1", question).await?.map_err(|refusal| refusal.outcome)?;
        let found = answer.resources.into_iter().filter_map(|resource| {
            let (path, text) = (path(url, &resource.href)?, resource.data?);
            Some(Content { path, etag: resource.etag.unwrap_or_default(), text })
        });
        contents.extend(found);
    }
    Ok(contents)
}

/// An answer that is no multi-status.
struct Refusal {
    status: u16,
    outcome: Outcome,
}

async fn ask(
    deps: &Deps,
    url: &Url,
    method: &'static str,
    depth: &str,
    question: String,
) -> Result<Result<Multistatus, Refusal>, Outcome> {
    let request = deps.request(method, url).map_err(|error| of_error(&error))?;
    let request = request.header("Depth", depth).header(header::CONTENT_TYPE, "application/xml; charset=utf-8");
    let response = request.body(question).send().await.map_err(|error| of_error(&HttpError::from(error)))?;
    let status = response.status();
    if status.is_success() && status != StatusCode::MULTI_STATUS {
        return Err(dead("not_a_calendar", format!("the server answered {status}, and a CalDAV server answers 207")));
    }
    if status != StatusCode::MULTI_STATUS {
        return Ok(Err(Refusal { status: status.as_u16(), outcome: of_status(status, response.headers()) }));
    }
    let bytes = body(response, deps.max_bytes).await.map_err(|error| of_error(&error))?;
    let answer = multistatus::parse(&String::from_utf8_lossy(&bytes));
    answer.map(Ok).map_err(|error| Outcome::retry(format!("the server's answer cannot be read: {error}")))
}

/// The path of a resource; nothing for one of another server, which is none of ours.
fn path(base: &Url, href: &str) -> Option<String> {
    let url = base.join(href).ok()?;
    (url.origin() == base.origin()).then(|| url.path().to_owned())
}
