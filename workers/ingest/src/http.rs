//! Requests and answers in the payload format 2.0 of API Gateway's HTTP APIs.
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A request, as far as it is read here.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Request {
    /// By lower-case name; of several with one name, all joined by commas.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The body, in base64 unless API Gateway takes its type for text.
    pub body: Option<String>,
    /// Whether the body is in base64.
    #[serde(default)]
    pub is_base64_encoded: bool,
    /// Where it came in.
    pub request_context: RequestContext,
}

/// Where a request came in.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestContext {
    /// What was asked.
    pub http: Http,
    /// The id that API Gateway gave it, which its answers and logs name.
    #[serde(default)]
    pub request_id: String,
}

/// What was asked.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Http {
    /// The method, in capitals.
    pub method: String,
    /// The path.
    #[serde(default)]
    pub path: String,
}

impl Request {
    /// A header, by its lower-case name; an empty one is none.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    /// The bytes of the body; `None` if it says that it is base64 and is not.
    #[must_use]
    pub fn bytes(&self) -> Option<Vec<u8>> {
        let body = self.body.as_deref().unwrap_or_default();
        if self.is_base64_encoded { STANDARD.decode(body).ok() } else { Some(body.as_bytes().to_vec()) }
    }
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    /// The status.
    pub status_code: u16,
    /// The headers.
    pub headers: BTreeMap<&'static str, String>,
    /// The body: JSON.
    pub body: String,
}

impl Answer {
    /// The job is in the queue.
    #[must_use]
    pub fn accepted(id: &str) -> Answer {
        Answer::json(202, "application/json", &json!({"id": id}))
    }

    /// What is wrong, as RFC 9457 writes it: `title` is the same for each problem of a status, `detail` is about this.
    #[must_use]
    pub fn problem(status: u16, title: &str, detail: &str) -> Answer {
        let problem = json!({"type": "about:blank", "title": title, "status": status, "detail": detail});
        Answer::json(status, "application/problem+json", &problem)
    }

    /// Adds a header.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: &str) -> Answer {
        self.headers.insert(name, value.to_owned());
        self
    }

    fn json(status_code: u16, content_type: &str, body: &Value) -> Answer {
        let headers = BTreeMap::from([("content-type", content_type.to_owned())]);
        Answer { status_code, headers, body: body.to_string() }
    }
}
