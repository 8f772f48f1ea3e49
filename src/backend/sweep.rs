//! The sweep of live state: reading all that stacks want or own.

use std::collections::{BTreeMap, BTreeSet};

use crate::backend::aws::Aws;
use crate::error::AwsError;
use crate::kind::{Found, KINDS, Sweep};
use crate::model::Stack;

impl Aws {
    /// Reads all that a stack wants or owns, every kind side by side.
    ///
    /// # Errors
    /// When any call fails for good.
    pub async fn sweep(&self, stack: &Stack) -> Result<Vec<Found>, AwsError> {
        self.sweep_together(&[stack]).await
    }

    /// Does the same for several stacks, in their order. They are read together, nothing twice; where that fails each
    /// is read by itself, for what cannot be read of one must not stop the others.
    pub async fn sweep_all(&self, stacks: &[&Stack]) -> Vec<Result<Vec<Found>, AwsError>> {
        let alone = async |stack: &&Stack| self.afresh().sweep(stack).await;
        if stacks.len() < 2 {
            return futures::future::join_all(stacks.iter().map(alone)).await;
        }
        match self.afresh().sweep_together(stacks).await {
            Ok(found) => stacks.iter().map(|stack| Ok(self.share(stack, &found))).collect(),
            // Nobody answered: nobody would the second time.
            Err(error) if error.code.is_none() => stacks.iter().map(|_| Err(error.clone())).collect(),
            Err(error) => {
                tracing::debug!(%error, "the stacks are read one by one");
                futures::future::join_all(stacks.iter().map(alone)).await
            }
        }
    }

    async fn sweep_together(&self, stacks: &[&Stack]) -> Result<Vec<Found>, AwsError> {
        self.sweep_kinds(|kind| self.sweep_of(stacks, kind)).await
    }

    /// Reads what is looked for of each kind, side by side.
    ///
    /// # Errors
    /// When any call fails for good.
    pub(super) async fn sweep_kinds(&self, sweep_of: impl Fn(&'static str) -> Sweep) -> Result<Vec<Found>, AwsError> {
        let sweeps = KINDS.iter().filter_map(|kind| {
            let sweep = sweep_of(kind.name());
            kind.live().map(|live| async move {
                if self.passes_over(kind.name()).await {
                    return Ok(Vec::new());
                }
                match live.read(self, &sweep).await {
                    // An emulator of queues alone is a fine place for a stack of queues alone.
                    Err(error) if !self.lists_every_tag() && sweep.names().is_empty() => {
                        tracing::debug!(kind = kind.name(), %error, "the endpoint does not answer for this kind");
                        Ok(Vec::new())
                    }
                    read => read,
                }
            })
        });
        Ok(futures::future::try_join_all(sweeps).await?.into_iter().flatten().collect())
    }

    /// Tells what is looked for of one kind.
    fn sweep_of(&self, stacks: &[&Stack], kind: &'static str) -> Sweep {
        let mut wanted = BTreeMap::<String, BTreeSet<String>>::new();
        for stack in stacks {
            let named = stack.of_kind(kind);
            let names = named.map(|resource| resource.name_in(self.region()));
            // Two files may describe one stack.
            wanted.entry(stack.name.clone()).or_default().extend(names);
        }
        Sweep::of_stacks(wanted)
    }

    /// Takes what one stack wants or owns from what was found for several.
    fn share(&self, stack: &Stack, found: &[Found]) -> Vec<Found> {
        let sweeps = KINDS.iter().map(|kind| (kind.name(), self.sweep_of(&[stack], kind.name())));
        let sweeps: BTreeMap<&str, Sweep> = sweeps.collect();
        let its = found.iter().filter(|one| sweeps.get(one.kind.name()).is_some_and(|sweep| sweep.keeps(one)));
        its.cloned().collect()
    }
}
