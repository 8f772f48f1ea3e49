//! HTTP to addresses that come out of jobs, which whoever can send a message chooses.
//!
//! A worker stands inside a network that its senders may not reach: its own metadata service, databases, neighbours.
//! So requests go to public addresses only, unless a network is allowed by name; a name is resolved once, and the
//! connection goes to the address that was looked at. Redirects are held to the same rules. Credentials belong to an
//! origin and go nowhere else. Every request has an end, and every body a limit.
//!
//! URLs never appear in errors: that of a private calendar, or of a webhook, is its key.

mod client;
mod network;
mod origin;
mod outcome;

pub use client::{HttpError, Outbound, body};
pub use network::{NetworkError, Networks, is_public};
pub use origin::{ByOrigin, OriginError};
pub use outcome::{of_error, of_status};
pub use reqwest::{Method, RequestBuilder, Response, StatusCode, Url, header};
