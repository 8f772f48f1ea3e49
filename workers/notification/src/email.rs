//! The job `notification.email`: a mail over SMTP.
//!
//! A mail is handed over once for each job: the idempotency store remembers it. A server that has the mail and says
//! nothing of it may have taken it: that is a dead letter `outcome_unknown`, and nothing is sent again by itself.
//! Between the server's answer and the record lies a moment in which a worker can die; then the mail is sent again,
//! with the same `Message-ID`, by which mail systems can tell that it is the same.

use std::future::Future;

use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};
use lettre::{Address, Message};
use queuestack_worker::Outcome;
use queuestack_worker::idempotency::Key;
use serde::Deserialize;
use serde_json::Value;
use tokio::time::Instant;

use crate::smtp::SendError;
use crate::template::{Rendered, Templates};
use crate::{Deps, dead, name_of};

/// The type of the job.
pub const TYPE: &str = "notification.email";

/// The most recipients of one mail.
const RECIPIENTS: usize = 50;
/// The longest subject, in characters.
const SUBJECT: usize = 500;

/// The payload: `{"to": "a@example.org", "subject": "Moved", "text": "To 10:00."}`, or with `template` and `data` in place
/// of subject, text and HTML.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct SendEmail {
    /// Whom it is for: one address or several, with or without names.
    pub to: Addresses,
    /// Who gets a copy.
    #[serde(default)]
    pub cc: Addresses,
    /// Where answers go.
    #[serde(default)]
    pub reply_to: Option<String>,
    /// What it is about, in one line.
    #[serde(default)]
    pub subject: Option<String>,
    /// What it says, as plain text.
    #[serde(default)]
    pub text: Option<String>,
    /// What it says, as HTML.
    #[serde(default)]
    pub html: Option<String>,
    /// The name of a template that says all three.
    #[serde(default)]
    pub template: Option<String>,
    /// What is filled into the template.
    #[serde(default)]
    pub data: Value,
}

/// One address or several.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Addresses {
    /// One.
    One(String),
    /// Several.
    Several(Vec<String>),
}

impl Default for Addresses {
    fn default() -> Self {
        Self::Several(Vec::new())
    }
}

impl Addresses {
    fn as_slice(&self) -> &[String] {
        match self {
            Self::One(address) => std::slice::from_ref(address),
            Self::Several(addresses) => addresses,
        }
    }
}

/// Does the job, until shortly before an instant or until the worker stops. Addresses are personal: they
/// stay out of logs and errors.
pub async fn handle(
    payload: SendEmail,
    key: &Key,
    deps: &Deps,
    until: Instant,
    stops: impl Future<Output = ()>,
) -> Outcome {
    let Some((smtp, from)) = &deps.mail else {
        return dead("not_configured", "the worker has no mail server: set SMTP_URL and MAIL_FROM");
    };
    let name = name_of(key);
    let message = match message(&payload, from, &name, &deps.templates) {
        Ok(message) => message,
        Err(problem) => return dead("invalid_payload", problem),
    };
    match smtp.send(&message, until, stops).await {
        Ok(()) => {
            tracing::info!("mail handed over");
            Outcome::done()
        }
        Err(error @ (SendError::Refused(_) | SendError::Unable(_))) => dead("rejected", error),
        Err(error @ (SendError::NotAllowed(_) | SendError::NoLogin)) => dead("unauthorized", error),
        Err(error @ SendError::Unknown) => dead("outcome_unknown", format!("{error}; Message-ID {name}")),
        Err(error) => Outcome::retry(error),
    }
}

/// Makes the mail.
///
/// # Errors
/// What is wrong with the payload, as a sentence for the dead letter.
pub fn message(payload: &SendEmail, from: &Mailbox, name: &str, templates: &Templates) -> Result<Message, String> {
    let Rendered { subject, text, html } = content(payload, templates)?;
    if subject.is_empty() || subject.chars().count() > SUBJECT {
        return Err(format!("the subject has none or more than {SUBJECT} characters"));
    }
    // A line break would begin a header of the sender's choice.
    if subject.chars().any(char::is_control) {
        return Err("the subject is more than one line, or has control characters".to_owned());
    }
    let id = format!("<{name}@{}>", from.email.domain());
    let mut builder = Message::builder().from(from.clone()).subject(subject).message_id(Some(id));
    let to = mailboxes("to", payload.to.as_slice())?;
    let cc = mailboxes("cc", payload.cc.as_slice())?;
    if to.is_empty() || to.len() + cc.len() > RECIPIENTS {
        return Err(format!("a mail has 1 to {RECIPIENTS} recipients, and at least one in `to`"));
    }
    builder = to.into_iter().fold(builder, lettre::message::MessageBuilder::to);
    builder = cc.into_iter().fold(builder, lettre::message::MessageBuilder::cc);
    if let Some(address) = &payload.reply_to {
        builder = builder.reply_to(mailbox("reply_to", address)?);
    }
    // Nobody's holiday answers a machine. <https://www.rfc-editor.org/rfc/rfc3834#section-5>
    let automatic = HeaderName::new_from_ascii_str("Auto-Submitted");
    builder = builder.raw_header(HeaderValue::new(automatic, "auto-generated".to_owned()));
    let message = match (text, html) {
        (Some(text), Some(html)) => builder.multipart(MultiPart::alternative_plain_html(text, html)),
        (Some(text), None) => builder.singlepart(SinglePart::plain(text)),
        (None, Some(html)) => builder.singlepart(SinglePart::html(html)),
        (None, None) => return Err("neither `text` nor `html` nor `template` is there".to_owned()),
    };
    message.map_err(|error| error.to_string())
}

fn content(payload: &SendEmail, templates: &Templates) -> Result<Rendered, String> {
    match &payload.template {
        None => Ok(Rendered {
            subject: payload.subject.clone().unwrap_or_default(),
            text: payload.text.clone(),
            html: payload.html.clone(),
        }),
        Some(name) if payload.text.is_none() && payload.html.is_none() => {
            let rendered = templates.render(name, &payload.data)?;
            Ok(Rendered { subject: payload.subject.clone().unwrap_or(rendered.subject), ..rendered })
        }
        Some(_) => Err("`template` takes the place of `text` and `html`".to_owned()),
    }
}

fn mailboxes(field: &str, addresses: &[String]) -> Result<Vec<Mailbox>, String> {
    addresses.iter().map(|address| mailbox(field, address)).collect()
}

fn mailbox(field: &str, address: &str) -> Result<Mailbox, String> {
    if address.chars().any(char::is_control) {
        return Err(format!("an address in `{field}` has control characters"));
    }
    read(address)
        .ok_or_else(|| format!("an address in `{field}` is none: write `a@example.org` or `Ada <a@example.org>`"))
}

/// Reads an address. A domain of other characters than ASCII is written as DNS and every mail server know it: `xn--…`.
pub(crate) fn read(address: &str) -> Option<Mailbox> {
    let Mailbox { name, email } = address.parse().ok()?;
    let email = match email.domain().is_ascii() {
        true => email,
        false => Address::new(email.user(), idna::domain_to_ascii(email.domain()).ok()?).ok()?,
    };
    Some(Mailbox::new(name, email))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn make(payload: Value) -> Result<String, String> {
        let payload: SendEmail = serde_json::from_value(payload).map_err(|error| error.to_string())?;
        let from = "Calendar <calendar@example.org>".parse().unwrap();
        let message = message(&payload, &from, "0123", &Templates::new(None).unwrap())?;
        Ok(String::from_utf8(message.formatted()).unwrap())
    }

    #[test]
    fn a_mail_says_what_it_is_to_say() {
        let mail = make(
            json!({"to": ["Ada <a@example.org>", "b@münchen.example"], "subject": "Größe", "text": "t", "html": "h"}),
        );
        let mail = mail.unwrap();
        for expected in [
            "From: Calendar <calendar@example.org>\r\n",
            "To: Ada <a@example.org>, b@xn--mnchen-3ya.example\r\n",
            "Subject: =?utf-8?b?R3LDtsOfZQ==?=\r\n",
            "Message-ID: <0123@example.org>\r\n",
            "Auto-Submitted: auto-generated\r\n",
            "multipart/alternative",
        ] {
            assert!(mail.contains(expected), "{expected}: {mail}");
        }
    }

    #[test]
    fn no_header_is_of_the_senders_choice() {
        let wrong = [
            json!({"to": "a@example.org", "subject": "x\r\nBcc: c@example.org", "text": "t"}),
            json!({"to": "a@example.org\nBcc: c@example.org", "subject": "x", "text": "t"}),
            json!({"to": "a@example.org", "reply_to": "b@example.org\r\nX: y", "subject": "x", "text": "t"}),
            json!({"to": "\"a\r\nX: y\" <a@example.org>", "subject": "x", "text": "t"}),
            json!({"to": "a@example.org", "template": "calendar-changed", "data": {"calendar": "a\nBcc: b@c.org", "events": []}}),
        ];
        for payload in wrong {
            let told = make(payload.clone()).unwrap_err();
            assert!(told.contains("control characters"), "{payload}: {told}");
        }
    }

    #[test]
    fn what_is_wrong_is_told_without_addresses() {
        let many: Vec<_> = (0..51).map(|number| format!("a{number}@example.org")).collect();
        let cases = [
            (json!({"subject": "x", "text": "t"}), "missing field `to`"),
            (json!({"to": [], "subject": "x", "text": "t"}), "1 to 50 recipients"),
            (json!({"to": many, "subject": "x", "text": "t"}), "1 to 50 recipients"),
            (json!({"to": "nobody", "subject": "x", "text": "t"}), "an address in `to` is none"),
            (json!({"to": "a@example.org", "text": "t"}), "the subject has none"),
            (json!({"to": "a@example.org", "subject": "x"}), "neither `text` nor `html`"),
            (json!({"to": "a@example.org", "template": "x"}), "there is no template `x`"),
            (json!({"to": "a@example.org", "template": "x", "text": "t"}), "takes the place of"),
        ];
        for (payload, expected) in cases {
            let told = make(payload).unwrap_err();
            assert!(told.contains(expected) && !told.contains("nobody"), "{told}");
        }
    }
}
