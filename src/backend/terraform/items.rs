//! Lists whose items are resources beside the main one, one of a type for each item.
//!
//! They are one block with `for_each`: a map from what tells the items apart to what differs between them.

use hcl::Expression;
use hcl::expr::ObjectKey;

use super::layout::{Body, Piece, object, path, template};
use super::render::Written;
use super::spell::{self, Spelled, Words as _};
use crate::kind::Row;
use crate::kind::terraform::{Beside, Tie, Word};
use crate::model::Resource;
use crate::value::Value;

/// A list of a kind that has items in resources of one type.
pub struct Items {
    /// The list.
    pub list: &'static Row,
    /// The member by which the items are told apart.
    pub key: &'static str,
    rows: &'static [Row],
    resource: &'static str,
}

impl Items {
    /// The list that resources of this type hold items of, if they do.
    pub fn of(rows: &'static [Row], beside: &Beside) -> Option<Items> {
        rows.iter().find_map(|list| {
            let (key, rows) = spell::items_of(list)?;
            let item = Items { list, key, rows, resource: beside.resource };
            let holds = item.held().next().is_some();
            holds.then_some(item)
        })
    }

    /// The members that these resources hold.
    fn held(&self) -> impl Iterator<Item = (&'static Row, Spelled<'static>)> {
        let resource = self.resource;
        let spelled = self.rows.iter().map(|row| (row, Spelled::of(row.terraform, &|_| true)));
        spelled.filter(move |(_, spelled)| spelled.beside == Some(resource))
    }

    /// The items that have such a resource: a member that says whether it is there may say no.
    pub fn there<'a>(&self, value: &'a Value) -> Vec<&'a Value> {
        let absent = |item: &Value| {
            self.held().any(|(row, spelled)| spelled.name.is_empty() && item.get(row.key).as_bool() == Some(false))
        };
        value.as_list().unwrap_or_default().iter().filter(|item| !absent(item)).collect()
    }

    /// The same of a resource of a stack.
    pub fn there_in<'a>(&self, resource: &'a Resource) -> Vec<&'a Value> {
        self.there(resource.get(self.list))
    }

    /// The row of a member that another resource holds.
    fn member(&self, key: &str) -> Option<&'static Row> {
        self.rows.iter().find(|row| row.key == key)
    }
}

impl Written<'_> {
    /// Writes the block of resources of one type; none where no item has one.
    pub(super) fn items(&self, items: &Items, beside: &Beside) -> Option<Body> {
        let list = self.get(items.list);
        let there = items.there(&list);
        if there.is_empty() {
            return None;
        }
        let members = there.into_iter().map(|item| {
            let key = self.words.words(item.get(items.key));
            (ObjectKey::Expression(key), object(self.differing(items, beside, item)))
        });
        let mut body = Body::default();
        body.argument("for_each", Expression::Object(members.collect()));
        for (name, tie) in beside.arguments {
            match tie {
                Tie::Peer(before, resource, attribute) => {
                    let peer = format!("{resource}.{}[each.key].{attribute}", self.label);
                    body.argument(name, template(&[Piece::Text((*before).to_owned()), Piece::Path(peer)]));
                }
                Tie::Member(_) | Tie::Each(_) => body.argument(name, each(name)),
                tie => body.argument(name, self.tied(tie)),
            }
        }
        for (row, spelled) in items.held().filter(|(_, spelled)| !spelled.name.is_empty()) {
            body.argument(spelled.name, if row.key == items.key { path("each.key") } else { each(spelled.name) });
        }
        Some(body)
    }

    /// What is said of one item alone; the same arguments for each, since Terraform wants them of one shape.
    fn differing(&self, items: &Items, beside: &Beside, item: &Value) -> Vec<(String, Expression)> {
        let value = |row: &Row, spelled: &Spelled<'_>| match item.get(row.key) {
            Value::Null => Expression::Null,
            said => spell::expression(&row.ty, &spelled.scaled(said), self.words),
        };
        let ties = beside.arguments.iter().filter_map(|(name, tie)| match tie {
            Tie::Member(key) => {
                let row = items.member(key)?;
                Some(((*name).to_owned(), value(row, &Spelled::of(row.terraform, &|_| true))))
            }
            Tie::Each(make) => Some(((*name).to_owned(), self.made(&make(&item.get(items.key).plain())))),
            _ => None,
        });
        let held = items.held().filter(|(row, spelled)| !spelled.name.is_empty() && row.key != items.key);
        let held = held.map(|(row, spelled)| (spelled.name.to_owned(), value(row, &spelled)));
        ties.chain(held).collect()
    }

    fn made(&self, words: &[Word]) -> Expression {
        let pieces = words.iter().flat_map(|word| match word {
            Word::Text(text) => self.words.text(text),
            Word::Own(attribute) => vec![Piece::Path(format!("{}.{}.{attribute}", self.spelling.resource, self.label))],
        });
        template(&pieces.collect::<Vec<_>>())
    }
}

fn each(name: &str) -> Expression {
    path(&format!("each.value.{name}"))
}
