//! Rows ↔ the SDK's shapes of an API and its parts.

use aws_sdk_apigatewayv2::types::{AccessLogSettings, Api, Cors, RouteSettings, Stage};

use super::{
    ACCESS_LOG, ALLOW_CREDENTIALS, ALLOW_HEADERS, ALLOW_METHODS, ALLOW_ORIGINS, AUTO_DEPLOY, BURST, CORS, DESCRIPTION,
    DISABLE_DEFAULT_ENDPOINT, EXPOSE_HEADERS, FORMAT, LOG_GROUP, MAX_AGE, RATE, ROUTES, THROTTLE,
};
use crate::kind::{Desired, Row};
use crate::model::Attributes;
use crate::value::Value;

/// Writes a text in one case.
type Case = fn(&str) -> String;

/// The lists of a CORS configuration, each with whether API Gateway takes it in whatever case.
const LISTS: [(&Row, Case); 4] = [
    (&ALLOW_ORIGINS, str::to_lowercase),
    (&ALLOW_METHODS, str::to_uppercase),
    (&ALLOW_HEADERS, str::to_lowercase),
    (&EXPOSE_HEADERS, str::to_lowercase),
];

/// Writes origins, methods and headers in one case: API Gateway compares them in any and reports some in another.
pub fn in_one_case(cors: &Value) -> Value {
    let Value::Map(mut all) = cors.clone() else { return cors.clone() };
    for (row, case) in LISTS {
        if let Some(Value::List(items)) = all.get_mut(row.key) {
            for item in items {
                // What a variable or a fact stands in for stays.
                if let Value::Text(text) = item {
                    *text = case(text);
                }
            }
        }
    }
    Value::Map(all)
}

/// Reads what API Gateway reports of an API itself and of its stage; the routes come with their parts.
pub fn reported(api: &Api, stage: Option<&Stage>, routes: Vec<Value>) -> Attributes {
    let text = |text: Option<&str>| text.filter(|text| !text.is_empty()).map_or(Value::Null, Value::text);
    let routes = if routes.is_empty() { Value::Null } else { Value::List(routes) };
    let pairs = [
        (&DESCRIPTION, text(api.description())),
        (&CORS, api.cors_configuration().map_or(Value::Null, cors)),
        (&ROUTES, routes),
        (&THROTTLE, stage.and_then(Stage::default_route_settings).map_or(Value::Null, throttle)),
        (&ACCESS_LOG, stage.and_then(Stage::access_log_settings).map_or(Value::Null, access_log)),
        // Where there is no stage, nothing is served: that is reported as nothing, and differs.
        (&AUTO_DEPLOY, stage.map_or(Value::Null, |stage| Value::Bool(stage.auto_deploy() == Some(true)))),
        (&DISABLE_DEFAULT_ENDPOINT, api.disable_execute_api_endpoint().map_or(Value::Null, Value::Bool)),
    ];
    pairs.into_iter().filter(|(_, value)| !value.is_null()).map(|(row, value)| (row.key, value)).collect()
}

fn cors(cors: &Cors) -> Value {
    let list = |items: &[String]| match items {
        [] => Value::Null,
        items => Value::List(items.iter().map(Value::text).collect()),
    };
    let members = [
        (&ALLOW_ORIGINS, list(cors.allow_origins())),
        (&ALLOW_METHODS, list(cors.allow_methods())),
        (&ALLOW_HEADERS, list(cors.allow_headers())),
        (&EXPOSE_HEADERS, list(cors.expose_headers())),
        (&ALLOW_CREDENTIALS, cors.allow_credentials().map_or(Value::Null, Value::Bool)),
        (&MAX_AGE, cors.max_age().map_or(Value::Null, |seconds| Value::Int(seconds.into()))),
    ];
    in_one_case(&object(members))
}

fn throttle(settings: &RouteSettings) -> Value {
    #[expect(clippy::cast_possible_truncation, reason = "guarded: the number is whole and far below 2^53")]
    let rate = settings.throttling_rate_limit().map_or(Value::Null, |rate| {
        if rate.fract() == 0.0 && rate.abs() < 9e15 { Value::Int(rate as i64) } else { Value::Float(rate) }
    });
    let burst = settings.throttling_burst_limit().map_or(Value::Null, |burst| Value::Int(burst.into()));
    if rate.is_null() && burst.is_null() { Value::Null } else { object([(&RATE, rate), (&BURST, burst)]) }
}

fn access_log(settings: &AccessLogSettings) -> Value {
    // Some write the ARN of what is in the group.
    let group = settings.destination_arn().map(|arn| arn.strip_suffix(":*").unwrap_or(arn));
    let Some(group) = group.filter(|group| !group.is_empty()) else { return Value::Null };
    object([(&LOG_GROUP, Value::text(group)), (&FORMAT, settings.format().map_or(Value::Null, Value::text))])
}

fn object<'a>(members: impl IntoIterator<Item = (&'a Row, Value)>) -> Value {
    Value::map(members.into_iter().filter(|(_, value)| !value.is_null()).map(|(row, value)| (row.key, value)))
}

/// The CORS configuration, whole: what is not said is sent as empty, or it would stay.
pub fn to_cors(desired: &Desired) -> Option<Cors> {
    let said = Some(desired.get(&CORS)).filter(|cors| !CORS.ty.normal(cors).is_null())?;
    let list = |row: &Row| Some(said.get(row.key).as_list().unwrap_or_default().iter().map(Value::plain).collect());
    let age = said.get(MAX_AGE.key).as_int().and_then(|seconds| i32::try_from(seconds).ok());
    let cors = Cors::builder().set_allow_origins(list(&ALLOW_ORIGINS)).set_allow_methods(list(&ALLOW_METHODS));
    let cors = cors.set_allow_headers(list(&ALLOW_HEADERS)).set_expose_headers(list(&EXPOSE_HEADERS));
    let credentials = said.get(ALLOW_CREDENTIALS.key).as_bool().unwrap_or(false);
    Some(cors.allow_credentials(credentials).max_age(age.unwrap_or(0)).build())
}

/// The throttling of the stage.
pub fn to_throttle(desired: &Desired) -> RouteSettings {
    let said = desired.get(&THROTTLE);
    let burst = said.get(BURST.key).as_int().and_then(|burst| i32::try_from(burst).ok());
    RouteSettings::builder()
        .set_throttling_rate_limit(said.get(RATE.key).as_float())
        .set_throttling_burst_limit(burst)
        .build()
}

/// The access log of the stage.
pub fn to_access_log(desired: &Desired) -> Option<AccessLogSettings> {
    let said = Some(desired.get(&ACCESS_LOG)).filter(|log| !ACCESS_LOG.ty.normal(log).is_null())?;
    let text = |row: &Row| said.get(row.key).as_text().map(str::to_owned);
    Some(AccessLogSettings::builder().set_destination_arn(text(&LOG_GROUP)).set_format(text(&FORMAT)).build())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_is_no_difference() {
        let texts = |items: &[&str]| Value::List(items.iter().copied().map(Value::text).collect());
        let said = Value::map([
            ("allow_origins", texts(&["https://App.example.com"])),
            ("allow_methods", texts(&["post"])),
            ("allow_headers", texts(&["Content-Type"])),
        ]);
        let reported = Cors::builder().allow_origins("https://app.example.com").allow_methods("POST");
        let reported = reported.allow_headers("content-type").allow_credentials(false).max_age(0).build();
        assert_eq!(CORS.ty.normal(&in_one_case(&said)), CORS.ty.normal(&cors(&reported)));
    }

    #[test]
    fn a_fractional_rate_is_a_difference_and_a_whole_one_is_none() {
        let settings = |rate| RouteSettings::builder().throttling_rate_limit(rate).throttling_burst_limit(200).build();
        let wanted = Value::map([("rate", Value::Int(100)), ("burst", Value::Int(200))]);
        assert_eq!(throttle(&settings(100.0)), wanted);
        assert_ne!(throttle(&settings(0.5)), wanted);
        assert_eq!(throttle(&RouteSettings::builder().build()), Value::Null);
    }
}
