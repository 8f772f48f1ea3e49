//! The syntax of schedules: `rate(5 minutes)`, `cron(0 3 * * ? *)`.
//!
//! <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html>

const UNITS: &[&str] = &["minute", "hour", "day"];

/// The fields of a cron expression, with the characters that each may have besides digits and `, - * /`.
const FIELDS: &[(&str, &str)] = &[
    ("minutes", ""),
    ("hours", ""),
    ("day of the month", "?LW"),
    ("month", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
    ("day of the week", "?L#ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
    ("year", ""),
];

/// Says what is wrong with a schedule, if anything is.
pub fn wrong(schedule: &str) -> Option<String> {
    let inner = |name: &str| schedule.strip_prefix(name)?.strip_prefix('(')?.strip_suffix(')');
    match (inner("rate"), inner("cron")) {
        (Some(rate), _) => wrong_rate(rate),
        (_, Some(cron)) => wrong_cron(cron),
        (None, None) => Some("it is neither `rate(…)` nor `cron(…)`".to_owned()),
    }
}

fn wrong_rate(rate: &str) -> Option<String> {
    let (number, unit) = rate.split_once(' ').unwrap_or((rate, ""));
    let Some(number) = number.parse::<u32>().ok().filter(|number| *number > 0) else {
        return Some(format!("`{number}` is no whole number above 0"));
    };
    let known = UNITS.iter().find(|known| unit.strip_suffix('s').unwrap_or(unit) == **known);
    let Some(known) = known else {
        return Some(format!("there is no unit `{unit}`; there are minutes, hours and days"));
    };
    match (number, unit.ends_with('s')) {
        (1, true) => Some(format!("of one it is `rate(1 {known})`")),
        (2.., false) => Some(format!("of several it is `rate({number} {known}s)`")),
        _ => None,
    }
}

fn wrong_cron(cron: &str) -> Option<String> {
    let fields: Vec<&str> = cron.split_whitespace().collect();
    if fields.len() != FIELDS.len() {
        let names: Vec<&str> = FIELDS.iter().map(|(name, _)| *name).collect();
        return Some(format!("it has {} fields; EventBridge has 6: {}", fields.len(), names.join(", ")));
    }
    let odd = |(field, (_, more)): (&&str, &(&str, &str))| {
        let known = |c: char| c.is_ascii_digit() || ",-*/".contains(c) || more.contains(c.to_ascii_uppercase());
        field.chars().find(|c| !known(*c))
    };
    for pair in fields.iter().zip(FIELDS) {
        if let Some(odd) = odd(pair) {
            return Some(format!("`{odd}` cannot stand in `{}`, its {}", pair.0, pair.1.0));
        }
    }
    match (fields[2], fields[4]) {
        ("?", "?") => Some("only one of day of the month and day of the week can be `?`".to_owned()),
        ("?", _) | (_, "?") => None,
        _ => Some("one of day of the month and day of the week must be `?`".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules_that_eventbridge_takes_and_refuses() {
        for right in [
            "rate(1 minute)",
            "rate(5 minutes)",
            "rate(12 hours)",
            "cron(0 3 * * ? *)",
            "cron(0/15 8-17 ? * MON-FRI 2026)",
            "cron(0 9 ? * 2#1 *)",
            "cron(0 0 LW * ? *)",
        ] {
            assert_eq!(wrong(right), None, "{right}");
        }
        let table = [
            ("every 5 minutes", "neither"),
            ("rate(0 minutes)", "above 0"),
            ("rate(5 minute)", "`rate(5 minutes)`"),
            ("rate(1 hours)", "`rate(1 hour)`"),
            ("rate(5 weeks)", "no unit `weeks`"),
            ("rate(minutes)", "no whole number"),
            ("cron(0 3 * * *)", "5 fields"),
            ("cron(0 3 * * * *)", "must be `?`"),
            ("cron(0 3 ? * ? *)", "only one"),
            ("cron(? 3 * * ? *)", "`?` cannot stand"),
        ];
        for (schedule, words) in table {
            assert!(wrong(schedule).is_some_and(|said| said.contains(words)), "{schedule}: {:?}", wrong(schedule));
        }
    }
}
