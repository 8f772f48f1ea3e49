//! STS: `GetCallerIdentity` over the query protocol.

use super::ACCOUNT;
use super::reply::{Fault, Reply};

/// Finds the `Action` of a query request, if the body is one.
pub fn action(body: &[u8]) -> Option<String> {
    let form = std::str::from_utf8(body).ok()?;
    form.split('&').find_map(|pair| pair.strip_prefix("Action=")).map(str::to_owned)
}

/// Answers one STS operation.
pub fn answer(operation: &str) -> Reply {
    if operation != "GetCallerIdentity" {
        return Fault::unknown_operation(operation).as_xml();
    }
    let who = format!(
        "<Arn>arn:aws:iam::{ACCOUNT}:user/bench</Arn><UserId>AIDABENCHBENCHBENCHBE</UserId><Account>{ACCOUNT}</Account>"
    );
    let result = format!("<GetCallerIdentityResult>{who}</GetCallerIdentityResult>");
    let namespace = "https://sts.amazonaws.com/doc/2011-06-15/";
    Reply::xml(200, format!("<GetCallerIdentityResponse xmlns=\"{namespace}\">{result}</GetCallerIdentityResponse>"))
}
