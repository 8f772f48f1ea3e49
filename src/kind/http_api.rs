//! An HTTP API of Amazon API Gateway: routes that invoke functions, with the `$default` stage that serves them.
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api.html>
//! Nothing but its name forces a replacement.
//!
//! What AWS keeps in several parts is one resource here: the API, its `$default` stage, one route and one Lambda
//! integration for each item of `routes`, and on each function the permission to be invoked by that route. The parts
//! take no tags: they are owned through the API. A route has an integration of its own, though several could share
//! one: whatever changes of a route then touches no other, and what is here is what Terraform's provider calls a route.
//!
//! API Gateway chooses the id of an API and does not mind two of one name. Here the name is the identity, as it is of
//! every other kind: of several with one name the stack's own is meant, and where none is the stack's own, the one
//! that is there is a conflict that can be adopted. Should a lost answer have made the stack's API twice, the older
//! stays and the other is planned as a delete.

mod actions;
mod check;
mod convert;
mod live;
mod parts;
mod permission;
mod reconcile;
mod route;
mod terraform;

use std::collections::BTreeMap;

use crate::diagnostic::{Code, Diagnostics};
use crate::kind::terraform::Spelling;
use crate::kind::{Default, Kind, Live, Row, Type};
use crate::model::{Fact, Resource, Stack};
use crate::permissions::Action;
use crate::value::{Place, Unit, Value};

/// The kind `http_api`.
#[derive(Debug)]
pub struct HttpApi;

const CREATE: &str = "https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis.html";
const CORS_PAGE: &str = "https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html";
const ROUTES_PAGE: &str = "https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html";
const LAMBDA_PAGE: &str =
    "https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html";
const ACCESS_PAGE: &str =
    "https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-access-control-iam.html";
const THROTTLE_PAGE: &str = "https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-throttling.html";
const LOGGING_PAGE: &str = "https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging.html";
const STAGES_PAGE: &str = "https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-stages.html";
const ENDPOINT_PAGE: &str =
    "https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-disable-default-endpoint.html";

const WORD: Type = Type::Text { min: 1, max: 256 };

/// What the API is for.
pub const DESCRIPTION: Row = Row::new("description", "Description", "description", Type::Text { min: 1, max: 1_024 })
    .doc("What it is for.", CREATE);

/// Origins.
pub const ALLOW_ORIGINS: Row =
    Row::new("allow_origins", "AllowOrigins", "allow_origins", Type::List { of: &WORD, max: 100 })
        .doc("Origins whose pages may call it, such as `https://app.example.com`, or `*`.", CORS_PAGE);
/// Methods.
pub const ALLOW_METHODS: Row =
    Row::new("allow_methods", "AllowMethods", "allow_methods", Type::List { of: &WORD, max: 10 })
        .doc("Methods that those pages may use, or `*`.", CORS_PAGE);
/// Headers of requests.
pub const ALLOW_HEADERS: Row =
    Row::new("allow_headers", "AllowHeaders", "allow_headers", Type::List { of: &WORD, max: 100 })
        .doc("Headers that those pages may send, in whatever case, or `*`.", CORS_PAGE);
/// Headers of answers.
pub const EXPOSE_HEADERS: Row =
    Row::new("expose_headers", "ExposeHeaders", "expose_headers", Type::List { of: &WORD, max: 100 })
        .doc("Headers of answers that those pages may read, in whatever case, or `*`.", CORS_PAGE);
/// Credentials.
pub const ALLOW_CREDENTIALS: Row = Row::new("allow_credentials", "AllowCredentials", "allow_credentials", Type::Bool)
    .or(Default::Bool(false))
    .doc("Whether those pages may send cookies; not together with any `*`.", CORS_PAGE);
/// How long a preflight holds.
pub const MAX_AGE: Row = Row::new("max_age", "MaxAge", "max_age", Type::seconds(0, 86_400))
    .or(Default::Int(0))
    .doc("How long a browser need not ask again whether it may.", CORS_PAGE);
/// Cross-origin requests.
pub const CORS: Row = Row::new(
    "cors",
    "CorsConfiguration",
    "cors_configuration",
    Type::Object(&[ALLOW_ORIGINS, ALLOW_METHODS, ALLOW_HEADERS, EXPOSE_HEADERS, ALLOW_CREDENTIALS, MAX_AGE]),
)
.doc(
    "Which pages of other origins may call it; none unless said. API Gateway answers their preflights itself.",
    CORS_PAGE,
);

/// The method and path of a route.
pub const ROUTE: Row =
    Row::new("route", "RouteKey", "aws_apigatewayv2_route:route_key", Type::Text { min: 1, max: 512 }).doc(
        "Method and path: `POST /events`, `GET /events/{id}`, `ANY /{proxy+}`; `$default` is whatever no other route takes.",
        ROUTES_PAGE,
    );
/// The function of a route.
pub const FUNCTION: Row =
    Row::new("function", "IntegrationUri", "aws_apigatewayv2_integration:integration_uri", Type::Name(&["functions"]))
        .doc(
            "The function that answers: a logical name (a worker's function has the worker's name) or an ARN.",
            LAMBDA_PAGE,
        );
/// How long an answer may take.
pub const TIMEOUT: Row = Row::new(
    "timeout",
    "TimeoutInMillis",
    "aws_apigatewayv2_integration:timeout_milliseconds*1000",
    Type::seconds(1, 30),
)
.or(Default::Int(30))
.doc("How long API Gateway waits for the function before it answers 503.", LAMBDA_PAGE);
/// Who may call a route.
pub const AUTHORIZATION: Row = Row::new(
    "authorization",
    "AuthorizationType",
    "aws_apigatewayv2_route:authorization_type",
    Type::Word(&[("none", "NONE"), ("iam", "AWS_IAM")]),
)
.or(Default::Text("NONE"))
.doc("Who may call it: everybody (`none`), or who signs and may do `execute-api:Invoke` (`iam`).", ACCESS_PAGE);
/// The shape of the event.
pub const PAYLOAD: Row = Row::new(
    "payload",
    "PayloadFormatVersion",
    "aws_apigatewayv2_integration:payload_format_version",
    Type::Word(&[("v2", "2.0"), ("v1", "1.0")]),
)
.or(Default::Text("2.0"))
.doc("The format of the event that the function gets: `v2`, or `v1` as REST APIs send it.", LAMBDA_PAGE);
/// Whether the function lets the route invoke it.
pub const PERMISSION: Row = Row::new("permission", "Policy", "aws_lambda_permission:", Type::Bool)
    .or(Default::Bool(true))
    .doc(
        "Whether the function is given the permission that the route needs. With `false` somebody else gives it, as for \
         a function of another account.",
        LAMBDA_PAGE,
    );
const ROUTE_ROWS: &[Row] = &[ROUTE, FUNCTION, TIMEOUT, AUTHORIZATION, PAYLOAD, PERMISSION];
/// The routes.
pub const ROUTES: Row = Row::new("routes", "Routes", "{route}", Type::List { of: &Type::Object(ROUTE_ROWS), max: 300 })
    .doc("What it answers: at most 300 routes, each with the function that does. Others are taken away.", ROUTES_PAGE);

/// Requests a second.
pub const RATE: Row =
    Row::new("rate", "ThrottlingRateLimit", "throttling_rate_limit", Type::int(Unit::Count, 1, 100_000))
        .or(Default::Int(100))
        .doc("Requests a second that all routes together take in the long run.", THROTTLE_PAGE);
/// Requests at once.
pub const BURST: Row =
    Row::new("burst", "ThrottlingBurstLimit", "throttling_burst_limit", Type::int(Unit::Count, 1, 100_000))
        .or(Default::Int(200))
        .doc("Requests that all routes together take at once.", THROTTLE_PAGE);
/// Throttling.
pub const THROTTLE: Row = Row::new(
    "throttle",
    "DefaultRouteSettings",
    "aws_apigatewayv2_stage:default_route_settings",
    Type::Object(&[RATE, BURST]),
)
.doc(
    "How much it takes before it answers 429: 100 requests a second and 200 at once unless said (AWS: 10000 and 5000). \
     Whoever knows the URL can call a public route, and each call costs.",
    THROTTLE_PAGE,
);

/// The log group of the access log.
pub const LOG_GROUP: Row = Row::new("log_group", "DestinationArn", "destination_arn", Type::Name(&["log_groups"]))
    .doc("The log group: a logical name or an ARN.", LOGGING_PAGE);
/// What a line says.
pub const FORMAT: Row =
    Row::new("format", "Format", "format", Type::Text { min: 1, max: 3_072 }).or(Default::Text(LINE)).doc(
        "What each line says, with `$context.requestId` in it; unless said, a JSON object of request, caller and answer.",
        LOGGING_PAGE,
    );
const LINE: &str = r#"{"requestId":"$context.requestId","time":"$context.requestTime","ip":"$context.identity.sourceIp","route":"$context.routeKey","status":"$context.status","bytes":"$context.responseLength","latency":"$context.responseLatency","error":"$context.integrationErrorMessage"}"#;
/// The access log.
pub const ACCESS_LOG: Row = Row::new(
    "access_log",
    "AccessLogSettings",
    "aws_apigatewayv2_stage:access_log_settings",
    Type::Object(&[LOG_GROUP, FORMAT]),
)
.doc("Where each request is written down; nowhere unless said.", LOGGING_PAGE);

/// Whether changes go live by themselves.
pub const AUTO_DEPLOY: Row = Row::new("auto_deploy", "AutoDeploy", "aws_apigatewayv2_stage:auto_deploy", Type::Bool)
    .or(Default::Bool(true))
    .doc("Whether changes go live by themselves; with `false` somebody else makes deployments.", STAGES_PAGE);
/// Whether the URL of API Gateway's own is closed.
pub const DISABLE_DEFAULT_ENDPOINT: Row =
    Row::new("disable_default_endpoint", "DisableExecuteApiEndpoint", "disable_execute_api_endpoint", Type::Bool)
        .or(Default::Bool(false))
        .always_reported()
        .doc(
            "Whether it answers under custom domain names alone, and not under the URL that API Gateway gives it.",
            ENDPOINT_PAGE,
        );

const ROWS: &[Row] = &[DESCRIPTION, CORS, ROUTES, THROTTLE, ACCESS_LOG, AUTO_DEPLOY, DISABLE_DEFAULT_ENDPOINT];

impl Kind for HttpApi {
    fn name(&self) -> &'static str {
        "http_api"
    }

    fn section(&self) -> &'static str {
        "apis"
    }

    fn doc(&self) -> &'static str {
        "An HTTP API of API Gateway: routes that invoke functions."
    }

    fn rows(&self) -> &'static [Row] {
        ROWS
    }

    /// The list has the tags: the tagging API is not asked, and would only tell ids.
    fn tag_type(&self) -> &'static str {
        ""
    }

    /// The ARN has an id that API Gateway chooses, and no account: `${apis.….arn}` is refused, since it would be known
    /// too late.
    fn arn(&self, name: &str, place: &Place) -> String {
        format!("arn:{}:apigateway:{}::/apis/{name}", place.partition, place.region)
    }

    fn name_in_arn<'a>(&self, _arn: &'a str) -> Option<&'a str> {
        None
    }

    fn expand(&self, api: &mut Resource, stack: &mut Stack, _out: &mut Diagnostics) {
        api.fill(&CORS, stack.default_of(&HttpApi, &CORS));
        let cors = convert::in_one_case(api.get(&CORS));
        api.set(&CORS, cors);
        let routes = api.get(&ROUTES).as_list().unwrap_or_default().iter().map(|route| complete(ROUTE_ROWS, route));
        let routes = Value::List(routes.collect());
        api.set(&ROUTES, routes);
        for row in [&THROTTLE, &ACCESS_LOG] {
            let said = Some(api.get(row).clone()).filter(|value| !value.is_null());
            let said = said.unwrap_or_else(|| stack.default_of(&HttpApi, row));
            // Without a bound, a public route is an open bill.
            if let (Type::Object(rows), true) = (&row.ty, row.key == THROTTLE.key || !said.is_null()) {
                api.set(row, complete(rows, &said));
            }
        }
    }

    fn check(&self, resource: &Resource, out: &mut Diagnostics) {
        check::check(resource, out);
    }

    fn codes(&self) -> &'static [&'static Code] {
        check::CODES
    }

    fn terraform(&self) -> Option<&'static Spelling> {
        Some(&terraform::SPELLING)
    }

    fn outputs(&self) -> &'static [(&'static str, Fact)] {
        &[("API_URL", Fact::Url)]
    }

    fn actions(&self) -> &'static [Action] {
        actions::ACTIONS
    }

    fn live(&self) -> Option<&dyn Live> {
        Some(self)
    }
}

/// Gives an object the members that it does not say.
fn complete(rows: &[Row], said: &Value) -> Value {
    let mut all: BTreeMap<String, Value> = said.as_map().cloned().unwrap_or_default();
    for row in rows {
        let default = row.default.value();
        if !default.is_null() && all.get(row.key).is_none_or(Value::is_null) {
            all.insert(row.key.to_owned(), default);
        }
    }
    Value::Map(all)
}

/// The id that API Gateway gave it, from its ARN.
fn id(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}
