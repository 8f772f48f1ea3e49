//! Requests that go where they may.

use std::error::Error;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::{Attempt, Policy};
use reqwest::{Client, ClientBuilder, Method, RequestBuilder, Response, Url};

use crate::network::{Networks, is_public};

/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(5);

/// Why there is no answer, or none that is wanted.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// It may not be asked: the URL, or where it leads.
    #[error("refused: {0}")]
    Refused(&'static str),
    /// The answer is longer than allowed.
    #[error("the answer is longer than {0} bytes")]
    TooLarge(usize),
    /// Something went wrong on the way.
    #[error("{0}")]
    Failed(String),
}

impl From<reqwest::Error> for HttpError {
    fn from(error: reqwest::Error) -> Self {
        let error = error.without_url();
        let mut causes = Vec::new();
        let mut next: Option<&(dyn Error + 'static)> = Some(&error);
        while let Some(cause) = next {
            if let Some(refused) = cause.downcast_ref::<Refused>() {
                return Self::Refused(refused.0);
            }
            causes.push(cause);
            next = cause.source();
        }
        let mut told: Vec<String> = causes.iter().map(ToString::to_string).collect();
        told.dedup();
        Self::Failed(told.join(": "))
    }
}

/// Why it may not be asked, within the errors of the client.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Refused(&'static str);

const PRIVATE: &str = "it leads to an address that is not public; OUTBOUND_ALLOW names networks that may be spoken to";
const PLAIN: &str = "it is not https; plain http goes to networks in OUTBOUND_ALLOW alone";
const CREDENTIALS: &str = "it holds a user name or password; these belong into the worker's environment";

/// A client for URLs that come out of jobs.
#[derive(Clone, Debug)]
pub struct Outbound {
    allowed: Arc<Networks>,
    redirects: usize,
    timeout: Duration,
    /// Made when the first request needs them: a cold start must not pay for TLS.
    clients: Arc<OnceLock<Clients>>,
}

#[derive(Debug)]
struct Clients {
    secure: Client,
    /// Speaks to the allowed networks and to nobody else.
    plain: Client,
}

impl Outbound {
    /// A client that may speak to these networks besides the public ones, follows at most so many redirects, and gives
    /// a request up after `timeout`.
    #[must_use]
    pub fn new(allowed: Networks, redirects: usize, timeout: Duration) -> Self {
        Self { allowed: Arc::new(allowed), redirects, timeout, clients: Arc::default() }
    }

    fn clients(&self) -> Result<&Clients, HttpError> {
        let client = |plain: bool| {
            let rules = Rules { allowed: Arc::clone(&self.allowed), plain };
            let tls = queuestack_worker::tls::client().map_err(|error| HttpError::Failed(error.to_string()))?;
            let builder = Client::builder().tls_backend_preconfigured(tls).https_only(!plain);
            let builder = limited(builder, rules.clone(), self.redirects).dns_resolver(rules).timeout(self.timeout);
            Ok::<_, HttpError>(builder.build()?)
        };
        match self.clients.get() {
            Some(clients) => Ok(clients),
            None => {
                let made = Clients { secure: client(false)?, plain: client(true)? };
                Ok(self.clients.get_or_init(|| made))
            }
        }
    }

    /// A request to this URL.
    ///
    /// # Errors
    /// The URL is none, or may not be asked; or the TLS library cannot be set up.
    pub fn request(&self, method: Method, url: &Url) -> Result<RequestBuilder, HttpError> {
        if !url.username().is_empty() || url.password().is_some() {
            return Err(HttpError::Refused(CREDENTIALS));
        }
        let plain = match url.scheme() {
            "https" => false,
            "http" if !self.allowed.is_empty() => true,
            _ => return Err(HttpError::Refused(PLAIN)),
        };
        let rules = Rules { allowed: Arc::clone(&self.allowed), plain };
        rules.literal(url).map_err(|refused| HttpError::Refused(refused.0))?;
        let clients = self.clients()?;
        let client = if plain { &clients.plain } else { &clients.secure };
        Ok(client.request(method, url.clone()))
    }
}

fn limited(builder: ClientBuilder, rules: Rules, redirects: usize) -> ClientBuilder {
    let policy = Policy::custom(move |attempt: Attempt| {
        if attempt.previous().len() > redirects {
            return attempt.stop();
        }
        match rules.literal(attempt.url()) {
            Ok(()) => attempt.follow(),
            Err(refused) => attempt.error(refused),
        }
    });
    // A proxy would resolve the name again, and reach what must not be reached.
    builder.no_proxy().redirect(policy).referer(false).connect_timeout(CONNECT).user_agent("queuestack-worker/0.1")
}

/// Which addresses a client may connect to.
#[derive(Clone)]
struct Rules {
    allowed: Arc<Networks>,
    plain: bool,
}

impl Rules {
    fn allow(&self, address: IpAddr) -> bool {
        self.allowed.contain(address) || (!self.plain && is_public(address))
    }

    /// An address in a URL is connected to without being resolved.
    fn literal(&self, url: &Url) -> Result<(), Refused> {
        let host = url.host_str().unwrap_or_default();
        let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        match address {
            Ok(address) if !self.allow(address) => Err(Refused(if self.plain { PLAIN } else { PRIVATE })),
            _ => Ok(()),
        }
    }
}

impl Resolve for Rules {
    /// Resolves a name and leaves out what may not be spoken to: the connection goes to what is left.
    fn resolve(&self, name: Name) -> Resolving {
        let rules = self.clone();
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let found: Vec<_> = found.into_iter().filter(|address| rules.allow(address.ip())).collect();
            if found.is_empty() {
                return Err(Refused(if rules.plain { PLAIN } else { PRIVATE }).into());
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// Reads a body of at most so many bytes, whatever its header says of its length.
///
/// # Errors
/// It is longer, or breaks off.
pub async fn body(mut response: Response, most: usize) -> Result<Vec<u8>, HttpError> {
    if response.content_length().is_some_and(|length| length > most as u64) {
        return Err(HttpError::TooLarge(most));
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > most {
            return Err(HttpError::TooLarge(most));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}
