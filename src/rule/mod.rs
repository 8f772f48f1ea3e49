//! What must hold across a complete stack. One rule, one file, one row in `RULES`.
//!
//! What must hold within one resource is its kind's business; this file names no kind.

mod delivery;
mod destinations;
mod duplicate_names;
mod events;
mod feeding;
mod http_apis;
mod moved;
mod queue_alarms;
mod queue_dead_letters;
mod references;
mod roles;
mod tags;
mod unwatched;
mod visibility;

use crate::construct;
use crate::diagnostic::{Code, Diagnostics};
use crate::graph::{self, Graph};
use crate::kind::{self, KINDS};
use crate::manifest;
use crate::model::Stack;
use crate::{build, secret};

/// A cross-resource rule.
struct Rule {
    /// What it can report.
    codes: &'static [&'static Code],
    /// Reports it.
    check: fn(&Stack, &mut Diagnostics),
}

/// Every cross-resource rule, in the order in which they run.
const RULES: &[Rule] = &[
    Rule { codes: &[&references::UNKNOWN_REFERENCE], check: references::check },
    Rule { codes: secret::CODES, check: secret::check },
    Rule { codes: tags::CODES, check: tags::check },
    Rule { codes: &[&duplicate_names::SAME_NAME], check: duplicate_names::check },
    Rule { codes: &[&moved::NOT_MOVED], check: moved::check },
    Rule { codes: queue_dead_letters::CODES, check: queue_dead_letters::check },
    Rule { codes: &[&unwatched::UNWATCHED], check: unwatched::check },
    Rule { codes: queue_alarms::CODES, check: queue_alarms::check },
    Rule { codes: delivery::CODES, check: delivery::check },
    Rule { codes: events::CODES, check: events::check },
    Rule { codes: roles::CODES, check: roles::check },
    Rule { codes: feeding::CODES, check: feeding::check },
    Rule { codes: &[&destinations::FIFO], check: destinations::check },
    Rule { codes: visibility::CODES, check: visibility::check },
    Rule { codes: http_apis::CODES, check: http_apis::check },
];

/// The codes of reading a file and of ordering a stack.
const GENERAL: &[&Code] = &[
    &manifest::SYNTAX,
    &manifest::UNKNOWN_KEY,
    &manifest::WRONG_TYPE,
    &manifest::OUT_OF_RANGE,
    &manifest::BAD_UNIT,
    &manifest::UNKNOWN_WORD,
    &manifest::MISSING,
    &manifest::BAD_NAME,
    &manifest::UNKNOWN_VARIABLE,
    &manifest::NO_VALUE,
    &manifest::TOO_LARGE,
    &manifest::DUPLICATE,
    &manifest::ENCODING,
    &manifest::BAD_PLACE,
    &manifest::BAD_ADDRESS,
    &graph::CYCLE,
    &kind::terraform::NOT_IN_PROVIDER,
    &kind::terraform::TERRAFORM_SAYS,
    &kind::terraform::SECRET_IN_STATE,
];

/// Every code that can be reported, in order: what `queuestack explain` knows.
#[must_use]
pub fn codes() -> Vec<&'static Code> {
    let rules = RULES.iter().flat_map(|rule| rule.codes);
    let kinds = KINDS.iter().flat_map(|kind| kind.codes());
    let general = GENERAL.iter().chain(construct::codes::CODES).chain(build::CODES);
    let mut codes: Vec<&'static Code> = general.chain(rules).chain(kinds).copied().collect();
    codes.sort_by_key(|code| code.id);
    codes
}

/// Finds a code by its id, in any case.
#[must_use]
pub fn find(id: &str) -> Option<&'static Code> {
    codes().into_iter().find(|code| code.id.eq_ignore_ascii_case(id))
}

/// Finds what is of no stack but for what else is in it, and of this one it is nothing.
#[must_use]
pub fn strangers(stack: &Stack) -> Diagnostics {
    let mut out = Diagnostics::default();
    delivery::check_ends(stack, &mut out);
    out
}

/// Checks a complete stack: each resource by its kind, then all together.
pub fn check(stack: &Stack, out: &mut Diagnostics) {
    for resource in stack.resources.values() {
        resource.kind.check(resource, out);
    }
    for rule in RULES {
        (rule.check)(stack, out);
    }
    Graph::of(stack).check(stack, out);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_distinct_and_complete() {
        let codes = codes();
        for pair in codes.windows(2) {
            assert!(pair[0].id < pair[1].id, "{} is there twice", pair[0].id);
        }
        for code in codes {
            assert!(code.id.len() == 5 && code.id.starts_with("QS"), "{}", code.id);
            assert!(
                code.title.starts_with(|c: char| !c.is_uppercase() || code.title.starts_with("FIFO")),
                "{}",
                code.id
            );
            assert!(code.reason.ends_with('.') && code.fix.ends_with('.'), "{}", code.id);
            assert!(code.link.starts_with("https://"), "{}", code.id);
        }
    }
}
