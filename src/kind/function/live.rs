//! The function's face towards Lambda.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use aws_sdk_lambda::types::{Architecture, Concurrency, DestinationConfig, FunctionCode, OnFailure};

use super::convert::{CONFIGURATION, Settings, reported, text};
use super::settle::settle;
use super::ship::{patient, ship};
use super::{ARCHITECTURE, CODE, ENVIRONMENT, Function, ON_FAILURE, RESERVED_CONCURRENCY};
use crate::backend::aws::{Aws, Patience};
use crate::error::{AwsError, fine_when};
use crate::kind::{Desired, Facts, Found, Kind, Live, Row, Sweep, mapping, tag_changes, texts_in};
use crate::model::{Address, Fact};
use crate::plan::Change;
use crate::value::Value;

const GONE: &[&str] = &["ResourceNotFoundException", "ResourceNotFound"];

#[async_trait]
impl Live for Function {
    /// `GetFunction` reads configuration, tags and concurrency in one call of the generous quota (100/s).
    async fn read(&self, aws: &Aws, sweep: &Sweep) -> Result<Vec<Found>, AwsError> {
        let named = read_all(aws, sweep.names().into_iter().collect());
        let orphans = async { read_all(aws, orphans(aws, sweep).await?).await };
        let (mut found, orphans) = futures::try_join!(named, orphans)?;
        found.extend(orphans.into_iter().filter(|one| sweep.owns(&one.tags)));
        Ok(found)
    }

    /// Functions belong to the mappings that feed them.
    async fn belonging(&self, _aws: &Aws, found: &[Found]) -> Result<BTreeSet<String>, AwsError> {
        let functions = texts_in(found, &mapping::Mapping, &mapping::FUNCTION);
        Ok(functions.filter_map(|arn| self.name_in_arn(arn)).map(str::to_owned).collect())
    }

    async fn create(&self, aws: &Aws, desired: &Desired) -> Result<Facts, AwsError> {
        complete(desired, "CreateFunction")?;
        let code = ship(aws, desired, "CreateFunction").await?;
        let create = || {
            // What is not set needs no clearing here.
            let with = Settings::of(desired, &|row| !desired.get(row).is_null());
            let call = aws.lambda.create_function().function_name(&desired.name);
            let from = FunctionCode::builder().set_zip_file(code.zip.clone());
            let call = call.code(from.set_s3_bucket(code.bucket.clone()).set_s3_key(code.key.clone()).build());
            let call = call
                .set_architectures(architectures(desired))
                .set_tags(Some(desired.tags.clone().into_iter().collect()));
            let call = call.set_description(with.description).set_role(with.role).set_runtime(with.runtime);
            let call = call.set_handler(with.handler).set_memory_size(with.memory).set_timeout(with.timeout);
            let call = call.set_environment(with.environment).set_ephemeral_storage(with.storage);
            let call = call.set_tracing_config(with.tracing).set_logging_config(with.logging).set_layers(with.layers);
            let call = call.set_dead_letter_config(with.dead_letter).set_vpc_config(with.vpc);
            let config = aws_sdk_lambda::Config::builder().timeout_config(patient());
            aws.call("lambda", "CreateFunction", call.customize().config_override(config).send())
        };
        Box::pin(aws.patiently(patience(&desired.address), create)).await?;
        settle(aws, &desired.name, "CreateFunction").await?;
        if !desired.get(&RESERVED_CONCURRENCY).is_null() {
            put_concurrency(aws, desired).await?;
        }
        if !desired.get(&ON_FAILURE).is_null() {
            put_on_failure(aws, desired).await?;
        }
        Ok(Facts::new())
    }

    /// Code and configuration have calls of their own, and each is refused while the other is at work.
    async fn update(&self, aws: &Aws, desired: &Desired, found: &Found, changes: &[Change]) -> Result<(), AwsError> {
        let touched = |row: &Row| changes.iter().any(|change| !change.is_tag() && change.key == row.key);
        if touched(&CODE) || touched(&ARCHITECTURE) {
            update_code(aws, desired).await?;
        }
        if CONFIGURATION.iter().any(|row| touched(row)) {
            update_configuration(aws, desired, &touched).await?;
        }
        if touched(&RESERVED_CONCURRENCY) {
            put_concurrency(aws, desired).await?;
        }
        if touched(&ON_FAILURE) {
            put_on_failure(aws, desired).await?;
        }
        let (set, removed) = tag_changes(desired, found, changes);
        if !set.is_empty() {
            let call = aws.lambda.tag_resource().resource(&found.arn).set_tags(Some(set.into_iter().collect()));
            aws.call("lambda", "TagResource", call.send()).await?;
        }
        if !removed.is_empty() {
            let call = aws.lambda.untag_resource().resource(&found.arn).set_tag_keys(Some(removed));
            aws.call("lambda", "UntagResource", call.send()).await?;
        }
        Ok(())
    }

    async fn delete(&self, aws: &Aws, found: &Found, _consent: bool) -> Result<(), AwsError> {
        let address = Address::new(self.name(), &found.name);
        let delete = || {
            let call = aws.lambda.delete_function().function_name(&found.name);
            aws.call("lambda", "DeleteFunction", call.send())
        };
        fine_when(GONE, aws.patiently(patience(&address), delete).await)
    }
}

/// What passes by itself: IAM spreads a new role within seconds, and Lambda refuses changes while it is at work.
fn patience(address: &Address) -> Patience {
    Patience::new(address)
        .wait_for_text("cannot be assumed by Lambda", "its role cannot be assumed yet", 120)
        .wait_for_text("execution role does not have permissions", "its role's permissions are not known yet", 120)
        .wait_for_text("update is in progress", "an update of it is in progress", 300)
        .wait_for_text("following state: Pending", "Lambda is still preparing it", 300)
}

/// Names the functions that may be the stack's though it no longer names them.
async fn orphans(aws: &Aws, sweep: &Sweep) -> Result<Vec<String>, AwsError> {
    if aws.lists_every_tag() {
        let tagged = aws.tagged(sweep, Function.tag_type()).await?.keys().filter_map(|arn| Function.name_in_arn(arn));
        return Ok(tagged.filter(|name| !sweep.wants(name)).map(str::to_owned).collect());
    }
    let named = all(aws).await?.iter().filter_map(|arn| Some((Function.name_in_arn(arn)?.to_owned(), arn.clone())));
    let unnamed: Vec<_> = named.filter(|(name, _)| !sweep.wants(name)).collect();
    let read = |aws: Aws, (name, arn): (String, String)| async move {
        let tags = read_tags(&aws, &arn).await?;
        Ok(Some((name, tags)))
    };
    let read: Vec<(String, BTreeMap<String, String>)> = aws.each(unnamed, read).await?;
    Ok(read.into_iter().filter(|(_, tags)| sweep.owns(tags)).map(|(name, _)| name).collect())
}

/// The ARNs of all functions, listed once a sweep.
pub async fn all(aws: &Aws) -> Result<&BTreeSet<String>, AwsError> {
    aws.listed(Function.tag_type(), list(aws)).await
}

async fn list(aws: &Aws) -> Result<BTreeSet<String>, AwsError> {
    let mut functions = BTreeSet::new();
    let mut marker = None;
    loop {
        let call = aws.lambda.list_functions().max_items(50).set_marker(marker);
        let page = aws.call("lambda", "ListFunctions", call.send()).await?;
        let named = page.functions.unwrap_or_default().into_iter();
        functions.extend(named.filter_map(|one| one.function_arn));
        marker = page.next_marker.filter(|marker| !marker.is_empty());
        if marker.is_none() {
            return Ok(functions);
        }
    }
}

async fn read_tags(aws: &Aws, arn: &str) -> Result<BTreeMap<String, String>, AwsError> {
    match aws.call("lambda", "ListTags", aws.lambda.list_tags().resource(arn).send()).await {
        Err(error) if error.is(GONE) => Ok(BTreeMap::new()),
        other => Ok(other?.tags.unwrap_or_default().into_iter().collect()),
    }
}

async fn read_all(aws: &Aws, names: Vec<String>) -> Result<Vec<Found>, AwsError> {
    aws.each(names, |aws, name| async move { read_one(&aws, name).await }).await
}

async fn read_one(aws: &Aws, name: String) -> Result<Option<Found>, AwsError> {
    let call = aws.lambda.get_function().function_name(&name);
    let answer = match aws.call("lambda", "GetFunction", call.send()).await {
        Err(error) if error.is(GONE) => return Ok(None),
        other => other?,
    };
    let Some(config) = &answer.configuration else { return Ok(None) };
    // Without its tags nobody can say whose it is; guessing would make a conflict of a missing permission.
    if let Some(error) = &answer.tags_error {
        let message = format!("the tags of {name} cannot be read: {}", error.message());
        return Err(AwsError::refused("lambda", "GetFunction", message));
    }
    let mut attributes = reported(config);
    let reserved = answer.concurrency.as_ref().and_then(Concurrency::reserved_concurrent_executions);
    attributes.extend(reserved.map(|number| (RESERVED_CONCURRENCY.key, Value::Int(number.into()))));
    attributes.extend(read_on_failure(aws, &name).await?.map(|target| (ON_FAILURE.key, target)));
    Ok(Some(Found {
        kind: &Function,
        arn: config.function_arn().unwrap_or_default().to_owned(),
        attributes,
        tags: answer.tags.unwrap_or_default().into_iter().collect(),
        // Lambda writes the zone as `+0000`.
        facts: config.last_modified().map(|time| (Fact::Modified, time.replace("+0000", "Z"))).into_iter().collect(),
        holds: None,
        name,
    }))
}

async fn read_on_failure(aws: &Aws, name: &str) -> Result<Option<Value>, AwsError> {
    let call = aws.lambda.get_function_event_invoke_config().function_name(name);
    match aws.call("lambda", "GetFunctionEventInvokeConfig", call.send()).await {
        Err(error) if error.is(GONE) => Ok(None),
        other => {
            let destinations = other?.destination_config;
            let target = text(destinations.as_ref().and_then(|all| all.on_failure()?.destination()));
            Ok(Some(target).filter(|target| !target.is_null()))
        }
    }
}

/// Refuses to hand a function a `${…}` that nobody resolved.
fn complete(desired: &Desired, operation: &'static str) -> Result<(), AwsError> {
    let variables = desired.get(&ENVIRONMENT).as_map().into_iter().flatten();
    let open = variables.filter(|(_, value)| matches!(value, Value::Ref(_) | Value::Join(_))).map(|(key, _)| key);
    match open.into_iter().next() {
        Some(key) => {
            let message = format!("the environment variable {key} of {} refers to what does not exist", desired.name);
            Err(AwsError::refused("lambda", operation, message))
        }
        None => Ok(()),
    }
}

fn architectures(desired: &Desired) -> Option<Vec<Architecture>> {
    desired.get(&ARCHITECTURE).as_text().map(|name| vec![Architecture::from(name)])
}

async fn update_code(aws: &Aws, desired: &Desired) -> Result<(), AwsError> {
    let code = ship(aws, desired, "UpdateFunctionCode").await?;
    let update = || {
        let call = aws.lambda.update_function_code().function_name(&desired.name).set_zip_file(code.zip.clone());
        let call = call.set_s3_bucket(code.bucket.clone()).set_s3_key(code.key.clone());
        let config = aws_sdk_lambda::Config::builder().timeout_config(patient());
        let call = call.set_architectures(architectures(desired)).customize().config_override(config);
        aws.call("lambda", "UpdateFunctionCode", call.send())
    };
    aws.patiently(patience(&desired.address), update).await?;
    settle(aws, &desired.name, "UpdateFunctionCode").await
}

async fn update_configuration(
    aws: &Aws,
    desired: &Desired,
    changed: &(dyn Fn(&Row) -> bool + Sync),
) -> Result<(), AwsError> {
    complete(desired, "UpdateFunctionConfiguration")?;
    let update = || {
        let with = Settings::of(desired, changed);
        let call = aws.lambda.update_function_configuration().function_name(&desired.name);
        let call = call.set_description(with.description).set_role(with.role).set_runtime(with.runtime);
        let call = call.set_handler(with.handler).set_memory_size(with.memory).set_timeout(with.timeout);
        let call = call.set_environment(with.environment).set_ephemeral_storage(with.storage);
        let call = call.set_tracing_config(with.tracing).set_logging_config(with.logging).set_layers(with.layers);
        let call = call.set_dead_letter_config(with.dead_letter).set_vpc_config(with.vpc);
        aws.call("lambda", "UpdateFunctionConfiguration", call.send())
    };
    aws.patiently(patience(&desired.address), update).await?;
    settle(aws, &desired.name, "UpdateFunctionConfiguration").await
}

async fn put_concurrency(aws: &Aws, desired: &Desired) -> Result<(), AwsError> {
    let put = || async {
        let number = desired.get(&RESERVED_CONCURRENCY).as_int().and_then(|number| i32::try_from(number).ok());
        let Some(number) = number else {
            let call = aws.lambda.delete_function_concurrency().function_name(&desired.name);
            return aws.call("lambda", "DeleteFunctionConcurrency", call.send()).await.map(drop);
        };
        let call = aws.lambda.put_function_concurrency().function_name(&desired.name);
        let call = call.reserved_concurrent_executions(number);
        aws.call("lambda", "PutFunctionConcurrency", call.send()).await.map(drop)
    };
    aws.patiently(patience(&desired.address), put).await
}

async fn put_on_failure(aws: &Aws, desired: &Desired) -> Result<(), AwsError> {
    let Some(target) = desired.get(&ON_FAILURE).as_text() else {
        let call = aws.lambda.delete_function_event_invoke_config().function_name(&desired.name);
        return fine_when(GONE, aws.call("lambda", "DeleteFunctionEventInvokeConfig", call.send()).await);
    };
    let put = || {
        let on_failure = OnFailure::builder().destination(target).build();
        let call = aws.lambda.put_function_event_invoke_config().function_name(&desired.name);
        let call = call.destination_config(DestinationConfig::builder().on_failure(on_failure).build());
        aws.call("lambda", "PutFunctionEventInvokeConfig", call.send())
    };
    aws.patiently(patience(&desired.address), put).await.map(drop)
}
