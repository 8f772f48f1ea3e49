//! What is asked once a sweep, whichever kinds need it: the tagging API, and lists that several kinds go by.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::sync::Arc;

use tokio::sync::OnceCell;

use super::aws::Aws;
use crate::error::AwsError;
use crate::kind::{KINDS, Sweep};

/// Resource types that a stack may have hundreds of: the tagging API is asked for each by itself, and for all others at
/// once.
const NUMEROUS: &[&str] = &["sqs", "cloudwatch:alarm"];

/// The one of them that an emulator is asked for by itself: there few requests count for more than small answers.
const MOST_NUMEROUS: &[&str] = &["sqs"];

/// The most values of a tag that the tagging API takes at once.
/// <https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_TagFilter.html>
pub const TAG_VALUES: usize = 20;

/// Tags by ARN.
pub type Tagged = BTreeMap<String, BTreeMap<String, String>>;

/// What was read, by resource type.
pub(super) type Once = Arc<BTreeMap<&'static str, OfType>>;

/// What was read of one resource type.
#[derive(Default)]
pub(super) struct OfType {
    /// What the tagging API knows of the stacks.
    tagged: OnceCell<Tagged>,
    /// The ARNs that the service lists.
    listed: OnceCell<BTreeSet<String>>,
}

/// Nothing was read yet.
pub(super) fn unread() -> Once {
    Arc::new(KINDS.iter().map(|kind| (kind.tag_type(), OfType::default())).collect())
}

impl Aws {
    /// Returns what the tagging API knows of one resource type, and maybe of others, to belong to whom a sweep is for,
    /// read once. It discovers; the service's own read confirms.
    ///
    /// # Errors
    /// When AWS does not answer; an endpoint that has no tagging API owns nothing as far as it knows.
    pub async fn tagged(&self, sweep: &Sweep, tag_type: &'static str) -> Result<&Tagged, AwsError> {
        static NONE: Tagged = Tagged::new();
        let apart = if self.lists_every_tag() { NUMEROUS } else { MOST_NUMEROUS };
        let mut types = vec![tag_type];
        if !apart.contains(&tag_type) {
            let others = KINDS.iter().map(|kind| kind.tag_type());
            types = others.filter(|one| !one.is_empty() && !apart.contains(one)).collect();
        }
        // What is asked at once is kept at the first of it.
        let Some(of_types) = types.first().and_then(|first| self.1.get(first)) else { return Ok(&NONE) };
        let owners: Vec<String> = sweep.wanted.keys().cloned().collect();
        let ask = async {
            let asked = owners.chunks(TAG_VALUES).map(|owners| self.with_tag(&sweep.tag, owners, &types));
            Ok(futures::future::try_join_all(asked).await?.into_iter().flatten().collect())
        };
        of_types.tagged.get_or_try_init(|| ask).await
    }

    /// Returns the ARNs that a service lists of one resource type, read once a sweep.
    ///
    /// # Errors
    /// Those of the list.
    pub async fn listed<L>(&self, tag_type: &'static str, list: L) -> Result<&BTreeSet<String>, AwsError>
    where
        L: Future<Output = Result<BTreeSet<String>, AwsError>>,
    {
        static NONE: BTreeSet<String> = BTreeSet::new();
        let Some(of_type) = self.1.get(tag_type) else { return Ok(&NONE) };
        of_type.listed.get_or_try_init(|| list).await
    }

    /// Asks the tagging API for the resources of some types that have a tag with one of these values, at most
    /// `TAG_VALUES`.
    ///
    /// # Errors
    /// When AWS does not answer; an endpoint that has no tagging API has none as far as it knows.
    pub async fn with_tag(&self, key: &str, values: &[String], types: &[&str]) -> Result<Tagged, AwsError> {
        let filter = aws_sdk_resourcegroupstagging::types::TagFilter::builder().key(key);
        let filter = filter.set_values(Some(values.to_vec())).build();
        let types: Vec<String> = types.iter().map(|&one| one.to_owned()).collect();
        let mut tagged = Tagged::new();
        let mut token = None;
        loop {
            let call = self.tagging.get_resources().tag_filters(filter.clone()).resources_per_page(100);
            let call = call.set_resource_type_filters(Some(types.clone())).set_pagination_token(token);
            let page = match self.call("tagging", "GetResources", call.send()).await {
                Ok(page) => page,
                Err(_) if !self.lists_every_tag() => return Ok(tagged),
                Err(error) => return Err(error),
            };
            for mapping in page.resource_tag_mapping_list.unwrap_or_default() {
                let tags = mapping.tags.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value));
                tagged.extend(mapping.resource_arn.map(|arn| (arn, tags.collect())));
            }
            token = page.pagination_token.filter(|token| !token.is_empty());
            if token.is_none() {
                return Ok(tagged);
            }
        }
    }
}
