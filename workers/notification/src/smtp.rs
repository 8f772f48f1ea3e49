//! The way to a mail server.

use std::path::Path;
use std::time::Duration;

use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use percent_encoding::percent_decode_str;
use queuestack_outbound::Url;

/// How long the server may take for each answer.
const TIMEOUT: Duration = Duration::from_secs(10);

/// A mail server.
pub struct Smtp(AsyncSmtpTransport<Tokio1Executor>);

/// A mail server that cannot be used. The URL is never part of it: it holds a password.
#[derive(Debug, thiserror::Error)]
pub enum SmtpError {
    /// The URL.
    #[error("SMTP_URL is wrong: {0}; write `smtp://user:password@host:587` or `smtps://user:password@host:465`")]
    Url(&'static str),
    /// The certificates.
    #[error("SMTP_CA_FILE: {0}; it is a file of certificates in PEM")]
    Authorities(String),
}

impl Smtp {
    /// A mail server by its URL, `authorities` being trusted besides the public ones. `smtp:` begins in the clear and
    /// turns to TLS before anything is said (STARTTLS), `smtps:` begins with TLS; without TLS it works only where the
    /// URL says `?tls=none` and no password.
    ///
    /// # Errors
    /// What is wrong with the URL or the file.
    pub fn new(url: &str, authorities: Option<&Path>) -> Result<Self, SmtpError> {
        let url = Url::parse(url).map_err(|_| SmtpError::Url("it is not a URL"))?;
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or(SmtpError::Url("it names no host"))?;
        let tls = || parameters(host, authorities);
        let (tls, port) = match (url.scheme(), url.query()) {
            ("smtp", None) => (Tls::Required(tls()?), 587),
            ("smtps", None) => (Tls::Wrapper(tls()?), 465),
            ("smtp", Some("tls=none")) if url.username().is_empty() => (Tls::None, 25),
            ("smtp", Some("tls=none")) => return Err(SmtpError::Url("a password is not sent without TLS")),
            ("smtp" | "smtps", _) => return Err(SmtpError::Url("after `?` there is `tls=none` or nothing")),
            _ => return Err(SmtpError::Url("it begins with neither `smtp://` nor `smtps://`")),
        };
        let builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host);
        let mut builder = builder.port(url.port().unwrap_or(port)).tls(tls).timeout(Some(TIMEOUT));
        if !url.username().is_empty() {
            let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
            let password = decoded(url.password().unwrap_or_default());
            builder = builder.credentials(Credentials::new(decoded(url.username()), password));
        }
        Ok(Self(builder.build()))
    }

    /// Hands a mail over to the server; it is either taken for all recipients or for none.
    ///
    /// # Errors
    /// It was not taken, or nothing is known about it.
    pub async fn send(&self, message: Message) -> Result<(), lettre::transport::smtp::Error> {
        self.0.send(message).await.map(drop)
    }
}

fn parameters(host: &str, authorities: Option<&Path>) -> Result<TlsParameters, SmtpError> {
    let mut builder = TlsParameters::builder(host.to_owned());
    if let Some(file) = authorities {
        let pem = std::fs::read(file).map_err(|error| SmtpError::Authorities(error.to_string()))?;
        let certificate =
            Certificate::from_pem(&pem).map_err(|_| SmtpError::Authorities("it cannot be read".to_owned()))?;
        builder = builder.add_root_certificate(certificate);
    }
    builder.build().map_err(|error| SmtpError::Authorities(error.to_string()))
}
