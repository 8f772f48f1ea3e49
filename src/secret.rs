//! Secrets: `${secret:…}` names a value that is kept in Parameter Store or Secrets Manager.
//!
//! The value is read while planning, compared with what is there, and handed to the function; it is never shown and
//! never written down. This module reads the spelling, finds the references of a stack, and puts the values in their
//! place; who asks AWS for them is [`crate::backend::secrets`].

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity};
use crate::model::{Address, Ref, RefTarget, Resource, Stack};
use crate::value::Value;

/// What a reference to a secret begins with, inside of `${…}`.
pub const PREFIX: &str = "secret:";

/// A reference that cannot be read.
pub static BAD_REFERENCE: Code = Code {
    id: "QS305",
    severity: Severity::Error,
    title: "a reference to a secret that cannot be read",
    reason: "A secret is a parameter of SSM's Parameter Store, or a secret of Secrets Manager with, if it is JSON, one of its keys.",
    fix: "Write `${secret:ssm:/path/of/parameter}`, `${secret:secretsmanager:name}` or `${secret:secretsmanager:name#key}`.",
    link: "https://docs.aws.amazon.com/systems-manager/latest/userguide/systems-manager-parameter-store.html",
};

/// A secret where it would be seen.
pub static MISPLACED: Code = Code {
    id: "QS314",
    severity: Severity::Error,
    title: "a secret where none can be",
    reason: "Only environment variables of workers and functions are kept out of plans and logs; anywhere else AWS shows the value to everybody who may look.",
    fix: "Move it to `environment:`, or give the parameter's name and let the worker read the value.",
    link: "https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html",
};

/// A secret that is not there.
pub static NOT_FOUND: Code = Code {
    id: "QS315",
    severity: Severity::Error,
    title: "a secret that is not there",
    reason: "A function is configured with the value of the secret, so that it must be there before.",
    fix: "Create it in this account and Region, or correct the name.",
    link: "https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-su-create.html",
};

/// A secret that may not be read.
pub static UNREADABLE: Code = Code {
    id: "QS316",
    severity: Severity::Error,
    title: "a secret that cannot be read",
    reason: "Planning compares the secret with what the function has, with the permissions of whoever plans.",
    fix: "Allow `ssm:GetParameter` or `secretsmanager:GetSecretValue` on it, and `kms:Decrypt` on its key.",
    link: "https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-access.html",
};

/// All codes of this file.
pub const CODES: &[&Code] = &[&BAD_REFERENCE, &MISPLACED, &NOT_FOUND, &UNREADABLE];

/// Where secrets are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Store {
    /// SSM's Parameter Store.
    Ssm,
    /// Secrets Manager.
    SecretsManager,
}

/// Every store with its spelling.
const STORES: &[(&str, Store)] = &[("ssm", Store::Ssm), ("secretsmanager", Store::SecretsManager)];

/// Names a secret; the value is nowhere in it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Secret {
    /// Where it is kept.
    pub store: Store,
    /// The parameter (`/path`, `name:version`), the secret, or the ARN of one.
    pub name: String,
    /// The key of a secret that is a JSON object.
    pub key: Option<String>,
}

impl Secret {
    /// Reads what follows `secret:`, such as `ssm:/jobs/token` or `secretsmanager:jobs#token`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Secret> {
        let (store, name) = text.split_once(':')?;
        let (_, store) = STORES.iter().find(|(word, _)| *word == store)?;
        let (name, key) = match (store, name.split_once('#')) {
            (Store::SecretsManager, Some((name, key))) => (name, Some(key)),
            _ => (name, None),
        };
        let allowed = |c: char| c.is_ascii_alphanumeric() || "/_+=.@:-".contains(c);
        let named = !name.is_empty() && name.chars().all(allowed) && key.is_none_or(|key| !key.is_empty());
        named.then(|| Secret { store: *store, name: name.to_owned(), key: key.map(str::to_owned) })
    }

    /// Takes the secret out of what the store keeps under its name.
    ///
    /// # Errors
    /// Says why there is no such key, without a word of what is there.
    pub fn pick(&self, kept: &str) -> Result<String, Unread> {
        let Some(key) = &self.key else { return Ok(kept.to_owned()) };
        let Ok(serde_json::Value::Object(members)) = serde_json::from_str(kept) else {
            return Err(Unread::Missing(format!("`{}` is no JSON object, so that it has no `{key}`", self.name)));
        };
        match members.get(key) {
            None => Err(Unread::Missing(format!("`{}` has no key `{key}`", self.name))),
            Some(serde_json::Value::String(text)) => Ok(text.clone()),
            Some(other) => Ok(other.to_string()),
        }
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = STORES.iter().find(|(_, store)| *store == self.store).map_or("", |(word, _)| word);
        write!(f, "${{{PREFIX}{word}:{}", self.name)?;
        if let Some(key) = &self.key {
            write!(f, "#{key}")?;
        }
        f.write_str("}")
    }
}

/// Why a secret has no value, in words that do not have it in them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unread {
    /// It is not there.
    Missing(String),
    /// The store refuses to tell.
    Refused(String),
}

/// What was read, by secret.
pub type Known = BTreeMap<Secret, Result<String, Unread>>;

/// Finds the secrets that a stack refers to, or the part of it that `only` says.
#[must_use]
pub fn wanted(stack: &Stack, only: Option<&BTreeSet<Address>>) -> BTreeSet<Secret> {
    let resources = stack.resources.values().filter(|one| only.is_none_or(|only| only.contains(&one.address)));
    resources.flat_map(|one| one.references().into_iter().filter_map(Ref::secret).cloned()).collect()
}

/// Puts what was read in the place of the references, and marks it as never to be shown.
///
/// A secret without a value is told at its line, as is what is wrong with a resource once its values are known.
pub fn put_in(stack: &mut Stack, known: &Known, out: &mut Diagnostics) {
    for resource in stack.resources.values_mut() {
        let mut touched = false;
        for row in resource.kind.rows() {
            let Some(named_by) = row.secrets else { continue };
            let Some(members) = resource.get(row).as_map().cloned() else { continue };
            let secret = members.iter().filter(|(_, value)| !secrets_in(value).is_empty());
            let secret: Vec<String> = secret.map(|(name, _)| name.clone()).collect();
            if secret.is_empty() {
                continue;
            }
            for name in &secret {
                tell(resource, &format!("{}.{name}", row.key), &secrets_in(resource.get(row).get(name)), known, out);
            }
            let value = |reference: &Ref| known.get(reference.secret()?)?.clone().ok();
            let resolved = resource.get(row).resolve(&value);
            resource.set(row, resolved);
            mark(resource, named_by, secret);
            touched = true;
        }
        if !touched {
            continue;
        }
        let mut found = Diagnostics::default();
        resource.kind.check(resource, &mut found);
        // Warnings were told when the stack was read.
        found.iter().filter(|one| one.severity == Severity::Error).for_each(|one| out.push(one.clone()));
    }
}

fn secrets_in(value: &Value) -> BTreeSet<Secret> {
    let mut found = BTreeSet::new();
    value.walk(&mut |inner| found.extend(inner.as_ref().and_then(Ref::secret).cloned()));
    found
}

/// Adds names to the attribute that lists what is never shown.
fn mark(resource: &mut Resource, named_by: &'static str, names: Vec<String>) {
    let mut listed = resource.attributes.get(named_by).and_then(Value::as_list).unwrap_or_default().to_vec();
    listed.extend(names.into_iter().map(Value::Text));
    resource.attributes.insert(named_by, Value::List(listed));
}

fn tell(resource: &Resource, path: &str, secrets: &BTreeSet<Secret>, known: &Known, out: &mut Diagnostics) {
    for secret in secrets {
        let (code, message) = match known.get(secret) {
            Some(Err(Unread::Missing(message))) => (&NOT_FOUND, message),
            Some(Err(Unread::Refused(message))) => (&UNREADABLE, message),
            _ => continue,
        };
        out.push(resource.finding(code, path, format!("`{path}` refers to `{secret}`: {message}")));
    }
}

/// Reports secrets outside of attributes that are never shown.
pub fn check(stack: &Stack, out: &mut Diagnostics) {
    for resource in stack.resources.values() {
        for row in resource.kind.rows().iter().filter(|row| row.secrets.is_none()) {
            crate::kind::walk(&row.ty, row.key, resource.get(row), &mut |path, value| {
                let Some(Ref { of: RefTarget::Secret(secret), .. }) = value.as_ref() else { return };
                let message = format!("`{path}` of `{}` refers to `{secret}`", resource.address);
                out.push(Diagnostic::new(&MISPLACED, message).at(resource.span(path)).of(&resource.address));
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings() {
        for text in ["ssm:/jobs/token", "ssm:token:3", "secretsmanager:jobs/db#password", "secretsmanager:jobs"] {
            let secret = Secret::parse(text).unwrap();
            assert_eq!(secret.to_string(), format!("${{secret:{text}}}"));
        }
        let arn = Secret::parse("secretsmanager:arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf#user");
        assert_eq!(arn.unwrap().key.as_deref(), Some("user"));
        for wrong in ["", "ssm", "ssm:", "vault:x", "secretsmanager:#key", "secretsmanager:x#", "ssm:/a b", "ssm:/${x}"]
        {
            assert_eq!(Secret::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn keys_are_taken_out_and_refusals_tell_nothing() {
        let of = |text: &str| Secret::parse(text).unwrap();
        let kept = r#"{"user": "u", "port": 5432}"#;
        assert_eq!(of("secretsmanager:db#user").pick(kept), Ok("u".to_owned()));
        assert_eq!(of("secretsmanager:db#port").pick(kept), Ok("5432".to_owned()));
        assert_eq!(of("secretsmanager:db").pick("hunter2"), Ok("hunter2".to_owned()));
        for (name, kept) in [("secretsmanager:db#user", "hunter2"), ("secretsmanager:db#none", r#"{"x": "hunter2"}"#)] {
            let Err(Unread::Missing(message)) = of(name).pick(kept) else { panic!("{name}") };
            assert!(!message.contains("hunter2"), "{message}");
        }
    }
}
