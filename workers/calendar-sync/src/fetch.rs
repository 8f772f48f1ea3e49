//! A calendar as one iCalendar file over HTTP, asked for only when it changed.

use queuestack_outbound::{HttpError, StatusCode, Url, body, header, of_error, of_status};
use queuestack_worker::Outcome;

use crate::Deps;
use crate::store::State;

/// A file, or that it is the one that was fetched before.
#[derive(Debug)]
pub enum Fetched {
    /// The server says that it did not change.
    Unchanged,
    /// The file and its version.
    File {
        /// What it says.
        text: String,
        /// Its version.
        etag: Option<String>,
        /// When it changed, as the server says it.
        modified: Option<String>,
    },
}

/// Fetches the file.
///
/// # Errors
/// What becomes of the job.
pub async fn fetch(deps: &Deps, url: &Url, state: &State) -> Result<Fetched, Outcome> {
    let request = deps.file(url).map_err(|error| of_error(&error))?;
    let mut request = request.header(header::ACCEPT, "text/calendar, */*;q=0.1");
    if let Some(etag) = &state.etag {
        request = request.header(header::IF_NONE_MATCH, etag);
    }
    if let Some(modified) = &state.modified {
        request = request.header(header::IF_MODIFIED_SINCE, modified);
    }
    let response = request.send().await.map_err(|error| of_error(&HttpError::from(error)))?;
    let asked_conditionally = state.etag.is_some() || state.modified.is_some();
    match response.status() {
        StatusCode::NOT_MODIFIED if asked_conditionally => return Ok(Fetched::Unchanged),
        StatusCode::OK => {}
        other => return Err(of_status(other, response.headers())),
    }
    let said = |name| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let (etag, modified) = (said(header::ETAG), said(header::LAST_MODIFIED));
    let bytes = body(response, deps.max_bytes).await.map_err(|error| of_error(&error))?;
    Ok(Fetched::File { text: String::from_utf8_lossy(&bytes).into_owned(), etag, modified })
}
