//! Finding what belongs together without a stack that says so, for import.

use std::collections::{BTreeMap, BTreeSet};

use super::aws::Aws;
use crate::error::AwsError;
use crate::kind::{Found, KINDS, Sweep};

/// Physical names by kind.
pub type Names = BTreeMap<&'static str, BTreeSet<String>>;

impl Aws {
    /// Names the resources of every kind that have a tag, as far as the tagging API knows them.
    ///
    /// # Errors
    /// When a call fails for good.
    pub async fn names_with_tag(&self, key: &str, value: &str) -> Result<Names, AwsError> {
        let kinds = KINDS.iter().filter(|kind| !kind.tag_type().is_empty());
        let asked = kinds.map(|kind| async move {
            let tagged = self.with_tag(key, &[value.to_owned()], &[kind.tag_type()]).await?;
            let names = tagged.keys().filter_map(|arn| kind.name_in_arn(arn)).map(str::to_owned);
            Ok::<_, AwsError>((kind.name(), names.collect::<BTreeSet<_>>()))
        });
        let named = futures::future::try_join_all(asked).await?;
        Ok(named.into_iter().filter(|(_, names)| !names.is_empty()).collect())
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
            let sweep = Sweep([(stack.to_owned(), names.clone())].into());
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
