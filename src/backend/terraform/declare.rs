//! What a rendered folder takes and gives: its variables and its outputs.

use std::collections::BTreeSet;

use hcl::Expression;

use super::layout::{Body, call, object, path};
use super::names::label;
use super::render::{REGION, Renderer};
use super::variables::is_takeable;
use crate::model::Variable;
use crate::value::Value;

impl Renderer<'_> {
    /// The variables of the stack, the Region, and the secrets.
    pub fn variables(&self) -> Body {
        let mut body = Body::default();
        let mut region = Body::default();
        region.argument("description", "The Region; that of the environment or the profile if null.");
        region.argument("type", path("string"));
        region.argument("default", Expression::Null);
        body.block("variable", &[REGION], region);
        let sensitive = self.sensitive();
        for (name, variable) in &self.open.stack.variables {
            if self.open.marks.values().any(|open| open == name) {
                body.block("variable", &[name], declaration(name, variable, sensitive.contains(name)));
            }
        }
        for (variable, _) in self.secrets.values() {
            let mut secret = Body::default();
            secret.argument("type", path("string"));
            secret.argument("sensitive", true);
            body.block("variable", &[variable], secret);
        }
        self.fixed(&sensitive, &mut body);
        body
    }

    /// Tells of the variables that stay at their values.
    fn fixed(&self, sensitive: &BTreeSet<String>, body: &mut Body) {
        let open: BTreeSet<&String> = self.open.marks.values().collect();
        let fixed = self.open.stack.variables.iter().filter(|(name, _)| !open.contains(name));
        for (name, variable) in fixed.filter(|(name, _)| !sensitive.contains(*name)) {
            let Some(value) = &variable.value else { continue };
            let why = if is_takeable(name) { "It says more than a text" } else { "Terraform takes no such name" };
            body.comment(format!("`{name}` is {}. {why}, so that it was fixed", value.plain()));
            body.comment(format!("when this was rendered; render again with --var {name}=… for another value."));
        }
    }

    /// The variables that secrets are made from.
    fn sensitive(&self) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        for resource in self.open.stack.resources.values() {
            for row in resource.kind.rows() {
                let named = row.secrets.and_then(|key| resource.attributes.get(key)).and_then(Value::as_list);
                let secret = named.unwrap_or_default().iter().map(|key| resource.get(row).get(&key.plain()));
                let whole = row.sensitive.then(|| resource.get(row));
                let texts = secret.chain(whole).filter_map(Value::as_text);
                found.extend(texts.filter_map(|text| self.open.marks.get(text)).cloned());
            }
        }
        found
    }

    /// The facts that others want, by section and logical name.
    pub fn outputs(&self) -> Body {
        let mut body = Body::default();
        for kind in crate::kind::KINDS {
            let Some(spelling) = kind.terraform().filter(|spelling| !spelling.outputs.is_empty()) else { continue };
            let of_kind = self.open.stack.of_kind(kind.name());
            let members = of_kind.map(|one| {
                let label = label(&one.address.name);
                let fact = |name: &&str| ((*name).to_owned(), path(&format!("{}.{label}.{name}", spelling.resource)));
                (one.address.name.clone(), object(spelling.outputs.iter().map(fact)))
            });
            let members: Vec<_> = members.collect();
            if !members.is_empty() {
                let mut output = Body::default();
                let section = kind.section().replace('_', " ");
                output.argument("description", format!("The {section} by their logical names."));
                output.argument("value", object(members));
                body.block("output", &[kind.section()], output);
            }
        }
        body
    }
}

fn declaration(name: &str, variable: &Variable, sensitive: bool) -> Body {
    let mut body = Body::default();
    if let Some(description) = &variable.description {
        body.argument("description", description.as_str());
    }
    body.argument("type", path("string"));
    if sensitive {
        body.argument("sensitive", true);
    } else if let Some(default) = &variable.default {
        let text = if default.is_null() { Expression::Null } else { default.plain().into() };
        body.argument("default", text);
    }
    if !variable.allowed.is_empty() {
        let allowed: Vec<Expression> = variable.allowed.iter().map(|one| one.as_str().into()).collect();
        let mut validation = Body::default();
        validation.argument("condition", call("contains", [allowed.into(), path(&format!("var.{name}"))]));
        validation.argument("error_message", format!("Allowed are {}.", variable.allowed.join(", ")));
        body.block("validation", &[], validation);
    }
    body
}
