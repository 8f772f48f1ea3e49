//! The function of an HTTP API that puts what is posted to it into a queue.
//!
//! `POST` with `{"type": "order.placed", "payload": {…}}` becomes a job of that type, and the answer is `202` with the
//! job's id. The header `Idempotency-Key` is the job's key: two posts of a type and a tenant with one key are one job to
//! workers with a store. `tenantId` beside the type says whose job it is.
//!
//! # What is guaranteed
//!
//! The answer is `202` only after the queue has said that it has the job. With `503` nothing is known: the job may be in
//! the queue or not, so that whoever asked asks again, with the same key if it must not be done twice. What is wrong
//! with a request, be it found here or by the queue, is told as a problem of RFC 9457, and asking again changes nothing.

pub mod http;

use std::time::Duration;

use http::{Answer, Request};
use queuestack_worker::backend::Fault;
use queuestack_worker::{EnqueueError, JobQueue, NewJob, Trace};
use serde::Deserialize;
use serde_json::Value;

/// The largest message of SQS.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html>
pub const LARGEST_MESSAGE: usize = 1_048_576;
/// What a job's envelope takes besides type, key, tenant and payload: version, time, trace and the names of all.
const ENVELOPE: usize = 512;
/// The longest type, key or tenant: what SQS takes as a group, which the tenant is.
const LONGEST_NAME: usize = 128;

/// What is posted.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Posted {
    #[serde(rename = "type")]
    job_type: String,
    payload: Value,
    tenant_id: Option<String>,
}

/// Answers a request, in at most this time.
pub async fn answer(request: &Request, queue: &JobQueue, within: Duration) -> Answer {
    let job = match read(request) {
        Ok(job) => job,
        Err(problem) => return problem,
    };
    match tokio::time::timeout(within, queue.enqueue(job)).await {
        Ok(Ok(id)) => Answer::accepted(&id),
        Ok(Err(error)) => {
            tracing::error!(%error, "the queue did not take the job");
            refused(&error)
        }
        Err(_) => {
            tracing::error!("the queue did not answer in time");
            unavailable("The queue did not answer in time; the job may be in it.")
        }
    }
}

/// What the queue has against the job, if it is the job that it does not want.
fn refused(error: &EnqueueError) -> Answer {
    let EnqueueError::Queue(error) = error else { return unavailable("The queue did not take the job.") };
    match error.fault() {
        Some(Fault::TooLarge) => {
            Answer::problem(413, "Content Too Large", "The job has more bytes than a message of the queue may have.")
        }
        Some(Fault::Contents) => {
            Answer::problem(400, "Bad Request", "The job has characters or values that the queue does not take.")
        }
        None => unavailable("The queue did not take the job."),
    }
}

fn unavailable(detail: &str) -> Answer {
    let detail = format!("{detail} Ask again, with the same Idempotency-Key if it must not be done twice.");
    Answer::problem(503, "Service Unavailable", &detail).with("retry-after", "1")
}

/// Reads the job that a request asks for.
///
/// # Errors
/// What is wrong with it, as an answer.
pub fn read(request: &Request) -> Result<NewJob, Answer> {
    let wrong = |detail: &str| Answer::problem(400, "Bad Request", detail);
    if request.request_context.http.method != "POST" {
        let detail = format!("{} is not allowed here; POST is.", request.request_context.http.method);
        return Err(Answer::problem(405, "Method Not Allowed", &detail).with("allow", "POST"));
    }
    let content_type = request.header("content-type").unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    if !media_type.eq_ignore_ascii_case("application/json") {
        let detail = format!("The content type is `{content_type}`; application/json is taken.");
        return Err(Answer::problem(415, "Unsupported Media Type", &detail).with("accept", "application/json"));
    }
    let body = request.bytes().ok_or_else(|| wrong("The body is not the base64 that it says it is."))?;
    if body.len() > LARGEST_MESSAGE {
        return Err(too_large(body.len()));
    }
    let posted: Posted =
        serde_json::from_slice(&body).map_err(|error| wrong(&format!("The body is no job: {error}.")))?;
    let key = request.header("idempotency-key").map(|key| key.trim_matches('"').to_owned());
    let names =
        [("type", Some(&posted.job_type)), ("Idempotency-Key", key.as_ref()), ("tenantId", posted.tenant_id.as_ref())];
    for (name, said) in names {
        if said.is_some_and(|said| !is_name(said)) {
            return Err(wrong(&format!(
                "`{name}` has 1 to {LONGEST_NAME} letters, digits and punctuation, and no blanks."
            )));
        }
    }
    if !posted.payload.is_object() {
        return Err(wrong("`payload` is a JSON object."));
    }
    let said: usize = names.iter().filter_map(|(_, said)| said.map(String::len)).sum();
    // Counted as it is sent: what was posted may have been written shorter, and these two are sent as six characters.
    let payload = posted.payload.to_string();
    let escaped = payload.matches(['\u{fffe}', '\u{ffff}']).count() * ("\\uffff".len() - '\u{ffff}'.len_utf8());
    let size = payload.len() + escaped + said + ENVELOPE;
    if size > LARGEST_MESSAGE {
        return Err(too_large(size));
    }
    let mut job = NewJob::new(posted.job_type, &posted.payload);
    if let Some(key) = key {
        job = job.idempotency_key(key);
    }
    if let Some(tenant) = posted.tenant_id {
        job = job.tenant(tenant);
    }
    if let Some(trace) = request.header("traceparent").and_then(Trace::from_traceparent) {
        job = job.trace(trace.child());
    }
    Ok(job)
}

fn too_large(size: usize) -> Answer {
    let detail = format!("The job has {size} bytes; a message of the queue has at most {LARGEST_MESSAGE}.");
    Answer::problem(413, "Content Too Large", &detail)
}

/// What SQS takes as a group.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html>
fn is_name(text: &str) -> bool {
    (1..=LONGEST_NAME).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Finds the one queue that the function may send to, by the variables that a deployment sets.
///
/// # Errors
/// There is none, or more than one.
pub fn queue_url(variables: impl IntoIterator<Item = (String, String)>) -> Result<String, String> {
    let queues = variables.into_iter().filter(|(name, url)| name.starts_with("QUEUE_URL_") && !url.is_empty());
    let mut queues: Vec<(String, String)> = queues.collect();
    queues.sort();
    match queues.as_slice() {
        [(_, url)] => Ok(url.clone()),
        [] => Err("no QUEUE_URL_… is set: grant the function to send to a queue".to_owned()),
        [(one, _), (other, _), ..] => Err(format!("{one} and {other} are set: grant the function one queue alone")),
    }
}
