//! What the worker reads from its environment.

use std::time::Duration;

/// The longest that an event may be kept, in days: what is kept longer is kept for ever.
const MOST_DAYS: u32 = 36_500;

/// The environment.
///
/// | variable | meaning |
/// |---|---|
/// | `TABLE_NAME_EVENTS` | the table; a grant on a table `events` sets it |
/// | `EVENT_KEEP_DAYS` | how many days after it occurred an event is kept, if the table's `time_to_live` is `expires_at`; for ever without it |
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `TABLE_NAME_EVENTS`.
    pub table: String,
    /// `EVENT_KEEP_DAYS`.
    pub keep: Option<Duration>,
}

/// Why the worker cannot start: which variable is wrong, and what to write.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// No table is named.
    #[error("TABLE_NAME_EVENTS is not set: grant the worker a table, `grants: [{{write: events}}]`")]
    NoTable,
    /// The days are none.
    #[error("EVENT_KEEP_DAYS is `{0}`; write a whole number from 1 to {MOST_DAYS}")]
    Days(String),
}

impl Settings {
    /// Reads the environment; an empty variable is one that is not there.
    ///
    /// # Errors
    /// The variable that is wrong.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        let get = |name| variable(name).filter(|value| !value.is_empty());
        let table = get("TABLE_NAME_EVENTS").ok_or(SettingsError::NoTable)?;
        let keep = get("EVENT_KEEP_DAYS").map(|text| {
            let days = text.parse().ok().filter(|days| (1..=MOST_DAYS).contains(days));
            days.map(|days: u32| Duration::from_secs(u64::from(days) * 86_400)).ok_or(SettingsError::Days(text))
        });
        Ok(Self { table, keep: keep.transpose()? })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn read(days: &str) -> Result<Settings, SettingsError> {
        let values = [("TABLE_NAME_EVENTS", "events"), ("EVENT_KEEP_DAYS", days)];
        Settings::read(|name| values.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn days_are_whole_and_may_be_left_out() {
        assert_eq!(read("").unwrap().keep, None);
        assert_eq!(read("90").unwrap().keep, Some(Duration::from_secs(7_776_000)));
        for wrong in ["0", "-1", "1.5", "90d", "36501"] {
            assert_eq!(read(wrong), Err(SettingsError::Days(wrong.to_owned())));
        }
    }

    #[test]
    fn without_a_table_it_says_which_grant_is_missing() {
        let told = Settings::read(|_| None).unwrap_err().to_string();
        assert!(told.contains("grants: [{write: events}]"), "{told}");
    }
}
