//! Mails from templates: `name.subject`, `name.txt` and `name.html` of the same name, in the syntax of Jinja.
//!
//! Values in HTML are escaped. A value that a template names and the job does not have is an error.

use std::path::Path;

use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, ErrorKind, UndefinedBehavior};
use serde_json::Value;

const BUNDLED: &[(&str, &str)] = &[
    ("calendar-changed.subject", include_str!("../templates/calendar-changed.subject")),
    ("calendar-changed.txt", include_str!("../templates/calendar-changed.txt")),
    ("calendar-changed.html", include_str!("../templates/calendar-changed.html")),
];

/// All templates.
pub struct Templates(Environment<'static>);

/// Templates that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// The folder or a file in it.
    #[error("{0}: {1}")]
    Folder(String, #[source] std::io::Error),
    /// A template itself.
    #[error("{0}: {1}")]
    Syntax(String, #[source] minijinja::Error),
}

/// A rendered mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// One line.
    pub subject: String,
    /// Plain text, if there is such a template.
    pub text: Option<String>,
    /// HTML, if there is such a template.
    pub html: Option<String>,
}

impl Templates {
    /// The bundled templates and those of a folder, which win.
    ///
    /// # Errors
    /// One of them cannot be read.
    pub fn new(folder: Option<&Path>) -> Result<Self, TemplateError> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        let html = |name: &str| if name.ends_with(".html") { AutoEscape::Html } else { AutoEscape::None };
        environment.set_auto_escape_callback(html);
        let mut add = |name: String, text: String| {
            let added = environment.add_template_owned(name.clone(), text);
            added.map_err(|error| TemplateError::Syntax(name, error))
        };
        for (name, text) in BUNDLED {
            add((*name).to_owned(), (*text).to_owned())?;
        }
        if let Some(folder) = folder {
            let told = |path: &Path| {
                let path = path.display().to_string();
                move |error| TemplateError::Folder(path, error)
            };
            for entry in std::fs::read_dir(folder).map_err(told(folder))? {
                let path = entry.map_err(told(folder))?.path();
                let ends = path.extension().is_some_and(|end| ["subject", "txt", "html"].iter().any(|one| end == *one));
                if let Some(name) = path.file_name().and_then(|name| name.to_str()).filter(|_| ends) {
                    add(name.to_owned(), std::fs::read_to_string(&path).map_err(told(&path))?)?;
                }
            }
        }
        Ok(Self(environment))
    }

    /// Renders a mail.
    ///
    /// # Errors
    /// There is no such template, or a value is missing; a sentence for the dead letter.
    pub fn render(&self, name: &str, data: &Value) -> Result<Rendered, String> {
        let part = |end: &str| {
            let template = match self.0.get_template(&format!("{name}.{end}")) {
                Ok(template) => template,
                Err(error) if error.kind() == ErrorKind::TemplateNotFound => return Ok(None),
                Err(error) => return Err(error.to_string()),
            };
            template.render(minijinja::Value::from(Serde(data))).map(Some).map_err(|error| {
                let mut missing: Vec<_> = template.undeclared_variables(false).into_iter().collect();
                missing.retain(|name| data.get(name).is_none());
                missing.sort();
                if missing.is_empty() {
                    error.to_string()
                } else {
                    format!("no value for {}: {error}", missing.join(", "))
                }
            })
        };
        let subject = part("subject")?.ok_or_else(|| format!("there is no template `{name}`"))?;
        let (text, html) = (part("txt")?, part("html")?);
        if text.is_none() && html.is_none() {
            return Err(format!("the template `{name}` has neither text nor HTML"));
        }
        Ok(Rendered { subject: subject.trim().to_owned(), text, html })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn html_is_escaped_and_text_is_not() {
        let templates = Templates::new(None).unwrap();
        let data = json!({"calendar": "R&D", "events": [{"summary": "<script>", "starts": "10:00"}, {"summary": "b", "starts": null}]});
        let rendered = templates.render("calendar-changed", &data).unwrap();
        assert_eq!(rendered.subject, "R&D: 2 events changed");
        assert_eq!(rendered.text.unwrap(), "Changes in R&D:\n\n- <script>, 10:00\n- b");
        let html = rendered.html.unwrap();
        assert!(html.contains("<strong>R&amp;D</strong>") && html.contains("<li>&lt;script&gt;, 10:00</li>"), "{html}");
    }

    #[test]
    fn what_changed_and_how_much_more() {
        let event = json!({"summary": "a", "starts": "10:00", "change": "removed"});
        let data = json!({"calendar": "R", "total": 7, "events": [event]});
        let rendered = Templates::new(None).unwrap().render("calendar-changed", &data).unwrap();
        assert_eq!(rendered.subject, "R: 7 events changed");
        assert_eq!(rendered.text.unwrap(), "Changes in R:\n\n- a, 10:00 (removed)\n- and 6 more");
        assert!(rendered.html.unwrap().contains("<li>a, 10:00 (removed)</li>\n  <li>and 6 more</li>\n</ul>"));
    }

    #[test]
    fn what_is_missing_is_named() {
        let templates = Templates::new(None).unwrap();
        let told = templates.render("calendar-changed", &json!({"calendar": "a"})).unwrap_err();
        assert!(told.starts_with("no value for events: "), "{told}");
        assert_eq!(templates.render("../etc/passwd", &json!({})).unwrap_err(), "there is no template `../etc/passwd`");
    }

    #[test]
    fn a_folder_adds_and_replaces() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("calendar-changed.subject"), "Ours").unwrap();
        std::fs::write(folder.path().join("welcome.subject"), "Hello {{ name }}").unwrap();
        std::fs::write(folder.path().join("welcome.txt"), "Hi").unwrap();
        let templates = Templates::new(Some(folder.path())).unwrap();
        let rendered = templates.render("welcome", &json!({"name": "Ada"})).unwrap();
        assert_eq!(rendered, Rendered { subject: "Hello Ada".to_owned(), text: Some("Hi".to_owned()), html: None });
        let rendered = templates.render("calendar-changed", &json!({"calendar": "a", "events": []})).unwrap();
        assert_eq!(rendered.subject, "Ours");
        std::fs::write(folder.path().join("broken.txt"), "{{ name").unwrap();
        assert!(Templates::new(Some(folder.path())).err().unwrap().to_string().starts_with("broken.txt: "));
    }
}
