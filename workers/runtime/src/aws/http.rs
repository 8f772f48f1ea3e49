//! HTTP for the SDK, by the client that the workers speak to everybody else with.
//!
//! The SDK's own client brings HTTP/2, which SQS and DynamoDB do not need, and a pool beside that of the workers: bytes that
//! every cold start reads.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use reqwest::redirect::Policy;
use reqwest::{Body, Client};

/// The time for a connection and that for the next bytes: the metadata of an instance must answer sooner than a queue.
type Patience = (Option<Duration>, Option<Duration>);

/// A client for each patience, made when the SDK asks for it.
#[derive(Debug, Default)]
pub(super) struct Http {
    connectors: Mutex<HashMap<Patience, SharedHttpConnector>>,
}

impl HttpClient for Http {
    fn http_connector(&self, settings: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        self.connector((settings.connect_timeout(), settings.read_timeout()))
    }
}

impl Http {
    fn connector(&self, patience: Patience) -> SharedHttpConnector {
        let mut connectors = self.connectors.lock().unwrap_or_else(PoisonError::into_inner);
        let connector = || SharedHttpConnector::new(Connector(client(patience).map_err(|error| error.to_string())));
        connectors.entry(patience).or_insert_with(connector).clone()
    }
}

fn client((connect, read): Patience) -> Result<Client, BoxError> {
    // A redirect would carry a signature to where it does not belong.
    let mut builder = Client::builder()
        .tls_backend_preconfigured(crate::tls::client()?)
        .no_proxy()
        .redirect(Policy::none())
        .referer(false);
    if let Some(connect) = connect {
        builder = builder.connect_timeout(connect);
    }
    if let Some(read) = read {
        builder = builder.read_timeout(read);
    }
    Ok(builder.build()?)
}

/// A client, or why there is none.
#[derive(Debug)]
struct Connector(Result<Client, String>);

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let client = self.0.clone();
        HttpConnectorFuture::new(async move {
            let client = client.map_err(|error| ConnectorError::user(error.into()))?;
            let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
            let request = request.map(Body::wrap).try_into().map_err(failed)?;
            let response = http_response(client.execute(request).await.map_err(failed)?);
            response.map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

fn http_response(response: reqwest::Response) -> Result<HttpResponse, aws_smithy_runtime_api::http::HttpError> {
    HttpResponse::try_from(hyper::Response::<Body>::from(response).map(SdkBody::from_body_1_x))
}

/// Tells the SDK what is worth another try: all but a request that cannot be sent.
fn failed(error: reqwest::Error) -> ConnectorError {
    let error = error.without_url();
    if error.is_timeout() {
        ConnectorError::timeout(error.into())
    } else if error.is_builder() {
        ConnectorError::user(error.into())
    } else {
        ConnectorError::io(error.into())
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    /// Answers one connection with these bytes, and returns its URL and what was asked.
    async fn answers(bytes: &'static str) -> (String, tokio::task::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let asked = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut asked = Vec::new();
            while !asked.ends_with(b"{\"a\":1}") {
                let mut part = [0; 1_024];
                let read = stream.read(&mut part).await.unwrap();
                asked.extend_from_slice(&part[..read]);
            }
            if bytes.is_empty() {
                std::future::pending::<()>().await;
            }
            stream.write_all(bytes.as_bytes()).await.unwrap();
            String::from_utf8(asked).unwrap()
        });
        (url, asked)
    }

    async fn post(url: &str, read: Option<Duration>) -> Result<HttpResponse, ConnectorError> {
        let mut request = HttpRequest::new(SdkBody::from("{\"a\":1}"));
        request.set_method("POST").unwrap();
        request.set_uri(url).unwrap();
        request.headers_mut().insert("x-amz-target", "AmazonSQS.SendMessage");
        Http::default().connector((Some(Duration::from_secs(5)), read)).call(request).await
    }

    #[tokio::test]
    async fn a_request_goes_out_as_it_was_signed_and_a_redirect_is_an_answer() {
        let redirect =
            "HTTP/1.1 307 Temporary Redirect\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 2\r\n\r\nno";
        let (url, asked) = answers(redirect).await;
        let response = post(&url, None).await.unwrap();
        assert_eq!(response.status().as_u16(), 307);
        let body = http_body_util::BodyExt::collect(response.into_body()).await.unwrap();
        assert_eq!(body.to_bytes(), "no");
        let asked = asked.await.unwrap();
        assert!(asked.starts_with("POST / HTTP/1.1\r\n"), "{asked}");
        for header in ["x-amz-target: AmazonSQS.SendMessage\r\n", "content-length: 7\r\n"] {
            assert!(asked.contains(header), "{asked}");
        }
    }

    #[tokio::test]
    async fn what_went_wrong_is_told_apart() {
        let (silent, _asked) = answers("").await;
        assert!(post(&silent, Some(Duration::from_millis(100))).await.unwrap_err().is_timeout());
        assert!(post("http://127.0.0.1:1/", None).await.unwrap_err().is_io());
        assert!(post("ftp://127.0.0.1/", None).await.is_err());
    }
}
