//! What is stored.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

/// The longest partition and sort keys, in bytes.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html>
const TENANT_BYTES: usize = 2_048;
const ID_BYTES: usize = 1_024;
/// The longest type, in bytes.
const TYPE_BYTES: usize = 256;

/// The payload: `{"tenant": "acme", "id": "7", "type": "order.placed", "occurred_at": "2026-11-21T10:00:00Z", "data": {…}}`.
///
/// Anything beside it is refused: it would not be stored.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// Whose event it is.
    pub tenant: String,
    /// Its id, one event's of the tenant.
    pub id: String,
    /// What happened.
    #[serde(rename = "type")]
    pub kind: String,
    /// When, in UTC.
    pub occurred_at: Timestamp,
    /// Whatever belongs to it.
    #[serde(default)]
    pub data: Value,
}

impl Event {
    /// Tells what is wrong with one that has the right shape.
    ///
    /// # Errors
    /// The field, and what it may be.
    pub fn check(&self) -> Result<(), String> {
        let fields =
            [("tenant", &self.tenant, TENANT_BYTES), ("id", &self.id, ID_BYTES), ("type", &self.kind, TYPE_BYTES)];
        for (name, text, most) in fields {
            if text.is_empty() || text.len() > most {
                return Err(format!("`{name}` has {} bytes; it may have 1 to {most}", text.len()));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use serde_json::json;

    use super::*;

    fn event(tenant: &str) -> Value {
        json!({"tenant": tenant, "id": "7", "type": "order.placed", "occurred_at": "2026-11-21T10:00:00Z"})
    }

    #[test]
    fn keys_have_bounds() {
        for (tenant, right) in [("a", true), ("", false), (&"ä".repeat(1_024), true), (&"ä".repeat(1_025), false)] {
            let event: Event = serde_json::from_value(event(tenant)).unwrap();
            assert_eq!(event.check().is_ok(), right, "{} bytes", tenant.len());
        }
    }

    #[test]
    fn nothing_is_left_out_and_nothing_is_added() {
        let read = |change: &dyn Fn(&mut Value)| {
            let mut payload = event("a");
            change(&mut payload);
            serde_json::from_value::<Event>(payload)
        };
        assert_eq!(read(&|_| ()).unwrap().data, Value::Null);
        assert!(read(&|payload| drop(payload.as_object_mut().unwrap().remove("id"))).is_err());
        assert!(read(&|payload| payload["occurred_at"] = "yesterday".into()).is_err());
        assert!(read(&|payload| payload["more"] = 1.into()).is_err());
    }
}
