//! What is wrong with a stack, and where: diagnostics accumulate, nothing stops at the first.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use serde::Serialize;

use crate::model::Address;

/// How much a [`Diagnostic`] weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Certainly a mistake: nothing is planned or applied.
    Error,
    /// Probably a mistake: told, and refused only by `--deny warnings`.
    Warning,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
        })
    }
}

/// A kind of mistake: what `queuestack explain CODE` prints.
#[derive(Debug)]
pub struct Code {
    /// The stable name, `QS101`.
    pub id: &'static str,
    /// Whether it is certain (error) or doubtful (warning).
    pub severity: Severity,
    /// One short constant line.
    pub title: &'static str,
    /// Why it is a mistake: the fact behind the rule.
    pub reason: &'static str,
    /// What to do in general.
    pub fix: &'static str,
    /// The page that states the fact.
    pub link: &'static str,
}

impl Code {
    /// Starts a code for a certain mistake.
    #[must_use]
    pub const fn error(id: &'static str, title: &'static str) -> Code {
        Code { id, severity: Severity::Error, title, reason: "", fix: "", link: "" }
    }

    /// Starts a code for a probable mistake.
    #[must_use]
    pub const fn warning(id: &'static str, title: &'static str) -> Code {
        Code { id, severity: Severity::Warning, title, reason: "", fix: "", link: "" }
    }

    /// Sets the fact behind the rule.
    #[must_use]
    pub const fn because(mut self, reason: &'static str) -> Code {
        self.reason = reason;
        self
    }

    /// Sets what to do in general.
    #[must_use]
    pub const fn fix(mut self, fix: &'static str) -> Code {
        self.fix = fix;
        self
    }

    /// Sets the page that states the fact.
    #[must_use]
    pub const fn see(mut self, link: &'static str) -> Code {
        self.link = link;
        self
    }
}

/// A range of bytes in the stack file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
}

/// The text that [`Span`]s point into.
#[derive(Clone, Debug, Default)]
pub struct Source {
    /// The path as the user wrote it.
    pub path: String,
    /// The whole text.
    pub text: String,
    /// The values of secrets in it: no excerpt shows them.
    pub hidden: Vec<Span>,
}

impl Source {
    /// The text for excerpts: the values of secrets are asterisks, each byte one, so that spans stay what they are.
    #[must_use]
    pub fn shown(&self) -> Cow<'_, str> {
        if self.hidden.is_empty() {
            return Cow::Borrowed(&self.text);
        }
        let is_hidden = |at: usize| self.hidden.iter().any(|span| (span.start..span.end).contains(&at));
        let mut shown = String::with_capacity(self.text.len());
        for (at, character) in self.text.char_indices() {
            match is_hidden(at) && !character.is_whitespace() && !['"', '\''].contains(&character) {
                true => shown.extend(std::iter::repeat_n('*', character.len_utf8())),
                false => shown.push(character),
            }
        }
        Cow::Owned(shown)
    }

    /// Finds the 1-based line and column (in characters) of a byte.
    #[must_use]
    pub fn line_column(&self, byte: usize) -> (usize, usize) {
        let before = &self.text[..self.text.floor_char_boundary(byte)];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
        (line, column)
    }
}

/// A line of Rust, for stacks that are written in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The path of the file, as the compiler was given it.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// The names of the constructs around, outermost first: `tenants/acme/jobs`.
    pub construct: String,
    /// The text of the file, when it can be read.
    pub text: Option<Arc<str>>,
}

impl Place {
    /// Makes the place of a call.
    #[must_use]
    pub fn of(call: &Location<'_>, construct: &str) -> Place {
        let (line, column) = (call.line() as usize, call.column() as usize);
        Place { file: call.file().to_owned(), line, column, construct: construct.to_owned(), text: None }
    }

    /// Finds the bytes of the call in the text: a name, and what is in the parentheses after it on the line.
    #[must_use]
    pub fn span(&self) -> Option<Span> {
        let text = self.text.as_deref()?;
        let line = text.split_inclusive('\n').nth(self.line.checked_sub(1)?)?;
        let start: usize = text.split_inclusive('\n').take(self.line - 1).map(str::len).sum();
        let (before, _) = line.char_indices().nth(self.column.checked_sub(1)?)?;
        let rest = line[before..].trim_end();
        let name = rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')).unwrap_or(rest.len());
        let mut open = 0_i32;
        let call = rest[name..].char_indices().find_map(|(at, c)| {
            open += i32::from(c == '(') - i32::from(c == ')');
            (open <= 0).then_some(if c == ')' { at + 1 } else { 0 })
        });
        let end = call.map_or(rest.len(), |call| name + call);
        Some(Span { start: start + before, end: start + before + end })
    }
}

/// One finding: a [`Code`] at a place, with the words for this case.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    /// The kind of mistake.
    pub code: &'static Code,
    /// Its weight here: the code's own, unless said otherwise.
    pub severity: Severity,
    /// What is wrong, naming the thing.
    pub message: String,
    /// Where in the stack file, when the stack came from one.
    pub span: Option<Span>,
    /// Where in Rust, when the stack was written in it; there is no span then.
    pub place: Option<Place>,
    /// The resource it is about.
    pub address: Option<Address>,
    /// The words beside the caret.
    pub label: String,
    /// What to do in this case; the code's general fix when empty.
    pub help: String,
}

impl Diagnostic {
    /// Starts a finding of `code` with its message.
    #[must_use]
    pub fn new(code: &'static Code, message: impl Into<String>) -> Self {
        Diagnostic {
            code,
            severity: code.severity,
            message: message.into(),
            span: None,
            place: None,
            address: None,
            label: String::new(),
            help: String::new(),
        }
    }

    /// Points at a place of the stack file.
    #[must_use]
    pub fn at(mut self, span: impl Into<Option<Span>>) -> Self {
        self.span = span.into();
        self
    }

    /// Names the resource.
    #[must_use]
    pub fn of(mut self, address: &Address) -> Self {
        self.address = Some(address.clone());
        self
    }

    /// Sets the words beside the caret.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// Says what to do in this case.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }

    /// Finds where it is: the file, and begin and end as line and column from 1, where they are known.
    #[must_use]
    pub fn position<'a>(&'a self, source: &'a Source) -> (&'a str, Option<[(usize, usize); 2]>) {
        match (&self.place, self.span) {
            (Some(place), _) => (&place.file, Some([(place.line, place.column); 2])),
            (None, span) => {
                (&source.path, span.map(|span| [source.line_column(span.start), source.line_column(span.end)]))
            }
        }
    }

    /// Returns what to do: this case's help, else the code's general fix.
    #[must_use]
    pub fn fix(&self) -> &str {
        if self.help.is_empty() { self.code.fix } else { &self.help }
    }
}

/// All findings of a run, in the order of the file.
#[derive(Clone, Debug, Default)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    /// Adds one.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.0.push(diagnostic);
    }

    /// Adds all of another run.
    pub fn extend(&mut self, other: Diagnostics) {
        self.0.extend(other.0);
    }

    /// Puts them in the order of the file, then of the codes, and drops exact repeats.
    pub fn sort(&mut self) {
        self.0.sort_by(|a, b| {
            let key = |d: &Diagnostic| (d.span.map_or(usize::MAX, |s| s.start), d.code.id);
            key(a).cmp(&key(b)).then_with(|| a.message.cmp(&b.message))
        });
        self.0.dedup_by(|a, b| a.code.id == b.code.id && a.span == b.span && a.message == b.message);
    }

    /// Turns spans that number `places` into those places, named by their constructs.
    pub fn put_places(&mut self, places: &[Place]) {
        for one in &mut self.0 {
            one.place = one.span.take().and_then(|span| places.get(span.start)).cloned();
            if let Some(place) = one.place.as_ref().filter(|_| one.label.is_empty()) {
                one.label.clone_from(&place.construct);
            }
        }
    }

    /// Reads the files that places are in, each once, so that excerpts can be shown.
    pub fn read_places(&mut self, read: impl Fn(&str) -> Option<String>) {
        let mut texts: BTreeMap<String, Option<Arc<str>>> = BTreeMap::new();
        for place in self.0.iter_mut().filter_map(|one| one.place.as_mut()) {
            let text = texts.entry(place.file.clone()).or_insert_with(|| read(&place.file).map(Arc::from));
            place.text.clone_from(text);
        }
    }

    /// Tells whether any is an error.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.0.iter().any(|d| d.severity == Severity::Error)
    }

    /// Counts the findings of one severity.
    #[must_use]
    pub fn count(&self, severity: Severity) -> usize {
        self.0.iter().filter(|d| d.severity == severity).count()
    }

    /// Tells whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Goes through them.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.0.iter()
    }
}
