//! What has to change in the store: what is there, compared with what was found. Pure.

use std::collections::{BTreeMap, BTreeSet};

use crate::digest;
use crate::ical::Event;

/// An event and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The path of its resource on a CalDAV server; empty for an iCalendar file, which is one resource.
    pub resource: String,
    /// The version of that resource.
    pub etag: String,
    /// The event.
    pub event: Event,
}

impl Found {
    /// Its key in the store: calendar, resource, event, occurrence.
    #[must_use]
    pub fn id(&self, calendar: &str) -> String {
        digest([calendar, &self.resource, &self.event.uid, &self.event.recurrence_id])
    }
}

/// What the store knows of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Its key.
    pub id: String,
    /// The path of its resource.
    pub resource: String,
    /// The version of that resource.
    pub etag: String,
    /// Names what it says.
    pub digest: String,
    /// What it is called.
    pub summary: String,
    /// When it starts.
    pub starts: String,
}

/// How much was looked at: what was not found there is gone.
#[derive(Clone, Copy, Debug)]
pub enum Scope<'a> {
    /// The whole calendar.
    All,
    /// These resources.
    Resources(&'a BTreeSet<String>),
}

/// What has to change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// New and changed events, by key.
    pub upserts: BTreeMap<String, Found>,
    /// How many of them are new.
    pub created: usize,
    /// Keys of events that are gone.
    pub deletes: Vec<String>,
}

/// Compares.
#[must_use]
pub fn compare(calendar: &str, known: &[Known], found: Vec<Found>, scope: Scope<'_>) -> Changes {
    let by_id: BTreeMap<&str, &Known> = known.iter().map(|one| (one.id.as_str(), one)).collect();
    let mut found: BTreeMap<String, Found> = found.into_iter().map(|one| (one.id(calendar), one)).collect();
    let looked_at = |one: &&Known| match scope {
        Scope::All => true,
        Scope::Resources(resources) => resources.contains(&one.resource),
    };
    let gone = known.iter().filter(looked_at).filter(|one| !found.contains_key(&one.id));
    let deletes = gone.map(|one| one.id.clone()).collect();
    let created = found.keys().filter(|id| !by_id.contains_key(id.as_str())).count();
    found.retain(|id, one| {
        by_id.get(id.as_str()).is_none_or(|known| known.digest != one.event.digest || known.etag != one.etag)
    });
    Changes { upserts: found, created, deletes }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(resource: &str, etag: &str, uid: &str, digest: &str) -> Found {
        let event = Event { uid: uid.to_owned(), digest: digest.to_owned(), ..Event::default() };
        Found { resource: resource.to_owned(), etag: etag.to_owned(), event }
    }

    fn known(of: &[Found]) -> Vec<Known> {
        let known = of.iter().map(|one| Known {
            id: one.id("c"),
            resource: one.resource.clone(),
            etag: one.etag.clone(),
            digest: one.event.digest.clone(),
            summary: String::new(),
            starts: String::new(),
        });
        known.collect()
    }

    #[test]
    fn only_what_differs_changes() {
        let before = [found("/a", "1", "a", "x"), found("/b", "1", "b", "x"), found("/c", "1", "c", "x")];
        let now = vec![found("/a", "1", "a", "x"), found("/b", "2", "b", "y"), found("/d", "1", "d", "x")];
        let changes = compare("c", &known(&before), now.clone(), Scope::All);
        assert_eq!(changes.upserts.keys().collect::<BTreeSet<_>>(), BTreeSet::from([&now[1].id("c"), &now[2].id("c")]));
        assert_eq!((changes.created, changes.deletes), (1, vec![before[2].id("c")]));
        assert_eq!(compare("c", &known(&now), now, Scope::All), Changes::default());
    }

    #[test]
    fn what_was_not_looked_at_stays() {
        let before = [found("/a", "1", "a", "x"), found("/a", "1", "a2", "x"), found("/b", "1", "b", "x")];
        let looked_at = BTreeSet::from(["/a".to_owned()]);
        let changes = compare("c", &known(&before), vec![found("/a", "2", "a", "x")], Scope::Resources(&looked_at));
        assert_eq!(changes.upserts.len(), 1);
        assert_eq!(changes.deletes, [before[1].id("c")]);
    }
}
