//! The statements in functions' policies that let an API invoke them.
//!
//! <https://docs.aws.amazon.com/lambda/latest/api/API_AddPermission.html>

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;
use tokio::sync::Mutex;

use super::route;
use crate::backend::aws::{Aws, Patience};
use crate::error::{AwsError, fine_when};
use crate::kind::Arn;
use crate::model::Address;

const GONE: &[&str] = &["ResourceNotFoundException", "ResourceNotFound"];
const PRINCIPAL: &str = "apigateway.amazonaws.com";

/// Two changes of one function's policy at once conflict. There are few of them, so that all stand in one line.
static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

/// One statement that lets API Gateway invoke a function.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Statement {
    /// Its id.
    pub id: String,
    /// The ARN of what may invoke.
    pub source: String,
}

/// Statements by the function in whose policy they stand.
pub type Policies = BTreeMap<String, BTreeSet<Statement>>;

/// Reads the statements of API Gateway in the policies of functions; those of another account are not ours to read.
pub async fn read(
    aws: &Aws,
    functions: impl IntoIterator<Item = String>,
) -> Result<BTreeMap<String, Vec<Statement>>, AwsError> {
    let account = aws.place().await?.account.clone();
    let functions: BTreeSet<String> = functions.into_iter().collect();
    let own = functions.into_iter().filter(|arn| Arn::parse(arn).is_ok_and(|arn| arn.account == account));
    let read = |aws: Aws, function: String| async move {
        let statements = read_one(&aws, &function).await?;
        Ok(Some((function, statements)))
    };
    Ok(aws.each(own, read).await?.into_iter().collect())
}

async fn read_one(aws: &Aws, function: &str) -> Result<Vec<Statement>, AwsError> {
    let call = aws.lambda.get_policy().function_name(function);
    match aws.call("lambda", "GetPolicy", call.send()).await {
        Err(error) if error.is(GONE) => Ok(Vec::new()),
        other => Ok(other?.policy().map(parse).unwrap_or_default()),
    }
}

fn parse(policy: &str) -> Vec<Statement> {
    let policy: Json = serde_json::from_str(policy).unwrap_or_default();
    let statements = policy["Statement"].as_array().into_iter().flatten();
    let ours = statements.filter(|one| one["Effect"] == "Allow" && one["Principal"]["Service"] == PRINCIPAL);
    let read = ours.filter_map(|one| {
        let conditions = one["Condition"].as_object().into_iter().flat_map(|conditions| conditions.values());
        let source = conditions.into_iter().find_map(|keys| {
            keys.as_object()?.iter().find(|(key, _)| key.eq_ignore_ascii_case("AWS:SourceArn"))?.1.as_str()
        });
        Some(Statement { id: one["Sid"].as_str()?.to_owned(), source: source.unwrap_or_default().to_owned() })
    });
    read.collect()
}

/// The id of the API that a statement is for.
pub fn api_of(statement: &Statement) -> Option<&str> {
    let arn = Arn::parse(&statement.source).ok().filter(|arn| arn.service == "execute-api")?;
    arn.resource.split('/').next()
}

/// Adds what is wanted and not there. A statement of the same id that says something else goes first.
pub async fn add(aws: &Aws, wanted: &Policies, there: &Policies, address: &Address) -> Result<(), AwsError> {
    for (function, statements) in wanted {
        let has = there.get(function);
        for statement in statements.iter().filter(|one| has.is_none_or(|has| !has.contains(one))) {
            if has.is_some_and(|has| has.iter().any(|other| other.id == statement.id)) {
                remove_one(aws, function, &statement.id, address).await?;
            }
            add_one(aws, function, statement, address).await?;
        }
    }
    Ok(())
}

/// Removes what is ours, there, and not wanted any more.
pub async fn remove(aws: &Aws, wanted: &Policies, there: &Policies, address: &Address) -> Result<(), AwsError> {
    for (function, statements) in there {
        let keeps = |id: &str| wanted.get(function).is_some_and(|wanted| wanted.iter().any(|one| one.id == id));
        for statement in statements.iter().filter(|one| one.id.starts_with(route::OURS) && !keeps(&one.id)) {
            remove_one(aws, function, &statement.id, address).await?;
        }
    }
    Ok(())
}

/// Removes all statements of an API that goes, whoever made them.
pub async fn forget(
    aws: &Aws,
    api: &str,
    functions: impl IntoIterator<Item = String>,
    address: &Address,
) -> Result<(), AwsError> {
    for (function, statements) in read(aws, functions).await? {
        for statement in statements.iter().filter(|one| api_of(one) == Some(api)) {
            remove_one(aws, &function, &statement.id, address).await?;
        }
    }
    Ok(())
}

/// What passes by itself.
fn patience(address: &Address) -> Patience {
    Patience::new(address)
        .wait_for_text("concurrent update", "another request changes the function", 60)
        .wait_for_text("update is in progress", "an update of the function is in progress", 300)
        .wait_for_text("following state: Pending", "Lambda is still preparing the function", 300)
        .wait_for(&["PreconditionFailedException"], "another request changes the function", 60)
}

async fn add_one(aws: &Aws, function: &str, statement: &Statement, address: &Address) -> Result<(), AwsError> {
    let _turn = ONE_AT_A_TIME.lock().await;
    let add = || {
        let call = aws.lambda.add_permission().function_name(function).statement_id(&statement.id);
        let call = call.action("lambda:InvokeFunction").principal(PRINCIPAL).source_arn(&statement.source);
        aws.call("lambda", "AddPermission", call.send())
    };
    aws.patiently(patience(address), add).await.map(drop)
}

async fn remove_one(aws: &Aws, function: &str, id: &str, address: &Address) -> Result<(), AwsError> {
    let _turn = ONE_AT_A_TIME.lock().await;
    let remove = || {
        let call = aws.lambda.remove_permission().function_name(function).statement_id(id);
        aws.call("lambda", "RemovePermission", call.send())
    };
    fine_when(GONE, aws.patiently(patience(address), remove).await)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_of_api_gateway_are_read_and_no_others() {
        let policy = r#"{"Statement": [
            {"Sid": "a", "Effect": "Allow", "Principal": {"Service": "apigateway.amazonaws.com"},
             "Condition": {"ArnLike": {"AWS:SourceArn": "arn:aws:execute-api:eu-west-1:123456789012:abc/*/POST/events"}}},
            {"Sid": "b", "Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}},
            {"Sid": "c", "Effect": "Deny", "Principal": {"Service": "apigateway.amazonaws.com"}},
            {"Sid": "d", "Effect": "Allow", "Principal": {"Service": "apigateway.amazonaws.com"}}
        ]}"#;
        let read = parse(policy);
        let said: Vec<_> = read.iter().map(|one| (one.id.as_str(), api_of(one))).collect();
        assert_eq!(said, [("a", Some("abc")), ("d", None)]);
        assert_eq!(parse("no JSON"), []);
    }
}
