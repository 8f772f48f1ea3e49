//! The job `calendar.write`: puts an event on a CalDAV server, over the version that the sender saw and no other.
//!
//! When the server has another version, there are two cases. An earlier delivery of this job may have written it, and
//! its answer got lost: then what is there says what the job says, and the job is done. Else somebody changed the
//! event: trying again cannot help, since the version that the job names will not come back, and writing over it would
//! undo their change. The job becomes a dead letter `conflict`; whoever looks at it reads the event and decides.

use queuestack_outbound::{HttpError, Response, StatusCode, Url, body, header, of_error, of_status};
use queuestack_worker::Outcome;
use serde::Deserialize;
use serde_json::json;

use crate::{Deps, dead, ical, multistatus};

/// The type of the job.
pub const TYPE: &str = "calendar.write";

/// The longest body of a refusal that is read, in bytes.
const REFUSAL: usize = 64 << 10;

/// The payload: `{"url": "https://dav.example.org/team/standup.ics", "ics": "BEGIN:VCALENDAR…", "etag": "\"7\""}`.
#[derive(Clone, Debug, Deserialize)]
pub struct WriteEvent {
    /// The resource to write.
    pub url: String,
    /// What it is to say: a calendar with one event, its rule and changed occurrences.
    pub ics: String,
    /// The version that it replaces, as the server named it; without one it must not be there yet.
    #[serde(default)]
    pub etag: Option<String>,
}

impl WriteEvent {
    /// Tells what is wrong with it.
    ///
    /// # Errors
    /// A sentence for the dead letter.
    pub fn validate(&self) -> Result<(), String> {
        if Url::parse(&self.url).is_err() {
            return Err("`url` is not a URL".to_owned());
        }
        let events = ical::parse(&self.ics).map_err(|error| format!("`ics`: {error}"))?;
        let Some(first) = events.first() else { return Err("`ics` holds no event".to_owned()) };
        if events.iter().any(|event| event.uid != first.uid) {
            return Err("`ics` holds several events; each is a resource of its own".to_owned());
        }
        if self.etag.as_deref().is_some_and(|etag| !is_strong(etag)) {
            return Err(r#"`etag` is not a version as servers write it: `"7"`, with its quotes"#.to_owned());
        }
        Ok(())
    }
}

/// A weak version (`W/"7"`) never matches in `If-Match`. <https://www.rfc-editor.org/rfc/rfc9110#section-13.1.1>
fn is_strong(etag: &str) -> bool {
    let inner = etag.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    inner.is_some_and(|inner| inner.chars().all(|c| c != '"' && !c.is_control() && c != ' '))
}

/// Does the job.
pub async fn handle(payload: WriteEvent, deps: &Deps) -> Outcome {
    match write(&payload, deps).await {
        Ok(etag) => {
            tracing::info!("event written");
            Outcome::Done(Some(json!({"etag": etag})))
        }
        Err(outcome) => outcome,
    }
}

async fn write(payload: &WriteEvent, deps: &Deps) -> Result<Option<String>, Outcome> {
    payload.validate().map_err(|error| dead("invalid_payload", error))?;
    let url = Url::parse(&payload.url).map_err(|_| dead("invalid_payload", "`url` is not a URL"))?;
    let request = deps.request("PUT", &url).map_err(|error| of_error(&error))?;
    let request = request.header(header::CONTENT_TYPE, "text/calendar; charset=utf-8");
    let request = match &payload.etag {
        Some(etag) => request.header(header::IF_MATCH, etag),
        None => request.header(header::IF_NONE_MATCH, "*"),
    };
    let response = request.body(payload.ics.clone()).send().await.map_err(|error| of_error(&HttpError::from(error)))?;
    match response.status() {
        status if status.is_success() => Ok(etag(&response)),
        StatusCode::PRECONDITION_FAILED => written_before(payload, deps, &url).await,
        StatusCode::CONFLICT | StatusCode::FORBIDDEN => Err(refused(response).await),
        status => Err(of_status(status, response.headers())),
    }
}

/// What a refusal means: the body says which rule of CalDAV the event breaks, if it is that.
async fn refused(response: Response) -> Outcome {
    let status = response.status();
    let unruled = of_status(status, response.headers());
    let told = body(response, REFUSAL).await.unwrap_or_default();
    match multistatus::broken_rule(&String::from_utf8_lossy(&told)).as_deref() {
        Some("no-uid-conflict") => dead(
            "conflict",
            "the calendar has an event of this UID under another URL: write to that, or choose a new UID",
        ),
        Some(rule) => dead("rejected", format!("the server answered {status}: the event breaks its rule {rule}")),
        // What is to hold the event is not there.
        None if status == StatusCode::CONFLICT => dead("not_found", "the server has no collection for this event"),
        None => unruled,
    }
}

/// Tells whether what is there is what was to be written.
async fn written_before(payload: &WriteEvent, deps: &Deps, url: &Url) -> Result<Option<String>, Outcome> {
    let conflict = |told: String| dead("conflict", told);
    let request = deps.request("GET", url).map_err(|error| of_error(&error))?;
    let response = request.send().await.map_err(|error| of_error(&HttpError::from(error)))?;
    match response.status() {
        StatusCode::OK => {}
        StatusCode::NOT_FOUND | StatusCode::GONE => return Err(conflict("the event was deleted".to_owned())),
        status => return Err(of_status(status, response.headers())),
    }
    let etag = etag(&response);
    let bytes = body(response, deps.max_bytes).await.map_err(|error| of_error(&error))?;
    let digests = |text: &str| {
        let events = ical::parse(text).unwrap_or_default();
        events.into_iter().map(|event| (event.recurrence_id, event.digest)).collect::<Vec<_>>()
    };
    if digests(&String::from_utf8_lossy(&bytes)) == digests(&payload.ics) {
        return Ok(etag);
    }
    let there = etag.unwrap_or_else(|| "an unnamed one".to_owned());
    let wanted = payload.etag.as_ref().map_or("none".to_owned(), String::clone);
    Err(conflict(format!("the server has version {there} of the event, the job replaces {wanted}: read it and decide")))
}

fn etag(response: &Response) -> Option<String> {
    response.headers().get(header::ETAG)?.to_str().ok().map(str::to_owned)
}
