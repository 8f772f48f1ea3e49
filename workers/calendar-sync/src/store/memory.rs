//! Events in memory: what a worker has that was given no store.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{State, Update};
use crate::changes::Known;

/// How many events are remembered. With more, the calendar that was synchronised the longest time ago is forgotten: its
/// next sync is a first one.
const EVENTS: usize = 100_000;

/// Calendars in the memory of this process. Nobody else can read them, so that there is what a comparison needs.
#[derive(Debug, Default)]
pub struct Memory {
    calendars: Mutex<HashMap<String, Kept>>,
}

#[derive(Debug, Default)]
struct Kept {
    state: State,
    events: BTreeMap<String, Known>,
    /// Counts the syncs of all calendars.
    at: u64,
}

impl Memory {
    fn calendars(&self) -> MutexGuard<'_, HashMap<String, Kept>> {
        // Nothing below panics halfway.
        self.calendars.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All events, of whatever calendar.
    #[must_use]
    pub fn events(&self) -> Vec<Known> {
        self.calendars().values().flat_map(|kept| kept.events.values().cloned()).collect()
    }

    pub(super) fn state(&self, calendar: &str) -> State {
        self.calendars().get(calendar).map(|kept| kept.state.clone()).unwrap_or_default()
    }

    pub(super) fn known(&self, calendar: &str) -> Vec<Known> {
        let calendars = self.calendars();
        calendars.get(calendar).into_iter().flat_map(|kept| kept.events.values().cloned()).collect()
    }

    pub(super) fn apply(&self, update: &Update<'_>) -> bool {
        self.apply_within(EVENTS, update)
    }

    fn apply_within(&self, most: usize, update: &Update<'_>) -> bool {
        let Update { calendar, before, after, changes } = update;
        let mut calendars = self.calendars();
        let at = calendars.values().map(|kept| kept.at).max().unwrap_or_default() + 1;
        let kept = calendars.entry(calendar.id.to_owned()).or_default();
        if kept.state.version != before.version {
            return false;
        }
        (kept.state, kept.at) = (State { version: before.version + 1, ..(*after).clone() }, at);
        for id in &changes.deletes {
            kept.events.remove(id);
        }
        kept.events.extend(changes.upserts.iter().map(|(id, found)| (id.clone(), found.known(id))));
        while calendars.values().map(|kept| kept.events.len()).sum::<usize>() > most && calendars.len() > 1 {
            let oldest = calendars.iter().min_by_key(|(_, kept)| kept.at).map(|(id, _)| id.clone());
            oldest.map(|id| calendars.remove(&id));
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::changes::{Changes, Found};
    use crate::ical::Event;
    use crate::store::Calendar;

    #[test]
    fn what_was_synchronised_the_longest_time_ago_is_forgotten() {
        let memory = Memory::default();
        let sync = |id: &str, events: usize| {
            let found = || Found { resource: String::new(), etag: String::new(), event: Event::default() };
            let upserts = (0..events).map(|number| (format!("{id}{number}"), found())).collect();
            let before = memory.state(id);
            let changes = Changes { upserts, ..Changes::default() };
            let (calendar, after) = (Calendar { name: id, id }, &State::default());
            memory.apply_within(5, &Update { calendar, before: &before, after, changes: &changes })
        };
        assert!(sync("a", 2) && sync("b", 2) && sync("a", 1) && memory.events().len() == 4);
        assert!(sync("c", 2), "b is the oldest");
        assert_eq!(
            ["a", "b", "c"].map(|id| (memory.state(id).version, memory.known(id).len())),
            [(2, 2), (0, 0), (1, 2)]
        );
        assert!(sync("d", 9), "one calendar may have more");
        assert_eq!((memory.events().len(), memory.state("d").version), (9, 1));
    }
}
