//! The statements in functions' policies that let other services invoke them.
//!
//! They take no tags: each is owned through what it lets in, an API or a rule of a bus, which its source names.
//! <https://docs.aws.amazon.com/lambda/latest/api/API_AddPermission.html>

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;
use sha2::{Digest as _, Sha256};
use tokio::sync::Mutex;

use crate::backend::aws::{Aws, Patience};
use crate::error::{AwsError, fine_when};
use crate::kind::Arn;
use crate::model::Address;

const GONE: &[&str] = &["ResourceNotFoundException", "ResourceNotFound"];
/// What the ids of our statements begin with.
pub const OURS: &str = "queuestack-";

/// Two changes of one function's policy at once conflict. There are few of them, so that all stand in one line.
static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

/// One statement that lets a service invoke a function.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Statement {
    /// Its id.
    pub id: String,
    /// The ARN of what may invoke.
    pub source: String,
}

/// Statements by the function in whose policy they stand.
pub type Policies = BTreeMap<String, BTreeSet<Statement>>;

/// Sixteen digits for a text, which may have characters that no statement's id has.
pub fn digest(text: &str) -> String {
    Sha256::digest(text).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// Reads the statements of a service in the policies of functions; those of another account are not ours to read.
pub async fn read(
    aws: &Aws,
    principal: &'static str,
    functions: impl IntoIterator<Item = String>,
) -> Result<BTreeMap<String, Vec<Statement>>, AwsError> {
    let account = aws.place().await?.account.clone();
    let functions: BTreeSet<String> = functions.into_iter().collect();
    let own = functions.into_iter().filter(|arn| Arn::parse(arn).is_ok_and(|arn| arn.account == account));
    let read = |aws: Aws, function: String| async move {
        let statements = read_one(&aws, principal, &function).await?;
        Ok(Some((function, statements)))
    };
    Ok(aws.each(own, read).await?.into_iter().collect())
}

async fn read_one(aws: &Aws, principal: &str, function: &str) -> Result<Vec<Statement>, AwsError> {
    let call = aws.lambda.get_policy().function_name(function);
    match aws.call("lambda", "GetPolicy", call.send()).await {
        Err(error) if error.is(GONE) => Ok(Vec::new()),
        other => Ok(other?.policy().map(|policy| parse(policy, principal)).unwrap_or_default()),
    }
}

fn parse(policy: &str, principal: &str) -> Vec<Statement> {
    let policy: Json = serde_json::from_str(policy).unwrap_or_default();
    let statements = policy["Statement"].as_array().into_iter().flatten();
    let ours = statements.filter(|one| one["Effect"] == "Allow" && one["Principal"]["Service"] == principal);
    let read = ours.filter_map(|one| {
        let conditions = one["Condition"].as_object().into_iter().flat_map(|conditions| conditions.values());
        let source = conditions.into_iter().find_map(|keys| {
            keys.as_object()?.iter().find(|(key, _)| key.eq_ignore_ascii_case("AWS:SourceArn"))?.1.as_str()
        });
        Some(Statement { id: one["Sid"].as_str()?.to_owned(), source: source.unwrap_or_default().to_owned() })
    });
    read.collect()
}

/// Adds what is wanted and not there. A statement of the same id that says something else goes first.
pub async fn add(
    aws: &Aws,
    principal: &str,
    wanted: &Policies,
    there: &Policies,
    address: &Address,
) -> Result<(), AwsError> {
    for (function, statements) in wanted {
        let has = there.get(function);
        for statement in statements.iter().filter(|one| has.is_none_or(|has| !has.contains(one))) {
            if has.is_some_and(|has| has.iter().any(|other| other.id == statement.id)) {
                remove_one(aws, function, &statement.id, address).await?;
            }
            add_one(aws, principal, function, statement, address).await?;
        }
    }
    Ok(())
}

/// Removes what is ours, there, and not wanted any more.
pub async fn remove(aws: &Aws, wanted: &Policies, there: &Policies, address: &Address) -> Result<(), AwsError> {
    for (function, statements) in there {
        let keeps = |id: &str| wanted.get(function).is_some_and(|wanted| wanted.iter().any(|one| one.id == id));
        for statement in statements.iter().filter(|one| one.id.starts_with(OURS) && !keeps(&one.id)) {
            remove_one(aws, function, &statement.id, address).await?;
        }
    }
    Ok(())
}

/// Removes every statement of a service that `is_its` tells to be of what goes, whoever made it.
pub async fn forget(
    aws: &Aws,
    principal: &'static str,
    functions: impl IntoIterator<Item = String>,
    is_its: impl Fn(&Statement) -> bool,
    address: &Address,
) -> Result<(), AwsError> {
    for (function, statements) in read(aws, principal, functions).await? {
        for statement in statements.iter().filter(|one| is_its(one)) {
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

async fn add_one(
    aws: &Aws,
    principal: &str,
    function: &str,
    statement: &Statement,
    address: &Address,
) -> Result<(), AwsError> {
    let _turn = ONE_AT_A_TIME.lock().await;
    let add = || {
        let call = aws.lambda.add_permission().function_name(function).statement_id(&statement.id);
        let call = call.action("lambda:InvokeFunction").principal(principal).source_arn(&statement.source);
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
    fn statements_of_one_service_are_read_and_no_others() {
        let policy = r#"{"Statement": [
            {"Sid": "a", "Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"},
             "Condition": {"ArnLike": {"AWS:SourceArn": "arn:aws:events:eu-west-1:123456789012:rule/nightly"}}},
            {"Sid": "b", "Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}},
            {"Sid": "c", "Effect": "Deny", "Principal": {"Service": "events.amazonaws.com"}},
            {"Sid": "d", "Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}}
        ]}"#;
        let read = parse(policy, "events.amazonaws.com");
        let said: Vec<_> = read.iter().map(|one| (one.id.as_str(), one.source.as_str())).collect();
        assert_eq!(said, [("a", "arn:aws:events:eu-west-1:123456789012:rule/nightly"), ("d", "")]);
        assert_eq!(parse("no JSON", "events.amazonaws.com"), []);
    }
}
