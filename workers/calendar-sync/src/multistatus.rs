//! The answers of WebDAV: `207 Multi-Status`. <https://www.rfc-editor.org/rfc/rfc4918#section-13>

use quick_xml::XmlVersion;
use quick_xml::events::Event;
use quick_xml::name::{Namespace, ResolveResult};
use quick_xml::reader::NsReader;

const DAV: &str = "DAV:";
const CALDAV: &str = "urn:ietf:params:xml:ns:caldav";

/// What is said of one resource.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resource {
    /// Its URL, absolute or relative to that of the request.
    pub href: String,
    /// The status of the resource itself; absent where properties have theirs.
    pub status: Option<u16>,
    /// Its version.
    pub etag: Option<String>,
    /// Its content, or the status that stands in its place.
    pub data: Option<Result<String, u16>>,
    /// Whether it holds other resources.
    pub is_collection: bool,
}

/// An answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Multistatus {
    /// What is said of each resource.
    pub resources: Vec<Resource>,
    /// From where the next sync goes on.
    pub sync_token: Option<String>,
}

/// Reads an answer.
///
/// # Errors
/// It is no XML.
pub fn parse(text: &str) -> Result<Multistatus, String> {
    let mut reader = NsReader::from_str(text);
    let (mut reading, mut open, mut value) = (Reading::default(), Vec::new(), String::new());
    loop {
        let (namespace, event) = reader.read_resolved_event().map_err(|error| error.to_string())?;
        let ours = |local: &str| match &namespace {
            ResolveResult::Bound(Namespace(DAV)) => local.to_owned(),
            ResolveResult::Bound(Namespace(CALDAV)) => format!("C:{local}"),
            _ => String::new(),
        };
        let parent = |open: &[String]| open.last().map_or(String::new(), String::clone);
        match event {
            Event::Start(start) => {
                value.clear();
                open.push(ours(start.local_name().as_ref()));
            }
            Event::Empty(empty) => reading.close(&ours(empty.local_name().as_ref()), &parent(&open), ""),
            Event::Text(text) => value.push_str(&text.xml_content(XmlVersion::Implicit1_0)),
            Event::CData(text) => value.push_str(&text.xml_content(XmlVersion::Implicit1_0)),
            Event::GeneralRef(reference) => value.push_str(&resolve(&reference)?),
            Event::End(_) => {
                let Some(name) = open.pop() else { continue };
                reading.close(&name, &parent(&open), &value);
                value.clear();
            }
            Event::Eof if open.is_empty() => return Ok(reading.answer),
            Event::Eof => return Err("it breaks off".to_owned()),
            _ => {}
        }
    }
}

/// What was read so far.
#[derive(Default)]
struct Reading {
    answer: Multistatus,
    /// The resources that the current response is about: one status may be that of several.
    hrefs: Vec<String>,
    current: Resource,
    /// Properties stand before their status.
    properties: Resource,
}

impl Reading {
    /// Takes an element at its end.
    fn close(&mut self, name: &str, parent: &str, value: &str) {
        let (current, properties) = (&mut self.current, &mut self.properties);
        match (name, parent) {
            ("href", "response") => self.hrefs.push(value.trim().to_owned()),
            ("status", "response") => current.status = status(value),
            ("getetag", "prop") => properties.etag = Some(value.trim().to_owned()),
            ("C:calendar-data", "prop") => properties.data = Some(Ok(value.to_owned())),
            ("collection", "resourcetype") => properties.is_collection = true,
            ("status", "propstat") => properties.status = status(value),
            ("propstat", _) => {
                let said = std::mem::take(properties);
                match said.status.filter(|status| status / 100 != 2) {
                    None => {
                        current.etag = said.etag.or(current.etag.take());
                        current.data = said.data.or(current.data.take());
                        current.is_collection |= said.is_collection;
                    }
                    Some(status) if said.data.is_some() => current.data = Some(Err(status)),
                    Some(_) => {}
                }
            }
            ("response", _) => {
                let said = std::mem::take(current);
                let resources = self.hrefs.drain(..).map(|href| Resource { href, ..said.clone() });
                self.answer.resources.extend(resources);
            }
            ("sync-token", "multistatus") if !value.trim().is_empty() => {
                self.answer.sync_token = Some(value.trim().to_owned());
            }
            _ => {}
        }
    }
}

/// The rule of CalDAV that a request broke, as the body of a refusal names it: `no-uid-conflict`. Nothing for a page, and
/// for what is no rule of CalDAV.
///
/// <https://www.rfc-editor.org/rfc/rfc4791#section-1.3>
pub fn broken_rule(text: &str) -> Option<String> {
    let mut reader = NsReader::from_str(text);
    let mut within = false;
    loop {
        match reader.read_resolved_event().ok()? {
            (ResolveResult::Bound(Namespace(DAV)), Event::Start(start)) if start.local_name().as_ref() == "error" => {
                within = true;
            }
            (ResolveResult::Bound(Namespace(CALDAV)), Event::Start(rule) | Event::Empty(rule)) if within => {
                let name = rule.local_name().as_ref().to_owned();
                let is_one = name.len() <= 50 && name.chars().all(|c| c == '-' || c.is_ascii_lowercase());
                return is_one.then_some(name);
            }
            (_, Event::Start(_) | Event::Eof) => return None,
            _ => {}
        }
    }
}

/// `HTTP/1.1 404 Not Found` → 404.
fn status(line: &str) -> Option<u16> {
    line.split_whitespace().nth(1)?.parse().ok()
}

/// The five entities of XML and characters by number; others would have to be declared, and are not.
fn resolve(reference: &quick_xml::events::BytesRef<'_>) -> Result<String, String> {
    if let Some(character) = reference.resolve_char_ref().map_err(|error| error.to_string())? {
        return Ok(character.to_string());
    }
    let known = quick_xml::escape::resolve_xml_entity(reference);
    known.map(str::to_owned).ok_or_else(|| "it has an entity that XML does not know".to_owned())
}

/// Text for XML.
pub fn escape(text: &str) -> String {
    quick_xml::escape::escape(text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn properties_count_by_their_status() {
        let text = r#"<?xml version="1.0"?>
            <d:multistatus xmlns:d="DAV:" xmlns:cal="urn:ietf:params:xml:ns:caldav">
              <d:response><d:href>/cal/a%20b.ics</d:href>
                <d:propstat><d:prop><d:getetag>"1&amp;2"</d:getetag>
                  <cal:calendar-data><![CDATA[BEGIN:VCALENDAR]]>&#13;&lt;END</cal:calendar-data></d:prop>
                  <d:status>HTTP/1.1 200 OK</d:status></d:propstat>
                <d:propstat><d:prop><d:getetag/></d:prop><d:status>HTTP/1.1 404 Not Found</d:status></d:propstat>
              </d:response>
              <d:response><d:href>/cal/gone.ics</d:href><d:href>/cal/too.ics</d:href>
                <d:status>HTTP/1.1 404 Not Found</d:status></d:response>
              <d:response><d:href>/cal/kept.ics</d:href><d:propstat><d:prop><cal:calendar-data/></d:prop>
                <d:status>HTTP/1.1 403 Forbidden</d:status></d:propstat></d:response>
              <d:response><d:href>/cal/</d:href><d:propstat><d:prop><d:resourcetype><d:collection/></d:resourcetype></d:prop>
                <d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response>
              <d:sync-token>http://example.org/7</d:sync-token>
            </d:multistatus>"#;
        let answer = parse(text).unwrap();
        assert_eq!(answer.sync_token.as_deref(), Some("http://example.org/7"));
        let [event, gone, too, kept, collection] = &answer.resources[..] else { panic!("{answer:?}") };
        assert_eq!((event.href.as_str(), event.etag.as_deref()), ("/cal/a%20b.ics", Some("\"1&2\"")));
        assert_eq!(event.data, Some(Ok("BEGIN:VCALENDAR\r<END".to_owned())));
        assert_eq!((gone.href.as_str(), gone.status), ("/cal/gone.ics", Some(404)));
        assert_eq!((too.href.as_str(), too.status), ("/cal/too.ics", Some(404)));
        assert_eq!((kept.status, &kept.data), (None, &Some(Err(403))));
        assert!(collection.is_collection && !event.is_collection);
    }

    #[test]
    fn a_refusal_names_the_rule() {
        let conflict = r#"<?xml version="1.0"?><error xmlns="DAV:"><no-uid-conflict xmlns="urn:ietf:params:xml:ns:caldav"/></error>"#;
        assert_eq!(broken_rule(conflict).as_deref(), Some("no-uid-conflict"));
        let conflict = r#"<d:error xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav">
            <c:no-uid-conflict><d:href>/a.ics</d:href></c:no-uid-conflict></d:error>"#;
        assert_eq!(broken_rule(conflict).as_deref(), Some("no-uid-conflict"));
        let others = [
            "",
            "Conflict",
            "<html><body>Conflict</body></html>",
            "<d:error xmlns:d='DAV:'><d:need-privileges/></d:error>",
            "<c:no-uid-conflict xmlns:c='urn:ietf:params:xml:ns:caldav'/>",
            "<d:error xmlns:d='DAV:'>",
            "<d:error xmlns:d='DAV:'><Héllo xmlns='urn:ietf:params:xml:ns:caldav'/>",
        ];
        for other in others {
            assert_eq!(broken_rule(other), None, "{other}");
        }
    }

    #[test]
    fn what_is_no_answer_is_none() {
        for wrong in ["<a><b></a>", "<multistatus xmlns='DAV:'><response>", "<a>&unknown;</a>"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
