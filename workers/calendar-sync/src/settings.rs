//! What the worker reads from its environment.

use std::time::Duration;

use queuestack_outbound::{
    ByOrigin, HttpError, Method, NetworkError, Networks, OriginError, Outbound, RequestBuilder, Url,
};
use queuestack_worker::place::OpenError;
use serde::Deserialize;

use crate::store::Store;

/// How long one request may take, its body included.
const TIMEOUT: Duration = Duration::from_secs(20);

/// How many redirects of a file are followed: calendars move, and `webcal` services send one on.
const REDIRECTS: usize = 5;

/// The environment.
///
/// | variable | meaning | default |
/// |---|---|---|
/// | `CALENDAR_STORE` | the store: `dynamodb:table`, `sqlite:path`, `postgres://…`, `mysql://…`, `mariadb://…`, `memory:` | `sqlite:calendar.db`; in Lambda `memory:`, which ends with its environment |
/// | `CALENDAR_CREDENTIALS` | who to be on which server, as JSON by origin: `{"https://dav.example.org": {"username": "…", "password": "…"}}` or `{"token": "…"}` | nobody |
/// | `CALENDAR_MAX_BYTES` | the longest answer of a server, in bytes | 10485760 |
/// | `QUEUE_URL_NOTIFICATION_QUEUE` | where jobs for the worker of notifications go; the grant `send: notification-queue` sets it | nowhere |
/// | `OUTBOUND_ALLOW` | networks to speak to besides the public ones: `10.1.0.0/16` | none |
#[derive(Clone, Default)]
pub struct Settings {
    /// `CALENDAR_STORE`.
    pub store: Option<String>,
    /// `CALENDAR_CREDENTIALS`.
    pub credentials: Option<String>,
    /// `CALENDAR_MAX_BYTES`.
    pub max_bytes: Option<String>,
    /// `QUEUE_URL_NOTIFICATION_QUEUE`.
    pub notifications: Option<String>,
    /// `OUTBOUND_ALLOW`.
    pub allow: Option<String>,
}

/// Why the worker cannot start: which variable is wrong, and what to write.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The URL of the store.
    #[error("CALENDAR_STORE: {0}")]
    Store(#[from] OpenError),
    /// The credentials.
    #[error(transparent)]
    Credentials(#[from] OriginError),
    /// The limit.
    #[error("CALENDAR_MAX_BYTES is not a number of bytes: write `10485760`")]
    MaxBytes,
    /// The networks.
    #[error("OUTBOUND_ALLOW: {0}")]
    Allow(#[from] NetworkError),
}

/// Who to be on a server.
#[derive(Clone, Deserialize)]
#[serde(untagged)]
enum Credentials {
    Password { username: String, password: String },
    Token { token: String },
}

/// What the handlers work with.
pub struct Deps {
    /// Where the events go.
    pub store: Store,
    /// The longest body, in bytes.
    pub max_bytes: usize,
    /// The queue of notifications.
    pub notifications: Option<String>,
    outbound: Outbound,
    /// Follows redirects.
    following: Outbound,
    credentials: ByOrigin<Credentials>,
}

impl Settings {
    /// Reads the environment; an empty variable is one that is not there.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Self {
        let get = |name| variable(name).filter(|value| !value.is_empty());
        let in_lambda = get("AWS_LAMBDA_RUNTIME_API").map(|_| "memory:".to_owned());
        Self {
            store: get("CALENDAR_STORE").or(in_lambda),
            credentials: get("CALENDAR_CREDENTIALS"),
            max_bytes: get("CALENDAR_MAX_BYTES"),
            notifications: get("QUEUE_URL_NOTIFICATION_QUEUE"),
            allow: get("OUTBOUND_ALLOW"),
        }
    }

    /// Makes what the handlers work with; connects to nothing yet. It must be called within a tokio runtime.
    ///
    /// # Errors
    /// The variable that is wrong.
    pub fn deps(&self) -> Result<Deps, SettingsError> {
        const EXAMPLE: &str = r#"{"https://dav.example.org": {"username": "…", "password": "…"}}"#;
        let credentials = self.credentials.as_deref();
        let credentials = credentials.map(|text| ByOrigin::read("CALENDAR_CREDENTIALS", text, EXAMPLE));
        let max_bytes = self.max_bytes.as_deref().map_or(Ok(10 << 20), str::parse);
        let allowed: Networks = self.allow.as_deref().unwrap_or_default().parse()?;
        Ok(Deps {
            store: Store::open(self.store.as_deref().unwrap_or("sqlite:calendar.db"))?,
            max_bytes: max_bytes.map_err(|_| SettingsError::MaxBytes)?,
            notifications: self.notifications.clone(),
            outbound: Outbound::new(allowed.clone(), 0, TIMEOUT),
            following: Outbound::new(allowed, REDIRECTS, TIMEOUT),
            credentials: credentials.transpose()?.unwrap_or_default(),
        })
    }
}

impl Deps {
    /// A request with the credentials of that server. A redirect is its answer: one that is followed may turn what
    /// writes into what reads, and the answer of another page into that of this resource.
    ///
    /// # Errors
    /// The URL may not be asked.
    pub fn request(&self, method: &'static str, url: &Url) -> Result<RequestBuilder, HttpError> {
        let method = method.parse().map_err(|_| HttpError::Refused("the method is none of HTTP"))?;
        Ok(self.authorised(self.outbound.request(method, url)?, url))
    }

    /// A request for a file. Redirects are followed, to another server without the credentials.
    ///
    /// # Errors
    /// The URL may not be asked.
    pub fn file(&self, url: &Url) -> Result<RequestBuilder, HttpError> {
        Ok(self.authorised(self.following.request(Method::GET, url)?, url))
    }

    fn authorised(&self, request: RequestBuilder, url: &Url) -> RequestBuilder {
        match self.credentials.get(url) {
            Some(Credentials::Password { username, password }) => request.basic_auth(username, Some(password)),
            Some(Credentials::Token { token }) => request.bearer_auth(token),
            None => request,
        }
    }
}
