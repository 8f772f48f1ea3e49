//! Events in memory: what a worker has that was given no store.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Calendar, State};
use crate::changes::{Changes, Found, Known};

/// Calendars in the memory of this process.
#[derive(Debug, Default)]
pub struct Memory {
    calendars: Mutex<HashMap<String, Kept>>,
}

#[derive(Debug, Default)]
struct Kept {
    state: State,
    events: BTreeMap<String, Found>,
}

impl Memory {
    fn calendars(&self) -> MutexGuard<'_, HashMap<String, Kept>> {
        // Nothing below panics halfway.
        self.calendars.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All events, of whatever calendar.
    #[must_use]
    pub fn events(&self) -> Vec<Found> {
        self.calendars().values().flat_map(|kept| kept.events.values().cloned()).collect()
    }

    pub(super) fn state(&self, calendar: &str) -> State {
        self.calendars().get(calendar).map(|kept| kept.state.clone()).unwrap_or_default()
    }

    pub(super) fn known(&self, calendar: &str) -> Vec<Known> {
        let calendars = self.calendars();
        let events = calendars.get(calendar).into_iter().flat_map(|kept| &kept.events);
        events.map(|(id, found)| found.known(id)).collect()
    }

    pub(super) fn apply(&self, calendar: &Calendar<'_>, before: &State, after: &State, changes: &Changes) -> bool {
        let mut calendars = self.calendars();
        let kept = calendars.entry(calendar.id.to_owned()).or_default();
        if kept.state.version != before.version {
            return false;
        }
        kept.state = State { version: before.version + 1, ..after.clone() };
        for id in &changes.deletes {
            kept.events.remove(id);
        }
        kept.events.extend(changes.upserts.iter().map(|(id, found)| (id.clone(), found.clone())));
        true
    }
}
