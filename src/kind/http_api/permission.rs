//! The statements in functions' policies that let an API invoke them.

use crate::backend::aws::Aws;
use crate::error::AwsError;
use crate::kind::Arn;
use crate::kind::function::permission;
use crate::model::Address;

pub use crate::kind::function::permission::{OURS, Policies, Statement, digest, remove};

/// Whom they let in.
pub const PRINCIPAL: &str = "apigateway.amazonaws.com";

/// The id of the API that a statement is for.
pub fn api_of(statement: &Statement) -> Option<&str> {
    let arn = Arn::parse(&statement.source).ok().filter(|arn| arn.service == "execute-api")?;
    arn.resource.split('/').next()
}

/// Removes all statements of an API that goes, whoever made them.
pub async fn forget(
    aws: &Aws,
    api: &str,
    functions: impl IntoIterator<Item = String>,
    address: &Address,
) -> Result<(), AwsError> {
    permission::forget(aws, PRINCIPAL, functions, |one| api_of(one) == Some(api), address).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_is_for_the_api_in_its_source() {
        let of = |source: &str| api_of(&Statement { id: String::new(), source: source.to_owned() }).map(str::to_owned);
        assert_eq!(of("arn:aws:execute-api:eu-west-1:123456789012:abc/*/POST/events").as_deref(), Some("abc"));
        assert_eq!(of("arn:aws:events:eu-west-1:123456789012:rule/nightly"), None);
        assert_eq!(of(""), None);
    }
}
