//! What must hold between the attributes of one API.

use std::collections::BTreeMap;

use super::{
    ACCESS_LOG, ALLOW_CREDENTIALS, ALLOW_HEADERS, ALLOW_METHODS, ALLOW_ORIGINS, CORS, EXPOSE_HEADERS, FORMAT, FUNCTION,
    LOG_GROUP, ROUTE, ROUTES, route,
};
use crate::diagnostic::{Code, Diagnostics, Severity};
use crate::kind::Row;
use crate::model::Resource;
use crate::value::Value;

/// A route that API Gateway refuses.
pub static BAD_ROUTE: Code = Code {
    id: "QS701",
    severity: Severity::Error,
    title: "a route that API Gateway refuses",
    reason: "A route is a method in capitals, a blank and a path, in which a whole segment may be a variable; or `$default`.",
    fix: "Write it as `POST /events`, `GET /events/{id}`, `ANY /{proxy+}` or `$default`.",
    link: "https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html",
};

/// A route twice.
pub static SAME_ROUTE: Code = Code {
    id: "QS702",
    severity: Severity::Error,
    title: "the same route twice",
    reason: "An API has one route of a method and path: the second cannot be made.",
    fix: "Remove one of them.",
    link: "https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html",
};

/// A route without its ends.
pub static HALF_ROUTE: Code = Code {
    id: "QS703",
    severity: Severity::Error,
    title: "a route without a path or without a function",
    reason: "A route says what it takes and which function answers.",
    fix: "Give it both: `{route: \"POST /events\", function: ingest}`.",
    link: "https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html",
};

/// An API that answers nothing.
pub static NO_ROUTES: Code = Code {
    id: "QS704",
    severity: Severity::Warning,
    title: "an API without routes",
    reason: "API Gateway answers 404 to whatever no route takes.",
    fix: "Add `routes:`.",
    link: "https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html",
};

/// Credentials for everybody.
pub static CREDENTIALS_FOR_ALL: Code = Code {
    id: "QS705",
    severity: Severity::Error,
    title: "cookies for every origin",
    reason: "Browsers refuse a `*` together with credentials, and API Gateway refuses the configuration.",
    fix: "Name the origins, methods and headers, or remove `allow_credentials`.",
    link: "https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html",
};

/// An origin that no browser sends.
pub static BAD_ORIGIN: Code = Code {
    id: "QS706",
    severity: Severity::Error,
    title: "an origin that no browser sends",
    reason: "An origin is a scheme, a host and perhaps a port; browsers send it without a path, and it is compared as a whole.",
    fix: "Write it as `https://app.example.com`, or `*`.",
    link: "https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html",
};

/// A method that there is not.
pub static BAD_METHOD: Code = Code {
    id: "QS707",
    severity: Severity::Error,
    title: "a method that there is not",
    reason: "Pages are allowed methods of HTTP, or `*`.",
    fix: "Write one of GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS or `*`.",
    link: "https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html",
};

/// CORS that allows nobody.
pub static NO_ORIGINS: Code = Code {
    id: "QS708",
    severity: Severity::Warning,
    title: "no origin that CORS allows",
    reason: "Without `allow_origins` no page of another origin may call the API, whatever else is allowed.",
    fix: "Name the origins, or remove `cors:`.",
    link: "https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html",
};

/// An access log that API Gateway refuses.
pub static BAD_LOG: Code = Code {
    id: "QS709",
    severity: Severity::Error,
    title: "an access log that API Gateway refuses",
    reason: "An access log has a log group and one line a request, which names the request.",
    fix: "Name a `log_group`; write `$context.requestId` into `format`, and no line break.",
    link: "https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging.html",
};

/// A name that is too long.
pub static LONG_NAME: Code = Code {
    id: "QS710",
    severity: Severity::Error,
    title: "a name that no API can have",
    reason: "The name of an API has 1 to 128 characters.",
    fix: "Choose a shorter `name:`.",
    link: "https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis.html",
};

/// All codes of this file.
pub const CODES: &[&Code] = &[
    &BAD_ROUTE,
    &SAME_ROUTE,
    &HALF_ROUTE,
    &NO_ROUTES,
    &CREDENTIALS_FOR_ALL,
    &BAD_ORIGIN,
    &BAD_METHOD,
    &NO_ORIGINS,
    &BAD_LOG,
    &LONG_NAME,
];

const METHODS: &[&str] = &["*", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
const LONGEST_NAME: usize = 128;

/// Checks one complete API.
pub fn check(api: &Resource, out: &mut Diagnostics) {
    if api.physical_name().chars().count() > LONGEST_NAME {
        let message = format!("the name of `{}` has {} characters", api.address, api.physical_name().chars().count());
        out.push(api.finding(&LONG_NAME, "name", message));
    }
    routes(api, out);
    cors(api, out);
    access_log(api, out);
}

fn routes(api: &Resource, out: &mut Diagnostics) {
    let routes = api.get(&ROUTES).as_list().unwrap_or_default();
    if routes.is_empty() && !api.is_broken(ROUTES.key) {
        out.push(api.finding(&NO_ROUTES, "", format!("`{}` has no `routes`", api.address)));
    }
    let mut first: BTreeMap<&str, usize> = BTreeMap::new();
    for (index, item) in routes.iter().enumerate() {
        let place = format!("{}.{index}", ROUTES.key);
        let path = |row: &Row| format!("{place}.{}", row.key);
        for row in [&ROUTE, &FUNCTION] {
            if item.get(row.key).is_null() && !api.is_broken(&path(row)) && !api.is_broken(&place) {
                out.push(api.finding(&HALF_ROUTE, &place, format!("`{place}` has no `{}`", row.key)));
            }
        }
        // What a variable stands in for is judged when it has a value.
        let Some(key) = item.get(ROUTE.key).as_text() else { continue };
        if let Some(wrong) = route::wrong(key) {
            out.push(api.finding(&BAD_ROUTE, &path(&ROUTE), format!("`{key}` is no route: {wrong}")));
        }
        if let Some(earlier) = first.insert(key, index) {
            let message = format!("`{}` has `{key}` at `{}.{earlier}` and `{place}`", api.address, ROUTES.key);
            out.push(api.finding(&SAME_ROUTE, &path(&ROUTE), message));
        }
    }
}

fn cors(api: &Resource, out: &mut Diagnostics) {
    let cors = api.get(&CORS);
    if cors.is_null() || api.is_broken(CORS.key) {
        return;
    }
    let path = |row: &Row| format!("{}.{}", CORS.key, row.key);
    let texts = |row: &Row| cors.get(row.key).as_list().unwrap_or_default();
    let items = |row: &'static Row| {
        texts(row)
            .iter()
            .enumerate()
            .filter_map(move |(index, item)| Some((format!("{}.{index}", path(row)), item.as_text()?)))
    };
    if texts(&ALLOW_ORIGINS).is_empty() {
        let message = format!("`{}` allows no origin", api.address);
        out.push(api.finding(&NO_ORIGINS, CORS.key, message));
    }
    for (path, origin) in items(&ALLOW_ORIGINS) {
        if !is_origin(origin) {
            out.push(api.finding(&BAD_ORIGIN, &path, format!("`{origin}` is no origin")));
        }
    }
    for (path, method) in items(&ALLOW_METHODS) {
        if !METHODS.contains(&method) {
            out.push(api.finding(&BAD_METHOD, &path, format!("there is no method `{method}`")));
        }
    }
    let all = [&ALLOW_ORIGINS, &ALLOW_METHODS, &ALLOW_HEADERS, &EXPOSE_HEADERS];
    let star = all.into_iter().find(|row| texts(row).contains(&Value::text("*")));
    if let (Some(row), Some(true)) = (star, cors.get(ALLOW_CREDENTIALS.key).as_bool()) {
        let message = format!("`{}` is `*` and `{}` is true", path(row), path(&ALLOW_CREDENTIALS));
        out.push(api.finding(&CREDENTIALS_FOR_ALL, &path(&ALLOW_CREDENTIALS), message));
    }
}

/// Tells whether a browser could send this; API Gateway takes `https://*` and `http://*` besides.
fn is_origin(origin: &str) -> bool {
    let Some((scheme, host)) = origin.split_once("://") else { return origin == "*" };
    let plain = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
    let host = !host.is_empty() && host.chars().all(|c| c.is_ascii_alphanumeric() || "-._:*[]".contains(c));
    !scheme.is_empty() && scheme.chars().all(plain) && host
}

fn access_log(api: &Resource, out: &mut Diagnostics) {
    let log = api.get(&ACCESS_LOG);
    if log.is_null() || api.is_broken(ACCESS_LOG.key) {
        return;
    }
    let mut tell = |row: &Row, message: String| {
        out.push(api.finding(&BAD_LOG, &format!("{}.{}", ACCESS_LOG.key, row.key), message));
    };
    if log.get(LOG_GROUP.key).is_null() {
        tell(&LOG_GROUP, format!("the access log of `{}` has no `log_group`", api.address));
    }
    let Some(format) = log.get(FORMAT.key).as_text() else { return };
    if !format.contains("$context.requestId") && !format.contains("$context.extendedRequestId") {
        tell(&FORMAT, format!("the access log of `{}` does not name the request", api.address));
    }
    if format.contains(['\n', '\r']) {
        tell(&FORMAT, format!("the access log of `{}` has several lines a request", api.address));
    }
}
