//! What resources are called in Terraform, and how one refers to another.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use hcl::Expression;
use sha2::{Digest as _, Sha256};

use super::layout::{Piece, call, template};
use super::secrets::Secrets;
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

/// What a resource is called: a function of its logical name alone, since it is what the state knows the resource by.
///
/// Letters, digits and dashes read well as they are, `calendar-sync` → `calendar_sync`. Any other name could become what
/// one of these becomes: it has a part of its digest behind a dash, which no other label has.
#[must_use]
pub fn label(name: &str) -> String {
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') && !name.starts_with('-');
    let readable = identifier(name);
    if plain { readable } else { format!("{readable}-{}", short_digest(name)) }
}

/// What is called the same for the same text only.
#[must_use]
pub fn short_digest(text: &str) -> String {
    Sha256::digest(text).iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}

/// What stands beside a resource is called like it. Where several kinds have such things beside them, those of the later
/// ones say their kind: whatever else is in the stack, the state knows them by that.
#[must_use]
pub fn beside_label(address: &Address, resource_type: &str) -> String {
    let has = |kind: &&dyn Kind| {
        let besides = kind.terraform().map_or(&[][..], |spelling| spelling.beside);
        besides.iter().any(|beside| beside.resource == resource_type)
    };
    let before = KINDS.iter().copied().take_while(|kind| kind.name() != address.kind);
    let label = label(&address.name);
    if before.filter(has).count() > 0 { format!("{label}-{}", address.kind) } else { label }
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
    /// References that go by name.
    pub circles: &'a BTreeSet<(Address, Address)>,
    /// What is secret.
    pub secrets: &'a Secrets,
    /// The one that refers.
    pub from: &'a Address,
    /// The locals that were needed.
    pub locals: &'a RefCell<BTreeSet<&'static str>>,
}

impl Referrer<'_> {
    /// A text, with the variables that stand in it.
    pub fn text(&self, text: &str) -> Vec<Piece> {
        if let Some(variable) = self.secrets.variable(text) {
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
        let (address, fact) = match &reference.of {
            RefTarget::Place => {
                let local = PLACE.iter().find(|(fact, ..)| *fact == reference.fact).map(|(.., local)| *local);
                return vec![self.local(local.unwrap_or("account_id"))];
            }
            RefTarget::Resource(address) => (address, reference.fact),
            // Refused before: the value would stand in the state.
            RefTarget::Secret(_) => return vec![Piece::Text(reference.to_string())],
        };
        let resource = self.open.stack.resources.get(address);
        let Some((resource, spelling)) = resource.and_then(|one| Some((one, one.kind.terraform()?))) else {
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
        vec![Piece::Path(format!("{}.{}.{attribute}", spelling.resource, label(&address.name)))]
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

    #[test]
    fn a_label_is_of_one_name_only() {
        assert_eq!((label("calendar-sync").as_str(), label("0ne").as_str()), ("calendar_sync", "_0ne"));
        assert_eq!(label("a_b"), "a_b-648fa9b3");
        let names =
            ["a-b", "a_b", "a.b", "a_b-648fa9b3", "0ne", "_0ne", "-0ne", "a--b", "a__b", "a-_b", "a_-b", "ä", "ö"];
        let labels: BTreeSet<String> = names.iter().map(|name| label(name)).collect();
        assert_eq!(labels.len(), names.len(), "{labels:?}");
    }

    #[test]
    fn what_stands_beside_two_kinds_of_one_name_has_two() {
        let text = "stack: s\nworkers: {x: {artifact: x.zip, timeout: 5s}}\nqueues: {d: {}}\n\
            rules: {x: {schedule: rate(1 hour), targets: [{function: x, dead_letter_queue: d}]}}\n\
            apis: {x: {routes: [{route: GET /, function: x}]}}\n";
        let stack = crate::backend::terraform::tests::stack(text);
        let label = |kind| beside_label(&Address::new(kind, "x"), "aws_lambda_permission");
        assert_eq!((label("rule"), label("http_api")), ("x".to_owned(), "x-http_api".to_owned()));
        let main = &crate::backend::terraform::render(&Open::fixed(&stack)).unwrap().files["main.tf"];
        assert!(main.contains("\"aws_lambda_permission\" \"x-http_api\""), "{main}");
    }
}
