//! What emulators are known to get wrong: one table, `localstack/README.md`, read by the compare step.
//!
//! An attribute that an emulator drops or garbles is told once by name, never as endless drift.

use std::collections::BTreeMap;

/// The table, for people and for this module.
const TABLE: &str = include_str!("../localstack/README.md");

/// Stands in the table for a whole kind.
const ALL: &str = "*";
/// Stands in the table for a kind's tags as the tagging API tells them.
const TAGGING: &str = "tagging";

/// The known gaps of the endpoint in use.
#[derive(Clone, Debug, Default)]
pub struct Gaps {
    what: BTreeMap<(String, String), String>,
}

impl Gaps {
    /// Returns the known gaps of an emulator; AWS itself and unknown emulators have none.
    #[must_use]
    pub fn of(emulator: Option<&str>) -> Gaps {
        let Some(emulator) = emulator else { return Gaps::default() };
        let of_it = rows().filter(|[name, ..]| *name == emulator);
        let what = of_it
            .map(|[_, kind, attribute, what]| ((kind.to_owned(), attribute.to_owned()), format!("{emulator} {what}")));
        Gaps { what: what.collect() }
    }

    /// Tells whether there is an emulator that does not have a kind at all.
    #[must_use]
    pub fn may_lack(kind: &str) -> bool {
        rows().any(|[_, of, attribute, _]| of == kind && attribute == ALL)
    }

    /// Tells whether there is an emulator whose tagging API does not know a kind.
    #[must_use]
    pub fn may_hide(kind: &str) -> bool {
        rows().any(|[_, of, attribute, _]| of == kind && attribute == TAGGING)
    }

    /// Tells whether the endpoint's tagging API does not know a kind that the endpoint has.
    #[must_use]
    pub fn hides(&self, kind: &str) -> bool {
        self.what.contains_key(&(kind.to_owned(), TAGGING.to_owned()))
    }

    /// Leaves one more attribute of a kind out of the comparison; `why` is the beginning of a sentence.
    pub fn leave_out(&mut self, kind: &str, attribute: &str, why: &str) {
        self.what.insert((kind.to_owned(), attribute.to_owned()), why.to_owned());
    }

    /// Says what is wrong with an attribute of a kind on this endpoint, if anything is known.
    #[must_use]
    pub fn note(&self, kind: &str, attribute: &str) -> Option<String> {
        let what = self.what.get(&(kind.to_owned(), attribute.to_owned()))?;
        Some(say(kind, attribute, what))
    }

    /// Says of a kind that the endpoint does not have at all that it is passed over; nothing is asked about it there.
    #[must_use]
    pub fn lacks(&self, kind: &str) -> Option<String> {
        self.note(kind, ALL)
    }

    /// Returns everything that can be said of this endpoint.
    pub fn notes(&self) -> impl Iterator<Item = String> {
        self.what.iter().map(|((kind, attribute), what)| say(kind, attribute, what))
    }
}

/// The table's rows: emulator, kind, attribute, and what happens to it.
fn rows() -> impl Iterator<Item = [&'static str; 4]> {
    TABLE.lines().filter_map(|line| {
        let mut cells = line.trim().strip_prefix('|')?.split('|').map(str::trim);
        let mut plain = || Some(cells.next()?.trim_matches('`'));
        Some([plain()?, plain()?, plain()?, cells.next()?])
    })
}

fn say(kind: &str, attribute: &str, what: &str) -> String {
    if attribute == ALL {
        return format!("{what}: {kind} resources were passed over");
    }
    format!("{what}: `{attribute}` of {kind} resources was not compared")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::KINDS;
    use crate::local::EMULATORS;

    #[test]
    fn every_row_of_the_table_is_about_something_that_there_is() {
        let section = TABLE.split("## Known gaps").nth(1).unwrap();
        let rows = section.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| emulator "));
        let known: Vec<Gaps> = EMULATORS.iter().map(|emulator| Gaps::of(Some(emulator.name))).collect();
        let read: usize = known.iter().map(|gaps| gaps.what.len()).sum();
        assert_eq!(rows.count(), read, "a row twice, or of an emulator that is not known");
        for (kind, attribute) in known.iter().flat_map(|gaps| gaps.what.keys()) {
            let of_kind = KINDS.iter().find(|one| one.name() == kind);
            let row = of_kind.and_then(|one| one.rows().iter().find(|row| row.key == attribute));
            assert!(
                row.is_some() || (of_kind.is_some() && ["tags", ALL, TAGGING].contains(&attribute.as_str())),
                "{kind}.{attribute}"
            );
        }
    }

    #[test]
    fn the_table_is_read() {
        assert!(Gaps::of(Some("ministack")).note("alarm", "metrics").is_some());
        assert!(Gaps::of(Some("ministack")).note("alarm", "threshold").is_none());
        assert!(Gaps::of(None).note("alarm", "metrics").is_none());
        assert!(Gaps::of(Some("localstack")).lacks("http_api").is_some());
        assert!(Gaps::of(Some("localstack")).lacks("table").unwrap().ends_with("table resources were passed over"));
        assert!(Gaps::of(Some("ministack")).lacks("table").is_none());
        assert!(Gaps::may_lack("table") && !Gaps::may_lack("queue"));
        assert!(Gaps::may_hide("rule") && Gaps::of(Some("localstack")).hides("rule"));
        assert!(!Gaps::may_hide("queue") && !Gaps::of(Some("ministack")).hides("rule"));
    }
}
