//! Generated from the rows of `http_api` by `tests/construct_generated.rs`: change those.

#[allow(clippy::wildcard_imports, unused_imports, reason = "which of them a kind needs follows from its rows")]
use crate::construct::kinds::prelude::*;

kind! {
    /// x.
    HttpApi, HttpApiBuilder, crate::kind::http_api::HttpApi;
    /// x.
    description: text;
    /// x.
    cors: into Cors;
    /// x.
    routes: each Route;
    /// x.
    throttle: into Throttle;
    /// x.
    access_log: into AccessLog;
    /// x.
    auto_deploy: bool;
    /// x.
    disable_default_endpoint: bool;
}

facts! { HttpApi }

part! {
    /// x.
    Cors;
    /// x.
    allow_origins: texts;
    /// x.
    allow_methods: texts;
    /// x.
    allow_headers: texts;
    /// x.
    expose_headers: texts;
    /// x.
    allow_credentials: bool;
    /// x.
    max_age: Seconds;
}

part! {
    /// x.
    Route;
    /// x.
    route: text;
    /// x.
    function: into Ref<Function>;
    /// x.
    timeout: Seconds;
    /// x.
    authorization: Authorization;
    /// x.
    payload: PayloadFormat;
    /// x.
    permission: bool;
}

words! {
    /// x.
    Authorization;
    /// x.
    None = "NONE",
    /// x.
    Iam = "AWS_IAM",
}

words! {
    /// x.
    PayloadFormat;
    /// x.
    V2 = "2.0",
    /// x.
    V1 = "1.0",
}

part! {
    /// x.
    Throttle;
    /// x.
    rate: u32;
    /// x.
    burst: u32;
}

part! {
    /// x.
    AccessLog;
    /// x.
    log_group: into Ref<LogGroup>;
    /// x.
    format: text;
}
