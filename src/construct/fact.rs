//! Facts of resources that are known only later, inside ordinary texts.
//!
//! An ARN depends on the account that the stack goes to. So that `format!` and JSON can hold one all the same, it
//! prints as a mark between two characters that Unicode reserves for a program's own use; setting an attribute
//! turns the marks into references.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::kind;
use crate::model::{self, Address, Ref, RefTarget};
use crate::secret::{self, Secret};
use crate::value::Value;

const OPEN: char = '\u{FDD0}';
const CLOSE: char = '\u{FDD1}';
const PLACE: &str = "aws";

/// An ARN, name, URL, account, Region or partition: put it into a text with `format!`, or give it as one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact(String);

impl Fact {
    pub(super) fn of(address: &Address, fact: model::Fact) -> Fact {
        Fact(format!("{}.{}.{}", address.kind, address.name, fact.as_str()))
    }

    fn of_place(fact: model::Fact) -> Fact {
        Fact(format!("{PLACE}..{}", fact.as_str()))
    }
}

/// The account that the stack goes to.
#[must_use]
pub fn account() -> Fact {
    Fact::of_place(model::Fact::Account)
}

/// The Region that the stack goes to.
#[must_use]
pub fn region() -> Fact {
    Fact::of_place(model::Fact::Region)
}

/// The partition that the stack goes to: `aws`, `aws-cn`, `aws-us-gov`.
#[must_use]
pub fn partition() -> Fact {
    Fact::of_place(model::Fact::Partition)
}

/// The value of a parameter of SSM's Parameter Store, `/path/of/it`, in an environment variable.
///
/// It is read while planning, never shown and never written down.
/// [AWS](https://docs.aws.amazon.com/systems-manager/latest/userguide/systems-manager-parameter-store.html)
#[must_use]
pub fn ssm(name: &str) -> Fact {
    Fact(format!("{}ssm:{name}", secret::PREFIX))
}

/// The value of a secret of Secrets Manager, in an environment variable; `name#key` is one key of a JSON object.
///
/// It is read while planning, never shown and never written down.
/// [AWS](https://docs.aws.amazon.com/secretsmanager/latest/userguide/intro.html)
#[must_use]
pub fn secrets_manager(name: &str) -> Fact {
    Fact(format!("{}secretsmanager:{name}", secret::PREFIX))
}

impl fmt::Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{OPEN}{}{CLOSE}", self.0)
    }
}

impl Serialize for Fact {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Tells whether a text has a fact in it; what was read has one only if that cannot be one.
pub(super) fn has_fact(text: &str) -> bool {
    text.contains(OPEN)
}

/// Turns the marks of a text into references.
pub(super) fn read(text: &str) -> Value {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((before, (reference, after))) =
        rest.split_once(OPEN).and_then(|(before, rest)| Some((before, mark(rest)?)))
    {
        parts.extend((!before.is_empty()).then(|| Value::text(before)));
        parts.push(Value::Ref(reference));
        rest = after;
    }
    parts.extend((!rest.is_empty()).then(|| Value::text(rest)));
    match parts.len() {
        0 => Value::text(""),
        1 => parts.swap_remove(0),
        _ => Value::Join(parts),
    }
}

fn mark(text: &str) -> Option<(Ref, &str)> {
    let (mark, rest) = text.split_once(CLOSE)?;
    if let Some(secret) = mark.strip_prefix(secret::PREFIX) {
        let of = RefTarget::Secret(Secret::parse(secret)?);
        return Some((Ref { of, fact: model::Fact::Value, hard: false }, rest));
    }
    let mut words = mark.splitn(3, '.');
    let (kind, name, fact) = (words.next()?, words.next()?, words.next()?);
    let fact = model::Fact::ALL.iter().find(|(word, _)| *word == fact)?.1;
    // Names and ARNs are known before anything exists; a URL is what the service says once it does.
    let hard = fact == model::Fact::Url;
    let of = if kind == PLACE { RefTarget::Place } else { RefTarget::Resource(address(kind, name)?) };
    Some((Ref { of, fact, hard }, rest))
}

fn address(kind: &str, name: &str) -> Option<Address> {
    Some(Address::new(kind::find(kind)?.name(), name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_printed_is_read_again() {
        let jobs = Address::new("queue", "jobs");
        let url = Fact::of(&jobs, model::Fact::Url);
        assert_eq!(read(&url.to_string()), Ref::hard(&jobs, model::Fact::Url));
        let text = format!("a {} b {}", Fact::of(&jobs, model::Fact::Arn), region());
        let here = Value::Ref(Ref::place(model::Fact::Region));
        let parts = vec![Value::text("a "), Ref::soft(&jobs, model::Fact::Arn), Value::text(" b "), here];
        assert_eq!(read(&text), Value::Join(parts));
        assert!(matches!(read(&ssm("/jobs/token").to_string()), Value::Ref(Ref { of: RefTarget::Secret(_), .. })));
        assert_eq!(read("${plain}"), Value::text("${plain}"));
        assert_eq!(read("\u{FDD0}broken"), Value::text("\u{FDD0}broken"));
    }
}
