//! What a rendered folder takes and gives: its variables and its outputs.

use std::collections::BTreeSet;

use hcl::Expression;

use super::layout::{Body, call, object, path};
use super::names::label;
use super::render::{REGION, Renderer};
use super::variables::is_takeable;
use crate::model::Variable;

impl Renderer<'_> {
    /// The variables of the stack, the Region, and the secrets.
    pub fn variables(&self, asked: &BTreeSet<&String>) -> Body {
        let mut body = Body::default();
        let mut region = Body::default();
        region.argument("description", "The Region; that of the environment or the profile if null.");
        region.argument("type", path("string"));
        region.argument("default", Expression::Null);
        body.block("variable", &[REGION], region);
        for (name, variable) in self.open.stack.variables.iter().filter(|(name, _)| asked.contains(name)) {
            body.block("variable", &[name], self.declaration(name, variable));
        }
        for (variable, _) in self.secrets.variables() {
            let mut secret = Body::default();
            secret.argument("type", path("string"));
            secret.argument("sensitive", true);
            body.block("variable", &[variable], secret);
        }
        self.fixed(asked, &mut body);
        body
    }

    /// The open variables that Terraform is to ask for: those that the configuration names. One that is only a part of
    /// secrets is asked for with them, and one that only says what is built has no part in it.
    pub fn asked(&self, main: &str) -> BTreeSet<&String> {
        self.open.marks.values().filter(|name| mentions(main, name)).collect()
    }

    /// Tells of the variables that stay at their values, without the values that something secret has.
    fn fixed(&self, asked: &BTreeSet<&String>, body: &mut Body) {
        let in_secrets = self.open.marks.iter().filter(|(mark, _)| self.secrets.hold(mark, self.open));
        let in_secrets: BTreeSet<&String> = in_secrets.map(|(_, name)| name).collect();
        let unnamed: BTreeSet<&String> = self.open.marks.values().collect();
        let stay = self.open.stack.variables.iter();
        for (name, variable) in stay.filter(|(name, _)| !asked.contains(name) && !in_secrets.contains(name)) {
            let Some(value) = &variable.value else { continue };
            let value = value.plain();
            // Where one that is open goes is known; of another's value it can only be seen whether something secret has it.
            if !unnamed.contains(name) && self.secrets.hold(&value, self.open) {
                body.comment(format!("`{name}` is fixed: something secret has its value, which is not shown."));
                body.comment(format!("Render again with --var {name}=… for another value."));
                continue;
            }
            let why = match is_takeable(name) {
                _ if unnamed.contains(name) => "Nothing in main.tf names it",
                true => "It says more than a text",
                false => "Terraform takes no such name",
            };
            body.comment(format!("`{name}` is {value}. {why}, so that it was fixed"));
            body.comment(format!("when this was rendered; render again with --var {name}=… for another value."));
        }
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

    fn declaration(&self, name: &str, variable: &Variable) -> Body {
        let mark = self.open.marks.iter().find(|(_, open)| *open == name).map_or("", |(mark, _)| mark);
        let mut body = Body::default();
        if let Some(description) = &variable.description {
            body.argument("description", description.as_str());
        }
        body.argument("type", path("string"));
        if self.secrets.is(mark) {
            body.argument("sensitive", true);
        } else if let Some(default) = variable.default.as_ref().filter(|_| !self.secrets.hold(mark, self.open)) {
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
}

/// Tells whether a text refers to a variable.
fn mentions(text: &str, variable: &str) -> bool {
    let path = format!("var.{variable}");
    let ends = |after: &str| !after.starts_with(|next: char| next.is_alphanumeric() || "_-".contains(next));
    text.match_indices(&path).any(|(at, _)| ends(&text[at + path.len()..]))
}
