//! What must hold between the attributes of one mapping.

use std::collections::BTreeMap;

use super::{BATCH_SIZE, FILTERS, FUNCTION, QUEUE, WINDOW};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity};
use crate::kind::pattern::check::{self, Offer};
use crate::manifest::nearest;
use crate::model::Resource;
use crate::value::Value;

/// A batch over ten without a window.
pub static BATCH_NEEDS_WINDOW: Code = Code {
    id: "QS320",
    severity: Severity::Error,
    title: "a batch of more than 10 messages without a window",
    reason: "Lambda gathers more than one receive of 10 messages only within a batching window, and refuses the mapping without one.",
    fix: "Add `window: 1s` or more, or lower the batch size to 10.",
    link: "https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html",
};

/// More filters than the default quota.
pub static MANY_FILTERS: Code = Code {
    id: "QS321",
    severity: Severity::Warning,
    title: "more filters than an account has by default",
    reason: "A mapping takes 5 filters; up to 10 after AWS has raised the quota for the account.",
    fix: "Join patterns with `$or`, or ask AWS to raise the quota.",
    link: "https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html",
};

/// A pattern that is too long.
pub static LONG_FILTER: Code = Code {
    id: "QS322",
    severity: Severity::Error,
    title: "a filter pattern of more than 4096 characters",
    reason: "Lambda refuses longer patterns.",
    fix: "Split it into several filters: a message is taken when one of them matches.",
    link: "https://docs.aws.amazon.com/lambda/latest/api/API_Filter.html",
};

/// One of the two ends is missing.
pub static NO_END: Code = Code {
    id: "QS323",
    severity: Severity::Error,
    title: "a mapping without a queue or without a function",
    reason: "A mapping is the pair of the two.",
    fix: "Name both, by logical name or ARN.",
    link: "https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html",
};

/// A pattern that Lambda cannot read.
pub static REFUSED_FILTER: Code = Code {
    id: "QS324",
    severity: Severity::Error,
    title: "a filter that Lambda refuses",
    reason: "Each field of a filter has a list of the values that match: plain ones, and objects with one operator each.",
    fix: "Write each value in brackets, `body: {kind: [order]}`, and operators as `[{prefix: order.}]`.",
    link: "https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html",
};

/// A pattern on what Lambda does not look at.
pub static BESIDE_BODY: Code = Code {
    id: "QS325",
    severity: Severity::Warning,
    title: "a filter on something else than the body",
    reason: "Lambda filters messages of SQS by `body` alone; a filter that nothing matches deletes every message.",
    fix: "Look for it within `body`: `body: {kind: [order]}`.",
    link: "https://docs.aws.amazon.com/lambda/latest/dg/with-sqs-filtering.html",
};

/// All codes of this file.
pub const CODES: &[&Code] = &[&BATCH_NEEDS_WINDOW, &MANY_FILTERS, &LONG_FILTER, &NO_END, &REFUSED_FILTER, &BESIDE_BODY];

/// What Lambda documents of patterns.
const OFFER: Offer = Offer {
    service: "Lambda",
    matchers: &["anything-but", "equals-ignore-case", "exists", "numeric", "prefix", "suffix"],
    inner: &[],
};
/// The keys that are looked at.
const KEYS: [&str; 2] = ["body", "$or"];

const FILTER_CHARACTERS: usize = 4_096;
const FILTERS_BY_DEFAULT: usize = 5;

/// Checks one complete mapping.
pub fn check(mapping: &Resource, out: &mut Diagnostics) {
    let mut tell = |code: &'static Code, path: &str, message: String| {
        out.push(Diagnostic::new(code, message).at(mapping.span(path)).of(&mapping.address));
    };
    for row in [&QUEUE, &FUNCTION] {
        if mapping.get(row).is_null() {
            tell(&NO_END, row.key, format!("`{}` has no `{}`", mapping.address, row.key));
        }
    }
    let (batch, window) = (mapping.get(&BATCH_SIZE).as_int().unwrap_or(10), mapping.get(&WINDOW).as_int().unwrap_or(0));
    if batch > 10 && window < 1 {
        tell(&BATCH_NEEDS_WINDOW, BATCH_SIZE.key, format!("`batch_size` is {batch} and there is no `window`"));
    }
    let filters = mapping.get(&FILTERS).as_list().unwrap_or_default();
    if filters.len() > FILTERS_BY_DEFAULT {
        tell(&MANY_FILTERS, FILTERS.key, format!("`filters` has {} patterns", filters.len()));
    }
    for (index, filter) in filters.iter().enumerate() {
        let length = filter.plain().chars().count();
        if length > FILTER_CHARACTERS {
            let path = format!("{}.{index}", FILTERS.key);
            tell(&LONG_FILTER, &path, format!("`{path}` is {length} characters long"));
        }
    }
    for (index, filter) in filters.iter().enumerate() {
        if let Some(map) = filter.as_map().filter(|map| !map.is_empty()) {
            pattern(mapping, &format!("{}.{index}", FILTERS.key), map, out);
        }
    }
}

/// What Lambda does not document it may take all the same.
fn pattern(mapping: &Resource, path: &str, filter: &BTreeMap<String, Value>, out: &mut Diagnostics) {
    let wrong = check::wrong(filter).map(|wrong| (wrong, Severity::Error));
    let found = wrong.or_else(|| Some((check::undocumented(filter, &OFFER)?, Severity::Warning)));
    if let Some(((inner, why), severity)) = found {
        let path = format!("{path}.{inner}");
        let message = format!("`{path}` of `{}`: {why}", mapping.address);
        out.push(Diagnostic { severity, ..mapping.finding(&REFUSED_FILTER, &path, message) });
    }
    for key in filter.keys().filter(|key| !KEYS.contains(&key.as_str())) {
        let message = format!("`{path}` of `{}` asks for `{key}`", mapping.address);
        let help = nearest(key, KEYS.into_iter()).map_or_else(String::new, |near| format!("Did you mean `{near}`?"));
        out.push(mapping.finding(&BESIDE_BODY, &format!("{path}.{key}"), message).help(help));
    }
}
