//! Tells people what a sync changed: jobs for the worker of notifications.
//!
//! They are enqueued before the changes are committed. A worker that died between the two would otherwise have told
//! nobody, and the next sync would see no change. A sync that is done again gives its jobs the same keys, so that each
//! is one job however often it was enqueued.

use std::collections::BTreeMap;

use queuestack_outbound::Url;
use queuestack_worker::{EnqueueError, JobQueue, NewJob, Outcome};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::changes::{Changes, Found, Known};
use crate::store::Calendar;
use crate::{Deps, dead, digest};

/// How many events are named; a message has its limits, and so has a reader.
const NAMED: usize = 50;
/// How much of a summary is told, in characters. With [`NAMED`] and what [`Notify::validate`] and
/// [`SyncCalendar::validate`](crate::sync::SyncCalendar::validate) allow, a job is a fraction of a message.
const TOLD: usize = 200;
/// The most recipients of one mail, as the worker of notifications has it.
const RECIPIENTS: usize = 50;
/// The longest address or URL, in characters.
const ADDRESS: usize = 2000;

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
    summary: String,
    starts: &'a str,
    change: &'static str,
}

impl Notify {
    fn is_empty(&self) -> bool {
        self.email.is_empty() && self.webhooks.is_empty()
    }

    /// Tells what is wrong with it: what the worker of notifications would refuse, when it is too late to tell.
    ///
    /// # Errors
    /// A sentence for the dead letter, without addresses and URLs.
    pub(crate) fn validate(&self) -> Result<(), String> {
        let fits = |text: &str| is_line(text) && text.chars().count() <= ADDRESS;
        if self.email.len() > RECIPIENTS {
            return Err(format!("`notify.email` has more than {RECIPIENTS} addresses, the most of one mail"));
        }
        if !self.email.iter().all(|address| fits(address) && address.contains('@')) {
            return Err("an address in `notify.email` is none: write `a@example.org`".to_owned());
        }
        if !self.webhooks.iter().all(|url| fits(url) && Url::parse(url).is_ok()) {
            return Err("a webhook in `notify.webhooks` is not a URL".to_owned());
        }
        Ok(())
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
        let jobs = |named: &[Line<'_>]| {
            self.jobs(&key, &json!({"calendar": calendar.name, "total": lines.len(), "events": named}))
        };
        let results = queue.enqueue_all(jobs(&lines[..lines.len().min(NAMED)])).await;
        for (result, short) in results.into_iter().zip(jobs(&[])) {
            let result = match result {
                // This queue takes less. That something changed is news too, and a sync must not fail for ever over it.
                Err(EnqueueError::Queue(error)) if !error.transient => queue.enqueue(short).await,
                other => other,
            };
            result.map_err(|error| Outcome::retry(format!("the queue of notifications: {error}")))?;
        }
        Ok(())
    }

    fn jobs(&self, key: &str, data: &Value) -> Vec<NewJob> {
        let mut jobs = Vec::new();
        if !self.email.is_empty() {
            let payload = json!({"to": self.email, "template": "calendar-changed", "data": data});
            // Whoever else is told the same is told in a mail of their own.
            let key = self.email.iter().fold(key.to_owned(), |key, address| digest([key.as_str(), address]));
            jobs.push(NewJob::new("notification.email", &payload).idempotency_key(key));
        }
        jobs.extend(self.webhooks.iter().map(|url| {
            let payload = json!({"url": url, "body": data});
            NewJob::new("notification.push", &payload).idempotency_key(digest([key, url]))
        }));
        jobs
    }
}

/// Tells whether a text is one line of characters that SQS takes and the subject of a mail may have.
pub(crate) fn is_line(text: &str) -> bool {
    !text.chars().any(|c| c.is_control() || is_refused(c))
}

/// Characters that SQS refuses. JSON has others for those below the blank.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html>
fn is_refused(c: char) -> bool {
    matches!(c, '\u{fffe}' | '\u{ffff}')
}

/// As much of a summary as is told.
fn told(summary: &str) -> String {
    let mut characters = summary.chars().filter(|c| !is_refused(*c));
    let mut told: String = characters.by_ref().take(TOLD).collect();
    if characters.next().is_some() {
        told.push('…');
    }
    told
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
        Some(Line { id, digest: &event.digest, summary: told(&event.summary), starts: &event.starts, change })
    });
    let gone = changes.deletes.iter().filter_map(|id| known.get(id.as_str()));
    let deletes = gone.map(|one| Line {
        id: &one.id,
        digest: "",
        summary: told(&one.summary),
        starts: &one.starts,
        change: "removed",
    });
    upserts.chain(deletes).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    use async_trait::async_trait;
    use queuestack_worker::backend::{Backend, Delivery, Depth, Outgoing, QueueError};

    use super::*;
    use crate::ical::Event;

    /// A queue that takes messages of so many bytes.
    #[derive(Default)]
    struct Narrow {
        most: usize,
        taken: Mutex<Vec<String>>,
    }

    #[async_trait]
    impl Backend for Narrow {
        fn is_fifo(&self) -> bool {
            false
        }
        async fn send(&self, messages: Vec<Outgoing>) -> Vec<Result<String, QueueError>> {
            let send = |message: Outgoing| {
                if message.body.len() > self.most {
                    return Err(QueueError { message: "too long".to_owned(), transient: false });
                }
                self.taken.lock().unwrap().push(message.body);
                Ok(String::new())
            };
            messages.into_iter().map(send).collect()
        }
        async fn receive(&self, _: usize, _: Duration) -> Result<Vec<Delivery>, QueueError> {
            unreachable!()
        }
        async fn delete(&self, _: &[String]) -> Vec<Result<(), QueueError>> {
            unreachable!()
        }
        async fn extend(&self, _: &[(String, Duration)]) -> Vec<Result<(), QueueError>> {
            unreachable!()
        }
        async fn dead_letter(&self, _: &Delivery, _: BTreeMap<String, String>) -> Result<(), QueueError> {
            unreachable!()
        }
        async fn visibility_timeout(&self) -> Result<Duration, QueueError> {
            unreachable!()
        }
        async fn depth(&self) -> Result<Depth, QueueError> {
            unreachable!()
        }
    }

    async fn tell(most: usize) -> (Result<(), Outcome>, Vec<String>) {
        let queue = Arc::new(Narrow { most, ..Narrow::default() });
        let url = "https://hooks.example.org/a".to_owned();
        let notify = Notify { email: vec!["a@example.org".to_owned()], webhooks: vec![url] };
        let summary = format!("{}\u{ffff}\0{}", "ä".repeat(150), "ä".repeat(25_000));
        let upserts = (0..60).map(|number| {
            let event = Event { uid: number.to_string(), summary: summary.clone(), ..Event::default() };
            (number.to_string(), Found { resource: String::new(), etag: String::new(), event })
        });
        let changes = Changes { upserts: upserts.collect(), created: 60, ..Changes::default() };
        let calendar = Calendar { name: "team", id: "team" };
        let told = notify.tell(&JobQueue::on(queue.clone()), &calendar, 2, &[], &changes).await;
        let taken = queue.taken.lock().unwrap().clone();
        (told, taken)
    }

    #[tokio::test]
    async fn a_change_is_told_however_large_it_is() {
        let (told, jobs) = tell(1 << 20).await;
        assert_eq!((told, jobs.len()), (Ok(()), 2));
        for job in jobs {
            assert!(job.len() < 32_000 && !job.contains('\u{ffff}'), "{}", job.len());
            assert_eq!(job.matches("\"change\":\"new\"").count(), NAMED);
            assert!(job.contains(&format!("{}\\u0000{}…\"", "ä".repeat(150), "ä".repeat(49))), "{job}");
        }
        // Where not even that is taken, the number is.
        let (told, jobs) = tell(1000).await;
        assert_eq!((told, jobs.len()), (Ok(()), 2));
        for job in jobs {
            assert!(job.contains(r#""total":60,"events":[]"#), "{job}");
        }
        let (told, jobs) = tell(10).await;
        assert!(matches!(told, Err(Outcome::Retry { error, .. }) if error.contains("too long")) && jobs.is_empty());
    }
}
