//! An HTTP API and the functions behind it fit each other.

use std::collections::BTreeMap;

use crate::diagnostic::{Code, Diagnostics, Severity};
use crate::kind::http_api::{FUNCTION, HttpApi, PERMISSION, ROUTE, ROUTES, TIMEOUT};
use crate::kind::{Kind, function, walk};
use crate::model::{Address, Fact, Ref, Resource, Stack};
use crate::rule::feeding::feeds;
use crate::value::{Unit, Value};

/// Slower than what waits for it.
pub static SLOWER: Code = Code {
    id: "QS720",
    severity: Severity::Warning,
    title: "a function that may take longer than its route waits",
    reason: "API Gateway waits 30 seconds at most and answers 503 then, while the function goes on, unseen and paid for.",
    fix: "Lower the function's `timeout` below the route's, and leave what takes longer to a queue.",
    link: "https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html",
};

/// Behind an API and a queue.
pub static TWO_MASTERS: Code = Code {
    id: "QS721",
    severity: Severity::Warning,
    title: "a function that an API and a queue both invoke",
    reason: "Requests and batches are different events, and they share one concurrency: a full queue throttles requests.",
    fix: "Give the route a function of its own, which sends to the queue.",
    link: "https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html",
};

/// An ARN that is not known in time.
pub static ARN_TOO_LATE: Code = Code {
    id: "QS722",
    severity: Severity::Error,
    title: "the ARN of an API, which is not known before the API is there",
    reason: "API Gateway chooses the id in an API's ARN when it makes the API.",
    fix: "Refer to its `url`, which whoever needs it waits for; or write an ARN with `*` for the id.",
    link: "https://docs.aws.amazon.com/apigateway/latest/developerguide/arn-format-reference.html",
};

/// More statements than a policy holds.
pub static FULL_POLICY: Code = Code {
    id: "QS723",
    severity: Severity::Error,
    title: "more routes than a function's policy has room for",
    reason: "Each route adds a statement to the policy of its function, which has 20480 bytes.",
    fix: "Join routes by variables in their paths, `{proxy+}` or `ANY`; or give some another function.",
    link: "https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html",
};

/// All codes of this file.
pub const CODES: &[&Code] = &[&SLOWER, &TWO_MASTERS, &ARN_TOO_LATE, &FULL_POLICY];

const POLICY_BYTES: usize = 20_480;
/// A statement without what depends on its route: effect, principal, action, the ARN of a function, and the condition.
const STATEMENT_BYTES: usize = 330;

/// Reports APIs that do not fit their functions.
pub fn check(stack: &Stack, out: &mut Diagnostics) {
    let mut statements: BTreeMap<&Address, usize> = BTreeMap::new();
    for api in stack.of_kind(HttpApi.name()) {
        for (index, route) in api.get(&ROUTES).as_list().unwrap_or_default().iter().enumerate() {
            let Some(address) = route.get(FUNCTION.key).as_ref().and_then(Ref::address) else { continue };
            let Some(function) = stack.resources.get(address) else { continue };
            let path = format!("{}.{index}.{}", ROUTES.key, FUNCTION.key);
            slower(api, route, function, &path, out);
            two_masters(stack, api, function, &path, out);
            let before = statements.get(address).copied().unwrap_or_default();
            let size = if route.get(PERMISSION.key).as_bool() == Some(false) { 0 } else { statement(api, route) };
            statements.insert(address, before + size);
            // Told once, where it is one too many.
            if before <= POLICY_BYTES && before + size > POLICY_BYTES {
                let message = format!("the policy of `{address}` has no room for `{}`", route.get(ROUTE.key).plain());
                out.push(api.finding(&FULL_POLICY, &path, message));
            }
        }
    }
    stack.resources.values().for_each(|resource| too_late(resource, out));
}

/// About how many bytes a route's statement has; the name of the API stands for its id.
fn statement(api: &Resource, route: &Value) -> usize {
    STATEMENT_BYTES + api.physical_name().len().min(20) + route.get(ROUTE.key).plain().len()
}

fn slower(api: &Resource, route: &Value, function: &Resource, path: &str, out: &mut Diagnostics) {
    let (waits, takes) = (route.get(TIMEOUT.key).as_int(), function.get(&function::TIMEOUT).as_int());
    let Some((waits, takes)) = waits.zip(takes).filter(|(waits, takes)| takes > waits) else { return };
    let show = |seconds| Unit::Seconds.format(seconds);
    let message = format!("`{}` may take {}, and its route waits {}", function.address, show(takes), show(waits));
    out.push(api.finding(&SLOWER, path, message));
}

fn two_masters(stack: &Stack, api: &Resource, function: &Resource, path: &str, out: &mut Diagnostics) {
    let fed = feeds(stack).find(|feed| feed.function.is_some_and(|fed| fed.address == function.address));
    if let Some(feed) = fed {
        let message =
            format!("`{}` invokes `{}`, and so does `{}`", api.address, function.address, feed.mapping.address);
        out.push(api.finding(&TWO_MASTERS, path, message));
    }
}

fn too_late(resource: &Resource, out: &mut Diagnostics) {
    for row in resource.kind.rows() {
        walk(&row.ty, row.key, resource.get(row), &mut |path, value| {
            let named = value.as_ref().filter(|reference| reference.fact == Fact::Arn).and_then(Ref::address);
            if let Some(api) = named.filter(|address| address.kind == HttpApi.name()) {
                let message = format!("`{path}` of `{}` refers to the ARN of `{api}`", resource.address);
                out.push(resource.finding(&ARN_TOO_LATE, path, message));
            }
        });
    }
}
