//! From a target to an SDK configuration.

use std::time::Duration;

use aws_config::meta::region::ProvideRegion;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::profile::region::ProfileFileRegionProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sqs::config::{Credentials, SharedCredentialsProvider, SharedHttpClient};
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode};

/// Where a command goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// An AWS account, through a named profile or the default chain.
    Aws {
        /// The profile.
        profile: Option<String>,
    },
    /// An endpoint that speaks the AWS protocols.
    Endpoint {
        /// Its URL.
        url: String,
        /// The profile whose credentials to use there, if any.
        profile: Option<String>,
    },
}

/// Everything that a configuration is made from.
#[derive(Clone, Debug)]
pub struct Connection {
    /// Where to.
    pub target: Target,
    /// The Region, if it was said.
    pub region: Option<String>,
    /// Key, secret and session token from the environment, if they are there.
    pub environment: Option<(String, String, Option<String>)>,
    /// More certificate authorities to trust, in PEM: the content of `AWS_CA_BUNDLE`.
    pub authorities: Option<Vec<u8>>,
}

impl Connection {
    /// The endpoint; `None` for AWS itself.
    #[must_use]
    pub fn endpoint(&self) -> Option<&str> {
        match &self.target {
            Target::Endpoint { url, .. } => Some(url),
            Target::Aws { .. } => None,
        }
    }

    /// Makes the SDK configuration; only a profile or the default chain reads files or asks anybody.
    pub async fn config(&self) -> SdkConfig {
        match &self.target {
            Target::Endpoint { url, profile: None } => self.plain(url),
            Target::Endpoint { url, profile } => self.chain(profile.as_deref(), Some(url)).await,
            Target::Aws { profile } => self.chain(profile.as_deref(), None).await,
        }
    }

    /// An endpoint needs no files: credentials are those of the environment, or the emulators' `test`.
    fn plain(&self, url: &str) -> SdkConfig {
        let (key, secret, token) =
            self.environment.clone().unwrap_or_else(|| ("test".to_owned(), "test".to_owned(), None));
        let region = self.region.clone().unwrap_or_else(|| "us-east-1".to_owned());
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(region))
            .endpoint_url(url)
            .credentials_provider(SharedCredentialsProvider::new(Credentials::new(
                key,
                secret,
                token,
                None,
                "queuestack",
            )))
            .http_client(self.http_client(url.starts_with("http://")))
            .retry_config(RetryConfig::standard().with_max_attempts(3).with_initial_backoff(Duration::from_millis(100)))
            .timeout_config(timeouts())
            .sleep_impl(aws_smithy_async::rt::sleep::TokioSleep::new())
            .time_source(aws_smithy_async::time::SystemTimeSource::new())
            .build()
    }

    /// A profile that was chosen is asked for credentials and nobody else: in the default chain, those of the
    /// environment come first, and lead to whatever account they are of.
    async fn chain(&self, profile: Option<&str>, endpoint: Option<&str>) -> SdkConfig {
        let http_client = self.http_client(false);
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .http_client(http_client.clone())
            .retry_config(RetryConfig::standard().with_max_attempts(8))
            .timeout_config(timeouts());
        if let Some(profile) = profile {
            // Roles that the profile assumes are asked for over the same connection, in the same Region.
            let region = match &self.region {
                Some(region) => Some(Region::new(region.clone())),
                None => ProfileFileRegionProvider::builder().profile_name(profile).build().region().await,
            };
            let around = ProviderConfig::without_region().with_http_client(http_client).with_region(region);
            let only = ProfileFileCredentialsProvider::builder().configure(&around).profile_name(profile);
            loader = loader.profile_name(profile).credentials_provider(only.build());
        }
        if let Some(region) = &self.region {
            loader = loader.region(Region::new(region.clone()));
        }
        if let Some(url) = endpoint {
            loader = loader.endpoint_url(url);
        }
        loader.load().await
    }

    fn http_client(&self, plain: bool) -> SharedHttpClient {
        let builder = aws_smithy_http_client::Builder::new();
        if plain {
            return builder.build_http();
        }
        let mut trust = TrustStore::default();
        if let Some(pem) = &self.authorities {
            trust = trust.with_pem_certificate(pem.as_slice());
        }
        let builder = builder.tls_provider(Provider::Rustls(CryptoMode::Ring));
        match TlsContext::builder().with_trust_store(trust).build() {
            Ok(context) => builder.tls_context(context).build_https(),
            Err(_) => builder.build_https(),
        }
    }
}

fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(5))
        .operation_attempt_timeout(Duration::from_secs(60))
        .build()
}
