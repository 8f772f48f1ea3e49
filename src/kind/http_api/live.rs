//! The API's face towards API Gateway.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use aws_sdk_apigatewayv2::types::{Api, ProtocolType};

use super::convert::{reported, to_access_log, to_cors, to_throttle};
use super::parts::{self, GONE, STAGE};
use super::permission;
use super::reconcile::{Reconcile, patience};
use super::{ACCESS_LOG, AUTO_DEPLOY, CORS, DESCRIPTION, DISABLE_DEFAULT_ENDPOINT, HttpApi, ROUTES, THROTTLE, id};
use crate::backend::aws::Aws;
use crate::error::{AwsError, fine_when};
use crate::expand::ADDRESS_TAG;
use crate::kind::{Desired, Facts, Found, Kind, Live, Row, Sweep, function, tag_changes};
use crate::model::{Address, Fact};
use crate::plan::Change;

type Tags = BTreeMap<String, String>;

#[async_trait]
impl Live for HttpApi {
    /// `GetApis` reads all with their tags. The parts of those that are looked for are read besides, three calls an
    /// API and one a function: an account without any costs one call.
    async fn read(&self, aws: &Aws, sweep: &Sweep) -> Result<Vec<Found>, AwsError> {
        let listed = with_tags(aws, list(aws).await?).await?;
        let read =
            |aws: Aws, (name, api, tags): (String, Api, Tags)| async move { read_one(&aws, name, api, tags).await };
        aws.each(identify(listed, sweep), read).await
    }

    /// APIs belong to the functions that they may invoke: the functions' policies name them.
    async fn belonging(&self, aws: &Aws, found: &[Found]) -> Result<BTreeSet<String>, AwsError> {
        let functions = found.iter().filter(|one| one.kind.name() == function::Function.name());
        let policies =
            function::permission::read(aws, permission::PRINCIPAL, functions.map(|one| one.arn.clone())).await?;
        let ids: BTreeSet<&str> = policies.values().flatten().filter_map(permission::api_of).collect();
        if ids.is_empty() {
            return Ok(BTreeSet::new());
        }
        let named = list(aws).await?.into_iter().filter(|api| api.api_id().is_some_and(|id| ids.contains(id)));
        Ok(named.filter_map(|api| api.name).collect())
    }

    /// The tags come with the first call: what an interrupted apply left out is an update of the next plan.
    async fn create(&self, aws: &Aws, desired: &Desired) -> Result<Facts, AwsError> {
        let create = || {
            let call = aws.api_gateway().create_api().name(&desired.name).protocol_type(ProtocolType::Http);
            let call = call.set_description(text(desired, &DESCRIPTION)).set_cors_configuration(to_cors(desired));
            let call = call.set_disable_execute_api_endpoint(desired.get(&DISABLE_DEFAULT_ENDPOINT).as_bool());
            let call = call.set_tags(Some(desired.tags.clone().into_iter().collect()));
            aws.call("apigatewayv2", "CreateApi", call.send())
        };
        let made = aws.patiently(patience(&desired.address), create).await?;
        let api = made.api_id.unwrap_or_default();
        Reconcile { aws, api: &api, desired }.create().await?;
        // The last: what it deploys is there.
        create_stage(aws, desired, &api).await?;
        Ok(made.api_endpoint.map(|url| (Fact::Url, url)).into_iter().collect())
    }

    async fn update(&self, aws: &Aws, desired: &Desired, found: &Found, changes: &[Change]) -> Result<(), AwsError> {
        let differs = |row: &Row| changes.iter().any(|change| !change.is_tag() && change.key == row.key);
        let api = id(&found.arn);
        if differs(&CORS) && to_cors(desired).is_none() {
            let call = aws.api_gateway().delete_cors_configuration().api_id(api);
            fine_when(GONE, aws.call("apigatewayv2", "DeleteCorsConfiguration", call.send()).await)?;
        }
        if differs(&DESCRIPTION) || differs(&DISABLE_DEFAULT_ENDPOINT) || differs(&CORS) {
            update_api(aws, desired, api).await?;
        }
        if differs(&ROUTES) {
            Reconcile { aws, api, desired }.update().await?;
        }
        if differs(&ACCESS_LOG) && to_access_log(desired).is_none() {
            let call = aws.api_gateway().delete_access_log_settings().api_id(api).stage_name(STAGE);
            fine_when(GONE, aws.call("apigatewayv2", "DeleteAccessLogSettings", call.send()).await)?;
        }
        if differs(&THROTTLE) || differs(&ACCESS_LOG) || differs(&AUTO_DEPLOY) {
            put_stage(aws, desired, api).await?;
        }
        let (set, removed) = tag_changes(desired, found, changes);
        if !set.is_empty() {
            let call = aws.api_gateway().tag_resource().resource_arn(&found.arn);
            let call = call.set_tags(Some(set.into_iter().collect()));
            aws.call("apigatewayv2", "TagResource", call.send()).await?;
        }
        if !removed.is_empty() {
            let call = aws.api_gateway().untag_resource().resource_arn(&found.arn).set_tag_keys(Some(removed));
            aws.call("apigatewayv2", "UntagResource", call.send()).await?;
        }
        Ok(())
    }

    /// Its permissions go first: on functions that stay, nothing else would find them again.
    async fn delete(&self, aws: &Aws, found: &Found, _consent: bool) -> Result<(), AwsError> {
        let logical = found.tags.get(ADDRESS_TAG).and_then(|tag| tag.split_once('.')).map(|(_, name)| name);
        let address = Address::new(self.name(), logical.unwrap_or(&found.name));
        let api = id(&found.arn);
        let parts = parts::read(aws, api).await?;
        permission::forget(aws, api, parts.functions(), &address).await?;
        let delete = || aws.call("apigatewayv2", "DeleteApi", aws.api_gateway().delete_api().api_id(api).send());
        fine_when(GONE, aws.patiently(patience(&address), delete).await)
    }
}

/// Lists the HTTP APIs of the account.
async fn list(aws: &Aws) -> Result<Vec<Api>, AwsError> {
    let mut apis = Vec::new();
    let mut token = None;
    loop {
        let call = aws.api_gateway().get_apis().max_results("500").set_next_token(token);
        let page = aws.call("apigatewayv2", "GetApis", call.send()).await?;
        let http = page.items.unwrap_or_default().into_iter();
        apis.extend(http.filter(|api| api.protocol_type() == Some(&ProtocolType::Http)));
        token = page.next_token.filter(|token| !token.is_empty());
        if token.is_none() {
            return Ok(apis);
        }
    }
}

/// Takes the tags that the list has; an endpoint that is not AWS may list those of the creation alone, and is asked.
async fn with_tags(aws: &Aws, apis: Vec<Api>) -> Result<Vec<(Api, Tags)>, AwsError> {
    if aws.lists_every_tag() {
        let with = |mut api: Api| (api.tags.take().unwrap_or_default().into_iter().collect(), api);
        return Ok(apis.into_iter().map(with).map(|(tags, api)| (api, tags)).collect());
    }
    if apis.is_empty() {
        return Ok(Vec::new());
    }
    let place = aws.place().await?.clone();
    let read = |aws: Aws, api: Api| {
        let arn = HttpApi.arn(api.api_id().unwrap_or_default(), &place);
        async move {
            match aws.call("apigatewayv2", "GetTags", aws.api_gateway().get_tags().resource_arn(arn).send()).await {
                // Deleted between two calls.
                Err(error) if error.is(GONE) => Ok(None),
                other => Ok(Some((api, Tags::from_iter(other?.tags.unwrap_or_default())))),
            }
        }
    };
    aws.each(apis, read).await
}

/// Names what is looked for. Of several with one name the one that a stack owns has it, and the oldest of those;
/// further ones that are owned get their id into their name, so that nothing wants them.
fn identify(listed: Vec<(Api, Tags)>, sweep: &Sweep) -> Vec<(String, Api, Tags)> {
    let mut open: Vec<(String, Api, Tags)> =
        listed.into_iter().filter_map(|(api, tags)| Some((api.name.clone()?, api, tags))).collect();
    open.sort_by_key(|(name, api, tags)| {
        let age = api.created_date().map(|time| (time.secs(), time.subsec_nanos()));
        (name.clone(), !sweep.owns(tags), age, api.api_id.clone())
    });
    let mut last: Option<String> = None;
    let named = open.into_iter().filter_map(|(name, api, tags)| {
        let first = last.replace(name.clone()).as_ref() != Some(&name);
        let owned = sweep.owns(&tags);
        if first {
            return (sweep.wants(&name) || owned).then_some((name, api, tags));
        }
        owned.then(|| (format!("{name} ({})", api.api_id().unwrap_or_default()), api, tags))
    });
    named.collect()
}

async fn read_one(aws: &Aws, name: String, api: Api, tags: Tags) -> Result<Option<Found>, AwsError> {
    let id = api.api_id.clone().unwrap_or_default();
    let (parts, stage) = futures::try_join!(parts::read(aws, &id), parts::stage(aws, &id))?;
    let policies = function::permission::read(aws, permission::PRINCIPAL, parts.functions()).await?;
    let place = aws.place().await?;
    Ok(Some(Found {
        kind: &HttpApi,
        name,
        arn: HttpApi.arn(&id, place),
        attributes: reported(&api, stage.as_ref(), parts.in_rows(&id, &policies)),
        tags,
        facts: api.api_endpoint.map(|url| (Fact::Url, url)).into_iter().collect(),
        holds: None,
    }))
}

async fn update_api(aws: &Aws, desired: &Desired, api: &str) -> Result<(), AwsError> {
    let update = || {
        let call = aws.api_gateway().update_api().api_id(api).set_cors_configuration(to_cors(desired));
        let call = call.description(text(desired, &DESCRIPTION).unwrap_or_default());
        let call = call.set_disable_execute_api_endpoint(desired.get(&DISABLE_DEFAULT_ENDPOINT).as_bool());
        aws.call("apigatewayv2", "UpdateApi", call.send())
    };
    aws.patiently(patience(&desired.address), update).await.map(drop)
}

/// Puts the stage right; one that is not there is made.
async fn put_stage(aws: &Aws, desired: &Desired, api: &str) -> Result<(), AwsError> {
    let update = || {
        let call = aws.api_gateway().update_stage().api_id(api).stage_name(STAGE);
        let call = call.set_auto_deploy(desired.get(&AUTO_DEPLOY).as_bool());
        let call = call.default_route_settings(to_throttle(desired)).set_access_log_settings(to_access_log(desired));
        aws.call("apigatewayv2", "UpdateStage", call.send())
    };
    match aws.patiently(patience(&desired.address), update).await {
        Err(error) if error.is(GONE) => create_stage(aws, desired, api).await,
        other => other.map(drop),
    }
}

async fn create_stage(aws: &Aws, desired: &Desired, api: &str) -> Result<(), AwsError> {
    let create = || {
        let call = aws.api_gateway().create_stage().api_id(api).stage_name(STAGE);
        let call = call.set_auto_deploy(desired.get(&AUTO_DEPLOY).as_bool());
        let call = call.default_route_settings(to_throttle(desired)).set_access_log_settings(to_access_log(desired));
        aws.call("apigatewayv2", "CreateStage", call.send())
    };
    aws.patiently(patience(&desired.address), create).await.map(drop)
}

fn text(desired: &Desired, row: &Row) -> Option<String> {
    desired.get(row).as_text().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expand::STACK_TAG;
    use aws_sdk_apigatewayv2::primitives::DateTime;

    fn api(name: &str, id: &str, seconds: i64, stack: Option<&str>) -> (Api, Tags) {
        let api = Api::builder().name(name).api_id(id).created_date(DateTime::from_secs(seconds)).build();
        (api, stack.map(|stack| (STACK_TAG.to_owned(), stack.to_owned())).into_iter().collect())
    }

    fn named(listed: Vec<(Api, Tags)>) -> Vec<String> {
        let sweep = Sweep::of_stacks([("mine".to_owned(), BTreeSet::from(["api".to_owned()]))].into());
        identify(listed, &sweep).into_iter().map(|(name, api, _)| format!("{name}={}", api.api_id.unwrap())).collect()
    }

    #[test]
    fn of_several_with_one_name_the_stacks_own_is_meant() {
        let stranger = || api("api", "a", 1, None);
        assert_eq!(named(vec![stranger()]), ["api=a"], "a conflict, or adopted");
        assert_eq!(named(vec![stranger(), api("api", "b", 2, Some("mine"))]), ["api=b"]);
        assert_eq!(named(vec![stranger(), api("api", "b", 2, Some("other"))]), ["api=a"]);
        assert_eq!(named(vec![api("gone", "c", 3, Some("mine")), api("else", "d", 3, None)]), ["gone=c"]);
    }

    #[test]
    fn one_that_was_made_twice_is_left_to_a_delete() {
        let twice = vec![api("api", "young", 2, Some("mine")), api("api", "old", 1, Some("mine"))];
        assert_eq!(named(twice), ["api=old", "api (young)=young"]);
    }
}
