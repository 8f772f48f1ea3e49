//! A POST with a signature, as <https://www.standardwebhooks.com> has it, so that receivers find a library for it.
//!
//! `webhook-signature: v1,BASE64` is the HMAC-SHA256 of `webhook-id`, `webhook-timestamp` (s since 1970) and the body,
//! joined by dots. The id is the same for each delivery of a job: a receiver that has seen it has seen the job. The key
//! belongs to the origin; one that has none is not posted to.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use queuestack_outbound::{Method, RequestBuilder, Url, header, of_error};
use queuestack_worker::Outcome;
use ring::hmac;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::{Deps, dead};

/// The shortest key, in bytes. <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>
const LEAST: usize = 24;

/// A signing key, `whsec_` and base64.
#[derive(Clone)]
pub struct Secret(hmac::Key);

impl Secret {
    /// Reads a key.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = STANDARD.decode(text.strip_prefix("whsec_")?).ok()?;
        (bytes.len() >= LEAST).then(|| Self(hmac::Key::new(hmac::HMAC_SHA256, &bytes)))
    }

    /// Signs a message.
    #[must_use]
    pub fn sign(&self, id: &str, timestamp: u64, body: &str) -> String {
        let tag = hmac::sign(&self.0, format!("{id}.{timestamp}.{body}").as_bytes());
        format!("v1,{}", STANDARD.encode(tag))
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("not a key"))
    }
}

/// The request.
///
/// # Errors
/// What becomes of the job.
pub(crate) fn request(deps: &Deps, url: &str, name: &str, body: &Value) -> Result<RequestBuilder, Outcome> {
    let url = Url::parse(url).map_err(|_| dead("invalid_payload", "`url` is not a URL"))?;
    let request = deps.outbound.request(Method::POST, &url).map_err(|error| of_error(&error))?;
    let Some(secret) = deps.webhook_secrets.get(&url) else {
        return Err(dead("unknown_receiver", "WEBHOOK_SECRETS has no key for the origin of this URL"));
    };
    let (id, body) = (format!("msg_{name}"), body.to_string());
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let signature = secret.sign(&id, now, &body);
    let request = request.header(header::CONTENT_TYPE, "application/json").header("webhook-id", id);
    Ok(request.header("webhook-timestamp", now).header("webhook-signature", signature).body(body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_specification_is_signed_alike() {
        let secret = Secret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signature = secret.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, r#"{"test": 2432232314}"#);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        for wrong in ["", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_c2hvcnQ=", "whsec_***"] {
            assert!(Secret::parse(wrong).is_none(), "{wrong}");
        }
    }
}
