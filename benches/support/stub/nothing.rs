//! Services that the stub's account has nothing of: roles, functions, mappings, log groups, topics,
//! HTTP APIs, tables.

use serde_json::json;

use super::reply::{Fault, Reply};

/// Answers IAM's `ListRoles`.
pub fn roles() -> Reply {
    let result = "<ListRolesResult><IsTruncated>false</IsTruncated><Roles/></ListRolesResult>";
    let namespace = "https://iam.amazonaws.com/doc/2010-05-08/";
    Reply::xml(200, format!("<ListRolesResponse xmlns=\"{namespace}\">{result}</ListRolesResponse>"))
}

/// Answers IAM's `GetRole`.
pub fn role() -> Reply {
    Fault::new(404, "NoSuchEntity", "There is no such role.").as_xml()
}

/// Answers IAM's `GetAccountAuthorizationDetails`.
pub fn role_details() -> Reply {
    let result = "<GetAccountAuthorizationDetailsResult><IsTruncated>false</IsTruncated><RoleDetailList/></GetAccountAuthorizationDetailsResult>";
    let namespace = "https://iam.amazonaws.com/doc/2010-05-08/";
    let answer = "GetAccountAuthorizationDetailsResponse";
    Reply::xml(200, format!("<{answer} xmlns=\"{namespace}\">{result}</{answer}>"))
}

/// Answers SNS's `ListTopics`.
pub fn topics() -> Reply {
    let result = "<ListTopicsResult><Topics/></ListTopicsResult>";
    let namespace = "http://sns.amazonaws.com/doc/2010-03-31/";
    Reply::xml(200, format!("<ListTopicsResponse xmlns=\"{namespace}\">{result}</ListTopicsResponse>"))
}

/// Answers SNS's `ListSubscriptions`.
pub fn subscriptions() -> Reply {
    let result = "<ListSubscriptionsResult><Subscriptions/></ListSubscriptionsResult>";
    let namespace = "http://sns.amazonaws.com/doc/2010-03-31/";
    Reply::xml(200, format!("<ListSubscriptionsResponse xmlns=\"{namespace}\">{result}</ListSubscriptionsResponse>"))
}

/// Answers CloudWatch Logs' `DescribeLogGroups`.
pub fn log_groups() -> Reply {
    Reply::json(&json!({"logGroups": []}))
}

/// Answers DynamoDB's `ListTables`.
pub fn tables() -> Reply {
    Reply::json(&json!({"TableNames": []}))
}

/// Answers Lambda's `ListFunctions` and `ListEventSourceMappings`.
pub fn of_lambda() -> Reply {
    Reply::json(&json!({"Functions": [], "EventSourceMappings": []}))
}

/// Answers API Gateway's `GetApis`.
pub fn apis() -> Reply {
    Reply::json(&json!({"items": []}))
}
