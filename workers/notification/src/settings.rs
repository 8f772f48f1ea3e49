//! What the worker reads from its environment.

use std::path::{Path, PathBuf};
use std::time::Duration;

use lettre::message::Mailbox;
use queuestack_outbound::{ByOrigin, NetworkError, OriginError, Outbound};

use crate::smtp::{Smtp, SmtpError};
use crate::template::{TemplateError, Templates};
use crate::webhook::Secret;
use crate::webpush::Vapid;

/// How long one request may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The environment. What is not there is not needed until a job needs it; that job then says which variable to set.
///
/// | variable | meaning |
/// |---|---|
/// | `SMTP_URL` | `smtp://user:password@host:587` with STARTTLS, `smtps://user:password@host:465`; `smtp://localhost:25?tls=none` for a relay on this machine |
/// | `SMTP_CA_FILE` | certificates to trust besides the public ones, as a PEM file |
/// | `MAIL_FROM` | who mails come from: `Calendar <calendar@example.org>` |
/// | `TEMPLATES` | a folder of templates besides the bundled ones: `name.subject`, `name.txt`, `name.html` |
/// | `WEBHOOK_SECRETS` | the signing keys, as JSON by origin: `{"https://hooks.example.org": "whsec_…"}`; others are not posted to |
/// | `VAPID_PRIVATE_KEY`, `VAPID_PUBLIC_KEY` | the key pair of Web Push, as base64url |
/// | `VAPID_SUBJECT` | whom push services can turn to: `mailto:admin@example.org` |
/// | `OUTBOUND_ALLOW` | networks to speak to besides the public ones: `10.1.0.0/16`; none |
#[derive(Clone, Default)]
pub struct Settings {
    /// `SMTP_URL`.
    pub smtp_url: Option<String>,
    /// `SMTP_CA_FILE`.
    pub smtp_ca_file: Option<PathBuf>,
    /// `MAIL_FROM`.
    pub mail_from: Option<String>,
    /// `TEMPLATES`.
    pub templates: Option<PathBuf>,
    /// `WEBHOOK_SECRETS`.
    pub webhook_secrets: Option<String>,
    /// `VAPID_PRIVATE_KEY`, `VAPID_PUBLIC_KEY`, `VAPID_SUBJECT`.
    pub vapid: [Option<String>; 3],
    /// `OUTBOUND_ALLOW`.
    pub allow: Option<String>,
}

/// Why the worker cannot start: which variable is wrong, and what to write.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The mail server.
    #[error(transparent)]
    Smtp(#[from] SmtpError),
    /// The sender.
    #[error("MAIL_FROM is no address: write `Calendar <calendar@example.org>`")]
    From,
    /// The templates.
    #[error("TEMPLATES: {0}")]
    Templates(#[from] TemplateError),
    /// The signing keys.
    #[error(transparent)]
    Secrets(#[from] OriginError),
    /// The keys of Web Push.
    #[error("{0}")]
    Vapid(&'static str),
    /// The networks.
    #[error("OUTBOUND_ALLOW: {0}")]
    Allow(#[from] NetworkError),
}

/// What the handlers work with.
pub struct Deps {
    /// Where mails go, and from whom.
    pub(crate) mail: Option<(Smtp, Mailbox)>,
    pub(crate) templates: Templates,
    pub(crate) outbound: Outbound,
    pub(crate) webhook_secrets: ByOrigin<Secret>,
    pub(crate) vapid: Option<Vapid>,
}

impl Settings {
    /// Reads the environment; an empty variable is one that is not there.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Self {
        let get = |name| variable(name).filter(|value| !value.is_empty());
        Self {
            smtp_url: get("SMTP_URL"),
            smtp_ca_file: get("SMTP_CA_FILE").map(PathBuf::from),
            mail_from: get("MAIL_FROM"),
            templates: get("TEMPLATES").map(PathBuf::from),
            webhook_secrets: get("WEBHOOK_SECRETS"),
            vapid: ["VAPID_PRIVATE_KEY", "VAPID_PUBLIC_KEY", "VAPID_SUBJECT"].map(get),
            allow: get("OUTBOUND_ALLOW"),
        }
    }

    /// Makes what the handlers work with; connects to nothing yet.
    ///
    /// # Errors
    /// The variable that is wrong.
    pub fn deps(&self) -> Result<Deps, SettingsError> {
        const SECRETS: &str = r#"{"https://hooks.example.org": "whsec_…"} with base64 after whsec_"#;
        let mail = match &self.smtp_url {
            None => None,
            Some(url) => {
                let from = self.mail_from.as_deref().and_then(crate::email::read);
                Some((Smtp::new(url, self.smtp_ca_file.as_deref())?, from.ok_or(SettingsError::From)?))
            }
        };
        let secrets = self.webhook_secrets.as_deref();
        let secrets = secrets.map(|text| ByOrigin::read("WEBHOOK_SECRETS", text, SECRETS)).transpose()?;
        let vapid = match &self.vapid {
            [None, None, None] => None,
            [Some(private), Some(public), Some(subject)] => {
                Some(Vapid::new(private, public, subject).map_err(SettingsError::Vapid)?)
            }
            _ => {
                return Err(SettingsError::Vapid(
                    "VAPID_PRIVATE_KEY, VAPID_PUBLIC_KEY and VAPID_SUBJECT go together: set all three",
                ));
            }
        };
        Ok(Deps {
            mail,
            templates: Templates::new(self.templates.as_deref().map(Path::new))?,
            outbound: Outbound::new(self.allow.as_deref().unwrap_or_default().parse()?, 0, TIMEOUT),
            webhook_secrets: secrets.unwrap_or_default(),
            vapid,
        })
    }
}
