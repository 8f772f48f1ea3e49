//! From the routes that are there to those that should be: whatever is there, and wherever an earlier apply stopped.

use std::collections::BTreeSet;

use aws_sdk_apigatewayv2::types::{AuthorizationType, Integration, IntegrationType, Route};

use super::parts::{self, GONE, Parts};
use super::permission::{self, PRINCIPAL, Policies, Statement};
use super::{AUTHORIZATION, FUNCTION, PAYLOAD, PERMISSION, ROUTE, ROUTES, TIMEOUT, route};
use crate::backend::aws::{Aws, Patience};
use crate::error::{AwsError, fine_when};
use crate::kind::{Desired, Row, function};
use crate::model::Address;
use crate::value::Value;

/// One route as it should be.
struct Wanted {
    key: String,
    function: String,
    timeout: i32,
    authorization: AuthorizationType,
    payload: String,
    permission: bool,
}

impl Wanted {
    fn of(item: &Value) -> Wanted {
        let get = |row: &Row| item.get(row.key);
        let seconds = get(&TIMEOUT).as_int().and_then(|seconds| i32::try_from(seconds).ok()).unwrap_or(30);
        Wanted {
            key: get(&ROUTE).plain(),
            function: get(&FUNCTION).plain(),
            timeout: seconds * 1_000,
            authorization: AuthorizationType::from(get(&AUTHORIZATION).plain().as_str()),
            payload: get(&PAYLOAD).plain(),
            permission: get(&PERMISSION).as_bool().unwrap_or(true),
        }
    }

    /// Tells whether an integration is what the route invokes.
    fn is(&self, integration: &Integration) -> bool {
        self.invokes(integration)
            && integration.timeout_in_millis() == Some(self.timeout)
            && integration.payload_format_version() == Some(&self.payload)
    }

    fn invokes(&self, integration: &Integration) -> bool {
        parts::function(integration).as_deref() == Some(&self.function)
    }
}

/// An API whose routes are put right.
pub struct Reconcile<'a> {
    pub aws: &'a Aws,
    /// The API's id.
    pub api: &'a str,
    /// What is wanted.
    pub desired: &'a Desired,
}

/// What passes by itself: API Gateway carries out one change of an API at a time.
pub fn patience(address: &Address) -> Patience {
    Patience::new(address).wait_for_text("concurrent modification", "another request changes the API", 60).wait_for(
        &["TooManyRequestsException"],
        "API Gateway takes no more requests for now",
        60,
    )
}

impl Reconcile<'_> {
    /// Makes all routes of an API that was made just now.
    pub async fn create(&self) -> Result<(), AwsError> {
        Box::pin(self.put(Parts::default(), &Policies::new())).await
    }

    /// Changes what differs from what is there.
    pub async fn update(&self) -> Result<(), AwsError> {
        let parts = parts::read(self.aws, self.api).await?;
        let functions = self.wanted().into_iter().filter(|one| one.permission).map(|one| one.function);
        let read = function::permission::read(self.aws, PRINCIPAL, functions.chain(parts.functions())).await?;
        let of_this = |statement: &Statement| permission::api_of(statement) == Some(self.api);
        let there = read.into_iter().map(|(function, all)| (function, all.into_iter().filter(of_this).collect()));
        Box::pin(self.put(parts, &there.collect())).await
    }

    /// What a route needs comes before it, and what only it needed goes after it.
    async fn put(&self, mut parts: Parts, there: &Policies) -> Result<(), AwsError> {
        let wanted = self.wanted();
        let policies = self.policies(&wanted).await?;
        function::permission::add(self.aws, PRINCIPAL, &policies, there, &self.desired.address).await?;
        for one in &wanted {
            let integration = self.integration(one, &mut parts).await?;
            self.route(one, &integration, &mut parts).await?;
        }
        let keys: BTreeSet<&str> = wanted.iter().map(|one| one.key.as_str()).collect();
        let kept = |route: &Route| route.route_key().is_some_and(|key| keys.contains(key));
        for route in parts.routes.extract_if(.., |route| !kept(route)) {
            self.delete_route(route.route_id().unwrap_or_default()).await?;
        }
        for integration in parts.integrations.keys().filter(|id| parts.users(id) == 0) {
            self.delete_integration(integration).await?;
        }
        permission::remove(self.aws, &policies, there, &self.desired.address).await
    }

    fn wanted(&self) -> Vec<Wanted> {
        self.desired.get(&ROUTES).as_list().unwrap_or_default().iter().map(Wanted::of).collect()
    }

    /// The statements that the routes need.
    async fn policies(&self, wanted: &[Wanted]) -> Result<Policies, AwsError> {
        let place = self.aws.place().await?;
        let mut policies = Policies::new();
        for one in wanted.iter().filter(|one| one.permission) {
            let source = place.arn("execute-api", &format!("{}/*{}", self.api, route::resource(&one.key)));
            let statement = Statement { id: route::statement(self.api, &one.key), source };
            policies.entry(one.function.clone()).or_default().insert(statement);
        }
        Ok(policies)
    }

    /// The id of the integration that a route invokes: its own put right, one that an apply left behind, or a new one.
    async fn integration(&self, wanted: &Wanted, parts: &mut Parts) -> Result<String, AwsError> {
        let target = parts.route(&wanted.key).and_then(|route| parts.target(route));
        let fits = target.filter(|one| wanted.is(one)).and_then(Integration::integration_id);
        if let Some(id) = fits {
            return Ok(id.to_owned());
        }
        let alone = target.filter(|one| one.integration_id().is_some_and(|id| parts.users(id) == 1));
        let alone = alone.filter(|one| one.integration_type() == Some(&IntegrationType::AwsProxy));
        let left_behind = || {
            let mut unused = parts.integrations.iter().filter(|(id, _)| parts.users(id) == 0);
            unused.find(|(_, one)| wanted.invokes(one)).map(|(id, _)| id.clone())
        };
        let id = alone.and_then(Integration::integration_id).map(str::to_owned).or_else(left_behind);
        let made = match id {
            Some(id) => self.update_integration(wanted, id).await?,
            None => self.create_integration(wanted).await?,
        };
        let id = made.integration_id().unwrap_or_default().to_owned();
        parts.integrations.insert(id.clone(), made);
        Ok(id)
    }

    async fn create_integration(&self, wanted: &Wanted) -> Result<Integration, AwsError> {
        let create = || {
            let call = self.aws.api_gateway().create_integration().api_id(self.api);
            let call = call.integration_type(IntegrationType::AwsProxy).integration_uri(&wanted.function);
            let call = call.timeout_in_millis(wanted.timeout).payload_format_version(&wanted.payload);
            self.aws.call("apigatewayv2", "CreateIntegration", call.send())
        };
        let made = self.aws.patiently(patience(&self.desired.address), create).await?;
        Ok(wanted.as_integration(made.integration_id))
    }

    async fn update_integration(&self, wanted: &Wanted, id: String) -> Result<Integration, AwsError> {
        let update = || {
            let call = self.aws.api_gateway().update_integration().api_id(self.api).integration_id(&id);
            let call = call.integration_type(IntegrationType::AwsProxy).integration_uri(&wanted.function);
            let call = call.timeout_in_millis(wanted.timeout).payload_format_version(&wanted.payload);
            self.aws.call("apigatewayv2", "UpdateIntegration", call.send())
        };
        self.aws.patiently(patience(&self.desired.address), update).await?;
        Ok(wanted.as_integration(Some(id)))
    }

    async fn route(&self, wanted: &Wanted, integration: &str, parts: &mut Parts) -> Result<(), AwsError> {
        let target = format!("integrations/{integration}");
        let there = parts.routes.iter_mut().find(|route| route.route_key() == Some(&wanted.key));
        let Some(there) = there else {
            let create = || {
                let call = self.aws.api_gateway().create_route().api_id(self.api).route_key(&wanted.key);
                let call = call.target(&target).authorization_type(wanted.authorization.clone());
                self.aws.call("apigatewayv2", "CreateRoute", call.send())
            };
            let made = self.aws.patiently(patience(&self.desired.address), create).await?;
            let route = Route::builder().route_key(&wanted.key).target(target).set_route_id(made.route_id);
            parts.routes.push(route.build());
            return Ok(());
        };
        if there.target() == Some(&target) && there.authorization_type() == Some(&wanted.authorization) {
            return Ok(());
        }
        let id = there.route_id().unwrap_or_default().to_owned();
        let update = || {
            let call = self.aws.api_gateway().update_route().api_id(self.api).route_id(&id);
            let call = call.target(&target).authorization_type(wanted.authorization.clone());
            self.aws.call("apigatewayv2", "UpdateRoute", call.send())
        };
        self.aws.patiently(patience(&self.desired.address), update).await?;
        there.target = Some(target);
        Ok(())
    }

    async fn delete_route(&self, id: &str) -> Result<(), AwsError> {
        let delete = || {
            let call = self.aws.api_gateway().delete_route().api_id(self.api).route_id(id);
            self.aws.call("apigatewayv2", "DeleteRoute", call.send())
        };
        fine_when(GONE, self.aws.patiently(patience(&self.desired.address), delete).await)
    }

    async fn delete_integration(&self, id: &str) -> Result<(), AwsError> {
        let delete = || {
            let call = self.aws.api_gateway().delete_integration().api_id(self.api).integration_id(id);
            self.aws.call("apigatewayv2", "DeleteIntegration", call.send())
        };
        fine_when(GONE, self.aws.patiently(patience(&self.desired.address), delete).await)
    }
}

impl Wanted {
    /// What API Gateway has now.
    fn as_integration(&self, id: Option<String>) -> Integration {
        let one = Integration::builder().integration_type(IntegrationType::AwsProxy).integration_uri(&self.function);
        one.timeout_in_millis(self.timeout).payload_format_version(&self.payload).set_integration_id(id).build()
    }
}
