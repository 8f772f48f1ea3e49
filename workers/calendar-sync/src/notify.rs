//! Tells people what a sync changed: jobs for the worker of notifications.
//!
//! They are enqueued before the changes are committed. A worker that died between the two would otherwise have told
//! nobody, and the next sync would see no change. A sync that is done again gives its jobs the same keys, so that each
//! is one job however often it was enqueued.

use std::collections::BTreeMap;

use queuestack_worker::{JobQueue, NewJob, Outcome};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::changes::{Changes, Found, Known};
use crate::store::Calendar;
use crate::{Deps, dead, digest};

/// How many events are named; a message has its limits, and so has a reader.
const NAMED: usize = 50;

/// Who is told.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notify {
    /// Mail addresses. All of them see one another, as on any mail.
    #[serde(default)]
    pub email: Vec<String>,
    /// Webhooks.
    #[serde(default)]
    pub webhooks: Vec<String>,
}

/// An event that changed, as the templates of mails know it.
#[derive(Serialize)]
struct Line<'a> {
    #[serde(skip)]
    id: &'a str,
    #[serde(skip)]
    digest: &'a str,
    summary: &'a str,
    starts: &'a str,
    change: &'static str,
}

impl Notify {
    fn is_empty(&self) -> bool {
        self.email.is_empty() && self.webhooks.is_empty()
    }

    /// The queue of notifications, when there is anybody to tell.
    ///
    /// # Errors
    /// The worker has no such queue.
    pub(crate) async fn queue(&self, deps: &Deps) -> Result<Option<JobQueue>, Outcome> {
        if self.is_empty() {
            return Ok(None);
        }
        let Some(url) = &deps.notifications else {
            let told = "the worker has no queue of notifications: grant it `send: notification-queue`";
            return Err(dead("not_configured", told));
        };
        JobQueue::open(url).await.map(Some).map_err(Outcome::retry)
    }

    /// Enqueues what there is to tell of changes that lead to this version of the calendar.
    ///
    /// # Errors
    /// The queue did not take all of it; the sync must be done again.
    pub(crate) async fn tell(
        &self,
        queue: &JobQueue,
        calendar: &Calendar<'_>,
        version: i64,
        known: &[Known],
        changes: &Changes,
    ) -> Result<(), Outcome> {
        let lines = lines(known, changes);
        if lines.is_empty() {
            return Ok(());
        }
        let version = version.to_string();
        let key = lines
            .iter()
            .fold(digest([calendar.id, &version]), |key, line| digest([key.as_str(), line.id, line.digest]));
        let named = &lines[..lines.len().min(NAMED)];
        let data = json!({"calendar": calendar.name, "total": lines.len(), "events": named});
        let mut jobs = Vec::new();
        if !self.email.is_empty() {
            let payload = json!({"to": self.email, "template": "calendar-changed", "data": data});
            jobs.push(NewJob::new("notification.email", &payload).idempotency_key(key.as_str()));
        }
        jobs.extend(self.webhooks.iter().map(|url| {
            let payload = json!({"url": url, "body": data});
            NewJob::new("notification.push", &payload).idempotency_key(digest([key.as_str(), url]))
        }));
        for result in queue.enqueue_all(jobs).await {
            result.map_err(|error| Outcome::retry(format!("the queue of notifications: {error}")))?;
        }
        Ok(())
    }
}

/// What is new, says something else, or is gone. A version alone is nothing to tell.
fn lines<'a>(known: &'a [Known], changes: &'a Changes) -> Vec<Line<'a>> {
    let known: BTreeMap<&str, &Known> = known.iter().map(|one| (one.id.as_str(), one)).collect();
    let upserts = changes.upserts.iter().filter_map(|(id, Found { event, .. })| {
        let change = match known.get(id.as_str()) {
            None => "new",
            Some(before) if before.digest != event.digest => "changed",
            Some(_) => return None,
        };
        Some(Line { id, digest: &event.digest, summary: &event.summary, starts: &event.starts, change })
    });
    let gone = changes.deletes.iter().filter_map(|id| known.get(id.as_str()));
    let deletes =
        gone.map(|one| Line { id: &one.id, digest: "", summary: &one.summary, starts: &one.starts, change: "removed" });
    upserts.chain(deletes).collect()
}
