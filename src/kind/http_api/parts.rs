//! The parts of an API as API Gateway has them: its stage, its routes, and what each of them invokes.

use std::collections::BTreeMap;

use aws_sdk_apigatewayv2::types::{Integration, IntegrationType, Route, Stage};

use super::permission::Statement;
use super::{AUTHORIZATION, FUNCTION, PAYLOAD, PERMISSION, ROUTE, TIMEOUT, route};
use crate::backend::aws::Aws;
use crate::error::AwsError;
use crate::value::Value;

/// What API Gateway says of what is not there.
pub const GONE: &[&str] = &["NotFoundException"];
/// The stage without a name in the URL.
pub const STAGE: &str = "$default";

/// Routes and integrations, by their ids.
#[derive(Debug, Default)]
pub struct Parts {
    /// The routes.
    pub routes: Vec<Route>,
    /// The integrations.
    pub integrations: BTreeMap<String, Integration>,
}

impl Parts {
    /// The route of this key.
    pub fn route(&self, key: &str) -> Option<&Route> {
        self.routes.iter().find(|route| route.route_key() == Some(key))
    }

    /// The integration that a route invokes.
    pub fn target(&self, route: &Route) -> Option<&Integration> {
        self.integrations.get(route.target()?.strip_prefix("integrations/")?)
    }

    /// Tells how many routes invoke an integration.
    pub fn users(&self, integration: &str) -> usize {
        let target = format!("integrations/{integration}");
        self.routes.iter().filter(|route| route.target() == Some(&target)).count()
    }

    /// The functions that its integrations invoke.
    pub fn functions(&self) -> impl Iterator<Item = String> {
        self.integrations.values().filter_map(function)
    }

    /// The routes in the terms of the rows, with the ids of their parts beside, which an import needs.
    pub fn in_rows(&self, api: &str, policies: &BTreeMap<String, Vec<Statement>>) -> Vec<Value> {
        self.routes.iter().map(|route| self.in_row(route, api, policies)).collect()
    }

    fn in_row(&self, route: &Route, api: &str, policies: &BTreeMap<String, Vec<Statement>>) -> Value {
        let key = route.route_key().unwrap_or_default();
        let target = self.target(route);
        let function = target.and_then(function);
        let statement = route::statement(api, key);
        let may = function.as_ref().and_then(|function| policies.get(function)).is_some_and(|statements| {
            let source = format!(":{api}/*{}", route::resource(key));
            statements.iter().any(|one| one.id == statement && one.source.ends_with(&source))
        });
        let id = |id: Option<&str>| id.map_or(Value::Null, Value::text);
        let timeout = target.and_then(Integration::timeout_in_millis).map_or(Value::Null, seconds);
        let authorization = route.authorization_type().map(|one| Value::text(one.as_str()));
        let payload = target.and_then(Integration::payload_format_version).map(Value::text);
        let members = [
            (ROUTE.key, Value::text(key)),
            (FUNCTION.key, id(function.as_deref())),
            (TIMEOUT.key, timeout),
            (AUTHORIZATION.key, authorization.unwrap_or(Value::Null)),
            (PAYLOAD.key, payload.unwrap_or(Value::Null)),
            (PERMISSION.key, Value::Bool(may)),
            ("route_id", id(route.route_id())),
            ("integration_id", id(target.and_then(Integration::integration_id))),
            ("statement_id", Value::Text(statement)),
        ];
        Value::map(members.into_iter().filter(|(_, value)| !value.is_null()))
    }
}

/// Whole seconds; anything else is a text that no stack says.
fn seconds(milliseconds: i32) -> Value {
    match milliseconds % 1_000 {
        0 => Value::Int((milliseconds / 1_000).into()),
        _ => Value::Text(format!("{milliseconds} ms")),
    }
}

/// The ARN of the function that an integration invokes, if it is one.
///
/// Some write `arn:aws:apigateway:<region>:lambda:path/2015-03-31/functions/<ARN>/invocations`.
pub fn function(integration: &Integration) -> Option<String> {
    let uri = integration.integration_uri().filter(|_| {
        integration.integration_type() == Some(&IntegrationType::AwsProxy)
            && integration.integration_subtype().is_none()
    })?;
    let inner = uri.split_once("/functions/").and_then(|(_, rest)| rest.strip_suffix("/invocations"));
    Some(inner.unwrap_or(uri)).filter(|arn| arn.contains(":lambda:")).map(str::to_owned)
}

/// Reads routes and integrations; none of an API that is gone.
pub async fn read(aws: &Aws, api: &str) -> Result<Parts, AwsError> {
    let (routes, integrations) = futures::try_join!(routes(aws, api), integrations(aws, api))?;
    let integrations = integrations.into_iter().filter_map(|one| Some((one.integration_id()?.to_owned(), one)));
    Ok(Parts { routes, integrations: integrations.collect() })
}

async fn routes(aws: &Aws, api: &str) -> Result<Vec<Route>, AwsError> {
    let mut routes = Vec::new();
    let mut token = None;
    loop {
        let call = aws.api_gateway().get_routes().api_id(api).set_next_token(token);
        let page = match aws.call("apigatewayv2", "GetRoutes", call.send()).await {
            Err(error) if error.is(GONE) => return Ok(routes),
            other => other?,
        };
        routes.extend(page.items.unwrap_or_default());
        token = page.next_token.filter(|token| !token.is_empty());
        if token.is_none() {
            return Ok(routes);
        }
    }
}

async fn integrations(aws: &Aws, api: &str) -> Result<Vec<Integration>, AwsError> {
    let mut integrations = Vec::new();
    let mut token = None;
    loop {
        let call = aws.api_gateway().get_integrations().api_id(api).set_next_token(token);
        let page = match aws.call("apigatewayv2", "GetIntegrations", call.send()).await {
            Err(error) if error.is(GONE) => return Ok(integrations),
            other => other?,
        };
        integrations.extend(page.items.unwrap_or_default());
        token = page.next_token.filter(|token| !token.is_empty());
        if token.is_none() {
            return Ok(integrations);
        }
    }
}

/// Reads the stage, if it is there.
pub async fn stage(aws: &Aws, api: &str) -> Result<Option<Stage>, AwsError> {
    let call = aws.api_gateway().get_stage().api_id(api).stage_name(STAGE);
    let stage = match aws.call("apigatewayv2", "GetStage", call.send()).await {
        Err(error) if error.is(GONE) => return Ok(None),
        other => other?,
    };
    let read = Stage::builder().set_auto_deploy(stage.auto_deploy);
    let read = read.set_default_route_settings(stage.default_route_settings);
    Ok(Some(read.set_access_log_settings(stage.access_log_settings).build()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FUNCTION_ARN: &str = "arn:aws:lambda:eu-west-1:123456789012:function:ingest";

    fn integration(uri: &str) -> Integration {
        let one = Integration::builder().integration_type(IntegrationType::AwsProxy).integration_uri(uri);
        one.timeout_in_millis(2_500).payload_format_version("2.0").integration_id("i1").build()
    }

    #[test]
    fn functions_are_read_out_of_both_spellings() {
        let wrapped =
            format!("arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/{FUNCTION_ARN}/invocations");
        for uri in [FUNCTION_ARN, wrapped.as_str()] {
            assert_eq!(function(&integration(uri)).as_deref(), Some(FUNCTION_ARN), "{uri}");
        }
        let other = Integration::builder().integration_type(IntegrationType::HttpProxy).integration_uri("https://x");
        assert_eq!(function(&other.build()), None);
    }

    #[test]
    fn a_route_may_invoke_by_our_statement_for_it_alone() {
        let route = Route::builder().route_key("POST /events").target("integrations/i1").route_id("r1").build();
        let parts =
            Parts { routes: vec![route], integrations: BTreeMap::from([("i1".to_owned(), integration(FUNCTION_ARN))]) };
        let may = |id: &str, source: &str| {
            let statement = Statement { id: id.to_owned(), source: source.to_owned() };
            let policies = BTreeMap::from([(FUNCTION_ARN.to_owned(), vec![statement])]);
            parts.in_rows("a1", &policies)[0].get(PERMISSION.key).clone()
        };
        let (ours, source) = (route::statement("a1", "POST /events"), "arn:aws:execute-api:r:1:a1/*/POST/events");
        assert_eq!(may(&ours, source), Value::Bool(true));
        assert_eq!(may("other", source), Value::Bool(false));
        assert_eq!(may(&ours, "arn:aws:execute-api:r:1:a1/*/GET/events"), Value::Bool(false));
        let row = &parts.in_rows("a1", &BTreeMap::new())[0];
        assert_eq!(row.get(TIMEOUT.key), &Value::text("2500 ms"));
        assert_eq!((row.get("route_id").plain(), row.get("integration_id").plain()), ("r1".into(), "i1".into()));
    }
}
