//! What becomes of a job whose request did not go through.

use std::time::Duration;

use jiff::fmt::rfc2822::DateTimeParser;
use jiff::{Timestamp, Zoned};
use queuestack_worker::Outcome;
use reqwest::StatusCode;
use reqwest::header::{HeaderMap, RETRY_AFTER};

use crate::HttpError;

/// The longest wait that a server may ask for; a queue hides a message for 12 hours at most.
const LONGEST: Duration = Duration::from_hours(6);

/// What an error means for the job: what is refused or too large stays so, what failed may work later.
pub fn of_error(error: &HttpError) -> Outcome {
    match error {
        HttpError::Refused(_) => dead("refused_address", error.to_string()),
        HttpError::TooLarge(_) => dead("too_large", error.to_string()),
        HttpError::Failed(_) => Outcome::retry(error),
    }
}

/// What a status that is not a success means for the job.
pub fn of_status(status: StatusCode, headers: &HeaderMap) -> Outcome {
    let told = format!("the server answered {status}");
    match status.as_u16() {
        401 | 403 => dead("unauthorized", told),
        404 | 410 => dead("not_found", told),
        // Time-out, conflict with another change, locked, too early, too many: these pass.
        408 | 409 | 423 | 425 | 429 | 500..=599 => match retry_after(headers) {
            Some(wait) => Outcome::retry_after(wait, told),
            None => Outcome::retry(told),
        },
        300..=399 => dead("redirected", told),
        _ => dead("rejected", told),
    }
}

fn dead(reason: &str, error: String) -> Outcome {
    Outcome::DeadLetter { reason: reason.to_owned(), error }
}

/// The header's seconds or date.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = match text.parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let date: Zoned = DateTimeParser::new().parse_zoned(text).ok()?;
            Duration::try_from(date.timestamp().duration_since(Timestamp::now())).unwrap_or_default()
        }
    };
    Some(wait.min(LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(value: &str) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, value.parse().unwrap());
        retry_after(&headers)
    }

    #[test]
    fn servers_say_when_to_come_back() {
        assert_eq!(asked("120"), Some(Duration::from_secs(120)));
        assert_eq!(asked("99999999"), Some(LONGEST));
        assert_eq!(asked("Fri, 31 Dec 2060 23:59:59 GMT"), Some(LONGEST));
        assert_eq!(asked("Fri, 31 Dec 1999 23:59:59 GMT"), Some(Duration::ZERO));
        assert_eq!(asked("soon"), None);
    }

    #[test]
    fn what_may_pass_is_tried_again_and_what_stays_is_not() {
        for (status, reason) in [(401, "unauthorized"), (404, "not_found"), (302, "redirected"), (422, "rejected")] {
            let outcome = of_status(StatusCode::from_u16(status).unwrap(), &HeaderMap::new());
            assert!(matches!(outcome, Outcome::DeadLetter { reason: given, .. } if given == reason), "{status}");
        }
        for status in [408, 423, 429, 500, 503, 507] {
            let outcome = of_status(StatusCode::from_u16(status).unwrap(), &HeaderMap::new());
            assert!(matches!(outcome, Outcome::Retry { after: None, .. }), "{status}");
        }
    }
}
