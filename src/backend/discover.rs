//! Finding what belongs together without a stack that says so, for import.

use std::collections::{BTreeMap, BTreeSet};

use super::aws::Aws;
use crate::error::AwsError;
use crate::kind::{Found, KINDS, Sweep};

/// Physical names by kind.
pub type Names = BTreeMap<&'static str, BTreeSet<String>>;

impl Aws {
    /// Names the resources of every kind that have a tag.
    ///
    /// # Errors
    /// When a call fails for good.
    pub async fn names_with_tag(&self, key: &str, value: &str) -> Result<Names, AwsError> {
        let mut names = Names::new();
        for one in self.afresh().sweep_kinds(|_| Sweep::of_tag(key, value)).await? {
            names.entry(one.kind.name()).or_default().insert(one.name);
        }
        Ok(names)
    }

    /// Reads the named resources that exist and all that belongs to them, whoever owns it.
    ///
    /// # Errors
    /// When a call fails for good.
    pub async fn discover(&self, stack: &str, seeds: Names) -> Result<Vec<Found>, AwsError> {
        let mut all = Vec::new();
        let mut asked = Names::new();
        let mut wanted = seeds;
        loop {
            for (kind, names) in &mut wanted {
                let asked = asked.entry(*kind).or_default();
                names.retain(|name| asked.insert(name.clone()));
            }
            wanted.retain(|_, names| !names.is_empty());
            let fresh = self.read_named(stack, &wanted).await?;
            if fresh.is_empty() {
                return Ok(all);
            }
            wanted = self.belonging(&fresh).await?;
            all.extend(fresh);
        }
    }

    /// Reads the named resources that exist, whoever owns them, and nothing else.
    ///
    /// # Errors
    /// When a call fails for good.
    pub async fn read_named(&self, stack: &str, wanted: &Names) -> Result<Vec<Found>, AwsError> {
        let reads = KINDS.iter().filter_map(|kind| {
            let (live, names) = (kind.live()?, wanted.get(kind.name())?);
            let sweep = Sweep::of_stacks([(stack.to_owned(), names.clone())].into());
            Some(async move {
                if self.passes_over(kind.name()).await {
                    return Ok(Vec::new());
                }
                let found = live.read(self, &sweep).await?;
                // A sweep brings what the stack owns too, if there is one of this name.
                Ok::<_, AwsError>(found.into_iter().filter(|one| sweep.wants(&one.name)).collect::<Vec<_>>())
            })
        });
        Ok(futures::future::try_join_all(reads).await?.into_iter().flatten().collect())
    }

    async fn belonging(&self, fresh: &[Found]) -> Result<Names, AwsError> {
        let kinds = KINDS.iter().filter_map(|kind| Some((kind.name(), kind.live()?)));
        let asked = kinds.map(|(name, live)| async move {
            let passed_over = self.passes_over(name).await;
            Ok((name, if passed_over { BTreeSet::new() } else { live.belonging(self, fresh).await? }))
        });
        let names: Vec<_> = futures::future::try_join_all(asked).await?;
        Ok(names.into_iter().collect())
    }
}
