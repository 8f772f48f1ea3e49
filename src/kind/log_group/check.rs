//! What must hold between the attributes of one log group.

use super::RETENTION;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity};
use crate::model::Resource;
use crate::value::FOREVER;

/// The days that events can be kept; nothing in between.
///
/// <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html>
const DAYS: &[i64] =
    &[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1_096, 1_827, 2_192, 2_557, 2_922, 3_288, 3_653];

/// The longest name, in characters.
const LONGEST_NAME: usize = 512;

/// A retention that `CloudWatch` Logs does not offer.
pub static RETENTION_NOT_OFFERED: Code = Code {
    id: "QS401",
    severity: Severity::Error,
    title: "a retention that CloudWatch Logs does not offer",
    reason: "CloudWatch Logs keeps events for one of 22 numbers of days, and refuses every other.",
    fix: "Choose 1d, 3d, 5d, 7d, 14d, 30d, 60d, 90d, 120d, 150d, 180d, 365d, 400d, 545d, 731d, 1096d, 1827d, 2192d, \
          2557d, 2922d, 3288d, 3653d or `forever`.",
    link: "https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html",
};

/// A name that `CloudWatch` Logs refuses.
pub static BAD_GROUP_NAME: Code = Code {
    id: "QS402",
    severity: Severity::Error,
    title: "a name that no log group can have",
    reason: "The name of a log group has 1 to 512 letters, digits and `_-/.#`, and does not begin with `aws/`.",
    fix: "Give it another `name:`, such as `/aws/lambda/<function>`.",
    link: "https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html",
};

/// Every code of this file.
pub const CODES: &[&Code] = &[&RETENTION_NOT_OFFERED, &BAD_GROUP_NAME];

/// Checks one complete log group.
pub fn check(resource: &Resource, out: &mut Diagnostics) {
    check_retention(resource, out);
    check_name(resource, out);
}

fn check_retention(resource: &Resource, out: &mut Diagnostics) {
    let offered = |days: &i64| *days == FOREVER || DAYS.contains(days);
    let Some(days) = resource.get(&RETENTION).as_int().filter(|days| !offered(days)) else { return };
    let shorter = DAYS.iter().rfind(|offered| **offered < days);
    let longer = DAYS.iter().find(|offered| **offered > days);
    let near: Vec<String> = shorter.into_iter().chain(longer).map(|days| format!("{days}d")).collect();
    let message = format!("`retention` is {days}d, which CloudWatch Logs does not offer");
    let diagnostic = Diagnostic::new(&RETENTION_NOT_OFFERED, message).at(resource.span(RETENTION.key));
    out.push(diagnostic.of(&resource.address).help(format!("The nearest that it offers: {}.", near.join(", "))));
}

fn check_name(resource: &Resource, out: &mut Diagnostics) {
    let name = resource.physical_name();
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_-/.#".contains(c);
    let length = name.chars().count();
    if (1..=LONGEST_NAME).contains(&length) && name.chars().all(allowed) && !name.starts_with("aws/") {
        return;
    }
    let message = format!("`{name}` cannot be the name of a log group");
    out.push(Diagnostic::new(&BAD_GROUP_NAME, message).at(resource.span("name")).of(&resource.address));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::log_group::LogGroup;
    use crate::value::Value;

    fn codes(name: &str, days: i64) -> Vec<&'static str> {
        let mut group = Resource::new(&LogGroup, "group");
        group.name = Some(name.to_owned());
        group.set(&RETENTION, Value::Int(days));
        let mut out = Diagnostics::default();
        check(&group, &mut out);
        out.iter().map(|diagnostic| diagnostic.code.id).collect()
    }

    #[test]
    fn names_and_retentions() {
        let long = "a".repeat(513);
        for (name, days, expected) in [
            ("/aws/lambda/sync", 14, &[] as &[&str]),
            ("a.b_c-d#e/F9", 3_653, &[]),
            ("a", FOREVER, &[]),
            ("/aws/lambda/sync", 15, &["QS401"]),
            ("/aws/lambda/sync", 2, &["QS401"]),
            ("/aws/lambda/sync", 366, &["QS401"]),
            ("aws/lambda/sync", 14, &["QS402"]),
            ("", 14, &["QS402"]),
            ("with space", 14, &["QS402"]),
            (&long, 14, &["QS402"]),
            ("a:b", 8, &["QS401", "QS402"]),
        ] {
            assert_eq!(codes(name, days), expected, "{name} {days}");
        }
    }

    #[test]
    fn the_nearest_are_named() {
        let mut group = Resource::new(&LogGroup, "group");
        group.set(&RETENTION, Value::Int(15));
        let mut out = Diagnostics::default();
        check(&group, &mut out);
        let told: Vec<(&str, &str)> = out.iter().map(|one| (one.message.as_str(), one.fix())).collect();
        let expected =
            ("`retention` is 15d, which CloudWatch Logs does not offer", "The nearest that it offers: 14d, 30d.");
        assert_eq!(told, [expected]);
    }
}
