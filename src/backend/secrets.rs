//! Reading secrets: one call for each parameter and each secret, whatever keys are taken out of it.

use std::collections::{BTreeMap, BTreeSet};

use super::aws::Aws;
use crate::error::AwsError;
use crate::secret::{Known, Secret, Store, Unread};

const GONE: &[&str] = &["ParameterNotFound", "ParameterVersionNotFound", "ResourceNotFoundException"];

/// Reads secrets side by side. One that is missing or refused has its reason in the place of its value.
///
/// # Errors
/// When a store does not answer at all.
pub async fn read(aws: &Aws, secrets: BTreeSet<Secret>) -> Result<Known, AwsError> {
    let places: BTreeSet<(Store, String)> = secrets.iter().map(|one| (one.store, one.name.clone())).collect();
    let kept = aws.each(places, |aws, place| async move { read_one(&aws, place).await.map(Some) }).await?;
    let kept: BTreeMap<_, _> = kept.into_iter().collect();
    let picked = secrets.into_iter().map(|secret| {
        let value = match kept.get(&(secret.store, secret.name.clone())) {
            Some(Ok(kept)) => secret.pick(kept),
            Some(Err(reason)) => Err(reason.clone()),
            None => Err(Unread::Missing("it was not read".to_owned())),
        };
        (secret, value)
    });
    let known: Known = picked.collect();
    aws.hide(known.values().flatten().cloned().collect());
    Ok(known)
}

type Read = ((Store, String), Result<String, Unread>);

async fn read_one(aws: &Aws, place: (Store, String)) -> Result<Read, AwsError> {
    let answer = match place.0 {
        Store::Ssm => parameter(aws, &place.1).await,
        Store::SecretsManager => secret(aws, &place.1).await,
    };
    let value = match answer {
        Ok(Some(value)) => Ok(value),
        Ok(None) => Err(Unread::Missing("it is binary, which no environment variable can be".to_owned())),
        Err(error) if error.is(GONE) => {
            Err(Unread::Missing("there is no such thing in this account and Region".to_owned()))
        }
        Err(error) if error.code.is_some() => Err(Unread::Refused(error.to_string())),
        Err(error) => return Err(error),
    };
    Ok((place, value))
}

/// <https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameter.html>
async fn parameter(aws: &Aws, name: &str) -> Result<Option<String>, AwsError> {
    let call = aws.ssm().get_parameter().name(name).with_decryption(true);
    let answer = aws.call("ssm", "GetParameter", call.send()).await?;
    Ok(answer.parameter.and_then(|parameter| parameter.value))
}

/// <https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html>
async fn secret(aws: &Aws, name: &str) -> Result<Option<String>, AwsError> {
    let call = aws.secrets_manager().get_secret_value().secret_id(name);
    Ok(aws.call("secretsmanager", "GetSecretValue", call.send()).await?.secret_string)
}
