//! The way to a mail server.

use std::future::Future;
use std::path::Path;
use std::time::Duration;

use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use lettre::{Address, Message};
use percent_encoding::percent_decode_str;
use queuestack_outbound::Url;
use tokio::time::{Instant, sleep_until, timeout};

/// How long the server may take for the connection.
const CONNECT: Duration = Duration::from_secs(5);
/// How long it may take until the server wants the mail itself, from the connection to the answer to `DATA`. Up to
/// there nothing was sent, and trying again does no harm.
const OPENING: Duration = Duration::from_secs(20);
/// How long before the attempt ends the wait for the last answer does: what is unknown must still be said.
const SAYING: Duration = Duration::from_secs(1);
/// The least time for the last answer with which a mail is sent at all.
const LEAST: Duration = Duration::from_secs(1);
/// How long taking leave may take; nobody waits for it.
const LEAVING: Duration = Duration::from_secs(5);
/// What says that who sends is not allowed to, at whatever command.
/// <https://www.rfc-editor.org/rfc/rfc4954#section-6>
const NOT_ALLOWED: [&str; 4] = ["530", "534", "535", "538"];

/// A mail server.
pub struct Smtp {
    host: String,
    port: u16,
    tls: Tls,
    credentials: Option<Credentials>,
}

/// When a connection turns to TLS.
enum Tls {
    Never,
    Later(TlsParameters),
    AtOnce(TlsParameters),
}

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
            ("smtp", None) => (Tls::Later(tls()?), 587),
            ("smtps", None) => (Tls::AtOnce(tls()?), 465),
            ("smtp", Some("tls=none")) if url.username().is_empty() => (Tls::Never, 25),
            ("smtp", Some("tls=none")) => return Err(SmtpError::Url("a password is not sent without TLS")),
            ("smtp" | "smtps", _) => return Err(SmtpError::Url("after `?` there is `tls=none` or nothing")),
            _ => return Err(SmtpError::Url("it begins with neither `smtp://` nor `smtps://`")),
        };
        let credentials = (!url.username().is_empty()).then(|| {
            let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
            Credentials::new(decoded(url.username()), decoded(url.password().unwrap_or_default()))
        });
        Ok(Self { host: host.to_owned(), port: url.port().unwrap_or(port), tls, credentials })
    }

    /// Hands a mail over to the server; it is either taken for all recipients or for none.
    ///
    /// A server may take its time once it has the mail: RFC 5321 asks clients to wait ten minutes, since what is given
    /// up then and sent again arrives twice. So the last answer is waited for until shortly before `until`, or until the
    /// worker `stops`, and without it nobody knows whether the mail was taken.
    /// <https://www.rfc-editor.org/rfc/rfc5321#section-4.5.3.2.6>
    ///
    /// # Errors
    /// What the server said, or that nothing is known about the mail.
    pub async fn send(
        &self,
        message: &Message,
        until: Instant,
        stops: impl Future<Output = ()>,
    ) -> Result<(), SendError> {
        tokio::pin!(stops);
        let mail = message.formatted();
        let opened = tokio::select! {
            opened = timeout(OPENING, self.open(message, &mail)) => opened,
            // Nothing was sent: others do it.
            () = &mut stops => return Err(SendError::Late),
        };
        let mut connection = opened.map_err(|_| SendError::Silent)??;
        let until = until - SAYING;
        if Instant::now() + LEAST > until {
            return Err(SendError::Late);
        }
        let answer = tokio::select! {
            answer = connection.message(&mail) => answer,
            () = sleep_until(until) => return Err(SendError::Unknown),
            () = &mut stops => return Err(SendError::Unknown),
        };
        let answer = answer.map(drop).map_err(|error| match error.status() {
            Some(_) => failed(Step::Mail, &error),
            None => SendError::Unknown,
        });
        // The mail's fate is known: to say goodbye must not put that at risk.
        tokio::spawn(async move { timeout(LEAVING, connection.quit()).await });
        answer
    }

    /// Does all that comes before the mail itself.
    async fn open(&self, message: &Message, mail: &[u8]) -> Result<AsyncSmtpConnection, SendError> {
        let at = |step| move |error: Error| failed(step, &error);
        let (hello, server) = (ClientId::default(), (self.host.as_str(), self.port));
        let tls = if let Tls::AtOnce(tls) = &self.tls { Some(tls.clone()) } else { None };
        let connection = AsyncSmtpConnection::connect_tokio1(server, Some(CONNECT), &hello, tls, None).await;
        let mut connection = connection.map_err(at(Step::Server))?;
        if let Tls::Later(tls) = &self.tls {
            if !connection.can_starttls() {
                return Err(SendError::NoTls);
            }
            connection.starttls(tls.clone(), &hello).await.map_err(at(Step::Server))?;
        }
        if let Some(credentials) = &self.credentials {
            connection.auth(DEFAULT_MECHANISMS, credentials).await.map_err(at(Step::Login))?;
        }
        let (from, to) = (message.envelope().from(), message.envelope().to());
        let parameters = parameters_of(&connection, from.into_iter().chain(to), mail)?;
        connection.command(Mail::new(from.cloned(), parameters)).await.map_err(at(Step::Server))?;
        for address in to {
            connection.command(Rcpt::new(address.clone(), Vec::new())).await.map_err(at(Step::Mail))?;
        }
        connection.command(Data).await.map_err(at(Step::Mail))?;
        Ok(connection)
    }
}

/// What the server must be told of a mail, and be able to do with it.
fn parameters_of<'a>(
    connection: &AsyncSmtpConnection,
    mut addresses: impl Iterator<Item = &'a Address>,
    mail: &[u8],
) -> Result<Vec<MailParameter>, SendError> {
    let needed = [
        (
            addresses.any(|one| !one.user().is_ascii()),
            Extension::SmtpUtfEight,
            MailParameter::SmtpUtfEight,
            UNKNOWN_USER,
        ),
        (!mail.is_ascii(), Extension::EightBitMime, MailParameter::Body(MailBodyParameter::EightBitMime), UNKNOWN_TEXT),
    ];
    let needed = needed.into_iter().filter(|(needed, ..)| *needed);
    let has = |extension| connection.server_info().supports_feature(extension);
    needed
        .map(|(_, extension, parameter, told)| has(extension).then_some(parameter).ok_or(SendError::Unable(told)))
        .collect()
}

const UNKNOWN_USER: &str = "addresses with characters other than ASCII before the `@` (SMTPUTF8)";
const UNKNOWN_TEXT: &str = "mails with characters other than ASCII (8BITMIME)";

/// Whom an answer that refuses is about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    /// The server or the sender's account, whatever the mail.
    Server,
    /// The name and the password.
    Login,
    /// A recipient or the mail.
    Mail,
}

fn failed(step: Step, error: &Error) -> SendError {
    // What it said besides may hold addresses.
    match error.status().map(|code| code.to_string()) {
        Some(code) if error.is_permanent() && (step == Step::Login || NOT_ALLOWED.contains(&code.as_str())) => {
            SendError::NotAllowed(code)
        }
        Some(code) if error.is_permanent() && step == Step::Mail => SendError::Refused(code),
        Some(code) => SendError::Deferred(code),
        None if error.is_client() && step == Step::Login => SendError::NoLogin,
        None if error.is_timeout() => SendError::Silent,
        None if error.is_tls() => SendError::Tls,
        None => SendError::Connection,
    }
}

/// Why a mail was not taken.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SendError {
    /// For good: the mail or one who it is for.
    #[error("the mail server answered {0}")]
    Refused(String),
    /// The server wants another name or password, or one at all.
    #[error(
        "the mail server answered {0}: it does not let this worker send; look at the user and the password in SMTP_URL"
    )]
    NotAllowed(String),
    /// The server takes no password in a way that is known here.
    #[error("the mail server takes neither AUTH PLAIN nor AUTH LOGIN")]
    NoLogin,
    /// The server cannot have such a mail.
    #[error("the mail server does not take {0}")]
    Unable(&'static str),
    /// For now.
    #[error("the mail server answered {0}")]
    Deferred(String),
    /// No answer before the mail itself was sent.
    #[error("the mail server did not answer in time")]
    Silent,
    /// Too little is left of the attempt to send the mail and hear of it.
    #[error("the mail server took so long that the mail was not begun")]
    Late,
    /// The mail was sent, and no answer came: it may have been taken.
    #[error("the mail server did not say whether it took the mail: ask it, or who it is for, before it is sent again")]
    Unknown,
    /// The server is not who it should be.
    #[error("TLS with the mail server failed")]
    Tls,
    /// The server offers no TLS.
    #[error("the mail server offers no STARTTLS")]
    NoTls,
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
