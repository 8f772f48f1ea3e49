//! What a YAML reader says, in words for people who write stacks.

use serde_saphyr::Error;

use super::yaml::{SYNTAX, TOO_LARGE};
use crate::diagnostic::Diagnostic;

/// One sort of mistake: what the reader's words contain, what is wrong, what to do.
type Words = (&'static str, &'static str, &'static str);

/// In order: the first that fits is told.
const KNOWN: &[Words] = &[
    ("tab", "a tab where YAML wants spaces", "Indent with spaces; most editors convert tabs."),
    ("mapping values are not allowed", "a `:` where no key can be", QUOTE),
    ("illegal placement of ':'", "a `:` where no key can be", QUOTE),
    ("simple key expect", "a line that is neither `key: value` nor part of the text before it", COLON),
    ("simple key", "a key that is not followed by `:`", COLON),
    ("mapping keys are not allowed", "a key where none can be", INDENT),
    ("did not find expected key", "a line that does not belong to the mapping around it", INDENT),
    ("flow mapping", "a `{` that is not closed, or a `,` that is missing", "Write `{key: value, key: value}`."),
    ("flow sequence", "a `[` that is not closed, or a `,` that is missing", "Write `[value, value]`."),
    ("flow construct", "a `{` or `[` whose lines are not indented", INDENT),
    ("misplaced bracket", "a bracket that was never opened", "Remove it, or put the text into quotes."),
    ("unclosed bracket", "a bracket that is not closed", "Close it with `]` or `}`."),
    ("end of stream", "a quote that is not closed", CLOSE),
    ("document indicator", "a quote that is not closed", CLOSE),
    ("quoted scalar, found unexpected", "a quote that is not closed on the lines before", CLOSE),
    ("invalid trailing content after", "text after the closing quote", "Put all of the value into the quotes."),
    ("multiline quoted", "a quote that is not closed on the lines before", CLOSE),
    ("unclosed quote", "a quote that is not closed", CLOSE),
    ("unknown escape", "a `\\` that stands for nothing in a quoted text", ESCAPE),
    (
        "quoted scalar",
        "a quoted text that goes wrong here",
        "Double `'` inside '…', and write `\\\\` for `\\` inside \"…\".",
    ),
    ("block sequence", "a list item where none can be", INDENT),
    (
        "expected '-'",
        "a line that does not belong to the list around it",
        "Begin every item with `- ` in the same column.",
    ),
    (
        "block collection",
        "a line that does not belong to the list around it",
        "Begin every item with `- ` in the same column.",
    ),
    ("block scalar", "a text block that is not indented as it should be", INDENT),
    ("cannot start any token", "a character that cannot begin a value", "Put the text into quotes."),
    ("unexpected character", "a character that cannot begin a value", "Put the text into quotes."),
    ("plain scalar", "a text that needs quotes", "Put the text into quotes."),
    ("unknown anchor", "an alias (`*name`) to an anchor that is not there", ANCHOR),
    ("unknown alias", "an alias (`*name`) to an anchor that is not there", ANCHOR),
    ("anchor", "an anchor or alias that cannot be read", ANCHOR),
    ("alias", "an anchor or alias that cannot be read", ANCHOR),
    ("directive", "a `%` line that cannot be read", "Remove it: stack files need no directives."),
    ("document", "more than one document", "Keep one stack a file: remove the `---` between them."),
    ("tag", "a `!` tag that cannot be read", "Remove it, or put the text into quotes."),
    ("merge", "a `<<` that merges something other than a mapping", "Merge an alias of a mapping: `<<: *name`."),
    ("unprintable", "a character that cannot be printed", "Remove it."),
    ("indentation", "a line that is not indented like those around it", INDENT),
    (
        "expected string",
        "a key that is not a text",
        "Keys are words: put a list or a mapping on the other side of the `:`.",
    ),
    ("unexpected end", "the end of the file in the middle of something", "Finish what was begun before it."),
    ("eof", "the end of the file in the middle of something", "Finish what was begun before it."),
];

const QUOTE: &str = "Put the text into quotes if the `:` is part of it, or look for a `:` that is missing just before.";
const CLOSE: &str = "Close the text with the quote that it began with.";
const ESCAPE: &str = "Write `\\\\` for `\\`, or use '…' in place of \"…\".";
const COLON: &str = "Write `key: value`, with a space after the `:`.";
const INDENT: &str = "Indent what belongs together alike, with spaces.";
const ANCHOR: &str = "Define it before its use: `&name` at the value, `*name` where it is repeated.";

/// Puts an error of the reader into a finding without a place.
pub fn finding(error: &Error) -> Diagnostic {
    let text = error.without_snippet().to_string();
    if let Some((message, help)) = bound(error, &text) {
        return Diagnostic::new(&TOO_LARGE, message).help(help);
    }
    let (message, help) = match error.without_snippet() {
        Error::MultipleDocuments { .. } => words("document"),
        Error::UnknownAnchor { .. } => words("unknown anchor"),
        Error::Eof { .. } => words("eof"),
        Error::MergeValueNotMapOrSeqOfMaps { .. } | Error::MergeKeyNotAllowed { .. } => words("merge"),
        _ => words(&text),
    };
    Diagnostic::new(&SYNTAX, message).help(help)
}

fn words(text: &str) -> (&'static str, &'static str) {
    let text = text.to_lowercase();
    let known = KNOWN.iter().find(|(part, ..)| text.contains(part));
    known.map_or(("text that YAML does not allow here", ""), |(_, message, help)| (*message, *help))
}

/// Tells which bound was reached, if that is why the reader stopped.
fn bound(error: &Error, text: &str) -> Option<(&'static str, &'static str)> {
    match error.without_snippet() {
        Error::AliasReplayCounterOverflow { .. }
        | Error::AliasReplayLimitExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. }
        | Error::RecursiveReferencesRequireWeakTypes { .. } => return Some(("aliases that expand without end", "")),
        Error::AliasError { error, .. } => return bound(error, &error.to_string()),
        _ => {}
    }
    let deep = ["depth", "recursion limit", "nesting"].iter().any(|word| text.to_lowercase().contains(word));
    let many = matches!(error.without_snippet(), Error::Budget { .. });
    match (deep, many) {
        (true, _) => Some(("values nested too deeply", "Nest less deeply: no stack needs more than 32 levels.")),
        (_, true) => Some(("more values than any stack has, aliases followed", "")),
        _ => None,
    }
}
