//! Where the code of a call to Lambda is: in the call itself, or in a bucket.
//!
//! A call takes 50 MB. What is larger goes through S3, under a key that has the digest in it: the same code is sent
//! once, and nobody overwrites what a call is about to read.
//! <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>

use std::fmt::Write as _;
use std::time::Duration;

use aws_sdk_lambda::config::timeout::TimeoutConfig;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_s3::primitives::ByteStream;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{BUCKET, BUCKET_FOR, BUCKET_PREFIX, CODE, EXTERNAL, SHA256};
use crate::artifact::Artifact;
use crate::backend::aws::Aws;
use crate::error::AwsError;
use crate::kind::{Desired, Row};

/// How long one try of a call that carries code may take: 250 MB through 2 Mbit/s. A line that stands still is
/// noticed much earlier.
const SENDS_WITHIN: Duration = Duration::from_mins(20);

/// The code as a call takes it: one of the two.
#[derive(Clone, Debug, Default)]
pub struct Shipped {
    pub zip: Option<Blob>,
    pub bucket: Option<String>,
    pub key: Option<String>,
}

/// Time enough to send the code.
pub fn patient() -> TimeoutConfig {
    TimeoutConfig::builder().operation_attempt_timeout(SENDS_WITHIN).build()
}

/// Finds the zip that the plan names by its digest, and puts it into the bucket if that is where it goes.
pub async fn ship(aws: &Aws, desired: &Desired, operation: &'static str) -> Result<Shipped, AwsError> {
    let code = desired.get(&CODE);
    let text = |row: &Row| code.get(row.key).as_text();
    if desired.get(&CODE).get(EXTERNAL.key).as_bool() == Some(true) {
        let message = format!(
            "the code of {} is deployed elsewhere (`code: {{external: true}}`): let whoever deploys it do this, or name its package or artifact",
            desired.name
        );
        return Err(AwsError::refused("lambda", operation, message));
    }
    let digest = text(&SHA256).unwrap_or_default();
    let missing = || AwsError::refused("lambda", operation, format!("the code of {} was not built", desired.name));
    let artifact = aws.code(digest).ok_or_else(missing)?;
    let all = text(&BUCKET_FOR) == Some("all");
    match text(&BUCKET).filter(|_| artifact.needs_s3() || all) {
        None => Ok(Shipped { zip: Some(Blob::new(zip(artifact)?)), ..Shipped::default() }),
        Some(bucket) => {
            let key = key(text(&BUCKET_PREFIX).unwrap_or_default(), &desired.name, &artifact.code_sha256);
            put(aws, bucket, &key, artifact).await?;
            Ok(Shipped { zip: None, bucket: Some(bucket.to_owned()), key: Some(key) })
        }
    }
}

fn zip(artifact: &Artifact) -> Result<Vec<u8>, AwsError> {
    let zip = artifact.zip().map_err(|error| AwsError::refused("lambda", "read", error.to_string()))?;
    Ok(zip.into_owned())
}

/// `<prefix><function>/<SHA-256 in hex>.zip`: base64 has characters that mean something in a key.
fn key(prefix: &str, function: &str, code_sha256: &str) -> String {
    let digest = STANDARD.decode(code_sha256).unwrap_or_default();
    let hex = digest.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    });
    format!("{prefix}{function}/{hex}.zip")
}

/// Sends the zip unless it is there. S3 checks the digest, which is the one that Lambda reports.
async fn put(aws: &Aws, bucket: &str, key: &str, artifact: &Artifact) -> Result<(), AwsError> {
    let head = aws.s3().head_object().bucket(bucket).key(key);
    // Whoever may not list the bucket is told 403 for what is not there: only a yes counts.
    if let Ok(there) = aws.call("s3", "HeadObject", head.send()).await
        && there.content_length().and_then(|length| u64::try_from(length).ok()) == Some(artifact.zip_bytes)
    {
        return Ok(());
    }
    let call = aws.s3().put_object().bucket(bucket).key(key).content_type("application/zip");
    let call = call.checksum_sha256(&artifact.code_sha256).body(ByteStream::from(zip(artifact)?));
    let config = aws_sdk_s3::config::Config::builder().timeout_config(patient());
    match aws.call("s3", "PutObject", call.customize().config_override(config).send()).await {
        Err(mut error) => {
            error.message = format!("{} ({})", error.message, advice(bucket, &error));
            Err(error)
        }
        Ok(_) => Ok(()),
    }
}

/// What to do about an upload that failed.
fn advice(bucket: &str, error: &AwsError) -> String {
    match error.code.as_deref() {
        Some("NoSuchBucket") => format!("create bucket `{bucket}`, in the Region of the function"),
        Some("AccessDenied") => format!("allow `s3:PutObject` and `s3:GetObject` on bucket `{bucket}`"),
        Some("PermanentRedirect") => format!("bucket `{bucket}` must be in the Region of the function"),
        _ => format!("sending code to bucket `{bucket}`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::artifact::code_sha256;

    #[test]
    fn a_key_is_the_digest_in_hex() {
        let hex = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(key("queuestack/", "f", &code_sha256(b"")), format!("queuestack/f/{hex}.zip"));
        assert_eq!(key("", "f", &code_sha256(b"")), format!("f/{hex}.zip"));
    }
}
