//! What resources are called in Terraform, and how one refers to another.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use hcl::Expression;

use super::layout::{Piece, call, template};
use super::spell::Words;
use super::variables::{Open, split};
use crate::kind::{KINDS, Kind};
use crate::model::{Address, Fact, Ref, RefTarget, Resource, Stack};
use crate::value::{Place, Value};

/// The resources in the order of the kinds.
pub fn in_order(stack: &Stack) -> impl Iterator<Item = &Resource> {
    let of = |kind: &'static dyn Kind| stack.resources.values().filter(move |one| one.address.kind == kind.name());
    KINDS.iter().flat_map(move |kind| of(*kind))
}

/// A name that Terraform takes: `calendar-sync` → `calendar_sync`.
#[must_use]
pub fn identifier(name: &str) -> String {
    let plain: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    if plain.starts_with(|c: char| c.is_ascii_digit()) { format!("_{plain}") } else { plain }
}

/// The names of all resources, unique within their kind.
#[must_use]
pub fn labels(stack: &Stack) -> BTreeMap<Address, String> {
    let mut labels: BTreeMap<Address, String> = BTreeMap::new();
    let mut taken: BTreeSet<(&str, String)> = BTreeSet::new();
    for address in stack.resources.keys() {
        let mut label = identifier(&address.name);
        while !taken.insert((address.kind, label.clone())) {
            label.push('_');
        }
        labels.insert(address.clone(), label);
    }
    labels
}

/// References that Terraform could not order: to itself, or back along a way that others go.
#[must_use]
pub fn circles(stack: &Stack) -> BTreeSet<(Address, Address)> {
    let mut ways: BTreeMap<&Address, BTreeSet<&Address>> = BTreeMap::new();
    let mut circles = BTreeSet::new();
    let edges = |hard: bool| {
        stack.resources.values().flat_map(move |one| {
            let of_sort = one.references().into_iter().filter(move |reference| reference.hard == hard);
            of_sort.filter_map(move |reference| Some((&one.address, reference.address()?)))
        })
    };
    for (from, to) in edges(true).chain(edges(false)) {
        if from == to || reaches(&ways, to, from) {
            circles.insert((from.clone(), to.clone()));
        } else {
            ways.entry(from).or_default().insert(to);
        }
    }
    circles
}

fn reaches<'a>(ways: &BTreeMap<&'a Address, BTreeSet<&'a Address>>, from: &'a Address, to: &Address) -> bool {
    let (mut open, mut seen) = (vec![from], BTreeSet::new());
    while let Some(at) = open.pop() {
        if at == to {
            return true;
        }
        open.extend(ways.get(at).into_iter().flatten().copied().filter(|next| seen.insert(*next)));
    }
    false
}

/// Facts of the place, with the marks that an ARN is made with and the locals that they are.
const PLACE: [(Fact, &str, &str); 3] = [
    (Fact::Partition, "\u{e000}partition\u{e001}", "partition"),
    (Fact::Region, "\u{e000}region\u{e001}", "region"),
    (Fact::Account, "\u{e000}account\u{e001}", "account_id"),
];

/// Who refers to whom, seen from one resource.
pub struct Referrer<'a> {
    /// The stack with its marks.
    pub open: &'a Open,
    /// The names.
    pub labels: &'a BTreeMap<Address, String>,
    /// References that go by name.
    pub circles: &'a BTreeSet<(Address, Address)>,
    /// Variables for secrets, by the mark that stands for each.
    pub secrets: &'a BTreeMap<String, String>,
    /// The one that refers.
    pub from: &'a Address,
    /// The locals that were needed.
    pub locals: &'a RefCell<BTreeSet<&'static str>>,
}

impl Referrer<'_> {
    /// A text, with the variables that stand in it.
    pub fn text(&self, text: &str) -> Vec<Piece> {
        if let Some(variable) = self.secrets.get(text) {
            return vec![Piece::Path(format!("var.{variable}"))];
        }
        self.open.pieces(text)
    }

    fn pieces(&self, value: &Value) -> Vec<Piece> {
        match value {
            Value::Text(text) => self.text(text),
            Value::Ref(reference) => self.reference(reference),
            Value::Join(items) => items.iter().flat_map(|item| self.pieces(item)).collect(),
            other => vec![Piece::Text(other.plain())],
        }
    }

    fn local(&self, name: &'static str) -> Piece {
        self.locals.borrow_mut().insert(name);
        Piece::Path(format!("local.{name}"))
    }

    fn reference(&self, reference: &Ref) -> Vec<Piece> {
        let known = |address: &Address| Some((self.open.stack.resources.get(address)?, self.labels.get(address)?));
        let (address, fact) = match &reference.of {
            RefTarget::Place => {
                let local = PLACE.iter().find(|(fact, ..)| *fact == reference.fact).map(|(.., local)| *local);
                return vec![self.local(local.unwrap_or("account_id"))];
            }
            RefTarget::Resource(address) => (address, reference.fact),
            // Refused before: the value would stand in the state.
            RefTarget::Secret(_) => return vec![Piece::Text(reference.to_string())],
        };
        let Some(((resource, label), spelling)) =
            known(address).and_then(|known| Some((known, known.0.kind.terraform()?)))
        else {
            return vec![Piece::Text(reference.to_string())];
        };
        if self.circles.contains(&(self.from.clone(), address.clone())) {
            match fact {
                Fact::Name => return self.text(resource.kind.short_name(resource.physical_name())),
                Fact::Arn => return self.arn(resource),
                _ => {}
            }
        }
        let attribute = match fact {
            Fact::Name if spelling.name.is_empty() => "id",
            Fact::Name => spelling.name,
            Fact::Url => spelling.url,
            other => other.as_str(),
        };
        vec![Piece::Path(format!("{}.{label}.{attribute}", spelling.resource))]
    }

    /// An ARN by name, for what Terraform cannot refer to.
    fn arn(&self, resource: &Resource) -> Vec<Piece> {
        let [partition, region, account] = PLACE.map(|(_, mark, _)| mark.to_owned());
        let arn = resource.kind.arn_of(resource, &Place { partition, region, account });
        let marks: Vec<_> = PLACE.iter().map(|(_, mark, local)| (*mark, (*local).to_owned())).collect();
        let local = |name: &str| PLACE.iter().find(|(.., local)| *local == name).map(|(.., local)| self.local(local));
        let pieces = split(&arn, &marks).into_iter().flat_map(|piece| match piece {
            Piece::Path(name) => local(&name).into_iter().collect(),
            Piece::Text(text) => self.text(&text),
        });
        pieces.collect()
    }
}

impl Words for Referrer<'_> {
    fn words(&self, value: &Value) -> Expression {
        template(&self.pieces(value))
    }

    /// A variable that is nothing is no item.
    fn list(&self, items: &[Value], written: Vec<Expression>) -> Expression {
        let nullable = items.iter().any(|item| item.as_text().is_some_and(|text| self.open.is_nullable(text)));
        let list = Expression::Array(written);
        if nullable { call("compact", [list]) } else { list }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_identifiers() {
        for (name, expected) in [("a-b", "a_b"), ("0ne", "_0ne"), ("jobs.fifo", "jobs_fifo")] {
            assert_eq!(identifier(name), expected);
        }
    }
}
