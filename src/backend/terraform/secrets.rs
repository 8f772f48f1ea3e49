//! Secrets: what is secret in a stack is a sensitive variable of its own, and stands nowhere else.

use std::collections::{BTreeMap, BTreeSet};

use super::names::{identifier, short_digest};
use super::variables::{Open, is_takeable};
use crate::model::{Address, Attributes, Resource};
use crate::value::Value;

/// The secrets of a stack.
#[derive(Clone, Debug, Default)]
pub struct Secrets {
    /// The variables by the marks that stand for them, with the values.
    variables: BTreeMap<String, (String, Value)>,
    /// The attributes of resources with marks in the place of secrets.
    hidden: BTreeMap<Address, Attributes>,
    /// Every text of something secret, with the marks of open variables.
    texts: Vec<String>,
}

/// One text that is secret.
struct Found {
    mark: String,
    address: Address,
    key: String,
    value: Value,
}

impl Secrets {
    /// Finds the secrets of a stack and puts marks in their place.
    #[must_use]
    pub fn of(open: &Open) -> Secrets {
        let (mut secrets, mut found) = (Secrets::default(), Vec::new());
        for resource in open.stack.resources.values() {
            let mut attributes = resource.attributes.clone();
            let before = secrets.texts.len();
            each(resource, &mut attributes, &mut |key, value| {
                secrets.texts.push(value.plain());
                // One that is a variable already is not written out.
                if !matches!(value, Value::Text(text) if open.marks.contains_key(text)) {
                    let mark = format!("\u{e000}secret {}\u{e001}", found.len());
                    let hidden = std::mem::replace(value, Value::text(&mark));
                    let value = Value::text(open.closed(&hidden.plain()));
                    found.push(Found { mark, address: resource.address.clone(), key: key.to_owned(), value });
                }
            });
            if secrets.texts.len() > before {
                secrets.hidden.insert(resource.address.clone(), attributes);
            }
        }
        secrets.variables = named(found, open);
        secrets
    }

    /// The attributes of a resource, without what is secret.
    #[must_use]
    pub fn attributes<'a>(&'a self, resource: &'a Resource) -> &'a Attributes {
        self.hidden.get(&resource.address).unwrap_or(&resource.attributes)
    }

    /// The variable that a mark stands for.
    #[must_use]
    pub fn variable(&self, mark: &str) -> Option<&str> {
        self.variables.get(mark).map(|(variable, _)| variable.as_str())
    }

    /// All variables, with their values.
    pub fn variables(&self) -> impl Iterator<Item = &(String, Value)> {
        self.variables.values()
    }

    /// Tells whether a secret is what this mark stands for, and nothing else.
    #[must_use]
    pub fn is(&self, mark: &str) -> bool {
        self.texts.iter().any(|text| text == mark)
    }

    /// Tells whether a mark, or a value that was put in before, stands in anything secret.
    #[must_use]
    pub fn hold(&self, text: &str, open: &Open) -> bool {
        self.texts.iter().any(|secret| secret.contains(text) || open.closed(secret).contains(text))
    }
}

/// Goes through what is secret of a resource; of what is joined with facts of resources, through its texts.
fn each(resource: &Resource, attributes: &mut Attributes, on: &mut dyn FnMut(&str, &mut Value)) {
    for row in resource.kind.rows() {
        let named: BTreeSet<String> = row.named_secrets(&resource.attributes).iter().map(Value::plain).collect();
        match attributes.get_mut(row.key) {
            Some(Value::Map(map)) => {
                map.iter_mut().filter(|(key, _)| named.contains(*key)).for_each(|(key, value)| texts(key, value, on));
            }
            Some(value) if row.sensitive => texts(row.key, value, on),
            _ => {}
        }
    }
}

fn texts(key: &str, value: &mut Value, on: &mut dyn FnMut(&str, &mut Value)) {
    match value {
        // A fact of a resource is not written out.
        Value::Null | Value::Ref(_) => {}
        Value::Join(items) => {
            let written = items.iter_mut().filter(|item| matches!(item, Value::Text(_)));
            // No attribute has a key with a blank in it.
            written.enumerate().for_each(|(index, item)| on(&format!("{key} {}", index + 1), item));
        }
        value => on(key, value),
    }
}

/// Names each after its resource and its key. Two that would be one, or a variable of the stack, or a word that Terraform
/// keeps for itself, have a part of a digest behind the name; all of them, so that no name begins to mean another secret.
fn named(found: Vec<Found>, open: &Open) -> BTreeMap<String, (String, Value)> {
    let name = |one: &Found| format!("{}_{}", identifier(&one.address.name), identifier(&one.key)).to_lowercase();
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    found.iter().for_each(|one| *times.entry(name(one)).or_default() += 1);
    let all = found.into_iter().map(|one| {
        let name = name(&one);
        let alone = times.get(&name) == Some(&1) && !open.stack.variables.contains_key(&name) && is_takeable(&name);
        let digest = || short_digest(&format!("{} {}", one.address, one.key));
        let name = if alone { name } else { format!("{name}_{}", digest()) };
        (one.mark, (name, one.value))
    });
    all.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::terraform::tests::{read, stack};
    use crate::backend::terraform::{Rendering, render};

    fn rendered(text: &str) -> Rendering {
        render(&Open::find(&stack(text), &|marks| read(text, marks))).unwrap()
    }

    fn function(name: &str, environment: &str, secrets: &str) -> String {
        let role = "arn:aws:iam::000000000000:role/x";
        format!(
            "  {name}: {{role: \"{role}\", code: {{artifact: x.zip}}, environment: {environment}, secrets: {secrets}}}\n"
        )
    }

    #[test]
    fn two_secrets_are_two_variables() {
        let functions = [
            function("aa", "{BB_CCC: one}", "[BB_CCC]"),
            function("aa-bb", "{CCC: two}", "[CCC]"),
            function("worker", "{TOKEN: three, PASSWORD: four}", "[TOKEN, PASSWORD]"),
            function("depends", "{ON: five, on: six}", "[ON, on]"),
            // A piece of what is joined, and a key that reads like it.
            function("j", "{KEY: \"${topics.t.arn}?seven\", KEY_1: eight}", "[KEY, KEY_1]"),
        ];
        let text = format!(
            "stack: s\nvariables: {{worker_token: {{default: a}}}}\ntopics: {{t: {{display_name: \"${{worker_token}}\"}}}}\n\
             functions:\n{}",
            functions.concat()
        );
        let rendering = rendered(&text);
        let values: BTreeSet<&str> = rendering.values.values().filter_map(Value::as_text).collect();
        assert_eq!(values, BTreeSet::from(["?seven", "a", "eight", "five", "four", "one", "six", "three", "two"]));
        let digested = |name: &str, of: &str| format!("{name}_{}", short_digest(of));
        for (name, value) in [
            (digested("aa_bb_ccc", "function.aa BB_CCC"), "one"),
            (digested("aa_bb_ccc", "function.aa-bb CCC"), "two"),
            (digested("worker_token", "function.worker TOKEN"), "three"),
            ("worker_password".to_owned(), "four"),
            (digested("depends_on", "function.depends ON"), "five"),
        ] {
            assert_eq!(rendering.values.get(&name), Some(&Value::text(value)), "{name}");
            assert!(rendering.files["variables.tf"].contains(&format!("variable \"{name}\"")), "{name}");
            assert!(rendering.files["main.tf"].contains(&format!("var.{name}")), "{name}");
        }
    }

    #[test]
    fn what_goes_into_a_secret_is_shown_nowhere() {
        let environment = "{AA: \"${version}\", BB: \"Bearer ${inner}\", CC: \"${whole}\", DD: \"${queues.q.url}?${version}-hunter5\"}";
        let variables = "version: {default: hunter1}\n  inner: {default: hunter2}\n  whole: {default: hunter3}\n  \
                         source: {default: shown}\n  both: {default: hunter4}";
        let text = format!(
            "stack: s\nvariables:\n  {variables}\nqueues: {{q: {{}}}}\ntopics: {{t: {{display_name: \"${{both}}\"}}}}\nfunctions:\n{}{}",
            function("f", environment, "[AA, BB, CC, DD]"),
            function("g", "{EE: \"x ${both}\", FF: \"${source}\"}", "[EE]")
        );
        let rendering = rendered(&text);
        for (name, text) in &rendering.files {
            assert!(!text.contains("hunter"), "{name}: {text}");
        }
        let variables = &rendering.files["variables.tf"];
        assert!(variables.contains("# `version` is fixed: something secret has its value"), "{variables}");
        assert!(variables.contains("# `source` is shown."), "{variables}");
        assert!(variables.contains("variable \"whole\" {\n  type      = string\n  sensitive = true\n}"), "{variables}");
        assert!(variables.contains("variable \"both\" {\n  type = string\n}"), "{variables}");
        assert!(!variables.contains("variable \"inner\""), "the secret is asked for as a whole: {variables}");
        assert!(!rendering.values.contains_key("inner") && rendering.values.contains_key("both"));
        assert_eq!(rendering.values["f_dd_1"], Value::text("?hunter1-hunter5"));
    }
}
