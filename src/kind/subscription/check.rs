//! What must hold between the attributes of one subscription: the codes QS610 to QS619.

use std::collections::BTreeMap;

use super::{DEAD_LETTER_QUEUE, FILTER, FILTER_SCOPE, QUEUE, TOPIC};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity};
use crate::kind::pattern::check::Offer;
use crate::kind::pattern::{self, Leaf, leaves};
use crate::kind::{Arn, Row};
use crate::model::Resource;
use crate::value::Value;

const CREATE: &str = "https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html";
const LIMITS: &str = "https://docs.aws.amazon.com/sns/latest/dg/subscription-filter-policy-constraints.html";
const OPERATORS: &str = "https://docs.aws.amazon.com/sns/latest/dg/sns-subscription-filter-policies.html";
const SCOPE: &str = "https://docs.aws.amazon.com/sns/latest/dg/sns-message-filtering-scope.html";

/// One of the two ends is missing.
pub static NO_END: Code = Code::error("QS610", "a subscription without a topic or without a queue")
    .because("A subscription is the pair of the two.")
    .fix("Name both, by logical name or ARN.")
    .see(CREATE);

/// An ARN of another service.
pub static BAD_ARN: Code = Code::error("QS611", "an ARN that is not a topic's or not a queue's")
    .because("A topic's ARN is `arn:<partition>:sns:<region>:<account>:<name>`, a queue's the same with `sqs`.")
    .fix("Write the ARN of what is asked for, or the logical name of one of this stack.")
    .see(CREATE);

/// A filter that SNS refuses.
pub static NO_LIST: Code = Code::error("QS612", "a filter whose values are no list")
    .because("Each key of a filter has a list of the values that match, even where it is one.")
    .fix("Write the value in brackets, `tenant: [acme]`.")
    .see(LIMITS);

/// A filter on attributes with something nested.
pub static NESTED: Code = Code::error("QS613", "a nested filter on attributes")
    .because("Attributes of a message have nothing inside of them: SNS takes nested keys in filters on the body alone.")
    .fix("Add `filter_scope: body`, or name the attribute at the top of the filter.")
    .see(LIMITS);

/// A filter beyond the quotas.
pub static FILTER_QUOTA: Code = Code::error("QS614", "a filter beyond the quotas of SNS")
    .because(
        "A filter has at most 5 keys, 256 KB, and 150 combinations: the numbers of values, multiplied with each other and, in a body, with the depth of each key.",
    )
    .fix("Filter by fewer keys or values, or make several subscriptions, each of a queue of its own.")
    .see(LIMITS);

/// A scope and no filter.
pub static SCOPE_ALONE: Code = Code::error("QS615", "a filter scope without a filter")
    .because("The scope says what the filter looks at; SNS forgets it where there is none.")
    .fix("Add `filter:`, or remove `filter_scope`.")
    .see(SCOPE);

/// A filter that SNS cannot read.
pub static REFUSED_FILTER: Code = Code::error("QS616", "a filter that SNS refuses")
    .because("The values of a key are texts, numbers, true, false, null, and objects with one operator each.")
    .fix("Write operators as `[{prefix: shop.}]`, numbers as `[{numeric: [\">\", 5]}]`.")
    .see(OPERATORS);

/// All codes of this file.
pub const CODES: &[&Code] = &[&NO_END, &BAD_ARN, &NO_LIST, &NESTED, &FILTER_QUOTA, &SCOPE_ALONE, &REFUSED_FILTER];

/// What SNS documents of patterns.
const OFFER: Offer = Offer {
    service: "SNS",
    matchers: &["anything-but", "cidr", "equals-ignore-case", "exists", "numeric", "prefix", "suffix"],
    inner: &["prefix"],
};

const MOST_KEYS: usize = 5;
const MOST_COMBINATIONS: usize = 150;
const MOST_BYTES: usize = 256 * 1_024;
/// A key whose list holds whole patterns, one of which must match.
const OR: &str = "$or";

/// Checks one complete subscription.
pub fn check(subscription: &Resource, out: &mut Diagnostics) {
    for row in [&TOPIC, &QUEUE] {
        if subscription.get(row).is_null() && !subscription.is_broken(row.key) {
            let message = format!("`{}` has no `{}`", subscription.address, row.key);
            out.push(subscription.finding(&NO_END, row.key, message));
        }
    }
    for (row, service) in [(&TOPIC, "sns"), (&QUEUE, "sqs"), (&DEAD_LETTER_QUEUE, "sqs")] {
        arn(subscription, row, service, out);
    }
    if subscription.is_broken(FILTER.key) {
        return;
    }
    let none = FILTER.ty.normal(subscription.get(&FILTER)).is_null();
    if !none {
        filter(subscription, out);
    } else if !subscription.get(&FILTER_SCOPE).is_null() {
        let message = format!("`{}` has a `filter_scope` and no `filter`", subscription.address);
        out.push(subscription.finding(&SCOPE_ALONE, FILTER_SCOPE.key, message));
    }
}

fn arn(subscription: &Resource, row: &Row, service: &str, out: &mut Diagnostics) {
    let Some(text) = subscription.get(row).as_text() else { return };
    let why = match Arn::parse(text) {
        Err(why) => why,
        Ok(arn) if arn.service != service => format!("it is an ARN of {}, not of {service}", arn.service),
        Ok(arn) if arn.resource.contains(':') => "it names something within it".to_owned(),
        Ok(arn) if arn.region.is_empty() || arn.account.is_empty() => "it has no Region or no account".to_owned(),
        Ok(_) => return,
    };
    let message = format!("`{}` of `{}` is `{text}`: {why}", row.key, subscription.address);
    out.push(subscription.finding(&BAD_ARN, row.key, message));
}

fn filter(subscription: &Resource, out: &mut Diagnostics) {
    let filter = subscription.get(&FILTER);
    let Some(map) = filter.as_map() else { return };
    let in_body = subscription.get(&FILTER_SCOPE).as_text() == Some(super::BODY);
    if let Some((key, _)) = map.iter().find(|(_, value)| value.as_map().is_some()).filter(|_| !in_body) {
        let path = format!("{}.{key}", FILTER.key);
        let message = format!("`{path}` of `{}` is nested, and its filter looks at attributes", subscription.address);
        out.push(subscription.finding(&NESTED, &path, message));
        return;
    }
    let mut wrong = None;
    leaves(map, 1, &mut |(key, value, _)| wrong = wrong.or((value.as_list().is_none()).then_some((key, value))));
    if let Some((key, value)) = wrong {
        let path = format!("{}.{key}", FILTER.key);
        let value = value.plain();
        let message = format!("`{key}` of the filter of `{}` is `{value}`, which is no list", subscription.address);
        let help = format!("Write `{key}: [{value}]`.");
        out.push(subscription.finding(&NO_LIST, &path, message).help(help));
        return;
    }
    refused(subscription, map, out);
    let counted = [
        ("keys", map.keys().filter(|key| *key != OR).count(), MOST_KEYS),
        ("combinations of values", combinations(filter), MOST_COMBINATIONS),
        ("bytes", filter.to_json().to_string().len(), MOST_BYTES),
    ];
    for (what, count, most) in counted.into_iter().filter(|(_, count, most)| count > most) {
        let message = format!("the filter of `{}` has {count} {what}; it may have {most}", subscription.address);
        out.push(subscription.finding(&FILTER_QUOTA, FILTER.key, message));
    }
}

/// What SNS does not document it may take all the same.
fn refused(subscription: &Resource, filter: &BTreeMap<String, Value>, out: &mut Diagnostics) {
    let wrong = pattern::check::wrong(filter).map(|wrong| (wrong, Severity::Error));
    let found = wrong.or_else(|| Some((pattern::check::undocumented(filter, &OFFER)?, Severity::Warning)));
    let Some(((path, why), severity)) = found else { return };
    let message = format!("`{path}` of the filter of `{}`: {why}", subscription.address);
    let finding = subscription.finding(&REFUSED_FILTER, &format!("{}.{path}", FILTER.key), message);
    out.push(Diagnostic { severity, ..finding });
}

/// Counts as SNS does: the values of each key, times its depth, multiplied with each other; alternatives add up.
fn combinations(filter: &Value) -> usize {
    let Some(map) = filter.as_map() else { return 1 };
    let mut total: usize = 1;
    leaves(map, 1, &mut |(key, value, depth): Leaf<'_>| {
        let values = value.as_list().unwrap_or_default();
        let count = match key {
            OR => values.iter().map(combinations).sum(),
            _ => values.len() * depth,
        };
        total = total.saturating_mul(count.max(1));
    });
    total
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn combinations_are_counted_as_sns_does() {
        let table = [
            (r#"{"a": ["1", "2", "3"], "b": ["1"], "c": ["1", "2"]}"#, 6),
            (r#"{"a": {"b": {"c": ["1", "2", "3", "4"]}}, "d": {"e": ["1", "2", "3"]}, "f": ["1", "2", "3"]}"#, 216),
            (r#"{"$or": [{"a": ["1", "2"]}, {"b": ["1"]}], "c": ["1", "2"]}"#, 6),
            ("{}", 1),
        ];
        for (json, expected) in table {
            assert_eq!(combinations(&Value::from_json(&serde_json::from_str(json).unwrap())), expected, "{json}");
        }
    }
}
