//! The job `notification.push`: a POST to a webhook or, by [Web Push](crate::webpush), to a browser.

use queuestack_outbound::{HttpError, RequestBuilder, of_error, of_status};
use queuestack_worker::Outcome;
use queuestack_worker::idempotency::Key;
use serde::Deserialize;
use serde_json::Value;

use crate::webpush::Subscription;
use crate::{Deps, dead, name_of, webhook, webpush};

/// The type of the job.
pub const TYPE: &str = "notification.push";

/// The payload: `{"url": "https://hooks.example.org/a", "body": {…}}`, or with the `subscription` of a browser in place
/// of the URL.
#[derive(Clone, Debug, Deserialize)]
pub struct Push {
    /// The webhook.
    #[serde(default)]
    pub url: Option<String>,
    /// What a browser's `PushSubscription` says of itself as JSON.
    #[serde(default)]
    pub subscription: Option<Subscription>,
    /// What is sent, as JSON.
    pub body: Value,
    /// How long a push service keeps it for a browser that is away, in s; a day unless said.
    #[serde(default)]
    pub ttl: Option<u32>,
    /// How urgent it is: `very-low`, `low`, `normal`, `high`.
    #[serde(default)]
    pub urgency: Option<Urgency>,
}

/// How urgent a push is. <https://www.rfc-editor.org/rfc/rfc8030#section-5.3>
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Urgency {
    /// On power and Wi-Fi.
    VeryLow,
    /// On either.
    Low,
    /// On neither.
    Normal,
    /// Even with a low battery.
    High,
}

impl Urgency {
    /// The word of the header.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::VeryLow => "very-low",
            Self::Low => "low",
            Self::Normal => "normal",
            Self::High => "high",
        }
    }
}

/// Does the job.
pub async fn handle(payload: Push, key: &Key, deps: &Deps) -> Outcome {
    let name = name_of(key);
    let request = match (&payload.url, &payload.subscription) {
        (Some(url), None) => webhook::request(deps, url, &name, &payload.body),
        (None, Some(subscription)) => webpush::request(deps, subscription, &payload),
        _ => return dead("invalid_payload", "a push has either `url` or `subscription`"),
    };
    match request {
        Ok(request) => send(request).await,
        Err(outcome) => outcome,
    }
}

async fn send(request: RequestBuilder) -> Outcome {
    match request.send().await {
        Ok(response) if response.status().is_success() => {
            tracing::info!(status = response.status().as_u16(), "push handed over");
            Outcome::done()
        }
        Ok(response) => of_status(response.status(), response.headers()),
        Err(error) => of_error(&HttpError::from(error)),
    }
}
