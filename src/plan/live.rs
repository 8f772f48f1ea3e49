//! What was found in the account, ready to be asked by name and by address.

use std::collections::BTreeMap;

use super::owner;
use crate::expand::ADDRESS_TAG;
use crate::kind::Found;
use crate::model::{Address, Fact, Stack};

/// What was found, by name; and what is ours of it, by the address that its tag says.
pub(super) struct Live {
    pub(super) by_name: BTreeMap<(&'static str, String), Found>,
    by_address: BTreeMap<String, (&'static str, String)>,
}

impl Live {
    pub(super) fn new(found: Vec<Found>, stack: &str) -> Live {
        let key = |one: &Found| (one.kind.name(), one.name.clone());
        let owned = found.iter().filter(|one| owner(&one.tags).is_some_and(|owner| owner == stack));
        let tagged = owned.filter_map(|one| Some((one.tags.get(ADDRESS_TAG)?.clone(), key(one))));
        Live { by_address: tagged.collect(), by_name: found.into_iter().map(|one| (key(&one), one)).collect() }
    }

    pub(super) fn get(&self, kind: &'static str, name: &str) -> Option<&Found> {
        self.by_name.get(&(kind, name.to_owned()))
    }

    /// What the stack made under this address, by its tag.
    pub(super) fn at(&self, address: &Address) -> Option<&Found> {
        self.by_name.get(self.by_address.get(&address.to_string())?)
    }

    /// The URLs of the stack's resources that exist.
    pub(super) fn urls(&self, stack: &Stack) -> BTreeMap<Address, String> {
        let known = stack.resources.values().filter_map(|resource| {
            let found = self.get(resource.address.kind, resource.physical_name())?;
            Some((resource.address.clone(), found.facts.get(&Fact::Url)?.clone()))
        });
        known.collect()
    }
}
