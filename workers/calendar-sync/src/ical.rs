//! iCalendar text into events. <https://www.rfc-editor.org/rfc/rfc5545>

use std::collections::BTreeMap;

use calcard::icalendar::{
    ICalendar, ICalendarComponent, ICalendarComponentType, ICalendarParameterName, ICalendarProperty,
    ICalendarValueType,
};
use calcard::{Entry, Parser};

use crate::changes::LONGEST;
use crate::digest;

/// One event: a single one, the rule of a recurring one, or one changed occurrence of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event {
    /// Its name, the same for all occurrences; a digest where it has none, or one that is too long.
    pub uid: String,
    /// Which occurrence this one replaces, as `RECURRENCE-ID` says it; empty for none.
    pub recurrence_id: String,
    /// How often it was revised.
    pub sequence: i64,
    /// `20261121T100000Z`, `20261121T100000` in its zone, or `20261121` for a whole day.
    pub starts: String,
    /// As `starts`; empty where it is not said, or said by a duration.
    pub ends: String,
    /// The time zone of `starts`, as `TZID` names it; empty for UTC, whole days and floating times.
    pub zone: String,
    /// The rule of its recurrence: `FREQ=WEEKLY;BYDAY=SA`; empty for none.
    pub rrule: String,
    /// What it is called, or the beginning of it: `component` has all of it.
    pub summary: String,
    /// `CONFIRMED`, `TENTATIVE`, `CANCELLED` or empty.
    pub status: String,
    /// The whole component with its alarms, as iCalendar.
    pub component: String,
    /// Names what it says: two that differ in the time of export and the order of lines alone have the same.
    pub digest: String,
}

/// A text that is no complete calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotACalendar {
    /// It does not begin like one: the page of a login, perhaps.
    #[error("it does not begin with BEGIN:VCALENDAR")]
    Begin,
    /// It breaks off; what is missing must not be taken for deleted.
    #[error("it does not end with END:VCALENDAR")]
    End,
}

/// Reads the events of a calendar in the order of their names. Lines that cannot be read are left out, as are tasks
/// and journals; of two events with the same name, the one that was revised more often stays, else the later one.
///
/// # Errors
/// It is no calendar, or not all of one.
pub fn parse(text: &str) -> Result<Vec<Event>, NotACalendar> {
    // Databases take no NUL, and iCalendar allows none.
    let text = text.trim_start_matches('\u{feff}').replace('\0', "");
    let text = text.trim();
    let has = |part: Option<&str>, expected: &str| part.is_some_and(|part| part.eq_ignore_ascii_case(expected));
    if !has(text.get(..15), "BEGIN:VCALENDAR") {
        return Err(NotACalendar::Begin);
    }
    if !has(text.len().checked_sub(13).and_then(|from| text.get(from..)), "END:VCALENDAR") {
        return Err(NotACalendar::End);
    }
    let mut events: BTreeMap<(String, String), Event> = BTreeMap::new();
    let mut parser = Parser::new(text);
    loop {
        match parser.entry() {
            Entry::ICalendar(calendar) => {
                for event in read(&calendar) {
                    let name = (event.uid.clone(), event.recurrence_id.clone());
                    if events.get(&name).is_none_or(|there| there.sequence <= event.sequence) {
                        events.insert(name, event);
                    }
                }
            }
            Entry::Eof | Entry::TooManyComponents => return Ok(events.into_values().collect()),
            _ => {}
        }
    }
}

fn read(calendar: &ICalendar) -> impl Iterator<Item = Event> {
    let events = calendar.components.iter().filter(|one| one.component_type == ICalendarComponentType::VEvent);
    events.map(|component| event(calendar, component))
}

fn event(calendar: &ICalendar, component: &ICalendarComponent) -> Event {
    let lines = lines(calendar, component);
    let mut said: Vec<&str> = lines.iter().map(String::as_str).filter(|line| !line.starts_with("DTSTAMP")).collect();
    // The first line and the last one are those of the event itself: the order of the others does not matter.
    said.sort_unstable();
    let digest = digest(said);
    let text = |property| {
        let value = component.property(property).and_then(|entry| entry.values.first());
        value.and_then(|value| value.clone().into_text()).unwrap_or_default().into_owned()
    };
    let uid = text(&ICalendarProperty::Uid);
    let number = |property| component.property(property)?.values.first()?.as_integer();
    Event {
        uid: match uid.len() {
            // Not every exporter names its events.
            _ if uid.trim().is_empty() => digest.clone(),
            0..=LONGEST => uid,
            _ => crate::digest([uid.as_str()]),
        },
        recurrence_id: time(component, &ICalendarProperty::RecurrenceId),
        sequence: number(&ICalendarProperty::Sequence).unwrap_or_default(),
        starts: time(component, &ICalendarProperty::Dtstart),
        ends: time(component, &ICalendarProperty::Dtend),
        zone: zone(component).unwrap_or_default(),
        rrule: text(&ICalendarProperty::Rrule),
        summary: beginning(text(&ICalendarProperty::Summary), LONGEST),
        status: text(&ICalendarProperty::Status),
        component: lines.concat(),
        digest,
    }
}

fn beginning(mut text: String, bytes: usize) -> String {
    text.truncate(text.floor_char_boundary(bytes));
    text
}

fn time(component: &ICalendarComponent, property: &ICalendarProperty) -> String {
    let entry = component.property(property);
    let Some(time) = entry.and_then(|entry| entry.values.first()?.as_partial_date_time()) else {
        return String::new();
    };
    let kind = if time.has_time() { ICalendarValueType::DateTime } else { ICalendarValueType::Date };
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = time.format_as_ical(&mut text, &kind);
    text
}

fn zone(component: &ICalendarComponent) -> Option<String> {
    let start = component.property(&ICalendarProperty::Dtstart)?;
    start.parameter(&ICalendarParameterName::Tzid)?.as_text().map(str::to_owned)
}

/// Writes a component and what is in it, line by line. Without recursion: how deep it goes is for the sender to say.
fn lines(calendar: &ICalendar, component: &ICalendarComponent) -> Vec<String> {
    let mut lines = Vec::new();
    let mut open = vec![(component, 0)];
    begin(component, &mut lines);
    while let Some((component, next)) = open.pop() {
        let Some(id) = component.component_ids.get(next) else {
            lines.push(format!("END:{}\r\n", component.component_type.as_str()));
            continue;
        };
        open.push((component, next + 1));
        if let Some(inner) = calendar.components.get(*id as usize) {
            begin(inner, &mut lines);
            open.push((inner, 0));
        }
    }
    lines
}

fn begin(component: &ICalendarComponent, lines: &mut Vec<String>) {
    lines.push(format!("BEGIN:{}\r\n", component.component_type.as_str()));
    for entry in &component.entries {
        let mut line = String::new();
        // Writing to a string does not fail.
        let _ = entry.write_to(&mut line);
        lines.push(line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calendar(events: &str) -> String {
        format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:test\r\n{events}END:VCALENDAR\r\n")
    }

    const WEEKLY: &str = "BEGIN:VEVENT\r\nUID:standup\r\nDTSTAMP:20261101T000000Z\r\nDTSTART;TZID=Europe/Berlin:20261102T093000\r\n\
        DTEND;TZID=Europe/Berlin:20261102T094500\r\nRRULE:FREQ=WEEKLY;BYDAY=MO,WE\r\nEXDATE;TZID=Europe/Berlin:20261104T093000\r\n\
        SUMMARY:Stand-up\\, all of us\r\n  with a line that is folded\r\nSTATUS:CONFIRMED\r\nBEGIN:VALARM\r\nACTION:DISPLAY\r\n\
        TRIGGER:-PT5M\r\nEND:VALARM\r\nEND:VEVENT\r\n";
    const MOVED: &str = "BEGIN:VEVENT\r\nUID:standup\r\nRECURRENCE-ID;TZID=Europe/Berlin:20261109T093000\r\n\
        DTSTART;TZID=Europe/Berlin:20261109T110000\r\nSEQUENCE:2\r\nSUMMARY:Later\r\nEND:VEVENT\r\n";

    #[test]
    fn recurring_events_keep_their_rule_and_their_exceptions() {
        let events = parse(&calendar(&format!("{WEEKLY}{MOVED}"))).unwrap();
        assert_eq!(events.len(), 2);
        let [rule, moved] = &events[..] else { panic!() };
        assert_eq!((rule.uid.as_str(), rule.recurrence_id.as_str()), ("standup", ""));
        assert_eq!((rule.starts.as_str(), rule.zone.as_str()), ("20261102T093000", "Europe/Berlin"));
        assert_eq!((rule.ends.as_str(), rule.rrule.as_str()), ("20261102T094500", "FREQ=WEEKLY;BYDAY=MO,WE"));
        assert_eq!(
            (rule.summary.as_str(), rule.status.as_str()),
            ("Stand-up, all of us with a line that is folded", "CONFIRMED")
        );
        assert!(rule.component.contains("EXDATE;TZID=Europe/Berlin:20261104T093000\r\n"), "{}", rule.component);
        assert!(rule.component.contains("BEGIN:VALARM\r\nACTION:DISPLAY\r\nTRIGGER:-PT5M\r\nEND:VALARM\r\nEND:VEVENT"));
        assert_eq!(
            (moved.recurrence_id.as_str(), moved.sequence, moved.summary.as_str()),
            ("20261109T093000", 2, "Later")
        );
        // What is written is read again as the same.
        assert_eq!(parse(&calendar(&format!("{}{}", rule.component, moved.component))).unwrap(), events);
    }

    #[test]
    fn the_time_of_export_and_the_order_of_lines_change_nothing() {
        let one = parse(&calendar(WEEKLY)).unwrap().remove(0);
        let later = WEEKLY.replace("DTSTAMP:20261101T000000Z\r\n", "").replace("STATUS:CONFIRMED\r\n", "");
        let later = later.replace("UID:standup\r\n", "UID:standup\r\nSTATUS:CONFIRMED\r\nDTSTAMP:20261103T000000Z\r\n");
        assert_eq!(parse(&calendar(&later)).unwrap()[0].digest, one.digest);
        let other = WEEKLY.replace("094500", "100000");
        assert_ne!(parse(&calendar(&other)).unwrap()[0].digest, one.digest);
    }

    #[test]
    fn of_two_with_one_name_the_more_revised_stays() {
        let event = |sequence: u8, summary: &str| {
            format!("BEGIN:VEVENT\r\nUID:a\r\nSEQUENCE:{sequence}\r\nSUMMARY:{summary}\r\nEND:VEVENT\r\n")
        };
        let events = parse(&calendar(&[event(1, "one"), event(3, "three"), event(2, "two")].concat())).unwrap();
        assert_eq!(events.iter().map(|event| event.summary.as_str()).collect::<Vec<_>>(), ["three"]);
    }

    #[test]
    fn whole_days_and_utc_say_so() {
        let events = "BEGIN:VEVENT\r\nUID:day\r\nDTSTART;VALUE=DATE:20261121\r\nEND:VEVENT\r\n\
            BEGIN:VEVENT\r\nUID:utc\r\nDTSTART:20261121T100000Z\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nSUMMARY:no name\r\nEND:VEVENT\r\n";
        let events = parse(&calendar(events)).unwrap();
        let starts: Vec<_> = events.iter().map(|event| (event.uid.as_str(), event.starts.as_str())).collect();
        assert!(starts.contains(&("day", "20261121")) && starts.contains(&("utc", "20261121T100000Z")), "{starts:?}");
        assert!(events.iter().any(|event| event.uid == event.digest && event.summary == "no name"));
    }

    #[test]
    fn what_is_not_all_of_a_calendar_is_none() {
        assert_eq!(parse("<html><body>Log in</body></html>"), Err(NotACalendar::Begin));
        assert_eq!(parse(""), Err(NotACalendar::Begin));
        let whole = calendar(WEEKLY);
        for cut in [20, whole.len() / 2, whole.len() - 5] {
            assert_eq!(parse(&whole[..cut]), Err(NotACalendar::End), "{cut}");
        }
        assert_eq!(parse(&calendar("")).unwrap(), []);
        assert_eq!(parse(&format!("\u{feff}{}", calendar("").to_lowercase())).unwrap(), []);
        // Deeper than any stack.
        let deep = calendar(&format!(
            "BEGIN:VEVENT\r\nUID:deep\r\n{}{}",
            "BEGIN:X\r\n".repeat(100_000),
            "END:X\r\n".repeat(100_000)
        ));
        assert_eq!(parse(&deep).unwrap().len(), 1);
    }
}
