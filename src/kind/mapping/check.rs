//! What must hold between the attributes of one mapping.

use super::{BATCH_SIZE, FILTERS, FUNCTION, QUEUE, WINDOW};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity};
use crate::model::Resource;

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

/// All codes of this file.
pub const CODES: &[&Code] = &[&BATCH_NEEDS_WINDOW, &MANY_FILTERS, &LONG_FILTER, &NO_END];

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
}
