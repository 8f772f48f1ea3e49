//! What must hold of a policy document, whoever reads it: the roles, queues, topics and buses of a stack.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>

use std::collections::BTreeMap;

use super::{VERSION, as_items, matches};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity};
use crate::kind::Row;
use crate::manifest::suggest;
use crate::model::Resource;
use crate::value::Value;

/// What one kind of policy takes.
pub struct Dialect {
    /// What such a policy is called.
    pub noun: &'static str,
    /// What its mistakes are reported as.
    pub code: &'static Code,
    /// What a statement without a principal is reported as; `None` where no statement may name one.
    pub principal: Option<&'static Code>,
    /// Whether a statement says what it is about; otherwise none may.
    pub resource: bool,
    /// The service whose actions it is about; empty where those of any may be named.
    pub service: &'static str,
    /// The actions of that service, the one to show as an example first.
    pub actions: &'static [&'static str],
    /// Whether an unknown action is certainly refused, and not only without effect.
    pub refuses: bool,
}

const KEYS: [&str; 9] =
    ["Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"];
/// What principals are named under.
const PRINCIPALS: [&str; 4] = ["AWS", "Service", "Federated", "CanonicalUser"];
/// The operators of conditions, without `ForAllValues:`, `ForAnyValue:` and `IfExists`.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>
const OPERATORS: &[&str] = &[
    "ArnEquals",
    "ArnLike",
    "ArnNotEquals",
    "ArnNotLike",
    "BinaryEquals",
    "Bool",
    "DateEquals",
    "DateGreaterThan",
    "DateGreaterThanEquals",
    "DateLessThan",
    "DateLessThanEquals",
    "DateNotEquals",
    "IpAddress",
    "NotIpAddress",
    "Null",
    "NumericEquals",
    "NumericGreaterThan",
    "NumericGreaterThanEquals",
    "NumericLessThan",
    "NumericLessThanEquals",
    "NumericNotEquals",
    "StringEquals",
    "StringEqualsIgnoreCase",
    "StringLike",
    "StringNotEquals",
    "StringNotEqualsIgnoreCase",
    "StringNotLike",
];

/// The statements of a policy, with the place of each.
#[must_use]
pub fn statements(one: &Resource, row: &Row) -> Vec<(String, Value)> {
    let items = as_items(one.get(row).get("Statement"));
    // One statement may stand alone, until a generated one is added.
    let listed = one.spans.contains_key(&format!("{}.Statement.0", row.key));
    let path = |index| if listed { format!("{}.Statement.{index}", row.key) } else { format!("{}.Statement", row.key) };
    items.into_iter().enumerate().map(|(index, statement)| (path(index), statement)).collect()
}

/// Checks the policy that an attribute is.
pub fn check(one: &Resource, row: &Row, dialect: &Dialect, out: &mut Diagnostics) {
    let document = one.get(row);
    if document.is_null() || one.is_broken(row.key) {
        return;
    }
    let whose = format!("the {} of `{}`", dialect.noun, one.address);
    let mut check = Check { one, dialect, whose, out };
    check.document(row.key, document);
    let statements = statements(one, row);
    if document.get("Statement").is_null() {
        let message = format!("{} has no `Statement`", check.whose);
        check.tell(row.key, message, "Add a statement, or remove the policy.");
    } else if statements.is_empty() {
        let message = format!("{} has no statements, and says nothing", check.whose);
        check.warn(row.key, message, "Add a statement, or remove the policy.");
    }
    for (path, statement) in &statements {
        check.statement(path, statement);
    }
}

struct Check<'a> {
    one: &'a Resource,
    dialect: &'a Dialect,
    whose: String,
    out: &'a mut Diagnostics,
}

impl Check<'_> {
    fn finding(&self, path: &str, message: String, help: impl Into<String>) -> Diagnostic {
        self.one.finding(self.dialect.code, path, message).help(help)
    }

    fn tell(&mut self, path: &str, message: String, help: impl Into<String>) {
        let finding = self.finding(path, message, help);
        self.out.push(finding);
    }

    /// Tells of what AWS may take, and what is without effect then.
    fn warn(&mut self, path: &str, message: String, help: impl Into<String>) {
        let finding = self.finding(path, message, help);
        self.out.push(Diagnostic { severity: Severity::Warning, ..finding });
    }

    fn document(&mut self, key: &str, document: &Value) {
        let wrong = |version: &&Value| !matches!(version.as_text(), Some(VERSION | "2008-10-17"));
        if let Some(version) = document.as_map().and_then(|map| map.get("Version")).filter(wrong) {
            let message = format!("{} has the version `{}`", self.whose, version.plain());
            self.tell(&format!("{key}.Version"), message, format!("Write `Version: \"{VERSION}\"`."));
        }
        let known = ["Version", "Id", "Statement"];
        for name in
            document.as_map().into_iter().flat_map(|map| map.keys()).filter(|name| !known.contains(&name.as_str()))
        {
            let message = format!("{} has `{name}`, which no policy has", self.whose);
            self.tell(&format!("{key}.{name}"), message, suggest(name, known.into_iter()));
        }
    }

    fn statement(&mut self, path: &str, statement: &Value) {
        let Some(map) = statement.as_map() else {
            let message = format!("a statement of {} is not a mapping", self.whose);
            return self.tell(path, message, "");
        };
        self.parts(path, map);
        for key in map.keys().filter(|key| !KEYS.contains(&key.as_str())) {
            let message = format!("a statement of {} has `{key}`, which no statement has", self.whose);
            self.tell(&format!("{path}.{key}"), message, suggest(key, KEYS.into_iter()));
        }
        if let Some(effect) = statement.get("Effect").as_text().filter(|effect| !["Allow", "Deny"].contains(effect)) {
            let message = format!("a statement of {} has the effect `{effect}`", self.whose);
            self.tell(&format!("{path}.Effect"), message, "Write `Allow` or `Deny`.");
        }
        for key in ["Principal", "NotPrincipal"] {
            self.principal(&format!("{path}.{key}"), statement.get(key));
        }
        for key in ["Action", "NotAction"] {
            self.items(&format!("{path}.{key}"), statement.get(key), Check::action);
        }
        for key in ["Resource", "NotResource"] {
            self.items(&format!("{path}.{key}"), statement.get(key), Check::resource);
        }
        self.condition(&format!("{path}.Condition"), statement.get("Condition"));
    }

    /// Each part of a statement is there once, in one of its two forms, or not at all.
    fn parts(&mut self, path: &str, statement: &BTreeMap<String, Value>) {
        let (principal, resource) = (self.dialect.principal.is_some(), self.dialect.resource);
        for (takes, keys) in [
            (true, &["Effect"][..]),
            (principal, &["Principal", "NotPrincipal"]),
            (true, &["Action", "NotAction"]),
            (resource, &["Resource", "NotResource"]),
        ] {
            let said = keys.iter().filter(|key| statement.get(**key).is_some_and(|value| !value.is_null()));
            match (takes, said.collect::<Vec<_>>().as_slice()) {
                (true, []) => self.missing(path, keys[0]),
                (true, [one, other, ..]) => {
                    let message = format!("a statement of {} has `{one}` and `{other}`", self.whose);
                    self.tell(&format!("{path}.{other}"), message, "Keep one of the two.");
                }
                (false, [key, ..]) => {
                    let message = format!("a statement of {} has `{key}`, which no such policy takes", self.whose);
                    self.tell(&format!("{path}.{key}"), message, format!("Remove `{key}`."));
                }
                _ => {}
            }
        }
    }

    fn missing(&mut self, path: &str, key: &str) {
        let message = format!("a statement of {} has no `{key}`", self.whose);
        let finding =
            match self.dialect.principal.filter(|code| key == "Principal" && !std::ptr::eq(*code, self.dialect.code)) {
                Some(code) => self.one.finding(code, path, message),
                None => self.finding(path, message, format!("Add `{key}`.")),
            };
        self.out.push(finding);
    }

    /// What interpolation leaves open cannot be judged: of each item, the text alone is checked.
    fn items(&mut self, path: &str, value: &Value, check: fn(&mut Self, &str, &str)) {
        let listed = value.as_list();
        let key = path.rsplit('.').next().unwrap_or(path);
        // Everything but nothing is everything.
        if listed.is_some_and(<[Value]>::is_empty) && !key.starts_with("Not") {
            let message = format!("a statement of {} has an empty `{key}`, and says nothing", self.whose);
            self.warn(path, message, "Name one, or remove the statement.");
        }
        for (index, item) in as_items(value).iter().enumerate() {
            let path = listed.map_or_else(|| path.to_owned(), |_| format!("{path}.{index}"));
            if let Some(text) = item.as_text() {
                check(self, &path, text);
            }
        }
    }

    fn action(&mut self, path: &str, text: &str) {
        let Dialect { actions, service, .. } = self.dialect;
        if service.is_empty() {
            if text != "*" && text.split_once(':').is_none_or(|(service, name)| service.is_empty() || name.is_empty()) {
                let message = format!("{} allows or denies `{text}`, which names no service", self.whose);
                self.tell(path, message, "Write an action with its service, such as `sqs:SendMessage`.");
            }
            return;
        }
        if text == "*" || actions.iter().any(|action| matches(text, action)) {
            return;
        }
        let message = format!("{} allows or denies `{text}`, which is no action of {service}", self.whose);
        let help = match suggest(text, actions.iter().copied()) {
            help if help.is_empty() => format!("Write an action such as `{}`.", actions.first().unwrap_or(&"")),
            help => help,
        };
        if self.dialect.refuses { self.tell(path, message, help) } else { self.warn(path, message, help) }
    }

    /// A pattern may begin with anything.
    fn resource(&mut self, path: &str, text: &str) {
        if self.dialect.resource && !text.starts_with("arn:") && !text.contains(['*', '?']) {
            let message = format!("a statement of {} is about `{text}`, which is no ARN", self.whose);
            self.tell(path, message, "Write an ARN, or `\"*\"` for everything.");
        }
    }

    fn principal(&mut self, path: &str, value: &Value) {
        match value {
            Value::Map(map) => {
                for (key, names) in map {
                    let path = format!("{path}.{key}");
                    if !PRINCIPALS.contains(&key.as_str()) {
                        let message = format!("{} names principals under `{key}`", self.whose);
                        let same = PRINCIPALS.iter().find(|known| known.eq_ignore_ascii_case(key));
                        let help = match same {
                            Some(same) => format!("Did you mean `{same}`?"),
                            None => "Write `AWS`, `Service`, `Federated` or `CanonicalUser`.".to_owned(),
                        };
                        self.tell(&path, message, help);
                    } else if key == "AWS" {
                        as_items(names).iter().for_each(|name| self.account(&path, name));
                    }
                }
            }
            Value::Text(_) | Value::Int(_) if value.as_text() != Some("*") => {
                let text = value.plain();
                let message = format!("{} names the principal `{text}` without saying what it is", self.whose);
                let key = if text.ends_with(".amazonaws.com") { "Service" } else { "AWS" };
                self.tell(path, message, format!("Write `{{{key}: \"{text}\"}}`."));
            }
            _ => {}
        }
    }

    /// Checks an account, or what is in one: a number, an ARN, or the id of what was deleted.
    fn account(&mut self, path: &str, name: &Value) {
        let text = match name {
            Value::Text(text) => text.clone(),
            Value::Int(number) => number.to_string(),
            _ => return,
        };
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        let id = text.len() >= 16 && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
        if text == "*" || text.starts_with("arn:") || digits && text.len() == 12 || id && !digits {
            return;
        }
        let message = format!("{} names `{text}`, which is neither an account nor an ARN", self.whose);
        self.tell(path, message, "Write the twelve digits of an account, in quotes, or the ARN of a role or user.");
    }

    fn condition(&mut self, path: &str, value: &Value) {
        let map = match value {
            Value::Map(map) => map,
            Value::Null => return,
            _ => {
                let message = format!("a condition of {} is not a mapping", self.whose);
                return self.tell(path, message, "Write `{StringEquals: {<key>: <value>}}`.");
            }
        };
        for (operator, keys) in map {
            let path = format!("{path}.{operator}");
            if !is_operator(operator) {
                let message =
                    format!("a condition of {} has the operator `{operator}`, which IAM does not know", self.whose);
                let help = match suggest(operator, OPERATORS.iter().copied()) {
                    help if help.is_empty() => "Write an operator such as `StringEquals` or `ArnLike`.".to_owned(),
                    help => help,
                };
                self.tell(&path, message, help);
            } else if keys.as_map().is_none() {
                let message = format!("`{operator}` of a condition of {} is not a mapping", self.whose);
                self.tell(&path, message, format!("Write `{operator}: {{<key>: <value>}}`."));
            }
        }
    }
}

fn is_operator(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    let text = text.strip_prefix("forallvalues:").or_else(|| text.strip_prefix("foranyvalue:")).unwrap_or(&text);
    let known = |text: &str| OPERATORS.iter().any(|operator| operator.eq_ignore_ascii_case(text));
    known(text) || text.strip_suffix("ifexists").is_some_and(|text| known(text) && text != "null")
}
