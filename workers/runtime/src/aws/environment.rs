//! The configuration as Lambda gives it: in environment variables.
//!
//! The SDK's own loader also looks into profiles, and asks containers and instances who they are: a tenth of a
//! function's zip for what is not there in Lambda.

use aws_sdk_sqs::config::{BehaviorVersion, Credentials, Region, SharedCredentialsProvider};
use aws_types::SdkConfig;
use aws_types::sdk_config::Builder;
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};

/// Reads Region, credentials, endpoints and their kind from the variables that the SDKs share. An empty one is one that is
/// not there.
/// <https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html>
pub fn config(variable: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Builder {
    let variables = Variables(variable);
    let credentials = variables.get("AWS_ACCESS_KEY_ID").zip(variables.get("AWS_SECRET_ACCESS_KEY"));
    let credentials = credentials
        .map(|(key, secret)| Credentials::new(key, secret, variables.get("AWS_SESSION_TOKEN"), None, "environment"));
    if credentials.is_none() {
        tracing::warn!(
            "no AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY: this binary was built without the feature `chain`, which \
             finds credentials elsewhere"
        );
    }
    let region = variables.get("AWS_REGION").or_else(|| variables.get("AWS_DEFAULT_REGION"));
    let mut config = SdkConfig::builder().behavior_version(BehaviorVersion::latest()).region(region.map(Region::new));
    config.set_credentials_provider(credentials.map(SharedCredentialsProvider::new));
    config.set_use_fips(variables.switch("AWS_USE_FIPS_ENDPOINT"));
    config.set_use_dual_stack(variables.switch("AWS_USE_DUALSTACK_ENDPOINT"));
    if variables.switch("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS") == Some(true) {
        return config;
    }
    config.set_endpoint_url(variables.get("AWS_ENDPOINT_URL"));
    config.service_config(variables)
}

struct Variables<F>(F);

impl<F: Fn(&str) -> Option<String>> Variables<F> {
    fn get(&self, name: &str) -> Option<String> {
        (self.0)(name).filter(|value| !value.is_empty())
    }

    fn switch(&self, name: &str) -> Option<bool> {
        self.get(name).map(|value| value.eq_ignore_ascii_case("true"))
    }
}

impl<F> std::fmt::Debug for Variables<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Variables")
    }
}

/// What is said for one service: `AWS_ENDPOINT_URL_SQS`.
impl<F: Fn(&str) -> Option<String> + Send + Sync> LoadServiceConfig for Variables<F> {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        self.get(&format!("{}_{}", key.env(), key.service_id().to_uppercase().replace(' ', "_")))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use aws_sdk_sqs::Client;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    /// The environment of a function in us-gov-west-1, and what else is said.
    fn in_lambda(more: &'static [(&str, &str)]) -> Builder {
        config(move |name| {
            let given = match name {
                "AWS_REGION" => "us-gov-west-1",
                "AWS_ACCESS_KEY_ID" => "ASIAKEY",
                "AWS_SECRET_ACCESS_KEY" => "secret",
                "AWS_SESSION_TOKEN" => "token",
                _ => more.iter().find(|(one, _)| *one == name)?.1,
            };
            Some(given.to_owned())
        })
    }

    #[test]
    fn switches_are_read() {
        let said = |more| in_lambda(more).build();
        assert_eq!((said(&[]).use_fips(), said(&[]).use_dual_stack()), (None, None));
        let both = said(&[("AWS_USE_FIPS_ENDPOINT", "True"), ("AWS_USE_DUALSTACK_ENDPOINT", "false")]);
        assert_eq!((both.use_fips(), both.use_dual_stack()), (Some(true), Some(false)));
        let ignored = said(&[("AWS_ENDPOINT_URL", "http://a"), ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")]);
        assert!(ignored.endpoint_url().is_none() && ignored.service_config().is_none());
        assert!(config(|_| Some(String::new())).build().region().is_none());
    }

    #[tokio::test]
    async fn a_call_is_signed_with_what_the_environment_says() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url: &'static str = format!("http://{}", listener.local_addr().unwrap()).leak();
        let asked = tokio::spawn(async move {
            let mut stream = listener.accept().await.unwrap().0;
            let mut asked = vec![0; 8192];
            let length = stream.read(&mut asked).await.unwrap();
            let answer = "HTTP/1.1 200 OK\r\ncontent-type: application/x-amz-json-1.0\r\ncontent-length: 2\r\n\r\n{}";
            stream.write_all(answer.as_bytes()).await.unwrap();
            String::from_utf8_lossy(&asked[..length]).into_owned()
        });
        let more: &'static [(&str, &str)] =
            vec![("AWS_ENDPOINT_URL", "http://127.0.0.1:1"), ("AWS_ENDPOINT_URL_SQS", url)].leak();
        let config = in_lambda(more).http_client(super::super::http::Http::default()).build();
        Client::new(&config).list_queues().send().await.unwrap();
        let asked = asked.await.unwrap();
        assert!(asked.contains("Credential=ASIAKEY/") && asked.contains("/us-gov-west-1/sqs/"), "{asked}");
        assert!(asked.contains("x-amz-security-token: token\r\n"), "{asked}");
    }
}
