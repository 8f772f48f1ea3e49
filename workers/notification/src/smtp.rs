//! The way to a mail server.

use std::path::Path;
use std::time::Duration;

use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use percent_encoding::percent_decode_str;
use queuestack_outbound::Url;

/// How long the server may take for the connection.
const CONNECT: Duration = Duration::from_secs(5);
/// How long handing over one mail may take, all in all.
const TIMEOUT: Duration = Duration::from_secs(20);

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
        let mut builder = builder.port(url.port().unwrap_or(port)).tls(tls).timeout(Some(CONNECT));
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
    /// What the server said, or that nothing is known about the mail.
    pub async fn send(&self, message: Message) -> Result<(), SendError> {
        let error = match tokio::time::timeout(TIMEOUT, self.0.send(message)).await {
            Ok(Ok(_)) => return Ok(()),
            Ok(Err(error)) => error,
            Err(_) => return Err(SendError::Silent),
        };
        // What it said besides may hold addresses.
        match error.status() {
            Some(code) if error.is_permanent() => Err(SendError::Refused(code.to_string())),
            Some(code) => Err(SendError::Deferred(code.to_string())),
            None if error.is_timeout() => Err(SendError::Silent),
            None if error.is_tls() => Err(SendError::Tls),
            None => Err(SendError::Connection),
        }
    }
}

/// Why a mail was not taken.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SendError {
    /// For good.
    #[error("the mail server answered {0}")]
    Refused(String),
    /// For now.
    #[error("the mail server answered {0}")]
    Deferred(String),
    /// No answer; it may have been taken.
    #[error("the mail server did not answer in time")]
    Silent,
    /// The server is not who it should be.
    #[error("TLS with the mail server failed")]
    Tls,
    /// No connection, or one that broke off.
    #[error("the connection to the mail server failed")]
    Connection,
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
