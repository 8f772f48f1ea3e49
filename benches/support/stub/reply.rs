//! Answers and errors in the wire forms of the three protocols.

use bytes::Bytes;
use ciborium::Value as Cbor;
use http_body_util::Full;
use hyper::{Response, StatusCode};
use serde_json::{Value as Json, json};

/// An answer before it gets its request id.
pub struct Reply {
    status: StatusCode,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

impl Reply {
    /// Makes a successful answer in AWS JSON.
    pub fn json(body: &Json) -> Self {
        Self::with(200, "application/x-amz-json-1.0", body.to_string().into_bytes())
    }

    /// Makes an answer of `status` in XML.
    pub fn xml(status: u16, body: String) -> Self {
        Self::with(status, "text/xml", body.into_bytes())
    }

    /// Makes the answer for a path that no service has.
    pub fn not_found() -> Self {
        Self::with(404, "application/json", br#"{"message":"Not Found"}"#.to_vec())
    }

    /// Makes the answer of a JSON service.
    pub fn of_json(outcome: Result<Json, Fault>) -> Self {
        outcome.map_or_else(|fault| fault.as_json(), |body| Self::json(&body))
    }

    /// Makes the answer of a CBOR service.
    pub fn of_cbor(outcome: Result<Cbor, Fault>) -> Self {
        outcome.map_or_else(|fault| fault.as_cbor(), |body| Self::cbor(200, &body))
    }

    fn cbor(status: u16, body: &Cbor) -> Self {
        let mut bytes = Vec::new();
        match ciborium::into_writer(body, &mut bytes) {
            Ok(()) => Self::with(status, "application/cbor", bytes).header("smithy-protocol", "rpc-v2-cbor".to_owned()),
            Err(error) => Self::with(500, "text/plain", error.to_string().into_bytes()),
        }
    }

    fn with(status: u16, content_type: &str, body: Vec<u8>) -> Self {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self { status, headers: vec![("content-type", content_type.to_owned())], body }
    }

    fn header(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Finishes the answer with its request id.
    pub fn into_response(self, request_id: &str) -> Response<Full<Bytes>> {
        let mut builder = Response::builder().status(self.status).header("x-amzn-requestid", request_id);
        for (name, value) in self.headers {
            builder = builder.header(name, value);
        }
        let body = Full::new(Bytes::from(self.body));
        builder.body(body).unwrap_or_else(|_| Response::new(Full::default()))
    }
}

/// An error as AWS tells it: a status, a shape, the code of the older query protocol and a message.
#[derive(Debug)]
pub struct Fault {
    status: u16,
    shape: &'static str,
    code: &'static str,
    message: String,
}

impl Fault {
    /// Makes an error whose query code is the name of its shape.
    pub fn new(status: u16, shape: &'static str, message: &str) -> Self {
        Self::coded(status, shape, shape, message)
    }

    /// Makes an error whose query code differs from the name of its shape.
    pub fn coded(status: u16, shape: &'static str, code: &'static str, message: &str) -> Self {
        Self { status, shape, code, message: message.to_owned() }
    }

    /// Makes the error for an operation that the stub does not have.
    pub fn unknown_operation(operation: &str) -> Self {
        Self::new(400, "UnknownOperation", &format!("The operation {operation} is not known here."))
    }

    /// Makes the error for a parameter that is missing or malformed.
    pub fn invalid(message: &str) -> Self {
        Self::new(400, "InvalidParameterValue", message)
    }

    /// Tells the error in AWS JSON.
    pub fn as_json(&self) -> Reply {
        let body = json!({"__type": format!("com.amazonaws#{}", self.shape), "message": self.message});
        Reply::with(self.status, "application/x-amz-json-1.0", body.to_string().into_bytes())
            .header("x-amzn-query-error", self.query_error())
    }

    /// Tells the error in CBOR.
    pub fn as_cbor(&self) -> Reply {
        let body = Cbor::Map(vec![
            (Cbor::from("__type"), Cbor::from(format!("com.amazonaws#{}", self.shape))),
            (Cbor::from("message"), Cbor::from(self.message.as_str())),
        ]);
        Reply::cbor(self.status, &body).header("x-amzn-query-error", self.query_error())
    }

    /// Tells the error in XML.
    pub fn as_xml(&self) -> Reply {
        let (code, message) = (self.code, &self.message);
        let error = format!("<Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>");
        Reply::xml(self.status, format!("<ErrorResponse>{error}</ErrorResponse>"))
    }

    fn query_error(&self) -> String {
        format!("{};Sender", self.code)
    }
}
