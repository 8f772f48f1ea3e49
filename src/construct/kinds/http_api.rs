//! Generated from the rows of `http_api` by `tests/construct_generated.rs`: change those.

#[allow(clippy::wildcard_imports, unused_imports, reason = "which of them a kind needs follows from its rows")]
use crate::construct::kinds::prelude::*;

kind! {
    /// An HTTP API of API Gateway: routes that invoke functions.
    HttpApi, HttpApiBuilder, crate::kind::http_api::HttpApi;

    /// What it is for.
    ///
    /// A text of 1 to 1024 characters. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis.html)
    description: text;

    /// Which pages of other origins may call it; none unless said. API Gateway answers their preflights itself.
    ///
    /// A [`Cors`]. [AWS](https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html)
    cors: into Cors;

    /// What it answers: at most 300 routes, each with the function that does. Others are taken away.
    ///
    /// At most 300, each: A [`Route`]. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html)
    routes: each Route;

    /// How much it takes before it answers 429: 100 requests a second and 200 at once unless said (AWS: 10000 and
    /// 5000). Whoever knows the URL can call a public route, and each call costs.
    ///
    /// A [`Throttle`]. [AWS](https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-throttling.html)
    throttle: into Throttle;

    /// Where each request is written down; nowhere unless said.
    ///
    /// A [`AccessLog`]. [AWS](https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging.html)
    access_log: into AccessLog;

    /// Whether changes go live by themselves; with `false` somebody else makes deployments.
    ///
    /// True or false. Default: `true`.
    /// [AWS](https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-stages.html)
    auto_deploy: bool;

    /// Whether it answers under custom domain names alone, and not under the URL that API Gateway gives it.
    ///
    /// True or false. Default: `false`.
    /// [AWS](https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-disable-default-endpoint.html)
    disable_default_endpoint: bool;
}

facts! { HttpApi }

part! {
    /// Which pages of other origins may call it; none unless said. API Gateway answers their preflights itself.
    Cors;

    /// Origins whose pages may call it, such as `https://app.example.com`, or `*`.
    ///
    /// At most 100, each: A text of 1 to 256 characters. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html)
    allow_origins: texts;

    /// Methods that those pages may use, or `*`.
    ///
    /// At most 10, each: A text of 1 to 256 characters. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html)
    allow_methods: texts;

    /// Headers that those pages may send, in whatever case, or `*`.
    ///
    /// At most 100, each: A text of 1 to 256 characters. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html)
    allow_headers: texts;

    /// Headers of answers that those pages may read, in whatever case, or `*`.
    ///
    /// At most 100, each: A text of 1 to 256 characters. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html)
    expose_headers: texts;

    /// Whether those pages may send cookies; not together with any `*`.
    ///
    /// True or false. Default: `false`.
    /// [AWS](https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html)
    allow_credentials: bool;

    /// How long a browser need not ask again whether it may.
    ///
    /// A duration, `0s` to `1d`. Default: `0s`.
    /// [AWS](https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html)
    max_age: Seconds;
}

words! {
    /// Who may call it: everybody (`none`), or who signs and may do `execute-api:Invoke` (`iam`).
    Authorization;
    /// `none`.
    None = "NONE",
    /// `iam`.
    Iam = "AWS_IAM",
}

words! {
    /// The format of the event that the function gets: `v2`, or `v1` as REST APIs send it.
    PayloadFormat;
    /// `v2`.
    V2 = "2.0",
    /// `v1`.
    V1 = "1.0",
}

part! {
    /// What it answers: at most 300 routes, each with the function that does. Others are taken away.
    Route;

    /// Method and path: `POST /events`, `GET /events/{id}`, `ANY /{proxy+}`; `$default` is whatever no other route
    /// takes.
    ///
    /// A text of 1 to 512 characters.
    /// [AWS](https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html)
    route: text;

    /// The function that answers: a logical name (a worker's function has the worker's name) or an ARN.
    ///
    /// `&Function`, or an [`Arn`](crate::construct::Arn). Default: not set.
    /// [AWS](https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html)
    function: into Ref<Function>;

    /// How long API Gateway waits for the function before it answers 503.
    ///
    /// A duration, `1s` to `30s`. Default: `30s`.
    /// [AWS](https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html)
    timeout: Seconds;

    /// Who may call it: everybody (`none`), or who signs and may do `execute-api:Invoke` (`iam`).
    ///
    /// A [`Authorization`]. Default: `none`.
    /// [AWS](https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-access-control-iam.html)
    authorization: Authorization;

    /// The format of the event that the function gets: `v2`, or `v1` as REST APIs send it.
    ///
    /// A [`PayloadFormat`]. Default: `v2`.
    /// [AWS](https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html)
    payload: PayloadFormat;

    /// Whether the function is given the permission that the route needs. With `false` somebody else gives it, as for
    /// a function of another account.
    ///
    /// True or false. Default: `true`.
    /// [AWS](https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html)
    permission: bool;
}

part! {
    /// How much it takes before it answers 429: 100 requests a second and 200 at once unless said (AWS: 10000 and
    /// 5000). Whoever knows the URL can call a public route, and each call costs.
    Throttle;

    /// Requests a second that all routes together take in the long run.
    ///
    /// A count, `1` to `100000`. Default: `100`.
    /// [AWS](https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-throttling.html)
    rate: u32;

    /// Requests that all routes together take at once.
    ///
    /// A count, `1` to `100000`. Default: `200`.
    /// [AWS](https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-throttling.html)
    burst: u32;
}

part! {
    /// Where each request is written down; nowhere unless said.
    AccessLog;

    /// The log group: a logical name or an ARN.
    ///
    /// `&LogGroup`, or an [`Arn`](crate::construct::Arn). Default: not set.
    /// [AWS](https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging.html)
    log_group: into Ref<LogGroup>;

    /// What each line says, with `$context.requestId` in it; unless said, a JSON object of request, caller and
    /// answer.
    ///
    /// A text of 1 to 3072 characters. Default:
    /// `{"requestId":"$context.requestId","time":"$context.requestTime","ip":"$context.identity.sourceIp","route":"$context.routeKey","status":"$context.status","bytes":"$context.responseLength","latency":"$context.responseLatency","error":"$context.integrationErrorMessage"}`.
    /// [AWS](https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging.html)
    format: text;
}
