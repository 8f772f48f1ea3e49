//! What has to change in the store: what is there, compared with what was found. Pure.

use std::collections::{BTreeMap, BTreeSet};

use crate::digest;
use crate::ical::Event;

/// The longest name, path, version, rule, zone and status that is kept, in bytes: less than the 64 KiB of MariaDB's `TEXT`.
pub const LONGEST: usize = 16 << 10;

/// The longest component that databases keep, in bytes: less than the 16 MiB that MariaDB takes in one packet.
pub const LONGEST_COMPONENT: usize = 8 << 20;

/// An event and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The [name](crate::dav::name) of its resource on a CalDAV server; empty for an iCalendar file, which is one resource.
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

    /// What is known of it once it is stored.
    #[must_use]
    pub fn known(&self, id: &str) -> Known {
        Known {
            id: id.to_owned(),
            resource: self.resource.clone(),
            etag: self.etag.clone(),
            digest: self.event.digest.clone(),
            summary: self.event.summary.clone(),
            starts: self.event.starts.clone(),
        }
    }

    /// Tells whether a store with this longest component can keep it. What is too long is not cut: half a rule is another
    /// rule.
    #[must_use]
    pub fn fits(&self, component: usize) -> bool {
        let Event { uid, zone, rrule, status, .. } = &self.event;
        let texts = [&self.resource, &self.etag, uid, zone, rrule, status];
        texts.iter().all(|text| text.len() <= LONGEST) && self.event.component.len() <= component
    }
}

/// What the store knows of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Its key.
    pub id: String,
    /// The name of its resource.
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
    /// How many events are too long for a store: they stay as they were.
    pub too_long: usize,
}

/// Compares, for a store that keeps components of `longest` bytes.
#[must_use]
pub fn compare(calendar: &str, known: &[Known], found: Vec<Found>, scope: Scope<'_>, longest: usize) -> Changes {
    let by_id: BTreeMap<&str, &Known> = known.iter().map(|one| (one.id.as_str(), one)).collect();
    let mut found: BTreeMap<String, Found> = found.into_iter().map(|one| (one.id(calendar), one)).collect();
    let looked_at = |one: &&Known| match scope {
        Scope::All => true,
        Scope::Resources(resources) => resources.contains(&one.resource),
    };
    let gone = known.iter().filter(looked_at).filter(|one| !found.contains_key(&one.id));
    let deletes = gone.map(|one| one.id.clone()).collect();
    let all = found.len();
    found.retain(|_, one| one.fits(longest));
    let too_long = all - found.len();
    let created = found.keys().filter(|id| !by_id.contains_key(id.as_str())).count();
    found.retain(|id, one| {
        by_id.get(id.as_str()).is_none_or(|known| known.digest != one.event.digest || known.etag != one.etag)
    });
    Changes { upserts: found, created, deletes, too_long }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(resource: &str, etag: &str, uid: &str, digest: &str) -> Found {
        let event = Event { uid: uid.to_owned(), digest: digest.to_owned(), ..Event::default() };
        Found { resource: resource.to_owned(), etag: etag.to_owned(), event }
    }

    fn known(of: &[Found]) -> Vec<Known> {
        of.iter().map(|one| one.known(&one.id("c"))).collect()
    }

    #[test]
    fn only_what_differs_changes() {
        let before = [found("/a", "1", "a", "x"), found("/b", "1", "b", "x"), found("/c", "1", "c", "x")];
        let now = vec![found("/a", "1", "a", "x"), found("/b", "2", "b", "y"), found("/d", "1", "d", "x")];
        let changes = compare("c", &known(&before), now.clone(), Scope::All, LONGEST_COMPONENT);
        assert_eq!(changes.upserts.keys().collect::<BTreeSet<_>>(), BTreeSet::from([&now[1].id("c"), &now[2].id("c")]));
        assert_eq!((changes.created, changes.deletes), (1, vec![before[2].id("c")]));
        assert_eq!(compare("c", &known(&now), now, Scope::All, LONGEST_COMPONENT), Changes::default());
    }

    #[test]
    fn what_is_too_long_stays_as_it_was() {
        let before = [found("/a", "1", "a", "x")];
        let long = |set: fn(&mut Found)| {
            let mut one = found("/a", "2", "a", "y");
            set(&mut one);
            compare("c", &known(&before), vec![one], Scope::All, LONGEST_COMPONENT)
        };
        let sets: [fn(&mut Found); 4] = [
            |one| one.etag = "e".repeat(LONGEST + 1),
            |one| one.event.rrule = "r".repeat(LONGEST + 1),
            |one| one.event.status = "s".repeat(LONGEST + 1),
            |one| one.event.component = "c".repeat(LONGEST_COMPONENT + 1),
        ];
        for set in sets {
            assert_eq!(long(set), Changes { too_long: 1, ..Changes::default() });
        }
        let sets: [fn(&mut Found); 2] =
            [|one| one.resource = "r".repeat(LONGEST + 1), |one| one.event.uid = "u".repeat(LONGEST + 1)];
        for set in sets {
            let changes = long(set);
            assert_eq!((changes.upserts.len(), changes.created, changes.too_long), (0, 0, 1));
        }
        assert_eq!(long(|one| one.event.zone = "z".repeat(LONGEST)).upserts.len(), 1);
    }

    #[test]
    fn what_was_not_looked_at_stays() {
        let before = [found("/a", "1", "a", "x"), found("/a", "1", "a2", "x"), found("/b", "1", "b", "x")];
        let looked_at = BTreeSet::from(["/a".to_owned()]);
        let changes = compare(
            "c",
            &known(&before),
            vec![found("/a", "2", "a", "x")],
            Scope::Resources(&looked_at),
            LONGEST_COMPONENT,
        );
        assert_eq!(changes.upserts.len(), 1);
        assert_eq!(changes.deletes, [before[1].id("c")]);
    }
}
